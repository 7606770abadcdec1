"""Locations and location types, version 1. HQ source: corehq/apps/locations/resources/v0_5.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import absent, failed, not_found
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER, owned
from mocksrv.vendors.commcare.locations import model_schema, writing
from mocksrv.vendors.commcare.schemas import (
    LocationList,
    LocationObject,
    LocationQuery,
    LocationTypeList,
    LocationTypeObject,
    PageQuery,
)
from mocksrv.vendors.commcare.tastypie import filters, paginator
from mocksrv.vendors.commcare.users.listing import detail_uri
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/locations/resources/v0_5.py"
LAST_OFFSET = 2**63 - 1
FIELDS: dict[str, filters.Kind] = {
    "created_at": filters.MOMENT, "domain": filters.TEXT, "external_id": filters.TEXT, "id": filters.NUMBER,
    "last_modified": filters.MOMENT, "latitude": filters.NUMBER, "location_data": filters.TEXT,
    "location_id": filters.TEXT, "location_type": filters.TEXT, "longitude": filters.NUMBER, "name": filters.TEXT,
    "parent": filters.TEXT, "resource_uri": filters.TEXT, "site_code": filters.TEXT,
}
FILTERS: dict[str, frozenset[str]] = {
    "created_at": filters.ALL, "domain": filters.EXACT, "external_id": filters.EXACT, "last_modified": filters.ALL,
    "latitude": filters.ALL, "longitude": filters.ALL, "site_code": filters.EXACT,
}
TOLD_FILTERS = {name: 1 if lookups is filters.ALL else ["exact"] for name, lookups in FILTERS.items()}
TYPE_FIELDS: dict[str, filters.Kind] = dict.fromkeys(model_schema.LOCATION_TYPE, filters.TEXT)
TYPE_FILTERS = {"domain": filters.EXACT}


def uri(call: Call, resource: str, id: str | int | None, domain: str) -> str | None:
    """The absolute URL of an object in the scheme of the request; exports join the two lists by it."""
    return None if id in (None, "") else call.base_url + detail_uri(call, resource, str(id), domain)


def show(call: Call, place: Doc) -> dict[str, Any]:
    return {
        "created_at": dates.isoformat(place["created_at"]),
        "domain": place["domain"],
        "external_id": place["external_id"],
        "id": place["id"],
        "last_modified": dates.isoformat(place["last_modified"]),
        "latitude": place["latitude"],
        "location_data": writing.shown_data(place),
        "location_id": place["location_id"],
        "location_type": uri(call, "location_type", place["type_id"], place["domain"]),
        "longitude": place["longitude"],
        "name": place["name"],
        "parent": uri(call, "location", place["parent_id"], place["domain"]),
        "resource_uri": uri(call, "location", place["location_id"], place["domain"]),
        "site_code": place["site_code"],
    }


def show_type(call: Call, kind: Doc) -> dict[str, Any]:
    return {
        "administrative": kind["administrative"],
        "code": kind["code"],
        "domain": kind["domain"],
        "id": kind["id"],
        "name": kind["name"],
        "parent": uri(call, "location_type", kind["parent_id"], kind["domain"]),
        "resource_uri": uri(call, "location_type", kind["id"], kind["domain"]),
        "shares_cases": kind["shares_cases"],
        "view_descendants": kind["view_descendants"],
    }


def check_plan(world: World, call: Call) -> None:
    if not domains.has(world, "locations"):
        raise Refusal(403, diagnosis="the setting commcare.features lacks locations")


def page(world: World, call: Call, table: str, tests: list[filters.Test], show: Callable[[Doc], dict[str, Any]],
         order: list[tuple[Callable[[Doc], Any], bool]], maximum: int = 1000) -> dict[str, Any]:
    """A list's body: a domain's documents that pass all tests, by number if there is no other order."""
    _, offset = paginator.window(call, maximum=maximum)  # tastypie checks it before it asks the database
    domain, docs = call.params["domain"], world.table(table)
    every = (docs.peek(id) or {} for _, id in docs.range("by_number", (domain,), (domain, TOP_NUMBER)))
    found = [doc for doc in every if passes(doc, tests)]
    for key, down in reversed(order):
        found.sort(key=key, reverse=down)
    if offset > LAST_OFFSET:
        raise failed(f"the database counts to {LAST_OFFSET} only")
    return paginator.page(call, len(found), lambda offset, limit: [
        show(doc) for doc in found[offset : offset + limit]], maximum=maximum)


def passes(doc: Doc, tests: list[filters.Test]) -> bool:
    return not doc.get("archived") and all(test(doc) for test in tests)


def asked(call: Call, **path: str) -> list[tuple[str, str]]:
    """The query, with what stands in the path behind it: HQ takes both for filters."""
    return [*call.query, *path.items()]


def find(world: World, call: Call) -> Doc:
    """The location that the path names. Raises an empty 404."""
    check_plan(world, call)
    place = owned(world, "commcare.locations", call.params["pk"], call.params["domain"])
    if place is None or place["archived"]:
        raise absent(f"no location {call.params['pk']!r} in this domain")
    return place


def several(world: World, call: Call, table: str, tests: list[filters.Test],
            show: Callable[[Doc], dict[str, Any]]) -> dict[str, Any]:
    """The objects of a `set/` that pass all tests, in the order of their ids in the path: those of any domain.

    Source: tastypie/resources.py, get_multiple: it asks obj_get_list, which here only looks at the query.
    """
    ids = call.params["ids"].split(";")
    docs = {id: world.table(table).peek(id) for id in ids}
    found = {id: show(doc) for id, doc in docs.items() if doc is not None and passes(doc, tests)}
    missing = [id for id in ids if id not in found]
    return {"objects": [found[id] for id in ids if id in found]} | ({"not_found": missing} if missing else {})


@vendor.resource("GET", "location", "v1", "v0.5", permission="edit_locations", response=LocationList,
                 source=SOURCE, proof="source", query=LocationQuery)
def list_locations(world: World, call: Call) -> dict[str, Any]:
    """Locations by number, with Django's lookups as filters."""
    check_plan(world, call)
    tests = filters.tests(asked(call, domain=call.params["domain"]), FIELDS, FILTERS)
    order = filters.ordering(call, FIELDS, ())
    return page(world, call, "commcare.locations", tests, lambda place: show(call, place), order)


