"""Records: reports that come as a text message or as JSON."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.described import schemas
from mocksrv.vendors.cht.node import bodies, querystring
from mocksrv.vendors.cht.records import reports
from mocksrv.vendors.cht.transitions import processing
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/records.js"
TYPES = (bodies.FORM, bodies.JSON)


@vendor.operation("POST", "/api/v1/records", permission="can_create_records", json="lenient", query=schemas.Locale,
                  body=schemas.Record, response=schemas.Stored, statuses=(200, 401, 403, 500), proof="source",
                  source=SOURCE, effect="makes", differences=(Difference.MISSING_FIELDS,))
def post_record_1(world: World, call: Call) -> Any:
    """Store a report; the query's `locale` is the language of a text message's errors."""
    return store(world, call, querystring.parse(call).get("locale"))


@vendor.operation("POST", "/api/v2/records", permission="can_create_records", json="lenient", body=schemas.Record,
                  response=schemas.Stored, statuses=(200, 401, 403, 500), proof="source", source=SOURCE, effect="makes",
                  differences=(Difference.MISSING_FIELDS,))
def post_record_2(world: World, call: Call) -> Any:
    """Store a report: a text message as a form (`message`, `from`), or JSON with `_meta`.

    A wrong or missing field refuses nothing: it is listed in the document's `errors`. The page has a 500 for missing
    required fields.
    """
    return store(world, call, None)


def store(world: World, call: Call, locale: Any) -> dict[str, Any]:
    kind = bodies.media_type(call)
    if kind not in TYPES or not bodies.has_body(call):
        errors.server_error(diagnosis=f"the content type must be {' or '.join(TYPES)}")
    if kind == bodies.FORM:
        doc = reports.from_message(world, bodies.form(call), locale)
    else:
        doc = reports.from_json(world, call.json)
    for error in doc["errors"] if Difference.MISSING_FIELDS.as_page(world) else ():
        if error["code"] == "sys.missing_fields":
            errors.server_error(error["message"])
    result = processing.process(world, [doc])[0]
    return {"success": True, "id": result["id"]}
