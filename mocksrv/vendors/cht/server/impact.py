"""GET /api/v1/impact: the usage of a CHT. CHT 5.2 source, api/src/services/impact.js."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from mocksrv.call import Call
from mocksrv.store import TOP
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

NOT_PEOPLE = 2  # documents of `_users` that are not accounts: its two design documents


class Users(Schema):
    count = fields.Integer(required=True, strict=True)


class OfType(Schema):
    type = fields.String(required=True)
    count = fields.Integer(required=True, strict=True)


class Contacts(Users):
    by_type = fields.List(fields.Nested(OfType), required=True)


class OfForm(Schema):
    form = fields.String(required=True)
    count = fields.Integer(required=True, strict=True)


class Reports(Users):
    by_form = fields.List(fields.Nested(OfForm), required=True)


class Impact(Schema):
    users = fields.Nested(Users, required=True)
    contacts = fields.Nested(Contacts, required=True)
    reports = fields.Nested(Reports, required=True)


@vendor.operation("GET", "/api/v1/impact", since="5.0", online=True, response=Impact, statuses=(200, 401, 403),
                  proof="source", source="CHT 5.2 source, api/src/controllers/impact.js; recorded from 5.2.0")
def get_impact(world: World, call: Call) -> dict[str, Any]:
    """How many users, contacts of each type and reports of each form there are."""
    by_type, by_form = counts(world, "by_contact_type"), counts(world, "by_form")
    return {
        "users": {"count": max(0, len(documents.database(world, "_users")) - NOT_PEOPLE)},
        "contacts": {"count": sum(by_type.values()),
                     "by_type": [{"type": kind, "count": count} for kind, count in by_type.items()]},
        "reports": {"count": sum(by_form.values()),
                    "by_form": [{"form": form, "count": count} for form, count in by_form.items()]},
    }


def counts(world: World, index: str) -> dict[str, int]:
    """The number of entries for each first part of an ordered index's keys; takes one step for each part."""
    medic, found, last = documents.database(world, "medic").docs, dict[str, int](), ""
    while entries := medic.range(index, (last, TOP) if found else None, limit=1):
        last = entries[0][0][0]
        found[last] = medic.rank(index, (last,), (last, TOP))
    return found
