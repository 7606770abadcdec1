"""pytest fixtures: a simulator for the session, and a world of its own for each test.

    def test_enquiries(mocksrv):
        client = APIClient("MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET", api_base_url=mocksrv.url)
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mocksrv.remote import RemoteWorld

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mocksrv")
    group.addoption("--mocksrv-url", help="Use the mocksrv that runs there instead of starting one.")
    group.addoption("--mocksrv-size", default="small", help="How much made-up data the server starts with.")


@pytest.fixture(scope="session")
def mocksrv_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The base URL of a simulator that lives as long as the session; each xdist worker has its own."""
    if url := request.config.getoption("--mocksrv-url"):
        yield url.rstrip("/")
        return
    from mocksrv.app import create_app
    from mocksrv.config import Config, parse_size
    from mocksrv.serving import Server

    app = create_app(Config(port=0, size=parse_size(request.config.getoption("--mocksrv-size"))))
    with Server(app) as server:
        yield server.url
    app.worlds.close()


@pytest.fixture
def mocksrv(mocksrv_url: str) -> Iterator[RemoteWorld]:
    """A world of its own for this test, with `url`, `clock`, `journal()`, `fault()`, `credentials(vendor)`, ..."""
    from mocksrv.remote import RemoteWorld

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    world = RemoteWorld(mocksrv_url, f"{worker}-{os.getpid()}-{next(_numbers)}", os.environ.get("MOCKSRV_TOKEN", ""))
    yield world
    world.delete()
