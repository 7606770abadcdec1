"""What is not as usual, aimed at operations, with counts and chances: what goes wrong, and own answers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol

from mocksrv.call import Call, Refusal, Reply
from mocksrv.clock import pause

if TYPE_CHECKING:
    from mocksrv.generator import Generator

CONNECTION = ("reset", "empty", "truncate", "garbage")
PIECES = 10  # that a slow body comes in

# What an answer may contain: RFC 9110, 5.1 and 5.5.
HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+\Z", re.ASCII)
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")


class Answer(Protocol):
    """An own answer, as `mocksrv.answers` has them: declared, or a function of Python."""

    when: str  # "instead" of the operation, or "after" it
    size: int  # bytes in memory, roughly

    def describe(self) -> dict[str, Any]: ...

    def changes(self, world: Any, vendor: Any, call: Call, number: int, real: Any) -> Any:
        """What is different from the real answer (`mocksrv.answers.Changes`) to the call of that number; None leaves it
        as it is. May raise anything.
        """


@dataclass
class Fault:
    """One thing that goes wrong, or one own answer. Without an aim it hits every call."""

    id: int = 0
    # the aim
    vendor: str | None = None
    operation: str | None = None
    method: str | None = None
    path: str | None = None  # with * and ?, as in "/a/*/case/*"
    caller: str | None = None  # as the journal names it; makes it hit after the caller is known
    nth: int | None = None  # only this one of the calls that it aims at, from 1
    times: int | None = None  # how often it hits before it is spent
    probability: float = 1.0  # of each call that it aims at, by the world's generator
    # the effect
    status: int | None = None  # the vendor's own error of that status
    headers: dict[str, str] = field(default_factory=dict)  # added to the answer, or put in the place of its own
    delay: float | dict[str, list[float]] = 0.0  # seconds before the answer, or {"uniform": [low, high]}, ...
    slow: float = 0.0  # seconds that the body takes
    connection: str | None = None  # reset, empty, truncate or garbage
    after: bool = False  # the request is handled before the connection breaks: only the answer is lost
    cut_after: int | None = None  # chunks of a streamed answer before the connection is cut
    content_type: str | None = None
    answer: Answer | None = None  # no fault: what the operation is to answer
    # what it did
    seen: int = 0
    hits: int = 0

    def aims_at(self, vendor: str, call: Call) -> bool:
        name = call.operation.name if call.operation else None
        return (
            self.vendor in (None, vendor)
            and self.operation in (None, name)
            and self.method in (None, call.method)
            and (self.path is None or fnmatchcase(call.path, self.path))
        )

    def strikes(self, random: Generator) -> bool:
        """Whether this call, one of those that it aims at, is hit. Counts calls and hits."""
        self.seen += 1
        if self.nth not in (None, self.seen) or (self.times is not None and self.hits >= self.times):
            return False
        if self.probability < 1 and random.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def seconds(self, random: Generator) -> float:
        """The delay of this hit."""
        if not isinstance(self.delay, dict):
            return self.delay
        (distribution, (first, second)), *_ = self.delay.items()
        if distribution == "uniform":
            return random.uniform(first, second)
        return first * random.lognormvariate(0, second)  # median, sigma

    @property
    def unanswered(self) -> bool:
        """Whether the connection breaks before the request is handled."""
        return self.connection in ("reset", "empty") and not self.after

    def apply_to(self, call: Call, reply: Reply) -> None:
        """Apply the fault to the answer. The journal keeps the undamaged one."""
        changes = self.headers | ({"Content-Type": self.content_type} if self.content_type else {})
        for name, value in changes.items():
            reply.put(name, value)
        if self.connection in ("reset", "empty", "garbage"):
            self._break(call, reply)
        elif self.connection == "truncate":
            reply.body = cut(chunks(reply.body, 2), 1)
        elif self.cut_after is not None and (reply.streams or reply.chunked):
            reply.body = cut(reply.body if reply.streams else iter((reply.body,)), self.cut_after)
        if self.slow:
            reply.body = slowly(chunks(reply.body, PIECES), self.slow / PIECES)

    def _break(self, call: Call, reply: Reply) -> None:
        connection = call.connection
        if connection is None:  # in a test without a socket
            raise ConnectionResetError(f"fault {self.id}: {self.connection}")
        if self.connection == "reset":
            connection.reset()
        elif self.connection == "empty":
            connection.close()
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyzzy\r\n")
        reply.body = b""

    def describe(self) -> dict[str, Any]:
        return vars(self) | {"answer": self.answer and self.answer.describe()}


def chunks(body: Any, pieces: int) -> Iterator[bytes]:
    """Cut a body into so many pieces; a streamed answer keeps its chunks."""
    if isinstance(body, Iterator):
        yield from body
        return
    size = max(1, -(-len(body) // pieces))
    yield from (body[start : start + size] for start in range(0, len(body), size))


def cut(parts: Iterator[bytes], number: int) -> Iterator[bytes]:
    """The first `count` parts, then an error, at which the server closes the connection."""
    with closing(parts):  # type: ignore[type-var]
        yield from itertools.islice(parts, number)
    raise ConnectionAbortedError("a fault cuts this answer")


def slowly(parts: Iterator[bytes], seconds: float) -> Iterator[bytes]:
    for part in parts:
        pause(seconds)
        yield part


class Faults:
    """The faults and own answers of a world, in the order in which they were set. Of each kind the first that strikes a
    call hits it.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, **fields: Any) -> Fault:
        fault = Fault(id=next(self._ids), **fields)
        self._faults.append(fault)
        return fault

    def pick(self, vendor: str, call: Call, random: Generator, caller: str | None = None) -> Fault | None:
        """The fault that hits this call: of those aimed at a caller when `caller` is given, else of the rest."""
        for fault in self._faults:
            if (fault.answer is None and fault.caller == caller and fault.aims_at(vendor, call)
                    and fault.strikes(random)):
                return fault
        return None

    def pick_answer(self, vendor: str, call: Call, random: Generator, caller: str | None) -> Fault | None:
        """The own answer that hits this call of an operation; one "after" it wants an operation that is simulated."""
        assert call.operation is not None, "own answers are for operations"
        for fault in self._faults:
            if (fault.answer is not None and fault.caller in (None, caller) and fault.aims_at(vendor, call)
                    and (call.operation.simulated or fault.answer.when == "instead") and fault.strikes(random)):
                return fault
        return None

    @property
    def weight(self) -> int:
        """Bytes of the own answers, roughly."""
        return sum(fault.answer.size for fault in self._faults if fault.answer)

    def remove(self, id: int) -> bool:
        kept = [fault for fault in self._faults if fault.id != id]
        removed = len(kept) < len(self._faults)
        self._faults = kept
        return removed

    def clear(self) -> None:
        self._faults = []

    def list(self) -> list[Fault]:
        return list(self._faults)

    def __bool__(self) -> bool:
        return bool(self._faults)


class Obstructed(Exception):
    """A fault keeps the request from being handled."""

    def __init__(self, fault: Fault, refusal: Refusal) -> None:
        super().__init__(f"fault {fault.id}")
        self.fault, self.refusal = fault, refusal


def obstruct(fault: Fault | None, failure: Callable[[int], Refusal]) -> Fault | None:
    """Raise Obstructed, with the vendor's own failure, if the fault keeps the request from being handled."""
    if fault and (fault.status or fault.unanswered):
        raise Obstructed(fault, failure(fault.status or 500))
    return fault
