"""Failed pushes are tried again every five minutes. CHT 4.15 source, sentinel/src/schedule/outbound.js."""

from __future__ import annotations

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api import infodocs
from mocksrv.vendors.cht.outbound import sending
from mocksrv.vendors.cht.shared_libs import app_settings, lineage
from mocksrv.world import World

FIRST, LAST = "task:outbound:", "task:outbound:\ufff0"


@sentinel.regularly
def run_due(world: World) -> None:
    """Retry waiting pushes, if it is time."""
    table = world.table(sentinel.STATE)
    if not sending.pushes(app_settings.read(world)):
        world.alarm(sending.ALARM, None)
        return
    last, now = table.peek("outbound"), world.clock.ms()
    if last is None or not 0 <= now - last["at"] < sentinel.EVERY:
        last = {"at": now}
        table.put("outbound", last)
        execute(world)
    waiting = documents.database(world, infodocs.DATABASE).all_ids(FIRST, LAST, limit=1)
    world.alarm(sending.ALARM, last["at"] + sentinel.EVERY if waiting else None)


def execute(world: World) -> None:
    """Push what the tasks name."""
    if not sending.by_now(world):
        return
    queue, medic = documents.database(world, infodocs.DATABASE), documents.database(world)
    for id in queue.all_ids(FIRST, LAST):
        task = queue.load(id)
        doc = medic.get(task.get("doc_id") or "")
        if doc is None:
            sending.forget(world, id)
            continue
        sending.in_turn(world, lineage.hydrate(world, doc, alone=False), list(task["queue"]), None)
