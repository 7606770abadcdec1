"""Reports about somebody who is registered: `accept_patient_reports`, and `accept_case_reports`.

They answer, are linked to the registration, and silence the reminders that they respond to. CHT 4.15 source,
shared-libs/transitions/src/transitions/accept_patient_reports.js, accept_case_reports.js.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import each, first, member, truthy
from mocksrv.vendors.cht.node import durations, javascript, json_text, timestamps
from mocksrv.vendors.cht.shared_libs import message_tasks
from mocksrv.vendors.cht.transitions import messages, validation
from mocksrv.vendors.cht.transitions.change import Change, Doc, Failed, Transition, subject_ids
from mocksrv.vendors.cht.transitions.senders import of_form

SILENCEABLE = ("pending", "scheduled", "muted")
GONE_OUT = ("delivered", "sent")
CLEARED = message_tasks.Change("cleared")


def moment(change: Change, value: Any) -> float:
    """A date in milliseconds; NaN if it is none."""
    found = timestamps.moment_value(value, change.world.clock.ms())
    return float("nan") if found is None else found


# --- silencing ---


def silence(change: Change, config: Any, registrations: Iterable[Doc]) -> None:
    """Clear the reminders of registrations that a report responds to."""
    if not truthy(kinds := member(config, "silence_type")):
        return
    if not isinstance(kinds, str):
        raise Failed("config.silence_type.split is not a function")
    types, now = [kind.strip() for kind in kinds.split(",")], change.world.clock.iso()
    for registration in registrations:
        if registration["_id"] == change.doc["_id"]:
            continue
        cleared = to_clear(change, registration, types, member(config, "silence_for"))
        for task in cleared:
            message_tasks.set_state(task, CLEARED, now)
            task["cleared_by"] = change.doc["_id"]
        if cleared:
            registration["_rev"] = change.store(registration)


def to_clear(change: Change, registration: Doc, types: list[str], silence_for: Any) -> list[dict[str, Any]]:
    """The reminders of these types that can be cleared: all, or those of the groups that begin within a time."""
    tasks = [task for task in each(registration.get("scheduled_tasks"))
             if isinstance(task, dict) and task.get("type") in types]
    clearable = [task for task in tasks if task.get("state") in SILENCEABLE]
    if not truthy(silence_for):
        return clearable
    reported, span = timestamps.moment_value(change.doc.get("reported_date"), 0), durations.parse(silence_for)
    until = reported if span is None or reported is None else durations.add(reported, span)
    groups = {group_of(task) for task in tasks if until is not None and moment(change, task.get("due")) <= until}
    return [task for task in clearable if group_of(task) in groups]


def group_of(task: dict[str, Any]) -> bytes:
    """The group and type of a reminder, as one value: they may be lists or objects."""
    return json_text.dumps([task.get("group"), task.get("type")])


# --- the registration that a report belongs to ---


def link(change: Change, registrations: list[Doc]) -> None:
    """Name the latest registration."""
    dated = [(when, one) for one in registrations if (when := moment(change, one.get("reported_date"))) == when]
    if dated:
        change.doc["registration_id"] = max(dated, key=lambda pair: pair[0])[1]["_id"]


def respond(change: Change, config: Any, registrations: list[Doc]) -> None:
    """Note at the reminder that this report responds to that it does."""
    span = durations.parse(member(config, "silence_for")) or durations.Duration()
    reported = moment(change, change.doc.get("reported_date"))
    for registration in registrations:
        if (task := answered(change, registration, span, reported)) is not None:
            task["responded_to_by"] = [*each(task.get("responded_to_by")), change.doc["_id"]]
            change.store(registration)
            return


def answered(change: Change, registration: Doc, span: durations.Duration, reported: float) -> dict[str, Any] | None:
    """The last reminder that went out before the report; none if the report belongs to the next group of reminders."""
    tasks = [task for task in each(registration.get("scheduled_tasks")) if isinstance(task, dict)]
    tasks.sort(key=lambda task: javascript.text(task.get("due")))
    if not tasks or reported < moment(change, tasks[0].get("due")):
        return None
    for before, task in zip([None, *tasks[:-1]][::-1], tasks[::-1], strict=True):
        due = moment(change, task.get("due"))
        quiet = durations.add(int(due), span, -1) if due == due else None
        if (quiet is not None and quiet < reported and task.get("state") == "cleared"
                and before is not None and before.get("group") != task.get("group")):
            return None
        if due < reported and task.get("state") in GONE_OUT:
            return task
    return None


# --- the transitions ---


def accept_patient_report(change: Change) -> bool:
    """Answer, link and silence, if the report is valid and its patient or place is known."""
    doc, config = change.doc, of_form(change, "patient_reports")
    if found := validation.errors(change, config):
        messages.add_errors(change, config, found, {"patient": doc.get("patient"), "place": doc.get("place")})
        return True
    if not truthy(first(doc.get("patient"), doc.get("place"))):
        messages.reject(change, config, "registration_not_found")
        return True
    of_patient, of_place = (change.registrations(subject_ids(doc.get(kind))) for kind in ("patient", "place"))
    context = {"patient": doc.get("patient"), "registrations": of_patient, "place": doc.get("place"),
               "placeRegistrations": of_place}
    if not isinstance(listed := member(config, "messages"), list):
        raise Failed("Cannot read properties of undefined (reading 'forEach')")
    for message in messages.accepted(change, listed):
        messages.add_message(change, message, message.get("recipient"), context)
    registrations = [*of_patient, *of_place]
    link(change, registrations)
    silence(change, config, registrations)
    respond(change, config, registrations)
    return True


def accept_case_report(change: Change) -> bool:
    """The same for a case: its registrations are found by `case_id`."""
    doc, config = change.doc, of_form(change, "accept_case_reports")
    if found := validation.errors(change, config):
        messages.add_errors(change, config, found)
        return True
    case = first(doc.get("case_id"), change.field("case_id"))
    registrations = change.registrations([case]) if truthy(case) else []
    if not registrations:
        messages.reject(change, config, "registration_not_found")
        return True
    context = {"patient": doc.get("patient"), "registrations": registrations, "place": doc.get("place")}
    for message in messages.accepted(change, member(config, "messages")):
        messages.add_message(change, message, message.get("recipient"), context)
    if truthy(place := member(registrations[0], "fields", "place_uuid")):
        doc["fields"] = {**(doc["fields"] if isinstance(doc.get("fields"), dict) else {}), "place_uuid": place}
    silence(change, config, registrations)
    return False  # as far as the server notices: what was done is saved together with what others do


def is_configured(change: Change, name: str) -> bool:
    return (change.is_report() and truthy(change.doc.get("reported_date")) and truthy(of_form(change, name))
            and change.is_valid_submission())


ACCEPT_PATIENT_REPORTS = Transition(lambda change: is_configured(change, "patient_reports"), accept_patient_report)
ACCEPT_CASE_REPORTS = Transition(lambda change: is_configured(change, "accept_case_reports"), accept_case_report)
