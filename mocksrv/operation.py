"""What an API can do: operations, the vendors they belong to, and what goes in and out of them.

An operation is declared once, beside its function:

    @vendor.operation("GET", "/api/v1/person/{uuid}", permission="can_view_contacts", proof="source", source="...")
    def get_person(world: World, call: Call) -> Any:
        ...

The function gets the world and the call, and returns plain data, a `Reply`, or raises the vendor's `Refusal`.
The vendor's `render` makes the bytes. Nothing in here or in a handler knows Flask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, Union
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from marshmallow import Schema

    from mocksrv.config import Setting
    from mocksrv.scenario import Scenario
    from mocksrv.store import TableSpec
    from mocksrv.world import World

PROOFS = ("assumed", "docs", "source", "recorded", "live")
DECLARED_PROOFS, FOUND_PROOFS = PROOFS[:3], PROOFS[3:]  # the latter only come from replays and live runs
STALE_AFTER = 90  # days: what a replay or a live run found longer ago may not hold any more
Headers = list[tuple[str, str]]
Handler = Callable[["World", "Call"], Any]
# A marshmallow schema or, for what is no object, JSON Schema, whose members may be marshmallow's; or a plain function
# that makes one: hundreds of schemas at start would cost more than all else.
Shape = Union["type[Schema]", Mapping[str, Any]]
Declared = Shape | Callable[[], Shape] | None
# How an answer may look: media types, each with its shape or None for any; nothing: it has no body.
Content = Mapping[str, Declared]

# {name}, {name:path} (may hold slashes) or {name:regex}; the regex may not hold braces.
PARAMETER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")


@dataclass(frozen=True, eq=False)
class Operation:
    """One endpoint of one vendor: what it takes, who may call it, and how sure we are of it."""

    vendor: str
    name: str
    method: str
    paths: tuple[str, ...]
    run: Handler
    summary: str = ""
    permission: str | tuple[str, ...] | None = None
    query: Declared = None
    body: Declared = None
    response: Declared = None
    errors: Declared = None  # of its own refusals, where they do not look like the vendor's
    statuses: tuple[int, ...] = (200,)  # its own; those of all operations the vendor knows
    consumes: str = "application/json"
    produces: str | tuple[str, ...] = "application/json"  # of its successes; "": they have no body
    source: str = ""
    proof: str = "assumed"
    release: str | None = None  # of the real service, that its source was read in
    simulated: bool = True
    traits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The first of its paths, with parameters as `{name}`."""
        return PARAMETER.sub(r"{\1}", self.paths[0])

    def schema(self, part: str) -> Any:
        """The shape of "query", "body", "response" or "errors"; one declared as a function is made by it now."""
        declared: Declared = getattr(self, part)
        return declared() if isinstance(declared, FunctionType) else declared

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """One regular expression for each path, whatever the letter case, for near misses."""
        return tuple(re.compile(as_regex(path), re.IGNORECASE) for path in self.paths)

    def describe(self) -> dict[str, Any]:
        """The operation as plain data: for the control plane, the command line and the documentation."""
        return {
            "vendor": self.vendor,
            "name": self.name,
            "method": self.method,
            "path": self.path,
            "aliases": [PARAMETER.sub(r"{\1}", path) for path in self.paths[1:]],
            "summary": self.summary,
            "permission": list(self.permission) if isinstance(self.permission, tuple) else self.permission,
            "source": self.source,
            "proof": self.proof,
            "simulated": self.simulated,
        }


def as_regex(path: str) -> str:
    """A path template as a regular expression with named groups."""
    parts, end = [], 0
    for found in PARAMETER.finditer(path):
        kind = {None: "[^/]+", "path": ".+?"}.get(found[2], found[2])
        parts += [re.escape(path[end : found.start()]), f"(?P<{found[1]}>{kind})"]
        end = found.end()
    return "".join([*parts, re.escape(path[end:])])


