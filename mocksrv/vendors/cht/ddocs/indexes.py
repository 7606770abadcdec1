"""The indexes of documents: those of the server's design documents, and the mock's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mocksrv.store import Index, on
from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.ddocs.mapping import last, member
from mocksrv.vendors.cht.node import javascript, json_text, timestamps
from mocksrv.vendors.cht.shared_libs.contact_types import CONTACT_TYPES, lineage_ids
from mocksrv.vendors.cht.shared_libs.message_tasks import OUTGOING, Sending, sendings

Doc = dict[str, Any]
Keys = dict[str, Iterable[Any]]

MOST_DOCUMENTS = 10_000  # that a user should replicate


def number(value: Any) -> int | float:
    """A number as a sort key; anything but a number sorts first."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1


# --- medic ---

BY_TYPE = on("type")
MEDIC = {
    "by_type": BY_TYPE,
    "by_contact_type": Index(ordered=True),  # keys (type, id)
    "by_ancestor": Index(),  # a contact under its own id and those of its stored parents
    "by_phone": Index(),
    "by_shortcode": Index(),
    "by_reference": Index(),  # a contact under its `rc_code` in upper case
    "by_org_unit": Index(),  # contacts that stand for a DHIS2 org unit, under True
    "by_reported": Index(ordered=True),  # reports under their date
    "by_form": Index(ordered=True),  # reports under (form, id)
    "by_gateway_ref": Index(),  # under the gateway's reference of what it received or sends
    "by_message_date": Index(ordered=True),  # whatever holds messages, under its date
    "by_message": Index(),  # a document under the uuid of each message that it sends
    "by_due": Index(ordered=True),
    "by_scheduled": Index(ordered=True),  # under the times of messages that wait for theirs
    "by_task": Index(ordered=True),  # keys ([state, due], id, number of the message)
    "by_queue": Index(ordered=True),  # keys (queue, due, number of the message in the document)
    "by_update": Index(ordered=True),  # keys (group, time of the last change, state, number of the task)
}


def medic_keys(doc: Doc) -> Keys:
    """The keys of a document of `medic` in all its indexes. Most documents are contacts, and quickly done."""
    kind = doc.get("type")
    found: Keys = {"by_id": (doc["_id"],), "by_type": (kind,) if isinstance(kind, str) else BY_TYPE.keys_of(doc)}
    if isinstance(kind, str) and kind in CONTACT_TYPES:
        found |= contact_keys(doc)
    elif kind == "data_record" and javascript.truthy(doc.get("form")):
        found["by_reported"] = (number(doc.get("reported_date")),)
        if isinstance(doc["form"], str):
            found["by_form"] = ((doc["form"], doc["_id"]),)
    if "tasks" in doc or "scheduled_tasks" in doc or "sms_message" in doc:
        found |= message_keys(doc)
    return found


def contact_keys(doc: Doc) -> Keys:
    """The keys of a person or a place."""
    kind, phone, reference = doc["type"], doc.get("phone"), doc.get("rc_code")
    kind = doc.get("contact_type") if kind == "contact" else kind
    found: Keys = {"by_ancestor": lineage_ids(doc),
                   "by_shortcode": [str(code) for code in (doc.get("patient_id"), doc.get("place_id")) if code]}
    if isinstance(kind, str):
        found["by_contact_type"] = ((kind, doc["_id"]),)
    if isinstance(phone, str) and phone:
        found["by_phone"] = (phone,)
    if reference:
        found["by_reference"] = (str(reference).upper(),)
    if "dhis" in doc and javascript.truthy(doc["dhis"]):
        found["by_org_unit"] = (True,)
    return found


def message_keys(doc: Doc) -> Keys:
    """The keys of what came as a message, or sends some."""
    message, sent = doc.get("sms_message"), sendings(doc)
    references = [message.get("gateway_ref")] if isinstance(message, dict) else []
    references += [one.task.get("gateway_ref") for one in sent]
    found: Keys = {"by_gateway_ref": [str(reference) for reference in references if reference]}
    if sent or isinstance(message, dict):
        found["by_message_date"] = (number(doc.get("reported_date")),)
    if not sent:
        return found
    due = {one.due for one in sent if one.ready and one.state in OUTGOING and one.due is not None and one.due >= 0}
    return found | {
        "by_message": [str(each["uuid"]) for one in sent for each in one.messages if each.get("uuid")],
        "by_due": sorted(due), "by_scheduled": scheduled(doc, sent), "by_task": by_task(doc, sent),
        "by_queue": by_queue(sent), "by_update": by_update(doc, sent)}


