"""The reduced rows of a view: what a reduce function makes of all, of each key, or of each prefix of a key.

CouchDB 3.3 source, couch_query_servers (builtin_reduce), couch_mrview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce as fold
from itertools import islice, zip_longest
from typing import Any

from mocksrv.store import TOP, tree
from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.couch import collation, erlang
from mocksrv.vendors.cht.couch.view_index import Reduce, Rows, parsed
from mocksrv.vendors.cht.couch_api.lists import view_options
from mocksrv.vendors.cht.couch_api.lists.ranges import bounds, of_key
from mocksrv.vendors.cht.couch_api.lists.view_options import EXACT, Options
from mocksrv.vendors.cht.node import json_text

NO_SUM = (
    "The _sum function requires that map values be numbers, arrays of numbers, or objects. Objects cannot be mixed "
    "with other data structures. Objects can be arbitrarily nested, provided that the values for all fields are "
    "themselves numbers, arrays of numbers, or objects.")


def reduced(rows: Rows, how: Reduce | None, found: Options) -> Iterator[bytes]:
    """One row for all; with `group` one for each key, with `group_level` one for each prefix of a key."""
    reduce = how if callable(how) else REDUCES[str(how)]
    level = view_options.group_level(found)
    spans = [of_key(key) for key in found["keys"]] if "keys" in found else [bounds(found)]
    down, skip = found.get("descending", False), found.get("skip", 0)
    runs = (run for low, high in spans for run in groups(rows, low, high, None if level == EXACT else level, down))
    for head, start, end in islice(runs, skip, skip + found["limit"] if "limit" in found else None):
        yield json_text.dumps({"key": head, "value": reduce(rows, start, end)})


def stats(rows: Rows, start: int, end: int) -> dict[str, Any]:
    """CouchDB's `_stats`."""
    found = values(rows, start, end)
    if (wrong := next((value for value in found if not is_number(value)), None)) is not None:
        errors.couch(500, "invalid_value", "The _stats function requires that map values be numbers or arrays of "
                                           f"numbers, not '{erlang.term(wrong, pretty=True)}'")
    return {"sum": sum(found), "count": len(found), "min": min(found), "max": max(found),
            "sumsqr": sum(value * value for value in found)}


def total(rows: Rows, start: int, end: int) -> Any:
    """CouchDB's `_sum`: of numbers, of arrays place by place, of objects member by member."""
    found = values(rows, start, end)
    return fold(added, found, {} if isinstance(found[0], dict) else 0)


def added(one: Any, other: Any) -> Any:
    if is_number(one) and is_number(other):
        return one + other
    if isinstance(one, dict) and isinstance(other, dict):
        return one | {name: added(one[name], value) if name in one else value for name, value in other.items()}
    pair = [[value] if is_number(value) else value for value in (one, other)]
    if not all(isinstance(value, list) and all(map(is_number, value)) for value in pair):
        errors.couch(500, "builtin_reduce_error", NO_SUM)
    return [first + second for first, second in zip_longest(*pair, fillvalue=0)]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def different(rows: Rows, start: int, end: int) -> int:
    """CouchDB's `_approx_count_distinct`, which counts different keys; exactly here."""
    return len({row[0] for row in rows.cut(start, end)})


def values(rows: Rows, start: int, end: int) -> list[Any]:
    return [parsed(row)["value"] for row in rows.cut(start, end)]


def pairs(rows: Rows, start: int, end: int) -> tuple[list[Any], list[Any]]:
    """What a reduce function in JavaScript gets: keys with their documents' ids, and values."""
    found = [(parsed(row), row[1]) for row in rows.cut(start, end)]
    return [[one["key"], id] for one, id in found], [one["value"] for one, _ in found]


def latest(rows: Rows, start: int, end: int) -> Any:
    """The value with the last date, the first of several; without any a date of 0.

    Where one key is all that the rows have in common but a date, which follows it, that is the last of them.
    """
    (last,) = rows.cut(end - 1, end)
    key, when = parsed(last)["key"], parsed(last)["value"].get("date")
    if isinstance(key, list) and key[-1:] == [when] and isinstance(when, int | float):
        (ahead,) = rows.cut(start, start + 1)
        if parsed(ahead)["key"][:-1] == key[:-1]:
            place = max(start, rows.before((last[0],)))
            start, end = place, place + 1
    return max((parsed(row)["value"] for row in rows.cut(start, end)), key=dated)


def dated(value: Any) -> Any:
    """The sort key of values: their date, which is a text or a number."""
    when = value.get("date") if isinstance(value, dict) else None
    return (1, 0, when) if isinstance(when, str) else (0, when, "") if isinstance(when, int | float) else (0, 0, "")


REDUCES: dict[str, Callable[[Rows, int, int], Any]] = {
    "_approx_count_distinct": different, "_count": lambda rows, start, end: end - start, "_stats": stats, "_sum": total,
    "true": lambda rows, start, end: True, "latest": latest}


def groups(rows: Rows, low: tree.Bound, high: tree.Bound | None, level: int | None,
           down: bool) -> Iterator[tuple[Any, int, int]]:
    """Each key or prefix with the positions of its first row and after its last, counted without reading rows."""
    start, stop = rows.before(low), rows.before(high)
    while start < stop:
        (row,) = rows.cut(stop - 1, stop) if down else rows.scan(low, None, 1)
        place, key = row[0], parsed(row)["key"]
        first: tree.Bound = (place,)
        behind: tree.Bound | None = (place, TOP)
        if level == 0:
            key, first, behind = None, (), None
        elif level is not None and isinstance(key, list) and len(key) >= level:
            key = key[:level]
            head = collation.start(key)
            first, behind = (head,), (head + collation.BEHIND,)
        if down:
            end = max(start, rows.before(first))
            yield key, end, stop
            stop = end
        else:
            end = min(stop, rows.before(behind))
            yield key, start, end
            start, low = end, behind or ()
