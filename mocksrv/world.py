"""What has happened: a world is a clock, a generator, tables, settings, a journal, faults and limiters.

A world is replaced as a whole, never emptied: reset, restore and fork all make a new one out of another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from mocksrv.clock import Clock, stopwatch
from mocksrv.faults import Faults
from mocksrv.generator import Generator
from mocksrv.journal import BODY, Journal
from mocksrv.limits import Window
from mocksrv.problems import NoRoom, OwnRefusal
from mocksrv.store import Store, Table

T = TypeVar("T")
DEFAULT = "default"
EMPTY = 64 * 1024  # bytes that a world takes beside its documents and its journal


class World:
    """One isolated state of all vendors. Answers within a world are serial: `lock` is held while one is made."""

    def __init__(self, name: str, store: Store, clock: Clock, random: Generator, settings: dict[str, Any],
                 limits: bool = True, vendors: Iterable[str] = ()) -> None:
        self.name = name
        self.store = store
        self.clock = clock
        self.random = random
        self.settings = settings  # "vendor.setting" -> value
        self.limits = limits  # whether rate limits are enforced
        self.vendors = list(vendors)  # vendors whose accounts are in it
        self.journal = Journal()
        self.faults = Faults()
        self.memory: dict[str, Any] = {}  # what a restart of the real server would forget; by the vendor's own keys
        self.derived: dict[Any, Any] = {}  # computed from the tables, never changed: forks begin with the same
        self.deriving = threading.RLock()  # held while something is computed for worlds that come from this one
        self.sealed = False  # never written to again
        self.moved: NoRoom | None = None  # raised for requests that still hold it after it has moved to another process
        self.source: World | None = None  # the sealed world that this one comes from
        self.used = stopwatch()  # real time of the last request
        self.alarms: dict[str, float] = {}  # when (ms) a vendor has something to do unasked; by the vendor's own keys
        self.watcher: Callable[[World], None] | None = None  # whom to tell that something is expected
        self.moving = threading.Lock()  # held while the clock is moved, which lets go of `lock` for outgoing calls
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)  # notified after every answer that may have written

    @property
    def prefix(self) -> str:
        """What stands before the paths of this world."""
        return "" if self.name == DEFAULT else f"/~{self.name}"

    @property
    def weight(self) -> int:
        """Bytes in memory, roughly: the journal, own answers, and the documents that are not the seed's."""
        return EMPTY + self.journal.weight + self.faults.weight + self.store.ledger.weight

    def table(self, name: str) -> Table:
        """Raises KeyError for a table that nobody has declared."""
        return self.store.declared[name]

    def setting(self, name: str) -> Any:
        """A vendor's setting in this world, as "vendor.setting"."""
        return self.settings[name]

    def window(self, name: str, seconds: float) -> Window:
        """The limiter of that name; made when first asked for."""
        window: Window = self.memory.setdefault(f"window:{name}", Window(seconds))
        return window

    # --- what happens unasked ---

    def stir(self) -> None:
        """Tell the courier that something is due in this world, now or later."""
        if self.watcher is not None:
            self.watcher(self)

    def alarm(self, key: str, moment: float | None) -> None:
        """Set or (None) clear the moment of the clock (ms) at which vendors' background jobs run, by the key of who
        asks.
        """
        if moment is None:
            self.alarms.pop(key, None)
        elif self.alarms.get(key) != moment:
            self.alarms[key] = moment
            self.stir()

    # --- ids: short names for what vendors make most ---

    def hex(self, digits: int = 32) -> str:
        return self.random.hex(digits)

    def uuid(self) -> str:
        return self.random.uuid()

    def text(self, alphabet: Sequence[str], length: int) -> str:
        return self.random.text(alphabet, length)

    # --- as a whole ---

    def fork(self, name: str, *, clock: Clock | None = None) -> World:
        """An independent copy; its journal, faults and memory begin empty."""
        with self.lock:
            random = Generator(self.random.seed_text, self.random.draws)
            twin = World(name, self.store.fork(), clock or self.clock.copy(), random, dict(self.settings), self.limits,
                         self.vendors)
            twin.derived = dict(self.derived)
            twin.source = self if self.sealed else self.source
            twin.watcher = self.watcher
            return twin

    @contextmanager
    def apart(self) -> Iterator[World]:
        """A fork to compute something long from, without the lock: others are answered meanwhile.

        What was read before may have changed afterwards. A request that has written something keeps the lock: only what
        was committed may be seen by others. Raises a Refusal where the world has moved meanwhile.
        """
        twin, released = self.fork(self.name), self.store.ledger.steps == []
        if released:
            self.lock.release()
        try:
            yield twin
        finally:
            if released:
                self.lock.acquire()
                self.store.ledger.begin()
                if self.moved is not None:
                    raise OwnRefusal(self.moved)

    def state(self) -> dict[str, Any]:
        """All but the tables, as plain data."""
        return {
            "clock": self.clock.state(),
            "seed": self.random.seed_text,
            "draws": self.random.draws,
            "settings": self.settings,
            "vendors": self.vendors,
        }

    def dump(self) -> dict[str, Any]:
        """The whole world as plain data: what a snapshot file holds."""
        with self.lock:
            return {**self.state(), "tables": self.store.dump()}

    def begin(self) -> None:
        """What is written from now on can be taken back until it is committed. Raises what `moved` holds."""
        if self.moved is not None:
            raise self.moved
        self.store.ledger.begin()

    def undo(self) -> None:
        """Take back what was written since the beginning, and what was computed from it."""
        self.store.ledger.undo()
        self.derived.clear()

    def commit(self) -> None:
        """Make the writes permanent; in a world on disk they reach the file before the answer is sent."""
        if self.store.on_disk:
            self.store.commit(self.state())
        self.store.ledger.end()
        self.changed.notify_all()


def stream(world: World, chunks: Iterator[bytes], close: Callable[[bytes, int], None]) -> Iterator[bytes]:
    """An empty chunk, then those of an answer, each made under the world's lock.

    A chunk that fails leaves nothing behind; what those before it wrote stays, as the client has seen them.
    """
    seen, size = bytearray(), 0
    try:
        yield b""
        while True:
            with world.lock:
                world.begin()
                try:
                    chunk = next(chunks, None)
                    world.commit()
                except Exception:
                    world.undo()
                    raise
            if chunk is None:
                return
            size += len(chunk)
            seen += chunk[: BODY - len(seen)]
            yield chunk
    finally:
        close(bytes(seen), size)
