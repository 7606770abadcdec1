"""pytest fixtures: a simulator for the session, and a world of its own for each test.

    def test_enquiries(carehq):
        page = carehq.client("GET", "care-enquiries")

    @pytest.mark.mocksrv(release="5.2")
    def test_reports(cht):
        answer = cht.client.get(f"{cht.url}/api/v1/report/uuid", params={"freetext": "pregnancy"})

The fixtures: `mocksrv` (a world: url, clock, faults, journal); `carehq`, `commcare`, `cht` (one vendor in it: base
URL, credentials, client); `mocksrv_url` (the server); `block_network` (only loopback and the server may be reached).
"""

from __future__ import annotations

import ipaddress
import itertools
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from mocksrv.app import Simulator
    from mocksrv.remote import Account, RemoteWorld

WORLD: pytest.StashKey[RemoteWorld] = pytest.StashKey()  # of the test that runs
SHOWN = 5  # refusals below a test that failed
GATED = "mocksrv gated run"  # the plugin that is registered where all tests meet one service
_run = uuid.uuid4().hex[:8]  # process numbers of containers are alike, and they may share a server
_numbers = itertools.count(1)
_used: set[tuple[str, str]] = set()  # (vendor, operation) that the tests of this process called
_own: set[tuple[str, str]] = set()  # those of them that answers of the tests' own stood for
_local: dict[str, Simulator] = {}  # servers in this process, by their base URLs


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mocksrv")
    group.addoption("--mocksrv-url", help="Use the mocksrv that runs there instead of starting one.")
    group.addoption("--mocksrv-subprocess", action="store_true",
                    help="Start it as a process of its own, so that tests and server do not share one interpreter.")
    group.addoption("--mocksrv-size", default="small", help="How much made-up data the server starts with.")
    group.addoption("--mocksrv-allow-host", action="append", default=[], metavar="HOST",
                    help="Let tests with block_network reach this host too; repeat for more.")
    group.addoption("--mocksrv-live", action="store_true", help="Lead the fixtures to the sandbox that the environment "
                    "names, through a gate; tests that steer the mock are skipped.")
    group.addoption("--mocksrv-gate", default="", metavar="OPTIONS", help="Options of that gate, such as "
                    "'--live-writes --live-budget 500': see `mocksrv gate --help`.")
    group.addoption("--mocksrv-shapes", type=Path, metavar="FOLDER", help="Keep the shapes of all answers there: the "
                    "sandbox's, or else those of a mock that all tests share. `mocksrv drift FOLDER` compares them.")
    parser.addini("mocksrv_allow_hosts", "Hosts that tests with block_network may reach too.", type="args")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "mocksrv(release, **settings): run the test in a world of that release of CHT, "
                            "with vendors' settings such as cht_conformance=\"server\".")
    live, shapes = config.getoption("--mocksrv-live"), config.getoption("--mocksrv-shapes")
    if not live and shapes is None:
        return
    if config.getoption("numprocesses", None):
        raise pytest.UsageError("--mocksrv-live and --mocksrv-shapes are for one process: leave -n out")
    from mocksrv.live.in_pytest import GatedRun

    side = "live" if live else "mock"
    config.pluginmanager.register(GatedRun(side, config.getoption("--mocksrv-gate"), shapes), GATED)


