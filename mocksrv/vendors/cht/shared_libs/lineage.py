"""Contacts with the documents that they refer to in full.

Two depths: `fetch` is what `with_lineage` and all look-ups of one contact use; `hydrate` is that of
/api/v1/hydrate and /api/v1/contacts-by-phone. CHT 4.15 source, shared-libs/cht-datasource, shared-libs/lineage.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types
from mocksrv.world import World

Doc = dict[str, Any]
REPORT = "data_record"


def fetch(world: World, id: str) -> Doc | None:
    """A contact with its parents and their primary contacts in full; None if there is no such contact.

    A contact without parents comes as it is stored.
    """
    medic = documents.database(world, "medic")
    doc = medic.get(id)
    if doc is None or not contact_types.is_contact(doc):
        return None
    chain = stored_chain(doc)
    if not chain:
        return doc
    parents = [medic.get(parent) or {"_id": parent} for parent in chain]
    person = contact_types.is_person(app_settings.read(world), doc)
    for level in parents if person else (doc, *parents):
        expand_contact(medic, level)
    return link(doc, parents)


def stored_chain(doc: Mapping[str, Any]) -> list[str]:
    """The ids of the stored parents, nearest first."""
    return contact_types.lineage_ids(doc)[1:]


def link(doc: Doc, parents: list[Doc]) -> Doc:
    """Replace each level's stub by the full parent; the last level keeps its stub."""
    level = doc
    for parent in parents:
        level["parent"] = parent
        level = parent
    return doc


def expand_contact(medic: documents.Database, doc: Doc) -> None:
    """Put the primary contact in the place of its stub, if it exists."""
    stub = doc.get("contact")
    if isinstance(stub, dict) and isinstance(stub.get("_id"), str) and stub["_id"]:
        found = medic.get(stub["_id"])
        if found is not None:
            doc["contact"] = found


def hydrate(world: World, doc: Mapping[str, Any], alone: bool) -> Doc:
    """A document with everything that it refers to. `alone` says whether it was requested by itself: then the server
    returns documents other than contacts and reports with a form as stored; else it expands their contact.
    """
    full = deepcopy(dict(doc))
    if contact_types.is_contact(full):
        return hydrate_contact(world, full)
    report = full.get("type") == REPORT
    if report and (javascript.truthy(full.get("form")) or not alone):
        return hydrate_report(world, full, alone)
    if not alone and not report:
        expand_contact(documents.database(world, "medic"), full)
    return full


def hydrate_contact(world: World, doc: Doc) -> Doc:
    """Parents, primary contacts and linked documents."""
    medic = documents.database(world, "medic")
    parents = [medic.get(parent) or {"_id": parent} for parent in stored_chain(doc)]
    for level in (doc, *parents):
        expand(world, level)
    return link(doc, parents)


def expand(world: World, level: Doc) -> None:
    """Put the primary contact and the linked documents of one level in the place of their stubs."""
    medic = documents.database(world, "medic")
    expand_contact(medic, level)
    found = level.get("linked_docs")
    linked: Doc = found if isinstance(found, dict) else {}
    for key, value in linked.items():
        id = value.get("_id") if isinstance(value, dict) else value
        if isinstance(id, str) and id:
            linked[key] = medic.get(id) or value


def hydrate_report(world: World, doc: Doc, alone: bool) -> Doc:
    """Its sender with lineage, and the patient and the place that it is about.

    The lineage of the sender is that which the report names, if it is looked up by itself; else the sender's own.
    """
    medic, stub = documents.database(world, "medic"), doc.get("contact")
    if isinstance(stub, dict) and isinstance(stub.get("_id"), str):
        contact = medic.get(stub["_id"])
        if contact is not None and not alone:
            doc["contact"] = hydrate_contact(world, contact)
        else:
            sender = doc["contact"] = stub if contact is None else contact
            parents = [medic.get(id) or {"_id": id} for id in stored_chain(stub)]
            for level in parents if contact is None else (sender, *parents):
                expand(world, level)
            link(sender, parents)
    fields = doc["fields"] if isinstance(doc.get("fields"), dict) else {}
    place = by_code(world, javascript.first(fields.get("place_id"), doc.get("place_id")))
    for key, found in (("patient", patient(world, doc)), ("place", place)):
        if found is not None:
            doc[key] = hydrate_contact(world, found)
    return doc


def patient(world: World, report: Mapping[str, Any]) -> Doc | None:
    """The subject of a report, as stored."""
    fields = report["fields"] if isinstance(report.get("fields"), dict) else {}
    return by_code(world, javascript.first(
        fields.get("patient_id"), fields.get("patient_uuid"), report.get("patient_id")))


def sender_names(world: World, report: Mapping[str, Any]) -> list[Any]:
    """The names of who sent a report and of all above, nearest first."""
    medic = documents.database(world, "medic")
    stub = report.get("contact")
    if not isinstance(stub, dict):
        return []
    contact = (medic.peek(stub["_id"]) if isinstance(stub.get("_id"), str) else None) or stub
    return [contact.get("name"), *((medic.peek(id) or {}).get("name") for id in stored_chain(contact))]


def by_code(world: World, code: Any) -> Doc | None:
    """The contact with that short code, else the one with that id."""
    if not javascript.truthy(code):
        return None
    medic = documents.database(world, "medic")
    found = medic.by("by_shortcode", javascript.text(code))
    if found:
        return medic.get(found[0]["_id"])
    return medic.get(code) if isinstance(code, str) else None
