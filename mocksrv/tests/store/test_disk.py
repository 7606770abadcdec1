"""A store on disk: what is committed is there again, and what is damaged stays as it is."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from tinydb import TinyDB
from tinydb.table import Table as TinyTable

from mocksrv.store import Damaged, InUse, Store, TableSpec, disk, on

SPECS = [TableSpec("docs", {"type": on("type"), "n": on("n", ordered=True)}), TableSpec("other")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "world.json"


@pytest.fixture
def log(path):
    return path.with_name("world.json.log")


def opened(path):
    store, meta, existed = Store.open(SPECS, path)
    assert existed
    return store, meta


def content(path):
    """What a fresh open finds: the tables, with the order of their documents, and the meta."""
    store, meta = opened(path)
    store.close()
    return {table.name: list(zip(table.ids(), table.all(), strict=True)) for table in store.each_table()}, meta


def written(path, meta=None):
    """A new file with a snapshot of one document and a log of three commits."""
    store, _, existed = Store.open(SPECS, path)
    assert not existed
    store.table("docs").insert("a", {"type": "x", "n": 1})
    store.commit(meta or {"draws": 0})
    for n, id in enumerate("bcd", 2):
        store.table("docs").insert(id, {"type": "x", "n": n})
        store.commit({"draws": n})
    return store


def test_every_kind_of_change_is_there_again(path):
    store = written(path)
    docs = store.table("docs")
    docs.update("a", {"n": 9, "é": [None, 1.5, {"x": "\u2028"}]})
    docs.delete("b")
    docs.insert("b", {"again": True})
    docs.delete("c")
    docs.insert("e", {})
    docs.delete("e")
    store.table("other").insert("é/?", {})
    store.commit({"draws": 5})
    store.close()
    tables, meta = content(path)
    assert tables == {
        "docs": [
            ("a", {"type": "x", "n": 9, "é": [None, 1.5, {"x": "\u2028"}]}),
            ("d", {"type": "x", "n": 4}),
            ("b", {"again": True}),
        ],
        "other": [("é/?", {})],
    }
    assert meta == {"draws": 5}


def test_indexes_are_there_again(path):
    written(path).close()
    store, _ = opened(path)
    assert store.table("docs").by("type", "x") == ["a", "b", "c", "d"]
    assert store.table("docs").range("n", 2, 3) == [(2, "b"), (3, "c")]


def test_uncommitted_changes_are_not_written(path):
    store = written(path)
    store.table("docs").insert("lost", {})
    store.close()
    assert [id for id, _ in content(path)[0]["docs"]] == ["a", "b", "c", "d"]


def test_a_commit_without_change_writes_nothing(path, log):
    store = written(path)
    before = log.read_bytes()
    store.commit({"draws": 4})
    store.table("docs").insert("e", {})
    store.table("docs").delete("e")
    store.commit({"draws": 4})
    assert log.read_bytes() == before
    store.commit({"draws": 5})
    assert log.read_bytes() != before


def test_the_snapshot_is_a_file_of_tinydb(path):
    store = written(path)
    store.compact()
    store.close()

    class TextIds(TinyTable):
        document_id_class = str

    with TinyDB(path) as db:
        assert {doc.doc_id for doc in TextIds(db.storage, "docs").all()} == set("abcd")
    data = json.loads(path.read_bytes())
    assert list(data) == ["_store", "docs", "other"]
    assert data["docs"]["b"] == {"type": "x", "n": 2}
    assert data["_store"]["snapshot"]["meta"] == {"draws": 4}


def test_a_log_has_what_changed_of_the_meta(path, log):
    store = written(path)
    for meta in ({"draws": 4, "settings": {"a": 1}}, {"draws": 5, "settings": {"a": 1}}):
        store.commit(meta)
    store.close()
    assert log.read_bytes().splitlines()[-1][9:] == b'{"meta":{"draws":5}}'
    assert content(path)[1] == meta


def test_compaction_keeps_everything(path, log):
    store = written(path)
    before = log.stat().st_size
    store.compact()
    assert log.stat().st_size < before
    store.table("docs").insert("e", {})
    store.commit({"draws": 4})
    store.close()
    assert [id for id, _ in content(path)[0]["docs"]] == ["a", "b", "c", "d", "e"]


def test_an_outgrown_log_becomes_a_snapshot(path, log, monkeypatch):
    monkeypatch.setattr(disk, "LOG_AT_LEAST", 1000)
    store = written(path)
    sizes = []
    for n in range(200):
        store.table("docs").update("a", {"n": n})
        store.commit({"draws": 4})
        sizes.append(log.stat().st_size)
    store.close()
    assert max(sizes) < 1200
    assert content(path)[0]["docs"][0] == ("a", {"type": "x", "n": 199})


def test_a_table_without_a_spec_is_kept(path):
    store = written(path)
    store.table("other").insert("x", {"kept": 1})
    store.commit({})
    store.close()
    store, _, _ = Store.open(SPECS[:1], path)
    store.table("docs").delete("a")
    store.compact()
    store.close()
    assert content(path)[0]["other"] == [("x", {"kept": 1})]


@pytest.mark.parametrize("reopen", [False, True])
def test_replace_puts_other_content_on_disk(path, reopen):
    store = written(path)
    fresh = Store(SPECS)
    fresh["docs"].load_many([("z", {"n": 1}), ("y", {"n": 2})])
    store.replace(fresh)
    store.commit({"draws": 0})
    store.table("docs").insert("x", {"n": 3})
    store.commit({"draws": 0})
    fresh["docs"].insert("w", {})
    assert store.table("docs").range("n") == [(1, "z"), (2, "y"), (3, "x")]
    store.close()
    assert [id for id, _ in content(path)[0]["docs"]] == ["z", "y", "x"]


def test_replace_without_commit_leaves_the_file(path):
    store = written(path)
    store.replace(Store(SPECS))
    store.close()
    assert len(content(path)[0]["docs"]) == 4


def test_a_fork_of_a_store_on_disk_is_in_memory(path):
    store = written(path)
    fork = store.fork()
    assert not fork.on_disk
    fork.table("docs").insert("e", {})
    fork.commit({"draws": 7})
    fork.close()
    store.close()
    assert len(content(path)[0]["docs"]) == 4


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_torn_last_line_is_dropped(path, log, cut):
    written(path).close()
    log.write_bytes(log.read_bytes()[:-cut])
    tables, meta = content(path)
    assert [id for id, _ in tables["docs"]] == ["a", "b", "c"]
    assert meta == {"draws": 3}
    store, _ = opened(path)
    store.table("docs").insert("e", {})
    store.commit({"draws": 9})
    store.close()
    tables, meta = content(path)
    assert [id for id, _ in tables["docs"]] == ["a", "b", "c", "e"]
    assert meta == {"draws": 9}


def flip(log, at):
    raw = bytearray(log.read_bytes())
    raw[at] ^= 1
    log.write_bytes(raw)


DAMAGE = {
    "empty": (lambda path, log: path.write_bytes(b""), "it is empty"),
    "truncated": (lambda path, log: path.write_bytes(path.read_bytes()[:-20]), "not complete JSON"),
    "other JSON": (lambda path, log: path.write_text('{"_default": {}}'), "not one of ours"),
    "not an object": (lambda path, log: path.write_text("[1]"), "not one of ours"),
    "odd table": (
        lambda path, log: path.write_bytes(path.read_bytes().replace(b'"other":{\n\n}', b'"other":{"a":1}')),
        "table other is not an object of objects",
    ),
    "odd key": (
        lambda path, log: path.write_bytes(path.read_bytes().replace(b'"n":1}', b'"n":1},"q":{"n":"x"}')),
        "table docs has a document that does not belong there",
    ),
    "binary": (lambda path, log: path.write_bytes(b"\x00\xff\x00"), "not complete JSON"),
    "middle of the log": (lambda path, log: flip(log, log.stat().st_size // 2), "is not what was written"),
    "first line of the log": (lambda path, log: flip(log, 3), "line 1 of its log"),
    "line of the log gone": (
        lambda path, log: log.write_bytes(b"\n".join(log.read_bytes().split(b"\n")[1:])),
        "does not begin with a generation",
    ),
    "snapshot gone": (lambda path, log: path.unlink(), "it is missing, but its log"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_refused_and_left_as_it_is(path, log, kind):
    damage, reason = DAMAGE[kind]
    written(path).close()
    damage(path, log)
    before = path.exists() and path.read_bytes(), log.read_bytes()
    for _ in range(2):  # the lock is given back as well
        with pytest.raises(Damaged, match=reason):
            Store.open(SPECS, path)
    assert (path.exists() and path.read_bytes(), log.read_bytes()) == before


def test_an_older_snapshot_beside_a_newer_log_is_refused(path):
    store = written(path)
    older = path.read_bytes()
    store.compact()
    store.close()
    path.write_bytes(older)
    with pytest.raises(Damaged, match="belongs to a newer snapshot"):
        Store.open(SPECS, path)


@pytest.mark.parametrize("left", ["old log", "empty log", "half a first line"])
def test_killed_between_snapshot_and_log(path, log, left):
    store = written(path)
    store.table("docs").delete("a")
    store.commit({"draws": 5})
    old_log = log.read_bytes()
    store.compact()
    store.close()
    log.write_bytes({"old log": old_log, "empty log": b"", "half a first line": log.read_bytes()[:-4]}[left])
    assert [id for id, _ in content(path)[0]["docs"]] == ["b", "c", "d"]
    store, _ = opened(path)
    store.table("docs").delete("b")
    store.commit({"draws": 6})
    store.close()
    tables, meta = content(path)
    assert [id for id, _ in tables["docs"]] == ["c", "d"]
    assert meta == {"draws": 6}


def test_a_failed_write_of_the_snapshot_leaves_everything(path, log, monkeypatch):
    store = written(path)
    before = path.read_bytes(), log.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.compact()
    assert (path.read_bytes(), log.read_bytes()) == before
    assert sorted(entry.name for entry in path.parent.iterdir()) == [path.name, log.name]
    monkeypatch.undo()
    store.table("docs").insert("e", {})
    store.commit({"draws": 5})
    store.close()
    assert len(content(path)[0]["docs"]) == 5


def test_a_failed_append_is_made_good_by_the_next(path, monkeypatch):
    store = written(path)
    write = os.write

    def half(fd, data):
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return write(fd, data[:10])

    store.table("docs").insert("e", {})
    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        store.commit({"draws": 5})
    monkeypatch.undo()
    store.table("docs").insert("f", {})
    store.commit({"draws": 6})
    store.close()
    assert [id for id, _ in content(path)[0]["docs"]] == ["a", "b", "c", "d", "e", "f"]


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        Store.open(SPECS, tmp_path)
    with pytest.raises(FileNotFoundError):
        Store.open(SPECS, tmp_path / "none" / "world.json")
    assert list(tmp_path.iterdir()) == []


def test_a_second_store_is_refused(path):
    store = written(path)
    with pytest.raises(InUse, match=r"world\.json is in use"):
        Store.open(SPECS, path)
    store.close()
    opened(path)[0].close()


def test_a_second_process_is_refused(path):
    store = written(path)
    code = f"from mocksrv.store import *; from pathlib import Path; Store.open([], Path({str(path)!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "InUse" in other.stderr
    store.close()


WRITER = """
import sys
from pathlib import Path
from mocksrv.store import Store, TableSpec, disk, on

