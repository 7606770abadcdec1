"""The API's notes about documents that are written through it: `<id>-info` in `medic-sentinel`.

Documents that the API makes itself are noted there if transitions run on them. CHT 4.15 source, shared-libs/infodoc.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents, stored_documents
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

DATABASE = "medic-sentinel"
SUFFIX = "-info"


def note(world: World, written: documents.Database, ids: Iterable[str]) -> None:
    """Record when documents of `medic` were written first, and last."""
    if written.name != "medic":
        return
    notes, now = documents.database(world, DATABASE), world.clock.iso()
    for id in ids:
        if not id.startswith(("_design/", "_local/")):
            made = {"_id": id + SUFFIX, "type": "info", "doc_id": id, "initial_replication_date": now}
            notes.put({**(notes.get(id + SUFFIX) or made), "latest_replication_date": now})


def read(world: World, id: str) -> stored_documents.Document:
    """The infodoc of a document, or a new one."""
    known = documents.database(world, DATABASE).get(id + SUFFIX)
    return known or {"_id": id + SUFFIX, "type": "info", "doc_id": id, "initial_replication_date": "unknown",
                     "latest_replication_date": "unknown"}


def meet(world: World, doc: stored_documents.Document) -> stored_documents.Document:
    """The infodoc of a document that the background process meets. One without transitions it saves once more, with
    those of the document, where older releases have kept them, and with what they had noted in `medic`: it may have
    come from there (resolveInfoDocs)."""
    info, ran_before = read(world, doc["_id"]), doc.get("transitions")
    if javascript.truthy(info.get("transitions")):
        return info
    if (old := documents.database(world).get(info["_id"])) is not None:
        del old["_rev"]
        here = info if "_rev" in info else {}
        info = {**old, **here, "initial_replication_date": old.get("initial_replication_date")}
        ran_before = (info.get("transitions") if here else None) or ran_before
        documents.database(world).delete(info["_id"])
    info.pop("transitions", None)
    write(world, info if ran_before is None else info | {"transitions": ran_before})
    return read(world, doc["_id"])


def asked_for(world: World, asked: documents.Database, ids: Iterable[Any]) -> None:
    """Note that the background process has met documents of which somebody asks for the infodocs by their ids.

    While the settings name no transition nothing else would be done by it, so that this is early enough. The recorded
    servers ran without it: documents that the API does not note have no infodoc, and lists have those of the API.
    """
    if asked.name != DATABASE or not app_settings.made(world, "background", sentinel.duty).idle:
        return
    medic = documents.database(world)
    for id in ids:
        info = asked.get(id) if isinstance(id, str) and id.endswith(SUFFIX) else None
        doc = medic.get(id.removesuffix(SUFFIX)) if info and not javascript.truthy(info.get("transitions")) else None
        if doc is not None and not javascript.truthy(meet(world, doc).get("transitions")):
            ran(world, doc["_id"], {}, None)


def begin(world: World, ids: Iterable[str]) -> None:
    """Note new documents that the API makes itself, before transitions run on them: in milliseconds, not as a date."""
    now = world.clock.ms()
    documents.database(world, DATABASE).bulk(
        {"_id": id + SUFFIX, "type": "info", "doc_id": id, "initial_replication_date": now,
         "latest_replication_date": now} for id in ids)


def ran(world: World, id: str, outcomes: Mapping[str, bool], seq: str | None, rev: str | None = None) -> None:
    """Note the transitions that have changed a document, and whether without an error: at an update of its database and
    in a revision, but for those that ran before it was saved; and when (recorded from 5.2.0; part of
    the source since April 2024)."""
    info = read(world, id)
    known = info["transitions"] if isinstance(info.get("transitions"), dict) else {}
    last, now = {} if rev is None else {"last_rev": rev}, world.clock.iso()
    write(world, info | {"transitions": {
        **known, **{name: {**last, "seq": seq, "ok": ok, "run_date": now} for name, ok in outcomes.items()}}})


def write(world: World, info: stored_documents.Document) -> None:
    """Store the infodoc of a document."""
    documents.database(world, DATABASE).put(info)
