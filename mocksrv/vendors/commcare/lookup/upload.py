"""Upload of lookup tables as a workbook. The HTTP status is always 200; the code is in the body.

commcare-hq corehq/apps/fixtures/views.py (upload_fixture_api) and corehq/apps/fixtures/upload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import multipart
from mocksrv.vendors.commcare.lookup import workbook as table_workbook
from mocksrv.vendors.commcare.lookup.tables import rows_of, tables_of
from mocksrv.vendors.commcare.lookup.workbook import BadTables, Definition, Row, Workbook
from mocksrv.vendors.commcare.schemas import TableUpload
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

SOURCE = "commcare-hq corehq/apps/fixtures/views.py, upload_fixture_api"
SUCCESS, WARNING, FAIL = 200, 402, 405
BAD_REQUEST = ("Invalid post request.Submit the form with field 'file-to-upload' and POST parameter 'replace'")
QUEUED = "File has been uploaded successfully and is queued for processing."


@vendor.view("POST", f"/a/{DOMAIN}/fixtures/fixapi/", permission="edit_data", plain=True, method_error="empty",
             body=TableUpload, consumes="multipart/form-data", response=response_schemas.UPLOADED, source=SOURCE,
             proof="source")
def upload_lookup_tables(world: World, call: Call) -> dict[str, Any]:
    """Create, replace and delete lookup tables and their rows."""
    fields, files = multipart.parse(call) if multipart.is_multipart(call) else ({}, {})
    replace = fields.get("replace", "").lower() not in ("", "false")  # any other value counts as true
    if "file-to-upload" not in files or "replace" not in fields:
        return {"message": BAD_REQUEST, "code": FAIL}
    data = files["file-to-upload"].data
    if fields.get("async", "").lower() == "true":
        return queued(world, call, data, replace)
    answer, _ = process(world, call.params["domain"], data, replace)
    return answer


@vendor.view("GET", f"/a/{DOMAIN}/fixtures/fixapi/status/{{download_id}}/", permission="edit_data", plain=True,
             throttled=False, response=response_schemas.TABLES_STATUS, source=SOURCE, proof="source")
def get_lookup_upload_status(world: World, call: Call) -> dict[str, Any]:
    """The status of an upload that was queued."""
    upload = world.table("commcare.uploads").peek(call.params["download_id"])
    if upload is None or upload["domain"] != call.params["domain"] or upload["kind"] != "tables":
        return {"message": "Task in progress. 0% complete", "progress": 0}
    if upload["error"]:
        return {"message": f"Upload did not complete. Reason: '{upload['error']}'", "error": True}
    return {"complete": True, "message": "Upload complete."}


def queued(world: World, call: Call, data: bytes, replace: bool) -> dict[str, Any]:
    """Do at once what HQ does in the background; returns where to ask for the result."""
    download_id, domain = world.hex(), call.params["domain"]
    answer, done = process(world, domain, data, replace)
    world.table("commcare.uploads").insert(download_id, {
        "id": download_id, "domain": domain, "kind": "tables", "error": None if done else answer["message"]})
    return {"message": QUEUED, "code": SUCCESS,
            "status_url": f"{call.base_url}/a/{domain}/fixtures/fixapi/status/{download_id}/",
            "download_id": download_id}


def process(world: World, domain: str, data: bytes, replace: bool) -> tuple[dict[str, Any], bool]:
    """The answer to an upload, and whether anything was written."""
    try:
        workbook = table_workbook.read(data)
    except BadTables as error:
        text = f"Please fix the following formatting issues in your Excel file: {error}"
        return {"message": text, "code": FAIL}, False
    problems = run(world, domain, workbook, replace)
    lines = [f"Successfully uploaded {len(workbook.tables)} tables."]
    if problems:
        lines += ["However, we ran into the following problems:", *problems]
    return {"message": "\n".join(lines), "code": WARNING if problems else SUCCESS}, True


def run(world: World, domain: str, workbook: Workbook, replace: bool) -> list[str]:
    """Write the tables of a workbook; other tables stay."""
    problems: list[str] = []
    known = {table["tag"]: table["id"] for table in tables_of(world, domain)}
    for table in workbook.tables:
        table_id = known.get(table.tag)
        if table_id is not None and (replace or table.delete):
            drop(world, domain, table_id)
            table_id = None
        if not table.delete:
            table_id = put_table(world, domain, table, table_id)
            for sort_key, row in enumerate(workbook.rows[table.tag]):
                problems += put_row(world, domain, table, table_id, sort_key, row, replace)
    return problems


def drop(world: World, domain: str, table_id: str) -> None:
    for row in rows_of(world, domain, table_id):
        world.table("commcare.lookup_rows").delete(row["id"])
    world.table("commcare.lookup_tables").delete(table_id)


def put_table(world: World, domain: str, table: Definition, table_id: str | None) -> str:
    table_id = table_id or world.hex()
    world.table("commcare.lookup_tables").put(table_id, {
        "id": table_id, "domain": domain, "tag": table.tag, "is_global": table.is_global, "fields": table.fields,
        "item_attributes": table.item_attributes})
    return table_id


def put_row(world: World, domain: str, table: Definition, table_id: str, sort_key: int, row: Row,
            replace: bool) -> list[str]:
    """Write one row, replacing the one with its UID. Returns what is wrong with it."""
    problems, uid = [], row.get("UID") or ""
    rows = world.table("commcare.lookup_rows")
    old = rows.peek(uid) if uid and not replace else None
    if old is not None and (old["domain"] != domain or old["table_id"] != table_id):
        problems.append(f"'{uid}' is not a valid UID. But the new item is created.")
        old = None
    if table_workbook.deleted(row):
        if old is not None:
            rows.delete(uid)
        return problems
    row_id = old["id"] if old is not None else world.hex()
    attributes = row.get("property") if isinstance(row.get("property"), dict) else {}
    rows.put(row_id, {"id": row_id, "domain": domain, "table_id": table_id, "sort_key": sort_key,
                      "fields": table_workbook.item_fields(table, row), "item_attributes": attributes})
    return problems + unknown_owners(world, domain, row)


def unknown_owners(world: World, domain: str, row: Row) -> list[str]:
    """The users, groups and locations that a row is for and that do not exist."""
    find = {
        "user": lambda name: world.table("commcare.users").first("by_username", (
            name if "@" in name else f"{name}@{domain}.commcarehq.org").lower()),
        "group": lambda name: world.table("commcare.groups").first("by_name", (domain, name)),
        "location": lambda name: world.table("commcare.locations").first("by_site_code", (domain, name.lower())),
    }
    return [f"Unknown {kind}: '{name}'. But the row is successfully added" for kind, known in find.items()
            for name in (row.get(kind) if isinstance(row.get(kind), list) else []) or [] if known(name) is None]  # type: ignore[no-untyped-call]
