"""Rows of lookup tables as phones see them. HQ source: corehq/apps/fixtures/resources/v0_1.py, FixtureResource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django.model_fields import uuid_of
from mocksrv.vendors.commcare.errors import absent, failed, not_found
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.lookup.tables import SOURCE, rows_of, tables_of
from mocksrv.vendors.commcare.schemas import FixtureList, FixtureObject, FixtureQuery
from mocksrv.vendors.commcare.tastypie import paginator
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
BELOW = ("parent_id", "parent_ref_name", "child_type", "references")


def show(world: World, row: Doc) -> dict[str, Any]:
    """A row with its values; a field with several of them turns all fields into their full form. Raises 500."""
    table = world.table("commcare.lookup_tables").peek(row["table_id"])
    values = plain(row)
    return {"fields": row["fields"] if values is None else values, "fixture_type": table and table["tag"],
            "id": row["id"], "resource_uri": ""}


def plain(row: Doc) -> dict[str, str] | None:
    """Each field's one value, whatever its properties; None if a field has several. Raises 500."""
    values: dict[str, str] = {}
    for name, field in row["fields"].items():
        if len(field["field_list"]) > 1:
            return None
        if not field["field_list"]:
            raise failed(f"the field {name!r} has no value")
        values[name] = field["field_list"][0]["field_value"]
    return values


@vendor.resource("GET", "fixture", "v1", "v0.5", "v0.4", permission="edit_apps", response=FixtureList,
                 statuses=(200, 400, 404, 500), source=SOURCE, proof="source", query=FixtureQuery)
def list_fixtures(world: World, call: Call) -> dict[str, Any]:
    """Rows of all tables, or of the one of a tag or id, or those below a row of another table."""
    domain, tag = call.params["domain"], call.arg("fixture_type")
    if all(call.arg(name) for name in BELOW):
        found = children(world, call)
    elif call.arg("fixture_type_id"):
        found = rows_of(world, domain, uuid_of(call.arg("fixture_type_id")))
    elif tag:
        ids = [table["id"] for table in tables_of(world, domain) if table["tag"] == tag]
        if not ids:
            raise not_found(f"no lookup table {tag!r} in this domain")
        found = rows_of(world, domain, ids[0])
    else:
        found = rows_of(world, domain)
    return paginator.page(call, len(found), lambda offset, limit: [
        show(world, row) for row in found[offset : offset + limit]], default=0)


def children(world: World, call: Call) -> list[Doc]:
    """The rows of the table with the id `child_type` whose field holds what one of another table's does."""
    parent_id, name, table_id, reference = (call.arg(parameter) or "" for parameter in BELOW)
    parent = world.table("commcare.lookup_rows").peek(uuid_of(parent_id))
    if parent is None:
        raise not_found(f"no lookup table row {parent_id!r}")
    values = plain(parent)
    if values is None or reference not in values:
        raise failed(f"the row {parent_id!r} has not one value for {reference!r}")
    try:
        table_id = uuid_of(table_id)
    except Refusal:  # here HQ writes the SQL itself, and it is the database that refuses
        raise failed(f"the child_type {table_id!r} is no UUID") from None
    return [row for row in rows_of(world, call.params["domain"], table_id)
            if any(item["field_value"] == values[reference]
                   for item in row["fields"].get(name, {}).get("field_list", ()))]


@vendor.resource("GET", "fixture", "v1", "v0.5", "v0.4", detail=True, permission="edit_apps",
                 response=FixtureObject, statuses=(200, 400, 404, 500), source=SOURCE, proof="source")
def get_fixture(world: World, call: Call) -> dict[str, Any]:
    """One row."""
    row = owned(world, "commcare.lookup_rows", uuid_of(call.params["pk"]), call.params["domain"])
    if row is None:
        raise absent(f"no lookup table row {call.params['pk']!r} in this domain")
    return show(world, row)
