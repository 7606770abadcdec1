"""Under which subjects documents are replicated: the view that decides what an offline user gets.

CHT 4.15 source, ddocs/medic-db/medic/views/docs_by_replication_key; recorded from 4.15.0.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import (
    Doc,
    Rows,
    element,
    first,
    is_contact,
    lineage,
    member,
    present,
    stored,
    truthy,
    without_undefined,
)

ALL, UNASSIGNED = "_all", "_unassigned"
COMMON_IDS = ("resources", "branding", "partners", "service-worker-meta", "zscore-charts", "settings",
              "privacy-policies")
COMMON_TYPES = ("form", "translations")
LATER_COMMON_TYPE = "ui-extension"  # in releases with releases.ADMIN_ONLY
RECORDS = ("data_record", "target", "task")
SEARCHED = ("key", "type", "subject")  # fields of the full-text index that can be asked for; others are stored alone
MISSING_SUBJECT = ("registration_not_found", "invalid_patient_id")


def docs_by_replication_key(doc: Doc) -> Rows:
    kind = doc.get("type")
    if doc.get("_id") in COMMON_IDS or kind in COMMON_TYPES:
        yield ALL, {}
    elif kind == "data_record":
        yield from of_record(doc)
    elif kind in ("task", "target"):
        yield doc.get("user" if kind == "task" else "owner"), {"type": kind}
    elif is_contact(doc):
        yield doc.get("_id"), {"type": kind}


def records_by_subject(doc: Doc) -> Rows:
    """The same of what belongs to a contact or to an account, for those who look for all that do."""
    if doc.get("type") in RECORDS:
        yield from docs_by_replication_key(doc)


def indexed(doc: Doc) -> dict[str, list[Any]]:
    """The fields of the full-text index that later releases have in the view's place, each with its values.

    CHT 5.2 source, ddocs/medic-db/medic/nouveau/docs_by_replication_key.
    """
    rows = list(docs_by_replication_key(doc))
    if doc.get("type") == LATER_COMMON_TYPE or (rows and rows[0][0] == ALL):
        return {"key": [ALL]}
    value = rows[0][1] if rows else {}
    found = {"type": [doc.get("type")], "subject": [value.get("subject")], "key": [key for key, _ in rows]}
    found |= {name: [value[name]] for name in ("submitter", "private", "needs_signoff") if name in value}
    return {name: kept for name, values in found.items() if (kept := [one for one in values if one is not None])}


def of_record(doc: Doc) -> Rows:
    """The subject of a report or message, and with `needs_signoff` all above its submitter."""
    fields, contact = doc.get("fields"), doc.get("contact")
    value: dict[str, Any] = {"type": doc["type"], "subject": first(subject(doc), UNASSIGNED)}
    if truthy(doc.get("form")) and truthy(contact):
        value |= without_undefined(submitter=stored(contact, "_id"))
    if truthy(member(fields, "private")):
        value["private"] = True
    signed_off = truthy(member(fields, "needs_signoff")) and truthy(contact)
    # All rows of a document show the same object, which is complete by the time that they are written.
    value |= {"needs_signoff": True} if signed_off else {}
    yield value["subject"], value
    if signed_off:
        yield from ((id, value) for _, id in lineage(contact) if id != value["subject"])


def subject(doc: Doc) -> Any:
    """The subject of a record, its submitter if that is unknown, or its recipient."""
    fields, contact = doc.get("fields"), doc.get("contact")
    if truthy(doc.get("form")):
        problems = doc.get("errors")
        if truthy(contact) and any(member(present(one), "code") in MISSING_SUBJECT
                                   for one in (problems if isinstance(problems, list) else ())):
            return member(contact, "_id")
        return first(doc.get("patient_id"), member(fields, "patient_id"), doc.get("place_id"),
                     member(fields, "place_id"), member(fields, "patient_uuid"), member(contact, "_id"))
    if truthy(doc.get("sms_message")):
        return member(contact, "_id")
    if truthy(doc.get("kujua_message")):
        return member(element(member(element(doc.get("tasks")), "messages")), "contact", "_id")
    return None
