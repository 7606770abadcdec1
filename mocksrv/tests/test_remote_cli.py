"""The commands that steer a running server."""

import json

import pytest
import requests
from click.testing import CliRunner

from mocksrv.cli import main


@pytest.fixture
def run(mocksrv):
    """Run a command on this test's world."""
    def run(*args, code=0):
        result = CliRunner().invoke(main, [*args, "--url", mocksrv.server, "--world", mocksrv.name])
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_clock(run, mocksrv):
    assert json.loads(run("clock"))["frozen"] is False
    assert json.loads(run("clock", "--freeze", "--set", "2024-01-01T00:00:00Z"))["frozen"] is True
    assert json.loads(run("clock", "--advance", "60"))["now"] == "2024-01-01T00:01:00.000000Z"
    assert mocksrv.clock.read()["now"] == "2024-01-01T00:01:00.000000Z"
    assert "ISO 8601" in run("clock", "--set", "soon", code=2)


def test_faults_and_journal(run, mocksrv):
    added = json.loads(run("faults", "add", "vendor=cht", "status=503", "times=1", 'headers={"X-A": "b"}'))
    answer = requests.get(f"{mocksrv.url}/api/info")
    assert (answer.status_code, answer.headers["X-A"]) == (503, "b")
    requests.get(f"{mocksrv.url}/api/inf", auth=("admin", "pass"))
    assert json.loads(run("faults", "list"))[0]["hits"] == 1
    run("faults", "remove", str(added["id"]))
    assert json.loads(run("faults", "list")) == []
    text = run("journal", "status=4xx")
    assert "/api/inf" in text
    assert "    " in text
    assert " 503 " not in text
    assert json.loads(run("journal", "--json"))[0]["status"] == 503
    assert json.loads(run("journal", "--har"))["log"]["version"] == "1.2"
    assert "key=value" in run("faults", "add", "status", code=2)
    assert "status" in run("faults", "add", "status=9", code=2)


def test_scenario(run, mocksrv):
    assert "cht.bulk_delete_cut" in run("scenario")
    assert json.loads(run("scenario", "all.works_on_retry"))["name"] == "all.works_on_retry"
    assert requests.get(f"{mocksrv.url}/api/info").status_code == 503
    assert "all.flaky" in run("scenario", "nothing", code=2)


def test_snapshots_go_through_files(run, mocksrv, tmp_path):
    auth, file = ("admin", "pass"), str(tmp_path / "kept.json")
    requests.put(f"{mocksrv.url}/medic/kept", json={"type": "note"}, auth=auth)
    run("snapshot", "make", f"{mocksrv.name}-a")
    run("snapshot", "save", f"{mocksrv.name}-a", file)
    run("reset")
    assert requests.get(f"{mocksrv.url}/medic/kept", auth=auth).status_code == 404
    run("snapshot", "load", f"{mocksrv.name}-b", file)
    assert f"{mocksrv.name}-b" in run("snapshot", "list")
    run("snapshot", "restore", f"{mocksrv.name}-b")
    assert requests.get(f"{mocksrv.url}/medic/kept", auth=auth).json()["type"] == "note"
    for bad in ("{", '{"tables": {}}', '{"tables": 5, "clock": {}}'):
        (tmp_path / "bad.json").write_text(bad)
        assert "no snapshot" in run("snapshot", "load", "bad", str(tmp_path / "bad.json"), code=2)


def test_no_server_says_what_to_do():
    result = CliRunner().invoke(main, ["clock", "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 2
    assert "mocksrv serve" in result.output
