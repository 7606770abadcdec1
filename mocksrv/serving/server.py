"""The server: any WSGI app over HTTP/1.1, a thread for each connection, faults on the connection itself.

Why not a ready-made server: waitress sorts and re-capitalises header names, ends keep-alive after every
streamed answer, speaks no TLS, cuts answers on SIGTERM and is slower (see benchmarks/README.md); cheroot is
slower still; granian hides a cut stream behind a clean end; bjoern answers nobody else during a stream.
Faults need the socket in any case. Reading requests, the hard part, is left to a kept library (http1.py).
"""

from __future__ import annotations

import errno
import logging
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from mocksrv.clock import stopwatch

from .connection import RECEIVE, ClientGone, Connection
from .http1 import BODY_LIMIT, Answer, Request, RequestReader, Unreadable, environ_of, failure
from .listening import listen

if TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

PATIENCE = 300.0  # seconds to wait for a byte, or for one write to be taken: people sit in debuggers
TURN = 0.1  # seconds at most until one more idle connection is closed, while clients wait and all threads are busy
HANDSHAKE = 10.0  # seconds that a TLS handshake may take
GRACE = 5.0  # seconds that answers in flight get on a stop; Docker kills after 10, and live streams never end


class Server:
    """A WSGI app on a socket. Bound from the start: `port` and `url` are real before run() or start().

    `threads` is the most connections served at once, the rest wait; `tls` makes it https. If the app has the function
    `longest_body` of the environ, it gets requests without their bodies where those are announced as longer.
    Raises PortTaken or CannotListen.
    """

    def __init__(
        self,
        app: WSGIApplication,
        host: str = "127.0.0.1",
        port: int = 0,
        threads: int = 512,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.app = app
        self.host = host
        self._listener = listen(host, port)
        self.port: int = self._listener.getsockname()[1]
        self._threads = threads
        self._tls = tls
        self._open: dict[threading.Thread, Connection] = {}
        self._thread: threading.Thread | None = None  # the one that accepts
        self._stopping = False
        self._cutting = False
        self._grace = GRACE
        self._ended = threading.Event()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._environ: dict[str, Any] = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": host,
            "SERVER_PORT": str(self.port),
            "SERVER_SOFTWARE": "mocksrv",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if tls else "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "mocksrv.stopping": lambda: self._stopping,  # asked by answers that never end of themselves
        }

    @property
    def url(self) -> str:
        """The base URL for clients on this machine, without a slash at its end."""
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"{'https' if self._tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def run(self) -> None:
        """Serve in this thread until stop(), SIGTERM or SIGINT; answers in flight are finished first."""
        if self._thread is None:
            self._thread = threading.current_thread()
            if self._stopping:  # before it began: whoever stopped it closes the sockets
                self._close()
                self._ended.set()
                return
        with self._signals():
            try:
                self._accept()
                self._drain()
            finally:
                self._close()
                self._ended.set()

    def start(self) -> None:
        """Serve in a thread of its own until stop()."""
        self._thread = threading.Thread(target=self.run, name=f"mocksrv:{self.port}", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = GRACE) -> None:
        """Take no more requests, give those in flight `timeout` seconds, then cut them; returns when done."""
        self._grace = timeout
        self._stopping = True
        self._wake()
        me = threading.current_thread()
        if self._thread is None:
            self._close()
        elif me is not self._thread and me not in self._open:  # an answer cannot wait for its own end
            self._ended.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop the server; a second one cuts the answers in flight."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if self._stopping:
                self._cut()
            self._stopping = True
            self._wake()

        # Python's handler runs between two instructions of this thread: a signal that comes just before select()
        # begins to wait, or that another thread is given, would wake nobody. This byte does.
        woken = signal.set_wakeup_fd(self._wake_out.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(woken)

    def in_flight(self) -> list[tuple[str, str]]:
        """Method and target of what is being answered."""
        asked = (one.asked for one in list(self._open.values()))
        return [(method, target.decode("latin-1")) for method, target in filter(None, asked)]

    def _close(self) -> None:
        for sock in (self._listener, self._wake_in, self._wake_out):
            sock.close()

    def _wake(self) -> None:
        try:
            self._wake_out.send(b"x")
        except OSError:
            pass  # so many wait unread that the loop wakes anyway, or it has ended

    def _sleep(self, *also: socket.socket, seconds: float | None = None) -> None:
        """Wait for a wake() or for a socket to be ready."""
        if self._ready(self._wake_in, *also, seconds=seconds) and self._ready(self._wake_in):
            self._wake_in.recv(RECEIVE)

    @staticmethod
    def _ready(*socks: socket.socket, seconds: float | None = 0.0) -> bool:
        """Whether one of them has something to read, at the latest after so many seconds."""
        return bool(select.select(socks, [], [], seconds)[0])

    def _accept(self) -> None:
        self._listener.setblocking(False)
        while True:
            if len(self._open) >= self._threads and not self._stopping:
                if self._ready(self._listener):
                    self._let_go()
                    self._sleep(seconds=TURN)  # until one has gone
                else:
                    self._sleep(self._listener)
                continue
            try:
                sock, peer = self._listener.accept()
            except BlockingIOError:
                if self._stopping:
                    return  # only now: clients in the backlog believe that they are connected
                self._sleep(self._listener)
            except OSError as error:  # the client has gone already, or there are too many open files
                log.warning("a connection could not be accepted: %s", error)
                if self._stopping:
                    return
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._sleep()
            else:
                self._begin(Connection(sock, peer))

    def _begin(self, connection: Connection) -> None:
        thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
        self._open[thread] = connection
        try:
            thread.start()
        except RuntimeError as error:  # the system refuses further threads
            log.warning("a connection could not be served: %s", error)
            del self._open[thread]
            connection.sock.close()

    def _let_go(self) -> None:
        """Close the connection that has waited for its client the longest, before, between or within requests: silent
        clients would shut others out.
        """
        waiting = (one for one in list(self._open.values()) if one.waits and not one.let_go)
        if (longest := min(waiting, key=lambda one: one.since, default=None)) is not None:
            longest.let_go = True
            longest.shut(socket.SHUT_RD)  # what has come is still read

    def _drain(self) -> None:
        self._listener.close()
        for connection in list(self._open.values()):
            if connection.idle:
                connection.shut(socket.SHUT_RD)
        timer = threading.Timer(self._grace, self._cut)
        timer.daemon = True
        timer.start()
        while self._open and not self._cutting:
            self._sleep()
        timer.cancel()

    def _cut(self) -> None:
        self._cutting = True
        for connection in list(self._open.values()):
            connection.shut(socket.SHUT_RDWR)
        self._wake()

    def _serve(self, connection: Connection) -> None:
        """The life of one connection, in its own thread."""
        try:
            connection.sock.settimeout(PATIENCE)
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection.sock.settimeout(HANDSHAKE)
                # In two steps: whoever has to make room finds the socket while the client is silent.
                secured = self._tls.wrap_socket(connection.sock, server_side=True, do_handshake_on_connect=False)
                connection.sock = secured
                secured.do_handshake()
                secured.settimeout(PATIENCE)
            reader = RequestReader(self._longest)
            while (request := self._next(connection, reader)) and self._answer(connection, request):
                pass
        except (OSError, ClientGone) as error:
            log.debug("%s has gone: %s", connection.peer[0], error)
        finally:
            connection.finish(linger=not (self._stopping or connection.let_go))
            del self._open[threading.current_thread()]
            self._wake()

    def _longest(self, request: Request) -> int:
        """How many bytes of a body the app takes."""
        longest = getattr(self.app, "longest_body", None)
        return BODY_LIMIT if longest is None else int(longest(environ_of(request, self._environ)))

    def _next(self, connection: Connection, reader: RequestReader) -> Request | None:
        """The next request; None when there will be none."""
        while not reader.ready:
            if reader.error is not None:
                connection.transmit(failure(reader.error))
                return None
            connection.idle = not reader.started
            if connection.idle and self._stopping:
                connection.shut(socket.SHUT_RD)  # what has come is still read
            if reader.wants_continue():
                connection.transmit(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.waits, connection.since = True, stopwatch()
            try:
                data = connection.sock.recv(RECEIVE)
            except TimeoutError:
                if not reader.started:
                    return None
                reader.error = Unreadable(HTTPStatus.REQUEST_TIMEOUT, "the rest of the request did not come")
                continue
            connection.idle = connection.waits = False
            if data:
                reader.feed(data)
            elif reader.started:
                reader.error = Unreadable(HTTPStatus.BAD_REQUEST, "the request ended before it was whole")
            else:
                return None
        return reader.ready.popleft()

    def _answer(self, connection: Connection, request: Request) -> bool:
        """Let the app answer; True when the connection can take another request."""
        answer = Answer(connection.transmit, request, request.keep_alive and not self._stopping)
        try:
            environ = environ_of(request, self._environ)
            environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = connection.peer[0], str(connection.peer[1])
            environ["mocksrv.connection"] = connection
            connection.asked = (request.method, request.target)
            items = self.app(environ, answer.start_response)
            try:
                for item in items:
                    if connection.taken:
                        break
                    answer.write(item)
                if not connection.taken:
                    answer.finish()
            finally:
                if hasattr(items, "close"):
                    items.close()
        except Unreadable as refused:
            connection.transmit(failure(refused))
            return False
        except Exception as error:
            if isinstance(error, ClientGone) or connection.taken:
                log.debug("%s %r: %s", request.method, request.target, error)
            elif answer.begun:
                log.warning("%s %r: the answer was cut: %r", request.method, request.target, error)
            else:
                log.exception("%s %r failed", request.method, request.target)
                failed = Unreadable(HTTPStatus.INTERNAL_SERVER_ERROR, "the application failed")
                connection.transmit(failure(failed))
            return False
        finally:
            connection.asked = None
            request.body.close()
        return answer.keep_alive and not connection.taken
