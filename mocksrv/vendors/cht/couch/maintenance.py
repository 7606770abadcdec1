"""Whole databases: creating, dropping, compacting, purging; and their local documents.

CouchDB 3.3 source, fabric, couch_db.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mocksrv.store import Table
from mocksrv.vendors.cht.couch import document_shape, revision_tree, revisions, tables
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import Document, Record
from mocksrv.world import World

LOCAL = "_local/"
LONGEST = 15  # digits of a local revision


def make(world: World, name: str) -> None:
    """A new database."""
    world.table(tables.REGISTER).put(name, {"seq": 0, "since": world.clock.ms() // 1000})


def drop(world: World, name: str) -> None:
    """Drop a database with its content."""
    db = Database(world, name)
    forget(db.docs, db.prefix)
    forget(db.revs, db.prefix)
    for table in (tables.LOCAL, tables.PAST):
        forget(world.table(table), f"{name}/")
    server = world.table(tables.SERVER)
    for key in (f"security/{name}", f"revs_limit/{name}"):
        if key in server:
            server.delete(key)
    begin_anew(world, db)
    world.table(tables.REGISTER).put(name, {"seq": 0, "dropped": True})


def plant(db: Database, docs: Iterable[Document]) -> None:
    """Store many new documents at once, as they are: for made-up data, whose ids are new and its own."""
    seq, records, histories = db.update_seq, [], []
    before = [(table, [(id, table.delete(id)) for id in list(table.ids())]) for table in (db.docs, db.revs)]
    for doc in docs:
        seq += 1
        body = {key: value for key, value in doc.items() if key != "_id"}
        rev = revisions.digest(body)
        records.append((doc["_id"], {"_id": doc["_id"], "_rev": rev, **body}))
        histories.append((doc["_id"], {"db": db.name, "seq": seq, "revs": [rev]}))
    for (table, old), new in zip(before, (records, histories), strict=True):
        table.load_many([*old, *new])  # into an empty table, which is far faster than one by one
    db.note(seq)


def begin_anew(world: World, db: Database) -> None:
    """Discard the rows of the views, which the changes feed would not do."""
    world.table(tables.SERVER).put(f"epoch/{db.name}", {"number": db.epoch + 1})


def compact(world: World, name: str) -> None:
    """Drop the bodies of superseded revisions."""
    forget(world.table(tables.PAST), f"{name}/")


def forget(table: Table, head: str) -> None:
    for id in [id for id in table.ids() if id.startswith(head)]:
        table.delete(id)


def purge(world: World, db: Database, id: str, revs: Iterable[str]) -> list[str]:
    """Remove leaves of a document's branches without a trace; returns those that existed."""
    known, wanted = db.branches(id), set(revs)
    gone = [leaf.rev for leaf in known if leaf.rev in wanted]
    if gone:
        db.rewrite(id, revision_tree.ordered(leaf for leaf in known if leaf.rev not in wanted))
        forget(world.table(tables.PAST), f"{db.name}/{id}/")
        begin_anew(world, db)
    return gone


# --- local documents -----------------------------------------------------------------------------------------


def local(world: World, name: str, id: str) -> Record | None:
    """A local document; its id begins with `_local/`."""
    return world.table(tables.LOCAL).peek(f"{name}/{id}")


def locals_of(world: World, name: str) -> Iterator[Record]:
    """The local documents of a database by id."""
    table, head = world.table(tables.LOCAL), f"{name}/"
    found = (table.peek(key) for key in sorted(table.ids()) if key.startswith(head))
    return (doc for doc in found if doc is not None)


def put_local(world: World, name: str, doc: Document) -> dict[str, Any]:
    """Write a local document, or delete it; its revision counts from the one given, and there are no conflicts.

    Raises document_shape.Invalid.
    """
    document_shape.check(doc)
    table, id = world.table(tables.LOCAL), doc["_id"]
    _, _, number = str(doc.get("_rev") or "0-0").partition("-")
    if not number.isdecimal() or len(number) > LONGEST:
        raise document_shape.Invalid("bad_request", "Invalid rev format")
    if doc.get("_deleted") is True:
        if f"{name}/{id}" in table:
            table.delete(f"{name}/{id}")
        return {"ok": True, "id": id, "rev": "0-0"}
    rev = f"0-{int(number) + 1}"
    body = {key: value for key, value in doc.items() if key not in ("_id", "_rev")}
    table.put(f"{name}/{id}", {"_id": id, "_rev": rev, **body})
    return {"ok": True, "id": id, "rev": rev}
