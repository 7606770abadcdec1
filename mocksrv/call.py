"""One request and what becomes of it: the call, the reply, the refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

from mocksrv.operation import Operation

Headers = list[tuple[str, str]]

BIG = 1024 * 1024  # bytes: larger bodies are weighed, and answered one at a time


class Refusal(Exception):
    """A refusal in the vendor's words; handlers and hooks raise it. Vendors subclass it; `body` is what their `render`
    makes the answer from.
    """

    def __init__(self, status: int, body: Any = None, headers: Iterable[tuple[str, str]] = (), *,
                 diagnosis: str | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = list(headers)
        self.diagnosis = diagnosis


class TooLarge(Refusal):
    """The request's body is larger than the vendor takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, "Payload Too Large", diagnosis=f"the body is larger than {limit} bytes")


def weight(data: bytes) -> int:
    """How much memory what a text says takes at most when it is parsed, in bytes: JSON, a form, CSV or XML.

    `[],` is three bytes and an object of 64. So what begins an object, a member or a text is counted, at what CPython
    takes for it. Quoted texts before a colon are names, which are kept once.
    """
    texts = max(0, data.count(b'"') // 2 - data.count(b":"))
    members = sum(map(data.count, (b",", b"&", b"\n")))
    return (len(data) + 64 * (data.count(b"[") + data.count(b"{")) + 80 * data.count(b":") + 24 * members + 56 * texts
            + 200 * data.count(b"<"))


@dataclass
class Reply:
    """An answer. From a handler `body` is plain data; after `render` it is bytes, or an iterator of chunks.

    Each chunk of an iterator goes out as it is made, under the world's lock; an error in the middle cuts the
    connection without the closing chunk. `chunked`: bytes that are sent without their length, as one chunk.
    """

    body: Any = None
    status: int = 200
    headers: Headers = field(default_factory=list)
    content_type: str | None = None
    chunked: bool = False

    @property
    def streams(self) -> bool:
        return isinstance(self.body, Iterator)

    def put(self, name: str, value: str) -> None:
        """Set a header in the place of those of that name."""
        self.headers = [(key, old) for key, old in self.headers if key.lower() != name.lower()] + [(name, value)]


class Finished(Reply):
    """An answer on the wire, which the vendor need not render any more."""


class Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Connection(Protocol):
    """The client's connection, as the server gives it."""

    def reset(self) -> None: ...
    def close(self) -> None: ...
    def send(self, data: bytes, /) -> None: ...


class Call:
    """One request, as handlers and vendors see it; vendors add what they find out about it on the way to a handler."""

    answered_by: str | None = None  # such as "own answer 3", where the operation's own one was not given

    def __init__(
        self,
        *,
        method: str,
        path: str,
        target: str,
        headers: Mapping[str, str],
        input: Reader | None = None,
        remote_addr: str = "127.0.0.1",
        scheme: str = "http",
        host: str = "127.0.0.1",
        prefix: str = "",
        max_body: int = 32 * 1024 * 1024,
        connection: Connection | None = None,
        room: Callable[[int], None] | None = None,
    ) -> None:
        self.method = method
        self.path = path  # decoded, within the vendor: without world prefix and mount
        self.target = target  # as received: undecoded, with prefix and query
        self.headers = headers  # names in lower case
        self.remote_addr = remote_addr
        self.scheme = scheme
        self.host = host  # as the client named it, with the port if it did
        self.prefix = prefix  # of the world and the mount: "/~name/cht", or ""
        self.max_body = max_body
        self.connection = connection  # for faults below HTTP; None in a test without a socket
        self.release = ""  # of the vendor's service that the world runs; "" where it has none
        self.operation: Operation | None = None
        self.allowed: tuple[str, ...] = ()  # the methods that this path has, when the method is not among them
        self.slashed = ""  # the path with a slash at its end, when only that is a route
        self.params: dict[str, str] = {}
        self.caller: Any = None  # whoever the vendor's identify found
        self.diagnosis: list[str] = []
        self.failed = False  # mocksrv itself failed; a 500 of the vendor's own does not count
        self.read_body = b""  # as much of the body as was asked for
        self._query: list[tuple[str, str]] | None = None
        self._input = input
        self._room = room  # raises a Refusal where there is not that much memory left

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name.lower(), default)

    def diagnose(self, text: str) -> None:
        """Advice for the developer: goes to the diagnosis header, the journal and the log, never into the body."""
        if text not in self.diagnosis:
            self.diagnosis.append(text)

    @property
    def base_url(self) -> str:
        """Scheme, host and prefix as the client used them: what links in answers begin with."""
        return f"{self.scheme}://{self.host}{self.prefix}"

    @property
    def query_string(self) -> str:
        """The query as received, without the question mark; "" when there is none; without a fragment."""
        return self.target.partition("#")[0].partition("?")[2]

    @property
    def query(self) -> list[tuple[str, str]]:
        """Decoded pairs in order, blank values kept; broken UTF-8 becomes U+FFFD."""
        if self._query is None:  # Python 3.11's cached_property takes a lock, which is two hundredths of a request
            self._query = parse_qsl(self.query_string, keep_blank_values=True)
        return self._query

    def arg(self, name: str, default: str | None = None) -> str | None:
        """The last value of a query parameter."""
        return next((value for key, value in reversed(self.query) if key == name), default)

    @property
    def body(self) -> bytes:
        """The request's body; raises TooLarge beyond `max_body`, unread if it is announced so."""
        length = self.header("content-length")
        if length.isdecimal() and int(length[:20]) > self.max_body:
            raise TooLarge(self.max_body)
        if self._input is not None:
            source, self._input = self._input, None
            self.read_body = source.read(self.max_body + 1)
            self.weigh(self.read_body)
        if len(self.read_body) > self.max_body:
            raise TooLarge(self.max_body)
        return self.read_body

    @property
    def big(self) -> bool:
        """Whether there may be a big body; one that is packed says nothing of its size."""
        length = self.header("content-length", "0")
        return "content-encoding" in self.headers or not length.isdecimal() or int(length[:20]) > BIG

    def weigh(self, data: bytes) -> None:
        """Ask whether there is memory for a body that is parsed next. Raises a Refusal of ours."""
        if self._room is not None and len(data) > BIG:
            self._room(weight(data))
