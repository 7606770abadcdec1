"""Who I am and where I belong: identity, user_domains, sso; and invitations. HQ source: resources/v0_5.py, v0_4.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.access import authentication, domains
from mocksrv.vendors.commcare.access.authentication import Caller
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import multipart
from mocksrv.vendors.commcare.errors import Text, bad_request
from mocksrv.vendors.commcare.schemas import DomainList, IdentityObject, Invitation, NewInvitation
from mocksrv.vendors.commcare.tastypie import deserializer
from mocksrv.vendors.commcare.users import listing, web_user_checks, web_users
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

SOURCE = "commcare-hq corehq/apps/api/resources/v0_5.py"
NO_LOGIN = Text("Username or API Key is incorrect, expired or deactivated", "text/plain")


@vendor.resource("GET", "identity", "v1", "v0.5", domain=False, plain=True, throttled=False, login_failure="",
                 response=IdentityObject, statuses=(200, 401), source=SOURCE, proof="source")
def get_identity(world: World, call: Call) -> dict[str, Any]:
    """The caller."""
    user = call.caller.user
    return {"email": user["email"], "first_name": user["first_name"], "id": user["id"],
            "last_name": user["last_name"], "username": user["username"]}


@vendor.resource("GET", "user_domains", "v1", "v0.5", domain=False, plain=True, throttled=False,
                 login_failure=NO_LOGIN, response=DomainList, statuses=(200, 400, 401), source=SOURCE, proof="source")
def list_user_domains(world: World, call: Call) -> dict[str, Any]:
    """The domains that the caller belongs to."""
    caller: Caller = call.caller
    flag = call.arg("feature_flag")
    if flag and flag not in domains.FEATURES:
        raise bad_request(f"{flag!r} is not a valid feature flag")
    names = [name for name in caller.user["memberships"] if caller.membership(name)]
    if call.arg("can_view_reports"):  # whatever it says
        names = [name for name in names if caller.may(world, name, "view_reports")]
    found = [domain for name in names if (domain := domains.find(world, name))
             and (not flag or domains.has(world, flag))]
    # HQ's paginator of this list does nothing: there is one page, and `meta` has its count alone.
    return {"meta": {"total_count": len(found)}, "objects": [
        {"domain_name": domain["name"], "project_name": domain["title"]} for domain in found]}


def posted(call: Call) -> dict[str, str]:
    """The fields of a form."""
    kind = call.header("content-type").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return multipart.parse(call)[0]
    text = call.body.decode("utf-8", "replace") if kind == "application/x-www-form-urlencoded" else ""
    return dict(parse_qsl(text, keep_blank_values=True))


@vendor.resource("POST", "sso", "v1", "v0.5", "v0.4", auth="none", statuses=(200, 400, 403),
                 response=response_schemas.USER,
                 source="commcare-hq corehq/apps/api/resources/v0_4.py", proof="source", effect="reads")
def sign_on(world: World, call: Call) -> Any:
    """A user by name and password, in the form of version 0.4."""
    form = posted(call)
    for name in ("username", "password"):
        if name not in form:
            raise Refusal(400, Text(f"Missing required parameter: {name}"))
    domain, username = call.params["domain"], form["username"]
    if "@" not in username:
        username = f"{username.lower()}@{domain}.commcarehq.org"
    kind, user = authentication.find_user(world, username)
    if user is None or Caller(kind, user, "basic").membership(domain) is None:
        raise Refusal(403, diagnosis=f"{username} is not a member of {domain!r}")
    if not authentication.password_matches(user, form["password"]):
        raise Refusal(403, diagnosis=f"wrong password for {username}")
    old = Call(method="GET", path=f"/a/{domain}/api/v0.4/sso/", target=call.target, headers=call.headers)
    old.params, old.subject = call.params, call.subject
    return listing.show(world, old, user) if kind == "mobile" else web_users.show(world, old, user)


@vendor.resource("POST", "invitation", "v1", permission="edit_web_users", response=Invitation,
                 statuses=(201, 400), source=SOURCE, proof="source", body=NewInvitation)
def invite(world: World, call: Call) -> Reply:
    """Invite a web user."""
    data, domain = deserializer.load_object(call), call.params["domain"]
    web_user_checks.check(world, call, data)
    if unknown := web_user_checks.unknown_places(world, domain, data):
        raise Refusal(400, Text(json.dumps({"error": unknown}), "application/json"))
    invitation = {
        "id": world.uuid(), "email": data["email"].lower(), "role": data["role"],
        "primary_location_id": data["primary_location_id"] if data.get("assigned_location_ids") else None,
        "assigned_location_ids": list(data.get("assigned_location_ids") or ()), "profile": data.get("profile") or None,
        "user_data": data.get("user_data", {}), "tableau_role": data.get("tableau_role"),
        "tableau_groups": data.get("tableau_groups") or [], "resource_uri": "",
    }
    world.table("commcare.invitations").insert(invitation["id"], invitation | {"domain": domain})
    return Reply(invitation, 201, [("Location", "")])
