"""Lists of few documents: local ones, which are kept beside a database and never replicated, and designs.

CouchDB 3.3 source, chttpd_db, fabric_view_all_docs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents, maintenance
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch_api import bodies, offline
from mocksrv.vendors.cht.couch_api.all_docs import asked_for, stream
from mocksrv.vendors.cht.couch_api.one_document import DB, MEDIC, SOURCE, guarded, opened
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.described.contact_schemas import Created, Document
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATH = f"/{DB}/_local/{{name}}"
Peek = Callable[[str], Mapping[str, Any] | None]


def local_id(call: Call) -> str:
    return f"{maintenance.LOCAL}{call.params['name']}"


@vendor.operation("GET", PATH, name="couch_get_local", response=Document, proof="source", source=SOURCE)
def get_local(world: World, call: Call) -> Any:
    """A local document."""
    db = opened(world, call)
    found = maintenance.local(world, db.name, local_id(call))
    if found is None:
        errors.couch(404, "not_found", "missing")
    return rendering.CouchReply(found, headers=[("etag", f'"{found["_rev"]}"')])


@vendor.operation("PUT", PATH, name="couch_put_local", statuses=(201,), body=Document, response=Created,
                  proof="source", source=SOURCE)
def put_local(world: World, call: Call) -> Any:
    """Write a local document; its revision counts from the one given, and there are no conflicts."""
    db = opened(world, call)
    doc = bodies.couch_json(call)
    if not isinstance(doc, dict):
        errors.couch(400, "bad_request", "Document must be a JSON object")
    id = local_id(call)
    result = guarded(lambda: maintenance.put_local(world, db.name, {**doc, "_id": id}))
    return rendering.CouchReply(result, 201, [("etag", f'"{result["rev"]}"'), rendering.location(call, db.name, id)])


@vendor.operation("DELETE", PATH, name="couch_delete_local", response=Created, proof="source", source=SOURCE)
def delete_local(world: World, call: Call) -> Any:
    """Forget a local document."""
    db = opened(world, call)
    id = local_id(call)
    if maintenance.local(world, db.name, id) is None:
        errors.couch(404, "not_found", "missing")
    return rendering.CouchReply(maintenance.put_local(world, db.name, {"_id": id, "_deleted": True}))


# --- lists ---------------------------------------------------------------------------------------------------


def listing(call: Call, ids: list[str], peek: Peek, counted: bool) -> rendering.CouchReply:
    """The rows of a list of ids, with the options of `_all_docs`."""
    found, size = asked_for(call), len(ids)
    full = found.get("include_docs") is True
    skip = found.get("skip", 0)
    if "keys" in found:
        chosen = found["keys"]
    else:
        chosen = sorted((id for id in ids if inside(id, found)), reverse=found.get("descending") is True)
    rows = (row(key, peek(key) if isinstance(key, str) else None, full) for key in chosen[skip:][: found.get("limit")])
    total, offset = (size, min(skip, size)) if counted else (None, None)
    head = f'{{"total_rows":{json_text.text(total)},"offset":{json_text.text(offset)},"rows":['
    return rendering.CouchReply(stream(head, rows))


def inside(id: str, found: Mapping[str, Any]) -> bool:
    """Whether an id is within the range that the options give."""
    low, high = found.get("startkey", found.get("key")), found.get("endkey", found.get("key"))
    if found.get("descending") is True:
        low, high = found.get("endkey"), found.get("startkey")
    return (not isinstance(low, str) or id >= low) and (not isinstance(high, str) or id <= high) and (
        found.get("inclusive_end") is not False or id != found.get("endkey"))


def row(key: Any, doc: Mapping[str, Any] | None, full: bool) -> bytes:
    if doc is None:
        return json_text.dumps({"key": key, "error": "not_found"})
    data: dict[str, Any] = {"id": key, "key": key, "value": {"rev": doc["_rev"]}}
    return json_text.dumps(data | {"doc": doc} if full else data)


def listed(world: World, call: Call) -> Database:
    """The database; for an offline user the path is that of a document, which is none of its own."""
    db = opened(world, call)
    if offline.filtered(call, db):
        if call.method == "POST":
            raise errors.Firewall
        errors.denied(offline.NOT_YOURS)
    if call.method == "POST" and db.name == MEDIC:
        offline.may_edit(world, call)
    return db


def local_docs(world: World, call: Call) -> Any:
    """All local documents: include_docs, keys and the other options of `_all_docs`."""
    db = listed(world, call)
    ids = [doc["_id"] for doc in maintenance.locals_of(world, db.name)]
    return listing(call, ids, lambda id: maintenance.local(world, db.name, id), counted=False)


def design_docs(world: World, call: Call) -> Any:
    """All design documents: include_docs, keys and the other options of `_all_docs`."""
    db = listed(world, call)
    ids = db.all_ids("_design/", "_design0")

    def design(id: str) -> documents.Record | None:
        return db.peek(id) if id.startswith("_design/") else None

    return listing(call, ids, design, counted=True)


for _name, _run in (("local", local_docs), ("design", design_docs)):
    vendor.operation("GET", f"/{DB}/_{_name}_docs", name=f"couch_{_name}_docs", response=response_schemas.ROWS,
                     query=request_schemas.LOCAL_DOCS, proof="source",
                     source=SOURCE)(_run)
    vendor.operation("POST", f"/{DB}/_{_name}_docs", name=f"couch_{_name}_docs_post", response=response_schemas.ROWS,
                     proof="source",
                     source=SOURCE)(_run)
