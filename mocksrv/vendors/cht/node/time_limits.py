"""How long scripts, patterns and templates of the settings may take together while a request waits.

Each has a limit of its own; but settings may have thousands of them, which run for each document while the world
answers nobody else. The real server would wait; how long is ours.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mocksrv.clock import worked

FREE, TOGETHER = 0.01, 10.0  # seconds of a processor: of each, which do not count, and of all
MESSAGE = "Everything together takes too long"


class Spent(threading.local):
    """What the request of a thread has taken."""

    seconds = 0.0


class Exhausted(Exception):
    """All time is spent."""


spent = Spent()


def begin() -> None:
    """Another request begins."""
    spent.seconds = 0.0


@contextmanager
def counted() -> Iterator[None]:
    """Count what is run. Raises Exhausted, if others have taken all time."""
    if spent.seconds > TOGETHER:
        raise Exhausted(MESSAGE)
    began = worked()
    try:
        yield
    finally:
        spent.seconds += max(0.0, worked() - began - FREE)
