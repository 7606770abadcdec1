"""One client's TCP connection: sending, ending, and the faults that happen below HTTP."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

from mocksrv.clock import stopwatch

RECEIVE = 64 * 1024  # bytes asked of a socket at a time
LINGER = 2.0  # seconds for the client to read the last answer before the socket is closed


class ClientGone(Exception):
    """The client has closed the connection, or reads no more."""


class Connection:
    """One client's connection. Apps find it at environ["mocksrv.connection"], for faults below HTTP.

    After reset(), close() or send() the WSGI answer of the request is ignored and the connection ends.
    """

    def __init__(self, sock: socket.socket, peer: tuple[Any, ...]) -> None:
        self.sock = sock
        self.peer = peer
        self.taken = False  # the app has used the connection itself
        self.idle = True  # no request is being read or answered
        self.waits = True  # for the client: nothing is being answered
        self.since = stopwatch()  # when it began to wait
        self.asked: tuple[str, bytes] | None = None  # method and target of what is being answered
        self.let_go = False  # it is being closed to make room for others

    def reset(self) -> None:
        """End with a TCP reset (RST): the client sees "connection reset by peer"."""
        self.taken = True
        linger_for_no_time = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_no_time)
        except OSError:
            pass  # the client has gone before
        self.sock.close()

    def close(self) -> None:
        """End in an orderly way (FIN) without another byte."""
        self.taken = True
        self.shut(socket.SHUT_WR)

    def send(self, data: bytes) -> None:
        """Send bytes as they are: garbage, half a body, wrong chunk sizes. Raises ClientGone."""
        self.taken = True
        self.transmit(data)

    def transmit(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise ClientGone(str(error)) from error

    def shut(self, how: int) -> None:
        try:
            socket.socket.shutdown(self.sock, how)  # below TLS, whose own shutdown would go on in plain text
        except OSError:
            pass  # the client has gone before

    def finish(self, linger: bool) -> None:
        """Close so that the last answer arrives: closing over unread bytes sends RST, which destroys it."""
        self.idle = self.waits = True
        self.since = stopwatch()
        self.shut(socket.SHUT_WR)
        try:
            if linger:
                self.sock.settimeout(LINGER)
                while self.sock.recv(RECEIVE):
                    pass
        except OSError:
            pass
        self.sock.close()
