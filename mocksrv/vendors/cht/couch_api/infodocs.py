"""The API's notes about documents that are written through it: `<id>-info` in `medic-sentinel`.

Documents that the API makes itself are noted by the background process only. CHT 4.15 source, shared-libs/infodoc.
"""

from __future__ import annotations

from collections.abc import Iterable

from mocksrv.vendors.cht.couch import documents, stored_documents
from mocksrv.world import World

DATABASE = "medic-sentinel"
SUFFIX = "-info"


def note(world: World, written: documents.Database, ids: Iterable[str]) -> None:
    """Record when documents of `medic` were written first, and last."""
    if written.name != "medic":
        return
    sentinel, now = documents.database(world, DATABASE), world.clock.iso()
    for id in ids:
        if not id.startswith(("_design/", "_local/")):
            made = {"_id": id + SUFFIX, "type": "info", "doc_id": id, "initial_replication_date": now}
            sentinel.put({**(sentinel.get(id + SUFFIX) or made), "latest_replication_date": now})


def read(world: World, id: str) -> stored_documents.Document:
    """The infodoc of a document, or a new one."""
    known = documents.database(world, DATABASE).get(id + SUFFIX)
    return known or {"_id": id + SUFFIX, "type": "info", "doc_id": id, "initial_replication_date": "unknown",
                     "latest_replication_date": "unknown"}
