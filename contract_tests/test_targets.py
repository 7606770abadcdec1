"""What a run on a live service tells of a failure."""

from types import SimpleNamespace

import pytest

from contract_tests import conftest
from contract_tests.targets import DidNotOpen, Targets

pytestmark = pytest.mark.mock_only
SERVICES = {"there": "https://alpha.dev.medicmobile.org", "here": "http://127.0.0.1:5988"}


@pytest.mark.parametrize(("kind", "side", "service", "values", "hidden"), [
    ("live", None, "there", False, True), ("both", "live", "there", False, True),
    ("both", "mock", "there", False, False), ("live", None, "here", False, False), ("live", None, "there", True, False),
])
def test_what_a_live_service_answered_is_not_told(request, monkeypatch, kind, side, service, values, hidden):
    for name, value in (("URL", SERVICES[service]), ("USER", "admin"), ("PASSWORD", "pass")):
        monkeypatch.setenv(f"CHT_{name}", value)
    targets = Targets(kind, [], None)
    targets.gates["cht"] = SimpleNamespace(ask=lambda *_: [])
    config = SimpleNamespace(stash={conftest.TARGETS: targets}, getoption={"--live-values": values}.get)
    item = SimpleNamespace(config=config, nodeid="a/test_b.py::test_c", path=request.path, location=("", 1, ""))
    if side:
        item.callspec = SimpleNamespace(params={"target": side})
    with pytest.raises(AssertionError) as failure:
        assert {"name": "Amina"} == {}
    report = SimpleNamespace(failed=True, longrepr=str(failure.value), sections=[("log", "Amina")])
    hook = conftest.pytest_runtest_makereport(item, SimpleNamespace(excinfo=failure))
    next(hook)
    with pytest.raises(StopIteration):
        hook.send(report)
    assert ("Amina" in f"{report.longrepr}{report.sections}") is not hidden
    assert (f"{request.path}:" in report.longrepr) is hidden
    assert targets.failed == {"test_b.py::test_c"}


def test_a_gate_that_does_not_open_says_why_and_is_not_asked_again(monkeypatch):
    for name, value in (("URL", "localhost"), ("USER", "admin"), ("PASSWORD", "pass")):
        monkeypatch.setenv(f"CHT_{name}", value)
    targets = Targets("live", [], None)
    with pytest.raises(DidNotOpen, match="the gate to cht did not open: mocksrv: CHT_URL must be a URL") as first:
        targets.live("cht")
    with pytest.raises(DidNotOpen) as second:
        targets.live("cht")
    assert second.value is first.value
