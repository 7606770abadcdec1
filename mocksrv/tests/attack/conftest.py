"""How much of it: a little in the ordinary run, all of it with `--long`."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="attack for an hour instead of a minute")


@pytest.fixture
def amount(request):
    """Chooses between the number of the short form and that of the long one."""
    return lambda short, long: long if request.config.getoption("--long", default=False) else short
