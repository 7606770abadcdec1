"""The log of failed replications: one document for each month and user in medic-logs.

CHT 5.2 source, api/src/services/replication-failure-log.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import cookies, documents
from mocksrv.world import World

LOGS, PREFIX = "medic-logs", "replication-fail-"
OPERATION, LIMITED = "get_replication_ids", 429
KEPT = 50  # failures that are listed one by one


def month(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m")


def id_of(period: str, user: str) -> str:
    return f"{PREFIX}{period}-{user}"


def answered(world: World, call: Call, status: int) -> None:
    """After a request: log a failed replication of an offline user, even one that a fault of the world made fail.

    The limiter of failed logins comes before the real server's log.
    """
    if (status < 400 or status == LIMITED or call.operation is None or call.operation.name != OPERATION
            or not releases.FAILURES_LOGGED.holds(world)):
        return
    caller = call.caller
    if caller is None:  # a fault strikes before it is known
        with suppress(cookies.Malformed):
            caller = auth.identify(world, call)
    if isinstance(caller, auth.Caller) and not caller.online:
        note(world, caller, status)


def note(world: World, caller: auth.Caller, status: int) -> None:
    """Add a failure to the user's log of this month. Earlier counts are unknown here: null."""
    now, user, logs = world.clock.ms(), caller.name, documents.database(world, LOGS)
    id = id_of(month(now), user)
    log = logs.get(id) or {"_id": id, "user": user, "date": now, "total_failures": 0, "failures": [],
                           "daily_failures": {}}
    failure = {"date": now, "status_code": status, "duration": 0, "request_id": world.hex(12),
               "roles": list(caller.roles), "subjects_count": None, "docs_count": None,
               "unpurged_docs_count": None}
    day = datetime.fromtimestamp(now / 1000, UTC).date().isoformat()
    logs.put(log | {"total_failures": log["total_failures"] + 1, "failures": [*log["failures"], failure][-KEPT:],
                    "daily_failures": log["daily_failures"] | {day: log["daily_failures"].get(day, 0) + 1}})


def daily_failures(world: World) -> dict[str, dict[str, int]]:
    """All failures by user and day, users in the order of months and names."""
    logs = documents.database(world, LOGS)
    found: dict[str, dict[str, int]] = {}
    for id in logs.all_ids(PREFIX, f"{PREFIX}\ufff0"):
        log = logs.peek(id) or {}
        days = log.get("daily_failures")
        if isinstance(days, dict) and isinstance(log.get("user"), str):
            found.setdefault(log["user"], {}).update(days)
    return found


def since(failures: Mapping[str, int], day: str) -> int:
    return sum(count for when, count in failures.items() if when >= day)
