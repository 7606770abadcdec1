"""What a table promises, one promise a test; the model in test_model.py covers how they combine."""

import random
import threading
from datetime import date
from uuid import UUID

import orjson
import pytest
from tinydb import Query, where

from mocksrv.store import TOP, Exists, Index, Missing, Store, Table, TableSpec, on

SPEC = TableSpec(
    "docs",
    {
        "type": on("type"),
        "parent": on("parent", "_id"),
        "n": on("n", ordered=True),
        "pair": Index(lambda doc: [(doc.get("type", ""), doc.get("n", 0))], ordered=True),
    },
)


def doc(n):
    return {"type": "odd" if n % 2 else "even", "n": n, "parent": {"_id": f"p{n // 3}"}, "list": [{"x": n}]}


@pytest.fixture
def store():
    store = Store([SPEC])
    store["docs"].load_many((f"id{n}", doc(n)) for n in range(10))
    return store


@pytest.fixture
def docs(store):
    return store["docs"]


# Copies in, copies out


def spoil(value):
    value["list"][0]["x"] = "spoilt"
    value["parent"]["_id"] = "spoilt"
    value["more"] = 1


@pytest.mark.parametrize(
    "leak",
    {
        "insert": lambda docs: (given := doc(3), docs.delete("id3"), docs.insert("id3", given)) and given,
        "put": lambda docs: (given := doc(3), docs.put("id3", given)) and given,
        "update": lambda docs: (given := doc(3), docs.update("id3", given)) and given,
        "what update returns": lambda docs: docs.update("id3", {}),
        "get": lambda docs: docs.get("id3"),
        "get after peek": lambda docs: docs.peek("id3") and docs.get("id3"),
        "search": lambda docs: docs.search(where("n") == 3)[0],
        "search by index": lambda docs: docs.search((where("type") == "odd") & (where("n") == 3))[0],
        "iteration": lambda docs: list(docs)[3],
    }.items(),
    ids=lambda leak: leak[0],
)
def test_nobody_can_change_what_is_stored(docs, leak):
    spoil(leak[1](docs))
    assert docs.get("id3") == docs.peek("id3") == orjson.loads(docs.json("id3")) == doc(3)
    assert docs.first("parent", "spoilt") is None


def test_what_delete_returns_is_not_what_a_fork_still_has(store, docs):
    fork = store.fork()["docs"]
    fork.peek("id3")
    spoil(docs.delete("id3"))
    assert fork.get("id3") == fork.peek("id3") == doc(3)


def test_a_dump_and_what_is_loaded_from_it_are_copies(store):
    data = store.dump()
    loaded = Store.load([SPEC], data)
    spoil(data["docs"]["id3"])
    assert store["docs"].get("id3") == loaded["docs"].get("id3") == doc(3)


def test_json_is_compact_and_keeps_the_order_of_keys(docs):
    docs.insert("é", {"b": "é\u2028", "a": [1.0, None, {}]})
    assert docs.json("é") == '{"b":"é\u2028","a":[1.0,null,{}]}'.encode()
    docs.update("é", {"b": 2, "c": 3})
    assert docs.json("é") == b'{"b":2,"a":[1.0,null,{}],"c":3}'
    assert docs.json("nobody") is None


# What is refused


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"a": float("nan")}, ValueError),
        ({"a": [{"b": float("-inf")}]}, ValueError),
        ({"a": None, "b": (1, float("inf"))}, ValueError),
        ({"a": 2**64}, TypeError),
        ({"a": -(2**63) - 1}, TypeError),
        ({1: "a"}, TypeError),
        ({"a": {None: 1}}, TypeError),
        ({"a": "\ud800"}, TypeError),
        ({"\ud800": 1}, TypeError),
        ({"a": date(2026, 1, 1)}, TypeError),
        ({"a": {1, 2}}, TypeError),
        ({"a": b"bytes"}, TypeError),
        ([1], TypeError),
        (None, TypeError),
    ],
)
@pytest.mark.parametrize(
    "write",
    [
        lambda docs, bad: docs.insert("new", bad),
        lambda docs, bad: docs.put("new", bad),
        lambda docs, bad: docs.put("id3", bad),
        lambda docs, bad: docs.update("id3", bad),
        lambda docs, bad: docs.load_many([("new", bad)]),
    ],
    ids=["insert", "put", "replace", "update", "load_many"],
)
def test_what_is_not_json_is_refused(docs, write, bad, error):
    before = docs.version
    with pytest.raises(error):
        write(docs, bad)
    assert docs.version == before
    assert "new" not in docs
    assert docs.get("id3") == doc(3)


