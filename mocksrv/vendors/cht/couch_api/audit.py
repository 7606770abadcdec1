"""Who wrote which document of `medic`: the database `medic-audit`, which gets entries from release 4.20 on.

Of requests to CouchDB three are noted: POST to `_bulk_docs` and to the database itself, with its slash, and PUT of a
document; so no deletions by DELETE, and no attachments or design documents. What the API and the background process
write by themselves is noted, too. CHT 5.2 source, shared-libs/audit/src/index.js; tests/integration/api/audit.spec.js
of cht-core.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import releases, routing
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.ddocs.mapping import member
from mocksrv.vendors.cht.node import json_text
from mocksrv.world import World

DATABASE = "medic-audit"
STATE = "cht.audit"  # one record: {"seq": up to which update of `medic` all is noted}
RECORD = "noted"
MOST = 10  # entries of a document; with the next one they move to another
IGNORED = frozenset(("service-worker-meta",))
API, SENTINEL = "api", "sentinel"
BULK, POST, PUT = re.compile("/medic/_bulk_docs/?"), re.compile("/medic/$"), re.compile("/medic/(?!.*/)[A-Za-z0-9_]+")
Written = tuple[str, str]  # id and revision


def note(world: World, user: str, service: str) -> None:
    """Record the writes since the last time, of those that know nothing of a request to CouchDB."""
    if not releases.AUDIT.holds(world):
        return
    medic, since = documents.database(world, "medic"), begun(world)
    if since is not None and since != medic.update_seq:
        add_all(world, news(world, since), {"user": user, "date": world.clock.iso(), "service": service})
    pass_over(world)


def answered(world: World, user: str, call: Call, reply: Reply) -> None:
    """Record what a request wrote."""
    if not releases.AUDIT.holds(world):
        return
    since, seq = begun(world), documents.database(world, "medic").update_seq
    if since is not None:
        found: Iterable[Written] = ()
        if routing.is_proxied(call):
            found = named(call, reply)
        elif since != seq:
            found = news(world, since)
        add_all(world, found, {"user": user, "date": world.clock.iso(), "service": API}, asked=True)
    pass_over(world)


def installed(world: World, user: str) -> None:
    """Record all that a new installation consists of."""
    if releases.AUDIT.holds(world):
        world.table(STATE).put(RECORD, {"seq": 0})
        note(world, user, API)


def begun(world: World) -> int | None:
    """Up to which update all is noted; None before the first look, or under a release that has no audit."""
    state = world.table(STATE).peek(RECORD) if releases.AUDIT.holds(world) else None
    return None if state is None else state["seq"]


def pass_over(world: World) -> None:
    """Count all that was written so far as noted."""
    if releases.AUDIT.holds(world):
        table, seq = world.table(STATE), documents.database(world, "medic").update_seq
        if (table.peek(RECORD) or {}).get("seq") != seq:
            table.put(RECORD, {"seq": seq})


def news(world: World, since: int) -> list[Written]:
    """What was written since an update; of several writes of a document only the last counts."""
    medic = documents.database(world, "medic")
    return [(id, medic.branches(id)[0].rev) for _, id, _ in list(medic.changes(since))]


def named(call: Call, reply: Reply) -> Iterator[Written]:
    """What a request to CouchDB wrote, as its answer says; or its body, if that brings revisions of its own."""
    url = call.target.removeprefix(call.prefix)
    bulk = call.method == "POST" and BULK.search(url)
    single = {"POST": POST, "PUT": PUT}.get(call.method)
    if reply.status >= 300 or not (bulk or (single and single.search(url))):
        return
    told = parsed(reply.body)
    sent = call.json if bulk else None
    if member(sent, "new_edits") is False:
        refused = [member(row, "id") for row in rows(told) if member(row, "error") == "forbidden"]
        docs = [doc for doc in rows(member(sent, "docs")) if member(doc, "_id") not in refused]
        yield from ((doc["_id"], doc["_rev"]) for doc in docs if member(doc, "_id") and member(doc, "_rev"))
        return
    for row in rows(told) if bulk else [told]:
        if member(row, "ok") and member(row, "rev"):
            yield row["id"], row["rev"]


def parsed(data: Any) -> Any:
    """JSON, or None where it is none."""
    try:
        return json_text.loads(data) if isinstance(data, bytes) else None
    except ValueError:
        return None


def rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def add_all(world: World, written: Iterable[Written], more: dict[str, Any], *, asked: bool = False) -> None:
    """Add an entry for each document that was written; one `request_id` for all, if it was `asked` for."""
    listed = [(id, rev) for id, rev in written if id not in IGNORED]
    request = {"request_id": world.hex(12)} if asked and listed else {}
    for id, rev in listed:
        add(world, id, {"rev": rev, **request, **more})


def add(world: World, id: str, entry: dict[str, Any]) -> None:
    """Add to the history of a document."""
    audit = documents.database(world, DATABASE)
    doc = audit.get(id) or {"_id": id, "history": []}
    if len(doc["history"]) >= MOST:
        audit.put({"_id": f"{id}:{doc['history'][-1]['rev']}", "history": doc["history"]})
        doc["history"] = []
    audit.put({**doc, "history": [*doc["history"], entry]})
