"""How many documents an account would replicate. CHT 4.15 source, api/src/controllers/users.js (info)."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.access import auth, authorization
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api import replication
from mocksrv.vendors.cht.described import request_schemas, schemas
from mocksrv.vendors.cht.node import javascript, json_text, querystring
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

ONLINE_ROLES = ("_admin", "mm-online")


@vendor.operation("GET", "/api/v1/users-info", query=request_schemas.ROLE_AND_PLACE, proof="source",
                  source="CHT 4.15 source, api/src/controllers/users.js; recorded from 4.15.0",
                  response=schemas.DocCounts, statuses=(200, 400, 401, 403, 500),
                  differences=(Difference.USERS_INFO_ROLE,))
def get_users_info(world: World, call: Call) -> dict[str, Any]:
    """An offline user's own counts, or, for callers who may update users, those of a place and role.

    The page refuses every role that is not offline, the server only two names.
    """
    caller = auth.signed_in(call)
    if not caller.online:
        return replication.counts(world, authorization.of_user(world, caller.name))
    auth.permitted(world, call, "can_update_users")
    query = querystring.parse(call)
    role, place = query.get("role"), query.get("facility_id")
    if not javascript.truthy(role) or not javascript.truthy(place):
        errors.fail(400, "Missing required query params: role and/or facility_id")
    roles = parse_roles(javascript.text(role))
    places = [id for id in (place if isinstance(place, list) else [place]) if isinstance(id, str)]
    if any(role in ONLINE_ROLES for role in roles) or (
            Difference.USERS_INFO_ROLE.as_page(world) and not app_settings.is_offline(world, roles)):
        errors.fail(400, "Provided role is not offline")
    return replication.counts(world, authorization.Scope(tuple(places), tuple(roles)))


def parse_roles(text: str) -> list[str]:
    """One role, as it is or as a JSON text, or a JSON array of roles."""
    try:
        value = json_text.loads(text)
    except ValueError:
        return [text]
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        errors.fail(400, "Role parameter must be either a string or a JSON encoded array")
    if not all(isinstance(role, str) for role in value):
        errors.fail(400, "All roles should be strings")
    return value


@vendor.operation("GET", "/api/v1/users-doc-count", anonymous=auth.CHECKED, query=request_schemas.USER, proof="source",
                  source="CHT 4.15 source, api/src/controllers/users.js; recorded from 4.15.0",
                  response=schemas.UserDocCount, statuses=(200, 401, 403, 404), prompt=True,
                  differences=(Difference.USERS_DOC_COUNT,))
def get_users_doc_count(world: World, call: Call) -> dict[str, Any]:
    """How many documents users replicated last: of one user an object, of all a list."""
    caller = auth.signed_in(call, prompt=True)
    if releases.DOC_COUNT_REFUSAL.holds(world):
        auth.database_admin(world, call)
    elif not caller.admin:  # a 401 where other endpoints have a 403
        errors.fail(401, "unauthorized", prompt=True, diagnosis="only server admins may read this")
    database = documents.database(world, "medic-logs")
    asked = querystring.parse(call).get("user")
    if asked:
        name = javascript.text(asked)
        try:
            return {"limit": replication.LIMIT, "users": database.load(replication.LOG + name)}
        except documents.NotFound as error:
            errors.fail(404, error.reason, diagnosis=f"{name} has not replicated yet")
    ids = database.all_ids(replication.LOG, replication.LOG + "\ufff0")
    return {"limit": replication.LIMIT, "users": [database.peek(id) for id in ids]}
