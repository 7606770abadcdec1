"""A world's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response

from mocksrv.clock import ClockRange
from mocksrv.control.base import ControlError, answer, app, control, number, payload, world
from mocksrv.control.describe import NUMBER, TRUTH, told
from mocksrv.control.schemas import MOMENT
from mocksrv.world import World


def clock_state(one: World) -> dict[str, Any]:
    return {"now": one.clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "frozen": one.clock.frozen is not None, "skew": one.clock.skew, "rate": one.clock.rate}


@control.get("/clock")
@told("Clock")
def read_clock() -> Response:
    """The clock of this world."""
    return answer(clock_state(world()))


@control.post("/clock")
@told("Clock", takes={"advance": NUMBER, "freeze": TRUTH, "rate": NUMBER, "set": MOMENT, "skew": NUMBER})
def change_clock() -> Response:
    """Move the clock of this world.

    Any of: `freeze` (true or false), `rate`, `set` (ISO 8601), `skew` and `advance` (seconds), done in that order.

    What is due by then is done when this returns: nothing in a world waits for real time.
    """
    data = payload()
    one = world()
    with one.lock:
        moved = one.clock.copy()
        if "freeze" in data:
            if not isinstance(data["freeze"], bool):
                raise ControlError("not-a-truth", 400, "freeze takes true or false")
            moved.freeze(data["freeze"])
        try:
            if "rate" in data:
                moved.set_rate(number(data, "rate"))
            if "set" in data:
                moved.set(moment(data["set"]))
            if "skew" in data:
                moved.set_skew(number(data, "skew"))
            if "advance" in data:
                moved.advance(number(data, "advance"))
        except ClockRange as error:
            raise ControlError("clock-range", 400, str(error)) from None
        settle(one)  # what was written lately is noticed now, not at the new time
        one.clock = moved
        settle(one)
        one.commit()
    return answer(clock_state(one))


def settle(one: World) -> None:
    for vendor in app().vendors.values():
        vendor.settle(one)


def moment(value: Any) -> datetime:
    """An ISO 8601 date-time; without a zone it is UTC."""
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ControlError("not-a-time", 400, "set takes an ISO 8601 time such as 2026-01-31T09:30:00Z") from None
