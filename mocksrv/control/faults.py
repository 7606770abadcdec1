"""A world's faults."""

from __future__ import annotations

import re
from typing import Any

from flask import Response
from marshmallow import Schema, ValidationError, fields, validate, validates, validates_schema

from mocksrv.control.aims import problems
from mocksrv.control.base import CONTROL, ControlError, answer, control, payload, world
from mocksrv.control.describe import listed, told
from mocksrv.faults import CONNECTION

MOST = 1_000  # faults of a world; each request looks at all of them

# What an answer may contain: RFC 9110, 5.1 and 5.5.
HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+\Z", re.ASCII)
EFFECTS = ("status", "headers", "delay", "slow", "connection", "cut_after", "content_type")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")


@control.get("/faults")
@told(listed("Fault"))
def list_faults() -> Response:
    """The faults of this world, and how often each hit."""
    return answer([fault.describe() for fault in world().faults.list()])


class FaultSchema(Schema):
    """A fault as the control plane takes it: an aim, and at least one effect."""

    vendor = fields.String()
    operation = fields.String()
    method = fields.String()
    path = fields.String()
    caller = fields.String()
    nth = fields.Integer(strict=True, validate=validate.Range(1))
    times = fields.Integer(strict=True, validate=validate.Range(1))
    probability = fields.Float(validate=validate.Range(0, 1))
    status = fields.Integer(strict=True, validate=validate.Range(400, 599))  # an error of the vendor's own
    headers = fields.Dict(fields.String(validate=validate.Regexp(HEADER_NAME)),
                          fields.String(validate=validate.Regexp(HEADER_VALUE)))
    delay = fields.Raw()
    slow = fields.Float(validate=validate.Range(0, 600))
    connection = fields.String(validate=validate.OneOf(CONNECTION))
    after = fields.Boolean(truthy={True}, falsy={False})
    cut_after = fields.Integer(strict=True, validate=validate.Range(0))
    content_type = fields.String(validate=validate.Regexp(HEADER_VALUE))

    @validates("delay")
    def check_delay(self, value: Any, **_kwargs: Any) -> None:
        match value:
            case bool():
                pass
            case int() | float() if 0 <= value <= 600:
                return
            case {"uniform": [int() | float() as low, int() | float() as high]} if 0 <= low <= high <= 600:
                return
            case {"lognormal": [int() | float() as median, int() | float() as sigma]} if (
                    0 <= median <= 600 and 0 <= sigma <= 3):
                return
        raise ValidationError(
            'Use seconds from 0 to 600, {"uniform": [low, high]} or {"lognormal": [median, sigma]}.')

    @validates_schema
    def check_sense(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data.keys() & set(EFFECTS):
            raise ValidationError("Say what goes wrong: status, delay, slow, connection, cut_after, ...")
        lengths = [value for name, value in data.get("headers", {}).items() if name.lower() == "content-length"]
        if not all(value.isascii() and value.isdigit() for value in lengths):
            raise ValidationError("Content-Length takes a whole number.", "headers")
        aim: dict[str, Any] = {name: data[name] for name in ("vendor", "operation", "method") if name in data}
        for name, text in problems(aim).items():
            raise ValidationError(text, name)


@control.post("/faults")
@told("Fault", 201, takes="FaultOrder")
def add_fault() -> Response:
    """Add a fault to this world. The aim: vendor, operation, method, path, caller, nth, times, probability; without it
    every call is hit. The effect, at least one: status, headers, content_type, delay (seconds), slow, connection (with
    after: the request is carried out first), cut_after.
    """
    try:
        found = FaultSchema().load(payload())
    except ValidationError as error:
        texts = [f"{key}: {' '.join(map(str, value))}" for key, value in error.normalized_messages().items()]  # type: ignore[no-untyped-call]
        raise ControlError("bad-fault", 400, "; ".join(texts).replace("_schema: ", "")) from None
    one = world()
    with one.lock:
        if len(one.faults.list()) >= MOST:
            raise ControlError("too-many-faults", 503, f"there are {MOST} faults already; remove some with "
                               f"DELETE {CONTROL}/faults/number, or all with DELETE {CONTROL}/faults")
        return answer(one.faults.add(**found).describe(), 201)


@control.delete("/faults/<int:id>")
@told(None, 204)
def delete_fault(id: int) -> Response:
    """Remove a fault."""
    if not world().faults.remove(id):
        raise ControlError("no-such-fault", 404, f"there is no fault {id}; GET {CONTROL}/faults lists them")
    return Response(status=204)


@control.delete("/faults")
@told(None, 204)
def clear_faults() -> Response:
    """Remove all faults."""
    world().faults.clear()
    return Response(status=204)