def test_what_json_can_say_is_kept():
    docs = Store([TableSpec("docs")])["docs"]
    kept = {"": None, "big": [2**64 - 1, -(2**63)], "float": [1e300, 5e-324, -0.0], "text": "\x00\U0001f600é"}
    docs.insert("a", kept | {"tuple": (1, 2), "uuid": UUID(int=0)})
    assert docs.get("a") == kept | {"tuple": [1, 2], "uuid": str(UUID(int=0))}


@pytest.mark.parametrize(("id", "error"), [(1, TypeError), (None, TypeError), ("\udc00", ValueError)])
def test_an_id_is_a_text_that_can_be_written(docs, id, error):
    for write in (docs.insert, docs.put):
        with pytest.raises(error):
            write(id, {})
    with pytest.raises(error):
        Store([SPEC])["docs"].load_many([(id, {})])


def test_ids_taken_and_missing(docs):
    with pytest.raises(Exists) as taken:
        docs.insert("id3", {})
    assert (taken.value.table, taken.value.id) == ("docs", "id3")
    for refused in (lambda: docs.update("nobody", {}), lambda: docs.delete("nobody")):
        with pytest.raises(Missing) as missing:
            refused()
        assert (missing.value.table, missing.value.id) == ("docs", "nobody")
    assert docs.get("nobody") is docs.peek("nobody") is None


def test_a_key_that_cannot_be_compared_changes_nothing(docs):
    before = {index: docs.size(index) for index in SPEC.indexes}
    with pytest.raises(TypeError):
        docs.insert("new", {"type": "odd", "n": "text"})
    with pytest.raises(TypeError):
        docs.update("id3", {"type": "even", "n": "text"})
    assert docs.by("type", "odd") == ["id1", "id3", "id5", "id7", "id9"]
    assert docs.range("n", 3, 3) == [(3, "id3")]
    assert {index: docs.size(index) for index in SPEC.indexes} == before


def test_load_many_into_an_empty_table_is_all_or_nothing():
    docs = Store([SPEC])["docs"]
    for pairs, error in (([("a", {}), ("a", {})], Exists), ([("a", {"n": 1}), ("b", {"n": "x"})], TypeError)):
        with pytest.raises(error):
            docs.load_many(pairs)
        assert len(docs) == docs.size("type") == docs.size("n") == docs.version == 0


# Indexes


@pytest.mark.parametrize(
    ("path", "value", "keys"),
    [
        (("a",), {"a": 1}, [1]),
        (("a",), {"a": None}, [None]),
        (("a",), {"b": 1}, []),
        (("a",), {"a": {"b": 1}}, []),
        (("a",), {"a": [1, "x", None]}, [1, "x", None]),
        (("a",), {"a": [[1], {"b": 1}, 2]}, [2]),
        (("a", "b"), {"a": {"b": 1}}, [1]),
        (("a", "b"), {"a": {"b": [1, 2]}}, [1, 2]),
        (("a", "b"), {"a": [{"b": 1}]}, []),
        (("a", "b"), {"a": "b"}, []),
        (("a", "b"), {"a": None}, []),
    ],
)
def test_on(path, value, keys):
    assert list(on(*path).keys(value)) == keys
    assert list(on(*path, ordered=True).keys(value)) == [key for key in keys if key is not None]


def test_a_document_is_once_under_a_key():
    docs = Store([TableSpec("docs", {"tags": on("tags"), "sorted": on("tags", ordered=True)})])["docs"]
    docs.insert("a", {"tags": [1, 1, 1.0]})
    assert docs.by("tags", 1) == docs.by("sorted", 1) == ["a"]
    assert docs.size("tags") == docs.size("sorted") == 1
    docs.update("a", {"tags": []})
    assert docs.size("tags") == docs.size("sorted") == 0


def test_a_hash_index_keeps_the_order_of_insertion(docs):
    docs.update("id1", {"type": "even"})
    docs.put("id0", doc(0))
    assert docs.by("type", "even") == ["id0", "id1", "id2", "id4", "id6", "id8"]
    docs.delete("id0")
    docs.insert("id0", doc(0))
    assert docs.by("type", "even") == ["id1", "id2", "id4", "id6", "id8", "id0"]


def test_an_ordered_index_sorts_by_key_then_id_by_code_point():
    docs = Store([SPEC])["docs"]
    for id in ("b", "\uffff", "B", "\U0001f600", "é", "a"):
        docs.insert(id, {"n": 1})
    assert docs.by("n", 1) == ["B", "a", "b", "é", "\uffff", "\U0001f600"]


def test_pages_meet(docs):
    for n in range(10, 40):
        docs.insert(f"id{n}", {"n": n % 7})
    pages = []
    while page := docs.range("n", after=pages[-1][-1] if pages else None, limit=6):
        pages.append(page)
    assert [len(page) for page in pages] == [6, 6, 6, 6, 6, 6, 4]
    assert [entry for page in pages for entry in page] == docs.range("n")


