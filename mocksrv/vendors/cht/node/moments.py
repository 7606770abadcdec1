"""Points in time in texts, as the package moment parses them: ISO 8601 in many forms, mail dates, then JavaScript's
own reading."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from mocksrv.vendors.cht.node import calendar, date_parser

TIMES = r"(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?([+-]\d\d(?::?\d\d)?|\s*Z)?)?"
BASIC_TIMES = r"(?:[T ](\d\d)(?:(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?([+-]\d\d(?::?\d\d)?|\s*Z)?)?"
YEAR = r"\s*([+-]\d{6}|\d{4})"
DATES = (
    (r"-(?P<month>\d\d)-(?P<day>\d\d)", TIMES),
    (r"-W(?P<week>\d\d)(?:-(?P<weekday>\d))?", TIMES),
    (r"-(?P<ordinal>\d\d\d)", TIMES),
    (r"-(?P<month>\d\d)", TIMES),
    (r"(?P<month>\d\d)(?P<day>\d\d)", BASIC_TIMES),
    (r"W(?P<week>\d\d)(?P<weekday>\d)?", BASIC_TIMES),
    (r"(?P<ordinal>\d\d\d)", BASIC_TIMES),
    (r"(?P<month>\d\d)", BASIC_TIMES),
    ("", BASIC_TIMES))
MAIL = re.compile(
    r"(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s)?(\d{1,2})\s(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s(\d{2,4})\s"
    r"(\d\d):(\d\d)(?::(\d\d))?\s(?:(UT|GMT|[ECMP][SD]T)|([Zz])|([+-]\d{4}))", re.ASCII)
COMMENT = re.compile(r"\([^()]*\)|[\n\t]")
SPACES = re.compile(r"\s\s+")
ASP = re.compile(r"/?Date\((-?\d+)", re.ASCII | re.IGNORECASE)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@cache
def dates() -> tuple[re.Pattern[str], ...]:
    """Compiled when the first date is read: it takes as long as a hundredth of a start."""
    return tuple(re.compile(YEAR + form + times, re.ASCII) for form, times in DATES)


def parse(text: str) -> int | None:
    """Milliseconds since 1970, or None."""
    if found := ASP.match(text):
        return calendar.clip(int(found[1][:20]))
    for form in dates():
        if found := form.fullmatch(text):
            return date_parser.parse(text) if is_short(found) else iso(found)
    if found := MAIL.fullmatch(SPACES.sub(" ", COMMENT.sub(" ", text)).strip()):
        day = date_parser.parse(f"{found[2]} {found[3]} {found[4]}")
        if found[1] and day is not None and WEEKDAYS[(day // calendar.DAY + 3) % 7] != found[1]:
            return None
    return date_parser.parse(text)


def is_short(found: re.Match[str]) -> bool:
    """Whether the form is one that moment takes without a time only, but it has one."""
    named = {name for name, value in found.groupdict().items() if value is not None}
    has_time = found.groups()[-5] is not None
    return has_time and (not named or named in ({"week"}, {"month"}))


def iso(found: re.Match[str]) -> int | None:
    """The moment of a match; None for a date or time that does not exist."""
    day = day_of(found)
    hour, minute, second, fraction, zone = found.groups()[-5:]
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    ms = int(((fraction or "") + "000")[:3])
    midnight = hours == 24 and not (minutes or seconds or ms)
    if day is None or (hours > 23 and not midnight) or minutes > 59 or seconds > 59:
        return None
    return calendar.clip(day * calendar.DAY + ((hours * 60 + minutes - offset(zone)) * 60 + seconds) * 1000 + ms)


def day_of(found: re.Match[str]) -> int | None:
    """Days since 1970."""
    parts, year = found.groupdict(), int(found[1])
    if parts.get("week"):
        try:
            day = date.fromisocalendar(year, int(parts["week"]), int(parts["weekday"] or 1))
        except ValueError:
            return None
        return calendar.day_number(day.year, day.month, day.day)
    if parts.get("ordinal"):
        leap = calendar.month_length(year, 2) - 28
        return calendar.day_number(year, 1, int(parts["ordinal"])) if 1 <= int(parts["ordinal"]) <= 365 + leap else None
    month, day_of_month = int(parts.get("month") or 1), int(parts.get("day") or 1)
    if not (1 <= month <= 12 and 1 <= day_of_month <= calendar.month_length(year, month)):
        return None
    return calendar.day_number(year, month, day_of_month)


def offset(zone: str | None) -> int:
    """Minutes that a zone is ahead of UTC; no zone is the server's own, which is UTC."""
    found = re.sub(r"\D", "", zone or "")
    return (int(found[:2] or 0) * 60 + int(found[2:] or 0)) * (-1 if (zone or "").startswith("-") else 1)
