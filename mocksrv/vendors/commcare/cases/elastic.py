"""Lists of cases and forms (v1): filters, order and pages as HQ's search index has them.

HQ source: corehq/apps/api/es.py (which parameters filter what), v0_4.py and v0_5.py (order).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.cases.search_parameter import search_ranges
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import bad_request, failed
from mocksrv.vendors.commcare.form_processor.stores import TOP, remembered, visible
from mocksrv.vendors.commcare.tables import words
from mocksrv.vendors.commcare.tastypie import paginator

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
Test = Callable[[Doc], bool]
Field = Callable[[Doc], Any]
NEVER_FILTERS = {"limit", "offset", "order_by", "q", "api_key", "username", "format", "_search"}


@dataclass(frozen=True)
class Spec:
    """How lists of one kind of document are filtered and sorted."""

    table: str
    id: Field  # a document's id
    ordered: Mapping[str, str]  # stored date field -> ordered index on (domain, field)
    sorts: Mapping[str, str]  # order_by -> stored date field
    default: tuple[str, ...]  # the order without order_by
    shown: Callable[[], Collection[str]]  # fields of the answer that order_by may name without effect
    ranges: Mapping[str, str]  # parameter before _start and _end -> stored date field
    exact: Mapping[str, Field] = field(default_factory=dict)
    analysed: Mapping[str, Field] = field(default_factory=dict)  # the lower-cased parameter is one of the words
    lowered: Mapping[str, Field] = field(default_factory=dict)  # compared with the lower-cased parameter
    hints: Mapping[str, str] = field(default_factory=dict)  # parameter -> hash index on (domain, value)
    ignored: frozenset[str] = frozenset()  # the resource's own parameters
    not_empty: frozenset[str] = frozenset()  # ignored if empty, as those of `ranges` and `exact` are
    ignores_order: bool = False
    word_index: tuple[str, str] | None = None  # analysed parameter, ordered index on (domain, word, default field)


@dataclass
class Query:
    """The parsed parameters of a list."""

    order: list[tuple[str, bool]]  # stored field, descending
    tests: list[Test] = field(default_factory=list)
    bounds: dict[str, tuple[str, str]] = field(default_factory=dict)  # stored field -> lowest, highest
    hint: tuple[str, str] | None = None  # hash index, value
    word: str | None = None


def order_of(call: Call, spec: Spec) -> list[tuple[str, bool]]:
    """The stored fields to sort by. Raises tastypie's refusals."""
    order = []
    asked = [value for key, value in call.query if key == "order_by" and not spec.ignores_order]
    for name in asked or spec.default:
        bare = name.removeprefix("-")
        if bare not in spec.sorts:
            if bare in spec.shown():
                raise bad_request(f"The '{bare}' field does not allow ordering.")
            raise bad_request(f"No matching '{bare}' field for ordering on.")
        order.append((spec.sorts[bare], name.startswith("-")))
    return order


def query_of(call: Call, spec: Spec) -> Query:
    """The parameters as filters. Raises tastypie's refusals."""
    query = Query([])
    if (search := call.arg("_search")) is not None:
        query.tests.append(search_ranges(search))
    given = dict(call.query)  # of repeated parameters the last one counts
    for name, stored in spec.ranges.items():
        start, end = given.pop(f"{name}_start", ""), given.pop(f"{name}_end", "")
        if start:
            narrow(query, stored, low=date_of(start))
        if end:
            narrow(query, stored, high=date_of(end))
    for name, value in given.items():
        if name in NEVER_FILTERS or name in spec.ignored or name.endswith("__full"):
            continue
        if not value and (name in spec.exact or name in spec.not_empty):
            continue
        if name in spec.exact:
            query.tests.append(equals(spec.exact[name], value))
            if name in spec.hints:
                query.hint = spec.hints[name], value
        elif name in spec.analysed:
            if spec.word_index and spec.word_index[0] == name and query.word is None:
                query.word = value.lower()
            else:
                query.tests.append(holds_word(spec.analysed[name], value.lower()))
        elif name in spec.lowered:
            query.tests.append(equals(spec.lowered[name], value.lower()))
            if name in spec.hints:
                query.hint = spec.hints[name], value.lower()
        else:
            call.diagnose(f"the search index has no field {name!r}, so nothing matches")
            query.tests.append(lambda doc: False)
    query.order = order_of(call, spec)
    return query


def date_of(value: str) -> str:
    try:
        return dates.parse_filter(value)
    except ValueError:
        raise bad_request(f"Bad query parameter: Unknown date format: {value}") from None


def narrow(query: Query, name: str, low: str = "", high: str = dates.LAST) -> None:
    """Keep a date field between two bounds, both included; a document without the date fails."""
    old_low, old_high = query.bounds.get(name, ("0", dates.LAST))
    query.bounds[name] = max(old_low, low), min(old_high, high)


