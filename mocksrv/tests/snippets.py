"""What the documentation tells people to type, and how each kind of it is run.

Fenced blocks, and commands and requests within the text. A block of `text` right after one of code is what that prints,
where `...` stands for anything. What cannot be run here is skipped with the reason.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

import pytest
import requests

from mocksrv import config
from mocksrv.drift import accepted
from mocksrv.tests.tools import on_this_day, optional, program, reaches_a_registry

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "docs" / "operations"
PAGES = [page.relative_to(ROOT).as_posix() for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
         if page.parent != GENERATED]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
PROGRAMS = ("apt-get", "commcare-export", "curl", "docker", "git", "make", "mocksrv", "npm", "pip", "pipx", "pytest",
            "python", "sleep", "uvx")
REQUEST = re.compile(r"(GET|POST|PUT|DELETE) (/_mocksrv/\S+)(?: (\{.*\}))?")
SCRIPT = re.compile(r"(?:#|//) (\w[\w.]*\.(?:sh|mjs))\n")
OTHER_SEED = "7"  # of a mock that is held against the server of the snippets: their data differ
SECONDS = 600
OURS = re.compile(r"MOCKSRV_|PYTEST_|MAKE|MFLAGS|ARGS$|VENV$")  # variables of who runs the tests; no reader has them
FEW = ("documented_filters_are_taken", "default_page", "needs_no_login")  # of the contract tests: some of each vendor
# Plugins of the machinery that tests this project: nobody who installs mocksrv has them, and they start slowly.
PLAIN_PYTEST = "-p no:schemathesis -p no:hypothesispytest"
DRY_RUNS: dict[str, str] = {}  # what pip printed for a command


@dataclass(frozen=True)
class Snippet:
    page: str
    line: int
    language: str  # as the fence says it; for what stands in the text it is "sh", or "http" for a request
    text: str
    prints: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {self.text.split()[0] if self.language == 'sh' else self.language}"


def snippets() -> list[Snippet]:
    return [snippet for page in PAGES for snippet in of_page(page, (ROOT / page).read_text(encoding="utf-8"))]


def of_page(page: str, text: str) -> list[Snippet]:
    found: list[Snippet] = []
    end = 0
    for one in FENCE.finditer(text):
        line, lines = 1 + text.count("\n", 0, one.start()), one[2].splitlines()
        if one[1] == "text" and found and not text[end : one.start()].strip():
            found[-1] = replace(found[-1], prints=one[2].strip())
            continue
        end = one.end()
        if all(command.startswith("make ") for command in lines):  # several commands, of which one stays
            found += [Snippet(page, line + number, "sh", command) for number, command in enumerate(lines, 1)]
        else:
            found.append(Snippet(page, line, one[1], one[2]))
    prose = FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    for one in SPAN.finditer(prose):
        line, command = 1 + prose.count("\n", 0, one.start()), " ".join(one[1].split())
        program = re.sub(r"^(\w+=\S+ )+", "", command).partition(" ")[0]
        if program in PROGRAMS and " " in command:
            found.append(Snippet(page, line, "sh", command))
        elif REQUEST.fullmatch(command):
            found.append(Snippet(page, line, "http", command))
    return sorted(found, key=lambda snippet: snippet.line)


@dataclass(frozen=True)
class Place:
    """Where snippets are run: in this folder, against the server of this base URL."""

    folder: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """Of somebody who has installed mocksrv, and for whom that server stands for a sandbox of each vendor."""
        host = self.url.removeprefix("http://")
        machine = {name: value for name, value in os.environ.items() if not OURS.match(name)}
        return machine | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(self.folder),
            "PYTHONPATH": str(self.folder),
            "MOCKSRV_URL": self.url, "MOCKSRV_PORT": "0", "PORT": "0", "PYTEST_XDIST_AUTO_NUM_WORKERS": "2",
            "PYTEST_ADDOPTS": PLAIN_PYTEST,
            "CHT_URL": f"http://{host}", "CHT_USER": "admin", "CHT_PASSWORD": "pass",
            "CAREHQ_URL": self.url, "CAREHQ_ACCOUNT_ID": "MY_ACCOUNT_ID", "CAREHQ_API_KEY": "MY_API_KEY",
            "CAREHQ_API_SECRET": "MY_API_SECRET", "COMMCARE_URL": self.url, "COMMCARE_DOMAIN": "demo",
            "COMMCARE_USERNAME": "brudolph@dimagi.com", "COMMCARE_API_KEY": "0123456789abcdef0123456789abcdef01234567",
        }

    def here(self, text: str) -> str:
        """The text with this server's address."""
        return text.replace("127.0.0.1:8080", self.url.removeprefix("http://"))

    def run(self, *command: str, cwd: Path | None = None, **environment: str) -> str:
        """What a command prints. It must succeed."""
        done = subprocess.run(command, cwd=cwd or self.folder, env=self.environment | environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=SECONDS)
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def run(snippet: Snippet, place: Place) -> None:
    """Run a snippet by its language; it must succeed, and print what the page says.

    Where a page has a package of one's own, all its snippets have that package, and a server with it.
    """
    if install_package(snippet.page, place.folder) and snippet.language != "toml":
        with running("mocksrv serve", place, place.folder) as url:
            run_at(snippet, replace(place, url=url))
    else:
        run_at(snippet, place)


