"""`muting`: reports that mute a contact, and all below it, or undo that; and `update_notifications`, its older form.

Who is muted gets no scheduled messages. CHT 4.15 source,
shared-libs/transitions/src/transitions/muting.js, update_notifications.js, lib/muting_utils.js.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch_api import infodocs
from mocksrv.vendors.cht.ddocs.mapping import each, first, member, truthy
from mocksrv.vendors.cht.node import durations, javascript, timestamps
from mocksrv.vendors.cht.shared_libs import contact_types, message_tasks
from mocksrv.vendors.cht.transitions import messages, validation
from mocksrv.vendors.cht.transitions.change import Change, Doc, Settings, Transition, same_form, subject_ids

MUTED, SCHEDULED = message_tasks.Change("muted"), message_tasks.Change("scheduled")
SERVER, CLIENT = "server_side", "client_side"
NAME = "muting"


def check(settings: Settings) -> None:
    """Whether there are forms that mute. Raises Misconfigured."""
    forms = member(settings.get("muting"), "mute_forms")
    if not isinstance(forms, list) or not forms:
        raise sentinel.Misconfigured("muting.mute_forms must be a list of forms")


def lists(change: Change, name: str) -> bool:
    """Whether the settings have the report's form in a list."""
    return any(same_form(change.doc["form"], one) for one in each(member(change.settings.get("muting"), name)))


def subject(change: Change) -> Any:
    return first(change.doc.get("patient"), change.doc.get("place"), None)


# --- contacts and their messages ---


def topmost(contact: Any, muting: bool) -> Any:
    """The id of the contact that is muted with all below it; to unmute, the topmost that is muted."""
    root, level = member(contact, "_id"), contact
    for _ in range(0 if muting else contact_types.DEEPEST):
        root = member(level, "_id") if truthy(member(level, "muted")) else root
        level = member(level, "parent")
    return root


def later_on_device(change: Change, root: Any) -> list[str]:
    """The ids of the reports that devices have processed after this one, of a contact and those below it, by date."""
    found: list[Any] = []
    for one in change.by_view("medic", "contacts_by_depth", [root]):
        events = [event for event in each(member(one, "muting_history", CLIENT))
                  if truthy(member(event, "report_id")) and truthy(member(event, "date"))]
        ids = [event["report_id"] for event in events]
        if (own := change.doc["_id"]) in ids:
            found += events[ids.index(own) + 1:]
    found.sort(key=lambda event: javascript.text(event["date"]))
    return list(dict.fromkeys(javascript.text(event["report_id"]) for event in found))


def set_muted(change: Change, contact: Any, muted: str | None) -> None:
    """Mute a contact and all below it, or unmute the topmost that is muted with all below it."""
    for one in change.by_view("medic", "contacts_by_depth", [topmost(contact, muted is not None)]):
        set_messages(change, subject_ids(one), muted)
        note(change, one["_id"], muted, change.doc["_id"])
        if marked(change, one, muted):
            change.store(one)


def marked(change: Change, contact: Doc, muted: str | None) -> bool:
    """Mark a contact as muted since a time, or no more; whether that changed it."""
    history = contact.get("muting_history")
    current = not isinstance(history, dict) or (
        history.get("last_update") == SERVER and member(history, SERVER, "muted") is (muted is not None))
    since = None if muted is None else first(contact.get("muted"), muted) if current else muted
    if isinstance(history, dict) and not current:
        history[SERVER] = {"muted": muted is not None, "date": since or change.world.clock.iso()}
        history["last_update"] = SERVER
    if current and contact.get("muted") == since:
        return False
    if since is None:
        contact.pop("muted", None)
    else:
        contact["muted"] = since
    return True


def set_messages(change: Change, subjects: Iterable[Any], muted: str | None) -> None:
    """Mute the scheduled messages of registrations, or schedule again those that are due from today on."""
    now = change.world.clock.ms()
    today = durations.start_of_day(now)
    for registration in change.registrations(subjects):
        found = False
        for task in each(registration.get("scheduled_tasks")):
            state = member(task, "state")
            if muted is not None and state in ("scheduled", "pending"):
                found |= message_tasks.set_state(task, MUTED, change.world.clock.iso())
            due = timestamps.moment_value(member(task, "due"), now) if muted is None and state == "muted" else None
            if due is not None and due >= today:
                found |= message_tasks.set_state(task, SCHEDULED, change.world.clock.iso())
        if found:
            change.store(registration)


def note(change: Change, id: str, muted: str | None, report: Any) -> None:
    """Note in a contact's `-info` that a report muted it, or the opposite."""
    info = infodocs.read(change.world, id)
    history = info["muting_history"] if isinstance(info.get("muting_history"), list) else []
    last = history[-1] if history else None
    if (member(last, "muted"), member(last, "report_id")) != (muted is not None, report):
        said = {"muted": muted is not None, "date": muted or change.world.clock.iso(), "report_id": report}
        infodocs.write(change.world, info | {"muting_history": [*history, said]})


# --- contacts that were muted otherwise ---


