"""Django's lookups in query parameters, `created_at__gte=...`, as tastypie's model resources take them.

Source: tastypie/resources.py (build_filters, check_filtering), django/db/models/lookups.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from tinydb import where
from tinydb.queries import QueryInstance

from mocksrv import patterns
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates, model_fields
from mocksrv.vendors.commcare.errors import bad_request, failed

MISMATCH = "Invalid resource lookup data provided (mismatched type)."
CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "nil": None, "none": None, "None": None}

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": lambda a, b: a == b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}
# Lookups that compare texts, whatever the field's type.
TEXTS: dict[str, Callable[[str, str], bool]] = {
    "iexact": lambda a, b: a.lower() == b.lower(),
    "contains": lambda a, b: b in a,
    "icontains": lambda a, b: b.lower() in a.lower(),
    "startswith": lambda a, b: a.startswith(b),
    "istartswith": lambda a, b: a.lower().startswith(b.lower()),
    "endswith": lambda a, b: a.endswith(b),
    "iendswith": lambda a, b: a.lower().endswith(b.lower()),
}
# Lookups of a part of a moment, as a number.
PARTS: dict[str, Callable[[str], int]] = {
    "year": lambda text: int(text[:4]), "month": lambda text: int(text[5:7]), "day": lambda text: int(text[8:10]),
    "hour": lambda text: int(text[11:13]), "minute": lambda text: int(text[14:16]),
    "second": lambda text: int(text[17:19]), "quarter": lambda text: (int(text[5:7]) + 2) // 3,
    "week": lambda text: day_of(text).isocalendar().week, "iso_year": lambda text: day_of(text).isocalendar().year,
    "iso_week_day": lambda text: day_of(text).isoweekday(), "week_day": lambda text: day_of(text).isoweekday() % 7 + 1,
}
COMMON = frozenset((*COMPARISONS, *TEXTS, "in", "range", "isnull", "regex", "iregex"))
ALL = COMMON | {"date", *PARTS}  # tastypie's word for: every lookup of the field
EXACT = frozenset(("exact",))


class Kind(NamedTuple):
    """A kind of model field: the lookups that Django has for it, and how it reads a value and what is stored."""

    lookups: frozenset[str]
    read: Callable[[Any], Any]
    stored: Callable[[Any], Any] = lambda value: value


def day_of(text: str) -> date:
    return date.fromisoformat(text[:10])


def moment_of(value: Any) -> str:
    try:
        return dates.text(model_fields.moment_of(value))
    except OverflowError:
        raise failed("the moment is beyond what Python's dates reach") from None


TEXT = Kind(COMMON, str)
MOMENT = Kind(ALL, moment_of)
NUMBER = Kind(COMMON, model_fields.decimal_of, model_fields.decimal_of)


def tests(pairs: Iterable[tuple[str, str]], known: Mapping[str, Kind], allowed: Mapping[str, frozenset[str]],
          ) -> list[QueryInstance]:
    """The conditions in a query: of the `known` fields the `allowed` ones, each with its lookups.

    Parameters of unknown fields are ignored, and the last one of a name counts. Raises the refusals of tastypie.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    found = []
    for name, values in given.items():
        field, *rest = name.split("__")
        if field not in known:
            continue
        lookup = rest.pop() if rest and rest[-1] in known[field].lookups else "exact"
        if field not in allowed:
            raise bad_request(f"The '{field}' field does not allow filtering.")
        if lookup not in allowed[field]:
            raise bad_request(f"'{lookup}' is not an allowed filter on the '{field}' field.")
        if rest:
            raise bad_request(f"The '{field}' field does not support relations.")
        if field != "domain":  # HQ puts the domain of the path there
            found.append(condition(field, lookup, values, known[field]))
    return found


def condition(field: str, lookup: str, values: list[str], kind: Kind) -> QueryInstance:
    """One condition. Raises a 400 for a value that is not of the field's type, and what HQ does not handle."""
    value: Any = CONSTANTS.get(values[-1], values[-1])
    if lookup == "isnull":
        if not isinstance(value, bool):
            raise failed("isnull takes true or false")
        return where(field).test(lambda held: (held is None) is value)
    if value is None:
        if lookup != "exact":
            raise bad_request(MISMATCH)
        return where(field).test(lambda held: held is None)
    if lookup in ("in", "range"):
        parts = [kind.read(part) for one in values for part in one.split(",")] if value != "" else [kind.read("")]
        return members(field, lookup, parts, kind)
    if lookup in ("regex", "iregex"):
        finds(str(value), "", any_case=False)  # whether it is a pattern at all, also where there is nothing to search
        return holding(field, lambda held: finds(str(value), str(held), lookup == "iregex"))
    if lookup in TEXTS:
        return holding(field, lambda held: TEXTS[lookup](str(held), str(value)))
    if lookup in PARTS:
        number = whole(value)
        return holding(field, lambda held: PARTS[lookup](held) == number)
    if lookup == "date":
        day = model_fields.day_of(value)
        return holding(field, lambda held: day_of(held) == day)
    wanted = kind.read(value)
    return holding(field, lambda held: COMPARISONS[lookup](kind.stored(held), wanted))


def holding(field: str, test: Callable[[Any], bool]) -> QueryInstance:
    """What has the field, and a value there that passes the test."""
    return where(field).test(lambda held: held is not None and test(held))


def members(field: str, lookup: str, parts: list[Any], kind: Kind) -> QueryInstance:
    if lookup == "in":
        return holding(field, lambda held: kind.stored(held) in parts)
    if len(parts) != 2:
        raise failed("a range has two ends")
    return holding(field, lambda held: parts[0] <= kind.stored(held) <= parts[1])


def whole(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise bad_request(MISMATCH) from None


def finds(pattern: str, text: str, any_case: bool) -> bool:
    """Whether a pattern out of a query is in a text. PostgreSQL's always ends; a backtracking matcher may not."""
    try:
        return patterns.compiled(pattern, any_case=any_case)(text)
    except TimeoutError:
        raise failed("the database gives up on this pattern") from None
    except patterns.BadPattern:
        raise failed("the database does not take this pattern") from None


def ordering(call: Call, known: Iterable[str], sortable: Iterable[str]) -> list[tuple[str, bool]]:
    """The fields to sort by, the most important first, and whether downwards. Raises tastypie's refusals."""
    names = [value for name, value in call.query if name == "order_by"] or [
        value for name, value in call.query if name == "sort_by"]
    found = []
    for name in names:
        down = name.startswith("-")
        bare = name[down:].partition("__")[0]
        if bare not in known:
            raise bad_request(f"No matching '{bare}' field for ordering on.")
        if bare not in sortable:
            raise bad_request(f"The '{bare}' field does not allow ordering.")
        found.append((bare, down))
    return found
