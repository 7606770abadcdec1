"""Each kind of fault, seen by requests and by a raw socket as what it claims to be."""

import http.client
import socket

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.faults import Fault
from mocksrv.generator import Generator
from mocksrv.serving import Server


@pytest.fixture
def server(shop_app):
    app = shop_app()
    app.worlds["default"].table("shop.things").put("long", {"text": "x" * 5_000, "size": 1})
    with Server(app) as running:
        running.world = app.worlds["default"]
        yield running


def fault(server, **fields):
    answer = requests.post(f"{server.url}/_mocksrv/faults", json=fields)
    assert answer.status_code == 201, answer.text


def raw(server, path="/v1/things/long"):
    """Everything that the server sends, and whether it ended with a reset."""
    with socket.create_connection((server.host, server.port)) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        seen = b""
        while True:
            try:
                part = sock.recv(65536)
            except ConnectionResetError:
                return seen, True
            if not part:
                return seen, False
            seen += part


def test_a_status_is_the_vendors_own_error_and_the_handler_never_runs(server):
    fault(server, operation="put_thing", status=503, times=1)
    answer = requests.put(f"{server.url}/v1/things/new", json={"size": 1})
    assert (answer.status_code, answer.json()) == (503, {"error": None})
    assert "new" not in server.world.table("shop.things")
    assert requests.put(f"{server.url}/v1/things/new", json={"size": 1}).status_code == 200


def test_reset(server):
    fault(server, connection="reset")
    assert raw(server) == (b"", True)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/v1/things/long")


def test_empty_reply(server):
    fault(server, connection="empty")
    assert raw(server) == (b"", False)
    with pytest.raises(requests.ConnectionError, match="without response"):
        requests.get(f"{server.url}/v1/things/long")


def test_a_lost_answer_leaves_the_write_behind(server):
    fault(server, connection="reset", after=True, method="PUT")
    with pytest.raises(requests.ConnectionError):
        requests.put(f"{server.url}/v1/things/new", json={"size": 1})
    assert "new" in server.world.table("shop.things")


def test_a_truncated_body_is_shorter_than_promised(server):
    fault(server, connection="truncate")
    seen, _ = raw(server)
    head, _, body = seen.partition(b"\r\n\r\n")
    promised = int(head.partition(b"Content-Length: ")[2].split()[0])
    assert promised > 5_000
    assert 0 < len(body) < promised
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        requests.get(f"{server.url}/v1/things/long")


def test_garbage_is_no_chunk(server):
    fault(server, connection="garbage")
    seen, _ = raw(server)
    assert seen.endswith(b"5\r\nhello\r\nxyzzy\r\n")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        requests.get(f"{server.url}/v1/things/long")


def test_a_cut_stream_lacks_its_closing_chunk(server):
    fault(server, cut_after=2)
    seen, _ = raw(server, "/v1/stream")
    assert seen.endswith(b"\r\n\r\n1\r\n[\r\n1\r\n1\r\n")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{server.url}/v1/stream")
    entry = requests.get(f"{server.url}/_mocksrv/journal").json()[-1]
    assert (entry["fault"], entry["operation"], entry["response"]["body"]) == ("1", "stream_things", "[1")


def test_content_type_and_headers(server):
    fault(server, content_type="text/html", headers={"Retry-After": "7"})
    answer = requests.get(f"{server.url}/v1/things/long")
    assert (answer.headers["Content-Type"], answer.headers["Retry-After"]) == ("text/html", "7")
    assert answer.json()["size"] == 1


@pytest.mark.parametrize("effect", [{"delay": 0.2}, {"delay": {"uniform": [0.2, 0.3]}}, {"slow": 0.2}])
def test_delays_outlast_an_impatient_client(server, effect):
    fault(server, times=1, **effect)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=0.1)
    connection.request("GET", "/v1/things/long")
    if "delay" in effect:
        with pytest.raises(TimeoutError):
            connection.getresponse()
    else:  # each piece comes within the client's patience; the first is not all
        assert len(connection.getresponse().read1()) < 5_000
    connection.close()
    assert requests.get(f"{server.url}/v1/things/long").json()["size"] == 1


def test_a_delay_holds_up_nobody_else(server):
    fault(server, operation="get_thing", delay=600)
    with socket.create_connection((server.host, server.port)) as waiting:
        waiting.sendall(b"GET /v1/things/long HTTP/1.1\r\nHost: x\r\n\r\n")
        assert requests.get(f"{server.url}/v1/things").status_code == 200
    server.stop(timeout=0)


def test_the_nth_call_the_caller_and_the_path_are_aims(server):
    fault(server, path="/v1/things/*", nth=2, status=500)
    assert [requests.get(f"{server.url}/v1/things/long").status_code for _ in range(3)] == [200, 500, 200]
    assert [one["seen"] for one in requests.get(f"{server.url}/_mocksrv/faults").json()] == [3]
    fault(server, caller="nobody", status=500)
    assert requests.get(f"{server.url}/v1/things/long").status_code == 200
    requests.delete(f"{server.url}/_mocksrv/faults")
    assert requests.get(f"{server.url}/_mocksrv/faults").json() == []


@given(st.floats(0.1, 0.9), st.integers(0, 2**32))
def test_a_chance_comes_from_the_worlds_generator(probability, seed):
    def run():
        random, one = Generator(seed), Fault(status=500, probability=probability)
        return [one.strikes(random) for _ in range(40)]

    assert run() == run()


def test_a_lognormal_delay_has_its_median():
    random, one = Generator(1), Fault(delay={"lognormal": [2.0, 0.5]})
    drawn = sorted(one.seconds(random) for _ in range(999))
    assert 1.8 < drawn[499] < 2.2
    assert Fault(delay={"lognormal": [2.0, 0.0]}).seconds(random) == 2.0
