"""The transition `mark_for_outbound`: a document that was written is pushed to the services that it is relevant to.

CHT 4.15 source, shared-libs/transitions/src/transitions/mark_for_outbound.js.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.node import javascript, vm
from mocksrv.vendors.cht.outbound import cron, sending
from mocksrv.vendors.cht.outbound.payload import OutboundError
from mocksrv.vendors.cht.shared_libs import lineage
from mocksrv.world import World

CRON_FRAME = timedelta(minutes=50)  # the server's constant is named FIVE_MINUTES


@sentinel.transition("mark_for_outbound")
def mark_for_outbound(world: World, settings: dict[str, Any], doc: dict[str, Any], change: int) -> None:
    """Push a document that was written; failed pushes, and those that are to wait, are left to the schedule."""
    configured = sending.pushes(settings)
    if not configured:
        return
    full, now = lineage.hydrate(world, doc, alone=True), []
    for key in relevant(world, full, configured):
        config = configured[key]
        if not javascript.truthy(config.get("cron")):
            now.append(key)
        elif cron.parse(config["cron"]) is None:
            sending.failed(world, doc["_id"], config, key, OutboundError(
                f'Invalid cron expression "{config["cron"]}" on outbound \'{key}\' config'))
        elif cron.is_near(config["cron"], world.clock.now(), CRON_FRAME):
            now.append(key)
        else:
            sending.queue(world, doc["_id"], key, change)
    sending.in_turn(world, full, now, change)


def relevant(world: World, doc: dict[str, Any], configured: dict[str, Any]) -> list[str]:
    """The pushes whose `relevant_to` says yes; none at all if one of them throws."""
    found = []
    for key, config in configured.items():
        condition = config.get("relevant_to") if isinstance(config, dict) else None
        if not javascript.truthy(condition):
            continue
        try:
            if vm.run(world, f"Boolean((0, eval)({vm.quoted(str(condition))}))", doc) is True:
                found.append(key)
        except vm.ScriptError as error:
            sending.failed(world, doc["_id"], config, key, OutboundError(f"relevant_to of '{key}': {error}"))
            return []
    return found
