"""The options of views and of `_all_docs`, read and refused as CouchDB does.

CouchDB 3.3 source, couch_mrview_http (parse_params), couch_mrview_util (validate_args, check_range).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.couch.erlang import characters, term
from mocksrv.vendors.cht.node import json_text

Options = dict[str, Any]
EXACT = -1  # the group level that means whole keys
WHOLE = 15  # digits of a whole number, which Erlang has without limit

ALIASES = {"start_key": "startkey", "end_key": "endkey", "start_key_doc_id": "startkey_docid",
           "end_key_doc_id": "endkey_docid"}
BOOLEANS = frozenset(("descending", "include_docs", "inclusive_end", "reduce", "group", "update_seq", "conflicts",
                      "attachments", "att_encoding_info", "sorted"))
NUMBERS = frozenset(("limit", "skip", "group_level"))
CHOICES = {"stale": ("ok", "update_after"), "stable": ("true", "false"), "update": ("true", "false", "lazy")}

NO_QUERIES = "The `queries` parameter is no longer supported at this endpoint"
INVERTED = "No rows can match your key range, reverse your start_key and end_key or set descending="


def refuse(reason: str) -> NoReturn:
    errors.couch(400, "query_parse_error", reason)


# --- one option ----------------------------------------------------------------------------------------------


def shown(value: Any, decoded: bool) -> str:
    """A value as refusals quote it."""
    return term(value, pretty=True) if decoded else characters(value)


def boolean(value: Any, decoded: bool) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in ("true", "false"):
        refuse(f"Invalid boolean parameter: {shown(value, decoded)}")
    return value.lower() == "true"


def number(value: Any, decoded: bool) -> int:
    """A whole number that is not negative; in a body it must not be a text."""
    if isinstance(value, bool) or not isinstance(value, int):
        digits = value.removeprefix("-").removeprefix("+") if isinstance(value, str) and not decoded else ""
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > WHOLE:
            refuse(f"Invalid value for integer: {shown(value, decoded)}")
    found = int(value)
    if found < 0:
        refuse(f"Invalid value for positive integer: {shown(value, decoded)}")
    return found


def json_key(value: Any, decoded: bool) -> Any:
    if decoded:
        return value
    try:
        return json_text.loads(value)
    except ValueError:
        errors.couch(400, "bad_request", "invalid UTF-8 JSON")


def chosen(name: str, value: Any) -> Any:
    """One of a few words, or in a body a boolean."""
    if value is True or value is False:
        value = json_text.text(value)
    if value not in CHOICES[name]:
        refuse(f"Invalid value for `{name}`.")
    return value


# --- all of them ---------------------------------------------------------------------------------------------


def read(pairs: Iterable[tuple[str, Any]], decoded: bool = False) -> Options:
    """The options of a query (texts) or, `decoded`, of a body; of several of one name the last counts.

    `key` is a range from itself to itself, which a later `startkey` or `endkey` moves.
    """
    found: Options = {}
    for name, value in pairs:
        name = ALIASES.get(name, name)
        if name in BOOLEANS:
            found[name] = boolean(value, decoded)
        elif name in NUMBERS:
            found[name] = number(value, decoded)
        elif name in CHOICES:
            found[name] = chosen(name, value)
        elif name == "key":
            found["startkey"] = found["endkey"] = json_key(value, decoded)
        elif name in ("startkey", "endkey", "keys"):
            found[name] = json_key(value, decoded)
        elif name in ("startkey_docid", "endkey_docid"):
            found[name] = value if isinstance(value, str) else json_text.text(value)
    return found


def of_query(query: list[tuple[str, str]], wrong: str | None = None) -> Options:
    """The options of a query; `keys` are read first, and refused with `wrong` if they are not an array."""
    for text in [value for name, value in query if name == "keys"][:1]:
        if not isinstance(json_key(text, False), list) and wrong:
            errors.couch(400, "bad_request", wrong)
    return read(query)


def of_body(body: Mapping[str, Any], query: list[tuple[str, str]], wrong: str) -> Options:
    """The options of a body; those of the query take precedence."""
    if not isinstance(body.get("keys", []), list):
        errors.couch(400, "bad_request", wrong)
    return read(body.items(), decoded=True) | read(query)


def group_level(found: Options) -> int:
    """How many elements of a key make a group: 0 none, `EXACT` all."""
    level = found.get("group_level")
    if found.get("group") is False and level:
        refuse("Can't specify group=false and group_level>0 at the same time")
    return (EXACT if found.get("group") else 0) if level is None else level


def check(found: Options, reduces: bool) -> None:
    """Refuse contradictory options, in the order of CouchDB; `reduces` says that rows will be reduced."""
    level, keys = group_level(found), found.get("keys")
    if not reduces and found.get("reduce"):
        refuse("Reduce is invalid for map-only views.")
    if reduces and level != EXACT and isinstance(keys, list):
        refuse("Multi-key fetchs for reduce views must use `group=true`")
    if "keys" in found and not isinstance(keys, list):
        refuse("`keys` must be an array of strings.")
    if keys and ("startkey" in found or "endkey" in found):
        refuse("`keys` is incompatible with `key`, `start_key` and `end_key`")
    if not reduces and level:
        refuse("Invalid use of grouping on a map view.")
    if reduces and found.get("include_docs"):
        refuse("`include_docs` is invalid for reduce")
    if reduces and "conflicts" in found:
        refuse("`conflicts` is invalid for reduce views.")


def check_range(found: Options) -> None:
    """Refuse a range of a view that is the wrong way round; `_all_docs` has no rows there."""
    if "startkey" not in found or "endkey" not in found or found["startkey"] == found["endkey"]:
        return
    down = found.get("descending", False)
    places = [(collation.key(found[name]), found.get(f"{name}_docid", default))
              for name, default in (("startkey", ""), ("endkey", "\U0010ffff"))]
    if places[0] > places[1] if not down else places[0] < places[1]:
        errors.couch(400, "query_parse_error", INVERTED + ("false" if down else "true"), ref=True)


def queries(body: Mapping[str, Any]) -> list[Options]:
    """The options of each of several queries in one body."""
    asked = body.get("queries")
    if "queries" not in body:
        errors.couch(400, "bad_request", "POST body must include `queries` parameter.")
    if not isinstance(asked, list):
        errors.couch(400, "bad_request", "`queries` must be an array.")
    if not all(isinstance(one, dict) for one in asked):
        errors.unknown("function_clause", diagnosis="each of the queries must be an object")
    return [read(one.items(), decoded=True) for one in asked]


def no_queries(body: Mapping[str, Any]) -> None:
    """Refuse `queries` where only one query is possible."""
    if "queries" in body:
        errors.couch(400, "bad_request", NO_QUERIES)


