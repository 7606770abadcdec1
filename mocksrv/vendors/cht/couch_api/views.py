"""Views by name, as CouchDB answers them. CouchDB 3.3 source, couch_mrview; CHT 4.15 source, ddocs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from mocksrv.call import Reply
from mocksrv.store import TOP, tree
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.view_index import Row, Rows, View, parsed, rows_of
from mocksrv.vendors.cht.couch_api.all_docs import checked, options, stream
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, json_body, opened
from mocksrv.vendors.cht.ddocs.map_functions import VIEWS
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATH = f"/{DB}/_design/{{design}}/_view/{{view}}"
Options = dict[str, Any]


@vendor.operation("GET", PATH, name="couch_view", response=response_schemas.ROWS, query=request_schemas.VIEW,
                  proof="source",
                  source=SOURCE)
def get_view(world: World, call: Call) -> Any:
    """Rows of a view: key, keys, startkey, endkey, inclusive_end, descending, skip, limit, include_docs, reduce,
    group, group_level."""
    db = entered(world, call)
    return answer(world, call, db, options(call.query))


@vendor.operation("POST", PATH, name="couch_view_post", response=response_schemas.ROWS, query=request_schemas.VIEW,
                  body=request_schemas.KEYS_BODY, proof="source", source=SOURCE, effect="reads")
def post_view(world: World, call: Call) -> Any:
    """Rows of a view, with the options in the body: `{"keys": [...]}` above all."""
    db = entered(world, call)
    return answer(world, call, db, options(call.query) | checked(json_body(call)))


def entered(world: World, call: Call) -> Database:
    """The database of the view; offline users have none."""
    db = opened(world, call)
    if not call.caller.online:
        raise errors.Firewall
    return db


def find(call: Call, db: Database) -> View:
    """The view that the path names; refuses as CouchDB tells a missing document from a missing view."""
    design, name = call.params["design"], call.params["view"]
    view = VIEWS.get((db.name, design), {}).get(name)
    if view is not None:
        return view
    if (db.name, design) in VIEWS or f"_design/{design}" in db:
        errors.couch(404, "not_found", "missing_named_view",
                     diagnosis=f"{design} has {', '.join(VIEWS.get((db.name, design), {})) or 'no views'} here; "
                               "JavaScript of other design documents is not run")
    deleted = db.history(f"_design/{design}") is not None
    raise errors.CouchError(404, "not_found", "deleted" if deleted else "missing")


def answer(world: World, call: Call, db: Database, found: Options) -> Reply:
    """The rows that the options ask for, reduced if the view does so and nobody says no."""
    view = find(call, db)
    rows = rows_of(world, (db.name, call.params["design"], call.params["view"]), view)
    if view.reduce is None and (found.get("reduce") is True or found.get("group") is True
                                or found.get("group_level")):
        errors.couch(400, "query_parse_error", "Reduce is invalid for map-only views.")
    if view.reduce and found.get("reduce") is not False:
        if found.get("include_docs") is True:
            errors.couch(400, "query_parse_error", "`include_docs` is invalid for reduce")
        if "keys" in found and found.get("group") is not True:
            errors.couch(400, "query_parse_error", "Multi-key fetches for reduce views must use `group=true`")
        return rendering.CouchReply(stream('{"rows":[', reduced(rows, view.reduce, found)))
    chosen, offset = choose(rows, found)
    full = found.get("include_docs") is True
    head = f'{{"total_rows":{len(rows)},"offset":{offset},"rows":['
    return rendering.CouchReply(stream(head, (shown(db, row, full) for row in chosen)))


def choose(rows: Rows, found: Options) -> tuple[list[Row], int]:
    """The rows of the wanted keys or range, in the wanted order, and how many lie before them."""
    skip, limit, down = found.get("skip", 0), found.get("limit", len(rows)), found.get("descending") is True
    if "keys" in found:
        spans = [bounds({"key": key}) for key in found["keys"]]
        chosen = [row for low, high in spans for row in rows.scan(low, high, len(rows))]
        return chosen[skip:][: found.get("limit")], rows.before(spans[0][0]) if spans else 0
    low, high = bounds(found)
    start = rows.before(low)
    if not skip and not down:
        return rows.scan(low, high, limit), start
    stop = rows.before(high)
    if down:
        stop = max(start, stop - skip)
        return rows.cut(max(start, stop - limit), stop)[::-1], min(len(rows), len(rows) - stop)
    start = min(start + skip, max(stop, start))
    return rows.cut(start, min(stop, start + limit)), start


def bounds(found: Options) -> tuple[tree.Bound, tree.Bound | None]:
    """What the first row of a range is not below, and what the last is below; None is behind all."""
    down, inclusive = found.get("descending") is True, found.get("inclusive_end") is not False
    first, last = ("endkey", "startkey") if down else ("startkey", "endkey")
    if "key" in found:
        place = collation.key(found["key"])
        return (place,), (place, TOP)
    low: tree.Bound = ()
    high: tree.Bound | None = None
    if first in found:
        place = collation.key(found[first])
        low = (place, TOP) if down and not inclusive else (place,)
    if last in found:
        place = collation.key(found[last])
        high = (place,) if not down and not inclusive else (place, TOP)
    return low, high


def shown(db: Database, row: Row, full: bool) -> bytes:
    """A row as it is given out; `_id` in its value names the document to include."""
    _, id, _, rest = row
    if not full:
        return b'{"id":' + json_text.dumps(id) + b"," + rest
    data: dict[str, Any] = {"id": id, **parsed(row)}
    other = data["value"].get("_id") if isinstance(data["value"], dict) else None
    return json_text.dumps(data | {"doc": db.peek(other if isinstance(other, str) else id)})


# --- reduced -------------------------------------------------------------------------------------------------


def reduced(rows: Rows, how: str, found: Options) -> Iterator[bytes]:
    """One row for all, or with `group` one for each key, with `group_level` for each beginning of one."""
    level = None if found.get("group") is True else found.get("group_level", 0)
    spans = [bounds(one) for one in ([{"key": key} for key in found["keys"]] if "keys" in found else [found])]
    down, skip = found.get("descending") is True, found.get("skip", 0)
    runs = (run for low, high in spans for run in groups(rows, low, high, level, down))
    for head, start, end in islice(runs, skip, skip + found["limit"] if "limit" in found else None):
        value = True if how == "true" else end - start if how == "_count" else latest(rows, start, end, level)
        yield json_text.dumps({"key": head, "value": value})


def latest(rows: Rows, start: int, end: int, level: int | None) -> Any:
    """The value with the last date: of one beginning that is the last row, since dates follow it in the keys.

    CHT 4.15 source: webapp/src/ts/services/message-contacts.service.ts reads such values as the newest messages.
    """
    found = [parsed(row)["value"] for row in rows.cut(start if level == 0 else end - 1, end)]
    return max(found, key=lambda value: value["date"] if isinstance(value["date"], int | float) else 0)


def groups(rows: Rows, low: tree.Bound, high: tree.Bound | None, level: int | None,
           down: bool) -> Iterator[tuple[Any, int, int]]:
    """Each key, or beginning of one, with the places of its first row and behind its last: counted, not read."""
    start, stop = rows.before(low), rows.before(high)
    while start < stop:
        (row,) = rows.cut(stop - 1, stop) if down else rows.scan(low, None, 1)
        place, key = row[0], parsed(row)["key"]
        first: tree.Bound = (place,)
        behind: tree.Bound | None = (place, TOP)
        if level == 0:
            key, first, behind = None, (), None
        elif level is not None and isinstance(key, list) and len(key) >= level:
            key = key[:level]
            head = collation.start(key)
            first, behind = (head,), (head + collation.BEHIND,)
        if down:
            end = max(start, rows.before(first))
            yield key, end, stop
            stop = end
        else:
            end = min(stop, rows.before(behind))
            yield key, start, end
            start, low = end, behind or ()
