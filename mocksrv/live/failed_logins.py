"""How often a login may fail: services refuse everybody who comes from an address where too many did.

Tests of refusals send wrong passwords, and a run comes from one address. So a run stays one failure below what the
service takes, and waits when it has come so far.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from mocksrv.clock import machine_time


@dataclass
class FailedLogins:
    """The service refuses a key (address, name, password) after `most` failures within `seconds` from the first."""

    most: int
    seconds: float
    _failed: dict[str, list[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, keys: Iterable[str]) -> float:
        """Seconds until all of these keys may fail once more, and the service still takes a right password."""
        now = machine_time()
        with self._lock:
            ends = [times[0] + self.seconds for key in keys
                    if len(times := self._within(key, now)) >= self.most - 1]
        return max((end - now for end in ends), default=0.0)

    def note(self, keys: Iterable[str]) -> None:
        """One more failure."""
        now = machine_time()
        with self._lock:
            for key in keys:
                self._failed[key] = [*self._within(key, now), now]

    def _within(self, key: str, now: float) -> list[float]:
        times = self._failed.get(key, [])
        return times if times and now < times[0] + self.seconds else []
