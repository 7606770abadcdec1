"""Dotted paths into JSON values, as the package object-path of the server reads and writes them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

MISSING = object()
NUMBER = re.compile(r"(0|[1-9][0-9]*)\Z")


def get(value: Any, path: str) -> Any:
    """The value at a path; `MISSING` if there is none."""
    for key in path.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and NUMBER.match(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return MISSING
    return value


def put(target: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path; missing parents are created: lists where the next key is a number."""
    keys = path.split(".")
    level: Any = target
    for key, following in pairwise(keys):
        found = get(level, key)
        if not isinstance(found, dict | list):
            found = [] if NUMBER.match(following) else {}
            _set(level, key, found)
        level = found
    _set(level, keys[-1], value)


def _set(level: Any, key: str, value: Any) -> None:
    if isinstance(level, list):
        if not NUMBER.match(key) or int(key) > len(level) + 1000:
            return  # a member that JSON omits, or a huge hole in a list
        level.extend([None] * (int(key) + 1 - len(level)))
        level[int(key)] = value
    else:
        level[key] = value
