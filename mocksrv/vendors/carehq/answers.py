"""What every operation of CareHQ may answer besides its success, for the OpenAPI document."""

from __future__ import annotations

from marshmallow import fields

from mocksrv.operation import Content, Operation
from mocksrv.vendors.carehq.schemas import schema

JSON = "application/json"

Refused = schema("Refused", {"hint": fields.String(required=True)})
Invalid = schema("Invalid", {
    "hint": fields.String(required=True),
    "arg_errors": fields.Dict(fields.String(), fields.List(fields.String()),
                              metadata={"description": "all that is wrong with the arguments, by name"}),
})


def of(operation: Operation) -> dict[int, Content]:
    """Bad arguments, unknown keys, missing permissions, bodies that are too large, too many requests; where the path
    names a record it may not exist, and writes that are not documented must have been opened."""
    statuses = {401, 403, 413, 429}
    if operation.traits["action"] in ("retrieve", "update", "delete"):
        statuses.add(404)
    if operation.traits.get("resource") is None:
        statuses |= {404, 405}
    return {400: {JSON: Invalid}, **{status: {JSON: Refused} for status in statuses}}
