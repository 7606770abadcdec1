"""What the views of messages emit. CHT 4.15 source, ddocs/medic-db; recorded from 4.15.0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import (
    Absent,
    Doc,
    Rows,
    and_then,
    each,
    element,
    first,
    last,
    member,
    milliseconds,
    present,
    stored,
    truthy,
    without_undefined,
)

WAITING = ("pending", "forwarded-to-gateway")
MUTED = ("muted", "cleared", "denied", "duplicate")
DELIVERED, FAILED = ("delivered", "sent"), ("failed",)


def tasks(doc: Doc) -> Iterator[Any]:
    """All message tasks; those of `scheduled_tasks` come last."""
    for name in ("tasks", "scheduled_tasks"):
        for task in each(doc.get(name)) if name in doc else ():
            yield present(task)


def messages(task: Any) -> Iterator[Any]:
    for message in each(member(task, "messages")):
        yield present(message)


def complete(message: Any) -> bool:
    """Whether a message has all that is needed to send it."""
    return all(truthy(member(message, name)) for name in ("uuid", "to", "message"))


def due(doc: Doc, task: Any) -> Any:
    """When a task is due, by its own date or its document's; `ABSENT` if there is none."""
    return first(member(task, "due"), member(task, "timestamp"), stored(doc, "reported_date"))


def messages_by_state(doc: Doc) -> Rows:
    for task in tasks(doc):
        when, state = due(doc, task), member(task, "state")
        if isinstance(when, str | Absent):
            when = milliseconds(when)
        if not truthy(member(task, "messages")):
            yield [state, when], {}
        for message in messages(task):
            if complete(message):
                value = {"content": message["message"], "to": message["to"], "id": message["uuid"]}
                yield [state, when], value
                if state in WAITING:
                    yield ["pending-or-forwarded", when], value


def message_queue(doc: Doc) -> Rows:
    for task in tasks(doc):
        when, state = milliseconds(due(doc, task)), member(task, "state")
        groups = ["scheduled" if state == "scheduled" else "muted" if state in MUTED else "due"]
        groups += ["delivered"] if state in DELIVERED else ["failed"] if state in FAILED else []
        for value in queued(task, when):
            yield from (([group, when], value) for group in groups)


def queued(task: Any, when: Any) -> Iterator[dict[str, Any]]:
    """The messages of a task as the administration lists them; one for a task whose messages are not generated yet."""
    told = without_undefined(state_history=last(stored(task, "state_history")), state=stored(task, "state"),
                             group=stored(task, "group"), translation_key=stored(task, "translation_key"),
                             type=stored(task, "type"))
    if not truthy(member(task, "messages")):
        generated = without_undefined(translation_key=stored(task, "message_key"), recipient=stored(task, "recipient"),
                                      content=stored(task, "message"))
        yield {"scheduled_sms": generated, "task": told, "due": when}
    for message in messages(task):
        if complete(message):
            yield {"sms": {"message": message["message"], "to": message["to"]}, "task": told, "due": when}


def gateway_messages_by_state(doc: Doc) -> Rows:
    for task in tasks(doc):
        if truthy(member(task, "gateway_ref")):
            for message in messages(task):
                if complete(message):
                    yield member(task, "state"), {"id": message["uuid"], "gateway_ref": task["gateway_ref"]}


def messages_by_gateway_ref(doc: Doc) -> Rows:
    for task in tasks(doc):
        for message in messages(task):
            if truthy(member(task, "gateway_ref")):
                yield task["gateway_ref"], member(message, "uuid")
    incoming = doc.get("sms_message")
    if doc.get("type") == "data_record" and truthy(member(incoming, "gateway_ref")):
        yield member(incoming, "gateway_ref"), member(incoming, "uuid")


def messages_by_last_updated_state(doc: Doc) -> Rows:
    for task in tasks(doc):
        state, update = member(task, "state"), last(member(task, "state_history"))
        group = ("scheduled" if state == "scheduled" else "final" if state in (*DELIVERED, *FAILED)
                 else "muted" if state in MUTED else "pending")
        when = first(member(update, "timestamp"), member(task, "timestamp"), stored(doc, "reported_date"))
        yield [group, milliseconds(when), state], None


def messages_by_uuid(doc: Doc) -> Rows:
    for task in tasks(doc):
        for message in messages(task):
            if truthy(member(message, "uuid")):
                yield message["uuid"], None


def messages_by_contact_date(doc: Doc) -> Rows:
    if doc.get("type") != "data_record" or truthy(doc.get("form")):
        return
    if truthy(doc.get("kujua_message")) and truthy(doc.get("tasks")):
        for task in each(doc["tasks"]):
            message = element(member(present(task), "messages"))
            if truthy(message):
                yield said(doc, stored(message, "contact"), member(message, "to"))
    elif truthy(doc.get("sms_message")):
        yield said(doc, stored(doc, "contact"), doc.get("from"))


def said(doc: Doc, contact: Any, phone: Any) -> tuple[Any, Any]:
    """The row of a message from or to a contact."""
    when = stored(doc, "reported_date")
    return ([first(member(contact, "_id"), phone, doc["_id"]), doc.get("reported_date")],
            without_undefined(id=doc["_id"], date=when, contact=and_then(contact, "_id")))
