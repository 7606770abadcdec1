"""One record: retrieve, create, update, delete. All resources share this; special rules are in `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.carehq import errors
from mocksrv.vendors.carehq.arguments import Given
from mocksrv.vendors.carehq.catalogue import RESOURCES, Argument, Attribute, Resource, referrers
from mocksrv.vendors.carehq.fields import ID
from mocksrv.vendors.carehq.rules import rules_of

if TYPE_CHECKING:
    from mocksrv.vendors.carehq.call import Call
    from mocksrv.world import World

COUNTERS = "carehq.counters"
PERSONAL = {"care_requirements", "comment", "dob", "email", "first_name", "genders_other", "last_name", "lon_lat",
            "mobile",
            "nhs_number", "notes", "other_persons_attending", "outcome_notes", "phone", "service_user_first_name",
            "service_user_last_name", "street_address", "title"}
SECONDS, COUNT = 2**32, 2**24  # what an id's first and last part can hold


def now(world: World) -> str:
    """The world's time as CareHQ writes it, in UTC."""
    return world.clock.now().isoformat(" ", "seconds")[:19]


def next_number(world: World, name: str) -> int:
    """The next number of a counter of the account, from 1."""
    table = world.table(COUNTERS)
    held = table.peek(name)
    number = 1 + (0 if held is None else int(held["value"]))
    table.put(name, {"value": number})
    return number


def new_id(world: World) -> str:
    """An id in the shape of an ObjectId: ascending in time, because lists are sorted by it."""
    number = next_number(world, "ids")
    return object_id(int(world.clock.time()), machine(world), number)


def machine(world: World) -> str:
    """The middle of all ids of a world."""
    table = world.table(COUNTERS)
    held = table.peek("machine")
    if held is None:
        held = {"value": world.hex(10)}
        table.put("machine", held)
    return str(held["value"])


def object_id(seconds: int, middle: str, number: int) -> str:
    return f"{seconds % SECONDS:08x}{middle}{number % COUNT:06x}"


def existing(world: World, resource: Resource, id: str) -> Mapping[str, Any]:
    """The stored record. Raises the 404 that a malformed id gets as well."""
    record = world.table(resource.table).peek(id)
    if record is None:
        raise errors.no_such_record(resource.slug, whereabouts(world, resource, id))
    return record


def whereabouts(world: World, resource: Resource, id: str) -> str:
    """Why the record does not exist, for the diagnosis."""
    if not ID.fullmatch(id):
        return "an id has 24 lower-case hexadecimal characters"
    for other in RESOURCES.values():
        if id in world.table(other.table):
            return f"{id} is a record of {other.slug}"
    return f"no record of this world has the id {id}: was it deleted, or the world reset?"


# --- writing ---------------------------------------------------------------------------------------------------------


def create(world: World, call: Call, resource: Resource, given: Given) -> dict[str, Any]:
    """Create a record from the given values; returns it."""
    rules = rules_of(resource)
    values = folded(resource, given.values, None)
    check(world, resource, given, values, {})
    rules.check(world, given, values, None)
    given.check()
    moment = now(world)
    record = {name: attribute.empty for name, attribute in resource.attributes.items()}
    record |= {name: argument.default for name, argument in resource.create.items() if name in record
               and argument.default is not None}
    record |= {name: value for name, value in values.items() if name in record}
    record |= {"_id": new_id(world), "created": moment, "modified": moment}
    rules.fill(world, call, record)
    record |= blanked(resource, record)
    record = {name: record[name] for name in resource.attributes}
    world.table(resource.table).insert(record["_id"], record)
    rules.created(world, call, record, values)
    return record


def update(world: World, resource: Resource, id: str, given: Given) -> dict[str, Any]:
    """Change the given values; returns the record."""
    rules = rules_of(resource)
    old = existing(world, resource, id)
    rules.protect(old)
    values = folded(resource, given.values, old)
    check(world, resource, given, values, old)
    rules.check(world, given, values, old)
    given.check()
    changes = {name: value for name, value in values.items() if name in resource.attributes}
    return world.table(resource.table).update(id, {**changes, **blanked(resource, values), "modified": now(world)})


def delete(world: World, resource: Resource, id: str) -> None:
    """Delete a record that no other refers to."""
    rules_of(resource).protect(existing(world, resource, id))
    for other, attribute in referrers(resource.slug):
        users = [user for user in world.table(other.table).by(attribute.name, id) if user != id]
        if users:
            raise errors.refused(400, f"This {resource.title} is used by {len(users)} {other.slug}.",
                                 diagnosis=f"{attribute.name} of {other.slug} {users[0]} names it; delete that first")
    world.table(resource.table).delete(id)


def blanked(resource: Resource, values: Mapping[str, Any]) -> dict[str, Any]:
    """Personal data as it looks once a record was anonymized (developer pages: `anonymized`)."""
    if not values.get("anonymized"):
        return {}
    return {name: None if attribute.null else "" for name, attribute in resource.attributes.items() if name in PERSONAL}


def folded(resource: Resource, given: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """The given values by attribute: members of a hash in their hash, empty text as the attribute's empty value."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        base, dash, member = name.partition("-")
        attribute = resource.attributes.get(base)
        if attribute is not None and dash:
            if base not in values:
                held = (old or {}).get(base) or {}
                values[base] = {**dict.fromkeys(sorted(attribute.members)), **held}
            values[base][member] = value
        elif value is None and attribute is not None:
            values[name] = attribute.empty
        else:
            values[name] = value
    return values


# --- checks that need more than the argument's own text --------------------------------------------------------------


def check(world: World, resource: Resource, given: Given, values: Mapping[str, Any],
          old: Mapping[str, Any]) -> None:
    """References, what must not be empty, dates in the future, values that must be unique."""
    arguments = resource.arguments("update" if old else "create")
    for name, value in values.items():
        attribute = resource.attributes.get(name)
        if attribute is None or name in given.errors:
            continue
        if value is None:
            if not attribute.null:
                given.refuse(name, errors.REQUIRED)
            continue
        argument = arguments.get(name, Argument(name))
        if attribute.to:
            for id in [value] if isinstance(value, str) else value:
                if wrong := misdirected(world, attribute, argument, id):
                    sent = f"{name}-{id}" if attribute.kind == "hash" else name
                    given.refuse(sent, errors.NOT_A_CHOICE, f"{sent}: {wrong}")
        if argument.not_future and value > now(world)[:10]:
            given.refuse(name, errors.NOT_A_DATE)
        if attribute.unique and taken(world, resource, attribute, value, old):
            given.refuse(name, errors.NOT_UNIQUE)


def misdirected(world: World, attribute: Attribute, argument: Argument, id: str) -> str:
    """What is wrong with a reference: no such record, or one of the wrong kind; "" if nothing."""
    target = world.table(RESOURCES[str(attribute.to)].table).peek(id)
    if target is None:
        return f"no record of {attribute.to} has the id {id}"
    if attribute.group_type and target["group_type"] != attribute.group_type:
        return f"{id} is a group of type {target['group_type']}, not {attribute.group_type}"
    return f"{id} is archived" if argument.not_archived and target["archived"] else ""


def taken(world: World, resource: Resource, attribute: Attribute, value: Any, old: Mapping[str, Any]) -> bool:
    return any(record[attribute.name] == value and record["_id"] != old.get("_id")
               for record in world.table(resource.table).all())
