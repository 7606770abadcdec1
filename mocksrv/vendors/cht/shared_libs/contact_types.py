"""Types of contacts and reports, and the lineage of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht.node import javascript

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


def is_report(doc: Doc) -> bool:
    return doc.get("type") == "data_record" and javascript.truthy(doc.get("form"))


def lineage_ids(doc: Doc) -> Iterator[str]:
    """The document's own id and those of its stored parents, nearest first."""
    level: Any = doc
    for _ in range(DEEPEST):
        if not isinstance(level, dict) or not isinstance(level.get("_id"), str) or not level["_id"]:
            return
        yield level["_id"]
        level = level.get("parent")
