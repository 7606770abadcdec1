"""Tastypie's XML, with the two changes that HQ makes: `id` as an attribute, and cases as CaseXML."""

from __future__ import annotations

import re
from typing import Any

from lxml.etree import Element, SubElement, tostring

CASE_NS = "http://commcarehq.org/case/transaction/v2"
NAME = re.compile(r"[^\W\d][\w.-]*")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def encode(data: Any) -> bytes:
    """A list's body, an object or an error as a document."""
    whole = isinstance(data, dict) and {"meta", "error"} & data.keys()
    root = element("response" if whole else "object", data, typed=False)
    return b"<?xml version='1.0' encoding='utf-8'?>\n" + tostring(root, encoding="utf-8")


def element(tag: str, data: Any, typed: bool = True) -> Any:
    """One value under its name; `typed` adds the type of a dict."""
    node = Element(tag)
    if isinstance(data, dict):
        if is_case(data):
            return case(data)
        if typed:
            node.set("type", "hash")
        for key in sorted(data):
            if key == "id" and isinstance(data[key], str):
                node.set("id", text(data[key]))
            elif NAME.fullmatch(key):
                node.append(element(key, data[key]))
    elif isinstance(data, list):
        node.set("type", "list")
        for item in data:
            name = "object" if isinstance(item, dict) else "value"
            node.append(element(name, item, typed=tag != "objects"))
    elif data is None:
        node.set("type", "null")
    elif isinstance(data, bool | int | float):
        kind = "boolean" if isinstance(data, bool) else "integer" if isinstance(data, int) else "float"
        node.set("type", kind)
        node.text = str(data)
    else:
        node.text = text(str(data))
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
