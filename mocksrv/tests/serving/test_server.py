"""The server's HTTP/1.1 in good weather: framing, keep-alive, streams, environ, address."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import threading
import tracemalloc
from contextlib import ExitStack
from select import select

import pytest
import requests
import trustme

from mocksrv.serving import http1
from mocksrv.serving.listening import CannotListen, PortTaken
from mocksrv.serving.server import Server
from mocksrv.tests.raw_client import PATIENCE, RawClient


def saying(*items: bytes, status="200 OK", headers=()):
    """An app that always gives this answer."""

    def app(environ, start_response):
        start_response(status, list(headers))
        return iter(items)

    return app


def echoing(*keys: str):
    """An app that answers with these keys of its environ, one a line."""

    def app(environ, start_response):
        body = "\n".join(str(environ.get(key)) for key in keys).encode("latin-1")
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    return app


def test_header_names_values_and_order_are_the_apps():
    headers = [("x-Odd-NAME", "é"), ("Set-Cookie", "b=2"), ("Content-Length", "2"), ("Set-Cookie", "a=1")]
    with Server(saying(b"hi", headers=headers)) as server, RawClient(server) as client:
        client.request("GET /")
        answer = client.answer()
    assert answer.status_line == "HTTP/1.1 200 OK"
    assert answer.headers == headers
    assert answer.body == b"hi"


def test_framing_headers_of_the_app_keep_their_place():
    rest = [("transfer-encoding", "chunked"), ("X", "1")]
    headers = [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5"), *rest]
    with Server(saying(b"hi", headers=headers)) as server, RawClient(server) as client:
        client.request("GET /")
        answer = client.answer()
        assert answer.headers == headers
        assert answer.chunks == [b"hi"]
        client.request("GET /", "Connection: close")
        assert client.answer().headers == [("Connection", "close"), *rest]
        assert client.ended()


@pytest.mark.parametrize(
    ("items", "chunks"),
    [((b"a", b"", b"bc", b"d" * 70_000), [b"a", b"bc", b"d" * 70_000]), ((), []), ((b"",), [])],
    ids=["several", "none", "only an empty one"],
)
def test_without_a_length_each_item_is_one_chunk(items, chunks):
    with Server(saying(*items)) as server, RawClient(server) as client:
        for _ in range(2):  # the connection stays usable
            client.request("GET /")
            answer = client.answer()
            assert answer.headers == [("Transfer-Encoding", "chunked")]
            assert answer.chunks == chunks


def test_each_chunk_is_sent_before_the_next_is_made():
    go_on = threading.Semaphore(0)

    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"first"
        assert go_on.acquire(timeout=PATIENCE)
        yield b"second"
        assert go_on.acquire(timeout=PATIENCE)

    with Server(app) as server, RawClient(server) as client:
        client.request("GET /")
        client.head()
        assert client.chunk() == b"first"
        go_on.release()
        assert client.chunk() == b"second"
        go_on.release()
        assert client.chunk() == b""


def test_the_write_callable_of_start_response_sends_chunks_too():
    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"one")
        write(b"two")
        return [b"three"]

    with Server(app) as server, RawClient(server) as client:
        client.request("GET /")
        assert client.answer().chunks == [b"one", b"two", b"three"]


def test_a_body_longer_than_its_length_is_cut_to_it():
    app = saying(b"abc", b"def", headers=[("Content-Length", "4")])
    with Server(app) as server, RawClient(server) as client:
        for _ in range(2):
            client.request("GET /")
            assert client.answer().body == b"abcd"


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        ("HEAD", "200 OK", [("Content-Length", "5")]),
        ("HEAD", "200 OK", []),
        ("HEAD", "200 OK", [("Transfer-Encoding", "chunked")]),
        ("GET", "204 No Content", []),
        ("POST", "304 Not Modified", [("ETag", "1"), ("Content-Length", "5")]),
    ],
)
def test_answers_without_a_body(method, status, headers):
    with Server(saying(b"hello", status=status, headers=headers)) as server, RawClient(server) as client:
        for _ in range(2):  # a stray byte of a body would break the second answer
            client.request(f"{method} /")
            answer = client.answer(bodiless=True)
            assert answer.status_line == f"HTTP/1.1 {status}"
            assert answer.headers == headers


def test_keep_alive_uses_one_connection_for_many_requests():
    with Server(echoing("REMOTE_PORT")) as server, requests.Session() as session:
        assert len({session.get(server.url).text for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("version", "asked", "given", "kept"),
    [
        ("1.1", [], None, True),
        ("1.1", ["Connection: close"], "close", False),
        ("1.1", ["Connection: Keep-Alive"], None, True),
        ("1.0", [], "close", False),
        ("1.0", ["Connection: keep-alive"], "keep-alive", True),
    ],
)
def test_the_connection_header_tells_whether_the_connection_stays(version, asked, given, kept):
    with Server(saying(b"hi", headers=[("Content-Length", "2")])) as server, RawClient(server) as client:
        client.request("GET /", *asked, version=version)
        assert client.answer().header("Connection") == given
        if kept:
            client.request("GET /", "Connection: close")
            client.answer()
        assert client.ended()


def test_an_app_may_close_the_connection():
    with Server(saying(b"hi", headers=[("Connection", "close")])) as server, RawClient(server) as client:
        client.request("GET /")
        assert client.answer().headers == [("Connection", "close"), ("Transfer-Encoding", "chunked")]
        assert client.ended()


@pytest.mark.parametrize("headers", [[], [("Transfer-Encoding", "chunked")]])
def test_http_1_0_gets_streams_unchunked_up_to_the_end(headers):
    with Server(saying(b"ab", b"cd", headers=headers)) as server, RawClient(server) as client:
        client.request("GET /", "Connection: keep-alive", version="1.0")
        answer = client.answer()
        assert answer.headers == [("Connection", "close")]
        assert answer.body == b"abcd"


def test_pipelined_requests_are_answered_in_order():
    with Server(echoing("PATH_INFO", "wsgi.input")) as server, RawClient(server) as client:
        post = "POST /{0} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
        client.send("".join(post.format(number) for number in range(20)))
        assert [client.answer().body.split()[0] for _ in range(20)] == [f"/{n}".encode() for n in range(20)]


def test_a_request_may_come_byte_by_byte():
    with Server(echoing("PATH_INFO", "HTTP_X_LONG")) as server, RawClient(server) as client:
        for byte in b"\r\nGET /slow HTTP/1.1\r\nHost: h\r\nX-Long: some value\r\n\r\n":
            client.send(bytes([byte]))
        assert client.answer().body == b"/slow\nsome value"


def test_environ():
    keys = ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", "SERVER_PROTOCOL", "REMOTE_ADDR"]
    keys += ["HTTP_HOST", "HTTP_ACCEPT", "HTTP_COOKIE", "HTTP_X_Y", "CONTENT_TYPE", "REMOTE_HOST"]
    keys += ["wsgi.url_scheme", "mocksrv.target", "mocksrv.headers"]
    with Server(echoing(*keys)) as server, RawClient(server) as client:
        client.request(
            "PUT /a%2Fb%C3%A9//c;d?q=%20+&q=2",
            *("aCCept: a", "Accept: b", "Cookie: k=1", "Cookie: l=2"),
            *("X_Y: hidden", "x-y: é", "Content-Type: t/x"),
        )
        lines = client.answer().body.decode("latin-1").splitlines()
    assert lines[:6] == ["PUT", "/a/b\u00c3\u00a9//c;d", "q=%20+&q=2", "", "HTTP/1.1", "127.0.0.1"]
    assert lines[6:12] == ["mock.test", "a,b", "k=1; l=2", "é", "t/x", "None"]
    assert lines[12:14] == ["http", "/a%2Fb%C3%A9//c;d?q=%20+&q=2"]
    raw = [("Host", "mock.test"), ("aCCept", "a"), ("Accept", "b"), ("Cookie", "k=1"), ("Cookie", "l=2")]
    assert lines[14] == str([*raw, ("X_Y", "hidden"), ("x-y", "é"), ("Content-Type", "t/x")])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://other.test:81/p?q", ["/p", "q", "other.test:81"]),
        ("HTTP://other.test", ["/", "", "other.test"]),
        ("http://other.test?q=http://x/y", ["/", "q=http://x/y", "other.test"]),
        ("*", ["*", "", "mock.test"]),
    ],
)
def test_other_forms_of_the_target(target, expected):
    keys = ["PATH_INFO", "QUERY_STRING", "HTTP_HOST", "mocksrv.target"]
    with Server(echoing(*keys)) as server, RawClient(server) as client:
        client.request(f"OPTIONS {target}")
        assert client.answer().body.decode() == "\n".join([*expected, target])


def digesting(environ, start_response):
    """Reads the body in pieces; answers with its digest, its length as told, and where it was kept."""
    body, digest = environ["wsgi.input"], hashlib.sha256()
    while piece := body.read(100_000):
        digest.update(piece)
    told = f"{environ.get('CONTENT_LENGTH')} {environ.get('HTTP_TRANSFER_ENCODING')}"
    text = f"{digest.hexdigest()} {told} {type(body).__name__}"
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text.encode()]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 200_000, 30_000_000])
def test_request_bodies(size, chunked):
    body = os.urandom(1000) * (size // 1000) or b"x" * size
    kept = "BytesIO" if size <= http1.IN_MEMORY else "BufferedRandom"
    with Server(digesting) as server:
        sent = (body[at : at + 70_001] for at in range(0, size, 70_001)) if chunked else body
        answer = requests.post(server.url, data=sent, timeout=PATIENCE)
    assert answer.text == f"{hashlib.sha256(body).hexdigest()} {size} None {kept}"


def test_a_very_long_body_is_not_held_in_memory():
    def app(environ, start_response):
        size = sum(map(len, iter(lambda: environ["wsgi.input"].read(100_000), b"")))
        start_response("200 OK", [])
        return [str(size).encode()]

    million = b"x" * 1_000_000
    with Server(app) as server:
        tracemalloc.start()
        try:
            answer = requests.post(server.url, data=(million for _ in range(200)), timeout=4 * PATIENCE)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert answer.text == "200000000"
    assert peak < 20_000_000


def test_expect_100_continue_is_answered_before_the_body_comes():
    with Server(digesting) as server, RawClient(server) as client:
        for _ in range(2):
            client.request("POST /", "Content-Length: 3", "Expect: 100-continue")
            assert client.file.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert client.file.readline() == b"\r\n"
            client.send(b"abc")
            assert client.answer().body.startswith(hashlib.sha256(b"abc").hexdigest().encode())


def test_a_client_that_does_not_wait_for_continue_gets_none():
    with Server(digesting) as server, RawClient(server) as client:
        client.request("POST /", "Expect: 100-continue", body=b"abc")
        assert client.answer().status == 200


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
def test_an_upgrade_is_not_taken_but_the_request_is_answered(protocol):
    """Java's HttpClient asks for h2c with its first request, also when that has a body."""
    with Server(digesting) as server, RawClient(server) as client:
        upgrade = ["Connection: Upgrade, HTTP2-Settings", f"Upgrade: {protocol}", "HTTP2-Settings: AAMAAABk"]
        client.request("POST /", *upgrade, body=b"abc")
        client.request("POST /", body=b"def")
        for body in (b"abc", b"def"):
            assert client.answer().body.startswith(hashlib.sha256(body).hexdigest().encode())


