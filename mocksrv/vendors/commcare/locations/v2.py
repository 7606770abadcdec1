"""Locations, version 2, with writing. HQ source: corehq/apps/locations/resources/v0_6.py."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import absent, bad_request
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER, owned
from mocksrv.vendors.commcare.locations import v1
from mocksrv.vendors.commcare.schemas import Location2List, Location2Object
from mocksrv.vendors.commcare.schemas.requests import Location2Query, LocationBody, LocationsBody
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.tastypie.date_ranges import dotted_ranges
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/locations/resources/v0_6.py"
FIELDS = ("domain", "last_modified", "latitude", "location_data", "location_id", "location_type_code",
          "location_type_name", "longitude", "name", "parent_location_id", "site_code")
WRITABLE = {"name", "location_type_code", "parent_location_id", "site_code", "latitude", "longitude",
            "location_data"}
MOST = 100  # objects of one PATCH
REQUIRED = "'name' and 'location_type_code' are required fields when creating a new location."
NO_PARENT = "Could not find parent location with the given ID."
NO_TYPE = "Could not find location type with the given code."
SAME = "Location with same name and parent already exists."
CHILDLESS = "The selected parent location cannot have child locations!"
WRONG_CHILD = "Parent cannot have children of this location's type."
TOO_MANY = "Object count exceeds limit for PATCH method."


def show(world: World, place: Doc) -> dict[str, Any]:
    kind = world.table("commcare.location_types").peek(str(place["type_id"])) or {}
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


@vendor.resource("GET", "location", "v0.6", "v2", permission="edit_locations", response=Location2List,
                 source=SOURCE, proof="source", query=Location2Query)
def list_locations_v2(world: World, call: Call) -> dict[str, Any]:
    """Locations by number, or by `last_modified`."""
    v1.check_plan(world, call)
    shown = [show(world, place) for place in v1.listed(world, call, "commcare.locations", [])]
    for name in ("name", "site_code", "location_type_code", "parent_location_id"):
        if (wanted := call.arg(name)) is not None:
            shown = [place for place in shown if place[name] == wanted]
    for name, test in dotted_ranges(call, ("last_modified",)):
        shown = [place for place in shown if test(dates.parse_iso(place[name]))]
    for name in reversed([value for key, value in call.query if key == "order_by"]):
        bare = name.removeprefix("-")
        if bare != "last_modified":
            raise bad_request(f"The '{bare}' field does not allow ordering." if bare in FIELDS
                              else f"No matching '{bare}' field for ordering on.")
        shown.sort(key=lambda place: dates.parse_iso(place["last_modified"]), reverse=name != bare)
    return paginator.page(call, len(shown), lambda offset, limit: shown[offset : offset + limit], maximum=5000)


@vendor.resource("POST", "location", "v0.6", "v2", permission="edit_locations", response=Location2Object,
                 statuses=(201, 400), source=SOURCE, proof="source", body=LocationBody)
def create_location(world: World, call: Call) -> Reply:
    """A new location."""
    v1.check_plan(world, call)
    return Reply(show(world, create(world, call.params["domain"], deserializer.load_object(call))), 201)


@vendor.resource("PATCH", "location", "v0.6", "v2", permission="edit_locations", statuses=(202, 400),
                 response=response_schemas.IDS, source=SOURCE, proof="source", body=LocationsBody)
def write_locations(world: World, call: Call) -> Reply:
    """Create and update up to 100 locations, all or nothing."""
    v1.check_plan(world, call)
    domain, items = call.params["domain"], deserializer.load_objects(call)
    if len(items) > MOST:
        raise bad_request(TOO_MANY)
    table, written, undo = world.table("commcare.locations"), [], []
    try:
        for item in items:
            data = dict(item) if isinstance(item, dict) else {}
            id = data.pop("location_id", None)
            undo.append(table.get(id) if isinstance(id, str) else None)
            place = create(world, domain, data) if id is None else update(world, domain, id, data)
            written.append(place["location_id"])
    except Refusal:
        for id, before in reversed(list(zip(written, undo, strict=False))):
            table.put(id, before) if before is not None else table.delete(id)
        raise
    return Reply(written, 202)


@vendor.resource("GET", "location", "v0.6", "v2", detail=True, permission="edit_locations",
                 response=Location2Object, statuses=(200, 404), source=SOURCE, proof="source")
def get_location_v2(world: World, call: Call) -> dict[str, Any]:
    """One location."""
    v1.check_plan(world, call)
    place = owned(world, "commcare.locations", call.params["pk"], call.params["domain"])
    if place is None or place["archived"]:
        raise absent(f"no location {call.params['pk']!r} in this domain")
    return show(world, place)


@vendor.resource("PUT", "location", "v0.6", "v2", detail=True, permission="edit_locations",
                 response=Location2Object, statuses=(200, 400), source=SOURCE, proof="source", body=LocationBody)
def update_location(world: World, call: Call) -> dict[str, Any]:
    """Change the fields that are given."""
    v1.check_plan(world, call)
    return show(world, update(world, call.params["domain"], call.params["pk"], deserializer.load_object(call)))


# --- writing -----------------------------------------------------------------------------------------------


def refuse(data: Mapping[str, Any], text: str) -> Refusal:
    """A 400, with the site code that the request named."""
    code = data.get("site_code")
    return bad_request(f"{text} Location site code: {code}." if code else text)


def create(world: World, domain: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """A new location's document. Raises a 400."""
    if not data.get("name") or not data.get("location_type_code"):
        raise refuse(data, REQUIRED)
    table, now = world.table("commcare.locations"), dates.now(world)
    place: dict[str, Any] = {
        "location_id": world.hex(), "id": next_number(world), "domain": domain,
        "name": "", "site_code": "", "external_id": None, "created_at": now, "last_modified": now,
        "latitude": None, "longitude": None, "location_data": {}, "type_id": None, "parent_id": "",
        "archived": False,
    } | changes(world, domain, None, data)
    if not place["site_code"]:
        place["site_code"] = free_code(world, domain, place["name"])
    table.insert(place["location_id"], place)
    return place


