"""Reduces exchanges that pass a proxy to shapes at once: no value of the service is kept."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mocksrv.drift import files
from mocksrv.drift.answer_shape import shape
from mocksrv.drift.declared import declared, names
from mocksrv.live.meant import MADE, reads

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.live.forward import Answer
    from mocksrv.operation import Operation

NO_ROUTE = "(no route)"
TOO_MANY = 429
ORDERS = ("sort_by", "order_by")  # the arguments by which callers ask for an order: of CareHQ, and of HQ


class Recorder:
    """The shapes of one side's answers, by operation and case; `file` is None if they are not wanted.

    The answers of an operation within one test are numbered: `test_person.py::test_one #2`.
    """

    def __init__(self, vendor: str, target: str, date: str, file: Path | None) -> None:
        self.file = file
        self.document = files.document(vendor, "", date, target)
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._left: set[str] = set()
        self._lock = threading.Lock()

    def add(self, case: str, call: Call, answer: Answer, own: Iterable[str], base_url: str, meant: str) -> None:
        """Take in one exchange; `base_url` is where its links begin. Without a case it is one of what it asks for.
        `meant` says whose document it is about; one that was there before has optional members of its own.
        """
        if self.file is None or case in self._left or (not case and answer.status == TOO_MANY):
            return
        operation = call.operation.name if call.operation else NO_ROUTE
        case = case or asked_for(call, meant)
        order = next((value for name, value in call.query if name in ORDERS), "")
        seen = shape({"status": answer.status, "headers": answer.headers, "body": answer.plain, "method": call.method,
                      "base": base_url, "order": order, "found": reads(call) and meant != MADE}, own,
                     declared(call.operation) if call.operation else None)
        with self._lock:
            self._numbers[operation, case] += 1
            number = self._numbers[operation, case]
            files.add(self.document, operation, case if number == 1 else f"{case} #{number}", seen)

    def leave(self, case: str) -> None:
        """Ignore further exchanges of this test; those of none go on."""
        if case:
            self._left.add(case)

    def save(self, version: str) -> None:
        """Write the file; `version` is the service's own word for its release."""
        if self.file is not None:
            files.save(self.document | {"version": version}, self.file)


@cache
def names_of(operation: Operation) -> frozenset[str]:
    return names([operation])


def asked_for(call: Call, meant: str) -> str:
    """What a request asks for, whatever was asked before: `get_person (told)`, `get_people ?limit,type`."""
    if call.operation is None:
        return NO_ROUTE
    query = ",".join(sorted({name for name, _ in call.query if name in names_of(call.operation)}))
    return call.operation.name + (f" ({meant})" if meant else "") + (f" ?{query}" if query else "")
