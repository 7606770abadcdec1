"""Monitoring: counts of documents and messages, backlogs, users. Open to anybody.

All counts come from indexes, so that they cost the same at 100,000 documents. The sizes of databases and views are
estimates that grow with the documents. CHT 4.15 source, api/src/services/monitoring.js.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mocksrv.store import TOP
from mocksrv.vendors.cht import releases, sentinel
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api.replication_failures import daily_failures, since
from mocksrv.vendors.cht.ddocs import indexes
from mocksrv.vendors.cht.node import querystring
from mocksrv.vendors.cht.node.http_traffic import STARTED
from mocksrv.vendors.cht.server import info
from mocksrv.vendors.cht.setup import builds
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

if TYPE_CHECKING:
    from marshmallow import Schema

SOURCE = "CHT 4.15 source, api/src/services/monitoring.js"
NODE = "v22.23.3"
# key: database, bytes of a document, bytes that each view index keeps of it (as recorded from a server in use)
DATABASES: dict[str, tuple[str, int, dict[str, int]]] = {
    "medic": ("medic", 1490, {"medic": 250, "medic-admin": 40, "medic-client": 550, "medic-conflicts": 0,
                              "medic-scripts": 80, "medic-sms": 30}),
    "sentinel": ("medic-sentinel", 300, {"sentinel": 0}),
    "usersmeta": ("medic-users-meta", 1290, {"users-meta": 245}),
    "users": ("_users", 740, {"users": 95}),
}
WITHOUT_VIEWS = "medic-scripts"  # from 5.0 on
ENTRY, INDEX = 100, 1000  # bytes of an entry of a full-text index, and of one that is empty
PAGE_SIZE, TOMBSTONE, REWRITTEN = 4096, 110, 0.3  # bytes of a block and of a tombstone; share that waits for compaction
QUEUES = ("due", "scheduled", "muted", "failed", "delivered")
GROUPS = {"pending": ("pending", "forwarded-to-gateway", "received-by-gateway", "forwarded-by-gateway"),
          "final": ("sent", "delivered", "failed"), "muted": indexes.MUTED}
DAY = 86_400_000
LATEST = 8.64e15  # the end of JavaScript's time, ms
DAYS, RECENT = 7, 100


def schema(name: str) -> Callable[[], type[Schema]]:
    """A schema of `monitoring_schemas`, imported late: it is not needed at start."""
    def make() -> type[Schema]:
        from mocksrv.vendors.cht.server import monitoring_schemas

        found: type[Schema] = getattr(monitoring_schemas, name)
        return found

    return make


@vendor.operation("GET", "/api/v1/monitoring", anonymous=True, query=schema("Interval"),
                  response=schema("Monitoring1"), proof="source", source=SOURCE,
                  differences=(Difference.MONITORING_SIZES,))
def get_monitoring_1(world: World, call: Call) -> Any:
    """The measures of the server, with all messages by state."""
    return measures(world, call, {"state": total(world)})


@vendor.operation("GET", "/api/v2/monitoring", anonymous=True, query=schema("Interval"),
                  response=schema("Monitoring2"), proof="source", source=SOURCE,
                  differences=(Difference.MUTED_MESSAGES, Difference.MONITORING_SIZES))
def get_monitoring_2(world: World, call: Call) -> Any:
    """The measures of the server, with messages in all, of the last seven days, and the last hundred changes."""
    last = {group: last_hundred(world, group, states) for group, states in GROUPS.items()}
    if Difference.MUTED_MESSAGES.as_page(world):
        last["final"] |= last.pop("muted")
    found = measures(world, call, {"total": total(world), "seven_days": seven_days(world), "last_hundred": last})
    if releases.FAILURE_COUNT.holds(world):
        found["replication_failure"] = {"count": failing_users(world, call)}
    return found


def measures(world: World, call: Call, outgoing: dict[str, Any]) -> dict[str, Any]:
    """The answer of both versions."""
    logs, now = documents.database(world, "medic-logs").docs, world.clock.ms()
    uptime = world.clock.time() - world.memory.get(STARTED, now / 1000)
    return {
        "version": {"app": builds.version(world), "node": NODE, "couchdb": info.COUCHDB},
        "couchdb": {key: database(world, *facts) for key, facts in DATABASES.items()},
        "date": {"current": now, "uptime": max(0.0, uptime)},
        "sentinel": {"backlog": backlog(world)},
        "messaging": {"outgoing": outgoing},
        "outbound_push": {"backlog": of_type(world, "medic-sentinel", "task:outbound")},
        "feedback": {"count": of_type(world, "medic-users-meta", "feedback")},
        "conflict": {"count": documents.database(world).revs.count("in_conflict", "medic")},
        "replication_limit": {"count": logs.count("over_limit", True)},
        "connected_users": {"count": logs.rank("by_connection", begin(now, call))},
    }


# --- databases ---


def database(world: World, name: str, each: int, views: dict[str, int]) -> dict[str, Any]:
    """One database: its counts, and its estimated size."""
    db = documents.database(world, name)
    docs, deleted, seq = len(db), len(db.revs) - len(db.docs), db.update_seq
    found: dict[str, Any] = {"name": name, "update_sequence": seq, "doc_count": docs, "doc_del_count": deleted}
    size = sizes(docs * each + deleted * TOMBSTONE, seq)
    newer = releases.FULL_TEXT_FIGURES.holds(world)
    indexed = {view: sizes(docs * kept, seq) for view, kept in views.items() if not (newer and view == WITHOUT_VIEWS)}
    found["fragmentation"] = fragmentation([size, *indexed.values()])
    if Difference.MONITORING_SIZES.as_page(world):
        return found
    found |= {"sizes": size, "view_indexes": [{"name": view, "sizes": one} for view, one in indexed.items()]}
    return found | ({"nouveau_indexes": full_text(db)} if newer else {})


def full_text(db: documents.Database) -> list[dict[str, Any]]:
    """The full-text indexes of `medic`."""
    if db.name != "medic":
        return []
    counts = {"contacts_by_freetext": db.docs.size("by_contact_type"), "reports_by_freetext": db.docs.size("by_form"),
              "docs_by_replication_key": len(db)}
    return [{"name": f"medic/{name}", "doc_count": count, "file_size": INDEX + ENTRY * count}
            for name, count in counts.items()]


def sizes(active: int, writes: int) -> dict[str, int]:
    """The bytes in use, and the size of the file: whole blocks, and data overwritten since the last compaction."""
    blocks = math.ceil(active * (1 + REWRITTEN) / PAGE_SIZE) + writes // 16 + 8
    return {"active": active, "file": blocks * PAGE_SIZE}


def fragmentation(sizes: list[dict[str, int]]) -> float:
    """The size of the files for each byte in use; -1 if none is."""
    used = [one for one in sizes if one["active"] > 0]
    return sum(one["file"] for one in used) / sum(one["active"] for one in used) if used else -1


def backlog(world: World) -> int:
    """How many changed documents the background process has not seen."""
    state, medic = world.table(sentinel.STATE).peek("sentinel"), documents.database(world)
    if state is None:
        return 0
    return medic.revs.rank("by_seq", (medic.name, state["seq"] + 1), (medic.name, medic.update_seq))


def of_type(world: World, name: str, kind: str) -> int:
    return documents.database(world, name).docs.count("by_type", kind)


# --- messages ---


def total(world: World) -> dict[str, int]:
    """All messages; those that were delivered or failed are also among the `due`."""
    docs = documents.database(world).docs
    return {queue: docs.rank("by_queue", (queue,), (queue, TOP)) for queue in QUEUES}


def seven_days(world: World) -> dict[str, int]:
    """Those that were due from the beginning of the day seven days ago until now."""
    docs, now = documents.database(world).docs, world.clock.ms()
    first = now - now % DAY - DAYS * DAY
    return {queue: docs.rank("by_queue", (queue, first), (queue, now, TOP)) for queue in QUEUES}


def last_hundred(world: World, group: str, states: tuple[str, ...]) -> dict[str, int]:
    """The states of the hundred tasks of a group that were changed last; unknown states have keys of their own."""
    docs = documents.database(world).docs
    found = docs.range("by_update", (group, 0), (group, world.clock.ms()), limit=RECENT, reverse=True)
    counts = dict.fromkeys(states, 0)
    for (_, _, state, _), _id in found:
        counts[state] = counts.get(state, 0) + 1
    return counts


# --- users ---


def begin(now: int, call: Call) -> float | None:
    """The time from which on users count as connected: `connected_user_interval` days ago; None: no limit. Anything but
    a number counts as 0, and there is no limit beyond JavaScript's time: as recorded.
    """
    given = querystring.parse(call).get("connected_user_interval", "")
    text = given.strip() if isinstance(given, str) else "0"
    try:
        days = float(text) if text else float(DAYS)
    except ValueError:
        days = 0.0
    if not math.isfinite(days):
        return None
    when = now - math.copysign(math.floor(abs(days) + 0.5), days) * DAY
    return when if abs(when) <= LATEST else None


def failing_users(world: World, call: Call) -> int:
    """How many users failed to replicate in that time; failures are counted by day."""
    when = begin(world.clock.ms(), call)
    day = "" if when is None or when < 0 else datetime.fromtimestamp(when / 1000, UTC).date().isoformat()
    return sum(1 for failures in daily_failures(world).values() if since(failures, day))
