"""The declared values of answers are found in marshmallow schemas and in JSON Schema."""

import pytest
from marshmallow import Schema, fields, validate

from mocksrv.app import load_vendors
from mocksrv.config import VENDORS
from mocksrv.drift import declared
from mocksrv.operation import Operation

LETTER = validate.OneOf(["a", "b"])
AB = frozenset("ab")


class Inner(Schema):
    kind = fields.String(data_key="Kind", validate=LETTER)
    itself = fields.Nested(lambda: Inner())


class Outer(Schema):
    one = fields.Nested(Inner)
    many = fields.List(fields.Nested(Inner))
    more = fields.Nested(Inner(many=True))
    tags = fields.List(fields.String(), validate=validate.ContainsOnly(["a", "b"]))
    free = fields.String()


@pytest.mark.parametrize(("response", "found"), [
    (None, []), (Outer, ["one Kind", "many * Kind", "more * Kind", "tags *"]), (lambda: Inner, ["Kind"]),
    ({"type": "array", "items": Inner}, ["* Kind"]),
    ({"anyOf": [{"properties": {"x": {"enum": ["a", "b", None]}}}, {"properties": {"y": Inner()}}]}, ["x", "y Kind"]),
    ({"enum": ["a", "b"]}, [""]), ({"type": "object", "additionalProperties": True}, []),
])
def test_declared_values_by_path(response, found):
    operation = Operation("shop", "x", "GET", ("/x",), print, response=response)
    assert declared(operation) == {tuple(path.split()): AB for path in found}


def test_every_operation_can_be_asked():
    choices = {operation.name: declared(operation) for vendor in load_vendors(VENDORS)
               for operation in vendor.operations}
    assert len(choices["list_assessments"][("items", "*", "outcome")]) > 1