def run_at(snippet: Snippet, place: Place) -> None:
    for test in written_tests(snippet.page):  # what `pytest` on that page means
        (place.folder / f"test_{test.line}.py").write_text(test.text, encoding="utf-8")
    for name, text in suites(snippet.page).items():
        (place.folder / name).write_text(text, encoding="utf-8")
    printed = RUNNERS[snippet.language](place.here(snippet.text), place).strip()
    if snippet.prints is not None:
        pattern = re.escape(place.here(snippet.prints)).replace(re.escape("..."), ".*")
        assert re.fullmatch(pattern, printed, re.DOTALL), printed


def install_package(page: str, folder: Path) -> bool:
    """Put the package that a page shows into the folder, as pip would: its module and what its pyproject.toml says."""
    shown = [one.text for one in snippets() if one.page == page]
    project = next((tomllib.loads(text)["project"] for text in shown if text.startswith("[project]")), None)
    if project is None:
        return False
    for text in shown:
        if name := re.match(r"# ((?!test_)\w+\.py)\n", text):
            (folder / name[1]).write_text(text, encoding="utf-8")
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".format_map(project))
    (info / "entry_points.txt").write_text("".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()))
    return True


def written_tests(page: str) -> list[Snippet]:
    return [one for one in snippets() if one.page == page and one.language == "python" and "\ndef test_" in one.text]


def suites(page: str) -> dict[str, str]:
    """Scripts of a page by the names that their first lines give them: other snippets run these."""
    found = [(SCRIPT.match(one.text), one.text) for one in snippets() if one.page == page]
    return {name[1]: text for name, text in found if name}


def python(text: str, place: Place) -> str:
    if "\ndef test_" in text:
        return place.run(sys.executable, "-m", "pytest", "-q")
    if "MocksrvContainer" in text:
        needs_engine()
    return place.run(sys.executable, "-W", "error", "-c", text)


def shell(text: str, place: Place) -> str:
    for begins, runner in COMMANDS.items():
        if re.match(begins, text):
            return runner(text, place)
    return place.run("bash", "-euo", "pipefail", "-c", text)


@contextmanager
def running(command: str, place: Place, folder: Path) -> Iterator[str]:
    """A server that says where it is; its base URL."""
    with subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=folder, env=place.environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            told = []
            while (line := process.stdout.readline()) and " is ready on " not in line:
                told.append(line)
            assert line, "".join(told)
            yield line.split()[-1]
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=SECONDS)


def served(text: str, place: Place) -> str:
    """A server starts, says where it is, answers, and ends."""
    anybody = ssl._create_unverified_context()  # whose certificate it shows does not matter here
    with (running(text, place, place.folder if text.startswith("mocksrv ") else ROOT) as url,
          urlopen(f"{url}/_mocksrv/health", context=anybody, timeout=30) as answer):
        assert answer.status == 200
    return url


def trusted(text: str, place: Place) -> str:
    """What trusts the CA of a server with TLS, which is in the home folder."""
    with running("mocksrv serve --tls", place, place.folder) as url:
        address = place.here("https://127.0.0.1:8080")
        assert address in text
        return place.run("bash", "-euc", text.replace(address, url))


def served_by_uv(text: str, place: Place) -> str:
    optional("uvx", "pip install uv")
    return served(text, place)


def in_background(text: str, place: Place) -> str:
    """What runs on behind the shell's back tells its first line, and ends when it is told to."""
    with subprocess.Popen(["bash", "-c", text.rstrip("& ")], cwd=place.folder, env=place.environment, text=True,
                          stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=SECONDS)
    assert line
    return line


def held_against(text: str, place: Place) -> str:
    """A suite on a mock and on this server."""
    if " node " in text:
        program("node")
    return place.run("bash", "-euo", "pipefail", "-c", text, MOCKSRV_SEED=OTHER_SEED)


def explained(text: str, place: Place) -> str:
    return place.run("bash", "-c", f"{text} --help")


def made(text: str, place: Place) -> str:
    """What a target would run: they are the checks of this project itself."""
    return place.run("bash", "-c", f"{text.partition('#')[0]} --dry-run", cwd=ROOT)


