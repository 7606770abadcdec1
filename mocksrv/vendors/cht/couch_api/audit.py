"""Who wrote which document of `medic`: the database `medic-audit`, which gets entries from release 4.20 on.

Deletions by DELETE are not noted, as on the server. CHT 5.2 source, shared-libs/audit/src/index.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.call import Call
from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.couch import documents
from mocksrv.world import World

DATABASE = "medic-audit"
STATE = "cht.audit"  # one record: {"seq": up to which update of `medic` all is noted}
RECORD = "noted"
MOST = 10  # entries of a document; with the next one they move to another
IGNORED = frozenset(("service-worker-meta",))
API, SENTINEL = "api", "sentinel"


def note(world: World, user: str, service: str, call: Call | None = None) -> None:
    """Record the writes since the last time, without those made under a release that has no audit."""
    if not releases.AUDIT.holds(world):
        return
    medic, table = documents.database(world, "medic"), world.table(STATE)
    state, seq = table.peek(RECORD), medic.update_seq
    if state is not None and state["seq"] == seq:
        return
    deletes = call is not None and call.method == "DELETE" and not call.path.startswith("/api/")
    if state is not None and not deletes:
        more = {"user": user, "date": world.clock.iso(), "service": service}
        if call is not None:
            more = {"request_id": world.hex(12), **more}
        for _, id, _ in list(medic.changes(state["seq"])):
            if id not in IGNORED and not id.startswith("_design/"):
                add(world, id, {"rev": medic.branches(id)[0].rev, **more})
    table.put(RECORD, {"seq": seq})


def add(world: World, id: str, entry: dict[str, Any]) -> None:
    """Add to the history of a document; of several writes by one request only the last counts."""
    audit = documents.database(world, DATABASE)
    doc = audit.get(id) or {"_id": id, "history": []}
    if len(doc["history"]) >= MOST:
        audit.put({"_id": f"{id}:{doc['history'][-1]['rev']}", "history": doc["history"]})
        doc["history"] = []
    audit.put({**doc, "history": [*doc["history"], entry]})
