"""Ranges of rows by key, as bounds among all rows of a view."""

from __future__ import annotations

from typing import Any

from mocksrv.store import TOP, tree
from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.couch_api.lists.view_options import Options


def of_key(key: Any) -> tuple[tree.Bound, tree.Bound]:
    """The bounds of the rows of one key."""
    place = collation.key(key)
    return (place,), (place, TOP)


def bounds(found: Options) -> tuple[tree.Bound, tree.Bound | None]:
    """The lower bound (included) and upper bound (excluded) of a range; None sorts after all. Document ids count only
    together with a key.
    """
    down, inclusive = found.get("descending", False), found.get("inclusive_end", True)
    first, last = ("endkey", "startkey") if down else ("startkey", "endkey")
    low: tree.Bound = ()
    high: tree.Bound | None = None
    if first in found:
        beyond = down and not inclusive
        low = place_of(found, first, last_row=beyond)
    if last in found:
        high = place_of(found, last, last_row=down or inclusive)
    return low, high


def place_of(found: Options, name: str, last_row: bool) -> tree.Bound:
    """The bound before the first or after the last row of a key and, if given, of a document id."""
    place, id = collation.key(found[name]), found.get(f"{name}_docid")
    here: tree.Bound = (place,) if id is None else (place, id)
    return (*here, TOP) if last_row else here
