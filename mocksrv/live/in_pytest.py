"""pytest's tests behind a gate: the fixtures lead to a sandbox, or to a mock that is held against it.

The plugin registers a `GatedRun` for `--mocksrv-live` and `--mocksrv-shapes`. All tests meet the same service there, so
those that steer a world of their own are skipped.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest

from mocksrv.live.process import DidNotOpen, GateProcess
from mocksrv.live.sandboxes import KINDS, missing
from mocksrv.remote import Account, RemoteWorld

STEERS = "{name} steers a mock's world: neither a live service has that, nor a mock that is held against one"
ONE_OF_ALL = "mocksrv.url leads to all vendors: use the fixture carehq, commcare or cht, or set one's variables alone"
SETTINGS = "this is about a world with {settings}"
RELEASE = "this is about CHT {release}; the service is {version}"
OF_INSTANCES = {"clock", "name", "server"}  # what a RemoteWorld has beside the names of its class


class GatedRun:
    """The gates of a session, each opened when a test first asks for its vendor."""

    def __init__(self, side: str, options: str, shapes: Path | None) -> None:
        self.side, self.options, self.shapes = side, shlex.split(options), shapes
        self.case = ""
        self.gates: dict[str, GateProcess] = {}
        self.shut: dict[str, str] = {}  # vendor -> why its gate does not open
        self.reports: dict[str, dict[str, Any]] = {}

    def world(self, item: pytest.Item, settings: dict[str, Any]) -> GatedWorld:
        """What the fixture `mocksrv` is for this test. Skips the test if it wants a world with other settings."""
        self.case = item.nodeid
        for gate in self.gates.values():
            gate.ask("POST", "case", {"case": self.case})
        release = settings.pop("cht_release", None)
        if settings:
            pytest.skip(SETTINGS.format(settings=", ".join(f"{name}={value}" for name, value in settings.items())))
        version = self.gate("cht").ask("GET", "version") if release else ""
        if version and not f"{version}.".startswith(f"{release}."):
            pytest.skip(RELEASE.format(release=release, version=version))
        return GatedWorld(self)

    def gate(self, vendor: str) -> GateProcess:
        """The gate to a vendor's service. Fails the test, with what is missing, if it does not open."""
        if vendor not in self.gates and vendor not in self.shut:
            try:
                self.gates[vendor] = GateProcess(vendor, self.words(vendor))
                self.gates[vendor].ask("POST", "case", {"case": self.case})
            except DidNotOpen as error:
                self.shut[vendor] = str(error)
        if vendor in self.shut:
            pytest.fail(self.shut[vendor], pytrace=False)
        return self.gates[vendor]

    def words(self, vendor: str) -> list[str]:
        file = ["--shapes", str(self.shapes / f"{vendor}.{self.side}.json")] if self.shapes else []
        return [*self.options, *(["--mock"] if self.side == "mock" else []), *file]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test that fails because the gate did not let it pass was not for this run."""
        report = yield
        if report.failed and self.case == item.nodeid and (refused := self.refused()):
            report.outcome, report.longrepr = "skipped", (str(item.path), item.location[1], f"the gate: {refused[0]}")
        return report

    def refused(self) -> list[str]:
        """What the gates did not let pass in this test; nothing where a gate has gone, which the test has noticed."""
        query = urlencode({"case": self.case})
        try:
            return [line for gate in self.gates.values() for line in gate.ask("GET", f"refused?{query}")]
        except OSError:
            return []

    def pytest_sessionfinish(self) -> None:
        self.reports = {vendor: gate.finish() for vendor, gate in self.gates.items()}

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for vendor, report in self.reports.items():
            said = "{sent} requests, {refused} refused by the gate, {made} things made".format_map(report)
            terminalreporter.write_line(f"mocksrv: {self.side} {vendor}: {said}")
            for line in report["left"]:
                terminalreporter.write_line(f"mocksrv: could not be deleted: {line}")
        if self.shapes and self.reports:
            terminalreporter.write_line(f"mocksrv: shapes are in {self.shapes}: mocksrv drift {self.shapes}")


class GatedWorld:
    """What the fixture `mocksrv` is behind a gate: it leads to the services, and steers nothing."""

    def __init__(self, run: GatedRun) -> None:
        self._run = run

    @property
    def url(self) -> str:
        """The gate's address, if it is clear which one is meant."""
        named = [vendor for vendor in KINDS if not missing(vendor, os.environ)]
        if len(named) != 1:
            pytest.skip(ONE_OF_ALL)
        return str(self._run.gate(named[0]).url)

    def credentials(self, vendor: str) -> list[dict[str, Any]]:
        known = {**os.environ, **self._run.gate(vendor).environment}
        return [{key: known[name] for name, key in KINDS[vendor].variables.items()}]

    def account(self, vendor: str) -> Account:
        return Account(vendor, cast("RemoteWorld", self))

    def __getattr__(self, name: str) -> Any:
        if name in OF_INSTANCES or hasattr(RemoteWorld, name):
            pytest.skip(STEERS.format(name=name))
        raise AttributeError(name)
