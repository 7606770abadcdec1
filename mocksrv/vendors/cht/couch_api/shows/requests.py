"""The request as functions of design documents see it, and the answer that they give.

CouchDB 3.3 source, chttpd_external.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from mocksrv.call import Headers
from mocksrv.vendors.cht import errors, rendering, routing
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch_api import databases
from mocksrv.vendors.cht.node import json_text
from mocksrv.world import World

DECODED = ("startkey", "endkey", "key", "descending")  # options of the query that are JSON
FORM = "application/x-www-form-urlencoded"
JSON, HTML, BINARY = "application/json", "text/html; charset=utf-8", "application/binary"
MEMBERS = ("code", "stop", "json", "body", "base64", "headers")
HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
FRAMING = ("connection", "content-length", "transfer-encoding")


def described(world: World, call: Call, db: Database, id: str | None) -> dict[str, Any]:
    """The request object."""
    raw = routing.sent_path(call)
    path = [unquote(part) for part in raw.strip("/").split("/")]
    text = call.body.decode("utf-8", "replace") if call.body else "undefined"
    form = call.method in ("POST", "PUT") and call.header("content-type").startswith(FORM)
    cookies = (part.strip().partition("=") for part in call.header("cookie").split(";"))
    return {
        "info": databases.described(db), "uuid": documents.new_id(world), "id": id, "method": call.method,
        "requested_path": path, "path": path, "raw_path": call.target, "query": query(call),
        "headers": {"-".join(word.capitalize() for word in name.split("-")): value
                    for name, value in call.headers.items() if name != "authorization"},
        "body": text, "peer": "127.0.0.1", "form": dict(parse_qsl(text, keep_blank_values=True)) if form else {},
        "cookie": {name: value for name, _, value in cookies if name},
        "userCtx": {"db": db.name, "name": call.caller.name, "roles": list(call.caller.roles)},
        "secObj": db.security() or {},
    }


def query(call: Call) -> dict[str, Any]:
    """The query; keys of rows are JSON."""
    found: dict[str, Any] = dict(call.query)
    for name in DECODED:
        if name in found:
            try:
                found[name] = json_text.loads(found[name])
            except ValueError:
                errors.couch(400, "bad_request", "invalid UTF-8 JSON")
    return found


def answer(response: Mapping[str, Any], more: Headers, status: int = 200,
           body: str | None = None) -> rendering.CouchReply:
    """The answer that a function has described. Its own status counts only where none is given."""
    for name, value in response.items():
        if name not in MEMBERS:
            errors.couch(500, "external_response_error", f"Invalid data from external server: {{<<\"{name}\">>,"
                                                         f"{json_text.text(value)}}}")
    code = response.get("code", status)
    if not isinstance(code, int) or isinstance(code, bool) or not 200 <= code <= 599:
        errors.unknown("function_clause", diagnosis=f"{code!r} is no status")
    kind, content = JSON, (body or "").encode()
    if "json" in response:
        content = json_text.dumps(response["json"]) + b"\n"
    elif "base64" in response:
        kind, content = BINARY, decoded(response["base64"])
    elif "body" in response and body is None:
        kind, content = HTML, shown(response["body"]).encode("utf-8", "surrogatepass")
    headers = given_headers(response)
    kind = next((value for name, value in headers if name.lower() == "content-type"), kind)
    names = {name.lower() for name, _ in more}
    kept = [(name, value) for name, value in headers if name.lower() not in ("content-type", *names)]
    return rendering.CouchReply(content, code, [*more, *kept], content_type=kind)


def given_headers(response: Mapping[str, Any]) -> Headers:
    """The headers of an answer, their values in UTF-8 as CouchDB sends them; refuses what cannot be one. How the body
    is sent is not theirs to say."""
    given = response.get("headers") or {}
    if not isinstance(given, dict):
        errors.unknown("function_clause", diagnosis="headers must be an object")
    found = [(name, rendering.header_value(shown(value)))
             for name, value in given.items() if name.lower() not in FRAMING]
    if any(not HEADER.fullmatch(name) for name, _ in found):
        errors.unknown("function_clause", diagnosis="the names of headers are tokens")
    return found


def shown(value: Any) -> str:
    return value if isinstance(value, str) else json_text.text(value)


def decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(shown(value), validate=True)
    except (binascii.Error, ValueError):
        errors.unknown("function_clause", diagnosis="base64 must be base64")
