"""Somebody's own test suite behind a gate: the suites of docs/live.md, and one that does what suites may do."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server
from mocksrv.tests.snippets import PLAIN_PYTEST, suites, written_tests
from mocksrv.tests.tools import NOBODY, program

PAGE = "docs/live.md"
SUITES = {"shell": ["bash", "suite.sh"], "JavaScript": ["node", "--test", "suite.test.mjs"],
          "Python": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suite.py"]}
ACCOUNT = {"CHT_USER": "admin", "CHT_PASSWORD": "pass"}


@pytest.fixture(scope="module")
def sandbox():
    """A CHT with other data than a mock has that nobody sets."""
    with Server(create_app(Config(vendor=("cht",), seed=7))) as server:
        yield server


class Suite:
    """A folder with the suites of the page, and a shell in it."""

    def __init__(self, folder, url):
        self.folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSRV_")}
        self.environment = clean | ACCOUNT | {"CHT_URL": url, "PYTEST_ADDOPTS": PLAIN_PYTEST}
        for name, text in suites(PAGE).items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "test_suite.py").write_text(written_tests(PAGE)[0].text, encoding="utf-8")

    def run(self, *words, **environment):
        return subprocess.run([sys.executable, "-m", "mocksrv", *words], cwd=self.folder, timeout=120, check=False,
                              env=self.environment | environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True)

    def gate(self, *words, **environment):
        return self.run("gate", "cht", *words, **environment)

    def drift(self):
        done = self.run("drift", "mock.json", "live.json", "--json", "-")
        return done.returncode, [(one["operation"], one["kind"], one["where"])
                                 for one in json.loads(done.stdout)["differences"]]

    def shapes(self, name):
        return json.loads((self.folder / name).read_text("utf-8"))["operations"]


@pytest.fixture
def suite(sandbox, tmp_path):
    return Suite(tmp_path, sandbox.url)


@pytest.mark.parametrize("language", SUITES)
def test_a_suite_finds_how_a_sandbox_differs_and_nothing_else(suite, sandbox, monkeypatch, language):
    if language == "JavaScript":
        program("node")
    command = SUITES[language]
    for words in (["--mock", "--shapes", "mock.json"], ["--shapes", "live.json"]):
        done = suite.gate(*words, "--", *command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert suite.drift() == (0, [])

    vendor = sandbox.app.vendors["cht"]
    render = vendor.render

    def changed(world, call, result):
        reply = render(world, call, result)
        if reply.status == 404:
            reply.headers = [*reply.headers, ("Vary", "Cookie")]
        return reply

    monkeypatch.setattr(vendor, "render", changed)
    assert suite.gate("--shapes", "live.json", "--", *command).returncode == 0
    assert suite.drift() == (1, [("get_person", "header", "/headers/vary")])


def test_a_case_is_what_the_request_says_and_the_service_does_not_hear_of_it(suite, sandbox):
    ask = "curl -s -H 'X-Mocksrv-Case: mine' $CHT_URL/api/info; curl -s $CHT_URL/api/info"
    assert suite.gate("--shapes", "live.json", "--", "sh", "-c", ask).returncode == 0
    assert sorted(suite.shapes("live.json")["api_info"]) == ["api_info", "mine"]
    heard = [dict(entry.headers) for entry in sandbox.app.worlds["default"].journal.find(operation="api_info")]
    assert heard
    assert not [headers for headers in heard if "x-mocksrv-case" in map(str.lower, headers)]


ASK = """
import json, os, sys, urllib.error, urllib.request
login = {"Authorization": "Basic YWRtaW46cGFzcw==", "Content-Type": "application/json"}
def ask(path, data=None):
    request = urllib.request.Request(os.environ["CHT_URL"] + path, data and json.dumps(data).encode(), login)
    try:
        return json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError:
        return None
place = ask("/api/v1/places", {"name": "A " + os.environ["MOCKSRV_RUN"], "type": "district_hospital"})["id"]
told = ask("/api/v1/person?type=person&limit=1")["data"][0]["_id"]
asked = [f"/api/v1/place/{place}", f"/api/v1/person/{told}", "/api/v1/person/nobody", "/api/v1/no-such"]
for path in asked[::int(sys.argv[1])]:
    ask(path)
