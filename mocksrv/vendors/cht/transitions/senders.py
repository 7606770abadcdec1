"""Who sent a report: `update_clinics`, `update_sent_by`, and `self_report`, which is about its sender.

CHT 4.15 source, shared-libs/transitions/src/transitions.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import each, member, truthy
from mocksrv.vendors.cht.shared_libs import contact_types, lineage
from mocksrv.vendors.cht.transitions import messages
from mocksrv.vendors.cht.transitions.change import REPORT, Change, Doc, Failed, Transition

NOBODY = "sys.facility_not_found"


def of_form(change: Change, name: str) -> Any:
    """What the settings of a transition say of the report's form."""
    form, listed = change.doc.get("form"), change.settings.get(name)
    found = (one for one in each(listed) if member(one, "form") == form)
    return next(found, None) if truthy(form) else None


def update_clinics(change: Change) -> bool:
    """Name the sender: the contact of the code that the form refers to, or else of the phone."""
    if (sender := find_sender(change)) is not None:
        change.doc["contact"] = sender
        return True
    form = change.form() if truthy(change.doc.get("form")) else None
    if change.is_xform() or truthy(member(form, "public_form")):
        return False
    if truthy(form):
        messages.reject(change, of_form(change, "update_clinics"), NOBODY)
    else:
        messages.note(change.doc, {"code": NOBODY, "message": change.translate(NOBODY)})
    return True


def find_sender(change: Change) -> Doc | None:
    """The contact who sent the report, with its places."""
    reference = change.doc.get("refid")
    if not truthy(reference):
        found = change.senders()
        return lineage.hydrate_contact(change.world, found[0]) if found else None
    found = change.by_view("medic-client", "contacts_by_reference", ["external", reference])[:1]
    if not found or contact_types.of(change.settings, found[0]) is None:
        return None
    (place,) = found
    if contact_types.is_person(change.settings, place):
        return lineage.hydrate_contact(change.world, place)
    contact = place.get("contact")
    id = member(contact, "_id")
    if not truthy(id):
        return contact if isinstance(contact, dict) else {"parent": place}
    person = change.database().get(id) if isinstance(id, str) else None
    if person is None:
        raise Failed("missing")
    return lineage.hydrate_contact(change.world, person)


def update_sent_by(change: Change) -> bool:
    """The name of the first contact with the phone that sent the report."""
    found = change.senders()
    if not found or not truthy(found[0].get("name")):
        return False
    change.doc["sent_by"] = found[0]["name"]
    return True


def self_report(change: Change) -> bool:
    """The sender is the patient."""
    config, found = of_form(change, "self_report"), change.senders()
    if not found:
        messages.reject(change, config, "sender_not_found")
        return True
    patient = change.doc["patient"] = lineage.hydrate_contact(change.world, found[0])
    fields = change.doc["fields"] if isinstance(change.doc.get("fields"), dict) else {}
    code = {"patient_id": patient["patient_id"]} if "patient_id" in patient else {}
    change.doc["fields"] = {**fields, "patient_uuid": patient["_id"], **code}
    if message := messages.configured(config, "report_accepted"):
        messages.add_message(change, message, message.get("recipient"))
    return True


def is_about_sender(change: Change) -> bool:
    named = (change.field(name) for name in ("patient_id", "patient_uuid"))
    return (truthy(change.doc.get("from")) and change.doc.get("type") == REPORT
            and truthy(of_form(change, "self_report")) and not any(map(truthy, named)))


def has_unnamed_sender(change: Change) -> bool:
    return truthy(change.doc.get("from")) and change.doc.get("type") == REPORT and "sent_by" not in change.doc


UPDATE_CLINICS = Transition(
    lambda change: change.doc.get("type") == REPORT and not truthy(change.doc.get("contact")), update_clinics)
UPDATE_SENT_BY = Transition(has_unnamed_sender, update_sent_by)
SELF_REPORT = Transition(is_about_sender, self_report)
