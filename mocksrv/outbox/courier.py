"""The courier makes the outgoing calls: a thread that sleeps until something is due by a world's clock.

A call is made without the lock of its world: the service that gets it may ask this very world meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakSet

from mocksrv import outbox
from mocksrv.clock import pause, stopwatch
from mocksrv.outbox import transport
from mocksrv.outbox.reach import Reach
from mocksrv.vendor import Vendor
from mocksrv.world import World

log = logging.getLogger("mocksrv")

SENDING = "outbox.sending"  # in a world's memory: the calls that are on their way
SHORTEST, LONGEST = 0.02, 5.0  # longest sleep in seconds while something is expected
STEPS = 500  # moments that a clock stops at when it is moved


class Courier:
    """Makes the calls of all worlds of a server. `spent` is called with the bytes by which a world has grown."""

    def __init__(self, vendors: Iterable[Vendor[Any]], reach: Reach, spent: Callable[[int], object]) -> None:
        self.vendors = {vendor.name: vendor for vendor in vendors}
        self.reach = reach
        self._spent = spent
        self._lock = threading.Lock()
        self._watched: WeakSet[World] = WeakSet()
        self._busy: WeakSet[World] = WeakSet()
        self._stirred = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, world: World) -> None:
        """Watch a world in which something is due, now or later."""
        with self._lock:
            self._watched.add(world)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mocksrv:courier", daemon=True)
                self._thread.start()
        self._stirred.set()

    def _run(self) -> None:
        while True:
            self._stirred.wait(self._round())
            self._stirred.clear()

    def _round(self) -> float | None:
        """Begin what is due in all worlds; returns the seconds until more may be due, None if nothing is."""
        with self._lock:
            idle = [world for world in self._watched if world not in self._busy]
        sleep: float | None = None
        for world in idle:
            left = self._left(world)
            if left is None:
                with self._lock:
                    self._watched.discard(world)
            elif left > 0:
                sleep = min(LONGEST if sleep is None else sleep, max(SHORTEST, left))
            else:
                with self._lock:
                    self._busy.add(world)
                threading.Thread(target=self._serve, args=(world,), name=f"mocksrv:{world.name}", daemon=True).start()
        return sleep

    def _serve(self, world: World) -> None:
        """Do what is due in one world, in a thread of its own: a slow answer delays no other world."""
        try:
            self.work(world)
        except Exception:
            log.exception("what world %s sends failed", world.name)
            pause(LONGEST)
        finally:
            with self._lock:
                self._busy.discard(world)
            self._stirred.set()

    def _left(self, world: World) -> float | None:
        """Seconds of real time until something is due in a world; None if nothing is expected."""
        with world.lock:
            moment = outbox.next_moment(world)
            if moment is None:
                return None
            if (left := (moment - world.clock.ms()) / 1000) <= 0:
                return 0.0
            running = world.clock.frozen is None and world.clock.rate > 0
            return left / world.clock.rate if running else LONGEST

    # --- what is due ---

    def work(self, world: World) -> None:
        """Do what is due in a world, and make the calls; returns when they have come to their ends."""
        self.run_due(world)
        while (id := self._take(world)) is not None:
            while id is not None:
                self.make(world, id)
                id = self._take(world)
            self.run_due(world)  # vendors schedule their next attempt

    def run_due(self, world: World) -> None:
        """Run the vendors' background jobs that are due by the world's clock."""
        with world.lock:
            world.begin()
            try:
                for vendor in self.vendors.values():
                    vendor.run_due(world)
            except Exception:
                world.undo()
                raise
            self._spent(world.store.ledger.grown)
            world.commit()

    def calm(self, world: World) -> None:
        """The same, and wait for the calls that are on their way already, as long as a service is waited for."""
        self.work(world)
        with world.changed:
            world.changed.wait_for(lambda: not self._sending(world), outbox.PATIENCE)

    @staticmethod
    def _sending(world: World) -> set[str]:
        sending: set[str] = world.memory.setdefault(SENDING, set())
        return sending

    def _take(self, world: World) -> str | None:
        """The next call that is due and allowed; those before it that are not allowed are held."""
        with world.lock:
            for id in outbox.due(world):
                record = outbox.find(world, id)
                if record is None or id in self._sending(world):
                    continue
                if not world.memory.get(outbox.HOLD) and not self.reach.refusal(record["url"]):
                    return id
                world.begin()
                outbox.hold(world, id)
                world.commit()
        return None

    def make(self, world: World, id: str) -> None:
        """Make a call, unless it is being made already, and tell its vendor the outcome."""
        with world.lock:
            record = outbox.find(world, id)
            if record is None or id in self._sending(world):
                return
            self._sending(world).add(id)
        began = stopwatch()
        try:
            self.end(world, id, transport.send(record), "the network", stopwatch() - began)
        finally:
            with world.changed:
                self._sending(world).discard(id)
                world.changed.notify_all()

    def end(self, world: World, id: str, outcome: outbox.Outcome, by: str, seconds: float = 0.0) -> None:
        """Record the outcome of a call, and let its vendor react to it."""
        with world.lock:
            record = outbox.find(world, id)
            if record is None or record["state"] not in outbox.OPEN:
                return  # somebody has decided or forgotten it meanwhile
            world.begin()
            try:
                done = outbox.end(world, id, outcome, by, seconds)
                if record["vendor"] in self.vendors:
                    self.vendors[record["vendor"]].sent(world, done, outcome)
            except Exception:
                world.undo()
                world.begin()
                outbox.end(world, id, outcome, by, seconds)
                log.exception("what becomes of call %s of world %s failed", id, world.name)
            self._spent(world.store.ledger.grown)
            world.commit()

    # --- when the clock is moved ---

    def pass_by(self, world: World, until: float) -> bool:
        """Move a world's clock on to the next moment before `until` (ms) at which something is due, and do it.

        Returns whether there was one; if not, the clock does not move.
        """
        with world.lock:
            moment = outbox.next_moment(world)
            if moment is None or moment >= until:
                return False
            if (ahead := (moment - world.clock.ms()) / 1000) > 0:
                moved = world.clock.copy()
                moved.advance(ahead)
                world.clock = moved
        self.calm(world)
        return True
