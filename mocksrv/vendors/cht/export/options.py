"""The filters and options of an export, from the body or the query, coerced as by the server.

CHT 4.15 source, api/src/controllers/export-data.js.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.node import javascript, querystring
from mocksrv.world import World

LIMIT = 100  # rows of a page of the stream
INTEGER = re.compile(r"\s*([+-]?[0-9]+)")
METHOD = True  # stands for JavaScript's String.prototype.search


class BadFilter(Exception):
    """The server fails in the middle of the stream, with this text."""


@dataclass
class Options:
    """`filters` with dates, `valid` and `verified` as the server reads them; `given` are the options as they came."""

    filters: dict[str, Any]
    human: bool = False
    limit: Any = LIMIT
    given: Any = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)

    def selected(self, name: str) -> Any:
        """`filters.<name>.selected`."""
        group = self.filters.get(name)
        return group.get("selected") if isinstance(group, dict) else None

    @property
    def unusable(self) -> bool:
        """Whether the options are text or a number, in which the server cannot note how far it has got."""
        return not isinstance(self.given, list | dict)

    def date(self, name: str) -> Any:
        """`filters.date.<name>`; None if there is none."""
        date = self.filters.get("date")
        return date.get(name) if isinstance(date, dict) else None


def read(world: World, call: Call) -> Options:
    """The filters and options of a call; those of a body come before those of the query."""
    query, body = querystring.parse(call), call.json if call.method == "POST" else {}
    given = {name: found for source in (query, body if isinstance(body, dict) else {})
             for name in ("filters", "options") if javascript.truthy(found := source.get(name))}
    filters = coerced(given.get("filters", {}), Difference.VALID_AND_VERIFIED.as_page(world))
    options = given.get("options", {})
    made = Options(filters, given=options, query=query)
    if isinstance(options, dict):
        page = Difference.HUMAN_READABLE.as_page(world)
        made.human = options.get("humanReadable") == "true" or (page and options.get("humanReadable") is True)
        if javascript.truthy(options.get("limit")):
            made.limit = options["limit"]
    return made


def coerced(given: Any, page: bool) -> dict[str, Any]:
    """The filters with numbers for dates, and truth values for `valid` and `verified`.

    Only texts count as true and false; on the page JSON's own do.
    """
    if isinstance(given, str):
        return {"search": METHOD}
    filters = dict(given) if isinstance(given, dict) else {}
    if isinstance(filters.get("date"), dict):
        filters["date"] = {name: integer(value) if javascript.truthy(value) else value
                           for name, value in filters["date"].items()}
    if javascript.truthy(valid := filters.get("valid")):
        filters["valid"] = valid == "true" or (page and valid is True)
    if "verified" in filters:  # also an empty text, which is what a form sends for those that nobody has verified
        verified = filters["verified"]
        filters["verified"] = [truth(one, page) for one in (verified if isinstance(verified, list) else [verified])]
    return filters


def truth(value: Any, page: bool) -> bool | None:
    """The texts "true" and "false", on the page JSON's own too; anything else is no value."""
    if page and isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def integer(value: Any) -> float:
    """JavaScript's parseInt; NaN if it is not a number."""
    found = INTEGER.match(javascript.text(value))
    return float(found[1]) if found else float("nan")
