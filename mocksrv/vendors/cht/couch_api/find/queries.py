"""Queries of documents: `_find` and `_explain`. CouchDB 3.3 source, mango_httpd, mango_cursor_view.

The rows of an index are those of a view, and are updated like them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.clock import stopwatch
from mocksrv.store import tree
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.view_index import Rows, parsed
from mocksrv.vendors.cht.couch_api import offline
from mocksrv.vendors.cht.couch_api.find import indexes, selectors
from mocksrv.vendors.cht.couch_api.find import options as find_options
from mocksrv.vendors.cht.couch_api.find import plan as mango_plan
from mocksrv.vendors.cht.couch_api.find.options import Mark
from mocksrv.vendors.cht.couch_api.find.plan import Plan
from mocksrv.vendors.cht.couch_api.one_document import DB, SOURCE, json_body, opened
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

FEW, MOST = 64, 4096  # rows that are read at a time: few at first
WARNING = "No matching index found, create an index to optimize query time."
MANY = ("The number of documents examined is high in proportion to the number of results returned. Consider adding a "
        "more specific index to improve this.")
RATIO = 10  # ratio of examined to found documents from which on a warning is given


def asked(world: World, call: Call) -> tuple[Database, dict[str, Any], Plan]:
    """The database, the options of the query, and its plan. Refuses what CouchDB refuses."""
    db = opened(world, call)
    if offline.filtered(call, db):
        raise errors.Firewall
    try:
        options = find_options.checked(json_body(call))
        return db, options, mango_plan.plan(indexes.listed(db), options["selector"], list(options["sort"]),
                                            options["use_index"])
    except selectors.BadQuery as error:
        indexes.refuse(error)


@vendor.operation("POST", f"/{DB}/_find", name="couch_find", response=response_schemas.FOUND,
                  body=request_schemas.FIND_BODY,
                  proof="source", source=SOURCE, effect="reads")
def find(world: World, call: Call) -> Any:
    """Documents that a selector finds: selector, fields, sort, limit, skip, bookmark, use_index, execution_stats."""
    began = stopwatch()
    db, options, plan = asked(world, call)
    try:
        found = search(world, db, options, plan)
    except selectors.BadQuery as error:
        indexes.refuse(error)
    fields = options["fields"] if isinstance(options["fields"], list) else []
    rows = [json_text.dumps(selectors.chosen(doc, fields)) for doc in found.docs]
    more: dict[str, Any] = {"bookmark": found.last.text() if found.last else options["bookmark"]}
    if options["execution_stats"]:
        more["execution_stats"] = {
            "total_keys_examined": 0, "total_docs_examined": found.examined, "total_quorum_docs_examined": 0,
            "results_returned": len(rows), "execution_time_ms": round((stopwatch() - began) * 1000, 3)}
    if warned := list(warnings(plan, options["use_index"], found)):
        more["warning"] = "\n".join(warned)
    if plan.ranges is None:  # nothing is read, and no statistics are given
        return rendering.CouchReply(iter((b'{"docs":[\r\n]}\r\n\n',)))
    return rendering.CouchReply(layout(rows, more))


@dataclass
class Found:
    """The result of a query: the documents, the last matching row, and the number of documents examined."""

    docs: list[Mapping[str, Any]]
    last: Mark | None = None
    examined: int = 0


def search(world: World, db: Database, options: dict[str, Any], plan: Plan) -> Found:
    """The documents of a query, read in the order of its index until there are enough. Raises BadQuery."""
    fits = selectors.compile_selector(options["selector"])
    after, skip, limit = find_options.marked(options["bookmark"]), options["skip"], options["limit"]
    found = Found([])
    if plan.ranges is None or not limit:
        return found
    for key, doc in candidates(world, db, plan, after, "desc" in options["sort"].values()):
        found.examined += 1
        if fits(doc):
            found.last = Mark(key, doc["_id"])
            if skip:
                skip -= 1
            else:
                found.docs.append(doc)
                if len(found.docs) == limit:
                    break
    return found


def candidates(world: World, db: Database, plan: Plan, after: Mark | None,
               down: bool) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The documents within the ranges of the index, each with its key there."""
    start, end = mango_plan.ends(plan.ranges or [])
    if plan.index.special:
        return by_id(db, start, end, after.id if after else None, down)
    rows = indexes.rows(world, db, plan.index)
    low: tree.Bound = (collation.start(start),)
    high: tree.Bound = (collation.start(end) + collation.BEHIND,)
    if after is not None and down:
        high = min(high, (collation.key(after.key), after.id))
    elif after is not None:
        low = max(low, (collation.key(after.key), after.id + "\0"))
    return by_row(db, rows, rows.before(low), rows.before(high), down)


