"""The control plane under /_mocksrv: worlds, clock, journal, faults, snapshots. JSON in and out.

Each route is there twice: `/_mocksrv/...` is about the default world, `/~name/_mocksrv/...` about that world.
Errors are RFC 9457 problem details whose `type` ends in a named code.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import math
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from mocksrv.clock import ClockRange
from mocksrv.config import Config, ConfigError, parse_seed, parse_size
from mocksrv.journal import KEPT
from mocksrv.operation import Headers
from mocksrv.world import DEFAULT, World, Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mocksrv.app import Simulator

CONTROL = "/_mocksrv"
PROBLEM = "application/problem+json"
NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)
MAX_BODY = 64 * 1024 * 1024
INSTANCE = uuid.uuid4().hex  # of this process: tells a restarted server from the one that was there before

control = Blueprint("control", __name__)


class ControlError(Exception):
    """A request that the control plane refuses: a named code, a status and a text with the next step."""

    def __init__(self, code: str, status: int, detail: str) -> None:
        super().__init__(detail)
        self.code, self.status, self.detail = code, status, detail


def problem(code: str, status: int, detail: str) -> dict[str, Any]:
    """RFC 9457 problem details."""
    return {"type": f"about:mocksrv#{code}", "title": code.replace("-", " "), "status": status, "detail": detail}


def answer(data: Any, status: int = 200) -> Response:
    kind = PROBLEM if status >= 400 else "application/json"
    return Response(json.dumps(data, ensure_ascii=False) + "\n", status, content_type=kind)


def forbidden(environ: WSGIEnvironment, config: Config) -> tuple[int, Headers, bytes] | None:
    """The refusal for callers from elsewhere: the control plane is for loopback, or for those who have the token.

    Health and readiness tell nothing and are for everybody, as container platforms ask from outside.
    """
    if environ["PATH_INFO"].rpartition(CONTROL)[2] in ("/health", "/ready"):
        return None
    if config.token:
        given = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), config.token.encode()):
            return None
    elif loopback(environ.get("REMOTE_ADDR") or "127.0.0.1"):
        return None
    text = ("send Authorization: Bearer and the token" if config.token
            else "the control plane answers on loopback only; set MOCKSRV_TOKEN to open it with a token")
    body = json.dumps(problem("forbidden", 403, text)).encode() + b"\n"
    return 403, [("Content-Type", PROBLEM), ("Content-Length", str(len(body)))], body


def loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


@control.errorhandler(ControlError)
def refuse(error: ControlError) -> Response:
    return answer(problem(error.code, error.status, error.detail), error.status)


@control.app_errorhandler(HTTPException)
def refuse_route(error: HTTPException) -> Response:
    code = error.code or 500
    response = answer(problem(error.name.lower().replace(" ", "-"), code, error.description or ""), code)
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


# --- what every view needs -------------------------------------------------------------------------------------


def app() -> Simulator:
    return cast("Simulator", current_app)


def worlds() -> Worlds:
    return app().worlds


def name() -> str:
    return str(request.environ.get("mocksrv.world", DEFAULT))


def world() -> World:
    return worlds()[name()]


def payload(*known: str) -> dict[str, Any]:
    """The request's JSON object, empty if there is no body; refuses members that are not known."""
    if (request.content_length or 0) > MAX_BODY:
        raise ControlError("too-large", 413, f"send at most {MAX_BODY} bytes")
    text = request.get_data(cache=False)
    if not text:
        return {}
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise ControlError("not-json", 400, "the body must be a JSON object") from None
    if not isinstance(data, dict):
        raise ControlError("not-json", 400, "the body must be a JSON object")
    for key in data:
        if known and key not in known:
            raise ControlError("unknown-member", 400, f"{key!r} is not known here; use {', '.join(known)}")
    return data


def number(data: Mapping[str, Any], key: str) -> float:
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ControlError("not-a-number", 400, f"{key} takes a number of seconds")
    return float(value)


# --- state of the server ---------------------------------------------------------------------------------------


@control.get("/health")
def health() -> Response:
    return answer({"status": "ok"})


@control.get("/ready")
def ready() -> Response:
    """Seeded and serving; `instance` is new with each start of a server."""
    return answer({"ready": True, "instance": INSTANCE, "vendors": list(app().vendors)})