def next_number(world: World) -> int:
    """One more than the highest number of a location in any domain."""
    table = world.table("commcare.locations")
    highest = (table.range("by_number", (domain,), (domain, TOP_NUMBER), reverse=True, limit=1)
               for domain in world.table("commcare.domains").ids())
    return 1 + max((found[0][0][1] for found in highest if found), default=0)


def update(world: World, domain: str, id: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """A location's document after a change. Raises a 400."""
    place = owned(world, "commcare.locations", id, domain) if isinstance(id, str) else None
    if place is None or place["archived"]:
        raise refuse(data, f"Could not update: could not find location with given ID {id} on the domain.")
    return world.table("commcare.locations").update(
        place["location_id"], changes(world, domain, place, data) | {"last_modified": dates.now(world)})


def changes(world: World, domain: str, place: Doc | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a request changes in a location, in stored names. Raises a 400."""
    unknown = [name for name in data if name not in WRITABLE]
    if unknown:
        raise refuse(data, f"Invalid fields were included in request: {unknown}.")
    changed: dict[str, Any] = {}
    for name in ("name", "site_code"):
        if name in data:
            changed[name] = str(data[name])
    for name in ("latitude", "longitude"):
        if name in data:
            changed[name] = coordinate(data, name)
    if "location_data" in data:
        if not isinstance(data["location_data"], dict):
            raise refuse(data, "'location_data' must be an object.")
        changed["location_data"] = data["location_data"]
    if "location_type_code" in data:
        changed["type_id"] = type_of(world, domain, data)
    if "parent_location_id" in data:
        changed["parent_id"] = str(data["parent_location_id"] or "")
    check_tree(world, domain, {"parent_id": "", **(place or {"location_id": ""}), **changed}, data)
    return changed


def coordinate(data: Mapping[str, Any], name: str) -> str | None:
    if data[name] is None:
        return None
    try:
        number = float(data[name])
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise refuse(data, f"'{name}' must be a number.")
    return f"{number:.10f}"


def type_of(world: World, domain: str, data: Mapping[str, Any]) -> int:
    kinds = world.table("commcare.location_types")
    for _, id in kinds.range("by_number", (domain,), (domain, TOP_NUMBER)):
        kind = kinds.peek(id) or {}
        if kind["code"] == data["location_type_code"]:
            return int(kind["id"])
    raise refuse(data, NO_TYPE)


def check_tree(world: World, domain: str, place: Doc, data: Mapping[str, Any]) -> None:
    """Whether a location may hang where it does. Raises a 400."""
    table, kinds = world.table("commcare.locations"), world.table("commcare.location_types")
    siblings = (table.peek(id) or {} for id in table.by("by_parent", (domain, place["parent_id"])))
    if any(other["name"] == place["name"] and other["location_id"] != place["location_id"]
           and not other["archived"] for other in siblings):
        raise refuse(data, SAME)
    if not place["parent_id"]:
        return
    parent = owned(world, "commcare.locations", place["parent_id"], domain)
    if parent is None or parent["archived"]:
        raise refuse(data, NO_PARENT)
    children = {kind["id"] for kind in kinds.all() if kind["parent_id"] == parent["type_id"]}
    if not children:
        raise refuse(data, CHILDLESS)
    if place["type_id"] not in children:
        raise refuse(data, WRONG_CHILD)


def free_code(world: World, domain: str, name: str) -> str:
    """A site code out of a name that no location of the domain has."""
    base = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "location"
    code, number = base, 1
    while world.table("commcare.locations").count("by_site_code", (domain, code)):
        code, number = f"{base}{number}", number + 1
    return code
