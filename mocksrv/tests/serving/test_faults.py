"""What goes wrong on purpose or by the app: cut streams, resets, garbage, exceptions."""

from __future__ import annotations

import logging
import threading

import pytest
import requests

from mocksrv.serving.server import Server
from mocksrv.tests.raw_client import PATIENCE, RawClient


def speaking(speak, closed=None):
    """An app that lets `speak(connection)` do something and then answers as if nothing were."""

    class Items:
        def __iter__(self):
            yield from (b"ignored", b"too")

        def close(self):
            if closed is not None:
                closed.set()

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/ping":
            start_response("200 OK", [("Content-Length", "4")])
            return [b"pong"]
        speak(environ["mocksrv.connection"])
        start_response("200 OK", [("Content-Length", "10")])
        return Items()

    return app


@pytest.fixture
def quiet(caplog, capfd):
    """Nothing is logged above debug, nothing printed."""
    yield
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("quiet")
def test_reset_is_seen_as_a_reset():
    closed = threading.Event()
    with Server(speaking(lambda connection: connection.reset(), closed)) as server:
        with RawClient(server) as client:
            client.request("GET /")
            with pytest.raises(ConnectionResetError):
                client.sock.recv(1)
        with pytest.raises(requests.ConnectionError, match="reset by peer"):
            requests.get(server.url, timeout=PATIENCE)
        assert requests.get(f"{server.url}/ping", timeout=PATIENCE).text == "pong"
        assert closed.is_set()


@pytest.mark.usefixtures("quiet")
def test_close_ends_without_a_byte():
    with Server(speaking(lambda connection: connection.close())) as server:
        with RawClient(server) as client:
            client.request("GET /")
            client.request("GET /never-answered")
            assert client.ended()
        with pytest.raises(requests.ConnectionError, match="closed connection without response"):
            requests.get(server.url, timeout=PATIENCE)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\xff no HTTP at all",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    ],
    ids=["garbage", "truncated body", "wrong chunk size"],
)
def test_raw_bytes_are_sent_as_they_are_and_nothing_else(raw):
    def speak(connection):
        connection.send(raw[:10])
        connection.send(raw[10:])

    with Server(speaking(speak)) as server:
        with RawClient(server) as client:
            client.request("GET /")
            assert client.file.read() == raw
        with pytest.raises(requests.RequestException):
            requests.get(server.url, timeout=PATIENCE)


@pytest.mark.usefixtures("quiet")
def test_bytes_then_a_reset():
    def speak(connection):
        connection.send(b"HTTP/1.1 200 OK\r\n")
        sent.wait(PATIENCE)
        connection.reset()

    sent = threading.Event()
    with Server(speaking(speak)) as server, RawClient(server) as client:
        client.request("GET /")
        assert client.file.readline() == b"HTTP/1.1 200 OK\r\n"
        sent.set()
        with pytest.raises(ConnectionResetError):
            client.sock.recv(1)


@pytest.mark.usefixtures("quiet")
def test_a_reset_in_mid_stream():
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"some"
        sent.wait(PATIENCE)
        environ["mocksrv.connection"].reset()
        yield b"ignored"

    sent = threading.Event()
    with Server(app) as server, RawClient(server) as client:
        client.request("GET /")
        client.head()
        assert client.chunk() == b"some"
        sent.set()
        with pytest.raises(ConnectionResetError):
            client.sock.recv(1)


def test_a_stream_that_raises_is_cut_without_the_closing_chunk(caplog, capfd):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"some"
        raise RuntimeError("the disk is full")

    with Server(app) as server:
        with RawClient(server) as client:
            client.request("GET /stream")
            client.head()
            assert client.chunk() == b"some"
            assert client.ended()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            requests.get(server.url, timeout=PATIENCE)
    assert caplog.messages[0] == "GET b'/stream': the answer was cut: RuntimeError('the disk is full')"
    assert [record.exc_info for record in caplog.records] == [None, None]
    assert capfd.readouterr() == ("", "")


def test_a_body_shorter_than_its_length_is_cut(caplog):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "10")])
        return [b"some"]

    with Server(app) as server, RawClient(server) as client:
        client.request("GET /")
        client.head()
        assert client.file.read() == b"some"
    assert "6 bytes of the promised Content-Length are missing" in caplog.text


def raising(environ, start_response):
    raise KeyError("a bug")


def raising_later(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    raise KeyError("a bug")
    yield b"hello"


def silent(environ, start_response):
    return [b"no start_response"]


def twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def splitting(environ, start_response):
    start_response("200 OK", [("X-Injected", "a\r\nSet-Cookie: b=1")])
    return []


def beyond_latin_1(environ, start_response):
    start_response("200 OK", [("X-Name", "日本")])
    return []


@pytest.mark.parametrize("app", [raising, raising_later, silent, twice, splitting, beyond_latin_1])
def test_a_broken_app_answers_500_and_the_log_says_why(app, caplog):
    with Server(app) as server, RawClient(server) as client:
        client.request("GET /")
        answer = client.answer()
        assert answer.status_line == "HTTP/1.1 500 Internal Server Error"
        assert answer.header("Connection") == "close"
        assert answer.body == b"the application failed\n"
        assert client.ended()
    assert caplog.messages == ["GET b'/' failed"]
    assert caplog.records[0].exc_info


def test_an_app_may_change_its_mind_before_the_first_byte():
    def app(environ, start_response):
        start_response("200 OK", [("X-First", "1")])
        try:
            raise ValueError
        except ValueError as error:
            start_response("409 Conflict", [("Content-Length", "2")], (type(error), error, None))
        return [b"no"]

    with Server(app) as server, RawClient(server) as client:
        client.request("GET /")
        answer = client.answer()
    assert (answer.status_line, answer.headers) == ("HTTP/1.1 409 Conflict", [("Content-Length", "2")])


@pytest.mark.usefixtures("quiet")
def test_a_client_that_leaves_in_mid_stream_closes_the_iterable():
    left, closed = threading.Event(), threading.Event()

    def app(environ, start_response):
        start_response("200 OK", [])
        try:
            yield b"some"
            left.wait(PATIENCE)
            while True:
                yield b"x" * 10_000
        finally:
            closed.set()

    with Server(app) as server:
        with RawClient(server) as client:
            client.request("GET /")
            client.head()
        left.set()
        assert closed.wait(PATIENCE)
