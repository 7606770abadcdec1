"""The members of a query of `_find`, checked as CouchDB checks them. CouchDB 3.3 source, mango_opts, mango_sort."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from mocksrv.vendors.cht.couch.erlang import term
from mocksrv.vendors.cht.couch_api.find import plan, selectors
from mocksrv.vendors.cht.couch_api.find.selectors import BadQuery, Failure
from mocksrv.vendors.cht.node import json_text

LIMIT = 25  # documents of an answer, unless the query says otherwise


def whole(least: int, kind: str, what: str) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if type(value) is not int or value < least:
            raise BadQuery(kind, f"{term(value)} is not an integer {what}")
        return value

    return check


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadQuery("invalid_boolean", f"Invalid boolean value: {term(value)}")
    return value


def selector(value: Any) -> dict[str, Any]:
    selectors.compile_selector(value)
    return plan.normal(value)


def sort(value: Any) -> dict[str, str]:
    """Fields and their direction, which is the same for all."""
    if not isinstance(value, list):
        raise BadQuery("invalid_sort_json", f"Sort must be an array of sort specs, not: {term(value, pretty=True)}")
    found: dict[str, str] = {}
    for one in value:
        pairs = list(one.items()) if isinstance(one, dict) else [(one, "asc")]
        if len(pairs) != 1 or not isinstance(pairs[0][0], str) or not pairs[0][0]:
            raise BadQuery("invalid_sort_field", f"Invalid sort field: {term(one, pretty=True)}")
        ((field, way),) = pairs
        if way not in ("asc", "desc"):
            raise BadQuery("invalid_sort_field", f"Invalid sort field: {{{term(one, pretty=True)[1:-1]}}}")
        found[field] = way
    if len(set(found.values())) > 1:
        raise BadQuery("unsupported_mixed_sort", "Sorts currently only support a single direction for all fields.")
    return found


def fields(value: Any) -> list[str] | str:
    if not isinstance(value, list):
        raise BadQuery("invalid_fields", f"Fields must be an array of strings, not: {term(value)}")
    for one in value:
        if one == "":
            raise Failure(f"mango_util :: {{invalid_field_name,{term(one)}}}")
        if not isinstance(one, str):
            raise BadQuery("invalid_field", f"Invalid JSON for field spec: {term(one)}")
    return value or "all_fields"


def use_index(value: Any) -> list[str]:
    """A design document, optionally with the name of one of its indexes."""
    if not isinstance(value, str | list):
        raise Failure(f"mango_opts :: {{invalid_index_name,{term(value)}}}")
    parts = value.removeprefix("_design/").split("/", 1) if isinstance(value, str) else value or []
    if not isinstance(parts, list) or len(parts) > 2 or not all(isinstance(one, str) for one in parts):
        raise BadQuery("invalid_index_name", f"Invalid index name: {term(value)}")
    return parts


def bookmark(value: Any) -> str:
    if value is None or value == "":
        return "nil"
    if not isinstance(value, str):
        raise Failure(f"mango_opts :: {{invalid_bookmark,{term(value)}}}")
    if value == "nil":
        raise BadQuery("invalid_bookmark", f"Invalid bookmark value: {json_text.text(value)}")
    return value


def partition(value: Any) -> Any:
    """Databases are not partitioned here."""
    if value:
        raise BadQuery("query_parse_error", "`partition` parameter is not supported in this view.")
    return value


def stale(value: Any) -> bool | str:
    if value == "ok":
        return "ok"
    if value is False or value == "false":
        return False
    raise Failure(f"mango_opts :: {{invalid_ok_or_false_value,{term(value)}}}")


def id_bound(key: Any) -> str:
    """A value that is compared with ids: anything but a text sorts before or after all."""
    return key if isinstance(key, str) else "" if isinstance(key, bool | int | float | None) else "\U0010ffff"


# Each member: its default (`...`: required), and the function that parses or refuses its value.
OPTIONS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "selector": (..., selector),
    "use_index": ([], use_index),
    "bookmark": ("", bookmark),
    "limit": (LIMIT, whole(0, "invalid_non_neg_integer", "greater than or equal to zero")),
    "skip": (0, whole(0, "invalid_non_neg_integer", "greater than or equal to zero")),
    "sort": ([], sort),
    "fields": ([], fields),
    "partition": ("", partition),
    "r": (1, whole(1, "invalid_pos_integer", "greater than zero")),
    "conflicts": (False, boolean),
    "stale": (False, stale),
    "update": (True, boolean),
    "stable": (False, boolean),
    "execution_stats": (False, boolean),
}


def checked(query: dict[str, Any]) -> dict[str, Any]:
    """All options of a query in CouchDB's order. Raises BadQuery."""
    found = {}
    for name, (default, check) in OPTIONS.items():
        if name not in query and default is ...:
            raise BadQuery("missing_required_key", f"Missing required key: {name}")
        found[name] = check(query.get(name, default))
    for name in query:
        if name not in OPTIONS:
            raise BadQuery("invalid_key", f"Invalid key {name} for this request.")
    return found


# --- bookmarks -----------------------------------------------------------------------------------------------


class Mark(NamedTuple):
    """The row after which the next page begins: its key, and its document."""

    key: Any
    id: str

    def text(self) -> str:
        return base64.urlsafe_b64encode(json_text.dumps([self.key, self.id])).decode().rstrip("=")


def marked(text: str) -> Mark | None:
    """The row that a bookmark names. Raises BadQuery."""
    if text == "nil":
        return None
    try:
        key, id = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        if isinstance(id, str):
            return Mark(key, id)
    except (ValueError, TypeError):
        pass
    raise BadQuery("invalid_bookmark", f"Invalid bookmark value: {json_text.text(text)}")
