"""The outbox as the control plane has it, with a vendor of its own that makes calls; where calls may go."""

import json

import pytest
from click.testing import CliRunner

from mocksrv import outbox
from mocksrv.app import Simulator
from mocksrv.cli import main
from mocksrv.config import Config, ConfigError, load
from mocksrv.outbox import transport
from mocksrv.outbox.reach import Reach
from mocksrv.serving.server import Server
from mocksrv.tests.conftest import make_shop
from mocksrv.tests.receiver import Receiver
from mocksrv.worlds import Worlds


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def caller():
    """A shop that calls whom a thing's body names, and tells what it hears in the table of things."""
    shop = make_shop()

    @shop.operation("POST", "/v1/call")
    def call_somebody(world, call):
        """Call a URL."""
        asked = json.loads(call.body)
        headers = [("X-Shop", "1"), ("Authorization", "s3cret")]
        made = outbox.Outgoing("shop", "order", asked["url"], b"an order", headers, about=asked.get("about", ""),
                               note={"about": asked.get("about")})
        return {"call": outbox.put(world, made, asked.get("due"))}

    def sent(world, call, outcome):
        if call["note"]["about"] == "explode":
            raise RuntimeError("the shop is on fire")
        world.table("shop.things").put(f"heard {call['number']}", {"size": outcome.status or 0, "error": outcome.error})

    shop.sent = sent
    return shop


@pytest.fixture
def app(caller):
    config = Config(size=0)
    simulator = Simulator([caller], config, Worlds([caller], config))
    return simulator.test_client()


def call(app, url, **more):
    return int(app.post("/v1/call", json={"url": url, **more}).json["call"])


def heard(app, id):
    (found,) = app.get(f"/_mocksrv/tables/shop.things?id=heard {id}").json["documents"]
    return found["doc"]["size"], found["doc"]["error"]


def freeze(app):
    app.post("/_mocksrv/clock", json={"freeze": True, "set": "2026-03-01T08:00:00Z"})


def test_a_call_to_this_machine_is_made_and_its_vendor_hears_of_it(app, receiver):
    receiver.answers = [(201, "thanks")]
    id = call(app, f"{receiver.url}/orders?x=1")
    ((method, path, headers, body),) = receiver.wait()
    assert (method, path, body) == ("POST", "/orders?x=1", b"an order")
    assert (headers["Host"], headers["X-Shop"], headers["Content-Length"]) == (receiver.host, "1", "8")
    app.post("/_mocksrv/clock", json={})  # returns when calls have ended
    told = app.get(f"/_mocksrv/outbox/{id}").json
    assert (told["state"], told["status"], told["by"], told["response"]["body"]) == (
        "delivered", 201, "the network", "thanks")
    assert heard(app, id) == (201, None)
    assert "s3cret" not in app.get("/_mocksrv/outbox").text


@pytest.mark.parametrize("url", ["http://10.1.2.3/x", "https://example.org", "http://169.254.169.254/latest/meta-data",
                                 "ftp://127.0.0.1/x", "file:///etc/passwd", "no url", "http://[::1", "",
                                 "http://127.0.0.1.example.org/", "http://127.0.0.1@example.org/"])
def test_no_call_goes_anywhere_else(app, url):
    id = call(app, url)
    app.post("/_mocksrv/clock", json={})
    assert app.get(f"/_mocksrv/outbox/{id}").json["state"] == "held"


def test_hosts_that_are_named_may_be_called():
    reach = Reach(["openfn.test", "10.0.0.7:8080", "[fd00::1]:99"])
    for url, fine in (("http://openfn.test/x", True), ("https://OPENFN.test:4000/x", True),
                      ("http://10.0.0.7:8080", True), ("http://10.0.0.7/", False),
                      ("http://[fd00::1]:99/", True), ("http://a.openfn.test/", False),
                      ("http://localhost:1/", True), ("http://127.8.8.8/", True), ("http://[::1]/", True),
                      ("gopher://openfn.test/", False)):
        assert (reach.refusal(url) == "") is fine, url


