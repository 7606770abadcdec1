"""The files for CI and Compose are what their tools take, and the steps of their jobs run as they stand.

A job runs in a shell, in an environment that holds nothing but what the file and its tool set, with a Python that has
nothing installed. In place of foreign services stand a repository and a server here, and programs that write down how
they were called.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import tomllib
import venv
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from mocksrv.app import create_app
from mocksrv.config import PARSERS, load
from mocksrv.serving.server import Server
from mocksrv.tests.snippets import ROOT, snippets, written_tests
from mocksrv.tests.tools import reaches_a_registry

PUBLISH = (ROOT / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8")
RECIPES = [one.text for one in snippets() if one.page == "docs/recipes.md" and one.language == "yaml"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TAG = f"v{PROJECT['version']}"
SECONDS = 600


def kind_of(text):
    """The schema of a file, by the key that its tool needs."""
    return next(schema for key, schema in {"jobs:": "github-workflows", "script:": "gitlab-ci",
                                           "services:": "compose-spec"}.items() if key in text)


def check(file, text):
    file.write_text(text, encoding="utf-8")
    schema = ["--builtin-schema", f"vendor.{kind_of(text)}"]
    return subprocess.run([sys.executable, "-m", "check_jsonschema", *schema, file],
                          capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("text", [*RECIPES, PUBLISH], ids=kind_of)
def test_it_is_what_its_tool_takes(tmp_path, text):
    done = check(tmp_path / "file.yml", text)
    assert done.returncode == 0, done.stdout
    key = {"github-workflows": "runs-on:", "gitlab-ci": "image:", "compose-spec": "condition:"}[kind_of(text)]
    spoiled = check(tmp_path / "spoiled.yml", text.replace(key, "nonsense:"))
    assert spoiled.returncode == 1, spoiled.stdout


def test_each_tool_has_its_recipes():
    assert sorted(map(kind_of, RECIPES)) == ["compose-spec", *["github-workflows"] * 3, *["gitlab-ci"] * 2]


@pytest.mark.parametrize("text", [*RECIPES, PUBLISH], ids=kind_of)
def test_it_names_what_there_is(text):
    exposed = re.search(r"EXPOSE (\d+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))[1]
    assert set(re.findall(r"(?:127\.0\.0\.1|mocksrv):(8\d+)", text)) <= {exposed}
    assert set(re.findall(r"MOCKSRV_[A-Z]+", text)) <= {f"MOCKSRV_{name.upper()}" for name in PARSERS} | {"MOCKSRV_URL"}
    assert set(re.findall(r"mocksrv\[(\w+)\]", text)) <= PROJECT["optional-dependencies"].keys()
    assert set(re.findall(r"mocksrv[@:]v?(\d+\.[\d.]+)", text)) <= {PROJECT["version"]}


# --- the jobs ---


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The folder of the programs of a Python that has nothing but pip."""
    reaches_a_registry()
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder, with_pip=True)
    return folder / "bin"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """This project as a repository with its version tagged."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("mocksrv", "fixtures"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "tests", "recorded"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    me = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    for command in ("init -q", "add -A", "commit -qm all", f"tag {TAG}", "update-server-info"):
        subprocess.run(["git", *me, *command.split()], cwd=folder, check=True, timeout=SECONDS)
    return folder


@pytest.fixture(scope="module")
def repository(checkout):
    """Where pip finds it."""
    class Files(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=checkout)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield {"MOCKSRV": f"git+http://127.0.0.1:{server.server_port}/.git@{TAG}"}
        server.shutdown()


@pytest.fixture
def project(tmp_path):
    """Somebody's project with tests, in which calls of foreign programs are written down."""
    for test in written_tests("docs/pytest.md"):
        (tmp_path / f"test_{test.line}.py").write_text(test.text, encoding="utf-8")
    program(tmp_path / "run-my-tests", 'curl --silent --fail "$MOCKSRV_URL/_mocksrv/health"')
    for name in ("docker", "gh"):
        program(tmp_path / "bin" / name, f'echo {name} "$@" >>"$HOME/calls"')
    return tmp_path


def program(file, text):
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


