"""POST /api/v1/people: create a person, with its places if they are new. CHT 4.15 source, shared-libs/contacts."""

from __future__ import annotations

from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht import conformance, errors
from mocksrv.vendors.cht.contacts import creating
from mocksrv.vendors.cht.described.contact_schemas import Created, NewPerson
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contacts
from mocksrv.vendors.cht.shared_libs.contacts import Doc
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

EMPTY = "Request body is empty or Content-Type header was not set to application/json."
NEW_OR_ID = "Person must be a new object or string identifier (UUID)."


@vendor.operation("POST", "/api/v1/people", permission=("can_edit", "can_create_people"), json="strict", body=NewPerson,
                  statuses=(200, 400, 403, 404, 409, 500), response=Created, proof="source",
                  source="CHT 4.15 source, api/src/controllers/people.js")
def create_people(world: World, call: Call) -> Any:
    """Create a person; `place` is the id of one, or a new one with new parents. Differences: 1, 3."""
    result = create_person(world, required(call))
    return {"id": result["id"], "rev": result["rev"]} if conformance.docs(world) else result


def required(call: Call) -> Any:
    """The body, which may not be empty."""
    body = call.notes["json"]
    if not body:
        errors.fail(400, EMPTY)
    return body


def validate(world: World, person: Any) -> None:
    """Refuse what is no person, after filling in the default type."""
    if not isinstance(person, dict | list):
        errors.fail(400, "Person must be an object.")
    settings = app_settings.read(world)
    fields: Doc = person if isinstance(person, dict) else {}
    if not fields.get("type") and app_settings.contact_type(settings, contacts.PERSON):
        fields["type"] = contacts.PERSON
    if not contacts.is_person(settings, fields):
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
    validate(world, person)
    doc: Doc = dict(person)
    doc["reported_date"] = contacts.reported_date(world, doc.get("reported_date"))
    place = doc.get("place")
    if javascript.truthy(place):
        doc["parent"] = contacts.minify(creating.get_or_create(world, place))
        del doc["place"]
    return contacts.store(world, doc)


def get_or_create(world: World, person: Any) -> Doc:
    """The person of an id, or a new one out of an object."""
    if isinstance(person, str):
        return contacts.find_person(world, person)
    if not isinstance(person, dict | list) or (isinstance(person, dict) and person.get("_rev")):
        errors.fail(400, NEW_OR_ID)
    return contacts.find_person(world, create_person(world, person)["id"])
