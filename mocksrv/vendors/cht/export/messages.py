"""Messages as CSV, one line each. CHT 4.15 source, api/src/services/export/message-mapper.js."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.export import csvtext, pages
from mocksrv.vendors.cht.export.options import BadFilter, Options
from mocksrv.vendors.cht.node import javascript, mustache
from mocksrv.vendors.cht.shared_libs import lineage, message_tasks, translations
from mocksrv.world import World

STATES = ("received", "scheduled", "pending", "sent", "cleared", "muted")
NUMBER = re.compile(r"\s*[+-]?[0-9]{1,15}(?:\.0*)?\s*")  # which parseInt reads as Number does
COLUMNS = ("id", "patient_id", "reported_date", "from", "type", "state", *STATES, "message_id", "sent_by", "to_phone",
           "content")


def stream(world: World, options: Options) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\n"
    if isinstance(options.given, list):
        raise BadFilter("invalid UTF-8 JSON")  # as the query of a view
    for page in pages.of(world, counted(options.limit), lambda skip, limit: record_ids(world, skip, limit)):
        lines = []
        for id in page:
            doc = world.table("cht.medic").get(id)
            if doc is not None:
                lines += [csvtext.line(cells) for cells in rows(world, doc, options.human)]
        yield "".join(lines)


def counted(limit: Any) -> Any:
    """A limit as a number: PouchDB converts texts before it queries the view."""
    return int(javascript.number(limit)) if isinstance(limit, str) and NUMBER.fullmatch(limit) else limit


def record_ids(world: World, skip: int, limit: int) -> list[str]:
    """The records of a page. The server goes through its index of messages to send, so a record comes
    once for each of its entries, and not at all if nothing was sent; the page has each record with messages once."""
    index = "by_message_date" if Difference.MESSAGE_ROWS.as_page(world) else "by_task"
    return [id for _, id in world.table("cht.medic").range(index, skip=skip, limit=limit)]


def rows(world: World, doc: dict[str, Any], human: bool) -> Iterator[list[Any]]:
    patient = (lineage.patient(world, doc) if doc.get("type") == lineage.REPORT else None) or doc.get("patient")
    subject = doc.get("patient_id") or (patient.get("patient_id") if isinstance(patient, dict) else None)
    for task in tasks(doc):
        history = {javascript.text(one.get("state")): one.get("timestamp") for one in listed(task.get("state_history"))}
        messages = task["messages"] if "messages" in task else generated(world, doc, task)
        for message in listed(messages):
            yield [doc["_id"], subject, csvtext.date(doc.get("reported_date"), human), doc.get("from"),
                   kind(world, task), task.get("state"),
                   *(csvtext.date(state_date(state, task, history), human) for state in STATES),
                   message.get("uuid"), message.get("sent_by"), message.get("to"), message.get("message")]


def tasks(doc: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All messages of a record as tasks: automatic replies, tasks, scheduled tasks, the incoming message."""
    when = doc.get("reported_date")
    if listed(doc.get("responses")):
        yield said("Automated Reply", "sent", when, listed(doc.get("responses")))
    yield from listed(doc.get("tasks"))
    yield from listed(doc.get("scheduled_tasks"))
    incoming = doc.get("sms_message")
    if isinstance(incoming, dict) and incoming.get("message"):
        yield said("Message", "received", when, [{"sent_by": doc.get("from"), "message": incoming["message"]}])


def said(kind: str, state: str, when: Any, messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": kind, "state": state, "timestamp": when, "messages": messages,
            "state_history": [{"state": state, "timestamp": when}]}


def kind(world: World, task: Mapping[str, Any]) -> str:
    key = task.get("translation_key")
    if isinstance(key, str) and key:
        context = {"group": task["group"]} if "group" in task else {}
        return translations.translate(world, key, context=context) or key
    named = task.get("type")
    return named if isinstance(named, str) and named else "Task Message"


def state_date(state: str, task: Mapping[str, Any], history: Mapping[Any, Any]) -> Any:
    if state == "scheduled" and javascript.truthy(task.get("due")):
        return task["due"]
    if javascript.truthy(history.get(state)):
        return history[state]
    return task.get("timestamp") if task.get("state") == state else None


def generated(world: World, doc: Mapping[str, Any], task: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The message of a scheduled task that has none yet: its text is generated for the export."""
    record = lineage.hydrate(world, doc, alone=False)
    key = task.get("message_key")
    text = translations.translate(world, key, translations.outgoing_locale(world)) if key else task.get("message")
    if isinstance(text, list | dict):
        text = translations.translate(world, {"translations": text} if isinstance(text, list) else text)
    content = mustache.render(text, record) if isinstance(text, str) else None
    to = javascript.first(task.get("recipient"), record.get("from"))
    return [{"uuid": message_tasks.new_id(world), "to": to, "message": content}]


def listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
