"""How many of each vendor's contract tests can run on a live service: `pytest contract_tests --target live --co -q`."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from mocksrv.config import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest


def kind(item: pytest.Item) -> str:
    """`mock` for a test that needs the mock or asks no service at all, `writes`, or `reads`."""
    asks = set(getattr(item, "fixturenames", ()))
    if item.get_closest_marker("mock_only") or "target" not in asks or "mocksrv" in asks:
        return "mock"
    return "writes" if item.get_closest_marker("writes") else "reads"


def shares(items: Iterable[pytest.Item]) -> list[str]:
    """A line for each vendor with tests among these."""
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        if (vendor := item.path.parent.name) in VENDORS:
            counted[vendor][kind(item)] += 1
    return [line(vendor, found) for vendor, found in sorted(counted.items())]


def line(vendor: str, found: Counter[str]) -> str:
    live = found["reads"] + found["writes"]
    return (f"{vendor}: {live} of {found.total()} tests can run on a live service ({live / found.total():.1%}), "
            f"{found['reads']} of them without --live-writes")
