"""GET users. CHT 4.15 source, api/src/controllers/users.js, shared-libs/user-management/src/users.js."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import response_schemas, schemas
from mocksrv.vendors.cht.node import querystring
from mocksrv.vendors.cht.users import accounts
from mocksrv.vendors.cht.users.accounts import Data
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SHOWN = ("username", "fullname", "email", "phone", "place", "roles", "contact", "external_id", "known",
         accounts.OIDC)
SOURCE = "CHT 4.15 source, api/src/controllers/users.js; recorded from 4.15.0"


@vendor.operation("GET", "/api/v1/users", permission="can_view_users", proof="source", source=SOURCE,
                  query=schemas.Filter, response=lambda: response_schemas.array(schemas.OldUser()),
                  statuses=(200, 401, 403), differences=(Difference.USER_PLACES,))
def list_users_v1(world: World, call: Call) -> list[Data]:
    """All users, each with its first role as `type` (deprecated)."""
    return [with_type(user) for user in matching(world, call)]


@vendor.operation("GET", "/api/v2/users", permission="can_view_users", proof="source", source=SOURCE,
                  query=schemas.Filter, response=lambda: response_schemas.array(schemas.User()),
                  statuses=(200, 401, 403), differences=(Difference.USER_PLACES,))
def list_users(world: World, call: Call) -> list[Data]:
    """All users, or those of a place or a contact.

    `place` is a list of stored documents on the server, on the page one object with its contact in it.
    """
    return list(matching(world, call))


@vendor.operation("GET", "/api/v2/users/{username}", proof="source", source=SOURCE, response=schemas.EITHER_USER,
                  statuses=(200, 401, 403, 404), differences=(Difference.USER_PLACES, Difference.USER_TYPE))
def get_user(world: World, call: Call) -> Data:
    """One user: for callers who may view users, and for the user itself.

    The page's example has `type` where the server has `roles`.
    """
    name = call.params["username"]
    if not is_self(call, name):
        auth.permitted(world, call, "can_view_users")
    user = accounts.find(world, name)
    found = shape(world, user, accounts.find(world, name, "medic"))
    return with_type(found) if Difference.USER_TYPE.as_page(world) else found


def is_self(call: Call, name: str) -> bool:
    """Whether the caller, and the Basic credentials if there are any, are the user of that name."""
    caller, sent = auth.signed_in(call), call.basic
    return caller.name == name and (sent is None or sent[0] == name)


def matching(world: World, call: Call) -> Iterable[Data]:
    """Users in the order of their ids; `facility_id` and `contact_id` narrow them down, to none if they are not texts.
    """
    query = querystring.parse(call)
    facility, contact = query.get("facility_id"), query.get("contact_id")
    database, settings = documents.database(world, "_users"), documents.database(world, "medic")
    nobody = isinstance(facility, list | dict) or isinstance(contact, list | dict)
    for id in () if nobody else database.all_ids(auth.USER, auth.USER + "\ufff0"):
        user = database.peek(id)
        assert user is not None
        if facility and facility not in places_of(user):
            continue
        if contact and user.get("contact_id") != contact:
            continue
        yield shape(world, user, settings.peek(id) or {})


def places_of(user: Mapping[str, Any]) -> list[Any]:
    """The ids of an account's places."""
    found = user.get("facility_id")
    if isinstance(found, list):
        return found
    return [found] if found else []


def shape(world: World, user: Mapping[str, Any], settings: Mapping[str, Any]) -> Data:
    """A user in the form of answers; unset properties other than `place` are left out. Null stays null."""
    stored = documents.database(world, "medic")
    ids = places_of(user)
    places: Any = [stored.peek(id) if isinstance(id, str) else None for id in ids] if ids else None
    contact_id = user.get("contact_id")
    contact = stored.peek(contact_id) if isinstance(contact_id, str) else None
    own = {"fullname": settings, "email": settings, "phone": settings, "external_id": settings, "known": user,
           accounts.OIDC: user, "username": {"username": user.get("name")}, "roles": user, "place": {"place": places},
           "contact": {"contact": contact} if contact is not None else {}}
    kept = {"id": user["_id"], "rev": user["_rev"]} | {key: own[key][key] for key in SHOWN if key in own[key]}
    return as_on_page(world, kept) if Difference.USER_PLACES.as_page(world) else kept


def as_on_page(world: World, found: Data) -> Data:
    """One place as an object with its contact in it, or none at all."""
    place = (found.pop("place") or [None])[0]
    if place is not None:
        stored, contact = documents.database(world, "medic"), place.get("contact")
        full = stored.peek(contact.get("_id") or "") if isinstance(contact, dict) else None
        found["place"] = {**place, "contact": full} if full else place
    return found


def with_type(user: Data) -> Data:
    """The user with `type`, the first role, in the place of `roles`."""
    roles = user.pop("roles", None)
    return {**user, "type": roles[0] if isinstance(roles, list) and roles else "unknown"}