@control.get("/credentials")
def credentials() -> Response:
    """Ready-made credentials, with base URLs as this caller sees the server."""
    base = f"{request.scheme}://{request.host}{request.environ.get('SCRIPT_NAME', '')}"
    return answer({vendor.name: vendor.credentials(world(), base) for vendor in app().vendors.values()})


@control.get("/operations")
def operations() -> Response:
    return answer([operation.describe() for vendor in app().vendors.values() for operation in vendor.operations])


@control.get("/openapi/<vendor>.json")
def openapi(vendor: str) -> Response:
    """The OpenAPI 3.1 document of a vendor."""
    from mocksrv.openapi import document

    if vendor not in app().vendors:
        raise ControlError("no-such-vendor", 404, f"vendor is one of {', '.join(app().vendors)}")
    prefix = request.environ.get("SCRIPT_NAME", "")
    return answer(document(app().vendors[vendor], f"{request.scheme}://{request.host}{prefix}"))


# --- worlds ----------------------------------------------------------------------------------------------------


def describe(one: World) -> dict[str, Any]:
    prefix = "" if one.name == DEFAULT else f"/~{one.name}"
    return {"name": one.name, "prefix": prefix, "clock": clock_state(one), "exchanges": len(one.journal)}


@control.get("/worlds")
def list_worlds() -> Response:
    return answer([describe(one) for one in worlds()])


@control.post("/worlds")
def make_world() -> Response:
    """Make the world of that `name` anew: a fork of the seeded origin, or with its own `seed`, `size`, `settings`."""
    data = payload("name", "seed", "size", "settings")
    key = data.get("name")
    if not isinstance(key, str) or not NAME.fullmatch(key):
        raise ControlError("bad-name", 400, "name takes 1 to 64 letters, digits, dots, dashes or underscores")
    try:
        if data.keys() & {"seed", "size"}:
            wanted = {"seed": app().settings.seed, "size": app().settings.size} | data
            source = worlds().plant(parse_seed(wanted["seed"]), parse_size(wanted["size"]))
        else:
            source = worlds().origin
    except ConfigError as error:
        raise ControlError("bad-setting", 400, str(error)) from None
    settings = parsed(data.get("settings", {}))
    made = worlds().replace(key, source)
    made.settings |= settings
    return answer(describe(made), 201)


def parsed(settings: Any) -> dict[str, Any]:
    if not isinstance(settings, dict):
        raise ControlError("bad-setting", 400, 'settings takes an object such as {"cht.conformance": "strict"}')
    try:
        return worlds().parse(settings)
    except ConfigError as error:
        raise ControlError("bad-setting", 400, str(error)) from None


@control.get("/settings")
def read_settings() -> Response:
    """The vendors' settings in this world."""
    return answer(world().settings)


@control.post("/settings")
def change_settings() -> Response:
    """Change some of the vendors' settings in this world."""
    changes = parsed(payload())
    one = world()
    with one.lock:
        one.settings |= changes
        one.commit()
    return answer(one.settings)


@control.delete("/worlds/<key>")
def delete_world(key: str) -> Response:
    if not worlds().delete(key):
        raise ControlError("no-such-world", 404, f"there is no world {key!r}; GET {CONTROL}/worlds lists them")
    return Response(status=204)


@control.delete("/world")
def forget_world() -> Response:
    """Forget this world, if it is there; asking for it again makes a new one."""
    worlds().delete(name())
    return Response(status=204)


@control.post("/reset")
def reset() -> Response:
    """Begin again with the seeded data."""
    payload()
    return answer(describe(worlds().reset(name())))


# --- snapshots -------------------------------------------------------------------------------------------------


@control.get("/snapshots")
def list_snapshots() -> Response:
    return answer([{"name": label, "world": kept.name, "clock": clock_state(kept)}
                   for label, kept in worlds().snapshots.items()])


@control.post("/snapshots")
def make_snapshot() -> Response:
    """Keep this world under a name."""
    label = payload("name").get("name")
    if not isinstance(label, str) or not label:
        raise ControlError("no-name", 400, 'send {"name": "..."}')
    worlds().snapshot(name(), label)
    return answer({"name": label, "world": name()}, 201)


def kept(label: str) -> World:
    found = worlds().snapshots.get(label)
    if found is None:
        raise ControlError("no-such-snapshot", 404, f"no snapshot {label!r}; GET {CONTROL}/snapshots lists them")
    return found


@control.get("/snapshots/<label>")
def download_snapshot(label: str) -> Response:
    """The whole snapshot as JSON."""
    return answer(kept(label).dump())


