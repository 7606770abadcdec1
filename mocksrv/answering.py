"""The way of a call in its world: its route, a fault or an own answer, who the caller is, the operation, the reply.

All of it happens under the world's lock, and what is written is kept or undone as a whole.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from mocksrv.answers import given
from mocksrv.call import Call, Finished, Refusal, Reply
from mocksrv.clock import pause, stopwatch
from mocksrv.config import Config
from mocksrv.control import CONTROL
from mocksrv.faults import Fault, Obstructed, obstruct
from mocksrv.journal import BODY, Entry
from mocksrv.journal.metrics import Meter
from mocksrv.journal.redaction import redact_target
from mocksrv.problems import DIAGNOSIS, PROBLEM, NoRoom, NotSimulated, OutOfMemory, OwnRefusal
from mocksrv.routing import Routes
from mocksrv.serving.wsgi import header_safe
from mocksrv.vendor import Vendor
from mocksrv.world import World, stream
from mocksrv.worlds import Worlds

log = logging.getLogger("mocksrv")


class Answering:
    """Answers calls of these vendors in these worlds."""

    def __init__(self, vendors: Mapping[str, Vendor[Any]], config: Config, worlds: Worlds, routes: Routes,
                 meter: Meter) -> None:
        self.vendors = vendors
        self.settings = config
        self.worlds = worlds
        self.routes = routes
        self.meter = meter

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

    def room(self, size: int) -> None:
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
            from mocksrv.routing import elsewhere, near_misses  # here and below: no start needs them

            near_misses.diagnose(vendor, call, result)
            elsewhere.diagnose(vendor, self.vendors, self.worlds, call)
        if isinstance(result, OwnRefusal):
            reply = Reply(json.dumps(result.body).encode(), result.status, [("Content-Type", PROBLEM)])
        elif isinstance(result, Finished):
            reply = result
        else:
            reply = vendor.render(world, call, result)
        if reply.status >= 400 and call.query_string:
            from mocksrv.routing import near_misses

            near_misses.misspelt(call, reply.status)
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