def by_row(db: Database, rows: Rows, first: int, behind: int, down: bool) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    size = FEW
    while first < behind:
        if down:
            part, behind = rows.cut(max(first, behind - size), behind)[::-1], max(first, behind - size)
        else:
            part, first = rows.cut(first, min(behind, first + size)), min(behind, first + size)
        for row, doc in zip(part, looked_at(db, [row[1] for row in part]), strict=True):
            yield parsed(row)["key"], doc
        size = min(size * 2, MOST)


def by_id(db: Database, start: list[Any], end: list[Any], after: str | None,
          down: bool) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """All documents but those of designs, in the order of their ids."""
    # Values other than texts sort before or after all ids.
    low = find_options.id_bound(start[0]) if start else None
    high = find_options.id_bound(end[0]) if end else None
    size, whole = FEW, True
    if after is not None and down:
        low, high, whole = (low, after, False) if high is None or after <= high else (low, high, True)
    elif after is not None:
        low, high, whole = (after, high, False) if low is None or after >= low else (low, high, True)
    while low is None or high is None or low <= high:
        ids = db.all_ids(low, high, include_low=whole or down, include_high=whole or not down, limit=size,
                         reverse=down)
        live = [id for id in ids if not id.startswith("_design/")]
        yield from zip(live, looked_at(db, live), strict=True)
        if len(ids) < size:
            return
        low, high, whole = (low, ids[-1], False) if down else (ids[-1], high, False)
        size = min(size * 2, MOST)


def looked_at(db: Database, ids: list[str]) -> Iterator[Mapping[str, Any]]:
    return db.docs.each(db.prefix + id for id in ids)


def warnings(plan: Plan, use: list[str], found: Found) -> Iterator[str]:
    """Advice of the query's planner."""
    if use and not mango_plan.named(plan.index, use):
        yield (f"_design/{use[0].removeprefix('_design/')} was not used because it does not contain a valid index for "
               "this query." if len(use) == 1 else
               f"_design/{use[0].removeprefix('_design/')}, {use[1]} was not used because it is not a valid index for "
               "this query.")
    if plan.index.special:
        yield WARNING
    if found.examined > RATIO * max(len(found.docs), 1):
        yield MANY


def layout(rows: list[bytes], more: dict[str, Any]) -> Iterator[bytes]:
    """CouchDB's own layout: one document a line, a member a line."""
    yield b'{"docs":[\r\n' + b",\r\n".join(rows) + b"\r\n]"
    for name, value in more.items():
        yield b",\r\n" + json_text.dumps(name) + b": " + json_text.dumps(value)
    yield b"}\r\n\n"


@vendor.operation("POST", f"/{DB}/_explain", name="couch_explain", response=response_schemas.EXPLAINED, proof="source",
                  source=SOURCE, effect="reads")
def explain(world: World, call: Call) -> Any:
    """The index for a query, and the range of it that is read."""
    db, options, plan = asked(world, call)
    selector = options.pop("selector")
    start: Any = None
    end: Any = None
    if plan.ranges is not None:
        start, end = mango_plan.ends(plan.ranges)
        end = [*end, "<MAX>"]
        if plan.index.special:
            start, end = (start or [""])[0], end[0]
    down = "desc" in options["sort"].values()
    if down:
        start, end = end, start
    return rendering.CouchReply({
        "dbname": db.name, "index": plan.index.shown(), "partitioned": False, "selector": selector,
        # A list of characters, which Erlang takes for one of numbers.
        "opts": options | {"r": list(str(options["r"]).encode())},
        "limit": options["limit"], "skip": options["skip"], "fields": options["fields"],
        "mrargs": {"include_docs": options["r"] == 1, "view_type": "map", "reduce": False, "partition": None,
                   "start_key": start, "end_key": end, "direction": "rev" if down else "fwd",
                   "stable": options["stable"], "update": options["update"],
                   "conflicts": True if options["conflicts"] else "undefined"}})
