"""The gate to a live service: what it lets pass, what it notes, and how it cleans up. Its service is a simulator."""

import base64
import gzip
import http.client
import json
import stat
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.app import create_app
from mocksrv.cli import main
from mocksrv.config import Config
from mocksrv.live import failed_logins
from mocksrv.live import gate as gate_module
from mocksrv.live import guardrails as rails_module
from mocksrv.live.cht import CHT
from mocksrv.live.forward import Answer, Forward, Unreachable, readable
from mocksrv.live.gate import Gate, elsewhere, take_away
from mocksrv.live.guardrails import Guardrails, NotAllowed
from mocksrv.live.ledger import InUse, Ledger, whole_lines
from mocksrv.live.recorder import Recorder
from mocksrv.serving.server import Server

ACCOUNT = {"CHT_USER": "admin", "CHT_PASSWORD": "pass"}
BASIC = "Basic YWRtaW46cGFzcw=="


@pytest.fixture(scope="module")
def routes():
    return create_app(Config(vendor=("cht",), size=5))


@pytest.fixture
def service(routes):
    """The base URL of a CHT."""
    with Server(routes) as server:
        yield server.url


class Opened:
    """A gate that stands open, and calls through it."""

    def __init__(self, service, routes, folder, rails, shapes=None):
        self.sandbox = CHT(Forward(service), ACCOUNT)
        head = {"vendor": "cht", "url": service, "run": "t0a1b2c", "writes": rails.writes}
        self.ledger = Ledger(folder / "cht-t0a1b2c.jsonl", head | self.sandbox.begin())
        self.gate = Gate(self.sandbox, rails, self.ledger, Recorder("cht", "live", "2026-11-22", shapes), routes)
        self.server = Server(self.gate)
        self.server.start()

    def close(self):
        self.server.stop()
        self.gate.finish()
        self.sandbox.forward.close()

    def call(self, method, path, data=None, **headers):
        body = data if isinstance(data, bytes) or data is None else json.dumps(data).encode()
        usual = {"Authorization": BASIC, "Accept": "application/json", "Content-Type": "application/json"}
        request = urllib.request.Request(self.server.url + path, body, usual | headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture
def opened(service, routes, tmp_path):
    gates = []

    def open_gate(shapes=None, **rails):
        gates.append(Opened(service, routes, tmp_path, Guardrails(**rails), shapes))
        return gates[-1]

    yield open_gate
    for gate in gates:
        gate.close()


def refused(answer, why):
    status, body = answer
    assert status == 403, body
    assert body["detail"].startswith("the gate does not let this pass: ")
    assert why in body["detail"]


def test_a_read_only_run_reads_in_any_way_and_writes_in_none(opened):
    gate = opened()
    assert gate.call("GET", "/api/v1/settings")[0] == 200
    assert gate.call("POST", "/medic/_all_docs", {"keys": ["settings"]})[0] == 200
    assert gate.call("POST", "/api/v1/hydrate", {"doc_ids": []})[0] == 200
    for method, path in (("POST", "/api/v1/people"), ("PUT", "/medic/settings"), ("DELETE", "/medic/settings"),
                         ("POST", "/api/v1/no-such-route"), ("PATCH", "/api/v1/settings")):
        refused(gate.call(method, path, {}), "--live-writes")
    assert gate.gate.rails.sent == 3


def test_what_the_run_did_not_make_stays_as_it_is(opened):
    gate = opened(writes=True, admin=True, lasting=True)
    rev = gate.sandbox.send("PUT", "/medic/somebodys", {"n": 1}).json()["rev"]
    user = next(one["username"] for one in gate.sandbox.get("/api/v1/users") if one["username"] != "admin")
    for method, path, data in (
            ("PUT", "/medic/somebodys", {"_rev": rev, "n": 2}), ("DELETE", f"/medic/somebodys?rev={rev}", None),
            ("PUT", f"/medic/somebodys/file?rev={rev}", b"x"), ("POST", "/medic", {"_id": "somebodys", "_rev": rev}),
            ("POST", "/medic/_bulk_docs", {"docs": [{"_id": "new"}, {"_id": "somebodys", "_rev": rev}]}),
            ("POST", "/api/v1/bulk-delete", {"docs": [{"_id": "somebodys"}]}),
            ("POST", "/api/v1/places/somebodys", {"name": "x"}), ("POST", f"/api/v1/users/{user}", {"fullname": "x"}),
            ("DELETE", f"/api/v1/users/{user}", None)):
        refused(gate.call(method, path, data), "not made by this run")
    assert gate.sandbox.get("/medic/somebodys") == {"_id": "somebodys", "_rev": rev, "n": 1}
    assert gate.call("POST", "/api/v1/users/nobody", {"fullname": "x"})[0] == 404  # no harm in what is not there


def test_what_the_service_may_take_for_another_request_is_not_sent(opened):
    gate = opened(writes=True, admin=True)
    for method, path, headers, why in (
            ("GET", "/api/v1/settings", {"X-HTTP-Method-Override": "DELETE"}, "x-http-method-override"),
            ("POST", "/api/v1/people", {"X-Method-Override": "PUT"}, "x-method-override"),
            ("PUT", "/medic/mine", {"Content-Encoding": "gzip"}, "packed"),
            ("PUT", "/medic/mine/../settings", {}, "its path"), ("PUT", "/medic/mine/%2e%2e/settings", {}, "its path"),
            ("PUT", "/medic/mine/%252e%252e%252fsettings", {}, "its path"),
            ("PUT", "/medic//mine", {}, "its path"),
            ("POST", "/medic/_purge", {}, "--live-lasting"), ("COPY", "/medic/settings", {}, "--live-lasting"),
            ("POST", "/api/v1/a-later-release", {}, "--live-lasting"), ("DELETE", "/medic", {}, "--live-lasting")):
        refused(gate.call(method, path, {}, **headers), why)


def test_nothing_of_others_is_changed_by_way_of_what_is_made(opened):
    gate = opened(writes=True)
    person = "their-person"
    doc = {"_id": "their-place", "type": "district_hospital", "name": "Theirs", "reported_date": 1}
    doc["_rev"] = gate.sandbox.send("PUT", "/medic/their-place", doc).json()["rev"]
    gate.sandbox.send("PUT", f"/medic/{person}", {"type": "person", "name": "Theirs", "reported_date": 1})
    user = {"username": "gate-made", "password": "Kisumu_2024", "roles": ["chw"], "contact": {"name": "New"}}
    for path, data in (
            ("/api/v1/people", {"name": "x", "_id": person, "_rev": "1-0"}),
            ("/api/v1/places", {"name": "x", "type": "health_center", "parent": doc}),
            ("/api/v1/users", user | {"place": doc["_id"]}), ("/api/v2/users", [user | {"place": doc["_id"]}]),
            ("/api/v1/users", user | {"place": {"name": "New", "type": "district_hospital"}, "contact": person})):
        refused(gate.call("POST", path, data), "not made by this run")
    csv = f"username,password,roles,place\ngate-made,Kisumu_2024,chw,{doc['_id']}\n".encode()
    refused(gate.call("POST", "/api/v2/users", csv, **{"Content-Type": "text/csv"}), "not made by this run")
    made = gate.call("POST", "/api/v1/places", {"name": "Ours", "type": "district_hospital", "contact": person})[1]
    assert list(gate.ledger.made) == [f"medic/{made['id']}"]  # the contact was only named
    gate.call("PUT", f"/medic-sentinel/{person}", {"n": 1})
    refused(gate.call("DELETE", f"/medic/{person}?rev=1-0"), "not made by this run")  # the same id elsewhere
    gate.sandbox.send("PUT", f"/medic/{person}", gate.sandbox.get(f"/medic/{person}") | {"name": "Changed"})
    assert gate.call("POST", "/_gate/finish")[1]["left"] == []
    assert gate.sandbox.get(f"/medic/{person}")["name"] == "Changed"


def test_documents_that_replication_brings_are_the_runs(opened):
    gate = opened(writes=True)
    rev = "1-" + "a" * 32
    docs = [{"_id": "brought", "_rev": rev}]
    assert gate.call("POST", "/medic/_bulk_docs", {"new_edits": False, "docs": docs})[0] == 201
    assert list(gate.ledger.made) == ["medic/brought"]


def test_the_settings_of_somebody_else_are_not_put_back(opened):
    gate = opened(writes=True, admin=True)
    assert gate.call("PUT", "/api/v1/settings", {"x_gate": 1})[0] == 200
    gate.call("POST", "/_gate/case", {"case": "test_a.py::test_two"})
    gate.sandbox.send("PUT", "/api/v1/settings", {"x_theirs": 1})
    assert gate.call("POST", "/_gate/finish")[1]["left"] == []
    assert gate.sandbox.get("/api/v1/settings")["x_theirs"] == 1


def test_databases_that_were_there_before_stay(opened):
    names = [f"medic-user-{name}-meta" for name in ("gate-one", "gate-two")]
    first = opened()
    first.sandbox.send("PUT", f"/{names[0]}")
    first.close()
    first.ledger.file.unlink(missing_ok=True)
    gate = opened(writes=True)
    for name in ("gate-one", "gate-two"):
        user = {"username": name, "password": "Kisumu_2024", "roles": ["data_entry"]}
        assert gate.call("POST", "/api/v1/users", user)[0] == 200
    gate.sandbox.send("PUT", f"/{names[1]}")
    assert gate.call("POST", "/_gate/finish")[1]["left"] == []
    assert [name for name in gate.sandbox.get("/_all_dbs") if name in names] == names[:1]


def test_the_version_is_asked_for_by_the_gate_itself(opened):
    gate = opened()
    assert gate.call("GET", "/_gate/version") == (200, "4.15.0")
    assert gate.gate.rails.sent == 0


def test_databases_that_a_run_makes_are_its_own_and_go_with_it(opened):
    gate = opened(writes=True)
    source, target = f"{gate.gate.run}-from", f"medic-user-{gate.gate.run}-meta"
    assert gate.call("PUT", f"/{source}")[0] == 201
    rev = gate.call("PUT", f"/{source}/settings", {"n": 1})[1]["rev"]
    copied = {"source": source, "target": target, "create_target": True}
    assert gate.call("POST", "/_replicate", copied)[1]["ok"]
    assert gate.call("DELETE", f"/{source}/settings?rev={rev}")[0] == 200
    for method, path, body in (
            ("PUT", "/elsewhere", None), ("POST", "/_replicate", copied | {"continuous": True}),
            ("POST", "/_replicate", copied | {"target": f"http://couch.example/{target}"})):
        refused(gate.call(method, path, body), "--live-lasting")
    assert gate.call("POST", "/_gate/finish")[1]["left"] == []
    assert not {source, target} & {*gate.sandbox.get("/_all_dbs")}
    assert gate.sandbox.get("/medic/settings")["settings"]


def test_a_service_that_does_not_say_what_is_there_is_not_written_to_nor_forgotten(opened, monkeypatch):
    gate = opened(writes=True)
    assert gate.call("PUT", "/medic/ours", {"n": 1})[0] == 201
    asked = gate.sandbox.send
    monkeypatch.setattr(gate.sandbox, "send", lambda *_: Answer(500, [], b"{}"))
    status, body = gate.call("PUT", "/medic/other", {"n": 1})
    assert (status, "answered 500" in body["detail"]) == (502, True)
    report = gate.call("POST", "/_gate/finish")[1]
    assert "answered 500" in report["left"][0]
    assert gate.ledger.file.exists()
    monkeypatch.setattr(gate.sandbox, "send", asked)
    ledger = Ledger(gate.ledger.file)
    assert take_away(gate.sandbox, ledger) == []
    ledger.release(remove=True)
    assert gate.sandbox.get("/medic/ours") is None


def test_what_is_made_without_an_answer_is_found_or_told(opened, monkeypatch):
    gate = opened(writes=True)
    sent = gate.sandbox.forward.send

    def lose(method, target, headers=(), body=b""):
        answer = sent(method, target, headers, body)
        if target in ("/medic/chosen", "/api/v1/people"):
            raise Unreachable("cut")
        return answer

    monkeypatch.setattr(gate.sandbox.forward, "send", lose)
    assert gate.call("PUT", "/medic/chosen", {"n": 1})[0] == 502
    assert gate.call("POST", "/api/v1/people", {"name": "Named t0a1b2c"})[0] == 502
    assert gate.call("POST", "/api/v1/people", {"name": "Nameless"})[0] == 502
    report = gate.call("POST", "/_gate/finish")[1]
    assert len(report["left"]) == 1
    assert report["left"][0].startswith("POST /api/v1/people: no answer told what it made")
    assert not gate.sandbox.exists("medic", ["chosen"])


def test_nothing_is_written_once_the_cleaning_has_begun(opened):
    gate = opened(writes=True)
    gate.call("POST", "/_gate/finish")
    refused(gate.call("PUT", "/medic/late", {"n": 1}), "the run is over")
    assert gate.sandbox.get("/medic/late") is None


def test_the_cleaning_waits_for_requests_under_way(opened, monkeypatch):
    gate = opened(writes=True)
    sent, begun, go = gate.sandbox.forward.send, threading.Event(), threading.Event()

    def slowly(method, target, headers=(), body=b""):
        if target == "/medic/slow" and method == "PUT":
            begun.set()
            assert go.wait(30)
        return sent(method, target, headers, body)

    monkeypatch.setattr(gate.sandbox.forward, "send", slowly)
    with ThreadPoolExecutor(2) as pool:
        written = pool.submit(gate.call, "PUT", "/medic/slow", {"n": 1})
        assert begun.wait(30)
        finished = pool.submit(gate.call, "POST", "/_gate/finish")
        go.set()
        assert written.result()[0] == 201
        assert finished.result()[1]["left"] == []
    assert gate.sandbox.get("/medic/slow") is None


@pytest.mark.parametrize(("location", "passes"), [
    ("{service}/x", True), ("/x", True), ("x", True), ("https://elsewhere.example/x", False),
    ("//elsewhere.example/x", False), ("/\\elsewhere.example", False), ("http://127.0.0.1:1/x", False),
])
def test_nobody_is_led_around_the_gate(opened, service, monkeypatch, location, passes):
    gate = opened()
    answer = Answer(301, [("Location", location.format(service=service))], b"{}")
    monkeypatch.setattr(gate.sandbox.forward, "send", lambda *_: answer)
    connection = http.client.HTTPConnection("127.0.0.1", gate.server.port, timeout=30)
    connection.request("GET", "/api/info")
    got = connection.getresponse()
    got.read()
    connection.close()
    assert got.status == (301 if passes else 403)
    assert service not in got.headers.get("Location", "")


def test_a_login_link_of_somebody_else_is_not_used_up(opened):
    gate = opened(writes=True)
    gate.sandbox.send("PUT", "/medic/token:login:theirs", {"type": "token_login", "user": "org.couchdb.user:them"})
    refused(gate.call("POST", "/medic/login/token/theirs", {}), "not made by this run")
    (told,) = gate.gate.refused[""]  # which logs of others keep
    assert told.startswith("POST /medic/login/token/(redacted): ")


def test_what_is_shared_needs_leave_and_is_put_back_after_each_test(opened):
    gate = opened(writes=True)
    refused(gate.call("PUT", "/api/v1/settings", {"x": 1}), "--live-admin")
    gate.close()
    gate = opened(writes=True, admin=True)
    gate.call("POST", "/_gate/case", {"case": "test_a.py::test_one"})
    before = gate.call("GET", "/api/v1/settings")[1]
    assert gate.call("PUT", "/api/v1/settings", {"x_gate": 1})[0] == 200
    assert gate.call("GET", "/api/v1/settings")[1] == before | {"x_gate": 1}
    gate.call("POST", "/_gate/case", {"case": "test_a.py::test_two"})
    assert gate.call("GET", "/api/v1/settings")[1] == before


def test_what_cannot_be_undone_needs_leave(opened):
    gate = opened(writes=True, admin=True)
    refused(gate.call("PUT", "/api/v1/credentials/key", b"secret"), "--live-lasting")


def test_what_a_run_makes_goes_with_it_whatever_made_it(opened):
    gate = opened(writes=True)
    before = {row["id"] for row in gate.call("GET", "/medic/_all_docs")[1]["rows"]}
    status, place = gate.call("POST", "/api/v1/places", {
        "name": "Area", "type": "health_center", "parent": {"name": "Above", "type": "district_hospital"},
        "contact": {"name": "Paul"}})
    assert status == 200
    gate.call("POST", "/api/v1/users", {"username": "gate-made", "password": "Kisumu_2024", "roles": ["chw"],
                                        "place": place["id"], "contact": place["contact"]["id"]})
    assert gate.call("PUT", "/medic/a-document", {"n": 1})[0] == 201
    made = {row["id"] for row in gate.call("GET", "/medic/_all_docs")[1]["rows"]} - before
    assert len(made) == 5  # two places, a person, the user's settings, a document
    report = gate.call("POST", "/_gate/finish")[1]
    assert (report["left"], report["ledger"], report["refused"]) == ([], None, 0)
    assert {row["id"] for row in gate.sandbox.get("/medic/_all_docs")["rows"]} == before
    assert gate.sandbox.get("/_users/org.couchdb.user:gate-made") is None
    assert not gate.ledger.file.exists()


def test_what_others_write_meanwhile_stays(opened):
    gate = opened(writes=True)
    assert gate.call("PUT", "/medic/ours", {"n": 1})[0] == 201
    gate.sandbox.send("PUT", "/medic/theirs", {"n": 2})
    gate.call("POST", "/_gate/finish")
    assert gate.sandbox.get("/medic/ours") is None
    assert gate.sandbox.get("/medic/theirs")["n"] == 2


def test_the_budget_ends_a_run(opened):
    gate = opened(budget=2)
    assert [gate.call("GET", "/api/info")[0] for _ in range(2)] == [200, 200]
    refused(gate.call("GET", "/api/info"), "the budget of 2 requests is spent")


def test_links_lead_through_the_gate(opened, service):
    gate = opened()
    status, body = gate.call("GET", "/api/v1/forms", **{"Accept": "application/json"})
    assert status == 200
    request = urllib.request.Request(f"{gate.server.url}/api/v1/forms",
                                     headers={"Authorization": BASIC, "X-OpenRosa-Version": "1.0"})
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    assert body
    assert f"{gate.server.url}/api/v1/forms/" in text
    assert service not in text


def test_exchanges_are_recorded_by_test_else_by_operation_and_not_after_a_refusal(opened, tmp_path):
    shapes = tmp_path / "shapes.json"
    gate = opened(shapes=shapes)
    gate.call("GET", "/api/info")
    gate.call("POST", "/_gate/case", {"case": "test_a.py::test_one"})
    gate.call("GET", "/api/info")
    gate.call("GET", "/api/info")
    gate.call("PUT", "/medic/x", {})
    gate.call("GET", "/api/info")
    assert gate.call("GET", "/_gate/refused?case=test_a.py::test_one")[1] == [
        f"PUT /medic/x: {rails_module.READ_ONLY}"]
    gate.call("POST", "/_gate/finish")
    document = json.loads(shapes.read_text(encoding="utf-8"))
    assert (document["vendor"], document["target"], document["version"]) == ("cht", "live", "4.15.0")
    assert {name: list(cases) for name, cases in document["operations"].items()} == {
        "api_info": ["api_info", "test_a.py::test_one", "test_a.py::test_one #2"]}


@pytest.mark.parametrize(("sent", "passed"), [
    ("*", "*,br;q=0,zstd;q=0"), ("br, *;q=0.5", "*;q=0.5,br;q=0,zstd;q=0"), ("gzip, br", "gzip"), ("br", "identity"),
    ("gzip;q=0.5, deflate", "gzip;q=0.5, deflate"), ("GZIP", "GZIP"), ("", "identity")])
def test_codings_pass_but_for_those_that_the_gate_cannot_read(sent, passed):
    assert readable(sent) == passed


def test_shapes_of_requests_side_by_side_are_not_kept(opened, tmp_path):
    gate = opened(shapes=tmp_path / "shapes.json")
    for case, shapes in (("test_a.py::test_one", False), ("test_a.py::test_two", True)):
        gate.call("POST", "/_gate/case", {"case": case, "shapes": shapes})
        gate.call("GET", "/api/info")
    gate.call("POST", "/_gate/finish")
    found = json.loads((tmp_path / "shapes.json").read_text(encoding="utf-8"))["operations"]
    assert {name: list(cases) for name, cases in found.items()} == {"api_info": ["test_a.py::test_two"]}


@pytest.mark.parametrize(("case", "kept"), [("test_a.py::test_one", {}), ("", {"api_info": ["api_info"]})])
def test_that_a_service_has_had_enough_is_no_fact_of_its_api(opened, monkeypatch, tmp_path, case, kept):
    gate = opened(shapes=tmp_path / "shapes.json")
    gate.call("POST", "/_gate/case", {"case": case})
    with monkeypatch.context() as patch:
        patch.setattr(gate.sandbox.forward, "send", lambda *_: Answer(429, [], b"{}"))
        assert gate.call("GET", "/api/info")[0] == 429
    gate.call("GET", "/api/info")
    gate.call("POST", "/_gate/finish")
    found = json.loads((tmp_path / "shapes.json").read_text(encoding="utf-8"))["operations"]
    assert {name: list(cases) for name, cases in found.items()} == kept


def test_a_service_that_is_down_is_said_to_be(routes, tmp_path):
    with Server(routes) as server:
        url = server.url
    with pytest.raises(Unreachable, match="did not answer GET /api/info"):
        Forward(url).send("GET", "/api/info")


@pytest.mark.parametrize(("url", "base"), [
    ("HTTPS://Host.Example:443/", "https://host.example"), ("http://h:8080/cht//", "http://h:8080/cht"),
    ("http://[::1]:80", "http://[::1]"), (" https://h ", "https://h"),
])
def test_one_service_has_one_spelling(url, base):
    assert Forward(url).base_url == base


@pytest.mark.parametrize(("text", "shown"), [
    ("https://h.example/a", "GATE/a"), ("http://H.example:80/a", "GATE/a"), ("https://h.example:443", "GATE"),
    ("https://h.example.evil/a", None), ("https://h.example:8443/a", None), ("https://h.example@evil", None),
])
def test_links_of_the_service_alone_are_changed(text, shown):
    assert Forward("https://h.example").links.sub("GATE", text) == (shown or text)


@pytest.mark.parametrize(("headers", "body", "data"), [
    ([], b'{"a": 1}', {"a": 1}), ([("Content-Encoding", "gzip")], gzip.compress(b"[1]", mtime=0), [1]),
    ([("Content-Encoding", "gzip")], gzip.compress(b"[1]", mtime=0)[:-9], None),
    ([("Content-Encoding", "gzip")], b"[1]", [1]),
    ([("Content-Encoding", "deflate")], b"no", None), ([], b"[" * 100_000, None),
])
def test_an_answer_is_read_whatever_it_is(headers, body, data):
    assert Answer(200, headers, body).json() == data


# --- hosts, rates, ledgers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "named", "allowed"), [
    ("http://127.0.0.1:5988", (), True), ("http://localhost", (), True), ("http://[::1]:80", (), True),
    ("https://alpha.dev.medicmobile.org", (), True), ("https://dev.medicmobile.org.evil.example", (), False),
    ("https://cht.example.org", (), False), ("https://cht.example.org", ("cht.example.org",), True),
    ("https://cht.example.org", ("other.example.org",), False), ("https://CHT.example.org", ("Cht.Example.org",), True),
    ("http://alpha.dev.medicmobile.org", (), False), ("http://cht.example.org", ("cht.example.org",), True),
    ("https://alpha.dev.medicmobile.org.", (), False), ("http://127.0.0.1.evil.example", (), False),
])
def test_a_host_is_known_or_named_twice(url, named, allowed):
    rails = Guardrails(hosts=named)
    if allowed:
        rails.check_host(Forward(url), CHT.hosts)
    else:
        with pytest.raises(NotAllowed, match="--live-host"):
            rails.check_host(Forward(url), CHT.hosts)


