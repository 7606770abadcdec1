"""A journal as an HTTP Archive (HAR 1.2), which browsers and proxies open."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, urljoin

from mocksrv.journal import Entry


def archive(entries: Iterable[Entry], base_url: str) -> dict[str, Any]:
    """The exchanges, secrets redacted as everywhere in the journal."""
    creator = {"name": "mocksrv", "version": version("mocksrv")}
    return {"log": {"version": "1.2", "creator": creator, "entries": [item(entry, base_url) for entry in entries]}}


def item(entry: Entry, base_url: str) -> dict[str, Any]:
    shown = entry.describe()
    request, response = shown["request"], shown["response"]
    kind = {name.lower(): value for name, value in response["headers"]}.get("content-type", "")
    milliseconds = entry.seconds * 1000
    status = entry.status or 0
    known = status in HTTPStatus._value2member_map_
    query = parse_qsl(shown["target"].partition("?")[2], keep_blank_values=True)
    return {
        "startedDateTime": entry.at,
        "time": milliseconds,
        "request": {
            "method": entry.method, "url": urljoin(base_url, shown["target"]), "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": named(request["headers"]), "queryString": named(query), "headersSize": -1,
            "bodySize": entry.request_size,
            "postData": {"mimeType": dict(request["headers"]).get("content-type", ""), "text": request["body"]},
        },
        "response": {
            "status": status, "statusText": HTTPStatus(status).phrase if known else "", "httpVersion": "HTTP/1.1",
            "cookies": [], "headers": named(response["headers"]), "redirectURL": "", "headersSize": -1,
            "bodySize": entry.response_size,
            "content": {"size": entry.response_size, "mimeType": kind, "text": response["body"]},
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_operation": entry.operation,
        "_answeredBy": entry.answered_by,
        "_diagnosis": shown["diagnosis"],
    }


def named(pairs: Iterable[Iterable[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
