"""Own data: accounts, settings and records out of files, checked by the vendors' own rules, all or nothing.

A vendor says which tables it takes (`Vendor.importable`); each has a function that puts one record into a world and
raises `Wrong` for what its rules refuse, and one that gives the records back in the same form.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from mocksrv.config import ConfigError
from mocksrv.imports.sources import LARGEST, Entry, File, Unreadable, Wrong, entries
from mocksrv.imports.templates import Templates
from mocksrv.world import World


class Vendor(Protocol):
    """What is asked of a vendor."""

    name: str

    def importable(self) -> Sequence[Table]: ...


Record = dict[str, Any]
SHOWN = 20  # faults that are told; then it is given up
STEP = 1_000  # records between two signs of progress
PROGRESS = "imports.progress"  # in a world's memory: how many records are in


class Table(NamedTuple):
    """What a vendor takes under a name: how one record goes in, and how all come out again."""

    name: str
    about: str
    take: Callable[[World, Record], None]
    give: Callable[[World], Iterable[Record]] = lambda _world: ()
    single: bool = False  # one object instead of a list


class Fault(NamedTuple):
    """What is wrong with a file, and where."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {place}{self.text}"


class Faulty(Exception):
    """Files that cannot be imported; nothing of them is there."""

    def __init__(self, faults: Sequence[Fault], more: bool = False) -> None:
        super().__init__("\n".join([*map(str, faults), *(["... and more"] if more else [])]))
        self.faults, self.more = faults, more


def tables(vendors: Iterable[Vendor]) -> dict[str, Table]:
    """What can be imported, by `vendor.table`."""
    return {f"{vendor.name}.{table.name}": table for vendor in vendors for table in vendor.importable()}


def load(world: World, vendors: Iterable[Vendor], files: Sequence[File],
         progress: Callable[[int], None] = lambda _done: None, most: int | None = None) -> dict[str, int]:
    """Put the records of files into a world; how many by table. Raises Faulty, or Full beyond `most` bytes.

    The world's lock must be held: nobody sees a part of it.
    """
    known = tables(vendors)
    counts: dict[str, int] = {}
    faults: list[Fault] = []
    done = 0
    world.begin()
    world.store.ledger.most = most
    try:
        for file in files:
            for entry, found in read(world, file, known, faults):
                try:
                    for record in found:
                        known[entry.table].take(world, record)
                        counts[entry.table] = counts.get(entry.table, 0) + 1
                        done += 1
                        if done % STEP == 0:
                            world.memory[PROGRESS] = done
                            progress(done)
                except Wrong as error:
                    faults.append(fault(file, entry, error))
                if len(faults) >= SHOWN:
                    raise Faulty(faults, more=True)
        if faults:
            raise Faulty(faults)
    except BaseException:
        world.store.ledger.most = None
        world.undo()
        raise
    finally:
        world.memory.pop(PROGRESS, None)
    world.store.ledger.most = None
    return counts


def read_file(path: str) -> File:
    """A file of the disk. Raises ConfigError."""
    try:
        if os.stat(path).st_size > LARGEST:
            raise ConfigError(f"{path} has more than {LARGEST // 2**20} MB: divide it")
        with open(path, encoding="utf-8", newline="") as source:
            return File(os.path.basename(path), source.read())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8: {error.reason} at byte {error.start}") from None


def read(world: World, file: File, known: Mapping[str, Table],
         faults: list[Fault]) -> Iterator[tuple[Entry, Iterator[Record]]]:
    """The entries of a file with the records that each stands for; what cannot be read at all is a fault."""
    templates = Templates(world)
    try:
        for entry in entries(file):
            if entry.table not in known:
                near = difflib.get_close_matches(entry.table, known, 3) or list(known)
                faults.append(fault(file, entry, Wrong(f"there is no table {entry.table!r}: use {', '.join(near)}")))
            elif not isinstance(entry.record, dict):
                faults.append(fault(file, entry, Wrong("a record is an object")))
            elif known[entry.table].single != entry.single:
                form = "one object" if known[entry.table].single else "a list of objects"
                faults.append(fault(file, entry, Wrong(f"{entry.table} takes {form}")))
            else:
                yield entry, templates.records(entry.record)
            if len(faults) >= SHOWN:
                raise Faulty(faults, more=True)
    except Unreadable as error:
        faults.append(Fault(file.name, error.line, error.column, "", str(error)))


def fault(file: File, entry: Entry, error: Wrong) -> Fault:
    line, column = entry.where(error.path)
    inner = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in error.path)
    return Fault(file.name, line, column, f"{entry.path}{inner}", str(error))


def dump(world: World, vendors: Iterable[Vendor], wanted: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """The records of a world in the form in which they are imported: by vendor and table; all, or those wanted."""
    known, wanted = tables(vendors), set(wanted)
    found: dict[str, dict[str, Any]] = {}
    for name, table in known.items():
        if wanted and name not in wanted:
            continue
        vendor, _, own = name.partition(".")
        records = list(table.give(world))
        if records:
            found.setdefault(vendor, {})[own] = records[0] if table.single else records
    return found


__all__ = ["Entry", "Fault", "Faulty", "File", "Record", "Table", "Wrong", "dump", "load", "read_file", "tables"]
