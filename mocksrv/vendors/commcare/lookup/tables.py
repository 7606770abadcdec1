"""Lookup tables. HQ source: corehq/apps/fixtures/resources/v0_1.py, LookupTableResource; recorded in 2026."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Reply
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django.json_schema import JsonSchema
from mocksrv.vendors.commcare.django.model_fields import boolean_of, uuid_of
from mocksrv.vendors.commcare.errors import absent, bad_request, failed
from mocksrv.vendors.commcare.form_processor.stores import TOP_NUMBER, owned
from mocksrv.vendors.commcare.schemas import (
    LookupTableChange,
    LookupTableList,
    LookupTableObject,
    NewLookupTable,
    PageQuery,
)
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/fixtures/resources/v0_1.py"
NOTHING_SAID = [("Location", "")]  # of what was created: HQ finds no URL for it
FLAGS = ("is_global", "is_synced")
COLUMNS = {"id", "pk", "tag", "fields", "item_attributes", "description", *FLAGS}  # of HQ's model, but `domain`
SCHEMA = JsonSchema({"properties": {
    "fields": {"type": "array", "items": {
        "type": "object",
        "patternProperties": {"^(field_)?name$": {"type": "string"}},
        "properties": {"properties": {"type": "array", "items": {"type": "string"}}},
        "additionalProperties": False,
        "oneOf": [{"not": {"required": ["field_name"]}}, {"not": {"required": ["name"]}}]}},
    "item_attributes": {"type": "array", "items": {"type": "string"}}}})


def tables_of(world: World, domain: str) -> list[Doc]:
    """A domain's lookup tables in the order of their creation."""
    tables = world.table("commcare.lookup_tables")
    return [tables.peek(id) or {} for id in tables.by("by_domain", domain)]


def rows_of(world: World, domain: str, table_id: str | None = None) -> list[Doc]:
    """A domain's rows in the order of their creation, or one table's by sort key."""
    rows = world.table("commcare.lookup_rows")
    if table_id is None:
        return [rows.peek(id) or {} for id in rows.by("by_domain", domain)]
    found = rows.range("by_table", (domain, table_id), (domain, table_id, TOP_NUMBER))
    return [rows.peek(id) or {} for _, id in found]


def show_table(table: Doc) -> dict[str, Any]:
    return {name: table[name] for name in ("fields", "id", "is_global", "item_attributes", "tag")} | {
        "resource_uri": ""}


def load(call: Call) -> dict[str, Any]:
    """A request's body. Raises 400."""
    data: dict[str, Any] = SCHEMA.check(deserializer.load(call))
    return data


