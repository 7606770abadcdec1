"""What a run on both sides proves."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mocksrv import fixtures
from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.described import proof
from mocksrv.described.proof import Finding
from mocksrv.drift import add, document
from mocksrv.drift.proof_of_run import proved, write_down
from mocksrv.operation import Operation
from mocksrv.serving.server import Server
from mocksrv.vendor import Vendor

NAMES = ("things", "refusing", "odd", "forgiven", "alone")
OPERATIONS = [Operation("shop", name, "GET", (f"/{name}",), lambda world, call: None, statuses=(200, 404))
              for name in NAMES]


def shape(status=200, node="integer"):
    return {"status": status, "headers": {}, "body": {"json": {"object": {"id": node}}}}


@pytest.fixture
def sides():
    mock, live = document("shop", "1", "2026-01-01", "mock"), document("shop", "1.3", "2026-02-02", "live")
    for name, case, ours, theirs in (
            ("things", "a", shape(), shape()), ("things", "b #12", shape(404), shape(404)),
            ("things", "c", shape(), None),
            ("refusing", "a", shape(404), shape(404)),
            ("odd", "a", shape(), shape()), ("odd", "b", shape(), shape(404)),
            ("forgiven", "a", shape(), shape()), ("forgiven", "b", shape(), shape(node="string:word")),
            ("alone", "a", None, shape()), ("(no route)", "a", shape(404), shape(404))):
        for side, one in ((mock, ours), (live, theirs)):
            if one:
                add(side, name, case, one)
    return mock, live


def test_what_agrees_is_proved_and_what_differs_is_spoken_against(sides):
    things = Finding("1.3", "2026-02-02", 2, 0, (200, 404))
    assert proved(OPERATIONS, *sides) == ({"things": things}, {"odd", "forgiven"})
    found, against = proved(OPERATIONS, *sides, reviewed=lambda one: one.kind == "type")
    assert found == {"things": things, "forgiven": Finding("1.3", "2026-02-02", 1, 1, (200,))}
    assert against == {"odd"}
    assert proved(OPERATIONS, *sides, failed=["b"]) == ({}, {"things", "odd", "forgiven"})


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Where proof.json and accepted.toml of the shop lie."""
    monkeypatch.setattr(fixtures, "folder", lambda: tmp_path)
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop"


def test_a_live_run_is_written_down_and_strikes_out_what_it_speaks_against(sides, written, silent_server):
    shop = Vendor()
    shop.name, shop.operations = "shop", OPERATIONS
    proof.record("shop", "live", {"odd": Finding("1.2", "2026-01-01", 1), "alone": Finding("1.2", "2026-01-01", 1)})
    (written / "accepted.toml").write_text('[[accepted]]\noperation = "forgiven"\nwhere = "/body/id"\nkind = "type"\n'
                                           'reason = "its own word"\ndate = 2026-02-02\n')
    assert set(write_down(shop, *sides, silent_server)) == {"things", "forgiven"}
    assert {name: one.version for name, one in proof.read("shop")["live"].items()} == {
        "things": "1.3", "forgiven": "1.3", "alone": "1.2"}  # what the run did not reach stays


@pytest.mark.parametrize("token", [None, "secret"])
def test_a_rehearsal_against_a_mocksrv_is_never_written_down(sides, written, token):
    app = create_app(Config(vendor=("carehq",), size=0, token=token))
    with Server(app) as server, pytest.raises(ValueError, match="proves nothing"):
        write_down(Vendor(), *sides, f"{server.url}/~live/carehq")
    assert list(written.iterdir()) == []


@pytest.fixture
def silent_server():
    """A server that knows nothing."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://admin:pass@127.0.0.1:{server.server_port}/"
        server.shutdown()
