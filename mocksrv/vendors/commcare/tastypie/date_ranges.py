"""Date ranges with dots, `last_modified.gte=...`, which several resources take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request, view_failed

if TYPE_CHECKING:
    from mocksrv.world import World

COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b, "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b,
}


def dotted_ranges(call: Call, names: Iterable[str], refuse: Callable[[str], Refusal] = bad_request,
                  whole_days: bool = False, parse: Callable[[str], str] = dates.parse_iso,
                  ) -> list[tuple[str, Callable[[str], bool]]]:
    """Field and test of every range in the query. With `whole_days`, a date alone in `lte` lasts until midnight.

    Raises `refuse(text)` for an unknown comparison or a date that cannot be read.
    """
    found = []
    for name, value in call.query:
        field, dot, word = name.partition(".")
        if not dot or field not in names:
            continue
        if word not in COMPARISONS:
            raise refuse(f"'{word}' is not a valid type of date range.")
        try:
            bound = parse(value)
        except ValueError:
            raise refuse(f"Cannot parse datetime '{value}'") from None
        if whole_days and word == "lte" and len(value.strip()) == 10:
            bound = bound[:11] + "23:59:59.999999Z"
        found.append((field, within(COMPARISONS[word], bound)))
    return found


def loose_bound(world: World, value: str) -> str:
    """A bound as corehq/apps/api/util.py (make_date_filter) reads it, with dateutil. Raises ValueError, and 500."""
    try:
        return dates.text(dates.parse_loosely(value, world.clock.now()))
    except ArithmeticError:
        raise view_failed(f"dateutil fails on {value!r}") from None


def within(compare: Callable[[str, str], bool], bound: str) -> Callable[[str], bool]:
    return lambda stored: compare(stored, bound)
