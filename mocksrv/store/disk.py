"""A store on disk: TinyDB's JSON file, which people can read, and beside it a log of what changed since.

    data.json       {"_store": {"snapshot": {"generation": 3, "meta": {...}}}, table: {id: document}, ...}
    data.json.log   one line a commit: the CRC-32 of the JSON behind it, a space, the JSON
                    {"generation": 3}
                    {"drop": {table: [id]}, "put": {table: {id: document}}, "meta": {what changed of it}}

A snapshot is written beside the file, synced and renamed, and only then is the log begun anew. A log of an
older generation than its snapshot is therefore part of it already: the process was killed between the two.
Opening changes neither file; what a killed process left is cut off by the first commit.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
from tinydb.storages import Storage

from mocksrv.store.errors import Damaged, InUse

OWN = "_store"  # the table with facts about the file itself
LOG_AT_LEAST = 1 << 20  # bytes of a log that are never worth a new snapshot

Tables = dict[str, dict[str, Any]]
Meta = Mapping[str, bytes]  # the JSON of each member


class DataFile(Storage):
    """The two files, locked while they are open. ``append`` is what TinyDB's storages lack."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self.log = Path(f"{self.path}.log")
        self.meta: Meta = {}
        """The meta that was written last."""
        self._generation = 0
        self._log_size = 0  # bytes of whole lines
        self._log_ready = False  # whether the log is cut to that and has its first line
        self._log_limit = LOG_AT_LEAST
        if self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        # The lock is on the log: it stays one file all its life, while each snapshot is a new one.
        self._snapshot = -1  # locked, too: a hard link leads another server past the log to the same snapshot
        self._fd = os.open(self.log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            _lock(self._fd, self.path)
        except BaseException:
            os.close(self._fd)
            raise

    def read(self) -> Tables | None:
        """The tables, with the log applied; None if there is no file yet. Raises Damaged."""
        raw = os.pread(self._fd, os.fstat(self._fd).st_size, 0)
        try:
            self._hold(os.open(self.path, os.O_RDONLY))
            snapshot = self.path.read_bytes()
        except FileNotFoundError:
            if raw:
                raise self._damaged(f"it is missing, but its log {self.log.name} is there") from None
            return None
        tables, own = self._parse(snapshot)
        *lines, torn = raw.split(b"\n")
        records = self._records(lines)
        generation = next(records, {"generation": 0}).get("generation")
        if generation is None:
            raise self._damaged(f"its log {self.log.name} does not begin with a generation")
        if generation > own["generation"]:
            raise self._damaged(f"its log {self.log.name} belongs to a newer snapshot")
        current = generation == own["generation"]
        if current:
            self._replay(tables, records, own["meta"])
        self.meta = {name: orjson.dumps(value) for name, value in own["meta"].items()}
        self._generation = own["generation"]
        self._log_limit = max(len(snapshot), LOG_AT_LEAST)
        # The process was killed while it wrote the last line, before any client saw its answer.
        self._log_size = len(raw) - len(torn) if current else 0
        return tables

    def _parse(self, snapshot: bytes) -> tuple[Tables, dict[str, Any]]:
        try:
            tables = orjson.loads(snapshot)
        except ValueError as error:
            raise self._damaged(f"it is not complete JSON ({error})" if snapshot else "it is empty") from None
        match tables:
            case {"_store": {"snapshot": {"generation": int(), "meta": dict()} as own}}:
                del tables[OWN]
            case _:
                raise self._damaged("it is not one of ours: its table _store is missing")
        for name, docs in tables.items():
            if not isinstance(docs, dict) or not all(isinstance(doc, dict) for doc in docs.values()):
                raise self._damaged(f"its table {name} is not an object of objects")
        return tables, own

    def _records(self, lines: list[bytes]) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(lines, 1):
            json = line[9:]
            if line[:9] != b"%08x " % crc32(json):
                raise self._damaged(f"line {number} of its log {self.log.name} is not what was written")
            yield orjson.loads(json)

    def _replay(self, tables: Tables, records: Iterator[dict[str, Any]], meta: dict[str, Any]) -> None:
        """Apply the records to the tables and to the meta."""
        for record in records:
            for name, ids in record.get("drop", {}).items():
                for id in ids:
                    if tables.get(name, {}).pop(id, None) is None:
                        raise self._damaged(f"its log {self.log.name} deletes {id!r}, which is not there")
            for name, docs in record.get("put", {}).items():
                tables.setdefault(name, {}).update(docs)
            meta |= record.get("meta", {})

    def write(self, data: Mapping[str, Mapping[str, Any]], meta: Meta | None = None) -> None:
        """A new snapshot, and an empty log. Without `meta` the last one stays."""
        meta = self.meta if meta is None else meta
        self._log_limit = 2 * self._log_size  # if this fails, try again much later
        own = {"snapshot": {"generation": self._generation + 1, "meta": fragments(meta)}}
        tables = [_table(name, docs) for name, docs in {OWN: own, **data}.items()]
        text = b"{\n" + b",\n".join(tables) + b"\n}\n"
        fresh = Path(f"{self.path}.new")
        try:
            with open(fresh, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                shutil.copymode(self.path, fresh)
            held = os.open(fresh, os.O_RDONLY)
            try:
                os.replace(fresh, self.path)
            except BaseException:
                os.close(held)
                raise
            self._hold(held)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        self.meta = meta
        self._generation += 1
        self._log_size = 0
        self._log_ready = False
        self._log_limit = max(len(text), LOG_AT_LEAST)
        _sync_folder(self.path.parent)
        with suppress(OSError):  # the next append tries again
            self._prepare_log()

    def append(self, record: dict[str, Any]) -> None:
        """Append a line; when this returns the operating system has it."""
        json = orjson.dumps(record)
        if not self._log_ready:
            self._prepare_log()
        self._write_line(json)

    def _hold(self, fd: int) -> None:
        """Lock a snapshot in the place of the one before. Raises InUse."""
        try:
            _lock(fd, self.path)
        except BaseException:
            os.close(fd)
            raise
        if self._snapshot >= 0:
            os.close(self._snapshot)
        self._snapshot = fd

    def outgrown(self) -> bool:
        """Whether the log is longer than the snapshot, so that a new one is worth its cost."""
        return self._log_size > self._log_limit

    def close(self) -> None:
        for fd in (self._fd, self._snapshot):
            if fd >= 0:
                os.close(fd)
        self._fd = self._snapshot = -1

    def _prepare_log(self) -> None:
        os.ftruncate(self._fd, self._log_size)
        if not self._log_size:
            self._write_line(orjson.dumps({"generation": self._generation}))
        self._log_ready = True

    def _write_line(self, json: bytes) -> None:
        line = memoryview(b"%08x %s\n" % (crc32(json), json))
        try:
            written = 0
            while written < len(line):
                written += os.write(self._fd, line[written:])
        except OSError:
            self._log_ready = False  # a full disk must not leave half a line in front of the next one
            raise
        self._log_size += len(line)

    def _damaged(self, reason: str) -> Damaged:
        return Damaged(self.path, reason)


def fragments(meta: Meta) -> dict[str, orjson.Fragment]:
    return {name: orjson.Fragment(json) for name, json in meta.items()}


def _table(name: str, docs: Mapping[str, Any]) -> bytes:
    lines = [orjson.dumps(id) + b":" + orjson.dumps(doc) for id, doc in docs.items()]
    return orjson.dumps(name) + b":{\n" + b",\n".join(lines) + b"\n}"


def _lock(fd: int, path: Path) -> None:
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse(path) from None


def _sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(fd)
    finally:
        os.close(fd)
