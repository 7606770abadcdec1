"""What an export is asked for: filters and options, of the query or of the body, coerced as the server does.

CHT 4.15 source, api/src/controllers/export-data.js.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mocksrv.vendors.cht import conformance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.node import javascript, json_text, querystring
from mocksrv.world import World

LIMIT = 100  # rows of a page of the stream
INTEGER = re.compile(r"\s*([+-]?\d+)")


class BadFilter(Exception):
    """The server fails in the middle of the stream; the text is what it says then."""


@dataclass
class Options:
    """`filters` as given, but for dates (ms or None), `valid` (or None) and `verified` (a list, or None)."""

    filters: dict[str, Any]
    human: bool
    limit: Any = LIMIT
    date_from: int | float | None = None
    date_to: int | float | None = None
    valid: bool | None = None
    verified: list[bool | None] | None = None
    query: Mapping[str, Any] = field(default_factory=dict)

    def selected(self, name: str) -> Any:
        """`filters.<name>.selected`."""
        group = self.filters.get(name)
        return group.get("selected") if isinstance(group, dict) else None


def read(world: World, call: Call) -> Options:
    """The filters and options of a call."""
    query = querystring.parse(call)
    given: Any = call.json if call.method == "POST" else query
    given = given if isinstance(given, dict) else {}
    filters, options = as_object(given.get("filters")), as_object(given.get("options"))
    date = as_object(filters.get("date"))
    lenient = not conformance.strict(world)  # differences 33 and 34: the page shows JSON's own true
    made = Options(filters, truth(options.get("humanReadable"), lenient) is True, query=query,
                   date_from=integer(date.get("from")), date_to=integer(date.get("to")))
    if javascript.truthy(options.get("limit")):
        made.limit = options["limit"]
    if filters.get("valid") not in (None, ""):
        made.valid = truth(filters["valid"], lenient) is True
    verified = filters.get("verified")
    if verified not in (None, ""):
        listed = verified if isinstance(verified, list) else [verified]
        made.verified = [truth(one, lenient) for one in listed]
    return made


def as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def truth(value: Any, lenient: bool) -> bool | None:
    """The texts "true" and "false"; JSON's own only if lenient, as the server overlooks them."""
    if lenient and isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def integer(value: Any) -> int | float | None:
    """JavaScript's parseInt; None if it is not a number."""
    if isinstance(value, bool) or value is None:
        return None
    found = INTEGER.match(javascript.text(value))
    return json_text.number(float(found[1])) if found else None
