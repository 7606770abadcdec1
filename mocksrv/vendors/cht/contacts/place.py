"""GET /api/v1/place: one place, or a page of them."""

from __future__ import annotations

from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht.contacts import paging, reading
from mocksrv.vendors.cht.described import request_schemas
from mocksrv.vendors.cht.shared_libs import contacts
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/place.js"


@vendor.operation("GET", "/api/v1/place/{uuid}", permission="can_view_contacts", online="server",
                  statuses=(200, 403, 404), response=reading.Contact, query=request_schemas.CONTACT, proof="source",
                  source=SOURCE)
def get_place(world: World, call: Call) -> Any:
    """A place; with_lineage=true expands its parents and contacts, if it has a parent. Differences: 2."""
    return reading.one(world, call, contacts.is_place, "Place not found")


@vendor.operation("GET", "/api/v1/place", permission="can_view_contacts", online="server", query=paging.Query,
                  statuses=(200, 400, 403), response=reading.Page, proof="source", source=SOURCE)
def get_places(world: World, call: Call) -> Any:
    """Places of a `type`, by id: `limit` at a time (100), from `cursor` on. Differences: 2."""
    return paging.page(world, call, contacts.is_place)
