"""The rows of a view, brought up to date when it is read with the documents that changed since.

That is CouchDB's way, too: a view costs nothing until it is asked for, and then only what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.store import tree
from mocksrv.vendors.cht.documents import VIEWS, Database
from mocksrv.vendors.cht.views import collation
from mocksrv.world import World

Emitted = Iterable[tuple[Any, Any]]


@dataclass(frozen=True)
class View:
    """What a document emits, and how its rows are reduced: `_count`, `_sum`, `_stats` or not at all."""

    map: Callable[[Mapping[str, Any]], Emitted]
    reduce: str | None = None


@dataclass(frozen=True)
class Row:
    """One row."""

    id: str
    key: Any
    value: Any


class Rows:
    """All rows of one view in their order."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.seq = 0
        self.by_id: dict[str, list[tree.Entry]] = {}
        self.rows: dict[str, Row] = {}  # by id and number of the row among the document's
        self.root: tree.Node = tree.Leaf(self, [])

    def __len__(self) -> int:
        return len(self.rows)

    def follow(self, db: Database) -> None:
        """Take in what was written since the last time."""
        latest = db.update_seq
        if self.seq == latest:
            return
        first = self.seq == 0
        fresh: list[tree.Entry] = []
        for _, id, history in db.changes(self.seq):
            for entry in self.by_id.pop(id, ()):
                self.root = tree.remove(self.root, entry, self)
                del self.rows[entry[1]]
            doc = None if history.get("deleted") else db.peek(id)
            if doc is not None and not id.startswith("_design/"):
                fresh += self._emit(id, doc)
        if first:
            self.root = tree.tree(self, sorted(fresh))
        else:
            for entry in fresh:
                self.root = tree.add(self.root, entry, self)
        self.seq = latest

    def _emit(self, id: str, doc: Mapping[str, Any]) -> list[tree.Entry]:
        entries: list[tree.Entry] = []
        for number, (key, value) in enumerate(self.view.map(doc)):
            name = f"{id}\0{number:06}"
            self.rows[name] = Row(id, key, value)
            entries.append((collation.key(key), name))
        if entries:
            self.by_id[id] = entries
        return entries

    def span(self, low: tree.Bound, high: tree.Bound) -> tuple[int, int]:
        """The positions of the first row not below one bound and of the first not below the other."""
        return tree.rank(self.root, low), tree.rank(self.root, high)

    def cut(self, start: int, stop: int) -> list[Row]:
        """The rows from one position to another."""
        return [self.rows[name] for _, name in tree.cut(self.root, start, stop)] if start < stop else []


def rows_of(world: World, db: Database, name: tuple[str, str, str], view: View) -> Rows:
    """The rows of a view, up to date; `name` is its database, design document and own name."""
    views: dict[tuple[str, str, str], Rows] = world.memory.setdefault(VIEWS, {})
    found = views.get(name)
    if found is None:
        found = views[name] = Rows(view)
    found.follow(db)
    return found
