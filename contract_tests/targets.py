"""What the suite runs on: worlds of the mock, a live service behind its gate, or both with their shapes compared."""

from __future__ import annotations

import os
import re
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from mocksrv.app import create_app, load_vendors
from mocksrv.clock import today
from mocksrv.config import Config, is_loopback
from mocksrv.drift import files
from mocksrv.drift.proof_of_run import write_down
from mocksrv.live.forward import Forward
from mocksrv.live.guardrails import new_run
from mocksrv.live.process import DidNotOpen, GateProcess
from mocksrv.live.recorder import Recorder
from mocksrv.live.recording_proxy import RecordingProxy
from mocksrv.live.sandboxes import reach
from mocksrv.serving.server import Server

SIDE = re.compile(r"(?<=\[)@(?:mock|live)-|-@(?:mock|live)(?=[-\]])|\[@(?:mock|live)\]")


def case_of(nodeid: str) -> str:
    """A test by its file and name, the same on both sides."""
    file, _, name = nodeid.partition("::")
    return SIDE.sub("", f"{file.rpartition('/')[2]}::{name}")


def without_values(failure: pytest.ExceptionInfo[BaseException], file: Path) -> str:
    """Where a test failed, but not on what: a live service's answers may be personal, and reports are passed on."""
    lines = [entry.lineno + 1 for entry in failure.traceback if Path(entry.path) == file]
    place = f"{file}:{lines[-1]}" if lines else str(file)
    return f"{place}: {failure.typename}; what the live service answered is shown with --live-values"


class MockTap:
    """A recording proxy before the world of the test under way."""

    def __init__(self, vendor: str, file: Path, run: str) -> None:
        date = today().isoformat()
        routes = create_app(Config(vendor=(vendor,), size=0))
        self.recorder = Recorder(vendor, "mock", date, file)
        self.tap = RecordingProxy(vendor, Forward("http://127.0.0.1"), self.recorder, routes, run)
        self.server = Server(self.tap)
        self.server.start()

    def before(self, base_url: str) -> str:
        """The URL of the tap, now before that base URL."""
        self.tap.forward.close()
        self.tap.forward = Forward(base_url)
        return self.server.url


class Targets:
    """The gates and taps of a session, opened when a test first needs them."""

    def __init__(self, kind: str, options: list[str], shapes: Path | None) -> None:
        self.kind, self.options, self.shapes = kind, options, shapes
        self.run = new_run()
        self.case, self.kept = "", True
        self.gates: dict[str, GateProcess] = {}
        self.shut: dict[str, DidNotOpen] = {}
        self.taps: dict[str, MockTap] = {}
        self.reports: dict[str, dict[str, Any]] = {}
        self.failed: set[str] = set()  # tests

    def file(self, vendor: str, side: str) -> Path | None:
        return self.shapes and self.shapes / f"{vendor}.{side}.json"

    def live(self, vendor: str) -> str:
        """The URL of the gate to a live service."""
        if vendor in self.shut:
            raise self.shut[vendor]
        if vendor not in self.gates:
            shapes = ["--shapes", str(self.file(vendor, "live"))] if self.shapes else []
            try:
                self.gates[vendor] = GateProcess(vendor, [*self.options, "--run", self.run, *shapes])
            except DidNotOpen as error:
                self.shut[vendor] = error  # nor would it for the next test
                raise
            self.begin(self.case, shapes=self.kept)
        return self.gates[vendor].url

    def version(self, vendor: str) -> str:
        """What the live service says that it is; "" if it does not say."""
        self.live(vendor)
        return str(self.gates[vendor].ask("GET", "version"))

    @property
    def private(self) -> bool:
        """Whether a service that answers the tests is another machine's."""
        return any(not is_loopback(reach(vendor, os.environ).forward.host) for vendor in self.gates)

    def mock(self, vendor: str, base_url: str) -> str:
        """The URL of the mock: with a tap before it when its shapes are wanted."""
        if self.kind != "both" or self.shapes is None:
            return base_url
        if vendor not in self.taps:
            self.taps[vendor] = MockTap(vendor, self.file(vendor, "mock"), self.run)
            self.begin(self.case, shapes=self.kept)
        return self.taps[vendor].before(base_url)

    def begin(self, case: str, *, shapes: bool = True) -> None:
        """The exchanges that follow belong to this test; without `shapes` they are not compared."""
        self.case, self.kept = case, shapes
        for tap in self.taps.values():
            tap.tap.case = case
            if not shapes:
                tap.recorder.leave(case)
        for gate in self.gates.values():
            gate.ask("POST", "case", {"case": case, "shapes": shapes})

    def refused(self, case: str) -> list[str]:
        """What the gates did not let pass in a test."""
        query = urllib.parse.urlencode({"case": case})
        return [line for gate in self.gates.values() for line in gate.ask("GET", f"refused?{query}")]

    def finish(self) -> None:
        """Clean up on the live side, and store the shapes of both."""
        self.reports = {vendor: gate.finish() for vendor, gate in self.gates.items()}
        for tap in self.taps.values():
            tap.server.stop()
            tap.tap.forward.close()
            tap.recorder.save("")

    def keep(self, fixtures: Path) -> list[Path]:
        """Put the live shapes into that folder, beside the earlier ones of the same version."""
        kept = []
        for vendor in self.gates:
            new = files.load(self.file(vendor, "live"))
            file = fixtures / vendor / "recorded" / (new["version"] or "unversioned") / "shapes.json"
            files.save(files.merge(files.load(file), new) if file.exists() else new, file)
            kept.append(file)
        return kept

    def prove(self) -> list[str]:
        """Write down which operations a run on both sides proves; what came of it, in a line for each vendor."""
        said = []
        for vendor in load_vendors(self.gates):
            mock, live = (files.load(self.file(vendor.name, side)) for side in ("mock", "live"))
            try:
                found = write_down(vendor, mock, live, reach(vendor.name, os.environ).forward.base_url, self.failed)
            except ValueError as error:
                said.append(f"no proof is written: {error}")
            else:
                said.append(f"the run proves {len(found)} operations of {vendor.name}")
        return said
