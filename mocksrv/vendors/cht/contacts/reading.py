"""GET /api/v1/person and /place: one contact by id, or a page of them."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.contacts import paging
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import request_schemas
from mocksrv.vendors.cht.node import querystring
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, lineage
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PERSON_SOURCE = "CHT 4.15 source, api/src/controllers/person.js"
PLACE_SOURCE = "CHT 4.15 source, api/src/controllers/place.js"


class Contact(Schema):
    """A person or place: the common fields; forms add others."""

    class Meta:
        unknown = INCLUDE

    _id = fields.String(required=True)
    _rev = fields.String(required=True)
    type = fields.String(required=True)
    contact_type = fields.String()
    name = fields.String()
    reported_date = fields.Integer(metadata={"unit": "ms"})
    parent = fields.Raw()
    contact = fields.Raw()


class Page(Schema):
    """A page of contacts; no cursor means that it is the last."""

    data = fields.List(fields.Nested(Contact), required=True)
    cursor = fields.String(required=True, allow_none=True)


def one(world: World, call: Call, test: paging.Test, missing: str) -> Any:
    """The contact that the path names, if it passes the test; refuses with 404 and that message."""
    uuid = call.params["uuid"]
    doc: Any = documents.database(world, "medic").peek(uuid)
    if wants_lineage(call) and not releases.HYDRATED_LINEAGE.holds(world):
        doc = lineage.fetch(world, uuid)
    if doc is None or not test(app_settings.read(world), doc):
        errors.fail(404, missing, diagnosis=f"no document of that kind has the id {uuid!r}")
    if wants_lineage(call) and releases.HYDRATED_LINEAGE.holds(world):
        return lineage.hydrate(world, doc, alone=True)
    return doc


def wants_lineage(call: Call) -> bool:
    """Whether the parents are wanted in full: only for the text `true`."""
    return querystring.parse(call).get("with_lineage") == "true"


@vendor.operation("GET", "/api/v1/person/{uuid}", permission="can_view_contacts", online="server",
                  statuses=(200, 403, 404, 500), response=Contact, query=request_schemas.CONTACT,
                  proof="source",
                  source=PERSON_SOURCE, differences=(Difference.ONLINE_READERS,))
def get_person(world: World, call: Call) -> Any:
    """A person; with_lineage=true puts places and their contacts in place of their ids."""
    return one(world, call, contact_types.is_person, "Person not found")


@vendor.operation("GET", "/api/v1/person", permission="can_view_contacts", online="server", query=paging.Query,
                  statuses=(200, 400, 403), response=Page, proof="source", source=PERSON_SOURCE,
                  differences=(Difference.ONLINE_READERS,))
def get_people(world: World, call: Call) -> Any:
    """People of a `type`, by id: `limit` at a time (100), from `cursor` on."""
    return paging.page(world, call, contact_types.is_person)


@vendor.operation("GET", "/api/v1/place/{uuid}", permission="can_view_contacts", online="server",
                  statuses=(200, 403, 404), response=Contact, query=request_schemas.CONTACT, proof="source",
                  source=PLACE_SOURCE, differences=(Difference.ONLINE_READERS,))
def get_place(world: World, call: Call) -> Any:
    """A place; with_lineage=true expands its parents and contacts, if it has a parent."""
    return one(world, call, contact_types.is_place, "Place not found")


@vendor.operation("GET", "/api/v1/place", permission="can_view_contacts", online="server", query=paging.Query,
                  statuses=(200, 400, 403), response=Page, proof="source", source=PLACE_SOURCE,
                  differences=(Difference.ONLINE_READERS,))
def get_places(world: World, call: Call) -> Any:
    """Places of a `type`, by id: `limit` at a time (100), from `cursor` on."""
    return paging.page(world, call, contact_types.is_place)
