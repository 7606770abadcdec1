"""Web users of a domain. HQ source: corehq/apps/api/resources/v0_5.py, WebUserResource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare import custom_data_fields
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import no_id, not_found
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.schemas import WEB_USER_CHANGE, WebUserList, WebUserObject, WebUserQuery
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.tastypie.date_ranges import dotted_ranges
from mocksrv.vendors.commcare.users.listing import detail_uri, is_v04
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/v0_5.py, WebUserResource"
EDITABLE = ("role", "primary_location_id", "assigned_location_ids", "profile", "user_data", "tableau_role",
            "tableau_groups")


def permissions(world: World, domain: str, user: Doc) -> dict[str, Any]:
    """A web user's permissions: HqPermissions with the keys that clients read."""
    held, document = user["memberships"][domain], domains.find(world, domain)
    granted = domains.PERMISSIONS if held["is_admin"] else (document or {})["roles"].get(held["role"], ())
    return {name: name in granted for name in domains.PERMISSIONS} | {
        "doc_type": "HqPermissions", "view_report_list": [], "web_apps_list": []}


def show(world: World, call: Call, user: Doc, *, detail: bool = True) -> dict[str, Any]:
    """A web user in a domain; lists leave out the groups in Tableau, which HQ has to ask for one by one."""
    domain = call.params["domain"]
    held = user["memberships"][domain]
    shown = {
        "default_phone_number": user["default_phone_number"],
        "email": user["email"],
        "eulas": "[]",
        "first_name": user["first_name"],
        "id": user["id"],
        "is_admin": held["is_admin"],
        "last_modified": dates.naive(user["last_modified"]),
        "last_name": user["last_name"],
        "permissions": permissions(world, domain, user),
        "phone_numbers": user["phone_numbers"],
        "resource_uri": "" if is_v04(call) else detail_uri(call, "web-user", user["id"]),
        "role": held["role"],
        "username": user["username"],
    }
    if not is_v04(call):
        shown |= {name: held[name] for name in EDITABLE if name != "role" and (detail or name != "tableau_groups")}
        shown["is_active_in_domain"] = held["is_active"]
    return shown


def active_in(user: Doc, domain: str) -> bool:
    """Whether a web user is an active member of a domain."""
    held = user["memberships"].get(domain)
    return held is not None and held["is_active"]


def members(world: World, domain: str) -> list[Doc]:
    """The active web users of a domain, by username."""
    everyone = world.table("commcare.web_users").all()
    return sorted((user for user in everyone if user["active"] and active_in(user, domain)),
                  key=lambda user: str(user["username"]))


def find(world: World, call: Call) -> Doc:
    """The web user that the path names. Raises a 400: HQ shows an empty user, and misses its id."""
    user = world.table("commcare.web_users").peek(call.params["pk"])
    if user is None or call.params["domain"] not in user["memberships"]:
        raise no_id("WebUser", f"no web user {call.params['pk']!r} in this domain")
    return user


@vendor.resource("GET", "web-user", "v1", "v0.5", "v0.4", permission="edit_web_users", response=WebUserList,
                 source=SOURCE, proof="source", query=WebUserQuery)
def list_web_users(world: World, call: Call) -> dict[str, Any]:
    """Web users of the domain; `web_username` finds one, `username` is part of the login."""
    found = members(world, call.params["domain"])
    wanted = call.arg("web_username")
    if wanted is not None:
        found = [user for user in found if user["username"] == wanted]
    for name, test in dotted_ranges(call, ("last_modified",)):
        found = [user for user in found if test(user[name])]
    return paginator.page(call, len(found), lambda offset, limit: [
        show(world, call, user, detail=False) for user in found[offset : offset + limit]])


@vendor.resource("GET", "web-user", "v1", "v0.5", "v0.4", detail=True, permission="edit_web_users",
                 response=WebUserObject, statuses=(200, 400), source=SOURCE, proof="source")
def get_web_user(world: World, call: Call) -> dict[str, Any]:
    """One web user."""
    return show(world, call, find(world, call))


@vendor.resource("PATCH", "web-user", "v1", "v0.5", detail=True, permission="edit_web_users",
                 response=WebUserObject, statuses=(202, 400), source=SOURCE, proof="source", body=WEB_USER_CHANGE,
                 effect="changes")
