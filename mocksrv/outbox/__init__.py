"""The outbox: the calls that services make by themselves, one record for each, with its outcome.

A vendor puts a call here when its world's clock says so. The courier sends those that are due if their address is
allowed; the others are held until a test decides about them. The vendor says what an outcome means, and whether it
tries again.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mocksrv.clock import EPOCH
from mocksrv.journal import BODY, Entry
from mocksrv.store import Index, TableSpec
from mocksrv.world import World

NAME = "outbox"
WAITING, HELD, DELIVERED, FAILED = STATES = ("waiting", "held", "delivered", "failed")
OPEN = (WAITING, HELD)  # states of calls that have not come to an end
KEPT = 1_000  # calls that have come to an end
HOLD = "outbox.hold"  # in a world's memory: whether all calls are held, even those with an allowed address
PATIENCE = 10.0  # seconds to wait for an answer, unless the vendor says otherwise
TABLE = TableSpec(NAME, {
    "by_due": Index(lambda doc: [(doc["due"], doc["number"])] if doc["state"] == WAITING else [], ordered=True),
    "by_number": Index(lambda doc: [doc["number"]], ordered=True),
    "by_end": Index(lambda doc: [] if doc["state"] in OPEN else [doc["number"]], ordered=True),
    "by_about": Index(lambda doc: [(doc["vendor"], doc["about"])]),
})
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Outgoing:
    """A call that a service makes.

    `kind` is the vendor's word for what sends it, `about` what it is for; `note` is plain data that the vendor gets
    back when the call has ended.
    """

    vendor: str
    kind: str
    url: str
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    method: str = "POST"
    about: str = ""
    attempt: int = 1
    patience: float = PATIENCE
    note: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came back: an answer, or an `error` when there was none."""

    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    error: str | None = None

    @property
    def fine(self) -> bool:
        return self.error is None and self.status is not None and 200 <= self.status < 300


def put(world: World, call: Outgoing, due: int | None = None) -> str:
    """Schedule a call for a moment of the world's clock (ms), now unless given; returns its id."""
    id = insert(world, call, due)
    world.stir()
    return id


def note(world: World, call: Outgoing, outcome: Outcome, by: str) -> Record:
    """Record a call that is not made, with its outcome and who decided it; returns the record."""
    return end(world, insert(world, call, None), outcome, by)


def insert(world: World, call: Outgoing, due: int | None) -> str:
    table, now = world.table(NAME), world.clock.ms()
    last = table.range("by_number", limit=1, reverse=True)
    number = last[0][0] + 1 if last else 1
    table.insert(str(number), {
        "number": number, "vendor": call.vendor, "kind": call.kind, "about": call.about, "attempt": call.attempt,
        "method": call.method, "url": call.url, "headers": [list(pair) for pair in call.headers],
        "body": packed(call.body), "patience": call.patience, "note": call.note, "created": now,
        "due": now if due is None else due, "state": WAITING, "by": None, "ended": None, "seconds": 0.0,
        "error": None, "status": None, "answer": [], "answer_body": packed(b"")})
    return str(number)


def end(world: World, id: str, outcome: Outcome, by: str, seconds: float = 0.0) -> Record:
    """Record the outcome of a call, and who decided it; returns the record. The oldest ended calls are dropped."""
    table = world.table(NAME)
    done = table.update(id, {
        "state": DELIVERED if outcome.fine else FAILED, "by": by, "ended": world.clock.ms(), "seconds": seconds,
        "error": outcome.error, "status": outcome.status, "answer": [list(pair) for pair in outcome.headers],
        "answer_body": packed(outcome.body)})
    if (surplus := table.size("by_end") - KEPT) > 0:
        for _, old in table.range("by_end", limit=surplus):
            table.delete(old)
    return done


def hold(world: World, id: str) -> None:
    """Hold a call until somebody decides about it."""
    world.table(NAME).update(id, {"state": HELD})


def delay(world: World, id: str, seconds: float) -> None:
    """Delay a call, from now or from when it would have been due."""
    record = world.table(NAME).peek(id) or {}
    world.table(NAME).update(id, {"state": WAITING,
                                  "due": max(record["due"], world.clock.ms()) + round(seconds * 1000)})
    world.stir()


def withdraw(world: World, id: str) -> None:
    """Withdraw a call that has not been made."""
    world.table(NAME).delete(id)


def find(world: World, id: str) -> Record | None:
    """The record with that id; must not be changed."""
    return world.table(NAME).peek(id)


def about(world: World, vendor: str, what: str) -> list[Record]:
    """A vendor's calls about something, the oldest first; read only."""
    table = world.table(NAME)
    return list(table.each(table.by("by_about", (vendor, what))))


def every(world: World) -> Iterator[tuple[str, Record]]:
    """All calls, the oldest first; read only."""
    table = world.table(NAME)
    return ((id, doc) for _, id in table.range("by_number") if (doc := table.peek(id)) is not None)


def due(world: World) -> list[str]:
    """The calls that are to be made by now, the earliest first."""
    return [id for _, id in world.table(NAME).range("by_due", None, (world.clock.ms() + 1,))]


def next_moment(world: World) -> float | None:
    """The next moment (ms) at which a call or a background job is due; None if nothing is."""
    first = world.table(NAME).range("by_due", limit=1)
    moments = [*world.alarms.values(), *(key[0] for key, _ in first)]
    return min(moments, default=None)


# --- texts ---


def packed(body: bytes) -> str:
    """A body as the table keeps it: base64, whatever it is."""
    return base64.b64encode(body).decode("ascii")


def body_of(record: Record, name: str = "body") -> bytes:
    return base64.b64decode(record[name])


def entry(world: World, id: str, record: Record) -> Entry:
    """A call in the form of a journal's exchange; its operation is the kind of the call."""
    asked, answered = body_of(record), body_of(record, "answer_body")
    return Entry(
        int(id), iso(record["created"]), record["method"], record["url"],
        {name.lower(): value for name, value in record["headers"]}, record["vendor"], record["kind"],
        record["about"], None, record["status"], record["seconds"], False,
        [record["error"]] if record["error"] else [], asked, len(asked),
        [(name, value) for name, value in record["answer"]], answered[:BODY], len(answered))


def iso(ms: float) -> str:
    """A moment as `2026-01-31T09:30:00.123Z`."""
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def describe(world: World, id: str, record: Record) -> dict[str, Any]:
    """A call as plain data, secrets redacted as in the journal."""
    told = entry(world, id, record).describe()
    return {
        "id": int(id), "vendor": record["vendor"], "kind": record["kind"], "about": record["about"],
        "attempt": record["attempt"], "state": record["state"], "created": told["at"], "due": iso(record["due"]),
        "ended": None if record["ended"] is None else iso(record["ended"]), "by": record["by"],
        "method": record["method"], "url": told["target"], "status": record["status"], "error": record["error"],
        "seconds": told["seconds"], "request": told["request"], "response": told["response"],
    }
