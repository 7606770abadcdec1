"""The Python client of the control plane, where something else stands in its way."""

import pytest
import requests

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


def test_what_was_sent_is_verified_and_told_in_a_failure(shop_app):
    with Server(shop_app()) as server:
        world = RemoteWorld(server.url, "w")
        requests.put(f"{world.url}/v1/things/a?dry=no", json={"colour": "red", "size": 5}, timeout=30)
        world.verify("put_thing", json={"colour": "red"}, query={"dry": "no"}, json_path={"$.size": 5}, exactly=1)
        world.verify(operation="put_thing", headers={"Content-Type": {"contains": "json"}})
        with pytest.raises(AssertionError) as caught:
            world.verify("put_thing", json={"colour": "blue"})
        assert '    - json $.colour: "blue"\n    + json $.colour: "red"\n' in str(caught.value)
        with pytest.raises(ControlFailure, match=r"query\.dry takes a value, or an object with one of"):
            world.verify("put_thing", query={"dry": {"like": "n"}})
