"""The way of a request: from the WSGI environment to a vendor's answer. Readable top to bottom.

Each vendor is a Flask blueprint, and each of its operations a route; the control plane is a blueprint, too. Vendors
differ in what they check before the route, so their views all go the same way, `Simulator.short_way`. Where nobody has
hooked into Flask (`before_request`, `after_request`, `errorhandler` ...) a request goes there at once: Flask's own
dispatch would give the same answer and cost as much again.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from mocksrv import near_misses
from mocksrv.answers import given
from mocksrv.call import Call, Finished, Refusal, Reply
from mocksrv.clock import pause, stopwatch
from mocksrv.config import VENDORS, Config
from mocksrv.control import CONTROL, control, first_contact, forbidden, refuse_route
from mocksrv.control.base import MAX_BODY
from mocksrv.faults import Fault, Obstructed, obstruct
from mocksrv.journal import BODY, Entry
from mocksrv.journal.metrics import Meter
from mocksrv.journal.redaction import redact_target
from mocksrv.operation import Operation
from mocksrv.problems import DIAGNOSIS, PROBLEM, FromElsewhere, NoRoom, NotSimulated, OutOfMemory, OwnRefusal, no_world
from mocksrv.routing import ExactRule, LateMap, Routes, rule_of
from mocksrv.serving.wsgi import dated, header_safe, headers_of, path_of, quoted_target, status_line, take_world
from mocksrv.vendor import Vendor
from mocksrv.world import DEFAULT, World, stream
from mocksrv.worlds import Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("mocksrv")

ASKED = "mocksrv.asked"  # in the WSGI environment
ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)


class Simulator(Flask):
    """The WSGI application: all vendors and the control plane."""

    url_rule_class = ExactRule  # type: ignore[assignment]
    url_map_class = LateMap
    _hooks: bool | None = None  # whether there are any; None: something was registered since

    def __init__(self, vendors: Iterable[Vendor[Any]], config: Config, worlds: Worlds) -> None:
        super().__init__("mocksrv", static_folder=None)
        self.vendors = {vendor.name: vendor for vendor in vendors}
        self.settings = config
        self.worlds = worlds
        self._marks = [(f"HTTP_{name.upper().replace('-', '_')}", vendor)
                       for vendor in self.vendors.values() for name in vendor.marks]
        self.meter = Meter()
        self.operations: dict[str, Operation] = {}
        self.url_map.merge_slashes = False
        for vendor in self.vendors.values():
            self.register_blueprint(self._blueprint(vendor), url_prefix=f"/{vendor.name}")
        self.register_blueprint(control, url_prefix=CONTROL)
        self.register_error_handler(HTTPException, self._refuse)
        self.routes = Routes(self.operations, self.url_map.converters)
        self._own_handlers = self._error_handlers()

    def _blueprint(self, vendor: Vendor[Any]) -> Blueprint:
        """A vendor's operations as routes."""
        blueprint = Blueprint(vendor.name, __name__)
        for operation in vendor.operations:
            self.operations[f"{vendor.name}.{operation.name}"] = operation
            for path in operation.paths:
                rule = rule_of(path, self.url_map.converters)
                blueprint.add_url_rule(rule, operation.name, self._view, methods=[operation.method],
                                       provide_automatic_options=False, strict_slashes=True, merge_slashes=False)
        return blueprint

    # --- the way of a request ----------------------------------------------------------------------------------

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pick the vendor. Flask dispatches the control plane, and all requests if it has hooks."""
        target = environ.get("mocksrv.target") or quoted_target(environ)
        prefix, name, path = place_of(environ, target)
        if is_control(path):
            return self._control(environ, start_response, prefix, name, path)
        asked = Asked(target, *self._vendor(prefix, name, path, environ))
        if not self._hooked:
            return self._answer_asked(asked, environ, start_response)
        inner = {"SCRIPT_NAME": asked.prefix.removesuffix(f"/{asked.vendor.name}"),
                 "PATH_INFO": f"/{asked.vendor.name}{asked.path}".encode().decode("latin-1"), ASKED: asked}
        return super().wsgi_app(environ | inner, start_response)

    @property
    def _hooked(self) -> bool:
        """Whether Flask hooks such as `before_request` are registered; looked up after each set-up method."""
        if self._hooks is None:
            self._hooks = self._look_for_hooks()
        return self._hooks

    def _check_setup_finished(self, f_name: str) -> None:
        """Flask calls this first in whatever registers something."""
        super()._check_setup_finished(f_name)
        self._hooks = None

    def _look_for_hooks(self) -> bool:
        registered = (self.before_request_funcs, self.after_request_funcs, self.teardown_request_funcs,
                      self.url_value_preprocessors)
        foreign = (function for functions in registered for name, known in functions.items() if name != control.name
                   for function in known)
        return any(foreign) or bool(self.teardown_appcontext_funcs) or self._error_handlers() != self._own_handlers

    def _error_handlers(self) -> int:
        return sum(len(handlers) for by_code in self.error_handler_spec.values() for handlers in by_code.values())

    def dispatch_request(self) -> ResponseReturnValue:
        """Flask's dispatch, but the vendor answers a path that lacks its final slash."""
        if ASKED in request.environ and isinstance(request.routing_exception, RequestRedirect):
            return self._view()
        return super().dispatch_request()

    def _view(self, **_params: str) -> WSGIApplication:
        """The view function of all operations of all vendors."""
        return self.short_way

    def _refuse(self, error: HTTPException) -> ResponseReturnValue:
        """The vendor's own answer to a path or method for which Flask finds no route."""
        return self._view() if ASKED in request.environ else refuse_route(error)

    def short_way(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """A vendor's answer to a request."""
        return self._answer_asked(environ[ASKED], environ, start_response)

    def _answer_asked(self, asked: Asked, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target, vendor, prefix, name, path = asked
        try:
            if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site" and (name or DEFAULT) not in self.worlds:
                raise FromElsewhere
            world = self.worlds[name or DEFAULT]
        except (NoRoom, FromElsewhere) as error:
            return no_world(error, dated(start_response))
        root = path == "/" and not prefix.endswith(f"/{vendor.name}")
        if root and first_contact.is_first(environ) and not (
                self.settings.controlled_by == "off" or world.faults
                or self.routes.has(vendor, "/")):
            return first_contact.greet(world.prefix, start_response)
        call = vendor.call_type(
            method=environ["REQUEST_METHOD"],
            path=vendor.route(world, path),
            target=target,
            headers=headers_of(environ),
            input=environ["wsgi.input"],
            remote_addr=environ.get("REMOTE_ADDR") or "127.0.0.1",
            scheme=environ["wsgi.url_scheme"],
            host=environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}",
            prefix=prefix,
            max_body=vendor.max_body,
            connection=environ.get("mocksrv.connection"),
            room=self._room,
        )
        try:
            reply = vendor.encode(call, self.answer(world, vendor, call))
        except NoRoom as error:  # another process holds the world since a moment
            return no_world(error, dated(start_response))
        start_response(status_line(reply.status), reply.headers)
        if call.method == "HEAD":
            if reply.streams:
                reply.body.close()  # noted in the journal now, and not when the garbage is collected
            return []
        return reply.body if reply.streams else [reply.body]

    def answer(self, world: World, vendor: Vendor[Any], call: Call) -> Reply:
        """Answer one request in one world: find route and fault, identify and admit the caller, run the handler,
        render.
        """
        entry = Entry(world.journal.next_id(), world.clock.iso(), call.method, call.target, call.headers, vendor.name)
        began = stopwatch()
        with self.worlds.big if call.big else nullcontext(), world.lock:
            world.begin()
            result, fault = self._handle(world, vendor, call)
            if fault:
                call.diagnose(f"fault {fault.id} of this world struck; "
                              f"DELETE {world.prefix}{CONTROL}/faults/{fault.id} removes it")
            grown = world.store.ledger.grown
            if grown > 0 and not self.worlds.reserve(grown, held=True):
                world.undo()
                result = OwnRefusal(OutOfMemory(self.settings.memory))
            try:
                reply = self._render(world, vendor, call, result)
            except Exception as error:
                result = failed(world, vendor, call, error)
                reply = self._render(world, vendor, call, result)
            vendor.answered(world, call, result, reply)
            delay = fault.seconds(world.random) if fault else 0.0
            try:
                world.commit()
            except OSError as error:
                reply = self._render(world, vendor, call, not_kept(world, vendor, call, error))
        if delay:
            pause(delay)  # without the lock: nobody else waits for it
        return self._close(world, vendor, call, entry, fault, reply, began)

    def _room(self, size: int) -> None:
        """Refuse a body that would take so much memory, where there is not so much."""
        try:
            self.worlds.check_room(size)
        except NoRoom as error:
            raise OwnRefusal(error) from None

    def _handle(self, world: World, vendor: Vendor[Any], call: Call) -> tuple[Any, Fault | None]:
        """The result of the operation or a refusal, and the fault that hit the call."""
        fault = None
        aimed = bool(world.faults)  # whether anything is: asked once, as mostly nothing is
        try:
            vendor.run_due(world)
            if world.store.on_disk and world.store.ledger.steps:
                self._keep_due(world)
            call.release = vendor.running(world)
            self.routes.find(vendor, call)
            if aimed:
                fault = obstruct(world.faults.pick(vendor.name, call, world.random), vendor.failure)
            vendor.identify(world, call)
            if aimed and fault is None and (caller := vendor.caller_name(call)):
                fault = obstruct(world.faults.pick(vendor.name, call, world.random, caller), vendor.failure)
            vendor.admit(world, call)
            assert call.operation is not None, "admit let an unknown route pass"
            if aimed and (own := self._own_answer(world, vendor, call)):
                return own, fault
            if not call.operation.simulated:
                raise OwnRefusal(NotSimulated(call.operation))
            return call.operation.run(world, call), fault
        except Obstructed as error:
            return error.refusal, error.fault
        except Refusal as refusal:
            return refusal, fault
        except Exception as error:
            return failed(world, vendor, call, error), fault

    def _own_answer(self, world: World, vendor: Vendor[Any], call: Call) -> Any:
        """What the people of this world have the operation answer to this call; None if they say nothing."""
        own = world.faults.pick_answer(vendor.name, call, world.random, vendor.caller_name(call))
        if own is None:
            return None
        call.answered_by = f"own answer {own.id}"
        call.diagnose(f"answered by {call.answered_by} of this world, so its truth is yours; "
                      f"DELETE {world.prefix}{CONTROL}/faults/{own.id} removes it")
        return given(own, world, vendor, call)

    def _keep_due(self, world: World) -> None:
        """Commit what background jobs have written: if the disk is full they run later, and the request goes on."""
        self.worlds.reserve(world.store.ledger.grown, held=True)
        try:
            world.commit()
        except OSError as error:
            log.error("the data file cannot be written: %s; background jobs wait", error)
            world.undo()
        world.begin()

    def _render(self, world: World, vendor: Vendor[Any], call: Call, result: Any) -> Reply:
        """The answer's bytes, with the diagnosis of a refusal in its header."""
        if isinstance(result, Refusal):
            near_misses.diagnose(vendor, call, result)
            near_misses.worldless(call, self.worlds)
            if call.operation is None and not call.prefix.endswith(f"/{vendor.name}"):
                rivals = [one for one in self.vendors.values() if one is not vendor and one.claims(call.path)]
                near_misses.shadowed(vendor, rivals, call)
        if isinstance(result, OwnRefusal):
            reply = Reply(json.dumps(result.body).encode(), result.status, [("Content-Type", PROBLEM)])
        elif isinstance(result, Finished):
            reply = result
        else:
            reply = vendor.render(world, call, result)
        if call.diagnosis:
            reply.headers.append((DIAGNOSIS, header_safe("; ".join(call.diagnosis))))
        named = {name.lower() for name, _ in reply.headers}
        if isinstance(reply.body, bytes) and not reply.chunked and "content-length" not in named:
            reply.headers.append(("Content-Length", str(len(reply.body))))
        if "date" not in named:
            reply.headers.append(("Date", world.clock.http()))
        return reply

    def _close(self, world: World, vendor: Vendor[Any], call: Call, entry: Entry, fault: Fault | None, reply: Reply,
               began: float) -> Reply:
        """Write the exchange into the journal; a stream's when its last chunk is made."""
        entry.operation = call.operation.name if call.operation else None
        entry.caller = vendor.caller_name(call)
        entry.fault = None if fault is None else str(fault.id)
        entry.answered_by = call.answered_by
        entry.status, entry.diagnosis, entry.failed = reply.status, call.diagnosis, call.failed
        entry.response_headers = reply.headers
        entry.request_body, entry.request_size = call.read_body, len(call.read_body)
        if entry.request_size > self.settings.kept_body:
            entry.cut()

        def close(body: bytes, size: int) -> None:
            entry.response_body, entry.response_size, entry.seconds = body[:BODY], size, stopwatch() - began
            world.journal.add(entry)
            self.worlds.reserve(entry.weight, held=True)
            self.meter.add(vendor.name, entry.operation, entry.status, entry.seconds, failed=entry.failed)
            if self.settings.log != "off":
                log.info(entry.line(self.settings.log, world.name))

        if reply.streams:
            reply.body = stream(world, reply.body, close)
            next(reply.body)  # from here on its end is noted, even if nobody reads it
        else:
            close(reply.body, len(reply.body))
        if fault:
            fault.apply_to(call, reply)
        return reply

    # --- where a path belongs ----------------------------------------------------------------------------------

    def longest_body(self, environ: WSGIEnvironment) -> int:
        """How many bytes of a body are taken there; the server does not wait for longer ones."""
        prefix, name, path = place_of(environ, environ.get("mocksrv.target") or quoted_target(environ))
        return MAX_BODY if is_control(path) else self._vendor(prefix, name, path, environ)[0].max_body

    def _named(self, environ: WSGIEnvironment) -> Vendor[Any] | None:
        """The vendor that the header X-Mocksrv-Vendor names, or the host: `cht.localhost`."""
        host = environ.get("HTTP_HOST", "").partition(".")[0].lower()
        return self.vendors.get(environ.get("HTTP_X_MOCKSRV_VENDOR") or host)

    def _vendor(self, prefix: str, name: str | None, path: str,
                environ: WSGIEnvironment) -> tuple[Vendor[Any], str, str | None, str]:
        """The vendor of a path: by its mount (`/carehq/...`), by its name, by claim, else by the headers of its
        clients; the last one takes the rest.
        """
        mount, slash, _rest = path[1:].partition("/")
        if mount in self.vendors and (slash or len(self.vendors) > 1):
            prefix, path = f"{prefix}/{mount}", path[len(mount) + 1 :] or "/"
            if name is None:
                prefix, name, path = take_world(prefix, path)
            return self.vendors[mount], prefix, name, path
        if named := self._named(environ):
            return named, prefix, name, path
        *others, last = self.vendors.values()
        found = (next((vendor for vendor in others if vendor.claims(path)), None)
                 or next((vendor for key, vendor in self._marks if key in environ), last))
        return found, prefix, name, path

    def _control(self, environ: WSGIEnvironment, start_response: StartResponse, prefix: str, name: str | None,
                 path: str) -> Iterable[bytes]:
        start_response = dated(start_response)
        if answer := forbidden(environ, self.settings, path):
            status, headers, body = answer
            start_response(status_line(status), headers)
            return [body]
        inner = environ | {"SCRIPT_NAME": prefix, "PATH_INFO": path.encode().decode("latin-1"),
                           "mocksrv.world": name or DEFAULT}
        return super().wsgi_app(inner, start_response)


def place_of(environ: WSGIEnvironment, target: str) -> tuple[str, str | None, str]:
    """What is before the path of a request, the world that it names, and the path."""
    mounted = environ.get("SCRIPT_NAME", "")  # where another WSGI application has put this one
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    if ENCODED_SLASH.search(target):
        path = path_of(target).removeprefix(mounted)
    if not path.startswith("/"):
        path = f"/{path}"  # "*", which OPTIONS may ask for
    return take_world(mounted, path)


def is_control(path: str) -> bool:
    return path == CONTROL or path.startswith(f"{CONTROL}/")


class Asked(NamedTuple):
    """Where a request goes: its target as it came, and what `Simulator._vendor` found."""

    target: str
    vendor: Vendor[Any]
    prefix: str
    world: str | None
    path: str


def failed(world: World, vendor: Vendor[Any], call: Call, error: Exception) -> Refusal:
    """The vendor's 500 for a failure of ours; everything that the request has written is undone."""
    log.error("%s %s failed", call.method, redact_target(call.target), exc_info=error)
    world.undo()
    call.failed = True
    call.diagnose(f"mocksrv itself failed here ({type(error).__name__}: {error}); nothing was written; "
                  "please report it")
    return vendor.failure(500)


def not_kept(world: World, vendor: Vendor[Any], call: Call, error: OSError) -> Refusal:
    """The vendor's answer when the data file cannot be written: 507; the request's writes are undone."""
    log.error("the data file cannot be written: %s", error)
    world.undo()
    call.failed = True
    call.diagnose(f"the data file cannot be written ({error.strerror or error}); nothing of this request was kept")
    return vendor.failure(507)


def load_vendors(names: Iterable[str]) -> list[Vendor[Any]]:
    """The vendors of those names, with all their operations. Raises ConfigError for one of another package that cannot
    be used.
    """
    return [import_module(f"mocksrv.vendors.{name}").vendor if name in VENDORS else from_package(name)
            for name in names]


def from_package(name: str) -> Vendor[Any]:
    """A vendor that another package brings along. Raises ConfigError."""
    from mocksrv.plugins.loading import load

    return load(name)


def create_app(config: Config | None = None, progress: Callable[[str], None] | None = None) -> Simulator:
    """The application with its worlds seeded; `progress` is told of what takes long. Raises ConfigError."""
    config = config or Config()
    vendors = load_vendors(config.vendor)
    return Simulator(vendors, config, Worlds(vendors, config, progress))
