"""Each kind of fault, seen by requests and by a raw socket as what it claims to be."""

import dataclasses
import http.client
import socket
import time
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from mocksrv.faults import CONNECTION, Fault
from mocksrv.generator import Generator
from mocksrv.serving.server import Server


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


@pytest.mark.parametrize("effect", [{"delay": 0.3}, {"delay": {"uniform": [0.3, 0.4]}},
                                    {"delay": {"lognormal": [0.3, 0.0]}}])
def test_a_delay_is_silence_before_the_first_byte(server, effect):
    fault(server, times=2, **effect)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}/v1/things/long", timeout=0.1)
    with socket.create_connection((server.host, server.port)) as sock:
        began = time.monotonic()
        sock.sendall(b"GET /v1/things/long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert sock.recv(1) == b"H"
        assert time.monotonic() - began >= 0.3


def test_a_slow_body_comes_whole_piece_by_piece(server):
    fault(server, slow=0.3)
    with socket.create_connection((server.host, server.port)) as sock:
        sock.sendall(b"GET /v1/things/long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        times, seen = [], b""
        while part := sock.recv(65536):
            times.append(time.monotonic())
            seen += part
    head, _, body = seen.partition(b"\r\n\r\n")
    assert len(body) == int(head.partition(b"Content-Length: ")[2].split()[0])
    assert times[-1] - times[0] >= 0.2
    answer = requests.get(f"{server.url}/v1/things/long", stream=True, timeout=20)
    began = time.monotonic()
    assert answer.json()["size"] == 1
    assert time.monotonic() - began >= 0.2


def test_a_status_a_content_type_and_headers_on_the_wire(server):
    fault(server, path="/v1/things/long", status=503, times=1)
    seen, _ = raw(server)
    assert seen.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert seen.endswith(b'{"error": null}')
    fault(server, content_type="text/html", headers={"X-More": "1"})
    head = raw(server)[0].partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert [line for line in head if line.startswith(b"Content-Type")] == [b"Content-Type: text/html"]
    assert b"X-More: 1" in head


def test_a_burst_of_429_ends(server):
    fault(server, status=429, headers={"Retry-After": "3"}, times=3)
    seen, _ = raw(server)
    assert seen.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"\r\nRetry-After: 3\r\n" in seen
    answers = [requests.get(f"{server.url}/v1/things/long") for _ in range(3)]
    assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in answers] == [
        (429, "3"), (429, "3"), (200, None)]


def test_it_works_on_retry(server):
    fault(server, status=503, times=1)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(1, status_forcelist=[503], backoff_factor=0)))
        assert session.get(f"{server.url}/v1/things/long").json()["size"] == 1
    assert [entry.status for entry in server.world.journal.find()] == [503, 200]
    fault(server, status=503, times=1)
    assert [raw(server)[0][9:12] for _ in range(2)] == [b"503", b"200"]


def test_a_lost_answer_is_a_reset_on_the_wire(server):
    fault(server, connection="reset", after=True, times=1)
    assert raw(server) == (b"", True)
    assert [entry.status for entry in server.world.journal.find()] == [200]  # it was carried out
    fault(server, connection="empty", after=True, times=1)
    assert raw(server) == (b"", False)


def test_every_effect_is_seen_here():
    tests = Path(__file__).read_text(encoding="utf-8")
    effects = {field.name for field in dataclasses.fields(Fault)} - {
        "id", "vendor", "operation", "method", "path", "caller", "nth", "times", "probability", "seen", "hits",
        "answer"}  # no fault: answers/test_own_answers.py
    assert all(f"{effect}=" in tests or f'"{effect}":' in tests for effect in effects)
    assert all(f'connection="{kind}"' in tests for kind in CONNECTION)


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
