"""Points in time as clients send them, in milliseconds since 1970.

Two readers, because the server has two: `strict` for contacts (CHT 4.15 source, shared-libs/contacts), and
`lenient` for records and incoming SMS (api/src/services/records.js), which never refuses.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = re.compile(r"-?\d+")
MANY_DIGITS = re.compile(r"\d{13}")
STRICT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(Z|[+-]\d\d(?::?\d\d)?)", re.IGNORECASE
)
LENIENT = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?)?"
    r"(\s*Z|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)


def strict(value: Any) -> int | None:
    """Milliseconds of a whole number, its digits, or ISO 8601 to the second or millisecond with a zone."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if DIGITS.fullmatch(value):
            return int(value)
        found = STRICT.fullmatch(value)
        return moment(*found.groups()) if found else None
    return int(value) if value == value // 1 else None


def reported_date(value: Any, now: int) -> int | None:
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
        return int(value) if DIGITS.fullmatch(value.strip()) else now
    found = LENIENT.fullmatch(value)
    if found:
        when = moment(*found.groups())
        return now if when is None else when
    when = other_forms(value)
    return now if when is None else when


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
    """What JavaScript itself reads besides ISO 8601: mail dates, one or two digits as a month or year."""
    if re.fullmatch(r"\s*\d\d?\s*", value):
        number = int(value)
        if 1 <= number <= 12:
            year, month = 2001, number
        elif number <= 31 and number:
            return None
        else:
            year, month = (2000 if number < 50 else 1900) + number, 1
        return (datetime(year, month, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
    try:
        when = datetime.fromisoformat(value.strip())
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except ValueError:
            return None
    return ((when if when.tzinfo else when.replace(tzinfo=UTC)) - EPOCH) // timedelta(milliseconds=1)
