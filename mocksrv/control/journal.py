"""A world's journal."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from mocksrv.control.base import ControlError, answer, control, world
from mocksrv.journal import KEPT

FILTERS = ("vendor", "operation", "method", "status", "caller")


@control.get("/journal")
def read_journal() -> Response:
    """The last exchanges; query: vendor, operation, method, status, caller, limit."""
    wanted: dict[str, Any] = {key: request.args[key] for key in FILTERS if key in request.args}
    try:
        if "status" in wanted:
            wanted["status"] = int(wanted["status"])
        limit = int(request.args.get("limit", KEPT))
        if limit < 0:
            raise ValueError
    except ValueError:
        raise ControlError("not-a-number", 400, "status and limit take whole numbers") from None
    return answer([entry.describe() for entry in world().journal.find(limit, **wanted)])


@control.delete("/journal")
def clear_journal() -> Response:
    world().journal.clear()
    return Response(status=204)
