"""The requests that a world has answered, as the server's histograms count them.

A restart of the server forgets them: they are in the world's memory. CHT 4.15 source, package prometheus-api-metrics.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache

from mocksrv.call import Reply
from mocksrv.clock import stopwatch
from mocksrv.operation import PARAMETER, Operation
from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.call import Call
from mocksrv.world import World

STARTED = "cht.started"  # Unix seconds of the first request, in the world's memory
SERIES, BEGAN = "cht.traffic", "began"
SECONDS = (0.004, 0.007, 0.013, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 25, 45, 90, 180, 360, 600, 1200, 1800,
           3600)
BYTES = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
UNCOUNTED = frozenset(("/api/v1/express-metrics", "/api/v1/express-metrics.json"))
NO_ROUTE = "N/A"
Key = tuple[str, str, str]  # method, route, status
Bounds = tuple[float, ...]


@dataclass
class Histogram:
    """The number of values in each bucket and beyond the last, and their sum."""

    bounds: Bounds
    counts: list[int] = field(default_factory=list)
    sum: float = 0

    def __post_init__(self) -> None:
        self.counts = self.counts or [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


Series = dict[Key, tuple[Histogram, Histogram, Histogram]]  # seconds, bytes in, bytes out


def arrived(world: World, call: Call) -> None:
    """Record the arrival of a request."""
    if STARTED not in world.memory:
        world.memory[STARTED] = world.clock.time()
    call.began = stopwatch()


def answered(world: World, call: Call, reply: Reply) -> None:
    """Record the answer; one sent in chunks counts as 0 bytes."""
    began = call.began
    if began is None or call.path in UNCOUNTED:
        return
    key = (call.method, route(call), str(reply.status))
    found = series(world).get(key)
    if found is None:
        found = series(world)[key] = (Histogram(SECONDS), Histogram(BYTES), Histogram(BYTES))
    found[0].add(stopwatch() - began)
    found[1].add(size(call.header("content-length")))
    found[2].add(next((size(value) for name, value in reply.headers if name == "Content-Length"), 0))


def series(world: World) -> Series:
    found: Series = world.memory.setdefault(SERIES, {})
    return found


def size(length: str) -> int:
    return int(length) if length.isdecimal() else 0


# Routes that Express 5 writes otherwise.
LATER = {"/api/sms": "/api/sms{/}", "/api/v1/forms": "/api/v1/forms{/}",
         "/medic/login/token": "/medic/login/token{/:token}",
         "/medic/login/token/{token}": "/medic/login/token{/:token}",
         "/login/style.css": "Static Content", "/login/script.js": "Static Content",
         "/login/lib-bowser.js": "Static Content", "/login/auth-utils.js": "Static Content",
         "/login/password-reset.js": "Static Content"}


def route(call: Call) -> str:
    """The path of the API's own route, parameters as `:name`; requests that go on to CouchDB have none."""
    operation, later = call.operation, releases.ROUTE_LABELS.holds(call)
    if operation is None or operation.source.startswith("CouchDB"):
        return proxied(call.path) if later else NO_ROUTE
    own = path(operation, call)
    return LATER[own] if later and own in LATER else label(own)


@cache
def label(path: str) -> str:
    """The path of a route as Express writes it."""
    return PARAMETER.sub(r":\1", path)


def proxied(path: str) -> str:
    """The route label of requests that go on to CouchDB, in later releases."""
    if not path.startswith("/medic/"):
        return f"{path}*path"
    return "/medic/_design/*db/_view/*view" if "/_view/" in path else "/medic/{*any}"


def path(operation: Operation, call: Call) -> str:
    """The path of an operation that matched the call."""
    if len(operation.paths) == 1:
        return operation.paths[0]
    fits = (way for way, pattern in zip(operation.paths, operation.patterns, strict=True)
            if pattern.fullmatch(call.path))
    return next(fits, operation.paths[0])