def installed(text: str, place: Place) -> str:
    """What pip would install, and whether there is all that. Asked once: nothing is installed, so nothing changes."""
    reaches_a_registry()
    if text not in DRY_RUNS:
        DRY_RUNS[text] = place.run("bash", "-c", f"{text} --dry-run", cwd=ROOT)
    return DRY_RUNS[text]


def installed_by_pipx(text: str, place: Place) -> str:
    optional("pipx", "pip install pipx")
    return place.run("bash", "-c", f"{text} --force", cwd=ROOT)


def contracts(text: str, place: Place) -> str:
    """Contract tests, with this project's server for the live one; of them a few, in a folder of their own."""
    on_this_day("the contract tests themselves run on other days")
    for name in ("contract_tests", "fixtures"):
        shutil.copytree(ROOT / name, place.folder / name, dirs_exist_ok=True, ignore=not_needed)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, place.folder)
    known = re.sub(r"^export .*\.\.\..*\n", "", text)  # the environment has what stands there for the reader's own
    few = " or ".join(FEW)
    return place.run("bash", "-euc", known, PYTEST_ADDOPTS=f"{PLAIN_PYTEST} -p no:cacheprovider -k '{few}'")


def rehearsed(text: str, place: Place) -> str:
    """Which tests that would run: they take longer than all others."""
    return place.run("bash", "-c", f"{text.strip()} --collect-only -q", cwd=ROOT)


def not_needed(folder: str, names: list[str]) -> list[str]:
    """What the few contract tests can do without: the other tests, and recorded answers."""
    return [name for name in names if name in ("recorded", "__pycache__") or (
        name.startswith("test_") and not any(few in Path(folder, name).read_text(encoding="utf-8") for few in FEW))]


def needs_engine() -> None:
    optional("docker", "and an engine for it")
    if subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=SECONDS).returncode:
        pytest.skip("needs a Docker engine that runs")


def engine(text: str, place: Place) -> str:
    needs_engine()
    return place.run("bash", "-c", text, cwd=ROOT)


def system(text: str, place: Place) -> str:
    pytest.skip("changes the machine")


def request(text: str, place: Place) -> str:
    found = REQUEST.fullmatch(text)
    assert found
    answer = requests.request(found[1], f"{place.url}/~http{found[2]}", data=found[3], timeout=30)
    assert answer.ok, answer.text
    return answer.text


def node(text: str, place: Place) -> str:
    program("node")
    (place.folder / "recipe.mjs").write_text(text, encoding="utf-8")
    return place.run("node", "recipe.mjs")


def java(text: str, place: Place) -> str:
    program("javac")
    (place.folder / "Recipe.java").write_text(text, encoding="utf-8")
    return place.run("java", "Recipe.java")


def go(text: str, place: Place) -> str:
    optional("go", "apt-get install -y golang-go")
    (place.folder / "recipe.go").write_text(text, encoding="utf-8")
    return place.run("go", "run", "recipe.go")


def data(text: str, place: Place) -> str:
    json.loads(text)
    return ""


def toml(text: str, place: Place) -> str:
    """Settings of a server, own data, accepted differences, or a project with entry points."""
    if text.startswith("# mine.toml"):
        requests.post(f"{place.url}/~toml/_mocksrv/reset", timeout=30)
        answer = requests.post(f"{place.url}/~toml/_mocksrv/import", timeout=60,
                               json={"files": [{"name": "mine.toml", "text": text}]})
        assert answer.ok, answer.text
        return ""
    if text.startswith("[project]"):
        assert "entry-points" in tomllib.loads(text)["project"]
    elif "[[accepted]]" in text:
        (place.folder / "accepted.toml").write_text(text, encoding="utf-8")
        assert accepted.read(place.folder / "accepted.toml")
    else:
        (place.folder / "mocksrv.toml").write_text(text, encoding="utf-8")
        config.load({}, {}, place.folder / "mocksrv.toml")
    return ""


COMMANDS = {  # what a command begins with -> how it is run; any other is left to the shell
    r"(make serve|mocksrv serve)(?!.* --help)[^\n&]*\n?$": served,
    "SSL_CERT_FILE=": trusted,
    "uvx ": served_by_uv,
    "make ": made,
    "pip ": installed,
    "pipx ": installed_by_pipx,
    "pytest contract_tests/test_rehearsal.py": rehearsed,
    r"(export [^\n]*\n)?pytest contract_tests": contracts,
    "docker ": engine,
    "apt-get ": system,
    "mocksrv drift$": explained,
    "mocksrv gate --mock": held_against,
    "pytest --mocksrv-shapes": held_against,
    ".*&$": in_background,
}
RUNNERS = {"python": python, "sh": shell, "http": request, "js": node, "java": java, "go": go, "toml": toml,
           "json": data}
