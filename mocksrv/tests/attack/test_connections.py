"""Clients that say nothing, half of something, or what two servers would read in two ways."""

import socket
import time

import pytest

from mocksrv.tests.attack.host import ROOM, Host

HEAD = b"GET /_mocksrv/health HTTP/1.1\r\nHost: localhost\r\n"
ASK = b"POST /medic/_find HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic YWRtaW46cGFzcw==\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNK = b"f\r\n" + b'{"selector":{}}' + b"\r\n0\r\n\r\n"


@pytest.fixture(scope="module")
def host():
    with Host("--size", "20") as host:
        yield host


@pytest.mark.parametrize("said", [b"", HEAD + b"X: ", HEAD + b"\r\n"], ids=["nothing", "half a request", "one request"])
def test_connections_that_are_held_keep_nobody_out(host, amount, said):
    held = []
    try:
        for _ in range(amount(700, 1000)):
            sock = socket.create_connection(("127.0.0.1", host.port), timeout=10)
            sock.sendall(said)
            held.append(sock)
        began = time.monotonic()
        assert host.ask("GET", "/medic/none", headers={"Authorization": "Basic YWRtaW46cGFzcw=="})[0] == 404
        assert time.monotonic() - began < 3  # on a busy machine; else less than one
    finally:
        for sock in held:
            sock.close()
    assert host.grown() < ROOM


@pytest.mark.parametrize("request_bytes", [
    ASK + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    ASK + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n" + SMUGGLED,
    ASK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    ASK + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    ASK + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    ASK + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    ASK + b"Content-Length: 15\r\nContent-Length: 16\r\n\r\n" + SMUGGLED,
    ASK + b"Content-Length: +15\r\n\r\n" + SMUGGLED,
    ASK + b"Content-Length: 15, 15\r\n\r\n" + SMUGGLED,
    ASK + b"Content-Length: 0x0f\r\n\r\n" + SMUGGLED,
    ASK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + SMUGGLED,
    ASK + b"Transfer-Encoding: chunked\r\n\r\nf;a\nb\r\n" + CHUNK[3:] + SMUGGLED,
    ASK.replace(b"1.1\r\nHost: localhost", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK + SMUGGLED,
    b"GET /_mocksrv/health HTTP/1.1\r\n X: y\r\nHost: localhost\r\n\r\n" + SMUGGLED,
    b"GET /_mocksrv/health HTTP/1.1\nHost: localhost\n\n" + SMUGGLED,
    HEAD + b"X: a\rb\r\n\r\n" + SMUGGLED,
    HEAD + b"X\0: a\r\n\r\n" + SMUGGLED,
    b"GET /_mocksrv/worlds HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n" + SMUGGLED,
])
def test_what_could_be_read_in_two_ways_is_read_in_none(host, request_bytes):
    """One answer that refuses, or the request's own and the end: nothing after it is taken for a request."""
    with socket.create_connection(("127.0.0.1", host.port), timeout=10) as sock:
        sock.sendall(request_bytes)
        sock.shutdown(socket.SHUT_WR)
        said = b""
        while data := sock.recv(65536):
            said += data
    assert said.count(b"HTTP/1.1 ") == 1
    assert b"smuggled" not in said
    assert host.ask("GET", "/_mocksrv/health")[0] == 200
