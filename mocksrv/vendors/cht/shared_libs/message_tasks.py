"""The tasks of a document that send messages: `tasks` and `scheduled_tasks`, and their states.

CHT 4.15 source, shared-libs/task-utils.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.node import javascript, timestamps
from mocksrv.vendors.cht.shared_libs.contact_types import Doc
from mocksrv.world import World


def new_id(world: World) -> str:
    """A new UUID of a message or a record: of version 4, in later releases of version 7, which begins with the time."""
    id = world.uuid()
    if not releases.TIMED_IDS.holds(world):
        return id
    stamp = f"{world.clock.ms():012x}"
    return f"{stamp[:8]}-{stamp[8:]}-7{id[15:]}"


class Sending(NamedTuple):
    """One task, with what the server's views ask of it."""

    task: dict[str, Any]
    state: Any
    due: int | None  # when its messages are to go out, in milliseconds
    messages: list[dict[str, Any]]
    ready: list[dict[str, Any]]  # those of them that can be sent


OUTGOING = ("pending", "forwarded-to-gateway")  # states of what a gateway is to send


def tasks_of(doc: Doc) -> list[dict[str, Any]]:
    """The document's message tasks; those of `scheduled_tasks` come last."""
    lists = (doc.get("tasks"), doc.get("scheduled_tasks"))
    return [task for tasks in lists if isinstance(tasks, list) for task in tasks if isinstance(task, dict)]


def messages_of(task: dict[str, Any]) -> list[dict[str, Any]]:
    messages = task.get("messages")
    return [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []


def complete(message: dict[str, Any]) -> bool:
    """Whether a message has all that is needed to send it."""
    return javascript.every(message.get("uuid"), message.get("to"), message.get("message"))


def due(doc: Doc, task: dict[str, Any]) -> int | None:
    """When the messages of a task are to go out, in milliseconds."""
    when = javascript.first(task.get("due"), task.get("timestamp"), doc.get("reported_date"))
    return timestamps.moment_value(when, 0) if isinstance(when, int | float | str) else None


def sendings(doc: Doc) -> list[Sending]:
    """All tasks of a document."""
    found = []
    for task in tasks_of(doc):
        messages = messages_of(task)
        ready = [one for one in messages if complete(one)]
        found.append(Sending(task, task.get("state"), due(doc, task), messages, ready))
    return found


def outgoing(doc: Doc) -> Iterator[tuple[int, dict[str, Any]]]:
    """The messages that a gateway is to send, each with the time at which it is due."""
    for one in sendings(doc):
        if one.state in OUTGOING and one.due is not None and one.due >= 0:
            yield from ((one.due, message) for message in one.ready)


def scheduled(doc: Doc) -> list[dict[str, Any]]:
    """The tasks that are scheduled for later; some have no messages yet."""
    return [one.task for one in sendings(doc) if one.state == "scheduled"]


class Change(NamedTuple):
    """A new state of a message, named by its uuid or by the gateway's reference."""

    state: str
    message: str | None = None
    details: Any = None
    reference: str | None = None


def set_state(task: dict[str, Any], change: Change, now: str) -> bool:
    """Put a task into a state; False if nothing changed.

    Without details or reference those of before are forgotten. Details that are objects count as new each time.
    """
    history = task["state_history"] if isinstance(task.get("state_history"), list) else []
    task["state_history"] = history  # before the state, where it is new: the order of keys shows
    same_details = not change.details or (
        not isinstance(change.details, dict) and task.get("state_details") == change.details)
    same_reference = not change.reference or task.get("gateway_ref") == change.reference
    last = history[-1].get("state") if history and isinstance(history[-1], dict) else None
    if task.get("state") == last == change.state and same_details and same_reference:
        return False
    task["state"] = change.state
    for key, value in (("state_details", change.details), ("gateway_ref", change.reference or None)):
        if value is None:
            task.pop(key, None)
        else:
            task[key] = value
    extra = {} if change.details is None else {"state_details": change.details}
    task["state_history"] = [*history, {"state": change.state, **extra, "timestamp": now}]
    return True
