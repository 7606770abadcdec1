"""GET /api/v1/person: one person, or a page of them."""

from __future__ import annotations

from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht.contacts import paging, reading
from mocksrv.vendors.cht.described import request_schemas
from mocksrv.vendors.cht.shared_libs import contacts
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/person.js"


@vendor.operation("GET", "/api/v1/person/{uuid}", permission="can_view_contacts", online="server",
                  statuses=(200, 403, 404, 500), response=reading.Contact, query=request_schemas.CONTACT,
                  proof="source",
                  source=SOURCE)
def get_person(world: World, call: Call) -> Any:
    """A person; with_lineage=true puts places and their contacts in place of their ids. Differences: 2."""
    return reading.one(world, call, contacts.is_person, "Person not found")


@vendor.operation("GET", "/api/v1/person", permission="can_view_contacts", online="server", query=paging.Query,
                  statuses=(200, 400, 403), response=reading.Page, proof="source", source=SOURCE)
def get_people(world: World, call: Call) -> Any:
    """People of a `type`, by id: `limit` at a time (100), from `cursor` on. Differences: 2."""
    return paging.page(world, call, contacts.is_person)
