"""Mobile workers: list and detail. HQ source: corehq/apps/api/resources/v0_1.py, v0_4.py, v0_5.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare import rendering
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request, failed, no_id
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.schemas import UserList, UserObject, UserQuery
from mocksrv.vendors.commcare.tastypie import paginator
from mocksrv.vendors.commcare.users import user_data
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

TRUE_WORDS = ("true", "t", "yes", "y", "1")
SOURCE = "commcare-hq corehq/apps/api/resources/v0_5.py, CommCareUserResource"


def detail_uri(call: Call, resource: str, id: str, domain: str | None = None) -> str:
    """The path of an object, in the request's domain unless another is said, in the scheme that the request used."""
    version = call.path.split("/")[4]
    where = f"{version}/{resource}" if version.startswith("v0.") else f"{resource}/v1"
    return f"/a/{domain or call.params['domain']}/api/{where}/{id}/"


def is_v04(call: Call) -> bool:
    return "/api/v0.4/" in call.path


def is_2015(world: World, call: Call) -> bool:
    return domains.era(world, call.params["domain"]) == "2015"


def groups_of(world: World, user: Mapping[str, Any]) -> list[str]:
    """The ids of a mobile worker's groups, sorted."""
    return sorted(world.table("commcare.groups").by("by_member", (user["domain"], user["id"])))


def show(world: World, call: Call, user: Mapping[str, Any]) -> dict[str, Any]:
    """A mobile worker as the API has it; the era 2015 knows fewer fields."""
    shown = {
        "default_phone_number": user["default_phone_number"],
        "email": user["email"],
        "first_name": user["first_name"],
        "groups": groups_of(world, user),
        "id": user["id"],
        "last_name": user["last_name"],
        "phone_numbers": user["phone_numbers"],
        "resource_uri": "" if is_v04(call) else detail_uri(call, "user", user["id"]),
        "user_data": user["user_data"],
        "username": user["username"],
    }
    if not is_2015(world, call):
        shown |= {"eulas": "[]", "last_modified": dates.naive(user["last_modified"]),
                  "user_data": data_of(world, call, user)}
        if not is_v04(call):
            shown |= {"primary_location": user["location_id"], "locations": user["location_ids"]}
    if says_yes(call, "extras"):
        shown["extras"] = extras(world, user)
    return shown


def data_of(world: World, call: Call, user: Mapping[str, Any]) -> dict[str, Any]:
    """A mobile worker's custom data; in XML without names that begin with a digit, which no element can have."""
    data = user_data.shown(world, user)
    if rendering.negotiate(call) != rendering.XML:
        return data
    if "" in data:
        raise failed("user_data has a name of no letters, which HQ trips over in XML")
    return {name: value for name, value in data.items() if not name[0].isdigit()}


def extras(world: World, user: Mapping[str, Any]) -> dict[str, int]:
    """How many forms a mobile worker sent in the last 30 days and in the last whole month."""
    now = dates.now(world)
    month = now[:8] + "01T00:00:00.000000Z"
    last_month = dates.before(month, days=1)[:8] + "01T00:00:00.000000Z"
    return {
        "submitted_last_30": sent(world, user, dates.before(now, days=30), now),
        "completed_last_30": closed(world, user, dates.before(now, days=30), now),
        "submitted_last_month": sent(world, user, last_month, month),
        "completed_last_month": closed(world, user, last_month, month),
    }


def sent(world: World, user: Mapping[str, Any], start: str, end: str) -> int:
    forms, domain = world.table("commcare.forms"), user["domain"]
    found = forms.range("by_received", (domain, start), (domain, end))
    return sum(1 for _, id in found if (forms.peek(id) or {})["user_id"] == user["id"])


def closed(world: World, user: Mapping[str, Any], start: str, end: str) -> int:
    cases, domain = world.table("commcare.cases"), user["domain"]
    found = cases.range("by_server_modified", (domain, start), (domain, end))
    return sum(1 for _, id in found if (doc := cases.peek(id)) and doc["closed"]
               and doc["closed_by"] == user["id"])


@vendor.resource("GET", "user", "v1", "v0.5", "v0.4", permission="edit_commcare_users", response=UserList,
                 source=SOURCE, proof="source", query=UserQuery)
def list_users(world: World, call: Call) -> dict[str, Any]:
    """Mobile workers by username, or active ones of a `group` in its order; else there are `archived` and `extras`."""
    domain, users = call.params["domain"], world.table("commcare.users")
    if group := call.arg("group"):
        members = group_members(world, domain, group)
        return paginator.page(call, len(members), lambda offset, limit: [
            show(world, call, user) for user in members[offset : offset + limit]])
    active = not says_yes(call, "archived")
    low, high = (domain, active), (domain, active, TOP)
    return paginator.page(call, users.rank("by_name", low, high), lambda offset, limit: [
        show(world, call, users.peek(id) or {})
        for _, id in users.range("by_name", low, high, skip=offset, limit=limit)])


def says_yes(call: Call, name: str) -> bool:
    """Whether a parameter is one of the words that HQ takes for yes; it takes all others for no."""
    return (call.arg(name) or "").lower().strip() in TRUE_WORDS


def group_members(world: World, domain: str, id: str) -> list[Mapping[str, Any]]:
    """The active workers of a group. Raises a 400 for another domain's, the canned 500 for one that is not there."""
    group = world.table("commcare.groups").peek(id)
    if group is None or group["users"] is None:
        raise failed(f"there is no group {id!r} with users")
    if group["domain"] != domain:
        raise bad_request(f"Project {domain} has no group with id={id}")
    users = [owned(world, "commcare.users", user, domain) for user in group["users"] if isinstance(user, str)]
    return [user for user in users if user and user["active"]]


@vendor.resource("GET", "user", "v1", "v0.5", "v0.4", detail=True, permission="edit_commcare_users",
                 response=UserObject, statuses=(200, 400), source=SOURCE, proof="source")
def get_user(world: World, call: Call) -> dict[str, Any]:
    """One mobile worker."""
    return show(world, call, find(world, call))


def find(world: World, call: Call) -> Mapping[str, Any]:
    """The mobile worker that the path names. Raises a 400: HQ shows an empty user, and misses its id."""
    user = owned(world, "commcare.users", call.params["pk"], call.params["domain"])
    if user is None:
        raise no_id("CommCareUser", f"no mobile worker {call.params['pk']!r} in this domain")
    return user
