"""What a request does to a live service, and how that is undone: one subclass for each vendor."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocksrv.live.forward import Answer, Forward
    from mocksrv.live.ledger import Ledger
    from mocksrv.operation import Call

READ_METHODS = ("GET", "HEAD", "OPTIONS")


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

    `variables` are the environment's names of base URL and account; `hosts` patterns of hosts that are for tests.
    """

    vendor = ""
    hosts: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    def __init__(self, forward: Forward, account: Mapping[str, str]) -> None:
        self.forward = forward
        self.account = account

    def begin(self) -> dict[str, Any]:
        """What must be known of the service before a run writes: goes into the ledger's first line."""
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
        """Put back what was saved; what could not be, in words."""
        return []

    def made(self, call: Call, answer: Answer) -> list[str]:
        """The ids of what the request has made, by its answer."""
        raise NotImplementedError

    def clean(self, ledger: Ledger) -> list[str]:
        """Put back and take away what the ledger holds, the last first; what could not be, in words."""
        raise NotImplementedError


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
    except ValueError:
        return None
