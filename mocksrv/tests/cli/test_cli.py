"""The command line as a user runs it: as a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import requests

AUTH = ("admin", "pass")


def mocksrv(*args, env=None):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MOCKSRV_")}
    return subprocess.run([sys.executable, "-m", "mocksrv", *args], capture_output=True, text=True, check=False,
                          env=clean | (env or {}), timeout=60)


@contextmanager
def serving(*args):
    """A server process; yields its base URL and the process."""
    process = subprocess.Popen([sys.executable, "-m", "mocksrv", "serve", "--port", "0", *args], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        line = process.stdout.readline()
        assert line.startswith("mocksrv is ready on "), line + process.stdout.read()
        yield line.split()[-1], process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_misspelt_command_is_told_the_nearest():
    done = mocksrv("clok")
    assert (done.returncode, "No such command 'clok'. Did you mean 'clock'?" in done.stderr) == (2, True)


@pytest.mark.parametrize(("args", "text"), [
    (["--port", "x"], "port 'x': use a whole number from 0 to 65535"),
    (["--seed", "x"], "seed 'x': use a whole number"),
    (["--size", "huge"], "size 'huge': use empty, small, medium, large or a number"),
    (["--vendor", "nobody"], "vendor 'nobody' is not known: use carehq, commcare, cht"),
    (["--set", "cht.nothing=1", "--port", "0"], "there is no setting 'cht.nothing'"),
    (["--set", "cht.releas=5.2", "--port", "0"], "the nearest: cht.release"),
    (["--set", "cht.conformance=loose", "--port", "0"], "setting cht.conformance=loose: use one of"),
    (["--set", "carehq.clock_window=-1", "--port", "0"], "setting carehq.clock_window=-1: use a whole number from"),
    (["--set", "carehq.trusted_proxies=10.0.0.0/8 home", "--port", "0"], "such as 10.0.0.0/8 ::1; 'home' is none"),
    (["--set", "oops"], "setting 'oops': use vendor.setting=value"),
    (["--config", "/nowhere.toml"], "cannot read the settings file /nowhere.toml"),
    (["--data", "/nowhere/file.json", "--port", "0"], "cannot use the data file /nowhere/file.json"),
    (["--loud"], "No such option"),
    (["--host", "192.0.2.1", "--port", "0"], "192.0.2.1"),
])
def test_a_bad_call_is_one_clear_line_and_exit_code_2(args, text):
    done = mocksrv("serve", *args)
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_taken_port_says_so():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = mocksrv("serve", "--port", str(other.getsockname()[1]))
    assert done.returncode == 2
    assert "is taken" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": {}}', b"\xff\xfe", b'{"_store": {"snapshot": 1}}'])
def test_a_damaged_data_file_stops_the_start_and_stays_as_it_is(tmp_path, content):
    file = tmp_path / "world.json"
    file.write_bytes(content)
    done = mocksrv("serve", "--port", "0", "--data", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert "or name another file" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert file.read_bytes() == content


def test_the_environment_and_help(tmp_path):
    done = mocksrv("serve", env={"MOCKSRV_PORT": "x"})
    assert (done.returncode, "port 'x'" in done.stderr) == (2, True)
    text = mocksrv("serve", "--help").stdout
    for option in ("--host", "--port", "--vendor", "--seed", "--size", "--locale", "--data", "--no-limits", "--log",
                   "--set"):
        assert option in text
    assert mocksrv("--version").stdout.startswith("mocksrv, version ")


def test_operations_and_settings_as_data():
    rows = json.loads(mocksrv("operations", "--vendor", "cht", "--json").stdout)
    assert {row["vendor"] for row in rows} == {"cht"}
    assert {"vendor", "method", "path", "permission", "source", "proof"} <= rows[0].keys()
    assert "{uuid}" in mocksrv("operations", "--vendor", "cht").stdout
    assert {"setting", "default", "choices", "help"} == json.loads(mocksrv("settings", "--json").stdout)[0].keys()


def test_it_prints_base_urls_and_credentials_and_stops_on_sigterm():
    with serving() as (url, process):
        assert requests.get(f"{url}/_mocksrv/ready").json()["vendors"] == ["carehq", "commcare", "cht"]
        for vendor, found in requests.get(f"{url}/_mocksrv/credentials").json().items():
            assert found, vendor
            assert all(one["base_url"].startswith(url) for one in found)
        process.send_signal(signal.SIGTERM)
        printed = process.stdout.read()
        assert process.wait(10) == 0
    for word in ("MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET", "username brudolph@dimagi.com  password password",
                 "username admin  password pass", f"{url}/_mocksrv/", f"mocksrv credentials --url {url}"):
        assert word in printed
    assert len(printed.splitlines()) == 5  # the first was read before: one for each vendor, the page, and more keys
    assert max(map(len, printed.splitlines())) <= 80


def test_a_killed_server_loses_nothing_that_it_answered(tmp_path):
    """CHT documents are written until the kill; the next start has every one that was answered, and goes on."""
    data = ["--data", str(tmp_path / "world.json"), "--vendor", "cht", "--size", "empty"]
    answered = {}
    for round_ in range(3):
        with serving(*data) as (url, process):
            with requests.Session() as session:
                session.auth = AUTH
                for id, rev in answered.items():
                    assert session.get(f"{url}/medic/{id}").json()["_rev"] == rev
                began = time.monotonic()
                while time.monotonic() - began < 0.3 or len(answered) < 5 * (round_ + 1):
                    answer = session.post(f"{url}/medic", json={"type": "note"}).json()
                    assert answer["id"] not in answered
                    answered[answer["id"]] = answer["rev"]
            process.kill()
            process.wait()
    with serving(*data) as (url, _):
        requests.post(f"{url}/_mocksrv/reset")
        assert requests.get(f"{url}/medic/{id}", auth=AUTH).status_code == 404


def test_a_second_server_may_not_use_the_same_data_file(tmp_path):
    file = str(tmp_path / "world.json")
    with serving("--data", file, "--size", "empty"):
        done = mocksrv("serve", "--port", "0", "--data", file)
        assert done.returncode == 2
        assert file in done.stderr


def test_vendors_that_join_later_bring_their_accounts(tmp_path):
    file = str(tmp_path / "world.json")
    with serving("--data", file, "--size", "empty", "--vendor", "commcare") as (url, process):
        process.terminate()
        process.wait(10)
    with serving("--data", file, "--size", "empty") as (url, _):
        assert requests.get(f"{url}/_session", auth=AUTH, headers={"Accept": "application/json"}).json()["ok"] is True
        name = "brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"
        users = requests.get(f"{url}/a/exi-training/api/v0.5/user", headers={"Authorization": f"apikey {name}"})
        assert users.status_code == 200


def test_requests_are_logged_when_asked(tmp_path):
    with serving("--log", "json", "--vendor", "cht") as (url, process):
        requests.get(f"{url}/medic/none", auth=AUTH)
        process.terminate()
        lines = [line for line in process.stdout.read().splitlines() if line.startswith("{")]
    entry = json.loads(lines[0])
    assert (entry["world"], entry["method"], entry["target"], entry["status"]) == ("default", "GET", "/medic/none", 404)


def test_tls_with_a_ca_of_its_own(tmp_path):
    folder = tmp_path / "tls"
    for _ in range(2):  # the second start keeps the CA
        with serving("--vendor", "carehq", "--tls", str(folder)) as (url, process):
            assert url.startswith("https://127.0.0.1:")
            trust = str(folder / "ca.pem")
            assert requests.get(f"{url}/_mocksrv/health", verify=trust).json() == {"status": "ok"}
            served = requests.get(f"{url.replace('127.0.0.1', 'localhost')}/_mocksrv/ca.pem", verify=trust)
            assert served.text == (folder / "ca.pem").read_text(encoding="utf-8")
            with pytest.raises(requests.exceptions.SSLError):
                requests.get(f"{url}/_mocksrv/health")
            process.terminate()
            printed = process.stdout.read()
    assert f"REQUESTS_CA_BUNDLE={folder / 'ca.pem'}" in printed
    assert "NODE_EXTRA_CA_CERTS=" in printed
    assert (folder / "ca-key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("files", "text"), [
    ({"ca.pem": "x", "ca-key.pem": "y"}, "is damaged"), ({"ca.pem": "x"}, "cannot use"),
])
def test_a_bad_tls_folder_says_so(tmp_path, files, text):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    done = mocksrv("serve", "--port", "0", "--tls", str(tmp_path))
    assert (done.returncode, text in done.stderr, "Traceback" in done.stderr) == (2, True, False)
