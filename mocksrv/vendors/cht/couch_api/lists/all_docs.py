"""Lists of documents by id, as CouchDB gives them: `_all_docs`. CouchDB 3.3 source, chttpd_db, fabric_view_all_docs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.couch_api import infodocs, offline
from mocksrv.vendors.cht.couch_api.lists import view_options
from mocksrv.vendors.cht.couch_api.lists.view_options import Options
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, json_body, opened
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PAGE = 500  # rows that are made at a time
LOWEST, HIGHEST = "", "\U0010ffff"
WRONG_QUERY, WRONG_BODY = "`keys` parameter must be an array.", "`keys` body member must be an array."
Show = Callable[[str], Any]


@vendor.operation("GET", f"/{DB}/_all_docs", f"/{DB}/_all_docs/{{rest:path}}", name="couch_all_docs",
                  query=request_schemas.ALL_DOCS,
                  response=response_schemas.ROWS,
                  proof="source", source=SOURCE)
def all_docs(world: World, call: Call) -> Any:
    """The documents by id: key, keys, startkey, endkey, inclusive_end, descending, skip, limit, include_docs,
    attachments, conflicts, update_seq."""
    db = opened(world, call)
    if offline.filtered(call, db):
        return offline.all_docs(world, call, db, {})
    entrance.no_rest(world, call)
    return one_list(partial(listing, world, call, db), asked_for(call))


@vendor.operation("POST", f"/{DB}/_all_docs", f"/{DB}/_all_docs/{{rest:path}}", name="couch_all_docs_post",
                  query=request_schemas.ALL_DOCS,
                  body=request_schemas.KEYS_BODY, response=response_schemas.ROWS, proof="source",
                  source=SOURCE, effect="reads")
def all_docs_post(world: World, call: Call) -> Any:
    """The documents by id, with the options in the body, usually `{"keys": [...]}`."""
    db = opened(world, call)
    if offline.filtered(call, db):
        body = offline.parsed(call)
        return offline.all_docs(world, call, db, body if isinstance(body, dict) else {})
    entrance.no_rest(world, call)
    return one_list(partial(listing, world, call, db), asked_for(call))


@vendor.operation("POST", f"/{DB}/_all_docs/queries", name="couch_all_docs_queries", body=request_schemas.QUERIES_BODY,
                  response=response_schemas.RESULTS, proof="source", source=SOURCE)
def all_docs_queries(world: World, call: Call) -> Any:
    """Several lists of documents by id, one for each of `{"queries": [{...}]}`."""
    db = opened(world, call)
    if offline.filtered(call, db):
        raise errors.Firewall
    return many_lists(partial(listing, world, call, db), view_options.queries(json_body(call)))


def asked_for(call: Call) -> Options:
    """The options of query and body."""
    if call.method == "POST":
        return view_options.of_body(json_body(call), call.query, WRONG_BODY)
    return view_options.of_query(call.query, WRONG_QUERY)


# --- layout --------------------------------------------------------------------------------------------------


def one_list(make: Callable[[Options], Iterable[bytes]], found: Options) -> Reply:
    """The answer to one query."""
    view_options.check(found, reduces=False)
    return rendering.CouchReply(begun(lines(make(found))))


def begun(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts of an answer; the first is made before anything is sent, so that an error becomes the whole answer. A
    later one ends it.
    """
    try:
        return chain((next(parts, b""),), ended(parts))
    except errors.CouchError as error:
        told = {key: value for key, value in error.body.items() if key != "ref"}
        raise errors.CouchError(error.status, **told, diagnosis=error.diagnosis) from None


def ended(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts of an answer whose status is sent; an error is told at the end."""
    try:
        yield from parts
    except errors.CouchError as error:
        yield json_text.dumps(error.body) + b"\n"


def many_lists(make: Callable[[Options], Iterable[bytes]], asked: list[Options]) -> Reply:
    """The answers to several queries, all of which are checked before the first is sent."""
    for found in asked:
        view_options.check(found, reduces=False)
    return rendering.CouchReply(results([make(found) for found in asked]))


def lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    yield from parts
    yield b"\n"


def results(lists: list[Iterable[bytes]]) -> Iterator[bytes]:
    yield b'{"results":['
    for number, parts in enumerate(lists):
        yield b",\r\n" if number else b"\r\n"
        yield from parts
    yield b"\r\n]}\n"


def headed(found: Options, total: Any, offset: Any, seq: Any) -> str:
    """The answer's part before the rows."""
    told = {"total_rows": total, "offset": offset} | ({"update_seq": seq} if found.get("update_seq") else {})
    return "".join(f'"{name}":{json_text.text(value)},' for name, value in told.items()) + '"rows":['


def stream(head: str, rows: Iterator[bytes]) -> Iterator[bytes]:
    """CouchDB's own layout of a list: one row a line."""
    part, comma = [b"{" + head.encode()], b"\r\n"
    for number, row in enumerate(rows, 1):
        part += (comma, row)
        comma = b",\r\n"
        if number % PAGE == 0:
            yield b"".join(part)
            part = []
    yield b"".join([*part, b"\r\n]}" if comma != b"\r\n" else b"\r\n\r\n]}"])


# --- the rows ------------------------------------------------------------------------------------------------


def listing(world: World, call: Call, db: Database, found: Options) -> Iterator[bytes]:
    """The rows that the options ask for."""
    full = found.get("include_docs", False)
    show = partial(versions.included, world, db, versions.asked(found)) if full else None
    if "keys" in found:
        infodocs.asked_for(world, db, found["keys"])
        rows = (keyed(db, key, show) for key in of_keys(found))
        return stream(headed(found, len(db), None, None), rows)
    ids, offset = _span(db, found)
    return stream(headed(found, len(db), offset, sequence(db.update_seq)), (_row(db, id, show) for id in ids))


def of_keys(found: Options) -> list[Any]:
    """The wanted keys in their order, after skip and limit."""
    keys = found["keys"][:: -1 if found.get("descending") else 1]
    skip = found.get("skip", 0)
    return list(keys[skip:][: found.get("limit", len(keys))])


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
    """A key as an id: anything but a text sorts before or after all ids."""
    if key is None or isinstance(key, str):
        return key
    return LOWEST if isinstance(key, bool | int | float) else HIGHEST


def _row(db: Database, id: str, show: Show | None) -> bytes:
    doc = db.peek(id)
    assert doc is not None, "ids come from the index"
    row: dict[str, Any] = {"id": id, "key": id, "value": {"rev": doc["_rev"]}}
    return json_text.dumps(row | {"doc": show(id)} if show else row)


def keyed(db: Database, key: Any, show: Show | None) -> bytes:
    """The row for a key: a document, a deleted one, or an error."""
    if isinstance(key, str) and key in db:
        return _row(db, key, show)
    history = db.history(key) if isinstance(key, str) else None
    if history is None:
        return json_text.dumps({"key": key, "error": "not_found"})
    row = {"id": key, "key": key, "value": {"rev": history["revs"][0], "deleted": True}}
    return json_text.dumps(row | {"doc": None} if show else row)