def update_web_user(world: World, call: Call) -> Reply:
    """Change a web user's membership in this domain."""
    user, data = find(world, call), deserializer.load_object(call)
    domain = call.params["domain"]
    errors = check(world, domain, data) + unknown_locations(world, domain, data)
    if errors:
        raise Refusal(400, {"errors": errors})
    held = user["memberships"][domain] | {name: data[name] for name in EDITABLE if name in data}
    if "role" in data:
        held["is_admin"] = data["role"] == "Admin"
    changed = world.table("commcare.web_users").update(user["id"], {
        "memberships": user["memberships"] | {domain: held}, "last_modified": dates.now(world)})
    return Reply(show(world, call, changed), 202)


def set_active(world: World, call: Call, active: bool) -> Reply:
    user, domain = world.table("commcare.web_users").peek(call.params["pk"]), call.params["domain"]
    if user is None or domain not in user["memberships"]:
        raise not_found()
    held = user["memberships"][domain] | {"is_active": active}
    world.table("commcare.web_users").update(user["id"], {
        "memberships": user["memberships"] | {domain: held}, "last_modified": dates.now(world)})
    return Reply({}, 202)


@vendor.resource("POST", "web-user", "v1", "v0.5", tail="{pk}/activate/", permission="edit_web_users",
                 statuses=(202, 404), response=response_schemas.NOTHING, source=SOURCE, proof="source")
def activate_web_user(world: World, call: Call) -> Reply:
    """Activate a web user in the domain again."""
    return set_active(world, call, True)


@vendor.resource("POST", "web-user", "v1", "v0.5", tail="{pk}/deactivate/", permission="edit_web_users",
                 statuses=(202, 404), response=response_schemas.NOTHING, source=SOURCE, proof="source")
def deactivate_web_user(world: World, call: Call) -> Reply:
    """Deactivate a web user in the domain."""
    return set_active(world, call, False)


def check(world: World, domain: str, data: Mapping[str, Any]) -> list[str]:
    """What is wrong with a change of a web user or with an invitation's fields; HQ's texts."""
    errors = []
    if unknown := sorted(set(data) - set(EDITABLE)):
        errors.append(f"Invalid parameter(s): {', '.join(unknown)}")
    if "role" in data and not data["role"]:
        errors.append("'role' is required for each user")
    elif "role" in data:
        errors += role_errors(world, domain, data["role"])
    if "user_data" in data and not isinstance(data["user_data"], dict):
        errors.append("'user_data' must be an object")
    if isinstance(data.get("user_data"), dict):
        errors += [f"'{name}' cannot be set directly" for name in data["user_data"] if name.startswith("commcare_")]
        errors += custom_data_fields.errors(world, "user", domain, data["user_data"])
    return errors + location_errors(data)


def role_errors(world: World, domain: str, role: Any) -> list[str]:
    document = domains.find(world, domain)
    known = {"Admin", *(document["roles"] if document else ())}
    return [] if isinstance(role, str) and role in known else [f"The role '{role}' does not exist"]


def location_errors(data: Mapping[str, Any]) -> list[str]:
    """What is wrong with the two location fields, which go together; `""` and `[]` clear them."""
    if not {"primary_location_id", "assigned_location_ids"} & data.keys():
        return []
    primary, assigned = data.get("primary_location_id"), data.get("assigned_location_ids")
    if primary is None or not isinstance(assigned, list) or bool(primary) != bool(assigned):
        return ["Both primary_location and locations must be provided together."]
    if primary and primary not in assigned:
        return ["Primary location must be included in the list of locations."]
    return []


def unknown_locations(world: World, domain: str, data: Mapping[str, Any]) -> list[str]:
    """The error about locations that do not exist, if the two fields are consistent otherwise."""
    assigned = data.get("assigned_location_ids")
    if not isinstance(assigned, list) or location_errors(data):
        return []
    unknown = [str(id) for id in assigned
               if not isinstance(id, str) or owned(world, "commcare.locations", id, domain) is None]
    return [f"Could not find location ids: {', '.join(unknown)}."] if unknown else []
