"""The indexes behind queries, which design documents hold: `_index`. CouchDB 3.3 source, mango_httpd, mango_idx."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.erlang import term
from mocksrv.vendors.cht.couch.view_index import Rows, View, rows_of
from mocksrv.vendors.cht.couch_api import offline
from mocksrv.vendors.cht.couch_api.find import options, plan, selectors
from mocksrv.vendors.cht.couch_api.find.plan import ALL_DOCS, Index
from mocksrv.vendors.cht.couch_api.find.selectors import BadQuery
from mocksrv.vendors.cht.couch_api.lists import view_options
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, forbidden, json_body, opened
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World


def refuse(error: BadQuery) -> NoReturn:
    """CouchDB's refusal of a query; a failure has a reference to its log."""
    errors.couch(error.status, error.error, error.reason, ref=error.status == 500)


def entered(world: World, call: Call) -> Database:
    """The database; offline users may query those of their own alone."""
    db = opened(world, call)
    if offline.filtered(call, db):
        raise errors.Firewall
    return db


def listed(db: Database) -> list[Index]:
    """All indexes of a database: the built-in one, and views of design documents."""
    found = [ALL_DOCS]
    for id in db.all_ids("_design/", "_design0"):
        doc = db.peek(id) or {}
        views = doc.get("views")
        if doc.get("language") == "query" and isinstance(views, dict):
            found += [index for name, view in sorted(views.items()) if (index := described(id, name, view)) is not None]
    return found


def described(ddoc: str, name: str, view: Any) -> Index | None:
    """The index that a view of a design document describes, or None if it is not one."""
    match view:
        case {"map": {"fields": dict() as fields, **more}} if all(way in ("asc", "desc")
                                                                             for way in fields.values()):
            partial = more.get("partial_filter_selector")
            return Index(ddoc, name, fields, partial if isinstance(partial, dict) else None)
    return None


def rows(world: World, db: Database, index: Index) -> Rows:
    """The rows of an index, up to date."""
    definition = json_text.text([index.name, index.columns, index.filter])
    return rows_of(world, (db.name, str(index.ddoc), definition), View(emitting(index)))


def emitting(index: Index) -> Any:
    """The map function of an index: emits the values of its fields if a document has all of them."""
    paths = [selectors.path_of(field) for field in index.fields]
    fits = selectors.compile_selector(plan.normal(index.filter or {}))

    def emit(doc: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
        key = [selectors.read(doc, path) for path in paths]
        if selectors.MISSING not in key and fits(doc):
            yield key, None

    return emit


@vendor.operation("GET", f"/{DB}/_index", name="couch_indexes", response=response_schemas.INDEXES, proof="source",
                  source=SOURCE)
def get_indexes(world: World, call: Call) -> Any:
    """The indexes for `_find`."""
    found = [index.shown() for index in listed(entered(world, call))]
    asked = view_options.of_query(call.query)
    skip = asked.get("skip", 0)
    page = found[skip:][: asked.get("limit", len(found))]
    return rendering.CouchReply({"total_rows": len(found), "indexes": page})


def definition_of(body: dict[str, Any]) -> dict[str, Any]:
    """The definition of a new index, as its view keeps it. Raises BadQuery."""
    if "index" not in body:
        raise BadQuery("missing_required_key", "Missing required key: index")
    for name in body:
        if name not in ("index", "type", "name", "ddoc", "w", "partitioned"):
            raise BadQuery("invalid_key", f"Invalid key {name} for this request.")
    for name in ("type", "name", "ddoc"):
        if not isinstance(body.get(name, ""), str):
            raise BadQuery("invalid_string", f"Invalid string: {term(body[name])}")
    if "" in (body.get("name"), body.get("ddoc")):
        raise BadQuery("invalid_empty_string", "Index name or ddoc cannot be empty string")
    if body.get("type", "json") != "json":
        if body["type"] == "text":
            raise BadQuery("required index service unavailable", "text", 503)
        raise BadQuery("invalid_index", f"Invalid type for index: {body['type']}")
    given = body["index"]
    if not isinstance(given, dict):
        raise BadQuery("invalid_index", f"JSON indexes must be an object, not: {term(given)}")
    if "fields" not in given:
        raise BadQuery("missing_required_key", "Missing required key: fields")
    for name in given:
        if name not in ("fields", "partial_filter_selector"):
            raise BadQuery("invalid_key", f"Invalid key {name} for this request.")
    return {"fields": options.sort(given["fields"]),
            "partial_filter_selector": options.selector(given.get("partial_filter_selector", {}))}


@vendor.operation("POST", f"/{DB}/_index", name="couch_make_index", statuses=(200, 503),
                  response=response_schemas.INDEX_MADE,
                  body=request_schemas.INDEX_BODY, proof="source", source=SOURCE)
def make_index(world: World, call: Call) -> Any:
    """Make an index: `{"index": {"fields": [...], "partial_filter_selector"}, "name", "ddoc", "type"}`."""
    db = entered(world, call)
    body = json_body(call)
    try:
        definition = definition_of(body)
    except BadQuery as error:
        refuse(error)
    if body.get("partitioned") is True:
        errors.couch(500, "error_saving_ddoc", "Unknown error while saving the design document: invalid_design_doc",
                     ref=True, diagnosis="the database is not partitioned, so no index of it is")
    digest = hashlib.sha1(json_text.dumps(definition), usedforsecurity=False).hexdigest()
    name = body.get("name") or digest
    id = f"_design/{(body.get('ddoc') or digest).removeprefix('_design/')}"
    doc = db.get(id) or {"_id": id, "language": "query", "views": {}}
    if doc.get("language") != "query":
        errors.couch(400, "invalid_ddoc_lang", f"Existing design doc has an invalid language: "
                                               f"{term(doc.get('language'))}")
    if reason := forbidden(call, db, doc):
        errors.couch(500, "error_saving_ddoc", f"Unknown error while saving the design document: {reason}", ref=True)
    view = {"map": definition, "reduce": "_count", "options": {"def": body["index"]}}
    views = doc.setdefault("views", {})
    if views.get(name) == view:
        return rendering.CouchReply({"result": "exists", "id": id, "name": name})
    views[name] = view
    guarded(lambda: db.put(doc))
    return rendering.CouchReply({"result": "created", "id": id, "name": name})


@vendor.operation("DELETE", f"/{DB}/_index/{{ddoc}}", name="couch_delete_indexes", statuses=(500,), proof="source",
                  source=SOURCE, effect="reads")
def delete_indexes(world: World, call: Call) -> Any:
    """CouchDB fails at a path that does not name one index."""
    entered(world, call)
    errors.unknown("function_clause", diagnosis="name the index: DELETE /db/_index/designdoc/json/name")


@vendor.operation("DELETE", f"/{DB}/_index/{{ddoc}}/json/{{index}}", f"/{DB}/_index/_design/{{ddoc}}/json/{{index}}",
                  name="couch_delete_index", response=response_schemas.FINE, proof="source", source=SOURCE)
def delete_index(world: World, call: Call) -> Any:
    """Delete an index, and its design document with the last one."""
    db = entered(world, call)
    id = f"_design/{call.params['ddoc'].removeprefix('_design/')}"
    doc = db.get(id)
    if doc is None or call.params["index"] not in doc.get("views", {}):
        errors.couch(404, "not_found", "missing")
    del doc["views"][call.params["index"]]
    guarded(lambda: db.put(doc if doc["views"] else {"_id": id, "_rev": doc["_rev"], "_deleted": True}))
    return rendering.CouchReply({"ok": True})
