"""What the image promises, read from the Dockerfile: no engine is needed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mocksrv.serving.server import Server
from mocksrv.tests.waiting import until

ROOT = Path(__file__).parents[3]


def instructions():
    """(stage, instruction, arguments) in order; the stage counts from 0."""
    lines = [line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    stage = -1
    for line in "\n".join(lines).replace("\\\n", "").splitlines():
        if line:
            word, _, rest = line.partition(" ")
            stage += word == "FROM"
            yield stage, word, rest.strip()


def last_stage(instruction):
    return [rest for stage, word, rest in instructions() if stage == 1 and word == instruction]


def environment():
    return dict(pair.split("=", 1) for line in last_stage("ENV") for pair in shlex.split(line))


def test_both_stages_use_the_same_slim_python_that_the_project_supports():
    bases = [rest.split()[0] for _, word, rest in instructions() if word == "FROM"]
    assert bases == ["python:3.13-slim"] * 2


def test_it_does_not_run_as_root():
    (user,) = last_stage("USER")
    assert all(int(part) > 0 for part in user.split(":"))


def test_nothing_is_installed_in_the_last_stage():
    assert [line for line in last_stage("RUN") if "pip" in line or "apt" in line] == []
    assert last_stage("COPY") == ["--from=build /opt/mocksrv /opt/mocksrv"]


def test_what_the_wheel_is_made_from_is_copied_and_not_ignored():
    copied = {
        name for stage, word, rest in instructions() if (stage, word) == (0, "COPY") for name in rest.split()[:-1]
    }
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", pyproject["project"]["readme"], pyproject["project"]["license"]["file"]}
    needed |= {*wheel["packages"], *wheel["force-include"]}
    assert copied == allowed == needed
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_command_serves_on_the_exposed_port_of_all_addresses():
    assert [json.loads(line) for line in last_stage("ENTRYPOINT") + last_stage("CMD")] == [["mocksrv"], ["serve"]]
    settings = environment()
    assert settings["MOCKSRV_HOST"] == "0.0.0.0"
    assert last_stage("EXPOSE") == [settings["MOCKSRV_PORT"]]


@pytest.fixture
def health_check(tmp_path):
    """Run the image's health check for a server that leaves its address in this file; the exit code."""
    (line,) = last_stage("HEALTHCHECK")
    program, *arguments = json.loads(line[line.index("CMD") + 3 :])
    assert program == "python"

    def run():
        environ = os.environ | {"MOCKSRV_URL_FILE": str(tmp_path / "url")}
        return subprocess.run([sys.executable, *arguments], env=environ, capture_output=True, timeout=60).returncode

    return run


@pytest.mark.parametrize("options", [("--port", "0"), ("--port", "0", "--tls", "TLS"), ("--config", "FILE")])
def test_the_health_check_follows_the_server(health_check, tmp_path, options):
    (tmp_path / "FILE").write_text("port = 0\nsize = 0\n")
    environ = os.environ | environment() | {"MOCKSRV_URL_FILE": str(tmp_path / "url"), "MOCKSRV_HOST": "127.0.0.1"}
    if "--config" in options:
        del environ["MOCKSRV_PORT"]  # which would go before the file
    assert health_check() == 1
    with subprocess.Popen([sys.executable, "-m", "mocksrv", "serve", *options], cwd=tmp_path, env=environ, text=True,
                          stdout=subprocess.PIPE) as process:
        while "is ready on" not in process.stdout.readline():
            assert process.poll() is None
        until((tmp_path / "url").exists)
        well = health_check()
        process.terminate()
        process.communicate(timeout=60)
    assert (well, health_check()) == (0, 1)


def test_an_address_that_cannot_be_written_is_told():
    command = [sys.executable, "-m", "mocksrv", "serve", "--port", "0", "--size", "0", "--url-file", "/no/where"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot write the base URL to /no/where: No such file or directory" in done.stderr


def test_the_image_can_speak_tls():
    (pip,) = [rest for stage, word, rest in instructions() if (stage, word) == (0, "RUN")]
    assert "'.[tls]'" in pip


def test_the_health_check_fails_on_a_server_that_is_not_well(health_check, tmp_path):
    def unwell(environ, start_response):
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return []

    with Server(unwell) as server:
        (tmp_path / "url").write_text(server.url)
        assert health_check() == 1
    (tmp_path / "url").write_text("")
    assert health_check() == 1
