"""Our own answers, which no vendor gives: RFC 9457 problem details with a named code."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.operation import Operation
from mocksrv.serving.wsgi import header_safe, status_line
from mocksrv.shards import Shard

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

PROBLEM = "application/problem+json"
SHOWN = 20  # names that are listed
DIAGNOSIS = "X-Mocksrv-Diagnosis"
MEGABYTE = 1024 * 1024


def problem(code: str, status: int, detail: str) -> dict[str, Any]:
    """RFC 9457 problem details."""
    return {"type": f"about:mocksrv#{code}", "title": code.replace("-", " "), "status": status, "detail": detail}


def unknown(what: str, name: Any, known: Collection[str], more: str = "") -> str:
    """That there is no such thing, and the nearest names."""
    from difflib import get_close_matches

    folded = {one.lower(): one for one in known}
    near = [folded[one] for one in get_close_matches(str(name).lower(), folded, 3, 0.5)]
    names = ", ".join(near or sorted(known)[:SHOWN])
    said = f"the nearest: {names}" if near else f"use {names}" if len(known) <= SHOWN else "no name is near it"
    return f"there is no {what} {name!r}: {said}" + (f"; {more}" if more else "")


class NoRoom(Exception):
    """No further world can be made, or no further write be stored; the text says what to do.

    `code`, `status` and `headers` are those of our own answer.
    """

    code = "no-room"
    status = 503
    headers: tuple[tuple[str, str], ...] = ()


class TooManyWorlds(NoRoom):
    """There are as many worlds as allowed, and none is idle."""

    code = "too-many-worlds"

    def __init__(self, most: int) -> None:
        super().__init__(f"there are {most} worlds already and all were used lately: delete some with DELETE "
                         "/~name/_mocksrv/world, or start with more --worlds or a shorter --idle")


class OutOfMemory(NoRoom):
    """The documents written since worlds were seeded use up the memory that `--memory` allows."""

    code = "out-of-memory"
    status = 507

    def __init__(self, megabytes: int) -> None:
        super().__init__(f"worlds and snapshots hold {megabytes} MB, and this would be more: delete some with DELETE "
                         "/~name/_mocksrv/world and DELETE /_mocksrv/snapshots/name, reset those that hold much "
                         "(GET /_mocksrv/worlds shows the bytes of each), or start with more --memory")


class OtherProcess(NoRoom):
    """The world is held by another process; a balancer that knows how worlds are spread asks that one."""

    code, headers = "other-process", (("Retry-After", "1"),)

    def __init__(self, name: str, own: Shard) -> None:
        super().__init__(f"world {name!r} is held by process {own.owner(name)} of {own.count}, and this is process "
                         f"{own.number}: ask again when the balancer knows it, or see `mocksrv shards where {name}`")


class HeavyBody(NoRoom):
    """What a request's body says would take more memory than there is for one."""

    code = "out-of-memory"
    status = 507

    def __init__(self, megabytes: int) -> None:
        super().__init__("what the body says would take more memory than one body may, a quarter of "
                         f"{megabytes} MB, or than is left: send less at once, or start with more --memory")


class FromElsewhere(Exception):
    """A web page of another site asks for a world that does not exist: such pages must not make worlds."""

    code, status, headers = "forbidden", 403, ()

    def __str__(self) -> str:
        return "a page of another site may not make worlds here"


class NotSimulated(Exception):
    """A route or feature of the real service that mocksrv does not simulate."""

    code, status = "not-simulated", 501

    def __init__(self, what: Operation | str) -> None:
        super().__init__("mocksrv does not simulate " + (what if isinstance(what, str) else (
            f"{what.method} {what.path}, a real route of {what.vendor}")))


class OwnRefusal(Refusal):
    """A refusal by mocksrv itself, in its own form, so that nobody takes it for the vendor's."""

    def __init__(self, why: NotSimulated | NoRoom) -> None:
        super().__init__(why.status, problem(why.code, why.status, str(why)), diagnosis=str(why))


def no_world(error: NoRoom | FromElsewhere, start_response: StartResponse) -> list[bytes]:
    """Our own answer to a request whose world cannot be made; no vendor sees the request."""
    body = json.dumps(problem(error.code, error.status, str(error))).encode()
    start_response(status_line(error.status), [("Content-Type", PROBLEM), ("Content-Length", str(len(body))),
                                               (DIAGNOSIS, header_safe(str(error))), *error.headers])
    return [body]
