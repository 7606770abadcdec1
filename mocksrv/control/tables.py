"""A world's tables and their documents, also those that no operation of the vendor shows."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request
from tinydb import Query

from mocksrv.control.base import CONTROL, ControlError, answer, app, control, world
from mocksrv.control.describe import TEXT, WHOLE, listed, told
from mocksrv.outbox import NAME as OUTBOX
from mocksrv.store import Table

MOST = 1_000  # documents in one answer
QUERY = {"skip": WHOLE, "limit": WHOLE | {"default": 50, "maximum": MOST}, "id": TEXT, "q": TEXT}


def owners() -> dict[str, str]:
    """The vendor of each table."""
    return {spec.name: vendor.name for vendor in app().vendors.values() for spec in vendor.tables}


def describe(table: Table, owner: dict[str, str]) -> dict[str, Any]:
    # A data file may hold tables of vendors that this server was started without.
    return {"name": table.name, "vendor": owner.get(table.name), "count": len(table)}


@control.get("/tables")
@told(listed("Table"))
def list_tables() -> Response:
    """The tables of all vendors, with the number of their documents; the outbox has routes of its own."""
    owner, one = owners(), world()
    with one.lock:
        return answer([describe(table, owner) for table in one.store.each_table() if table.name != OUTBOX])


@control.get("/tables/<key>")
@told("Documents", query=QUERY)
def read_table(key: str) -> Response:
    """Documents in the order of insertion; `id` finds one, `q` those with that text in their id or compact JSON."""
    if unknown := request.args.keys() - QUERY:
        raise ControlError("unknown-member", 400, f"{unknown.pop()!r} is not known here; use {', '.join(QUERY)}")
    skip, limit = whole("skip", 0), whole("limit", 50, MOST)
    one = world()
    with one.lock:
        if key not in one.store.tables():
            raise ControlError("no-such-table", 404, f"there is no table {key!r}; GET {CONTROL}/tables lists them")
        table = one.store.table(key)
        about, id, text = describe(table, owners()), request.args.get("id"), request.args.get("q", "").lower()
        if id is None and not text:
            ids = list(table.ids())
        elif id is None:
            found = {str(doc.doc_id) for doc in table.search(Query().map(compact).test(lambda held: text in held))}
            ids = [one for one in table.ids() if one in found or text in one.lower()]
        else:
            ids = [id] if id in table else []
        page = [{"id": found, "doc": table.get(found)} for found in ids[skip : skip + limit]]
    return answer(about | {"found": len(ids), "skip": skip, "limit": limit, "documents": page})


def compact(doc: dict[str, Any]) -> str:
    """A document as it is searched: its JSON without spaces, in lower case."""
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":")).lower()


def whole(name: str, default: int, most: int | None = None) -> int:
    """A number of the query, cut to the most that there is."""
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise ControlError("not-a-number", 400, f"{name} takes a whole number")
    return int(text) if most is None else min(int(text), most)
