"""The list of case API v2: filters, and pages that go on behind a cursor.

commcare-hq corehq/apps/hqcase/api/get_list.py.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from mocksrv.vendors.commcare.cases.v2.fields import Params, is_field_parameter
from mocksrv.vendors.commcare.cases.v2.system_fields import METADATA
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import view_error, view_failed
from mocksrv.vendors.commcare.form_processor.stores import TOP, remembered, visible
from mocksrv.vendors.commcare.tastypie.date_ranges import COMPARISONS, loose_bound

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
Test = Callable[[Doc], bool]

DEFAULT_LIMIT, MAX_LIMIT = 20, 5000
INDEXED_AFTER, LAST_ID = "indexed_on.gte", "last_case_id"
FALSE = ("", "false", "f", "no", "n", "0")
EXACT = ("external_id", "case_type", "owner_id", "case_name")
DATES = {"last_modified": "date_modified", "server_last_modified": "server_date_modified", "date_opened": "date_opened",
         "date_closed": "date_closed", "indexed_on": "indexed_on"}
DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
# Parameters that are compared exactly -> the hash index on them; case types have an ordered index.
HINTS = {"external_id": "by_external_id", "owner_id": "by_owner"}


class Page:
    """The cases of one page, the number of all matches, and the cursor for the next page."""

    def __init__(self, docs: list[Doc], total: int, cursor: str | None, params: Params) -> None:
        self.docs = docs
        self.total = total
        self.cursor = cursor
        self.params = params  # those of the cursor, if there is one


def find(world: World, domain: str, params: Params, extra: Iterable[Test] = ()) -> Page:
    """The page for the parameters or the cursor among them; cases must also pass the `extra` tests. Raises Refusal."""
    after = None
    if (cursor := dict(params).get("cursor")) is not None:
        params, after = open_cursor(cursor)
    limit, extra = limit_of(params), list(extra)
    tests = [*tests_of(world, domain, params), *extra]
    if world.setting("commcare.index_delay"):
        tests.append(lambda doc: visible(world, doc))
    search = Search(world, domain, params, tests)
    docs: list[Doc] = []
    for doc in search.docs(after):
        if len(docs) >= limit:
            break
        docs.append(doc)
    # HQ offers a next page whenever this one is full, so the last one may be empty.
    last = docs[-1] if docs and len(docs) == limit else None
    total = search.total() if extra else total_of(world, search, params)
    return Page(docs, total, make_cursor(params, last) if last else None, params)


def total_of(world: World, search: Search, params: Params) -> int:
    """The number of all matching cases, cached: every page shows it, and counting tests each case."""
    if world.setting("commcare.index_delay"):  # what is visible changes without a write
        return search.total()
    today = dates.now(world)[:10]  # a query may compare with the current time
    return remembered(world, "totals", (search.table.version, search.domain, today, tuple(params)), search.total)


class Search:
    """Cases of a domain that pass all tests, in the order of `indexed_on`, then id."""

    def __init__(self, world: World, domain: str, params: Params, tests: list[Test]) -> None:
        self.table = world.table("commcare.cases")
        self.domain = domain
        self.tests = tests
        self.index = "by_indexed"
        self.prefix: tuple[str, ...] = (domain,)
        self.ids: list[str] | None = None
        given: dict[str, list[str]] = {}
        for name, value in params:
            given.setdefault(name, []).append(value)
        for name, index in HINTS.items():
            if len(given.get(name, ())) == 1:
                self.ids = self.table.by(index, (domain, given[name][0]))
        if len(given.get("case_type", ())) == 1:
            # The index answers this parameter, so it needs no test.
            self.index, self.prefix = "by_type", (domain, given["case_type"][0])
            self.tests = [test for test in tests if getattr(test, "field", None) != "case_type"]

    def docs(self, after: tuple[str, str] | None) -> Iterator[Doc]:
        if self.ids is not None:
            held = [doc for id in self.ids if (doc := self.table.peek(id)) is not None and self.passes(doc)]
            for doc in sorted(held, key=lambda doc: (doc["indexed_on"], doc["case_id"])):
                if after is None or (doc["indexed_on"], doc["case_id"]) > after:
                    yield doc
            return
        entry = after and ((*self.prefix, after[0]), after[1])
        while found := self.table.range(self.index, (*self.prefix, ""), (*self.prefix, TOP), after=entry, limit=200):
            for _, id in found:
                doc = self.table.peek(id)
                if doc is not None and self.passes(doc):
                    yield doc
            entry = found[-1]

    def passes(self, doc: Doc) -> bool:
        return all(test(doc) for test in self.tests)

    def total(self) -> int:
        if not self.tests and self.ids is None:
            return self.table.rank(self.index, (*self.prefix, ""), (*self.prefix, TOP))
        return sum(1 for _ in self.docs(None))


# --- parameters ---------------------------------------------------------------------------------------------


def limit_of(params: Params) -> int:
    text = dict(params).get("limit", str(DEFAULT_LIMIT))
    try:
        limit = int(text)
    except ValueError:
        raise view_error(400, f"'{text}' is not a valid value for 'limit'") from None
    if limit < 0:
        raise view_failed("Elasticsearch is asked for a negative number of cases")
    if limit > MAX_LIMIT:
        raise view_error(400, f"You cannot request more than {MAX_LIMIT} cases per request.")
    return limit


def tests_of(world: World, domain: str, params: Params) -> list[Test]:
    """One test for each parameter; of a repeated one, one value is enough. Raises Refusal."""
    grouped: dict[str, list[Test]] = {}
    for name, value in params:
        if name != "limit" and not is_field_parameter(name):
            grouped.setdefault(name, []).append(test_of(world, domain, name, value))
    return [tests[0] if len(tests) == 1 else any_of(tests) for tests in grouped.values()]


def any_of(tests: list[Test]) -> Test:
    return lambda doc: any(test(doc) for test in tests)


def test_of(world: World, domain: str, name: str, value: str) -> Test:
    prefix, dot, rest = name.partition(".")
    if name in EXACT:
        return equals(name, value)
    if name == "closed":
        wanted = value.lower() not in FALSE
        return lambda doc: doc["closed"] is wanted
    if name == "include_deprecated":
        return lambda doc: True  # no case type is deprecated here
    if name == "query":
        from mocksrv.vendors.commcare.cases.v2.query_language import case_query

        return case_query(world, domain, value)
    if dot and prefix == "properties":
        return property_test(rest, value)
    if dot and prefix == "indices":
        return lambda doc: (doc["indices"].get(rest) or {}).get("case_id") == value
    if dot and prefix in DATES:
        return date_test(world, DATES[prefix], rest, value)
    raise view_error(400, f"'{name}' is not a valid parameter.")


def equals(field: str, value: str) -> Test:
    def test(doc: Doc) -> bool:
        return bool(doc[field] == value)

    test.field = field  # type: ignore[attr-defined]
    return test


def property_test(name: str, value: str) -> Test:
    """A test of a property; the index also has system fields as properties: `@status`, `case_name`, `last_modified`,
    ...
    """
    special = METADATA.get(name)

    def test(doc: Doc) -> bool:
        return value == doc["properties"].get(name, "" if special is None else None) or (
            special is not None and value == (special(doc) or ""))

    return test


def date_test(world: World, field: str, word: str, value: str) -> Test:
    if word not in COMPARISONS:
        raise view_error(400, f"'{word}' is not a valid type of date range.")
    try:
        bound = loose_bound(world, value)
    except ValueError:
        raise view_error(400, f"Cannot parse datetime '{value}'") from None
    if DAY.fullmatch(value) and word in ("gt", "lte"):
        bound = bound[:11] + "23:59:59.999999Z"  # the search index takes a date without a time as the end of its day
    compare = COMPARISONS[word]
    return lambda doc: doc[field] is not None and compare(doc[field], bound)


# --- cursors ------------------------------------------------------------------------------------------------


def make_cursor(params: Params, last: Doc) -> str:
    """The request's parameters and where the page ended, in base64."""
    text = urlencode([*params, (INDEXED_AFTER, last["indexed_on"]), (LAST_ID, last["case_id"])])
    return base64.b64encode(text.encode()).decode()


def open_cursor(cursor: str) -> tuple[Params, tuple[str, str]]:
    """The parameters, and the moment and id after which the next page begins. Raises HQ's 500 for a broken cursor.

    HQ reads a cursor without a check. Of a repeated name it takes the first: with `indexed_on.gte` among the caller's
    own parameters the second page is the first one again, and the walk goes on from there without that bound.
    """
    try:
        params = parse_qsl(base64.b64decode(cursor).decode(), keep_blank_values=True)
    except ValueError:  # binascii's and Unicode's among them
        raise view_failed("the cursor is not base64 of UTF-8") from None
    moment, id = (next((value for key, value in params if key == name), None) for name in (INDEXED_AFTER, LAST_ID))
    try:
        after = dates.parse_iso(moment or ""), id or ""
    except ValueError:
        raise view_failed("the cursor does not say behind which moment to go on") from None
    return [pair for pair in params if pair[0] not in (INDEXED_AFTER, LAST_ID)], after