class Refusal(Exception):
    """A "no" in the vendor's words. Vendors subclass it; `body` is what their `render` makes the answer from."""

    def __init__(self, status: int, body: Any = None, headers: Iterable[tuple[str, str]] = (), *,
                 diagnosis: str | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = list(headers)
        self.diagnosis = diagnosis


class TooLarge(Refusal):
    """The request's body is larger than the vendor takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, "Payload Too Large", diagnosis=f"the body is larger than {limit} bytes")


@dataclass
class Reply:
    """An answer. From a handler `body` is plain data; after `render` it is bytes, or an iterator of chunks.

    Each chunk of an iterator goes out as it is made, under the world's lock; an error in the middle cuts the
    connection without the closing chunk.
    """

    body: Any = None
    status: int = 200
    headers: Headers = field(default_factory=list)
    content_type: str | None = None

    @property
    def streams(self) -> bool:
        return isinstance(self.body, Iterator)


class Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Connection(Protocol):
    """The client's connection, as the server gives it."""

    def reset(self) -> None: ...
    def close(self) -> None: ...
    def send(self, data: bytes, /) -> None: ...


class Call:
    """One request, as handlers and vendors see it."""

    def __init__(
        self,
        *,
        method: str,
        path: str,
        target: str,
        headers: Mapping[str, str],
        input: Reader | None = None,
        remote_addr: str = "127.0.0.1",
        scheme: str = "http",
        host: str = "127.0.0.1",
        prefix: str = "",
        max_body: int = 32 * 1024 * 1024,
        connection: Connection | None = None,
    ) -> None:
        self.method = method
        self.path = path  # decoded, within the vendor: without world prefix and mount
        self.target = target  # as received: undecoded, with prefix and query
        self.headers = headers  # names in lower case
        self.remote_addr = remote_addr
        self.scheme = scheme
        self.host = host  # as the client named it, with the port if it did
        self.prefix = prefix  # of the world and the mount: "/~name/cht", or ""
        self.max_body = max_body
        self.connection = connection  # for faults below HTTP; None in a test without a socket
        self.operation: Operation | None = None
        self.allowed: tuple[str, ...] = ()  # the methods that this path has, when the method is not among them
        self.params: dict[str, str] = {}
        self.caller: Any = None  # whoever the vendor's identify found
        self.notes: dict[str, Any] = {}  # the vendor's own, from identify to render
        self.diagnosis: list[str] = []
        self.read_body = b""  # as much of the body as was asked for
        self._input = input

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name.lower(), default)

    def diagnose(self, text: str) -> None:
        """Advice for the developer: goes to the diagnosis header, the journal and the log, never into the body."""
        if text not in self.diagnosis:
            self.diagnosis.append(text)

    @property
    def base_url(self) -> str:
        """Scheme, host and prefix as the client used them: what links in answers begin with."""
        return f"{self.scheme}://{self.host}{self.prefix}"

    @cached_property
    def query_string(self) -> str:
        """The query as received, without the question mark; "" when there is none."""
        return self.target.partition("?")[2]

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """Decoded pairs in order, blank values kept; broken UTF-8 becomes U+FFFD."""
        return parse_qsl(self.query_string, keep_blank_values=True)

    def arg(self, name: str, default: str | None = None) -> str | None:
        """The last value of a query parameter."""
        return next((value for key, value in reversed(self.query) if key == name), default)

    @property
    def body(self) -> bytes:
        """The request's body; raises TooLarge beyond `max_body`."""
        if self._input is not None:
            source, self._input = self._input, None
            self.read_body = source.read(self.max_body + 1)
        if len(self.read_body) > self.max_body:
            raise TooLarge(self.max_body)
        return self.read_body


