"""Failed pushes are tried again every five minutes. CHT 4.15 source, sentinel/src/schedule/outbound.js."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api import infodocs
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.outbound import cron, sending
from mocksrv.vendors.cht.outbound.payload import OutboundError
from mocksrv.vendors.cht.outbound.transition import pushes
from mocksrv.vendors.cht.shared_libs import app_settings, lineage
from mocksrv.world import World

EVERY = 5 * 60_000  # ms
FIRST, LAST = "task:outbound:", "task:outbound:\ufff0"


@sentinel.regularly
def run_due(world: World) -> None:
    """Retry waiting pushes, if it is time."""
    table = world.table(sentinel.STATE)
    if not pushes(app_settings.read(world)):
        world.alarm(sending.ALARM, None)
        return
    last, now = table.peek("outbound"), world.clock.ms()
    if last is None or not 0 <= now - last["at"] < EVERY:
        last = {"at": now}
        table.put("outbound", last)
        execute(world)
    waiting = documents.database(world, infodocs.DATABASE).all_ids(FIRST, LAST, limit=1)
    world.alarm(sending.ALARM, last["at"] + EVERY if waiting else None)


def execute(world: World) -> None:
    """Push what the tasks name. A push whose `cron` is not near counts as gone from the settings, as on the server."""
    configured = {key: config for key, config in pushes(app_settings.read(world)).items()
                  if not isinstance(config, dict) or not javascript.truthy(config.get("cron"))
                  or cron.is_near(config["cron"], world.clock.now(), timedelta(milliseconds=EVERY))}
    if not configured:
        return
    queue, medic = documents.database(world, infodocs.DATABASE), documents.database(world)
    for id in queue.all_ids(FIRST, LAST):
        task = queue.load(id)
        doc = medic.get(task.get("doc_id") or "")
        if doc is None:
            sending.forget(world, id)
            continue
        full = lineage.hydrate(world, doc, alone=False)
        for key in list(task["queue"]):
            again(world, full, configured.get(key), key)


def again(world: World, doc: dict[str, Any], config: Any, key: str) -> None:
    """One push of a task."""
    if sending.under_way(world, doc["_id"], key):
        return
    try:
        if isinstance(config, dict) and sending.push(world, doc, config, key, None):
            return
    except OutboundError as error:
        sending.failed(world, doc["_id"], config, key, error)
        return
    task = documents.database(world, infodocs.DATABASE).get(sending.task_id(doc["_id"]))
    if task is not None:  # it is no longer configured, or was sent already
        sending.shorten(world, task)
