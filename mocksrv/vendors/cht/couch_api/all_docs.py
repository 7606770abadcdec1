"""Lists of documents by id, as CouchDB gives them: `_all_docs`. CouchDB 3.3 source, couch_mrview_http."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch_api import offline
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, json_body, opened
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PAGE = 500  # rows that are made at a time
LOWEST, HIGHEST = "", "\U0010ffff"
ALIASES = {"start_key": "startkey", "end_key": "endkey"}
KEYS = ("key", "keys", "startkey", "endkey")
Show = Callable[[str], Any]


@vendor.operation("GET", f"/{DB}/_all_docs", name="couch_all_docs", query=request_schemas.ALL_DOCS,
                  response=response_schemas.ROWS,
                  proof="source", source=SOURCE)
def all_docs(world: World, call: Call) -> Any:
    """The documents by id: key, keys, startkey, endkey, inclusive_end, descending, skip, limit, include_docs,
    attachments, conflicts."""
    db = opened(world, call)
    if offline.filtered(call, db):
        return offline.all_docs(world, call, db, {})
    return listing(world, call, db, asked_for(call))


@vendor.operation("POST", f"/{DB}/_all_docs", name="couch_all_docs_post", query=request_schemas.ALL_DOCS,
                  body=request_schemas.KEYS_BODY, response=response_schemas.ROWS, proof="source",
                  source=SOURCE, effect="reads")
def all_docs_post(world: World, call: Call) -> Any:
    """The documents by id, with the options in the body: `{"keys": [...]}` above all."""
    db = opened(world, call)
    if offline.filtered(call, db):
        body = offline.parsed(call)
        return offline.all_docs(world, call, db, body if isinstance(body, dict) else {})
    return listing(world, call, db, asked_for(call))


def asked_for(call: Call) -> dict[str, Any]:
    """The options of query and body."""
    found, body = options(call.query, "parameter"), json_body(call) if call.method == "POST" else {}
    return found | checked(body, "body member")


def options(query: list[tuple[str, str]], where: str = "member") -> dict[str, Any]:
    """The options of a query, each of which is JSON."""
    found = {}
    for name, text in query:
        name = ALIASES.get(name, name)
        try:
            found[name] = json_text.loads(text)
        except ValueError:
            if name in KEYS:
                errors.couch(400, "bad_request", "invalid_json")
            found[name] = text
    return checked(found, where)


def checked(found: dict[str, Any], where: str = "member") -> dict[str, Any]:
    """The options, refused if one of them is of the wrong kind."""
    found = {ALIASES.get(name, name): value for name, value in found.items()}
    for name in ("limit", "skip"):
        value = found.get(name, 0)
        if type(value) is not int:
            errors.couch(400, "query_parse_error", f"Invalid value for integer: {json_text.text(value)}")
        if value < 0:
            errors.couch(400, "query_parse_error", f"Invalid value for positive integer: {json_text.text(value)}")
    for name in ("descending", "include_docs", "inclusive_end"):
        if not isinstance(found.get(name, True), bool):
            errors.couch(400, "query_parse_error", f"Invalid boolean parameter: {json_text.text(found[name])}")
    if not isinstance(found.get("keys", []), list):
        errors.couch(400, "bad_request", f"`keys` {where} must be an array.")
    return found


def listing(world: World, call: Call, db: Database, found: dict[str, Any]) -> Reply:
    """The rows that the options ask for."""
    full = found.get("include_docs") is True
    show = partial(shown, world, db, versions.wanted(call)) if full else None
    if "key" in found or "keys" in found:
        keys = [found["key"]] if "key" in found else found["keys"]
        skip = found.get("skip", 0)
        chosen = keys[skip:][: found.get("limit", len(keys))]
        rows = (row for key in chosen if (row := _keyed(db, key, show, "key" in found)) is not None)
        offset = None
    else:
        ids, offset = _span(db, found)
        rows = (_row(db, id, show) for id in ids)
    return rendering.CouchReply(stream(f'{{"total_rows":{len(db)},"offset":{json_text.text(offset)},"rows":[', rows))


def _span(db: Database, found: dict[str, Any]) -> tuple[list[str], int]:
    """The ids from startkey to endkey, and how many come before them."""
    descending, inclusive = found.get("descending", False), found.get("inclusive_end", True)
    start, end, skip = _bound(found.get("startkey")), _bound(found.get("endkey")), found.get("skip", 0)
    low, high = (end, start) if descending else (start, end)
    ids: list[str] = []
    if low is None or high is None or low <= high:
        ids = db.all_ids(low, high, include_low=inclusive or not descending, include_high=inclusive or descending,
                         skip=skip, limit=found.get("limit"), reverse=descending)
    before = len(db) - db.before(high) if descending and high is not None else db.before(low)
    return ids, min(before + skip, len(db))


def _bound(key: Any) -> str | None:
    """A key as an id: what is no text sorts before all ids or behind them."""
    if key is None or isinstance(key, str):
        return key
    return LOWEST if isinstance(key, bool | int | float) else HIGHEST


def shown(world: World, db: Database, more: versions.Wanted, id: str) -> Any:
    """A document as a row includes it."""
    return versions.dressed(world, db, db.branches(id)[0], more) if more.beside_rows else db.peek(id)


def _row(db: Database, id: str, show: Show | None) -> bytes:
    doc = db.peek(id)
    assert doc is not None, "ids come from the index"
    row: dict[str, Any] = {"id": id, "key": id, "value": {"rev": doc["_rev"]}}
    return json_text.dumps(row | {"doc": show(id)} if show else row)


def _keyed(db: Database, key: Any, show: Show | None, single: bool) -> bytes | None:
    """A row that was asked for by key; a single missing one has none."""
    if isinstance(key, str) and key in db:
        return _row(db, key, show)
    history = db.history(key) if isinstance(key, str) else None
    if single:
        return None
    if history is None:
        return json_text.dumps({"key": key, "error": "not_found"})
    row = {"id": key, "key": key, "value": {"rev": history["revs"][0], "deleted": True}}
    return json_text.dumps(row | {"doc": None} if show else row)


def stream(head: str, rows: Iterator[bytes]) -> Iterator[bytes]:
    """CouchDB's own layout of a list: one row a line."""
    part, comma = [head.encode()], b"\r\n"
    for number, row in enumerate(rows, 1):
        part += (comma, row)
        comma = b",\r\n"
        if number % PAGE == 0:
            yield b"".join(part)
            part = []
    yield b"".join([*part, b"\r\n]}\n"])
