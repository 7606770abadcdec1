"""What may be sent of a web user, in a change or an invitation. The first check that fails is the one that is told.

HQ source: corehq/apps/api/validation.py, WebUserResourceSpec; corehq/apps/user_importer/validation.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare import custom_data_fields
from mocksrv.vendors.commcare.access import authentication, domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django.model_fields import is_email
from mocksrv.vendors.commcare.errors import Text, failed
from mocksrv.vendors.commcare.users import updates
from mocksrv.vendors.commcare.users.user_data import PROFILE

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
EDITABLE = ("role", "primary_location_id", "assigned_location_ids", "profile", "user_data", "tableau_role",
            "tableau_groups")
WORKERS_ROLE = "Mobile Worker"  # which no web user can have
TABLEAU_ROLES = ("Explorer", "ExplorerCanPublish", "SiteAdministratorExplorer", "Viewer", "Unlicensed")
KNOWN = "A user with this email address is already in this project or has a pending invitation."


def refused(*texts: str) -> Refusal:
    """Django's JsonResponse, whatever the Accept header says."""
    return Refusal(400, Text(json.dumps({"errors": texts}), "application/json"))


def check(world: World, call: Call, data: Doc, held: Doc | None = None) -> None:
    """Check what is sent of a member with the membership `held`, or of somebody who is invited. Raises refusals."""
    profile, custom = (data.get("profile"), data.get("user_data", {})) if held is None else (
        data.get("profile", held["profile"]), data.get("user_data", held["user_data"]))
    if held is None:
        check_email(world, call.params["domain"], data.get("email"))
    check_role(world, call, data.get("role"), needed=held is None)
    check_places(data.get("primary_location_id"), data.get("assigned_location_ids"))
    check_custom_data(world, call.params["domain"], profile, custom)
    if data.get("tableau_role") is not None and data["tableau_role"] not in TABLEAU_ROLES:
        raise refused(f"Invalid tableau role: '{data['tableau_role']}'. Please choose one of the following: "
                      f"{', '.join(TABLEAU_ROLES)}")
    if texts := wrong_names(world, data, EDITABLE if held is not None else (*EDITABLE, "email")):
        raise refused(*texts)


def check_email(world: World, domain: str, email: Any) -> None:
    if email is not None and not isinstance(email, str):
        raise failed(f"email must be a text, not {email!r}")
    if not email:
        raise refused("'email' is required for each user")
    members = {user["username"].lower() for user in world.table("commcare.web_users").all()
               if user["active"] and user["memberships"].get(domain, {}).get("is_active")}
    if email.lower() in members or world.table("commcare.invitations").count("by_email", (domain, email.lower())):
        raise refused(KNOWN)
    kind, user = authentication.find_user(world, email)
    if user is not None and kind == "web" and not user["active"]:
        raise refused("A user with this email address is deactivated. ")
    if not is_email(email):
        raise refused("User has an invalid email address for their email")


def check_role(world: World, call: Call, role: Any, *, needed: bool) -> None:
    if needed and not role:
        raise refused("'role' required for each user")
    if role == "":
        raise refused("'role' is required for each user")
    if role and isinstance(role, list | dict):
        raise failed(f"a role must be a text, not {role!r}")
    if role and role not in roles(world, call):
        raise refused(f"Role '{role}' does not exist or you do not have permission to access it")


def roles(world: World, call: Call) -> set[str]:
    """The roles that the caller may give to web users: all, or none."""
    document, membership = domains.find(world, call.params["domain"]), call.caller.membership(call.params["domain"])
    if document is None or not membership["is_admin"]:
        return set()
    return {"Admin", *document["roles"]} - {WORKERS_ROLE}


def check_places(primary: Any, assigned: Any) -> None:
    """Both location fields, which go together; `""` and `[]` clear them."""
    if (primary is None) != (assigned is None):
        raise refused(updates.TOGETHER)
    if primary and not updates.holds(assigned, primary):
        raise refused("Primary location must be one of the user's locations")
    if assigned and not primary:
        raise refused("Primary location can't be empty if the user has any locations set")


def check_custom_data(world: World, domain: str, name: Any, data: Any) -> None:
    """Custom data, and the profile that gives a part of it."""
    if isinstance(name, list | dict) or not isinstance(data, dict):
        raise failed("a profile is named by a text, and user_data is an object")
    profile = custom_data_fields.profile_named(world, domain, name)
    fields = profile["fields"] if profile else {}
    if PROFILE in data and profile is None:
        raise failed(f"{PROFILE} is looked for in a profile that is not there")
    fixed = [key for key, value in data.items() if key == PROFILE or (key in fields and value != fields[key])]
    if fixed:
        raise refused(*(f"'{key}' is defined by the profile so cannot be set directly" for key in fixed))
    if name and profile is None:
        raise refused(f"Profile '{name}' does not exist")
    if data and (texts := custom_data_fields.errors(world, "user", domain, data, besides=fields)):
        raise refused(" ".join(texts))


def wrong_names(world: World, data: Doc, allowed: tuple[str, ...]) -> list[str]:
    """What is wrong with the names of the fields that were sent."""
    texts = []
    if unknown := [name for name in data if name not in allowed]:
        texts.append(f"Invalid parameter(s): {', '.join(unknown)}")
    if {"primary_location_id", "assigned_location_ids"} & data.keys() and not domains.has(world, "locations"):
        texts.append("This domain does not have locations privileges.")
    return texts


def unknown_places(world: World, domain: str, data: Doc) -> str | None:
    """The text about locations that do not exist or are archived."""
    ids = dict.fromkeys(data.get("assigned_location_ids") or ())
    unknown = [id for id in ids if not updates.is_place(world, domain, id)]
    if not all(isinstance(id, str) for id in unknown):
        raise failed(f"ids of locations must be texts, not {unknown!r}")
    return f"Could not find location ids: {', '.join(unknown)}." if unknown else None
