"""The shape of an answer, without any value of the service: the only part of an answer that may be stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mocksrv.drift.csv_xml_shape import of_csv, of_xml
from mocksrv.drift.generated_values import erase
from mocksrv.drift.headers import header_facts
from mocksrv.drift.json_shape import Declared, Place, Reading, node

Shape = dict[str, Any]


def shape(exchange: Mapping[str, Any], own: Iterable[object] = (), declared: Declared | None = None) -> Shape:
    """The shape of `{"status": int, "headers": [[name, value], ...], "body": bytes, "method": str}`.

    `own` are texts and numbers that the caller sent, which error texts may repeat; `declared` is what the operation
    says of its answers (see `declared`). `exchange` may have a `base`, the URL that paths begin at, an `order`, the
    member by which the caller wants rows sorted (`-name`: descending), and be `found`: the caller came upon the record
    there, whatever it has.
    """
    sent = frozenset(str(word) for word in own)
    status = exchange["status"]
    reading = Reading(sent, status >= 400, declared if declared and status < 300 else Declared(),
                      exchange.get("order", ""), exchange.get("found", False))
    return {"status": status, "headers": header_facts(exchange["headers"], sent, exchange.get("base", "")),
            "body": of_body(exchange, reading)}


def of_body(exchange: Mapping[str, Any], reading: Reading) -> Any:
    """`{"json": node}`, `{"csv": node}`, `{"xml": node}`, `{"text": words}` of an error, or a kind alone."""
    data: bytes = exchange["body"] or b""
    if exchange.get("method", "GET").upper() == "HEAD":
        return "none"
    if not data:
        return "empty"
    if reading.declared.files:
        return "binary"
    kind = next((value.lower() for name, value in exchange["headers"] if name.lower() == "content-type"), "")
    for sign, read in READERS:
        if sign in kind:
            return read(data, reading)
    if not kind.startswith("text/") and kind:
        return "binary"
    return of_text(data, reading)


def of_json(data: bytes, reading: Reading) -> Any:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return of_lines(data, reading) or "broken json"
    return {"json": node(value, reading, Place(words=True))}


def of_lines(data: bytes, reading: Reading) -> Any:
    """JSON line by line, as feeds have it."""
    try:
        return {"json lines": node([json.loads(line) for line in data.splitlines() if line.strip()], reading)}
    except (ValueError, RecursionError):
        return None


def of_text(data: bytes, reading: Reading) -> Any:
    """JSON is recognised by its text: CouchDB calls it text/plain for clients that do not ask for JSON."""
    if data.lstrip()[:1] in (b"{", b"["):
        shown = of_json(data, reading)
        if shown != "broken json":
            return shown
    return {"text": erase(data.decode("utf-8", "replace"), reading.own)} if reading.error else "plain"


READERS: tuple[tuple[str, Callable[[bytes, Reading], Any]], ...] = (
    ("json", of_json), ("csv", of_csv), ("html", lambda data, reading: "html"), ("xml", of_xml))
