"""POST /api/v1/people and /places: create a person with its places, a place with its parents and contact, or update it.

CHT 4.15 source, shared-libs/contacts/src (people.js, places.js), api/src/controllers (people.js, places.js).
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.described.schemas import Created, NewPerson, NewPlace, PlaceChanges
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, contacts
from mocksrv.vendors.cht.shared_libs.contacts import Doc
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

FIELDS = ("name", "parent", "contact", "place_id")
EMPTY = "Request body is empty or Content-Type header was not set to application/json."
NEW_PERSON_OR_ID = "Person must be a new object or string identifier (UUID)."
NEW_PLACE_OR_ID = "Place must be a new object or string identifier (UUID)."
SOURCE = "CHT 4.15 source, api/src/controllers/places.js"
# What the documentation page calls places under the wrong parent.
PAGE_NAMES = {"health_center": "Health Centers", "clinic": "Clinics", "district_hospital": "District Hospitals"}


@vendor.operation("POST", "/api/v1/people", permission=("can_edit", "can_create_people"), json="strict", body=NewPerson,
                  statuses=(200, 400, 403, 404, 409, 500), response=Created, proof="source",
                  source="CHT 4.15 source, api/src/controllers/people.js", effect="makes",
                  differences=(Difference.EDIT_PERMISSION, Difference.CONTACT_ANSWERS))
def create_people(world: World, call: Call) -> Any:
    """Create a person; `place` is the id of one, or a new one with new parents."""
    result = create_person(world, required(call))
    return {"id": result["id"], "rev": result["rev"]} if Difference.CONTACT_ANSWERS.as_page(world) else result


@vendor.operation("POST", "/api/v1/places", permission=("can_edit", "can_create_places"), json="strict",
                  body=NewPlace,
                  statuses=(200, 400, 403, 404, 409, 500), response=Created, proof="source", source=SOURCE,
                  effect="makes",
                  differences=(Difference.EDIT_PERMISSION, Difference.CONTACT_ANSWERS, Difference.WRONG_PARENT,
                               Difference.NATIONAL_OFFICE))
def create_places(world: World, call: Call) -> Any:
    """Create a place; `parent` and `contact` are ids or new objects."""
    result = create_place(world, required(call))
    if Difference.CONTACT_ANSWERS.as_page(world):
        return {key: result[key] for key in ("id", "rev", "contact") if key in result}
    return result


@vendor.operation("POST", "/api/v1/places/{id}", permission=("can_edit", "can_update_places"), json="strict",
                  body=PlaceChanges,
                  statuses=(200, 400, 403, 404, 409, 500), response=Created, proof="source", source=SOURCE,
                  effect="changes", differences=(Difference.EDIT_PERMISSION, Difference.WRONG_PARENT))
def update_places(world: World, call: Call) -> Any:
    """Change name, parent, contact or place_id of a place; other properties are ignored."""
    return update_place(world, call.params["id"], required(call))


def required(call: Call) -> Any:
    """The body, which may not be empty."""
    body = call.json
    if not body:
        errors.fail(400, EMPTY)
    return body


# --- people ---------------------------------------------------------------------------------------------------


def validate_person(world: World, person: Any) -> None:
    """Refuse what is not a person, after filling in the default type."""
    if not isinstance(person, dict | list):
        errors.fail(400, "Person must be an object.")
    settings = app_settings.read(world)
    fields: Doc = person if isinstance(person, dict) else {}
    if not javascript.truthy(fields.get("type")) and contact_types.find(settings, contact_types.PERSON):
        fields["type"] = contact_types.PERSON
    if not contact_types.is_person(settings, fields):
        errors.fail(400, "Wrong type, this is not a person.")
    if "name" not in fields:
        errors.fail(400, 'Person is missing a "name" property.')
    if not isinstance(fields["name"], str):
        errors.fail(400, 'Property "name" must be a string.')
    if "reported_date" in fields and not contacts.is_date(fields["reported_date"]):
        errors.fail(400, f"Reported date is invalid: {javascript.text(fields['reported_date'])}")


def create_person(world: World, person: Any) -> dict[str, Any]:
    """Create a person and the places above it: `{"ok", "id", "rev"}`. What was written stays if a later step fails.

    The order of the steps, and of the keys that they add, is the server's.
    """
    validate_person(world, person)
    doc: Doc = dict(person)
    doc["reported_date"] = contacts.reported_date(world, doc.get("reported_date"))
    place = doc.get("place")
    if javascript.truthy(place):
        doc["parent"] = contacts.minify(get_or_create_place(world, place))
        del doc["place"]
    return contacts.store(world, doc)


def get_or_create_person(world: World, person: Any) -> Doc:
    """The person of an id, or a new one out of an object."""
    if isinstance(person, str):
        return contacts.find_person(world, person)
    if not isinstance(person, dict | list) or (isinstance(person, dict) and person.get("_rev")):
        errors.fail(400, NEW_PERSON_OR_ID)
    return contacts.find_person(world, create_person(world, person)["id"])


# --- places ------------------------------------------------------------------------------------------------


def create_place(world: World, place: Any) -> dict[str, Any]:
    """Create a place, its new parents first. What was written stays if a later step fails."""
    if not isinstance(place, dict):
        return _create(world, place)
    doc: Doc = dict(place)
    parent = doc.get("parent")
    if isinstance(parent, str):
        doc["parent"] = contacts.find_place(world, parent)
    elif isinstance(parent, list) or (isinstance(parent, dict) and not parent.get("_id")):
        doc["parent"] = contacts.find_place(world, create_place(world, parent)["id"])
    return _create(world, doc)


def _create(world: World, place: Any) -> dict[str, Any]:
    """Create a place whose parents exist."""
    validate_place(world, place)
    contact = place.pop("contact", None)
    if isinstance(contact, str) and contact:
        return _create_with_known(world, place, contact)
    if javascript.truthy(contact):
        validate_person(world, contact)
    result = _insert(world, place)
    if not javascript.truthy(contact):
        return result
    if isinstance(contact, dict) and contact.get("_rev"):
        errors.fail(400, NEW_PERSON_OR_ID, diagnosis="the place was created all the same, as on the server")
    person = get_or_create_person(world, {**contact, "place": result["id"]})
    return assign_contact(world, result["id"], person)


def _create_with_known(world: World, place: Doc, contact: str) -> dict[str, Any]:
    """The id of a known person is stored as it was sent: only new contacts are linked in full."""
    person = contacts.find_person(world, contact)
    return {**_insert(world, place, {"contact": contact}), "contact": {"id": person["_id"]}}


def _insert(world: World, place: Doc, more: Doc | None = None) -> dict[str, Any]:
    place["reported_date"] = contacts.reported_date(world, place.get("reported_date"))
    place.update(more or {})
    if javascript.truthy(place.get("parent")):
        place["parent"] = contacts.minify(place["parent"])
    return contacts.store(world, place)


def assign_contact(world: World, id: str, person: Doc) -> dict[str, Any]:
    """Make a person the primary contact of a place."""
    place = contacts.find_place(world, id)
    place["contact"] = contacts.minify(person)
    if javascript.truthy(place.get("parent")):
        place["parent"] = contacts.minify(place["parent"])
    result = contacts.store(world, place)
    return {"id": result["id"], "rev": result["rev"], "contact": {"id": person["_id"]}}


def get_or_create_place(world: World, place: Any) -> Doc:
    """The place of an id, or a new one out of an object; with lineage."""
    if isinstance(place, str):
        return contacts.find_place(world, place)
    if not isinstance(place, dict | list) or (isinstance(place, dict) and place.get("_rev")):
        errors.fail(400, NEW_PLACE_OR_ID)
    return contacts.find_place(world, create_place(world, place)["id"])


# --- validation ----------------------------------------------------------------------------------------------


def validate_place(world: World, place: Any) -> None:
    """Refuse a place, or one of the parents it came with, in the server's order and words."""
    if not isinstance(place, dict | list):
        errors.fail(400, "Place must be an object.")
    doc: Doc = place if isinstance(place, dict) else {}
    settings = app_settings.read(world)
    id = doc.get("_id") or ""
    if not contact_types.is_place(settings, doc):
        errors.fail(400, f"Wrong type, object {id} is not a place.",
                    diagnosis=f"type {contact_types.type_id(doc)!r} is not a place type of contact_types in the app "
                              "settings")
    if "name" not in doc:
        errors.fail(400, f'Place {id} is missing a "name" property.')
    if "reported_date" in doc and not contacts.is_date(doc["reported_date"]):
        errors.fail(400, f"Reported date on place {id} is invalid: {javascript.text(doc['reported_date'])}")
    if not isinstance(doc["name"], str):
        errors.fail(400, f'Property "name" on place {id} must be a string.')
    parent = doc.get("parent")
    _validate_parent(world, settings, doc, parent)
    contact = doc.get("contact")
    if javascript.truthy(contact) and not isinstance(contact, str | dict | list):
        errors.fail(400, f'Property "contact" on place {id} must be an object or string.')
    if isinstance(parent, dict | list | str) and parent:
        validate_place(world, parent)