def test_a_name_of_this_machine_that_leads_elsewhere_is_not_called(monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", ("93.184.216.34", 80))])
    with pytest.raises(OSError, match=r"leads to 93\.184\.216\.34"):
        transport.resolved("localhost", 80)


@pytest.mark.parametrize(("text", "hosts"), [("a.test,10.0.0.1:80", ("a.test", "10.0.0.1:80")), ("", ()),
                                             ("::1", ("::1",))])
def test_deliver_to_takes_hosts(text, hosts):
    assert load({}, {"MOCKSRV_DELIVER_TO": text}).deliver_to == hosts


@pytest.mark.parametrize("text", ["http://a.test", "a.test/x", "*", "a.test:http"])
def test_deliver_to_refuses_what_is_no_host(text):
    with pytest.raises(ConfigError, match="use a host's name or address"):
        load({"deliver_to": (text,)}, {})


def test_a_redirect_is_an_answer_and_is_not_followed(app, receiver):
    receiver.answers = [302]
    id = call(app, receiver.url)
    app.post("/_mocksrv/clock", json={})
    assert (app.get(f"/_mocksrv/outbox/{id}").json["state"], len(receiver.got)) == ("failed", 1)


def test_a_call_waits_for_its_moment_on_the_worlds_clock(app, receiver):
    freeze(app)
    due = 1_772_352_000_000 + 60_000
    id = call(app, receiver.url, due=due)
    app.post("/_mocksrv/clock", json={"advance": 59})
    assert receiver.got == []
    assert app.post(f"/_mocksrv/outbox/{id}/delay", json={"seconds": 100}).json["due"] == "2026-03-01T08:02:40.000Z"
    app.post("/_mocksrv/clock", json={"advance": 60})
    assert receiver.got == []
    app.post("/_mocksrv/clock", json={"advance": 3600})
    assert app.get(f"/_mocksrv/outbox/{id}").json["ended"] == "2026-03-01T08:02:40.000Z"


def test_all_calls_can_be_held_and_let_go(app, receiver):
    app.post("/_mocksrv/outbox", json={"hold": True})
    first, second = call(app, receiver.url, about="a"), call(app, receiver.url, about="b")
    app.post("/_mocksrv/clock", json={})
    assert [one["about"] for one in app.get("/_mocksrv/outbox?state=held").json] == ["a", "b"]
    assert app.post(f"/_mocksrv/outbox/{second}/deliver").json["by"] == "the network"
    app.post("/_mocksrv/outbox", json={"hold": False})
    assert [app.get(f"/_mocksrv/outbox/{id}").json["state"] for id in (first, second)] == ["delivered", "delivered"]
    assert len(receiver.got) == 2


def test_a_test_answers_fails_and_forgets(app):
    first, second = call(app, "http://a.example/"), call(app, "http://a.example/")
    app.post(f"/_mocksrv/outbox/{first}/deliver", json={"status": 418, "headers": {"X-A": "b"}, "body": "tea"})
    assert heard(app, first) == (418, None)
    app.post(f"/_mocksrv/outbox/{second}/fail", json={})
    assert heard(app, second) == (0, "no answer")
    again = app.post(f"/_mocksrv/outbox/{first}/deliver")
    assert (again.status_code, again.json["type"]) == (409, "about:mocksrv#already-ended")
    assert app.delete("/_mocksrv/outbox").status_code == 204
    assert app.get("/_mocksrv/outbox").json == []


@pytest.mark.parametrize(("path", "body", "status", "code"), [
    ("/outbox/99/deliver", {}, 404, "no-such-call"), ("/outbox/1/deliver", {"status": "200"}, 400, "bad-answer"),
    ("/outbox/1/deliver", {"status": 101}, 400, "bad-answer"), ("/outbox/1/deliver", {"body": 1}, 400, "bad-answer"),
    ("/outbox/1/deliver", {"headers": {"a b": "c"}}, 400, "bad-answer"),
    ("/outbox/1/deliver", {"colour": 1}, 400, "unknown-member"), ("/outbox/1/fail", {"error": ""}, 400, "bad-answer"),
    ("/outbox/1/delay", {}, 400, "not-a-number"), ("/outbox/1/delay", {"seconds": -1}, 400, "not-a-number"),
    ("/outbox/1/delay", {"seconds": 1e12}, 400, "not-a-number"), ("/outbox", {"hold": 1}, 400, "not-a-truth"),
    ("/outbox/verify", {"colour": "red"}, 400, "bad-expectation"),
])
def test_bad_orders_are_problems(app, path, body, status, code):
    call(app, "http://a.example/")
    answer = app.post(f"/_mocksrv{path}", json=body)
    assert (answer.status_code, answer.json["type"]) == (status, f"about:mocksrv#{code}")


@pytest.mark.parametrize("query", ["colour=red", "state=gone", "limit=-1", "limit=x"])
def test_bad_questions_are_problems(app, query):
    assert app.get(f"/_mocksrv/outbox?{query}").status_code == 400


def test_a_vendor_that_fails_is_ours_and_the_call_has_ended_all_the_same(app):
    id = call(app, "http://a.example/", about="explode")
    assert app.post(f"/_mocksrv/outbox/{id}/deliver").json["state"] == "delivered"


def test_calls_belong_to_their_world_and_lie_in_its_snapshots(app):
    call(app, "http://a.example/", about="mine")
    assert app.get("/~other/_mocksrv/outbox").json == []
    app.post("/_mocksrv/snapshots", json={"name": "before"})
    app.post("/_mocksrv/reset")
    assert app.get("/_mocksrv/outbox").json == []
    app.post("/_mocksrv/snapshots/before/restore")
    assert [one["about"] for one in app.get("/_mocksrv/outbox").json] == ["mine"]


def test_a_request_that_fails_makes_no_call(app, caller):
    @caller.operation("POST", "/v1/broken-call")
    def break_down(world, _call):
        outbox.put(world, outbox.Outgoing("shop", "order", "http://a.example/"))
        raise RuntimeError

    config = Config(size=0)
    client = Simulator([caller], config, Worlds([caller], config)).test_client()
    assert client.post("/v1/broken-call").status_code == 500
    assert client.get("/_mocksrv/outbox").json == []


def test_the_oldest_that_ended_make_room(app, monkeypatch):
    monkeypatch.setattr(outbox, "KEPT", 3)
    for _ in range(5):
        app.post(f"/_mocksrv/outbox/{call(app, 'http://a.example/')}/deliver")
    assert [one["id"] for one in app.get("/_mocksrv/outbox").json] == [3, 4, 5]


def test_from_the_shell(caller, receiver):
    config = Config(size=0)
    with Server(Simulator([caller], config, Worlds([caller], config))) as server:
        def run(*words):
            done = CliRunner().invoke(main, ["outbox", *words, "--url", server.url])
            return done.exit_code, done.output

        import requests

        requests.post(f"{server.url}/v1/call", json={"url": "http://a.example/x", "about": "one"}, timeout=30)
        assert "http://a.example/x" in run("list", "about=one")[1]
        assert json.loads(run("delay", "1", "1h")[1])["state"] == "waiting"
        assert json.loads(run("deliver", "1", "status=202")[1])["status"] == 202
        assert run("verify", "operation=order", "status=2xx", "exactly=1") == (0, "as expected\n")
        assert run("verify", "operation=order", "never=true")[0] == 1
        assert run("fail", "1")[0] == 2
        assert json.loads(run("hold", "on")[1]) == {"hold": True}
