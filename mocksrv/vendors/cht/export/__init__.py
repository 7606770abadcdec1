"""GET and POST /api/v2/export/{type}: reports, messages, contacts, feedback, user-devices, dhis.

CHT 4.15 source, api/src/controllers/export-data.js, api/src/services/export-data.js.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.export import contacts, devices, dhis, feedback, messages, reports
from mocksrv.vendors.cht.export.options import BadFilter, read
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

CSV_TYPE = "text/csv; charset=utf-8"
STREAMS = {"reports": reports.stream, "messages": messages.stream, "contacts": contacts.stream,
           "feedback": feedback.stream}
PERMISSIONS = {"reports": "can_export_messages", "messages": "can_export_messages", "contacts": "can_export_contacts",
               "feedback": "can_export_feedback", "user-devices": "can_export_devices_details",
               "dhis": "can_export_dhis"}
SOURCE = "CHT 4.15 source, api/src/controllers/export-data.js"
FORMS: dict[str, Any] = {"produces": ("text/csv", "application/json"), "response": response_schemas.EXPORTED}


@vendor.operation("GET", "/api/v2/export/{type}", anonymous=auth.CHECKED, permission="can_export_all",
                  query=request_schemas.EXPORT, proof="source", source=SOURCE, statuses=(200, 400, 401, 403, 404, 500),
                  **FORMS,
                  differences=(Difference.CONTACTS_EXPORT, Difference.DHIS_PERMISSION, Difference.MESSAGE_ROWS,
                               Difference.MESSAGE_COLUMNS, Difference.FEEDBACK_PARAMETERS, Difference.EXPORT_PAGES))
def get_export(world: World, call: Call) -> Any:
    """All records of a type, filtered: reports, messages, contacts, feedback as CSV; user-devices, dhis as JSON."""
    return export(world, call)


@vendor.operation("POST", "/api/v2/export/{type}", anonymous=auth.CHECKED, json="strict", permission="can_export_all",
                  body=request_schemas.EXPORT_BODY, proof="source", source=SOURCE,
                  statuses=(200, 400, 401, 403, 404, 500),
                  **FORMS, effect="reads",
                  differences=(Difference.CONTACTS_EXPORT, Difference.DHIS_PERMISSION, Difference.HUMAN_READABLE,
                               Difference.VALID_AND_VERIFIED, Difference.MESSAGE_ROWS, Difference.MESSAGE_COLUMNS,
                               Difference.FEEDBACK_PARAMETERS, Difference.EXPORT_PAGES))
def post_export(world: World, call: Call) -> Any:
    """The same, with `filters` and `options` in the body."""
    return export(world, call)


def export(world: World, call: Call) -> Any:
    kind = call.params["type"]
    if kind not in PERMISSIONS:
        errors.fail(404, f'Invalid export type "{kind}"', diagnosis=f"types are {', '.join(PERMISSIONS)}")
    authorize(world, call, kind)
    options = read(world, call)
    stream = contacts.array if kind == "contacts" and Difference.CONTACTS_EXPORT.as_page(world) else STREAMS.get(kind)
    is_csv = stream is not None and stream is not contacts.array
    minute = world.clock.now().strftime("%Y%m%d%H%M")
    name = ("Content-Disposition", f"attachment; filename={kind}-{minute}.{'csv' if is_csv else 'json'}")
    if stream is not None and options.unusable:
        call.diagnose("options must be an object; the server fails at it when status and headers have left")
        failed = rendering.helper(call, 500, "Server error", None)
        return Reply(failed.body, content_type=CSV_TYPE, headers=[name])
    if stream is not None:
        return Reply(encoded(stream(world, options)), content_type=CSV_TYPE if is_csv else rendering.JSON_TYPE,
                     headers=[name])
    try:
        return Reply(devices.devices(world) if kind == "user-devices" else dhis.value_set(world, options),
                     headers=[name])
    except errors.Failure as refusal:
        refusal.headers.append(name)
        raise


def authorize(world: World, call: Call, kind: str) -> None:
    """Online users with `can_export_all` or the type's own permission.

    The server's table has a wrong name for dhis, so that it fails for all who lack `can_export_all`.
    """
    caller = auth.permitted(world, call, online=True)
    if auth.has(world, caller, "can_export_all"):
        return
    if kind == "dhis" and not Difference.DHIS_PERMISSION.as_page(world):
        errors.server_error(diagnosis="CHT 4.15 looks up a permission that does not exist; can_export_all is needed")
    auth.permitted(world, call, PERMISSIONS[kind], online=True)


def encoded(stream: Iterator[str]) -> Iterator[bytes]:
    """The text in chunks; an error in the middle is appended, because the status has been sent already."""
    try:
        yield from (part.encode("utf-8", "surrogatepass") for part in stream)
    except BadFilter as error:
        yield f"--ERROR--\nError exporting data: {error}\n".encode()
