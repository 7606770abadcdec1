"""What transitions say: messages to send, which are tasks of the document, and errors that it shows.

CHT 4.15 source, shared-libs/message-utils/src/index.js, shared-libs/transitions/src/lib/messages.js.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import each, first, member, truthy
from mocksrv.vendors.cht.node import javascript, json_text, mustache
from mocksrv.vendors.cht.shared_libs import gsm, message_tasks, outgoing
from mocksrv.vendors.cht.transitions import recipients
from mocksrv.vendors.cht.transitions.change import Change, Failed

Task = dict[str, Any]
Context = Mapping[str, Any]  # what templates may name beside the document: patient, place, registrations, ...
NOTHING: Context = {}
SENDER = "reporting_unit"
LONGEST = 10  # parts of a message, unless the settings say otherwise
CUT = "..."
MOST_ERRORS = 1_000  # that a document shows, each of which the next is compared with; ours
GENERIC = "messages.generic."  # translations of what a transition says without a message of the settings
KINDS = {"patient": "registrations", "place": "placeRegistrations"}  # of subjects, and the registrations of each


def text_of(change: Change, config: Any) -> str:
    """The text that a message of the settings has in the document's language."""
    if not truthy(config):
        return ""
    key = first(member(config, "translation_key"), member(config, "translationKey"))
    if truthy(key):
        return change.translate(key)
    given = first(member(config, "messages"), member(config, "message"))
    if not isinstance(given, list) or not given:
        return javascript.text(given) if truthy(given) else ""
    locale = change.locale()
    chosen = next((one for one in given if member(one, "locale") == locale), given[0])
    if chosen is None:
        return ""
    if not isinstance(content := member(chosen, "content"), str):
        raise Failed("Cannot read properties of undefined (reading 'trim')")
    return content.strip(javascript.SPACES)


def names_of(doc: Mapping[str, Any]) -> dict[str, Any]:
    """What templates may name of a document: its places, its fields, and its own members."""
    clinic, center, district = (recipients.place_of(doc, kind) for kind in recipients.PLACES.values())
    places = {"clinic": clinic, "health_center": center, "district": district, "parent": center,
              "grandparent": district}
    return combined({name: place for name, place in places.items() if place is not None}, doc.get("fields"), doc)


def combined(*parts: Any) -> dict[str, Any]:
    """All members; of those that several have, the first."""
    found: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Mapping):
            found = {**part, **found}
    return found


def context_of(change: Change, context: Context) -> dict[str, Any]:
    """What a template, or a recipient, may name."""
    patient, place = context.get("patient"), context.get("place")
    found = combined({name: one for name, one in (("patient", patient), ("place", place)) if one is not None},
                     context.get("templateContext"))
    if isinstance(patient, dict):
        found = combined(found, names_of(patient))
        found["patient_name"] = first(found.get("patient_name"), member(patient, "name"))
    if isinstance(place, dict):
        found = combined(found, names_of(place))
    found = combined(found, names_of(change.doc))
    for name in KINDS.values():
        if context.get(name):
            found = combined(found, names_of(context[name][0]))
    return found


def filled(change: Change, config: Any, context: Context) -> str:
    """The text of a message of the settings, with its template filled in. Raises Failed."""
    template = text_of(change, config)
    if not template:
        return ""
    try:
        return mustache.render(template, context_of(change, context), change.settings)
    except mustache.TemplateError as error:
        raise Failed(str(error)) from None


def generate(change: Change, config: Mapping[str, Any], recipient: Any, context: Context) -> list[dict[str, Any]]:
    """The message of a task; with `error` if it cannot be sent. Raises Failed."""
    message = {"uuid": message_tasks.new_id(change.world),
               "to": recipients.phone(change, context_of(change, context), recipient)}
    if message["to"] is None:
        del message["to"]
    text, key = filled(change, config, context), config.get("translation_key")
    if not text or (truthy(key) and text == key):
        return [{**message, "error": "messages.errors.message.empty"}]
    pieces, most = gsm.parts(text), change.settings.get("multipart_sms_limit")
    most = most if isinstance(most, int) and most > 0 else LONGEST
    if len(pieces) <= most:
        message["message"] = text
    else:
        message |= {"message": "".join(pieces[:most])[:-len(CUT)] + CUT, "original_message": text}
    for kind, registrations in KINDS.items():
        if context.get(registrations) and not truthy(context.get(kind)):
            message["error"] = f"messages.errors.{kind}.missing"
    return [message]


