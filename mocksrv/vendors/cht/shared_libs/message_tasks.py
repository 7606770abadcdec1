"""The tasks of a document that send messages: `tasks` and `scheduled_tasks`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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


def tasks_of(doc: Doc) -> Iterator[dict[str, Any]]:
    """The document's message tasks; those of `scheduled_tasks` come last."""
    for name in ("tasks", "scheduled_tasks"):
        tasks = doc.get(name)
        yield from (task for task in (tasks if isinstance(tasks, list) else ()) if isinstance(task, dict))


def messages_of(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    messages = task.get("messages")
    yield from (one for one in (messages if isinstance(messages, list) else ()) if isinstance(one, dict))


def has_tasks(doc: Doc) -> bool:
    """Whether a document may send messages; quick for contacts, which are most documents."""
    return "tasks" in doc or "scheduled_tasks" in doc


def complete(message: dict[str, Any]) -> bool:
    """Whether a message has all that is needed to send it."""
    return all(javascript.truthy(message.get(name)) for name in ("uuid", "to", "message"))


def due(doc: dict[str, Any], task: dict[str, Any]) -> int | float | None:
    """When the messages of a task are to go out, in milliseconds."""
    when = javascript.first(task.get("due"), task.get("timestamp"), doc.get("reported_date"))
    return timestamps.moment_value(when, 0) if isinstance(when, int | float | str) else None


def outgoing(doc: dict[str, Any]) -> Iterator[tuple[int | float, dict[str, Any]]]:
    """The messages that a gateway is to send, each with the time at which it is due."""
    for task in tasks_of(doc):
        if task.get("state") in ("pending", "forwarded-to-gateway"):
            when = due(doc, task)
            if when is not None and when >= 0:
                yield from ((when, one) for one in messages_of(task)
                            if complete(one))


def scheduled(doc: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tasks with messages that are scheduled for later."""
    for task in tasks_of(doc):
        if task.get("state") == "scheduled" and any(True for _ in messages_of(task)):
            yield task
