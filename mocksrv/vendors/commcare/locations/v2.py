"""Locations, version 2, with writing. HQ source: corehq/apps/locations/resources/v0_6.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request
from mocksrv.vendors.commcare.locations import model_schema, v1, writing
from mocksrv.vendors.commcare.schemas import (
    LOCATION_CHANGE,
    LOCATIONS,
    Location2List,
    Location2Object,
    Location2Query,
    NewLocation,
)
from mocksrv.vendors.commcare.tastypie import deserializer, filters
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/locations/resources/v0_6.py"
FIELDS = {name: v1.FIELDS[name] for name in ("domain", "last_modified", "latitude", "location_data", "location_id",
                                             "longitude", "name", "site_code")}
RANGES = ["gt", "gte", "lt", "lte"]
TOLD_FILTERS = {"domain": ["exact"], "last_modified": RANGES, "name": ["exact"], "site_code": ["exact"]}
FILTERS = {name: frozenset(lookups) for name, lookups in TOLD_FILTERS.items()}
SORTABLE = ("last_modified",)
MOST = 100  # objects of one PATCH
TOO_MANY = "Object count exceeds limit for PATCH method."


def show(world: World, place: Doc) -> dict[str, Any]:
    kind = world.table("commcare.location_types").peek(str(place["type_id"])) or {}
    writing.shown_data(place)  # tastypie reads its own field before HQ replaces it
    return {
        "domain": place["domain"],
        "last_modified": dates.isoformat(place["last_modified"]),
        "latitude": place["latitude"],
        "location_data": place["location_data"],
        "location_id": place["location_id"],
        "location_type_code": kind["code"],
        "location_type_name": kind["name"],
        "longitude": place["longitude"],
        "name": place["name"],
        "parent_location_id": place["parent_id"],
        "site_code": place["site_code"],
    }


def location_uri(call: Call, id: str) -> str:
    """The absolute URL of a location in the scheme of the request."""
    list_path = call.path.rstrip("/")
    return f"{call.base_url}{list_path}/{id}/"


@vendor.resource("GET", "location", "v2", "v0.6", permission="edit_locations", response=Location2List,
                 source=SOURCE, proof="source", query=Location2Query, instead="list_locations")
def list_locations_v2(world: World, call: Call) -> dict[str, Any]:
    """Locations by number, or by `last_modified`; a dot in a filter's name stands for two underscores."""
    v1.check_plan(world, call)
    tests = filtered(world, v1.asked(call, domain=call.params["domain"]))
    order = filters.ordering(call, FIELDS, SORTABLE)
    return v1.page(world, call, "commcare.locations", tests, lambda place: show(world, place), order, maximum=5000)


def filtered(world: World, pairs: list[tuple[str, str]]) -> list[filters.Test]:
    query = {name.replace(".", "__"): value for name, value in pairs}
    code, parent = query.pop("location_type_code", None), query.pop("parent_location_id", None)
    tests, kinds = filters.tests(query.items(), FIELDS, FILTERS), world.table("commcare.location_types")
    if code:
        tests.append(lambda place: (kinds.peek(str(place["type_id"])) or {})["code"] == code)
    if parent:
        tests.append(lambda place: bool(place["parent_id"] == parent))
    return tests


@vendor.resource("GET", "location", "v2", "v0.6", tail="schema/", permission="edit_locations",
                 response=response_schemas.MODEL_SCHEMA, source=SOURCE, proof="source", instead="get_location_schema")
def get_location_schema_v2(world: World, call: Call) -> dict[str, Any]:
    """The fields of a location, as tastypie tells them."""
    return model_schema.schema({name: model_schema.LOCATION[name] for name in FIELDS}, TOLD_FILTERS,
                               ("get", "post", "patch"), ("get", "put"), ordering=list(SORTABLE))


@vendor.resource("GET", "location", "v2", "v0.6", tail="set/{ids:.*?}/", permission="edit_locations",
                 response=response_schemas.some(Location2Object), source=SOURCE, proof="source",
                 instead="get_locations")
def get_locations_v2(world: World, call: Call) -> dict[str, Any]:
    """Several locations by their `location_id`, with semicolons."""
    tests = filtered(world, v1.asked(call))
    return v1.several(world, call, "commcare.locations", tests, lambda place: show(world, place))


@vendor.resource("POST", "location", "v2", "v0.6", permission="edit_locations", response=Location2Object,
                 statuses=(201, 400, 500), source=SOURCE, proof="source", body=NewLocation, effect="lasts")
def create_location(world: World, call: Call) -> Reply:
    """A new location. The answer shows coordinates as they were sent, later ones with ten decimals."""
    v1.check_plan(world, call)
    data = deserializer.as_bundle(deserializer.parse(call))
    place, given = writing.create(world, call.params["domain"], data)
    return Reply(show(world, place) | given, 201, [("Location", location_uri(call, place["location_id"]))])


@vendor.resource("PATCH", "location", "v2", "v0.6", permission="edit_locations", statuses=(202, 400, 500),
                 response=response_schemas.IDS, source=SOURCE, proof="source", body=LOCATIONS, effect="lasts")
def write_locations(world: World, call: Call) -> Reply:
    """Create and update up to 100 locations, all or nothing."""
    v1.check_plan(world, call)
    domain, items = call.params["domain"], deserializer.load_objects(call, deserializer.parse)
    if len(items) > MOST:
        raise bad_request(TOO_MANY)
    table, before, written = world.table("commcare.locations"), [], []
    try:
        for item in items:
            data = dict(deserializer.as_bundle(item))
            if "location_id" in data:
                id = data.pop("location_id")
                before.append(table.get(id) if isinstance(id, str) else None)
                place, _ = writing.update(world, domain, id, data)
            else:
                before.append(None)
                place, _ = writing.create(world, domain, data)
            written.append(place["location_id"])
    except Refusal:
        for id, old in reversed(list(zip(written, before, strict=False))):
            table.put(id, old) if old is not None else table.delete(id)
        raise
    return Reply(written, 202)


@vendor.resource("GET", "location", "v2", "v0.6", detail=True, permission="edit_locations",
                 response=Location2Object, statuses=(200, 404), source=SOURCE, proof="source", instead="get_location")
def get_location_v2(world: World, call: Call) -> dict[str, Any]:
    """One location."""
    return show(world, v1.find(world, call))


@vendor.resource("PUT", "location", "v2", "v0.6", detail=True, permission="edit_locations",
                 response=Location2Object, statuses=(200, 400, 500), source=SOURCE, proof="source",
                 body=LOCATION_CHANGE, effect="changes")
def update_location(world: World, call: Call) -> dict[str, Any]:
    """Change the fields that are given; a new name makes a new site code unless one is given."""
    v1.check_plan(world, call)
    data = deserializer.as_bundle(deserializer.parse(call))
    place, given = writing.update(world, call.params["domain"], call.params["pk"], data)
    return show(world, place) | given
