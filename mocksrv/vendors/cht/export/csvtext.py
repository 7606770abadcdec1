"""Lines of CSV as the server writes them: not RFC 4180, as quotes are escaped with a backslash."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from mocksrv.vendors.cht.node import calendar, javascript, json_text, timestamps


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
    """A moment as milliseconds, or as ISO 8601 text; a missing one is empty text, one that does not exist NaN."""
    if not javascript.truthy(value):
        return ""
    ms = timestamps.moment_value(value, 0)
    if ms is None:
        return None if human else math.nan
    return calendar.iso(ms) if human else ms
