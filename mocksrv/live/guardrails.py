"""The limits of a run on a live service: hosts, kinds of requests, their number and pace."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mocksrv.clock import machine_time, pause
from mocksrv.config import is_loopback
from mocksrv.live.forward import LONGEST_WAIT, ONCE, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mocksrv.call import Call
    from mocksrv.live.forward import Answer, Forward
    from mocksrv.live.sandbox import Touch

READ_ONLY = "the run is read-only; --live-writes lets it write"
SHARED = "this changes what everybody on the server shares; --live-admin lets it, and puts the old state back"
LASTING = ("the API cannot take this away again, or the gate does not know what it does; "
           "--live-lasting lets it pass, for good")
FOREIGN = "it was not made by this run, which changes and deletes only what it made itself"
SPENT = "the budget of {budget} requests is spent; --live-budget sets another"
UNKNOWN_HOST = ("{host} is no sandbox that is known ({known}, or this machine): if it really may be used for tests, "
                "name it a second time with --live-host {host}")
PLAIN = "the account's secrets would go to {host} in the clear: use https, or name it with --live-host {host}"
OVERRIDE = "the header {name} makes another request of it"
PACKED = "its body is packed, so that nobody sees what it writes"
WINDING = "its path may mean another one to the service: dots, doubled or encoded slashes, or backslashes"
ABSOLUTE = "its target is no path"
OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")
ENCODED = re.compile("%(?:2f|5c|25)", re.IGNORECASE)
RUN = re.compile(r"(?=.*\d)[a-z0-9]{6,32}", re.ASCII)


class NotAllowed(Exception):
    """The rails refuse a request; the text says why, and what would be allowed."""


@dataclass
class Guardrails:
    """The limits of one run. `hosts` are those named a second time."""

    writes: bool = False
    admin: bool = False
    lasting: bool = False
    budget: int = 5_000
    hosts: tuple[str, ...] = ()
    sent: int = 0
    _not_before: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check_host(self, forward: Forward, sandboxes: Iterable[str]) -> None:
        """Raises NotAllowed for a host that is neither a known sandbox, nor this machine, nor named twice."""
        host, known = forward.host, tuple(sandboxes)
        if is_loopback(host) or host in map(str.lower, self.hosts):
            return
        if not any(fnmatch(host, pattern) for pattern in known):
            raise NotAllowed(UNKNOWN_HOST.format(host=host, known=", ".join(known) or "none"))
        if forward.scheme != "https":
            raise NotAllowed(PLAIN.format(host=host))

    def check(self, touch: Touch) -> None:
        """Raises NotAllowed unless a request that does this may be sent."""
        if touch.kind == "reads":
            return
        reason = (READ_ONLY if not self.writes else FOREIGN if touch.foreign
                  else SHARED if touch.kind == "shares" and not self.admin
                  else LASTING if touch.kind == "lasts" and not self.lasting else None)
        if reason:
            raise NotAllowed(reason)

    def count_request(self) -> None:
        """Count a request, after waiting where the service asked for it. Raises NotAllowed when none is left."""
        with self._lock:
            if self.sent >= self.budget:
                raise NotAllowed(SPENT.format(budget=self.budget))
            self.sent += 1
            wait = self._not_before - machine_time()
        if wait > 0:
            pause(min(wait, LONGEST_WAIT))

    def note_limits(self, answer: Answer) -> None:
        """Note until when the service wants no more requests: CareHQ's own headers, or Retry-After."""
        if answer.header("x-carehq-ratelimit-remaining") == "0":
            until = number(answer.header("x-carehq-ratelimit-reset"))
        elif answer.status in (429, 503) and (seconds := number(answer.header("retry-after"))):
            until = machine_time() + seconds
        else:
            return
        with self._lock:
            self._not_before = max(self._not_before, until)


def check_form(call: Call, reads: bool) -> None:
    """Raises NotAllowed for a request that the service may understand in another way than the gate does."""
    if not call.target.startswith("/") and call.target != "*":
        raise NotAllowed(ABSOLUTE)
    name = next((name for name in OVERRIDES if call.header(name, call.method).upper() != call.method), None)
    if name is not None:
        raise NotAllowed(OVERRIDE.format(name=name))
    path, before = call.target.partition("?")[0], ""
    while path != before:
        path, before = unquote(path), path
    segments = path.replace("\\", "//").split("/")[1:]
    if {".", ".."} & set(segments) or "" in segments[:-1]:
        raise NotAllowed(WINDING)
    if reads and call.method in ONCE:
        return
    # A proxy before the service may take an encoded slash of an id for one of the path, and so a read for a write.
    if reads and ENCODED.search(call.target.partition("?")[0]):
        raise NotAllowed(WINDING)
    if call.header("content-encoding", "identity").lower() != "identity":
        raise NotAllowed(PACKED)


def new_run() -> str:
    """A tag that occurs in nobody else's texts."""
    return f"t{secrets.randbelow(10)}{secrets.token_hex(3)}"
