"""A world's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response

from mocksrv.clock import Clock, ClockRange
from mocksrv.control.base import ControlError, answer, app, control, number, payload, world, worlds
from mocksrv.control.describe import NUMBER, TRUTH, Schema, told
from mocksrv.control.schemas import MOMENT
from mocksrv.outbox import PATIENCE
from mocksrv.outbox.courier import STEPS
from mocksrv.world import World

CHANGES: dict[str, Schema] = {"advance": NUMBER, "freeze": TRUTH, "rate": NUMBER, "set": MOMENT, "skew": NUMBER}


def clock_state(one: World) -> dict[str, Any]:
    return {"now": one.clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "frozen": one.clock.frozen is not None, "skew": one.clock.skew, "rate": one.clock.rate}


@control.get("/clock")
@told("Clock")
def read_clock() -> Response:
    """The clock of this world."""
    return answer(clock_state(world()))


@control.post("/clock")
@told("Clock", takes=CHANGES)
def change_clock() -> Response:
    """Move the clock of this world.

    Any of: `freeze` (true or false), `rate`, `set` (ISO 8601), `skew` and `advance` (seconds), done in that order.

    Background jobs that are due until then have run when this returns, each at its own moment, and calls that they make
    have ended: nothing in a world waits for real time. Of two changes at once, one waits for the other.
    """
    changes = payload()
    one = world()
    if not one.moving.acquire(timeout=PATIENCE):
        raise ControlError("clock-moving", 503, "the clock is being moved by another request, which waits for outgoing "
                                                "calls: ask again when it has ended")
    try:
        move(one, changes)
    finally:
        one.moving.release()
    return answer(clock_state(one))


def move(one: World, changes: dict[str, Any]) -> None:
    """Move a world's clock, past all that is due on the way. Raises ControlError."""
    courier = worlds().courier
    with one.lock:
        moved = changed(one.clock, changes)
        run_due(one)  # jobs for recent writes begin now, not at the new time
        one.commit()
    for _ in range(STEPS):
        if not courier.pass_by(one, moved.ms()):
            break
    with one.lock:
        one.clock = moved
        run_due(one)
        one.commit()
    courier.calm(one)


def changed(clock: Clock, changes: dict[str, Any]) -> Clock:
    """A clock that differs from `clock` by these changes. Raises ControlError."""
    moved = clock.copy()
    if "freeze" in changes:
        if not isinstance(changes["freeze"], bool):
            raise ControlError("not-a-truth", 400, "freeze takes true or false")
        moved.freeze(changes["freeze"])
    try:
        if "rate" in changes:
            moved.set_rate(number(changes, "rate"))
        if "set" in changes:
            moved.set(moment(changes["set"]))
        if "skew" in changes:
            moved.set_skew(number(changes, "skew", "seconds"))
        if "advance" in changes:
            moved.advance(number(changes, "advance", "seconds"))
    except ClockRange as error:
        raise ControlError("clock-range", 400, str(error)) from None
    return moved


def made_of(changes: Any) -> Clock:
    """The machine's clock with these changes. Raises ControlError."""
    if not isinstance(changes, dict) or changes.keys() - CHANGES.keys():
        raise ControlError("bad-clock", 400, f"clock takes an object of {', '.join(CHANGES)}")
    return changed(Clock(), changes)


def run_due(one: World) -> None:
    for vendor in app().vendors.values():
        vendor.run_due(one)


def moment(value: Any) -> datetime:
    """An ISO 8601 date-time; without a zone it is UTC."""
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ControlError("not-a-time", 400, "set takes an ISO 8601 time such as 2026-01-31T09:30:00Z") from None
