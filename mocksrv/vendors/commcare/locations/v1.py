"""Locations and location types, version 1. HQ source: corehq/apps/locations/resources/v0_5.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import absent, bad_request
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER, owned
from mocksrv.vendors.commcare.schemas import LocationList, LocationObject, LocationTypeList, LocationTypeObject
from mocksrv.vendors.commcare.schemas.requests import LocationQuery, PageQuery
from mocksrv.vendors.commcare.tastypie import filters, paginator
from mocksrv.vendors.commcare.users.listing import detail_uri
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/locations/resources/v0_5.py"
FIELDS = ("created_at", "domain", "external_id", "id", "last_modified", "latitude", "location_data", "location_id",
          "location_type", "longitude", "name", "parent", "resource_uri", "site_code")
FILTERS: dict[str, tuple[frozenset[str], Callable[[str], Any]]] = {
    "site_code": (filters.EXACT, filters.text),
    "external_id": (filters.EXACT, filters.text),
    "created_at": (filters.ALL, filters.moment),
    "last_modified": (filters.ALL, filters.moment),
    "latitude": (filters.ALL, float),
    "longitude": (filters.ALL, float),
}
TYPE_FIELDS = ("administrative", "code", "domain", "id", "name", "parent", "resource_uri", "shares_cases",
               "view_descendants")


def uri(call: Call, resource: str, id: str | int | None) -> str | None:
    """The absolute URL of an object in the scheme of the request; exports join the two lists by it."""
    return None if id in (None, "") else call.base_url + detail_uri(call, resource, str(id))


def show(call: Call, place: Doc) -> dict[str, Any]:
    return {
        "created_at": dates.isoformat(place["created_at"]),
        "domain": place["domain"],
        "external_id": place["external_id"],
        "id": place["id"],
        "last_modified": dates.isoformat(place["last_modified"]),
        "latitude": place["latitude"],
        "location_data": place["location_data"],
        "location_id": place["location_id"],
        "location_type": uri(call, "location_type", place["type_id"]),
        "longitude": place["longitude"],
        "name": place["name"],
        "parent": uri(call, "location", place["parent_id"]),
        "resource_uri": uri(call, "location", place["location_id"]),
        "site_code": place["site_code"],
    }


def show_type(call: Call, kind: Doc) -> dict[str, Any]:
    return {
        "administrative": kind["administrative"],
        "code": kind["code"],
        "domain": kind["domain"],
        "id": kind["id"],
        "name": kind["name"],
        "parent": uri(call, "location_type", kind["parent_id"]),
        "resource_uri": uri(call, "location_type", kind["id"]),
        "shares_cases": kind["shares_cases"],
        "view_descendants": kind["view_descendants"],
    }


def check_plan(world: World, call: Call) -> None:
    if not domains.has(world, "locations"):
        raise Refusal(403, diagnosis="the setting commcare.features lacks locations")


def refuse_order(call: Call, known: tuple[str, ...]) -> None:
    """No field of a version 1 location can be sorted by."""
    for name, value in call.query:
        bare = value.removeprefix("-").partition("__")[0]
        if name == "order_by" and bare not in known:
            raise bad_request(f"No matching '{bare}' field for ordering on.")
        if name == "order_by":
            raise bad_request(f"The '{bare}' field does not allow ordering.")


def listed(world: World, call: Call, table: str, tests: list[filters.Test]) -> list[Doc]:
    """A domain's documents that pass all tests, by number."""
    domain, docs = call.params["domain"], world.table(table)
    found = (docs.peek(id) or {} for _, id in docs.range("by_number", (domain,), (domain, TOP_NUMBER)))
    return [doc for doc in found if not doc.get("archived") and all(test(doc) for test in tests)]


@vendor.resource("GET", "location", "v0.5", "v1", permission="edit_locations", response=LocationList,
                 source=SOURCE, proof="source", query=LocationQuery)
def list_locations(world: World, call: Call) -> dict[str, Any]:
    """Locations by number, with Django's lookups as filters."""
    check_plan(world, call)
    found = listed(world, call, "commcare.locations", filters.tests(call, FIELDS, FILTERS))
    refuse_order(call, FIELDS)
    return paginator.page(call, len(found), lambda offset, limit: [
        show(call, place) for place in found[offset : offset + limit]])


@vendor.resource("GET", "location", "v0.5", "v1", detail=True, permission="edit_locations",
                 response=LocationObject, statuses=(200, 404), source=SOURCE, proof="source")
def get_location(world: World, call: Call) -> dict[str, Any]:
    """One location by its `location_id`."""
    check_plan(world, call)
    place = owned(world, "commcare.locations", call.params["pk"], call.params["domain"])
    if place is None or place["archived"]:
        raise absent(f"no location {call.params['pk']!r} in this domain")
    return show(call, place)


@vendor.resource("GET", "location_type", "v0.5", "v1", permission="edit_locations", response=LocationTypeList,
                 source=SOURCE, proof="source", query=PageQuery)
def list_location_types(world: World, call: Call) -> dict[str, Any]:
    """Location types by number."""
    check_plan(world, call)
    found = listed(world, call, "commcare.location_types", filters.tests(call, TYPE_FIELDS, {}))
    refuse_order(call, TYPE_FIELDS)
    return paginator.page(call, len(found), lambda offset, limit: [
        show_type(call, kind) for kind in found[offset : offset + limit]])


@vendor.resource("GET", "location_type", "v0.5", "v1", detail=True, permission="edit_locations",
                 response=LocationTypeObject, statuses=(200, 404), source=SOURCE, proof="source")
def get_location_type(world: World, call: Call) -> dict[str, Any]:
    """One location type by its number."""
    check_plan(world, call)
    kind = owned(world, "commcare.location_types", call.params["pk"], call.params["domain"])
    if kind is None:
        raise absent(f"no location type {call.params['pk']!r} in this domain")
    return show_type(call, kind)
