"""A world's clock, and the only place of mocksrv that reads the machine's time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from math import floor
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# datetime's own range, less a day at both ends so that time zones and small sums stay inside it.
FASTEST = 1e6
EARLIEST, LATEST = -62_135_510_400.0, 253_402_214_400.0


@lru_cache(maxsize=16)
def http_date(seconds: int) -> str:
    return format_datetime(EPOCH + timedelta(seconds=seconds), usegmt=True)


@lru_cache(maxsize=16)  # the journal asks for each request
def iso_second(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def stopwatch() -> float:
    """Seconds of real time from an arbitrary start: for durations, which no frozen clock may stop."""
    return time.perf_counter()


def worked() -> float:
    """Seconds that a processor has worked for this thread: for limits that a busy machine does not reach sooner."""
    return time.thread_time()


def today() -> date:
    """The machine's date in UTC, for facts about mocksrv itself, such as the age of its proofs."""
    return datetime.fromtimestamp(time.time(), UTC).date()


def machine_time() -> float:
    """Unix seconds of the machine, for requests to real services."""
    return time.time()


class ClockRange(ValueError):
    """The clock was asked to leave the years 1 to 9999."""


@dataclass
class Clock:
    """The time that a world's servers believe in.

    It runs at `rate` times the machine's time, shifted by `offset` seconds, or stands still at `frozen` (Unix seconds).
    `skew` comes on top of either: how far the vendor's server is wrong about the time, in seconds; positive is ahead.
    """

    offset: float = 0.0
    frozen: float | None = None
    skew: float = 0.0
    rate: float = 1.0

    def time(self) -> float:
        """Unix seconds, with a fraction of microseconds."""
        base = self.rate * time.time() + self.offset if self.frozen is None else self.frozen
        return min(max(base + self.skew, EARLIEST), LATEST)

    def ms(self) -> int:
        """Unix milliseconds, cut like JavaScript's Date.now()."""
        return int(self.time() * 1000)

    def now(self) -> datetime:
        """The time as an aware datetime in UTC, with microseconds."""
        return EPOCH + timedelta(seconds=self.time())

    def iso(self) -> str:
        """The time as `2026-01-31T09:30:00.123Z`, JavaScript's toISOString()."""
        moment = self.time()
        seconds = floor(moment)
        milliseconds = round((moment - seconds) * 1e6) // 1000  # of microseconds, as datetime has them
        return f"{iso_second(seconds)}.{milliseconds:03}Z" if milliseconds < 1000 else f"{iso_second(seconds + 1)}.000Z"

    def http(self) -> str:
        """The time as the Date header of an answer has it (RFC 9110, 5.6.7)."""
        return http_date(int(self.time() // 1))

    def freeze(self, frozen: bool = True) -> None:
        """Stand still at this moment, or run on from where it stands."""
        if frozen:
            self.frozen = self.time() - self.skew
        elif self.frozen is not None:
            self.offset, self.frozen = self.frozen - self.rate * time.time(), None

    def advance(self, seconds: float) -> None:
        """Move by so many seconds; a negative number moves back."""
        self._check(self.time() + seconds)
        if self.frozen is None:
            self.offset += seconds
        else:
            self.frozen += seconds

    def set(self, when: datetime) -> None:
        """Make it this moment; a frozen clock stays frozen. `skew` is kept: the clock reads `when` exactly."""
        target = (when.astimezone(UTC) - EPOCH).total_seconds() - self.skew
        self._check(target + self.skew)
        if self.frozen is None:
            self.offset = target - self.rate * time.time()
        else:
            self.frozen = target

    def set_rate(self, rate: float) -> None:
        """Run so many times as fast as the machine's clock, without a jump; 1 is normal, 0 stands still."""
        if not 0 <= rate <= FASTEST:
            raise ClockRange(f"the clock runs at a rate from 0 to {FASTEST:.0f}")
        self.offset += (self.rate - rate) * time.time()
        self.rate = rate

    def set_skew(self, seconds: float) -> None:
        """Say how far the server is wrong about the time."""
        self._check(self.time() - self.skew + seconds)
        self.skew = seconds

    @staticmethod
    def _check(seconds: float) -> None:
        if not EARLIEST <= seconds <= LATEST:  # also refuses NaN
            raise ClockRange("the clock stays within the years 1 to 9999")

    def state(self) -> dict[str, Any]:
        """What must be kept to find the same time again."""
        return {"offset": self.offset, "frozen": self.frozen, "skew": self.skew, "rate": self.rate}

    @classmethod
    def of(cls, state: Any) -> Clock:
        """The clock of a `state` that was kept somewhere. Raises ValueError."""
        match state:
            case {"offset": int() | float(), "frozen": int() | float() | None, "skew": int() | float(),
                  "rate": int() | float() as rate} if len(state) == 4 and 0 <= rate <= FASTEST:
                clock = cls(**state)
                cls._check((clock.frozen if clock.frozen is not None else clock.rate * time.time() + clock.offset)
                           + clock.skew)
                return clock
        raise ValueError("its clock is not valid")

    def copy(self) -> Clock:
        return Clock(**self.state())


def pause(seconds: float) -> None:
    """Wait in real time: for faults that delay an answer."""
    time.sleep(seconds)