"""


def test_without_a_word_a_case_is_what_is_asked_for_not_when(suite):
    (suite.folder / "ask.py").write_text(ASK, encoding="utf-8")
    for side, option, order in (("mock", "--mock", "1"), ("live", "--live-writes", "-1")):
        done = suite.gate(option, "--shapes", f"{side}.json", "--", sys.executable, "ask.py", order)
        assert done.returncode == 0, done.stderr
    cases = {operation: sorted(found) for operation, found in suite.shapes("mock.json").items()}
    assert cases == {"create_places": ["create_places"], "get_people": ["get_people ?limit,type"],
                     "get_place": ["get_place (made)"], "get_person": ["get_person", "get_person (told)"],
                     "(no route)": ["(no route)"]}
    assert suite.drift() == (0, [])


@pytest.mark.parametrize(("words", "code", "said"), [
    (["--", "sh", "-c", "exit 7"], 7, "no request came to http://127.0.0.1:"),
    (["--", "sh", "-c", "kill -9 $$"], 137, "does the suite read its address from CHT_URL?"),
    (["--", "sh", "-c", "curl -s -u admin:pass -d {} $CHT_URL/api/v1/people"], 0,
     "1 were not let through; the first: POST /api/v1/people: the run is read-only; --live-writes lets it write"),
    (["--mock", "--", "sh", "-c", "curl -sf $CHT_URL/api/info"], 0, "mocksrv: 1 requests, 0 things made\n"),
    (["--mock", "--live-writes", "--live-budget", "9", "--", "sh", "-c", "curl -sf $CHT_URL/api/info"], 0,
     "mocksrv: --live-writes, --live-budget changes nothing beside --mock: all may be written there"),
    (["--mock", "--clean"], 2, "mocksrv: --clean deletes what runs have left on a live service: leave out --mock"),
    (["--", "no-such-program"], 2, "there is no program no-such-program here"),
    (["--shapes", ".", "--", "true"], 2, "'.' is a directory"),
    (["--shapes", "/dev/null/a.json", "--", "true"], 2, "cannot write /dev/null/a.json: File exists"),
])
def test_the_end_of_a_suite_is_that_of_the_gate(suite, words, code, said):
    done = suite.gate(*words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert not list((suite.folder / "build").rglob("*.jsonl"))  # no ledger stays open


def test_a_service_that_is_silent_is_told(suite):
    done = suite.gate("--", "sh", "-c", "curl -s $CHT_URL/api/info; curl -s $CHT_URL/api/info", CHT_URL=NOBODY)
    assert f"mocksrv: 2 got no answer; the first: {NOBODY} did not answer GET /api/info" in done.stderr


def test_what_a_suite_makes_goes_when_it_ends(suite, sandbox):
    def places():
        table = sandbox.app.worlds["default"].table("cht.medic")
        return sorted(doc["_id"] for doc in table.all() if doc.get("type") == "district_hospital")

    before = places()
    make = ("curl -sf -u admin:pass -H 'Content-Type: application/json' "
            "-d \"{\\\"name\\\": \\\"Area $MOCKSRV_RUN\\\", \\\"type\\\": \\\"district_hospital\\\"}\" "
            "$CHT_URL/api/v1/places")
    done = suite.gate("--live-writes", "--", "sh", "-c", make)
    assert (done.returncode, "1 things made" in done.stderr) == (0, True), done.stderr
    assert json.loads(done.stdout)["id"] not in before
    assert places() == before


def test_a_suite_that_is_told_to_end_ends_and_the_gate_after_it(suite):
    command = "trap 'echo told; exit 3' TERM; echo ready; while true; do sleep 0.1; done"
    with subprocess.Popen([sys.executable, "-m", "mocksrv", "gate", "cht", "--", "bash", "-c", command],
                          cwd=suite.folder, env=suite.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as gate:
        assert gate.stdout.readline() == "ready\n"
        time.sleep(0.2)
        gate.send_signal(signal.SIGTERM)
        said, _ = gate.communicate(timeout=30)
    assert (gate.returncode, said) == (3, "told\n")


def test_proxies_of_the_machine_are_told_to_leave_the_gate_alone(suite):
    shown = suite.gate("--mock", "--", "sh", "-c", "echo $NO_PROXY $no_proxy", NO_PROXY="intranet", no_proxy="").stdout
    assert shown == "intranet,127.0.0.1 127.0.0.1\n"


@pytest.mark.parametrize(("vendor", "path"), [
    ("carehq", "/v1/users?attributes=first_name"), ("commcare", "/a/$COMMCARE_DOMAIN/api/case/v2/?limit=1"),
    ("cht", "/api/v1/person?type=person")])
def test_the_account_of_the_mock_is_in_the_environment(suite, vendor, path):
    logins = {"carehq": "-H 'X-CareHQ-AccountId: x'", "commcare": "-H \"Authorization: ApiKey $COMMCARE_USERNAME:"
              "$COMMCARE_API_KEY\"", "cht": "-u $CHT_USER:$CHT_PASSWORD"}
    ask = f"curl -s -o answer -w '%{{http_code}}' {logins[vendor]} \"${vendor.upper()}_URL{path}\""
    done = suite.run("gate", vendor, "--mock", "--shapes", "mock.json", "--", "sh", "-c", f"{ask}; env",
                     CAREHQ_API_KEY="of the sandbox")
    status, shown = done.stdout[:3], done.stdout
    assert status == ("401" if vendor == "carehq" else "200"), shown  # a signature takes more than curl
    assert vendor != "carehq" or "CAREHQ_API_KEY=MY_API_KEY\n" in shown
    assert "MOCKSRV_RUN=t" in shown


def test_the_mock_is_set_by_the_environment(suite):
    ask = "curl -sf -u admin:pass $CHT_URL/api/v2/monitoring"
    done = suite.gate("--mock", "--", "sh", "-c", ask, MOCKSRV_SET="cht.release=5.2", MOCKSRV_DATA="world.json")
    assert json.loads(done.stdout)["version"]["app"].startswith("5.2")
    assert not (suite.folder / "world.json").exists()
    assert suite.gate("--mock", "--", "true", MOCKSRV_SEED="x").returncode == 2
