"""Made-up values in the place of a service's: of the same format, and the same one wherever the same value stood.

What passes as it is are the names that an API declares for members and parameters, its declared choices, truth values
and nothing else: no rule looks for what is personal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mocksrv.drift.formats import is_time, text_format
from mocksrv.drift.json_shape import DEEPEST, MILLISECONDS, SECONDS, Path

Choices = Mapping[Path, frozenset[str]]
TIMES = (("YYYY-MM-DD", "2000-01-01"), ("hh:mm:ss", "00:00:00"), ("+hh", "+00"), ("hh:mm", "00:00"), ("+00mm", "+0000"),
         ("+00:mm", "+00:00"), ("S", "0"))
MADE: dict[str, Callable[[int], str]] = {
    "empty": lambda n: "",
    "date": lambda n: "2000-01-01",
    "RFC 1123": lambda n: "Sat, 01 Jan 2000 00:00:00 GMT",
    "uuid": lambda n: f"00000000-0000-4000-8000-{n:012x}",
    "UUID": lambda n: f"A0000000-0000-4000-8000-{n:012X}",
    "revision": lambda n: f"1-{n:032x}",
    "email": lambda n: f"person{n}@example.org",
    "url": lambda n: f"https://example.org/{n}",
    "path": lambda n: f"/path/{n}",
    "query": lambda n: f"?value={n}",
    "integer": str,
    "decimal": lambda n: f"{n}.5",
    "phone": lambda n: f"+1555{n:07}",
    "word": lambda n: f"word_{n}",
    "text": lambda n: f"Text {n}",
}


class Samples:
    """The made-up values of one run; `names` are the members and parameters that the API declares."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names | {"#text"}  # of an XML element
        self._given: dict[tuple[str, str], int] = {}

    def text(self, value: str, format: str | None = None) -> str:
        """A value of the same format."""
        format = format or text_format(value)
        number = self._number(format, value)
        if format in MADE:
            return MADE[format](number)
        if format.startswith("hex "):
            return f"{number:0{format[4:]}x}"
        assert is_time(format), format
        for pattern, made in TIMES:
            format = format.replace(pattern, made)
        return format

    def _number(self, format: str, value: str) -> int:
        return self._given.setdefault((format, value), len(self._given) + 1)

    def name(self, name: str) -> str:
        """The name of a member or, with @, of an attribute, if it is the API's own."""
        return name if name.removeprefix("@") in self.names else f"key_{self._number('', name)}"

    def value(self, value: Any, choices: Choices, path: Path = ()) -> Any:
        """JSON data with made-up values in the same structure."""
        if len(path) > DEEPEST:
            return None
        if isinstance(value, dict):
            return {self.name(key): self.value(member, choices, (*path, key)) for key, member in value.items()}
        if isinstance(value, list):
            return [self.value(element, choices, (*path, "*")) for element in value]
        if isinstance(value, str):
            return value if value in choices.get(path, ()) else self.text(value)
        return value if value is None or isinstance(value, bool) else number(value)


def number(value: float) -> float:
    """Another number of the same kind: zero, a time in seconds or milliseconds, whole or not."""
    if isinstance(value, int):
        second = 946_684_800  # 2000-01-01
        return 0 if value == 0 else second if value in SECONDS else second * 1000 if value in MILLISECONDS else 1
    return 1.0 if value.is_integer() else 0.5
