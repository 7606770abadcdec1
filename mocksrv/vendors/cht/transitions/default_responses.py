"""Short answers: `default_responses`, and `resolve_pending`, for demonstrations without a gateway.

CHT 4.15 source, shared-libs/transitions/src/transitions/default_responses.js, resolve_pending.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import each, has_no_errors, member, truthy
from mocksrv.vendors.cht.node import timestamps
from mocksrv.vendors.cht.shared_libs import message_tasks, outgoing
from mocksrv.vendors.cht.transitions import messages
from mocksrv.vendors.cht.transitions.change import REPORT, Change, Transition

SENT = message_tasks.Change("sent")


def is_answered(change: Change) -> bool:
    """Whether the sender may get an answer: not the gateway itself, and not before the date of the settings."""
    doc = change.doc
    start, now = member(change.settings.get("default_responses"), "start_date"), change.world.clock.ms()
    begins = timestamps.moment_value(start, now) if isinstance(start, str) and start.strip() else None
    when = timestamps.moment_value(doc.get("reported_date"), now)
    return (truthy(doc.get("from")) and doc.get("type") == REPORT and not truthy(doc.get("kujua_message"))
            and begins is not None and when is not None and when > begins
            and not outgoing.is_gateway(change.settings, member(doc, "sms_message", "from")))


def answer(change: Change) -> bool:
    """The message was empty, of no known form, or was received."""
    codes = {member(error, "code") for error in each(change.doc.get("errors"))}
    unknown = "sys.form_not_found" in codes
    if "sys.empty" in codes:
        key = "empty"
    elif unknown and truthy(change.settings.get("forms_only_mode")):
        key = "form_not_found"
    elif unknown or not isinstance(change.doc.get("form"), str):
        key = "sms_received"
    else:
        return True
    messages.add_message(change, {"translation_key": key})
    return True


def waiting(change: Change) -> list[dict[str, Any]]:
    """The tasks with messages that wait for the gateway; scheduled ones only of a document without errors."""
    lists = ("tasks", "scheduled_tasks") if has_no_errors(change.doc) else ("tasks",)
    return [task for name in lists for task in each(change.doc.get(name)) if member(task, "state") == "pending"
            and any(truthy(one.get("to")) and truthy(one.get("message")) for one in message_tasks.messages_of(task))]


def resolve(change: Change) -> bool:
    """They count as sent at once."""
    now = change.world.clock.iso()
    for task in waiting(change):
        message_tasks.set_state(task, SENT, now)
        task["timestamp"] = now
    return True


DEFAULT_RESPONSES = Transition(is_answered, answer)
RESOLVE_PENDING = Transition(lambda change: bool(waiting(change)), resolve, again=True)
