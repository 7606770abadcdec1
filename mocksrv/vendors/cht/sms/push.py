"""Services that the server pushes messages to: Africa's Talking and RapidPro.

Every minute, and right after a record was posted, the first pending messages go to the configured service, if its
account is configured and its credential is there. The mock takes them in the service's place, unless the setting
`cht.sms_services` says that it is called. Africa's Talking reports the status of messages to its hook; polling RapidPro
for it is not simulated. CHT 4.15 source, api/src/services/messaging.js, africas-talking.js, rapidpro.js.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from mocksrv import outbox
from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.setup import builds
from mocksrv.vendors.cht.shared_libs import app_settings, message_tasks, phones
from mocksrv.vendors.cht.sms import credentials, states, traffic
from mocksrv.vendors.cht.transitions import processing
from mocksrv.world import World

EVERY = 60_000  # ms
ALARM = "cht.push"
AFRICAS_TALKING, RAPIDPRO = "africas-talking", "rapidpro"
# What Africa's Talking answers for a message: its state and details; other numbers are tried again.
CODES = {100: ("forwarded-by-gateway", "Processed"), 101: ("sent", "Sent"), 102: ("received-by-gateway", "Queued"),
         401: ("failed", "RiskHold"), 403: ("failed", "InvalidPhoneNumber"), 404: ("failed", "UnsupportedNumberType"),
         406: ("denied", "UserInBlacklist"), 407: ("failed", "CouldNotRoute")}
STATUSES = {"queued": ("received-by-gateway", "Queued"), "wired": ("forwarded-by-gateway", "Wired"),
            "sent": ("sent", "Sent"), "delivered": ("delivered", "Delivered"), "resent": ("sent", "Resent"),
            "errored": ("received-by-gateway", "Errored"), "failed": ("failed", "Failed")}
Message = dict[str, Any]


class Service(NamedTuple):
    credential: str
    request: Callable[[World, dict[str, Any], str, Message], outbox.Outgoing | None]
    taken: Callable[[World, Message], outbox.Outcome]
    change: Callable[[outbox.Outcome, str], states.Change | None]


@sentinel.regularly
def run_due(world: World) -> None:
    """Push pending messages, once a minute."""
    if traffic.outgoing_service(world) not in SERVICES:
        world.alarm(ALARM, None)
        return
    table = world.table(sentinel.STATE)
    last, now = table.peek("push"), world.clock.ms()
    if last is None or not 0 <= now - last["at"] < EVERY:
        last = {"at": now}
        table.put("push", last)
        send(world)
    waits = is_called(world) and documents.database(world).docs.size("by_due") > 0
    world.alarm(ALARM, last["at"] + EVERY if waits else None)


@sentinel.after_requests
def expect(world: World) -> None:
    """Schedule the push of messages that a request has left, if a service is really called."""
    if is_called(world) and traffic.outgoing_service(world) in SERVICES:
        run_due(world)


def is_called(world: World) -> bool:
    return bool(world.setting("cht.sms_services") == "called")


@processing.when_there_are_messages
def send(world: World) -> None:
    """Give the first pending messages to the service that is configured."""
    name = traffic.outgoing_service(world) or ""
    service, secret = SERVICES.get(name), None
    if service is not None:
        secret = credentials.read(world, service.credential)
    if service is None or not secret:
        return
    options = app_settings.read(world)["sms"]
    for message in pending(world):
        call = service.request(world, options, secret, message)
        if call is None:
            return
        if not is_called(world):
            taken = service.taken(world, message)
            ended(world, outbox.note(world, call, taken, by="the mock"), taken)
        elif all(one["state"] not in outbox.OPEN for one in outbox.about(world, "cht", call.about)):
            outbox.put(world, call)


def pending(world: World) -> list[Message]:
    """The messages that are due first: `{"id", "to", "content"}`."""
    medic, settings = documents.database(world), app_settings.read(world)
    found = [one for _, id in medic.docs.range("by_due", limit=traffic.PAGE)
             for _, one in message_tasks.outgoing(medic.load(id))]
    return [{"id": str(one["uuid"]), "to": phones.normalize(settings, one["to"]) or one["to"],
             "content": one["message"]} for one in found[: traffic.PAGE]]


@sentinel.when_ended(AFRICAS_TALKING, RAPIDPRO)
def ended(world: World, call: outbox.Record, outcome: outbox.Outcome) -> None:
    """React to the service's answer: the message is sent, refused, or tried again in a minute."""
    change = SERVICES[call["kind"]].change(outcome, call["about"])
    if change is not None:
        states.apply(world, [change])


