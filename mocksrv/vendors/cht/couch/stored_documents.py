"""Reading the documents of a database: by id, by index, in the order of their updates.

A live document is a record of its database's table, exactly as it is given out: with `_id` and `_rev` first.
Beside it, table `<database>.revs` has what CouchDB keeps of every document, deleted ones too:
`{"seq", "revs", "deleted"?, "body"?, "others"?}`: its place in the order of updates, its revisions (newest first),
for a deleted one the tombstone, and its conflicts (see `revision_tree`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mocksrv.store import TOP, Table
from mocksrv.vendors.cht.couch import tables
from mocksrv.world import World

Document = dict[str, Any]
Record = Mapping[str, Any]
DESIGN, DESIGNS_END = "_design/", "_design0"


class StoredDocuments:
    """The documents of one database of a world, to read."""

    def __init__(self, world: World, name: str) -> None:
        own = name in tables.DATABASES
        table = name if own else tables.OTHER
        self.world = world
        self.store = world.store
        self.name = name
        self.prefix = "" if own else f"{name}/"
        self.docs: Table = world.table(f"cht.{table}")
        self.revs: Table = world.table(f"cht.{table}.revs")
        self._register: Table = world.table(tables.REGISTER)
        self._server: Table = world.table(tables.SERVER)
        self._past: Table = world.table(tables.PAST)
        self._counted = (-1, -1, 0, False)  # by these versions of two tables: updates, and whether they must be noted

    def peek(self, id: str) -> Record | None:
        """The live document, shared with the store: read only."""
        return self.docs.peek(self.prefix + id)

    def get(self, id: str) -> Document | None:
        """A copy of the live document, or None if there is none."""
        return self.docs.get(self.prefix + id)

    def past(self, id: str, rev: str) -> Record | None:
        """The document at a superseded revision, if it is still kept."""
        return self._past.peek(f"{self.name}/{id}/{rev}")

    def __contains__(self, id: str) -> bool:
        return self.prefix + id in self.docs

    def by(self, index: str, key: Any) -> list[Record]:
        """The live documents under a key of an index (see `indexes`), by id; read only."""
        return [doc for id in sorted(self.docs.by(index, key)) if (doc := self.docs.peek(id)) is not None]

    def designs(self) -> Iterator[Record]:
        """The live design documents, by id; read only."""
        for _, id in self.docs.range("by_id", DESIGN, DESIGNS_END, include_high=False):
            if id.startswith(self.prefix) and (doc := self.docs.peek(id)) is not None:
                yield doc

    def of_contact_type(self, kind: str, skip: int, limit: int) -> list[Record]:
        """Live contacts of a type, by id."""
        found = self.docs.range("by_contact_type", (kind, ""), (kind, TOP), skip=skip, limit=limit)
        return [doc for _, id in found if (doc := self.docs.peek(id)) is not None]

    def all_ids(self, start: str | None = None, end: str | None = None, *, include_low: bool = True,
                include_high: bool = True, skip: int = 0, limit: int | None = None,
                reverse: bool = False) -> list[str]:
        """Ids of live documents in order (or reverse), from the lower `start` to the higher `end`."""
        if not self.prefix:
            found = self.docs.range("by_id", start, end, include_low=include_low, include_high=include_high,
                                    skip=skip, limit=limit, reverse=reverse)
            return [id for _, id in found]
        low, high = start or "", end
        ids = sorted((id for id in self._own_ids() if id >= low and (high is None or id <= high)), reverse=reverse)
        ids = [id for id in ids if (include_low or id != start) and (include_high or id != end)]
        return ids[skip:][: limit if limit is not None else len(ids)]

    def before(self, id: str | None) -> int:
        """How many live documents come before an id."""
        if id is None:
            return 0
        if not self.prefix:
            return self.docs.rank("by_id", None, id, include_high=False)
        return sum(1 for one in self._own_ids() if one < id)

    def _own_ids(self) -> Iterator[str]:
        size = len(self.prefix)
        return (id[size:] for id in self.docs.ids() if id.startswith(self.prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self._own_ids()) if self.prefix else len(self.docs)

    @property
    def deleted(self) -> int:
        """How many documents are deleted."""
        if not self.prefix:
            return len(self.revs) - len(self.docs)
        return sum(1 for _, _, history in self.changes() if history.get("deleted"))

    def each(self, types: Iterable[str] | None = None) -> Iterator[Record]:
        """Live documents in no order, read only, not cached; with `types` at least those of these types."""
        if types is not None and "by_type" in self.docs.spec.indexes:
            return self.docs.each(id for kind in types for id in self.docs.by("by_type", kind))
        return self.docs.each(self.prefix + id for id in (self._own_ids() if self.prefix else self.docs.ids()))

    def history(self, id: str) -> Record | None:
        """The record of a document's revisions (see the module); read only."""
        return self.revs.peek(self.prefix + id)

    @property
    def update_seq(self) -> int:
        """How many updates the database has seen: that of its last one, or what is noted where that is forgotten."""
        revs, register = self.revs.version, self._register.version
        if self._counted[:2] != (revs, register):
            record = self._register.peek(self.name) or {}
            last = self.revs.range("by_seq", (self.name, 0), (self.name, TOP), reverse=True, limit=1)
            seq = max(record.get("seq", 0), last[0][0][1] if last else 0)
            self._counted = revs, register, seq, bool(self.prefix) or "dropped" in record
        return self._counted[2]

    @property
    def since(self) -> int | None:
        """When the database was made, in Unix seconds; None for those of an installation."""
        return (self._register.peek(self.name) or {}).get("since")

    @property
    def epoch(self) -> int:
        """How many databases of that name were dropped before; each counts its updates from 0."""
        record = self._server.peek(f"epoch/{self.name}")
        return record["number"] if record else 0

    def changes(self, since: int = 0) -> Iterator[tuple[int, str, Record]]:
        """Updates after `since` in their order, the last of each document: (sequence, id, history)."""
        for seq, id in self.updates(since):
            history = self.history(id)
            if history is not None:
                yield seq, id, history

    def updates(self, since: int = 0, limit: int | None = None) -> list[tuple[int, str]]:
        """The same without the histories, the first ones only."""
        size = len(self.prefix)
        found = self.revs.range("by_seq", (self.name, since + 1), (self.name, self.update_seq), limit=limit)
        return [(key[1], id[size:]) for key, id in found]

    def updated(self, since: int) -> int:
        """How many documents were updated since."""
        return self.revs.rank("by_seq", (self.name, since + 1), (self.name, self.update_seq))


def sequence(number: int) -> str:
    """An update sequence in CouchDB's form: the number counts, the rest is opaque."""
    return f"{number}-g1AAAACTeJzLYWBgYMpgTmEQTM4vTc5ISXIwNDLXMwBCwxyQVB4LkGRoAFL_gSArAwDhbB3z"
