"""The rows of a view, brought up to date when it is read with the documents that changed since.

That is CouchDB's way, too: a view costs nothing until it is asked for, and then only what is new. Rows are never
changed in place: new versions share most parts with the old ones, and forked worlds share what they have in common.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

import orjson

from mocksrv.store import TOP, tree
from mocksrv.vendors.cht.couch import collation, erlang
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.node import json_text
from mocksrv.world import World

Emitted = Iterable[tuple[Any, Any]]
Name = tuple[str, str, str]  # database, design document, view
# A row: its place in the order of keys, its id, its number among those of the document, and its key and value as JSON,
# the end of an object. There may be millions, and the garbage collector does not track such tuples.
Row = tuple[bytes, str, int, bytes]
PART, OF_PART = 8192, 32  # approximate number of rows that are sorted at a time, and the number sampled before
AT_ONCE = 1_000  # changes that are followed under the world's lock
SEEK = 8  # rows that can be looked at while one is looked for
MANY = 4  # if more than one row in so many changes, all are sorted again


class Thrown(Exception):
    """A map function fails at a document, which then emits nothing at all."""


# How rows are reduced: by a known function's name, or by a function of all rows and two positions among them.
Reduce = str | Callable[["Rows", int, int], Any]


class View(NamedTuple):
    """What a document emits, and how its rows are reduced, if they are."""

    map: Callable[[Mapping[str, Any]], Emitted]
    reduce: Reduce | None = None
    types: frozenset[str] | None = None
    """The types of the documents that may emit, if it depends on that: others are not even looked at."""
    order: Callable[[Any], bytes] = collation.key
    """The place of a key among the others."""
    conflicts: bool = False
    """Whether documents come with `_conflicts`: those without have nothing to emit."""

    def rows(self, db: Database, id: str, doc: Mapping[str, Any]) -> tuple[Row, ...]:
        """The rows of a document, those of one key in the order of their values.

        CouchDB 3.3 source, couch_mrview_updater (insert_results): it sorts them before it writes them.
        """
        if id.startswith("_design/"):
            return ()
        if self.conflicts:
            others = [leaf.rev for leaf in db.branches(id)[1:] if not leaf.deleted]
            doc = {**doc, "_conflicts": others} if others else doc
        order, dumps = self.order, json_text.dumps
        try:
            found = [(order(key), key, value) for key, value in self.map(doc)]
        except Thrown:
            return ()
        if len(found) > 1 and len({place for place, _, _ in found}) < len(found):
            found.sort(key=lambda row: (row[0], erlang.order(row[2])))
        return tuple([(place, id, number, dumps({"key": key, "value": value})[1:])
                      for number, (place, key, value) in enumerate(found)])


@dataclass(frozen=True)
class Rows:
    """All rows of one view in their order, as of an update sequence."""

    view: View
    epoch: int
    seq: int
    root: tree.Node
    by_id: tree.Node
    """Each document's own rows, under its id."""

    @classmethod
    def none(cls, view: View, epoch: int = 0) -> Rows:
        return cls(view, epoch, 0, tree.Leaf(None, []), tree.Leaf(None, []))

    def __len__(self) -> int:
        return len(self.root)

    # --- keeping up ---

    def follow(self, db: Database) -> Rows:
        """The rows after the writes since then."""
        latest = db.update_seq
        if self.seq == latest:
            return self
        if self.seq == 0:
            return self._build(db, latest)
        changed = [(id, db.peek(id)) for _, id, _ in db.changes(self.seq)]
        owner = object()
        by_id = self.by_id
        gone: list[Row] = []
        fresh: list[Row] = []
        entry: Any
        for id, doc in changed:
            for entry in tree.scan(by_id, (id,), (id, TOP), 1):
                gone += entry[1]
                by_id = tree.remove(by_id, entry, owner)
            if doc is not None and (rows := self.view.rows(db, id, doc)):
                fresh += rows
                entry = id, rows
                by_id = tree.add(by_id, entry, owner)
        return replace(self, seq=latest, by_id=by_id, root=self._merged(gone, fresh, {id for id, _ in changed}, owner))

    def _merged(self, gone: list[Any], fresh: list[Any], ids: set[str], owner: object) -> tree.Node:
        root = self.root
        if (len(gone) + len(fresh)) * MANY > len(root):
            kept: list[Any] = [row for row in tree.walk(root) if row[1] not in ids]
            return tree.tree(owner, in_order(kept + fresh))
        for row in gone:
            root = tree.remove(root, row, owner)
        for row in fresh:
            root = tree.add(root, row, owner)
        return root

    def _build(self, db: Database, latest: int) -> Rows:
        """All rows at once."""
        owner = object()
        groups = [(doc["_id"], new) for doc in db.each(self.view.types)
                  if (new := self.view.rows(db, doc["_id"], doc))]
        rows = in_order([row for _, group in groups for row in group])
        return replace(self, seq=latest, root=tree.tree(owner, rows), by_id=tree.tree(owner, in_order(groups)))

    # --- reading: positions count from the first row ---

    def before(self, bound: tree.Bound | None) -> int:
        """How many rows lie below a bound; None sorts after all."""
        return len(self.root) if bound is None else tree.rank(self.root, bound) if bound else 0

    def scan(self, low: tree.Bound, high: tree.Bound | None, limit: int) -> list[Row]:
        """The first rows from one bound on, below the other."""
        rows: list[Any] = tree.scan(self.root, low, high, limit) if limit else []
        return rows

    def at(self, key: Any) -> list[Row]:
        """The rows of one key."""
        place = self.view.order(key)
        return self.scan((place,), (place, TOP), len(self.root))

    def among(self, keys: Collection[Any]) -> Iterator[Row]:
        """The rows of these keys, in no order; all rows where to look for each key would be more work."""
        every: Iterator[Any] = tree.walk(self.root)
        if len(keys) * SEEK < len(self.root):
            every = (row for key in keys for row in self.at(key))
        return every

    def cut(self, start: int, stop: int) -> list[Row]:
        """The rows from one position to another."""
        rows: list[Any] = tree.cut(self.root, start, stop) if start < stop else []
        return rows


