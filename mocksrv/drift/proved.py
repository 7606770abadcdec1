"""What a run on both sides proves: the operations that a live service answered as the mock does."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mocksrv.drift.compare import Difference, both, compare
from mocksrv.drift.files import Document
from mocksrv.operation import Operation
from mocksrv.proof import Finding, finding


def proved(operations: Iterable[Operation], mock: Document, live: Document,
           accepted: Callable[[Difference], bool] = lambda one: False) -> tuple[dict[str, Finding], set[str]]:
    """The findings by operation, and the operations that the run speaks against, as `proof.record` takes them.

    An operation is proved when its normal answer agreed, and no difference of it is left but accepted ones.
    """
    differing: dict[str, set[str]] = {}
    against = set()
    for one in compare(mock, live):
        differing.setdefault(one.operation, set()).update(one.cases)
        if not accepted(one):
            against.add(one.operation)
    statuses: dict[str, list[int]] = {}
    for name, case in both(mock, live):
        if case not in differing.get(name, ()):
            statuses.setdefault(name, []).append(live["operations"][name][case]["status"])
    findings = {}
    for operation in operations:
        agreed, differences = statuses.get(operation.name, []), len(differing.get(operation.name, ()))
        found = finding(operation, live["version"], live["date"], agreed, differences)
        if found and operation.name not in against:
            findings[operation.name] = found
    return findings, against
