"""Request bodies that are not JSON, as Express' parsers read them: text, and flat forms.

CHT 4.15 source, api/src/routing.js (body-parser, type-is).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call

TEXT = ("text/plain", "application/xml", "text/csv")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MOST_FIELDS = 1000


def media_type(call: Call) -> str:
    """The content type without its parameters, in lower case."""
    return call.header("content-type").partition(";")[0].strip().lower()


def has_body(call: Call) -> bool:
    """Whether the request announces a body, even an empty one."""
    return call.header("content-length") != "" or call.header("transfer-encoding") != ""


def charset(call: Call) -> str:
    for parameter in call.header("content-type").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return "utf-8"


def text(call: Call, types: tuple[str, ...] = TEXT) -> str | None:
    """The body as text; None if it is of another type or there is none."""
    if media_type(call) not in types or not has_body(call):
        return None
    try:
        return call.body.decode(charset(call), "replace")
    except LookupError:
        errors.server_error(diagnosis=f"there is no charset {charset(call)}")


def form(call: Call) -> dict[str, Any]:
    """The fields of a form-encoded body; a repeated one is a list. `{}` for another type. Refuses other charsets."""
    fields: dict[str, Any] = {}
    if media_type(call) != FORM:
        return fields
    if charset(call).lower() != "utf-8":
        errors.server_error(diagnosis=f"forms must be in UTF-8, not {charset(call)}")
    pairs = parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    for name, value in pairs[:MOST_FIELDS]:
        if name in fields:
            old = fields[name]
            fields[name] = [*old, value] if isinstance(old, list) else [old, value]
        else:
            fields[name] = value
    return fields