def parsed(row: Row) -> dict[str, Any]:
    """The key and the value of a row, exactly as they were emitted."""
    held: dict[str, Any] = orjson.loads(b"{" + row[3])
    return held


def in_order(rows: list[Any]) -> list[Any]:
    """Sorted, a part at a time: to sort a million at once would keep all other threads waiting for a second."""
    ends = sorted(rows[:: PART // OF_PART])[OF_PART::OF_PART]
    parts: list[list[Any]] = [[] for _ in range(len(ends) + 1)]
    for row in rows:
        parts[bisect_left(ends, row)].append(row)
    for part in parts:
        part.sort()
    return list(chain.from_iterable(parts))


def rows_of(world: World, name: Name, view: View) -> Rows:
    """The rows of a view, up to date.

    Where there is much to make, the world answers others meanwhile: so ask for them before what must fit them is read.
    """
    before: Rows | None = world.derived.get(name)
    db = Database(world, name[0])
    if db.update_seq - (before.seq if before is not None and before.epoch == db.epoch else 0) > AT_ONCE:
        with world.apart() as twin, world.deriving:
            if world.derived.get(name) is before:  # else somebody has made them while this one waited
                world.derived[name] = _up_to_date(twin, name, view)
    return _up_to_date(world, name, view)


def _up_to_date(world: World, name: Name, view: View) -> Rows:
    db = Database(world, name[0])
    found: Rows | None = world.derived.get(name)
    if found is None or found.epoch != db.epoch:
        found = _inherited(world, db, name, view) or Rows.none(view, db.epoch)
    if found.seq != db.update_seq or name not in world.derived:
        found = world.derived[name] = found.follow(db)
    return found


def _inherited(world: World, db: Database, name: Name, view: View) -> Rows | None:
    """The rows of the origin of this world, shared by all its forks."""
    source = world.source
    if source is None or Database(source, db.name).epoch != db.epoch:
        return None
    with source.deriving:
        return _up_to_date(source, name, view)
