"""Requests on their way to a service, byte for byte as the client wrote them."""

from __future__ import annotations

import gzip
import http.client
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
              "transfer-encoding", "upgrade", "host", "content-length"}
PATIENCE = 120.0  # seconds: a service may be slow, long polls take a minute

Headers = list[tuple[str, str]]


class Unreachable(Exception):
    """The service did not answer; the text says why."""


@dataclass
class Answer:
    """What a service answered, as it came."""

    status: int
    headers: Headers
    body: bytes
    chunks: list[bytes] | None = None  # the body's parts, where the service sent it in chunks

    def header(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.headers if key.lower() == name), default)

    @property
    def plain(self) -> bytes:
        """The body without its compression."""
        coding = self.header("content-encoding").lower()
        if coding == "gzip":
            return gzip.decompress(self.body)
        return zlib.decompress(self.body) if coding == "deflate" else self.body

    def json(self) -> Any:
        """The body's JSON, or None when it is none."""
        try:
            return json.loads(self.plain)
        except (ValueError, OSError, zlib.error):
            return None


class Forward:
    """Sends requests to one base URL, from any number of threads; connections are kept for the next request."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        parts = urlsplit(self.base_url)
        self.scheme, self.host, self.netloc, self.path = parts.scheme, parts.hostname or "", parts.netloc, parts.path
        self._idle: list[http.client.HTTPConnection] = []  # append and pop are atomic

    def send(self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Answer:
        """Raises Unreachable."""
        while True:
            kept = bool(self._idle)
            connection = self._idle.pop() if kept else self._connect()
            try:
                answer = self._send(connection, method, target, headers, body)
            except (http.client.HTTPException, OSError) as error:
                connection.close()
                # The service may have closed a kept connection meanwhile; what it has begun must not be sent twice.
                if kept and isinstance(error, http.client.RemoteDisconnected | ConnectionError):
                    continue
                raise Unreachable(f"{self.scheme}://{self.netloc} did not answer {method} {target.partition('?')[0]}: "
                                  f"{error or type(error).__name__}") from None
            self._idle.append(connection)
            return answer

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.scheme == "https" else http.client.HTTPConnection
        return kind(self.netloc, timeout=PATIENCE)

    def _send(self, connection: http.client.HTTPConnection, method: str, target: str,
              headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        connection.putrequest(method, f"{self.path}{target}", skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.netloc)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                connection.putheader(name, value.encode("latin-1", "replace"))
        if body or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        headers = response.getheaders()
        if response.chunked and method != "HEAD":
            chunks = chunks_of(response)
            return Answer(response.status, headers, b"".join(chunks), chunks)
        return Answer(response.status, headers, response.read())


def chunks_of(response: http.client.HTTPResponse) -> list[bytes]:
    """The body as the service cut it: http.client joins what clients of streams see apart. Raises HTTPException."""
    chunks: list[bytes] = []
    while size := int(response.fp.readline().partition(b";")[0] or b"-1", 16):
        data = response.fp.read(size) if size > 0 else b""
        if len(data) < size or size < 0:
            raise http.client.IncompleteRead(b"".join(chunks))
        chunks.append(data)
        response.fp.readline()
    while response.fp.readline() not in (b"\r\n", b"\n", b""):
        pass  # trailers
    response.close()
    return chunks
