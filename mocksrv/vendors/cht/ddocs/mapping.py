"""Helpers of map functions, with JavaScript's view of documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.node import javascript, timestamps
from mocksrv.vendors.cht.node.javascript import first as first
from mocksrv.vendors.cht.node.javascript import truthy as truthy

Doc = Mapping[str, Any]
Rows = Iterator[tuple[Any, Any]]

PLACES_AND_PEOPLE = ("district_hospital", "health_center", "clinic", "person")  # in the order of the hierarchy
KINDS = frozenset(("contact", *PLACES_AND_PEOPLE))
LAST_MOMENT = 8.64e15  # ms that a Date may be from 1970
DEEPEST = 50  # parents that are followed


def member(value: Any, *names: str) -> Any:
    """`value.a.b`; None if a member is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def each(value: Any) -> Iterator[Any]:
    """The elements of `(value || []).forEach`."""
    if isinstance(value, list):
        yield from value
    elif truthy(value):
        raise Thrown("forEach is not a function")


def element(value: Any) -> Any:
    """`value && value[0]`, which texts have, too, and objects with a member of that name."""
    if isinstance(value, dict):
        return value.get("0")
    return value[0] if isinstance(value, list | str) and value else None


def last(value: Any) -> Any:
    """`value && value[value.length - 1]` as an object that is emitted has it."""
    if isinstance(value, list | str) and value:
        return value[-1]
    return ABSENT if truthy(value) else value


def present(value: Any) -> Any:
    """A value whose members are read: JavaScript throws for null."""
    if value is None:
        raise Thrown("null has no properties")
    return value


def is_contact(doc: Doc) -> bool:
    kind = doc.get("type")
    return isinstance(kind, str) and kind in KINDS


def is_report(doc: Doc) -> bool:
    return doc.get("type") == "data_record" and truthy(doc.get("form"))


def contact_type(doc: Doc) -> Any:
    """The configured type of a contact, or the type of any other document."""
    return doc.get("contact_type") if doc.get("type") == "contact" else doc.get("type")


def lineage(level: Any) -> Iterator[tuple[int, Any]]:
    """The ids of a contact and of those above it, each with its distance; levels without an id are skipped."""
    depth = 0
    while isinstance(level, dict) and depth < DEEPEST:
        if truthy(id := level.get("_id")):
            yield depth, id
        level = level.get("parent")
        depth += 1


def has_no_errors(doc: Doc) -> bool:
    """`!doc.errors || doc.errors.length === 0`."""
    problems = doc.get("errors")
    return not truthy(problems) or problems == []


def milliseconds(value: Any) -> int | float | None:
    """`new Date(value).getTime()`; None for what is no date."""
    if value is ABSENT:
        return None
    if value is None or isinstance(value, bool):
        return int(bool(value))
    if isinstance(value, int | float):
        return int(value) if abs(value) <= LAST_MOMENT else None
    return date(value) if isinstance(value, str) else None


def date(value: Any) -> int | float | None:
    """`Date.parse(value)`; None for what is no date."""
    return timestamps.moment_value(javascript.text(value), 0)


def without_undefined(**members: Any) -> dict[str, Any]:
    """An object of members, without those that are undefined."""
    return {name: value for name, value in members.items() if value is not ABSENT}


class Absent:
    """`undefined`, where it is not the same as null."""

    def __bool__(self) -> bool:
        return False


ABSENT = Absent()


def stored(value: Any, name: str) -> Any:
    """A member as an object that is emitted has it: `ABSENT` if there is none."""
    return value.get(name, ABSENT) if isinstance(value, dict) else ABSENT


def and_then(value: Any, name: str) -> Any:
    """`value && value.name` as an object that is emitted has it."""
    return stored(value, name) if truthy(value) else ABSENT if value is ABSENT else value


def and_on(value: Any, *names: str) -> Any:
    """`value && value.a && value.a.b` as an element of a list that is emitted: undefined is null there."""
    for name in names:
        value = and_then(value, name)
    return None if value is ABSENT else value


def text(value: Any) -> str:
    """A value in a text: a missing one is "undefined"."""
    return "undefined" if value is ABSENT else javascript.text(value)
