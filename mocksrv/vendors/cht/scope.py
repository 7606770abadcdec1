"""Which documents belong to an offline user: what it replicates, and all that it may read.

CHT 4.15 source, api/src/services/authorization.js.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mocksrv.vendors.cht import documents, indexes
from mocksrv.vendors.cht.auth import USER, Caller
from mocksrv.world import World

COMMON_IDS = frozenset(("resources", "branding", "partners", "service-worker-meta", "zscore-charts", "settings",
                        "privacy-policies", "_design/medic-client"))
COMMON_TYPES = frozenset(("form", "translations"))


def facilities(world: World, caller: Caller) -> set[str]:
    """The places that an account belongs to."""
    doc = documents.database(world, "medic").peek(USER + caller.name) or {}
    found = doc.get("facility_id")
    return set(found) if isinstance(found, list) else {found} if isinstance(found, str) else set()


def may_read(world: World, caller: Caller, doc: Mapping[str, Any] | None) -> bool:
    """Whether an offline user may see the document; one that does not exist is nobody's secret."""
    return reader(world, caller)(doc)


def reader(world: World, caller: Caller) -> Callable[[Mapping[str, Any] | None], bool]:
    """`may_read` for many documents."""
    own, account = facilities(world, caller), USER + caller.name

    def may(doc: Mapping[str, Any] | None) -> bool:
        if doc is None or doc["_id"] in COMMON_IDS or doc["_id"] == account:
            return True
        kind = doc.get("type")
        if indexes.is_contact(doc):
            return not own.isdisjoint(indexes.lineage_ids(doc))
        if kind == "task":
            return bool(doc.get("user") == account)
        if kind == "target":
            return contact_within(world, doc.get("owner"), own)
        if kind == "data_record":
            return contact_within(world, subject(doc), own)
        return isinstance(kind, str) and kind in COMMON_TYPES

    return may


def subject(report: Mapping[str, Any]) -> Any:
    """Whom a report is about: a patient or place, by short code or id, else who sent it."""
    fields = report.get("fields") if isinstance(report.get("fields"), dict) else {}
    for source, key in ((fields, "patient_id"), (fields, "place_id"), (fields, "patient_uuid"),
                        (report, "patient_id"), (report, "place_id")):
        if source and source.get(key):
            return source[key]
    contact = report.get("contact")
    return contact.get("_id") if isinstance(contact, dict) else None


def contact_within(world: World, id: Any, own: set[str]) -> bool:
    """Whether the contact with that id or short code is in one of the places."""
    if not isinstance(id, str):
        return False
    medic = documents.database(world, "medic")
    doc = medic.peek(id) or next(iter(medic.by("by_shortcode", id)), None)
    return doc is not None and indexes.is_contact(doc) and not own.isdisjoint(indexes.lineage_ids(doc))
