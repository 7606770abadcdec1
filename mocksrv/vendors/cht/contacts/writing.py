"""POST and PUT of one person or place, from release 5.2 on. Those of /people and /places stay beside them.

CHT 5.2 source, shared-libs/cht-datasource/src/local/person.ts, place.ts, libs/lineage.ts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.contacts.reading import Contact
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import schemas
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, contacts, input_checks, minifying
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

Doc = dict[str, Any]
FIXED = ("_rev", "reported_date", "type", "contact_type")  # fields that an update must not change
INVALID = "Valid _id, _rev, and type fields must be provided."
NOT_CONFIGURED: dict[str, dict[str, Any]] = {  # the types of a CHT without `contact_types`
    "person": {"id": "person", "person": True, "parents": ["district_hospital", "health_center", "clinic"]},
    "district_hospital": {"id": "district_hospital"},
    "health_center": {"id": "health_center", "parents": ["district_hospital"]},
    "clinic": {"id": "clinic", "parents": ["health_center"]},
}
COMMON: dict[str, Any] = {"since": "5.2", "online": True, "one_permission": True, "json": "strict",
                          "response": Contact, "proof": "source", "source": "CHT 5.2 source, "
                          "shared-libs/cht-datasource; recorded from 5.2.0"}


@vendor.operation("POST", "/api/v1/person", permission=("can_create_people", "can_edit"),
                  body=schemas.PersonInput, statuses=(200, 400, 401, 403, 500), **COMMON)
def create_person(world: World, call: Call) -> Doc:
    """Create a person of a configured type under an existing place; the answer is the stored document."""
    sent = input_checks.body_of(call.json)
    check_new(sent)
    input_checks.need_text(sent, "parent")
    input_checks.may_be_text(sent, "phone", "patient_id", "sex")
    if javascript.truthy(sent.get("date_of_birth")) and not input_checks.is_date(sent["date_of_birth"]):
        errors.fail(400, "The [date_of_birth] field must have a [date] value.")
    kind = type_of(world, sent["type"], person=True)
    parent = documents.database(world, "medic").peek(sent["parent"])
    if parent is None:
        errors.fail(400, f"Parent contact [{sent['parent']}] not found.")
    check_parent(kind, parent)
    return create(world, sent, {"parent": parent})


@vendor.operation("POST", "/api/v1/place", permission=("can_create_places", "can_edit"),
                  body=schemas.PlaceInput, statuses=(200, 400, 401, 403, 500), **COMMON)
def create_place(world: World, call: Call) -> Doc:
    """Create a place of a configured type under an existing one; the answer is the stored document."""
    sent = input_checks.body_of(call.json)
    check_new(sent)
    input_checks.may_be_text(sent, "parent", "contact", "place_id")
    kind = type_of(world, sent["type"], person=False)
    settings, medic = app_settings.read(world), documents.database(world, "medic")
    contact = medic.peek(sent["contact"]) if sent.get("contact") else None
    if sent.get("contact") and not contacts.is_contact(settings, contact):
        errors.fail(400, f"Primary contact [{sent['contact']}] not found.")
    parent = medic.peek(sent["parent"]) if sent.get("parent") else None
    has_parents = javascript.truthy(kind.get("parents"))
    if sent.get("parent") and not has_parents:
        errors.fail(400, f"Place type [{kind['id']}] does not support having a parent contact.")
    if not sent.get("parent") and has_parents:
        errors.fail(400, f"Place type [{kind['id']}] requires a parent contact.")
    if sent.get("parent"):
        if parent is None or not contact_types.is_place(settings, parent):
            errors.fail(400, f"Parent contact [{sent['parent']}] not found.")
        check_parent(kind, parent)
    return create(world, sent, {"parent": parent, "contact": contact})


@vendor.operation("PUT", "/api/v1/person/{uuid}", permission=("can_update_people", "can_edit"),
                  body=Contact, statuses=(200, 400, 401, 403, 404, 500), **COMMON)
def update_person(world: World, call: Call) -> Doc:
    """Replace a person by the whole new document; what is left out is removed."""
    sent = {**input_checks.body_of(call.json), "_id": call.params["uuid"]}
    stored = check_update(world, sent, contact_types.is_person, "Person")
    input_checks.must_not_change(stored, sent, FIXED)
    if javascript.truthy(stored.get("name")):
        input_checks.need_text(sent, "name")
    check_same_parents(stored, sent)
    return update(world, sent, minifying.minified(sent))


@vendor.operation("PUT", "/api/v1/place/{uuid}", permission=("can_update_places", "can_edit"),
                  body=Contact, statuses=(200, 400, 401, 403, 404, 500), **COMMON)
def update_place(world: World, call: Call) -> Doc:
    """Replace a place by the whole new document; its contact may be an id, an object, or be left out."""
    sent = {**input_checks.body_of(call.json), "_id": call.params["uuid"]}
    stored = check_update(world, sent, contact_types.is_place, "Place")
    contact = minifying.updated_contact(world, stored, sent)
    input_checks.must_not_change(stored, sent, FIXED)
    if not input_checks.same(stored.get("name"), sent.get("name")):
        input_checks.need_text(sent, "name")
    check_same_parents(stored, sent)
    sent = minifying.with_contact(sent, contact)
    return update(world, sent, minifying.minified(sent))


# --- new ones ---


def check_new(sent: Mapping[str, Any]) -> None:
    """The first checks of every new contact."""
    input_checks.need_text(sent, "type", "name")
    input_checks.may_be_moment(sent.get("reported_date"))
    input_checks.must_not_be_set(sent, "_id", "_rev")


def type_of(world: World, name: str, *, person: bool) -> Mapping[str, Any]:
    """The type of that name, of people or of places; without configured types the hard-coded one."""
    settings = app_settings.read(world)
    kind = contact_types.find(settings, name)
    if kind is None and not contact_types.configured(settings):
        kind = NOT_CONFIGURED.get(name)
    if kind is None or bool(kind.get("person")) is not person:
        errors.fail(400, f"[{name}] is not a valid {'person' if person else 'place'} type.",
                    diagnosis="see contact_types in the app settings")
    return kind


def check_parent(kind: Mapping[str, Any], parent: Mapping[str, Any]) -> None:
    """Refuse a parent of a type that is not among the `parents` of the child's."""
    parents = kind.get("parents")
    if not isinstance(parents, list) or contact_types.type_id(parent) not in parents:
        above = contact_types.type_id(parent)
        errors.fail(400, f"Parent contact of type [{'undefined' if above is None else javascript.text(above)}] is not "
                         f"allowed for type [{kind['id']}].")


