"""Views by name, as CouchDB answers them. CouchDB 3.3 source, chttpd_view, couch_mrview; CHT 4.15 source, ddocs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.couch.view_index import Row, Rows, parsed, rows_of
from mocksrv.vendors.cht.couch_api import offline
from mocksrv.vendors.cht.couch_api.lists import finding, reducing, view_options
from mocksrv.vendors.cht.couch_api.lists.all_docs import begun, headed, lines, results, stream
from mocksrv.vendors.cht.couch_api.lists.ranges import bounds, of_key
from mocksrv.vendors.cht.couch_api.lists.view_options import Options
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, json_body, opened
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
    """The database of the view; offline users may read views of databases of their own alone."""
    db = opened(world, call)
    if offline.filtered(call, db):
        raise errors.Firewall
    return db


class Asked:
    """The view that a request names."""

    def __init__(self, world: World, call: Call, db: Database) -> None:
        self.world, self.db = world, db
        self.name, self.view = finding.named(world, call, db)

    def rows(self, found: Options) -> Iterator[bytes]:
        """The rows for the options, reduced if the view has a reduce function and `reduce` is not false."""
        reduces = self.view.reduce is not None and found.get("reduce", True)
        view_options.check(found, reduces)
        view_options.check_range(found)
        rows = rows_of(self.world, self.name, self.view)
        seq = sequence(self.db.update_seq)
        if reduces:
            head = f'"update_seq":{json_text.text(seq)},"rows":[' if found.get("update_seq") else '"rows":['
            return stream(head, reducing.reduced(rows, self.view.reduce, found))
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
        # A key that is named twice has its rows twice: there may be more of them than the view has.
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
