"""What becomes of a request that the vendor has no answer to: our own answers, failures of ours; and of streams."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from mocksrv.control import DIAGNOSIS, PROBLEM, problem
from mocksrv.journal import BODY, blot
from mocksrv.operation import Call, Operation, Refusal, Vendor
from mocksrv.problems import NoRoom
from mocksrv.serving.wsgi import header_safe, status_line

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

    from mocksrv.world import World

log = logging.getLogger("mocksrv")


class NotSimulated(Exception):
    """A real route that mocksrv does not have."""

    code, status = "not-simulated", 501

    def __init__(self, operation: Operation) -> None:
        super().__init__(f"mocksrv does not simulate {operation.method} {operation.path}, "
                         f"a real route of {operation.vendor}")


class Ours(Refusal):
    """Our own answer, so that nobody takes it for the vendor's."""

    def __init__(self, why: NotSimulated | NoRoom) -> None:
        super().__init__(why.status, problem(why.code, why.status, str(why)), diagnosis=str(why))


def no_room(error: NoRoom, start_response: StartResponse) -> list[bytes]:
    """Our own answer to a request for one world too many: it reaches no vendor."""
    body = json.dumps(problem(error.code, error.status, str(error))).encode()
    start_response(status_line(error.status), [("Content-Type", PROBLEM), ("Content-Length", str(len(body))),
                                               (DIAGNOSIS, header_safe(str(error)))])
    return [body]


def failed(world: World, vendor: Vendor, call: Call, error: Exception) -> Refusal:
    """The vendor's 500 for a failure of ours, which leaves nothing behind of what the request has written."""
    log.error("%s %s failed", call.method, blot(call.target), exc_info=error)
    world.undo()
    call.diagnose(f"mocksrv itself failed here ({type(error).__name__}: {error}); nothing was written; "
                  "please report it")
    return vendor.failure(500)


def stream(world: World, chunks: Iterator[bytes], close: Callable[[bytes, int], None]) -> Iterator[bytes]:
    """An empty chunk, then those of an answer, each made under the world's lock.

    A chunk that fails leaves nothing behind; what those before it wrote stays, as the client has seen them.
    """
    seen, size = bytearray(), 0
    try:
        yield b""
        while True:
            with world.lock:
                world.begin()
                try:
                    chunk = next(chunks, None)
                except Exception:
                    world.undo()
                    raise
                world.commit()
            if chunk is None:
                return
            size += len(chunk)
            seen += chunk[: BODY - len(seen)]
            yield chunk
    finally:
        close(bytes(seen), size)
