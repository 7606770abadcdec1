"""The gate to a live service: what it lets pass, what it notes, and how it cleans up. Its service is a simulator."""

import json
import stat
import urllib.error
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.app import create_app
from mocksrv.cli import main
from mocksrv.config import Config
from mocksrv.live import rails as rails_module
from mocksrv.live.cht import CHT
from mocksrv.live.forward import Answer, Forward, Unreachable
from mocksrv.live.gate import Gate
from mocksrv.live.ledger import InUse, Ledger, whole_lines
from mocksrv.live.rails import NotAllowed, Rails
from mocksrv.live.recorder import Recorder
from mocksrv.serving import Server

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
        gates.append(Opened(service, routes, tmp_path, Rails(**rails), shapes))
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


def test_only_tests_are_recorded_and_nothing_after_a_refusal(opened, tmp_path):
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
    document = json.loads(shapes.read_text())
    assert (document["vendor"], document["target"], document["version"]) == ("cht", "live", "4.15.0")
    assert {name: list(cases) for name, cases in document["operations"].items()} == {
        "api_info": ["test_a.py::test_one", "test_a.py::test_one #2"]}


def test_a_service_that_is_down_is_said_to_be(routes, tmp_path):
    with Server(routes) as server:
        url = server.url
    with pytest.raises(Unreachable, match="did not answer GET /api/info"):
        Forward(url).send("GET", "/api/info")


# --- hosts, rates, ledgers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "named", "allowed"), [
    ("http://127.0.0.1:5988", (), True), ("http://localhost", (), True), ("http://[::1]:80", (), True),
    ("https://alpha.dev.medicmobile.org", (), True), ("https://dev.medicmobile.org.evil.example", (), False),
    ("https://cht.example.org", (), False), ("https://cht.example.org", ("cht.example.org",), True),
    ("https://cht.example.org", ("other.example.org",), False),
])
def test_a_host_is_known_or_named_twice(url, named, allowed):
    rails = Rails(hosts=named)
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
    rails = Rails()
    rails.heed(Answer(status, headers, b""))
    rails.spend()
    assert sum(slept) == waits


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
])
def test_the_command_says_why_it_does_not_open(environment, why, tmp_path):
    from click.testing import CliRunner

    unset = dict.fromkeys(CHT.variables)
    result = CliRunner().invoke(main, ["gate", "cht", "--live-writes", "--ledgers", str(tmp_path)],
                                env=unset | environment)
    assert result.exit_code == 2
    assert why in result.output
    assert list(tmp_path.iterdir()) == []
