"""Queries of documents and the indexes behind them: `_find`, `_explain`, `_index`. CouchDB 3.3 source, mango_httpd.

Indexes are registered and listed; what a query finds does not depend on them, only the warning does.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht import errors, jsonio, mango, shapes, wire
from mocksrv.vendors.cht.couchdb import DB, SOURCE, guarded, json_body, opened
from mocksrv.vendors.cht.documents import Database
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.vendors.cht.views import collation
from mocksrv.world import World

LIMIT = 25  # documents of an answer, unless the query says otherwise
WARNING = "No matching index found, create an index to optimize query time."
MANY = ("\nThe number of documents examined is high in proportion to the number of results returned. Consider adding a "
        "more specific index to improve this.")
Index = dict[str, Any]
ALL_DOCS: Index = {"ddoc": None, "name": "_all_docs", "type": "special", "def": {"fields": [{"_id": "asc"}]}}


def entered(world: World, call: Call) -> Database:
    """The database that is queried; offline users query none."""
    db = opened(world, call)
    if not call.caller.online:
        raise errors.Firewall
    return db


@vendor.operation("POST", f"/{DB}/_find", name="couch_find", response=shapes.FOUND, proof="source", source=SOURCE)
def find(world: World, call: Call) -> Any:
    """Documents that a selector finds: selector, fields, sort, limit, skip, bookmark."""
    db = entered(world, call)
    query = json_body(call)
    try:
        docs, examined = search(db, query)
        bookmark = mark(query, docs)
        fields = query.get("fields") if isinstance(query.get("fields"), list) else []
        rows = (jsonio.dumps(mango.chosen(doc, fields or [])) for doc in docs)
        return wire.CouchReply(layout(rows, bookmark, warning(db, query, examined, len(docs))))
    except mango.BadQuery as error:
        errors.couch(400, error.error, error.reason)


def search(db: Database, query: dict[str, Any]) -> tuple[list[Any], int]:
    """The documents of a query, and how many were looked at. Raises BadQuery."""
    if "selector" not in query:
        raise mango.BadQuery("missing_required_key", "Missing required key: selector")
    fits = mango.compile_selector(query["selector"])
    limit, skip = (number(query, name, default) for name, default in (("limit", LIMIT), ("skip", 0)))
    after = marked(query)
    every = (doc for id in db.all_ids() if not id.startswith("_design/") and (doc := db.peek(id)) is not None)
    if query.get("sort"):
        paths, down = mango.sorting(query["sort"])
        if not usable(db, paths):
            raise mango.BadQuery("no_usable_index", "No index exists for this sort, try indexing by the sort fields.")
        found = [doc for doc in every if fits(doc)]
        found.sort(key=lambda doc: [collation.key(None if (value := mango.read(doc, path)) is mango.MISSING else value)
                                    for path in paths], reverse=down)
        if after is not None:
            found = found[next((n for n, doc in enumerate(found, 1) if doc["_id"] == after), 0) :]
        return found[skip:][:limit], len(db)
    chosen: list[Any] = []
    examined = 0
    for doc in every:
        if (after is None or doc["_id"] > after) and len(chosen) < skip + limit:
            examined += 1
            if fits(doc):
                chosen.append(doc)
    return chosen[skip:], examined


def number(query: dict[str, Any], name: str, default: int) -> int:
    value = query.get(name, default)
    if type(value) is not int or value < 0:
        raise mango.BadQuery("bad_request", f"`{name}` must be a non-negative integer.")
    return value


def layout(rows: Iterator[bytes], bookmark: str, warned: str | None) -> Iterator[bytes]:
    """CouchDB's own layout: one document a line, a member a line."""
    yield b'{"docs":[\r\n' + b",\r\n".join(rows) + b'\r\n],\r\n"bookmark": ' + jsonio.dumps(bookmark)
    yield (b',\r\n"warning": ' + jsonio.dumps(warned) if warned else b"") + b"}\r\n\n"


def warning(db: Database, query: dict[str, Any], examined: int, found: int) -> str | None:
    """Advice of the query's planner, when no index serves the selector."""
    selector = query["selector"]
    paths = [mango.path_of(name) for name in selector if not name.startswith("$")]
    if "_id" in selector or (paths and usable(db, paths[:1])):
        return None
    return WARNING + (MANY if examined > 10 * max(found, 1) else "")


# --- bookmarks -----------------------------------------------------------------------------------------------


