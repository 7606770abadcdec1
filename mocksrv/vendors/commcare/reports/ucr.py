"""Rows of a data source, a function view. HQ source: corehq/apps/api/views.py, resources/ucr."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import Text, absent, view_error
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.schemas import RowList, RowQuery
from mocksrv.vendors.commcare.tastypie import paginator
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

SOURCE = "commcare-hq corehq/apps/api/resources/ucr.py"
DEFAULT, MOST = 1000, 10_000
MISSING = "Missing data_source_id parameter"


@vendor.view("GET", f"/a/{DOMAIN}/api/ucr/v1/", f"/a/{DOMAIN}/api/v0.5/ucr/", permission="edit_data",
             response=RowList, statuses=(200, 400, 403, 404), source=SOURCE, proof="source", query=RowQuery)
def list_rows(world: World, call: Call) -> dict[str, Any]:
    """Rows by time of insertion; `next` is set while a page has rows, even on the last one."""
    domain = call.params["domain"]
    if not domains.has(world, "ucr"):
        raise Refusal(403, diagnosis="the setting commcare.features lacks ucr")
    query = dict(call.query) | cursor_of(call)
    id = query.get("data_source_id")
    if not id:
        raise Refusal(400, Text(MISSING))
    if owned(world, "commcare.data_sources", id, domain) is None:
        raise absent(f"no data source {id!r} in this domain")
    limit, shown_limit = limit_of(query.get("limit"))
    last = (query["last_inserted_at"], query.get("last_doc_id", "")) if "last_inserted_at" in query else ("", "")
    table = world.table("commcare.data_rows")
    found = [table.peek(row) or {} for _, row in table.range(
        "by_inserted", (id, *last), (id, TOP), include_low=False, limit=limit)]
    following = None
    if found:
        pairs = [("last_doc_id", found[-1]["doc_id"]), ("last_inserted_at", found[-1]["inserted_at"])]
        inner = base64.b64encode(urlencode(pairs).encode()).decode()
        kept = {"data_source_id": id, **({"limit": query["limit"]} if "limit" in query else {}), "cursor": inner}
        following = f"{call.base_url}{call.path}?{urlencode(kept)}"
    return {"objects": [{"id": row["doc_id"], "doc_id": row["doc_id"],
                         "inserted_at": dates.milliseconds(row["inserted_at"]), **row["values"]} for row in found],
            "meta": {"next": following, "limit": shown_limit}}


def cursor_of(call: Call) -> dict[str, str]:
    """The content of the cursor. Raises 400."""
    cursor = call.arg("cursor")
    if cursor is None:
        return {}
    try:
        return dict(parse_qsl(base64.b64decode(cursor, validate=True).decode(), strict_parsing=True))
    except (binascii.Error, ValueError):
        raise view_error(400, "Invalid cursor") from None


def limit_of(value: str | None) -> tuple[int, int | str]:
    """The limit, and its form in `meta`: the query's own text, unless it was capped or not given."""
    if value is None:
        return DEFAULT, DEFAULT
    limit = paginator.natural(value)
    if not limit:
        raise view_error(400, "limit must be a positive integer.")
    return (MOST, MOST) if limit > MOST else (limit, value)