def test_sixteen_streams_and_a_ping_beside_them():
    begun, end = threading.Barrier(17), threading.Event()

    def app(environ, start_response):
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/ping":
            return [b"pong"]
        return stream()

    def stream():
        yield b"begun"
        begun.wait(PATIENCE)
        assert end.wait(PATIENCE)
        yield b"end"

    with Server(app) as server:
        clients = [RawClient(server) for _ in range(16)]
        for client in clients:
            client.request("GET /stream")
        begun.wait(PATIENCE)
        assert requests.get(f"{server.url}/ping", timeout=PATIENCE).text == "pong"
        end.set()
        assert [client.answer().chunks for client in clients] == [[b"begun", b"end"]] * 16
        for client in clients:
            client.close()


def test_more_clients_than_threads_are_all_served():
    with Server(echoing("PATH_INFO"), threads=2) as server:
        clients = [RawClient(server) for _ in range(6)]
        for number, client in enumerate(clients):
            client.request(f"GET /{number}")
        for number, client in enumerate(clients):  # each leaves room for the next
            assert client.answer().body == f"/{number}".encode()
            client.close()


def test_clients_that_keep_idle_connections_shut_nobody_out():
    with Server(echoing("PATH_INFO"), threads=3) as server, ExitStack() as ends:
        keeping = [ends.enter_context(RawClient(server)) for _ in range(3)]
        for client in keeping:
            client.request("GET /kept")
            assert client.answer().body == b"/kept"
        late = ends.enter_context(RawClient(server))
        late.request("GET /late")
        assert late.answer().body == b"/late"
        let_go, _, _ = select([client.sock for client in keeping], [], [], PATIENCE)
        (gone,) = [client for client in keeping if client.sock in let_go]
        assert gone.ended()