@pytest.mark.parametrize(("status", "headers", "waits"), [
    (200, [], 0), (429, [("Retry-After", "7")], 7), (503, [("Retry-After", "3.5")], 3.5),
    (200, [("Retry-After", "7")], 0), (429, [("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")], 0),
    (200, [("X-CareHQ-RateLimit-Remaining", "0"), ("X-CareHQ-RateLimit-Reset", "1004.25")], 4.25),
    (200, [("X-CareHQ-RateLimit-Remaining", "1"), ("X-CareHQ-RateLimit-Reset", "1004.25")], 0),
    (429, [("Retry-After", "100000")], rails_module.LONGEST_WAIT),
])
def test_a_service_is_waited_for_as_it_asks(monkeypatch, status, headers, waits):
    slept = []
    monkeypatch.setattr(rails_module, "machine_time", lambda: 1000.0)
    monkeypatch.setattr(rails_module, "pause", slept.append)
    rails = Guardrails()
    rails.note_limits(Answer(status, headers, b""))
    rails.count_request()
    assert sum(slept) == waits


@pytest.fixture
def waits(routes, monkeypatch):
    """What the gate waits, in the time of its service, which stands still but for that."""
    clock, slept = routes.worlds["default"].clock, []
    clock.freeze()

    def pause(seconds):
        slept.append(seconds)
        clock.advance(max(seconds, 0))

    monkeypatch.setattr(gate_module, "pause", pause)
    monkeypatch.setattr(failed_logins, "machine_time", clock.time)
    yield slept
    clock.freeze(False)


