"""A pytest plugin: so many of the tests, in an order that a number stands for (the same for all xdist workers)."""

from random import Random


def pytest_addoption(parser):
    group = parser.getgroup("shuffle")
    group.addoption("--shuffle", type=int, default=0, help="The number of the order.")
    group.addoption("--count", type=int, default=200, help="How many tests.")


def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: item.nodeid)
    Random(config.getoption("--shuffle")).shuffle(items)


def pytest_generate_tests(metafunc):
    if "number" in metafunc.fixturenames:
        metafunc.parametrize("number", range(metafunc.config.getoption("--count")))