@vendor.resource("GET", "location", "v1", "v0.5", tail="schema/", permission="edit_locations",
                 response=response_schemas.MODEL_SCHEMA, source=SOURCE, proof="source")
def get_location_schema(world: World, call: Call) -> dict[str, Any]:
    """The fields of a location, as tastypie tells them."""
    return model_schema.schema(model_schema.LOCATION, TOLD_FILTERS)


@vendor.resource("GET", "location", "v1", "v0.5", tail="set/{ids:.*?}/", permission="edit_locations",
                 response=response_schemas.some(LocationObject), source=SOURCE, proof="source")
def get_locations(world: World, call: Call) -> dict[str, Any]:
    """Several locations by their `location_id`, with semicolons."""
    tests = filters.tests(asked(call), FIELDS, FILTERS)
    return several(world, call, "commcare.locations", tests, lambda place: show(call, place))


@vendor.resource("GET", "location", "v1", "v0.5", detail=True, permission="edit_locations",
                 response=LocationObject, statuses=(200, 404), source=SOURCE, proof="source")
def get_location(world: World, call: Call) -> dict[str, Any]:
    """One location by its `location_id`."""
    return show(call, find(world, call))


@vendor.resource("GET", "location_type", "v1", "v0.5", permission="edit_locations", response=LocationTypeList,
                 source=SOURCE, proof="source", query=PageQuery)
def list_location_types(world: World, call: Call) -> dict[str, Any]:
    """Location types by number."""
    check_plan(world, call)
    tests = filters.tests(asked(call, domain=call.params["domain"]), TYPE_FIELDS, TYPE_FILTERS)
    order = filters.ordering(call, TYPE_FIELDS, ())
    return page(world, call, "commcare.location_types", tests, lambda kind: show_type(call, kind), order)


@vendor.resource("GET", "location_type", "v1", "v0.5", tail="schema/", permission="edit_locations",
                 response=response_schemas.MODEL_SCHEMA, source=SOURCE, proof="source")
def get_location_type_schema(world: World, call: Call) -> dict[str, Any]:
    """The fields of a location type, as tastypie tells them."""
    return model_schema.schema(model_schema.LOCATION_TYPE, {"domain": ["exact"]})


@vendor.resource("GET", "location_type", "v1", "v0.5", tail="set/{ids:.*?}/", permission="edit_locations",
                 response=response_schemas.some(LocationTypeObject), statuses=(200, 500), source=SOURCE, proof="source")
def get_location_types(world: World, call: Call) -> dict[str, Any]:
    """Several location types by their numbers, with semicolons."""
    tests = filters.tests(asked(call), TYPE_FIELDS, TYPE_FILTERS)
    if any(number(id) is None for id in call.params["ids"].split(";")):
        raise failed("a location type has a number")
    return several(world, call, "commcare.location_types", tests, lambda kind: show_type(call, kind))


def number(id: str) -> int | None:
    """The number in an id; None if it is not a number."""
    try:
        return int(id)
    except ValueError:
        return None


@vendor.resource("GET", "location_type", "v1", "v0.5", detail=True, permission="edit_locations",
                 response=LocationTypeObject, statuses=(200, 404), source=SOURCE, proof="source")
def get_location_type(world: World, call: Call) -> dict[str, Any]:
    """One location type by its number."""
    check_plan(world, call)
    id = number(call.params["pk"])
    if id is None:
        raise not_found("a location type has a number")
    kind = owned(world, "commcare.location_types", str(id), call.params["domain"])
    if kind is None:
        raise absent(f"no location type {id} in this domain")
    return show_type(call, kind)