def equals(get: Field, value: str) -> Test:
    """A test of equality; a field with several values matches by each of them."""
    def test(doc: Doc) -> bool:
        held = get(doc)
        return value in held if isinstance(held, list) else held == value

    return test


def holds_word(get: Field, word: str) -> Test:
    return lambda doc: word in words(get(doc) or "")


def between(name: str, low: str, high: str) -> Test:
    return lambda doc: low <= (doc[name] or "") <= high


def page(world: World, call: Call, spec: Spec, show: Callable[[Doc], dict[str, Any]], *, maximum: int = 1000,
         extra: Iterable[Test] = (), form: Hashable = None) -> dict[str, Any]:
    """The body of a list; `extra` are the resource's own conditions.

    With a `form` the JSON of the objects is cached; it must contain all that `show` depends on besides the document.
    """
    query = query_of(call, spec)
    most = world.setting("commcare.max_offset")
    if most and paginator.offset_of(call) > most:
        raise failed(f"the setting commcare.max_offset is {most}: page by date (indexed_on_start) instead")
    query.tests += extra
    if world.setting("commcare.index_delay"):
        query.tests.append(lambda doc: visible(world, doc))
    domain, table = call.params["domain"], world.table(spec.table)

    def shown(ids: list[str]) -> list[Any] | paginator.Objects:
        if form is not None:
            return paginator.Objects(table, ids, show, form)
        return [show(table.peek(id)) for id in ids]  # type: ignore[arg-type]

    span = direct(spec, query, domain)
    if span is not None:
        index, low, high, descending = span

        def fetch(offset: int, limit: int) -> list[Any] | paginator.Objects:
            return shown([id for _, id in table.range(index, low, high, skip=offset, limit=limit, reverse=descending)])

        return paginator.page(call, table.rank(index, low, high), fetch, maximum=maximum)
    found = matching(world, call, spec, query)
    return paginator.page(call, len(found), lambda offset, limit: shown(found[offset : offset + limit]),
                          maximum=maximum)


def matching(world: World, call: Call, spec: Spec, query: Query) -> list[str]:
    """The ids of all matching documents, sorted; cached until the table changes."""
    domain = call.params["domain"]
    if world.setting("commcare.index_delay"):  # what is visible changes without a write
        return [spec.id(doc) for doc in select(world, spec, query, domain)]
    asked = tuple(pair for pair in call.query if pair[0] not in ("limit", "offset"))
    key = (spec.table, world.table(spec.table).version, domain, call.path, asked)
    return remembered(world, "searches", key, lambda: [spec.id(doc) for doc in select(world, spec, query, domain)])


def direct(spec: Spec, query: Query, domain: str) -> tuple[str, tuple[str, ...], tuple[str, ...], bool] | None:
    """The range of an ordered index that answers the query alone, if there is one: its cost does not grow with the
    table.
    """
    if query.tests or len(query.order) > 1 or query.bounds.keys() - {query.order[0][0]}:
        return None
    name, descending = query.order[0]
    low, high = query.bounds.get(name, ("", TOP))
    if query.word is None:
        return spec.ordered[name], (domain, low), (domain, high), descending
    if spec.word_index is not None and name == spec.sorts[spec.default[0].removeprefix("-")]:
        return spec.word_index[1], (domain, query.word, low), (domain, query.word, high), descending
    return None


def select(world: World, spec: Spec, query: Query, domain: str) -> list[Doc]:
    """All documents that match, sorted."""
    table = world.table(spec.table)
    if query.hint is not None:
        ids: Iterable[str] = table.by(query.hint[0], (domain, query.hint[1]))
    elif query.word is not None and spec.word_index is not None:
        low = (domain, query.word)
        ids = [id for _, id in table.range(spec.word_index[1], low, (*low, TOP))]
    else:
        name = next(iter(query.bounds), query.order[0][0])
        low_bound, high_bound = query.bounds.get(name, ("", TOP))
        ids = [id for _, id in table.range(spec.ordered[name], (domain, low_bound), (domain, high_bound))]
    tests = [*query.tests, *(between(name, *bounds) for name, bounds in query.bounds.items())]
    if query.word is not None and spec.word_index is not None:
        tests.append(holds_word(spec.analysed[spec.word_index[0]], query.word))
    found: list[Doc] = []
    for id in sorted(ids):
        doc = table.peek(id)
        if doc is not None and all(test(doc) for test in tests):
            found.append(doc)
    for name, descending in reversed(query.order):
        found.sort(key=lambda doc, name=name: doc[name] or "", reverse=descending)  # type: ignore[misc]
    return found
