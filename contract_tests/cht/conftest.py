"""Clients of a CHT: the mock, or with `--target live` the instance of CHT_URL, CHT_USER and CHT_PASSWORD."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.releases import RELEASES, from_to, of_version
from contract_tests.targets import Targets
from mocksrv.tests.tools import lacking, program, reaches_a_registry

PASSWORD = "Kisumu_2024"
CONNECTIONS = requests.Session()  # kept open; cookies are for tests to send
CONNECTIONS.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
CONNECTIONS.trust_env = False


@dataclass
class Client:
    """HTTP calls as one user; errors are asked for as JSON unless `accept` says otherwise."""

    url: str
    auth: tuple[str, str] | None
    accept: str = "application/json"
    patience: float = 0  # seconds to wait for a live server that has had too many failed logins

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        headers, begun = {"Accept": self.accept} | options.pop("headers", {}), time.monotonic()
        while True:
            answer = CONNECTIONS.request(method, self.url + path, json=body, auth=self.auth, headers=headers,
                                         allow_redirects=False, timeout=30, **options)
            if answer.status_code != 429 or time.monotonic() - begun >= self.patience:
                return answer
            time.sleep(1)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.request("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.request("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.request("DELETE", path, **options)

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of an answer that must be a success."""
        answer = self.request(method, path, body, **options)
        assert answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json()

    def doc(self, id: str, database: str = "medic") -> dict[str, Any]:
        """A stored document."""
        return self.ok("GET", f"/{database}/{requests.utils.quote(id, safe='').replace('_design%2F', '_design/')}")

    def configure(self, **settings: Any) -> None:
        """Set app settings; the server reads them from their document."""
        doc = self.doc("settings")
        doc["settings"] |= settings
        self.ok("PUT", "/medic/settings", doc)

    def as_user(self, name: str, password: str = PASSWORD) -> Client:
        return replace(self, auth=(name, password))

    def anonymous(self) -> Client:
        return replace(self, auth=None)

    def taking(self, accept: str) -> Client:
        return replace(self, accept=accept)


@pytest.fixture
def api(request: pytest.FixtureRequest, target: str, targets: Targets) -> Client:
    """The API as its server admin."""
    if target == "live":
        setting = request.getfixturevalue("live_setting")
        setting("CHT_URL")
        return Client(targets.live("cht"), (setting("CHT_USER"), setting("CHT_PASSWORD")), patience=12)
    world = request.getfixturevalue("mocksrv")
    (admin, *_) = world.credentials("cht")
    return Client(targets.mock("cht", admin["base_url"].rstrip("/")), (admin["username"], admin["password"]))


@pytest.fixture
def unique(targets: Targets) -> str:
    """A name that no other test has used; it holds the run's tag, by which its things are found again."""
    return f"{targets.run}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def new_phone() -> Callable[[], str]:
    """Makes phone numbers that nobody has: by its number a message finds its sender, who must be this test's own."""
    return lambda: f"+2547{uuid.uuid4().int % 10**8:08}"


@dataclass
class Places:
    """Ids of a small hierarchy: two areas in a district, a person in each, a clinic with one in the first."""

    district: str
    area: str
    other_area: str
    clinic: str
    person: str
    other_person: str
    clinic_person: str


@pytest.fixture
def places(api: Client, unique: str) -> Places:
    """A hierarchy of its own for this test."""
    def place(kind: str, name: str, parent: str | None = None) -> str:
        body = {"type": kind, "name": f"{name} {unique}"} | ({"parent": parent} if parent else {})
        return str(api.ok("POST", "/api/v1/places", body)["id"])

    def person(name: str, parent: str) -> str:
        return str(api.ok("POST", "/api/v1/people", {"name": f"{name} {unique}", "place": parent})["id"])

    district = place("district_hospital", "District")
    area, other = place("health_center", "Area", district), place("health_center", "Other", district)
    clinic = place("clinic", "Clinic", area)
    return Places(district, area, other, clinic, person("Amina", area), person("Otieno", other),
                  person("Wanjiru", clinic))


@pytest.fixture
def make_worker(api: Client, unique: str, places: Places) -> Callable[..., Client]:
    """Makes an offline account of the area, of the role chw unless its fields say otherwise: its client."""
    made: list[str] = []

    def worker(**fields: Any) -> Client:
        name = f"{unique}-{len(made)}"
        made.append(name)
        api.ok("POST", "/api/v3/users", {"username": name, "password": PASSWORD, "roles": ["chw"],
                                         "place": places.area, "contact": places.person} | fields)
        return api.as_user(name)

    return worker


