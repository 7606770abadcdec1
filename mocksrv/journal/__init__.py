"""The journal: requests and answers of a world in the order of the requests; bounded, secrets redacted."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count
from typing import Any

from mocksrv.journal.redaction import (
    REDACTED,
    is_secret_body,
    redact,
    redact_headers,
    redact_target,
    redactor,
    text_of,
)

KEPT = 1_000  # exchanges
LARGEST = 16 * 1024 * 1024  # bytes of all of them
EACH = 2_048  # bytes that an exchange takes beside its texts
BODY = 2_048  # bytes of a body that are shown
SHA256 = "^[0-9a-fA-F]{64}$"  # the hash of a body


@dataclass
class Entry:
    """One exchange. Times: `at` in the world's ISO time, `seconds` of real time."""

    id: int
    at: str
    method: str
    target: str
    headers: Mapping[str, str]
    vendor: str | None = None
    operation: str | None = None
    caller: str | None = None
    fault: str | None = None
    status: int | None = None
    seconds: float = 0.0
    failed: bool = False  # mocksrv itself failed; a 500 of the vendor's own does not count
    diagnosis: list[str] = field(default_factory=list)
    request_body: bytes = b""  # whole; the first part, when it is cut
    request_size: int = 0
    response_headers: Iterable[tuple[str, str]] = ()
    response_body: bytes = b""
    response_size: int = 0
    request_sha256: str = ""  # of the whole body, when it is cut
    weight: int = 0  # bytes in memory, roughly
    answered_by: str | None = None  # such as "own answer 3": not by the vendor's rules

    def describe(self) -> dict[str, Any]:
        """Plain data, with secrets redacted and bodies cut; those of the request in what is said about it, too."""
        redacted = self.redactor()
        return {
            "id": self.id,
            "at": self.at,
            "method": self.method,
            "target": redact_target(self.target),
            "vendor": self.vendor,
            "operation": self.operation,
            "caller": self.caller,
            "status": self.status,
            "fault": self.fault,
            "answered_by": self.answered_by,
            "failed": self.failed,
            "diagnosis": [redacted(line) for line in self.diagnosis],
            "seconds": round(self.seconds, 6),
            "request": {"headers": redact_headers(self.headers.items()), "body": self._asked()},
            "response": {"headers": [[name, redacted(value)] for name, value in redact_headers(self.response_headers)],
                         "body": redacted(readable(self.response_body, self.response_size))},
        }

    def redactor(self, most: int = BODY) -> Callable[[str], str]:
        """What takes the request's secrets, found in so many bytes of its body, out of a text about it."""
        asked = (f"{name}: {value}" for name, value in self.headers.items())
        return redactor(self.target, text_of(self.request_body[:most]), *asked)

    def line(self, style: str, world: str) -> str:
        """The exchange in the server's log: as "json", or as text with a line for each diagnosis."""
        described = self.describe()
        wanted = ("at", "method", "target", "vendor", "operation", "caller", "status", "failed", "diagnosis")
        fields = {"world": world, "ms": round(self.seconds * 1000, 2), **{name: described[name] for name in wanted}}
        if style == "json":
            return json.dumps(fields)
        line = "{status} {method} {target} [{world}] {vendor}.{operation} {caller} {ms} ms".format(**fields)
        return "\n    ".join([line, *described["diagnosis"]])

    def cut(self) -> int:
        """Keep the first part of the request's body and the hash of all of it; how many bytes that frees."""
        freed = max(0, len(self.request_body) - BODY)
        if freed:
            self.request_sha256 = hashlib.sha256(self.request_body).hexdigest()
            self.request_body = self.request_body[:BODY]
        return freed

    def weigh(self) -> int:
        """Bytes in memory, roughly, of the entry when it is complete; `weight` from then on."""
        texts = sum(map(len, self.headers)) + sum(map(len, self.headers.values())) + sum(map(len, self.diagnosis))
        texts += sum([len(name) + len(value) for name, value in self.response_headers])
        self.weight = EACH + texts + len(self.target) + len(self.request_body) + len(self.response_body)
        return self.weight

    @property
    def body_is_secret(self) -> bool:
        """Whether nothing of the request's body may be shown."""
        kind, begin = self.headers.get("content-type", ""), self.request_body[:BODY]
        return bool(begin) and is_secret_body(self.target, kind, begin)

    def _asked(self) -> str:
        if self.body_is_secret:
            return REDACTED
        return readable(self.request_body, self.request_size)


