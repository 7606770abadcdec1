"""A world's faults and own answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response
from marshmallow import Schema, ValidationError, fields, validate, validates, validates_schema

from mocksrv.answers.declared import AnswerSchema
from mocksrv.control.aims import problems
from mocksrv.control.base import CONTROL, ControlError, answer, control, payload, world, worlds
from mocksrv.control.describe import listed, told
from mocksrv.faults import CONNECTION, HEADER_NAME, HEADER_VALUE
from mocksrv.problems import OutOfMemory, unknown

MOST = 1_000  # faults of a world; each request looks at all of them
EFFECTS = ("answer", "status", "headers", "delay", "slow", "connection", "cut_after", "content_type")


@control.get("/faults")
@told(listed("Fault"))
def list_faults() -> Response:
    """The faults and own answers of this world, and how often each hit."""
    return answer([fault.describe() for fault in world().faults.list()])


class AimSchema(Schema):
    """What is aimed at: all calls, or some of them."""

    vendor = fields.String()
    operation = fields.String()
    method = fields.String()
    path = fields.String()
    caller = fields.String()
    nth = fields.Integer(strict=True, validate=validate.Range(1))
    times = fields.Integer(strict=True, validate=validate.Range(1))
    probability = fields.Float(validate=validate.Range(0, 1))

    @validates_schema
    def check_aim(self, data: dict[str, Any], **_kwargs: Any) -> None:
        aim: dict[str, Any] = {name: data[name] for name in ("vendor", "operation", "method") if name in data}
        for name, text in problems(aim).items():
            raise ValidationError(text, name)


class FaultSchema(AimSchema):
    """A fault as the control plane takes it: an aim, and at least one effect, or an own answer alone."""

    answer = fields.Nested(AnswerSchema)
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
            raise ValidationError("Say what goes wrong: status, headers, content_type, delay, slow, connection or "
                                  "cut_after; or give an answer of your own: answer.")
        lengths = [value for name, value in data.get("headers", {}).items() if name.lower() == "content-length"]
        if not all(value.isascii() and value.isdigit() for value in lengths):
            raise ValidationError("Content-Length takes a whole number.", "headers")
        if "answer" in data and (more := sorted(data.keys() & {"after", *EFFECTS} - {"answer"})):
            raise ValidationError(f"An answer stands alone: what it holds goes into it ({', '.join(more)}), and what "
                                  "goes wrong besides is a fault of its own.", "answer")


def told_of(error: ValidationError, schema: Schema) -> str:
    """What is wrong with which field of what the schema refuses, such as `answer.json.name: ...`."""
    def texts(messages: Any, place: str, within: Schema | None) -> Iterator[str]:
        if not isinstance(messages, dict):
            yield f"{place}: {' '.join(map(str, messages))}" if place else " ".join(map(str, messages))
            return
        for key, inner in messages.items():
            below = place if key == "_schema" else f"{place}.{key}".removeprefix(".")
            field = within.fields.get(key) if within else None
            if within and inner == [within.error_messages["unknown"]]:
                yield f"{below}: {unknown('field', key, within.fields)}"
            else:
                yield from texts(inner, below, field.schema if isinstance(field, fields.Nested) else None)

    return "; ".join(texts(error.normalized_messages(), "", schema))  # type: ignore[no-untyped-call]


@control.post("/faults")
@told("Fault", 201, takes="FaultOrder")
def add_fault() -> Response:
    """Add a fault or an own answer to this world. The aim: vendor, operation, method, path, caller, nth, times,
    probability; without it every call is hit. The effect, at least one: status, headers, content_type, delay (seconds),
    slow, connection (with after: the request is carried out first), cut_after. Or an answer, when: instead of the
    operation or after it, with status, headers and json, text or file; its texts may be templates.
    """
    try:
        found = FaultSchema().load(payload())
    except ValidationError as error:
        raise ControlError("bad-fault", 400, told_of(error, FaultSchema())) from None
    one = world()
    with one.lock:
        if len(one.faults.list()) >= MOST:
            raise ControlError("too-many-faults", 503, f"there are {MOST} faults already; remove some with "
                               f"DELETE {CONTROL}/faults/number, or all with DELETE {CONTROL}/faults")
        if "answer" in found and not worlds().reserve(found["answer"].size):
            raise OutOfMemory(worlds().config.memory)
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
