"""The plan of a `_find` query: its normal form, its ranges, and the best index.

CouchDB 3.3 source, mango_selector, mango_idx_view, mango_cursor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.couch_api.find.selectors import BadQuery

Selector = dict[str, Any]
COMPARED = frozenset(("$lt", "$lte", "$eq", "$gte", "$gt"))
NEGATED = {"$lt": "$gte", "$lte": "$gt", "$eq": "$ne", "$ne": "$eq", "$gte": "$lt", "$gt": "$lte", "$in": "$nin",
           "$nin": "$in"}
IMPLICIT = frozenset(("_id", "_rev"))  # that every document has
NO_OPERATION = frozenset(("$all", "$and", "$or", "$in"))
LOWEST, HIGHEST = b"", b"\xff"  # sort before and after all other values


# --- normal form ---------------------------------------------------------------------------------------------


def normal(selector: Selector, path: str = "") -> Selector:
    """The selector with one member in each object: operators explicit, fields by their whole path, `$not` undone."""
    if len(selector) > 1:
        return {"$and": [normal({name: value}, path) for name, value in selector.items()]}
    for name, value in selector.items():
        if name in ("$and", "$or", "$nor") and isinstance(value, list):
            parts = [normal(one, path) for one in value if isinstance(one, dict)]
            return {"$and": [negation(one) for one in parts]} if name == "$nor" else {name: parts}
        if name == "$not" and isinstance(value, dict):
            return negation(normal(value, path))
        if name.startswith("$"):
            return {path: {name: value}} if path else {name: value}
        inner = f"{path}.{name}" if path else name
        return normal(value, inner) if isinstance(value, dict) and value else {inner: {"$eq": value}}
    return {}


def negation(selector: Selector) -> Selector:
    """The opposite of a selector in normal form: the field must exist for it, too."""
    for name, value in selector.items():
        if name in ("$and", "$or"):
            return {"$or" if name == "$and" else "$and": [negation(one) for one in value]}
        if name in NEGATED:
            return {NEGATED[name]: value}
        if name == "$exists":
            return {name: not value}
        if name == "$not":
            return dict(value)
        return {"$not": selector} if name.startswith("$") else {name: negation(value)}
    return selector


def fields_of(selector: Selector) -> Iterator[tuple[str, Selector]]:
    """Each field that a document must meet, with its condition."""
    for name, value in selector.items():
        if name == "$and":
            for one in value:
                yield from fields_of(one)
        elif not name.startswith("$"):
            yield name, value


def required(selector: Selector) -> set[str]:
    """The fields that a matching document must have."""
    found = {name for name, value in fields_of(selector) if value != {"$exists": False}}
    for one in selector.get("$and", [selector]):
        if one.get("$or"):
            found |= set.intersection(*(required(part) for part in one["$or"]))
    return found


# --- ranges --------------------------------------------------------------------------------------------------


class Range(NamedTuple):
    """The range of a field's values that the conditions allow: sort keys, and the values at both ends."""

    low: bytes = LOWEST
    high: bytes = HIGHEST
    start: Any = None
    end: Any = None
    open: frozenset[str] = frozenset()
    """Which ends are not part of it."""

    def narrowed(self, operator: str, value: Any) -> Range:
        place = collation.key(value)
        low, high, start, end, ends = self.low, self.high, self.start, self.end, set(self.open)
        if operator in ("$eq", "$gte", "$gt") and place >= low:
            ends -= {"low"} if place > low else set()
            low, start = place, value
            ends |= {"low"} if operator == "$gt" else set()
        if operator in ("$eq", "$lte", "$lt") and place <= high:
            ends -= {"high"} if place < high else set()
            high, end = place, value
            ends |= {"high"} if operator == "$lt" else set()
        # An equality outside of the range leaves nothing.
        outside = operator == "$eq" and not self.low <= place <= self.high
        return Range(HIGHEST, LOWEST) if outside else Range(low, high, start, end, frozenset(ends))

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and bool(self.open))


