"""Services that the server pushes messages to. The mock calls nobody: the service always takes them.

Every minute, and right after a record was posted, all pending messages go to the configured service, if its
credential is there. Africa's Talking reports what became of them to its hook; what RapidPro would tell when asked
is not simulated. CHT 4.15 source, api/src/services/messaging.js, africas-talking.js, rapidpro.js.
"""

from __future__ import annotations

from collections.abc import Callable

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.records import transitions
from mocksrv.vendors.cht.shared_libs import message_tasks
from mocksrv.vendors.cht.sms import credentials, states, traffic
from mocksrv.world import World

EVERY = 60_000  # ms
TAKEN = "received-by-gateway"
# service: its credential, what it answers about a message, how it refers to it
SERVICES: dict[str, tuple[str, str, Callable[[World], str]]] = {
    "africas-talking": ("africastalking.com:outgoing", "Queued", lambda world: f"ATXid_{world.hex(32)}"),
    "rapidpro": ("rapidpro:outgoing", "queued", lambda world: str(world.random.randrange(10**6, 10**7))),
}


@sentinel.regularly
def settle(world: World) -> None:
    """Push what waits, once a minute."""
    if traffic.outgoing_service(world) not in SERVICES:
        return
    table = world.table(sentinel.STATE)
    last, now = table.peek("push"), world.clock.ms()
    if last is None or not 0 <= now - last["at"] < EVERY:
        table.put("push", {"at": now})
        send(world)


@transitions.when_there_are_messages
def send(world: World) -> None:
    """Give all pending messages to the service that is configured."""
    service = SERVICES.get(traffic.outgoing_service(world) or "")
    if service is None or not credentials.read(world, service[0]):
        return
    medic = documents.database(world)
    waiting = [message for _, id in medic.docs.range("by_due") for _, message in message_tasks.outgoing(medic.load(id))]
    states.apply(world, [states.Change(TAKEN, str(message["uuid"]), service[1], service[2](world))
                         for message in waiting])
