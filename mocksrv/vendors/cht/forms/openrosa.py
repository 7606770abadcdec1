"""The list of forms as OpenRosa clients read it (Medic Collect, ODK Collect).

CHT 4.15 source, api/src/services/generate-xform.js and api/src/controllers/forms.js.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
XFORMS = '<xforms xmlns="http://openrosa.org/xforms/xformsList"'
# The prefixes are part of what the server looks for.
TITLE = ["h:html", "h:head", "h:title"]
INSTANCE = ["h:html", "h:head", "model", "instance"]


class Malformed(ValueError):
    """A form's definition is not well-formed XML."""


@dataclass
class Header:
    """What a definition says of itself: `name`, `formID`, `version`, in the order in which it says it."""

    said: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.said.get("formID", "")


def read(data: bytes) -> Header:
    """Title, id and version of an XForm. Raises Malformed; entities are not expanded."""
    from xml.parsers import expat

    header = Header()
    path: list[str] = []
    parser = expat.ParserCreate()

    def start(tag: str, attributes: dict[str, str]) -> None:
        if path == INSTANCE and "formID" not in header.said:
            header.said["formID"] = attributes.get("id", tag)
            if "version" in attributes:
                header.said["version"] = attributes["version"]
        path.append(tag)

    def text(data: str) -> None:
        if path == TITLE:
            header.said["name"] = header.said.get("name", "") + data

    def refuse(*_args: object) -> None:
        raise Malformed("entities are not allowed")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _tag: path.pop()
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Malformed(str(error)) from None
    return header


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def entry(data: bytes, header: Header, url: str) -> str:
    """One `<xform>` of the list."""
    parts = {**header.said, "hash": f"md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}", "downloadUrl": url}
    lines = [f"    <{name}>{escape(value)}</{name}>\n" for name, value in parts.items()]
    return f"  <xform>\n{''.join(lines)}  </xform>\n"


def render(entries: Iterable[str]) -> str:
    """The whole list."""
    body = "".join(entries)
    return f"{DECLARATION}{XFORMS}>\n{body}</xforms>" if body else f"{DECLARATION}{XFORMS}/>"
