"""What a request writes into a location.

HQ source: corehq/apps/locations/resources/v0_6.py, util.py and forms.py. The order of the checks is HQ's: parent, name,
site code, custom data, type, unknown fields; coordinates when the location is saved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare import custom_data_fields
from mocksrv.vendors.commcare.django import dates, model_fields
from mocksrv.vendors.commcare.errors import bad_request, failed
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER
from mocksrv.vendors.commcare.locations import site_codes
from mocksrv.vendors.commcare.tastypie import deserializer

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
REQUIRED = "'name' and 'location_type_code' are required fields when creating a new location."
NO_PARENT = "Could not find parent location with the given ID."
SAME = "Location with same name and parent already exists."
CHILDLESS = "The selected parent location cannot have child locations!"
WRONG_CHILD = "Parent cannot have children of this location's type."
WRONG_TYPE = "Location type not valid for the selected parent."
NO_CHOICE = "You must select a location type"
HAS_CHILDREN = "You cannot change the location type of a location with children"


Listener = Callable[["World", Doc], None]
LISTENERS: list[Listener] = []


def when_saved(listener: Listener) -> Listener:
    """Have a function called when a location was saved."""
    LISTENERS.append(listener)
    return listener


def refuse(data: Doc, text: str) -> Refusal:
    """A 400, with the site code that the request named."""
    code = data.get("site_code")
    return bad_request(f"{text} Location site code: {code}." if code else text)


def create(world: World, domain: str, data: Doc) -> tuple[Doc, dict[str, str | None]]:
    """A new location's document, and its coordinates as they were given. Raises a 400."""
    if "name" not in data or "location_type_code" not in data:
        raise refuse(data, REQUIRED)
    place = {"location_id": world.hex(), "id": next_number(world), "domain": domain, "name": "", "site_code": "",
             "external_id": None, "created_at": dates.now(world), "latitude": None, "longitude": None,
             "location_data": {}, "type_id": None, "parent_id": "", "archived": False}
    return save(world, place, data, new=True)


def next_number(world: World) -> int:
    """One more than the highest number of a location in any domain."""
    table = world.table("commcare.locations")
    highest = (table.range("by_number", (domain,), (domain, TOP_NUMBER), reverse=True, limit=1)
               for domain in world.table("commcare.domains").ids())
    return 1 + max((found[0][0][1] for found in highest if found), default=0)


def update(world: World, domain: str, id: Any, data: Doc) -> tuple[Doc, dict[str, str | None]]:
    """A location's document after a change, and its coordinates as they were given. Raises a 400."""
    place = world.table("commcare.locations").get(id) if isinstance(id, str) else None
    if place is None or place["domain"] != domain:
        raise refuse(data, f"Could not update: could not find location with given ID {id} on the domain.")
    return save(world, place, data, new=False)


def save(world: World, place: dict[str, Any], data: Doc, *, new: bool) -> tuple[Doc, dict[str, str | None]]:
    domain, own_id, left = place["domain"], place["location_id"], dict(data)
    if "parent_location_id" in left:
        parent = find_parent(world, left.pop("parent_location_id"), data)
        if not new and "location_type_code" not in left:
            check_parent(world, place, parent, data)
        place["parent_id"] = parent["location_id"]
    if "name" in left:
        name = left.pop("name")
        place["name"] = None if name is None else deserializer.storable(str(name))
        check_name(world, place, data)
        if "site_code" not in left:
            place["site_code"] = site_codes.generate(world, domain, own_id, name)
    if "site_code" in left:
        place["site_code"] = site_codes.checked(world, domain, own_id, left.pop("site_code"))
    if "location_data" in left:
        place["location_data"] = custom_data(world, domain, left.pop("location_data"))
    if new or "location_type_code" in left:
        place["type_id"] = type_of(world, place, left.pop("location_type_code", None), new)
    raw = {name: left.pop(name) for name in ("latitude", "longitude") if name in left}
    if left:
        raise bad_request(f"Invalid fields were included in request: {list(left)}.")
    given = {name: None if value is None else model_fields.decimal_of(value) for name, value in raw.items()}
    place |= {name: None if number is None else model_fields.stored_decimal(number) for name, number in given.items()}
    if place["location_data"] is None:
        raise failed("the column of location_data takes no null")
    deserializer.storable(place["location_data"])
    place["last_modified"] = dates.now(world)
    world.table("commcare.locations").put(own_id, place)
    for listener in LISTENERS:
        listener(world, place)
    return place, {name: None if number is None else str(number) for name, number in given.items()}


