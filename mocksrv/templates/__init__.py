"""Templates: texts with expressions in `{{ }}`, which nothing in them can make loop, read a file or take long.

An expression of jinja2 names what it is given (`n`, `faker` and its providers, `request`, ...), texts and numbers, and
joins them with `+`, `-`, `~`, comparisons, a choice (`a if b else c`) and some filters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from mocksrv.clock import stopwatch
from mocksrv.templates.members import LARGEST, LONGEST, native

PATIENCE = 5.0  # seconds for one value
EACH, NODE = 12_000, 150  # bytes that a compiled template takes, and each node of its syntax tree (measured)
KEPT = 1_000  # compiled templates
MARKS = ("{{", "{%")
ALONE = re.compile(r"\s*\{\{[-+]?((?:(?!\}\}).)*?)-?\}\}\s*", re.DOTALL)  # signs: of the spaces around it

Path = tuple[str | int, ...]
Given = Mapping[str, Any]


class Unfit(ValueError):
    """A template that is not allowed or cannot be filled: why, and where it stands in the value."""

    def __init__(self, text: str, path: Path = ()) -> None:
        super().__init__(text)
        self.path = path


def is_template(value: Any) -> bool:
    return isinstance(value, str) and any(mark in value for mark in MARKS)


class Templates:
    """Fills values of JSON whose texts may be templates. `names` is what their expressions may name.

    A text is compiled once, while few others come; `most` limits how many there may be. With `keeps_types` a text that
    is one expression becomes what that is: a number, a list.
    """

    def __init__(self, names: Collection[str], *, keeps_types: bool = True, most: float = float("inf")) -> None:
        self._names, self._keeps_types, self._most = names, keeps_types, most
        self.weight = 0  # bytes in memory of the compiled ones, roughly
        self._made: dict[str, Callable[[Given], Any]] = {}
        self._end = float("inf")  # of the time for the value that is being filled

    def check(self, value: Any, path: Path = ()) -> bool:
        """Compile all templates of a value; whether there are any. Raises Unfit."""
        found: list[Callable[[Given], Any]] = []
        self._walk(value, path, lambda text, at: found.append(self._compiled(text, at)))
        return bool(found)

    def fill(self, value: Any, given: Given, path: Path = ()) -> Any:
        """The value with its templates filled. Raises Unfit."""
        left, self._end = LARGEST, stopwatch() + PATIENCE

        def filled(text: str, at: Path) -> Any:
            nonlocal left
            make = self._compiled(text, at)
            try:
                result, size = native(make(given), left)
                self._tick()
            except Exception as error:  # of jinja2, of Faker, or of an expression
                raise Unfit(f"{text[:80]!r}: {error}", at) from error
            left -= size
            return result

        return self._walk(value, path, filled)

    def _tick(self) -> None:
        """Raises ValueError when a value has taken its time: asked at each step that may take some."""
        if stopwatch() > self._end:
            raise ValueError(f"the templates take longer than {PATIENCE:g} s")

    def _walk(self, value: Any, path: Path, change: Callable[[str, Path], Any]) -> Any:
        """The value with its templates changed."""
        if isinstance(value, dict):
            return {key: self._walk(inner, (*path, key), change) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._walk(inner, (*path, place), change) for place, inner in enumerate(value)]
        return change(value, path) if is_template(value) else value

    def _compiled(self, text: str, path: Path) -> Callable[[Given], Any]:
        if text not in self._made:
            if len(self._made) >= self._most:
                raise Unfit(f"there are more than {self._most} templates", path)
            if len(self._made) >= KEPT:
                self._made.clear()  # an import may have a million texts, each a template of its own
            try:
                self._made[text] = self._compile(text)
            except RecursionError:
                raise Unfit(f"{text[:80]!r} is nested too deeply", path) from None
            except Exception as error:  # of jinja2, or of our rules
                line, why = getattr(error, "lineno", None), getattr(error, "message", None) or error
                raise Unfit(f"{text[:80]!r}: {f'line {line}: ' if line else ''}{why}", path) from None
        return self._made[text]

    def _compile(self, text: str) -> Callable[[Given], Any]:
        """What fills a template. Raises ValueError or jinja2's errors."""
        from mocksrv.templates.sandbox import Sandbox, check, count_nodes

        if len(text) > LONGEST:
            raise ValueError(f"a template has at most {LONGEST} characters")
        sandbox = Sandbox(text, self._tick)
        tree = sandbox.parse(text)
        check(tree, self._names)
        self.weight += EACH + 2 * len(text) + NODE * count_nodes(tree)
        if self._keeps_types and (alone := ALONE.fullmatch(text)):
            return sandbox.expression(alone[1].strip())
        return sandbox.from_string(text).render
