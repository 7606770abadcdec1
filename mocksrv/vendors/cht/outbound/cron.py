"""The five fields of a cron expression: whether one of its moments lies within some time of now.

CHT 4.15 source, shared-libs/transitions/src/lib/utils.js, which asks the packages cron-validator and later.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # minute, hour, day, month, day of the week
PART = re.compile(r"(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?\Z")


def parse(expression: object) -> tuple[frozenset[int], ...] | None:
    """The numbers that each field allows; None if the expression is not valid."""
    fields = expression.split() if isinstance(expression, str) else []
    if len(fields) != len(FIELDS):
        return None
    found = [numbers(field, *bounds) for field, bounds in zip(fields, FIELDS, strict=True)]
    return tuple(frozenset(one) for one in found) if all(found) else None


def numbers(field: str, low: int, high: int) -> set[int]:
    """The numbers of one field; none if it is not valid."""
    found: set[int] = set()
    for part in field.split(","):
        match = PART.match(part)
        if match is None:
            return set()
        star, first, last, step = match.groups()
        begin = low if star else int(first)
        end = high if star or (step and not last) else int(last or first)
        if not low <= begin <= end <= high or step == "0":
            return set()
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def is_near(expression: object, now: datetime, frame: timedelta) -> bool:
    """Whether a moment of the expression lies no more than `frame` before or after now; False if it is not valid."""
    allowed = parse(expression)
    if allowed is None:
        return False
    minute = (now - frame).replace(second=0, microsecond=0)
    if minute < now - frame:
        minute += timedelta(minutes=1)
    while minute <= now + frame:
        if is_one(minute, allowed):
            return True
        minute += timedelta(minutes=1)
    return False


def is_one(minute: datetime, allowed: tuple[frozenset[int], ...]) -> bool:
    """Whether the expression means this minute. If days of both kinds are limited, one of them is enough."""
    minutes, hours, days, months, weekdays = allowed
    weekday = minute.isoweekday() % 7
    by_date, by_week = minute.day in days, weekday in weekdays or (weekday == 0 and 7 in weekdays)
    limited = len(days) < 31 and len(weekdays) < 7
    return (minute.minute in minutes and minute.hour in hours and minute.month in months
            and (by_date or by_week if limited else by_date and by_week))