def _validate_parent(world: World, settings: Doc, doc: Doc, parent: Any) -> None:
    """A type with parents needs one, and one of these types."""
    id = doc.get("_id") or ""
    kind = contact_types.of(settings, doc) or {}
    allowed = kind.get("parents") or []
    if not allowed:
        return
    if not javascript.truthy(parent):
        errors.fail(400, f'Place {id} is missing a "parent" property.')
    if contact_types.type_id(parent if isinstance(parent, dict) else {}) in allowed:
        return
    if Difference.WRONG_PARENT.as_page(world):
        name = PAGE_NAMES.get(str(kind["id"]), f"{kind['id']}s")
        raise errors.PlainText(400, f'{name} should have "{allowed[0]}" parent type.')
    errors.fail(400, f'{kind["id"]} "{id}" should have one of the following parent types: '
                     f'"{",".join(str(one) for one in allowed)}".')


# --- updating ------------------------------------------------------------------------------------------------


def update_place(world: World, id: str, data: Any) -> dict[str, Any]:
    """Change a place: `{"id", "rev"}`."""
    given: Doc = data if isinstance(data, dict) else {}
    if all(given.get(name) is None for name in FIELDS):
        errors.fail(400, f"One of the following fields are required: {', '.join(FIELDS)}")
    place = contacts.find_place(world, id)
    place |= {name: given[name] for name in FIELDS if name in given}
    if javascript.truthy(given.get("contact")):
        place["contact"] = get_or_create_person(world, given["contact"])
    if javascript.truthy(given.get("parent")):
        place["parent"] = get_or_create_place(world, given["parent"])
    validate_place(world, place)
    for name in ("contact", "parent"):
        if name in place:
            place[name] = contacts.minify(place[name])
    result = contacts.store(world, place)
    return {"id": result["id"], "rev": result["rev"]}
