"""The store against the plainest model of it: dicts, sorted lists, full copies."""

import copy

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tinydb import where

from mocksrv.store import TOP, Exists, Index, Missing, Store, TableSpec, buckets, on, tree
from mocksrv.store.ledger import weigh

SPEC = TableSpec(
    "docs",
    {
        "type": on("type"),
        "parent": on("parent", "_id"),
        "tags": on("tags"),
        "date": on("date", ordered=True),
        "type_date": Index(
            lambda doc: [(doc["type"], doc["date"])] if doc.get("date") is not None and doc.get("type") else [],
            ordered=True,
        ),
    },
)
IDS = st.sampled_from([f"{letter}{n}" for letter in "aBé\U0001f600" for n in range(8)])
DOCS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["person", "clinic", "", None]),
        "parent": st.one_of(st.none(), st.fixed_dictionaries({"_id": st.sampled_from(["p", "q"])})),
        "tags": st.lists(st.one_of(st.integers(0, 3), st.just({"x": 1})), max_size=3),
        "date": st.one_of(st.none(), st.integers(0, 9)),
    },
)
DATES = st.one_of(st.none(), st.integers(-1, 10))


def keys(index, doc):
    """The keys of a document, said once more and differently."""
    match index, doc:
        case "type", {"type": value}:
            return {value}
        case "parent", {"parent": {"_id": value}}:
            return {value}
        case "tags", {"tags": values}:
            return {value for value in values if value != {"x": 1}}
        case "date", {"date": int(value)}:
            return {value}
        case "type_date", {"type": str(kind), "date": int(date)} if kind:
            return {(kind, date)}
    return set()


def entries(model, index):
    return [(key, id) for id, doc in model.items() for key in keys(index, doc)]


class Model(dict):
    """The documents, which of them are newer than the last settling, and what both were at the last begin."""

    def __init__(self, docs=(), own=(), before=None):
        super().__init__(docs)
        self.own, self.before = set(own), before

    def __setitem__(self, id, doc):
        super().__setitem__(id, doc)
        self.own.add(id)

    def update(self, docs):
        for id, doc in docs.items():
            self[id] = doc

    def pop(self, id):
        self.own.discard(id)
        return super().pop(id)

    def copy(self):
        return Model(copy.deepcopy(dict(self)), self.own)


