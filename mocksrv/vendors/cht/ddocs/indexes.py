"""The indexes of documents: those of the server's design documents, and the mock's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv.store import Index, on
from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.node import javascript, json_text, timestamps
from mocksrv.vendors.cht.shared_libs import contact_types, message_tasks

MOST_DOCUMENTS = 10_000  # that a user should replicate


def _by_contact_type(doc: dict[str, Any]) -> list[Any]:
    kind = contact_types.type_id(doc)
    return [(kind, doc["_id"])] if contact_types.is_contact(doc) and isinstance(kind, str) else []


def _by_ancestor(doc: dict[str, Any]) -> list[Any]:
    return list(contact_types.lineage_ids(doc)) if contact_types.is_contact(doc) else []


def _by_phone(doc: dict[str, Any]) -> list[Any]:
    phone = doc.get("phone")
    return [phone] if contact_types.is_contact(doc) and isinstance(phone, str) and phone else []


def _by_shortcode(doc: dict[str, Any]) -> list[Any]:
    codes = (doc.get("patient_id"), doc.get("place_id"))
    return [str(code) for code in codes if code] if contact_types.is_contact(doc) else []


def _by_reference(doc: dict[str, Any]) -> list[Any]:
    code = doc.get("rc_code")
    return [str(code).upper()] if contact_types.is_contact(doc) and code else []


def _by_message(doc: dict[str, Any]) -> list[Any]:
    if not message_tasks.has_tasks(doc):
        return []
    return [str(one["uuid"]) for task in message_tasks.tasks_of(doc) for one in message_tasks.messages_of(task)
            if one.get("uuid")]


def _by_gateway_ref(doc: dict[str, Any]) -> list[Any]:
    message = doc.get("sms_message")
    if message is None and not message_tasks.has_tasks(doc):
        return []
    refs = [message.get("gateway_ref")] if isinstance(message, dict) else []
    return [str(ref) for ref in (*refs, *(task.get("gateway_ref") for task in message_tasks.tasks_of(doc))) if ref]


def _by_oidc_username(doc: dict[str, Any]) -> list[Any]:
    name = doc.get("oidc_username")
    return [json_text.text(name)] if name else []


def _by_due(doc: dict[str, Any]) -> list[Any]:
    return sorted({when for when, _ in message_tasks.outgoing(doc)}) if message_tasks.has_tasks(doc) else []


def _by_reported(doc: dict[str, Any]) -> list[Any]:
    return [number(doc.get("reported_date"))] if contact_types.is_report(doc) else []


def _by_form(doc: dict[str, Any]) -> list[Any]:
    return [(doc["form"], doc["_id"])] if contact_types.is_report(doc) and isinstance(doc["form"], str) else []


def number(value: Any) -> int | float:
    """A number as a sort key; anything but a number sorts first."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1


def _by_task(doc: dict[str, Any]) -> Iterator[Any]:
    """Each message that can be sent under its task's state and due time, as the server's view has it; and tasks that
    have no messages yet."""
    count = 0
    for task in message_tasks.tasks_of(doc):
        state, when = task.get("state"), message_tasks.due(doc, task)
        if not javascript.truthy(task.get("messages")):
            count += 1
            yield collation.key([state, when]), doc["_id"], count
        for one in message_tasks.messages_of(task):
            if message_tasks.complete(one):
                count += 1
                yield collation.key([state, when]), doc["_id"], count
                if state in ("pending", "forwarded-to-gateway"):
                    yield collation.key(["pending-or-forwarded", when]), doc["_id"], count


MUTED = ("denied", "cleared", "muted", "duplicate")
ENDED = ("sent", "delivered", "failed")
ALSO = {"sent": "delivered", "delivered": "delivered", "failed": "failed"}  # also counted as such


def _by_queue(doc: dict[str, Any]) -> Iterator[Any]:
    """Each message under (due, scheduled, muted, failed or delivered; when it is due; its number in the document).

    A task without a list of messages counts as one. CHT 4.15 source, ddocs medic-admin/message_queue.
    """
    if not message_tasks.has_tasks(doc):
        return
    count = 0
    for task in message_tasks.tasks_of(doc):
        state, when = task.get("state"), number(message_tasks.due(doc, task))
        queue = "scheduled" if state == "scheduled" else "muted" if state in MUTED else "due"
        ready = [one for one in message_tasks.messages_of(task)
                 if message_tasks.complete(one)]
        for _ in ready if isinstance(task.get("messages"), list) else (task,):
            count += 1
            yield queue, when, count
            if state in ENDED:
                yield ALSO[state], when, count


