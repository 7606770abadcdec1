"""How much of it: a little in the ordinary run, all of it with `--long`."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="attack for a quarter of an hour instead of half a minute")


def times(config, short, long):
    """Chooses between the number of the short form and that of the long one."""
    return long if config.getoption("--long", default=False) else short


@pytest.fixture
def amount(request):
    return lambda short, long: times(request.config, short, long)
