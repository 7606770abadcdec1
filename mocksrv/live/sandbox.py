"""What a request does to a live service, and how to undo it: one subclass for each vendor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocksrv.clock import machine_time, pause
from mocksrv.live.forward import LONGEST_WAIT, number

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.live.failed_logins import FailedLogins
    from mocksrv.live.forward import Answer, Forward
    from mocksrv.live.ledger import Ledger

READ_METHODS = ("GET", "HEAD", "OPTIONS")
BUSY = (429, 503)
PATIENCE = 180.0  # seconds for which the gate repeats its own requests while the service is busy


@dataclass(frozen=True)
class Touch:
    """What a request does: `reads`, `makes` (and it can be taken away), `changes` (what exists), `shares` (changes what
    all share, and can be put back) or `lasts` (nobody can undo it). `foreign`: what it changes is not of this run."""

    kind: str
    foreign: bool = False


READS, MAKES, CHANGES, SHARES, LASTS = map(Touch, ("reads", "makes", "changes", "shares", "lasts"))
FOREIGN = Touch("changes", foreign=True)


class Sandbox:
    """A live service of one vendor, with the account of the tests.

    `variables` are the environment's names of base URL and account, each with its key in a mock's ready-made
    credentials; `hosts` patterns of hosts that are for tests.
    """

    vendor = ""
    hosts: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    traces = False  # whether what a run made can be found by its tag, too
    settles = 0.0  # seconds until what all share has taken effect after it was written

    def __init__(self, forward: Forward, account: Mapping[str, str]) -> None:
        self.forward = forward
        self.account = account
        self.failed_logins: FailedLogins | None = None  # where the service counts them

    @classmethod
    def environment(cls, credentials: Mapping[str, Any]) -> dict[str, str]:
        """What leads a test suite to a mock with these ready-made credentials."""
        return {name: str(credentials[key]) for name, key in cls.variables.items()}

    def login_keys(self, call: Call) -> list[str]:
        """What the service counts a failed login by: the address, names and passwords that are tried."""
        return []

    @property
    def place(self) -> str:
        """The URL and account, without any secret: what another run made can be deleted only with the same."""
        return self.forward.base_url

    def begin(self) -> dict[str, Any]:
        """Facts that must be known before a run writes; they go into the ledger's first line."""
        return {}

    def version(self) -> str:
        """The service's version, "" when it does not tell."""
        return ""

    def touch(self, call: Call, ledger: Ledger) -> Touch:
        """What the request would do."""
        raise NotImplementedError

    def save(self, call: Call) -> tuple[str, Any]:
        """What a request that `shares` is about to change: a name and the state, for `restore`."""
        raise NotImplementedError

    def restore(self, ledger: Ledger) -> list[str]:
        """Restore a saved state; returns what failed, in words."""
        return []

    def made(self, call: Call, answer: Answer) -> list[str]:
        """The ids of what the request has made, by its answer."""
        raise NotImplementedError

    def chosen(self, call: Call) -> list[str]:
        """The ids that the client chose for what the request makes: known even if the answer is lost."""
        return []

    def clean(self, ledger: Ledger) -> list[str]:
        """Restore and delete what the ledger lists, the last first; returns what failed, in words.
        Raises Unreachable or NotAllowed when the service does not say what exists."""
        raise NotImplementedError


def patiently(send: Callable[[], Answer]) -> Answer:
    """The answer to one of the gate's own requests, sent again while the service is busy."""
    end = machine_time() + PATIENCE
    while (answer := send()).status in BUSY and machine_time() < end:
        pause(min(max(number(answer.header("retry-after")), 1.0), LONGEST_WAIT))
    return answer


def texts_of(data: Any) -> Iterator[str]:
    """All strings of JSON data, keys left out."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from texts_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts_of(value)


def keys_of(data: Any) -> Iterator[str]:
    """All keys of JSON data."""
    if isinstance(data, dict):
        yield from data
        data = list(data.values())
    if isinstance(data, list):
        for value in data:
            yield from keys_of(value)


def body_of(call: Call) -> Any:
    """The JSON of a request's body, or None."""
    try:
        return json.loads(call.body)
    except (ValueError, RecursionError):
        return None