class Vendor:
    """One real service: its operations, and how it identifies, admits and answers callers.

    Subclass it, set the attributes, and override the hooks; `operation` registers functions.
    """

    name: str = ""
    title: str = ""
    release: str | None = None  # of the real service, that its source was read in
    tables: tuple[TableSpec, ...] = ()
    settings: tuple[Setting, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    security: Mapping[str, Mapping[str, Any]] = {}  # OpenAPI security schemes by name; any one of them lets a caller in
    examples: Mapping[str, Any] = {}  # values of path parameters that a new world has
    # Where an answer about a collection has the id of one of its records, by operation or method.
    links: Mapping[str, str] = {}
    documented: Mapping[str, Callable[[], str]] = {}  # Markdown tables for the documentation's pages, by name
    head_is_get = False  # answer HEAD with GET's headers
    max_body = 32 * 1024 * 1024

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def operation(
        self, method: str, *paths: str, name: str | None = None, **declared: Any
    ) -> Callable[[Handler], Handler]:
        """Register a function as an operation. What `Operation` has no field for becomes a trait."""
        known = Operation.__dataclass_fields__
        traits = {key: declared.pop(key) for key in list(declared) if key not in known}
        if declared.get("proof", "assumed") not in DECLARED_PROOFS:
            raise ValueError(f"proof must be one of {', '.join(DECLARED_PROOFS)}; recorded and live are never declared:"
                             " they come from replays and live runs that pass")
        if declared.get("proof") == "source":
            declared.setdefault("release", self.release)

        def register(run: Handler) -> Handler:
            if any(op.name == (name or run.__name__) for op in self.operations):
                raise ValueError(f"two operations of {self.name} are named {name or run.__name__}")
            summary = declared.pop("summary", None) or (run.__doc__ or "").strip().partition("\n")[0]
            self.operations.append(Operation(self.name, name or run.__name__, method, paths, run, summary,
                                             traits=traits, **declared))
            return run

        return register

    # --- hooks -------------------------------------------------------------------------------------------------

    def claims(self, path: str) -> bool:
        """Whether a path at the server's root is this vendor's, when no mount says so."""
        raise NotImplementedError

    def route(self, world: World, path: str) -> str:
        """The path to look up: where a vendor folds slashes or letter case, it does so here."""
        return path

    def method(self, call: Call) -> str:
        """The method to look up: where a vendor lets a header override it, it does so here."""
        return call.method

    def identify(self, world: World, call: Call) -> None:
        """Find out who calls and set `call.caller`, or raise a Refusal.

        Runs even when no operation was found (`call.operation` is None; `call.allowed` lists the path's methods),
        because vendors differ in what they check first.
        """

    def admit(self, world: World, call: Call) -> None:
        """Whether the caller may do this now; must raise a Refusal when `call.operation` is None."""

    def render(self, world: World, call: Call, result: Any) -> Reply:
        """The answer on the wire, from a handler's result or a Refusal: the only maker of bytes and vendor headers."""
        raise NotImplementedError

    def answers(self, operation: Operation) -> Mapping[int, Content]:
        """What an operation answers besides its own successes, by status: refused callers and requests, its own
        refusals (`operation.statuses`), and other forms of its successes."""
        return {}

    def example(self, operation: Operation) -> Any:
        """A request's body that a new world takes, or None."""
        return None

    def encode(self, call: Call, reply: Reply) -> Reply:
        """The answer as the client takes it: a vendor that packs answers does so here. The journal has them plain."""
        return reply

    def failure(self, status: int) -> Refusal:
        """The vendor's own error of that status, as faults and failures of ours need it."""
        return Refusal(status)

    def settle(self, world: World) -> None:
        """Do what is due by the world's clock, where a vendor does something without being asked.

        Called before and after the clock is moved; a vendor with such work does it before each answer, too.
        """

    def caller_name(self, call: Call) -> str | None:
        """Who called, for the journal."""
        return None if call.caller is None else str(getattr(call.caller, "name", call.caller))

    def accounts(self, world: World) -> None:
        """Put the ready-made accounts and settings into a new world, whatever its size."""

    def seed(self, world: World, size: int) -> None:
        """Fill a new world with made-up data; `size` is a number of main records (see `config.SIZES`)."""

    def credentials(self, world: World, base_url: str) -> list[dict[str, Any]]:
        """The ready-made credentials, with `base_url` as the vendor's clients want it."""
        return []
