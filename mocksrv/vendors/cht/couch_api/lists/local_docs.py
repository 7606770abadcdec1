"""Lists of local documents, which are stored beside a database and never replicated, and of design documents.

CouchDB 3.3 source, chttpd_db, fabric_view_all_docs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import maintenance, versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.couch_api import bodies, local_documents, offline
from mocksrv.vendors.cht.couch_api.lists import view_options
from mocksrv.vendors.cht.couch_api.lists.all_docs import asked_for, headed, keyed, many_lists, of_keys, one_list, stream
from mocksrv.vendors.cht.couch_api.lists.view_options import Options
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, json_body, opened, passed_on
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.described.schemas import Created, Document
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATH = f"/{DB}/_local/{{name}}"
Peek = Callable[[str], Mapping[str, Any] | None]


def local_id(call: Call) -> str:
    return f"{maintenance.LOCAL}{call.params['name']}"


@vendor.operation("GET", PATH, name="couch_get_local", response=Document, proof="source", source=SOURCE)
def get_local(world: World, call: Call) -> Any:
    """A local document; with revs=true its revision as a history of one."""
    return local_documents.answer(world, passed_on(world, call), call, local_id(call))


@vendor.operation("PUT", PATH, name="couch_put_local", statuses=(201,), body=request_schemas.LOCAL_DOC,
                  response=Created, proof="source", source=SOURCE)
def put_local_document(world: World, call: Call) -> Any:
    """Write a local document; its revision counts from the one given, and there are no conflicts."""
    db = passed_on(world, call)
    doc = bodies.couch_json(call)
    if not isinstance(doc, dict):
        errors.couch(400, "bad_request", "Document must be a JSON object")
    return local_documents.put(world, db, call, local_id(call), doc)


@vendor.operation("DELETE", PATH, name="couch_delete_local", response=Created, proof="source", source=SOURCE)
def delete_local(world: World, call: Call) -> Any:
    """Delete a local document."""
    return local_documents.drop(world, passed_on(world, call), local_id(call))


# --- lists ---------------------------------------------------------------------------------------------------


def listing(world: World, db: Database, found: Options, ids: list[str], peek: Peek, total: Any,
            before: int = 0) -> Iterator[bytes]:
    """The rows of a list of ids; with `keys`, rows of any documents."""
    full, skip = found.get("include_docs", False), found.get("skip", 0)
    if "keys" in found:
        show = partial(versions.included, world, db, versions.asked(found)) if full else None
        rows = (row(key, local, full) if (local := peek(key) if isinstance(key, str) else None)
                else keyed(db, key, show) for key in of_keys(found))
        return stream(headed(found, total, None, None), rows)
    chosen = sorted((id for id in ids if inside(id, found)), reverse=found.get("descending", False))
    offset = None if total is None else before + min(skip, total)
    seq = None if total is None else sequence(db.update_seq)
    shown = chosen[skip:][: found.get("limit", len(chosen))]
    return stream(headed(found, total, offset, seq), (row(id, peek(id) or {}, full) for id in shown))


def inside(id: str, found: Options) -> bool:
    """Whether an id is within the range that the options give."""
    low, high = found.get("startkey"), found.get("endkey")
    if found.get("descending"):
        low, high = high, low
    return (not isinstance(low, str) or id >= low) and (not isinstance(high, str) or id <= high) and (
        found.get("inclusive_end", True) or id != found.get("endkey"))


def row(id: str, doc: Mapping[str, Any], full: bool) -> bytes:
    data: dict[str, Any] = {"id": id, "key": id, "value": {"rev": doc["_rev"]}}
    return json_text.dumps(data | {"doc": doc} if full else data)


def listed(world: World, call: Call) -> Database:
    """The database. For an offline user the API takes the path for that of a document, and refuses it as not the
    user's.
    """
    db = opened(world, call)
    if offline.filtered(call, db):
        if call.method == "POST":
            raise errors.Firewall
        errors.denied(offline.NOT_YOURS)
    return db


def local_rows(world: World, db: Database, found: Options) -> Iterator[bytes]:
    """The rows of local documents, without total and offset."""
    ids = [doc["_id"] for doc in maintenance.locals_of(world, db.name)]
    return listing(world, db, found, ids, lambda id: maintenance.local(world, db.name, id), None)


def design_rows(world: World, db: Database, found: Options) -> Iterator[bytes]:
    """The rows of design documents."""
    ids = db.all_ids("_design/", "_design0", include_high=False)
    return listing(world, db, found, ids, lambda id: db.peek(id) if id.startswith("_design/") else None, len(ids),
                   db.before("_design/"))


def operations(kind: str, rows: Callable[[World, Database, Options], Iterator[bytes]]) -> None:
    """The three operations of a list: GET, POST, and POST of several queries."""
    def one(world: World, call: Call) -> Any:
        return one_list(partial(rows, world, listed(world, call)), asked_for(call))

    def many(world: World, call: Call) -> Any:
        return many_lists(partial(rows, world, listed(world, call)), view_options.queries(json_body(call)))

    path, name = f"/{DB}/_{kind}_docs", f"couch_{kind}_docs"
    told = f"All {kind} documents: include_docs, keys and the other options of `_all_docs`."
    vendor.operation("GET", path, name=name, response=response_schemas.ROWS, query=request_schemas.LOCAL_DOCS,
                     proof="source", source=SOURCE, summary=told)(one)
    vendor.operation("POST", path, name=f"{name}_post", response=response_schemas.ROWS, proof="source",
                     source=SOURCE, summary=told)(one)
    vendor.operation("POST", f"{path}/queries", name=f"{name}_queries", body=request_schemas.QUERIES_BODY,
                     response=response_schemas.RESULTS, proof="source", source=SOURCE,
                     summary="The same for each of several queries.")(many)


operations("local", local_rows)
operations("design", design_rows)
