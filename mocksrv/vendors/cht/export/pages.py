"""Pages of a stream: the ids that each holds, in the server's order, without holding all documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.export.options import BadFilter
from mocksrv.vendors.cht.node import javascript
from mocksrv.world import World

INTEGER = re.compile(r"(-)?[0-9]{1,4000}")
LARGEST = 2**53  # beyond any number of rows
Read = Callable[[int, int], list[Any]]  # (skip, limit) -> rows


def of(world: World, limit: Any, read: Read) -> Iterator[list[Any]]:
    """Pages until an empty one.

    The server adds `limit` to the rows to skip without looking at its type: a limit out of a query is text, so that 1
    skips 0, then "01", then "011". The page promises a page size, which holds in conformance `page`.
    """
    size = whole(limit)
    skip: Any = 0
    while rows := read(whole(skip), size):
        yield rows
        if isinstance(limit, str) and not Difference.EXPORT_PAGES.as_page(world):
            skip = f"{skip}{limit}"
        else:
            skip += size


def matching(world: World, limit: Any, found: Iterator[Any], *, backwards: bool = False) -> Iterator[list[Any]]:
    """Pages of what a search finds, in one pass; collected first only if an odd limit makes pages jump. `backwards`:
    what is found last comes first in its page."""
    size = LARGEST if isinstance(limit, bool) or not isinstance(limit, int) or limit <= 0 else limit
    if size == LARGEST and not Difference.EXPORT_PAGES.as_page(world):
        rows = list(found)
        yield from jumping(rows[::-1] if backwards else rows, limit, backwards)
        return
    while page := list(islice(found, size)):
        yield page[::-1] if backwards else page


def jumping(rows: list[Any], limit: Any, backwards: bool) -> Iterator[list[Any]]:
    """Pages as JavaScript's arithmetic cuts them out. CHT 4.15 source, shared-libs/search/src/search.js."""
    skip: Any = 0
    while not len(rows) < javascript.to_number(skip):
        if backwards:
            end = len(rows) - javascript.to_number(skip)
            page = javascript.cut(rows, max(0, end - javascript.to_number(limit)), end)
        else:
            page = javascript.cut(rows, skip, javascript.plus(skip, limit))
        if not page:
            return
        yield page
        skip = javascript.plus(skip, limit)


def whole(value: Any) -> int:
    """A limit or skip as the number that CouchDB reads; it refuses anything else (couch_mrview_http)."""
    text = javascript.text(value)
    found = INTEGER.fullmatch(text)
    if found is None or found[1]:
        raise BadFilter(f'Invalid value for {"positive integer" if found else "integer"}: "{text}"')
    return min(int(text), LARGEST)


def filtered(docs: Iterator[Mapping[str, Any]], tests: list[Callable[[Mapping[str, Any]], bool]]) -> Iterator[Any]:
    return (doc for doc in docs if all(test(doc) for test in tests))
