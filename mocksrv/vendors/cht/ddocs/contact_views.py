"""What the views of contacts emit. CHT 4.15 source, ddocs/medic-db; recorded from 4.15.0."""

from __future__ import annotations

from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.ddocs.mapping import (
    ABSENT,
    PLACES_AND_PEOPLE,
    Doc,
    Rows,
    and_on,
    contact_type,
    first,
    is_contact,
    lineage,
    member,
    stored,
    text,
    truthy,
)
from mocksrv.vendors.cht.node import javascript

REFERRED = ("national_office",)  # counted as contacts by few views


def rank(doc: Doc) -> str:
    """The place of a contact's type in the hierarchy, or its name if it is a configured one."""
    kind = contact_type(doc)
    if isinstance(kind, str) and kind in PLACES_AND_PEOPLE:
        return str(PLACES_AND_PEOPLE.index(kind))
    return text(stored(doc, "contact_type"))


def name_of(doc: Doc) -> str:
    name = stored(doc, "name")
    if isinstance(name, str):
        return name.lower()
    if name is not ABSENT and truthy(name):
        raise Thrown("toLowerCase is not a function")
    return text(name)


def order(doc: Doc) -> str:
    """The sort key of contacts: the dead and the muted last, then by type and name."""
    dead, muted = (javascript.text(truthy(doc.get(what))) for what in ("date_of_death", "muted"))
    return f"{dead} {muted} {rank(doc)} {name_of(doc)}"


def contacts_by_type(doc: Doc) -> Rows:
    if is_contact(doc):
        yield [contact_type(doc)], order(doc)


def contacts_by_parent(doc: Doc) -> Rows:
    parent = member(doc, "parent", "_id")
    if is_contact(doc) and truthy(parent):
        yield [parent, contact_type(doc)], None


def contacts_by_depth(doc: Doc) -> Rows:
    if is_contact(doc):
        code = first(doc.get("patient_id"), doc.get("place_id"))
        for depth, id in lineage(doc):
            yield [id], code
            yield [id, depth], code


def contacts_by_place(doc: Doc) -> Rows:
    if is_contact(doc):
        place = f"{rank(doc)} {name_of(doc)}"
        for _, id in lineage(doc.get("parent")):
            yield [id], place


def contacts_by_phone(doc: Doc) -> Rows:
    if is_contact(doc) and truthy(doc.get("phone")):
        yield doc["phone"], None


def contacts_by_reference(doc: Doc) -> Rows:
    if is_contact(doc) or doc.get("type") in REFERRED:
        for name in ("place_id", "patient_id"):
            if truthy(doc.get(name)):
                yield ["shortcode", javascript.text(doc[name])], doc.get("reported_date")
        if truthy(doc.get("rc_code")):
            yield ["external", javascript.text(doc["rc_code"]).upper()], doc.get("reported_date")


def contacts_by_dhis_orgunit(doc: Doc) -> Rows:
    units = doc.get("dhis")
    if is_contact(doc) and truthy(units):
        for unit in units if isinstance(units, list) else [units]:
            if unit is None:
                raise Thrown("null has no properties")
            yield member(unit, "orgUnit"), None


def docs_by_shortcode(doc: Doc) -> Rows:
    for name in ("place_id", "patient_id", "case_id"):
        if truthy(doc.get(name)):
            yield doc[name], None


def total_clinics_by_facility(doc: Doc) -> Rows:
    parent = stored(doc, "parent")
    district, center = and_on(parent, "parent", "_id"), and_on(parent, "_id")
    if doc.get("type") == "clinic" or (doc.get("type") == "contact" and truthy(district)):
        head = [district, center, doc["_id"]]
        yield [*head, 0], None
        if truthy(contact := member(doc, "contact", "_id")):
            yield [*head, 1], {"_id": contact}
        for number, (_, id) in enumerate(lineage(doc.get("parent")), 2):
            yield [*head, number], {"_id": id}


def places_by_contact(doc: Doc) -> Rows:
    if is_contact(doc) and doc["type"] != "person" and truthy(contact := member(doc, "contact", "_id")):
        yield contact, None


def places_by_type_parent_id_name(doc: Doc) -> Rows:
    if (is_contact(doc) and doc["type"] != "person") or doc.get("type") in REFERRED:
        yield [doc["type"], member(doc, "parent", "_id"), doc.get("name")], (
            {"name": doc["name"]} if "name" in doc else {})
