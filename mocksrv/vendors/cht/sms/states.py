"""The states of messages: what gateways report, and how a task of a document keeps them.

A task is `{"messages": [..], "state", "state_details"?, "gateway_ref"?, "state_history": [..]}`. Any state may follow
any other. CHT 4.15 source, shared-libs/task-utils and api/src/services/messaging.js.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.shared_libs import message_tasks
from mocksrv.vendors.cht.shared_libs.message_tasks import Change as Change
from mocksrv.vendors.cht.shared_libs.message_tasks import set_state as set_state
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