def test_failed_logins_do_not_shut_the_run_out(opened, waits):
    gate = opened()
    wrong = "Basic " + base64.b64encode(b"somebody:wrong").decode()
    assert [gate.call("GET", "/dbinfo", Authorization=wrong)[0] for _ in range(25)] == [401] * 25
    assert gate.call("GET", "/dbinfo")[0] == 200
    assert 20 < sum(waits) < 30


def test_a_service_that_has_had_enough_is_waited_for(opened, waits, service):
    gate = opened()
    past, wrong = Forward(service), base64.b64encode(b"somebody:wrong").decode()
    for _ in range(12):  # past the gate, from the same address
        past.send("GET", "/dbinfo", [("Authorization", f"Basic {wrong}"), ("Accept", "application/json")])
    past.close()
    assert gate.call("GET", "/dbinfo")[0] == 200
    assert sum(waits) == 10.5


def test_settings_have_taken_effect_when_the_answer_comes(opened, waits):
    gate = opened(writes=True, admin=True)
    assert gate.call("PUT", "/api/v1/settings", {"locale": "sw"})[0] == 200
    assert waits[-1] == gate.sandbox.settles > 0


def test_keys_of_a_login_are_counted_apart(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(failed_logins, "machine_time", lambda: now[0])
    limit = failed_logins.FailedLogins(3, 10.0)
    limit.note(["one", "x"])
    now[0] += 4
    limit.note(["two", "x"])
    assert (limit.wait(["one"]), limit.wait(["two"]), limit.wait(["x", "one"])) == (0.0, 0.0, 6.0)
    now[0] += 6
    assert limit.wait(["x"]) == 0.0


def test_a_ledger_is_its_owners_and_its_runs(tmp_path):
    ledger = Ledger(tmp_path / "x" / "cht-1.jsonl", {"run": "1"})
    ledger.add("a", "b", "a")
    ledger.note(saved="settings", state={"x": 1})
    assert stat.S_IMODE(ledger.file.stat().st_mode) == 0o600
    with pytest.raises(InUse):
        Ledger(ledger.file)
    ledger.release(remove=False)
    again = Ledger(ledger.file)
    assert (again.head, list(again.made), again.saved("settings")) == ({"run": "1"}, ["a", "b"], {"x": 1})
    again.release(remove=True)
    assert not ledger.file.exists()


@given(st.lists(st.dictionaries(st.sampled_from(["made", "asked"]), st.text(), min_size=1)), st.integers(0, 400))
def test_a_cut_ledger_loses_its_last_line_at_most(lines, cut):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    kept = [json.loads(line) for line in whole_lines(text[:cut])]
    assert kept == lines[: len(kept)]
    assert len(kept) >= text[:cut].count("\n")


# --- the command ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("environment", "why"), [
    ({}, "set CHT_URL, CHT_USER, CHT_PASSWORD in the environment"),
    ({"CHT_URL": "https://cht.example.org", **ACCOUNT}, "cht.example.org is no sandbox that is known"),
    ({"CHT_URL": "http://127.0.0.1:9", **ACCOUNT}, "did not answer"),
    ({"CHT_URL": "localhost:5988", **ACCOUNT}, "CHT_URL must be a URL that begins with https://"),
    ({"CHT_URL": "https://admin:secret@alpha.dev.medicmobile.org", **ACCOUNT}, "CHT_URL must be a URL without a user"),
    ({"CHT_URL": "https://127.0.0.1:port", **ACCOUNT}, "CHT_URL Port could not be cast"),
])
def test_the_command_says_why_it_does_not_open(environment, why, tmp_path):
    from click.testing import CliRunner

    unset = dict.fromkeys(CHT.variables)
    result = CliRunner().invoke(main, ["gate", "cht", "--live-writes", "--ledgers", str(tmp_path)],
                                env=unset | environment)
    assert result.exit_code == 2
    assert why in result.output
    assert "secret" not in result.output
    assert list(tmp_path.iterdir()) == []