def add_message(change: Change, config: Mapping[str, Any], recipient: Any = SENDER, context: Context = NOTHING, *,
                once: bool = False) -> Task | None:
    """Have a message sent; `once`: unless the same is to be sent already. None if it cannot be made."""
    doc = change.doc
    tasks = doc["tasks"] if isinstance(doc.get("tasks"), list) else []
    doc["tasks"] = tasks
    content = {name: config[name] for name in ("translation_key", "message") if name in config}
    try:
        made = generate(change, content, SENDER if recipient is None else recipient, context)
    except Failed as error:
        note(doc, {"code": "parse_error",
                   "message": f"{error}: {javascript.text(config.get('translation_key', 'undefined'))}"})
        return None
    to, text = made[0].get("to"), made[0].get("message")
    if once:
        for known in tasks:
            said = member(known, "messages")
            if isinstance(said, list) and said and (member(said[0], "to"), member(said[0], "message")) == (to, text):
                return known if isinstance(known, dict) else None
    task: Task = {"messages": made}
    state = outgoing.state(change.world, change.settings, doc.get("from"), javascript.text(to),
                           javascript.text(text))
    message_tasks.set_state(task, message_tasks.Change(state), change.world.clock.iso())
    tasks.append(task)
    return task


def add_error(change: Change, error: Any, context: Context = NOTHING) -> None:
    """Show an error: a text, which is its code, too, or an object with `code` and `message`, a template."""
    if isinstance(error, str):
        error = {"code": error, "message": error}
    if not truthy(error.get("message")):
        shown = {name: value for name, value in error.items() if value is not None}
        error = {**error, "message": f"Error: {json_text.text(shown)}"}
    try:
        note(change.doc, {**error, "message": filled(change, error, context)})
    except Failed as failed:
        note(change.doc, {"code": "parse_error", "message": f"{failed}: {json_text.text(error)}"})


def note(doc: dict[str, Any], error: dict[str, Any]) -> None:
    """Show an error as it is, unless one of its code is there, or it says nothing."""
    known = doc["errors"] if isinstance(doc.get("errors"), list) else []
    if error["message"] and len(known) < MOST_ERRORS and all(member(one, "code") != error["code"] for one in known):
        doc["errors"] = [*known, error]


def add_errors(change: Change, config: Any, errors: list[Any], context: Context = NOTHING) -> None:
    """Show the errors of validations, and say the first one, or all, to the sender."""
    said = [javascript.text(first(member(error, "message"), error if isinstance(error, str) else None, "undefined"))
            for error in errors]
    for error in errors:
        add_error(change, error, context)
    joined = truthy(member(config, "validations", "join_responses"))
    add_message(change, {"message": "  ".join(said) if joined else said[0]})


def configured(config: Any, event: str) -> Any:
    """The message of the settings for an event; None without one."""
    return next((one for one in each(member(config, "messages")) if member(one, "event_type") == event), None)


def reject(change: Change, config: Any, event: str, context: Context = NOTHING) -> None:
    """Say, and show, that something is wrong."""
    found = configured(config, event)
    message = found or {"translation_key": GENERIC + event}
    add_message(change, message, first(member(found, "recipient"), "from"), context)
    add_error(change, {"message": text_of(change, message), "code": event}, context)


def accepted(change: Change, listed: Any, *, without_event: bool = False) -> Iterable[Mapping[str, Any]]:
    """The messages for a report that was accepted, whose condition holds; perhaps also those for no event. Raises
    Failed."""
    for given in each(listed):
        if given is None:
            raise Failed("Cannot read properties of null (reading 'event_type')")
        one = given if isinstance(given, dict) else {}  # no other value has members of these names
        event = one.get("event_type")
        if (event == "report_accepted" or (without_event and not truthy(event))) and change.holds(one.get("bool_expr")):
            yield one
