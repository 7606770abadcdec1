"""Views by name, as CouchDB answers them. CouchDB 3.3 source, chttpd_view, couch_mrview; CHT 4.15 source, ddocs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from mocksrv.problems import NotSimulated, Ours
from mocksrv.store import TOP, tree
from mocksrv.vendors.cht import errors, releases, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import collation, versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.view_index import Row, Rows, View, parsed, rows_of
from mocksrv.vendors.cht.couch_api.lists import view_options
from mocksrv.vendors.cht.couch_api.lists.all_docs import begun, headed, lines, results, stream
from mocksrv.vendors.cht.couch_api.lists.view_options import EXACT, Options
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, json_body, opened, sequence
from mocksrv.vendors.cht.ddocs import sources
from mocksrv.vendors.cht.ddocs.views import VIEWS
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATH = f"/{DB}/_design/{{design}}/_view/{{view}}"
WRONG_KEYS = "`keys` member must be an array."


@vendor.operation("GET", PATH, name="couch_view", response=response_schemas.ROWS, query=request_schemas.VIEW,
                  proof="source",
                  source=SOURCE)
def get_view(world: World, call: Call) -> Any:
    """Rows of a view: key, keys, startkey, endkey (with startkey_docid, endkey_docid), inclusive_end, descending, skip,
    limit, include_docs, reduce, group, group_level, update_seq, sorted."""
    db = entered(world, call)
    return rendering.CouchReply(begun(lines(Asked(world, call, db).rows(view_options.of_query(call.query)))))


@vendor.operation("POST", PATH, name="couch_view_post", response=response_schemas.ROWS, query=request_schemas.VIEW,
                  body=request_schemas.KEYS_BODY, proof="source", source=SOURCE, effect="reads")
def post_view(world: World, call: Call) -> Any:
    """Rows of a view, with the options in the body, usually `{"keys": [...]}`."""
    db = entered(world, call)
    body = json_body(call)
    view_options.no_queries(body)
    found = view_options.of_body(body, call.query, WRONG_KEYS)
    return rendering.CouchReply(begun(lines(Asked(world, call, db).rows(found))))


@vendor.operation("POST", f"{PATH}/queries", name="couch_view_queries", body=request_schemas.QUERIES_BODY,
                  response=response_schemas.RESULTS, proof="source", source=SOURCE)
def view_queries(world: World, call: Call) -> Any:
    """Rows of a view for each of several queries: `{"queries": [{...}]}`."""
    db = entered(world, call)
    asked = view_options.queries(json_body(call))
    view = Asked(world, call, db)
    return rendering.CouchReply(results([view.rows(found) for found in asked]))


def entered(world: World, call: Call) -> Database:
    """The database of the view; offline users may not read views."""
    db = opened(world, call)
    if not call.caller.online:
        raise errors.Firewall
    return db


def find(call: Call, db: Database) -> View:
    """The view that the path names; refuses with CouchDB's distinction between a missing document and a missing view.
    """
    id, name = f"_design/{call.params['design']}", call.params["view"]
    design = db.peek(id)
    if design is None:
        raise errors.CouchError(404, "not_found", "deleted" if db.history(id) is not None else "missing")
    there = design.get("views")
    if isinstance(there, dict) and name in there:
        view = VIEWS.get((db.name, call.params["design"]), {}).get(name)
        if view is None:
            raise Ours(NotSimulated(f"the JavaScript of {id}, which is stored but never run"))
        later = name in sources.COUNTED_LATER and releases.VIEWS.holds(call)
        return replace(view, reduce="_count") if later else view
    raise errors.CouchError(404, "not_found", "missing_named_view", diagnosis=(
        f"{id} has {', '.join(there) if isinstance(there, dict) and there else 'no views'}"))


class Asked:
    """The view that a request names."""

    def __init__(self, world: World, call: Call, db: Database) -> None:
        self.world, self.db, self.view = world, db, find(call, db)
        self.name = (db.name, call.params["design"], call.params["view"])

    def rows(self, found: Options) -> Iterator[bytes]:
        """The rows for the options, reduced if the view has a reduce function and `reduce` is not false."""
        reduces = self.view.reduce is not None and found.get("reduce", True)
        view_options.check(found, reduces)
        view_options.check_range(found)
        rows = rows_of(self.world, self.name, self.view)
        seq = sequence(self.db.update_seq)
        if reduces:
            head = f'"update_seq":{json_text.text(seq)},"rows":[' if found.get("update_seq") else '"rows":['
            return stream(head, reduced(rows, str(self.view.reduce), found))
        chosen, offset = choose(rows, found)
        show = (partial(versions.included, self.world, self.db, versions.asked(found)) if found.get("include_docs")
                else None)
        head = '"rows":[' if found.get("sorted") is False else headed(found, len(rows), offset, seq)
        return stream(head, (shown(self.db, row, show) for row in chosen))


# --- rows ----------------------------------------------------------------------------------------------------


def choose(rows: Rows, found: Options) -> tuple[list[Row], int]:
    """The rows of the wanted keys or range, in the wanted order, and the number of rows before them."""
    skip, limit, down = found.get("skip", 0), found.get("limit", len(rows)), found.get("descending", False)
    if "keys" in found:
        spans = [of_key(key) for key in found["keys"]]
        chosen = [row for low, high in spans for row in rows.scan(low, high, len(rows))[:: -1 if down else 1]]
        return chosen[skip:][:limit], rows.before(spans[0][0]) if spans else 0
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


def of_key(key: Any) -> tuple[tree.Bound, tree.Bound]:
    """The bounds of the rows of one key."""
    place = collation.key(key)
    return (place,), (place, TOP)


def bounds(found: Options) -> tuple[tree.Bound, tree.Bound | None]:
    """The lower bound (included) and upper bound (excluded) of a range; None sorts after all. Document ids count only
    together with a key.
    """
    down, inclusive = found.get("descending", False), found.get("inclusive_end", True)
    first, last = ("endkey", "startkey") if down else ("startkey", "endkey")
    low: tree.Bound = ()
    high: tree.Bound | None = None
    if first in found:
        beyond = down and not inclusive
        low = place_of(found, first, last_row=beyond)
    if last in found:
        high = place_of(found, last, last_row=down or inclusive)
    return low, high


def place_of(found: Options, name: str, last_row: bool) -> tree.Bound:
    """The bound before the first or after the last row of a key and, if given, of a document id."""
    place, id = collation.key(found[name]), found.get(f"{name}_docid")
    here: tree.Bound = (place,) if id is None else (place, id)
    return (*here, TOP) if last_row else here


def shown(db: Database, row: Row, show: Callable[[str], Any] | None) -> bytes:
    """A row of the answer; `_id` (and `_rev`) in its value name the document to include."""
    _, id, _, rest = row
    if show is None:
        return b'{"id":' + json_text.dumps(id) + b"," + rest
    data: dict[str, Any] = {"id": id, **parsed(row)}
    value = data["value"] if isinstance(data["value"], dict) else {}
    other = value.get("_id", id)
    if isinstance(other, str) and isinstance(value.get("_rev"), str):
        leaf = versions.find(db, other, value["_rev"])
        return json_text.dumps(data | {"doc": None if leaf is None else leaf.body})
    return json_text.dumps(data | {"doc": show(other) if isinstance(other, str) else None})


# --- reduced -------------------------------------------------------------------------------------------------


def reduced(rows: Rows, how: str, found: Options) -> Iterator[bytes]:
    """One row for all; with `group` one for each key, with `group_level` one for each prefix of a key."""
    level = view_options.group_level(found)
    spans = [of_key(key) for key in found["keys"]] if "keys" in found else [bounds(found)]
    down, skip = found.get("descending", False), found.get("skip", 0)
    runs = (run for low, high in spans for run in groups(rows, low, high, None if level == EXACT else level, down))
    for head, start, end in islice(runs, skip, skip + found["limit"] if "limit" in found else None):
        yield json_text.dumps({"key": head, "value": REDUCES[how](rows, start, end)})


def stats(rows: Rows, start: int, end: int) -> dict[str, Any]:
    """CouchDB's `_stats`."""
    found = [parsed(row)["value"] for row in rows.cut(start, end)]
    return {"sum": sum(found), "count": len(found), "min": min(found), "max": max(found),
            "sumsqr": sum(value * value for value in found)}


