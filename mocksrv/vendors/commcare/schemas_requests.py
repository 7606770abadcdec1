"""What requests look like: for the documentation. Checks with HQ's own texts are where the requests are read."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate


def said(text: str) -> dict[str, str]:
    return {"description": text}


def dated(name: str) -> dict[str, Any]:
    """The four bounds of a date, with dots."""
    return {f"{name}_{word}": fields.String(data_key=f"{name}.{word}") for word in ("gt", "gte", "lt", "lte")}


class CaseV2Fields(Schema):
    fields_ = fields.String(data_key="fields", metadata=said("names with commas, dots for nesting: only these"))
    exclude_ = fields.String(data_key="exclude", metadata=said("names with commas: all but these"))


CaseV2Query = type("CaseV2Query", (CaseV2Fields,), {
    "__module__": __name__,
    "limit": fields.Integer(load_default=20, validate=validate.Range(0, 5000)),
    "cursor": fields.String(metadata=said("from `next`; all other parameters are ignored then")),
    "external_id": fields.String(),
    "case_type": fields.String(),
    "owner_id": fields.String(),
    "case_name": fields.String(),
    "closed": fields.Boolean(),
    "include_deprecated": fields.Boolean(),
    "query": fields.String(metadata=said("case search language: `dob > '2000-01-01' and parent/name = 'Home'`")),
    "properties": fields.String(data_key="properties.{name}", metadata=said("exact; empty also finds what is missing")),
    "indices": fields.String(data_key="indices.{name}", metadata=said("the id of the case that the index leads to")),
    **dated("last_modified"), **dated("server_last_modified"), **dated("date_opened"), **dated("date_closed"),
    **dated("indexed_on"),
})


class CaseV2Index(Schema):
    case_id = fields.String(metadata=said("one of the three ids; empty removes the index"))
    external_id = fields.String()
    temporary_id = fields.String()
    case_type = fields.String()
    relationship = fields.String(validate=validate.OneOf(["child", "extension"]))


class CaseV2Change(Schema):
    """One case, or up to 100 in a list, each with `create`: true, false, or null to go by the external id."""

    case_name = fields.String()
    case_type = fields.String()
    owner_id = fields.String()
    external_id = fields.String()
    properties = fields.Dict(keys=fields.String(), values=fields.String())
    indices = fields.Dict(keys=fields.String(), values=fields.Nested(CaseV2Index))
    close = fields.Boolean(load_default=False)
    case_id = fields.String(metadata=said("to update only"))
    temporary_id = fields.String(metadata=said("to create only"))


class CaseV2BulkFetch(Schema):
    case_ids = fields.List(fields.String())
    external_ids = fields.List(fields.String())


class FormQuery(Schema):
    limit = fields.Integer(load_default=20, validate=validate.Range(0, 1000))
    offset = fields.Integer(load_default=0)
    order_by = fields.String(metadata=said("received_on, server_modified_on or indexed_on, with - for descending"))
    xmlns = fields.String()
    app_id = fields.String()
    case_id = fields.String()
    appVersion = fields.String()
    received_on_start = fields.String(metadata=said("2024-03-05, 2024-03-05T08:09:10[.123456] or 2024-03-05T08:09Z"))
    received_on_end = fields.String()
    server_modified_on_start = fields.String()
    server_modified_on_end = fields.String()
    indexed_on_start = fields.String()
    indexed_on_end = fields.String()
    include_archived = fields.String(metadata=said("any value"))
    cases__full = fields.String(metadata=said("true: with the cases that the form touched"))
    search = fields.String(data_key="_search", metadata=said("JSON: a range on inserted_at or on server_modified_on"))


class CaseUpload(Schema):
    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary", **said(".xls or .xlsx")})
    case_type = fields.String(required=True)
    search_field = fields.String(load_default="case_id", validate=validate.OneOf(["case_id", "external_id"]))
    search_column = fields.String()
    create_new_cases = fields.String(metadata=said("on"))
    name_column = fields.String(load_default="name")
    comment = fields.String()


class TableUpload(Schema):
    file = fields.Raw(data_key="file-to-upload", required=True, metadata={"type": "string", "format": "binary"})
    replace = fields.String(required=True, validate=validate.OneOf(["true", "false"]))
    async_ = fields.String(data_key="async", validate=validate.OneOf(["true", "false"]))
