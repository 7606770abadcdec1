"""Live exchanges as a fixture that may be committed: their structure, with made-up values in the place of all others.

One line of JSON for each exchange, the keys of `request` and `response` in the order in which one reads HTTP:

    {"case": "...", "operation": "get_person",
     "request": {"method": "GET", "path": "/api/v1/person/00000000-0000-4000-8000-000000000001",
                 "query": [["with_lineage", "true"]], "headers": {"Accept": "application/json"}, "body": null},
     "response": {"status": 200, "headers": {"Content-Type": "application/json; charset=utf-8"},
                  "body": {"json": {"_id": "00000000-0000-4000-8000-000000000001", "name": "Text 2"}}}}

A body is `{"json": data}`, `{"json lines": [data]}`, `{"form": [[name, value]]}`, `{"csv": [rows]}`, `{"xml": data}`
with elements as lists by their names, or only its kind: "empty", "text", "binary", "broken".
"""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from mocksrv.drift.csv_xml_shape import namespace, parsed, plain
from mocksrv.drift.declared import declared
from mocksrv.drift.samples import Choices, Samples

if TYPE_CHECKING:
    from mocksrv.call import Call
    from mocksrv.live.forward import Answer, Headers

TRUTH = ("true", "false")
# The headers that are kept, and what of their values: all else about them is left out.
TYPES = ("json", "x-www-form-urlencoded", "xml", "csv", "html", "plain", "form-data", "octet-stream", "zip", r"\*")
MEDIA_TYPE = re.compile(rf"(?:application|text|multipart|\*)/(?:{'|'.join(TYPES)})(?:; ?charset=utf-8)?", re.IGNORECASE)
METHODS = re.compile(r"(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|COPY)(?:, ?|$))+")
SCHEME = re.compile(r"(?:Basic|Bearer|ApiKey|Digest)\b")
HEADERS: dict[str, re.Pattern[str]] = {
    "content-type": MEDIA_TYPE, "accept": MEDIA_TYPE, "allow": METHODS, "authorization": SCHEME,
    "www-authenticate": SCHEME,
}
NAMED = ("set-cookie", "location", "etag", "retry-after", "last-modified", "content-disposition", "link")
VALUE = "..."  # of a header that only has its name kept


class Fixture:
    """The exchanges of a run, in a file as they come; `names` are what the API declares."""

    def __init__(self, file: Path, names: frozenset[str]) -> None:
        self.samples = Samples(names)
        file.parent.mkdir(parents=True, exist_ok=True)
        self._out = file.open("w", encoding="utf-8", buffering=1)  # by lines: a killed run has told what it saw
        self._lock = threading.Lock()

    def add(self, case: str, call: Call, answer: Answer) -> None:
        """Take in one exchange; `case` is the suite's own word for it."""
        with self._lock:
            self._out.write(json.dumps(self.line(case, call, answer), ensure_ascii=False) + "\n")

    def close(self) -> None:
        with self._lock:
            self._out.close()

    def line(self, case: str, call: Call, answer: Answer) -> dict[str, Any]:
        operation = call.operation
        choices = declared(operation).choices if operation and answer.status < 300 else {}
        sent = list(call.headers.items())
        return {
            "case": case, "operation": operation.name if operation else None,
            "request": {"method": call.method if operation else None, "path": self.path(call),
                        "query": self.pairs(call.query), "headers": self.headers(sent),
                        "body": self.body(call.body, sent, {})},
            "response": {"status": answer.status, "headers": self.headers(answer.headers),
                         "body": self.body(answer.plain, answer.headers, choices)},
        }

    def path(self, call: Call) -> str | None:
        """The operation's own path, with made-up values for its parameters."""
        if call.operation is None:
            return None
        return re.sub(r"\{(\w+)\}", lambda found: quote(self.samples.text(call.params.get(found[1], "")), safe=""),
                      call.operation.path)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
        return [[self.samples.name(name), value if value in TRUTH else self.samples.text(value)]
                for name, value in pairs]

    def headers(self, headers: Headers) -> dict[str, str]:
        kept = {}
        for name, value in headers:
            if rule := HEADERS.get(name.lower()):
                found = rule.match(value)
                kept[name.title()] = found[0] if found and (rule is SCHEME or found.end() == len(value)) else VALUE
            elif name.lower() in NAMED:
                kept[name.title()] = VALUE
        return kept

    def body(self, data: bytes, headers: Headers, choices: Choices) -> Any:
        if not data:
            return "empty"
        kind = next((value.lower() for name, value in headers if name.lower() == "content-type"), "")
        read = next((read for sign, read in READERS if sign in kind), None)
        if read is None and data.lstrip()[:1] in (b"{", b"["):
            read = Fixture.json  # CouchDB calls it text/plain for clients that do not ask for JSON
        try:
            return read(self, data, choices) if read else "text" if kind.startswith("text/") else "binary"
        except (ValueError, csv.Error, RecursionError):
            return "broken"

    def json(self, data: bytes, choices: Choices) -> Any:
        try:
            return {"json": self.samples.value(json.loads(data), choices)}
        except ValueError:
            lines = [json.loads(line) for line in data.splitlines() if line.strip()]
            return {"json lines": [self.samples.value(line, {}) for line in lines]}

    def form(self, data: bytes, choices: Choices) -> Any:
        return {"form": self.pairs(parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True))}

    def csv(self, data: bytes, choices: Choices) -> Any:
        head, *rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline="")) if row]
        return {"csv": [[self.samples.name(cell) for cell in head], *([*map(self.samples.text, row)] for row in rows)]}

    def xml(self, data: bytes, choices: Choices) -> Any:
        root = parsed(data)
        return {"xml": self.samples.value({namespace(root.tag)[1]: [plain(root)]}, {})}


READERS: tuple[tuple[str, Callable[[Fixture, bytes, Choices], Any]], ...] = (
    ("json", Fixture.json), ("x-www-form-urlencoded", Fixture.form), ("csv", Fixture.csv), ("xml", Fixture.xml))
