"""Rows of lookup tables, to read and write. HQ source: corehq/apps/fixtures/resources/v0_1.py and v0_6.py; recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mocksrv.call import Reply
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django.json_schema import JsonSchema
from mocksrv.vendors.commcare.django.model_fields import integer_of, uuid_of, whole_of
from mocksrv.vendors.commcare.errors import absent, bad_request, failed, not_found
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER, owned
from mocksrv.vendors.commcare.lookup.tables import NOTHING_SAID, SOURCE, named, rows_of
from mocksrv.vendors.commcare.schemas import (
    LookupItemList,
    LookupItemObject,
    LookupRowChange,
    NewLookupRow,
    OldLookupRowChange,
    PageQuery,
)
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
OLD, NEW = ("v1", "v0.5"), ("v2", "v0.6")
SCHEMA = JsonSchema({"properties": {
    "fields": {"type": "object", "additionalProperties": {
        "type": "object",
        "properties": {"field_list": {"type": "array", "items": {
            "type": "object",
            "patternProperties": {"^(field_)?value$": {"type": "string"}},
            "properties": {"properties": {"type": "object", "additionalProperties": {"type": "string"}}},
            "additionalProperties": False,
            "oneOf": [{"not": {"required": ["field_value"]}}, {"not": {"required": ["value"]}}]}}},
        "additionalProperties": False}},
    "item_attributes": {"type": "object", "additionalProperties": {"type": "string"}}}})


def show(row: Doc) -> dict[str, Any]:
    """A row as it is sent. Raises 500 for a table or sort key that is none, which can only be before it is stored."""
    if not row["table_id"]:
        raise failed(f"the data_type_id {row['table_id']!r} is no UUID")
    return {"data_type_id": row["table_id"], "fields": row["fields"], "id": row["id"],
            "item_attributes": row["item_attributes"], "resource_uri": "", "sort_key": whole_of(row["sort_key"])}


def find(world: World, call: Call) -> Doc:
    row = owned(world, "commcare.lookup_rows", uuid_of(call.params["pk"]), call.params["domain"])
    if row is None:
        raise absent(f"no lookup table row {call.params['pk']!r} in this domain")
    return row


def load(call: Call) -> dict[str, Any]:
    """A request's body. Raises 400."""
    data: dict[str, Any] = SCHEMA.check(deserializer.load(call))
    return data


