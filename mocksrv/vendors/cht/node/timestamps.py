"""Points in time as clients send them, in milliseconds since 1970.

Two readers, because the server has two: `strict` for contacts (CHT 4.15 source, shared-libs/contacts), and
`lenient` for records and incoming SMS (api/src/services/records.js), which never refuses.
"""

from __future__ import annotations

import math
import re
from typing import Any

from mocksrv.vendors.cht.node import calendar, javascript, json_text, moments

DIGITS = re.compile(r"-?\d+")
MANY_DIGITS = re.compile(r"\d{13}")
STRICT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(Z|[+-]\d\d(?::?\d\d)?)", re.IGNORECASE
)


def strict(value: Any) -> int | None:
    """Milliseconds of a whole number, its digits, or ISO 8601 to the second or millisecond with a zone."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if DIGITS.fullmatch(value):
            number = float(value)
            return calendar.clip(number) if math.isfinite(number) else 0
        found = STRICT.fullmatch(value)
        return moments.parse(value) if found else None
    return calendar.clip(value) if value == value // 1 else None


def reported_date(value: Any, now: int) -> int | None:
    """The `reported_date` to store when one was sent; the number 0 is valid but means now. None: invalid."""
    when = strict(value)
    return now if when == 0 and not isinstance(value, str) else when


def lenient(value: Any, now: int) -> int | float:
    """Milliseconds out of nearly anything; what cannot be read is now."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value or now
    if not isinstance(value, str):
        return now
    if MANY_DIGITS.search(value):
        found = javascript.number(value)
        return json_text.number(found) if math.isfinite(found) and found else now
    return moments.parse(value) or now if value else now


def moment_value(value: Any, now: int) -> int | None:
    """Milliseconds of the value of a date field; None if it is not a date. An empty list or object is now."""
    if isinstance(value, str):
        return moments.parse(value) if value else None
    if isinstance(value, list | dict):
        return None if value else now
    return None if value is None or isinstance(value, bool) else calendar.clip(value)
