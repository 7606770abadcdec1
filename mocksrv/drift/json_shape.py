"""The shape of one JSON value.

A node is a text for a scalar (`null`, `boolean`, `integer`, `integer:milliseconds`, `number`, `string:uuid`), `data`
for content that differs from project to project, or one of

    {"object": {key: node, ...}, "optional": [key, ...]}        keys in the order of the answer; `"unordered": true`
                                                                where rows have them in different orders
    {"array": node or null, "rows": "0"|"1"|"many", "sorted": [".", "name", "-date"]}
    {"text": "an error's words"}
    {"enum": [declared values], "other": [values that are not declared]}

or a list of these where elements of an array differ. Objects and arrays of one list are merged into one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mocksrv.drift.formats import key_name, text_format
from mocksrv.drift.generated_values import erase

Node = Any
KEY = "<key>"
Path = tuple[str, ...]  # path of a member; `*` stands for any element of a list, KEY for any key that is data

SECONDS, MILLISECONDS = range(1_000_000_000, 4_000_000_000), range(1_000_000_000_000, 4_000_000_000_000)
WORDS = {  # keys whose texts are the vendor's words, when an answer is an error
    "arg_errors", "code", "detail", "details", "error", "error_code", "error_message", "error_type", "errors", "hint",
    "message", "non_field_errors", "reason", "translationKey"}
BY_FIELD = {"arg_errors", "errors", "details"}  # keys whose members are named after the caller's fields
DEEPEST = 100  # levels that are looked at
ENOUGH = 7  # rows with as many different values that show an order: fewer are too often sorted by chance
LONGEST_VALUE = 40
VALUE = re.compile(r"[a-z]+(?:[ _-][a-z]+|[0-9]{1,2}(?![0-9]))*", re.IGNORECASE)


@dataclass(frozen=True)
class Declared:
    """What an operation says of its answers: the values of a member, and which keys of an object belong to the API
    (None: all) rather than to a project or document; `files`: they are whatever somebody has stored.

    `optional`: the keys that an object may lack; `needed`: those that no object lacks which may have any others, too.
    """

    choices: Mapping[Path, frozenset[str]] = field(default_factory=dict)
    keys: Mapping[Path, frozenset[str] | None] = field(default_factory=dict)
    files: bool = False
    optional: Mapping[Path, frozenset[str]] = field(default_factory=dict)
    needed: Mapping[Path, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """The context in which an answer is reduced: what the caller sent, whether it is an error, what is declared, and
    by which member the caller wants the rows sorted: `name`, or `-name` for descending; "" if it did not say.

    `found`: the caller came upon the record and did not make it, so which optional members it has is chance.
    """

    own: frozenset[str] = frozenset()
    error: bool = False
    declared: Declared = field(default_factory=Declared)
    order: str = ""
    found: bool = False


@dataclass(frozen=True)
class Place:
    """Where a value stands. `words`: its texts are the vendor's own; `data`: it stands under a key that is data."""

    path: Path = ()
    words: bool = False
    data: bool = False


def node(value: Any, reading: Reading, place: Place = Place()) -> Node:
    """The shape of a value."""
    if (place.data and place.path not in reading.declared.keys) or len(place.path) > DEEPEST:
        return "data"
    if isinstance(value, dict):
        return of_object(value, reading, place)
    if isinstance(value, list):
        return of_array(value, reading, place)
    if isinstance(value, str):
        if value and (choices := reading.declared.choices.get(place.path)) is not None:
            return of_choice(value, choices, reading.own)
        if place.words and reading.error and value:
            return {"text": erase(value, reading.own)}
        return f"string:{text_format(value)}"
    return of_number(value)


def of_number(value: Any) -> Node:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer:seconds" if value in SECONDS else "integer:milliseconds" if value in MILLISECONDS else "integer"
    return "number:whole" if float(value).is_integer() else "number"


def of_choice(value: str, declared: frozenset[str], own: frozenset[str]) -> Node:
    """A declared value is kept; so is an undeclared one that has the form of such a word."""
    if value in declared:
        return {"enum": [value], "other": []}
    plain = VALUE.fullmatch(value) and len(value) <= LONGEST_VALUE and value not in own
    return {"enum": [], "other": [value if plain else "<other>"]}


def of_object(value: dict[str, Any], reading: Reading, place: Place) -> Node:
    path, last = place.path, place.path[-1] if place.path else ""
    # CouchDB's administrators, by their names
    people = all(isinstance(one, str) and (last == "admins" or one.startswith("-pbkdf2-")) for one in value.values())
    keys: dict[str, Node] = {}
    for key, member in value.items():
        data = is_data(key, reading, place)
        name = KEY if people or data else key_name(key, reading.own)
        under = path[-2] if key == "#text" and len(path) > 1 else key  # the text of an XML element
        words = under in WORDS or (last in BY_FIELD and not isinstance(member, dict))
        shown = node(member, reading, Place((*path, KEY if data else key), words, data))
        keys[name] = merge(keys[name], shown) if name in keys else shown
    chance = sorted(key for key in keys if reading.found and is_optional(key, reading.declared, path))
    return {"object": keys, **({"optional": chance} if chance else {})}


def is_optional(key: str, declared: Declared, path: Path) -> bool:
    return key in declared.optional.get(path, ()) or (path in declared.needed and key not in declared.needed[path])


def is_data(key: str, reading: Reading, place: Place) -> bool:
    """Whether a key comes from a project or a document, not from the API."""
    own = reading.declared.keys.get(place.path)
    return own is not None and key not in own