@pytest.fixture(scope="session")
def mocksrv_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The base URL of a simulator that lives as long as the session; each xdist worker has its own."""
    if request.config.pluginmanager.has_plugin(GATED):
        pytest.skip("mocksrv_url is the mock's own address")
    if url := request.config.getoption("--mocksrv-url"):
        check_answers(url)
        yield url.rstrip("/")
        return
    if request.config.getoption("--mocksrv-subprocess"):
        with started(request.config.getoption("--mocksrv-size")) as url:
            yield url
        return
    from mocksrv.app import create_app
    from mocksrv.config import Config, parse_size
    from mocksrv.serving.server import Server

    app = create_app(Config(port=0, size=parse_size(request.config.getoption("--mocksrv-size"))))
    with Server(app) as server:
        _local[server.url] = app
        yield server.url
        del _local[server.url]
    app.worlds.close()


def check_answers(url: str) -> None:
    """Fail in one line where no mocksrv answers at that URL."""
    from mocksrv.remote import DEFAULT, ControlFailure, RemoteWorld

    problem = ""
    try:
        RemoteWorld(url, DEFAULT).control("GET", "/ready")
    except (ControlFailure, ValueError) as error:
        problem = str(error)
    if problem:  # outside of the handler, whose error would be shown, too
        pytest.fail(f"--mocksrv-url: {problem}", pytrace=False)


@contextmanager
def started(size: str) -> Iterator[str]:
    """A server process with a port of its own; its base URL."""
    command = [sys.executable, "-m", "mocksrv", "serve", "--port", "0", "--size", size]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready, url = process.stdout.readline().rpartition(" ")[::2]
        if not ready:
            raise pytest.UsageError(f"--mocksrv-subprocess: {process.stderr.read().strip()}")
        try:
            yield url.strip()
        finally:
            process.terminate()
            process.communicate()


@pytest.fixture
def mocksrv(request: pytest.FixtureRequest) -> Iterator[RemoteWorld]:
    """A world of its own for this test, with `url`, `clock`, `journal()`, `verify()`, `fault()`, `answer()`, ...

    `@pytest.mark.mocksrv(release="5.2", cht_conformance="server")` says what it runs and which settings it has.
    """
    settings = wanted_settings(request.node.iter_markers("mocksrv"))
    if gated := request.config.pluginmanager.get_plugin(GATED):
        yield gated.world(request.node, settings)
        return
    from mocksrv.remote import RemoteWorld

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{worker}-{_run}-{next(_numbers)}"
    server, token = request.getfixturevalue("mocksrv_url"), os.environ.get("MOCKSRV_TOKEN", "")
    if server in _local:
        from mocksrv.answers.hooks import LocalWorld

        world: RemoteWorld = LocalWorld(_local[server], server, name, token)
    else:
        world = RemoteWorld(server, name, token)
    if settings:
        world.set(**settings)
    request.node.stash[WORLD] = world
    yield world
    del request.node.stash[WORLD]
    journal = [entry for entry in world.journal() if entry["operation"]]
    _used.update((entry["vendor"], entry["operation"]) for entry in journal)
    _own.update((entry["vendor"], entry["operation"]) for entry in journal if entry.get("answered_by"))
    world.delete()


def wanted_settings(marks: Iterable[pytest.Mark]) -> dict[str, Any]:
    """The settings that a test's marks name; the nearest mark wins."""
    from mocksrv.remote import whole_name

    found: dict[str, Any] = {}
    for mark in marks:
        found = {whole_name(name): value for name, value in mark.kwargs.items()} | found
    return found


@pytest.fixture
def carehq(mocksrv: RemoteWorld) -> Account:
    """CareHQ in this test's world; `client` is the official APIClient, if it is installed."""
    return mocksrv.account("carehq")


@pytest.fixture
def commcare(mocksrv: RemoteWorld) -> Account:
    """CommCare HQ in this test's world; `client` is a requests session that sends the API key."""
    return mocksrv.account("commcare")


@pytest.fixture
def cht(mocksrv: RemoteWorld) -> Account:
    """CHT in this test's world; `client` is a requests session of the server admin."""
    return mocksrv.account("cht")


