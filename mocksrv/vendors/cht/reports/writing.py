"""POST and PUT of one report, from release 5.2 on. CHT 5.2 source, shared-libs/cht-datasource/src/local/report.ts."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import schemas
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.reports.reading import Report, is_report
from mocksrv.vendors.cht.shared_libs import app_settings, contacts, input_checks, lineage, minifying
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

Doc = dict[str, Any]
COMMON: dict[str, Any] = {"since": "5.2", "online": True, "one_permission": True, "json": "strict",
                          "response": Report, "proof": "source",
                          "source": "CHT 5.2 source, shared-libs/cht-datasource; recorded from 5.2.0"}


@vendor.operation("POST", "/api/v1/report", permission=("can_create_records", "can_edit"),
                  body=schemas.ReportInput, statuses=(200, 400, 401, 403, 500), **COMMON)
def create_report(world: World, call: Call) -> Doc:
    """Create a report of a known form by a known contact; the answer is the stored document."""
    sent = input_checks.body_of(call.json)
    input_checks.need_text(sent, "form")
    input_checks.may_be_moment(sent.get("reported_date"))
    input_checks.need_text(sent, "contact")
    input_checks.must_not_be_set(sent, "_id", "_rev")
    if javascript.truthy(sent.get("type")) and sent["type"] != lineage.REPORT:
        errors.fail(400, f'Report type must be "{lineage.REPORT}".')
    check_form(world, sent["form"])
    contact = documents.database(world, "medic").peek(sent["contact"])
    if not contacts.is_contact(app_settings.read(world), contact):
        errors.fail(400, f"Contact [{sent['contact']}] not found.")
    doc = {**sent, "contact": contact, "reported_date": input_checks.moment(world, sent.get("reported_date")),
           "type": lineage.REPORT}
    return minifying.created(world, doc)


@vendor.operation("PUT", "/api/v1/report/{uuid}", permission=("can_update_reports", "can_edit"),
                  body=Report, statuses=(200, 400, 401, 403, 404, 500), **COMMON)
def update_report(world: World, call: Call) -> Doc:
    """Replace a report by the whole new document; fields left out are removed, but the contact is required."""
    sent = {**input_checks.body_of(call.json), "_id": call.params["uuid"]}
    rev = sent.get("_rev")
    if not isinstance(rev, str) or not rev.strip() or not sent["_id"].strip() or not is_report(sent):
        errors.fail(400, "Valid _id, _rev, form, and type fields must be provided.")
    stored = documents.database(world, "medic").peek(sent["_id"])
    if stored is None or not is_report(stored):
        errors.fail(404, f"Report record [{sent['_id']}] not found.")
    contact = minifying.updated_contact(world, stored, sent)
    if javascript.truthy(stored.get("contact")) and contact is None:
        errors.fail(400, "A contact must be provided.")
    input_checks.must_not_change(stored, sent, ("_rev", "reported_date"))
    if stored["form"] != sent["form"]:
        check_form(world, sent["form"])
    sent = minifying.with_contact(sent, contact)
    return {**sent, "_rev": contacts.store(world, minifying.minified(sent))["rev"]}


def check_form(world: World, form: str) -> None:
    """Refuse a form without a document."""
    if f"form:{form}" not in documents.database(world, "medic"):
        errors.fail(400, f"Invalid form value [{form}].", diagnosis=f"there is no document form:{form}")
