"""Groups of mobile workers.

HQ source: corehq/apps/api/resources/v0_5.py, GroupResource; corehq/apps/groups/models.py. A group is a document whose
properties have types (jsonobject); a value of another type is an exception that HQ does not handle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.errors import absent, bad_request, failed, not_found
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.schemas import (
    GROUP_CHANGE,
    NEW_GROUPS,
    Created,
    GroupList,
    GroupObject,
    NewGroup,
    PageQuery,
)
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.users.listing import detail_uri, is_v04
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Group = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/v0_5.py, GroupResource"
# Properties with a type; all others are stored unchecked, and never shown.
TYPES: dict[str, type] = {
    "_id": str, "case_sharing": bool, "doc_type": str, "domain": str, "last_modified": str, "metadata": dict,
    "name": str, "path": list, "removed_users": list, "reporting": bool, "users": list,
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")
# What jsonobject reads as a moment or a time among the values of metadata; they show as Python's isoformat writes them.
STAMP = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{6})?)Z")
TIME = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)\.\d{3,6}")
STORED = ("case_sharing", "domain", "metadata", "name", "reporting", "users")
NAMELESS = "Name is required"


class Unnamed(Exception):
    """The group has no name, or that of another group of the domain; the text is HQ's."""


# --- the document --------------------------------------------------------------------------------------------


def checked(name: str, value: Any) -> Any:
    """The value of a property. Raises the canned 500 for a value of another type."""
    kind = TYPES.get(name)
    if value is None or kind is None:
        return value
    if type(value) is not kind or (name == "last_modified" and not MOMENT.fullmatch(str(value))):
        raise failed(f"{name} of a group must be a {kind.__name__}, not {value!r}")
    return value


def store(world: World, group: Group) -> None:
    """Save a group under its `_id`; one with another `doc_type` is no longer found."""
    table, id = world.table("commcare.groups"), group["_id"]
    if not id:
        raise failed("a document must have an id")
    if group.get("doc_type") in (None, "Group"):
        table.put(id, {"id": id, **{name: group[name] for name in STORED}})
    elif id in table:
        table.delete(id)


def loaded(group: Group) -> dict[str, Any]:
    return {"_id": group["id"], **{name: group[name] for name in STORED}}


def named(world: World, domain: str, name: Any) -> list[str]:
    """The ids of the groups of that name."""
    if not isinstance(name, str):
        return []
    return [id for _, id in world.table("commcare.groups").range("by_name", (domain, name), (domain, name))]


def show(world: World, call: Call, group: Group) -> dict[str, Any]:
    if group["users"] is None:
        raise failed(f"the group {group['id']} was stored with null for users, which HQ cannot show")
    users = world.table("commcare.users")
    return {
        "case_sharing": group["case_sharing"] is True,
        "domain": group["domain"],
        "id": group["id"],
        "metadata": read(group["metadata"]),
        "name": group["name"],
        "reporting": group["reporting"] is not False,
        "resource_uri": "" if is_v04(call) else detail_uri(call, "group", group["id"]),
        "users": [id for id in group["users"] if isinstance(id, str) and (user := users.peek(id)) and user["active"]],
    }


def read(value: Any, *, stored: bool = True) -> Any:
    """A value of metadata as jsonobject reads it, moments without zone, times without fraction; lists if `stored`."""
    if isinstance(value, dict):
        return {name: read(one, stored=stored) for name, one in value.items()}
    if isinstance(value, list) and stored:
        return [read(one) for one in value]
    if not isinstance(value, str):
        return value
    if found := TIME.fullmatch(value):
        return found[1]
    try:
        return datetime.fromisoformat(found[1]).isoformat() if (found := STAMP.fullmatch(value)) else value
    except ValueError:
        return value  # a day that there is not


def find(world: World, call: Call, missing: Callable[[str], Refusal] = absent) -> Group:
    """The group that the path names. Raises `missing`: HQ trips over an unknown id in three ways."""
    group = owned(world, "commcare.groups", call.params["pk"], call.params["domain"])
    if group is None:
        raise missing(f"no group {call.params['pk']!r} in this domain")
    return group


# --- writing -------------------------------------------------------------------------------------------------


def create(world: World, domain: str, data: Group) -> str:
    """A new group's id. Raises Unnamed, and the canned 500; the group is stored before its users are looked up."""
    name = data.get("name")
    if name is None or name == "":
        raise Unnamed(NAMELESS)
    if named(world, domain, name):
        raise Unnamed(f"A group with name {name} already exists")
    given = {key: checked(key, value) for key, value in data.items()}
    group = {"case_sharing": False, "metadata": {}, "reporting": True, "users": [],
             **given, "domain": domain}
    group["_id"] = given.get("_id") or world.hex()
    if world.table("commcare.groups").peek(group["_id"]):
        raise failed(f"there is a document {group['_id']!r} already")
    store(world, group)
    if group["users"] is None:
        raise failed("users is null; the group is stored")
    for user in group["users"]:
        leave_others(world, user, group["_id"])
    return str(group["_id"])


