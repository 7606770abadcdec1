"""The contract suite runs on the mock, on a live service, or on both: `pytest contract_tests --target mock|live|both`.

On a live service everything goes through a gate (`mocksrv gate --help`): it only reads unless `--live-writes` is given,
changes and deletes nothing that the run has not made, and deletes that at the end.
"""

import os
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test

from contract_tests.live_share import shares
from contract_tests.targets import Targets, case_of, without_values
from contract_tests.validation import described, witness  # noqa: F401 - fixtures for every test

TARGETS = pytest.StashKey[Targets]()
PROVED = pytest.StashKey[list[str]]()
SHARES = pytest.StashKey[list[str]]()
FIXTURES = Path(__file__).parents[1] / "fixtures"
SIDES = {"mock": ["mock"], "live": ["live"], "both": ["mock", "live"]}


def pytest_addoption(parser):
    group = parser.getgroup("contract")
    group.addoption("--target", choices=list(SIDES), default="mock", help="What to test.  [default: mock]")
    group.addoption("--release", metavar="5.2", help="The release of a vendor that has several; a live service says "
                    "its own.  [default: that of a new world]")
    group.addoption("--write-proof", action="store_true",
                    help="Write down which operations the replays prove, or a run on both.")
    group.addoption("--live-writes", action="store_true", help="Let tests that write run on the live service.")
    group.addoption("--live-admin", action="store_true", help="Let them change what all share there, and put it back.")
    group.addoption("--live-lasting", action="store_true", help="Let them make what the API cannot delete.")
    group.addoption("--live-host", action="append", default=[], help="A host that is no known sandbox, named again.")
    group.addoption("--live-budget", default="5000", help="Most requests to a live service.  [default: 5000]")
    group.addoption("--rehearse", type=int, metavar="SEED",
                    help="Rehearse runs of the whole suites, on services of that seed: up to an hour.")
    group.addoption("--live-values", action="store_true",
                    help="Show what a live service answered when a test fails: it may be personal.")
    group.addoption("--shapes", type=Path, help="Folder for the shapes of answers.  [default with both: build/shapes]")
    group.addoption("--record", type=Path, nargs="?", const=FIXTURES, metavar="FOLDER",
                    help="Keep the shapes of live answers, without any value.  [default folder: fixtures]")


def pytest_configure(config):
    config.addinivalue_line("markers", "mock_only: needs what only a mock has, such as its clock")
    config.addinivalue_line("markers", "writes: leaves something behind on the server")
    config.addinivalue_line("markers", "odd_bodies: sends what servers take although no document says so")
    config.addinivalue_line("markers", "side_by_side: its client sends requests at a time, in no order that is a fact")
    config.addinivalue_line("markers", "release(since, until): is about releases from `since` on, and before `until`")
    kind, option = config.getoption("--target"), config.getoption
    if kind != "mock" and option("numprocesses", 0):
        raise pytest.UsageError("a live service is tested by one process: leave -n out")
    given = [flag for flag in ("--live-writes", "--live-admin", "--live-lasting") if option(flag)]
    given += [word for host in option("--live-host") for word in ("--live-host", host)]
    shapes = option("--shapes") or (Path("build/shapes") if kind == "both" or option("--record") else None)
    config.stash[TARGETS] = Targets(kind, [*given, "--live-budget", option("--live-budget")], shapes)


def pytest_generate_tests(metafunc):
    sides = SIDES[metafunc.config.getoption("--target")]
    if len(sides) > 1 and "target" in metafunc.fixturenames:
        metafunc.parametrize("target", sides, ids=[f"@{side}" for side in sides], indirect=True, scope="session")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--target") == "mock":
        return
    config.stash[SHARES] = shares(items)
    for item in items:
        if item.get_closest_marker("mock_only"):
            item.add_marker(pytest.mark.skip(reason="only a mock can do this"))
        elif is_hypothesis_test(item.obj):
            raise pytest.UsageError(f"{item.nodeid} sends other requests on the mock and on the live service, which "
                                    "can't be compared: draw them with contract_tests.drawn.for_each")
        elif item.get_closest_marker("writes") and not config.getoption("--live-writes"):
            item.add_marker(pytest.mark.skip(reason="writes; run with --live-writes"))


@pytest.fixture(scope="session")
def target(request):
    """`mock` or `live`."""
    return getattr(request, "param", request.config.getoption("--target"))


@pytest.fixture(scope="session")
def targets(request):
    """The way to the mock and to live services."""
    return request.config.stash[TARGETS]


@pytest.fixture(scope="session")
def live_setting():
    """Read a live setting from the environment; skip with its name when it is missing."""

    def read(name):
        if not (value := os.environ.get(name)):
            pytest.skip(f"set {name} to run on the live service")
        return value

    return read


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.config.stash[TARGETS].begin(case_of(item.nodeid), shapes=not item.get_closest_marker("side_by_side"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails because the gate did not let it pass was not for this run."""
    report = yield
    targets, case = item.config.stash[TARGETS], case_of(item.nodeid)
    side = item.callspec.params.get("target", targets.kind) if hasattr(item, "callspec") else targets.kind
    if report.failed and side != "mock" and (refused := targets.refused(case)):
        report.outcome, report.longrepr = "skipped", (str(item.path), item.location[1], f"the gate: {refused[0]}")
    if report.failed:
        targets.failed.add(case)
        if side != "mock" and targets.private and not item.config.getoption("--live-values"):
            report.longrepr, report.sections = without_values(call.excinfo, item.path), []
    return report


def pytest_sessionfinish(session):
    targets = session.config.stash[TARGETS]
    targets.finish()
    if folder := session.config.getoption("--record"):
        targets.keep(folder)
    if session.config.getoption("--write-proof") and targets.kind == "both":
        session.config.stash[PROVED] = targets.prove()


def pytest_terminal_summary(terminalreporter, config):
    targets = config.stash[TARGETS]
    for line in config.stash.get(SHARES, []):
        terminalreporter.write_line(line)
    for vendor, report in targets.reports.items():
        said = "{sent} requests, {refused} refused by the gate, {made} things made".format_map(report)
        terminalreporter.write_line(f"live {vendor}: {said}")
        for line in report["left"]:
            terminalreporter.write_line(f"  could not be deleted: {line}")
        if report["left"]:
            terminalreporter.write_line(f"  `mocksrv gate {vendor} --clean` tries again")
    if targets.kind == "both" and targets.taps:
        terminalreporter.write_line(f"shapes of both sides are in {targets.shapes}: mocksrv drift {targets.shapes}")
    for line in config.stash.get(PROVED, []):
        terminalreporter.write_line(line)
