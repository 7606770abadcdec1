"""Load on a server: a few kept-alive connections, each with one request under way, from one thread.

The same generator asks every server, so that ratios mean something; it makes about 20,000 requests a second.
"""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from . import PATIENCE, Running, Work, read_answer, succeeded

CONNECTIONS = 8
Talk = Generator[bytes, bytes, None]  # yields requests, is sent each answer
Script = Callable[[], Talk]  # a talk for each connection


@dataclass
class Measured:
    per_second: float  # successful answers
    cpu: float  # microseconds of the server's processor time for each
    failed: float  # refusals for each success: json-server forgets some of what it creates under load


def pages(work: Work) -> Script:
    return lambda: repeating(work.page)


def ones(work: Work) -> Script:
    return lambda: repeating(work.one)


def repeating(asked: bytes | Callable[[], bytes]) -> Talk:
    while True:
        yield asked if isinstance(asked, bytes) else asked()


def creations(work: Work) -> Script:
    """Create an object, read it back, and so on; object numbers are never used twice."""
    numbers = itertools.count(1)

    def script() -> Talk:
        while True:
            number = next(numbers)
            answer = yield work.create(number)
            if succeeded(answer):
                yield work.created(number, answer)

    return script


def measure(server: Running, script: Script, seconds: float) -> Measured:
    """Requests answered in about `seconds`, after a short warm-up on the same connections."""
    clients = [Client(server.port, script()) for _ in range(CONNECTIONS)]
    with selectors.DefaultSelector() as selector:
        for client in clients:
            client.connect(selector)
        drive(selector, seconds / 5)
        cpu, begun = server.cpu(), time.perf_counter()
        good, bad = drive(selector, seconds)
        taken = time.perf_counter() - begun
        used = server.cpu() - cpu
    for client in clients:
        client.sock.close()
    return Measured(good / taken, used / good * 1e6, bad / good)


class Client:
    """One connection with its talk; made anew when the server ends it after an answer."""

    def __init__(self, port: int, talk: Talk) -> None:
        self.port = port
        self.talk = talk
        self.request = next(talk)

    def connect(self, selector: selectors.BaseSelector) -> None:
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(self.sock, selectors.EVENT_READ, self)
        self.sock.sendall(self.request)

    def go_on(self, selector: selectors.BaseSelector) -> bool:
        """Take the answer that has begun to come, ask the next question; True when it was a success."""
        answer, closed = read_answer(self.sock)
        self.request = self.talk.send(answer)
        if closed:
            selector.unregister(self.sock)
            self.sock.close()
            self.connect(selector)
        else:
            self.sock.sendall(self.request)
        return succeeded(answer)


def drive(selector: selectors.BaseSelector, seconds: float) -> tuple[int, int]:
    """Successes and failures in the time; it takes longer when there is no success before."""
    good, bad, end = 0, 0, time.perf_counter() + seconds
    while time.perf_counter() < end or not good:
        ready = selector.select(PATIENCE)
        if not ready:
            raise TimeoutError(f"no answer in {PATIENCE} seconds")
        for key, _ in ready:
            if key.data.go_on(selector):
                good += 1
            else:
                bad += 1
    return good, bad
