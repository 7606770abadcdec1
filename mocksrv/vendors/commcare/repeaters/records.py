"""Repeat records: what is to be forwarded by which repeater, its attempts, and when the next one is.

A record is fired at once. Who answers with 5xx or some of 4xx, or not at all, is asked again: after an hour, then each
time after three times as long as before, at most a week; a process looks every five minutes. After six attempts the
record is cancelled. Any other answer than 2xx says that the payload is wrong, and ends it.
HQ source: corehq/motech/repeaters/models.py, const.py, tasks.py.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from http.client import responses
from typing import TYPE_CHECKING, Any

from mocksrv import outbox
from mocksrv.clock import EPOCH
from mocksrv.store import TOP
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.form_processor import processing
from mocksrv.vendors.commcare.locations import writing
from mocksrv.vendors.commcare.repeaters import configured, payloads
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
ALARM = "commcare.repeaters"
PENDING, FAIL, SUCCESS, CANCELLED, EMPTY, INVALID = (
    "Pending", "Fail", "Success", "Cancelled", "Empty", "InvalidPayload")
SHORTEST, LONGEST = timedelta(minutes=60), timedelta(days=7)
CHECK = 5 * 60_000  # ms between two looks at what is to be sent again
MOST = 6  # attempts
TRIED_AGAIN = {400, 404, 408, 409, 412, 423, 424, 425, 426, 428, 429}
TIMEOUT = 300.0  # seconds; HQ source: corehq/motech/const.py
LOGGED = 1024  # characters of an answer; MAX_REQUEST_LOG_LENGTH
DEVICE_LOG = "http://code.javarosa.org/devicereport"
CASE_TYPES = ("CaseRepeater", "CreateCaseRepeater", "UpdateCaseRepeater")


# --- what is forwarded ---


@processing.when_saved
def forward(world: World, form: Doc, cases: list[dict[str, Any]]) -> None:
    """A form was received, and cases were saved by it."""
    domain = form["domain"]
    for id, repeater in configured.every(world, domain, *CASE_TYPES):
        for case in cases:
            if takes_case(repeater, case):
                register(world, domain, id, repeater, case["case_id"])
    for id, repeater in configured.every(world, domain, "FormRepeater", "ShortFormRepeater"):
        if takes_form(repeater, form):
            register(world, domain, id, repeater, form["form_id"])


def takes_form(repeater: Doc, form: Doc) -> bool:
    if form["xmlns"] == DEVICE_LOG:
        return False
    if repeater["repeater_type"] == "ShortFormRepeater":
        return True
    allowed = repeater.get("white_listed_form_xmlns")
    return (not allowed or form["xmlns"] in allowed) and form["user_id"] not in repeater.get("user_blocklist", ())


def takes_case(repeater: Doc, case: Doc) -> bool:
    written, kind = len(case["xform_ids"]), repeater["repeater_type"]
    if (kind == "CreateCaseRepeater" and written != 1) or (kind == "UpdateCaseRepeater" and written < 2):
        return False
    types = repeater.get("white_listed_case_types")
    return (not types or case["case_type"] in types) and case["user_id"] not in repeater.get("black_listed_users", ())


@writing.when_saved
def forward_location(world: World, place: Doc) -> None:
    """A location was saved."""
    for id, repeater in configured.every(world, place["domain"], "LocationRepeater"):
        register(world, place["domain"], id, repeater, place["location_id"])


def forward_app(world: World, domain: str, app_id: str) -> None:
    """An application was saved."""
    for id, repeater in configured.every(world, domain, "AppStructureRepeater"):
        register(world, domain, id, repeater, app_id)


def register(world: World, domain: str, repeater_id: str, repeater: Doc, payload_id: str) -> None:
    """Have something forwarded, now."""
    id = world.uuid()
    world.table(configured.RECORDS).insert(id, {
        "id": id, "domain": domain, "repeater_id": repeater_id, "repeater_type": repeater["repeater_type"],
        "payload_id": payload_id, "state": PENDING, "registered_at": dates.now(world), "next_check": dates.now(world),
        "attempts": []})
    world.alarm(ALARM, world.clock.ms())


# --- sending ---


@vendor.regularly
def run_due(world: World) -> None:
    """Fire the records whose time has come."""
    table = world.table(configured.RECORDS)
    if not len(table):
        return
    for _, id in table.range("by_next_check", None, dates.now(world)):
        process(world, table.get(id) or {})
    following = table.range("by_next_check", None, TOP, limit=1)
    world.alarm(ALARM, dates.moment(following[0][0]).timestamp() * 1000 if following else None)


def process(world: World, record: dict[str, Any]) -> None:
    """One record whose time has come."""
    table, domain = world.table(configured.RECORDS), record["domain"]
    repeater = configured.find(world, domain, record["repeater_id"])
    if repeater is None or (record["state"] == FAIL and len(record["attempts"]) >= MOST):
        table.update(record["id"], {"state": CANCELLED, "next_check": None})
    elif repeater.get("is_paused"):
        table.update(record["id"], {"next_check": dates.text(world.clock.now() + LONGEST)})
    else:
        fire(world, record, repeater)


def fire(world: World, record: dict[str, Any], repeater: Doc) -> None:
    about, kind = f"{record['domain']} {record['payload_id']}", record["repeater_type"]
    note, attempt = {"record": record["id"]}, len(record["attempts"]) + 1
    try:
        body, headers, url = payloads.make(world, record["domain"], repeater, record["payload_id"])
    except payloads.Gone as error:
        call = outbox.Outgoing("commcare", kind, repeater["url"], about=about, attempt=attempt, note=note)
        outbox.note(world, call, outbox.Outcome(error=str(error)), by="the server")
        ended(world, record, INVALID, str(error))
        return
    world.table(configured.RECORDS).update(record["id"], {"next_check": None})
    outbox.put(world, outbox.Outgoing("commcare", kind, url, body, requested(repeater, headers), about=about,
                                      method=repeater.get("request_method", "POST"), attempt=attempt,
                                      patience=TIMEOUT, note=note))


def requested(repeater: Doc, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The headers of a request, as the library requests sends them."""
    sent = [("User-Agent", "python-requests/2.32.3"), ("Accept", "*/*"), ("Connection", "keep-alive"),
            *headers.items()]
    if repeater.get("auth_type") == "basic":
        pair = f"{repeater.get('username', '')}:{repeater.get('password', '')}"
        sent.append(("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
    return sent


# --- the end of an attempt ---


@vendor.when_ended
def answered(world: World, call: outbox.Record, outcome: outbox.Outcome) -> None:
    """A call has come to its end."""
    record = world.table(configured.RECORDS).get(call["note"]["record"])
    if record is None:
        return
    status = outcome.status or 0
    if outcome.error is not None:
        again(world, record, outcome.error)
    elif outcome.fine:
        ended(world, record, EMPTY if status == 204 else SUCCESS, message(call, outcome))
    elif 500 <= status < 600 or status in TRIED_AGAIN:
        again(world, record, message(call, outcome))
    else:
        ended(world, record, INVALID, message(call, outcome))


def message(call: outbox.Record, outcome: outbox.Outcome) -> str:
    """What HQ logs of an answer."""
    status = outcome.status or 0
    reason = responses.get(status, "")
    text = outcome.body.decode("utf-8", "replace")[:LOGGED]
    return f"{call['url']}\n{status}: {reason}" + (f"\n{text}" if text else "")


def ended(world: World, record: dict[str, Any], state: str, text: str, next_check: str | None = None) -> None:
    """Note an attempt, and what it makes of its record."""
    attempt = {"state": state, "message": text, "created_at": dates.now(world)}
    world.table(configured.RECORDS).update(record["id"], {
        "state": state, "next_check": next_check, "attempts": [*record["attempts"], attempt]})


def again(world: World, record: dict[str, Any], text: str) -> None:
    """Note a failure; there is another attempt unless there were enough."""
    if len(record["attempts"]) >= MOST:
        ended(world, record, CANCELLED, text)
        return
    now, tried = world.clock.now(), record["attempts"]
    waited = 3 * (now - dates.moment(tried[-1]["created_at"])) if tried else timedelta()
    wanted = (now + min(max(waited, SHORTEST), LONGEST)).timestamp() * 1000
    looked = -(-int(wanted) // CHECK) * CHECK  # the process that looks comes by every five minutes
    ended(world, record, FAIL, text, dates.text(EPOCH + timedelta(milliseconds=looked)))