@pytest.mark.parametrize("sent",
                         [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
])
def test_silent_clients_shut_nobody_out(sent):
    with Server(echoing("PATH_INFO"), threads=20) as server:
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
        for sock in silent:
            sock.sendall(sent)
        with RawClient(server) as late:
            late.request("GET /late")
            assert late.answer().body == b"/late"
        for sock in silent:
            sock.close()


def test_nagle_is_off_and_no_names_are_looked_up(monkeypatch):
    seen = []

    def app(environ, start_response):
        sock = environ["mocksrv.connection"].sock
        seen.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        start_response("200 OK", [("Content-Length", "0")])
        return []

    with Server(app) as server:
        for lookup in ("getnameinfo", "gethostbyaddr", "getfqdn"):
            monkeypatch.setattr(socket, lookup, lambda *_: pytest.fail("a name was looked up"))
        with RawClient(server) as client:
            client.request("GET /")
            client.answer()
    assert seen == [1]


def test_ipv6():
    with Server(echoing("REMOTE_ADDR"), host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert requests.get(server.url, timeout=PATIENCE).text == "::1"


@pytest.mark.parametrize(
    ("host", "url"), [("0.0.0.0", "http://127.0.0.1:"), ("", "http://127.0.0.1:"), ("::", "http://[::1]:")]
)
def test_the_url_of_a_server_on_all_addresses_works_here(host, url):
    with Server(saying(b"hi"), host=host) as server:
        assert server.url == f"{url}{server.port}"
        assert requests.get(server.url, timeout=PATIENCE).text == "hi"


def test_a_taken_port_is_told_clearly():
    first = Server(saying())
    text = f"port {first.port} on 127.0.0.1 is taken: stop the program .* or choose another"
    with pytest.raises(PortTaken, match=text) as caught:
        Server(saying(), port=first.port)
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", first.port)
    first.stop()
    Server(saying(), port=first.port).stop()  # and is free again at once


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("no.such.host.invalid", 0, "'no.such.host.invalid' is no address of this machine"),
        ("192.0.2.1", 0, "cannot listen on 192.0.2.1 port 0"),
        ("127.0.0.1", 70_000, "port 70000 is out of range"),
    ],
)
def test_an_impossible_address_is_told_clearly(host, port, text):
    with pytest.raises(CannotListen, match=text):
        Server(saying(), host=host, port=port)


def test_the_port_is_bound_before_the_server_runs():
    server = Server(saying(b"hi"))
    with RawClient(server) as client:  # waits in the backlog
        client.request("GET /")
        with server:
            assert client.answer().body == b"hi"


def test_tls(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(echoing("wsgi.url_scheme"), tls=context) as server:
        assert server.url.startswith("https://127.0.0.1:")
        with RawClient(server) as plain:  # does not disturb the others
            plain.request("GET /")
            answer = requests.get(server.url, verify=str(tmp_path / "ca.pem"), timeout=PATIENCE)
    assert answer.text == "https"
