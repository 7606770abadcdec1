"""Incoming messages become reports; messages that are due go out.

CHT 4.15 source, api/src/services/messaging.js.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.couch import documents, erlang
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.records import reports
from mocksrv.vendors.cht.shared_libs import app_settings, message_tasks, phones
from mocksrv.vendors.cht.sms import states
from mocksrv.vendors.cht.transitions import processing
from mocksrv.world import World

PAGE = 25  # messages handed out at a time
REQUIRED = ("id", "content", "from")
PULLING = "medic-gateway"


def receive(world: World, messages: Sequence[dict[str, Any]]) -> int:
    """Store the messages `{id, from, content}` as reports; how many. Incomplete ones and those whose id is known
    already are dropped; the same id twice in one call is not noticed."""
    medic = documents.database(world)
    complete = [one for one in messages if all(javascript.truthy(one.get(key)) for key in REQUIRED)]
    fresh = [one for one in complete if not medic.docs.count("by_gateway_ref", javascript.text(one["id"]))]
    docs = [
        reports.from_message(world, {"from": one["from"], "message": one["content"], "gateway_ref": one["id"]})
        for one in fresh
    ]
    saved = processing.process(world, docs)
    if not all(result.get("ok") for result in saved):
        errors.server_error(diagnosis="a message could not be stored")
    return len(saved)


def outgoing_service(world: World) -> str | None:
    """Who sends messages: `sms.outgoing_service`, the gateway that polls if there is no `sms` in the settings."""
    options = app_settings.read(world).get("sms")
    if not javascript.truthy(options):
        return PULLING
    service = options.get("outgoing_service") if isinstance(options, dict) else None
    return service if isinstance(service, str) else None


def hand_out(world: World) -> list[dict[str, Any]]:
    """The messages that are due first, now marked as forwarded; those that were before come again."""
    settings = app_settings.read(world)
    medic = documents.database(world)
    found: list[dict[str, Any]] = []
    for when, id in medic.docs.range("by_due", limit=PAGE):
        doc = medic.load(id)
        due_now = [message for due, message in message_tasks.outgoing(doc) if due == when]
        # Of one document they are in the order of their values in the server's view.
        for message in sorted(due_now, key=lambda one: erlang.order([one["message"], one["to"], one["uuid"]])):
            to = phones.normalize(settings, message["to"]) or message["to"]
            found.append({"content": message["message"], "to": to, "id": message["uuid"]})
    found = found[:PAGE]
    states.apply(world, [states.Change(states.FORWARDED, str(one["id"])) for one in found])
    return found
