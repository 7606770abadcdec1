"""A world's outbox: the calls that the services make by themselves, and what a test decides about them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from flask import Response, request

from mocksrv import outbox
from mocksrv.control.aims import problems
from mocksrv.control.base import CONTROL, ControlError, answer, control, number, payload, world, worlds
from mocksrv.control.describe import NUMBER, TEXT, TRUTH, WHOLE, all_of, listed, told
from mocksrv.control.journal import aims_of, verdict
from mocksrv.faults import HEADER_NAME, HEADER_VALUE
from mocksrv.world import World

FILTERS = {**dict.fromkeys(("vendor", "kind", "state", "about", "method", "url", "status"), TEXT), "limit": WHOLE}
LONGEST = 10 * 365 * 86_400.0  # seconds of a delay
HEADERS = {"type": "object", "additionalProperties": TEXT}


@control.get("/outbox")
@told(listed("OutgoingCall"), query=FILTERS)
def read_outbox() -> Response:
    """The calls that the services have made or are about to make, the oldest first; all, or those of the query.

    `url` and `about` may hold * and ?; the others are equal. `state` is waiting, held, delivered or failed.
    """
    if unknown := request.args.keys() - FILTERS:
        raise ControlError("unknown-member", 400, f"{unknown.pop()!r} is not known; use {', '.join(FILTERS)}")
    state, limit = request.args.get("state"), request.args.get("limit", "")
    if state is not None and state not in outbox.STATES:
        raise ControlError("no-such-state", 400, f"state is one of {', '.join(outbox.STATES)}")
    if limit and not (limit.isascii() and limit.isdigit() and len(limit) < 16):
        raise ControlError("not-a-number", 400, "limit takes a whole number")
    wanted = {key: value for key, value in request.args.items() if key != "limit"}
    if wrong := problems({key: wanted[key] for key in ("vendor", "method", "status") if key in wanted}):
        raise ControlError("unknown-name", 400, "; ".join(wrong.values()))
    one = world()
    with one.lock:
        found = [(id, record) for id, record in outbox.every(one) if is_wanted(record, wanted)]
        found = found[max(0, len(found) - int(limit)) :] if limit else found
        return answer([outbox.describe(one, id, record) for id, record in found])


def is_wanted(record: outbox.Record, wanted: dict[str, str]) -> bool:
    return all(fnmatchcase(record[key], value) if key in ("url", "about") else str(record[key]) == value
               for key, value in wanted.items())


@control.post("/outbox")
@told(all_of(hold=TRUTH), takes={"hold": TRUTH}, needs=("hold",))
def set_outbox() -> Response:
    """Hold all calls of this world from now on, those to this machine too, or (`false`) send those whose address is
    allowed.
    """
    data = payload()
    if not isinstance(data.get("hold"), bool):
        raise ControlError("not-a-truth", 400, "hold takes true or false")
    one, courier = world(), worlds().courier
    with one.lock:
        one.memory[outbox.HOLD] = data["hold"]
        if not data["hold"]:
            one.begin()
            for id, record in list(outbox.every(one)):
                if record["state"] == outbox.HELD and not courier.reach.refusal(record["url"]):
                    outbox.delay(one, id, 0)
            one.commit()
    if not data["hold"]:
        courier.work(one)
    return answer(data)


@control.get("/outbox/<int:id>")
@told("OutgoingCall")
def read_call(id: int) -> Response:
    """One call."""
    one = world()
    with one.lock:
        return answer(outbox.describe(one, str(id), known(one, id)))


def known(one: World, id: int) -> outbox.Record:
    record = outbox.find(one, str(id))
    if record is None:
        raise ControlError("no-such-call", 404, f"there is no call {id} in the outbox; GET {CONTROL}/outbox lists them")
    return record


def undecided(one: World, id: int) -> outbox.Record:
    record = known(one, id)
    if record["state"] not in outbox.OPEN:
        raise ControlError("already-ended", 409, f"call {id} has come to its end ({record['state']})")
    return record


@control.post("/outbox/<int:id>/deliver")
@told("OutgoingCall", takes={"status": WHOLE, "headers": HEADERS, "body": TEXT})
def deliver_call(id: int) -> Response:
    """Answer a call that waits or is held: `status` (200 unless given), `headers`, `body`.

    Nothing is sent. Without any of these the call is really made now, if its address is allowed.
    """
    data, one, courier = payload(), world(), worlds().courier
    record = undecided(one, id)
    if not data and not courier.reach.refusal(record["url"]):
        courier.make(one, str(id))
    else:
        courier.end(one, str(id), answered(data), "a test")
        courier.work(one)
    return read_call(id)


def answered(data: dict[str, Any]) -> outbox.Outcome:
    """The answer that a test wants."""
    status, headers, body = data.get("status", 200), data.get("headers", {}), data.get("body", "")
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise ControlError("bad-answer", 400, "status takes a number from 200 to 599")
    if not isinstance(headers, dict) or not all(
            isinstance(value, str) and HEADER_NAME.match(name) and HEADER_VALUE.match(value)
            for name, value in headers.items()):
        raise ControlError("bad-answer", 400, "headers takes an object of texts by name")
    if not isinstance(body, str):
        raise ControlError("bad-answer", 400, "body takes a text")
    return outbox.Outcome(status, list(headers.items()), body.encode())


@control.post("/outbox/<int:id>/fail")
@told("OutgoingCall", takes={"error": TEXT})
def fail_call(id: int) -> Response:
    """Make a call that waits or is held fail without an answer, for the reason `error`; for an error status use
    `deliver`."""
    data, one = payload(), world()
    error = data.get("error", "no answer")
    if not isinstance(error, str) or not error:
        raise ControlError("bad-answer", 400, "error takes a text")
    undecided(one, id)
    worlds().courier.end(one, str(id), outbox.Outcome(error=error), "a test")
    worlds().courier.work(one)
    return read_call(id)


@control.post("/outbox/<int:id>/delay")
@told("OutgoingCall", takes={"seconds": NUMBER}, needs=("seconds",))
def delay_call(id: int) -> Response:
    """Delay a call that waits or is held by so many `seconds` on the world's clock."""
    data, one = payload(), world()
    if "seconds" not in data or not 0 <= number(data, "seconds") <= LONGEST:
        raise ControlError("not-a-number", 400, f"seconds takes a number from 0 to {LONGEST:.0f}")
    with one.lock:
        undecided(one, id)
        one.begin()
        outbox.delay(one, str(id), number(data, "seconds"))
        one.commit()
    return read_call(id)


@control.post("/outbox/verify")
@told("Verdict", takes="Expectation")
def verify_outbox() -> Response:
    """Whether the outbox shows what is expected, as `POST /journal/verify` says it of the journal.

    `operation` is the kind of a call, `caller` what it is about, `path` its URL.
    """
    one, expected = world(), payload()
    with one.lock:
        entries = [outbox.entry(one, id, record) for id, record in outbox.every(one)]
    answered = verdict(entries, expected)
    for aim in aims_of(expected):
        if wrong := problems({key: value for key, value in aim.items() if key != "operation"}):
            raise ControlError("unknown-name", 400, "; ".join(wrong.values()))
    return answered


@control.delete("/outbox")
@told(None, 204)
def clear_outbox() -> Response:
    """Forget all calls; those that wait or are held are never made."""
    one = world()
    with one.lock:
        one.begin()
        one.table(outbox.NAME).truncate()
        one.commit()
    return Response(status=204)
