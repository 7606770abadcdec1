"""What the views of reports and tasks emit. CHT 4.15 source, ddocs/medic-db; recorded from 4.15.0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import (
    ABSENT,
    Doc,
    Rows,
    and_then,
    date,
    each,
    first,
    has_no_errors,
    is_contact,
    is_report,
    lineage,
    member,
    present,
    stored,
    truthy,
    without_undefined,
)
from mocksrv.vendors.cht.node import javascript

SUBJECTS = ("patient_id", "place_id", "case_id")
FIELD_SUBJECTS = (*SUBJECTS, "patient_uuid", "place_uuid")
TERMINAL = ("Cancelled", "Completed", "Failed")  # states of tasks
MISSING = ("patient_id", "patient_uuid", "patient_name", "place_id")  # of which one makes a report's subject unknown


def reports_by(*key: Callable[[Doc], Any]) -> Callable[[Doc], Rows]:
    """A view of reports under a key that is a list."""
    def rows(doc: Doc) -> Rows:
        if is_report(doc):
            yield [one(doc) for one in key], doc.get("reported_date")

    return rows


def reports_by_place(doc: Doc) -> Rows:
    if is_report(doc):
        for _, id in lineage(member(doc, "contact", "parent")):
            yield [id], doc.get("reported_date")


def reports_by_subject(doc: Doc) -> Rows:
    if is_report(doc):
        for holder, names in ((doc, SUBJECTS), (doc.get("fields"), FIELD_SUBJECTS)):
            for name in names:
                if truthy(member(holder, name)):
                    yield member(holder, name), doc.get("reported_date")


def registered_patients(doc: Doc) -> Rows:
    if is_report(doc) and has_no_errors(doc):
        for name in ("patient_id", "place_id"):
            if truthy(code := first(doc.get(name), member(doc, "fields", name))):
                yield javascript.text(code), None


def data_records_by_type(doc: Doc) -> Rows:
    if doc.get("type") == "data_record":
        yield "report" if truthy(doc.get("form")) else "message", None


def docs_by_id_lineage(doc: Doc) -> Rows:
    level: Any = doc
    if is_contact(doc):
        depth = 0
    elif is_report(doc):
        yield [doc["_id"], 0], None
        level, depth = doc.get("contact"), 1
    else:
        return
    while truthy(member(level, "_id")):
        yield [doc["_id"], depth], {"_id": level["_id"]}
        level, depth = level.get("parent"), depth + 1


def doc_summaries_by_id(doc: Doc) -> Rows:
    contact = doc.get("contact", ABSENT)
    if is_report(doc):
        parent = member(doc, "contact", "parent")
        yield doc["_id"], without_undefined(
            _rev=stored(doc, "_rev"), **{"from": first(doc.get("from"), stored(doc, "sent_by"))},
            phone=and_then(contact, "phone"), form=stored(doc, "form"), read=stored(doc, "read"),
            valid=has_no_errors(doc), verified=stored(doc, "verified"), reported_date=stored(doc, "reported_date"),
            contact=and_then(contact, "_id"), lineage=[id for _, id in lineage(parent)], subject=subject(doc),
            case_id=first(doc.get("case_id"), and_then(stored(doc, "fields"), "case_id")))
    elif is_contact(doc):
        yield doc["_id"], without_undefined(
            _rev=stored(doc, "_rev"), name=first(doc.get("name"), stored(doc, "phone")), phone=stored(doc, "phone"),
            type=stored(doc, "type"), contact_type=stored(doc, "contact_type"), contact=and_then(contact, "_id"),
            lineage=[id for _, id in lineage(doc.get("parent"))], date_of_death=stored(doc, "date_of_death"),
            muted=stored(doc, "muted"))


def subject(doc: Doc) -> dict[str, Any]:
    """The subject of a report, as summaries show it."""
    fields, found = doc.get("fields"), {}
    reference = first(doc.get("patient_id"), member(fields, "patient_id"), member(fields, "patient_uuid"),
                      doc.get("place_id"), member(fields, "place_id"))
    name = member(fields, "patient_name")
    if truthy(name):
        found["name"] = name
    if truthy(reference):
        return found | {"value": reference, "type": "reference"}
    if truthy(name):
        return found | {"value": name, "type": "name"}
    for error in each(doc.get("errors")):
        lacking = member(present(error), "fields")
        if member(error, "code") == "sys.missing_fields" and isinstance(lacking, list | str) and any(
                one in lacking for one in MISSING):
            found["type"] = "unknown"
    return found


def by_period(name: str, other: str) -> Callable[[Doc], Rows]:
    """A view of reports by form, year, month or week, and place."""
    def rows(doc: Doc) -> Rows:
        fields, parent, when = doc.get("fields"), member(doc, "contact", "parent"), doc.get("reported_date")
        year, period = member(fields, "year"), first(member(fields, name), member(fields, other))
        if is_report(doc) and all(map(truthy, (parent, year, period, when))):
            yield [doc["form"], year, period, member(parent, "_id"), when], None

    return rows


def reports_by_form_and_parent(doc: Doc) -> Rows:
    if is_report(doc) and truthy(member(doc, "contact", "parent")):
        when = doc.get("reported_date")
        yield [doc["form"], member(doc, "contact", "parent", "_id")], (
            when if isinstance(when, int | float) and not isinstance(when, bool) else 0)


def data_records(doc: Doc) -> Rows:
    if doc.get("type") == "data_record":
        valid, form, when = has_no_errors(doc), doc.get("form"), doc.get("reported_date")
        yield [when], None
        if truthy(form):
            yield [valid, form, when], None
            yield [valid, "*", when], None
        for _, id in lineage(doc.get("contact")):
            yield [id, when], None
            if truthy(form):
                yield [valid, id, form, when], None
                yield [valid, id, "*", when], None


def data_records_by_ancestor(doc: Doc) -> Rows:
    if doc.get("type") == "data_record":
        for _, id in lineage(doc.get("contact")):
            yield id, None


# --- visits and tasks ----------------------------------------------------------------------------------------


def visited(doc: Doc) -> Any:
    """When a report says that a family was visited."""
    fields = doc.get("fields")
    told = member(fields, "visited_date")
    return date(told) if truthy(told) else doc.get("reported_date")


def contacts_by_last_visited(doc: Doc) -> Rows:
    if is_report(doc) and truthy(contact := member(doc, "fields", "visited_contact_uuid")):
        when = visited(doc)
        yield contact, when if isinstance(when, int | float) and not isinstance(when, bool) else 0
    elif is_contact(doc):
        yield doc["_id"], 0


def visits_by_date(doc: Doc) -> Rows:
    if is_report(doc) and truthy(contact := member(doc, "fields", "visited_contact_uuid")):
        yield visited(doc), contact
        yield [contact, visited(doc)], None


def tasks_by_contact(doc: Doc) -> Rows:
    if doc.get("type") == "task":
        owner = first(doc.get("owner"), "_unassigned")
        if doc.get("state") not in TERMINAL:
            yield f"owner-{javascript.text(owner)}", None
        if truthy(doc.get("requester")):
            yield f"requester-{javascript.text(doc['requester'])}", None
        yield ["owner", "all", owner], without_undefined(state=stored(doc, "state"))


def tasks_in_terminal_state(doc: Doc) -> Rows:
    if doc.get("type") == "task" and doc.get("state") in TERMINAL and truthy(doc.get("emission")):
        yield member(doc, "emission", "endDate"), None
