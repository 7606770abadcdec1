"""One page of a resource: filters, order, attributes. All resources share this; the catalogue says what each has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from tinydb import Query, where
from tinydb.queries import QueryInstance

from mocksrv.vendors.carehq import errors
from mocksrv.vendors.carehq.arguments import Given, advise
from mocksrv.vendors.carehq.catalogue import LIST_FILTERS, Filter, Resource

if TYPE_CHECKING:
    from mocksrv.store import Table
    from mocksrv.vendors.carehq.call import Call
    from mocksrv.world import World

Record = Mapping[str, Any]


def page(table: Table, resource: Resource, given: Given) -> dict[str, Any]:
    """The answer to a list. Raises the refusal of its arguments."""
    values = given.values
    number, per_page = values.get("page", 1), values.get("per_page", 10)
    for name in ("page", "per_page"):
        if name in values and values[name] is None:
            given.refuse(name, errors.NOT_AN_INTEGER)
    if number is not None and number < 1:
        given.refuse("page", "Number must be at least 1.")
    given.check()
    count, records = chosen(table, resource, values, (number - 1) * per_page, per_page)
    pages = max(1, -(-count // per_page))
    if number > pages:
        given.refuse("page", errors.BETWEEN.format(min=1, max=pages))
        given.check()
    show = projection(resource, values.get("attributes") or ())
    return {"item_count": count, "items": [show(record) for record in records], "page": number, "page_count": pages,
            "per_page": per_page}


def chosen(table: Table, resource: Resource, values: Mapping[str, Any], skip: int,
           limit: int) -> tuple[int, list[Record]]:
    """How many records the filters keep, and those of one page in order; by indexes alone where that is possible."""
    tests, candidates = narrowed(table, resource, values)
    order = values.get("sort_by") or ["_id"]
    if not tests and candidates is None and len(order) == 1:
        return len(table), present(table, in_order(table, order[0], skip, limit))
    if not tests and candidates is not None and order in (["_id"], ["-_id"]):
        candidates.sort(reverse=order == ["-_id"])
        return len(candidates), present(table, candidates[skip: skip + limit])
    records = sort(matching(table, tests, candidates), order)
    return len(records), records[skip: skip + limit]


# --- filters ---------------------------------------------------------------------------------------------------------


def narrowed(table: Table, resource: Resource,
             values: Mapping[str, Any]) -> tuple[list[QueryInstance], list[str] | None]:
    """The tests that a record must pass, and the ids that come into question (None: all).

    The filter whose index leaves the fewest ids narrows the search and needs no test of its own.
    """
    tests: dict[str, QueryInstance] = {}
    lookups: dict[str, tuple[int, Callable[[], list[str]]]] = {}
    for wanted in resource.filters.values():
        value = values.get(f"filters-{wanted.name}")
        if wanted.kind in LIST_FILTERS:
            value = [*(value or ()), *(values.get(f"filters-{wanted.name}s") or ())]
        value = value or wanted.default
        if not value or value == "unset":
            continue
        tests[wanted.name] = test(wanted, value)
        if cheap := lookup(table, wanted, value):
            lookups[wanted.name] = cheap
    if not lookups:
        return list(tests.values()), None
    best = min(lookups, key=lambda name: lookups[name][0])
    del tests[best]
    return list(tests.values()), lookups[best][1]()


def lookup(table: Table, wanted: Filter, value: Any) -> tuple[int, Callable[[], list[str]]] | None:
    """How many ids an index gives for this filter, and how to get them; None where no index serves."""
    name = str(wanted.attribute)
    if name == "_id":
        return len(value), lambda: [id for id in dict.fromkeys(value) if id in table]
    if wanted.kind in LIST_FILTERS:
        keys = dict.fromkeys(value)
        return sum(table.count(name, key) for key in keys), lambda: list(
            dict.fromkeys(id for key in keys for id in table.by(name, key)))
    if wanted.op in ("gt", "lt") and name in ("created", "modified"):
        low, high = (value, None) if wanted.op == "gt" else (None, value)
        options: dict[str, Any] = {"include_low": False, "include_high": False}
        return (table.rank(f"sort-{name}", low, high, **options),
                lambda: [id for _, id in table.range(f"sort-{name}", low, high, **options)])
    return None


def test(wanted: Filter, value: Any) -> QueryInstance:
    """The test of one filter."""
    name = str(wanted.attribute)
    match wanted.kind:
        case "tristate":
            return tristate(wanted, value == "yes")
        case "keyword":
            return keyword(wanted.fields, value)
        case "date":
            return compared(wanted, value, 10)
        case "datetime":
            return compared(wanted, value, 19)
    chosen = set(value)

    def among(held: Any) -> bool:
        return not chosen.isdisjoint(held) if isinstance(held, list) else held in chosen

    return where(name).test(among)


def tristate(wanted: Filter, yes: bool) -> QueryInstance:
    """Yes keeps what is true or not null (or equals a given value), no keeps the rest."""
    name = wanted.attribute
    if name is None:
        return where("_id").test(lambda _id: not yes)
    if wanted.equals is not ...:
        return where(name).test(lambda held: (held == wanted.equals) is yes)
    return where(name).test(lambda held: given(held) is yes)


def given(held: Any) -> bool:
    """Whether a value is set: 0 and "" count as set."""
    return held is not None and held is not False


def keyword(fields: Iterable[str], text: str) -> QueryInstance:
    """Every word must occur in one of the fields, whatever the letter case."""
    words = text.casefold().split()

    def has(record: Record) -> bool:
        held = [record[name].casefold() for name in fields if record[name]]
        return all(any(word in part for part in held) for word in words)

    return Query().map(has).test(bool)


def compared(wanted: Filter, value: str, length: int) -> QueryInstance:
    """Dates count inclusively, points in time exclusively; both sort as texts."""
    name, op = str(wanted.attribute), wanted.op

    def fits(held: Any) -> bool:
        if held is None:
            return wanted.open_ended
        held = held[:length]
        return bool((op in ("gt", "gte") and held > value) or (op in ("lt", "lte") and held < value)
                    or (op in ("gte", "lte") and held == value))

    return where(name).test(fits)


def matching(table: Table, tests: list[QueryInstance], candidates: list[str] | None) -> list[Record]:
    query = reduce(and_, tests) if tests else Query().noop()
    if candidates is None:
        return list(table.matching(query))
    return [record for record in present(table, candidates) if query(record)]


def present(table: Table, ids: Iterable[str]) -> list[Record]:
    return [record for id in ids if (record := table.peek(id)) is not None]


# --- order -----------------------------------------------------------------------------------------------------------


def sort(records: list[Record], order: list[str]) -> list[Record]:
    """By each attribute from left to right; ties by `_id`. Null comes first when ascending."""
    records.sort(key=lambda record: record["_id"])
    for name in reversed(order):
        if name != "_id":
            records.sort(key=partial(key_of, name.lstrip("-")), reverse=name.startswith("-"))
    return records


def key_of(name: str, record: Record) -> tuple[bool, Any]:
    return sort_key(record[name])


def sort_key(value: Any) -> tuple[bool, Any]:
    return value is not None, "" if value is None else value


def in_order(table: Table, sort_by: str, skip: int, limit: int) -> list[str]:
    """The ids of one page by an index alone."""
    index, down = f"sort-{sort_by.removeprefix('-')}", sort_by.startswith("-")
    if not down or sort_by == "-_id":
        return [id for _, id in table.range(index, skip=skip, limit=limit, reverse=down)]
    ids: list[str] = []
    # One entry more on either side tells whether a key is shared.
    start = max(0, skip - 1)
    entries = table.range(index, skip=start, limit=limit + skip - start + 1, reverse=True)
    if len({key for key, _ in entries}) == len(entries):
        return [id for _, id in entries[skip - start:][:limit]]
    while len(ids) < limit:  # keys descend, but ids within a key ascend: key by key
        at = skip + len(ids)
        head = table.range(index, skip=at, limit=1, reverse=True)
        if not head:
            break
        key = head[0][0]
        above = table.rank(index, key, include_low=False)
        ids += [id for _, id in table.range(index, key, key, skip=at - above, limit=limit - len(ids))]
    return ids


# --- attributes ------------------------------------------------------------------------------------------------------


def check_attributes(world: World, resource: Resource, call: Call, given: Given) -> None:
    """Refuse attributes that the resource does not have, but for those that a published integration asks for:
    billy-victory/carehq-form-connector asks groups for `sales_channel`, and reads what comes without it."""
    unknown = [text for text in given.values.get("attributes") or () if not known(resource, text)]
    if not unknown:
        return
    advise(call, unknown, resource.attributes, f"no attribute of {resource.slug}")
    policy = world.setting("carehq.unknown_arguments")
    if policy == "refuse" or (policy == "mixed" and not resource.ignored.keys() >= set(unknown)):
        given.refuse("attributes", errors.NOT_A_CHOICE,
                     f"of {resource.slug} this much is known: {resource.known}; "
                     f"carehq.unknown_arguments=ignore leaves the rest out without a word")


def known(resource: Resource, text: str) -> bool:
    name, dot, member = text.partition(".")
    attribute = resource.attributes.get(name)
    return attribute is not None and (not dot or (attribute.kind == "hash" and bool(member)))


def projection(resource: Resource, wanted: Iterable[str]) -> Callable[[Record], Record]:
    """The attributes of a record that are shown: `_id` always. A dot picks one member of a hash."""
    names: dict[str, set[str] | None] = {"_id": None}
    for text in wanted:
        name, _, member = text.partition(".")
        if not known(resource, text):
            continue
        if not member:
            names[name] = None
        elif (members := names.setdefault(name, set())) is not None:
            members.add(member)
    if len(names) == 1:
        return lambda record: {"_id": record["_id"]}
    whole = sorted(name for name, members in names.items() if members is None)
    parts = {name: members for name, members in names.items() if members is not None}
    if not parts:
        return lambda record: {name: record[name] for name in whole}

    def show(record: Record) -> Record:
        shown = {name: record[name] for name in whole}
        for name, members in parts.items():
            held = record[name]
            shown[name] = None if held is None else {key: held.get(key) for key in sorted(members)}
        return dict(sorted(shown.items()))

    return show
