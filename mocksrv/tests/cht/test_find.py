"""Queries against a naive reading of them, by whatever index; which index is taken, and how far it is read."""

import itertools

import pytest
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from mocksrv.config import Config
from mocksrv.vendors.cht import vendor
from mocksrv.vendors.cht.couch import collation, documents, maintenance
from mocksrv.vendors.cht.couch_api.find import indexes as find_indexes
from mocksrv.vendors.cht.couch_api.find import options as find_options
from mocksrv.vendors.cht.couch_api.find import plan as mango_plan
from mocksrv.vendors.cht.couch_api.find import queries as find
from mocksrv.vendors.cht.couch_api.find import selectors
from mocksrv.vendors.cht.couch_api.find.selectors import BadQuery
from mocksrv.worlds import Worlds

NAME = "medic-other"
VALUES = st.none() | st.integers(0, 3) | st.sampled_from(("a", "B", "c"))
OPERATORS = ("$eq", "$ne", "$lt", "$lte", "$gt", "$gte")
FIELDS = st.sampled_from(("a", "b", "_id"))
CONDITIONS = st.one_of(
    VALUES,
    st.dictionaries(st.sampled_from(OPERATORS), VALUES, min_size=1, max_size=2),
    st.lists(VALUES, max_size=2).map(lambda values: {"$in": values}),
    st.booleans().map(lambda there: {"$exists": there}),
)
SELECTORS = st.recursive(
    st.dictionaries(FIELDS, CONDITIONS, min_size=1, max_size=2),
    lambda inner: (st.tuples(st.sampled_from(("$and", "$or", "$nor")), st.lists(inner, min_size=1, max_size=2))
                   .map(lambda pair: dict([pair])) | inner.map(lambda one: {"$not": one})),
    max_leaves=4)
DOCS = st.dictionaries(st.sampled_from(("A", "B", "a", "b", "c", "x")),
                       st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES}), max_size=6)
INDEXES = st.lists(st.sampled_from((("a",), ("b",), ("a", "b"), ("b", "a"), ("a", "_id"))), max_size=2, unique=True)


@pytest.fixture(scope="module")
def origin():
    return Worlds([vendor], Config(vendor=("cht",), size=0))


def place(field, value):
    return value if field == "_id" and isinstance(value, str) else collation.key(value)


def compare(operator, field, value, wanted):
    if field == "_id" and not isinstance(wanted, str):  # an id is behind null and numbers
        return operator in ("$ne", "$gt", "$gte")
    one, two = place(field, value), place(field, wanted)
    return {"$eq": one == two, "$ne": one != two, "$lt": one < two, "$lte": one <= two, "$gt": one > two,
            "$gte": one >= two}[operator]


def fits(doc, selector, wanted=True):
    """Whether a document meets a selector, or its opposite, for which its fields must be there, too."""
    def meets(field, operator, value):
        if operator == "$exists":
            return value is wanted if field in doc else value is not wanted
        if field not in doc:
            return False
        if operator == "$in":
            return any(compare("$eq", field, doc[field], one) for one in value) is wanted
        return compare(operator, field, doc[field], value) is wanted

    results = []
    for name, value in selector.items():
        if name == "$not":
            results.append(fits(doc, value, not wanted))
        elif name in ("$and", "$or", "$nor"):
            inner = [fits(doc, one, wanted if name != "$nor" else not wanted) for one in value]
            results.append(all(inner) if (name != "$or") is wanted else any(inner))
        else:
            conditions = value if isinstance(value, dict) else {"$eq": value}
            met = [meets(name, *pair) for pair in conditions.items()]
            results.append(all(met) if wanted else any(met))
    return all(results) if wanted else any(results)


def answered(world, db, query):
    options = find_options.checked(query)
    plan = mango_plan.plan(find_indexes.listed(db), options["selector"], list(options["sort"]), options["use_index"])
    return plan, find.search(world, db, options, plan)


def filled(origin, docs, indexes):
    world = origin.origin.fork("find")
    maintenance.make(world, NAME)
    db = documents.database(world, NAME)
    for id, doc in docs.items():
        db.put({"_id": id, **doc})
    for columns in indexes:
        db.put({"_id": f"_design/{'-'.join(columns)}", "language": "query", "views": {"by": {
            "map": {"fields": dict.fromkeys(columns, "asc"), "partial_filter_selector": {}}, "reduce": "_count"}}})
    return world, db


