"""What operations declare of their answers is found in marshmallow schemas and in JSON Schema."""

import json

import pytest
from marshmallow import EXCLUDE, INCLUDE, Schema, fields, validate

from mocksrv.app import load_vendors
from mocksrv.config import VENDORS
from mocksrv.drift import declared, shape
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
    assert declared(operation).choices == {tuple(path.split()): AB for path in found}


class Project(Schema):
    class Meta:
        unknown = EXCLUDE

    name = fields.String()


class Case(Schema):
    project = fields.Nested(Project)
    free = fields.Dict(keys=fields.String(), values=fields.Nested(Inner))
    fixed = fields.Dict(keys=fields.String(validate=LETTER))
    unknown = fields.Dict()


@pytest.mark.parametrize("response", [
    Case, {"properties": {"project": Project, "unknown": {"type": "object"}, "fixed": {"properties": {"a": {}}},
                          "free": {"type": "object", "additionalProperties": Inner}}}])
def test_keys_that_are_data(response):
    """They are not kept, nor what is below them unless that is declared itself."""
    seen = declared(Operation("shop", "x", "GET", ("/x",), print, response=response))
    value = {"project": {"name": 1, "mine": {"deep": [{"er": 1}]}}, "free": {"one": {"Kind": "b", "x": 1}},
             "fixed": {"a": 1}, "unknown": {"b": 1}}
    made = shape({"status": 200, "headers": [["Content-Type", "application/json"]], "body": json.dumps(value).encode()},
                 declared=seen)
    assert made["body"]["json"] == {"object": {
        "project": {"object": {"name": "integer", "<key>": "data"}},
        "free": {"object": {"<key>": {"object": {"Kind": {"enum": ["b"], "other": []}, "x": "integer"}}}},
        "fixed": {"object": {"a": "integer"}}, "unknown": {"object": {"b": "integer"}}}}


class Record(Schema):
    id = fields.String(required=True)
    name = fields.String(data_key="Name")


class Document(Record):
    class Meta:
        unknown = INCLUDE


MEMBERS = {"id": {}, "Name": {}}


@pytest.mark.parametrize(("response", "optional"), [
    (Record, ["Name"]), (Document, ["Name", "colour"]), ({"properties": MEMBERS, "required": ["id"]}, ["Name"]),
    ({"properties": MEMBERS}, []), (None, []),
])
@pytest.mark.parametrize("found", [True, False])
def test_which_optional_members_a_record_has_that_was_found_is_chance(response, optional, found):
    seen = declared(Operation("shop", "x", "GET", ("/x",), print, response=response))
    body = json.dumps({"id": "a", "Name": "b", "colour": "red"}).encode()
    made = shape({"status": 200, "headers": [["Content-Type", "application/json"]], "body": body, "found": found},
                 declared=seen)
    assert made["body"]["json"].get("optional", []) == (optional if found else [])


@pytest.mark.parametrize(("rows", "optional"), [(1, ["Name"]), (6, ["Name"]), (7, None)])
def test_what_seven_rows_show_is_no_chance(rows, optional):
    seen = declared(Operation("shop", "x", "GET", ("/x",), print, response={"type": "array", "items": Record}))
    body = json.dumps([{"id": str(n), "Name": "b"} for n in range(rows)]).encode()
    made = shape({"status": 200, "headers": [["Content-Type", "application/json"]], "body": body, "found": True},
                 declared=seen)
    assert made["body"]["json"]["array"].get("optional") == optional


def test_every_operation_can_be_asked():
    choices = {operation.name: declared(operation) for vendor in load_vendors(VENDORS)
               for operation in vendor.operations}
    assert len(choices["list_assessments"].choices[("items", "*", "outcome")]) > 1
    assert choices["list_forms"].keys[("objects", "*", "form")] == frozenset()
