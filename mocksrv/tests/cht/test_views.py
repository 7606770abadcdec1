"""Views and revisions against naive models: the order of keys, rows after any writes, conflicts, changes."""

import functools
import itertools
import json
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mocksrv.config import Config
from mocksrv.tests.tools import program
from mocksrv.vendors.cht import vendor
from mocksrv.vendors.cht.couch import collation, documents, maintenance, revision_tree, tables, versions
from mocksrv.vendors.cht.couch.view_index import View, rows_of
from mocksrv.vendors.cht.couch_api.lists.reducing import reduced
from mocksrv.vendors.cht.couch_api.views import choose, shown
from mocksrv.vendors.cht.node import javascript
from mocksrv.worlds import Worlds

ASCII = "\t\n _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ"
IN_ORDER = [
    None, False, True, -3, 0, 1.5, 10, "", "a", "A", "aa", "b", "B", "ba", "bb", "é", "f", "\uffff",
    [], [None], ["a"], ["a", 1], ["b"], {}, {"a": 1}, {"a": 2}, {"b": 1}, {"b": 2, "a": 1},
]
LARGE = st.sampled_from((2**53, -(2**53), 2**62)).flatmap(lambda near: st.integers(near - 2, near + 2))
JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | LARGE | st.floats(-9, 9)
                    | st.text("aAbé -1_", max_size=3),
                    lambda inner: (st.lists(inner, max_size=3)
                                   | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2)),
                    max_leaves=6)


@pytest.fixture(scope="module")
def origin():
    return Worlds([vendor], Config(vendor=("cht",), size=0))


def database(origin):
    world = origin.origin.fork("views")
    maintenance.make(world, "medic-other")
    return documents.database(world, "medic-other")


# --- collation -----------------------------------------------------------------------------------------------


def test_the_documented_order():
    keys = [collation.key(value) for value in IN_ORDER]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_ascii_is_in_the_order_of_icu():
    assert "".join(sorted(ASCII, key=collation.key)) == ASCII