def latest(rows: Rows, start: int, end: int) -> Any:
    """The value with the last date, the first of several; without any a date of 0.

    Where one key is all that the rows have in common but a date, which follows it, that is the last of them.
    """
    (last,) = rows.cut(end - 1, end)
    key, when = parsed(last)["key"], parsed(last)["value"].get("date")
    if isinstance(key, list) and key[-1:] == [when] and isinstance(when, int | float):
        (ahead,) = rows.cut(start, start + 1)
        if parsed(ahead)["key"][:-1] == key[:-1]:
            place = max(start, rows.before((last[0],)))
            start, end = place, place + 1
    return max((parsed(row)["value"] for row in rows.cut(start, end)), key=dated)


def dated(value: Any) -> Any:
    """The sort key of values: their date, which is a text or a number."""
    when = value.get("date") if isinstance(value, dict) else None
    return (1, 0, when) if isinstance(when, str) else (0, when, "") if isinstance(when, int | float) else (0, 0, "")


REDUCES: dict[str, Callable[[Rows, int, int], Any]] = {
    "_count": lambda rows, start, end: end - start, "true": lambda rows, start, end: True, "_stats": stats,
    "latest": latest}


def groups(rows: Rows, low: tree.Bound, high: tree.Bound | None, level: int | None,
           down: bool) -> Iterator[tuple[Any, int, int]]:
    """Each key or prefix with the positions of its first row and after its last, counted without reading rows."""
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
