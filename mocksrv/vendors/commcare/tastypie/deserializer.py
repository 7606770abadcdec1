"""Request bodies of tastypie resources: JSON or tastypie's XML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import CANNED, bad_request, failed

JSON, XML, PLIST = "application/json", "application/xml", "application/x-plist"
DECLARATION = re.compile(r"<\?xml.*?\?>", re.IGNORECASE)


def load(call: Call) -> Any:
    """The body's data, which a database must take. Raises what `parse` does, and 500."""
    return storable(parse(call))


def parse(call: Call) -> Any:
    """The body's data. Raises 400 for broken JSON or XML, 415 for another content type, 500 for what is no UTF-8."""
    kind = call.header("content-type", JSON).split(";")[0]
    if kind == PLIST:
        raise failed("tastypie reads property lists only with the library biplist")
    if kind == "multipart/form-data" and call.body and call.method != "POST":
        raise failed("tastypie looks for fields in it first, and cannot read it again")
    if kind not in (JSON, XML):
        raise Refusal(415, CANNED, diagnosis=f"send JSON with Content-Type: application/json, not {kind}")
    try:
        text = call.body.decode()
    except UnicodeDecodeError:
        raise failed("the body must be UTF-8") from None
    return load_json(text) if kind == JSON else load_xml(text)


def load_json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise failed("the JSON is nested too deeply") from None
    except ValueError:
        raise bad_request("Request is not valid JSON.") from None


def storable(data: Any) -> Any:
    """The data, if a database takes it: no lone surrogate, no NaN or infinity."""
    try:
        if b"null" in orjson.dumps(data):  # which orjson writes for NaN and the infinities, which Python reads
            json.dumps(data, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise failed(f"no database holds this: {error}") from None
    return data


def load_object(call: Call) -> dict[str, Any]:
    """A body that must be one object; anything else is an exception that HQ does not handle."""
    return as_bundle(load(call))


def as_bundle(data: Any) -> dict[str, Any]:
    """The data of one object as tastypie sees it: null and anything empty are an empty object."""
    data = data or {}
    if not isinstance(data, dict):
        raise failed("the body must be one JSON object")
    return data


def load_objects(call: Call, read: Callable[[Call], Any] = load) -> list[Any]:
    """The `objects` of a PATCH on a list, as Python iterates over whatever value it is. Raises 400 and the canned 500.
    """
    data = read(call)
    if isinstance(data, dict | list | str) and "objects" not in data:
        raise bad_request("Invalid data sent: missing 'objects'")
    if not isinstance(data, dict):
        raise failed("the body must be one JSON object")
    try:
        return list(data["objects"])
    except TypeError:
        raise failed("objects must be a list") from None


def load_xml(text: str) -> Any:
    """Raises a 400 without a text for broken XML, and for a document type."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(DECLARATION.sub("", text), forbid_dtd=True)
    except (ParseError, DefusedXmlException):
        raise bad_request("") from None
    try:
        return value_of(root)
    except (TypeError, ValueError, RecursionError) as error:
        raise failed(f"an element has no number: {error}") from None


def value_of(node: Element) -> Any:
    """The value of an element of tastypie's XML: from_etree of tastypie/serializers.py."""
    kind = node.get("type")
    if node.tag == "request":
        for child in node:
            if child.tag in ("object", "objects"):
                return value_of(child)
    if node.tag in ("request", "object") or kind == "hash":
        return {child.tag: value_of(child) for child in node}
    if node.tag == "objects" or kind == "list":
        return [value_of(child) for child in node]
    if kind in (None, "string"):
        return node.text
    if kind == "boolean":
        return node.text == "True"
    if kind == "integer":
        return int(node.text)  # type: ignore[arg-type]  # the caller handles an empty one
    return float(node.text) if kind == "float" else None  # type: ignore[arg-type]