def test_latin_texts_sort_as_icu_sorts_them():
    letters = "aAbZz éÉèêñÑüöÅçž_-.:1290'(~"
    texts = sorted({one + two + three for one in letters for two in letters for three in ("", "a", "B", "-")})
    script = ("const c = new Intl.Collator('en'); let t = ''; process.stdin.on('data', d => t += d).on('end', () => "
              "console.log(JSON.stringify(JSON.parse(t).sort(c.compare))))")
    node = program("node")  # it has ICU
    done = subprocess.run([node, "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True)
    assert sorted(texts, key=collation.key) == json.loads(done.stdout)


def naive(value):
    """The order of values, told in another way: kinds, then what orders each."""
    if isinstance(value, str):
        letters = [("e", 1, char) if char == "é" else (char.lower(), 0, char) for char in value]
        return (4, [" _-1abe\uffff".index(letter) for letter, _, _ in letters],
                [accent for _, accent, _ in letters], [char.isupper() for _, _, char in letters])
    if isinstance(value, list):
        return 5, [naive(one) for one in value]
    if isinstance(value, dict):
        return 6, [(naive(name), naive(one)) for name, one in value.items()]
    return (0,) if value is None else (1, value) if isinstance(value, bool) else (3, value)


@given(JSON, JSON)
def test_any_two_values_are_in_the_documented_order(one, two):
    assert (collation.key(one) < collation.key(two)) == (naive(one) < naive(two))
    assert (collation.key(one) == collation.key(two)) == (naive(one) == naive(two))


def test_whole_numbers_beyond_doubles_are_in_order():
    numbers = sorted({near + more for near in (2**53, 2**60, 2**63, -(2**53), -(2**60)) for more in range(-3, 4)})
    keys = [collation.key(number) for number in numbers]
    assert keys == sorted(set(keys))
    assert collation.key(2**60) == collation.key(float(2**60))


@given(st.lists(JSON, min_size=1, max_size=3), JSON)
def test_the_beginning_of_an_array_is_before_all_that_begin_so(members, more):
    head = collation.start(members)
    for array in (members, [*members, more], [*members, more, None]):
        assert head < collation.key(array) < head + collation.BEHIND
    assert not head < collation.key([*members[:-1], [members[-1], more]]) < head + collation.BEHIND


# --- rows ----------------------------------------------------------------------------------------------------


def emitted(doc):
    for number, key in enumerate(doc.get("keys", ())):
        yield key, {"number": number, "text": doc.get("text")}


NAME = ("medic-other", "test", "rows")
FEW = st.sampled_from((1, "b", [0], [0, 1], [0, 2], [1], [1, 0], [1, 1]))  # so that keys meet
SOME = st.booleans().flatmap(lambda few: FEW if few else JSON)
KEYS = st.lists(SOME, max_size=3)
STEP = st.one_of(
    st.tuples(st.just("put"), st.sampled_from("abc"), KEYS),
    st.tuples(st.just("delete"), st.sampled_from("abc")),
    st.tuples(st.just("branch"), st.sampled_from("abc"), KEYS, st.integers(1, 3), st.sampled_from("13579"),
              st.booleans()),
    st.tuples(st.sampled_from(("fork", "snapshot", "drop"))),
)
STEPS = st.lists(st.tuples(STEP, st.booleans()), max_size=20)  # and whether the view is read then
RANGES = st.fixed_dictionaries({}, optional={
    "startkey": SOME, "endkey": SOME, "descending": st.booleans(), "inclusive_end": st.booleans(),
    "skip": st.integers(0, 3), "limit": st.integers(0, 4), "keys": st.lists(SOME, max_size=3)})


def take(world, step):
    """One step; returns the world that goes on."""
    db, (what, *rest) = documents.database(world, NAME[0]), step
    if what == "put":
        db.put({**(db.get(rest[0]) or {"_id": rest[0]}), "keys": rest[1]})
    elif what == "delete" and rest[0] in db:
        db.delete(rest[0])
    elif what == "branch":  # a revision from elsewhere: it may win, lose, or be a tombstone
        id, keys, length, digit, dead = rest
        path = [f"{digit * 4}{number}" for number in range(length, 0, -1)]
        db.replicate({"_id": id, "_rev": f"{length}-{path[0]}", "keys": keys, "_revisions": {
            "start": length, "ids": path}} | ({"_deleted": True} if dead else {}))
    elif what == "drop":
        maintenance.drop(world, NAME[0])
        maintenance.make(world, NAME[0])
    elif what in ("fork", "snapshot"):
        world.sealed = what == "snapshot"
        twin = world.fork("next")
        if not world.sealed:  # what happens there is nothing to the other
            db.put({**(db.get("a") or {"_id": "a"}), "keys": ["elsewhere"]})
            rows_of(world, NAME, View(emitted))
        return twin
    return world


def computed(db):
    """All rows by the documents as they are now."""
    rows = [(naive(key), doc["_id"], key, value) for doc in map(db.peek, db.all_ids())
            for key, value in emitted(doc)]
    return sorted(rows, key=lambda row: (row[0], row[1], row[3]["number"]))


def picked(rows, options):
    """What the options pick of all rows, one after the other."""
    if "keys" in options:
        found = [row for key in options["keys"] for row in rows[:: -1 if options.get("descending") else 1]
                 if row[0] == naive(key)]
    else:
        down = options.get("descending", False)
        first, last = (options.get(name, ...) for name in ("startkey", "endkey"))
        whole = options.get("inclusive_end", True)
        found = [row for row in (reversed(rows) if down else rows)
                 if first is ... or (row[0] <= naive(first) if down else row[0] >= naive(first))]
        found = [row for row in found if last is ... or (row[0] == naive(last) and whole)
                 or (row[0] > naive(last) if down else row[0] < naive(last))]
    return found


@pytest.fixture(scope="module")
def stocked(origin):
    """A world with enough documents that a few changes are followed one by one."""
    world = origin.origin.fork("stock")
    maintenance.make(world, NAME[0])
    db = documents.database(world, NAME[0])
    for number in range(60):
        db.put({"_id": f"stock-{number:02}", "keys": [number % 9, [number % 2, number % 3], "b" * (number % 5)]})
    rows_of(world, NAME, View(emitted))
    world.sealed = True
    return world


def after(stocked, steps):
    """The database and the view's rows after the steps."""
    world = stocked.fork("views")
    for step, read in steps:
        world = take(world, step)
        if read:
            rows_of(world, NAME, View(emitted))
    return documents.database(world, NAME[0]), rows_of(world, NAME, View(emitted))


def shape(row):
    _, id, key, value = row
    return {"id": id, "key": key, "value": value}


@example(steps=[], options={"endkey": [1, 1], "descending": True, "inclusive_end": False})
@example(steps=[(("drop",), False), (("put", "a", [1]), False)], options={"keys": [1, 1]})
@settings(max_examples=150, deadline=None)
@given(steps=STEPS, options=RANGES)
def test_rows_are_those_of_a_naive_view(stocked, steps, options):
    db, rows = after(stocked, steps)
    everything = computed(db)
    found = picked(everything, options)[options.get("skip", 0) :]
    page = found[: options.get("limit", len(found))]
    chosen, offset = choose(rows, options)
    assert [json.loads(shown(db, row, None)) for row in chosen] == [shape(row) for row in page]
    assert [json.loads(shown(db, row, db.peek)) for row in chosen] == [
        {**shape(row), "doc": db.peek(row[1])} for row in page]
    assert len(rows) == len(everything)
    if chosen and "keys" not in options:
        in_order = everything[::-1] if options.get("descending") else everything
        assert shape(in_order[offset]) == shape(page[0])


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, options=RANGES, level=st.sampled_from((None, 0, 1, 1, 2)))
def test_groups_are_those_of_a_naive_view(stocked, steps, options, level):
    db, rows = after(stocked, steps)
    wanted = [{"keys": [key]} for key in options["keys"]] if "keys" in options else [options]
    counts = []
    for one in wanted:
        keys = [key for _, _, key, _ in picked(computed(db), one)]
        heads = [None if level == 0 else key[:level] if isinstance(key, list) else key for key in keys]
        groups = [list(group) for _, group in itertools.groupby(heads, naive)]
        counts += [{"key": group[0], "value": len(group)} for group in groups]
    counts = counts[options.get("skip", 0) :][: options.get("limit", len(counts))]
    options |= {"group": True} if level is None else {"group_level": level}
    assert [json.loads(row) for row in reduced(rows, "_count", options)] == counts


def test_many_changes_at_once_are_followed_too(stocked):
    db, rows = after(stocked, [])
    for turn in range(3):
        for number in range(turn, 400, turn + 1):
            id = f"doc-{number % 130}"
            db.put({**(db.get(id) or {"_id": id}), "keys": [number % 7, [number]]})
        rows = rows.follow(db)
        assert [json.loads(shown(db, row, None)) for row in rows.cut(0, len(rows))] == [
            shape(row) for row in computed(db)]


def test_a_database_that_begins_anew_has_no_old_rows(stocked):
    db, rows = after(stocked, [(("drop",), False), (("put", "a", [1]), False)])
    assert [shape(row) for row in computed(db)] == [json.loads(shown(db, row, None)) for row in rows.cut(0, 9)]
    assert len(rows) == 1


# --- revisions -----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.text("0123456789abcdef", min_size=4, max_size=4)),
                min_size=1, max_size=10))
