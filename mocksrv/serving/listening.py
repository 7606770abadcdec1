"""Binding the address that a server listens on."""

from __future__ import annotations

import errno
import socket


class CannotListen(OSError):
    """The server cannot listen on the address; the text says why and what to do."""


class PortTaken(CannotListen):
    """Somebody else listens on the port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} on {host} is taken: stop the program that listens there, or choose another with --port"
            " (0 takes any free one)"
        )
        self.host = host
        self.port = port


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address. Raises PortTaken or CannotListen."""
    if not 0 <= port <= 65535:
        raise CannotListen(f"port {port} is out of range: use 0 to 65535")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(
            address, family=family, backlog=1024, dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6()
        )
    except socket.gaierror:
        raise CannotListen(f"{host!r} is no address of this machine: use 127.0.0.1, 0.0.0.0 or ::1") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from None
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror or error}") from None
