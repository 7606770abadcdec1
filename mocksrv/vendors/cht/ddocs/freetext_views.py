"""The views of every word that documents hold. CHT 4.15 source, ddocs/medic-db; recorded from 4.15.0."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.ddocs.contact_views import order
from mocksrv.vendors.cht.ddocs.mapping import Doc, Rows, contact_type, is_contact, is_report, member, truthy
from mocksrv.vendors.cht.node import javascript

SHORTEST = 3  # shortest word in letters that is indexed
SKIPPED = frozenset(("_id", "_rev", "type", "refid"))
OF_CONTACTS, OF_REPORTS = SKIPPED | {"geolocation"}, SKIPPED | {"content"}


def tokens(fields: Any, skipped: frozenset[str]) -> set[str]:
    """The words of texts, and each text or number behind the name of its field."""
    found: set[str] = set()
    for name, value in fields.items() if isinstance(fields, dict) else ():
        kind = type(value)
        if kind is str:
            if value and (key := indexed(name, skipped)):
                value = value.lower()
                found.update(value.split())
                found.add(f"{key}:{value}")
        elif (kind is int or kind is float) and truthy(value) and (key := indexed(name, skipped)):
            found.add(f"{key}:{javascript.text(value)}")
    return found


def indexed(name: str, skipped: frozenset[str]) -> str:
    """The name of a field before its values; "" if they are not indexed."""
    key = name.lower()
    return "" if key in skipped or key.endswith("_date") else key


def contact_tokens(doc: Doc) -> set[str]:
    return {token for token in tokens(doc, OF_CONTACTS) if len(token) >= SHORTEST}


def report_tokens(doc: Doc) -> set[str]:
    found = tokens(doc, OF_REPORTS) | tokens(doc.get("fields"), OF_REPORTS)
    if isinstance(contact := member(doc, "contact", "_id"), str) and contact:
        found.add(f"contact:{contact.lower()}")
    return {token for token in found if len(token) >= SHORTEST}


def contacts_by_freetext(doc: Doc) -> Rows:
    if is_contact(doc):
        place = order(doc)
        for token in contact_tokens(doc):
            yield [token], place


def contacts_by_type_freetext(doc: Doc) -> Rows:
    if is_contact(doc):
        kind, place = contact_type(doc), order(doc)
        for token in contact_tokens(doc):
            yield [kind, token], place


def reports_by_freetext(doc: Doc) -> Rows:
    if is_report(doc):
        if truthy(contact := member(doc, "contact", "_id")) and not isinstance(contact, str):
            raise Thrown("toLowerCase is not a function")
        for token in report_tokens(doc):
            yield [token], doc.get("reported_date")
