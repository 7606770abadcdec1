"""Request bodies on their way to CouchDB: some the API reads first, the rest CouchDB reads itself.

CHT 4.15 source, api/src/routing.js (jsonParser, writeParsedBody); CouchDB 3.3 source, chttpd (json_body).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import JSON, JSON_MEDIA, inflated, read_json


def forwarded_json(call: Call) -> Any:
    """A body that the API parses before it passes it on: `{}` without a JSON content type.

    The API passes the header Content-Encoding on with the decoded body, which CouchDB refuses.
    """
    if not read_json(call):
        errors.server_error(diagnosis="the body is not a JSON object or array")
    if not call.json and call.body and not JSON_MEDIA.match(call.header("content-type")):
        call.diagnose("the API reads only bodies of Content-Type application/json: CouchDB got {}")
    encoding = call.header("content-encoding", "identity").lower()
    if encoding == "gzip":
        errors.couch(400, "bad_request", "Request body is not properly gzipped.",
                     diagnosis="the API unpacks the body, but tells CouchDB that it is packed: send it unpacked")
    _known(encoding)
    check_text(call, call.json)
    return call.json


def must_be_json(call: Call) -> None:
    """Refuse a body without a JSON content type."""
    if call.header("content-type").partition(";")[0] != JSON:
        errors.couch(415, "bad_content_type", f"Content-Type must be {JSON}")


def couch_json(call: Call) -> Any:
    """A body as CouchDB itself reads it: JSON, possibly compressed with gzip."""
    data, encoding = call.body, call.header("content-encoding", "identity")
    if encoding == "gzip":
        try:
            data = inflated(call, data)
        except ValueError:
            errors.couch(400, "bad_request", "Request body is not properly gzipped.")
    else:
        _known(encoding)
    try:
        value = json_text.loads(data)
    except ValueError:
        errors.couch(400, "bad_request", "invalid UTF-8 JSON")
    check_text(call, value)
    return value


def check_text(call: Call, value: Any) -> None:
    """Refuse lone surrogates, which only escapes can make."""
    if b"\\u" in call.body and json_text.LONE in json_text.text(value):
        errors.couch(400, "bad_request", "invalid UTF-8 JSON")


def _known(encoding: str) -> None:
    if encoding not in ("identity", "gzip"):
        errors.couch(415, "bad_content_type", f"{encoding} is not a supported content encoding.")


def unquoted(text: str) -> str:
    """A percent-encoded text; broken UTF-8 becomes U+FFFD."""
    return unquote(text, errors="replace")
