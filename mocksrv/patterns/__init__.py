"""Regular expressions that callers give: whatever they are, they take little time and little memory.

The engine is the `regex` package, which gives up on a match after a time. Before it matches, it writes out what is
repeated, and prepares the search for a long text in time that grows with its third power; nothing limits either. So an
expression whose longest branch would be long when written out is refused, as PCRE and PostgreSQL refuse large ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PATIENCE = 0.1  # seconds for one text
LENGTH = 20_000  # characters of an expression
BRANCH = 500  # characters of a branch when it is written out
DEPTH = 50  # levels of groups
ATOM = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\\\]])*+\]|.", re.DOTALL)
COUNT = re.compile(r"\{\s*+(\d++)\s*+(?:,[\d\s]*+)?\}")


class BadPattern(ValueError):
    """What is no regular expression, or too large a one; the text says why."""


def compiled(pattern: str, *, any_case: bool = False) -> Callable[[str], bool]:
    """Whether a text has something that the pattern fits. Raises BadPattern now, TimeoutError when it is asked."""
    import regex

    if len(pattern) > LENGTH or written_out(pattern) > BRANCH:
        raise BadPattern("the expression is too large")
    try:
        made = regex.compile(pattern, regex.IGNORECASE if any_case else 0)
    except (regex.error, RecursionError, UnicodeError, OverflowError) as error:
        raise BadPattern(str(error)) from None
    return lambda text: made.search(text, timeout=PATIENCE, concurrent=True) is not None


def written_out(pattern: str) -> int:
    """The length of its longest branch, with what is repeated as often as it must be there. Raises BadPattern."""
    groups = [Branches()]
    at = 0
    while at < len(pattern):
        if count := COUNT.match(pattern, at):
            groups[-1].repeat(int(count[1].lstrip("0")[:9] or 0))
            at = count.end()
            continue
        atom = ATOM.match(pattern, at)
        assert atom is not None, "every character is an atom"
        at = atom.end()
        if atom[0] == "(":
            groups.append(Branches())
            if len(groups) > DEPTH:
                raise BadPattern("its groups are nested too deeply")
        elif atom[0] == ")" and len(groups) > 1:
            inside = groups.pop()
            groups[-1].add(inside.longest)
        elif atom[0] == "|":
            groups[-1].branch()
        else:
            groups[-1].add(1)
    return max(group.longest for group in groups)


class Branches:
    """The branches of a group, as long as they have come to be."""

    def __init__(self) -> None:
        self._longest = self._length = self._last = 0

    def add(self, length: int) -> None:
        self._last = length
        self._length += length

    def repeat(self, times: int) -> None:
        """The last part, so often instead of once."""
        more = self._last * max(times - 1, 0)
        self._last += more
        self._length += more

    def branch(self) -> None:
        self._longest, self._length = self.longest, 0

    @property
    def longest(self) -> int:
        return max(self._longest, self._length)
