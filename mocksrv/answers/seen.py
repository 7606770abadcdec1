"""What own answers are made from: the request, the operation's own answer, and the world, as templates see them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from mocksrv.call import Call, Reply
from mocksrv.clock import stopwatch
from mocksrv.templates.members import Members
from mocksrv.vendor import Vendor
from mocksrv.world import World

SEEN = 1024 * 1024  # bytes of a body that a template may look into
LARGEST = 16 * 1024 * 1024  # bytes of a streamed answer that another is made from
PATIENCE = 30.0  # seconds that it may take: feeds need not end at all


class Message(Members):
    """A request or an answer: `body` as bytes, as `text`, and as what its JSON says."""

    what = ""

    @property
    def body(self) -> bytes:
        raise NotImplementedError

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """Raises ValueError where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise ValueError(f"the {self.what} has no body of JSON") from None

    def member(self, name: str) -> Any:
        if name in ("json", "text") and len(self.body) > SEEN:
            raise AttributeError(f"the {self.what} has more than {SEEN // 2**20} MB, too much for a template")
        try:
            return super().member(name)
        except ValueError as error:
            raise AttributeError(str(error)) from None


class Request(Message):
    """What was asked. Names of headers are in lower case; of a query parameter the last value counts."""

    what = "request"
    shown = ("method", "path", "params", "query", "headers", "json", "text", "caller")

    def __init__(self, vendor: Vendor[Any], call: Call) -> None:
        self._call = call
        self.method, self.path, self.params = call.method, call.path, call.params
        self.query, self.headers = dict(call.query), dict(call.headers)
        self.caller = vendor.caller_name(call)

    @property
    def body(self) -> bytes:
        return self._call.body


class Real(Message):
    """What the operation itself answers. Names of headers are in lower case."""

    what = "operation's own answer"
    shown = ("status", "headers", "json", "text")

    def __init__(self, reply: Reply) -> None:
        self.status, self._reply = reply.status, reply
        self.headers = {name.lower(): value for name, value in reply.headers}

    @property
    def body(self) -> bytes:
        """A streamed body is read when somebody looks at it. Raises ValueError if it does not end."""
        if self._reply.streams:
            self._reply.body = whole(self._reply.body)
        return bytes(self._reply.body)


def whole(chunks: Iterator[bytes]) -> bytes:
    """A streamed body in one piece. Raises ValueError if it is too large for that, or does not end."""
    body, end = bytearray(), stopwatch() + PATIENCE
    for chunk in chunks:
        body += chunk
        if len(body) > LARGEST:
            raise ValueError(f"the operation's own answer has more than {LARGEST // 2**20} MB")
        if stopwatch() > end:
            raise ValueError(f"the operation's own answer is a stream that does not end within {PATIENCE:g} s")
    return bytes(body)


class Known(Members):
    """What a template may ask of a world."""

    shown = ("name", "now", "url", "document", "count")

    def __init__(self, world: World, call: Call) -> None:
        self._tables = world.store.declared
        self.name, self.now, self.url = world.name, world.clock.iso(), call.base_url

    def document(self, table: str, id: str) -> Mapping[str, Any] | None:
        """A document by its table and its id; None if there is none."""
        found: Mapping[str, Any] | None = self._table(table).get(str(id))
        return found

    def count(self, table: str) -> int:
        """How many documents a table has."""
        return len(self._table(table))

    def _table(self, name: str) -> Any:
        if name not in self._tables:
            near = get_close_matches(str(name), self._tables, 3) or sorted(self._tables)[:3]
            raise ValueError(f"there is no table {str(name)[:80]!r}: the nearest are {', '.join(near)}")
        return self._tables[name]
