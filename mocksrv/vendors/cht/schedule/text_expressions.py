"""Times that settings name in English, such as `at 10:00 am on Mon`, or as a cron expression.

What `later.parse.text` of the package later 1.2 understands, but for `after`, `before`, `starting`, `except` and the
units week, year, and day of the year. What follows something that is not understood does not count, as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mocksrv.vendors.cht.outbound import cron

TIME = re.compile(r"(?:(0?[1-9]|1[0-2]):([0-5]\d)\s?(am|pm)|([01]?\d|2[0-3]):([0-5]\d))\b", re.IGNORECASE)
RANK = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\b", re.IGNORECASE)
DAY = re.compile(r"(sun|mon|tue(?:s)?|wed(?:nes)?|thu(?:r(?:s)?)?|fri|sat(?:ur)?)(?:day)?\b", re.IGNORECASE)
MONTH = re.compile(r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|(?:sept?|nov|dec)"
                   r"(?:ember)?|oct(?:ober)?)\b", re.IGNORECASE)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
UNITS = {
    "second": re.compile(r"s(?:ec(?:ond)?(?:s)?)?\b", re.IGNORECASE),
    "minute": re.compile(r"m(?:in(?:ute)?(?:s)?)?\b", re.IGNORECASE),
    "hour": re.compile(r"h(?:our(?:s)?)?\b", re.IGNORECASE),
    "weekday": re.compile(r"days? of the week\b", re.IGNORECASE),
    "day": re.compile(r"days?(?: of the month)?\b", re.IGNORECASE),
    "month": re.compile(r"months?\b", re.IGNORECASE),
}
RANGES = {"second": (0, 59), "minute": (0, 59), "hour": (0, 23), "day": (1, 31), "weekday": (1, 7), "month": (1, 12)}
WORDS = {name: re.compile(rf"{text}\b", re.IGNORECASE) for name, text in {
    "every": "every", "at": "(?:at|@)", "on": "on(?: the)?", "of": "(?:of|in)(?: the)?", "first": "first",
    "last": "last", "also": "also", "workday": "weekday", "weekend": "weekend", "to": "(?:to|through)"}.items()}
AND = re.compile(r"(?:,|and\b)\s*", re.IGNORECASE)
DASH = re.compile(r"-\s*")
LAST = 0  # of the days of a month
MINUTE = timedelta(minutes=1)
FINER = ("second", "minute", "hour", "day")  # what is at its beginning, unless it or something finer is named


@dataclass
class Times:
    """Moments: the numbers that each unit may have, and the times of day."""

    units: dict[str, set[int]] = field(default_factory=dict)
    clock: set[int] = field(default_factory=set)  # in minutes

    def limit(self, unit: str, numbers: set[int]) -> None:
        self.units.setdefault(unit, set()).update(numbers)

    def second_of(self, minute: datetime, most: int) -> int | None:
        """The last second of a minute, up to `most`, at which it is one of these moments."""
        if not self.means(minute):
            return None
        return max((one for one in self.units.get("second", {0}) if one <= most), default=None)

    def means(self, minute: datetime) -> bool:
        found = {"minute": minute.minute, "hour": minute.hour, "day": minute.day, "month": minute.month,
                 "weekday": minute.isoweekday() % 7 + 1}
        last = LAST if (minute + timedelta(days=1)).month != minute.month else minute.day
        for unit, allowed in self.units.items():
            if unit != "second" and found[unit] not in allowed and not (unit == "day" and last in allowed):
                return False
        if self.clock:
            return minute.hour * 60 + minute.minute in self.clock
        named = [unit for unit in FINER if unit in self.units or (unit == "day" and "weekday" in self.units)]
        finest = FINER.index(named[0]) if named else len(FINER)
        return all(found[unit] == RANGES[unit][0] for unit in FINER[1:finest])


class Parser:
    """Reads words from left to right."""

    def __init__(self, text: str) -> None:
        self.rest = text.strip().lower()

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.rest)
        if found:
            self.rest = self.rest[found.end():].lstrip()
        return found

    def word(self, name: str) -> bool:
        return self.take(WORDS[name]) is not None

    def unit(self) -> str | None:
        return next((name for name, pattern in UNITS.items() if self.take(pattern)), None)

    def numbers(self, pattern: re.Pattern[str], names: tuple[str, ...], shift: int) -> list[int]:
        """Names or numbers: one, several, ranges."""
        found: list[int] = []
        while (one := self.take(pattern)) is not None:
            first = self.number(one, names, shift)
            if self.take(DASH) or self.word("to"):
                until = self.take(pattern)
                if until is None:
                    return []
                found += range(first, self.number(until, names, shift) + 1)
            else:
                found.append(first)
            if not self.take(AND):
                break
        return found

    @staticmethod
    def number(match: re.Match[str], names: tuple[str, ...], shift: int) -> int:
        text = match[1].lower()
        return names.index(text[:3]) + shift if names else int(text)

    def schedules(self) -> list[Times]:
        """The alternatives that `also` separates."""
        found = [Times()]
        while self.rest:
            if self.word("also"):
                found.append(Times())
            elif not self.clause(found[-1]):
                break
        return [one for one in found if one.units or one.clock]

    def clause(self, times: Times) -> bool:
        """One of `every`, `at`, `on`, `of`; False if it is none that is understood."""
        if self.word("every"):
            return self.every(times)
        if self.word("at"):
            return self.at(times)
        if self.word("on") or self.word("of"):
            return self.on(times)
        return False

    def every(self, times: Times) -> bool:
        if self.word("weekend"):
            times.limit("weekday", {1, 7})
            return True
        if self.word("workday"):
            times.limit("weekday", set(range(2, 7)))
            return True
        step = self.take(RANK)
        unit = self.unit()
        if unit is None:
            return False
        low, high = RANGES[unit]
        times.limit(unit, set(range(low, high + 1, max(int(step[1]) if step else 1, 1))))
        return True

    def at(self, times: Times) -> bool:
        found = False
        while (one := self.take(TIME)) is not None:
            hour, minute = int(one[1] or one[4]), int(one[2] or one[5])
            if one[3]:
                hour = hour % 12 + (12 if one[3].lower() == "pm" else 0)
            times.clock.add(hour * 60 + minute)
            found = True
            if not self.take(AND):
                break
        return found

    def on(self, times: Times) -> bool:
        if days := self.numbers(DAY, DAYS, 0):
            times.limit("weekday", {(day + 1) % 7 + 1 for day in days})
            return True
        if months := self.numbers(MONTH, MONTHS, 1):
            times.limit("month", set(months))
            return True
        first, last = self.word("first"), self.word("last")
        ranks = [] if first or last else self.numbers(RANK, (), 0)
        unit = self.unit()
        if unit is None or not (first or last or ranks):
            return False
        low, high = RANGES[unit]
        times.limit(unit, {low} if first else set(ranks) if ranks else {LAST if unit == "day" else high})
        return True


def schedules(config: Mapping[str, Any]) -> list[Times]:
    """The moments of settings that have a `text_expression`, or a `cron`."""
    text = config.get("text_expression")
    if isinstance(text, str) and text:
        return Parser(text).schedules()
    allowed = cron.parse(config.get("cron"))
    if allowed is None:
        return []
    minutes, hours, days, months, weekdays = allowed
    both = len(days) < 31 and not weekdays >= set(range(7))
    units = {"minute": set(minutes), "hour": set(hours), "month": set(months)}
    by_date, by_week = {"day": set(days)}, {"weekday": {day % 7 + 1 for day in weekdays}}
    return [Times(units | by_date), Times(units | by_week)] if both else [Times(units | by_date | by_week)]


def previous(times: list[Times], start: datetime, end: datetime) -> datetime | None:
    """The last of these moments from one to another."""
    minute, most = end.replace(second=0, microsecond=0), end.second
    while minute + MINUTE > start:
        seconds = [one for one in (each.second_of(minute, most) for each in times) if one is not None]
        if seconds:
            found = minute.replace(second=max(seconds))
            return found if found >= start else None
        minute, most = minute - MINUTE, 59
    return None


def moments(times: list[Times], start: datetime, end: datetime) -> Iterator[datetime]:
    """The minutes between two moments in which one of these is; that of the first counts only where seconds do."""
    minute = start.replace(second=0, microsecond=0)
    if minute < start and not any("second" in each.units for each in times):
        minute += MINUTE
    while minute <= end:
        if any(each.second_of(minute, 59) is not None for each in times):
            yield minute
        minute += MINUTE
