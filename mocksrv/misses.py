"""Why a request met no operation: the nearest ones, and which part differs."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mocksrv.operation import PARAMETER

if TYPE_CHECKING:
    from mocksrv.operation import Call, Operation, Vendor

SHOWN = 3
NEAR = 0.6
LONGEST = 80  # letters of a path segment that are compared


def explain(vendor: Vendor, call: Call) -> list[str]:
    """Lines that say what came, what was meant perhaps, and what to change."""
    if call.allowed:
        return [f"{call.path} takes {', '.join(call.allowed)}, not {vendor.method(call)}"]
    if call.notes.get("slash"):
        return [f"{call.path} lacks the trailing slash of {call.notes['slash']}"]
    near = nearest(vendor, call)
    if not near:
        return [f"{call.method} {call.path} is no route of {vendor.title or vendor.name}"]
    return [f"{call.method} {call.path} is no route; the nearest: {'; '.join(near)}"]


def nearest(vendor: Vendor, call: Call) -> list[str]:
    """The operations most like the request, each with the part that differs."""
    for operation in vendor.operations:
        for pattern in operation.patterns:
            if pattern.fullmatch(call.path):
                return [f"{operation.method} {operation.path} in that letter case"]
            if call.path.endswith("/") and pattern.fullmatch(call.path.rstrip("/")):
                return [f"{operation.method} {operation.path} without the trailing slash"]
    parts = [part[:LONGEST] for part in call.path.strip("/").split("/")]
    ranked = sorted(vendor.operations, key=lambda op: (-likeness(op, parts), op.method != call.method, op.path))
    return [f"{op.method} {op.path}{difference(op, parts)}" for op in ranked[:SHOWN] if likeness(op, parts) >= NEAR]


def likeness(operation: Operation, parts: list[str]) -> float:
    """How alike the segments are, from 0 to 1; a parameter is like anything, but less than the word itself."""
    wanted = operation.path.strip("/").split("/")
    score = sum(similar(want, part) for want, part in zip(wanted, parts, strict=False))
    return score / max(len(wanted), len(parts))


def similar(want: str, part: str) -> float:
    if PARAMETER.search(want):
        return 0.9 if part else 0.0
    return 1.0 if want == part else difflib.SequenceMatcher(None, want.lower(), part.lower()).ratio()


def difference(operation: Operation, parts: list[str]) -> str:
    """The first segment that differs."""
    wanted = operation.path.strip("/").split("/")
    for want, part in zip(wanted, parts, strict=False):
        if not PARAMETER.search(want) and want != part:
            return f" ('{want}', not '{part}')"
    if len(wanted) > len(parts):
        return f" ('{'/'.join(wanted[len(parts):])}' is missing at the end)"
    if len(parts) > len(wanted):
        return f" ('{'/'.join(parts[len(wanted):])}' is too much at the end)"
    return ""
