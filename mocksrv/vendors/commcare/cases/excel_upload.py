"""Excel upload of cases, as integrations call it, and the status of an upload.

commcare-hq corehq/apps/case_importer/views.py (bulk_case_upload_api). The import itself runs at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.access.checks import NOT_FOUND
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.cases.excel_import import SEARCH_FIELDS, Import, ImportFailed, Plan
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import multipart, spreadsheets
from mocksrv.vendors.commcare.django.spreadsheets import BadWorkbook, Sheet
from mocksrv.vendors.commcare.errors import Text
from mocksrv.vendors.commcare.schemas import CaseUpload
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

SOURCE = "commcare-hq corehq/apps/case_importer/views.py, bulk_case_upload_api"
SUCCESS, FAILURE = 2, 3  # soil's STATES
COLUMN = re.compile(r"[a-zA-Z][\w-]*")
MAX_COLUMNS = 1000
BAD_COLUMNS = ('Column names correspond to <a target="_blank" href="https://confluence.dimagi.com/display/commcarepublic/'
               'Case+Configuration">case property names</a>. They must start with a letter, and can only contain '
               "letters, numbers and underscores. Please update the following: {}.")


class Refused(Exception):
    """The upload is refused with this text; nothing is imported."""


@vendor.view("POST", f"/a/{DOMAIN}/importer/excel/bulk_upload_api/", permission="edit_data", plain=True,
             throttled=False, method_error="empty", body=CaseUpload, consumes="multipart/form-data",
             statuses=(200, 500), response=response_schemas.UPLOADED, errors=response_schemas.UPLOADED, source=SOURCE,
             proof="source")
def upload_cases(world: World, call: Call) -> Any:
    """Create and update cases from a spreadsheet."""
    fields, files = multipart.parse(call) if multipart.is_multipart(call) else ({}, {})
    try:
        if "file" not in files or not fields.get("case_type"):
            raise Refused("Invalid POST request. Both 'file' and 'case_type' are required")
        search_field = fields.get("search_field", "case_id")
        if search_field not in SEARCH_FIELDS:
            raise Refused(f"Illegal value for search_field: {search_field}")
        sheets = sheets_of(files["file"])
        plans = plans_of(world, call.params["domain"], fields, search_field, sheets)
    except (Refused, BadWorkbook) as error:
        return Reply({"code": 500, "message": message(error)}, 500)
    upload_id = world.hex()
    world.table("commcare.uploads").insert(upload_id, {
        "id": upload_id, "domain": call.params["domain"], "kind": "cases", "filename": files["file"].filename,
        "comment": fields.get("comment"), "status": run(world, call, plans)})
    url = f"{call.base_url}/a/{call.params['domain']}/importer/history/uploads/{upload_id}/status/"
    return {"code": 200, "message": "success", "status_url": url}


def message(error: Exception) -> str:
    if isinstance(error, BadWorkbook) and str(error) != spreadsheets.ENCRYPTED:
        return f"The file uploaded has the following error: {error}"
    return str(error)


@vendor.view("GET", f"/a/{DOMAIN}/importer/history/uploads/{{upload_id}}/status/", permission="edit_data", plain=True,
             throttled=False, response=response_schemas.UPLOAD_STATUS, statuses=(200, 404), proof="assumed",
             source=f"{SOURCE} (what its status_url answers; the path is ours)")
def get_upload_status(world: World, call: Call) -> dict[str, Any]:
    """The status of an upload: state 2 is done, 3 failed."""
    upload = world.table("commcare.uploads").peek(call.params["upload_id"])
    if upload is None or upload["domain"] != call.params["domain"] or upload["kind"] != "cases":
        raise Refusal(404, Text(NOT_FOUND))
    status: dict[str, Any] = upload["status"]
    return status


def sheets_of(file: multipart.File) -> list[Sheet]:
    """The sheets of an uploaded file. Raises Refused and BadWorkbook."""
    extension = file.filename.rpartition(".")[2].strip().lower()
    if extension not in spreadsheets.EXTENSIONS or "." not in file.filename:
        raise Refused("Please upload file with one of the following extensions: "
                      f"{', '.join(spreadsheets.EXTENSIONS)}")
    return spreadsheets.read(file.data, extension)


def plans_of(world: World, domain: str, fields: dict[str, str], search_field: str, sheets: list[Sheet]) -> list[Plan]:
    """The imports of a workbook: one for each sheet if all are named like case types, else one for the first."""
    known = case_types(world, domain)
    if not known:
        raise Refused("Error: Your project does not use cases yet. To import cases from Excel, you must first create "
                      "an application with a case list.")
    by_type = all(sheet.title in known for sheet in sheets)
    wanted = sheets if by_type else sheets[:1]
    for sheet in wanted:
        check_columns(sheet)
    search_column = fields.get("search_column", search_field)
    if by_type:
        # Here HQ reads the fields of its own web page, not those of the API.
        return [Plan(sheet, sheet.title, search_field, search_column, "name", fields.get("create_new_cases") == "True")
                for sheet in wanted]
    return [Plan(wanted[0], fields["case_type"], search_field, search_column, fields.get("name_column", "name"),
                 fields.get("create_new_cases") == "on")]


def check_columns(sheet: Sheet) -> None:
    columns = sheet.rows[0] if sheet.rows else []
    if bad := [spreadsheets.text(name) for name in columns if not isinstance(name, str) or not COLUMN.fullmatch(name)]:
        raise Refused(BAD_COLUMNS.format(", ".join(sorted(set(bad)))))
    if not sheet.rows:
        raise Refused("Error: Your spreadsheet is empty. Please try again with a different spreadsheet.")
    if len(columns) > MAX_COLUMNS:
        raise Refused(f"Error: Your spreadsheet has too many columns. A maximum of {MAX_COLUMNS} is supported.")


def case_types(world: World, domain: str) -> set[str]:
    """The case types of a domain's applications and cases."""
    found = {module["case_type"] for app in world.table("commcare.apps").all() if app["domain"] == domain
             for module in app["modules"] if module.get("case_type")}
    table, entry = world.table("commcare.cases"), (domain, "", "")
    while following := table.range("by_type", entry, (domain, "\uffff", "\uffff"), limit=1):
        found.add(following[0][0][1])
        entry = (domain, following[0][0][1], "\uffff")
    return found - {""}


def run(world: World, call: Call, plans: list[Plan]) -> dict[str, Any]:
    """Run all imports; returns their result."""
    importer = Import(world, call.params["domain"], call.caller)
    try:
        for plan in plans:
            importer.sheet(plan)
    except ImportFailed as error:
        call.diagnose(f"the import failed: {error}")
        return {"state": FAILURE, "progress": {"percent": 0}, "result": {
            "match_count": 0, "created_count": 0, "num_chunks": 0,
            "errors": [{"title": str(error), "description": str(error), "column": None, "rows": []}]}}
    return {"state": SUCCESS, "progress": {"percent": 100}, "result": importer.result()}
