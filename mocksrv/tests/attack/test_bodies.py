"""What bodies say takes memory: it is weighed before it is parsed, and one big body is answered at a time."""

import gzip
import json
import threading
import tracemalloc

import pytest

from mocksrv.app import create_app
from mocksrv.call import Call, weight
from mocksrv.config import Config

ADMIN = ("admin", "pass")
MB = 1024 * 1024
TEXTS = {
    "empty lists": b"[" + b",".join([b"[]"] * 200_000) + b"]",
    "empty objects": b"[" + b",".join([b"{}"] * 200_000) + b"]",
    "lists of one": b"[" + b",".join([b"[1]"] * 200_000) + b"]",
    "short texts": json.dumps([f"a{number}" for number in range(200_000)]).encode(),
    "numbers": json.dumps([*range(1000, 300_000)]).encode(),
    "documents": json.dumps([{"_id": f"{number}", "type": "person", "name": "Ada", "parent": {"_id": f"p{number}"}}
                             for number in range(20_000)]).encode(),
    "many members": json.dumps({f"key{number}": number for number in range(100_000)}).encode(),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_weight_is_about_what_python_takes(text):
    tracemalloc.start()
    parsed = json.loads(text)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert parsed
    assert taken / 2 < weight(text) < 4 * taken


@pytest.fixture
def app():
    app = create_app(Config(memory=64, size=0))
    yield app
    app.worlds.close()


def documents(count):
    return json.dumps({"docs": [{"n": number, "text": "x" * 900} for number in range(count)]})


@pytest.mark.parametrize("path", ["/medic/_bulk_docs", "/api/v1/people"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_body_that_would_take_too_much_memory_is_refused(app, path, packed):
    client, heavy = app.test_client(), b'{"docs":[' + b",".join([b"[]"] * 600_000) + b"]}"
    headers = {"Content-Type": "application/json", **({"Content-Encoding": "gzip"} if packed else {})}
    refused = client.post(path, data=gzip.compress(heavy) if packed else heavy, headers=headers, auth=ADMIN)
    assert (refused.status_code, refused.json["type"]) == (507, "about:mocksrv#out-of-memory")
    assert "--memory" in refused.headers["X-Mocksrv-Diagnosis"]
    written = client.post("/medic/_bulk_docs", data=documents(1500), auth=ADMIN,
                          headers={"Content-Type": "application/json"})
    assert (written.status_code, len(written.json)) == (201, 1500)


def test_a_snapshot_that_would_take_too_much_memory_is_refused(app):
    refused = app.test_client().put("/_mocksrv/snapshots/a", data=b'{"a":[' + b",".join([b"[]"] * 600_000) + b"]}")
    assert (refused.status_code, refused.json["type"]) == (507, "about:mocksrv#out-of-memory")


@pytest.mark.parametrize(("headers", "big"), [
    ({}, False), ({"content-length": str(MB)}, False), ({"content-length": str(MB + 1)}, True),
    ({"content-length": "9" * 5000}, True), ({"content-length": "²"}, True), ({"content-encoding": "gzip"}, True),
])
def test_what_counts_as_big(headers, big):
    assert Call(method="POST", path="/", target="/", headers=headers).big is big


def test_big_bodies_wait_for_each_other_and_small_ones_do_not(app):
    statuses = []
    body = documents(1500)

    def send(world):
        answer = app.test_client().post(f"/~{world}/medic/_bulk_docs", data=body, auth=ADMIN,
                                        headers={"Content-Type": "application/json"})
        statuses.append(answer.status_code)

    with app.worlds.big:  # as while another big one is answered
        waiting = threading.Thread(target=send, args=("one",))
        waiting.start()
        for world in ("one", "two"):
            small = app.test_client().put(f"/~{world}/medic/small", json={}, auth=ADMIN)
            assert small.status_code == 201
        assert statuses == []
    waiting.join(20)
    assert statuses == [201]
