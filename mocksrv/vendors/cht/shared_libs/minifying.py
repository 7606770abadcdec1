"""Documents as they are stored: with ids in place of the documents that they refer to.

CHT 5.2 source, shared-libs/lineage/src/minify.js, shared-libs/cht-datasource/src/local/libs/lineage.ts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contacts, input_checks, lineage
from mocksrv.world import World

Doc = dict[str, Any]


def minified(doc: Mapping[str, Any]) -> Doc:
    """A copy with ids in the place of parents, contact and linked documents; a report loses patient and place."""
    small = dict(doc)
    if "parent" in small:
        small["parent"] = contacts.minify(small["parent"])
    contact = small.get("contact")
    if isinstance(contact, dict) and javascript.truthy(contact.get("_id")):
        parent = contact.get("parent")
        small["contact"] = {"_id": contact["_id"]} | (
            {"parent": contacts.minify(parent)} if javascript.truthy(parent) else {})
    if small.get("type") == lineage.REPORT:
        small.pop("patient", None)
        small.pop("place", None)
    linked = small.get("linked_docs")
    if isinstance(linked, dict):
        small["linked_docs"] = {name: value.get("_id") if isinstance(value, dict) else value
                                for name, value in linked.items()}
    return small


def created(world: World, doc: Doc) -> Doc:
    """Store a new document in minified form; the answer has its id and revision last."""
    small = minified(doc)
    if "_rev" in small and small["_rev"] is None and "_id" not in small:
        errors.fail(400, "Invalid rev format")
    stored = contacts.store(world, small)
    return {**{name: value for name, value in small.items() if name not in ("_id", "_rev")},
            "_id": stored["id"], "_rev": stored["rev"]}


def updated_contact(world: World, stored: Mapping[str, Any], sent: Mapping[str, Any]) -> Any:
    """The `contact` of a changed document: None if it was removed; a changed one must refer to a contact. An object is
    returned as sent, even a full document: it is minified when stored.
    """
    wanted = sent.get("contact")
    if not javascript.truthy(wanted):
        return None
    if wanted == stored.get("contact"):
        return stored["contact"]
    id = wanted if isinstance(wanted, str) else wanted.get("_id") if isinstance(wanted, dict) else None
    found = documents.database(world, "medic").peek(id) if isinstance(id, str) else None
    if not contacts.is_contact(app_settings.read(world), found):
        errors.fail(400, f"No valid contact found for [{'undefined' if id is None else javascript.text(id)}].")
    if isinstance(wanted, str):
        return contacts.minify(found)
    if not input_checks.same_lineage(found, wanted):
        errors.fail(400, "The given contact lineage does not match the current lineage for that contact.")
    return wanted


def with_contact(sent: Mapping[str, Any], contact: Any) -> Doc:
    """The document with this contact, or without one."""
    if contact is None:
        return {name: value for name, value in sent.items() if name != "contact"}
    return {**sent, "contact": contact}