def find_parent(world: World, id: Any, data: Doc) -> Doc:
    """The location of that id, whatever its domain. Raises a 400."""
    parent = world.table("commcare.locations").peek(id) if isinstance(id, str) else None
    if parent is None:
        raise refuse(data, NO_PARENT)
    return parent


def check_parent(world: World, place: Doc, parent: Doc, data: Doc) -> None:
    """Whether a location of this type may have this parent. Raises a 400."""
    allowed = {kind["id"] for kind in types_below(world, place["domain"], parent)}
    if not allowed:
        raise refuse(data, CHILDLESS)
    if place["type_id"] not in allowed:
        raise refuse(data, WRONG_CHILD)
    check_name(world, {**place, "parent_id": parent["location_id"]}, data)


def check_name(world: World, place: Doc, data: Doc) -> None:
    """Whether no sibling has the name, an archived one neither. Raises a 400."""
    table = world.table("commcare.locations")
    siblings = (table.peek(id) or {} for id in table.by("by_parent", (place["domain"], place["parent_id"])))
    if any(other["name"] == place["name"] and other["location_id"] != place["location_id"] for other in siblings):
        raise refuse(data, SAME)


def types_below(world: World, domain: str, parent: Doc | None) -> list[Doc]:
    """The types that locations below this one may have, or those at the top."""
    kinds = world.table("commcare.location_types")
    above = parent["type_id"] if parent else None
    found = (kinds.peek(id) or {} for _, id in kinds.range("by_number", (domain,), (domain, TOP_NUMBER)))
    return [kind for kind in found if kind["parent_id"] == above]


def type_of(world: World, place: Doc, given: Any, new: bool) -> int:
    """The type that a code or a name means, for a location at its place. Raises a 400, without a site code."""
    locations, domain = world.table("commcare.locations"), place["domain"]
    allowed = types_below(world, domain, locations.peek(place["parent_id"]) if place["parent_id"] else None)
    if not allowed:
        raise bad_request(CHILDLESS)
    if given:
        named = (kind for kind in world.table("commcare.location_types").all()
                 if kind["domain"] == domain and str(given) in (kind["code"], kind["name"]))
        kind = next(named, None)
        if kind is None:
            raise bad_request(f"LocationType '{given}' not found")
        if kind["id"] not in {one["id"] for one in allowed}:
            raise bad_request(WRONG_TYPE)
    elif len(allowed) == 1:
        kind = allowed[0]
    else:
        raise bad_request(NO_CHOICE)
    if not new and kind["id"] != place["type_id"] and locations.count("by_parent", (domain, place["location_id"])):
        raise bad_request(HAS_CHILDREN)
    return int(kind["id"])


def custom_data(world: World, domain: str, given: Any) -> Any:
    """Check custom data; returned as given: HQ stores whatever it is, and only trips when it shows it. Raises 400.

    Recorded: four more locations after four failures, of a text, a number, true, and a list of objects.
    """
    if custom_data_fields.definition(world, "location", domain).get("fields"):
        if not isinstance(given, dict):
            raise failed(f"location_data must be an object to be checked, not {given!r}")
        if wrong := custom_data_fields.errors(world, "location", domain, given):
            raise bad_request(" ".join(wrong))
    return given


def shown_data(place: Doc) -> dict[str, Any]:
    """A location's custom data as tastypie's DictField reads it. Raises the canned 500 for what is no object."""
    try:
        data = dict(place["location_data"])
        sorted(data)  # as tastypie writes it
    except (TypeError, ValueError):
        raise failed(f"the location {place['location_id']} was stored with {place['location_data']!r} for "
                     "location_data, which HQ cannot show") from None
    return {key if isinstance(key, str) else json.dumps(key): value for key, value in data.items()}
