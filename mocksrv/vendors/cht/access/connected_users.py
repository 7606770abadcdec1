"""Users who were connected recently, as monitoring counts them. CHT 4.15 source,
api/src/middleware/connected-user-log.js.
"""

from __future__ import annotations

from mocksrv.vendors.cht.couch import documents
from mocksrv.world import World

LOGS = "medic-logs"
PREFIX = "connected-user-"
INTERVAL = 30 * 60 * 1000  # ms between two entries of one user


def stamp(world: World, name: str) -> None:
    """Note that a user is connected, unless it was noted half an hour ago."""
    logs = documents.database(world, LOGS)
    entry = logs.get(PREFIX + name) or {"_id": PREFIX + name}
    now = world.clock.ms()
    if now - entry.get("timestamp", now - INTERVAL - 1) > INTERVAL:
        logs.put({**entry, "user": name, "timestamp": now})
