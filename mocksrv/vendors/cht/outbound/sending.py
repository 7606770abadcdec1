"""Sending pushes: the request with its authentication, and the reaction to its outcome.

A push that succeeds is noted in the document's infodoc, so that the same is not sent again. One that fails is retried
by the schedule, out of a document `task:outbound:<id>` of medic-sentinel. The pushes of a document are made one after
the other: the rest waits in the note of the call that is under way. CHT 4.15 source,
shared-libs/outbound/src/outbound.js, shared-libs/transitions/src/transitions/mark_for_outbound.js.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from mocksrv import outbox
from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api import infodocs
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.outbound import cron
from mocksrv.vendors.cht.outbound import payload as payloads
from mocksrv.vendors.cht.outbound.payload import OutboundError
from mocksrv.vendors.cht.setup import builds
from mocksrv.vendors.cht.shared_libs import app_settings, lineage
from mocksrv.vendors.cht.sms import credentials
from mocksrv.world import World

KIND = "outbound"
ALARM = "cht.outbound"
TIMEOUT = 10.0  # seconds
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
AUTHS = ("basic", "header", "muso-sih")
Config = dict[str, Any]
Headers = list[tuple[str, str]]


def pushes(settings: Config) -> Config:
    """The pushes that are configured, by name."""
    found = settings.get("outbound")
    return found if isinstance(found, dict) else {}


def by_now(world: World) -> Config:
    """Those without a `cron`, and those whose `cron` is near: the schedule counts others as gone from the settings."""
    return {key: config for key, config in pushes(app_settings.read(world)).items()
            if not isinstance(config, dict) or not javascript.truthy(config.get("cron"))
            or cron.is_near(config["cron"], world.clock.now(), timedelta(milliseconds=sentinel.EVERY))}


def in_turn(world: World, doc: dict[str, Any], keys: list[str], change: int | None) -> None:
    """Push a document by these configurations, up to the first that makes a call.

    `change` is the update of the database that the pushes are for; None for those of the schedule.
    """
    configured = by_now(world) if change is None else pushes(app_settings.read(world))
    for at, key in enumerate(keys):
        config = configured.get(key)
        if change is None and under_way(world, doc["_id"], key):
            continue
        try:
            if isinstance(config, dict) and push(world, doc, config, key, change, keys[at + 1:]):
                return
        except OutboundError as error:
            failed(world, doc["_id"], config, key, error)
            if change is not None:
                queue(world, doc["_id"], key, change)
            continue
        task = documents.database(world, infodocs.DATABASE).get(task_id(doc["_id"])) if change is None else None
        if task is not None:  # it is no longer configured, or was sent already
            shorten(world, task)


def push(world: World, doc: dict[str, Any], config: Config, key: str, change: int | None, rest: list[str]) -> bool:
    """Send a document by one configuration, and whether it does: not if the last push sent the same, or one that is
    under way. `rest` are the configurations after it. Raises OutboundError."""
    payload = payloads.mapped(world, doc, config, key)
    if payloads.was_sent(payload, key, infodocs.read(world, doc["_id"])):
        return False
    url, headers = joined(config), [("user-agent", agent(world))]
    note = {"doc": doc["_id"], "push": key, "change": change, "hash": payloads.digest(payload), "rest": rest}
    if any(one["note"].get("hash") == note["hash"] for one in under_way(world, doc["_id"], key)):
        return False
    auth = authentication(config)
    if auth.get("type") == "muso-sih":
        login = urlencode({"login": text_of(auth.get("username")), "password": secret(world, auth.get("password_key"))})
        place = join(text_of(config["destination"].get("base_url")), text_of(auth.get("path")))
        send(world, place, [*headers, ("content-type", FORM)], login, note | {"then": [url, json_text.text(payload)]})
        return True
    if auth:
        headers.append(("authorization", proof(world, auth)))
    send(world, url, [*headers, ("accept", JSON), ("content-type", JSON)], json_text.text(payload), note)
    return True


def send(world: World, url: str, headers: Headers, body: str, note: dict[str, Any]) -> None:
    """Put a request of a push into the outbox."""
    outbox.put(world, outbox.Outgoing("cht", KIND, url, body.encode(), headers, about=name(note["doc"], note["push"]),
                                      attempt=attempts(world, note) + 1, patience=TIMEOUT, note=note))


def name(doc: str, key: str) -> str:
    """The `about` of a push in the outbox."""
    return f"{doc} {key}"


def attempts(world: World, note: dict[str, Any]) -> int:
    """How often the push was tried already."""
    earlier = outbox.about(world, "cht", name(note["doc"], note["push"]))
    return max((one["attempt"] for one in earlier if one["note"].get("hash") == note["hash"]
                and not one["note"].get("then")), default=0)


def under_way(world: World, doc: str, key: str) -> list[outbox.Record]:
    """The calls of that push that have not ended."""
    return [one for one in outbox.about(world, "cht", name(doc, key)) if one["state"] in outbox.OPEN]


def failed(world: World, doc: str, config: Any, key: str, error: Exception) -> None:
    """Record a push that could not even be sent."""
    try:
        url = joined(config)
    except OutboundError:
        url = ""
    call = outbox.Outgoing("cht", KIND, url, about=name(doc, key), note={"doc": doc, "push": key})
    outbox.note(world, call, outbox.Outcome(error=str(error)), by="the server")


# --- the request ---


def joined(config: Any) -> str:
    destination = config.get("destination") if isinstance(config, dict) else None
    if not isinstance(destination, dict):
        raise OutboundError("destination is no object")
    return join(text_of(destination.get("base_url")), text_of(destination.get("path")))


def join(*parts: str) -> str:
    """Parts of a URL with one slash between them."""
    first, *rest = parts
    return "/".join([first.rstrip("/"), *(part.strip("/") for part in rest[:-1]), rest[-1].lstrip("/")])


def text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise OutboundError("Url must be a string. Received " + json.dumps(value))
    return value


def agent(world: World) -> str:
    return f"CHT/{builds.version(world)} (linux,x64)"


def authentication(config: Config) -> dict[str, Any]:
    """The `auth` of a destination with its type in lower case; {} if there is none."""
    auth = config["destination"].get("auth")
    if not auth:
        return {}
    kind = auth.get("type") if isinstance(auth, dict) else None
    if not kind or not isinstance(kind, str):
        raise OutboundError("No auth.type, either declare the type or omit the auth property")
    if kind.lower() not in AUTHS:
        raise OutboundError(f"Invalid auth type '{kind}'. Supported: {', '.join(AUTHS)}")
    return {**auth, "type": kind.lower()}


def proof(world: World, auth: dict[str, Any]) -> str:
    """The header Authorization."""
    if auth["type"] == "basic":
        pair = f"{text_of(auth.get('username'))}:{secret(world, auth.get('password_key'))}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    header = auth.get("name")
    if not isinstance(header, str) or header.lower() != "authorization":
        raise OutboundError(f"Unsupported header name '{header}'. Supported: authorization")
    return secret(world, auth.get("value_key"))


def secret(world: World, key: Any) -> str:
    found = credentials.read(world, key) if isinstance(key, str) else None
    if not found:
        raise OutboundError(f"Credentials for '{key}' have not been configured. See the Outbound documentation.")
    return found


# --- its end ---


@sentinel.when_ended(KIND)
def ended(world: World, call: outbox.Record, outcome: outbox.Outcome) -> None:
    """React to the end of a request: send the next one, record the success, or leave it to the schedule."""
    note = call["note"]
    fine = outcome.fine or (outcome.error is None and 300 < (outcome.status or 0) < 399)
    if fine and note.get("then"):
        url, body = note["then"]
        token = granted(outcome.body)
        if token is not None:
            headers = [("user-agent", agent(world)), ("accept", JSON), ("content-type", JSON)]
            send(world, f"{url}?{urlencode({'token': token})}", headers, body, {**note, "then": None})
            return
        fine = False
    change, rest = note.get("change"), note.get("rest")
    if fine:
        succeeded(world, note)
    elif change is not None:
        queue(world, note["doc"], note["push"], change)
    doc = documents.database(world).get(note["doc"]) if rest else None
    if doc is not None:
        in_turn(world, lineage.hydrate(world, doc, alone=change is not None), rest, change)


def granted(body: bytes) -> str | None:
    """The token from a login of type muso-sih."""
    try:
        answer = json_text.loads(body)
    except ValueError:
        return None
    if not isinstance(answer, dict) or answer.get("statut") != 200 or not isinstance(answer.get("data"), dict):
        return None
    return str(answer["data"].get("username_token", "undefined"))


def succeeded(world: World, note: dict[str, Any]) -> None:
    """Record what was sent, and remove the push from its task of the schedule."""
    notes = documents.database(world, infodocs.DATABASE)
    task = notes.get(task_id(note["doc"]))
    if note.get("change") is None and task is not None:
        shorten(world, task)
    info = infodocs.read(world, note["doc"])
    done = {"type": "outbound", "name": note["push"], "timestamp": world.clock.ms(), "hash": note["hash"]}
    notes.put({**info, "completed_tasks": [*(info.get("completed_tasks") or []), done]})


def task_id(doc: str) -> str:
    return f"task:outbound:{doc}"


def shorten(world: World, task: dict[str, Any]) -> None:
    """Take a push out of a task: the first, whichever was sent, since the server gives `splice` a name."""
    rest = task["queue"][1:]
    if rest:
        documents.database(world, infodocs.DATABASE).put({**task, "queue": rest})
    else:
        forget(world, task["_id"])


def forget(world: World, id: str) -> None:
    """Delete a task."""
    documents.database(world, infodocs.DATABASE).delete(id)
    if id in world.table(sentinel.STATE):
        world.table(sentinel.STATE).delete(id)


def queue(world: World, doc: str, key: str, change: int) -> None:
    """Leave a failed push to the schedule. A task that an earlier change left there is not extended."""
    tasks, id = documents.database(world, infodocs.DATABASE), task_id(doc)
    task = tasks.get(id)
    if task is None:
        world.table(sentinel.STATE).put(id, {"change": change})
        tasks.put({"_id": id, "type": "task:outbound", "created": world.clock.ms(), "doc_id": doc, "queue": [key]})
        world.alarm(ALARM, world.clock.ms())  # so that the schedule runs when it is due
    elif key not in task["queue"] and (world.table(sentinel.STATE).peek(id) or {}).get("change") == change:
        tasks.put({**task, "queue": [*task["queue"], key]})
