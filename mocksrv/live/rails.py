"""What may pass to a live service, and what a run must not do there."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatch
from ipaddress import ip_address
from typing import TYPE_CHECKING

from mocksrv.clock import machine_time, pause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mocksrv.live.forward import Answer, Forward
    from mocksrv.live.sandbox import Touch

LONGEST_WAIT = 90.0  # seconds: a service that asks for more is not waited for

READ_ONLY = "the run is read-only; --live-writes lets it write"
SHARED = "this changes what everybody on the server shares; --live-admin lets it, and puts the old state back"
LASTING = "the API cannot take this away again; --live-lasting lets it stay there for good"
FOREIGN = "it was not made by this run, which changes and deletes only what it made itself"
SPENT = "the budget of {budget} requests is spent; --live-budget sets another"
UNKNOWN_HOST = ("{host} is no sandbox that is known ({known}, or this machine): if it really may be used for tests, "
                "name it a second time with --live-host {host}")


class NotAllowed(Exception):
    """The rails do not let it pass; the text says why and what would."""


@dataclass
class Rails:
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
        host = forward.host
        known = tuple(sandboxes)
        if not (is_loopback(host) or host in self.hosts or any(fnmatch(host, pattern) for pattern in known)):
            raise NotAllowed(UNKNOWN_HOST.format(host=host, known=", ".join(known) or "none"))

    def check(self, touch: Touch) -> None:
        """Raises NotAllowed unless a request that does this may be sent."""
        if touch.kind == "reads":
            return
        reason = (READ_ONLY if not self.writes else FOREIGN if touch.foreign
                  else SHARED if touch.kind == "shares" and not self.admin
                  else LASTING if touch.kind == "lasts" and not self.lasting else None)
        if reason:
            raise NotAllowed(reason)

    def spend(self) -> None:
        """Count a request, after waiting where the service asked for it. Raises NotAllowed when none is left."""
        with self._lock:
            if self.sent >= self.budget:
                raise NotAllowed(SPENT.format(budget=self.budget))
            self.sent += 1
            wait = self._not_before - machine_time()
        if wait > 0:
            pause(min(wait, LONGEST_WAIT))

    def heed(self, answer: Answer) -> None:
        """Note until when the service wants no more requests: CareHQ's own headers, or Retry-After."""
        if answer.header("x-carehq-ratelimit-remaining") == "0":
            until = number(answer.header("x-carehq-ratelimit-reset"))
        elif answer.status in (429, 503) and (seconds := number(answer.header("retry-after"))):
            until = machine_time() + seconds
        else:
            return
        with self._lock:
            self._not_before = max(self._not_before, until)


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
