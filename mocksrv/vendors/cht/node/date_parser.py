"""Dates in texts as the JavaScript engine V8 parses them: ISO 8601, and nearly anything that looks like a date.

Source: V8, src/date/dateparser. The server's own zone is UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mocksrv.vendors.cht.node import calendar
from mocksrv.vendors.cht.node.javascript import SPACES

TOKEN = re.compile(rf"(?P<number>[0-9]+)|(?P<space>[{SPACES}]+)|(?P<word>[^\x00-@{SPACES}]+)|(?P<symbol>.)", re.DOTALL)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ZONES = {"ut": 0, "utc": 0, "z": 0, "gmt": 0, "cdt": -5, "cst": -6, "edt": -4, "est": -5, "mdt": -6, "mst": -7,
         "pdt": -7, "pst": -8}
HALVES = {"am": 0, "pm": 12}  # of a day
LARGEST_YEAR = 2**30
END = ("end", "")


class NoDate(Exception):
    """The text is not a date."""


def parse(text: str) -> int | None:
    """`Date.parse`: ms since 1970; None for NaN."""
    try:
        return calendar.clip(Reader(text).read())
    except NoDate:
        return None


def digits(number: str) -> int:
    """A number of up to nine digits; further digits are skipped."""
    return int(number.lstrip("0")[:9] or 0)


def milliseconds(number: str) -> int:
    return int((number[:9] + "00")[:3])


@dataclass
class Reader:
    """One text and what has been found in it."""

    text: str
    days: list[int] = field(default_factory=list)  # up to three numbers that stand for year, month and day
    month: int | None = None  # one that was named
    times: list[int] = field(default_factory=list)  # hours, minutes, seconds, ms
    half: int | None = None
    sign: int | None = None
    zone: list[int | None] = field(default_factory=lambda: [None, None])  # hours and minutes ahead of UTC
    iso: bool = False
    at: int = 0

    # --- tokens ---

    def peek(self) -> tuple[str, str]:
        found = TOKEN.match(self.text, self.at)
        return (str(found.lastgroup), found[0]) if found else END

    def next(self) -> tuple[str, str]:
        token = self.peek()
        self.at += len(token[1])
        return token

    def skip(self, symbol: str) -> bool:
        if self.peek() == ("symbol", symbol):
            self.at += 1
            return True
        return False

    def fixed(self, length: int, low: int, high: int) -> int | None:
        """The number of so many digits that comes next, if it lies in the range; it is not consumed."""
        kind, value = self.peek()
        return int(value) if kind == "number" and len(value) == length and low <= int(value) <= high else None

    # --- the text ---

    def read(self) -> int:
        if not self.read_iso():
            self.read_words()
        return self.moment()

    def read_iso(self) -> bool:
        """Whether the whole text is ISO 8601; other texts are left for `read_words`."""
        start, sign = self.at, 1
        if self.peek()[1] in ("+", "-"):
            sign = -1 if self.next()[1] == "-" else 1
            if self.fixed(6, 0, 999_999) is None or (sign < 0 and self.fixed(6, 0, 0) is not None):
                self.at = start
                return False
        elif self.fixed(4, 0, 9999) is None:
            return False
        self.days.append(sign * int(self.next()[1]))
        for high in (12, 31):
            if not self.skip("-"):
                break
            number = self.fixed(2, 1, high)
            if number is None:
                return False
            self.next()
            self.days.append(number)
        kind, value = self.peek()
        if kind != "end":
            if kind != "word" or value.lower() != "t":
                return False
            self.next()
            self.read_iso_time()
        self.iso = True
        return True

    def read_iso_time(self) -> None:
        hour = self.take(24)
        if not self.skip(":"):
            raise NoDate
        self.times = [hour, self.take(59 if hour < 24 else 0)]
        if self.skip(":"):
            self.times.append(self.take(59 if hour < 24 else 0))
            if self.skip("."):
                kind, value = self.next()
                if kind != "number" or (hour == 24 and int(value)):
                    raise NoDate
                self.times.append(milliseconds(value))
        kind, value = self.next()
        if value in ("+", "-"):
            self.sign = -1 if value == "-" else 1
            if (both := self.fixed(4, 0, 2359)) is not None and both % 100 < 60:
                self.next()
                self.zone = [both // 100, both % 100]
            else:
                hours = self.take(23)
                if not self.skip(":"):
                    raise NoDate
                self.zone = [hours, self.take(59)]
            kind, value = self.next()
        elif kind == "word" and value.lower() == "z":
            kind, value = self.next()
        if kind != "end":
            raise NoDate

    def take(self, high: int) -> int:
        number = self.fixed(2, 0, high)
        if number is None:
            raise NoDate
        self.next()
        return number

    def read_words(self) -> None:
        """The rest of the text, in whatever order it comes."""
        begun = bool(self.days)
        while (token := self.next()) != END:
            kind, value = token
            if kind == "number":
                begun = True
                self.read_number(value)
            elif kind == "word":
                self.read_word(value, begun)
            elif value in ("+", "-") and (self.zone == [0, 0] or self.times):
                begun = True
                self.read_offset(value)
            elif value in ("+", "-", ")") and begun:
                raise NoDate
            elif value == "(":
                self.skip_parentheses()

    def read_number(self, value: str) -> None:
        number = digits(value)
        if self.skip(":"):
            if self.skip(":"):
                if self.times:
                    raise NoDate
                self.times = [number, 0]
            else:
                self.add_time(number)
                self.skip(".")
        elif self.skip(".") and self.expects(number):
            self.times.append(number)
            kind, fraction = self.next()
            if kind != "number":
                raise NoDate
            self.finish_time(milliseconds(fraction))
        elif self.zone[0] is not None and self.zone[1] is None and number < 60:
            self.zone[1] = number
        elif self.expects(number):
            self.finish_time(number)
            kind, value = self.peek()
            if kind not in ("end", "space") and value not in ("+", "-") and value.lower() != "z":
                raise NoDate
        elif len(self.days) == 3:
            raise NoDate
        else:
            self.days.append(number)
            self.skip("-")

    def read_word(self, value: str, begun: bool) -> None:
        word = value.lower()
        if word in HALVES and self.times:
            self.half = HALVES[word]
        elif word[:3] in MONTHS:
            self.month = MONTHS.index(word[:3]) + 1
            self.skip("-")
        elif word in ZONES and begun:
            self.sign, self.zone = (-1 if ZONES[word] < 0 else 1), [abs(ZONES[word]), 0]
        elif begun or self.peek()[0] == "number":
            raise NoDate

    def read_offset(self, sign: str) -> None:
        self.sign = -1 if sign == "-" else 1
        value = self.next()[1] if self.peek()[0] == "number" else ""
        number = digits(value or "0")
        if self.peek() == ("symbol", ":"):
            self.zone = [number, None]
        elif len(value) in (1, 2):
            self.zone = [number, 0]
        elif len(value) in (3, 4):
            self.zone = [number // 100, number % 100]
        else:
            raise NoDate

    def skip_parentheses(self) -> None:
        depth = 1
        while depth and (token := self.next()) != END:
            depth += {"(": 1, ")": -1}.get(token[1], 0)

    def expects(self, number: int) -> bool:
        """Whether a number continues a time that has begun."""
        return 0 < len(self.times) < 4 and number < (60, 60, 1000)[len(self.times) - 1]

    def add_time(self, number: int) -> None:
        if len(self.times) == 4:
            raise NoDate
        self.times.append(number)

    def finish_time(self, number: int) -> None:
        self.add_time(number)
        self.times += [0] * (4 - len(self.times))

    # --- what it says ---

    def moment(self) -> int:
        year, month, day = self.date()
        hour, minute, second, fraction = [*self.times, 0, 0, 0, 0][:4]
        if self.half is not None:
            if hour > 12:
                raise NoDate
            hour = hour % 12 + self.half
        midnight = hour == 24 and not (minute or second or fraction)
        if not midnight and (hour > 23 or minute > 59 or second > 59 or fraction > 999):
            raise NoDate
        offset = ((self.zone[0] or 0) * 60 + (self.zone[1] or 0)) * (self.sign or 0)
        minutes = hour * 60 + minute - offset
        return calendar.day_number(year, month, day) * calendar.DAY + (minutes * 60 + second) * 1000 + fraction

    def date(self) -> tuple[int, int, int]:
        """Year, month and day, by their order and size."""
        if not self.days:
            raise NoDate
        first, second, third = [*self.days, 1, 1][:3]
        if self.month is not None:
            year, month, day = (second, self.month, first) if 1 <= first <= 31 else (first, self.month, second)
        elif self.iso or not 1 <= first <= 31:
            year, month, day = first, second, third
        else:
            year, month, day = third, first, second
        if not self.iso and 0 <= year < 100:
            year += 2000 if year < 50 else 1900
        if not (1 <= month <= 12 and 1 <= day <= 31 and abs(year) < LARGEST_YEAR):
            raise NoDate
        return year, month, day
