"""Mobile workers: create, update, delete, activate.

HQ source: corehq/apps/api/resources/v0_5.py, CommCareUserResource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request, failed, not_found
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.schemas import NEW_USER, USER_CHANGE, Created, UserObject
from mocksrv.vendors.commcare.tastypie import deserializer
from mocksrv.vendors.commcare.users import listing, updates, usernames
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

CONFIRM, SEND_NOW = "require_account_confirmation", "send_confirmation_email_now"


def new_user(world: World, domain: str, username: str, data: Mapping[str, Any], confirmed: bool) -> dict[str, Any]:
    """The document of a new mobile worker. Raises the canned 500."""
    return {
        "id": world.hex(), "domain": domain, "username": username, "first_name": "", "last_name": "",
        "email": updates.lower_email(data.get("email", "")), "password": updates.usable_password(data.get("password")),
        "language": None, "phone_numbers": [], "default_phone_number": None, "user_data": {}, "active": confirmed,
        "role": "Mobile Worker", "location_id": None, "location_ids": [], "user_location_id": None,
        "is_account_confirmed": confirmed, "created_on": dates.now(world),
    }


def check_confirmation(data: Mapping[str, Any]) -> bool:
    """Whether the worker is to confirm the account by e-mail. Raises a 400; its texts are ours."""
    if not data.get(CONFIRM) and not data.get(SEND_NOW):
        return False
    if data.get("password"):
        raise bad_request("Password cannot be provided when account confirmation is required.")
    if not data.get("email"):
        raise bad_request("Email is required to send a confirmation email.")
    return True


@vendor.resource("POST", "user", "v1", "v0.5", permission="edit_commcare_users", response=Created,
                 statuses=(201, 400, 500), source=listing.SOURCE, proof="source", body=NEW_USER, effect="makes")
def create_user(world: World, call: Call) -> Reply:
    """A new mobile worker; other fields than username and password are dropped silently if they are not valid."""
    data, domain = deserializer.load_object(call), call.params["domain"]
    if "username" not in data:
        raise failed("username is missing")
    username = usernames.generate(world, domain, data["username"])
    unconfirmed = check_confirmation(data)
    if not unconfirmed and not data.get("password") and not data.get("connect_username"):
        raise bad_request("Password or connect username required")
    if data.get("connect_username"):
        raise bad_request("You don't have permission to use connect_username field")
    draft = updates.Draft(world, new_user(world, domain, username, data, not unconfirmed))
    try:
        updates.apply(draft, {name: value for name, value in data.items() if name not in ("username", "password")})
    except Refusal:
        draft.save()
        retire(world, draft.user)  # HQ deletes the worker again; the name stays taken
        raise
    draft.save()
    location = call.prefix + listing.detail_uri(call, "user", draft.user["id"])
    return Reply({"id": draft.user["id"]}, 201, [("Location", location)])


@vendor.resource("PUT", "user", "v1", "v0.5", detail=True, permission="edit_commcare_users",
                 response=response_schemas.echo(UserObject), statuses=(200, 400, 500),
                 source=listing.SOURCE, proof="source", body=USER_CHANGE, effect="changes")
def update_user(world: World, call: Call) -> dict[str, Any]:
    """Change the fields that are given; fields saved before one is refused stay changed."""
    data = deserializer.load_object(call)
    draft = updates.Draft(world, find(world, call, failed))
    awaited = draft.user.get("is_account_confirmed") is False and draft.user["email"]
    ignored = {SEND_NOW} if awaited and data.get(SEND_NOW) else set()  # the e-mail that it asks for is not sent
    errors = updates.apply(draft, {name: value for name, value in data.items() if name not in ignored})
    if errors:
        raise bad_request(f"The request resulted in the following errors: {', '.join(errors)}")
    draft.save()
    echoed = {name: value for name, value in data.items() if name not in ("primary_location", "locations")}
    return echoed | listing.show(world, call, listing.find(world, call))


@vendor.resource("DELETE", "user", "v1", "v0.5", detail=True, permission="edit_commcare_users", statuses=(204, 500),
                 source=listing.SOURCE, proof="source", effect="changes")
def delete_user(world: World, call: Call) -> Reply:
    """Remove a mobile worker, also from its groups; the username stays taken."""
    user = find(world, call, failed)
    updates.set_groups(world, user, ())
    retire(world, user)
    return Reply(None, 204)


def retire(world: World, user: Mapping[str, Any]) -> None:
    world.table("commcare.users").delete(user["id"])
    world.table("commcare.retired_usernames").put(user["username"], {"id": user["id"], "domain": user["domain"]})


def find(world: World, call: Call, missing: Any = not_found) -> Mapping[str, Any]:
    """The worker that the path names. Raises `missing`, which for writes is never a plain 404."""
    user = owned(world, "commcare.users", call.params["pk"], call.params["domain"])
    if user is None:
        raise missing(f"no mobile worker {call.params['pk']!r} in this domain")
    return user


def set_active(world: World, call: Call, active: bool) -> Reply:
    user = find(world, call)
    if user.get("user_location_id"):
        raise bad_request("This user is tied to a location; activate or archive the location instead.")
    world.table("commcare.users").update(user["id"], {"active": active, "last_modified": dates.now(world)})
    return Reply({}, 202)


@vendor.resource("POST", "user", "v1", "v0.5", tail="{pk}/activate/", permission="edit_commcare_users",
                 statuses=(202, 400, 404), response=response_schemas.NOTHING, source=listing.SOURCE, proof="source",
                 effect="changes")
def activate_user(world: World, call: Call) -> Reply:
    """Activate a mobile worker again."""
    return set_active(world, call, True)


@vendor.resource("POST", "user", "v1", "v0.5", tail="{pk}/deactivate/", permission="edit_commcare_users",
                 statuses=(202, 400, 404), response=response_schemas.NOTHING, source=listing.SOURCE, proof="source",
                 effect="changes")
def deactivate_user(world: World, call: Call) -> Reply:
    """Deactivate a mobile worker, who can no longer log in."""
    return set_active(world, call, False)


@vendor.resource("POST", "user", "v1", "v0.5", tail="{pk}/email_password_reset/", permission="edit_commcare_users",
                 statuses=(202, 404), response=response_schemas.NOTHING, source=listing.SOURCE, proof="source")
def email_password_reset(world: World, call: Call) -> Reply:
    """Send a mobile worker the e-mail for a new password; here nothing is sent."""
    find(world, call)
    return Reply({}, 202)
