"""Rows of lookup tables, to read and write. HQ source: corehq/apps/fixtures/resources/v0_1.py and v0_6.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Reply
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import absent, bad_request, not_found
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER, owned
from mocksrv.vendors.commcare.lookup.tables import SOURCE, rows_of, schema_error
from mocksrv.vendors.commcare.schemas import LookupItemList, LookupItemObject
from mocksrv.vendors.commcare.schemas.requests import LookupItemBody, PageQuery
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
OLD, NEW = ("v0.5", "v1"), ("v0.6", "v2")


def show(row: Doc) -> dict[str, Any]:
    return {"data_type_id": row["table_id"], "fields": row["fields"], "id": row["id"],
            "item_attributes": row["item_attributes"], "resource_uri": "", "sort_key": row["sort_key"]}


def find(world: World, call: Call) -> Doc:
    row = owned(world, "commcare.lookup_rows", call.params["pk"], call.params["domain"])
    if row is None:
        raise absent(f"no lookup table row {call.params['pk']!r} in this domain")
    return row


def values(data: Mapping[str, Any]) -> dict[str, Any]:
    """A request's fields as they are stored. Raises 400."""
    stored: dict[str, Any] = {}
    if "fields" in data:
        if not isinstance(data["fields"], dict):
            raise schema_error(data["fields"], "object", "fields")
        stored["fields"] = {name: field_of(item, name) for name, item in data["fields"].items()}
    if "item_attributes" in data:
        if not isinstance(data["item_attributes"], dict):
            raise schema_error(data["item_attributes"], "object", "item_attributes")
        stored["item_attributes"] = data["item_attributes"]
    if "sort_key" in data:
        if not isinstance(data["sort_key"], int) or isinstance(data["sort_key"], bool):
            raise schema_error(data["sort_key"], "integer", "sort_key")
        stored["sort_key"] = data["sort_key"]
    return stored


def field_of(item: Any, name: str) -> dict[str, Any]:
    """A field's values; a list may stand for `{"field_list": [...]}`, and `value` for `field_value`."""
    listed = item.get("field_list") if isinstance(item, dict) else item
    if not isinstance(listed, list):
        raise schema_error(item, "object", name)
    found = []
    for entry in listed:
        if not isinstance(entry, dict):
            raise schema_error(entry, "object", name)
        value = entry.get("field_value", entry.get("value"))
        if value is not None and not isinstance(value, str):
            raise schema_error(value, "string", name)
        found.append({"field_value": value or "", "properties": entry.get("properties") or {}})
    return {"field_list": found}


def create(world: World, call: Call) -> Doc:
    """A new row. Raises 400 and 404."""
    data, domain = deserializer.load_object(call), call.params["domain"]
    table_id = data.get("data_type_id")
    if not isinstance(table_id, str) or not table_id:
        raise bad_request("data_type_id must be specified")
    if owned(world, "commcare.lookup_tables", table_id, domain) is None:
        raise not_found()
    rows = world.table("commcare.lookup_rows")
    last = rows.range("by_table", (domain, table_id), (domain, table_id, TOP_NUMBER), reverse=True, limit=1)
    row: dict[str, Any] = {"id": world.hex(), "domain": domain, "table_id": table_id, "fields": {},
                           "item_attributes": {}, "sort_key": last[0][0][2] + 1 if last else 0} | values(data)
    rows.insert(row["id"], row)
    return row


def update(world: World, call: Call) -> tuple[Doc, bool]:
    """A row after a change, and whether it is new: an unknown id makes a row with another. Raises 400 and 404."""
    row = owned(world, "commcare.lookup_rows", call.params["pk"], call.params["domain"])
    if row is None:
        return create(world, call), True
    data = deserializer.load_object(call)
    if not data.get("data_type_id", row["table_id"]):
        raise bad_request("data_type_id must be specified")
    return world.table("commcare.lookup_rows").update(row["id"], values(data)), False


@vendor.resource("GET", "lookup_table_item", *OLD, *NEW, response=LookupItemList, source=SOURCE, proof="source",
                 query=PageQuery)
def list_lookup_items(world: World, call: Call) -> dict[str, Any]:
    """Rows of all lookup tables of the domain."""
    found = rows_of(world, call.params["domain"])
    return paginator.page(call, len(found), lambda offset, limit: [show(row) for row in found[offset : offset + limit]])


@vendor.resource("POST", "lookup_table_item", *OLD, statuses=(201, 400, 404), produces="", source=SOURCE,
                 proof="source", body=LookupItemBody, effect="makes")
def create_lookup_item(world: World, call: Call) -> Reply:
    """A new row; the answer is empty."""
    create(world, call)
    return Reply(None, 201, [("Location", "")])


@vendor.resource("POST", "lookup_table_item", *NEW, response=LookupItemObject, statuses=(201, 400, 404),
                 source=SOURCE, proof="source", body=LookupItemBody, effect="makes")
def create_lookup_item_v2(world: World, call: Call) -> Reply:
    """A new row."""
    return Reply(show(create(world, call)), 201)


@vendor.resource("GET", "lookup_table_item", *OLD, *NEW, detail=True, response=LookupItemObject,
                 statuses=(200, 404), source=SOURCE, proof="source")
def get_lookup_item(world: World, call: Call) -> dict[str, Any]:
    """One row."""
    return show(find(world, call))


@vendor.resource("PUT", "lookup_table_item", *OLD, detail=True, statuses=(204, 201, 400, 404), produces="",
                 source=SOURCE, proof="source", body=LookupItemBody, effect="changes")
def update_lookup_item(world: World, call: Call) -> Reply:
    """Change a row; the answer is empty."""
    _, new = update(world, call)
    return Reply(None, 201, [("Location", "")]) if new else Reply(None, 204)


@vendor.resource("PUT", "lookup_table_item", *NEW, detail=True, response=LookupItemObject,
                 statuses=(200, 201, 400, 404), source=SOURCE, proof="source", body=LookupItemBody, effect="changes")
def update_lookup_item_v2(world: World, call: Call) -> Reply:
    """Change a row."""
    row, new = update(world, call)
    return Reply(show(row), 201 if new else 200)


@vendor.resource("DELETE", "lookup_table_item", *OLD, *NEW, detail=True, statuses=(204, 404), source=SOURCE,
                 proof="source", effect="changes")
def delete_lookup_item(world: World, call: Call) -> Reply:
    """Remove a row."""
    world.table("commcare.lookup_rows").delete(find(world, call)["id"])
    return Reply(None, 204)
