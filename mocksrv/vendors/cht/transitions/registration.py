"""`registration`: a report that registers somebody, with what the settings of its form set off.

CHT 4.15 source, shared-libs/transitions/src/transitions/registration.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.ddocs.mapping import each, first, member, truthy
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.shared_libs import contact_types
from mocksrv.vendors.cht.transitions import messages, schedules, triggers, validation
from mocksrv.vendors.cht.transitions.change import (
    REPORT,
    Change,
    Failed,
    Settings,
    Transition,
    same_form,
)

LISTS = ("assign_schedule", "clear_schedule")  # triggers whose parameters are names


def config_of(change: Change) -> Any:
    """The settings of the registrations by the report's form."""
    form = change.doc.get("form")
    return next((one for one in each(change.settings.get("registrations"))
                 if same_form(form, member(one, "form"))), None)


def parameters(given: Any) -> Any:
    """Parameters of a trigger: an object or a list, as JSON in a text too, or names with commas. Raises Failed."""
    if not truthy(given):
        return {}
    if isinstance(given, dict | list):
        return given
    if not isinstance(given, str):
        raise Failed("params.trim is not a function")
    if given.strip(javascript.SPACES)[:1] in ("[", "{"):
        try:
            return json_text.loads(given)
        except ValueError as error:
            raise Failed(str(error)) from None
    return given.split(",")


def check(settings: Settings) -> None:
    """Whether triggers have the parameters that they need. Raises Misconfigured."""
    listed = settings.get("registrations")
    if not isinstance(listed, list):
        raise sentinel.Misconfigured("registrations is no list")
    for one in listed:
        events = member(one, "events")
        for event in events if isinstance(events, list) else ():
            where = f"{member(one, 'form')}.{member(event, 'trigger')}"
            try:
                params = parameters(member(event, "params"))
            except Failed as error:
                raise sentinel.Misconfigured(f"the params of {where}: {error}") from None
            if problem := problem_of(settings, member(event, "trigger"), member(event, "params"), params):
                raise sentinel.Misconfigured(f"{where} {problem}")


def problem_of(settings: Settings, trigger: Any, given: Any, params: Any) -> str:
    """What is wrong with the parameters of a trigger; empty if nothing is."""
    if trigger in LISTS:
        return "" if truthy(given) and isinstance(params, list) else "needs the names of schedules"
    if trigger not in ("add_patient", "add_place"):
        return ""
    if trigger == "add_patient" and member(params, "patient_id_field") == "patient_id":
        return "takes the code from patient_id, which it sets"
    person = trigger == "add_patient"
    id = first(member(params, "contact_type"), "person" if person else None)
    kind = contact_types.find(settings, id) if truthy(id) else None
    if kind is None:
        return f"would make a contact of the unknown type {id}"
    return "" if truthy(kind.get("person")) is person else f"would make a contact of the wrong type {id}"


def is_registering(change: Change) -> bool:
    return change.doc.get("type") == REPORT and config_of(change) is not None and change.is_valid_submission()


def register(change: Change) -> bool:
    """Fire the triggers and answer, if the report is valid and is about somebody who is known, or about nobody yet."""
    doc, config = change.doc, config_of(change)
    if found := validation.errors(change, config):
        messages.add_errors(change, config, found, {"patient": doc.get("patient"), "place": doc.get("place")})
        return True
    if not has_valid_subject(change):
        messages.reject(change, config, "registration_not_found")
        return True
    fire(change, config)
    answer(change, config)
    return True


def has_valid_subject(change: Change) -> bool:
    """Whether the patient and the place that the report names are there, and are such."""
    patient, place = change.doc.get("patient"), change.doc.get("place")
    return not (truthy(change.field("patient_id")) and not (
        isinstance(patient, dict) and contact_types.is_person(change.settings, patient))) and not (
        truthy(change.field("place_id")) and not (
            isinstance(place, dict) and contact_types.is_place(change.settings, place)))


def fire(change: Change, config: Any) -> None:
    """Fire the triggers whose conditions hold; all are looked at before the first one fires. Raises Failed."""
    if not isinstance(events := member(config, "events"), list):
        raise Failed("Cannot read properties of undefined (reading 'map')")
    fields = change.doc.get("fields")
    seen = {**(fields if isinstance(fields, dict) else {}), **change.doc}
    wanted = []
    for event in events:
        trigger = triggers.TRIGGERS.get(javascript.text(member(event, "trigger")))
        if trigger and member(event, "name") == "on_create" and holds(change, member(event, "bool_expr"), seen):
            wanted.append((trigger, triggers.Event(change, config, parameters(member(event, "params")))))
    for trigger, event in wanted:
        trigger(event)


def holds(change: Change, condition: Any, seen: Any) -> bool:
    """Whether a condition holds; one that throws does not."""
    if not (isinstance(condition, str) and condition.strip()):
        return True
    try:
        return truthy(change.evaluate(condition, seen))
    except Failed:
        return False


def answer(change: Change, config: Any) -> None:
    """The messages for registrations by this form."""
    listed = member(config, "messages")
    if not isinstance(listed, list) or not listed:
        return
    context = {"patient": change.doc.get("patient"), "place": change.doc.get("place"), **triggers.known(change),
               "templateContext": {"next_msg": schedules.next_times(change)}}
    for message in messages.accepted(change, listed, without_event=True):
        messages.add_message(change, message, message.get("recipient"), context)


REGISTRATION = Transition(is_registering, register, check=check)
