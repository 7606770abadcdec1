"""Points in time as clients send them, in milliseconds since 1970.

Two readers, because the server has two: `strict` for contacts (CHT 4.15 source, shared-libs/contacts), and
`lenient` for records and incoming SMS (api/src/services/records.js), which never refuses.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from mocksrv.vendors.cht.node import json_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = re.compile(r"-?\d+")
MANY_DIGITS = re.compile(r"\d{13}")
STRICT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(Z|[+-]\d\d(?::?\d\d)?)", re.IGNORECASE
)
SLASHED = re.compile(
    r"\s*(\d\d?)[/-](\d\d?)[/-](\d{4})(?:\s+(\d\d?):(\d\d)(?::(\d\d))?)?\s*", re.ASCII)
LENIENT = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?)?"
    r"(\s*Z|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)


def strict(value: Any) -> int | float | None:
    """Milliseconds of a whole number, its digits, or ISO 8601 to the second or millisecond with a zone."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if DIGITS.fullmatch(value):
            return whole(value)
        found = STRICT.fullmatch(value)
        return moment(*found.groups()) if found else None
    return whole(value) if value == value // 1 else None


def whole(value: int | float | str) -> int | float | None:
    """A whole number as JavaScript holds it; None beyond what it can hold."""
    number = float(value)
    return json_text.number(number) if math.isfinite(number) else None


def reported_date(value: Any, now: int) -> int | float | None:
    """The `reported_date` to store when one was sent; the number 0 is valid but means now. None: invalid."""
    when = strict(value)
    return now if when == 0 and not isinstance(value, str) else when


def lenient(value: Any, now: int) -> int | float:
    """Milliseconds out of nearly anything; what cannot be read is now."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value or now
    if not isinstance(value, str) or not value:
        return now
    if MANY_DIGITS.search(value):
        return (whole(value) if DIGITS.fullmatch(value.strip()) else None) or now
    found = LENIENT.fullmatch(value)
    if found:
        when = moment(*found.groups())
        return now if when is None else when
    when = other_forms(value)
    return now if when is None else when


def moment_value(value: Any, now: int) -> int | float | None:
    """Milliseconds of whatever a date field was given; None if it is no date. An empty list or object is now."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, list | dict):
        return None if value else now
    found = LENIENT.fullmatch(value)
    return moment(*found.groups()) if found else other_forms(value)


def moment(year: str, month: str, day: str, hour: str | None, minute: str | None, second: str | None,
           fraction: str | None, zone: str | None) -> int | None:
    """The milliseconds of parts that a pattern found; None for a date or time that does not exist."""
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if hours == 24 and not (minutes or seconds or int(fraction or 0)):
        hours, extra = 0, timedelta(days=1)  # midnight at the end of the day
    else:
        extra = timedelta()
    try:
        when = datetime(int(year), int(month), int(day), hours, minutes, seconds, tzinfo=UTC)
    except ValueError:
        return None
    whole = (when - EPOCH + extra) // timedelta(milliseconds=1)
    return whole + int(((fraction or "") + "000")[:3]) - offset(zone)


def offset(zone: str | None) -> int:
    """Milliseconds that a zone is ahead of UTC; no zone is UTC, the server's own."""
    digits = re.sub(r"[^\d]", "", zone or "")
    minutes = int(digits[:2] or 0) * 60 + int(digits[2:] or 0)
    return minutes * 60_000 * (-1 if (zone or "").strip().startswith("-") else 1)


def other_forms(value: str) -> int | None:
    """What JavaScript itself reads besides ISO 8601: month/day/year, mail dates, one or two digits as a month or
    year."""
    if found := SLASHED.fullmatch(value):
        month, day, year, hour, minute, second = (int(part or 0) for part in found.groups())
        when = moment(str(year), str(month), "1", str(hour), str(minute), str(second), None, None)
        return None if when is None or not 1 <= day <= 31 else when + (day - 1) * 86_400_000
    if value.strip().isdecimal():
        return from_digits(value.strip())
    from email.utils import parsedate_to_datetime

    try:
        when_at = datetime.fromisoformat(value.strip())
    except ValueError:
        try:
            when_at = parsedate_to_datetime(value)
        except ValueError:
            return None
    return ((when_at if when_at.tzinfo else when_at.replace(tzinfo=UTC)) - EPOCH) // timedelta(milliseconds=1)


def from_digits(digits: str) -> int | None:
    """A date without separators: one or two digits are a month of 2001 or a year, four a year, six a month."""
    month, day = 1, 1
    if len(digits) <= 2:
        number = int(digits)
        year, month = (2001, number) if 1 <= number <= 12 else ((2000 if number < 50 else 1900) + number, 1)
        if 12 < number < 32:
            return None
    elif len(digits) in (4, 6, 8):
        year, month, day = int(digits[:4]), int(digits[4:6] or 1), int(digits[6:] or 1)
    else:
        return None
    try:
        return (datetime(year, month, day, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
    except ValueError:
        return None