@control.post("/snapshots/<label>/restore")
def restore_snapshot(label: str) -> Response:
    """Make this world what the snapshot was."""
    payload()
    return answer(describe(worlds().replace(name(), kept(label))))


@control.delete("/snapshots/<label>")
def delete_snapshot(label: str) -> Response:
    kept(label)
    del worlds().snapshots[label]
    return Response(status=204)


# --- clock -----------------------------------------------------------------------------------------------------


def clock_state(one: World) -> dict[str, Any]:
    return {"now": one.clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "frozen": one.clock.frozen is not None, "skew": one.clock.skew}


@control.get("/clock")
def read_clock() -> Response:
    return answer(clock_state(world()))


@control.post("/clock")
def change_clock() -> Response:
    """Any of: `freeze` (true or false), `set` (ISO 8601), `skew` and `advance` (seconds); done in that order."""
    data = payload("advance", "freeze", "set", "skew")
    one = world()
    with one.lock:
        moved = one.clock.copy()
        if "freeze" in data:
            if not isinstance(data["freeze"], bool):
                raise ControlError("not-a-truth", 400, "freeze takes true or false")
            moved.freeze(data["freeze"])
        try:
            if "set" in data:
                moved.set(moment(data["set"]))
            if "skew" in data:
                moved.set_skew(number(data, "skew"))
            if "advance" in data:
                moved.advance(number(data, "advance"))
        except ClockRange as error:
            raise ControlError("clock-range", 400, str(error)) from None
        one.clock = moved
        one.commit()
    return answer(clock_state(one))


def moment(value: Any) -> datetime:
    """An ISO 8601 date-time; without a zone it is UTC."""
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ControlError("not-a-time", 400, "set takes an ISO 8601 time such as 2026-01-31T09:30:00Z") from None


# --- journal and faults ----------------------------------------------------------------------------------------

FILTERS = ("vendor", "operation", "method", "status", "caller")


@control.get("/journal")
def read_journal() -> Response:
    """The last exchanges; query: vendor, operation, method, status, caller, limit."""
    wanted: dict[str, Any] = {key: request.args[key] for key in FILTERS if key in request.args}
    try:
        if "status" in wanted:
            wanted["status"] = int(wanted["status"])
        limit = int(request.args.get("limit", KEPT))
        if limit < 0:
            raise ValueError
    except ValueError:
        raise ControlError("not-a-number", 400, "status and limit take whole numbers") from None
    return answer([entry.describe() for entry in world().journal.find(limit, **wanted)])


@control.delete("/journal")
def clear_journal() -> Response:
    world().journal.clear()
    return Response(status=204)


@control.get("/faults")
def list_faults() -> Response:
    return answer([fault.describe() for fault in world().faults.list()])


@control.post("/faults")
def add_fault() -> Response:
    """A fault: `vendor` and `operation` aim it; `status`, `delay` or `cut_after` is what happens, `times` how often."""
    data = payload("vendor", "operation", "status", "delay", "cut_after", "times")
    for key, low, high in (("status", 100, 599), ("cut_after", 0, 10**6), ("times", 1, 10**6)):
        value = data.get(key, low)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ControlError("not-a-number", 400, f"{key} takes a whole number from {low} to {high}")
    if not 0 <= number({"delay": 0, **data}, "delay") <= 600:
        raise ControlError("not-a-number", 400, "delay takes seconds from 0 to 600")
    if not data.keys() & {"status", "delay", "cut_after"}:
        raise ControlError("no-effect", 400, "say what goes wrong: status, delay or cut_after")
    vendor, operation = data.get("vendor"), data.get("operation")
    if vendor is not None and vendor not in app().vendors:
        raise ControlError("no-such-vendor", 400, f"vendor is one of {', '.join(app().vendors)}")
    if operation is not None and not any(op.name == operation and vendor in (None, op.vendor)
                                         for op in app().operations.values()):
        raise ControlError("no-such-operation", 400, f"{operation!r} is none; GET {CONTROL}/operations lists them")
    return answer(world().faults.add(**data).describe(), 201)


@control.delete("/faults/<int:id>")
def delete_fault(id: int) -> Response:
    if not world().faults.remove(id):
        raise ControlError("no-such-fault", 404, f"there is no fault {id}; GET {CONTROL}/faults lists them")
    return Response(status=204)


@control.delete("/faults")
def clear_faults() -> Response:
    world().faults.clear()
    return Response(status=204)