def outgoing(world: World, kind: str, url: str, headers: list[tuple[str, str]], body: bytes,
             message: Message) -> outbox.Outgoing:
    earlier = outbox.about(world, "cht", message["id"])
    return outbox.Outgoing("cht", kind, url, body, headers, about=message["id"],
                           attempt=max((one["attempt"] for one in earlier), default=0) + 1)


def agent(world: World) -> tuple[str, str]:
    return "user-agent", f"CHT/{builds.version(world)} (linux,x64)"


def option(options: dict[str, Any], service: str, name: str) -> str:
    """A text of the settings below `sms`; "" if there is none."""
    found = options.get(service)
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def json_of(outcome: outbox.Outcome) -> Any:
    try:
        return json_text.loads(outcome.body)
    except ValueError:
        return None


# --- Africa's Talking ---


def to_africas_talking(world: World, options: dict[str, Any], secret: str, message: Message) -> outbox.Outgoing | None:
    username = option(options, "africas_talking", "username")
    if not username:
        return None
    sandbox = "sandbox." if username == "sandbox" else ""
    sender = options["reply_to"] if isinstance(options.get("reply_to"), str) else "undefined"  # as FormData has it
    form = {"username": username, "from": sender, "to": message["to"], "message": message["content"]}
    headers = [("apikey", secret), ("accept", "application/json"), agent(world),
               ("content-type", "application/x-www-form-urlencoded")]
    return outgoing(world, AFRICAS_TALKING, f"https://api.{sandbox}africastalking.com/version1/messaging", headers,
                    urlencode(form).encode(), message)


def taken_by_africas_talking(world: World, message: Message) -> outbox.Outcome:
    recipient = {"statusCode": 102, "number": message["to"], "status": "Queued", "messageId": f"ATXid_{world.hex(32)}"}
    body = {"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [recipient]}}
    return outbox.Outcome(201, [("Content-Type", "application/json")], json_text.dumps(body))


def said_by_africas_talking(outcome: outbox.Outcome, message: str) -> states.Change | None:
    match json_of(outcome) if outcome.fine else None:
        case {"SMSMessageData": {"Recipients": [{"statusCode": int() as code, **rest}, *_]}} if code in CODES:
            state, details = CODES[code]
            reference = rest.get("messageId")
            return states.Change(state, message, details, str(reference) if reference else None)
    return None


# --- RapidPro ---


def to_rapidpro(world: World, options: dict[str, Any], secret: str, message: Message) -> outbox.Outgoing | None:
    url = option(options, "rapidpro", "url")
    if not url:
        return None
    headers = [("authorization", f"Token {secret}"), agent(world), ("accept", "application/json"),
               ("content-type", "application/json")]
    body = json_text.dumps({"urns": [f"tel:{message['to']}"], "text": message["content"]})
    return outgoing(world, RAPIDPRO, f"{url.rstrip('/')}/api/v2/broadcasts.json", headers, body, message)


def taken_by_rapidpro(world: World, message: Message) -> outbox.Outcome:
    body = {"id": world.random.randrange(10**6, 10**7), "urns": [f"tel:{message['to']}"], "text": message["content"],
            "status": "queued"}
    return outbox.Outcome(201, [("Content-Type", "application/json")], json_text.dumps(body))


def said_by_rapidpro(outcome: outbox.Outcome, message: str) -> states.Change | None:
    if outcome.error is None and outcome.status == 400:
        return states.Change("failed", message, "Failed")
    body = json_of(outcome) if outcome.fine else None
    if not isinstance(body, dict):
        return None
    state, details = STATUSES.get(str(body.get("status")), STATUSES["queued"])
    return states.Change(state, message, details, str(body["id"]) if body.get("id") else None)


SERVICES = {
    AFRICAS_TALKING: Service("africastalking.com:outgoing", to_africas_talking, taken_by_africas_talking,
                             said_by_africas_talking),
    RAPIDPRO: Service("rapidpro:outgoing", to_rapidpro, taken_by_rapidpro, said_by_rapidpro),
}
