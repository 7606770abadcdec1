"""Mobile workers: create, update, delete, activate. HQ source: corehq/apps/api/resources/v0_5.py, user_updates.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Reply
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request, failed, not_found
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.schemas import Created, UserObject
from mocksrv.vendors.commcare.schemas.requests import UserBody
from mocksrv.vendors.commcare.tastypie import deserializer
from mocksrv.vendors.commcare.users import listing
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

NAME = re.compile(r"[a-z0-9]([a-z0-9._+-]*[a-z0-9])?")
RESERVED = {"admin", "demo_user"}
Change = dict[str, Any]


class Unfit(Exception):
    """A field's value cannot be taken; the text is HQ's."""


# --- fields ------------------------------------------------------------------------------------------------


def text_of(name: str) -> Callable[[World, Mapping[str, Any], Any], Change]:
    def change(world: World, user: Mapping[str, Any], value: Any) -> Change:
        if value is not None and not isinstance(value, str):
            raise Unfit(f"'{name}' must be a string")
        return {name: value}

    return change


def email(world: World, user: Mapping[str, Any], value: Any) -> Change:
    if not isinstance(value, str):
        raise Unfit("'email' must be a string")
    return {"email": value.lower()}


def password(world: World, user: Mapping[str, Any], value: Any) -> Change:
    strong = domains.has(world, "strong_mobile_passwords")
    if not isinstance(value, str) or not value or (strong and len(value) < 8):
        raise Unfit("Password is not strong enough.")
    return {"password": value}


def default_phone_number(world: World, user: Mapping[str, Any], value: Any) -> Change:
    if not isinstance(value, str):
        raise Unfit("'default_phone_number' must be a string")
    number = value.removeprefix("+")
    others = [held for held in user["phone_numbers"] if held != number]
    return {"default_phone_number": number, "phone_numbers": [number, *others]}


def phone_numbers(world: World, user: Mapping[str, Any], value: Any) -> Change:
    if not isinstance(value, list) or not all(isinstance(number, str) for number in value):
        raise Unfit("'phone_numbers' must be a list of strings")
    numbers = list(dict.fromkeys(number.removeprefix("+") for number in value))
    return {"phone_numbers": numbers, "default_phone_number": numbers[0] if numbers else None}


def groups(world: World, user: Mapping[str, Any], value: Any) -> Change:
    if not isinstance(value, list) or not all(isinstance(id, str) for id in value):
        raise Unfit("'groups' must be a list of group ids")
    unknown = [id for id in value if owned(world, "commcare.groups", id, user["domain"]) is None]
    if unknown:
        raise Unfit(f"Could not find group ids: {', '.join(unknown)}.")
    return {"groups": value}


def user_data(world: World, user: Mapping[str, Any], value: Any) -> Change:
    if not isinstance(value, dict):
        raise Unfit("'user_data' must be an object")
    merged = {} if domains.era(world, user["domain"]) == "2015" else dict(user["user_data"])
    own = ("commcare_project", "commcare_location_id", "commcare_location_ids",
           "commcare_primary_case_sharing_id")
    return {"user_data": merged | {k: v for k, v in value.items() if k not in own}}


def role(world: World, user: Mapping[str, Any], value: Any) -> Change:
    domain = domains.find(world, user["domain"])
    if domain is None or not isinstance(value, str) or value not in domain["roles"]:
        raise Unfit(f"The role '{value}' does not exist")
    return {"role": value}


FIELDS: dict[str, Callable[[World, Mapping[str, Any], Any], Change]] = {
    "default_phone_number": default_phone_number, "email": email, "first_name": text_of("first_name"),
    "groups": groups, "language": text_of("language"), "last_name": text_of("last_name"), "password": password,
    "phone_numbers": phone_numbers, "role": role, "user_data": user_data,
}


def locations(world: World, user: Mapping[str, Any], data: Mapping[str, Any]) -> Change:
    """The change of both location fields, which go together."""
    if not {"primary_location", "locations"} & data.keys():
        return {}
    primary, listed = data.get("primary_location"), data.get("locations")
    if "primary_location" not in data or "locations" not in data or bool(primary) != bool(listed):
        raise Unfit("Both primary_location and locations must be provided together.")
    listed = listed or []
    if not isinstance(listed, list):
        raise Unfit("'locations' must be a list of location ids")
    if primary and primary not in listed:
        raise Unfit("Primary location must be included in the list of locations.")
    unknown = [str(id) for id in listed if not isinstance(id, str)
               or owned(world, "commcare.locations", id, user["domain"]) is None]
    if unknown:
        raise Unfit(f"Could not find location ids: {', '.join(unknown)}.")
    return {"location_id": primary or None, "location_ids": listed}


def changed(world: World, user: dict[str, Any], data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The user with what can be taken, and why the rest cannot; `groups` stays in the user to be written."""
    errors = []
    for name, value in data.items():
        if name in ("primary_location", "locations"):
            continue
        if name not in FIELDS:
            errors.append(f"Attempted to update unknown or non-editable field '{name}'")
            continue
        try:
            user = user | FIELDS[name](world, user, value)
        except Unfit as error:
            errors.append(str(error))
    try:
        user = user | locations(world, user, data)
    except Unfit as error:
        errors.append(str(error))
    return user, errors


def write(world: World, user: dict[str, Any]) -> None:
    """Store a user, and the groups that were set, if they were."""
    wanted = user.pop("groups", None)
    world.table("commcare.users").put(user["id"], user | {"last_modified": dates.now(world)})
    if wanted is not None:
        set_groups(world, user, set(wanted))