def muted_above(contact: Any, before: float | None) -> Any:
    """The id of the nearest place above that was muted before a time (ms), or at all; None without one."""
    level = member(contact, "parent")
    for _ in range(contact_types.DEEPEST):
        when = member(level, "muted")
        since = timestamps.moment_value(when, 0) if truthy(when) else None
        if truthy(when) and (before is None or (since is not None and since <= before)):
            return member(level, "_id")
        level = member(level, "parent")
    return None


def is_new_below_muted(change: Change) -> bool:
    """Whether it is a contact that came when a place above it was muted already."""
    info = infodocs.read(change.world, change.doc["_id"])
    came = timestamps.moment_value(info.get("initial_replication_date"), 0)
    return (came is not None and not truthy(change.doc.get("muted")) and "muting_history" not in info
            and muted_above(change.doc, came) is not None)


def is_muted_by_app(doc: Any) -> bool:
    """Whether it is a contact that an app has muted, or the opposite, by itself."""
    return bool(member(doc, "muting_history", "last_update") == CLIENT)


def follow_others(change: Change) -> bool:
    """Mute a contact as the place above it, or as an app has done by itself, or the opposite."""
    doc, by_app = change.doc, is_muted_by_app(change.doc)
    muted = change.world.clock.iso() if not by_app or truthy(doc.get("muted")) else None
    set_messages(change, subject_ids(doc), muted)
    history = member(doc, "muting_history", CLIENT) if by_app else infodocs.read(
        change.world, javascript.text(muted_above(doc, None))).get("muting_history")
    note(change, doc["_id"], muted, member(history[-1], "report_id") if isinstance(history, list) and history else None)
    return marked(change, doc, muted)


# --- the transitions ---


def concerns(change: Change) -> bool:
    if change.is_report():
        return ((lists(change, "mute_forms") or lists(change, "unmute_forms")) and not change.has_run(NAME)
                and change.is_valid_submission())
    return contact_types.of(change.settings, change.doc) is not None and (
        is_new_below_muted(change) or is_muted_by_app(change.doc))


def mute(change: Change) -> bool:
    """Mute or unmute whom the report is about, and answer.

    Of what an app has done by itself the reports that came after it there are processed once more: devices send them in
    any order.
    """
    if not change.is_report():
        return follow_others(change)
    doc, config, contact = change.doc, change.settings["muting"], subject(change)
    if contact is None:
        fail(change, config, "contact_not_found")
        say(change, config, "contact_not_found")
        return True
    if found := validation.errors(change, config):
        messages.add_errors(change, config, found, {"patient": doc.get("patient"), "place": doc.get("place")})
        return True
    muting, by_app = lists(change, "mute_forms"), truthy(member(doc, "client_side_transitions", NAME))
    if truthy(member(contact, "muted")) is muting and not by_app:
        say(change, config, "already_muted" if muting else "already_unmuted")
        return True
    if by_app and change.replay:
        change.again += later_on_device(change, topmost(contact, muting))
    set_muted(change, contact, change.world.clock.iso() if muting else None)
    say(change, config, "mute" if muting else "unmute")
    return True


def say(change: Change, config: Any, event: str, *, required: bool = False) -> None:
    """Send the message of the settings for an event, once; if it is required, an error says that there is none."""
    if message := messages.configured(config, event):
        messages.add_message(change, message, message.get("recipient"),
                             {"patient": change.doc.get("patient"), "place": change.doc.get("place")},
                             once=change.has_run(NAME))
    elif required:
        fail(change, config, event, "notification", "notification_error")


def fail(change: Change, config: Any, event: str, what: str = "muting", code: str | None = None) -> None:
    """Show the message of an event as an error."""
    text = messages.text_of(change, messages.configured(config, event)) or (
        f'Failed to complete {what} request, event type "{event}" misconfigured.')
    messages.add_error(change, text if code is None else {"code": code, "message": text})


def notification(change: Change) -> bool | None:
    """Whether the report's form switches messages off; None if it is not about that."""
    config = change.settings.get("notifications")
    for name, off in (("on_form", False), ("off_form", True)):
        if truthy(form := member(config, name)) and same_form(form, change.doc["form"]):
            return off
    return None


def notify(change: Change) -> bool:
    """Switch the messages of whom the report is about off or on, and answer."""
    doc, config, contact, off = change.doc, change.settings["notifications"], subject(change), notification(change)
    if found := validation.errors(change, config):
        messages.add_errors(change, config, found, {"patient": doc.get("patient"), "place": doc.get("place")})
    elif contact is None:
        fail(change, config, "patient_not_found", "notification", "notification_error")
        say(change, config, "patient_not_found", required=True)
    else:
        if truthy(member(contact, "muted")) is not off:
            set_muted(change, contact, change.world.clock.iso() if off else None)
        say(change, config, "on_mute" if off else "on_unmute", required=True)
    return True


def is_notification(change: Change) -> bool:
    return change.is_report() and change.is_valid_submission() and notification(change) is not None


MUTING = Transition(concerns, mute, again=True, check=check)
UPDATE_NOTIFICATIONS = Transition(is_notification, notify)
