"""Django's lookups in query parameters, `created_at__gte=...`, as tastypie's model resources take them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request, failed

MISMATCH = "Invalid resource lookup data provided (mismatched type)."
Test = Callable[[Mapping[str, Any]], bool]

# Lookups that compare the stored value with the parameter, both as texts or both as numbers.
LOOKUPS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": lambda a, b: a == b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "iexact": lambda a, b: str(a).lower() == str(b).lower(),
    "contains": lambda a, b: str(b) in str(a),
    "icontains": lambda a, b: str(b).lower() in str(a).lower(),
    "startswith": lambda a, b: str(a).startswith(str(b)),
    "istartswith": lambda a, b: str(a).lower().startswith(str(b).lower()),
    "endswith": lambda a, b: str(a).endswith(str(b)),
    "iendswith": lambda a, b: str(a).lower().endswith(str(b).lower()),
}
LISTS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "in": lambda a, b: a in b,
    "range": lambda a, b: len(b) == 2 and b[0] <= a <= b[1],
}
PARTS = {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}
PATIENCE = 0.5  # seconds for one match of a pattern
TERMS = {*LOOKUPS, *LISTS, *PARTS, "isnull", "regex", "iregex"}
ALL = frozenset(TERMS)
EXACT = frozenset(("exact",))


def text(value: str) -> str:
    return value


def tests(call: Call, known: Iterable[str], allowed: Mapping[str, tuple[frozenset[str], Callable[[str], Any]]],
          ) -> list[Test]:
    """The conditions in the query: `known` fields, and of them the `allowed` ones with their lookups and reader.

    Parameters of unknown fields are passed over. Raises tastypie's refusals.
    """
    found = []
    for name, value in dict(call.query).items():
        field, *rest = name.split("__")
        if field not in known:
            continue
        lookup = rest.pop() if rest and rest[-1] in TERMS else "exact"
        if field not in allowed:
            raise bad_request(f"The '{field}' field does not allow filtering.")
        lookups, read = allowed[field]
        if lookup not in lookups:
            raise bad_request(f"'{lookup}' is not an allowed filter on the '{field}' field.")
        if rest:
            raise bad_request(f"The '{field}' field does not support relations.")
        try:
            found.append(condition(field, lookup, value, read))
        except ValueError:
            raise bad_request(MISMATCH) from None
    return found


def finds(pattern: str, text: str, any_case: bool) -> bool:
    """Whether a pattern out of a query is in a text. PostgreSQL's matcher never runs away; a backtracking one may."""
    import regex

    try:
        return regex.search(pattern, text, regex.IGNORECASE if any_case else 0, timeout=PATIENCE) is not None
    except TimeoutError:
        raise failed("the database gives up on this pattern") from None
    except regex.error:
        raise bad_request(MISMATCH) from None


def condition(field: str, lookup: str, value: str, read: Callable[[str], Any]) -> Test:
    """One condition. Raises ValueError for a value that is not of the field's type."""
    if lookup == "isnull":
        wanted = value.lower() in ("true", "1")
        return lambda doc: (doc[field] is None) is wanted
    if lookup in PARTS:
        part, number = PARTS[lookup], int(value)
        return lambda doc: bool(doc[field]) and int(doc[field][part]) == number
    if lookup in ("regex", "iregex"):
        finds(value, "", any_case=False)  # whether it is a pattern at all, also where there is nothing to search
        return lambda doc: doc[field] is not None and finds(value, str(doc[field]), lookup == "iregex")
    if lookup in LISTS:
        items, matches = [read(part) for part in value.split(",")], LISTS[lookup]
        return lambda doc: doc[field] is not None and matches(typed(doc[field], read), items)
    if value.lower() in ("none", "null") and lookup == "exact":
        return lambda doc: doc[field] is None
    wanted_value, compare = read(value), LOOKUPS[lookup]
    return lambda doc: doc[field] is not None and compare(typed(doc[field], read), wanted_value)


def typed(stored: Any, read: Callable[[str], Any]) -> Any:
    """A stored value as it is compared: numbers are stored as text with ten decimals."""
    return float(stored) if read is float else stored


moment = dates.parse_iso
