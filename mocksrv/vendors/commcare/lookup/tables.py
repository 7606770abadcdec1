"""Lookup tables: `fixture` (rows as phones see them) and `lookup_table`. HQ source: corehq/apps/fixtures/resources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.errors import absent, bad_request
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.schemas import FixtureList, FixtureObject, LookupTableList, LookupTableObject
from mocksrv.vendors.commcare.schemas.requests import FixtureQuery, LookupTableBody, PageQuery
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/fixtures/resources/v0_1.py"


def tables_of(world: World, domain: str) -> list[Doc]:
    """A domain's lookup tables by tag."""
    tables = world.table("commcare.lookup_tables")
    return [tables.peek(id) or {} for _, id in tables.range("by_tag", (domain,), (domain, TOP))]


def rows_of(world: World, domain: str, table_id: str | None = None) -> list[Doc]:
    """A domain's rows by table and sort key, or one table's."""
    rows = world.table("commcare.lookup_rows")
    low, high = ((domain,), (domain, TOP)) if table_id is None else ((domain, table_id), (domain, table_id, math.inf))
    return [rows.peek(id) or {} for _, id in rows.range("by_table", low, high)]


# --- fixture -----------------------------------------------------------------------------------------------


def show_fixture(world: World, row: Doc) -> dict[str, Any]:
    """A row with its values; a field with several values or properties turns all fields into their full form."""
    table = world.table("commcare.lookup_tables").peek(row["table_id"]) or {}
    items = row["fields"]
    plain = all(len(item["field_list"]) == 1 and not item["field_list"][0]["properties"] for item in items.values())
    values = {name: item["field_list"][0]["field_value"] for name, item in items.items()} if plain else items
    return {"fields": values, "fixture_type": table["tag"], "id": row["id"], "resource_uri": ""}


@vendor.resource("GET", "fixture", "v0.5", "v1", "v0.4", permission="edit_apps", response=FixtureList,
                 source=SOURCE, proof="source", query=FixtureQuery)
def list_fixtures(world: World, call: Call) -> dict[str, Any]:
    """Rows of all tables, or of the one of a tag or id, or those below a row of another table."""
    domain = call.params["domain"]
    if call.arg("parent_id"):
        found = children(world, call)
    elif call.arg("fixture_type_id"):
        found = rows_of(world, domain, call.arg("fixture_type_id"))
    elif call.arg("fixture_type"):
        ids = [table["id"] for table in tables_of(world, domain) if table["tag"] == call.arg("fixture_type")]
        found = rows_of(world, domain, ids[0]) if ids else []
    else:
        found = rows_of(world, domain)
    return paginator.page(call, len(found), lambda offset, limit: [
        show_fixture(world, row) for row in found[offset : offset + limit]], default=0)


def children(world: World, call: Call) -> list[Doc]:
    """The rows of a table whose field names a row of another one."""
    domain, kind = call.params["domain"], call.arg("child_type")
    parent = owned(world, "commcare.lookup_rows", call.arg("parent_id") or "", domain)
    ids = [table["id"] for table in tables_of(world, domain) if table["tag"] == kind]
    if parent is None or not ids:
        return []
    wanted = values_of(parent, call.arg("references") or "")
    return [row for row in rows_of(world, domain, ids[0])
            if wanted & values_of(row, call.arg("parent_ref_name") or "")]


def values_of(row: Doc, name: str) -> set[str]:
    return {item["field_value"] for item in row["fields"].get(name, {}).get("field_list", ())}


@vendor.resource("GET", "fixture", "v0.5", "v1", "v0.4", detail=True, permission="edit_apps",
                 response=FixtureObject, statuses=(200, 404), source=SOURCE, proof="source")
def get_fixture(world: World, call: Call) -> dict[str, Any]:
    """One row."""
    row = owned(world, "commcare.lookup_rows", call.params["pk"], call.params["domain"])
    if row is None:
        raise absent(f"no lookup table row {call.params['pk']!r} in this domain")
    return show_fixture(world, row)


# --- lookup_table ------------------------------------------------------------------------------------------


def show_table(table: Doc) -> dict[str, Any]:
    return {name: table[name] for name in ("fields", "id", "is_global", "item_attributes", "tag")} | {
        "resource_uri": ""}


def schema_error(value: Any, kind: str, name: str) -> Refusal:
    """A value that HQ's JSON schema of the field refuses: a list of texts."""
    return Refusal(400, [f"{value!r} is not of type '{kind}': {name}"])


