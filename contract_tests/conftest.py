"""The contract suite runs on the mock or on a live sandbox: `pytest contract_tests --target mock|live`."""

import os

import pytest

from contract_tests.validation import described, witness  # noqa: F401 - fixtures for every test


def pytest_addoption(parser):
    group = parser.getgroup("contract")
    group.addoption("--target", choices=["mock", "live"], default="mock", help="What to test.  [default: mock]")
    group.addoption("--write-proof", action="store_true", help="Write down which operations the replays prove.")
    group.addoption("--live-writes", action="store_true", help="Let tests that write run on the live sandbox.")


def pytest_configure(config):
    config.addinivalue_line("markers", "mock_only: needs what only a mock has, such as its clock")
    config.addinivalue_line("markers", "writes: leaves something behind on the server")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--target") == "mock":
        return
    for item in items:
        if item.get_closest_marker("mock_only"):
            item.add_marker(pytest.mark.skip(reason="only a mock can do this"))
        elif item.get_closest_marker("writes") and not config.getoption("--live-writes"):
            item.add_marker(pytest.mark.skip(reason="writes; run with --live-writes"))


@pytest.fixture(scope="session")
def target(request):
    """`mock` or `live`."""
    return request.config.getoption("--target")


@pytest.fixture(scope="session")
def live_setting():
    """Read a live setting from the environment; skip with its name when it is missing."""

    def read(name):
        if not (value := os.environ.get(name)):
            pytest.skip(f"set {name} to run on the live sandbox")
        return value

    return read
