"""The server in bad weather: what clients send that is no request, too much, too slow or never whole."""

from __future__ import annotations

import socket
import threading

import pytest
import requests

from mocksrv.serving import http1
from mocksrv.serving import server as serving
from mocksrv.serving.server import Server
from mocksrv.tests.raw_client import PATIENCE, RawClient

HOST = b"Host: mock.test\r\n"
HEAD_LIMIT = http1.HEAD_LIMIT


@pytest.fixture
def calls():
    """The paths that reached the app."""
    return []


@pytest.fixture
def server(calls):
    def app(environ, start_response):
        calls.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Length", "0")])
        return []

    with Server(app) as server:
        yield server
        # Whatever a test has sent: the next client is served.
        assert requests.get(f"{server.url}/next", timeout=PATIENCE).status_code == 200


MALFORMED = {
    "nonsense": b"hello server\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an HTTP/2 greeting": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "unknown version": b"GET / HTTP/3.7\r\n" + HOST + b"\r\n",
    "unknown method": b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n",
    "method in small letters": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "no path": b"GET foo HTTP/1.1\r\n" + HOST + b"\r\n",
    "another scheme": b"GET ftp://mock.test/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes above 127 in the path": b"GET /\xe9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a bare LF": b"GET / HTTP/1.1\n" + HOST + b"\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\n" + HOST + b"host: other.test\r\n\r\n",
    "two Hosts in HTTP/1.0": b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\n" + HOST + b"A : 1\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\n" + HOST + b"A: 1\r\n 2\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"A\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\n" + HOST + b"A: \x00\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "a length in words": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: ten\r\n\r\n",
    "an endless length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "length and chunks": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "an unknown coding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    "a bad chunk size": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
    "an endless chunk size": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40,
    "a chunk that is too long": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_requests_get_400_and_never_reach_the_app(server, calls, capfd, request_bytes):
    with RawClient(server) as client:
        client.send(request_bytes)
        answer = client.answer()
        assert answer.status_line == "HTTP/1.1 400 Bad Request"
        assert answer.headers == [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(answer.body))),
            ("Connection", "close"),
        ]
        assert answer.body.endswith(b"\n")
        assert client.ended()
    assert calls == []
    assert capfd.readouterr() == ("", "")


def test_connect_is_refused_because_this_is_no_proxy(server, calls):
    with RawClient(server) as client:
        client.request("CONNECT mock.test:443")
        assert client.answer().status_line == "HTTP/1.1 405 Method Not Allowed"
        assert client.ended()
    assert calls == []


def test_good_requests_before_a_malformed_one_are_answered(server, calls):
    with RawClient(server) as client:
        client.request("GET /one")
        client.request("GET /two")
        client.send(b"nonsense\r\n\r\n")
        assert [client.answer().status for _ in range(3)] == [200, 200, 400]
        assert client.ended()
    assert calls == ["/one", "/two"]


def flood(client, piece):
    """Send until the server has had enough of it."""
    try:
        for _ in range(1000):
            client.send(piece)
    except OSError:
        pass


@pytest.mark.parametrize(("start", "end", "status"), [
    (b"GET /", b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    (b"GET / HTTP/1.1\r\n" + HOST + b"A: ", b"\r\n\r\n", 431),
])
def test_a_head_has_64_kilobytes_and_not_one_more(server, start, end, status):
    filler = b"x" * (HEAD_LIMIT - len(start) - len(end))
    for more, expected in ((b"", 200), (b"x", status)):
        with RawClient(server) as client:
            client.send(start + filler + more + end)
            assert client.answer().status == expected


def test_upgrades_are_passed_over_however_many_come_at_once(server):
    """Each is read again without its upgrade; none is read within another one."""
    request = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n"
    with RawClient(server) as client:
        client.send(request * 2000)
        assert {client.answer().status for _ in range(2000)} == {200}


def test_an_upgrade_in_http_1_0_is_passed_over(server):
    with RawClient(server) as client:
        client.send(b"GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        assert client.answer().status == 200
        assert client.ended()


CHUNKED = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "piece", "status"),
    [
        (b"GET /", b"x" * 10_000, 414),
        (b"GET / HTTP/1.1\r\nA: ", b"x" * 10_000, 431),
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n" * 2_000, 431),
        (CHUNKED + b"0\r\n", b"A: b\r\n" * 2_000, 431),
        (CHUNKED + b"1;", b"x" * 10_000, 431),
    ],
    ids=["request line", "one header", "many headers", "trailers", "chunk extension"],
)
def test_endless_heads_are_refused(server, calls, start, piece, status):
    with RawClient(server) as client:
        client.send(start)
        sender = threading.Thread(target=flood, args=(client, piece))
        sender.start()
        assert client.answer().status == status
        client.sock.shutdown(socket.SHUT_RDWR)
        sender.join(PATIENCE)
    assert calls == []


@pytest.mark.parametrize("start", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"])
def test_a_body_beyond_the_limit_is_refused(server, calls, monkeypatch, start):
    monkeypatch.setattr(http1, "BODY_LIMIT", 999)
    with RawClient(server) as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + start + b"x" * 1000)
        assert client.answer().status == 413
        assert client.ended()
    assert calls == []


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
@pytest.mark.parametrize("sent", [b"", b"x" * 2_000_000])
def test_a_body_that_is_announced_as_too_long_is_not_waited_for(expect, sent):
    def app(environ, start_response):
        start_response("413 Too Large", [("Content-Length", "0")])
        return [environ["wsgi.input"].read()]

    app.longest_body = lambda environ: 999 if environ["PATH_INFO"] == "/" else 0
    with Server(app) as server, RawClient(server) as client:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + expect + b"Content-Length: 1000000000\r\n\r\n" + sent)
        assert client.answer().status == 413
        assert client.ended()


@pytest.mark.parametrize(
    "part", [b"GE", b"GET / HTTP/1.1\r\nHos", b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nab"]
)
def test_a_request_that_ends_before_it_is_whole_gets_400(server, calls, part):
    with RawClient(server) as client:
        client.send(part)
        client.sock.shutdown(socket.SHUT_WR)
        assert client.answer().status == 400
        assert client.ended()
    assert calls == []


def test_a_client_that_stops_in_mid_request_gets_408(calls, monkeypatch):
    monkeypatch.setattr(serving, "PATIENCE", 0.05)
    with Server(lambda *_: []) as server, RawClient(server) as client:
        client.send(b"GET / HTT")
        assert client.answer().status == 408
        assert client.ended()


def test_a_silent_kept_connection_is_closed_without_a_word(monkeypatch):
    monkeypatch.setattr(serving, "PATIENCE", 0.05)
    with Server(lambda *_: []) as server, RawClient(server) as client:
        assert client.ended()


def test_clients_that_never_finish_hold_nobody_up(server):
    slow = [RawClient(server) for _ in range(100)]
    for client in slow:
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nabc")
    assert requests.get(server.url, timeout=PATIENCE).status_code == 200
    for client in slow:
        client.close()


def test_a_client_that_reads_nothing_holds_nobody_up():
    stuck = threading.Event()

    def app(environ, start_response):
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/ping":
            return [b"pong"]
        return endless()

    def endless():
        try:
            while True:
                yield b"x" * 100_000
        finally:
            stuck.set()

    with Server(app) as server:
        deaf = RawClient(server)
        deaf.request("GET /")
        deaf.head()
        assert requests.get(f"{server.url}/ping", timeout=PATIENCE).text == "pong"
        assert not stuck.is_set()
        deaf.close()
        assert stuck.wait(PATIENCE)  # a client that has gone ends the stream: its iterable is closed
