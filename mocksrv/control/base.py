"""What every route of the control plane needs: the blueprint, who may call it, its answers and its problems.

Each route is there twice: `/_mocksrv/...` is about the default world, `/~name/_mocksrv/...` about that world.
Errors are RFC 9457 problem details whose `type` ends in a named code.
"""

from __future__ import annotations

import hmac
import json
import math
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from mocksrv.call import BIG, Headers, weight
from mocksrv.config import Config, is_loopback
from mocksrv.control.describe import TOLD
from mocksrv.journal.metrics import Meter
from mocksrv.operation import Operation
from mocksrv.problems import PROBLEM, NoRoom, problem
from mocksrv.serving.wsgi import SLASH
from mocksrv.vendor import Vendor
from mocksrv.world import DEFAULT, World
from mocksrv.worlds import Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CONTROL = "/_mocksrv"
PROXIES = ("HTTP_VIA", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
MAX_BODY = 64 * 1024 * 1024
INSTANCE = uuid.uuid4().hex  # of this process: tells a restarted server from the one that was there before

control = Blueprint("control", __name__)


class ControlError(Exception):
    """A request that the control plane refuses: a named code, a status and a text with the next step."""

    def __init__(self, code: str, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.code, self.status, self.detail, self.more = code, status, detail, more


def answer(data: Any, status: int = 200) -> Response:
    kind = PROBLEM if status >= 400 else "application/json"
    text = json.dumps(data, ensure_ascii=False) + "\n"
    # A half of a UTF-16 character, which callers can give in JSON, has no UTF-8; as \\ud800 it is JSON again.
    return Response(text.encode(errors="backslashreplace"), status, content_type=kind)


def forbidden(environ: WSGIEnvironment, config: Config, path: str) -> tuple[int, Headers, bytes] | None:
    """The refusal of callers that are not on loopback and do not have the token; None for others.

    Health, readiness and the CA's certificate are for everybody: containers' platforms and clients ask from outside.
    The page itself, where there is a token: it holds nothing of any world, and asks for the token.
    `path` is the one that is looked up, from `/_mocksrv` on.
    """
    part = path.removeprefix(CONTROL)
    if part in ("/health", "/ready", "/ca.pem"):
        return None
    if config.controlled_by == "off":
        text = "the control plane is off (--control)"
    elif config.controlled_by == "token":
        if part in ("", "/") or part.startswith("/page/"):
            return None
        scheme, _, given = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if config.token and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(),
                                                                                config.token.encode()):
            return None
        text = "send Authorization: Bearer and the token"
    elif not is_loopback(environ.get("REMOTE_ADDR") or "127.0.0.1"):
        text = "the control plane answers on loopback only; set MOCKSRV_TOKEN to open it with a token"
    elif stranger := sent_by(environ):
        text = f"{stranger}; use 127.0.0.1 or localhost, or set MOCKSRV_TOKEN to open the control plane with a token"
    else:
        return None
    body = json.dumps(problem("forbidden", 403, text)).encode() + b"\n"
    return 403, [("Content-Type", PROBLEM), ("Content-Length", str(len(body)))], body


def sent_by(environ: WSGIEnvironment) -> str:
    """Who calls by way of a proxy or a browser on this machine, in words; "" for a direct call.

    A proxy calls from loopback for anybody. So does a browser for any page: one whose name was made to lead to
    127.0.0.1 (DNS rebinding) shows in Host, one that posts to us from its own site shows in Origin and Sec-Fetch-Site.
    """
    for key in environ:
        if key in PROXIES or key.startswith("HTTP_X_FORWARDED_"):
            return f"the request came through a proxy ({key.removeprefix('HTTP_').replace('_', '-').title()})"
    host = environ.get("HTTP_HOST", "localhost")
    if not local(host):
        return f"the control plane does not answer to the name {host!r}"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin.partition("://")[2] != host:
        return f"the request comes from a page of {origin!r}"
    if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site":
        return "the request comes from a page of another site"
    return ""


def local(host: str) -> bool:
    """Whether a Host header names this machine by loopback's address or name."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return is_loopback(name)


@control.url_value_preprocessor
def with_slashes(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """The name with its encoded slashes, which were replaced while the route was looked up."""
    if values is not None:
        values.update({key: value.replace(SLASH, "/") for key, value in values.items() if isinstance(value, str)})


@control.errorhandler(ControlError)
def refuse(error: ControlError) -> Response:
    return answer(problem(error.code, error.status, error.detail) | error.more, error.status)


@control.errorhandler(OSError)
def refuse_unwritable(error: OSError) -> Response:
    return answer(problem("not-kept", 507, f"the data file cannot be written ({error.strerror or error})"), 507)


@control.errorhandler(NoRoom)
def refuse_more(error: NoRoom) -> Response:
    response = answer(problem(error.code, error.status, str(error)), error.status)
    response.headers.extend(error.headers)
    return response


def refuse_route(error: HTTPException) -> Response:
    """The answer to a path or method that the control plane does not have."""
    code = error.code or 500
    text = error.description or ""
    if code == 404:
        text = f"{request.path} is no route of the control plane; docs/control.md lists them"
    allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    response = answer(problem(error.name.lower().replace(" ", "-"), code, f"use {allowed}" if allowed else text), code)
    if allowed:
        response.headers["Allow"] = allowed
    return response


# --- what views ask ---


class Server(Protocol):
    """What the control plane needs of the application that it belongs to."""

    vendors: dict[str, Vendor[Any]]
    operations: dict[str, Operation]
    settings: Config
    worlds: Worlds
    meter: Meter

    def app_context(self) -> AbstractContextManager[Any]: ...


def app() -> Server:
    return cast("Server", current_app)


def worlds() -> Worlds:
    return app().worlds


def name() -> str:
    return str(request.environ.get("mocksrv.world", DEFAULT))


def world() -> World:
    return worlds()[name()]


def payload() -> dict[str, Any]:
    """The request's JSON object, empty if there is no body; refuses members that the route does not declare."""
    takes = TOLD[str(request.endpoint).rpartition(".")[2]].takes
    known = takes if isinstance(takes, Mapping) else ()
    if (request.content_length or 0) > MAX_BODY:
        raise ControlError("too-large", 413, f"send at most {MAX_BODY} bytes")
    text = request.get_data(cache=False)
    if not text:
        return {}
    if len(text) > BIG:
        worlds().check_room(weight(text))
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


def number(data: Mapping[str, Any], key: str, unit: str = "") -> float:
    value = data[key]
    try:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError
        return float(value)
    except (ValueError, OverflowError):  # an int beyond all floats
        raise ControlError("not-a-number", 400, f"{key} takes a number{unit and f' of {unit}'}") from None
