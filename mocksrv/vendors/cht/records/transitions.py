"""The transitions that the server applies to a report before it saves it, if the settings switch them on.

Simulated are `update_clinics`, which finds out who sent it, and `default_responses`, which answers.
CHT 4.15 source, shared-libs/transitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript, timestamps
from mocksrv.vendors.cht.records import reports
from mocksrv.vendors.cht.shared_libs import app_settings, contacts, message_tasks, translations
from mocksrv.world import World

Document = dict[str, Any]
Settings = dict[str, Any]

# Those that only the background process runs; if any other is on, the server chooses the ids.
BACKGROUND = frozenset((
    "create_user_for_contacts", "generate_patient_id_on_people", "generate_shortcode_on_contacts",
    "mark_for_outbound", "muting", "update_notifications",
))


LISTENERS: list[Callable[[World], None]] = []


def process(world: World, docs: list[Document]) -> list[dict[str, Any]]:
    """Apply the transitions that are on, and save: one result each, as CouchDB's `_bulk_docs` has them."""
    settings = app_settings.read(world)
    on = sentinel.switched_on(settings)
    if on - BACKGROUND:
        for doc in docs:
            doc["_id"] = message_tasks.new_id(world)
            for name, run in TRANSITIONS.items():
                if name in on:
                    run(world, settings, doc)
    saved = documents.database(world).bulk(docs)
    if any(doc["tasks"] for doc in docs):
        for listener in LISTENERS:
            listener(world)
    return saved


def when_there_are_messages(listener: Callable[[World], None]) -> Callable[[World], None]:
    """Have a function called when a saved report has messages to send."""
    LISTENERS.append(listener)
    return listener


def update_clinics(world: World, settings: Settings, doc: Document) -> None:
    """Name the sender: the contact whose phone sent it, or of the code that the form refers to."""
    if sender := find_sender(world, doc):
        doc["contact"] = contacts.minify(dict(sender))
        return
    _, definition = reports.find_form(settings, doc.get("form"))
    if not (definition and javascript.truthy(definition.get("public_form"))):
        reports.add_error(world, settings, doc, "sys.facility_not_found")


def find_sender(world: World, doc: Document) -> Mapping[str, Any] | None:
    medic = documents.database(world)
    if reference := doc.get("refid"):
        for place in medic.by("by_reference", str(reference)):
            person = place.get("contact")
            found = medic.peek(person["_id"]) if isinstance(person, Mapping) and "_id" in person else place
            if found:
                return found
    phone = doc.get("from")
    senders = medic.by("by_phone", phone) if isinstance(phone, str) and phone else []
    return senders[0] if senders else None


def default_responses(world: World, settings: Settings, doc: Document) -> None:
    """Answer the sender: the message was empty, of no known form, or was received."""
    options = settings.get("default_responses")
    start = options.get("start_date") if isinstance(options, dict) else None
    begins = timestamps.moment_value(start, world.clock.ms()) if isinstance(start, str) and start else None
    if begins is None or doc["reported_date"] <= begins or not isinstance(doc.get("from"), str) or not doc["from"]:
        return
    codes = {error["code"] for error in doc["errors"]}
    if "sys.empty" in codes:
        key = "empty"
    elif "sys.form_not_found" in codes:
        key = "form_not_found"
    elif not isinstance(doc.get("form"), str):
        key = "form_not_found" if javascript.truthy(settings.get("forms_only_mode")) else "sms_received"
    else:
        return
    context = {"form": doc["sms_message"].get("form", "")}
    text = translations.translate(world, key, reports.locale_of(settings, doc), context)
    add_message(world, doc, doc["from"], text or "")


def add_message(world: World, doc: Document, to: str, text: str) -> None:
    """A message that waits for the gateway."""
    doc["tasks"].append({
        "messages": [{"to": to, "message": text, "uuid": message_tasks.new_id(world)}],
        "state_history": [{"state": "pending", "timestamp": world.clock.iso()}],
        "state": "pending",
    })


TRANSITIONS: dict[str, Callable[[World, Settings, Document], None]] = {
    "update_clinics": update_clinics,
    "default_responses": default_responses,
}