disk.LOG_AT_LEAST = 20_000  # compact all the time
specs = [TableSpec("docs", {"type": on("type"), "n": on("n", ordered=True)}), TableSpec("other")]
store, meta, existed = Store.open(specs, Path(sys.argv[1]))
n = meta.get("n", 0)
while True:
    n += 1
    store.table("docs").insert(str(n), {"type": "x", "n": n, "fill": "é" * 50})
    if n > 20:
        store.table("docs").delete(str(n - 20))
    store.table("docs").update(str(max(n - 5, 1)), {"n": -n})
    store.table("other").put("last", {"n": n})
    store.commit({"n": n})
    print(n, flush=True)
"""


def test_a_killed_process_loses_nothing_it_committed(path):
    moments = random.Random(5)
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as writer:
            said = [writer.stdout.readline()]
            time.sleep(moments.uniform(0, 0.15))
            writer.send_signal(signal.SIGKILL)
            rest, errors = writer.stdout.read(), writer.stderr.read()
        assert errors == ""
        last_said = int([*said, *rest.splitlines()][-1])
        tables, meta = content(path)
        last = meta["n"]
        assert last in (last_said, last_said + 1)  # killed between the commit and the print
        assert tables["other"] == [("last", {"n": last})]
        assert [id for id, _ in tables["docs"]] == [str(n) for n in range(max(last - 19, 1), last + 1)]
        store, _ = opened(path)
        assert store.table("docs").first("n", -last) == str(max(last - 5, 1))
        store.close()
