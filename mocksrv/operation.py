"""What an API can do: operations, and what is declared of each.

An operation is declared once, beside its function:

    @vendor.operation("GET", "/api/v1/person/{uuid}", permission="can_view_contacts", proof="source", source="...")
    def get_person(world: World, call: Call) -> Any:
        ...

The function gets the world and the call, and returns plain data, a `Reply`, or raises the vendor's `Refusal`.
The vendor's `render` makes the bytes. Nothing in here or in a handler knows Flask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from marshmallow import Schema

PROOFS = ("assumed", "docs", "source", "recorded", "live")
DECLARED_PROOFS, FOUND_PROOFS = PROOFS[:3], PROOFS[3:]  # the latter are never declared
# What a request does to a service: nothing; makes what can be taken away again; changes what is there; changes what all
# share, and can be put back; or what nobody can undo.
EFFECTS = ("reads", "makes", "changes", "shares", "lasts")
STALE_AFTER = 90  # days after which the finding of a replay or a live run counts as stale
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
    run: Callable[..., Any]  # with the world and the call
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
    since: str = ""  # the first release, or version of the API, that has it; "": the oldest
    until: str = ""  # the first one that has it no more
    instead: str = ""  # the operation that it came instead of, whether that one is still there or not
    simulated: bool = True
    effect: str = "lasts"
    traits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The first of its paths, with parameters as `{name}`."""
        return plain(self.paths[0])

    @cached_property
    def plain_paths(self) -> tuple[str, ...]:
        """All of its paths, with parameters as `{name}`."""
        return tuple(map(plain, self.paths))

    @property
    def differences(self) -> list[str]:
        """Names of the differences between the vendor's documentation and its server that concern it."""
        return [one.name.lower() for one in self.traits.get("differences", ())]

    def schema(self, part: str) -> Any:
        """The schema of "query", "body", "response" or "errors"; a declared function is called to make it."""
        declared: Declared = getattr(self, part)
        return declared() if isinstance(declared, FunctionType) else declared

    def within(self, release: str) -> bool:
        """Whether that release of the service has it; "" stands for any."""
        return in_release(release, self.since, self.until)

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
            "aliases": [plain(path) for path in self.paths[1:]],
            "summary": self.summary,
            "permission": list(self.permission) if isinstance(self.permission, tuple) else self.permission,
            "source": self.source,
            "proof": self.proof,
            "simulated": self.simulated,
            "since": self.since,
            "until": self.until,
            "instead": self.instead,
            "differences": self.differences,
        }


@lru_cache(maxsize=256)
def release_number(release: str) -> tuple[int, ...]:
    """A release or a version as numbers, so that 4.9 comes before 4.15. Raises ValueError for anything else."""
    return tuple(int(part) for part in release.split("."))


@lru_cache(maxsize=1_024)
def in_release(release: str, since: str = "", until: str = "") -> bool:
    """Whether a release has what came with `since` and went with `until`; "" is any release, or no end."""
    if not release:
        return True
    number = release_number(release)
    return not (since and number < release_number(since)) and not (until and number >= release_number(until))


def period(since: str = "", until: str = "", instead: str = "") -> str:
    """The same in words: "since 5.1", "until 5.2" (which lacks it), both, or ""; and what it came instead of."""
    parts = (("since", since), ("until", until), ("instead of", instead))
    return " ".join(f"{word} {told}" for word, told in parts if told)


def plain(path: str) -> str:
    """A path template with parameters as `{name}`."""
    return PARAMETER.sub(r"{\1}", path)


def as_regex(path: str) -> str:
    """A path template as a regular expression with named groups."""
    parts, end = [], 0
    for found in PARAMETER.finditer(path):
        kind = {None: "[^/]+", "path": ".+?"}.get(found[2], found[2])
        parts += [re.escape(path[end : found.start()]), f"(?P<{found[1]}>{kind})"]
        end = found.end()
    return "".join([*parts, re.escape(path[end:])])
