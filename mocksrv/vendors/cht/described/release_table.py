"""What changes for clients between the releases, as a table of the documentation: made from the declarations."""

from __future__ import annotations

from mocksrv.operation import Operation, release_number
from mocksrv.vendors.cht import releases

INTRODUCTION = "| since | where | before | after | known from |", "| --- | --- | --- | --- | --- |"


def markdown(operations: list[Operation]) -> str:
    """Operations that come and go, then what is answered or stored otherwise; each in the order of the releases."""
    methods: dict[tuple[str, ...], list[str]] = {}
    for operation in operations:
        if operation.since or operation.until:
            methods.setdefault(cells(operation), []).append(operation.method)
    rows = [(since, f"{', '.join(names)} {paths}", *rest) for (since, paths, *rest), names in methods.items()]
    rows += [(change.since, change.where, change.before, change.after, change.source)
             for _, change in releases.changes()]
    made = [f"| {' | '.join(row)} |" for row in sorted(rows, key=lambda row: release_number(row[0]))]
    return "\n".join([*INTRODUCTION, *made]) + "\n"


def cells(operation: Operation) -> tuple[str, ...]:
    """A row without its methods: operations that differ in nothing else share one."""
    paths, there = ", ".join(f"`{path}`" for path in operation.paths), operation.summary.rstrip(".")
    before, after = ("-", there) if operation.since else (there, "-")
    return operation.since or operation.until, paths, before, after, operation.source
