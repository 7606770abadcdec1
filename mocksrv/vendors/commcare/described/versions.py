"""The versions of HQ's API, which it serves side by side, as a table of the documentation."""

from __future__ import annotations

from typing import Any

from mocksrv.operation import Operation, plain
from mocksrv.vendor import Vendor

HEAD = "| path | older paths, still there | since | instead of |", "| --- | --- | --- | --- |"


def markdown(vendor: Vendor[Any]) -> str:
    """A row for each path of today, or of the last version that has it, with its methods."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for operation in vendor.operations:
        if operation.since:
            rows.setdefault(cells(vendor, operation), []).append(operation.method)
    made = [f"| {', '.join(methods)} {path} | {' | '.join(rest)} |"
            for (path, *rest), methods in sorted(rows.items(), key=lambda row: row[0][0])]
    return "\n".join([*HEAD, *made]) + "\n"


def cells(vendor: Vendor[Any], operation: Operation) -> tuple[str, ...]:
    """A row without its methods: operations that differ in nothing else share one."""
    old = [path for path in operation.paths if vendor.successor(operation, path)]
    old = [code(path) for path in old if f"{path}/" not in old]  # some exist with and without a slash
    known = {one.name: one for one in vendor.operations}
    before = known[operation.instead].path if operation.instead else ""
    gone = f", not in {operation.until}" if operation.until else ""
    return code(operation.path), ", ".join(old), f"{operation.since}{gone}", code(before) if before else ""


def code(path: str) -> str:
    """A path as the table shows it: without the domain."""
    return f"`{plain(path).removeprefix('/a/{domain}')}`"
