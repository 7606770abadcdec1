"""Web users of a domain. HQ source: corehq/apps/api/resources/v0_5.py, WebUserResource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Reply
from mocksrv.vendors.commcare import custom_data_fields
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import no_id, not_found
from mocksrv.vendors.commcare.schemas import WEB_USER_CHANGE, WebUserList, WebUserObject, WebUserQuery
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.tastypie.date_ranges import dotted_ranges
from mocksrv.vendors.commcare.users import user_data, web_user_checks
from mocksrv.vendors.commcare.users.listing import detail_uri, is_v04
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/v0_5.py, WebUserResource"
SHOWN = ("primary_location_id", "assigned_location_ids", "profile", "tableau_role", "tableau_groups")
# HqPermissions that decide nothing here: docs/api/webuser.rst.
IDLE_PERMISSIONS = (
    "access_default_login_as_user", "access_release_management", "commcare_analytics_roles", "edit_billing",
    "edit_commcare_analytics", "edit_data_dict", "edit_file_dropzone", "edit_linked_configurations", "edit_motech",
    "edit_shared_exports", "edit_user_profile", "edit_user_tableau_config", "limited_login_as", "login_as_all_users",
    "manage_attendance_tracking", "manage_data_registry", "manage_domain_alerts", "view_commcare_analytics",
    "view_data_dict", "view_data_registry_contents", "view_file_dropzone", "view_tableau", "view_user_tableau_config",
)
PERMISSION_LISTS = (
    "commcare_analytics_roles_list", "edit_user_profile_list", "manage_data_registry_list",
    "view_data_registry_contents_list", "view_report_list", "view_tableau_list", "web_apps_list",
)


def permissions(world: World, domain: str, user: Doc) -> dict[str, Any]:
    """A web user's permissions: HqPermissions."""
    held, document = user["memberships"][domain], domains.find(world, domain)
    known = (*domains.PERMISSIONS, *IDLE_PERMISSIONS)
    granted = known if held["is_admin"] else (document or {})["roles"].get(held["role"], ())
    return {**{name: name in granted for name in known}, **{name: [] for name in PERMISSION_LISTS},
            "doc_type": "HqPermissions"}


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
        shown |= {name: held[name] for name in SHOWN if detail or name != "tableau_groups"}
        shown["user_data"] = user_data.shown(world, as_owner(world, domain, held))
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
    if wanted := call.arg("web_username"):
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
    held = user["memberships"][domain]
    web_user_checks.check(world, call, data, held)
    if unknown := web_user_checks.unknown_places(world, domain, data):
        raise web_user_checks.refused(unknown)
    if "role" in data and not data["role"]:
        raise web_user_checks.refused(f"The role '{data['role']}' does not exist")
    plain = ("role", "tableau_role", "tableau_groups")
    held = held | {name: data[name] for name in plain if data.get(name) is not None}
    if data.get("assigned_location_ids") is not None:
        held |= {"primary_location_id": data["primary_location_id"] or "",
                 "assigned_location_ids": list(data["assigned_location_ids"] or ())}
    held |= custom(world, domain, held, data) | {"is_admin": held["role"] == "Admin"}
    changed = world.table("commcare.web_users").update(user["id"], {
        "memberships": user["memberships"] | {domain: held}, "last_modified": dates.now(world)})
    return Reply(show(world, call, changed), 202)


def custom(world: World, domain: str, held: Doc, data: Doc) -> dict[str, Any]:
    """The custom data and the profile after a change, which adds to the data that is there."""
    if not {"user_data", "profile"} & data.keys():
        return {}
    draft, name = as_owner(world, domain, held), data.get("profile", held["profile"])
    profile = custom_data_fields.profile_named(world, domain, name)
    try:
        user_data.update(world, draft, {**data.get("user_data", {}), user_data.PROFILE: profile and profile["id"]})
    except user_data.UserDataError as error:
        raise web_user_checks.refused(str(error)) from None
    return {"user_data": draft["user_data"], "profile": name or ""}


def as_owner(world: World, domain: str, held: Doc) -> dict[str, Any]:
    """A membership as `user_data` takes it."""
    profile = custom_data_fields.profile_named(world, domain, held["profile"])
    return {"domain": domain, "user_data": held["user_data"], "profile_id": profile and profile["id"],
            "location_id": held["primary_location_id"], "location_ids": held["assigned_location_ids"]}


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
