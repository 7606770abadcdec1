"""Templates of records: `{name: "{{ faker.name }}", repeat: 500}`, with the seed of the world.

A template is an expression of jinja2 in `{{ }}`: `faker` and its providers, `n` (1, 2, ...), texts, numbers, `+`, `-`,
`~`, comparisons, a choice (`a if b else c`) and some filters. There is nothing else in it that could loop, read a file
or take long. A text that is one expression keeps its type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from mocksrv.imports.sources import Path, Wrong
from mocksrv.people.names import seeded
from mocksrv.world import World

MOST = 1_000_000  # records of one template
LONGEST = 10_000  # characters of a text, and the largest number in a template
ALONE = re.compile(r"\s*\{\{(?:(?!\}\}).)*\}\}\s*", re.DOTALL)
FILTERS = ("abs", "capitalize", "default", "int", "float", "length", "lower", "round", "string", "title",
           "trim", "upper")
NODES = frozenset(("Template", "Output", "TemplateData", "Name", "Getattr", "Getitem", "Call", "Keyword", "Filter",
                   "Const", "Concat", "Add", "Sub", "Neg", "CondExpr", "Compare", "Operand", "And", "Or", "Not", "List",
                   "Tuple", "Mod"))


# Providers that make files, or more text than anybody means; and those whose numbers may be large.
BARRED = frozenset(("binary", "image", "json_bytes", "seed", "seed_instance", "seed_locale", "tar", "texts", "zip"))
COUNTING = frozenset(("date_between", "date_time_between", "pydecimal", "pyfloat", "pyint", "random_element",
                      "random_int"))


class Templates:
    """Makes records out of templates, with one Faker for a whole import."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[str, Callable[[int], Any]] = {}
        self._faker: Any = None

    def records(self, template: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The records that a template stands for: itself, unless it has `repeat` or expressions. Raises Wrong."""
        repeat = template.get("repeat", 1)
        if isinstance(repeat, bool) or not isinstance(repeat, int) or not 0 <= repeat <= MOST:
            self._refuse(f"repeat takes a whole number from 0 to {MOST}", ("repeat",))
        rest = {key: value for key, value in template.items() if key != "repeat"}
        for number in range(1, repeat + 1):
            yield self._filled(rest, number, ())

    def _filled(self, value: Any, number: int, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner, number, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner, number, (*path, place)) for place, inner in enumerate(value)]
        if not isinstance(value, str) or "{{" not in value:
            return value
        try:
            if value not in self._made:
                self._made[value] = self._compiled(value)
            return self._made[value](number)
        except Exception as error:  # of jinja2, of Faker, or of an expression
            return self._refuse(f"{value[:80]!r}: {error}", path)

    @staticmethod
    def _refuse(text: str, path: Path) -> Any:
        raise Wrong(text, *path)

    def _compiled(self, text: str) -> Callable[[int], Any]:
        """What fills a template. Raises ValueError or jinja2's errors."""
        from jinja2 import StrictUndefined, nodes
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        if len(text) > LONGEST:
            raise ValueError(f"a template has at most {LONGEST} characters")
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        environment.filters = {name: environment.filters[name] for name in FILTERS}
        environment.globals = {}
        check(environment.parse(text), nodes)
        if ALONE.fullmatch(text):
            expression = environment.compile_expression(text.strip()[2:-2].strip(), undefined_to_none=False)
            return lambda number: native(expression(n=number, faker=self._provider()))
        template = environment.from_string(text)
        return lambda number: template.render(n=number, faker=self._provider())

    def _provider(self) -> Provider:
        if self._faker is None:
            locale = next((value for name, value in self._world.settings.items() if name.endswith(".locale")), "en_US")
            self._faker = Provider(seeded(locale, self._world.random.randrange(2**32)))
        return self._faker  # type: ignore[no-any-return]


def check(tree: Any, nodes: Any) -> None:
    """Raise ValueError for what a template may not hold."""
    free = {id(const) for call in tree.find_all(nodes.Call) if getattr(call.node, "attr", "") in COUNTING
            for const in call.find_all(nodes.Const)}
    for node in tree.find_all(nodes.Node):
        kind = type(node).__name__
        if kind not in NODES:
            raise ValueError(f"{kind} is not allowed in a template")
        if isinstance(node, nodes.Getattr) and getattr(node.node, "name", "") != "faker":
            raise ValueError("only faker has members in a template")
        if isinstance(node, nodes.Call) and not isinstance(node.node, nodes.Getattr):
            raise ValueError("only providers of faker can be called in a template")
        if isinstance(node, nodes.Mod) and (getattr(node.left, "name", "") != "n"
                                            or not isinstance(node.right, nodes.Const)):
            raise ValueError("only n has a remainder in a template, such as n % 5")
        if isinstance(node, nodes.Const) and isinstance(node.value, int | float) and abs(node.value) > LONGEST and (
                id(node) not in free):
            raise ValueError(f"a number in a template is at most {LONGEST}")


class Provider:
    """Faker as templates see it: its providers by name, called with or without arguments."""

    def __init__(self, faker: Any) -> None:
        self._faker = faker

    def __getattr__(self, name: str) -> Drawn:
        own = name.startswith(("_", "add_", "set_", "get_", "del_")) or name in BARRED
        make = None if own else getattr(self._faker, name, None)
        if not callable(make):
            raise AttributeError(f"faker has no provider {name!r} here")
        return Drawn(make)


class Drawn:
    """A provider: what it draws when it is called, or shown as it stands."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *given: Any, **named: Any) -> Any:
        return native(self._make(*given, **named))

    def __str__(self) -> str:
        return str(self())


def native(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Drawn):
        return value()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): native(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [native(inner) for inner in value]
    if value is None or isinstance(value, str | int | float):
        return value[:LONGEST] if isinstance(value, str) else value
    raise ValueError(f"{type(value).__name__} is no JSON")
