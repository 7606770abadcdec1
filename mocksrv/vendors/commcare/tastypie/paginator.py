"""Tastypie's paginator: limit and offset, and the `meta` of a list."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from mocksrv.store import Table
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import bad_request


@dataclass(frozen=True)
class Objects:
    """The objects of a page, whose JSON is cached: writing it costs more than the rest of an answer. The result of
    `show` must depend on nothing but the document and the `form`.
    """

    table: Table
    ids: list[str]
    show: Callable[[Any], dict[str, Any]]
    form: Hashable

    def data(self) -> list[dict[str, Any]]:
        return [self.show(self.table.peek(id)) for id in self.ids]

    def texts(self, write: Callable[[Any], str]) -> list[str]:
        """Each object as JSON, written by `write`, which must be a pure function."""
        return [self.table.made(id, self.form, lambda doc: write(self.show(doc))) for id in self.ids]


def window(call: Call, default: int = 20, maximum: int = 1000) -> tuple[int, int]:
    """The effective limit and the offset. Raises the Refusals of tastypie's Paginator."""
    return limit_of(call, default, maximum), offset_of(call)


def limit_of(call: Call, default: int, maximum: int) -> int:
    value = call.arg("limit", str(default))
    try:
        limit = int(value or "")
    except ValueError:
        raise bad_request(f"Invalid limit '{value}' provided. Please provide a positive integer.") from None
    if limit < 0:
        raise bad_request(f"Invalid limit '{value}' provided. Please provide a positive integer >= 0.")
    return maximum if limit == 0 or limit > maximum else limit


def offset_of(call: Call) -> int:
    value = call.arg("offset", "0")
    try:
        offset = int(value or "")
    except ValueError:
        raise bad_request(f"Invalid offset '{value}' provided. Please provide an integer.") from None
    if offset < 0:
        raise bad_request(f"Invalid offset '{value}' provided. Please provide a positive integer >= 0.")
    return offset


def natural(value: str) -> int | None:
    """The number that decimal digits stand for; None for anything else."""
    if not (value.isascii() and value.isdecimal()):
        return None
    return int(value) if len(value) < 19 else 10**18


def link(call: Call, **changes: Any) -> str:
    """`?` and the request's parameters, grouped by name, with these at the end."""
    grouped: dict[str, list[str]] = {}
    for name, value in call.query:
        if name not in changes:
            grouped.setdefault(name, []).append(value)
    return "?" + urlencode([*((n, v) for n, values in grouped.items() for v in values), *changes.items()])


def page(call: Call, total: int, fetch: Callable[[int, int], list[Any] | Objects], *, default: int = 20,
         maximum: int = 1000) -> dict[str, Any]:
    """A list's body: `fetch(offset, limit)` gives its objects."""
    limit, offset = window(call, default, maximum)
    before, after = offset - limit, offset + limit
    meta = {
        "limit": limit,
        # HQ's domain keeps tastypie from finding the list's URL, so the links are bare queries.
        "next": link(call, limit=limit, offset=after) if after < total else None,
        "offset": offset,
        "previous": link(call, limit=limit, offset=before) if before >= 0 else None,
        "total_count": total,
    }
    return {"meta": meta, "objects": fetch(offset, limit) if offset < total else []}
