"""What the bodies of case API v2 may be, by the rules of `bodies`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from mocksrv.described.json_schema import Shape, any_of, array
from mocksrv.vendors.commcare.schemas.bodies import (
    NEVER,
    NOT,
    OBJECT,
    SOMETHING,
    TEXT,
    TRUTH,
    Open,
    Value,
    anything,
)

NAME: Shape = {"pattern": r"^(?!xml)[A-Za-z_][A-Za-z0-9_.\-]*$"}  # of an element in XML
XML_TEXT: Shape = {**TEXT, "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ufffe\\uffff]*$"}


class CaseV2Index(Open):
    """Where an index leads: one of the three ids, which wants a type; without an id it is removed."""

    case_id = Value(XML_TEXT, null=True)
    external_id = Value(XML_TEXT, null=True)
    temporary_id = Value(XML_TEXT, null=True)
    case_type = Value(XML_TEXT, null=True)
    relationship = fields.String(required=True, validate=validate.OneOf(["child", "extension"]))


PROPERTIES: Shape = {**OBJECT, "additionalProperties": XML_TEXT, "propertyNames": {
    **NAME, "not": {"enum": ["case_name", "case_type", "owner_id"]}}}


class CaseV2Change(Schema):
    """A case that is there, by its id or its external id."""

    case_id = Value(XML_TEXT, null=True)
    case_name = Value(XML_TEXT, null=True)
    case_type = Value(XML_TEXT, null=True)
    owner_id = Value(XML_TEXT, null=True)
    external_id = Value(XML_TEXT, null=True)
    user_id = anything("is not looked at")
    properties = Value(PROPERTIES)
    indices = fields.Dict(fields.String(validate=validate.Regexp(NAME["pattern"])),
                          fields.Nested(CaseV2Index), metadata={"propertyNames": NAME})
    close = Value(TRUTH, null=True)


class NewCaseV2(CaseV2Change):
    case_name = Value(XML_TEXT, required=True)
    case_type = Value(XML_TEXT, required=True)
    owner_id = Value(XML_TEXT, required=True)
    temporary_id = Value(XML_TEXT, null=True, about="by which indices of other cases of the list may lead here")

    class Meta:
        exclude = ("case_id",)


class NewCaseV2Row(NewCaseV2):
    create = Value(SOMETHING, required=True, about="true: a new case")


class CaseV2ChangeRow(CaseV2Change):
    create = Value(NOT, required=True, about="false: a case that is there")


class CaseV2UpsertRow(NewCaseV2):
    create = Value(NEVER, null=True, required=True, about="null: the case with the external id, new or not")
    external_id = Value({**XML_TEXT, "minLength": 1}, required=True)

    class Meta:
        exclude = ("case_id", "temporary_id")


CASES_V2: Shape = {**array(any_of(NewCaseV2Row, CaseV2ChangeRow, CaseV2UpsertRow)), "maxItems": 100}
NEW_CASES_V2 = any_of(NewCaseV2, CASES_V2)
CASE_V2_CHANGES = any_of(CaseV2Change, CASES_V2)
CASE_V2_UPSERT = any_of(NewCaseV2, CaseV2Change)  # a new case needs all that it is to have
IDS = any_of({"type": "array", "items": {"type": ["string", "number", "boolean"]}}, TEXT, NOT)


class CaseV2BulkFetch(Open):
    """At least one id, of either kind."""

    case_ids = Value(IDS, null=True)
    external_ids = Value(IDS, null=True)
