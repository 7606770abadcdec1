"""An outgoing call over the network. Redirects are not followed: they could lead to an address that is not allowed."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from mocksrv.clock import stopwatch
from mocksrv.config import is_loopback
from mocksrv.outbox import Outcome, Record, body_of
from mocksrv.outbox.reach import port_of

LARGEST = 1024 * 1024  # bytes of an answer that are read
PART = 64 * 1024


def send(record: Record) -> Outcome:
    """Make the call; an error becomes part of the outcome."""
    parts = urlsplit(record["url"])
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    until = stopwatch() + record["patience"]
    try:
        address = resolved(parts.hostname or "", port_of(parts))
        connection = connect(parts.scheme, address, parts.hostname or "", record["patience"])
        try:
            connection.putrequest(record["method"], target, skip_host=True, skip_accept_encoding=True)
            body = body_of(record)
            for name, value in framed(record["headers"], parts.netloc.rpartition("@")[2], len(body)):
                connection.putheader(name, value)
            connection.endheaders(body or None)
            with connection.getresponse() as answer:
                return Outcome(answer.status, answer.getheaders(), read(answer, until))
        finally:
            connection.close()
    except TimeoutError:
        return Outcome(error=f"no answer within {record['patience']:g} s")
    except (OSError, HTTPException, ValueError) as error:
        return Outcome(error=f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}")


def resolved(host: str, port: int) -> tuple[str, int]:
    """The address of a host. Raises OSError for a loopback name that resolves to another address."""
    found = socket.getaddrinfo("localhost" if host.endswith(".localhost") else host, port, type=socket.SOCK_STREAM)
    address = str(found[0][4][0])
    if is_loopback(host) and not is_loopback(address):
        raise OSError(f"{host} leads to {address}, which is not this machine")
    return address, port


def connect(scheme: str, address: tuple[str, int], host: str, patience: float) -> HTTPConnection:
    """A connection to exactly that address: the name is not resolved again."""
    class Direct(HTTPSConnection if scheme == "https" else HTTPConnection):  # type: ignore[misc]
        def connect(self) -> None:
            self.sock = socket.create_connection(address, patience)
            if scheme == "https":
                self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=host)

    made: HTTPConnection = Direct(host, address[1], timeout=patience)
    return made


def framed(headers: list[list[str]], host: str, size: int) -> list[tuple[str, str]]:
    """The headers with those that the connection needs."""
    named = {name.lower() for name, _ in headers}
    first = [] if "host" in named else [("Host", host)]
    last = [] if "content-length" in named else [("Content-Length", str(size))]
    return [*first, *((name, value) for name, value in headers), *last]


def read(answer: HTTPResponse, until: float) -> bytes:
    """The body's first part, as long as there is time. Raises TimeoutError."""
    found = b""
    while len(found) < LARGEST and (part := answer.read1(PART)):
        found += part
        if stopwatch() > until:
            raise TimeoutError
    return found[:LARGEST]
