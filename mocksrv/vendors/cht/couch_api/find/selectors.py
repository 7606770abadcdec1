"""Mango: selectors, sorting and the choice of fields of CouchDB's `_find`. CouchDB 3.3 source, mango_selector."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mocksrv import patterns
from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.couch.erlang import term

MOST_ENDLESS = 4  # texts that may take too long
Test = Callable[[Any], bool]
Operator = Callable[[Any], Test]
MISSING = object()
UNSUPPORTED = frozenset(("$where", "$geoWithin", "$geoIntersects", "$near", "$nearSphere"))
KINDS: dict[str, Any] = {"null": type(None), "boolean": bool, "number": (int, float), "string": str, "array": list,
                         "object": dict}
UNESCAPED = re.compile(r"(?<!\\)\.")


class BadQuery(Exception):
    """CouchDB refuses the query: its error and reason."""

    def __init__(self, error: str, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error
        self.reason = reason


class Failure(BadQuery):
    """CouchDB fails at the query, which nothing checks."""

    def __init__(self, what: str) -> None:
        super().__init__("unknown_error", f"Unknown Error: {what}", 500)


# --- fields --------------------------------------------------------------------------------------------------


def path_of(field: str) -> list[str]:
    """The names on the way to a field: `a.b`, where a dot within a name is escaped."""
    return [part.replace("\\.", ".") for part in UNESCAPED.split(field)]


def read(doc: Any, path: list[str]) -> Any:
    """The value at a path, else `MISSING`; elements of lists go by their number."""
    for name in path:
        if isinstance(doc, dict) and name in doc:
            doc = doc[name]
        elif isinstance(doc, list) and name.isdecimal() and int(name) < len(doc):
            doc = doc[int(name)]
        else:
            return MISSING
    return doc


def chosen(doc: Mapping[str, Any], fields: list[str]) -> dict[str, Any]:
    """The document with these fields only, in the order asked for; all of them if there are none."""
    if not fields:
        return dict(doc)
    found: dict[str, Any] = {}
    for field in fields:
        path = path_of(field)
        value = read(doc, path)
        if value is not MISSING:
            inner = found
            for name in path[:-1]:
                inner = inner.setdefault(name, {})
            inner[path[-1]] = value
    return found


# --- conditions ----------------------------------------------------------------------------------------------


def compile_selector(selector: Any) -> Test:
    """The selector as a test of documents. Raises BadQuery."""
    if not isinstance(selector, dict):
        raise BadQuery("invalid_selector_json", f"Selector must be a JSON object, not: {term(selector)}")
    tests = [member(name, value) for name, value in selector.items()]
    return lambda value: all(test(value) for test in tests)


def member(name: str, value: Any) -> Test:
    """One member of a selector: an operator, or a field and its condition."""
    if name in OPERATORS:
        return OPERATORS[name](value)
    if name in UNSUPPORTED:
        raise BadQuery("not_supported", f"Unsupported operator: {name}")
    if name.startswith("$"):
        raise BadQuery("invalid_operator", f"Invalid operator: {name}")
    if not name:
        raise BadQuery("invalid_selector", "One or more conditions is missing a field name.")
    path, test = path_of(name), condition(value, RAW if name == "_id" else {})
    absent = value == {"$exists": False}

    def field(doc: Any) -> bool:
        found = read(doc, path)
        return absent if found is MISSING else test(found)

    return field


def condition(value: Any, special: Mapping[str, Operator] = MappingProxyType({})) -> Test:
    """The condition of a field: operators, conditions of its own fields, or an equal value."""
    if not isinstance(value, dict) or not value:
        return special.get("$eq", OPERATORS["$eq"])(value)
    for name, wanted in value.items() if len(value) == 1 else ():
        if name in special:
            return special[name](wanted)
    return compile_selector(value)


def comparison(fits: Callable[[Any, Any], bool], place: Callable[[Any], bytes] = collation.key) -> Operator:
    """An operator that compares in the order of views, or another."""
    def compared(wanted: Any) -> Test:
        key = place(wanted)
        return lambda value: fits(place(value), key)

    return compared


def raw(value: Any) -> bytes:
    """The sort key of ids: texts by their bytes."""
    return collation.TEXT + value.encode() if isinstance(value, str) else collation.key(value)


def listed(name: str, argument: Any) -> list[Any]:
    if not isinstance(argument, list):
        raise BadQuery("bad_arg", f"Bad argument for operator {name}: {term(argument)}")
    return argument


def within(argument: Any, name: str = "$in") -> Test:
    keys = [collation.key(one) for one in listed(name, argument)]

    def test(value: Any) -> bool:
        members = value if isinstance(value, list) else ()
        return collation.key(value) in keys or any(collation.key(one) in keys for one in members)

    return test


def all_of(argument: Any) -> Test:
    keys = [collation.key(one) for one in listed("$all", argument)]

    def test(value: Any) -> bool:
        held = [collation.key(one) for one in value] if isinstance(value, list) else []
        return bool(keys) and isinstance(value, list) and all(key in held for key in keys)

    return test


def combined(name: str, how: Callable[..., bool]) -> Operator:
    def operator(argument: Any) -> Test:
        tests = [compile_selector(one) for one in listed(name, argument)]
        # An empty list restricts nothing.
        return lambda value: not tests or how(test(value) for test in tests)

    return operator


def negated(inner: Operator) -> Operator:
    def operator(argument: Any) -> Test:
        test = inner(argument)
        return lambda value: not test(value)

    return operator


def inverted(argument: Any) -> Test:
    """`$not`, which takes a selector."""
    if not isinstance(argument, dict):
        raise BadQuery("bad_arg", f"Bad argument for operator $not: {term(argument)}")
    return negated(condition)(argument)


def elements(how: Callable[..., bool]) -> Operator:
    """`$elemMatch`, `$allMatch`: conditions of the elements of a list."""
    def operator(argument: Any) -> Test:
        test = condition(argument)
        return lambda value: isinstance(value, list) and bool(value) and how(test(one) for one in value)

    return operator


def of_keys(argument: Any) -> Test:
    test = condition(argument)
    return lambda value: isinstance(value, dict) and any(test(name) for name in value)


def exists(argument: Any) -> Test:
    if not isinstance(argument, bool):
        raise BadQuery("bad_arg", f"Bad argument for operator $exists: {term(argument)}")
    return lambda value: argument


def of_type(argument: Any) -> Test:
    if not isinstance(argument, str):
        raise BadQuery("bad_arg", f"Bad argument for operator $type: {term(argument)}")
    kind = KINDS.get(argument, ())  # nothing has an unknown type
    return lambda value: isinstance(value, kind) and (argument != "number" or not isinstance(value, bool))


def of_size(argument: Any) -> Test:
    if type(argument) is not int or argument < 0:
        raise BadQuery("bad_arg", f"Bad argument for operator $size: {term(argument)}")
    return lambda value: isinstance(value, list) and len(value) == argument


def modulo(argument: Any) -> Test:
    if not (isinstance(argument, list) and len(argument) == 2 and all(type(one) is int for one in argument)
            and argument[0]):
        raise BadQuery("bad_arg", f"Bad argument for operator $mod: {term(argument)}")
    return lambda value: type(value) is int and value % argument[0] == argument[1]


def matching(argument: Any) -> Test:
    """A pattern that takes too long matches nothing: CouchDB's expressions (Erlang's re) give up at a limit of steps.

    After a few such texts the query tries no more, so that its cost does not grow with the documents.
    """
    if not isinstance(argument, str):
        raise BadQuery("invalid_operator", "Invalid operator: $regex")
    try:
        fits = patterns.compiled(argument)
    except patterns.BadPattern:
        raise BadQuery("bad_arg", f"Bad argument for operator $regex: {term(argument)}") from None
    endless = 0

    def found(value: Any) -> bool:
        nonlocal endless
        if not isinstance(value, str) or endless == MOST_ENDLESS:
            return False
        try:
            return fits(value)
        except TimeoutError:
            endless += 1
            return False

    return found


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$lt": operator.lt, "$lte": operator.le, "$eq": operator.eq, "$ne": operator.ne, "$gte": operator.ge,
    "$gt": operator.gt}
RAW = {name: comparison(how, raw) for name, how in COMPARISONS.items()}
OPERATORS: dict[str, Operator] = {
    **{name: comparison(how) for name, how in COMPARISONS.items()},
    "$in": within,
    "$nin": negated(lambda argument: within(argument, "$nin")),
    "$all": all_of,
    "$and": combined("$and", all),
    "$or": combined("$or", any),
    "$nor": negated(combined("$nor", any)),
    "$not": inverted,
    "$elemMatch": elements(any),
    "$allMatch": elements(all),
    "$keyMapMatch": of_keys,
    "$exists": exists,
    "$type": of_type,
    "$size": of_size,
    "$mod": modulo,
    "$regex": matching,
}
