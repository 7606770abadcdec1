"""How a PUT changes the app settings: the three ways, and the permissions that are always there afterwards.

CHT 4.15 source, api/src/services/settings.js.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from mocksrv.vendors.cht.node.javascript import truthy

WAYS = ("merge", "replace", "overwrite")
ELEMENT = re.compile(r"0|[1-9]\d*")
LONGEST = 100_000  # beyond it Node runs out of memory when it writes the holes


class Unstorable(ValueError):
    """A merge at which the server fails: an object inside a text or number, or an array of absurd length."""


def apply(settings: Any, body: Any, way: str, permissions: dict[str, Any]) -> Any:
    """The settings after a PUT of `body`; `permissions` are the built-in ones. The arguments are left alone."""
    body = copy.deepcopy(body)
    if way == "overwrite":
        changed = body
    else:
        changed = copy.deepcopy(settings)
        for key, value in members(body):
            if way == "replace":
                assign(changed, key, value)
            else:
                merge(changed, key, value)
    return with_permissions(changed, permissions)


def with_permissions(settings: Any, permissions: dict[str, Any]) -> Any:
    """Every built-in permission that is missing comes back; existing ones stay, even empty."""
    if isinstance(settings, dict):
        if not truthy(settings.get("permissions")):
            settings["permissions"] = {}
        held = settings["permissions"]
        if isinstance(held, dict):
            for name, roles in permissions.items():
                if not truthy(held.get(name)):
                    held[name] = copy.deepcopy(roles)
    return settings


def merge(target: Any, key: str, value: Any) -> None:
    """Objects are merged into the existing value; everything else, arrays too, replaces it."""
    if not isinstance(value, dict):
        assign(target, key, value)
        return
    if not truthy(read(target, key)):
        assign(target, key, {})
    inner = read(target, key)
    if inner is None and value and not isinstance(target, list):
        raise Unstorable(f"an object at {key!r} of a {type(target).__name__}")
    for name, part in value.items():
        merge(inner, name, part)


def members(value: Any) -> list[tuple[str, Any]]:
    """Keys and values as JavaScript's Object.keys sees them."""
    if isinstance(value, list):
        return [(str(index), item) for index, item in enumerate(value)]
    return list(value.items()) if isinstance(value, dict) else []


def read(target: Any, key: str) -> Any:
    if isinstance(target, dict):
        return target.get(key)
    if isinstance(target, list) and ELEMENT.fullmatch(key) and int(key) < len(target):
        return target[int(key)]
    return None


def assign(target: Any, key: str, value: Any) -> None:
    """`target[key] = value`: on an array only elements last, on a string or a number nothing does."""
    if isinstance(target, dict):
        target[key] = value
    elif isinstance(target, list) and ELEMENT.fullmatch(key):
        index = int(key)
        if index > LONGEST:
            raise Unstorable(f"index {key}")
        target.extend([None] * (index + 1 - len(target)))
        target[index] = value