@pytest.fixture
def run(python, project):
    """Run a job's steps in its environment; what they leave running ends with the test. Answers what they print."""
    machine = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    machine["PIP_NO_COMPILE"] = "1"  # most of an installation's time, for modules that nobody imports here
    started = []

    def job(steps, environment, folder=project):
        environ = machine | {"PATH": f"{python}:{project / 'bin'}:/usr/bin:/bin", "HOME": str(project)} | environment
        with open(project / "output", "w+", encoding="utf-8") as output:
            for step in steps:
                process = subprocess.Popen(["bash", "-ec", step], cwd=folder, env=environ, start_new_session=True,
                                           stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
                started.append(process.pid)
                assert process.wait(SECONDS) == 0, f"{step}\n{(project / 'output').read_text(encoding='utf-8')}"
            output.seek(0)
            return output.read()

    yield job
    for group in started:
        try:
            os.killpg(group, signal.SIGTERM)
        except ProcessLookupError:
            pass


@contextmanager
def image(environment, folder, options=()):
    """The server that the image starts with these settings and options, on a free port; its base URL."""
    flags = dict(zip(options[::2], options[1::2], strict=True))
    given = {name.removeprefix("--"): value.replace("/data", str(folder)) for name, value in flags.items()}
    app = create_app(load(given | {"port": 0}, environment))
    with Server(app) as running:
        yield running.url
    app.worlds.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def expressions(values, **known):
    """The values with what the tool puts into them: `${{ github.run_id }}`, `$CI_JOB_ID`."""
    def meant(one):
        return known[one[1] or one[2]]

    return {name: re.sub(r"\$\{\{ github\.(\w+) \}\}|\$(CI_\w+)", meant, str(value)) for name, value in values.items()}


def steps_of(job):
    """The commands of a job; what it uses of others is a checkout and a Python, and that is there."""
    used = {step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step}
    assert used <= {"actions/checkout", "actions/setup-python"}
    return [step["run"] for step in job["steps"] if "run" in step]


def github(number):
    return yaml.safe_load([text for text in RECIPES if kind_of(text) == "github-workflows"][number])


def gitlab(number):
    return yaml.safe_load([text for text in RECIPES if kind_of(text) == "gitlab-ci"][number])["test"]


SUMMARY = f"{sum(test.text.count(chr(10) + 'def test_') for test in written_tests('docs/pytest.md'))} passed"


def test_github_without_a_container(run, repository):
    workflow = github(0)
    printed = run(steps_of(workflow["jobs"]["test"]), workflow["env"] | repository)
    assert SUMMARY in printed


def test_github_with_a_server_beside_the_tests(run, repository):
    workflow, port = github(1), str(free_port())
    here = repository | {"MOCKSRV_PORT": port, "MOCKSRV_URL": workflow["env"]["MOCKSRV_URL"].replace("8080", port)}
    assert '"status"' in run(steps_of(workflow["jobs"]["test"]), workflow["env"] | here)


def test_github_with_a_service(run, repository, tmp_path):
    workflow = github(2)
    job, known = workflow["jobs"]["test"], {"run_id": "4242"}
    with image(expressions(job["services"]["mocksrv"]["env"], **known), tmp_path) as url:
        here = repository | {"MOCKSRV_URL": url}
        assert SUMMARY in run(steps_of(job), expressions(workflow["env"], **known) | here)


def test_gitlab_without_a_container(run, repository):
    job = gitlab(0)
    assert SUMMARY in run(job["script"], job["variables"] | repository)


def test_gitlab_with_a_service(run, repository, tmp_path):
    job, known = gitlab(1), {"CI_JOB_ID": "4242"}
    with image(expressions(job["services"][0]["variables"], **known), tmp_path) as url:
        here = repository | {"MOCKSRV_URL": url}
        assert SUMMARY in run(job["script"], expressions(job["variables"], **known) | here)


def test_compose(run, repository, tmp_path):
    (text,) = [text for text in RECIPES if kind_of(text) == "compose-spec"]
    server, tests = yaml.safe_load(text)["services"].values()
    shell, option, command = tests["command"]
    assert (shell, option, server["command"][0]) == ("sh", "-c", "serve")
    with image(server["environment"], tmp_path, server["command"][1:]) as url:
        here = repository | {"MOCKSRV_URL": url}
        assert SUMMARY in run([command.replace("$$", "$")], tests["environment"] | here)
    assert (tmp_path / "world.json").exists()


def test_a_tag_releases_wheel_and_image(run, checkout, project):
    jobs = yaml.safe_load(PUBLISH)["jobs"]
    assert steps_of(jobs["test"]) == [".ci/run"]
    assert all(job["needs"] == "test" for name, job in jobs.items() if name != "test")
    here = {"GITHUB_REF_NAME": TAG, "GITHUB_REPOSITORY": "Org/mocksrv", "GITHUB_ACTOR": "me", "GH_TOKEN": "secret"}
    for name in ("wheel", "image"):
        run(steps_of(jobs[name]), here, checkout)
    assert (project / "calls").read_text(encoding="utf-8").splitlines() == [
        f"gh release create {TAG} dist/mocksrv-{TAG[1:]}-py3-none-any.whl --verify-tag --generate-notes",
        "docker login ghcr.io --username me --password-stdin",
        f"docker build --tag ghcr.io/org/mocksrv:{TAG[1:]} --tag ghcr.io/org/mocksrv:latest .",
        "docker push --all-tags ghcr.io/org/mocksrv"]
    with pytest.raises(AssertionError, match="test -e"):
        run(steps_of(jobs["wheel"]), here | {"GITHUB_REF_NAME": "v9.9.9"}, checkout)
