"""What is expected of the values in one place: a plain one that is equal, or `{"matches": "^a"}` and the like."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from mocksrv.journal.redaction import redact
from mocksrv.patterns import BadPattern, compiled

LENGTH = 200  # characters of a value that are shown
NOTHING = "nothing"
READ = 2_000  # of which secrets are looked for


class BadExpectation(ValueError):
    """The expectation itself is malformed; the text names the member."""


Tick = Callable[[], None]  # raises BadExpectation when a check takes too long


class Matcher(NamedTuple):
    text: str  # as people read it
    fits: Callable[[list[Any]], bool]  # whether the values that were found are as expected


Plain = Callable[[str, Any], Any]  # reads a value of the kind that is found there


def matcher(where: str, given: Any, plain: Plain, tick: Tick) -> Matcher:
    """Raises BadExpectation, which says that it is about `where`."""
    if not isinstance(given, dict):
        return equals(where, given, plain, tick)
    if len(given) != 1 or not given.keys() <= WORDS.keys():
        raise BadExpectation(f"{where} takes a value, or an object with one of {', '.join(WORDS)}")
    ((word, wanted),) = given.items()
    return WORDS[word](where, wanted, plain, tick)


def equals(where: str, given: Any, plain: Plain, _tick: Tick) -> Matcher:
    """One of the values is equal; a list of texts is all of them, in order."""
    wanted = plain(where, given)
    if plain is plain_text and isinstance(wanted, list):
        return Matcher(shown(wanted), lambda values: values == wanted)
    known = canonical(wanted)
    return Matcher(shown(wanted), lambda values: any(canonical(value) == known for value in values))


def contains(where: str, given: Any, _plain: Plain, _tick: Tick) -> Matcher:
    part = text(where, given)
    return Matcher(f"contains {shown(part)}", lambda values: any(part in as_text(value) for value in values))


def matches(where: str, given: Any, _plain: Plain, tick: Tick) -> Matcher:
    try:
        found = compiled(text(where, given))
    except BadPattern as error:
        raise BadExpectation(f"{where}: {given!r} is no regular expression: {error}") from None

    def fits(value: Any) -> bool:
        tick()  # the limit of an expression's time is one for each value
        return found(as_text(value))

    def any_fits(values: list[Any]) -> bool:
        try:
            return any(map(fits, values))
        except TimeoutError:
            raise BadExpectation(f"{where}: the regular expression {given!r} takes too long") from None

    return Matcher(f"matches {shown(given)}", any_fits)


def absent(where: str, given: Any, _plain: Plain, _tick: Tick) -> Matcher:
    if given is not True:
        raise BadExpectation(f"{where}: absent takes true")
    return Matcher(NOTHING, lambda values: not values)


WORDS = {"equals": equals, "contains": contains, "matches": matches, "absent": absent}


# --- values ---


def text(where: str, given: Any) -> str:
    if not isinstance(given, str):
        raise BadExpectation(f"{where} takes a text")
    return given


def plain_text(where: str, given: Any) -> str | list[str]:
    """A text, number or truth as it stands in a query, a header or a form; or a list of them."""
    values = given if isinstance(given, list) else [given]
    if not all(isinstance(one, str | int | float) for one in values):
        raise BadExpectation(f"{where} takes a text, a number, true or false, a list of these, or an object with one "
                             f"of {', '.join(WORDS)}")
    return [as_text(one) for one in given] if isinstance(given, list) else as_text(given)


def any_json(_where: str, given: Any) -> Any:
    return given


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def canonical(value: Any) -> Hashable:
    """What is equal for equal JSON values alone: 1 is 1.0, but unlike in Python not true."""
    if isinstance(value, dict):
        return frozenset((name, canonical(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(map(canonical, value))
    return (bool, value) if isinstance(value, bool) else value


def shown(value: Any) -> str:
    """A value on one line, as JSON, secrets redacted."""
    line = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()  # halves of a character
    safe = redact(line[:READ])
    return safe if len(line) <= LENGTH else f"{safe[:LENGTH]}..."
