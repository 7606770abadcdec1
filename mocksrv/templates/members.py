"""What expressions name: objects with a few members, Faker among them, and their values as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from mocksrv.people.names import seeded
from mocksrv.world import World

LONGEST = 10_000  # characters of a template and of what Faker draws, and the largest number given to a provider
LARGEST = 4_000_000  # characters, numbers and members that the expressions of one value make

# Providers that make files, or more text than anybody means, or that call others by their names.
BARRED = frozenset((
    "binary", "csv", "dsv", "fixed_width", "format", "image", "json", "json_bytes", "parse", "psv", "pystr_format",
    "pystruct", "seed", "seed_instance", "seed_locale", "tar", "texts", "tsv", "zip"))
# Providers that make lists of what others draw, which they call by the names that they are given: files, too.
OF_OTHERS = frozenset(("pydict", "pyiterable", "pylist", "pyset", "pytuple"))
# Providers whose numbers may be large.
COUNTING = frozenset(("date_between", "date_time_between", "pyfloat", "pyint", "random_element", "random_int"))


class Members:
    """What an expression may name, with those of its attributes that it shows."""

    shown: tuple[str, ...] = ()

    def member(self, name: str) -> Any:
        """Raises AttributeError for what there is not."""
        if name not in self.shown:
            raise AttributeError(f"there is no {name!r} here: use {', '.join(self.shown)}")
        return getattr(self, name)


class Provider(Members):
    """Faker as templates see it: its providers by name, called with or without arguments.

    It draws in the locale of a world, from the world's generator.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._faker: Any = None

    def member(self, name: str) -> Drawn:
        if self._faker is None:
            locale = next((value for key, value in self._world.settings.items() if key.endswith(".locale")), "en_US")
            self._faker = seeded(locale, self._world.random.randrange(2**32))
        own = name.startswith(("_", "add_", "set_", "get_", "del_")) or name in BARRED
        make = None if own else getattr(self._faker, name, None)
        if not callable(make):
            raise AttributeError(f"faker has no provider {name!r} here")
        return Drawn(make, name)


class Drawn:
    """A provider: what it draws when it is called, or shown as it stands."""

    def __init__(self, make: Callable[..., Any], name: str) -> None:
        self._make, self._name = make, name

    def __call__(self, *given: Any, **named: Any) -> Any:
        if self._name not in COUNTING:
            self._check([*given, *named.values()])
        value = native(self._make(*given, **named), LARGEST)[0]
        return value[:LONGEST] if isinstance(value, str) else value

    def _check(self, given: list[Any]) -> None:
        """Raises ValueError for what makes a provider work long. A number says how often it takes from the texts."""
        numbers = [abs(one) for one in given if isinstance(one, int | float)]
        if any(number > LONGEST for number in numbers):
            raise ValueError(f"a number given to this provider is at most {LONGEST}")
        others = [one for one in given if not isinstance(one, int | float)]
        if others and self._name in OF_OTHERS:
            raise ValueError(f"{self._name} takes numbers alone here")
        size = sum(map(size_of, others))
        if size > LONGEST or max(numbers, default=1) * size > LARGEST:
            raise ValueError(f"texts given to this provider have at most {LONGEST} characters, and times the number "
                             f"that is given at most {LARGEST}")

    def __str__(self) -> str:
        return str(self())


def size_of(value: Any) -> int:
    """Characters, numbers and members of a value, roughly."""
    if isinstance(value, str):
        return len(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return 1 + sum(map(size_of, inner))


def native(value: Any, most: float = float("inf")) -> tuple[Any, int]:
    """A value as JSON has it, and its size in characters, numbers and members. Raises ValueError beyond `most`."""
    size = 0

    def made(value: Any) -> Any:
        nonlocal size
        if isinstance(value, Drawn):
            value = value()
        if isinstance(value, datetime | date | time):
            value = value.isoformat()
        elif isinstance(value, Decimal):
            value = float(value)
        size += 1 + (len(value) if isinstance(value, str | Mapping | list | tuple | set) else 0)
        if size > most:
            raise ValueError("what the templates make is too large")
        if isinstance(value, Mapping):
            return {str(key): made(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set):
            return [made(inner) for inner in value]
        if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
            return value
        raise ValueError(f"{value if isinstance(value, float) else type(value).__name__} is no JSON")

    return made(value), size