@example(docs={"a": {}}, indexes=[], selector={"_id": "a"}, sort=None, down=False, page=1)
@example(docs={"a": {}, "B": {}}, indexes=[], selector={"_id": {"$gt": "B"}}, sort="_id", down=True, page=1)
@settings(max_examples=200, deadline=None)
@given(docs=DOCS, indexes=INDEXES, selector=SELECTORS, sort=st.none() | st.sampled_from(("a", "b", "_id")),
       down=st.booleans(), page=st.integers(1, 3))
def test_a_query_finds_what_fits_by_any_index(origin, docs, indexes, selector, sort, down, page):
    world, db = filled(origin, docs, indexes)
    query = {"selector": selector, "limit": 100} | ({"sort": [{sort: "desc" if down else "asc"}]} if sort else {})
    try:
        plan, found = answered(world, db, query)
    except BadQuery:
        event("no index has this order")
        assume(sort)
        return
    stored = [doc for id in docs if (doc := db.peek(id))]
    columns = [] if plan.index.special else plan.index.columns
    whole = [doc for doc in stored if fits(doc, selector) and all(column in doc for column in columns)]
    whole.sort(key=lambda doc: ([collation.key(doc[column]) for column in columns], doc["_id"]),
               reverse=bool(sort) and down)
    assert [doc["_id"] for doc in found.docs] == [doc["_id"] for doc in whole]
    if not sort:  # then the index leaves nothing out
        assert len(whole) == sum(fits(doc, selector) for doc in stored)
    pages, mark = [], ""
    for _ in range(len(docs) + 1):
        _, part = answered(world, db, query | {"limit": page, "bookmark": mark})
        pages += part.docs
        mark = part.last.text() if part.last else mark
    assert pages == found.docs


def test_an_index_is_read_only_where_it_must_be(origin):
    docs = {f"{n:03}": {"a": n % 10, "b": n} for n in range(300)}
    world, db = filled(origin, docs, [("a", "b")])
    for selector, most in (({"a": 3, "b": {"$gte": 200}}, 10), ({"a": 3, "b": 203}, 1),
                           ({"a": {"$gt": 8}, "b": 9}, 60), ({"a": {"$gt": 5, "$lte": 5}, "b": 1}, 0),
                           ({"a": {"$gte": 5, "$lt": 5}, "b": 1}, 0), ({"b": 203}, 300)):
        plan, found = answered(world, db, {"selector": selector})
        assert len(found.docs) == sum(fits(doc, selector) for doc in docs.values())
        assert found.examined <= most
        assert plan.index.special == ("a" not in selector)
    assert answered(world, db, {"selector": {"a": 3, "b": {"$gt": 0}}, "limit": 2})[1].examined <= 3


@pytest.mark.parametrize(("selector", "sort", "use", "chosen"), [
    ({"a": 1}, [], [], "a"),
    ({"a": {"$gt": 1}, "b": 2}, [], [], "a-b"),
    ({"b": 2}, [], [], None),
    ({"b": 2}, ["a"], ["a"], "a"),
    ({"a": 1, "b": {"$gt": 1}}, ["b"], [], "a-b"),
    ({"a": {"$exists": False}}, [], [], None),
    ({"$or": [{"a": 1}, {"a": 2}]}, [], [], "a"),
    ({"a": 1, "b": 1}, [], ["a"], "a"),
    ({"a": 1}, [], ["elsewhere"], "a"),
    ({}, [], [], None),
])
def test_the_best_index_is_chosen(selector, sort, use, chosen):
    indexes = [mango_plan.ALL_DOCS, mango_plan.Index("_design/a", "by", {"a": "asc"}),
               mango_plan.Index("_design/a-b", "by", {"a": "asc", "b": "asc"})]
    for some in itertools.permutations(indexes):
        plan = mango_plan.plan(list(some), mango_plan.normal(selector), sort, use)
        assert plan.index.ddoc == (chosen and f"_design/{chosen}")


@pytest.mark.parametrize(("selector", "sort"), [({"a": {"$gt": 1}}, ["b"]), ({"b": 1}, ["_id"]), ({"b": 1}, ["b"]),
                                                ({}, ["_id"])])
def test_an_order_that_no_index_has_is_refused(selector, sort):
    indexes = [mango_plan.ALL_DOCS, mango_plan.Index("_design/a-b", "by", {"a": "asc", "b": "asc"})]
    with pytest.raises(BadQuery, match="No index exists for this sort"):
        mango_plan.plan(indexes, mango_plan.normal(selector), sort, [])


def test_a_pattern_without_end_finds_nothing_and_costs_a_bounded_time():
    test = selectors.matching("^(a|aa)+$")
    assert test("aaaa")
    assert not any(test("a" * 60 + "b") for _ in range(1_000))
    assert not test("aaaa")  # the query has given up
    assert selectors.matching("^b")("bc")