# --- the gate against hostile requests and answers ---


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/medic/_design/medic/_view/..%2f..%2f..%2f_bulk_docs"), ("POST", "/medic/_design/../_view/x"),
    ("POST", "/medic/_design/medic/_view/x%2fy"), ("POST", "/medic/_find%5cx"), ("GET", "/medic/../_all_dbs"),
    ("GET", "/medic/%2e%2e/_all_dbs"), ("GET", "/medic/a%252f..%252fb"), ("GET", "/medic//a"), ("GET", "/medic\\a"),
])
def test_a_path_that_a_proxy_may_read_in_another_way_does_not_pass(opened, method, path):
    gate = opened()
    assert gate.call(method, path, {} if method == "POST" else None)[0] == 403
    assert gate.call("GET", "/medic/a%2Fb")[0] == 404  # an id may hold a slash


@pytest.mark.parametrize(("location", "host"), [
    ("https:evil", "evil"), ("http:///evil/x", "evil"), ("//evil", "evil"), ("///evil", "evil"), ("\\\\evil", "evil"),
    ("ht\ttps://evil", "evil"), ("https://me@evil/", "evil"), ("http://[", "nowhere"), ("/medic/x", ""),
    ("x?a=//b", ""),
    ("http://own:1/x", ""), ("", ""),
])
def test_where_a_redirect_leads_is_read_as_browsers_do(location, host):
    assert elsewhere(location, "own:1") == host


def test_the_gate_is_steered_by_who_opened_it(opened):
    gate = opened()
    gate.gate.token = "s3cret"
    assert gate.call("GET", "/_gate/refused")[0] == 403
    assert gate.call("GET", "/_gate/refused", Authorization="Bearer s3cret")[0] == 200
    assert gate.call("GET", "/_gate/refused", Authorization="Bearer s3cret", Origin="https://evil.example")[0] == 403
    assert gate.call("GET", "/_gate/refused", Authorization="Bearer s3cret", Host="evil.example")[0] == 403
    for data in ({}, [], "x"):
        assert gate.call("POST", "/_gate/case", data, Authorization="Bearer s3cret")[0] == 400