def mark(query: dict[str, Any], docs: list[Any]) -> str:
    """Where the next page begins: behind the last document, or where this page did."""
    if not docs:
        return str(query.get("bookmark") or "nil")
    return base64.urlsafe_b64encode(b"after:" + docs[-1]["_id"].encode()).decode().rstrip("=")


def marked(query: dict[str, Any]) -> str | None:
    """The id that the bookmark names. Raises BadQuery."""
    text = query.get("bookmark") or "nil"
    if text == "nil":
        return None
    try:
        plain = base64.urlsafe_b64decode(str(text) + "=" * (-len(str(text)) % 4))
        if plain.startswith(b"after:"):
            return plain.removeprefix(b"after:").decode()
    except ValueError:
        pass
    raise mango.BadQuery("invalid_bookmark", f"Invalid bookmark value: {jsonio.text(text)}")


# --- indexes -------------------------------------------------------------------------------------------------


def indexes(db: Database) -> list[Index]:
    """All indexes of a database; those that were made are views of design documents."""
    found = [ALL_DOCS]
    for id in db.all_ids("_design/", "_design0"):
        doc = db.peek(id) or {}
        if doc.get("language") == "query":
            for name, view in (doc.get("views") or {}).items():
                fields = [{field: way} for field, way in view["map"]["fields"].items()]
                found.append({"ddoc": id, "name": name, "type": "json", "partitioned": False,
                              "def": {"fields": fields}})
    return found


def usable(db: Database, paths: list[list[str]]) -> bool:
    """Whether an index begins with these fields."""
    return any([mango.path_of(next(iter(one))) for one in index["def"]["fields"]][: len(paths)] == paths
               for index in indexes(db))


@vendor.operation("GET", f"/{DB}/_index", name="couch_indexes", response=shapes.INDEXES, proof="source", source=SOURCE)
def get_indexes(world: World, call: Call) -> Any:
    """The indexes for `_find`."""
    found = indexes(entered(world, call))
    return wire.CouchReply({"total_rows": len(found), "indexes": found})


@vendor.operation("POST", f"/{DB}/_index", name="couch_make_index", response=shapes.INDEX_MADE, proof="source",
                  source=SOURCE)
def make_index(world: World, call: Call) -> Any:
    """Register an index: `{"index": {"fields": [...]}, "name", "ddoc", "type"}`."""
    db = entered(world, call)
    body = json_body(call)
    definition = body.get("index")
    if not isinstance(definition, dict) or not isinstance(definition.get("fields"), list):
        errors.couch(400, "missing_required_key", "Missing required key: index")
    try:
        fields = {field: way for one in definition["fields"]
                  for field, way in ({one: "asc"} if isinstance(one, str) else one).items()}
        mango.sorting(definition["fields"])
    except (mango.BadQuery, AttributeError):
        errors.couch(400, "invalid_index_json", "Invalid index definition.")
    digest = hashlib.sha1(jsonio.dumps(definition), usedforsecurity=False).hexdigest()
    name = str(body.get("name") or digest)
    id = f"_design/{str(body.get('ddoc') or digest).removeprefix('_design/')}"
    doc = db.get(id) or {"_id": id, "language": "query", "views": {}}
    view = {"map": {"fields": fields, "partial_filter_selector": {}}, "reduce": "_count",
            "options": {"def": definition}}
    if doc["views"].get(name) == view:
        return wire.CouchReply({"result": "exists", "id": id, "name": name})
    doc["views"][name] = view
    guarded(lambda: db.put(doc))
    return wire.CouchReply({"result": "created", "id": id, "name": name})


@vendor.operation("DELETE", f"/{DB}/_index/{{ddoc}}/json/{{index}}", f"/{DB}/_index/_design/{{ddoc}}/json/{{index}}",
                  name="couch_delete_index", response=shapes.FINE, proof="source", source=SOURCE)
def delete_index(world: World, call: Call) -> Any:
    """Forget an index; the design document goes with its last one."""
    db = entered(world, call)
    id = f"_design/{call.params['ddoc'].removeprefix('_design/')}"
    doc = db.get(id)
    if doc is None or call.params["index"] not in doc.get("views", {}):
        errors.couch(404, "not_found", "missing")
    del doc["views"][call.params["index"]]
    guarded(lambda: db.put(doc if doc["views"] else {"_id": id, "_rev": doc["_rev"], "_deleted": True}))
    return wire.CouchReply({"ok": True})
