"""The tables of a world together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tinydb.storages import MemoryStorage, Storage

from mocksrv.store.index import Doc, TableSpec
from mocksrv.store.table import Table


class Store:
    """Tables by name. Not for several threads at once, but its forks may be used by others meanwhile."""

    def __init__(self, specs: Iterable[TableSpec]) -> None:
        self.storage: Storage = MemoryStorage()  # type: ignore[no-untyped-call]
        self._tables = {spec.name: Table(self.storage, spec) for spec in specs}

    def table(self, name: str) -> Table:
        return self._tables[name]

    __getitem__ = table

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    @property
    def on_disk(self) -> bool:
        return False

    def replace(self, other: Store) -> None:
        """Take on the content of another store; tables that were handed out show it too."""
        for table in self:
            table.take(other[table.name])

    def commit(self, meta: dict[str, Any]) -> None:
        """Nothing to do for a store in memory."""

    def close(self) -> None:
        """Nothing to do for a store in memory."""

    def fork(self) -> Store:
        """An independent copy, in memory, at a cost that does not depend on the documents."""
        copy = Store(())
        copy._tables = {name: table.fork(copy.storage) for name, table in self._tables.items()}
        return copy

    def dump(self) -> dict[str, dict[str, Doc]]:
        """All documents, ``{table: {id: document}}``: the shape of TinyDB's file."""
        return {table.name: {doc.doc_id: dict(doc) for doc in table} for table in self}  # type: ignore[misc]

    @classmethod
    def load(cls, specs: Iterable[TableSpec], data: Mapping[str, Mapping[str, Doc]]) -> Store:
        """The store of a dump. A table without a spec is kept, without indexes."""
        store = cls(specs)
        for name, docs in data.items():
            if name not in store._tables:
                store._tables[name] = Table(store.storage, TableSpec(name))
            store[name].load_many(docs.items())
        return store
