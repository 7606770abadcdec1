"""Local documents: kept beside a database, never replicated; checkpoints above all. CouchDB 3.3 source, chttpd."""

from __future__ import annotations

from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht import documents, errors, jsonio, questions, shapes, wire
from mocksrv.vendors.cht.couch_lists import stream
from mocksrv.vendors.cht.couchdb import DB, MEDIC, SOURCE, json_body, opened
from mocksrv.vendors.cht.results import Created, Document
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATH = f"/{DB}/_local/{{name:path}}"


def key(call: Call) -> str:
    return f"{call.params['db']}/_local/{call.params['name']}"


@vendor.operation("GET", PATH, name="couch_get_local", response=Document, proof="source", source=SOURCE)
def get_local(world: World, call: Call) -> Any:
    """A local document."""
    opened(world, call)
    found = world.table(documents.LOCAL).peek(key(call))
    if found is None:
        errors.couch(404, "not_found", "missing")
    return wire.CouchReply(found, headers=[("etag", f'"{found["_rev"]}"')])


@vendor.operation("PUT", PATH, name="couch_put_local", statuses=(201,), body=Document, response=Created,
                  proof="source", source=SOURCE)
def put_local(world: World, call: Call) -> Any:
    """Write a local document; its revision counts from the one given, and there are no conflicts."""
    db = opened(world, call)
    doc = json_body(call)
    _, _, number = str(doc.get("_rev") or "0-0").partition("-")
    if not number.isdecimal():
        errors.couch(400, "bad_request", "Invalid rev format")
    id, rev = f"_local/{call.params['name']}", f"0-{int(number) + 1}"
    body = {name: value for name, value in doc.items() if name not in ("_id", "_rev")}
    world.table(documents.LOCAL).put(key(call), {"_id": id, "_rev": rev, **body})
    place = wire.location(call, db.name, id)
    return wire.CouchReply({"ok": True, "id": id, "rev": rev}, 201, [("etag", f'"{rev}"'), place],
                           plain_proxy=db.name != MEDIC)


@vendor.operation("DELETE", PATH, name="couch_delete_local", response=Created, proof="source", source=SOURCE)
def delete_local(world: World, call: Call) -> Any:
    """Forget a local document."""
    opened(world, call)
    table = world.table(documents.LOCAL)
    if key(call) not in table:
        errors.couch(404, "not_found", "missing")
    table.delete(key(call))
    return wire.CouchReply({"ok": True, "id": f"_local/{call.params['name']}", "rev": "0-0"})


@vendor.operation("GET", f"/{DB}/_local_docs", name="couch_local_docs", response=shapes.ROWS,
                  query=questions.LOCAL_DOCS, proof="source", source=SOURCE)
def local_docs(world: World, call: Call) -> Any:
    """All local documents; include_docs."""
    db = opened(world, call)
    if not call.caller.online:
        raise errors.Firewall
    table, head = world.table(documents.LOCAL), f"{db.name}/"
    found = [doc for id in sorted(table.ids()) if id.startswith(head) and (doc := table.peek(id)) is not None]
    full = call.arg("include_docs") == "true"
    rows = (jsonio.dumps({"id": doc["_id"], "key": doc["_id"], "value": {"rev": doc["_rev"]}}
                         | ({"doc": doc} if full else {})) for doc in found)
    return wire.CouchReply(stream('{"total_rows":null,"offset":null,"rows":[', rows))