@pytest.fixture
def strict(request: pytest.FixtureRequest, api: Client, target: str) -> Client:
    """The API as its server admin; a mock answers exactly like the server."""
    if target == "mock":
        request.getfixturevalue("mocksrv").set(cht_conformance="server")
    return api


@pytest.fixture
def frozen(api: Client, mocksrv: Any) -> Client:
    """The API of a mock whose clock stands still."""
    mocksrv.clock.freeze("2026-11-21T22:26:40Z")
    return api


# --- releases ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def live_release(live_setting: Callable[[str], str], targets: Targets) -> str:
    """The release of a live server: it is asked, by the gate, so that this is no request of a test."""
    live_setting("CHT_URL")
    version = targets.version("cht")
    assert version, "the server does not tell its version"
    return of_version(version)


@pytest.fixture(autouse=True)
def running(request: pytest.FixtureRequest, target: str) -> str:
    """A test runs in releases that it is about: those of `@pytest.mark.release(since="5.0", until="5.2")`, or of 5.2 if
    it takes the fixture `newer`. A world of the mock gets such a release; a live server has its own, and so has a run
    with `--release`: there the test is skipped if it is about others."""
    mark = request.node.get_closest_marker("release")
    since = "5.2" if "newer" in request.fixturenames else mark.kwargs.get("since", "") if mark else ""
    until = mark.kwargs.get("until", "") if mark else ""
    each = request.node.callspec.params.get("each_release") if hasattr(request.node, "callspec") else None
    suitable = [one for one in from_to(since, until) if each in (None, one)]
    asked = request.config.getoption("--release")
    if target == "live":
        if len(suitable) == len(RELEASES):
            return ""  # no need to know
        asked = request.getfixturevalue("live_release")
    elif "mocksrv" not in request.fixturenames and "api" not in request.fixturenames:
        return ""  # it makes its own worlds
    if asked and asked not in suitable:
        pytest.skip(f"about CHT {' and '.join(suitable)}; this is {asked}")
    chosen = asked or suitable[0]
    if target == "mock" and chosen != RELEASES[0]:
        request.getfixturevalue("mocksrv").set(cht_release=chosen)
    return chosen


@pytest.fixture
def release(request: pytest.FixtureRequest, target: str, running: str) -> str:
    """The release that the test runs in, such as "5.2"."""
    return str(request.getfixturevalue("live_release")) if target == "live" else running


@pytest.fixture(params=RELEASES)
def each_release(request: pytest.FixtureRequest) -> str:
    """The test runs once in each release; on a live server in its own."""
    release: str = request.param
    return release


@pytest.fixture
def newer(strict: Client) -> Client:
    """The API of CHT 5.2 as its server admin, exactly like the server."""
    return strict


@pytest.fixture(scope="session")
def npm() -> Callable[[str, str], Path]:
    """Installs a version of a package from npm, once, into the build directory: the folder with its modules."""
    program("node")
    command = [program("npm"), "install", "--no-audit", "--no-fund", "--omit=optional", "--ignore-scripts"]

    def install(package: str, version: str) -> Path:
        folder = Path(__file__).parents[2] / "build" / "npm" / f"{package}-{version}"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w") as lock:  # other test processes may want the same
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "done").exists():
                (folder / "package.json").write_text('{"private": true}\n')
                # No scripts of packages: they would fetch a browser and build what no test needs.
                done = subprocess.run([*command, f"{package}@{version}"], cwd=folder, capture_output=True, text=True,
                                      timeout=600, env=os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"})
                if done.returncode:
                    lacking(f"{package} {version} from npm's registry: {done.stderr.strip()[:300]}")
                (folder / "done").touch()
        return folder

    return install


@pytest.fixture(scope="session")
def pip() -> Callable[[str, str], Path]:
    """Installs a version of a package from PyPI, once, into a folder of the build directory, apart from all others."""
    def install(package: str, version: str) -> Path:
        reaches_a_registry()
        folder = Path(__file__).parents[2] / "build" / "pip" / f"{package}-{version}"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w") as lock:  # other test processes may want the same
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "done").exists():
                done = subprocess.run([
                    sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target",
                    str(folder), f"{package}=={version}"], capture_output=True, text=True, timeout=600)
                if done.returncode:
                    lacking(f"{package} {version} from PyPI: {done.stderr.strip()[:300]}")
                (folder / "done").touch()
        return folder

    return install
