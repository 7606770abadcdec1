"""Upload of lookup tables as a workbook. The HTTP status is always 200; the code is in the body.

commcare-hq corehq/apps/fixtures/views.py (upload_fixture_api) and corehq/apps/fixtures/upload.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import multipart
from mocksrv.vendors.commcare.errors import view_failed
from mocksrv.vendors.commcare.lookup import workbook as table_workbook
from mocksrv.vendors.commcare.lookup.owners import Owners
from mocksrv.vendors.commcare.lookup.sheets import BadTables, Row
from mocksrv.vendors.commcare.lookup.tables import rows_of, tables_of
from mocksrv.vendors.commcare.lookup.workbook import Definition, Workbook
from mocksrv.vendors.commcare.schemas import TableUpload
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

SOURCE = "commcare-hq corehq/apps/fixtures/views.py, upload_fixture_api"
SUCCESS, WARNING, FAIL = 200, 402, 405
Doc = Mapping[str, Any]
# What makes a table the same as another of its tag, and what those made otherwise have there.
COMPARED: Doc = {"is_global": False, "fields": [], "indexed": [], "item_attributes": [], "description": ""}
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
    try:
        answer, done = process(world, domain, data, replace)
    except Refusal as refused:  # a task that fails in the background
        answer, done = {"message": refused.diagnosis}, False
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
    """Write the tables of a workbook, once all of it has been looked at; other tables stay. Returns what is wrong with
    the owners of rows. Raises 500.
    """
    problems: list[str] = []
    changes, owners = Changes(world), Owners(world, domain)
    known = {table["tag"]: table for table in tables_of(world, domain)}
    for table in workbook.tables:
        old = known.get(table.tag)
        if not table.delete:
            problems += put_table(changes, owners, table, workbook.rows[table.tag], old, replace)
        elif old is not None:
            changes.drop_table(old["id"], rows_of(world, domain, old["id"]))
    changes.write()
    return problems


class Changes:
    """What is to be deleted, and then created."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gone: dict[str, set[str]] = {"lookup_rows": set(), "lookup_tables": set()}
        self.made: dict[str, list[dict[str, Any]]] = {"lookup_tables": [], "lookup_rows": []}

    def drop_table(self, id: str, rows: list[Doc]) -> None:
        self.gone["lookup_tables"].add(id)
        self.gone["lookup_rows"] |= {row["id"] for row in rows}

    def make(self, kind: str, doc: dict[str, Any]) -> str:
        id = self.world.hex()
        self.made[kind].append({"id": id, **doc})
        return id

    def write(self) -> None:
        for kind, ids in self.gone.items():
            for id in sorted(ids):
                self.world.table(f"commcare.{kind}").delete(id)
        for kind, docs in self.made.items():
            for doc in docs:
                self.world.table(f"commcare.{kind}").insert(doc["id"], doc)


def put_table(changes: Changes, owners: Owners, table: Definition, rows: list[Row], old: Doc | None, replace: bool,
              ) -> list[str]:
    """Plan what a sheet does. A table that is described as before stays, and so do its rows that are as they were; what
    has changed is deleted and made anew. Returns the problems with owners.
    """
    world, domain = owners.world, owners.domain
    table_workbook.check_storable(table.item_attributes)
    for field in table.fields:
        table_workbook.check_storable(field["properties"])
    doc = {"domain": domain, "tag": table.tag, "is_global": table.is_global, "fields": table.fields,
           "indexed": table.indexed, "item_attributes": table.item_attributes, "description": ""}
    before = rows_of(world, domain, old["id"]) if old is not None else []
    if old is not None and all(old.get(name, default) == doc[name] for name, default in COMPARED.items()):
        table_id, kept = old["id"], {row_key(row): row["id"] for row in before}
    else:
        if old is not None:
            changes.drop_table(old["id"], before)
        table_id, kept = changes.make("lookup_tables", doc), {}
    sort_keys = {row["id"]: row["sort_key"] for row in before}
    problems: list[str] = []
    last = -1
    for number, row in enumerate(rows):
        uid = row.get("UID")
        if isinstance(uid, list | dict):
            raise view_failed(f"the UID of a row is no text: {uid!r}")
        if table_workbook.deleted(row):
            changes.gone["lookup_rows"] |= sort_keys.keys() & {uid}
            continue
        last = max(sort_keys.get(uid, number), last + 1)
        new = {"domain": domain, "table_id": table_id, "sort_key": last,
               "fields": table_workbook.item_fields(table, row), "item_attributes": attributes(row)}
        if kept.pop(row_key(new), None) is None:
            changes.gone["lookup_rows"] |= sort_keys.keys() & {uid}
            changes.make("lookup_rows", new)
        problems += owners.problems(row)
    if replace:
        changes.gone["lookup_rows"] |= set(kept.values())
    return problems


def attributes(row: Row) -> dict[str, Any]:
    """A row's item attributes. Raises 500."""
    found = row.get("property", {})
    if not isinstance(found, dict):
        raise view_failed(f"item attributes must be an object, not {found!r}")
    table_workbook.check_storable(found.values())
    return found


def row_key(row: Mapping[str, Any]) -> str:
    """What makes a row the same as another."""
    return json.dumps([row["fields"], row["item_attributes"], row["sort_key"]], sort_keys=True)
