"""HTTP/1.1 as bytes: parses requests from what a socket receives, and frames the answers of a WSGI app.

Requests are read with httptools, the Python face of llhttp: the parser of Node.js, so a malformed
request is refused here by the same rules as by a CHT server. Answers keep the app's header names,
order and values; only what framing needs is added.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from itertools import chain
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import httptools

HEAD_LIMIT = 64 * 1024  # bytes of request line and headers; nginx takes 32 kB, Node.js 16 kB
BODY_LIMIT = 512 * 1024 * 1024  # bytes of a request body
IN_MEMORY = 1024 * 1024  # a longer body goes to a temporary file

Send = Callable[[bytes], None]
Headers = list[tuple[str, str]]


class Unreadable(Exception):
    """The bytes are not a request that can be served; `status` is the 4xx or 5xx to answer."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class CutShort(Exception):
    """The app gave less body than its Content-Length promised: only closing the connection tells the client."""


class Request:
    """One request; `headers` are names and values as received, `body` is rewound."""

    __slots__ = ("body", "headers", "keep_alive", "method", "size", "target", "version")

    def __init__(self) -> None:
        self.method = ""
        self.target = b""
        self.version = "1.1"
        self.headers: Headers = []
        self.body: IO[bytes] = BytesIO()
        self.size = 0
        self.keep_alive = False


class RequestReader:
    """Takes bytes in any portions; complete requests are in `ready`, an error that ends the connection in `error`.

    The parser knows one request at a time, a client may send several at once: hence the queue. A body that is announced
    as longer than `longest` says is not waited for: its request is ready without it, and the last of its connection.
    """

    def __init__(self, longest: Callable[[Request], int] = lambda _: BODY_LIMIT) -> None:
        self._longest = longest
        self.ready: deque[Request] = deque()
        self.error: Unreadable | None = None
        self._restart()

    def _restart(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._request: Request | None = None
        self._in_body = False
        self._continue = False
        self._taken = 0

    @property
    def started(self) -> bool:
        """Whether a request has begun and is not complete yet."""
        return self._request is not None

    def wants_continue(self) -> bool:
        """True once per request whose client waits for "100 Continue" before it sends the body."""
        wanted, self._continue = self._continue, False
        return wanted

    def feed(self, data: bytes) -> None:
        while data:
            data = self._read(data)
        request = self._request
        # One rule against endless trailers and chunk extensions, and against a head that never comes to its end.
        if request is not None and self.error is None and self._taken > HEAD_LIMIT + 16 * request.size:
            self.error = too_long(request)

    def _read(self, data: bytes) -> bytes:
        """Read on; what is left is to be read, too: the parser stops at a request that asks for an upgrade."""
        self._taken += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._without_upgrade() + data[upgrade.args[0] :]
        except httptools.HttpParserInvalidMethodError:
            self.error = Unreadable(HTTPStatus.BAD_REQUEST, "the method is not known")
        except httptools.HttpParserError as error:
            refused = error.__context__
            if not isinstance(refused, Unreadable):
                refused = Unreadable(HTTPStatus.BAD_REQUEST, f"the request is malformed: {error}")
            self.error = refused
        return b""

    def _without_upgrade(self) -> bytes:
        """The request's head as if no upgrade were asked: RFC 9110, 7.8 lets a server ignore it.

        The parser skips the body of such a request (Java's client asks for h2c on every first POST).
        """
        request = self._request
        assert request is not None
        self._restart()
        kept = [(name, value) for name, value in request.headers if name.lower() != "upgrade"]
        return head_of(request, kept).encode("latin-1")

    # The callbacks of the parser.

    def on_message_begin(self) -> None:
        self._request = Request()
        self._in_body = False

    def on_url(self, part: bytes) -> None:
        if self._request is not None:
            self._request.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._request is not None and not self._in_body:  # else it is a trailer
            self._request.headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))

    def on_headers_complete(self) -> None:
        request = self._request
        assert request is not None
        self._in_body = True
        parser = self._parser
        request.method = parser.get_method().decode("ascii")
        request.version = parser.get_http_version()
        request.keep_alive = parser.should_keep_alive()
        if request.version not in ("1.1", "1.0"):
            raise Unreadable(HTTPStatus.BAD_REQUEST, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        if request.method == "CONNECT":
            raise Unreadable(HTTPStatus.METHOD_NOT_ALLOWED, "this is no proxy")
        if head_size(request) > HEAD_LIMIT:
            raise too_long(request)
        named = {name.lower(): value for name, value in request.headers}
        hosts = sum(name.lower() == "host" for name, _ in request.headers)
        if hosts > 1:  # two who read it could each take another (RFC 9112, 3.2)
            raise Unreadable(HTTPStatus.BAD_REQUEST, "there is more than one Host header")
        if request.version == "1.1":
            if not hosts:
                raise Unreadable(HTTPStatus.BAD_REQUEST, "HTTP/1.1 needs a Host header")
            self._continue = named.get("expect", "").lower() == "100-continue"
        length = named.get("content-length", "")
        if length.isdecimal() and (size := int(length[:20])) > IN_MEMORY and size > self._longest(request):
            request.keep_alive = self._continue = False
            self.ready.append(request)
            self._request = None

    def on_body(self, part: bytes) -> None:
        request = self._request
        if request is None:
            return  # nobody waits for it
        self._continue = False
        request.size += len(part)
        if request.size > BODY_LIMIT:
            raise Unreadable(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {BODY_LIMIT} bytes"
            )
        if request.size > IN_MEMORY and isinstance(request.body, BytesIO):
            spooled = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the request)
            spooled.write(request.body.getbuffer())
            request.body = spooled
        request.body.write(part)

    def on_message_complete(self) -> None:
        request = self._request
        if request is None:
            return
        if self._parser.should_upgrade():
            return  # feed() reads it again
        if request.size:
            request.body.seek(0)
        self.ready.append(request)
        self._request = None
        self._continue = False
        self._taken = 0