def scheduled(doc: Doc, sent: list[Sending]) -> list[int]:
    if "scheduled_tasks" not in doc:
        return []
    return sorted({one.due for one in sent if one.state == "scheduled" and one.due is not None})


def by_task(doc: Doc, sent: list[Sending]) -> list[Any]:
    """Each message that can be sent under its task's state and due time, as the server's view has it; and tasks that
    have no messages yet."""
    found: list[Any] = []
    count = 0
    for one in sent:
        key = collation.key([one.state, one.due])
        if not one.messages and not javascript.truthy(one.task.get("messages")):
            count += 1
            found.append((key, doc["_id"], count))
        for _ in one.ready:
            count += 1
            found.append((key, doc["_id"], count))
            if one.state in OUTGOING:
                found.append((collation.key(["pending-or-forwarded", one.due]), doc["_id"], count))
    return found


MUTED = ("denied", "cleared", "muted", "duplicate")
ENDED = ("sent", "delivered", "failed")
ALSO = {"sent": "delivered", "delivered": "delivered", "failed": "failed"}  # also counted as such


def by_queue(sent: list[Sending]) -> list[Any]:
    """Each message under (due, scheduled, muted, failed or delivered; when it is due; its number in the document).

    A task without a list of messages counts as one. CHT 4.15 source, ddocs medic-admin/message_queue.
    """
    found: list[Any] = []
    count = 0
    for one in sent:
        queue = "scheduled" if one.state == "scheduled" else "muted" if one.state in MUTED else "due"
        for _ in one.ready if isinstance(one.task.get("messages"), list) else (one.task,):
            count += 1
            found.append((queue, number(one.due), count))
            if one.state in ENDED:
                found.append((ALSO[one.state], number(one.due), count))
    return found


def by_update(doc: Doc, sent: list[Sending]) -> list[Any]:
    """Each task under (pending, final, muted or scheduled; when its state was entered; state; its number).

    CHT 4.15 source, ddocs medic-sms/messages_by_last_updated_state.
    """
    found: list[Any] = []
    for count, one in enumerate(sent):
        told = member(last(one.task.get("state_history")), "timestamp")
        when = javascript.first(told, one.task.get("timestamp"), doc.get("reported_date"))
        group = ("scheduled" if one.state == "scheduled" else "final" if one.state in ENDED
                 else "muted" if one.state in MUTED else "pending")
        at = timestamps.moment_value(when, 0) if isinstance(when, int | float | str) else None
        found.append((group, number(at), javascript.text(one.state), count))
    return found


# --- the other databases ---


def _by_oidc_username(doc: Doc) -> list[Any]:
    name = doc.get("oidc_username")
    return [json_text.text(name)] if name else []


def _by_connection(doc: Doc) -> list[Any]:
    return [number(doc.get("timestamp"))] if doc["_id"].startswith("connected-user-") else []


def _over_limit(doc: Doc) -> list[Any]:
    over = doc["_id"].startswith("replication-count-") and number(doc.get("count")) > MOST_DOCUMENTS
    return [True] if over else []


INDEXES: dict[str, dict[str, Index]] = {
    "medic": MEDIC,
    "medic-logs": {"by_connection": Index(_by_connection, ordered=True),  # the time when a user was connected
                   "over_limit": Index(_over_limit)},  # under True, users who replicate too much
    "medic-sentinel": {"by_type": BY_TYPE},
    "medic-users-meta": {"by_type": BY_TYPE},
    "_users": {"by_oidc_username": Index(_by_oidc_username)},  # under the JSON text of the name at the provider
}
AT_ONCE: dict[str, Callable[[Doc], Keys]] = {"medic": medic_keys}  # databases whose indexes have much in common
