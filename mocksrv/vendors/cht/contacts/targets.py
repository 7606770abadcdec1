"""GET /api/v1/target: the progress of contacts towards their targets of a month, as their devices reported it.

CHT 5.2 source, api/src/controllers/target.js, shared-libs/cht-datasource/src/local/target.ts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, Schema, fields

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.contacts import paging
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript, querystring
from mocksrv.vendors.cht.shared_libs import input_checks
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

LIMIT = 100
PERIOD = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)
TEXTS = ("user", "owner", "reporting_period")
COMMON: dict[str, Any] = {"since": "5.1", "online": True, "proof": "source",
                          "source": "CHT 5.2 source, api/src/controllers/target.js; recorded from 5.2.0"}


class Target(Schema):
    class Meta:
        unknown = INCLUDE

    _id = fields.String(required=True)
    _rev = fields.String(required=True)
    type = fields.String(required=True)
    user = fields.String(required=True)
    owner = fields.String(required=True)
    reporting_period = fields.String(required=True)
    updated_date = fields.Raw(required=True)
    targets = fields.List(fields.Raw(), required=True)


class Targets(Schema):
    data = fields.List(fields.Nested(Target), required=True)
    cursor = fields.String(required=True, allow_none=True)


class Query(Schema):
    reporting_period = fields.String(required=True, metadata={"description": "YYYY-MM"})
    contact_id = fields.String(metadata={"description": "this or contact_ids is needed"})
    contact_ids = fields.String(metadata={"description": "ids with commas between them"})
    cursor = fields.String()
    limit = fields.Integer(load_default=LIMIT)


@vendor.operation("GET", "/api/v1/target/{id}", response=Target, statuses=(200, 401, 403, 404, 500), **COMMON)
def get_target(world: World, call: Call) -> Any:
    """The targets of a contact in a month, as one device reported them."""
    doc = documents.database(world, "medic").peek(call.params["id"])
    if doc is None or not is_target(doc):
        errors.fail(404, "Target not found")
    return doc


@vendor.operation("GET", "/api/v1/target", query=Query, response=Targets, statuses=(200, 400, 401, 403, 500), **COMMON)
def get_targets(world: World, call: Call) -> dict[str, Any]:
    """The targets of one or several contacts in a month, by id: `limit` at a time (100), from `cursor` on."""
    query = querystring.parse(call)
    contacts = contacts_of(query)
    period = query.get("reporting_period")
    if not isinstance(period, str) or not PERIOD.fullmatch(period):
        errors.fail(400, f"Invalid reporting period [{'undefined' if period is None else javascript.text(period)}].")
    cursor, limit = input_checks.cursor(query.get("cursor")), input_checks.limit(query.get("limit"), LIMIT)
    skip, medic = input_checks.skipped(cursor), documents.database(world, "medic")
    start = f"target~{period}~" + (f"{contacts[0]}~" if len(contacts) == 1 else "")
    wanted = set(contacts)
    ids = [id for id in medic.all_ids(start, f"{start}\ufff0") if id.split("~")[2] in wanted]

    def read(skip: int, number: int) -> list[Mapping[str, Any]]:
        return [doc for id in ids[skip : skip + number] if (doc := medic.peek(id)) is not None]

    return paging.collect(read, skip, limit, is_target)


def contacts_of(query: Mapping[str, Any]) -> list[str]:
    """The ids of `contact_id`, or else of `contact_ids`."""
    one, several = query.get("contact_id"), query.get("contact_ids")
    if one:
        if not isinstance(one, str):
            errors.fail(400, f"Invalid contact Id [{javascript.text(one)}].")
        return [one]
    if several and not isinstance(several, str):
        errors.server_error(diagnosis="the server splits contact_ids as a text: give it once, without brackets")
    ids = [id for id in (several or "").split(",") if id]
    if not ids:
        errors.fail(400, "Invalid contact Ids [].")
    return ids


def is_target(doc: Mapping[str, Any]) -> bool:
    """Whether a document has the required fields of a target."""
    updated = doc.get("updated_date")
    return (doc.get("type") == "target" and all(isinstance(doc.get(name), str) and doc[name].strip() for name in TEXTS)
            and isinstance(updated, int | float) and not isinstance(updated, bool)
            and isinstance(doc.get("targets"), list))
