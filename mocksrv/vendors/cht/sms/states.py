"""The states of messages: what gateways report, and how a task of a document keeps them.

A task is `{"messages": [..], "state", "state_details"?, "gateway_ref"?, "state_history": [..]}`. Any state may follow
any other. CHT 4.15 source, shared-libs/task-utils and api/src/services/messaging.js.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.shared_libs import message_tasks
from mocksrv.world import World

PENDING, FORWARDED, UNRECOGNISED = "pending", "forwarded-to-gateway", "unrecognised"
GATEWAY = {  # what cht-gateway reports
    "UNSENT": "received-by-gateway",
    "PENDING": "forwarded-by-gateway",
    "SENT": "sent",
    "DELIVERED": "delivered",
    "FAILED": "failed",
}
AFRICAS_TALKING = {  # what its delivery reports say
    "Sent": "forwarded-by-gateway",
    "Submitted": "sent",
    "Buffered": "sent",
    "Success": "delivered",
    "Rejected": "failed",
    "Failed": "failed",
}


@dataclass(frozen=True)
class Change:
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


def apply(world: World, changes: Iterable[Change]) -> int:
    """Put messages into their new states; how many documents that changed. Unknown messages are ignored."""
    medic = documents.database(world)
    changed: dict[str, dict[str, Any]] = {}
    for change in changes:
        found = find(world, change)
        if found is None:
            continue
        id, uuid = found
        doc = changed.get(id) or medic.load(id)
        task = next((one for one in message_tasks.tasks_of(doc)
                     if any(str(message.get("uuid")) == uuid for message in message_tasks.messages_of(one))), None)
        if task is not None and set_state(task, change, world.clock.iso()):
            changed[id] = doc
    medic.bulk(changed.values())
    return len(changed)


def find(world: World, change: Change) -> tuple[str, str] | None:
    """Document and uuid of the message that a change means."""
    medic = documents.database(world)
    uuid = change.message
    if not uuid and change.reference:
        for doc in medic.by("by_gateway_ref", change.reference):
            for task in message_tasks.tasks_of(dict(doc)):
                if task.get("gateway_ref") == change.reference:
                    uuid = next((str(one["uuid"]) for one in message_tasks.messages_of(task) if one.get("uuid")), None)
    if not uuid:
        return None
    docs = medic.by("by_message", uuid)
    return (docs[0]["_id"], uuid) if docs else None
