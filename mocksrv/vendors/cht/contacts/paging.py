"""Pages of contacts by type: a cursor is the number of index rows to skip.

CHT 4.15 source, shared-libs/cht-datasource/src/local/libs/core.ts and api/src/controllers/person.js, place.js.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import Schema, fields

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript, json_text, querystring
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, input_checks
from mocksrv.world import World

DEFAULT_LIMIT = 100
LAST = 2**53  # any larger cursor is past the end
LARGEST_LIMIT = 268_435_456  # of rows that CouchDB gives at a time


class Query(Schema):
    """The parameters of a list of contacts."""

    type = fields.String(required=True)
    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=100)


Test = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def page(world: World, call: Call, test: Test) -> dict[str, Any]:
    """One page of the contacts of a type that pass the test: `{"data": [...], "cursor": text or None}`."""
    kind, cursor, limit = (newer_arguments if releases.PAGE_ERRORS.holds(world) else arguments)(call)
    settings = app_settings.read(world)
    if contact_types.find(settings, kind) is None or not test(settings, {"type": kind}):
        errors.fail(400, f"Invalid contact type [{kind}].", diagnosis="see contact_types in the app settings")
    skip = javascript.number(cursor)
    if not (skip.is_integer() and skip >= 0):
        if releases.PAGE_ERRORS.holds(world):
            input_checks.bad_cursor(cursor)
        errors.fail(400, f"Invalid cursor token: [{cursor}].", diagnosis="use the cursor of the page before")
    return collect(partial(documents.database(world, "medic").of_contact_type, kind), int(min(skip, LAST)), limit,
                   lambda doc: contact_types.type_id(doc) == kind)


def newer_arguments(call: Call) -> tuple[str, str, int]:
    """Type, cursor and limit, refused as by later releases, whose messages show them as they were sent."""
    query = querystring.parse(call)
    kind = query.get("type")
    if not isinstance(kind, str) or not kind:
        errors.fail(400, f"Invalid contact type [{'undefined' if kind is None else json_text.text(kind)}].")
    cursor = input_checks.cursor(query.get("cursor"))
    return kind, "0" if cursor is None else cursor, input_checks.limit(query.get("limit"), DEFAULT_LIMIT)


def arguments(call: Call) -> tuple[str, str, int]:
    """Type, cursor and limit, refused in the server's order and words."""
    query = querystring.parse(call)
    kind, cursor, given = query.get("type"), query.get("cursor", "0"), query.get("limit")
    if not isinstance(kind, str) or not kind:
        shown = "undefined" if kind is None else json_text.text(kind)
        errors.fail(400, f"Invalid contact type [{shown}].")
    if not isinstance(cursor, str) or not cursor:
        errors.fail(400, f"Invalid cursor token: [{javascript.text(cursor)}].")
    if given is None:
        return kind, cursor, DEFAULT_LIMIT
    limit = javascript.number(javascript.text(given))
    if given == "" or not (limit.is_integer() and limit > 0):
        text = "" if given == "" else javascript.number_text(limit)
        errors.fail(400, f"The limit must be a positive number: [{text}].")
    return kind, cursor, int(limit)


def collect(read: Callable[[int, int], list[Mapping[str, Any]]], skip: int, limit: int,
            passes: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Read with `read(skip, limit)` until a page is full, each time twice as many as are missing.

    As on the server, surplus documents of the last read are lost if it reaches the end.
    """
    kept: list[Mapping[str, Any]] = []
    wanted = limit
    while True:
        if wanted > LARGEST_LIMIT:
            errors.fail(400, f"Limit is too large, must not exceed {LARGEST_LIMIT}",
                        diagnosis="this is CouchDB's query_limit for views")
        rows = read(skip, wanted)
        fresh = [doc for doc in rows if passes(doc)]
        kept += fresh
        if len(rows) < wanted:
            return {"data": kept[:limit], "cursor": None}
        if len(kept) >= limit:
            return {"data": kept[:limit], "cursor": str(skip + wanted - (len(kept) - limit))}
        skip, wanted = skip + wanted, 2 * (wanted - len(fresh))