def test_ranges_of_a_larger_table_are_slices_of_the_sorted_entries():
    docs = Store([SPEC])["docs"]
    docs.load_many((f"id{n}", {"n": n // 3}) for n in range(900))
    entries = sorted((n // 3, f"id{n}") for n in range(900))
    picks = random.Random(4)
    for _ in range(500):
        low, high = picks.randrange(-5, 305), picks.randrange(-5, 305)
        skip, limit = picks.choice([0, 0, picks.randrange(300)]), picks.choice([None, 0, picks.randrange(300)])
        reverse = picks.random() < 0.3
        expected = [entry for entry in entries if low <= entry[0] <= high]
        assert docs.rank("n", low, high) == len(expected)
        expected = (expected[::-1] if reverse else expected)[skip:]
        found = docs.range("n", low, high, skip=skip, limit=limit, reverse=reverse)
        assert found == (expected if limit is None else expected[:limit])


def test_the_next_page_begins_behind_an_entry_that_is_gone(docs):
    docs.delete("id3")
    assert docs.range("n", after=(3, "id3"), limit=1) == [(4, "id4")]
    assert docs.range("n", after=(3, "id3"), limit=1, reverse=True) == [(2, "id2")]
    assert docs.range("n", after=(2, ""), limit=1) == [(2, "id2")]
    assert docs.rank("n", after=(3, "id3")) == 6


def test_a_prefix_of_a_key_is_a_range(docs):
    assert docs.range("pair", ("odd",), ("odd", TOP), limit=2) == [(("odd", 1), "id1"), (("odd", 3), "id3")]
    assert docs.rank("pair", ("odd", 4), ("odd", TOP)) == 3
    assert docs.range("pair", ("odd",), ("odd", TOP), reverse=True, limit=1) == [(("odd", 9), "id9")]


def test_a_hash_index_has_no_ranges(docs):
    for refused in (docs.range, docs.rank):
        with pytest.raises(TypeError, match="index 'type' of docs has no order"):
            refused("type")
    with pytest.raises(KeyError):
        docs.by("nothing", 1)


# Reading while it is written to


def test_all_shows_the_table_as_it_was(docs):
    seen = []
    for stored in docs.all():
        n = stored["n"]
        seen.append(n)
        docs.delete(f"id{n}")
        docs.insert(f"new{n}", {"n": n + 100})
        docs.put("id9", {"n": -1}) if "id9" in docs else None
    assert seen == list(range(10))
    assert list(docs.ids()) == [f"new{n}" for n in range(10)]


def test_every_write_gives_a_new_version(store, docs):
    versions = [docs.version]
    for write in (
        lambda: docs.insert("a", {}),
        lambda: docs.put("a", {}),
        lambda: docs.update("a", {}),
        lambda: docs.delete("a"),
        lambda: docs.load_many([("b", {})]),
        lambda: docs.truncate(),
        lambda: docs.load_many([("b", {})]),
        lambda: store.replace(Store([SPEC])),
    ):
        write()
        versions.append(docs.version)
    assert versions == sorted(set(versions))
    docs.get("b"), list(docs.all()), docs.search(where("n") == 1), store.fork()
    assert docs.version == versions[-1]


# TinyDB's own


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (where("n") > 7, ["id8", "id9"]),
        (where("parent")["_id"] == "p1", ["id3", "id4", "id5"]),
        (where("parent._id") == "p1", []),
        (Query().list.any(Query().x == 4), ["id4"]),
        ((where("type") == "odd") & ~(where("n").one_of([1, 3, 5])), ["id7", "id9"]),
        (where("parent") == {"_id": "p3"}, ["id9"]),
        (where("type").matches("o"), ["id1", "id3", "id5", "id7", "id9"]),
        (where("type") == "neither", []),
        (where("type") == ["odd"], []),
    ],
)
def test_queries(docs, query, ids):
    assert [found.doc_id for found in docs.search(query)] == ids
    assert docs.contains(query) == bool(ids)


def test_an_equality_on_an_indexed_field_tries_no_other_document(docs, monkeypatch):
    docs.insert("many", {"parent": {"_id": ["p1"]}})
    monkeypatch.setattr(Table, "rows", None)
    assert [found.doc_id for found in docs.search(where("parent")["_id"] == "p1")] == ["id3", "id4", "id5"]
    assert [found.doc_id for found in docs.search(where("type") == "odd")] == ["id1", "id3", "id5", "id7", "id9"]


def test_the_rest_of_tinydb(docs):
    assert docs.remove(where("n") < 7) == [f"id{n}" for n in range(7)]
    assert docs.update_multiple([({"type": "seven"}, where("n") == 7)]) == ["id7"]
    assert docs.by("type", "seven") == ["id7"]
    assert [(found.doc_id, found["n"]) for found in docs] == [("id7", 7), ("id8", 8), ("id9", 9)]
    assert docs.contains(doc_id="id7")
    assert not docs.contains(doc_id="id1")
    docs.truncate()
    assert len(docs) == docs.size("n") == 0


# The store


def test_a_table_must_be_known(store):
    with pytest.raises(KeyError):
        store.table("nothing")


def test_a_dump_may_have_more_and_fewer_tables(store):
    loaded = Store.load([SPEC, TableSpec("other")], {"more": {"a": {"kept": 1}}})
    assert loaded.dump() == {"docs": {}, "other": {}, "more": {"a": {"kept": 1}}}
    store.replace(loaded)
    assert store.dump() == {"docs": {}, "other": {}, "more": {"a": {"kept": 1}}}
    loaded.replace(Store([SPEC]))
    assert loaded.dump() == {"docs": {}, "other": {}, "more": {}}


def test_a_store_in_memory_has_nothing_to_commit(store):
    assert not store.on_disk
    store.commit({"draws": object()})
    store.compact()
    store.close()


def work(table, seed):
    """A few hundred changes, the same for the same seed."""
    moves = random.Random(seed)
    for n in range(300):
        id = f"id{moves.randrange(3000)}"
        if id in table and moves.random() < 0.4:
            table.delete(id)
        else:
            table.put(id, {"type": moves.choice("abc"), "n": moves.randrange(50), "at": n})


def summary(table):
    return list(table.ids()), list(table.all()), table.range("pair"), [table.by("type", kind) for kind in "abc"]


def test_forks_may_be_used_by_threads_side_by_side():
    origin = Store([SPEC])
    origin["docs"].load_many((f"id{n}", doc(n)) for n in range(2000))
    before = summary(origin["docs"])
    expected = {}
    for seed in range(8):
        alone = Store.load([SPEC], origin.dump())["docs"]
        work(alone, seed)
        expected[seed] = summary(alone)
    found = {}

    def run(seed):
        fork = origin.fork()["docs"]
        work(fork, seed)
        found[seed] = summary(fork)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
    assert summary(origin["docs"]) == before


def test_a_long_line_of_forks_stays_itself():
    store = Store([SPEC])
    store["docs"].load_many((f"id{n}", doc(n)) for n in range(1000))
    kept = []
    for seed in range(20):
        kept.append((store, summary(store["docs"])))
        store = store.fork()
        work(store["docs"], seed)
    for older, before in kept:
        assert summary(older["docs"]) == before


def test_emptied_and_filled_again():
    docs = Store([SPEC])["docs"]
    ids = [f"id{n}" for n in range(3000)]
    for turn in range(2):
        for n, id in enumerate(ids):
            docs.insert(id, doc(n))
        assert docs.rank("n", 100, 2000, include_high=False) == 1900
        assert docs.range("n", skip=2990) == [(n, f"id{n}") for n in range(2990, 3000)]
        for id in random.Random(turn).sample(ids, len(ids)):
            docs.delete(id)
        assert summary(docs) == ([], [], [], [[], [], []])


def test_emptied_and_filled_at_either_end():
    docs = Store([TableSpec("docs", {"n": on("n", ordered=True), "same": on("same")})])["docs"]
    held = {n: f"id{n}" for n in range(-500, 500)}
    docs.load_many((id, {"n": n, "same": 1}) for n, id in held.items())
    moves = random.Random(3)
    for _ in range(40):
        end = moves.choice([min, max])
        for _ in range(moves.randrange(len(held))):
            docs.delete(held.pop(end(held)))
        for _ in range(moves.randrange(400)):
            n = moves.choice([min(held) - 1, max(held) + 1])
            held[n] = f"id{n}"
            docs.insert(held[n], {"n": n, "same": 1})
        assert docs.range("n") == sorted(held.items())
        assert docs.by("same", 1) == list(held.values()) == list(docs.ids())


def test_what_is_made_of_a_document_is_remembered_until_it_changes():
    store = Store([TableSpec("people")])
    people, made = store["people"], []

    def make(doc):
        made.append(doc["n"])
        return doc["n"] * 10

    people.insert("a", {"n": 1})
    assert [people.made("a", "tens", make) for _ in range(2)] == [10, 10]
    fork = store.fork()
    people.update("a", {"n": 2})
    assert (people.made("a", "tens", make), fork["people"].made("a", "tens", make)) == (20, 10)
    assert people.made("a", "other", lambda doc: doc["n"]) == 2
    assert made == [1, 2]