def stored(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a checked body changes. Raises 400 and 500."""
    changes: dict[str, Any] = {name: data[name] for name in ("fields", "item_attributes") if name in data}
    if "fields" in data:
        changes["fields"] = [{"field_name": named(field, "name"), "properties": field.get("properties", [])}
                             for field in data["fields"]]
        changes["indexed"] = []  # of an upload
    if "is_global" in data:
        changes["is_global"] = boolean_of(data["is_global"])
    return changes


def named(part: Mapping[str, Any], name: str) -> Any:
    """What a part of the body has under a name, or under `field_` and the name. Raises 500.

    To the schema a name may end in a line feed; Python's classes take no such argument.
    """
    if part.keys() - {name, f"field_{name}", "properties"}:
        raise failed(f"a field has {name} and properties, not {', '.join(map(repr, part))}")
    return part.get(f"field_{name}", part.get(name))


def find_table(world: World, call: Call) -> Doc:
    table = owned(world, "commcare.lookup_tables", uuid_of(call.params["pk"]), call.params["domain"])
    if table is None:
        raise absent(f"no lookup table {call.params['pk']!r} in this domain")
    return table


@vendor.resource("GET", "lookup_table", "v1", "v0.5", response=LookupTableList, source=SOURCE, proof="source",
                 query=PageQuery)
def list_lookup_tables(world: World, call: Call) -> dict[str, Any]:
    """Lookup tables in the order of their creation."""
    found = tables_of(world, call.params["domain"])
    return paginator.page(call, len(found), lambda offset, limit: [
        show_table(table) for table in found[offset : offset + limit]])


@vendor.resource("POST", "lookup_table", "v1", "v0.5", statuses=(201, 400), produces="",
                 errors=response_schemas.IDS, source=SOURCE, proof="source", body=NewLookupTable, effect="makes")
def create_lookup_table(world: World, call: Call) -> Reply:
    """A new lookup table; its tag must be new."""
    return create_table(world, call, load(call))


def create_table(world: World, call: Call, data: Mapping[str, Any]) -> Reply:
    """A new lookup table with the columns that the body names. Raises 400 and 500.

    Where it names the id, HQ stores the table and fails after that: it asks for the UUID of what is still a text.
    """
    tag, domain, tables = data.get("tag"), call.params["domain"], world.table("commcare.lookup_tables")
    if tag is not None and any(table["tag"] == str(tag) for table in tables_of(world, domain)):
        raise bad_request(f"A lookup table with name {tag} already exists")
    if unknown := sorted(data.keys() - COLUMNS):
        raise failed(f"a lookup table is made of {', '.join(sorted(COLUMNS))}, not of {', '.join(unknown)}")
    given = data["pk"] if "pk" in data else data.get("id")
    id = world.hex() if given is None else uuid_of(given)
    for flag in FLAGS:
        if data.get(flag) is not None:
            boolean_of(data[flag])
    if tag is None or any(data.get(name, "") is None for name in ("description", *FLAGS)):
        raise failed("tag, description and the flags take no null, and tag must be there")
    if id in tables:
        raise failed(f"there is a lookup table {id} already")
    tables.insert(id, {"id": id, "domain": domain, "tag": str(tag), "is_global": False, "fields": [],
                       "item_attributes": [], "description": str(data.get("description", "")), **stored(data)})
    if given is not None:
        raise failed(f"the id of a table that was made with the id {given!r} is no UUID yet; the table is stored")
    return Reply(None, 201, NOTHING_SAID)


@vendor.resource("GET", "lookup_table", "v1", "v0.5", detail=True, response=LookupTableObject,
                 statuses=(200, 400, 404), source=SOURCE, proof="source")
def get_lookup_table(world: World, call: Call) -> dict[str, Any]:
    """One lookup table."""
    return show_table(find_table(world, call))


@vendor.resource("PUT", "lookup_table", "v1", "v0.5", detail=True, statuses=(204, 201, 400), produces="",
                 errors=response_schemas.IDS, source=SOURCE, proof="source", body=LookupTableChange, effect="changes")
def update_lookup_table(world: World, call: Call) -> Reply:
    """Change a lookup table; an unknown id makes a new one, under another id."""
    data = load(call)
    if "tag" not in data:
        raise bad_request("tag must be specified")
    table = owned(world, "commcare.lookup_tables", uuid_of(call.params["pk"]), call.params["domain"])
    if table is None:
        return create_table(world, call, data)
    if data["tag"] != table["tag"]:
        raise bad_request("Lookup table tag cannot be changed")
    world.table("commcare.lookup_tables").update(table["id"], stored(data))
    return Reply(None, 204)


@vendor.resource("DELETE", "lookup_table", "v1", "v0.5", detail=True, statuses=(204, 400, 404), source=SOURCE,
                 proof="source", effect="changes")
def delete_lookup_table(world: World, call: Call) -> Reply:
    """Remove a lookup table with its rows."""
    table = find_table(world, call)
    for row in rows_of(world, table["domain"], table["id"]):
        world.table("commcare.lookup_rows").delete(row["id"])
    world.table("commcare.lookup_tables").delete(table["id"])
    return Reply(None, 204)
