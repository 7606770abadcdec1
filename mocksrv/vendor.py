"""One real service: its operations, and its hooks: on the way of a request, in a world, in the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson

from mocksrv.call import Call, Refusal, Reply
from mocksrv.operation import DECLARED_PROOFS, EFFECTS, Content, Operation, in_release

if TYPE_CHECKING:
    from mocksrv.config import Setting
    from mocksrv.imports import Table
    from mocksrv.outbox import Outcome, Record
    from mocksrv.scenario import Scenario
    from mocksrv.store import TableSpec
    from mocksrv.world import World

CallType = TypeVar("CallType", bound=Call)
Handler = Callable[["World", Any], Any]  # with the vendor's own kind of call


class Vendor(Generic[CallType]):
    """One real service: its operations, and how it identifies, admits and answers callers.

    Subclass it, set the attributes, and override the hooks; `operation` registers functions.
    """

    call_type: type[CallType] = Call  # type: ignore[assignment]  # unless a vendor says so
    name: str = ""
    title: str = ""
    release: str | None = None  # of the real service, that its source was read in
    # Releases that a world may run, oldest first, each with the exact one that is simulated; a setting `release`
    # chooses.
    releases: Mapping[str, str] = {}
    # Versions of its API that it serves side by side, oldest first, as they stand in paths; each with the one that took
    # its place, or "".
    versions: Mapping[str, str] = {}
    tables: tuple[TableSpec, ...] = ()
    settings: tuple[Setting, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    security: Mapping[str, Mapping[str, Any]] = {}  # OpenAPI security schemes by name; any one of them lets a caller in
    examples: Mapping[str, Any] = {}  # values of path parameters that a new world has
    choices: Mapping[str, tuple[str, ...]] = {}  # all values of path parameters that there are
    # Where an answer about a collection has the id of one of its records, by operation or method.
    links: Mapping[str, str] = {}
    documented: Mapping[str, Callable[[], str]] = {}  # Markdown tables for the documentation's pages, by name
    traits: Mapping[str,
                    type | tuple[type, ...]] = {}  # further members that its operations may declare, with their types
    marks: tuple[str, ...] = ()  # request headers that only clients of this service send
    any_prefix = False  # `route` drops whatever stands before a path that it claims
    head_is_get = False  # answer HEAD with GET's headers
    max_body = 32 * 1024 * 1024

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._names: set[str] = set()
        self.own_data: Callable[[], Sequence[Table]] = tuple  # makes its tables of own data when they are asked for

    def operation(
        self, method: str, *paths: str, name: str | None = None, **declared: Any
    ) -> Callable[[Handler], Handler]:
        """Register a function as an operation: fields of `Operation`, and traits that the vendor knows.

        Raises TypeError for anything else, and ValueError for a proof or effect that does not fit: a slip in a
        declaration would leave an endpoint open to everybody.
        """
        known = Operation.__dataclass_fields__
        traits = {key: declared.pop(key) for key in list(declared) if key not in known}
        for trait, value in traits.items():
            if trait not in self.traits:
                near = get_close_matches(trait, [*known, *self.traits], 1)
                raise TypeError(f"operations of {self.name} have no {trait}" + "".join(f"; {one}?" for one in near))
            if not isinstance(value, self.traits[trait]):
                raise TypeError(f"{trait}={value!r} of an operation of {self.name} is no {self.traits[trait]}")
        if declared.get("proof", "assumed") not in DECLARED_PROOFS:
            raise ValueError(f"proof must be one of {', '.join(DECLARED_PROOFS)}; recorded and live are never declared:"
                             " they come from replays and live runs that pass")
        declared.setdefault("since", self.oldest(paths))
        declared.setdefault("effect", "reads" if method in ("GET", "HEAD", "OPTIONS") else "lasts")
        if declared["effect"] not in EFFECTS:
            raise ValueError(f"effect must be one of {', '.join(EFFECTS)}")
        if declared.get("proof") == "source":
            since, until = declared.get("since", ""), declared.get("until", "")
            exact = (version for name, version in self.releases.items() if in_release(name, since, until))
            declared.setdefault("release", next(exact, self.release))

        def register(run: Handler) -> Handler:
            called = name or run.__name__
            if called in self._names:
                raise ValueError(f"two operations of {self.name} are named {called}")
            self._names.add(called)
            summary = declared.pop("summary", None) or (run.__doc__ or "").strip().partition("\n")[0]
            self.operations.append(Operation(self.name, called, method, paths, run, summary,
                                             traits=traits, **declared))
            return run

        return register

    def version(self, path: str) -> str:
        """The version of the API that a path belongs to; "" if it names none."""
        return next((part for part in path.split("/") if part in self.versions), "")

    def oldest(self, paths: Iterable[str]) -> str:
        """The version that introduced an operation with these paths; "" if one of them names none."""
        versions = [self.version(path) for path in paths]
        return "" if "" in versions else min(versions, key=list(self.versions).index)

    def successor(self, operation: Operation, path: str) -> str:
        """The path of the operation that took the place of one of an older version; "" if it is of today."""
        later = self.versions.get(self.version(path))
        return next((other for other in operation.paths if later and self.version(other) == later), "")

    # --- hooks -------------------------------------------------------------------------------------------------

    def claims(self, path: str) -> bool:
        """Whether a path at the server's root is this vendor's, when no mount says so: none, unless it says so."""
        return False

    def route(self, world: World, path: str) -> str:
        """The path to look up: where a vendor folds slashes or letter case, it does so here."""
        return path

    def running(self, world: World) -> str:
        """The release that a world runs; "" where the vendor has no releases to choose from."""
        return str(world.settings.get(f"{self.name}.release", "")) if self.releases else ""

    def method(self, call: CallType) -> str:
        """The method to look up: where a vendor lets a header override it, it does so here."""
        return call.method

    def identify(self, world: World, call: CallType) -> None:
        """Find out who calls and set `call.caller`, or raise a Refusal.

        Runs even when no operation was found (`call.operation` is None; `call.allowed` lists the path's methods),
        because vendors differ in what they check first.
        """

    def admit(self, world: World, call: CallType) -> None:
        """Whether the caller may do this now; must raise a Refusal when `call.operation` is None."""
        if call.operation is None:
            allowed = [("Allow", ", ".join(call.allowed))] if call.allowed else []
            raise Refusal(405 if call.allowed else 404, headers=allowed)

    def render(self, world: World, call: CallType, result: Any) -> Reply:
        """The answer on the wire, from a handler's result or a Refusal: the only maker of bytes and vendor headers.

        It is JSON, unless a vendor says otherwise: that of a refusal without a body is `{"error": "Not Found"}`.
        """
        reply = result if isinstance(result, Reply) else Reply(result)
        if isinstance(result, Refusal):
            body = {"error": HTTPStatus(result.status).phrase} if result.body is None else result.body
            reply = Reply(body, result.status, list(result.headers))
        kind = reply.content_type
        if reply.body is None:
            reply.body = b""
        elif not reply.streams and not isinstance(reply.body, bytes):
            reply.body, kind = orjson.dumps(reply.body), kind or "application/json"
        if kind:
            reply.headers.append(("Content-Type", kind))
        return reply

    def answered(self, world: World, call: CallType, result: Any, reply: Reply) -> None:
        """Update counters (limits, failed logins, traffic) from the handler's result or Refusal and the rendered reply.

        Runs once for each request, within what is committed with it.
        """

    def answers(self, operation: Operation) -> Mapping[int, Content]:
        """What an operation answers besides its own successes, by status: refused callers and requests, its own
        refusals (`operation.statuses`), and other forms of its successes."""
        return {}

    def example(self, operation: Operation) -> Any:
        """A request's body that a new world takes, or None."""
        return None

    def encode(self, call: CallType, reply: Reply) -> Reply:
        """The answer as the client accepts it: compression happens here. The journal keeps it uncompressed."""
        return reply

    def failure(self, status: int) -> Refusal:
        """The vendor's own error of that status, as faults and failures of ours need it."""
        return Refusal(status)

    def run_due(self, world: World) -> None:
        """Run the vendor's background jobs that are due by the world's clock.

        Called before each request is looked at, and before and after the clock is moved.
        """

    def sent(self, world: World, call: Record, outcome: Outcome) -> None:
        """React to the end of a call that this vendor had put into the outbox.

        `call` is its record (see `mocksrv.outbox`), with the `note` that the vendor gave it.
        """

    def importable(self) -> Sequence[Table]:
        """What files of own data may hold for this vendor (see `mocksrv.imports`)."""
        return self.own_data()

    def caller_name(self, call: CallType) -> str | None:
        """Who called, for the journal."""
        return None if call.caller is None else str(getattr(call.caller, "name", call.caller))

    def accounts(self, world: World) -> None:
        """Put the ready-made accounts and settings into a new world, whatever its size."""

    def seed(self, world: World, size: int) -> None:
        """Fill a new world with made-up data; `size` is a number of main records (see `config.SIZES`)."""

    def credentials(self, world: World, base_url: str) -> list[dict[str, Any]]:
        """The ready-made credentials, with `base_url` as the vendor's clients want it."""
        return [{"base_url": f"{base_url}/{self.name}"}]

    def first_call(self, base_url: str) -> str:
        """A call for a shell, by curl, that a new world answers with data; "" where there is none."""
        return ""
