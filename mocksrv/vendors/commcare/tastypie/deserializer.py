"""Request bodies of tastypie resources: JSON or tastypie's XML."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import orjson

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import CANNED, bad_request, failed


def load(call: Call) -> Any:
    """The body's data. Raises 400 for broken JSON or XML and 415 for another content type."""
    kind = call.header("content-type").partition(";")[0].strip().lower()
    if kind in ("", "application/json", "text/javascript"):
        try:
            data = json.loads(call.body)
        except RecursionError:
            raise failed("the JSON is nested too deeply") from None
        except ValueError:
            raise bad_request("Request is not valid JSON.") from None
        return storable(data)
    if kind in ("application/xml", "text/xml"):
        return load_xml(call.body)
    raise Refusal(415, CANNED, diagnosis=f"send JSON with Content-Type: application/json, not {kind}")


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


def load_objects(call: Call) -> list[Any]:
    """The `objects` of a PATCH on a list, as Python iterates over whatever value it is. Raises 400 and the canned 500.
    """
    data = load(call)
    if isinstance(data, dict | list | str) and "objects" not in data:
        raise bad_request("Invalid data sent: missing 'objects'")
    if not isinstance(data, dict):
        raise failed("the body must be one JSON object")
    try:
        return list(data["objects"])
    except TypeError:
        raise failed("objects must be a list") from None


def load_xml(text: bytes) -> Any:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        return storable(value_of(fromstring(text)))
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        raise bad_request("Request is not valid XML.") from None


def value_of(node: Element) -> Any:
    """The value of an element of tastypie's XML."""
    kind = node.get("type")
    if node.tag in ("object", "response") or kind == "hash" or (kind is None and len(node)):
        return {child.tag: value_of(child) for child in node}
    if kind == "list":
        return [value_of(child) for child in node]
    if kind == "null":
        return None
    text = node.text or ""
    if kind == "boolean":
        return text.lower() == "true"
    return int(text) if kind == "integer" else float(text) if kind == "float" else text
