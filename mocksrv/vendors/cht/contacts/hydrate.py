"""/api/v1/hydrate and /api/v1/contacts-by-phone: documents with everything that they refer to.

CHT 4.15 source, api/src/controllers/hydration.js, api/src/controllers/contacts-by-phone.js.
"""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields

from mocksrv.call import Reply
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.node import javascript, json_text, querystring
from mocksrv.vendors.cht.shared_libs import app_settings, lineage, phones
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

NO_IDS = {"error": "bad_request", "reason": "`doc_ids` parameter must be a json array."}
NO_PHONE = {"error": "bad_request", "reason": "`phone` parameter is required and must be a valid phone number"}
NO_MATCH = {"error": "not_found", "reason": "no matches found"}


class Ids(Schema):
    """A JSON array of ids; in a query, as text. What is no id has an error in its place of the answer."""

    doc_ids = fields.List(fields.Raw(allow_none=True), required=True)

    class Meta:
        unknown = INCLUDE


class Phone(Schema):
    phone = fields.String(required=True)


class Hydrated(Schema):
    """One of the answers of hydrate, in the order that was asked for."""

    id = fields.Raw(required=True)  # whatever was asked for
    doc = fields.Dict()
    error = fields.String()


class Matches(Schema):
    ok = fields.Boolean(required=True)
    docs = fields.List(fields.Dict(), required=True)


# --- hydrate -------------------------------------------------------------------------------------------------


@vendor.operation("GET", "/api/v1/hydrate", firewall=True, query=Ids, statuses=(200, 400, 403),
                  response=response_schemas.array(Hydrated), errors=response_schemas.COUCH_ERROR, proof="source",
                  source="CHT 4.15 source, api/src/controllers/hydration.js")
def get_hydrate(world: World, call: Call) -> Any:
    """The documents of `doc_ids` (a JSON array) in full, in the order asked."""
    return hydrate(world, query_ids(call))


@vendor.operation("POST", "/api/v1/hydrate", firewall=True, json="lenient", body=Ids, statuses=(200, 400, 403),
                  response=response_schemas.array(Hydrated), errors=response_schemas.COUCH_ERROR, proof="source",
                  source="CHT 4.15 source, api/src/controllers/hydration.js", effect="reads")
def post_hydrate(world: World, call: Call) -> Any:
    """The documents of `doc_ids` in full; a query parameter of that name wins over the body."""
    ids = query_ids(call)
    body = call.json
    return hydrate(world, ids if javascript.truthy(ids) else body.get("doc_ids") if isinstance(body, dict) else None)


def query_ids(call: Call) -> Any:
    """`doc_ids` of the query; each text of it is JSON, if it is JSON."""
    return _parsed(querystring.parse(call).get("doc_ids"))


def _parsed(value: Any) -> Any:
    if isinstance(value, list):
        return [_parsed(one) for one in value]
    try:
        return json_text.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def hydrate(world: World, ids: Any) -> Any:
    """One entry for each id, in order: the document, or that it is not found."""
    if not isinstance(ids, list):
        return Reply(NO_IDS, 400)
    medic = documents.database(world, "medic")
    alone = len(ids) == 1
    answers: list[dict[str, Any]] = []
    for id in ids:
        doc = medic.peek(id) if isinstance(id, str) else None
        found = {"doc": lineage.hydrate(world, doc, alone)} if doc is not None else {"error": "not_found"}
        answers.append({"id": id, **found})
    return answers


# --- contacts by phone ---------------------------------------------------------------------------------------


@vendor.operation("GET", "/api/v1/contacts-by-phone", firewall=True, query=Phone, statuses=(200, 400, 403, 404),
                  response=Matches, errors=response_schemas.COUCH_ERROR, proof="source",
                  source="CHT 4.15 source, api/src/controllers/contacts-by-phone.js",
                  differences=(Difference.CONTACTS_BY_PHONE,))
def get_contacts_by_phone(world: World, call: Call) -> Any:
    """The contacts with a phone number, in full; it is normalised first."""
    return by_phone(world, query_phone(call))


@vendor.operation("POST", "/api/v1/contacts-by-phone", firewall=True, json="lenient", body=Phone,
                  statuses=(200, 400, 403, 404), response=Matches, errors=response_schemas.COUCH_ERROR, proof="source",
                  source="CHT 4.15 source, api/src/controllers/contacts-by-phone.js", effect="reads",
                  differences=(Difference.CONTACTS_BY_PHONE,))
def post_contacts_by_phone(world: World, call: Call) -> Any:
    """The contacts with the `phone` of the body, or of the query, which wins."""
    body = call.json
    return by_phone(world, query_phone(call) or (body.get("phone") if isinstance(body, dict) else None))


def query_phone(call: Call) -> Any:
    """`phone` of the query; repeated or with brackets it is not a text, and so not a phone number."""
    return querystring.parse(call).get("phone")


def by_phone(world: World, phone: Any) -> Any:
    """The contacts whose stored number equals the normalised one."""
    number = phones.normalize(app_settings.read(world), phone) if phone else None
    if not number:
        return Reply(NO_PHONE, 400)
    found = documents.database(world, "medic").by("by_phone", number)
    if not found:
        return Reply(NO_MATCH, 404)
    return {"ok": True, "docs": [lineage.hydrate(world, doc, len(found) == 1) for doc in found]}
