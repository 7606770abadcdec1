"""The schemas of requests to resources, for the documentation. Checks with HQ's texts are in the resources."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

COMPARISONS = ("gt", "gte", "lt", "lte")


def said(text: str) -> dict[str, str]:
    return {"description": text}


def dotted(*names: str) -> dict[str, Any]:
    """The four bounds of each date, `last_modified.gte`."""
    return {f"{name}_{word}": fields.String(data_key=f"{name}.{word}") for name in names for word in COMPARISONS}


def ranged(*names: str) -> dict[str, Any]:
    """The two bounds of each date, `indexed_on_start`; both included."""
    return {f"{name}_{end}": fields.String() for name in names for end in ("start", "end")}


def flag(about: str) -> fields.String:
    """A parameter that is on for some words, and off for all others: HQ refuses none."""
    return fields.String(metadata=said(about))


class PageQuery(Schema):
    limit = fields.Integer(load_default=20, validate=validate.Range(0), metadata=said("0 is the maximum"))
    offset = fields.Integer(load_default=0, validate=validate.Range(0))
    format = fields.String(metadata=said("xml; JSON for anything else"))


def query(title: str, /, **given: Any) -> type[Schema]:
    """A list's parameters: those of a page, and these."""
    return type(title, (PageQuery,), {"__module__": __name__, **given})


UserQuery = query(
    "UserQuery", group=fields.String(metadata=said("members of that group only")),
    archived=flag("true, t, yes, y or 1: deactivated users instead"), extras=flag("true: with what they did lately"))
WITH = "true: with these"
CaseQuery = query(
    "CaseQuery",
    type=fields.String(metadata=said("one word of the case type")),
    type_exact=fields.String(data_key="type.exact"),
    case_type=fields.String(metadata=said("as type, but ignored if empty")),
    name=fields.String(metadata=said("one word of the name")), name_exact=fields.String(data_key="name.exact"),
    external_id=fields.String(metadata=said("one word of it")),
    external_id_exact=fields.String(data_key="external_id.exact"), contact_phone_number=fields.String(),
    owner_id=fields.String(), user_id=fields.String(), opened_by=fields.String(),
    closed=flag("true or false; nothing matches anything else"),
    order_by=fields.String(metadata=said("server_date_modified, date_modified or indexed_on; `-` for descending")),
    child_cases__full=flag(WITH), parent_cases__full=flag(WITH), xforms_by_name__full=flag(WITH),
    xforms_by_xmlns__full=flag(WITH),
    **ranged("indexed_on", "date_modified", "server_date_modified", "server_modified_on"))
WebUserQuery = query("WebUserQuery", web_username=fields.String(), **dotted("last_modified"))
LocationQuery = query("LocationQuery", site_code=fields.String(), external_id=fields.String(), **{
    f"{name}__{word}": fields.String() for name in ("created_at", "last_modified", "latitude", "longitude")
    for word in COMPARISONS})
Location2Query = query(
    "Location2Query", name=fields.String(), site_code=fields.String(), location_type_code=fields.String(),
    parent_location_id=fields.String(), order_by=fields.String(), **dotted("last_modified"))
FixtureQuery = query("FixtureQuery", fixture_type=fields.String(), fixture_type_id=fields.String(),
                     parent_id=fields.String(), parent_ref_name=fields.String(), references=fields.String(),
                     child_type=fields.String())
BulkUserQuery = query("BulkUserQuery", q=fields.String(), fields_=fields.List(fields.String(), data_key="fields"))


class EventQuery(Schema):
    limit = fields.Integer(load_default=20, validate=validate.Range(1))
    cursor = fields.String()
    order_by = fields.String(validate=validate.OneOf(["date_last_activity", "-date_last_activity"]))
    source = fields.String(metadata=said("slugs with commas"))
    content_type = fields.String(metadata=said("slugs with commas"))
    status = fields.String()
    error_code = fields.String()
    email_address = fields.String()
    phone_number = fields.String()
    case_id = fields.String()


class RowQuery(Schema):
    data_source_id = fields.String(required=True, validate=validate.Length(1))
    limit = fields.Integer(load_default=1000)
    cursor = fields.String()


class ExportQuery(Schema):
    format_ = fields.String(data_key="format", validate=validate.OneOf(["csv", "html", "xls", "xlsx"]),
                            metadata=said("csv is a ZIP of it; without a format the CSV itself"))
    column = fields.String(data_key="{column}", metadata=said("rows with this value alone"))
    column_range = fields.String(data_key="{column}-range", metadata=said("rows from start..end, both included"))
    column_last = fields.Integer(data_key="{column}-lastndays", metadata=said("rows of so many days, by a date"))


class SubscriptionBody(Schema):
    webhook_url = fields.String(required=True)
    client_id = fields.String(required=True)
    client_secret = fields.String(required=True)
    token_url = fields.String(required=True)


# --- function views and forms ------------------------------------------------------------------------------


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
    "closed": flag("false, f, no, n, 0 or empty: open cases; anything else: closed ones"),
    "include_deprecated": flag("without effect: no case type is deprecated here"),
    "query": fields.String(metadata=said("case search language: `dob > '2000-01-01' and parent/name = 'Home'`")),
    "properties": fields.String(data_key="properties.{name}", metadata=said("exact; empty also finds what is missing")),
    "indices": fields.String(data_key="indices.{name}", metadata=said("the id of the case that the index leads to")),
    **dotted("last_modified", "server_last_modified", "date_opened", "date_closed", "indexed_on"),
})


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
    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary", **said(".csv, .xls or .xlsx")})
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
