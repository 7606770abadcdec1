"""The Python client of the control plane, where something else stands in its way."""

import pytest

from mocksrv.remote import ControlFailure, RemoteWorld
from mocksrv.serving.server import Server


def something_else(environ, start_response):
    start_response("501 Not Implemented", [("Content-Type", "text/html")])
    return [b"<h1>no</h1>"]


def test_a_server_that_is_no_mocksrv_is_named():
    with Server(something_else) as server, pytest.raises(ControlFailure, match=r"answered 501 .* is there a mocksrv\?"):
        RemoteWorld(server.url, "w").reset()


def test_the_proxy_for_the_outside_is_left_out(shop_app, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Server(shop_app()) as server:
        assert RemoteWorld(server.url, "w").clock.read()["frozen"] is False
