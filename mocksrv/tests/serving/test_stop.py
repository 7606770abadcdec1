"""How a server ends: by stop(), by a signal, with answers in flight, with clients that hold on."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from mocksrv.serving.server import Server
from mocksrv.tests.raw_client import PATIENCE, RawClient


class Gate:
    """An app whose answers wait until they are let through."""

    def __init__(self):
        self.entered, self.open = threading.Semaphore(0), threading.Event()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/stream":
            return self.stream(start_response)
        self.entered.release()
        assert self.open.wait(PATIENCE)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    def stream(self, start_response):
        start_response("200 OK", [])
        yield b"some"
        self.entered.release()
        assert self.open.wait(PATIENCE)
        yield b"rest"


@contextmanager
def stopping(server, **kwargs):
    """stop() in a thread of its own; it has returned at the end."""
    thread = threading.Thread(target=server.stop, kwargs=kwargs)
    thread.start()
    yield
    thread.join(PATIENCE)
    assert not thread.is_alive()


def refused(server):
    try:
        RawClient(server).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_server_that_was_stopped_before_it_began_ends_at_once():
    server = Server(Gate())
    server.stop()
    server.run()
    server.stop()


def test_answers_in_flight_are_finished_and_idle_clients_let_go():
    gate = Gate()
    server = Server(gate)
    server.start()
    idle, slow, stream = RawClient(server), RawClient(server), RawClient(server)
    slow.request("GET /slow")
    stream.request("GET /stream")
    assert all(gate.entered.acquire(timeout=PATIENCE) for _ in range(2))
    with stopping(server):
        assert idle.ended()
        gate.open.set()
        answer = slow.answer()
        assert (answer.body, answer.header("Connection")) == (b"done", None)
        assert stream.answer().chunks == [b"some", b"rest"]
        assert slow.ended()
        assert stream.ended()
    assert refused(server)
    for client in (idle, slow, stream):
        client.close()


def test_an_idle_connection_that_was_used_is_let_go_too():
    gate = Gate()
    gate.open.set()
    with Server(gate) as server, RawClient(server) as client:
        client.request("GET /")
        client.answer()
        with stopping(server):
            assert client.ended()


def test_what_is_still_in_flight_after_the_timeout_is_cut():
    gate = Gate()
    with Server(gate) as server, RawClient(server) as client:
        client.request("GET /stream")
        assert gate.entered.acquire(timeout=PATIENCE)
        server.stop(timeout=0)
        client.head()
        assert client.chunk() == b"some"
        assert client.ended()
        gate.open.set()


def test_an_answer_may_stop_the_server():
    def app(environ, start_response):
        server.stop()
        start_response("200 OK", [("Content-Length", "3")])
        return [b"bye"]

    with Server(app) as server, RawClient(server) as client:
        client.request("GET /")
        assert client.answer().body == b"bye"
        assert client.ended()


def test_stop_before_the_start_frees_the_port_and_a_second_stop_does_nothing():
    server = Server(Gate())
    server.stop()
    server.stop()
    assert refused(server)


def test_a_stopped_server_leaves_no_thread():
    before = set(threading.enumerate())
    gate = Gate()
    gate.open.set()
    with Server(gate) as server, RawClient(server) as client:
        client.request("GET /")
        client.answer()
        begun = set(threading.enumerate()) - before
        assert len(begun) == 2  # one accepts, one serves the connection
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


PROGRAM = """
import sys
from mocksrv.serving.server import Server

def app(environ, start_response):
    if environ["PATH_INFO"] == "/stream":
        return stream(start_response)
    print("entered", flush=True)
    sys.stdin.readline()
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]

def stream(start_response):
    start_response("200 OK", [])
    yield b"some"
    print("entered", flush=True)
    sys.stdin.readline()
    yield b"rest"

server = Server(app)
print(server.port, flush=True)
server.run()
print("stopped", flush=True)
"""


@contextmanager
def program(code=PROGRAM):
    """The server in a process of its own: the process and a client of it."""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        server = type("Address", (), {"port": int(process.stdout.readline())})
        try:
            with RawClient(server) as client:
                yield process, client
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("path", "body"), [("/slow", b"done"), ("/stream", b"somerest")])
def test_a_signal_lets_answers_in_flight_complete(number, path, body):
    with program() as (process, client):
        client.request(f"GET {path}")
        assert process.stdout.readline() == "entered\n"
        with RawClient(type("Address", (), {"port": client.sock.getpeername()[1]})) as idle:
            process.send_signal(number)
            assert idle.ended()  # the signal has been taken
        process.stdin.write("\n")
        process.stdin.flush()
        assert client.answer().body == body
        assert client.ended()
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == ""


def test_a_second_signal_does_not_wait():
    with program() as (process, client):
        client.request("GET /stream")
        assert process.stdout.readline() == "entered\n"
        with RawClient(type("Address", (), {"port": client.sock.getpeername()[1]})) as idle:
            process.send_signal(signal.SIGTERM)
            assert idle.ended()
        process.send_signal(signal.SIGTERM)
        client.head()
        assert client.chunk() == b"some"
        assert client.ended()
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(PATIENCE) == 0


SIGNALLED = """
import signal
import threading
import time
from mocksrv.serving.server import Server

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    time.sleep(0.2)  # by then the thread that accepts waits for the next client
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    return []

server = Server(app)
print(server.port, flush=True)
server.run()
print("stopped", flush=True)
"""


def test_a_signal_that_another_thread_is_given_stops_the_server_at_once():
    """The thread that accepts is not interrupted then, nor by one that comes just before it begins to wait."""
    with program(SIGNALLED) as (process, client):
        client.request("GET /")
        assert client.answer().status == 200
        assert client.ended()
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(PATIENCE) == 0
