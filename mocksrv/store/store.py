"""A world's tables together, in memory or on disk: a TinyDB that people can query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, cast

import orjson
from tinydb import TinyDB
from tinydb.storages import MemoryStorage
from tinydb.table import Document

from mocksrv.store.disk import DataFile, Meta, fragments
from mocksrv.store.errors import Damaged
from mocksrv.store.index import Doc, TableSpec
from mocksrv.store.ledger import Ledger
from mocksrv.store.row import uncollected
from mocksrv.store.table import Table


class Store(TinyDB):
    """Tables by name. Not for several threads at once, but its forks may be used by others meanwhile.

    A TinyDB: ``store.table("cht.medic").search(where("type") == "person")``. Its tables are declared beforehand, keep
    their documents themselves, and reach the storage by `commit` alone.
    """

    table_class = Table  # type: ignore[assignment]
    _tables: dict[str, Table]  # type: ignore[assignment]

    def __init__(self, specs: Iterable[TableSpec], file: DataFile | None = None) -> None:
        super().__init__(storage=lambda: file or MemoryStorage())  # type: ignore[no-untyped-call]
        self.declared = self._tables  # by name, for those who look up many
        self._file = file
        self.ledger = Ledger()
        self._unwritten = False  # the file has to be written as a whole
        for spec in specs:
            self._add(spec)

    def _table(self, spec: TableSpec) -> Table:
        return self._tables[spec.name] if spec.name in self._tables else self._add(spec)

    def _add(self, spec: TableSpec) -> Table:
        table = Table(self._storage, spec, self.ledger)
        table.changed = None if self._file is None else {}
        self._tables[spec.name] = table
        return table

    def table(self, name: str, **_options: Any) -> Table:
        """Raises KeyError for a table that nobody has declared."""
        return self._tables[name]

    def __getitem__(self, name: str) -> Table:
        return self.table(name)

    def tables(self) -> set[str]:
        return set(self._tables)

    def each_table(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def drop_table(self, name: str) -> None:
        """A declared table stays, without documents."""
        self.table(name).truncate()

    def drop_tables(self) -> None:
        for table in self.each_table():
            table.truncate()

    def __len__(self) -> int:
        return sum(map(len, self.each_table()))

    def __iter__(self) -> Iterator[Document]:
        """The documents of all tables."""
        return chain.from_iterable(self.each_table())

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)  # there is no default table to ask

    def fork(self) -> Store:
        """An independent copy, in memory, at a cost that does not depend on the documents."""
        copy = Store(())
        copy.ledger = Ledger(self.ledger.weight)
        copy.declared |= {table.name: table.fork(copy._storage, copy.ledger) for table in self.each_table()}
        return copy

    def weigh_from_now(self) -> None:
        """Count the documents as weightless: only later writes count as memory of this store."""
        for table in self.each_table():
            table.weigh_from_now()
        self.ledger.weight = 0

    def replace(self, other: Store) -> None:
        """Take on the content of a store with the same tables; tables that were handed out show it too.

        On disk it replaces the old content with the next commit, which writes the whole file.
        """
        for theirs in other.each_table():
            self._table(theirs.spec).take(theirs)
        for mine in self.each_table():
            if mine.name not in other._tables:
                mine.truncate()
        self.ledger.end()
        self.ledger.weight = other.ledger.weight
        self._unwritten = True

    def dump(self) -> dict[str, dict[str, Doc]]:
        """All documents, ``{table: {id: document}}``: the shape of TinyDB's file."""
        return {table.name: {row.place[1]: row.copy() for row in table.rows()} for table in self.each_table()}

    @classmethod
    def load(cls, specs: Iterable[TableSpec], data: Mapping[str, Mapping[str, Doc]]) -> Store:
        """The store of a dump. A table without a spec is kept, without indexes."""
        store = cls(specs)
        for name, docs in data.items():
            table = store._table(TableSpec(name))
            table.load_many(docs.items())
        return store

    # On disk

    @classmethod
    def open(cls, specs: Iterable[TableSpec], path: Path) -> tuple[Store, dict[str, Any], bool]:
        """The store of a data file, the meta of its last commit, and whether the file was there.

        Raises Damaged, InUse or OSError; the file is left as it is then. A new file is written by the first
        commit.
        """
        file = DataFile(path)
        store = cls((), file)
        try:
            with uncollected():
                data = file.read()
                for spec in specs:
                    store._add(spec)
                for name, docs in (data or {}).items():
                    store._adopt(name, docs)
        except BaseException:
            file.close()
            raise
        store._unwritten = data is None
        return store, {name: orjson.loads(json) for name, json in file.meta.items()}, data is not None

    def _adopt(self, name: str, docs: dict[str, Doc]) -> None:
        try:
            self._table(TableSpec(name)).adopt(docs)
        except Exception as error:
            reason = f"its table {name} has a document that does not belong there ({error!r})"
            raise Damaged(cast(DataFile, self._file).path, reason) from error

    @property
    def on_disk(self) -> bool:
        return self._file is not None

    def commit(self, meta: Mapping[str, Any]) -> None:
        """Write the changes since the last commit to disk, with ``meta``: they survive the process being killed.

        After an OSError the caller must undo. If nothing but the meta has changed, failing to write it is not an error:
        the next commit includes it. In memory there is nothing to do.
        """
        file = self._file
        if file is None:
            return
        latest = {name: orjson.dumps(value) for name, value in meta.items()}
        if self._unwritten:
            self._rewrite(file, latest)
            return
        record: dict[str, Any] = {}
        changed = [self._tables[name] for name in self.ledger.changed]
        for table in changed:
            drop, put = table.delta()
            if drop:
                record.setdefault("drop", {})[table.name] = drop
            if put:
                record.setdefault("put", {})[table.name] = put
        if latest != file.meta:  # few of its members change, and all settings are among them
            record["meta"] = fragments({name: json for name, json in latest.items() if file.meta.get(name) != json})
        if record:
            try:
                file.append(record)
            except OSError:
                if record.keys() == {"meta"}:
                    return
                raise
        self._committed(file, latest, changed)
        if file.outgrown():
            with suppress(OSError):  # the log has it all, if it cannot be shortened now
                self._rewrite(file, latest)

    def compact(self) -> None:
        """Write the file as a whole, as of the last commit's meta, and begin a new log."""
        if self._file is not None:
            self._rewrite(self._file, self._file.meta)

    def _rewrite(self, file: DataFile, meta: Meta) -> None:
        file.write({table.name: table.fragments() for table in self.each_table()}, meta)
        self._committed(file, meta, self.each_table())
        self._unwritten = False

    def _committed(self, file: DataFile, meta: Meta, changed: Iterable[Table]) -> None:
        file.meta = meta
        self.ledger.changed = {}
        for table in changed:
            table.changed = {}