def of_array(value: list[Any], reading: Reading, place: Place) -> Node:
    elements: Node = None
    if len(value) >= ENOUGH:
        reading = replace(reading, found=False)  # what so many rows all have, or none, is no chance
    for number, element in enumerate(value):
        words = place.words and not isinstance(element, dict)
        shown = node(element, reading, Place((*place.path, "*"), words))
        elements = merge(elements, shown) if number else shown
    made = {"array": elements, "rows": rows_of(value)}
    if len(value) >= ENOUGH and (found := sort_keys(value, reading)) is not None:
        made["sorted"] = found
    return made


def rows_of(value: list[Any]) -> str:
    return str(len(value)) if len(value) < 2 else "many"


def sort_keys(rows: list[Any], reading: Reading) -> list[str] | None:
    """The members by which the rows are sorted, descending as `-name`; `.` stands for the rows themselves.

    Where the caller asked for an order it alone counts, for others may come along with it: ids that rise with time.
    None: the rows do not show that member, or too few of its values differ.
    """
    if all(isinstance(row, dict) for row in rows):
        columns = {key: [row.get(key) for row in rows] for key in rows[0] if key_name(key, reading.own) == key}
        if reading.order:
            asked = reading.order.removeprefix("-")
            columns = {key: values for key, values in columns.items() if key == asked}
    else:
        columns = {".": rows}
    found, unknown = [], bool(reading.order)
    for key, values in columns.items():
        if not scalars(values) or text_format(str(values[0])) == "revision":
            continue
        ways = [sign + key for sign, reverse in (("", False), ("-", True)) if is_sorted(values, reverse)]
        if len(set(values)) >= ENOUGH:
            found += ways
        unknown = unknown and len(set(values)) < ENOUGH and bool(ways)
    return None if unknown else sorted(found)


def is_sorted(values: list[Any], reverse: bool) -> bool:
    """Whether values are in order, with upper case before lower case or beside it."""
    folded = [value.casefold() if isinstance(value, str) else value for value in values]
    return any(sorted(one, reverse=reverse) == one for one in (values, folded))


def scalars(values: list[Any]) -> bool:
    """Whether values can be sorted: all are texts, or all are numbers."""
    return all(isinstance(value, str) for value in values) or all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def alternatives(shown: Node) -> list[Node]:
    return shown if isinstance(shown, list) else [] if shown is None else [shown]


def kind_of(shown: Node) -> str:
    """`object`, `array`, `text`, `enum`, or the scalar itself."""
    return shown if isinstance(shown, str) else next(iter(shown))


def merge(one: Node, other: Node) -> Node:
    """One shape for elements of an array of which some have the one shape and some the other."""
    if one == other and repr(one) == repr(other):  # the order of keys counts, too
        return one
    merged: dict[str, Node] = {}
    for shown in (*alternatives(one), *alternatives(other)):
        kind = kind_of(shown)
        name = f"text {shown['text']}" if kind == "text" else kind
        merged[name] = MERGERS[kind](merged[name], shown) if name in merged and kind in MERGERS else shown
    made = [merged[name] for name in sorted(merged)]
    return made[0] if len(made) == 1 else made


def merge_objects(one: Node, other: Node) -> Node:
    keys = dict(one["object"])
    for key, shown in other["object"].items():
        keys[key] = merge(keys[key], shown) if key in keys else shown
    optional = {*one.get("optional", ()), *other.get("optional", ()), *(one["object"].keys() ^ other["object"].keys())}
    unordered = "unordered" in one or "unordered" in other or common(one, other) != common(other, one)
    return {"object": keys, **({"optional": sorted(optional)} if optional else {}),
            **({"unordered": True} if unordered else {})}


def common(one: Node, other: Node) -> list[str]:
    """The keys of an object that the other has, too."""
    return [key for key in one["object"] if key in other["object"]]


def merge_arrays(one: Node, other: Node) -> Node:
    elements = [side["array"] for side in (one, other) if side["array"] is not None]
    made: Node = {"array": merge(*elements) if len(elements) == 2 else elements[0] if elements else None,
                  "rows": max(one["rows"], other["rows"])}  # "0" < "1" < "many"
    orders = [set(side["sorted"]) for side in (one, other) if "sorted" in side]
    return {**made, "sorted": sorted(set.intersection(*orders))} if orders else made


def merge_enums(one: Node, other: Node) -> Node:
    return {part: sorted({*one[part], *other[part]}) for part in ("enum", "other")}


MERGERS = {"object": merge_objects, "array": merge_arrays, "enum": merge_enums}


def is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def is_node(value: Any) -> bool:
    """Whether a value that was read from a file is a node throughout."""
    if isinstance(value, list):
        return bool(value) and all(not isinstance(one, list) and is_node(one) for one in value)
    match value:
        case str():
            return True
        case {"object": dict(members), **rest}:
            return (rest.keys() <= {"optional", "unordered"} and is_texts(rest.get("optional", []))
                    and rest.get("unordered", True) is True and all(map(is_node, members.values())))
        case {"array": element, "rows": "0" | "1" | "many", **rest}:
            return (rest.keys() <= {"sorted"} and is_texts(rest.get("sorted", []))
                    and (element is None or is_node(element)))
        case {"enum": values, "other": others, **rest}:
            return not rest and is_texts(values) and is_texts(others)
        case {"text": str(), **rest}:
            return not rest
    return False
