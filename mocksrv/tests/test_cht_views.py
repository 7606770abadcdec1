"""Views and revisions against naive models: the order of keys, rows after any writes, conflicts, changes."""

import functools
import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mocksrv.config import Config
from mocksrv.vendors.cht import documents, leaves, vendor
from mocksrv.vendors.cht.views import choose, collation
from mocksrv.vendors.cht.views.index import Rows, View
from mocksrv.world import Worlds

ASCII = "\t\n _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ"
IN_ORDER = [
    None, False, True, -3, 0, 1.5, 10, "", "a", "A", "aa", "b", "B", "ba", "bb", "é", "f", "\uffff",
    [], [None], ["a"], ["a", 1], ["b"], {}, {"a": 1}, {"a": 2}, {"b": 1}, {"b": 2, "a": 1},
]
JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("aAbé -1_", max_size=3),
                    lambda inner: (st.lists(inner, max_size=3)
                                   | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2)),
                    max_leaves=6)


@pytest.fixture(scope="module")
def origin():
    return Worlds([vendor], Config(vendor=("cht",), size=0))


def database(origin):
    world = origin.origin.fork("views")
    documents.make(world, "medic-other")
    return documents.database(world, "medic-other")


# --- collation -----------------------------------------------------------------------------------------------


def test_the_documented_order():
    keys = [collation.key(value) for value in IN_ORDER]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_ascii_is_in_the_order_of_icu():
    assert "".join(sorted(ASCII, key=collation.key)) == ASCII


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js, which has ICU")
def test_latin_texts_sort_as_icu_sorts_them():
    letters = "aAbZz éÉèêñÑüöÅçž_-.:1290'(~"
    texts = sorted({one + two + three for one in letters for two in letters for three in ("", "a", "B", "-")})
    script = ("const c = new Intl.Collator('en'); let t = ''; process.stdin.on('data', d => t += d).on('end', () => "
              "console.log(JSON.stringify(JSON.parse(t).sort(c.compare))))")
    done = subprocess.run(["node", "-e", script], input=json.dumps(texts), capture_output=True, text=True, check=True)
    assert sorted(texts, key=collation.key) == json.loads(done.stdout)


@given(JSON, JSON, JSON)
def test_any_values_have_one_order(one, two, three):
    a, b, c = (collation.key(value) for value in (one, two, three))
    assert (a < b) + (a == b) + (a > b) == 1
    assert not (a <= b <= c) or a <= c


# --- rows ----------------------------------------------------------------------------------------------------


def emitted(doc):
    for key in doc.get("keys", ()):
        yield key, doc.get("value")


WRITES = st.lists(st.tuples(st.sampled_from("abcde"), st.none() | st.lists(JSON, max_size=3), st.booleans()),
                  max_size=12)


@settings(max_examples=60, deadline=None)
@given(writes=WRITES, low=JSON, high=JSON, down=st.booleans(), skip=st.integers(0, 3), inclusive=st.booleans())
def test_rows_are_those_of_a_naive_view(origin, writes, low, high, down, skip, inclusive):
    db, model = database(origin), {}
    rows = Rows(View(emitted))
    for id, keys, read in writes:
        if keys is not None:
            db.put({**(db.get(id) or {"_id": id}), "keys": keys})
            model[id] = keys
        elif model.pop(id, None) is not None:
            db.delete(id)
        if read:
            rows.follow(db)
    rows.follow(db)
    naive = sorted((collation.key(key), id) for id, keys in model.items() for key in keys)
    first, last = collation.key(low), collation.key(high)
    within = [row for row in (reversed(naive) if down else naive)
              if (row[0] <= first and row[0] >= last if down else first <= row[0] <= last)
              and (inclusive or row[0] != last)]
    chosen, _ = choose(rows, {"startkey": low, "endkey": high, "descending": down, "skip": skip,
                              "inclusive_end": inclusive})
    assert [(collation.key(row.key), row.id) for row in chosen] == within[skip:]
    assert len(rows) == len(naive)


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
        path = [f"{leaves.rank(parent)[0] + 1 if parent else 1}-{hexed}"]
        if path[0] in parents:
            continue
        parents[path[0]] = parent
        dead |= {path[0]} if deleted else set()
        while parents[path[-1]]:
            path.append(parents[path[-1]])
        db.replicate({"_id": "x", "_rev": path[0], **({"_deleted": True} if deleted else {}), "_revisions": {
            "start": leaves.rank(path[0])[0], "ids": [rev.partition("-")[2] for rev in path]}})
    ends = set(parents) - set(parents.values())
    winner = max(ends, key=lambda rev: (rev not in dead, leaves.rank(rev)))
    found = db.branches("x")
    assert {leaf.rev for leaf in found} == ends
    assert found[0].rev == winner
    assert (db.peek("x") is None) == (winner in dead)


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