def create(world: World, sent: Doc, links: Mapping[str, Any]) -> Doc:
    """Store a new contact: `contact_type` if the type is configured, ids in place of documents."""
    kind = sent["type"]
    named = ({"contact_type": kind, "type": "contact"} if contact_types.find(app_settings.read(world), kind)
             else {"type": kind})
    doc = {**sent, **named, **{name: link for name, link in links.items() if link is not None}}
    for name, link in links.items():
        if link is None:
            doc.pop(name, None)
    doc["reported_date"] = input_checks.moment(world, sent.get("reported_date"))
    return minifying.created(world, doc)


# --- known ones ---


def check_update(world: World, sent: Mapping[str, Any], test: Any, what: str) -> Mapping[str, Any]:
    """The stored document of an update; both must be of the kind."""
    settings, rev = app_settings.read(world), sent.get("_rev")
    if not isinstance(rev, str) or not rev.strip() or not sent["_id"].strip() or not test(settings, sent):
        errors.fail(400, INVALID)
    stored = documents.database(world, "medic").peek(sent["_id"])
    if stored is None or not test(settings, stored):
        errors.fail(404, f"{what} record [{sent['_id']}] not found.")
    return stored


def check_same_parents(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
    if not input_checks.same_lineage(stored.get("parent"), sent.get("parent")):
        errors.fail(400, "Parent lineage does not match.")


def update(world: World, sent: Doc, doc: Doc) -> Doc:
    """Store the document; the answer is what was sent, with the new revision."""
    return {**sent, "_rev": contacts.store(world, doc)["rev"]}
