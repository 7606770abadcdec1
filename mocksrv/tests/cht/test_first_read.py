"""The first read of a view in a large world: its rows are made once, and others are answered meanwhile."""

import base64
import threading
from collections import Counter

import pytest
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.problems import OtherProcess
from mocksrv.shards import Shard
from mocksrv.vendors.cht.couch.view_index import AT_ONCE, View
from mocksrv.vendors.cht.ddocs.views import VIEWS

HEADERS = {"Authorization": "Basic " + base64.b64encode(b"admin:pass").decode()}
VIEW = "/medic/_design/medic-client/_view/doc_by_type?key=%22slow%22"
PATIENCE = 30


class Slow:
    """A map function that begins to wait at its first document, and counts how often it sees each."""

    def __init__(self):
        self.entered, self.released, self.seen = threading.Event(), threading.Event(), Counter()

    def __call__(self, doc):
        self.entered.set()
        assert self.released.wait(PATIENCE)
        self.seen[doc["_id"]] += 1
        if doc.get("type") == "slow":
            yield "slow", None


@pytest.fixture
def slow(monkeypatch):
    slow = Slow()
    monkeypatch.setitem(VIEWS["medic", "medic-client"], "doc_by_type", View(slow))
    yield slow
    slow.released.set()


@pytest.fixture
def app(slow):
    app = create_app(Config(vendor=("cht",), size=0, limits=False))
    docs = [{"_id": f"slow-{number:04}", "type": "slow"} for number in range(AT_ONCE + 1)]
    assert ask(app, "POST", "/medic/_bulk_docs", json={"docs": docs}).status_code == 201
    yield app
    app.worlds.close()


def ask(app, method, path, **more):
    return Client(app, use_cookies=False).open(f"/~large{path}", method=method, headers=HEADERS, **more)


class Asked(threading.Thread):
    """A request in a thread of its own, and its answer."""

    def __init__(self, app, method, path, **more):
        super().__init__(target=lambda: setattr(self, "answer", ask(app, method, path, **more)), daemon=True)
        self.start()

    def wait(self):
        self.join(PATIENCE)
        assert not self.is_alive()
        return self.answer


def test_others_are_answered_and_their_writes_are_seen(app, slow):
    readers = [Asked(app, "GET", VIEW)]
    assert slow.entered.wait(PATIENCE)
    readers += [Asked(app, "GET", VIEW) for _ in range(2)]
    assert Asked(app, "PUT", "/medic/slow-new", json={"type": "slow"}).wait().status_code == 201
    assert Asked(app, "DELETE", f"/medic/slow-0000?rev={rev(app, 'slow-0000')}").wait().status_code == 200
    assert Asked(app, "PUT", "/medic/refused", json={"_rev": "5-x"}).wait().status_code == 409
    slow.released.set()
    for reader in readers:
        rows = reader.wait().json["rows"]
        assert [row["id"] for row in rows] == [f"slow-{number:04}" for number in range(1, AT_ONCE + 1)] + ["slow-new"]
    assert slow.seen["slow-0001"] == 1


def rev(app, id):
    return Asked(app, "GET", f"/medic/{id}").wait().json["_rev"]


def test_the_world_moves_to_another_process_meanwhile(app, slow):
    reader = Asked(app, "GET", VIEW)
    assert slow.entered.wait(PATIENCE)
    app.worlds["large"].moved = OtherProcess("large", Shard(1, 2))
    slow.released.set()
    assert (reader.wait().status_code, reader.wait().json["title"]) == (503, "other process")