def head_of(request: Request, headers: Headers) -> str:
    """Request line and headers as they are sent, without optional whitespace."""
    lines = [f"{request.method} {request.target.decode('latin-1')} HTTP/{request.version}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers), "", ""])


def head_size(request: Request) -> int:
    """Bytes of the same."""
    line = len(request.method) + len(request.target) + len("  HTTP/1.1\r\n")
    return line + sum(map(len, chain(*request.headers))) + len(": \r\n") * len(request.headers) + len("\r\n")


def too_long(request: Request) -> Unreadable:
    url = len(request.target) > HEAD_LIMIT // 2
    return Unreadable(HTTPStatus.REQUEST_URI_TOO_LONG if url else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                      f"the request line and headers are longer than {HEAD_LIMIT} bytes")


def environ_of(request: Request, base: dict[str, Any]) -> dict[str, Any]:
    """The WSGI environ of one request (PEP 3333); `base` is what all requests share."""
    target = request.target
    if target[:1] != b"/" and target != b"*":
        target, authority = _split_absolute(target)
    else:
        authority = None
    path, _, query = target.partition(b"#")[0].partition(b"?")
    environ: dict[str, Any] = {
        **base,
        "REQUEST_METHOD": request.method,
        "PATH_INFO": (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/1.1" if request.version == "1.1" else "HTTP/1.0",
        "wsgi.input": request.body,
        "mocksrv.target": request.target.decode("latin-1"),
        "mocksrv.headers": request.headers,
    }
    chunked = False
    for name, value in request.headers:
        key = cgi_name(name)
        if key == "HTTP_TRANSFER_ENCODING":
            chunked = True  # the body is already put together: its length replaces the framing
        elif key in environ:
            environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        elif key:
            environ[key] = value
    if chunked:
        environ["CONTENT_LENGTH"] = str(request.size)
    if authority is not None:
        environ["HTTP_HOST"] = authority
    return environ


def _split_absolute(target: bytes) -> tuple[bytes, str]:
    """Path and authority of an absolute-form target (RFC 9112, 3.2.2: it replaces the Host header)."""
    scheme, found, rest = target.partition(b"://")
    if not found or scheme.lower() not in (b"http", b"https"):
        raise Unreadable(HTTPStatus.BAD_REQUEST, "the request target is no path")
    end = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
    path = rest[end:]
    return (path if path[:1] == b"/" else b"/" + path), rest[:end].decode("latin-1")


@lru_cache(maxsize=1024)
def cgi_name(header: str) -> str:
    """The environ's key for a header; "" for a name with "_", which could pose as another header."""
    if "_" in header:
        return ""
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


class Answer:
    """Frames the answer to one request; each write() of the app goes out at once, as one chunk or as it is.

    The head goes out with the first bytes of the body, in one packet.
    """

    def __init__(self, send: Send, request: Request, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.begun = False  # bytes of it have been sent
        self._send = send
        self._request = request
        self._status = ""
        self._headers: Headers = []
        self._chunked = False
        self._bodiless = False
        self._left: int | None = None  # bytes that Content-Length still promises

    def start_response(
        self, status: str, headers: Headers, exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        """PEP 3333's start_response."""
        try:
            if self.begun and exc_info:
                raise exc_info[1]
            if self._status and not exc_info:
                raise RuntimeError("start_response was called a second time without exc_info")
        finally:
            exc_info = None
        self._status, self._headers = status, headers
        return self.write

    def write(self, data: bytes) -> None:
        """Send one item of the body; an empty one sends nothing, not even the head (PEP 3333)."""
        if not data:
            return
        head = b"" if self.begun else self._head()
        if self._bodiless:
            data = b""
        elif self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        elif self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        self.begun = True
        if head or data:
            self._send(head + data if head else data)

    def finish(self) -> None:
        """The app has given the whole body."""
        tail = b"" if self.begun else self._head()
        if self._chunked and not self._bodiless:
            tail += b"0\r\n\r\n"
        self.begun = True
        if tail:
            self._send(tail)
        if self._left and not self._bodiless:
            raise CutShort(f"{self._left} bytes of the promised Content-Length are missing")

    def _head(self) -> bytes:
        if not self._status:
            raise RuntimeError("the app gave a body without calling start_response")
        headers, seen = self._headers, {name.lower(): value for name, value in self._headers}
        http11 = self._request.version == "1.1"
        code = self._status[:3]
        self._bodiless = self._request.method == "HEAD" or code in ("204", "304") or code[0] == "1"
        length = seen.get("content-length")
        if "transfer-encoding" in seen:
            self._chunked = http11
            if not http11:
                headers = [pair for pair in headers if pair[0].lower() != "transfer-encoding"]
        elif length is not None:
            self._left = int(length)
        elif not self._bodiless and http11:
            self._chunked = True
            headers = [*headers, ("Transfer-Encoding", "chunked")]
        unframed = not (self._chunked or self._bodiless or length is not None)
        if seen.get("connection", "").lower() == "close" or unframed:
            self.keep_alive = False
        headers = self._with_connection(headers, "connection" in seen, http11)
        head = "\r\n".join(
            [f"HTTP/1.1 {self._status}", *[f"{name}: {value}" for name, value in headers], "", ""]
        )
        lines = len(headers) + 2
        if head.count("\n") != lines or head.count("\r") != lines:
            raise ValueError("a line break in the status or in a header")
        return head.encode("latin-1")

    def _with_connection(self, headers: Headers, named: bool, http11: bool) -> Headers:
        """The app's own Connection header stays unless it would promise what does not happen."""
        if self.keep_alive:
            return headers if named or http11 else [*headers, ("Connection", "keep-alive")]
        kept = [
            (name, "close" if name.lower() == "connection" else value)
            for name, value in headers
            if name.lower() != "keep-alive"
        ]
        return kept if named else [*kept, ("Connection", "close")]


def failure(error: Unreadable) -> bytes:
    """A complete answer when the app gives none; the connection is closed after it."""
    body = f"{error.why}\n".encode("latin-1", "replace")
    head = (
        f"HTTP/1.1 {error.status.value} {error.status.phrase}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