def readable(body: bytes, size: int = 0) -> str:
    """A body's first part, as text; `size` is the whole one's."""
    size = max(size, len(body))
    text = redact(text_of(body[:BODY]))
    return text if size <= BODY else f"{text}... ({size} bytes)"


QUERY = ("vendor", "operation", "method", "status", "caller", "fault", "answered_by", "failed", "path", "diagnosis")


def matches(entry: Entry, wanted: Mapping[str, Any]) -> bool:
    """Whether an exchange is as wanted.

    `path` may hold * and ?; `diagnosis` is a part of one; `status` a number or a class such as "4xx"; others are equal,
    but for the case of letters in `failed`.
    """
    for name, value in wanted.items():
        if name == "path":
            found = fnmatchcase(entry.target.partition("?")[0], str(value))
        elif name == "diagnosis":
            found = any(str(value) in line for line in entry.diagnosis)
        elif name == "status" and str(value).endswith("xx"):
            found = str(entry.status)[:1] == str(value)[:1]
        elif name == "failed":
            found = str(entry.failed).lower() == str(value).lower()
        else:
            found = str(getattr(entry, name)) == str(value)
        if not found:
            return False
    return True


class Journal:
    """The last exchanges of a world: so many, and so many bytes of them."""

    def __init__(self, kept: int = KEPT, largest: int = LARGEST) -> None:
        self.kept, self.largest = kept, largest
        self.weight = 0  # bytes
        self.forgotten = 0  # number of older exchanges that were dropped
        self._entries: deque[Entry] = deque()
        self._ids = count(1)
        self._added = threading.Condition()
        self._count = 0  # of all that were ever added

    def add(self, entry: Entry) -> None:
        with self._added:
            self._entries.append(entry)
            self._count += 1
            self.weight += entry.weigh()
            self._shrink(self.largest)
            self._added.notify_all()

    def shrink(self, largest: int) -> None:
        """Forget the oldest until the rest takes no more than so many bytes."""
        with self._added:
            self._shrink(largest)

    def _shrink(self, largest: int) -> None:
        """Of what is too heavy the rest of long bodies goes first, the oldest before others, then exchanges."""
        if self.weight > largest:
            for entry in self._entries:
                freed = entry.cut()
                entry.weight -= freed
                self.weight -= freed
                if self.weight <= largest:
                    break
        while self._entries and (len(self._entries) > self.kept or self.weight > largest):
            self.weight -= self._entries.popleft().weight
            self.forgotten += 1

    def next_id(self) -> int:
        return next(self._ids)

    def find(self, limit: int | None = None, **wanted: Any) -> list[Entry]:
        """Entries that match what is wanted (see `matches`), the oldest first; the last `limit` of them."""
        found = [entry for entry in list(self._entries) if matches(entry, wanted)]
        return found if limit is None else found[-limit:] if limit else []

    def follow(self, patience: float) -> Iterator[list[Entry]]:
        """Entries that are added from now on, as they come; an empty list after so many seconds without any."""
        return self._follow(self._count, patience)

    def _follow(self, seen: int, patience: float) -> Iterator[list[Entry]]:
        while True:
            with self._added:
                if self._count == seen:
                    self._added.wait(patience)
                new = min(self._count - seen, len(self._entries))
                entries = list(self._entries)[len(self._entries) - new :]
                seen = self._count
            yield entries

    def clear(self) -> None:
        with self._added:
            self._entries.clear()
            self.weight = self.forgotten = 0

    def __len__(self) -> int:
        return len(self._entries)
