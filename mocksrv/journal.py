"""What was asked and answered, in the order of the questions; bounded, with secrets blotted out."""

from __future__ import annotations

import itertools
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KEPT = 1_000  # exchanges
BODY = 2_048  # bytes of a body
BLOTTED = "(redacted)"
SECRET_HEADERS = {"authorization", "cookie", "set-cookie", "x-carehq-signature"}
SECRET_FIELDS = re.compile(
    r"""(["']?(?:password|api_key|apikey|api_secret|secret|token|value)["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|[^&\s,}"]+)""",
    re.IGNORECASE,
)
SECRET_PATH = re.compile(r"(/login/token/)[^/?]+")


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
    diagnosis: list[str] = field(default_factory=list)
    request_body: bytes = b""
    response_headers: Iterable[tuple[str, str]] = ()
    response_body: bytes = b""

    def describe(self) -> dict[str, Any]:
        """Plain data, with secrets blotted out and bodies cut."""
        return {
            "id": self.id,
            "at": self.at,
            "method": self.method,
            "target": blot(SECRET_PATH.sub(rf"\1{BLOTTED}", self.target)),
            "vendor": self.vendor,
            "operation": self.operation,
            "caller": self.caller,
            "status": self.status,
            "fault": self.fault,
            "diagnosis": list(self.diagnosis),
            "seconds": round(self.seconds, 6),
            "request": {"headers": blot_headers(self.headers.items()), "body": readable(self.request_body)},
            "response": {"headers": blot_headers(self.response_headers), "body": readable(self.response_body)},
        }


def blot(text: str) -> str:
    """The text with the values of secret-looking fields replaced."""
    return SECRET_FIELDS.sub(rf"\1{BLOTTED}", text)


def blot_headers(headers: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[name, BLOTTED if name.lower() in SECRET_HEADERS else value] for name, value in headers]


def readable(body: bytes) -> str:
    text = blot(body[:BODY].decode("utf-8", "replace"))
    return text if len(body) <= BODY else f"{text}... ({len(body)} bytes)"


QUERY = ("vendor", "operation", "method", "status", "caller", "fault", "path", "diagnosis")


def matches(entry: Entry, wanted: Mapping[str, Any]) -> bool:
    """Whether an exchange is as wanted.

    `path` may hold * and ?; `diagnosis` is a part of one; `status` a number or a class such as "4xx"; others are equal.
    """
    for name, value in wanted.items():
        if name == "path":
            found = fnmatchcase(entry.target.partition("?")[0], str(value))
        elif name == "diagnosis":
            found = any(str(value) in line for line in entry.diagnosis)
        elif name == "status" and str(value).endswith("xx"):
            found = str(entry.status)[:1] == str(value)[:1]
        else:
            found = str(getattr(entry, name)) == str(value)
        if not found:
            return False
    return True


class Journal:
    """The last exchanges of a world."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._ids = itertools.count(1)
        self._added = threading.Condition()
        self._count = 0  # of all that were ever added

    def add(self, entry: Entry) -> None:
        with self._added:
            self._entries.append(entry)
            self._count += 1
            self._added.notify_all()

    def next_id(self) -> int:
        return next(self._ids)

    def find(self, limit: int | None = None, **wanted: Any) -> list[Entry]:
        """Entries that match what is wanted (see `matches`), the oldest first; the last `limit` of them."""
        found = [entry for entry in list(self._entries) if matches(entry, wanted)]
        return found if limit is None else found[-limit:] if limit else []

    def follow(self, patience: float) -> Iterator[list[Entry]]:
        """What is added from now on, as it comes; an empty list after so many seconds without anything."""
        seen = self._count
        while True:
            with self._added:
                if self._count == seen:
                    self._added.wait(patience)
                new = min(self._count - seen, len(self._entries))
                entries = list(self._entries)[len(self._entries) - new :]
                seen = self._count
            yield entries

    def clear(self) -> None:
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)