@pytest.fixture
def block_network(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """Allow this process's sockets to reach only loopback, the host of --mocksrv-url and those allowed, by
    --mocksrv-allow-host and the ini option mocksrv_allow_hosts: whatever misses the mock fails at once, with a clear
    error.

    Connections, datagrams and name look-ups are checked; Unix sockets and loopback names pass.
    """
    hosts = [*pytestconfig.getoption("--mocksrv-allow-host"), *pytestconfig.getini("mocksrv_allow_hosts")]
    if server := urlsplit(pytestconfig.getoption("--mocksrv-url") or "").hostname:
        hosts.append(server)
    network = Network(hosts)
    for name in ADDRESSES:
        monkeypatch.setattr(socket.socket, name, network.guarded_method(name, getattr(socket.socket, name)))
    for name in FOUND:
        monkeypatch.setattr(socket, name, network.guarded_lookup(name, getattr(socket, name)))


# Where each method of a socket has the address: by its place after `self`.
ADDRESSES: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "connect": lambda given: given[1],
    "connect_ex": lambda given: given[1],
    "sendto": lambda given: given[-1],  # with or without flags before it
    "sendmsg": lambda given: given[4] if len(given) > 4 else None,
}
# The addresses in what each function that looks up a name returns.
FOUND: dict[str, Callable[[Any], list[str]]] = {
    "getaddrinfo": lambda found: [address[0] for *_, address in found],
    "gethostbyname": lambda found: [found],
    "gethostbyname_ex": lambda found: found[2],
}


class Network:
    """What may be reached: loopback, some hosts, and the addresses that their names turn out to have."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self.names = list(dict.fromkeys(map(plain_host, hosts)))
        self.reachable = set(self.names)

    def check(self, host: Any) -> None:
        """Raise the error of an unreachable host, with the reason, unless the address is allowed."""
        from mocksrv.config import is_loopback

        if isinstance(host, str) and host and not is_loopback(host) and plain_host(host) not in self.reachable:
            raise ConnectionRefusedError(
                f"block_network: this test may reach {', '.join(['loopback', *self.names])} only, not {host}"
                " (--mocksrv-allow-host lets it)")

    def guarded_method(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        def guard(*given: Any) -> Any:
            address = ADDRESSES[name](given)
            if isinstance(address, tuple):  # else the path of a Unix socket
                self.check(address[0])
            return plain(*given)

        return guard

    def guarded_lookup(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        def guard(*given: Any, **named: Any) -> Any:
            host = given[0] if given else named.get("host")
            if isinstance(host, bytes):
                host = host.decode("ascii", "replace")
            self.check(host)
            found = plain(*given, **named)
            if isinstance(host, str) and plain_host(host) in self.names:
                self.reachable.update(map(plain_host, FOUND[name](found)))
            return found

        return guard


def plain_host(host: str) -> str:
    """A name or an address in one way of writing, without the zone of an IPv6 address."""
    name = host.strip("[]").rstrip(".").lower().partition("%")[0]
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name


# --- the report ---


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Below a test that failed stands what its world refused last, and why."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed and report.when == "call" and (world := item.stash.get(WORLD, None)):
        from mocksrv.remote import ControlFailure

        with suppress(ControlFailure):
            refused = [entry for entry in world.journal() if entry["status"] >= 400 or entry["diagnosis"]]
            if refused:
                report.sections.append(("what mocksrv refused last", "\n".join(map(refusal, refused[-SHOWN:]))))


def refusal(entry: dict[str, Any]) -> str:
    """How a request was refused, and why, in a few lines."""
    head = f"{entry['method']} {entry['target']} -> {entry['status']}"
    return "\n    ".join((head, *entry["diagnosis"]))


# --- the summary line ---


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under xdist a worker tells the controller what its tests used."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput.update(mocksrv_used=sorted(_used), mocksrv_own=sorted(_own))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for name, known in (("mocksrv_used", _used), ("mocksrv_own", _own)):
        known.update(tuple(pair) for pair in getattr(node, "workeroutput", {}).get(name, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _used:
        return
    from mocksrv.app import load_vendors
    from mocksrv.clock import today
    from mocksrv.described import proof

    used = [operation for vendor in load_vendors({vendor for vendor, _ in _used}) for operation in vendor.operations
            if (vendor.name, operation.name) in _used]
    terminalreporter.write_line(f"mocksrv: {proof.summary(used, today(), _own)}")
