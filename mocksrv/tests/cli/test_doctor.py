"""`mocksrv doctor`: what it finds where something stands between a client and the server."""

import json
import socket
import sys
from importlib import import_module

import pytest
from click.testing import CliRunner

from mocksrv.cli import main
from mocksrv.remote import RemoteWorld
from mocksrv.serving.server import Server
from mocksrv.tests.tools import NOBODY

doctor = import_module("mocksrv.cli.doctor")  # the package's `doctor` is the command


@pytest.fixture(autouse=True)
def plain(monkeypatch, tmp_path):
    """A machine without proxies, and without a CA of anybody's."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in doctor.CA_FILES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "FOLDER", tmp_path / "ca")
    monkeypatch.setattr(doctor, "PATIENCE", 0.5)


def examined(*args):
    """What the doctor finds, by what was looked at, and the exit code."""
    result = CliRunner().invoke(main, ["doctor", "--json", *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return {one["check"]: one for one in json.loads(result.stdout)}, result.exit_code


def test_a_sound_machine_has_nothing_to_change():
    found, code = examined("--port", "0")
    assert code == 0
    assert {one["state"] for name, one in found.items() if name != "clock"} == {"ok"}
    assert (found["clock"]["state"], "no server tells it" in found["clock"]["found"]) == ("note", True)
    assert {"Python", "packages", "port", "TLS", "proxy", "clock"} <= found.keys()


def test_people_get_a_table_and_what_to_do():
    text = CliRunner().invoke(main, ["doctor", "--url", NOBODY]).output
    assert text.splitlines()[0].split() == ["check", "state", "found"]
    assert f"clock: no answer from {NOBODY}" in text


def test_the_clients_that_the_tests_run_are_those_that_it_calls_tested():
    found, _ = examined("--port", "0")
    for client in doctor.CLIENTS:
        if not client.command:
            assert found[client.name]["state"] == "ok", client.name
            assert "which the tests run" in found[client.name]["found"]


@pytest.mark.parametrize(("said", "state"), [("6.6.1", "ok"), ("v7.0.0", "note"), ("", "note")])
def test_a_client_that_is_no_python_package_is_asked_for_its_version(monkeypatch, tmp_path, said, state):
    program = tmp_path / "cht"
    program.write_text(f"#!/bin/sh\necho {said}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found, code = examined("--port", "0")
    assert (found["cht-conf"]["state"], code) == (state, 0)


def test_an_old_python_and_a_package_that_lacks(monkeypatch):
    monkeypatch.setattr(doctor, "PYTHONS", ((sys.version_info[0], sys.version_info[1] + 1), (9, 0)))
    wanted = ["flask>=3", "nothing-like-it[x]>=1,<2", 'other; extra == "a"']
    monkeypatch.setattr("importlib.metadata.requires", lambda _name: wanted)
    found, code = examined("--port", "0")
    assert code == 1
    assert (found["Python"]["state"], found["packages"]["state"]) == ("bad", "bad")
    assert found["packages"]["advice"].endswith("pip install nothing-like-it")


def test_a_taken_port_and_one_where_a_mocksrv_is(shop_app):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        found, code = examined("--port", str(other.getsockname()[1]))
    assert (found["port"]["state"], code) == ("bad", 1)
    assert "--port 0" in found["port"]["advice"]
    with Server(shop_app()) as server:
        found, code = examined("--port", str(server.port))
    assert (found["port"]["state"], code) == ("note", 0)
    assert "a mocksrv answers there already" in found["port"]["found"]
    with Server(shop_app(control="off")) as server:
        found, code = examined("--port", str(server.port))
    assert (found["port"]["state"], code) == ("note", 0)
    assert found["clock"]["advice"] == "the control plane is off (--control)"
    with Server(shop_app()) as server:
        found, code = examined("--url", server.url)
    assert (found["port"]["found"], code) == (f"{server.port} on 127.0.0.1: a mocksrv answers there already", 0)
    assert "port" not in examined("--url", "http://mocksrv.invalid:8080")[0]
    assert examined("--port", "0")[0]["clock"]["advice"].startswith("--port 0 takes any free one")
    found, code = examined("--host", "192.0.2.1")
    assert (found["port"]["state"], code) == ("bad", 1)


@pytest.mark.parametrize(("variables", "state"), [
    ({"http_proxy": "http://10.0.0.1:3128"}, "bad"), ({"ALL_PROXY": "socks5://10.0.0.1"}, "bad"),
    ({"HTTPS_PROXY": "http://10.0.0.1:3128", "NO_PROXY": "example.org"}, "bad"),
    ({"http_proxy": "http://10.0.0.1:3128", "no_proxy": "localhost,127.0.0.1"}, "ok"), ({"ftp_proxy": "x"}, "ok"),
])
def test_a_proxy_that_would_divert_a_client(monkeypatch, variables, state):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found, code = examined("--port", "0")
    assert (found["proxy"]["state"], code) == (state, state == "bad")


def test_what_names_a_ca_should_lead_somewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    found, code = examined("--port", "0")
    assert (found["REQUESTS_CA_BUNDLE"]["state"], code) == ("bad", 1)
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "ca.pem").write_text("MINE\n")
    for content, state in (("other", "note"), ("other\nMINE\n", "ok")):
        (tmp_path / "none.pem").write_text(content)
        found, code = examined("--port", "0")
        assert (found["REQUESTS_CA_BUNDLE"]["state"], code) == (state, 0)
        assert found["TLS"]["found"].endswith("ca.pem")


def test_the_clock_of_a_server_that_runs_is_compared_with_the_machines(shop_app):
    with Server(shop_app()) as server:
        found, _ = examined("--url", server.url, "--port", "0")
        assert found["clock"]["state"] == "ok"
        clock = RemoteWorld(server.url, "default").clock
        clock.advance(3600)
        found, code = examined("--url", server.url, "--port", "0")
        assert (found["clock"]["state"], code) == ("note", 0)
        assert "3600 s ahead of this machine's" in found["clock"]["found"]
        clock.freeze("2020-01-01T00:00:00Z")
        found, _ = examined("--url", server.url, "--port", "0")
        assert found["clock"]["found"].endswith("behind this machine's, frozen")