def set_groups(world: World, user: Mapping[str, Any], wanted: set[str]) -> None:
    """Make a user a member of these groups and no others."""
    table = world.table("commcare.groups")
    held = set(table.by("by_member", (user["domain"], user["id"])))
    for id in sorted(held ^ wanted):
        members = [member for member in (table.peek(id) or {})["users"] if member != user["id"]]
        table.update(id, {"users": [*members, user["id"]] if id in wanted else members})


# --- operations --------------------------------------------------------------------------------------------


def full_name(world: World, domain: str, given: Any) -> str:
    """The username with its domain. Raises a 400 for a bad or taken one."""
    if not isinstance(given, str):
        raise failed("username must be a text")
    name, _, host = given.strip().lower().partition("@")
    full = f"{name}@{domain}.commcarehq.org"
    if not NAME.fullmatch(name) or host not in ("", f"{domain}.commcarehq.org"):
        raise bad_request(f"Username '{given}' may not contain special characters.")
    if name in RESERVED or world.table("commcare.users").first("by_username", full):
        raise bad_request(f"Username '{full}' is already taken or reserved.")
    return full


@vendor.resource("POST", "user", "v0.5", "v1", permission="edit_commcare_users", response=Created,
                 statuses=(201, 400),
                 source=listing.SOURCE, proof="source", body=UserBody, effect="makes")
def create_user(world: World, call: Call) -> Reply:
    """A new mobile worker; fields other than username and password that cannot be taken are dropped in silence."""
    data, domain = dict(deserializer.load_object(call)), call.params["domain"]
    if "username" not in data:
        raise failed("username is missing")
    username = full_name(world, domain, data.pop("username"))
    if data.pop("connect_username", None):
        raise bad_request("You don't have permission to use connect_username field")
    if not data.get("password"):
        raise bad_request("Password or connect username required")
    user: dict[str, Any] = {
        "id": world.hex(), "domain": domain, "username": username, "password": "", "first_name": "",
        "last_name": "", "email": "", "language": None, "phone_numbers": [], "default_phone_number": None,
        "user_data": {}, "active": True, "role": "Mobile Worker", "location_id": None, "location_ids": [],
        "user_location_id": None, "created_on": dates.now(world),
    }
    user, _errors = changed(world, user, data)
    write(world, user)
    location = call.prefix + listing.detail_uri(call, "user", user["id"])
    return Reply({"id": user["id"]}, 201, [("Location", location)])


@vendor.resource("PUT", "user", "v0.5", "v1", detail=True, permission="edit_commcare_users",
                 response=response_schemas.echo(UserObject), statuses=(200, 400, 404),
                 source=listing.SOURCE, proof="source", body=UserBody, effect="changes")
def update_user(world: World, call: Call) -> dict[str, Any]:
    """Change the fields that are given; all or nothing."""
    user = dict(listing.find(world, call))
    data = deserializer.load_object(call)
    user, errors = changed(world, user, data)
    if errors:
        raise bad_request(f"The request resulted in the following errors: {', '.join(errors)}")
    write(world, user)
    return data | listing.show(world, call, listing.find(world, call))


@vendor.resource("DELETE", "user", "v0.5", "v1", detail=True, permission="edit_commcare_users", statuses=(204, 404),
                 source=listing.SOURCE, proof="source", effect="changes")
def delete_user(world: World, call: Call) -> Reply:
    """Remove a mobile worker, also from its groups."""
    user = listing.find(world, call)
    set_groups(world, user, set())
    world.table("commcare.users").delete(user["id"])
    return Reply(None, 204)


def find(world: World, call: Call) -> Mapping[str, Any]:
    """The worker that a sub-path names. Raises the canned 404: tastypie does not expect one there."""
    user = owned(world, "commcare.users", call.params["pk"], call.params["domain"])
    if user is None:
        raise not_found()
    return user


def set_active(world: World, call: Call, active: bool) -> Reply:
    user = find(world, call)
    if user.get("user_location_id"):
        raise bad_request("This user is tied to a location; activate or archive the location instead.")
    world.table("commcare.users").update(user["id"], {"active": active, "last_modified": dates.now(world)})
    return Reply({}, 202)


@vendor.resource("POST", "user", "v0.5", "v1", tail="{pk}/activate/", permission="edit_commcare_users",
                 statuses=(202, 400, 404), response=response_schemas.NOTHING, source=listing.SOURCE, proof="source",
                 effect="changes")
def activate_user(world: World, call: Call) -> Reply:
    """Let a mobile worker log in again."""
    return set_active(world, call, True)


@vendor.resource("POST", "user", "v0.5", "v1", tail="{pk}/deactivate/", permission="edit_commcare_users",
                 statuses=(202, 400, 404), response=response_schemas.NOTHING, source=listing.SOURCE, proof="source",
                 effect="changes")
def deactivate_user(world: World, call: Call) -> Reply:
    """Keep a mobile worker from logging in."""
    return set_active(world, call, False)


@vendor.resource("POST", "user", "v0.5", "v1", tail="{pk}/email_password_reset/", permission="edit_commcare_users",
                 statuses=(202, 404), response=response_schemas.NOTHING, source=listing.SOURCE, proof="source")
def email_password_reset(world: World, call: Call) -> Reply:
    """Send a mobile worker the e-mail for a new password; here nothing is sent."""
    find(world, call)
    return Reply({}, 202)
