"""Waiting for what happens in another process, or in the background of a service."""

import time
from collections.abc import Callable

SECONDS = 60


def until(true: Callable[[], object]) -> None:
    """Return as soon as that is true; it fails after a minute."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.02)
