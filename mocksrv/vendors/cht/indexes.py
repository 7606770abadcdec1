"""Under which keys documents are found: what the server's design documents index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mocksrv.store import Index, on

# The types that the server's contact indexes know (CHT 4.15 source, ddocs medic-client/contacts_by_type), and
# `national_office`, which the documentation page lists as a place type.
CONTACT_TYPES = frozenset(
    ("contact", "district_hospital", "health_center", "clinic", "person", "national_office"))
DEEPEST = 50
Doc = Mapping[str, Any]


def type_id(doc: Doc) -> Any:
    """A contact's configured type, or the type of any other document."""
    kind = doc.get("type")
    return doc.get("contact_type") if kind == "contact" else kind


def is_contact(doc: Doc) -> bool:
    kind = doc.get("type")
    return isinstance(kind, str) and kind in CONTACT_TYPES


def lineage_ids(doc: Doc) -> Iterator[str]:
    """The document's own id and those of its stored parents, nearest first."""
    level: Any = doc
    for _ in range(DEEPEST):
        if not isinstance(level, dict) or not isinstance(level.get("_id"), str) or not level["_id"]:
            return
        yield level["_id"]
        level = level.get("parent")


def _by_contact_type(doc: dict[str, Any]) -> list[Any]:
    kind = type_id(doc)
    return [(kind, doc["_id"])] if is_contact(doc) and isinstance(kind, str) else []


def _by_ancestor(doc: dict[str, Any]) -> list[Any]:
    return list(lineage_ids(doc)) if is_contact(doc) else []


def _by_phone(doc: dict[str, Any]) -> list[Any]:
    phone = doc.get("phone")
    return [phone] if is_contact(doc) and isinstance(phone, str) and phone else []


def _by_shortcode(doc: dict[str, Any]) -> list[Any]:
    codes = (doc.get("patient_id"), doc.get("place_id"))
    return [str(code) for code in codes if code] if is_contact(doc) else []


MEDIC = {
    "by_type": on("type"),
    "by_contact_type": Index(_by_contact_type, ordered=True),  # keys (type, id)
    "by_ancestor": Index(_by_ancestor),  # a contact under its own id and those of its stored parents
    "by_phone": Index(_by_phone),
    "by_shortcode": Index(_by_shortcode),
}
INDEXES: dict[str, dict[str, Any]] = {"medic": MEDIC}
BY_ID = {"by_id": Index(lambda doc: [doc["_id"]], ordered=True)}
SEQUENCE = {"by_seq": Index(lambda history: [(history["db"], history["seq"])], ordered=True)}
