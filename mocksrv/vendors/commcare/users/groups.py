"""Groups of mobile workers. HQ source: corehq/apps/api/resources/v0_5.py, GroupResource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Call, Refusal, Reply
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.errors import absent, bad_request, failed, not_found
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.schemas import Created, GroupList, GroupObject
from mocksrv.vendors.commcare.schemas.requests import GroupBody, GroupsBody, PageQuery
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.users.listing import detail_uri, is_v04
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

SOURCE = "commcare-hq corehq/apps/api/resources/v0_5.py, GroupResource"
KINDS: dict[str, type] = {"case_sharing": bool, "metadata": dict, "name": str, "reporting": bool, "users": list}


class Unnamed(Exception):
    """The group has no name, or that of another group of the domain; the text is HQ's."""


def show(world: World, call: Call, group: Mapping[str, Any]) -> dict[str, Any]:
    users = world.table("commcare.users")
    return {
        "case_sharing": group["case_sharing"],
        "domain": group["domain"],
        "id": group["id"],
        "metadata": group["metadata"],
        "name": group["name"],
        "reporting": group["reporting"],
        "resource_uri": "" if is_v04(call) else detail_uri(call, "group", group["id"]),
        "users": [id for id in group["users"] if (user := users.peek(id)) and user["active"]],
    }


def find(world: World, call: Call, missing: Callable[[], Refusal] = absent) -> Mapping[str, Any]:
    """The group that the path names. Raises `missing`: HQ trips over an unknown id in three ways."""
    group = owned(world, "commcare.groups", call.params["pk"], call.params["domain"])
    if group is None:
        call.diagnose(f"no group {call.params['pk']!r} in this domain")
        raise missing()
    return group


def named(world: World, domain: str, name: str) -> list[str]:
    """The ids of the groups of that name."""
    return [id for _, id in world.table("commcare.groups").range("by_name", (domain, name), (domain, name))]


def check(data: Mapping[str, Any]) -> None:
    """Refuse values that HQ's document model would not hold."""
    for name, kind in KINDS.items():
        if name in data and not isinstance(data[name], kind):
            raise bad_request(f"'{name}' must be of type {kind.__name__}")
    if not all(isinstance(id, str) for id in data.get("users", ())):
        raise bad_request("'users' must be a list of user ids")


def create(world: World, domain: str, data: Any) -> str:
    """A new group's id. Raises Unnamed."""
    if not isinstance(data, dict):
        raise failed(diagnosis="a group must be a JSON object")
    if not data.get("name"):
        raise Unnamed("Name is required")
    check(data)
    if named(world, domain, data["name"]):
        raise Unnamed(f"A group with name {data['name']} already exists")
    group = {"id": world.hex(), "domain": domain, "case_sharing": False, "metadata": {}, "reporting": True,
             "users": [], **{name: data[name] for name in KINDS if name in data}}
    world.table("commcare.groups").insert(group["id"], group)
    return str(group["id"])


@vendor.resource("GET", "group", "v0.5", "v1", "v0.4", permission="edit_commcare_users", response=GroupList,
                 source=SOURCE, proof="source", query=PageQuery)
def list_groups(world: World, call: Call) -> dict[str, Any]:
    """Groups by name, upper case before lower."""
    domain, groups = call.params["domain"], world.table("commcare.groups")
    return paginator.page(call, groups.rank("by_name", (domain,), (domain, TOP)), lambda offset, limit: [
        show(world, call, groups.peek(id) or {})
        for _, id in groups.range("by_name", (domain,), (domain, TOP), skip=offset, limit=limit)])


@vendor.resource("POST", "group", "v0.5", "v1", permission="edit_commcare_users", response=Created,
                 statuses=(201, 400),
                 source=SOURCE, proof="source", body=GroupBody)
def create_group(world: World, call: Call) -> Reply:
    """A new group; its name must be new."""
    data = deserializer.load_object(call)
    try:
        id = create(world, call.params["domain"], data)
    except Unnamed as reason:
        raise Refusal(400, {"error_message": str(reason)}) from None
    return Reply({"id": id}, 201, [("Location", call.prefix + detail_uri(call, "group", id))])


@vendor.resource("PATCH", "group", "v0.5", "v1", permission="edit_commcare_users", statuses=(202, 400),
                 response=response_schemas.LINES, errors=response_schemas.LINES, source=SOURCE, proof="source",
                 body=GroupsBody)
def create_groups(world: World, call: Call) -> Reply:
    """Several new groups; those whose name is taken are left out, and their message stands in for the id."""
    answers, status = [], 202
    for data in deserializer.load_objects(call):
        try:
            answers.append(create(world, call.params["domain"], data))
        except Unnamed as reason:
            answers.append(str(reason))
            status = 400
    return Reply(answers, status)


@vendor.resource("GET", "group", "v0.5", "v1", "v0.4", detail=True, permission="edit_commcare_users",
                 response=GroupObject, statuses=(200, 404), source=SOURCE, proof="source")
def get_group(world: World, call: Call) -> dict[str, Any]:
    """One group."""
    return show(world, call, find(world, call))


@vendor.resource("PUT", "group", "v0.5", "v1", detail=True, permission="edit_commcare_users",
                 response=response_schemas.echo(GroupObject), statuses=(200, 400, 500),
                 source=SOURCE, proof="source", body=GroupBody)
def update_group(world: World, call: Call) -> dict[str, Any]:
    """Change the fields that are given; `users` replaces all members."""
    group, data = find(world, call, failed), deserializer.load_object(call)
    check(data)
    if "name" in data and set(named(world, group["domain"], data["name"])) - {group["id"]}:
        raise failed(diagnosis=f"another group is named {data['name']!r}; HQ fails on that")
    changes = {name: data[name] for name in KINDS if name in data}
    return data | show(world, call, world.table("commcare.groups").update(group["id"], changes))


@vendor.resource("DELETE", "group", "v0.5", "v1", detail=True, permission="edit_commcare_users",
                 statuses=(204, 404), source=SOURCE, proof="source")
def delete_group(world: World, call: Call) -> Reply:
    """Remove a group."""
    world.table("commcare.groups").delete(find(world, call, not_found)["id"])
    return Reply(None, 204)