def hydrated(data: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a checked body gives a row; null counts as absent, and what is empty stays. Raises 500."""
    said: dict[str, Any] = {}
    if data.get("data_type_id") is not None:
        said["table_id"] = data["data_type_id"] and table_id_of(data["data_type_id"])
    if "fields" in data:
        said["fields"] = {name: field_of(name, field) for name, field in data["fields"].items()}
    if "item_attributes" in data:
        said["item_attributes"] = data["item_attributes"]
    if data.get("sort_key") is not None:
        said["sort_key"] = data["sort_key"]
    return said


def table_id_of(value: Any) -> str:
    """The table's id: HQ's UUIDField takes texts only, and does not handle Python's error for others."""
    try:
        return UUID(value).hex
    except (AttributeError, TypeError, ValueError):
        raise failed(f"the data_type_id {value!r} is no UUID") from None


def field_of(name: str, field: Mapping[str, Any]) -> dict[str, Any]:
    if "field_list" not in field:
        raise failed(f"the field {name!r} has no field_list")
    return {"field_list": [{"field_value": named(item, "value"), "properties": item.get("properties", {})}
                           for item in field["field_list"]]}


def create(world: World, call: Call, data: Mapping[str, Any]) -> Doc:
    """A new row, at the end of its table, which may be another domain's. Raises 400, 404 and 500."""
    domain, rows = call.params["domain"], world.table("commcare.lookup_rows")
    if not data.get("data_type_id"):
        raise bad_request("data_type_id must be specified")
    if uuid_of(data["data_type_id"]) not in world.table("commcare.lookup_tables"):
        raise not_found(f"no lookup table {data['data_type_id']!r}")
    row: dict[str, Any] = {"id": world.hex(), "domain": domain, "fields": {}, "item_attributes": {}, **hydrated(data)}
    table = (domain, row["table_id"])
    last = rows.range("by_table", table, (*table, TOP_NUMBER), reverse=True, limit=1)
    row["sort_key"] = last[0][0][2] + 1 if last else 0
    rows.insert(row["id"], row)
    return row


def update(world: World, call: Call, data: Mapping[str, Any]) -> tuple[Doc, bool]:
    """A row after a change, and whether it is new: an unknown id makes a row with another. Raises 400, 404 and 500.

    A change of neither fields nor item_attributes is shown, but not stored.
    """
    if "data_type_id" not in data:
        raise bad_request("data_type_id must be specified")
    row = owned(world, "commcare.lookup_rows", uuid_of(call.params["pk"]), call.params["domain"])
    if row is None:
        return create(world, call, data), True
    changed = {**row, **hydrated(data)}
    if "fields" in data or "item_attributes" in data:
        if changed["table_id"] == "":
            raise failed("an empty text is a null to Django, and a row must have a table")
        changed |= {"table_id": uuid_of(changed["table_id"]), "sort_key": integer_of(changed["sort_key"])}
        if changed["table_id"] not in world.table("commcare.lookup_tables"):
            raise failed(f"the database lets no row into the table {changed['table_id']!r}, which is not there")
        world.table("commcare.lookup_rows").put(row["id"], changed)
    return changed, False


@vendor.resource("GET", "lookup_table_item", *NEW, *OLD, response=LookupItemList, source=SOURCE, proof="source",
                 query=PageQuery)
def list_lookup_items(world: World, call: Call) -> dict[str, Any]:
    """Rows of all lookup tables of the domain."""
    found = rows_of(world, call.params["domain"])
    return paginator.page(call, len(found), lambda offset, limit: [show(row) for row in found[offset : offset + limit]])


@vendor.resource("POST", "lookup_table_item", *OLD, statuses=(201, 400, 404), produces="",
                 errors=response_schemas.IDS, source=SOURCE, proof="source", body=NewLookupRow, effect="makes")
def create_lookup_item(world: World, call: Call) -> Reply:
    """A new row; the answer is empty."""
    create(world, call, load(call))
    return Reply(None, 201, NOTHING_SAID)


@vendor.resource("POST", "lookup_table_item", *NEW, response=response_schemas.echo(LookupItemObject),
                 instead="create_lookup_item", statuses=(201, 400, 404), errors=response_schemas.IDS, source=SOURCE,
                 proof="source", body=NewLookupRow, effect="makes")
def create_lookup_item_v2(world: World, call: Call) -> Reply:
    """A new row; the answer repeats further members of the body."""
    data = load(call)
    return Reply({**data, **show(create(world, call, data))}, 201, NOTHING_SAID)


@vendor.resource("GET", "lookup_table_item", *NEW, *OLD, detail=True, response=LookupItemObject,
                 statuses=(200, 400, 404), source=SOURCE, proof="source")
def get_lookup_item(world: World, call: Call) -> dict[str, Any]:
    """One row."""
    return show(find(world, call))


@vendor.resource("PUT", "lookup_table_item", *OLD, detail=True, statuses=(204, 201, 400, 404), produces="",
                 errors=response_schemas.IDS, source=SOURCE, proof="source", body=OldLookupRowChange, effect="changes")
def update_lookup_item(world: World, call: Call) -> Reply:
    """Change a row; the answer is empty."""
    _, new = update(world, call, load(call))
    return Reply(None, 201, NOTHING_SAID) if new else Reply(None, 204)


@vendor.resource("PUT", "lookup_table_item", *NEW, detail=True, response=response_schemas.echo(LookupItemObject),
                 instead="update_lookup_item", statuses=(200, 201, 400, 404), errors=response_schemas.IDS,
                 source=SOURCE, proof="source", body=LookupRowChange, effect="changes")
def update_lookup_item_v2(world: World, call: Call) -> Reply:
    """Change a row; the answer repeats further members of the body."""
    data = load(call)
    row, new = update(world, call, data)
    return Reply({**data, **show(row)}, 201 if new else 200, NOTHING_SAID if new else [])


@vendor.resource("DELETE", "lookup_table_item", *NEW, *OLD, detail=True, statuses=(204, 400, 404), source=SOURCE,
                 proof="source", effect="changes")
def delete_lookup_item(world: World, call: Call) -> Reply:
    """Remove a row."""
    world.table("commcare.lookup_rows").delete(find(world, call)["id"])
    return Reply(None, 204)
