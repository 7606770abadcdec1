"""Django's lookups in query parameters, `created_at__gte=...`, as tastypie's model resources take them.

Source: tastypie/resources.py (build_filters, check_filtering), django/db/models/lookups.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from typing import Any, NamedTuple

from tinydb import where

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
# Lookups of the day or the time of a moment; lists can be sorted by them and by a part.
HALVES: dict[str, Callable[[str], date | time]] = {
    "date": lambda text: day_of(text), "time": lambda text: time.fromisoformat(text[11:26])}
READ: dict[str, Callable[[Any], date | time]] = {"date": model_fields.day_of, "time": model_fields.time_of}
YEARS = {"year": range(1, 10000), "iso_year": range(1, 9999)}  # for others Django finds no first and last day
COMMON = frozenset((*COMPARISONS, *TEXTS, "in", "range", "isnull", "regex", "iregex"))
ALL = COMMON | {*HALVES, *PARTS}  # tastypie's word for: every lookup of the field
EXACT = frozenset(("exact",))

Doc = Mapping[str, Any]
Test = Callable[[Doc], bool]


class Kind(NamedTuple):
    """A kind of model field: the lookups that Django has for it, how it reads a value and what is stored, and what the
    database makes of that where it compares texts.
    """

    lookups: frozenset[str]
    read: Callable[[Any], Any]
    stored: Callable[[Any], Any] = lambda value: value
    text: Callable[[Any], str] = str


def day_of(text: str) -> date:
    return date.fromisoformat(text[:10])


def moment_of(value: Any) -> str:
    try:
        return dates.text(model_fields.moment_of(value))
    except OverflowError:
        raise failed("the moment is beyond what Python's dates reach") from None


TEXT = Kind(COMMON, str)
MOMENT = Kind(ALL, moment_of, text=lambda stored: str(dates.python(stored)))
NUMBER = Kind(COMMON, model_fields.number_of, model_fields.number_of)


def tests(pairs: Iterable[tuple[str, str]], known: Mapping[str, Kind], allowed: Mapping[str, frozenset[str]],
          ) -> list[Test]:
    """The conditions in a query: of the `known` fields the `allowed` ones, each with its lookups.

    Parameters of unknown fields are ignored; of those of a name, and of one lookup, the last counts. Raises the
    refusals of tastypie; what the database refuses is a condition that fails, and comes first.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    checked: dict[tuple[str, str], list[str]] = {}
    for name, values in given.items():
        field, *rest = name.split("__")
        if field == "resource_uri" and field in known:
            raise bad_request("The 'resource_uri' field is not a valid field name")
        if field not in known:
            continue
        lookup = rest.pop() if rest and rest[-1] in known[field].lookups else "exact"
        if field not in allowed:
            raise bad_request(f"The '{field}' field does not allow filtering.")
        if lookup not in allowed[field]:
            raise bad_request(f"'{lookup}' is not an allowed filter on the '{field}' field.")
        if rest:
            raise bad_request(f"The '{field}' field does not support relations.")
        if lookup in ("in", "range") and values[-1] in CONSTANTS:
            raise failed(f"{values[-1]} is no text with commas")
        checked[field, lookup] = values
    # Django sorts what it is given before it looks at the values.
    found = [condition(field, lookup, values, known[field]) for (field, lookup), values in sorted(checked.items())]
    return sorted(found, key=lambda test: not isinstance(test, Refused))


class Refused:
    """A condition, or an order, that the database refuses once it is asked, after all of tastypie's own checks."""

    def __init__(self, why: str) -> None:
        self.why = why

    def __call__(self, doc: Doc) -> bool:
        raise failed(self.why)


def condition(field: str, lookup: str, values: list[str], kind: Kind) -> Test:
    """One condition. Raises a 400 for a value that is not of the field's type, and what HQ does not handle."""
    if lookup in ("in", "range"):
        return members(field, lookup, values, kind)
    value: Any = CONSTANTS.get(values[-1], values[-1])
    if value is None:
        if lookup not in ("exact", "iexact", *HALVES, *PARTS):
            raise bad_request(MISMATCH)
        return where(field).test(lambda held: held is None)
    if lookup == "isnull":
        if not isinstance(value, bool):
            return Refused("isnull takes true or false")
        return where(field).test(lambda held: (held is None) is value)
    if lookup in ("regex", "iregex"):
        return matching(field, value, kind, lookup == "iregex")
    if lookup in TEXTS:
        return holding(field, lambda held: TEXTS[lookup](kind.text(held), str(value)))
    if lookup in PARTS:
        number = whole(value)
        if number not in YEARS.get(lookup, (number,)):
            return Refused(f"there is no year {number}")
        return holding(field, lambda held: PARTS[lookup](held) == number)
    if lookup in HALVES:
        half = READ[lookup](value)
        return holding(field, lambda held: HALVES[lookup](held) == half)
    wanted = kind.read(value)
    return holding(field, lambda held: COMPARISONS[lookup](kind.stored(held), wanted))


def holding(field: str, test: Callable[[Any], bool]) -> Test:
    """What has the field, and a value there that passes the test."""
    return where(field).test(lambda held: held is not None and test(held))


def members(field: str, lookup: str, values: list[str], kind: Kind) -> Test:
    """A condition of several values, with commas. Raises the 400 of `condition`."""
    parts = [kind.read(part) for one in values for part in one.split(",")] if values[-1] else []
    if lookup == "in":
        return holding(field, lambda held: kind.stored(held) in parts)
    if len(parts) != 2:
        return Refused("a range has two ends")
    return holding(field, lambda held: parts[0] <= kind.stored(held) <= parts[1])


def matching(field: str, pattern: Any, kind: Kind, any_case: bool) -> Test:
    if isinstance(pattern, bool):
        return Refused("the database does not match with a truth value")
    try:
        patterns.compiled(pattern, any_case=any_case)("")
    except (TimeoutError, patterns.BadPattern):
        return Refused("the database does not take this pattern")
    return holding(field, lambda held: finds(pattern, kind.text(held), any_case))


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


def ordering(call: Call, known: Iterable[str], sortable: Iterable[str]) -> list[tuple[Callable[[Doc], Any], bool]]:
    """What to sort by, the most important first, and whether downwards. Raises tastypie's refusals."""
    names = [value for name, value in call.query if name == "order_by"] or [
        value for name, value in call.query if name == "sort_by"]
    found = []
    for name in names:
        down = name.startswith("-")
        bare, *rest = name[down:].split("__")
        if bare not in known:
            raise bad_request(f"No matching '{bare}' field for ordering on.")
        if bare not in sortable:
            raise bad_request(f"The '{bare}' field does not allow ordering.")
        found.append((sort_key(bare, rest), down))
    return found


def sort_key(field: str, rest: list[str]) -> Callable[[Doc], Any]:
    """A field, or what is taken out of it, as in `last_modified__year`."""
    if not rest:
        return lambda doc: str(doc[field])
    part = {**PARTS, **HALVES}.get("__".join(rest))
    return Refused(f"the database cannot sort by {rest}") if part is None else lambda doc: part(doc[field])
