"""All worlds of a server: made out of a seeded origin, found by name, reset, restored, forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mocksrv.clock import Clock, stopwatch
from mocksrv.config import Config, ConfigError
from mocksrv.generator import Generator
from mocksrv.outbox import TABLE as OUTBOX
from mocksrv.outbox.courier import Courier
from mocksrv.outbox.reach import Reach
from mocksrv.problems import MEGABYTE, HeavyBody, OtherProcess, OutOfMemory, TooManyWorlds, unknown
from mocksrv.shards import Shard
from mocksrv.store import Damaged, Full, InUse, Store, TableSpec
from mocksrv.vendor import Vendor
from mocksrv.world import DEFAULT, EMPTY, World

LONG = 10_000  # records that take so long to make that people want to be told


@dataclass
class Snapshot:
    """A world as it once was."""

    state: World
    lasting: bool = False  # it outlives its world


class Worlds:
    """All worlds of a server, by name. A name that is new makes a world: a fork of the seeded origin."""

    def __init__(self, vendors: Iterable[Vendor[Any]], config: Config,
                 progress: Callable[[str], None] | None = None) -> None:
        self.progress = progress or (lambda _text: None)
        self.vendors = tuple(vendors)
        self.config = config
        self.specs: tuple[TableSpec, ...] = (*(spec for vendor in self.vendors for spec in vendor.tables), OUTBOX)
        self.courier = Courier(self.vendors, Reach(config.deliver_to), lambda grown: self.reserve(grown, held=True))
        self.known = {f"{vendor.name}.{item.name}": item for vendor in self.vendors for item in vendor.settings}
        self._lock = threading.Lock()
        self.big = threading.Lock()  # held while a big body is parsed and answered: one takes memory, not many
        self._worlds: dict[str, World] = {}
        self.snapshots: dict[tuple[str, str], Snapshot] = {}  # by the name of their world, and their own
        self._left = 0  # bytes, at least: measured when they are used up, as now
        self.shard = config.shard
        self.leaving: dict[str, World] = {}  # that another process holds, and has not taken over yet
        if config.data is not None and not self.shard.holds(DEFAULT):
            raise ConfigError("a data file keeps the default world, which the first process holds: leave out --data")
        if self.shard.holds(DEFAULT):
            self._worlds[DEFAULT] = self.origin.fork(DEFAULT) if config.data is None else self._open(config.data)

    # --- making ---

    @cached_property
    def origin(self) -> World:
        """The seeded world that others are forks of; never written to. Made when first needed."""
        world = self.plant(self.config.seed, self.config.size)
        world.sealed = True
        world.store.weigh_from_now()
        return world

    def plant_within_memory(self, seed: int, size: int, settings: Mapping[str, Any],
                            clock: Clock | None = None) -> World:
        """The same as `plant`, within the memory that is left. Raises OutOfMemory."""
        try:
            return self.plant(seed, size, settings, clock, most=self._left if self.reserve(0, measure=True) else 0)
        except Full:
            raise OutOfMemory(self.config.memory) from None

    def defaults(self) -> dict[str, Any]:
        """Every vendor's settings, with those of the configuration. Raises ConfigError."""
        own = {name: item.default for name, item in self.known.items()}
        if self.config.locale:
            own |= dict.fromkeys((name for name, item in self.known.items() if item.name == "locale"),
                                 self.config.locale)
        return own | self.parse(self.config.set)

    def parse(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Vendors' settings ("vendor.setting") in their own types. Raises ConfigError."""
        values = {}
        for name, value in settings.items():
            if name not in self.known:
                raise ConfigError(unknown("setting", name, self.known, "`mocksrv settings` lists all"))
            try:
                values[name] = self.known[name].parse(value)
            except ValueError as error:
                raise ConfigError(f"setting {name}={value}: use {error}") from None
        return values

    def plant(self, seed: int, size: int, settings: Mapping[str, Any] | None = None, clock: Clock | None = None,
              most: int | None = None) -> World:
        """A new world, with these settings beside the defaults: accounts always, made-up data unless `size` is 0.

        The data is older than `clock`, without which the world has the machine's time.
        Raises Full when the documents take more than `most` bytes.
        """
        known = self.defaults() | dict(settings or {})
        world = World(DEFAULT, Store(self.specs), clock or Clock(), Generator(seed), known, self.config.limits)
        world.watcher = self.courier.watch
        world.store.ledger.most = most
        self._add_vendors(world, size, self.vendors)
        world.store.ledger.most = None
        if self.config.imports:
            self._import(world)
        return world

    def _import(self, world: World) -> None:
        """Put the own data of the configuration into a new world. Raises ConfigError that names each fault."""
        from mocksrv import imports

        files = [imports.read_file(path) for path in self.config.imports]
        try:
            with world.lock:
                imports.load(world, self.vendors, files, lambda done: self.progress(f"importing: {done} records ..."))
                world.commit()
        except imports.Faulty as error:
            raise ConfigError(f"nothing was imported:\n{error}") from None

    def _add_vendors(self, world: World, size: int, vendors: Iterable[Vendor[Any]]) -> None:
        """Add vendors to a world that lacks them: accounts, and made-up data."""
        with world.lock:
            for vendor in vendors:
                vendor.accounts(world)
                if size:
                    if size >= LONG:
                        self.progress(f"making {size} records of {vendor.title} ...")
                    vendor.seed(world, size)
                world.vendors.append(vendor.name)

    def load(self, name: str, data: dict[str, Any]) -> World:
        """The world of a `dump`. Raises KeyError, TypeError, ValueError, ... for what is not one."""
        return self._revive(name, Store.load(self.specs, data["tables"]), data)

    def _revive(self, name: str, store: Store, state: dict[str, Any]) -> World:
        """A world from its `World.state`. Raises ValueError, or ConfigError for a vendor's setting."""
        match state:
            case {"clock": clock, "seed": str() as seed, "draws": int() as draws, "settings": dict() as kept,
                  "vendors": list() as vendors} if 0 <= draws < 2**64:
                pass
            case _:
                raise ValueError("its clock, seed, draws, settings or vendors are not there")
        # Settings of vendors that this server was started without are kept as they are.
        kept = kept | self.parse({key: value for key, value in kept.items() if key in self.known})
        settings = self.defaults() | {key: value for key, value in kept.items() if key not in self.config.set}
        world = World(name, store, Clock.of(clock), Generator(seed, draws), settings, self.config.limits, vendors)
        world.watcher = self.courier.watch
        return world

    def _open(self, path: Path) -> World:
        """The default world from its file, or a fork of the origin that is written there."""
        try:
            store, state, existed = Store.open(self.specs, path)
        except (Damaged, InUse) as error:
            raise ConfigError(str(error)) from None
        except OSError as error:
            raise ConfigError(f"cannot use the data file {path}: {error.strerror}") from None
        if existed:
            try:
                world = self._revive(DEFAULT, store, state)
            except (ValueError, ConfigError) as error:
                store.close()
                raise ConfigError(str(Damaged(path, str(error)))) from None
            self._add_vendors(world, self.config.size, [v for v in self.vendors if v.name not in state["vendors"]])
        else:
            world = self.origin.fork(DEFAULT)
            store.replace(world.store)
            world.store = store
        world.store.weigh_from_now()
        with world.lock:
            world.commit()
        return world

    # --- finding and replacing ---

    def __getitem__(self, name: str) -> World:
        """The world of that name, made if it is new. Raises OtherProcess, TooManyWorlds or OutOfMemory."""
        world = self._worlds.get(name)
        if world is None:
            with self._lock:
                world = self._worlds.get(name)
                if world is None:
                    self._make_room(name)
                    world = self._worlds[name] = self.origin.fork(name)
        world.used = stopwatch()
        return world

    def _make_room(self, name: str) -> None:
        """Make room for a new world: drop those that nobody has used for long, when there are as many as there may be
        or memory is used up. Raises OtherProcess, TooManyWorlds or OutOfMemory."""
        if not self.shard.holds(name):
            raise OtherProcess(name, self.shard)
        if len(self._worlds) < self.config.worlds and self.reserve(EMPTY):
            return
        latest = stopwatch() - self.config.idle
        for other, world in list(self._worlds.items()):
            if other != DEFAULT and world.used < latest:
                del self._worlds[other]
        if len(self._worlds) >= self.config.worlds:
            raise TooManyWorlds(self.config.worlds)
        if not self.reserve(EMPTY, measure=True):
            raise OutOfMemory(self.config.memory)

    def reserve(self, size: int, *, held: bool = False, measure: bool = False) -> bool:
        """Whether there is memory for so many bytes more, or for those that some world holds already.

        Counted as they come; measured only when all seems used up, and journals give way first. No world's lock may
        be waited for here: the caller may have that of its own.
        """
        self._left -= size
        if self._left >= 0 and not measure:
            return True
        kept = [*self._worlds.values(), *(one.state for one in list(self.snapshots.values()))]
        room = self.config.memory * MEGABYTE - (0 if held else size)
        if sum(world.weight for world in kept) > room:
            for world in kept:
                world.journal.shrink(room // 4 // len(kept))
        self._left = room - sum(world.weight for world in kept)
        return self._left >= 0

    def check_room(self, size: int) -> None:
        """Raise HeavyBody where what a body says takes more than a quarter of the memory, or than is left."""
        if size > self.config.memory * MEGABYTE // 4 or (size > self._left and not (
                self.reserve(0, measure=True) and size <= self._left)):
            raise HeavyBody(self.config.memory)

    def __iter__(self) -> Iterator[World]:
        return iter(list(self._worlds.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._worlds

    def reset(self, name: str) -> World:
        """Begin again: the seeded origin under that name."""
        return self.replace(name, self.origin)

    def replace(self, name: str, source: World) -> World:
        """Put a fork of `source` in the place of the world of that name.

        Raises OtherProcess, TooManyWorlds or OutOfMemory.
        """
        with self.writing(name) as old:
            if old is None:
                self._make_room(name)
            new = source.fork(name)
            more = new.weight - (EMPTY if old is None else old.weight)
            if more > 0 and not self.reserve(more):
                raise OutOfMemory(self.config.memory)
            if old is not None and old.store.on_disk:
                # Two worlds with a lock each must not write one file: what is still in flight ends in memory.
                fresh, file = new.store, old.store
                new.store, old.store = file, file.fork()
                file.replace(fresh)
            self._worlds[name] = new
            with new.lock:
                new.commit()
        return new

    @contextmanager
    def writing(self, name: str) -> Iterator[World | None]:
        """Hold the list of worlds, and the world of that name if there is one."""
        with self._lock:
            old = self._worlds.get(name)
            if old is None:
                yield None
            else:
                with old.lock:
                    yield old

    def delete(self, name: str) -> bool:
        """Forget a world, and its snapshots unless they are to last; the default one starts again instead."""
        self.forget_snapshots(name)
        if name == DEFAULT:
            self.reset(name)
            return True
        with self._lock:
            return self._worlds.pop(name, None) is not None

    def hold(self, shard: Shard) -> list[str]:
        """Become another shard. Worlds that other processes hold from now on wait in `leaving`; returns their names."""
        with self._lock:
            self.shard = shard
            for name in [name for name in self._worlds if not shard.holds(name)]:
                world = self._worlds[name]
                with world.lock:  # what is being answered ends first
                    world.moved = OtherProcess(name, shard)
                    self.leaving[name] = self._worlds.pop(name)
                self.forget_snapshots(name)
            return list(self.leaving)

    # --- snapshots ---

    def snapshots_of(self, name: str) -> dict[str, Snapshot]:
        """The snapshots of the world of that name, by their own."""
        return {label: one for (world, label), one in list(self.snapshots.items()) if world == name}

    def keep(self, name: str, label: str, state: World, lasting: bool = False) -> None:
        """Keep a fork as a snapshot of the world of that name. Raises OutOfMemory."""
        before = self.snapshots[name, label].state.weight if (name, label) in self.snapshots else 0
        if not self.reserve(state.weight - before):
            raise OutOfMemory(self.config.memory)
        state.sealed = True
        self.snapshots[name, label] = Snapshot(state, lasting)

    def forget_snapshots(self, name: str) -> None:
        """Forget the snapshots of a world, but for those that are to last."""
        for label, one in self.snapshots_of(name).items():
            if not one.lasting:
                self.snapshots.pop((name, label), None)

    def close(self) -> None:
        for world in self:
            world.store.close()