def table_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """A request's fields as they are stored. Raises 400."""
    stored: dict[str, Any] = {}
    if "is_global" in data:
        if not isinstance(data["is_global"], bool):
            raise schema_error(data["is_global"], "boolean", "is_global")
        stored["is_global"] = data["is_global"]
    for name in ("fields", "item_attributes"):
        if name in data and not isinstance(data[name], list):
            raise schema_error(data[name], "array", name)
    if "fields" in data:
        stored["fields"] = [field_of(item) for item in data["fields"]]
    if "item_attributes" in data:
        stored["item_attributes"] = [str(name) for name in data["item_attributes"]]
    return stored


def field_of(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise schema_error(item, "object", "fields")
    name, properties = item.get("field_name", item.get("name")), item.get("properties", [])
    if not isinstance(name, str):
        raise Refusal(400, [f"'field_name' is a required property: {item!r}"])
    if not isinstance(properties, list):
        raise schema_error(properties, "array", "properties")
    return {"field_name": name, "properties": properties}


def find_table(world: World, call: Call) -> Doc:
    table = owned(world, "commcare.lookup_tables", call.params["pk"], call.params["domain"])
    if table is None:
        raise absent(f"no lookup table {call.params['pk']!r} in this domain")
    return table


@vendor.resource("GET", "lookup_table", "v0.5", "v1", response=LookupTableList, source=SOURCE, proof="source",
                 query=PageQuery)
def list_lookup_tables(world: World, call: Call) -> dict[str, Any]:
    """Lookup tables by tag."""
    found = tables_of(world, call.params["domain"])
    return paginator.page(call, len(found), lambda offset, limit: [
        show_table(table) for table in found[offset : offset + limit]])


@vendor.resource("POST", "lookup_table", "v0.5", "v1", statuses=(201, 400), produces="",
                 errors=response_schemas.IDS, source=SOURCE, proof="source", body=LookupTableBody, effect="makes")
def create_lookup_table(world: World, call: Call) -> Reply:
    """A new lookup table; its tag must be new."""
    create_table(world, call, deserializer.load_object(call))
    return Reply(None, 201, [("Location", "")])


def create_table(world: World, call: Call, data: Mapping[str, Any]) -> None:
    tag, domain = data.get("tag"), call.params["domain"]
    if not isinstance(tag, str) or not tag:
        raise bad_request("tag must be specified")
    if any(table["tag"] == tag for table in tables_of(world, domain)):
        raise bad_request(f"A lookup table with name {tag} already exists")
    stored: dict[str, Any] = {"id": world.hex(), "domain": domain, "tag": tag, "is_global": False, "fields": [],
              "item_attributes": []} | table_of(data)
    world.table("commcare.lookup_tables").insert(stored["id"], stored)


@vendor.resource("GET", "lookup_table", "v0.5", "v1", detail=True, response=LookupTableObject,
                 statuses=(200, 404), source=SOURCE, proof="source")
def get_lookup_table(world: World, call: Call) -> dict[str, Any]:
    """One lookup table."""
    return show_table(find_table(world, call))


@vendor.resource("PUT", "lookup_table", "v0.5", "v1", detail=True, statuses=(204, 201, 400), produces="",
                 errors=response_schemas.IDS, source=SOURCE, proof="source", body=LookupTableBody, effect="changes")
def update_lookup_table(world: World, call: Call) -> Reply:
    """Change a lookup table; an unknown id makes a new one."""
    data, pk = deserializer.load_object(call), call.params["pk"]
    table = world.table("commcare.lookup_tables").peek(pk)
    if table is None or table["domain"] != call.params["domain"]:
        create_table(world, call, data)  # under an id of its own: tastypie falls back to creating
        return Reply(None, 201, [("Location", "")])
    if not data.get("tag"):
        raise bad_request("tag must be specified")
    if data["tag"] != table["tag"]:
        raise bad_request("Lookup table tag cannot be changed")
    world.table("commcare.lookup_tables").update(pk, table_of(data))
    return Reply(None, 204)


@vendor.resource("DELETE", "lookup_table", "v0.5", "v1", detail=True, statuses=(204, 404), source=SOURCE,
                 proof="source", effect="changes")
def delete_lookup_table(world: World, call: Call) -> Reply:
    """Remove a lookup table with its rows."""
    table = find_table(world, call)
    for row in rows_of(world, table["domain"], table["id"]):
        world.table("commcare.lookup_rows").delete(row["id"])
    world.table("commcare.lookup_tables").delete(table["id"])
    return Reply(None, 204)
