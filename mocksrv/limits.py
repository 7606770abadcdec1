"""Windows on the world's clock: how often something happened lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from mocksrv.clock import Clock

SWEEP = 10_000  # keys to hold before those with an old window are thrown out


@dataclass
class Window:
    """A fixed window: it opens with the first event of a key and closes so many seconds later."""

    seconds: float
    _open: dict[Hashable, tuple[float, int]] = field(default_factory=dict)

    def count(self, key: Hashable, clock: Clock) -> tuple[int, float]:
        """The events in the key's open window, and when it closes (Unix seconds; now, if none is open)."""
        return self._count(key, clock.time())

    def most(self, keys: Iterable[Hashable], clock: Clock) -> int:
        """The events of the key that has most."""
        now = clock.time()
        return max((self._count(key, now)[0] for key in keys), default=0)

    def _count(self, key: Hashable, now: float) -> tuple[int, float]:
        began, count = self._open.get(key, (now, 0))
        if count == 0 or not began <= now < began + self.seconds:  # a clock that was set back closes it too
            return 0, now
        return count, began + self.seconds

    def hit(self, key: Hashable, clock: Clock, points: int = 1) -> tuple[int, float]:
        """Count an event; the number in the window with it, and when the window closes."""
        now = clock.time()
        count, closes = self._count(key, now)
        if count == 0:
            if len(self._open) >= SWEEP:
                self._open = {k: v for k, v in self._open.items() if v[0] <= now < v[0] + self.seconds}
            closes = now + self.seconds
        self._open[key] = (closes - self.seconds, count + points)
        return count + points, closes
