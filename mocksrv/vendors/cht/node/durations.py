"""Spans of time as the package moment adds them to points in time, in milliseconds and UTC."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from mocksrv.vendors.cht.node import calendar, javascript

UNIT = re.compile("second|minute|hour|day|week|month|year")
MS = {"second": 1000, "minute": 60_000, "hour": 3_600_000}
DAYS, MONTHS = {"day": 1, "week": 7}, {"month": 1, "year": 12}
FURTHEST = 10_000_000  # months, days or hours beyond which no Date lies
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


class Duration(NamedTuple):
    """Months, days and milliseconds, which are added in this order."""

    months: int = 0
    days: int = 0
    ms: float = 0


def of(number: float, unit: str) -> Duration:
    """`moment.duration(number, unit)`; nothing for an unknown unit."""
    name = unit.lower().removesuffix("s")
    if abs(number) > FURTHEST or number != number:
        return Duration(ms=math.nan)
    if name in MS:
        return Duration(ms=number * MS[name])
    if name in DAYS:
        return Duration(days=rounded(number * DAYS[name]))
    return Duration(months=rounded(number * MONTHS.get(name, 0)))


def rounded(number: float) -> int:
    """To the nearest whole number, halves away from zero."""
    return int(math.copysign(math.floor(abs(number) + 0.5), number))


def parse(text: Any) -> Duration | None:
    """The span of a text like "3 weeks"; None for any other."""
    number, _, rest = text.partition(" ") if isinstance(text, str) else ("", "", "")
    unit = rest.partition(" ")[0]
    if not re.search("[0-9]", number) or not UNIT.search(unit):
        return None
    return of(javascript.number(number), unit)


def add(when: int, span: Duration, sign: int = 1) -> int | None:
    """A point in time so much later, or with `sign` -1 earlier; None if no Date can hold it. A day that the month lacks
    becomes its last one."""
    if span.ms != span.ms:
        return None
    days, rest = divmod(when, calendar.DAY)
    if span.months:
        year, month, day = date_of(days)
        year, month = divmod(year * 12 + month - 1 + sign * span.months, 12)
        days = calendar.day_number(year, month + 1, min(day, calendar.month_length(year, month + 1)))
    return calendar.clip((days + sign * span.days) * calendar.DAY + rest + sign * span.ms)


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970."""
    year, month, day = calendar.iso(days * calendar.DAY).partition("T")[0].rsplit("-", 2)
    return int(year), int(month), int(day)


def start_of_day(when: int) -> int:
    return when - when % calendar.DAY


def months_between(early: int, late: int) -> int:
    """The whole months from one moment to another, towards zero."""
    if late < early:
        return -months_between(late, early)
    (year, month, _), (later_year, later_month, _) = (date_of(when // calendar.DAY) for when in (early, late))
    whole = (later_year - year) * 12 + later_month - month
    anchor = add(early, Duration(months=whole))
    return whole if anchor is not None and anchor <= late else whole - 1


def weekday(when: int) -> int:
    """0 for Sunday to 6."""
    return (when // calendar.DAY + 4) % 7


def on_weekday(when: int, name: Any) -> int:
    """The same time on a day of the same week, by its name or number; what is neither changes nothing."""
    if isinstance(name, str):
        found = [number for number, day in enumerate(WEEKDAYS) if name.lower() in (day, day[:3], day[:2], str(number))]
        name = found[0] if found else None
    if not isinstance(name, int) or isinstance(name, bool) or abs(name) > FURTHEST:
        return when
    return when + (name - weekday(when)) * calendar.DAY
