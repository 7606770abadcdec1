"""Pages of a stream: the ids that each holds, in the server's order, without holding all documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from mocksrv.vendors.cht import conformance, javascript
from mocksrv.vendors.cht.export.options import LIMIT
from mocksrv.world import World

Read = Callable[[int, int], list[Any]]  # (skip, limit) -> rows


def of(world: World, limit: Any, read: Read) -> Iterator[list[Any]]:
    """Pages until an empty one.

    The server adds `limit` to the rows to skip without looking at its type: a limit out of a query is text, so that 1
    skips 0, then "01", then "011". The page promises a page size, which holds in conformance `docs`.
    """
    size = to_number(limit)
    skip: Any = 0
    while rows := read(int(to_number(skip)), int(size)):
        yield rows
        if isinstance(limit, str) and not conformance.docs(world):
            skip = f"{skip}{limit}"
        else:
            skip += int(size)


def matching(world: World, limit: Any, found: Iterator[Any]) -> Iterator[list[Any]]:
    """Pages of what a search finds, in one pass; held as a whole only where a limit as text makes pages jump."""
    if isinstance(limit, str) and not conformance.docs(world):
        rows = list(found)
        yield from of(world, limit, lambda skip, size: rows[skip : skip + size])
    while page := list(islice(found, max(int(to_number(limit)), 1))):
        yield page


def to_number(value: Any) -> float:
    """The number that CouchDB reads out of a limit; the usual one if it is none."""
    try:
        return max(float(javascript.text(value)), 0)
    except ValueError:
        return LIMIT


def filtered(docs: Iterator[Mapping[str, Any]], tests: list[Callable[[Mapping[str, Any]], bool]]) -> Iterator[Any]:
    return (doc for doc in docs if all(test(doc) for test in tests))
