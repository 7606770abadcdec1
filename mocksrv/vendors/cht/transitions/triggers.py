"""What a registration sets off: new people, places and cases, dates, and schedules of messages.

CHT 4.15 source, shared-libs/transitions/src/transitions/registration.js.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mocksrv.vendors.cht.ddocs.mapping import first, member, truthy
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import contact_types, contacts, phones
from mocksrv.vendors.cht.transitions import births, messages, patient_reports, schedules, shortcodes
from mocksrv.vendors.cht.transitions.change import Change, Doc, Failed, subject_ids

# Types of contacts that are types of documents, too.


class Event(NamedTuple):
    """A trigger that fires: for which document, by which settings of the form, with which parameters."""

    change: Change
    config: Any
    params: Any

    def param(self, name: str) -> Any:
        return member(self.params, name)

    def listed(self) -> list[Any]:
        """The parameters as a list. Raises Failed."""
        if not isinstance(self.params, list):
            raise Failed("options.params.forEach is not a function")
        return self.params

    def reject(self, event: str, parent: Any = None) -> None:
        """Say to the sender what is wrong."""
        messages.reject(self.change, self.config, event, {"templateContext": {"parent": parent}} if parent else {})


def add_patient(event: Event) -> None:
    """A new person with a short code: one that the report brings, or one of the server's."""
    change, doc = event.change, event.change.doc
    if truthy(doc.get("patient_id")):
        return
    if truthy(name := event.param("patient_id_field")):
        code = change.field(name)
        if not truthy(code):
            event.reject("no_provided_patient_id")
        elif change.contact(code) is not None:
            event.reject("provided_patient_id_not_unique")
        else:
            doc["patient_id"] = code
    else:
        doc["patient_id"] = shortcodes.new_code(change.world)
    kind = event.param("contact_type")
    types = {"type": "contact", "contact_type": kind} if truthy(kind) else {"type": "person"}
    add_contact(event, "patient", "patient_id", types)


def add_place(event: Event) -> None:
    """A new place with a short code."""
    doc = event.change.doc
    if truthy(doc.get("place_id")):
        return
    doc["place_id"] = shortcodes.new_code(event.change.world)
    kind = event.param("contact_type")
    add_contact(event, "place", "place_id", {"type": kind} if kind in contact_types.HARDCODED else
                {"type": "contact", "contact_type": kind})


def add_contact(event: Event, subject: str, key: str, types: Doc) -> None:
    """Store a contact below the sender's place, or below the one that the report names."""
    change, doc = event.change, event.change.doc
    code = doc.get(key)
    if change.contact(code) is not None or (parent := find_parent(event)) is None:
        return
    kind, above = contact_types.of(change.settings, types), contact_types.of(change.settings, parent)
    if kind is None or above is None or above.get("id") not in (kind.get("parents") or ()):
        event.reject("parent_invalid", parent)
        return
    made = {"name": change.field(name_field(event.params, subject)), "reported_date": doc.get("reported_date"),
            key: code, "source_id": doc["_id"], **types}
    if subject == "patient":
        made["date_of_birth"] = first(doc.get("birth_date"), None)
        if truthy(phone := change.field(phone_field(change))):
            if not phones.validate(change.settings, phone):
                event.reject("provided_phone_not_valid")
                return
            made["phone"] = phone
    made = {name: value for name, value in made.items() if value is not None}
    doc[subject] = {"parent": parent, **made}  # in full, for the messages
    creator = member(doc.get("contact"), "_id")
    change.store({**made, "parent": contacts.minify(parent)}
                          | ({} if creator is None else {"created_by": creator}))


def name_field(params: Any, subject: str) -> Any:
    """The field that holds the name of a new contact."""
    if isinstance(params, list) and params and truthy(params[0]):
        return params[0]
    return first(member(params, f"{subject}_name_field"), f"{subject}_name")


def phone_field(change: Change) -> Any:
    """The first field of the form that is a phone number; None without one."""
    fields = member(change.form(), "fields")
    return next((name for name, one in fields.items() if member(one, "type") == "phone_number"),
                None) if isinstance(fields, dict) else None


def find_parent(event: Event) -> Doc | None:
    """The place for a new contact; None if there is none, which is said to the sender."""
    change, doc, name = event.change, event.change.doc, event.param("parent_id")
    if truthy(name):
        if not truthy(code := change.field(name)):
            event.reject("parent_field_not_provided")
            return None
        parent = change.contact(code)
    else:
        parent = member(doc.get("contact"), "parent")
        if truthy(parent):
            return parent if isinstance(parent, dict) else None
        parent = None
        if found := change.senders():
            doc["contact"] = found[0]
            id = member(found[0], "parent", "_id")
            parent = change.database().get(id) if isinstance(id, str) else None
    if parent is None:
        event.reject("parent_not_found")
    return parent


def add_case(event: Event) -> None:
    """A case: a code of its own, at the place of the sender."""
    doc = event.change.doc
    if not truthy(doc.get("case_id")):
        doc["case_id"] = shortcodes.new_code(event.change.world)
    if truthy(place := member(doc.get("contact"), "parent", "_id")):
        doc["fields"] = {**(doc["fields"] if isinstance(doc.get("fields"), dict) else {}), "place_uuid": place}


def known(change: Change) -> dict[str, list[Doc]]:
    """The registrations of the patient and of the place that the report names."""
    return {"registrations": change.registered(change.field("patient_id")),
            "placeRegistrations": change.registered(change.field("place_id"))}


def assign_schedule(event: Event) -> None:
    """Messages for later days."""
    found = known(event.change)
    for name in event.listed():
        schedules.assign(event.change, schedules.find(event.change, name), found)


def clear_schedule(event: Event) -> None:
    """No more messages of these schedules to those whom the report is about."""
    doc, change = event.change.doc, event.change
    case = first(doc.get("case_id"), change.field("case_id"))
    subjects = [*subject_ids(doc.get("patient")), *subject_ids(doc.get("place")), *([case] if truthy(case) else [])]
    config = {"silence_type": ",".join(map(javascript.text, event.listed()))}
    patient_reports.silence(change, config, change.registrations(subjects))


TRIGGERS: dict[str, Callable[[Event], None]] = {
    "add_patient": add_patient,
    "add_patient_id": add_patient,  # its older name
    "add_place": add_place,
    "add_case": add_case,
    "add_expected_date": lambda event: births.add_expected_date(event.change),
    "add_birth_date": lambda event: births.add_birth_date(event.change),
    "assign_schedule": assign_schedule,
    "clear_schedule": clear_schedule,
}
