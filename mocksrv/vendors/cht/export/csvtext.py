"""Lines of CSV as the server writes them: not RFC 4180, as quotes are escaped with a backslash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from mocksrv.clock import EPOCH
from mocksrv.vendors.cht.node import javascript, json_text, timestamps


def line(cells: Iterable[Any]) -> str:
    return ",".join(cell(value) for value in cells) + "\n"


def cell(value: Any) -> str:
    """Texts and lists in quotes, numbers and truth values bare, null and missing values empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return quoted(json_text.text(value))
    return javascript.text(value)


def quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def date(value: Any, human: bool) -> Any:
    """A moment as milliseconds, or as ISO 8601 text; a missing one is empty text."""
    if not javascript.truthy(value):
        return ""
    ms = timestamps.moment_value(value, 0)
    if not human or ms is None:
        return ms
    return iso(ms)


def iso(ms: float) -> str | None:
    """None beyond the years that there are."""
    try:
        when = EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return None
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
