"""One table: documents by id, their indexes, and TinyDB's queries where no index serves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from copy import copy
from typing import Any

import orjson
from tinydb.queries import QueryLike
from tinydb.storages import Storage
from tinydb.table import Document
from tinydb.table import Table as TinyTable

from mocksrv.store import tree
from mocksrv.store.buckets import Buckets
from mocksrv.store.errors import Exists, Missing
from mocksrv.store.index import Doc, HashIndex, OrderedIndex, TableSpec, build, reindex
from mocksrv.store.ledger import EACH, TIMES, Ledger, weigh
from mocksrv.store.row import Row, clean, clean_id, encode, following, fresh, uncollected


class Table(TinyTable):
    """Documents by text ids, copied in and copied out, in the order of their insertion.

    Where TinyDB makes up ids and changes what a query finds, this table takes the id first:
    ``insert(id, doc)``, ``get(id)``, ``update(id, changes)``, ``count(index, key)``. TinyDB's ``search``,
    ``contains``, ``remove`` and ``truncate`` keep their meaning; ``upsert`` and ``insert_multiple`` do not
    apply.
    """

    document_id_class = str  # type: ignore[assignment]

    def __init__(self, storage: Storage, spec: TableSpec, ledger: Ledger) -> None:
        super().__init__(storage, spec.name)
        self.spec = spec
        self._ledger = ledger
        self.version = 0
        self.changed: dict[str, Row | None] | None = None
        """What each id held when this was last emptied, if changes are followed."""
        self._owner = object()
        self._next = 0
        self._size = 0
        self._rows = Buckets(self._owner)
        self._settled = Buckets(None)
        self._order: tree.Node = tree.Leaf(self._owner, [])
        self._indexes: dict[str, HashIndex | OrderedIndex] = {
            name: build(index, self._owner) for name, index in spec.indexes.items()
        }

    # Reading

    def get(self, id: str) -> Doc | None:  # type: ignore[override]
        """A copy of the document."""
        row = self._rows.get(id)
        return None if row is None else orjson.loads(row.json)

    def peek(self, id: str) -> Mapping[str, Any] | None:
        """The stored document itself, which must not be changed."""
        row: Row | None = self._rows.get(id)
        if row is None:
            return None
        if row.seen is None:  # as `Row.doc`, without the cost of a call
            row.seen = orjson.loads(row.json)
        return row.seen

    def made(self, id: str, form: Hashable, make: Callable[[Doc], Any]) -> Any:
        """What `make` makes of the document, in a form such as an API's, which must depend on nothing else. Cached."""
        row: Row = self._rows.get(id)
        return row.made(form, make)

    def json(self, id: str) -> bytes | None:
        """The document as compact UTF-8 JSON."""
        row = self._rows.get(id)
        return None if row is None else row.json

    def __contains__(self, id: object) -> bool:
        return self._rows.get(id) is not None

    def __len__(self) -> int:
        return self._size

    def ids(self) -> Iterator[str]:
        """In the order of insertion, as they are now: later changes do not show."""
        self._owner = object()
        return (id for _, id in tree.walk(self._order))

    def all(self) -> Iterator[Mapping[str, Any]]:  # type: ignore[override]
        """The stored documents, which must not be changed; in the order of insertion, as they are now."""
        return (row.doc for row in self.rows())

    def each(self, ids: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        """The stored documents with these ids, which must not be changed; not cached, for callers that read many once.
        """
        rows = map(self._rows.get, ids)
        return (row.parse_once() for row in rows if row is not None)

    def rows(self) -> Iterator[Row]:
        rows = self._rows
        return (rows.get(id) for id in self.ids())

    def __iter__(self) -> Iterator[Document]:
        return (Document(row.copy(), row.place[1]) for row in self.rows())  # type: ignore[arg-type]

    # Indexes

    def by(self, index: str, key: Any) -> list[str]:
        """The ids under a key: by insertion in a hash index, by id in an ordered one."""
        return self._indexes[index].ids(key)

    def first(self, index: str, key: Any) -> str | None:
        return self._indexes[index].first(key)

    def count(self, index: str, key: Any) -> int:  # type: ignore[override]
        return self._indexes[index].count(key)

    def size(self, index: str) -> int:
        return self._indexes[index].size

    def range(
        self, index: str, low: Any = None, high: Any = None, *, include_low: bool = True, include_high: bool = True,
        after: tuple[Any, str] | None = None, skip: int = 0, limit: int | None = None, reverse: bool = False,
    ) -> list[tuple[Any, str]]:
        """The entries ``(key, id)`` of an ordered index from one key to another, by key, then id.

        With ``after``, an entry that need not exist, only what follows it in the direction of reading.
        """
        bounds = OrderedIndex.bounds(low, high, include_low, include_high, after, reverse)
        return self._ordered(index).range(bounds, skip, limit, reverse)

    def rank(
        self,
        index: str,
        low: Any = None,
        high: Any = None,
        *,
        include_low: bool = True,
        include_high: bool = True,
        after: tuple[Any, str] | None = None,
        reverse: bool = False,
    ) -> int:
        """How many entries the range has."""
        bounds = OrderedIndex.bounds(low, high, include_low, include_high, after, reverse)
        start, stop = self._ordered(index).span(bounds)
        return max(stop - start, 0)

    def _ordered(self, name: str) -> OrderedIndex:
        index = self._indexes[name]
        if isinstance(index, OrderedIndex):
            return index
        raise TypeError(f"index {name!r} of {self.name} has no order")

    # Queries

    def search(self, cond: QueryLike) -> list[Document]:
        """Copies of the documents that match, in the order of insertion, each with its ``doc_id``.

        Every document is tried, unless the query is ``==`` on a field that has a hash index.
        """
        return [Document(row.copy(), row.place[1]) for row in self._found(cond)]  # type: ignore[arg-type]

    def matching(self, cond: QueryLike) -> Iterator[Mapping[str, Any]]:
        """The same, but the stored documents, which must not be changed."""
        return (row.doc for row in self._found(cond))

    def _found(self, cond: QueryLike) -> Iterator[Row]:
        ids = self._candidates(cond)
        rows = self.rows() if ids is None else (self._rows.get(id) for id in ids)
        return (row for row in rows if cond(row.doc))

    def contains(self, cond: QueryLike | None = None, doc_id: str | None = None) -> bool:  # type: ignore[override]
        if cond is None:
            return doc_id in self
        return any(map(cond, self.all()))

    def _candidates(self, cond: QueryLike) -> list[str] | None:
        # What a TinyDB query compares is in the value it is hashed by: ("==", path, value).
        match getattr(cond, "_hash", None):
            case ("==", path, str() | int() | float() | None as value):
                for name, index in self.spec.indexes.items():
                    if index.path == path and not index.ordered:
                        return self.by(name, value)
        return None

    # Writing

    def insert(self, id: str, doc: Doc) -> None:  # type: ignore[override]
        """Raises Exists if the id is taken, TypeError or ValueError if the document is not JSON."""
        if self._rows.get(id) is not None:
            raise Exists(self.name, id)
        self._insert(id, doc)

    def put(self, id: str, doc: Doc) -> None:
        """Insert or replace; a replaced document keeps its place."""
        old: Row | None = self._rows.get(id)
        if old is None:
            self._insert(id, doc)
        else:
            self._replace(old, *following(old, doc, whole=True))

    def update(self, id: str, changes: Mapping[str, Any]) -> Doc:  # type: ignore[override]
        """Set top-level fields; returns a copy of the new document."""
        old: Row | None = self._rows.get(id)
        if old is None:
            raise Missing(self.name, id)
        row, before, after = following(old, changes, whole=False)
        self._replace(old, row, before, after)
        return after

    def delete(self, id: str) -> Doc:
        """Returns the document that was there."""
        old: Row | None = self._rows.get(id)
        if old is None:
            raise Missing(self.name, id)
        doc = old.copy()
        reindex(self._indexes, self.spec, old.place, doc, None, self._owner)
        self._follow(id, old, None)
        self._order = tree.remove(self._order, old.place, self._owner)
        self._rows = self._rows.drop(id, self._owner)
        self._size -= 1
        return doc

    def _insert(self, id: str, doc: Doc) -> None:
        row, copy = fresh((self._next, id), doc)
        if self._ledger.most is not None:
            self._ledger.check()
        reindex(self._indexes, self.spec, row.place, None, copy, self._owner)
        self._place(row, None)

    def _replace(self, old: Row, row: Row, before: Doc, after: Doc) -> None:
        if self._ledger.most is not None:
            self._ledger.check()
        reindex(self._indexes, self.spec, row.place, before, after, self._owner)
        self._place(row, old)

    def _place(self, row: Row, old: Row | None) -> None:
        self._follow(row.place[1], old, row)
        if old is None:
            self._order = tree.add(self._order, row.place, self._owner)
            self._next = max(self._next, row.place[0] + 1)
            self._size += 1
        self._rows = self._rows.set(row.place[1], row, self._owner)

    def _follow(self, id: str, old: Row | None, new: Row | None) -> None:
        self.version += 1
        ledger = self._ledger
        if ledger.steps is not None:
            ledger.steps.append((self, id, old))
        if new is not None:
            ledger.weight += EACH + TIMES * len(new.json)
        if old is not None and self._settled.get(id) is not old:
            ledger.weight -= EACH + TIMES * len(old.json)
        if self.changed is not None:
            self.changed.setdefault(id, old)
            ledger.changed[self.spec.name] = None

    def restore(self, id: str, old: Row | None) -> None:
        """Take back one write: make it what was there before, in its old place."""
        row = self._rows.get(id)
        if old is not None:
            reindex(self._indexes, self.spec, old.place, row.copy() if row else None, old.copy(), self._owner)
            self._place(old, row)
        elif row is not None:
            self.delete(id)

    def weigh_from_now(self) -> None:
        """Count the documents that the table holds now as weightless in the ledger."""
        self._owner, self._settled = object(), self._rows  # which is not written in place any more

    # As a whole

    def load_many(self, pairs: Iterable[tuple[str, Doc]]) -> None:
        """Insert many documents: into an empty table at once, all or nothing; else one by one."""
        if self._size:
            for id, doc in pairs:
                self.insert(id, doc)
        else:
            with uncollected():
                self._fill((id, *clean(doc)) for id, doc in pairs)

    def _fill(self, parts: Iterable[tuple[str, Doc, bytes]]) -> None:
        """Fill an empty table: id, document, its JSON. The documents are only looked at."""
        owner, weight = object(), 0
        rows: dict[str, Row] = {}
        found: dict[str, list[Any]] = {name: [] for name in self._indexes}
        for number, (id, doc, json) in enumerate(parts, self._next):
            if id in rows:
                raise Exists(self.name, id)
            place = (number, clean_id(id))
            rows[id] = Row(place, json)
            weight += weigh(len(json))
            self._ledger.check(weight)
            for name, keys in self.spec.keys_of(doc).items():
                found[name].extend((key, place) for key in dict.fromkeys(keys))
        fresh = {name: build(index, owner) for name, index in self.spec.indexes.items()}
        for name, index in fresh.items():
            index.fill(found.pop(name), owner)
        self._rows = Buckets.of(owner, rows)
        self._order = tree.tree(owner, [row.place for row in rows.values()])
        self._owner, self._indexes, self._size = owner, fresh, len(rows)
        self._next += len(rows)
        for id, row in rows.items():
            self._follow(id, None, row)

    def adopt(self, docs: Mapping[str, Doc]) -> None:
        """Fill an empty table with documents that were read from JSON for it: they are not copied."""
        self._fill((id, doc, encode(doc)) for id, doc in docs.items())
        if self.changed is not None:
            self.changed = {}

    def delta(self) -> tuple[list[str], dict[str, orjson.Fragment]]:
        """What leads from ``changed`` to now: ids to delete first, then documents to put, in this order."""
        drop = []
        put = []
        for id, old in (self.changed or {}).items():
            row = self._rows.get(id)
            if old is not None and (row is None or row.place != old.place):
                drop.append(id)
            if row is not None and row is not old:
                put.append(row)
        put.sort(key=lambda row: row.place)
        return drop, {row.place[1]: orjson.Fragment(row.json) for row in put}

    def fragments(self) -> dict[str, orjson.Fragment]:
        """All documents as ready-made JSON."""
        return {row.place[1]: orjson.Fragment(row.json) for row in self.rows()}

    def fork(self, storage: Storage, ledger: Ledger) -> Table:
        """A copy, at the same cost whatever the table holds; its changes are not followed."""
        twin = copy(self)
        twin._storage, twin._ledger = storage, ledger
        twin.changed = None
        twin.take(self)
        return twin

    def take(self, other: Table) -> None:
        """Become a copy of a table with the same spec; both share everything until one of them writes."""
        other._owner = object()
        self._owner = object()
        self._next = other._next
        self._size = other._size
        self._rows, self._settled = other._rows, other._settled
        self._order = other._order
        self._indexes = {name: index.fork() for name, index in other._indexes.items()}
        self.version = max(self.version, other.version) + 1

    # TinyDB's own methods that change what a query finds come here.

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        return {row.place[1]: row.doc for row in self.rows()}

    def _update_table(self, updater: Callable[[dict[Any, Any]], None]) -> None:
        before = self._read_table()
        after = {id: orjson.loads(encode(doc)) for id, doc in before.items()}
        updater(after)
        for id, doc in before.items():
            if id not in after:
                self.delete(id)
            elif after[id] != doc:
                self.put(id, after[id])
        for id in after.keys() - before.keys():
            self.insert(id, after[id])
