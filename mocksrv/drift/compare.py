"""How live answers differ from the mock's, by their shapes.

What merely depends on the data is no difference: null and a value, an empty list, a key that only some rows have,
a whole number where others are not, a text of another free format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from typing import Any

from mocksrv.drift.files import Document
from mocksrv.drift.formats import FREE, is_placeholder, is_time
from mocksrv.drift.json_shape import Node, alternatives, kind_of

KINDS = ("status", "field added", "field removed", "type", "enum", "header", "text", "order")
ABSENT = "-"
# These are counted for each answer; the others are one fact, however many answers show it.
BY_VALUE = {"status", "header", "text"}
NUMBER = re.compile("[0-9]+")
FORMAT = "format"  # of ids and the like, which depends on the data: a difference if all cases together show it
Key = tuple[str, ...]
Found = tuple[str, str, str, str]  # where, kind, mock, live


@dataclass(frozen=True)
class Difference:
    """One way in which an operation's live answers differ from the mock's. `where` is like a JSON pointer that begins
    with `/status`, `/headers` or `/body`; `*` is any element. `since`: date of the recording that first showed it."""

    vendor: str
    operation: str
    cases: tuple[str, ...]
    where: str
    kind: str
    mock: str
    live: str
    since: str

    @property
    def case(self) -> str:
        """The first of its cases."""
        return self.cases[0]

    @property
    def key(self) -> Key:
        """Its identity across reports."""
        values = (self.mock, self.live) if self.kind in BY_VALUE else ()
        return (self.vendor, self.operation, self.where, self.kind, *values)

    def describe(self) -> dict[str, Any]:
        """As plain data, for reports."""
        return {**asdict(self), "cases": list(self.cases)}


@dataclass(frozen=True)
class Unreached:
    """Cases that only one side has, which cannot be compared."""

    vendor: str
    operation: str
    missing_from: str  # "mock" or "live"
    cases: tuple[str, ...]


def compare(mock: Document, live: Document, since: Mapping[Key, str] | None = None) -> list[Difference]:
    """The differences of all cases that both sides have, by operation. `since`: dates of an earlier report, by key."""
    folded: dict[Key, Difference] = {}
    for operation, case in both(mock, live):
        mocks, lives = (side["operations"][operation][case] for side in (mock, live))
        for where, kind, ours, theirs in of_shapes(mocks, lives):
            if kind == FORMAT and met(mock, live, operation, where):
                continue
            if kind == "text" and counted(mock, where, ours, theirs):
                continue
            kind = "type" if kind == FORMAT else kind
            one = Difference(live["vendor"], operation, (case,), where, kind, ours, theirs, live["date"])
            seen = folded.setdefault(one.key, replace(one, since=(since or {}).get(one.key, one.since)))
            if case not in seen.cases:
                folded[one.key] = replace(seen, cases=(*seen.cases, case))
    return sorted(folded.values(), key=lambda one: (one.operation, KINDS.index(one.kind), one.where, one.mock))


def both(mock: Document, live: Document) -> Iterator[tuple[str, str]]:
    for operation, cases in sorted(mock["operations"].items()):
        for case in sorted(cases):
            if case in live["operations"].get(operation, {}):
                yield operation, case


def met(mock: Document, live: Document, operation: str, where: str) -> bool:
    """Whether both sides have a text format in common at a place, in any case that both have; or the mock has the live
    one elsewhere in a member of that name, such as `case_id`, which is of the same things wherever it stands.
    """
    seen: list[set[str]] = [set(), set()]
    for name, case in both(mock, live):
        if name == operation:
            for side, document in zip(seen, (mock, live), strict=True):
                body = document["operations"][operation][case]["body"]
                if isinstance(body, dict):
                    side |= merge_free({kind_of(one) for one in nodes_at(next(iter(body.values())), where)})
    if seen[0] & seen[1]:
        return True
    name = where.rpartition("/")[2]
    return len(name) > len("_id") and name.endswith("_id") and bool(seen[1]) and seen[1] <= merge_free({
        kind_of(one) for cases in mock["operations"].values() for case in cases.values()
        if isinstance(case["body"], dict) for one in named(next(iter(case["body"].values())), name)})


def counted(mock: Document, where: str, ours: str, theirs: str) -> bool:
    """Whether two texts differ by a number alone that counts somebody's data: the mock itself has others there, in any
    operation, such as how many pages there are.
    """
    plain = NUMBER.sub("#", ours)
    return plain == NUMBER.sub("#", theirs) and len({
        one["text"] for cases in mock["operations"].values() for case in cases.values()
        if isinstance(case["body"], dict) for one in nodes_at(next(iter(case["body"].values())), where)
        if kind_of(one) == "text" and NUMBER.sub("#", one["text"]) == plain}) > 1


def named(root: Node, name: str) -> Iterator[Node]:
    """The nodes of all members of that name."""
    for one in alternatives(root):
        if kind_of(one) == "array":
            yield from named(one["array"], name)
        elif kind_of(one) == "object":
            for key, below in one["object"].items():
                yield from alternatives(below) if key == name else named(below, name)


def nodes_at(root: Node, where: str) -> list[Node]:
    """The nodes at a place below `/body` that `of_nodes` has named."""
    found = alternatives(root)
    for step in where.split("/")[2:]:
        key = step.replace("~1", "/").replace("~0", "~")
        below = [one["object"].get(key) if kind_of(one) == "object" else one["array"]
                 for one in found if kind_of(one) in (("object", "array") if step == "*" else ("object",))]
        found = [one for side in below for one in alternatives(side)]
    return found


def unreached(mock: Document, live: Document) -> list[Unreached]:
    """The cases that cannot be compared."""
    notes = []
    for missing_from, have, lack in (("live", mock, live), ("mock", live, mock)):
        for operation, cases in sorted(have["operations"].items()):
            alone = tuple(sorted(cases.keys() - lack["operations"].get(operation, {}).keys()))
            if alone:
                notes.append(Unreached(have["vendor"], operation, missing_from, alone))
    return notes


def of_shapes(mock: Mapping[str, Any], live: Mapping[str, Any]) -> Iterable[Found]:
    """The differences of two shapes; with another status nothing else is compared."""
    if mock["status"] != live["status"]:
        return [("/status", "status", str(mock["status"]), str(live["status"]))]
    found = list(of_headers(mock["headers"], live["headers"]))
    kinds = [body if isinstance(body, str) else next(iter(body)) for body in (mock["body"], live["body"])]
    if kinds[0] == kinds[1]:
        return [*found, *of_bodies(kinds[0], mock["body"], live["body"])]
    if all(where != "/headers/content-type" for where, *_ in found):  # which would say it already
        found.append(("/body", "type", kinds[0], kinds[1]))
    return found


def of_headers(mock: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[Found]:
    for name in sorted(mock.keys() | live.keys()):
        ours, theirs = mock.get(name, ABSENT), live.get(name, ABSENT)
        if isinstance(ours, list) or isinstance(theirs, list):
            yield from of_cookies(f"/headers/{name}", mock.get(name, []), live.get(name, []))
        elif ours != theirs:
            yield f"/headers/{name}", "header", ours, theirs


def of_cookies(where: str, mock: list[str], live: list[str]) -> Iterator[Found]:
    ours, theirs = ({cookie.partition("=")[0]: cookie for cookie in side} for side in (mock, live))
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield f"{where}/{name}", "header", ours.get(name, ABSENT), theirs.get(name, ABSENT)


def of_bodies(kind: str, mock: Any, live: Any) -> Iterator[Found]:
    if kind == "text":
        if mock["text"] != live["text"]:
            yield "/body", "text", mock["text"], live["text"]
    elif not isinstance(mock, str):
        yield from of_nodes("/body", mock[kind], live[kind])
        if mock.get("namespaces") != live.get("namespaces"):
            yield "/body", "type", " ".join(mock.get("namespaces", ())), " ".join(live.get("namespaces", ()))


def of_nodes(where: str, mock: Node, live: Node) -> Iterator[Found]:
    """Differences of two nodes; each may be of several kinds, or of none when a list was empty."""
    ours, theirs = ({kind_of(one): one for one in alternatives(side)} for side in (mock, live))
    groups = [{group_of(kind) for kind in side} - {"null", "data"} for side in (ours, theirs)]
    if disjoint(groups):
        yield where, "type", shown(mock), shown(live)
        return
    if "object" in ours and "object" in theirs:
        yield from of_objects(where, ours["object"], theirs["object"])
    if "array" in ours and "array" in theirs:
        yield from of_arrays(where, ours["array"], theirs["array"])
    if ways_differ([set(ours), set(theirs)]):
        yield where, "type", shown(mock), shown(live)
    elif disjoint([merge_free(set(side)) for side in (ours, theirs)]):
        yield where, FORMAT, shown(mock), shown(live)
    if "enum" in ours and "enum" in theirs and ours["enum"]["other"] != theirs["enum"]["other"]:
        yield where, "enum", shown(ours["enum"]), shown(theirs["enum"])
    texts = [sorted(one["text"] for one in alternatives(side) if kind_of(one) == "text") for side in (mock, live)]
    if texts[0] and texts[1] and texts[0] != texts[1]:
        yield where, "text", "; ".join(texts[0]), "; ".join(texts[1])


def group_of(kind: str) -> str:
    """The JSON type of a kind of node."""
    name = kind.partition(":")[0]
    return {"text": "string", "enum": "string", "integer": "number"}.get(name, name)


def formats(side: set[str]) -> set[str]:
    """The formats of texts among scalars."""
    return {kind.partition(":")[2] for kind in side if kind.startswith("string:")}


def merge_free(side: set[str]) -> set[str]:
    """The formats of texts, with all free formats merged into one."""
    return {"free" if one in FREE else one for one in formats(side) - {"empty"}}


def ways_differ(sides: list[set[str]]) -> bool:
    """Whether two sets of scalars use different notations of times, dates or numbers."""
    times = [{one for one in formats(side) if is_time(one)} for side in sides]
    if all(times) and times[1] - times[0]:
        return True
    texts = [merge_free(side) for side in sides]
    if disjoint(texts) and any(is_time(one) or one == "date" for side in texts for one in side):
        return True
    # 3.0 and 3 are two notations of one number, 3 and 3.5 are two numbers. Seconds are not milliseconds.
    numbers = [{kind for kind in side if group_of(kind) == "number"} for side in sides]
    written = [{kind.startswith("integer") for kind in side if kind != "number"} for side in numbers]
    units = [side & {"integer:seconds", "integer:milliseconds"} for side in numbers]
    return disjoint(written) or disjoint(units)


def disjoint(sides: Sequence[Set[object]]) -> bool:
    """Whether both have members, but none in common."""
    return bool(sides[0] and sides[1]) and not sides[0] & sides[1]


def of_objects(where: str, mock: Node, live: Node) -> Iterator[Found]:
    ours, theirs = mock["object"], live["object"]
    for key in ours.keys() - theirs.keys() - set(mock.get("optional", ())):
        if not is_placeholder(key):
            yield f"{where}/{escape(key)}", "field removed", shown(ours[key]), ABSENT
    for key in theirs.keys() - ours.keys() - set(live.get("optional", ())):
        if not is_placeholder(key):
            yield f"{where}/{escape(key)}", "field added", ABSENT, shown(theirs[key])
    for key in ours:
        if key in theirs:
            yield from of_nodes(f"{where}/{escape(key)}", ours[key], theirs[key])
    if "unordered" in mock or "unordered" in live:
        return
    some = {*mock.get("optional", ()), *live.get("optional", ()), *(ours.keys() ^ theirs.keys())}
    orders = [[key for key in side if key not in some and not is_placeholder(key)] for side in (ours, theirs)]
    if orders[0] != orders[1]:
        yield where, "order", ", ".join(orders[0]), ", ".join(orders[1])


def of_arrays(where: str, mock: Node, live: Node) -> Iterator[Found]:
    if mock["array"] is not None and live["array"] is not None:
        yield from of_nodes(f"{where}/*", mock["array"], live["array"])
    ours, theirs = mock.get("sorted"), live.get("sorted")
    if ours and theirs is not None and not set(ours) & set(theirs):
        yield where, "order", f"by {', '.join(ours)}", f"by {', '.join(theirs)}" if theirs else "by none of its members"


def shown(side: Node) -> str:
    """A node in a few words."""
    words = []
    for one in alternatives(side):
        kind = kind_of(one)
        if kind == "enum":
            words.append(", ".join([*one["enum"], *one["other"]]))
        else:
            words.append(one["text"] if kind == "text" else kind.replace(":", " ", 1))
    return " or ".join(dict.fromkeys(words)) or "nothing"


def escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
