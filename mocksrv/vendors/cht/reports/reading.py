"""GET /api/v1/report: one report by id, or the ids of those that hold a text.

CHT 5.2 source, api/src/controllers/report.js, shared-libs/cht-datasource/src/local/report.ts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, Schema, fields

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.contacts.reading import wants_lineage
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.ddocs import full_text
from mocksrv.vendors.cht.described import request_schemas, schemas
from mocksrv.vendors.cht.node import querystring
from mocksrv.vendors.cht.shared_libs import input_checks, lineage
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

LIMIT = 10_000
COMMON: dict[str, Any] = {"since": "4.18", "permission": "can_view_reports", "online": True, "proof": "source",
                          "source": "CHT 5.2 source, api/src/controllers/report.js; recorded from 5.2.0"}


class Report(Schema):
    """A report: the common fields; its form adds others."""

    class Meta:
        unknown = INCLUDE

    _id = fields.String(required=True)
    _rev = fields.String(required=True)
    type = fields.String(required=True)
    form = fields.String(required=True)
    reported_date = fields.Raw()
    contact = fields.Raw()
    fields_ = fields.Dict(data_key="fields")


@vendor.operation("GET", "/api/v1/report/uuid", query=schemas.ReportsByText,
                  response=schemas.Uuids, statuses=(200, 400, 401, 403, 500), **COMMON)
def get_report_uuids(world: World, call: Call) -> dict[str, Any]:
    """The ids of reports that hold a word that begins with `freetext`, or the `field:value` that it is, by date."""
    query = querystring.parse(call)
    text = input_checks.freetext(query.get("freetext"))
    cursor, limit = input_checks.cursor(query.get("cursor")), input_checks.limit(query.get("limit"), LIMIT)
    return full_text.page(world, full_text.REPORTS, text, cursor, limit)


@vendor.operation("GET", "/api/v1/report/{uuid}", query=request_schemas.CONTACT, response=Report,
                  statuses=(200, 401, 403, 404, 500), **COMMON)
def get_report(world: World, call: Call) -> Any:
    """A report; with_lineage=true puts its contact, patient and place in full in the place of their ids."""
    medic = documents.database(world, "medic")
    doc: Any = medic.peek(call.params["uuid"])
    if doc is None or not is_report(doc):
        errors.fail(404, "Report not found", diagnosis=f"no report has the id {call.params['uuid']!r}")
    return lineage.hydrate(world, doc, alone=True) if wants_lineage(call) else doc


def is_report(doc: Mapping[str, Any]) -> bool:
    """A record with a form that is not blank."""
    form = doc.get("form")
    return doc.get("type") == lineage.REPORT and isinstance(form, str) and bool(form.strip())
