"""Tastypie's XML, with the two changes that HQ makes: `id` as an attribute, and cases as CaseXML."""

from __future__ import annotations

import re
from typing import Any

from lxml.etree import Element, SubElement, tostring

from mocksrv.vendors.commcare.errors import failed

CASE_NS = "http://commcarehq.org/case/transaction/v2"
NAME = re.compile(r"[^\W\d][\w.-]*")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
KINDS = {bool: "boolean", int: "integer", float: "float"}
PLAIN = {"meta", "objects", "default_format", "error", "error_message"}  # keys of what is no resource's object
OWN = {"location", "location_type"}  # resources that have tastypie's own serializer, and not HQ's


def encode(data: Any, resource: str = "") -> bytes:
    """A list's body, an object, an error or what a write answers as a document. Raises the canned 500 for what no XML
    holds.
    """
    custom, plain = resource not in OWN, isinstance(data, dict) and (PLAIN & data.keys() or data.keys() <= {"id"})
    try:
        root = element("response", data, typed=False, custom=custom) if plain else whole(data, custom=custom)
    except ValueError as error:
        raise failed(f"no XML holds this: {error}") from None
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + tostring(root, encoding="utf-8")


def whole(data: Any, *, custom: bool) -> Any:
    """What a resource shows: of a case CaseXML, of all else an element without a type."""
    return case(data) if isinstance(data, dict) and is_case(data) else element("", data, typed=False, custom=custom)


def element(name: str, data: Any, *, typed: bool = True, custom: bool) -> Any:
    """One value under its name; `typed` adds the type of a dict, `custom` is for HQ's CustomXMLSerializer. Raises
    ValueError for a name or text that XML does not have.
    """
    name = name.strip() if custom else name
    if isinstance(data, dict):
        node = Element(name or "object")
        if typed:
            node.set("type", "hash")
        listed = name == "response" and not typed
        children = [page(key, value, custom=custom) if listed and key == "objects" else
                    element(key, value, custom=custom) for key, value in data.items()]
        node.extend(sorted(children, key=tag_of))
    elif isinstance(data, list):
        node = Element(name or "objects")
        if name:
            node.set("type", "list")
        node.extend(sorted((element("", item, custom=custom) for item in data), key=tag_of))
    else:
        node = Element(name or "value")
        if data is None:
            node.set("type", "null")
        else:
            if kind := KINDS.get(type(data)):
                node.set("type", kind)
            node.text = str(data)
    return with_id(node) if custom else node


def page(name: str, objects: list[Any], *, custom: bool) -> Any:
    """The objects of a list."""
    node = Element(name, {"type": "list"})
    node.extend(whole(one, custom=custom) for one in objects)
    return node


def tag_of(node: Any) -> str:
    return str(node.tag)


def with_id(node: Any) -> Any:
    """An element whose child `id` has become an attribute, as in HQ's CustomXMLSerializer."""
    id = node.find("id")
    if id is not None:
        node.set("id", id.text or "")
        node.remove(id)
    return node


def text(value: str) -> str:
    return UNPRINTABLE.sub("", value)


def is_case(data: dict[str, Any]) -> bool:
    return "case_id" in data and "xform_ids" in data


def case(data: dict[str, Any]) -> Any:
    """A case as CaseXML."""
    node = Element("case", {"case_id": data["case_id"], "date_modified": data["date_modified"] or "",
                            "user_id": data["user_id"] or "", "xmlns": CASE_NS})
    properties = data["properties"]
    create = SubElement(node, "create")
    for name in ("case_type", "case_name", "owner_id"):
        SubElement(create, name).text = text(properties[name] or "")
    update = SubElement(node, "update")
    for name in sorted(properties):
        if name not in ("case_type", "case_name", "owner_id") and NAME.fullmatch(name):
            SubElement(update, name).text = text(str(properties[name] or ""))
    if data["indices"]:
        index = SubElement(node, "index")
        for name, held in sorted(data["indices"].items()):
            SubElement(index, name, {"case_type": held["case_type"],
                                     "relationship": held["relationship"]}).text = held["case_id"]
    if data["closed"]:
        SubElement(node, "close")
    return node