def ranges(selector: Selector) -> dict[str, Range]:
    """The range of each compared field; if one is empty, only the first such."""
    found: dict[str, Range] = {}
    for name, value in sorted(fields_of(selector), key=lambda pair: pair[0]):
        for operator, argument in value.items():
            if operator in COMPARED:
                found[name] = found.get(name, Range()).narrowed(operator, argument)
    return next(({name: one} for name, one in found.items() if one.empty), found)


def ends(chosen: list[Range]) -> tuple[list[Any], list[Any]]:
    """The first key of an index and the beginning of the last one."""
    start: list[Any] = []
    end: list[Any] = []
    for one in chosen:
        if one.low == LOWEST:
            break
        start.append(one.start)
    for one in chosen:
        if one.high == HIGHEST:
            break
        end.append(one.end)
    return start, end


# --- the choice of an index ----------------------------------------------------------------------------------


class Index(NamedTuple):
    """An index as listed, with its partial filter."""

    ddoc: str | None
    name: str
    fields: dict[str, str]
    filter: Selector | None = None

    @property
    def special(self) -> bool:
        """Whether it is the built-in index of all documents by id."""
        return self.ddoc is None

    @property
    def columns(self) -> list[str]:
        return list(self.fields)

    def shown(self) -> dict[str, Any]:
        definition: dict[str, Any] = {"fields": [{field: way} for field, way in self.fields.items()]}
        if self.filter:
            definition["partial_filter_selector"] = self.filter
        kind = {"type": "special"} if self.special else {"type": "json", "partitioned": False}
        return {"ddoc": self.ddoc, "name": self.name, **kind, "def": definition}

    def usable(self, selector: Selector, sort: list[str]) -> bool:
        """Whether it contains all matching documents, in the wanted order."""
        if self.special:
            return not sort or ("_id" in ranges(selector) and self.sorts(selector, sort))
        wanted = set(self.columns) - set(sort) - IMPLICIT
        # An empty selector requires no fields.
        return (bool(selector) or not wanted) and wanted <= required(selector) and (
            not sort or self.sorts(selector, sort))

    def sorts(self, selector: Selector, sort: list[str]) -> bool:
        """Whether the index has the wanted order; fields with a single value do not matter."""
        constant = {name for name, value in fields_of(selector) if "$eq" in value}
        columns = self.columns
        while columns and columns[0] != sort[0] and columns[0] in constant:
            columns = columns[1:]
        return columns[: len(sort)] == sort


ALL_DOCS = Index(None, "_all_docs", {"_id": "asc"})


@dataclass(frozen=True)
class Plan:
    """The index for a query, and its ranges: None if nothing can match."""

    index: Index
    ranges: list[Range] | None


def plan(indexes: list[Index], selector: Selector, sort: list[str], use: list[str]) -> Plan:
    """The best index for a selector in normal form. `use` names a design document, and perhaps an index, to prefer.

    Raises BadQuery.
    """
    usable = [one for one in indexes if (not one.filter or named(one, use)) and one.usable(selector, sort)]
    if not usable:
        raise BadQuery("no_usable_index", "No index exists for this sort, try indexing by the sort fields.")
    usable = [one for one in usable if named(one, use)] or usable
    usable = [one for one in usable if not one.special] or usable
    limits = ranges(selector)

    def prefix(index: Index) -> list[Range]:
        found = []
        for column in index.columns:
            if column not in limits:
                break
            found.append(limits[column])
        return found

    best = min(usable, key=lambda one: (len(limits) - len(prefix(one)), len(one.columns), one.ddoc or "", one.name))
    chosen = prefix(best)
    hopeless = any(one.empty for one in chosen) or any(name in NO_OPERATION and not value
                                                       for name, value in selector.items())
    return Plan(best, None if hopeless else chosen)


def named(index: Index, use: list[str]) -> bool:
    """Whether `use_index` names it."""
    return bool(use) and index.ddoc == f"_design/{use[0].removeprefix('_design/')}" and use[1:] in ([], [index.name])