def _by_update(doc: dict[str, Any]) -> Iterator[Any]:
    """Each task under (pending, final, muted or scheduled; when its state was entered; state; its number).

    CHT 4.15 source, ddocs medic-sms/messages_by_last_updated_state.
    """
    if not message_tasks.has_tasks(doc):
        return
    for count, task in enumerate(message_tasks.tasks_of(doc)):
        state, history = task.get("state"), task.get("state_history")
        last = history[-1] if isinstance(history, list) and history else None
        told = last.get("timestamp") if isinstance(last, dict) else None
        when = javascript.first(told, task.get("timestamp"), doc.get("reported_date"))
        group = ("scheduled" if state == "scheduled" else "final" if state in ENDED
                 else "muted" if state in MUTED else "pending")
        at = timestamps.moment_value(when, 0) if isinstance(when, int | float | str) else None
        yield group, number(at), javascript.text(state), count


def _by_connection(doc: dict[str, Any]) -> list[Any]:
    return [number(doc.get("timestamp"))] if doc["_id"].startswith("connected-user-") else []


def _over_limit(doc: dict[str, Any]) -> list[Any]:
    over = doc["_id"].startswith("replication-count-") and number(doc.get("count")) > MOST_DOCUMENTS
    return [True] if over else []


def _by_message_date(doc: dict[str, Any]) -> list[Any]:
    speaks = isinstance(doc.get("sms_message"), dict) or any(True for _ in message_tasks.tasks_of(doc))
    return [number(doc.get("reported_date"))] if speaks else []


def _by_org_unit(doc: dict[str, Any]) -> list[Any]:
    return [True] if contact_types.is_contact(doc) and javascript.truthy(doc.get("dhis")) else []


def _by_scheduled(doc: dict[str, Any]) -> list[Any]:
    if "scheduled_tasks" not in doc:
        return []
    return sorted({when for task in message_tasks.scheduled(doc) if (when := message_tasks.due(doc, task)) is not None})


MEDIC = {
    "by_type": on("type"),
    "by_contact_type": Index(_by_contact_type, ordered=True),  # keys (type, id)
    "by_ancestor": Index(_by_ancestor),  # a contact under its own id and those of its stored parents
    "by_phone": Index(_by_phone),
    "by_shortcode": Index(_by_shortcode),
    "by_reference": Index(_by_reference),  # a contact under its `rc_code` in upper case
    "by_message": Index(_by_message),  # a document under the uuid of each message that it sends
    "by_due": Index(_by_due, ordered=True),
    "by_reported": Index(_by_reported, ordered=True),  # reports under their date
    "by_form": Index(_by_form, ordered=True),  # reports under (form, id)
    "by_task": Index(_by_task, ordered=True),  # keys ([state, due], id, number of the message)
    "by_queue": Index(_by_queue, ordered=True),  # keys (queue, due, number of the message in the document)
    "by_update": Index(_by_update, ordered=True),  # keys (group, time of the last change, state, number of the task)
    "by_message_date": Index(_by_message_date, ordered=True),  # whatever holds messages, under its date
    "by_org_unit": Index(_by_org_unit),  # contacts that stand for a DHIS2 org unit, under True
    "by_scheduled": Index(_by_scheduled, ordered=True),  # under the times of messages that wait for theirs
    "by_gateway_ref": Index(_by_gateway_ref),  # under the gateway's reference of what it received or sends
}
INDEXES: dict[str, dict[str, Any]] = {
    "medic": MEDIC,
    "medic-logs": {"by_connection": Index(_by_connection, ordered=True),  # the time when a user was connected
                   "over_limit": Index(_over_limit)},  # under True, users who replicate too many documents
    "medic-sentinel": {"by_type": on("type")},
    "medic-users-meta": {"by_type": on("type")},
    "_users": {"by_oidc_username": Index(_by_oidc_username)},  # under the JSON text of the name at the provider
}
