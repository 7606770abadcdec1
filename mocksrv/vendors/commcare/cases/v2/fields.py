"""`fields` and `exclude` of case API v2: which parts of a case an answer holds.

commcare-hq corehq/apps/hqcase/api/field_filters.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mocksrv.vendors.commcare.errors import view_error

Tree = dict[str, Any]  # name -> tree; an empty one means the whole value
Params = list[tuple[str, str]]


def is_field_parameter(name: str) -> bool:
    return name.partition(".")[0] in ("fields", "exclude")


def field_filter(params: Params) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function from a case to the parts of it that are shown. Raises Refusal."""
    fields, exclude = (used(params, word) for word in ("fields", "exclude"))
    if fields and exclude:
        raise view_error(400, "You cannot specify both 'fields' and 'exclude'")
    if fields:
        kept = tree(params, "fields")
        return lambda case: limit(case, kept)
    if exclude:
        dropped = tree(params, "exclude")
        return lambda case: leave_out(case, dropped)
    return lambda case: case


def used(params: Params, word: str) -> bool:
    return any(name.partition(".")[0] == word for name, _ in params)


def tree(params: Params, word: str) -> Tree:
    """`fields=case_id,properties.dob` as `{"case_id": {}, "properties": {"dob": {}}}`; empty parts match nothing."""
    found: Tree = {}
    for name, value in params:
        if name.partition(".")[0] == word:
            prefix = split(name, ".")[1:]
            for item in split(value, ","):
                path = [*prefix, *split(item, ".")]
                if all(path):
                    add(found, path)
    return found


def split(text: str, mark: str) -> list[str]:
    return [part.strip() for part in text.split(mark)]


def add(node: Tree, path: Iterable[str]) -> None:
    for name in path:
        node = node.setdefault(name, {})


def limit(data: dict[str, Any], kept: Tree) -> dict[str, Any]:
    result = {}
    for name, inner in kept.items():
        if name not in data:
            continue
        if not inner:
            result[name] = data[name]
        elif isinstance(data[name], dict):
            result[name] = limit(data[name], inner)
    return result


def leave_out(data: dict[str, Any], dropped: Tree) -> dict[str, Any]:
    result = {}
    for name, value in data.items():
        inner = dropped.get(name)
        if inner is None:
            result[name] = value
        elif inner:
            result[name] = leave_out(value, inner) if isinstance(value, dict) else value
    return result