def leave_others(world: World, user_id: Any, group_id: str) -> None:
    """Take a user out of all groups but one, as HQ does with the users of a new group. Raises the canned 500."""
    user = world.table("commcare.users").peek(user_id) if isinstance(user_id, str) else None
    if user is None:
        raise failed(f"there is no mobile worker {user_id!r}; the group is stored")
    table = world.table("commcare.groups")
    for id in table.by("by_member", (user["domain"], user_id)):
        if id != group_id:
            table.update(id, {"users": without((table.peek(id) or {})["users"], [user_id])})


def without(users: Iterable[Any], gone: Iterable[Any]) -> list[Any]:
    left = list(users)
    for user in gone:
        left.remove(user)
    return left


def change(world: World, group: dict[str, Any], data: Group) -> None:
    """Change the properties of a group that differ. Raises refusals; users that were added before stay stored."""
    for name, value in data.items():
        if name == "name" and group["name"] != value:
            if not value:
                raise bad_request(NAMELESS)
            if named(world, group["domain"], value):
                raise bad_request("A group with this name already exists")
            group["name"] = checked(name, value)
        elif name == "users" and group["users"] != value:
            change_users(world, group, value)
        elif group.get(name) != value:
            group[name] = checked(name, value)


def change_users(world: World, group: dict[str, Any], wanted: Any) -> None:
    """Add and remove users; users that are added are not looked up, and stored at once."""
    held = group["users"]
    try:
        wanted, known = dict.fromkeys(wanted), set(held)
    except TypeError:
        raise failed(f"users must be a list of ids, not {wanted!r}") from None
    added = [user for user in wanted if user not in known]
    group["users"] = [*held, *added]
    if added:
        store(world, group)
    group["users"] = without(group["users"], [user for user in dict.fromkeys(held) if user not in wanted])


# --- operations ----------------------------------------------------------------------------------------------


@vendor.resource("GET", "group", "v1", "v0.5", "v0.4", permission="edit_commcare_users", response=GroupList,
                 source=SOURCE, proof="source", query=PageQuery)
def list_groups(world: World, call: Call) -> dict[str, Any]:
    """Groups by name, upper case before lower."""
    domain, groups = call.params["domain"], world.table("commcare.groups")
    return paginator.page(call, groups.rank("by_name", (domain,), (domain, TOP)), lambda offset, limit: [
        show(world, call, groups.peek(id) or {})
        for _, id in groups.range("by_name", (domain,), (domain, TOP), skip=offset, limit=limit)])


@vendor.resource("POST", "group", "v1", "v0.5", permission="edit_commcare_users", response=Created,
                 statuses=(201, 400, 500), source=SOURCE, proof="source", body=NewGroup, effect="makes")
def create_group(world: World, call: Call) -> Reply:
    """A new group; its name must be new, and its users leave all their other groups."""
    data = deserializer.load_object(call)
    try:
        id = create(world, call.params["domain"], data)
    except Unnamed as reason:
        return Reply({"error_message": str(reason)}, 400)  # no exception in HQ either, but an answer like any other
    return Reply({"id": id}, 201, [("Location", call.prefix + detail_uri(call, "group", id))])


@vendor.resource("PATCH", "group", "v1", "v0.5", permission="edit_commcare_users", statuses=(202, 400, 500),
                 response=response_schemas.LINES, errors=response_schemas.LINES, source=SOURCE, proof="source",
                 body=NEW_GROUPS)
def create_groups(world: World, call: Call) -> Reply:
    """Several new groups; those whose name is taken are left out, and their message stands in for the id."""
    answers, status = [], 202
    for data in deserializer.load_objects(call):
        try:
            answers.append(create(world, call.params["domain"], deserializer.as_bundle(data)))
        except Unnamed as reason:
            answers.append(str(reason))
            status = 400
    return Reply(answers, status)


@vendor.resource("GET", "group", "v1", "v0.5", "v0.4", detail=True, permission="edit_commcare_users",
                 response=GroupObject, statuses=(200, 404), source=SOURCE, proof="source")
def get_group(world: World, call: Call) -> dict[str, Any]:
    """One group."""
    return show(world, call, find(world, call))


@vendor.resource("PUT", "group", "v1", "v0.5", detail=True, permission="edit_commcare_users",
                 response=response_schemas.echo(GroupObject), statuses=(200, 400, 500),
                 source=SOURCE, proof="source", body=GROUP_CHANGE, effect="changes")
def update_group(world: World, call: Call) -> dict[str, Any]:
    """Change the fields that are given; `users` replaces all members."""
    data = deserializer.load_object(call)
    group = loaded(find(world, call, failed))
    change(world, group, data)
    if group["domain"] != call.params["domain"]:
        raise failed("a group cannot move to another domain")
    store(world, group)
    shown = show(world, call, group | {"id": group["_id"]})
    if isinstance(data.get("metadata"), dict):  # not read yet, but for the objects in it
        shown["metadata"] = {name: read(value, stored=False) if isinstance(value, dict) else value
                             for name, value in data["metadata"].items()}
    return data | shown


@vendor.resource("DELETE", "group", "v1", "v0.5", detail=True, permission="edit_commcare_users",
                 statuses=(204, 404), source=SOURCE, proof="source", effect="changes")
def delete_group(world: World, call: Call) -> Reply:
    """Remove a group."""
    world.table("commcare.groups").delete(find(world, call, not_found)["id"])
    return Reply(None, 204)
