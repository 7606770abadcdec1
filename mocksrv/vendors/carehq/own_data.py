"""CareHQ's part of own data: API keys, and records of every resource by the names and kinds of the catalogue."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields
from functools import partial
from typing import TYPE_CHECKING, Any

from mocksrv.imports import Record, Table, Wrong
from mocksrv.vendors.carehq import records
from mocksrv.vendors.carehq.auth import check_ranges
from mocksrv.vendors.carehq.catalogue import RESOURCES, Argument, Attribute, Resource
from mocksrv.vendors.carehq.fields import LONG, READERS, SHORT
from mocksrv.vendors.carehq.keys import KEYS, Key

if TYPE_CHECKING:
    from mocksrv.world import World

TYPES: dict[str, tuple[type, ...]] = {"integer": (int,), "pence": (int,), "number": (int, float), "boolean": (bool,)}
PERMISSIONS = ("*", "create", "read", "update", "delete")
KEY_TYPES = {"permissions": dict, "allowed_ips": list, "require_signature": bool, "rate_limit": int}


def tables() -> tuple[Table, ...]:
    return (
        Table("keys", "API keys of accounts, with permissions by resource", take_key, give_keys),
        *(Table(resource.slug, resource.summary, partial(take, resource), partial(give, resource))
          for resource in RESOURCES.values()),
    )


# --- keys ---


def give_keys(world: World) -> Iterator[Record]:
    return (dict(doc) for doc in world.table(KEYS).all())


def take_key(world: World, record: Record) -> None:
    """An API key: `account_id`, `api_key`, `api_secret`, and how it is limited."""
    known = {field.name: field for field in fields(Key)}
    check_names(record, known)
    for name, field in known.items():
        if name not in record:
            if field.default is MISSING and field.default_factory is MISSING and name != "name":
                raise Wrong(f"a key needs {name}")
        elif type(record[name]) is not KEY_TYPES.get(name, str):
            raise Wrong(f"{name} is a {KEY_TYPES.get(name, str).__name__}", name)
    for slug, granted in record.get("permissions", {}).items():
        if slug != "*" and slug not in RESOURCES:
            raise Wrong(unknown("resource", slug, RESOURCES), "permissions", slug)
        for number, one in enumerate(granted if isinstance(granted, list) else [None]):
            if one not in PERMISSIONS:
                raise Wrong(f"permissions are a list of {', '.join(PERMISSIONS)}", "permissions", slug, number)
    try:
        check_ranges(", ".join(map(str, record.get("allowed_ips", []))))
    except ValueError as error:
        raise Wrong(str(error), "allowed_ips") from None
    key = Key(**{"name": record["api_key"]} | record)
    world.table(KEYS).put(f"{key.account_id}/{key.api_key}", asdict(key))


# --- records ---


def give(resource: Resource, world: World) -> Iterator[Record]:
    return (dict(doc) for doc in world.table(resource.table).all())


def take(resource: Resource, world: World, record: Record) -> None:
    """A record by its attributes; what is left out is empty, `_id`, `created` and `modified` are made."""
    check_names(record, resource.attributes)
    moment = records.now(world)
    made: Record = {"_id": record.get("_id") or records.new_id(world), "created": moment, "modified": moment}
    old = world.table(resource.table).peek(str(made["_id"])) or {}
    whole: Record = {}
    for name, attribute in resource.attributes.items():
        value = record.get(name, made.get(name, attribute.empty))
        if value is None and not attribute.null and name not in record:
            value = default(resource, attribute)
        whole[name] = checked(world, attribute, value)
        if attribute.unique and value is not None and records.taken(world, resource, attribute, value, old or whole):
            raise Wrong(f"another record has this {name}", name)
    world.table(resource.table).put(str(whole["_id"]), whole)


def default(resource: Resource, attribute: Attribute) -> Any:
    """What stands for a value that must be there and was not given. Raises Wrong."""
    found = resource.create.get(attribute.name, Argument(attribute.name)).default
    if found is None:
        raise Wrong(f"{resource.slug} need {attribute.name}")
    return found


def checked(world: World, attribute: Attribute, value: Any) -> Any:
    """A value as it is stored. Raises Wrong."""
    name = attribute.name
    if value is None:
        if attribute.null:
            return None
        raise Wrong(f"{name} may not be null", name)
    if attribute.many:
        if not isinstance(value, list):
            raise Wrong(f"{name} is a list", name)
        return [single(world, attribute, one, name, number) for number, one in enumerate(value)]
    return single(world, attribute, value, name)


def single(world: World, attribute: Attribute, value: Any, *path: str | int) -> Any:
    kind = attribute.kind
    if kind == "hash":
        return hashed(world, attribute, value, *path)
    if kind in TYPES:
        if isinstance(value, str):  # of a CSV file
            return read(kind, value, *path)
        if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            raise Wrong(f"{path[0]} is a {kind}", *path)
        return value
    if not isinstance(value, str):
        raise Wrong(f"{path[0]} is a text", *path)
    if kind == "enum":
        if value not in attribute.of:
            raise Wrong(f"{path[0]} is one of {', '.join(attribute.of)}", *path)
        return value
    if kind in ("string", "text"):
        longest = LONG if kind == "text" else SHORT
        if len(value) > longest:
            raise Wrong(f"{path[0]} has at most {longest} characters", *path)
        return value
    found = read(kind, value, *path)
    if attribute.to and (wrong := records.misdirected(world, attribute, Argument(attribute.name), found)):
        raise Wrong(wrong, *path)
    return found


def read(kind: str, value: str, *path: str | int) -> Any:
    try:
        return READERS[kind](value)
    except ValueError as error:
        raise Wrong(str(error), *path) from None


def hashed(world: World, attribute: Attribute, value: Any, *path: str | int) -> Any:
    """The members of a hash: those of the catalogue, or ids of records."""
    if not isinstance(value, dict):
        raise Wrong(f"{path[0]} is an object", *path)
    for name, one in value.items():
        if attribute.to:
            if wrong := records.misdirected(world, attribute, Argument(attribute.name), name):
                raise Wrong(wrong, *path, name)
        elif name not in attribute.members:
            raise Wrong(unknown("member", name, attribute.members), *path, name)
        if one is not None and not isinstance(one, str | int | float):
            raise Wrong(f"{name} is a text or a number", *path, name)
    return {**dict.fromkeys(sorted(attribute.members)), **value}


def check_names(record: Record, known: Any) -> None:
    for name in record:
        if name not in known:
            raise Wrong(unknown("member", name, known), name)


def unknown(what: str, name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), 3) or list(known)
    return f"there is no {what} {name!r}: use {', '.join(near)}"
