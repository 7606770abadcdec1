"""The gate before CommCare HQ and CareHQ: whose things may be changed, and that what was made goes."""

import json
import urllib.error
import urllib.request

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.live import sandbox as sandbox_module
from mocksrv.live.carehq import CareHQ
from mocksrv.live.commcare import CommCare
from mocksrv.live.forward import Answer, Forward
from mocksrv.live.gate import Gate, take_away
from mocksrv.live.guardrails import Guardrails
from mocksrv.live.ledger import Ledger
from mocksrv.live.recorder import Recorder
from mocksrv.live.sandbox import patiently
from mocksrv.serving.server import Server

KEY = "0123456789abcdef0123456789abcdef01234567"
KINDS = {
    CommCare: {"COMMCARE_DOMAIN": "demo", "COMMCARE_USERNAME": "brudolph@dimagi.com", "COMMCARE_API_KEY": KEY},
    CareHQ: {"CAREHQ_ACCOUNT_ID": "MY_ACCOUNT_ID", "CAREHQ_API_KEY": "MY_API_KEY",
             "CAREHQ_API_SECRET": "MY_API_SECRET"},
}
USERS = "/a/demo/api/v0.5/user/"


class Opened:
    """A gate with leave to write before a service of its own."""

    def __init__(self, kind, folder):
        self.service = Server(create_app(Config(vendor=(kind.vendor,), size=5)))
        self.service.start()
        self.sandbox = kind(Forward(self.service.url), KINDS[kind])
        self.ledger = Ledger(folder / f"{kind.vendor}.jsonl", {"vendor": kind.vendor, "run": "t0a1b2c"})
        routes = create_app(Config(vendor=(kind.vendor,), size=0))
        recorder = Recorder(kind.vendor, "live", "", None)
        self.gate = Gate(self.sandbox, Guardrails(writes=True), self.ledger, recorder, routes)
        self.server = Server(self.gate)
        self.server.start()

    def call(self, method, path, data=None, **headers):
        body = None if data is None else json.dumps(data).encode()
        usual = {"Authorization": f"ApiKey brudolph@dimagi.com:{KEY}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.server.url + path, body, usual | headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def close(self):
        self.server.stop()
        self.gate.finish()
        self.sandbox.forward.close()
        self.service.stop()


@pytest.fixture
def opened(tmp_path):
    gates = []

    def open_gate(kind):
        gates.append(Opened(kind, tmp_path))
        return gates[-1]

    yield open_gate
    for gate in gates:
        gate.close()


@pytest.mark.parametrize(("method", "path", "headers", "why"), [
    ("GET", "{one}", {"X-HTTP-Method-Override": "DELETE"}, "x-http-method-override"),
    ("GET", "/a/demo/api/v9.9/user/x/", {"X-HTTP-Method-Override": "DELETE"}, "x-http-method-override"),
    ("GET", "/a/demo/phone/restore/", {}, "--live-lasting"),
    ("DELETE", "{one}", {}, "not made by this run"), ("PUT", "{one}", {}, "not made by this run"),
    ("DELETE", "/a/other/api/v0.5/user/nobody/", {}, "not made by this run"),
    ("POST", "/a/other/api/v0.5/user/", {}, "not made by this run"),
    ("POST", "/a/demo/api/v0.5/a-later-resource/", {}, "--live-lasting"),
    ("POST", "/a/demo/api/case/v2/", {}, "--live-lasting"),
    ("PATCH", "/a/demo/api/v0.5/web-user/c0ffee00000000000000000000000001/", {}, "not made by this run"),
])
def test_what_commcare_is_not_asked(opened, method, path, headers, why):
    gate = opened(CommCare)
    one = gate.call("GET", USERS)[1]["objects"][0]["id"]
    status, text = gate.call(method, path.format(one=f"{USERS}{one}/"), {} if method != "GET" else None, **headers)
    assert (status, why in text) == (403, True), text
    assert gate.call("GET", f"{USERS}{one}/")[0] == 200


@pytest.mark.parametrize(("method", "path", "why"), [
    ("DELETE", "/v1/care-enquiries/{one}", "not made by this run"),
    ("PUT", "/v1/care-enquiries/{one}", "not made by this run"), ("PUT", "/v1/users", "--live-lasting"),
    ("PUT", "/v1/a-later-resource", "--live-lasting"), ("POST", "/v1/care-enquiries", "--live-lasting"),
    ("PUT", "/x/v1/care-enquiries", "--live-lasting"), ("DELETE", "/x/v1/care-enquiries/{one}", "--live-lasting"),
])
def test_what_carehq_is_not_asked(opened, method, path, why):
    gate = opened(CareHQ)
    listed = gate.sandbox.send("GET", "care-enquiries").json()
    status, text = gate.call(method, path.format(one=listed["items"][0]["_id"]))
    assert (status, why in text) == (403, True), text
    assert gate.sandbox.send("GET", "care-enquiries").json() == listed


def test_what_was_made_goes(opened):
    gate = opened(CommCare)
    status, made = gate.call("POST", USERS, {"username": "t0a1b2c", "password": "Kisumu_2024_long"})
    assert status == 201, made
    assert list(gate.ledger.made) == [f"user/{made['id']}"]
    assert gate.call("POST", "/_gate/finish")[1]["left"] == []
    assert gate.sandbox.send("GET", f"user/{made['id']}").status == 400


def test_lookup_tables_whose_ids_nobody_tells_go_with_their_rows(opened):
    gate = opened(CommCare)
    tables, login = "/a/demo/api/lookup_table/v1/", [("Authorization", f"ApiKey brudolph@dimagi.com:{KEY}")]
    gate.sandbox.forward.send("POST", tables, [*login, ("Content-Type", "application/json")], b'{"tag": "others"}')
    before = gate.sandbox.send("GET", "lookup_table").json()
    assert gate.call("POST", tables, {"tag": "t0a1b2c-one"}) == (201, None)
    assert gate.call("PUT", f"{tables}{'0' * 31}9/", {"tag": "t0a1b2c-two"}) == (201, None)
    assert gate.call("POST", tables, {"tag": "t0a1b2c-two"})[0] == 400
    one, two = (made.removeprefix("lookup_table/") for made in gate.ledger.made)
    rows, row = "/a/demo/api/lookup_table_item", {"data_type_id": f"{one[:8]}-{one[8:]}", "fields": {}}
    assert gate.call("POST", f"{rows}/v1/", row) == (201, None)
    told = gate.call("POST", f"{rows}/v2/", row)[1]["id"]
    assert gate.call("PUT", f"{rows}/v2/{told}/", row)[0] == 200
    status, text = gate.call("POST", f"{rows}/v1/", {"data_type_id": before["objects"][0]["id"], "fields": {}})
    assert (status, "not made by this run" in text) == (403, True)
    assert gate.call("DELETE", f"{tables}{two}/")[0] == 204
    assert gate.call("POST", "/_gate/finish")[1]["left"] == []
    assert gate.sandbox.send("GET", "lookup_table").json() == before
    assert one not in gate.sandbox.send("GET", "lookup_table_item", "?limit=0").body.decode()


def test_a_worker_that_a_test_has_deleted_is_not_left(opened):
    gate = opened(CommCare)
    made = gate.call("POST", USERS, {"username": "t0a1b2c", "password": "Kisumu_2024_long"})[1]
    assert gate.call("DELETE", f"{USERS}{made['id']}/")[0] == 204
    assert gate.sandbox.send("DELETE", f"user/{made['id']}").status == 500
    assert gate.call("POST", "/_gate/finish")[1]["left"] == []


def test_what_an_answer_does_not_name_is_told(opened, monkeypatch):
    gate = opened(CommCare)
    monkeypatch.setattr(gate.sandbox.forward, "send", lambda *_: Answer(201, [], b"{}"))
    gate.call("POST", USERS, {"username": "t0a1b2c", "password": "Kisumu_2024_long"})
    assert gate.ledger.lines[-1]["unsure"]
    (left,) = gate.call("POST", "/_gate/finish")[1]["left"]
    assert left.startswith(f"POST {USERS}: no answer told what it made")


def test_another_account_does_not_clean_up(tmp_path):
    forward = Forward("https://staging.commcarehq.org")
    places = {CommCare(forward, KINDS[CommCare] | {"COMMCARE_DOMAIN": name}).place for name in ("one", "two")}
    places |= {CareHQ(forward, KINDS[CareHQ] | {"CAREHQ_ACCOUNT_ID": name}).place for name in ("one", "two")}
    assert len(places) == 4


@pytest.mark.parametrize("status", [401, 500, 429])
def test_what_could_not_be_deleted_stays_on_the_ledger(opened, monkeypatch, status):
    gate = opened(CareHQ)
    monkeypatch.setattr(sandbox_module, "PATIENCE", 0)
    ledger = Ledger(gate.ledger.file.with_name("other.jsonl"), {"run": "t0a1b2d"})
    ledger.add("care-enquiries/1", "care-enquiries/2")
    monkeypatch.setattr(gate.sandbox.forward, "send", lambda *_: Answer(status, [], b""))
    assert take_away(gate.sandbox, ledger) == [f"care-enquiries/{n}: DELETE answered {status}" for n in (2, 1)]
    ledger.release(remove=False)


def test_a_busy_service_is_asked_again_and_given_up_in_the_end(monkeypatch):
    now, slept = [1000.0], []

    def pause(seconds):
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(sandbox_module, "machine_time", lambda: now[0])
    monkeypatch.setattr(sandbox_module, "pause", pause)
    answers = [Answer(429, [("Retry-After", "7")], b""), Answer(503, [], b""), Answer(200, [], b"")]
    assert patiently(lambda: answers.pop(0)).status == 200
    assert slept == [7, 1]
    assert patiently(lambda: Answer(429, [("Retry-After", "3600")], b"")).status == 429
    assert now[0] < 1000 + 400
