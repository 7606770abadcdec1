"""Types of contacts and reports, and the lineage of a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht.node import javascript

# The types that the server's contact indexes know (CHT 4.15 source, ddocs medic-client/contacts_by_type), and
# `national_office`, which the documentation page lists as a place type.
CONTACT_TYPES = frozenset(
    ("contact", "district_hospital", "health_center", "clinic", "person", "national_office"))
DEEPEST = 50
PERSON = "person"
HARDCODED = ("district_hospital", "health_center", "clinic", PERSON)  # types that need no `contact_type`
Doc = Mapping[str, Any]


def type_id(doc: Doc) -> Any:
    """A contact's configured type, or the type of any other document."""
    kind = doc.get("type")
    return doc.get("contact_type") if kind == "contact" else kind


def configured(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The configured contact types, people and places."""
    types = settings.get("contact_types")
    return [kind for kind in types if isinstance(kind, dict)] if isinstance(types, list) else []


def leaves(settings: Mapping[str, Any]) -> list[Any]:
    """The ids of the configured types of places that have no places below."""
    places = [kind for kind in configured(settings) if not javascript.truthy(kind.get("person"))]
    above = [id for kind in places if isinstance(kind.get("parents"), list) for id in kind["parents"]]
    return [kind.get("id") for kind in places if kind.get("id") not in above]


def find(settings: Mapping[str, Any], id: Any) -> dict[str, Any] | None:
    """The configured contact type of that id."""
    return next((kind for kind in configured(settings) if kind.get("id") == id), None)


def of(settings: Mapping[str, Any], doc: Doc) -> dict[str, Any] | None:
    """The configured contact type of a document."""
    return find(settings, type_id(doc))


def is_person(settings: Mapping[str, Any], doc: Doc) -> bool:
    """Of a configured type for people; `person` is one even if it is not configured."""
    id = type_id(doc)
    person = (find(settings, id) or {}).get("person")
    return id == PERSON or (person is not None and javascript.truthy(person))


def is_place(settings: Mapping[str, Any], doc: Doc) -> bool:
    """Of a configured type that is not for people."""
    return of(settings, doc) is not None and not is_person(settings, doc)


def is_contact(doc: Doc) -> bool:
    kind = doc.get("type")
    return isinstance(kind, str) and kind in CONTACT_TYPES


def is_report(doc: Doc) -> bool:
    return doc.get("type") == "data_record" and javascript.truthy(doc.get("form"))


def lineage_ids(doc: Doc) -> list[str]:
    """The document's own id and those of its stored parents, nearest first."""
    found: list[str] = []
    level: Any = doc
    while len(found) < DEEPEST and isinstance(level, dict) and isinstance(level.get("_id"), str) and level["_id"]:
        found.append(level["_id"])
        level = level.get("parent")
    return found
