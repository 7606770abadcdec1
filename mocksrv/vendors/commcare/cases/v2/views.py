"""Case API v2, a function view: `/a/{domain}/api/case/v2/`, and `/v0.6/case/` for the same.

commcare-hq corehq/apps/hqcase/views.py and corehq/apps/hqcase/api/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.access import location_access
from mocksrv.vendors.commcare.access.location_access import Reach
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.cases.v2 import listing
from mocksrv.vendors.commcare.cases.v2 import payload as payload
from mocksrv.vendors.commcare.cases.v2.fields import field_filter
from mocksrv.vendors.commcare.cases.v2.system_fields import METADATA
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import view_error, view_failed
from mocksrv.vendors.commcare.form_processor import processing, xform
from mocksrv.vendors.commcare.form_processor.stores import owned, visible
from mocksrv.vendors.commcare.schemas import (
    CASE_V2_CHANGES,
    CASE_V2_UPSERT,
    NEW_CASES_V2,
    CaseV2BulkFetch,
    CaseV2BulkFetched,
    CaseV2Fields,
    CaseV2List,
    CaseV2Object,
    CaseV2Query,
    CaseV2Written,
)
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/hqcase/views.py"
XMLNS = "http://commcarehq.org/case_api"
ROOTS = (f"/a/{DOMAIN}/api/case/v2", f"/a/{DOMAIN}/api/v0.6/case")
LIST = tuple(root + end for root in ROOTS for end in ("/", ""))
DETAIL = tuple(root + r"/{case_id:[\w\-,]+}" + end for root in ROOTS for end in ("", "/"))
EXTERNAL = tuple(root + "/ext/{external_id:(?:[^/\n]|/)+?}/" for root in ROOTS)
BULK_FETCH = tuple(root + "/bulk-fetch/" for root in ROOTS)
# allow_cors adds its own OPTIONS to the list that already has one.
COMMON: dict[str, Any] = {"permission": "edit_data", "query_key": False, "source": SOURCE, "proof": "source",
          "options": "OPTIONS, GET, POST, PUT, OPTIONS"}
BULK = {**COMMON, "options": "OPTIONS, GET, POST, OPTIONS"}


def show(doc: Doc, now: str | None = None) -> dict[str, Any]:
    """A case, its keys in the order in which HQ sends them.

    The answers of a write and of an external id come from the database, which does not know when the search index took
    the case: `now` is told instead. Others come from the index, where properties that have the name of a system field
    cannot be told apart from it.
    """
    properties = doc["properties"]
    if now is None and not METADATA.keys().isdisjoint(properties):
        properties = {name: value for name, value in properties.items() if name not in METADATA}
    return {
        "domain": doc["domain"],
        "case_id": doc["case_id"],
        "case_type": doc["case_type"],
        "case_name": doc["case_name"],
        "external_id": doc["external_id"],
        "owner_id": doc["owner_id"],
        "date_opened": doc["date_opened"],
        "last_modified": doc["date_modified"],
        "server_last_modified": doc["server_date_modified"],
        "indexed_on": now or doc["indexed_on"],
        "closed": doc["closed"],
        "date_closed": doc["date_closed"],
        "properties": properties,
        "indices": doc["indices"],
    }


# --- reading ------------------------------------------------------------------------------------------------


@vendor.view("GET", *LIST, query=CaseV2Query, response=CaseV2List, statuses=(200, 400, 403, 500),
             instead="list_cases", **COMMON)
def list_cases_v2(world: World, call: Call) -> dict[str, Any]:
    """Cases by `indexed_on`, with exact filters, and a cursor to go on with."""
    domain = call.params["domain"]
    reach = Reach(world, domain, call.caller)
    page = listing.find(world, domain, call.query, [] if reach.places is None else [reach.sees])
    shown = field_filter(page.params)
    body: dict[str, Any] = {"matching_records": page.total, "cases": [shown(show(doc)) for doc in page.docs]}
    if page.cursor:
        body["next"] = f"{call.base_url}/a/{domain}/api/case/v2/?{urlencode({'cursor': page.cursor})}"
    return body


@vendor.view("POST", *BULK_FETCH, query=CaseV2Fields, body=CaseV2BulkFetch, response=CaseV2BulkFetched,
             statuses=(200, 400), **BULK, effect="reads")
def bulk_fetch_cases_v2(world: World, call: Call) -> dict[str, Any]:
    """Many cases by ids and external ids, in the order in which they are asked for."""
    data = read_json(call)
    if not isinstance(data, dict):
        raise view_failed("the payload is an object with case_ids or external_ids")
    case_ids, external_ids = data.get("case_ids"), data.get("external_ids")
    if not case_ids and not external_ids:
        raise view_error(400, "Payload must include 'case_ids' or 'external_ids' fields")
    return many(world, call, ids_of(case_ids), ids_of(external_ids))


# The real view does not look at the method: a GET has no body, a PUT works.
for method in ("GET", "PUT"):
    vendor.view(method, *BULK_FETCH, name=f"bulk_fetch_cases_v2_{method.lower()}", response=CaseV2BulkFetched,
                statuses=(200, 400), effect="reads", **BULK)(bulk_fetch_cases_v2)


@vendor.view("GET", *DETAIL, query=CaseV2Fields,
             response=lambda: response_schemas.any_of(CaseV2Object(), CaseV2BulkFetched()),
             statuses=(200, 400, 403, 404), instead="get_case", **COMMON)
def get_case_v2(world: World, call: Call) -> dict[str, Any]:
    """One case, or several by their ids with commas."""
    case_id = call.params["case_id"]
    if "," in case_id:
        return many(world, call, case_id.split(","), [])
    doc = found_in_index(world, call, case_id)
    if doc is None:
        raise view_error(404, f"Case '{case_id}' not found")
    check_seen(world, call, doc)
    return field_filter(call.query)(show(doc))


@vendor.view("GET", *EXTERNAL, query=CaseV2Fields, response=CaseV2Object, statuses=(200, 400, 403, 404), **COMMON)
def get_case_v2_by_external_id(world: World, call: Call) -> dict[str, Any]:
    """One case by its external id."""
    external_id = call.params["external_id"]
    doc = single(world, call.params["domain"], external_id)
    if doc is None:
        raise view_error(404, f"Case '{external_id}' not found")
    check_seen(world, call, doc)
    return field_filter(call.query)(show(doc, dates.now(world)))


def check_seen(world: World, call: Call, doc: Doc) -> None:
    if not Reach(world, doc["domain"], call.caller).sees(doc):
        raise location_access.denied(f"Insufficient permission for Case '{doc['case_id']}'")


def ids_of(value: Any) -> list[Any]:
    """What HQ takes for ids: it goes through a text letter by letter, and no case has a number for an id."""
    ids = list(value or []) if isinstance(value or [], list | str) else [None]
    if not all(isinstance(id, str | int | float) for id in ids):
        raise view_failed("case_ids and external_ids are lists of texts")
    return ids


def many(world: World, call: Call, case_ids: list[str], external_ids: list[str]) -> dict[str, Any]:
    if len(case_ids) + len(external_ids) > listing.MAX_LIMIT:
        raise view_error(400, f"You cannot request more than {listing.MAX_LIMIT} cases per request.")
    shown = field_filter(call.query)
    by_external_id = world.table("commcare.cases").by
    reach = Reach(world, call.params["domain"], call.caller)
    found: list[tuple[str, str, Doc | None]] = [("case_id", id, found_in_index(world, call, id)) for id in case_ids]
    for external_id in external_ids:
        # Of several cases with one external id the search index gives the last.
        ids = by_external_id("by_external_id", (call.params["domain"], external_id))
        found.append(("external_id", external_id, found_in_index(world, call, ids[-1]) if ids else None))
    found = [(name, id, doc if doc is not None and reach.sees(doc) else None) for name, id, doc in found]
    missing = sum(1 for _, _, doc in found if doc is None)
    return {
        "cases": [{name: id, "error": "not found"} if doc is None else shown(show(doc)) for name, id, doc in found],
        "matching_records": len(found) - missing,
        "missing_records": missing,
    }


def found_in_index(world: World, call: Call, case_id: str) -> Doc | None:
    """A case by its id, if the search index has it yet."""
    doc = owned(world, "commcare.cases", case_id, call.params["domain"])
    return doc if doc is not None and visible(world, doc) else None


def single(world: World, domain: str, external_id: str) -> Doc | None:
    """The case with an external id. Raises a 400 if there are more."""
    found = world.table("commcare.cases").by("by_external_id", (domain, payload.looked_up(external_id)))
    if len(found) > 1:
        raise view_error(400, f"Multiple cases found with external_id '{external_id}': {', '.join(found)}")
    return world.table("commcare.cases").peek(found[0]) if found else None


# --- writing ------------------------------------------------------------------------------------------------


@vendor.view("POST", *LIST, *EXTERNAL, body=NEW_CASES_V2, response=CaseV2Written, statuses=(200, 400, 403), **COMMON)
def create_case_v2(world: World, call: Call) -> dict[str, Any]:
    """Create a case, or create and update up to 100; an external id in the path is ignored.

    HQ source: case_api() asks for `POST and not case_id` first, which the path with an external id fulfils too.
    """
    return write(world, call, read_json(call), create=True)


@vendor.view("PUT", *LIST, *DETAIL, body=CASE_V2_CHANGES, response=CaseV2Written, statuses=(200, 400, 403), **COMMON)
def update_case_v2(world: World, call: Call) -> dict[str, Any]:
    """Update a case by the id in the path or in the body, or create and update up to 100."""
    data = read_json(call)
    if "case_id" in call.params:
        if not isinstance(data, dict):
            raise view_failed("the payload of one case is an object")
        data.setdefault("case_id", call.params["case_id"])
    return write(world, call, data, create=False)


@vendor.view("PUT", *EXTERNAL, body=CASE_V2_UPSERT, response=CaseV2Written, statuses=(200, 400, 403), **COMMON)
def upsert_case_v2(world: World, call: Call) -> dict[str, Any]:
    """Create or update the case with an external id."""
    external_id = call.params["external_id"]
    data = read_json(call)
    if not isinstance(data, dict):
        raise view_error(400, "Payload must be a single JSON object")
    data.setdefault("external_id", external_id)
    doc = single(world, call.params["domain"], external_id)
    if doc is not None and data.setdefault("case_id", doc["case_id"]) != doc["case_id"]:
        raise view_error(400, 'The given value of "case_id" does not match the existing value for the case identified '
                              f'by external_id = "{external_id}". "case_id" is read-only and cannot be modified.')
    return write(world, call, data, create=doc is None)


def read_json(call: Call) -> Any:
    try:
        return json.loads(call.body.decode())
    except ValueError:
        raise view_error(400, "Payload must be valid JSON") from None
    except RecursionError:
        raise view_failed("the payload is nested too deeply") from None


def write(world: World, call: Call, data: Any, *, create: bool) -> dict[str, Any]:
    """Check the payload, store it as a form, and answer with the cases. Raises Refusal."""
    domain, caller = call.params["domain"], call.caller
    shown = field_filter(call.query)
    try:
        if isinstance(data, list):
            rows = payload.check_rows(data)
        else:
            kind = "create" if create else "update"
            rows = [payload.check(data, kind) | {"kind": kind}]
        blocks = payload.blocks(world, domain, caller.user_id, rows)
        check_owners(world, domain, caller, rows, blocks)
    except payload.Invalid as error:
        raise view_error(400, str(error)) from None
    form = system_form(world, blocks, XMLNS, caller, call.header("user-agent"))
    outcome = processing.store(world, domain, form, xml=xform.to_xml(form), user_id=caller.user_id)
    if outcome.kind != "normal":
        raise Refusal(400, {"error": outcome.problem, "form_id": outcome.form_id})
    cases = {case["case_id"]: case for case in outcome.cases}
    ids = dict.fromkeys(block["@case_id"] for block in blocks)  # a case that is named twice is in the answer once
    answers = [shown(show(cases[id], dates.now(world))) for id in ids]
    if isinstance(data, list):
        return {"form_id": outcome.form_id, "cases": answers}
    return {"form_id": outcome.form_id, "case": answers[0]}


def check_owners(world: World, domain: str, caller: Any, rows: list[Any], blocks: list[Any]) -> None:
    """Refuse changes of cases that the caller may not access, by old and new owners and those of parent cases."""
    reach = Reach(world, domain, caller)
    if reach.places is None:
        return
    owners = [row.get("owner_id") or "" for row in rows]
    for block in blocks:
        touched = [block["@case_id"], *(index.get("#text", "") for index in block.get("index", {}).values())]
        owners += [doc["owner_id"] for id in touched if (doc := owned(world, "commcare.cases", id, domain))]
    reach.check_owners(owners)


def system_form(world: World, blocks: list[dict[str, Any]], xmlns: str, caller: Any, device: str) -> xform.Form:
    """The form by which HQ itself changes cases (commcare-hq hqcase/templates/hqcase/xml/case_block.xml)."""
    now = dates.now(world)
    form: xform.Form = {
        "#type": "system", "@uiVersion": "1", "@version": "1", "@xmlns": xmlns,
        "meta": {"@xmlns": xform.OPENROSA_META, "deviceID": device, "timeStart": now, "timeEnd": now,
                 "username": caller.username, "userID": caller.user_id, "instanceID": world.hex()},
    }
    if blocks:
        form["case"] = blocks[0] if len(blocks) == 1 else blocks
    return form
