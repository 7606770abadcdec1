"""What can go wrong, aimed at operations."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocksrv.operation import Call


@dataclass
class Fault:
    """One thing that goes wrong. Without an aim it hits every call; `times` is how often it does (None: always)."""

    id: int = 0
    vendor: str | None = None
    operation: str | None = None
    status: int | None = None  # answer with this status and the vendor's own error body
    delay: float = 0.0  # seconds of real time before the answer
    cut_after: int | None = None  # chunks of a streamed answer before the connection is cut
    times: int | None = None
    hits: int = 0

    def aims_at(self, vendor: str, call: Call) -> bool:
        name = call.operation.name if call.operation else None
        return self.vendor in (None, vendor) and self.operation in (None, name)

    def describe(self) -> dict[str, Any]:
        return asdict(self)


class Faults:
    """The faults of a world, in the order in which they were set; the first that aims at a call hits it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, **fields: Any) -> Fault:
        fault = Fault(id=next(self._ids), **fields)
        self._faults.append(fault)
        return fault

    def pick(self, vendor: str, call: Call) -> Fault | None:
        """The fault that hits this call, counted."""
        for fault in self._faults:
            if (fault.times is None or fault.hits < fault.times) and fault.aims_at(vendor, call):
                fault.hits += 1
                return fault
        return None

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