def test_leaves_are_those_of_a_tree(origin, steps):
    """Every step grows a known revision (or begins anew); the winner is live, long, high, in this order."""
    db, parents, dead = database(origin), {}, set()
    for choice, deleted, hexed in steps:
        known = sorted(parents)
        parent = known[choice % len(known)] if known and choice else None
        path = [f"{revision_tree.rank(parent)[0] + 1 if parent else 1}-{hexed}"]
        if path[0] in parents:
            continue
        parents[path[0]] = parent
        dead |= {path[0]} if deleted else set()
        while parents[path[-1]]:
            path.append(parents[path[-1]])
        db.replicate({"_id": "x", "_rev": path[0], **({"_deleted": True} if deleted else {}), "_revisions": {
            "start": revision_tree.rank(path[0])[0], "ids": [rev.partition("-")[2] for rev in path]}})
    ends = set(parents) - set(parents.values())
    winner = max(ends, key=lambda rev: (rev not in dead, revision_tree.rank(rev)))
    found = db.branches("x")
    assert {leaf.rev for leaf in found} == ends
    assert found[0].rev == winner
    assert (db.peek("x") is None) == (winner in dead)


@settings(max_examples=40, deadline=None)
@given(writes=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["put", "delete", "compact"])), max_size=40),
       limit=st.integers(1, 12))
def test_old_revisions_are_what_they_were(origin, writes, limit):
    """The last ones of each document, unless the database was compacted or knows fewer."""
    db, bodies, last = database(origin), {"a": [], "b": []}, {}
    db.world.table(tables.SERVER).put(f"revs_limit/{db.name}", {"limit": limit})
    for number, (id, what) in enumerate(writes):
        if what == "compact":
            maintenance.compact(db.world, db.name)
            last = {one: len(found) for one, found in bodies.items()}
        elif what == "put" or id in db:
            doc = {"_id": id, "n": number} | ({"_deleted": True} if what == "delete" else {})
            if id in db:
                doc["_rev"] = db.peek(id)["_rev"]
            bodies[id].append((db.put(doc)["rev"], number))
    for id, written in bodies.items():
        for age, (rev, number) in enumerate(reversed(written)):
            found = versions.find(db, id, rev)
            there = age == 0 or (age < min(limit, documents.KEPT) and len(written) - age >= last.get(id, 0))
            assert (found.body["n"] if found else None) == (number if there else None)
        assert [len(leaf.revs) for leaf in db.branches(id)] == ([min(limit, len(written))] if written else [])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=15))
def test_changes_give_every_document_once_with_its_last_revision(origin, writes):
    db, last = database(origin), {}
    for id, delete in writes:
        if delete and id in db:
            last[id] = db.delete(id)["rev"]
        elif not delete:
            last[id] = db.put(db.get(id) or {"_id": id})["rev"]
    changes = list(db.changes())
    assert {id: history["revs"][0] for _, id, history in changes} == last
    assert len(changes) == len(last)
    assert [seq for seq, _, _ in changes] == sorted(seq for seq, _, _ in changes)
    half = functools.reduce(max, (seq for seq, _, _ in changes[: len(changes) // 2]), 0)
    assert list(db.changes(half)) == changes[len(changes) // 2 :]
    assert db.updates(half, 2) == [(seq, id) for seq, id, _ in changes[len(changes) // 2 :][:2]]
    assert db.updated(half) == len(changes) - len(changes) // 2


@pytest.mark.parametrize(("values", "found"), [
    ((0, "", None, {}), {}), (([], 1), []), (("0", 1), "0"), ((float("nan"), 7), 7), ((0, ""), "")])
def test_the_first_that_is_true_else_the_last(values, found):
    assert javascript.first(*values) == found
