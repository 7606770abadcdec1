"""Requests on their way to a service, byte for byte as the client wrote them."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import ssl
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
              "transfer-encoding", "upgrade", "host", "content-length"}
READABLE = {"gzip", "deflate", "identity"}  # content codings that the gate can read and so record
UNREADABLE = ["br;q=0", "zstd;q=0"]  # what a service may otherwise choose for *
ONCE = {"GET", "HEAD", "OPTIONS"}  # may be sent once more when a kept connection turns out to be closed
LONGEST_WAIT = 90.0  # seconds: a service that asks for more is not waited for
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
        try:
            if coding == "gzip":
                return gzip.decompress(self.body)
            return zlib.decompress(self.body) if coding == "deflate" else self.body
        except (OSError, EOFError, zlib.error):  # not in the coding that it declares
            return self.body

    def json(self) -> Any:
        """The body's JSON, or None if it is not JSON."""
        try:
            return json.loads(self.plain)
        except (ValueError, RecursionError):
            return None


class Forward:
    """Sends requests to one base URL, from any number of threads; connections are kept for the next request.

    Raises ValueError, which says what is wrong with the URL but does not repeat it.
    """

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be a URL that begins with https:// or http://")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("must be a URL without a user, a password, a query or a fragment")
        self.scheme, self.host, self.path = parts.scheme, parts.hostname, parts.path.rstrip("/")
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = parts.port in (None, {"http": 80, "https": 443}[self.scheme])
        self.netloc = name if usual else f"{name}:{parts.port}"
        self.base_url = f"{self.scheme}://{self.netloc}{self.path}"
        port = "(?::80|:443)?" if usual else ""
        self.links = re.compile(rf"(?i:https?://{re.escape(self.netloc)}){port}{re.escape(self.path)}(?![\w.:@-])")
        self._idle: list[http.client.HTTPConnection] = []  # append and pop are atomic

    def send(self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Answer:
        """Raises Unreachable."""
        while True:
            connection = self._kept() if method in ONCE else None
            kept = connection is not None
            connection = connection or self._connect()
            try:
                answer = self._send(connection, method, target, headers, body)
            except (http.client.HTTPException, OSError) as error:
                connection.close()
                # The service may have closed a kept connection meanwhile. Writes never use one: nobody would know
                # whether they were done.
                if kept and isinstance(error, http.client.RemoteDisconnected | ConnectionError):
                    continue
                raise Unreachable(f"{self.scheme}://{self.netloc} did not answer {method} {target.partition('?')[0]}: "
                                  f"{error or type(error).__name__}") from None
            self._idle.append(connection)
            return answer

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Certificates are checked; SSL_CERT_FILE and SSL_CERT_DIR name others to trust."""
        return ssl.create_default_context()

    def _kept(self) -> http.client.HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connect(self) -> http.client.HTTPConnection:
        if self.scheme == "https":
            return http.client.HTTPSConnection(self.netloc, timeout=PATIENCE, context=self._tls)
        return http.client.HTTPConnection(self.netloc, timeout=PATIENCE)

    def _send(self, connection: http.client.HTTPConnection, method: str, target: str,
              headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        connection.putrequest(method, f"{self.path}{target}", skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.netloc)
        for name, value in headers:
            if name.lower() == "accept-encoding":
                value = readable(value)
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
    """The chunks of the body as the service sent them, which http.client would join. Raises HTTPException."""
    chunks: list[bytes] = []
    while size := size_of(response.fp.readline()):
        data = response.fp.read(size) if size > 0 else b""
        if len(data) < size or size < 0:
            raise http.client.IncompleteRead(b"".join(chunks))
        chunks.append(data)
        response.fp.readline()
    while response.fp.readline() not in (b"\r\n", b"\n", b""):
        pass  # trailers
    response.close()
    return chunks


def size_of(line: bytes) -> int:
    """The size of a chunk, -1 if the line has none."""
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        return -1


def readable(codings: str) -> str:
    """The codings of an Accept-Encoding that the gate can read; `*` stays, but for those that it cannot."""
    kept = [coding for coding in codings.split(",") if coding.partition(";")[0].strip().lower() in READABLE | {"*"}]
    if any(coding.strip().startswith("*") for coding in kept):
        kept += UNREADABLE
    return ",".join(kept).strip() or "identity"


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
