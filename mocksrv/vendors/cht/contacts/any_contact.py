"""GET /api/v1/contact: a person or a place by id, or the ids of those of a type or with a text.

CHT 5.2 source, api/src/controllers/contact.js, shared-libs/cht-datasource/src/local/contact.ts.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.contacts import reading
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.ddocs import full_text
from mocksrv.vendors.cht.described import request_schemas, schemas
from mocksrv.vendors.cht.node import json_text, querystring
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, contacts, input_checks
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

LIMIT = 10_000
HARD_CODED = ("district_hospital", "health_center", "clinic", "person")  # valid without configured types
COMMON: dict[str, Any] = {"since": "4.18", "permission": "can_view_contacts", "online": True, "proof": "source",
                          "source": "CHT 5.2 source, api/src/controllers/contact.js; recorded from 5.2.0"}


@vendor.operation("GET", "/api/v1/contact/uuid", query=schemas.ContactsByText,
                  response=schemas.Uuids, statuses=(200, 400, 401, 403, 500), **COMMON)
def get_contact_uuids(world: World, call: Call) -> dict[str, Any]:
    """The ids of contacts of a `type`, with a `freetext`, or both: `limit` at a time (10000), from `cursor` on."""
    query = querystring.parse(call)
    kind, text = query.get("type") or None, query.get("freetext") or None
    if kind is None and text is None:
        errors.fail(400, "Either query param freetext or type is required")
    wanted = None if text is None else input_checks.freetext(text)
    if kind is not None and not isinstance(kind, str):
        errors.fail(400, f"Invalid contact type [{json_text.text(kind)}].")
    cursor, limit = input_checks.cursor(query.get("cursor")), input_checks.limit(query.get("limit"), LIMIT)
    if kind is not None and not is_known(world, kind):
        errors.fail(400, f"Invalid contact type [{kind}].", diagnosis="see contact_types in the app settings")
    if wanted is not None:
        return full_text.page(world, full_text.CONTACTS, wanted, cursor, limit, kind)
    assert kind is not None, "one of both is there"
    skip = input_checks.skipped(cursor)
    found = documents.database(world, "medic").of_contact_type(kind, skip, limit)
    return {"data": [doc["_id"] for doc in found], "cursor": str(skip + limit) if len(found) == limit else None}


def is_known(world: World, kind: str) -> bool:
    """Whether it is a configured type, or a hard-coded one where none is configured."""
    settings = app_settings.read(world)
    if contact_types.configured(settings):
        return contact_types.find(settings, kind) is not None
    return kind in HARD_CODED


@vendor.operation("GET", "/api/v1/contact/{uuid}", query=request_schemas.CONTACT, response=reading.Contact,
                  statuses=(200, 401, 403, 404, 500), **COMMON)
def get_contact(world: World, call: Call) -> Any:
    """A person or a place; with_lineage=true puts places and their contacts in place of their ids."""
    return reading.one(world, call, contacts.is_contact, "Contact not found")
