"""What every route of the control plane needs: the blueprint, who may call it, its answers and its problems.

Each route is there twice: `/_mocksrv/...` is about the default world, `/~name/_mocksrv/...` about that world.
Errors are RFC 9457 problem details whose `type` ends in a named code.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import math
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from mocksrv.config import Config
from mocksrv.operation import Headers
from mocksrv.world import DEFAULT, TooManyWorlds, World, Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from mocksrv.app import Simulator

CONTROL = "/_mocksrv"
PROBLEM = "application/problem+json"
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

    Health, readiness and the CA's certificate are for everybody: containers' platforms and clients ask from outside.
    """
    if environ["PATH_INFO"].rpartition(CONTROL)[2] in ("/health", "/ready", "/ca.pem"):
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


@control.errorhandler(TooManyWorlds)
def refuse_world(error: TooManyWorlds) -> Response:
    return answer(problem("too-many-worlds", 503, str(error)), 503)


@control.app_errorhandler(HTTPException)
def refuse_route(error: HTTPException) -> Response:
    code = error.code or 500
    response = answer(problem(error.name.lower().replace(" ", "-"), code, error.description or ""), code)
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


# --- what views ask ---


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
        raise ControlError("not-a-number", 400, f"{key} takes a number")
    return float(value)
