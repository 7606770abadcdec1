"""`pytest --mocksrv-live`: somebody's tests with our fixtures, on a service that plays the sandbox."""

import subprocess
import sys

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server
from mocksrv.tests.snippets import PLAIN_PYTEST

TESTS = """
import pytest

def test_reads(cht):
    people = cht.client.get(f"{cht.url}/api/v1/person?type=person").json()["data"]
    assert cht.client.get(f"{cht.url}/api/v1/person/{people[0]['_id']}").json() == people[0]

def test_one_address(mocksrv, cht):
    assert mocksrv.url == cht.url

def test_writes(cht):
    answer = cht.client.post(f"{cht.url}/api/v1/places", json={"name": "A 1", "type": "district_hospital"})
    assert answer.status_code == 200, answer.text

def test_fails_by_itself(cht):
    assert cht.client.get(f"{cht.url}/api/v1/person/nobody").status_code == 200

def test_advances(mocksrv):
    mocksrv.clock.advance(60)

def test_breaks(cht):
    cht.world.fault(operation="get_person", status=503)

def test_plants(mocksrv):
    mocksrv.plant(seed=3)

def test_typo(mocksrv):
    with pytest.raises(AttributeError):
        mocksrv.clocks

def test_server(mocksrv_url):
    pass

@pytest.mark.mocksrv(cht_conformance="page")
def test_settings(cht):
    pass

@pytest.mark.mocksrv(release="5.2")
def test_other_release(cht):
    pass

@pytest.mark.mocksrv(release="4.15")
def test_this_release(cht):
    pass
"""
REASONS = ["the gate: POST /api/v1/places: the run is read-only", "clock steers a mock's world",
           "fault steers a mock's world", "plant steers a mock's world", "mocksrv_url is the mock's own address",
           "a world with cht_conformance=page", "this is about CHT 5.2; the service is 4.15.0"]
ACCOUNT = {"CHT_USER": "admin", "CHT_PASSWORD": "pass"}


@pytest.fixture(scope="module")
def sandbox():
    with Server(create_app(Config(vendor=("cht",), seed=7, set={"cht.release": "4.15"}))) as server:
        yield server


@pytest.fixture
def place(pytester, sandbox, monkeypatch):
    """The folder of a suite whose environment names the sandbox."""
    monkeypatch.setenv("PYTEST_ADDOPTS", PLAIN_PYTEST)
    for name in ("CAREHQ_URL", "COMMCARE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**ACCOUNT, "CHT_URL": sandbox.url}.items():
        monkeypatch.setenv(name, value)
    pytester.makepyfile(TESTS)
    return pytester


def test_tests_that_steer_or_write_are_skipped_and_say_why(place, sandbox):
    table = sandbox.app.worlds["default"].table("cht.medic")
    before = {doc["_id"] for doc in table.all()}
    result = place.runpytest_subprocess("--mocksrv-live", "-rsf")
    result.assert_outcomes(passed=4, failed=1, skipped=7)
    said = result.stdout.str()
    assert [reason for reason in REASONS if reason not in said] == []
    result.stdout.fnmatch_lines(["FAILED*test_fails_by_itself*"])
    result.stdout.fnmatch_lines(["mocksrv: live cht: * requests, 1 refused by the gate, 0 things made"])
    assert {doc["_id"] for doc in table.all()} == before


def test_what_tests_make_goes_at_the_end(place, sandbox):
    table = sandbox.app.worlds["default"].table("cht.medic")
    before = {doc["_id"] for doc in table.all()}
    result = place.runpytest_subprocess("--mocksrv-live", "--mocksrv-gate=--live-writes", "-k", "writes")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["mocksrv: live cht: * requests, 0 refused by the gate, 1 things made"])
    assert {doc["_id"] for doc in table.all()} == before


def test_both_sides_are_compared_by_the_tests_of_the_suite(place):
    for options in ([], ["--mocksrv-live"]):
        result = place.runpytest_subprocess("--mocksrv-shapes", "shapes", *options, "-k", "reads or itself or advances")
        result.assert_outcomes(passed=1, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["mocksrv: shapes are in shapes: mocksrv drift shapes"])
    done = subprocess.run([sys.executable, "-m", "mocksrv", "drift", "shapes"], cwd=place.path, capture_output=True,
                          text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "0 differences in 3 cases of 2 operations.\n"), done.stderr


def test_the_release_of_the_mock_counts_too(place, monkeypatch):
    for release, other in (("4.15", "5.2"), ("5.2", "4.15")):
        monkeypatch.setenv("MOCKSRV_SET", f"cht.release={release}")
        result = place.runpytest_subprocess("--mocksrv-shapes", "shapes", "-k", "other_release or this_release", "-rs")
        result.assert_outcomes(passed=1, skipped=1)
        result.stdout.fnmatch_lines([f"*this is about CHT {other}; the service is {release}"])


def test_what_the_environment_lacks_is_named(place, monkeypatch):
    monkeypatch.delenv("CHT_PASSWORD")
    result = place.runpytest_subprocess("--mocksrv-live", "-k", "reads or plants or one_address")
    result.assert_outcomes(errors=2, skipped=1)
    result.stdout.fnmatch_lines(["*the gate to cht did not open: mocksrv: set CHT_PASSWORD in the environment*"])
    monkeypatch.setenv("CHT_PASSWORD", "pass")
    monkeypatch.setenv("CHT_URL", "https://cht.example.org")
    result = place.runpytest_subprocess("--mocksrv-live", "-k", "reads")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*cht.example.org is no sandbox that is known*"])


def test_one_process_goes_to_a_live_service(place):
    result = place.runpytest_subprocess("--mocksrv-live", "-n", "2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--mocksrv-live and --mocksrv-shapes are for one process*"])
