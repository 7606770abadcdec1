"""The `_search` parameter: the two search-engine queries that HQ still takes. HQ source, corehq/apps/api/es.py."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request

Doc = Mapping[str, Any]
# Fields of the index -> stored fields, of cases and of forms.
FIELDS = {
    "inserted_at": ("indexed_on",),
    "server_modified_on": ("server_modified_on", "server_date_modified"),
    "received_on": ("received_on", "server_date_modified"),
}
COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b, "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b,
}


def search_ranges(text: str) -> Callable[[Doc], bool]:
    """The test that a `_search` asks for. Raises a 400 for any other query."""
    try:
        inner = json.loads(text)["filter"]
        if set(inner) == {"range"}:
            return range_test(inner["range"], {"inserted_at"})
        either = [item["and"] for item in inner["or"]]
        if set(inner) != {"or"} or len(either) != 2:
            raise ValueError
        modified, received = ([part["range"] for part in parts if "range" in part] for parts in either)
        of_modified = range_test(modified[0], {"server_modified_on"})
        of_received = range_test(received[0], {"received_on"})
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise bad_request("", diagnosis="_search takes a range on inserted_at, or one on server_modified_on or "
                                        "received_on") from None

    return lambda doc: of_modified(doc) if value_of(doc, "server_modified_on") else of_received(doc)


def value_of(doc: Doc, name: str) -> str:
    return next((doc[field] for field in FIELDS[name] if doc.get(field)), "")


def range_test(condition: dict[str, dict[str, str]], names: set[str]) -> Callable[[Doc], bool]:
    """`{"field": {"gte": "..."}}` as a test. Raises ValueError and the like."""
    ((name, limits),) = condition.items()
    if name not in names:
        raise ValueError(name)
    bounds = [(COMPARISONS[word], dates.parse_iso(value)) for word, value in limits.items()]
    return lambda doc: all(compare(value_of(doc, name), bound) for compare, bound in bounds)
