"""Own answers: what a person has an operation answer, in the place of its own answer or made from it.

They are aimed as faults are, and stand in the same list (`mocksrv.faults`). Who may call is asked before them; what is
true of them is their author's matter, so each exchange that they answer is marked.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from mocksrv.answers.seen import Real, whole
from mocksrv.call import Call, Finished, Refusal, Reply
from mocksrv.faults import Fault
from mocksrv.problems import OwnRefusal
from mocksrv.vendor import Vendor
from mocksrv.world import World

log = logging.getLogger("mocksrv")

EMPTY = (204, 205, 304)  # statuses without a body
# Headers that tell of a body: they go with it.
OF_THE_BODY = frozenset(("accept-ranges", "content-disposition", "content-encoding", "content-language",
                         "content-length", "content-md5", "content-range", "content-type", "digest", "etag",
                         "last-modified", "transfer-encoding"))


class Body(NamedTuple):
    """A body: objects and arrays, which the vendor writes as it does its own, or bytes; `kind` is a content type."""

    data: Any
    kind: str | None = None


class Changes(NamedTuple):
    """What is different from the real answer; where there is none, from an empty one."""

    status: int | None
    headers: dict[str, str]
    body: Body | None


def given(own: Fault, world: World, vendor: Vendor[Any], call: Call) -> Any:
    """The answer to a call that an own answer hits: finished, or the vendor's 500 where it cannot be made.

    Raises what the operation itself raises, but for the vendor's refusals, which are real answers, too.
    """
    made = own.answer
    assert made is not None, "this is a fault"
    reply = None
    if made.when == "after":
        reply = carried_out(world, vendor, call)
    else:
        call.body  # noqa: B018 (read now, as the operation would, so that the journal has it)
    try:
        changes = made.changes(world, vendor, call, own.hits, None if reply is None else Real(reply))
        return finished(world, vendor, call, changes, reply)
    except Refusal:
        raise
    except Exception as error:
        log.warning("own answer %s cannot be given", own.id, exc_info=error)
        world.undo()
        call.diagnose(f"own answer {own.id} cannot be given, and nothing was written: {type(error).__name__}: {error}")
        return vendor.failure(500)


def carried_out(world: World, vendor: Vendor[Any], call: Call) -> Reply:
    """The operation's own answer on the wire. Raises OwnRefusal for what is not simulated."""
    assert call.operation is not None, "own answers are for operations"
    try:
        result = call.operation.run(world, call)
    except OwnRefusal:
        raise
    except Refusal as refusal:
        result = refusal
        if refusal.diagnosis:
            call.diagnose(refusal.diagnosis)
    return vendor.render(world, call, result)


def finished(world: World, vendor: Vendor[Any], call: Call, changes: Changes | None, real: Reply | None) -> Finished:
    """An answer on the wire: of the vendor's making, with the changes.

    Raises ValueError where a streamed body does not end: one that stays goes on to the client as it comes.
    """
    if changes is None:
        if real is None:
            raise ValueError("nothing was answered")
        return Finished(real.body, real.status, real.headers, chunked=real.chunked)
    assert call.operation is not None, "own answers are for operations"
    status = changes.status or (real.status if real else call.operation.statuses[0])
    if real is not None and real.streams and (changes.body is not None or status in EMPTY):
        real.body = whole(real.body)  # what the operation does while it sends is done
    if real is not None and changes.body is None:
        reply = Finished(real.body, status, real.headers, chunked=real.chunked)
    else:
        data, kind = changes.body or Body(b"")
        made = vendor.render(world, call, Reply(data, status, content_type=kind))
        reply = Finished(made.body, made.status, made.headers, chunked=made.chunked)
        named = {name.lower() for name, _ in reply.headers} | OF_THE_BODY
        reply.headers += [pair for pair in (real.headers if real else ()) if pair[0].lower() not in named]
    for name, value in changes.headers.items():
        reply.put(name, value)
    if reply.status in EMPTY:
        empty(reply)
    return reply


def empty(reply: Reply) -> None:
    """Take the body away. 204 and 304 have no length either (RFC 9110, 8.6)."""
    gone = OF_THE_BODY if reply.status != 304 else {"content-length", "transfer-encoding"}
    reply.headers = [(name, value) for name, value in reply.headers if name.lower() not in gone]
    reply.body, reply.chunked = b"", reply.status != 205
