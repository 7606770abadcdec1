"""How people and places are found and stored: the rules that all endpoints share.

CHT 4.15 source, shared-libs/contacts, shared-libs/lineage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.couch import attachments, document_shape, documents
from mocksrv.vendors.cht.node import json_text, timestamps
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, lineage
from mocksrv.world import World

Doc = dict[str, Any]
NO_PERSON = "Failed to find person."


def is_contact(settings: Mapping[str, Any], doc: Mapping[str, Any] | None) -> bool:
    """Whether a document is an existing person or place."""
    return doc is not None and (contact_types.is_person(settings, doc) or contact_types.is_place(settings, doc))


def minify(doc: Any) -> Any:
    """A contact as other documents refer to it: ids only, up the stored parents."""
    if not isinstance(doc, dict) or not doc.get("_id"):
        return doc
    small: Doc = {"_id": doc["_id"]}
    level, parent = small, doc.get("parent")
    for _ in range(contact_types.DEEPEST):
        if not isinstance(parent, dict) or not parent.get("_id"):
            break
        level["parent"] = {"_id": parent["_id"]}
        level, parent = level["parent"], parent.get("parent")
    else:
        errors.server_error(diagnosis=f"the parents of {doc['_id']} go deeper than {contact_types.DEEPEST} levels")
    return small


def find_place(world: World, id: Any) -> Doc:
    """The place of that id with its lineage; refuses with 404, and what is no id with 400."""
    check_id(id)
    doc = lineage.fetch(world, id)
    if doc is None or not contact_types.is_place(app_settings.read(world), doc):
        errors.fail(404, "Failed to find place.", diagnosis=f"no place has the id {id!r}")
    return doc


def find_person(world: World, id: Any) -> Doc:
    """The person of that id with its lineage; refuses with 404, and what is no id with 400."""
    check_id(id)
    doc = lineage.fetch(world, id)
    if doc is None or not contact_types.is_person(app_settings.read(world), doc):
        errors.fail(404, NO_PERSON, diagnosis=f"no person has the id {id!r}")
    return doc


def check_id(id: Any) -> None:
    if not isinstance(id, str) or not id:
        errors.fail(400, f"Invalid UUID [{json_text.text(id)}].")


def store(world: World, doc: Doc) -> dict[str, Any]:
    """Write a document; what the database refuses comes out with its status and reason."""
    files = doc.get("_attachments")
    members = list(files.values()) if isinstance(files, dict) else files if isinstance(files, list | str) else []
    if any(not isinstance(one, dict) for one in members):
        errors.server_error(diagnosis="the members of _attachments must be objects")
    try:
        return documents.put(world, "medic", doc)
    except documents.Conflict as error:
        errors.fail(409, error.reason)
    except document_shape.Invalid as error:
        errors.fail(400, error.reason)
    except errors.CouchError as error:
        errors.fail(error.status, error.body["reason"])
    except (attachments.BadData, attachments.Unknown) as error:
        errors.fail(400, str(error))


def reported_date(world: World, value: Any) -> int | float:
    """The `reported_date` to store, of one that is valid or absent (None)."""
    now = world.clock.ms()
    return now if value is None else timestamps.reported_date(value, now) or 0


def is_date(value: Any) -> bool:
    """Whether a value is valid as a `reported_date`."""
    return timestamps.strict(value) is not None
