"""The way of a request from the WSGI environment to its vendor and world, where `answering` takes over.

Each vendor is a Flask blueprint, and each of its operations a route; the control plane is a blueprint, too. Vendors
differ in what they check before the route, so their views all go the same way, `Simulator.short_way`. Where nobody has
hooked into Flask (`before_request`, `after_request`, `errorhandler` ...) a request goes there at once: Flask's own
dispatch would give the same answer and cost as much again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from mocksrv.answering import Answering
from mocksrv.config import VENDORS, Config
from mocksrv.control import CONTROL, control, first_contact, forbidden, refuse_route
from mocksrv.control.base import MAX_BODY
from mocksrv.journal.metrics import Meter
from mocksrv.operation import Operation
from mocksrv.problems import FromElsewhere, NoRoom, no_world
from mocksrv.routing import ExactRule, LateMap, Routes, rule_of
from mocksrv.serving.wsgi import dated, headers_of, path_of, quoted_target, status_line, take_world
from mocksrv.vendor import Vendor
from mocksrv.world import DEFAULT, World
from mocksrv.worlds import Worlds

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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
        self.answering = Answering(self.vendors, config, worlds, self.routes, self.meter)
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
            path=self._route(vendor, world, path),
            target=target,
            headers=headers_of(environ),
            input=environ["wsgi.input"],
            remote_addr=environ.get("REMOTE_ADDR") or "127.0.0.1",
            scheme=environ["wsgi.url_scheme"],
            host=environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}",
            prefix=prefix,
            max_body=vendor.max_body,
            connection=environ.get("mocksrv.connection"),
            room=self.answering.room,
        )
        try:
            reply = vendor.encode(call, self.answering.answer(world, vendor, call))
        except NoRoom as error:  # another process holds the world since a moment
            return no_world(error, dated(start_response))
        start_response(status_line(reply.status), reply.headers)
        if call.method == "HEAD":
            if reply.streams:
                reply.body.close()  # noted in the journal now, and not when the garbage is collected
            return []
        return reply.body if reply.streams else [reply.body]

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

    def _route(self, vendor: Vendor[Any], world: World, path: str) -> str:
        """The path to look up. A prefix that seems to name a world stays, so that nothing is found: the request would
        act on this world, and is meant for that one.
        """
        if vendor.any_prefix and not vendor.claims(path):
            from mocksrv.routing import elsewhere

            if elsewhere.names_world(path, self.worlds):
                return path
        return vendor.route(world, path)

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