class StoreMachine(RuleBasedStateMachine):
    """Several stores live at once, each forked from another, each beside its own model."""

    @initialize()
    def begin(self):
        self.live = [(Store([SPEC]), Model())]

    def pick(self, number):
        store, model = self.live[number % len(self.live)]
        return store["docs"], model

    @rule(n=st.integers(0, 3), id=IDS, doc=DOCS)
    def insert(self, n, id, doc):
        table, model = self.pick(n)
        if id in model:
            with pytest.raises(Exists):
                table.insert(id, doc)
        else:
            table.insert(id, doc)
            model[id] = copy.deepcopy(doc)

    @rule(n=st.integers(0, 3), id=IDS, doc=DOCS)
    def put(self, n, id, doc):
        table, model = self.pick(n)
        table.put(id, doc)
        model[id] = copy.deepcopy(doc)

    @rule(n=st.integers(0, 3), id=IDS, doc=DOCS)
    def update(self, n, id, doc):
        table, model = self.pick(n)
        if id in model:
            model[id] = {**model[id], **copy.deepcopy(doc)}
            assert table.update(id, doc) == model[id]
        else:
            with pytest.raises(Missing):
                table.update(id, doc)

    @rule(n=st.integers(0, 3), id=IDS)
    def delete(self, n, id):
        table, model = self.pick(n)
        if id in model:
            assert table.delete(id) == model.pop(id)
        else:
            with pytest.raises(Missing):
                table.delete(id)

    @rule(n=st.integers(0, 3), docs=st.dictionaries(IDS, DOCS, min_size=3))
    def load_many(self, n, docs):
        table, model = self.pick(n)
        fresh = {id: doc for id, doc in docs.items() if id not in model}
        table.load_many(fresh.items())
        model.update(copy.deepcopy(fresh))

    @rule(n=st.integers(0, 3))
    def fork(self, n):
        store, model = self.live[n % len(self.live)]
        self.live = [*self.live, (store.fork(), model.copy())][-4:]

    @rule(n=st.integers(0, 3))
    def dump_and_load(self, n):
        store, model = self.live[n % len(self.live)]
        self.live[n % len(self.live)] = (Store.load([SPEC], store.dump()), Model(model, model))

    @rule(n=st.integers(0, 3), m=st.integers(0, 3))
    def replace(self, n, m):
        store, _ = self.live[n % len(self.live)]
        other, model = self.live[m % len(self.live)]
        store.replace(other)
        self.live[n % len(self.live)] = (store, model.copy())

    @rule(n=st.integers(0, 3))
    def begin_writing(self, n):
        store, model = self.live[n % len(self.live)]
        store.ledger.begin()
        model.before = model.copy()

    @rule(n=st.integers(0, 3), back=st.booleans())
    def end_writing(self, n, back):
        """All since the last begin is taken back, the order of documents too, or stays for good."""
        store, model = self.live[n % len(self.live)]
        if back:
            store.ledger.undo()
            self.live[n % len(self.live)] = (store, model if model.before is None else model.before)
        else:
            store.ledger.end()
        self.live[n % len(self.live)][1].before = None

    @rule(n=st.integers(0, 3))
    def settle(self, n):
        store, model = self.live[n % len(self.live)]
        store.ledger.end()
        store.weigh_from_now()
        model.own, model.before = set(), None

    @rule(
        n=st.integers(0, 3),
        low=DATES,
        high=DATES,
        include=st.tuples(st.booleans(), st.booleans()),
        after=st.one_of(st.none(), st.tuples(st.integers(0, 9), IDS)),
        skip=st.integers(0, 4),
        limit=st.one_of(st.none(), st.integers(0, 4)),
        reverse=st.booleans(),
    )
    def range(self, n, low, high, include, after, skip, limit, reverse):
        table, model = self.pick(n)
        expected = [
            (key, id)
            for key, id in sorted(entries(model, "date"))
            if (low is None or key > low or (include[0] and key == low))
            and (high is None or key < high or (include[1] and key == high))
            and (after is None or ((key, id) < after if reverse else (key, id) > after))
        ]
        if reverse:
            expected.reverse()
        bounds = {"include_low": include[0], "include_high": include[1], "after": after, "reverse": reverse}
        assert table.rank("date", low, high, **bounds) == len(expected)
        assert table.range("date", low, high, **bounds) == expected
        page = expected[skip:] if limit is None else expected[skip : skip + limit]
        assert table.range("date", low, high, skip=skip, limit=limit, **bounds) == page

    @rule(n=st.integers(0, 3), kind=st.sampled_from(["person", "clinic"]))
    def prefix(self, n, kind):
        table, model = self.pick(n)
        expected = [entry for entry in sorted(entries(model, "type_date")) if entry[0][0] == kind]
        assert table.range("type_date", (kind,), (kind, TOP)) == expected

    @rule(n=st.integers(0, 3), value=st.sampled_from(["person", "clinic", "", None, "other"]))
    def query(self, n, value):
        table, model = self.pick(n)
        expected = [doc for doc in model.values() if "type" in doc and doc["type"] == value]
        assert table.search(where("type") == value) == expected
        assert table.search(where("type").test(lambda held: held == value)) == expected
        assert table.contains(where("type") == value) == bool(expected)

    @invariant()
    def all_agree(self):
        for store, model in self.live:
            table = store["docs"]
            assert list(table.ids()) == list(model)
            assert list(table.all()) == list(model.values())
            assert len(table) == len(model)
            assert store.ledger.weight == sum(weigh(len(table.json(id))) for id in model.own)
            assert table.by("type", "nobody") == table.by("date", 99) == []
            assert table.first("type", "nobody") is table.first("date", 99) is None
            assert table.count("type", "nobody") == table.count("date", 99) == 0
            for index, spec in SPEC.indexes.items():
                expected = entries(model, index)
                assert table.size(index) == len(expected)
                for key in {key for key, _ in expected}:
                    ids = [id for held, id in (sorted(expected) if spec.ordered else expected) if held == key]
                    assert table.by(index, key) == ids
                    assert table.first(index, key) == ids[0]
                    assert table.count(index, key) == len(ids)


class SmallParts(StoreMachine):
    """The same with parts so small that they split, empty and grow all the time."""

    def __init__(self):
        super().__init__()
        self.sizes = pytest.MonkeyPatch()
        self.sizes.setattr(tree, "LEAF", 4)
        self.sizes.setattr(tree, "BRANCH", 4)
        self.sizes.setattr(buckets, "BUCKET", 2)

    def teardown(self):
        self.sizes.undo()


CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # the machine may be busy
TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=30, stateful_step_count=30, **CALM)
TestSmallParts = SmallParts.TestCase
TestSmallParts.settings = settings(max_examples=60, stateful_step_count=50, **CALM)
