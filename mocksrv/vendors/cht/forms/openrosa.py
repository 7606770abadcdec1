"""The list of forms as OpenRosa clients read it (Medic Collect, ODK Collect).

CHT 4.15 source, api/src/services/generate-xform.js and api/src/controllers/forms.js.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
XFORMS = '<xforms xmlns="http://openrosa.org/xforms/xformsList"'
# The server looks for names with these prefixes.
TITLE = ["h:html", "h:head", "h:title"]
INSTANCE = ["h:html", "h:head", "model", "instance"]


class Malformed(ValueError):
    """A form's definition is not well-formed XML."""


@dataclass
class Header:
    """The header of a definition: `name`, `formID`, `version`, in the order in which it says it."""

    said: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.said.get("formID", "undefined")


class Reader:
    """Finds the header while the XML goes by, as the server's library does (@medic/openrosa-formlist).

    The name is the first run of plain text in a title: what comes after a comment, a CDATA section or an element
    is not. Empty attributes count as none. Entities are not expanded.
    """

    def __init__(self, data: bytes) -> None:
        self.header = Header()
        self.path: list[str] = []
        self.plain = True  # not in a CDATA section
        parser = expat.ParserCreate()
        # Text is delivered up to the next event that has a handler.
        parser.buffer_text, parser.buffer_size = True, len(data) + 1
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = self.text
        parser.StartCdataSectionHandler, parser.EndCdataSectionHandler = self.cdata, self.cdata
        parser.CommentHandler = lambda _text: None
        parser.ProcessingInstructionHandler = lambda _target, _data: None
        parser.EntityDeclHandler = self.refuse
        parser.Parse(data, True)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        said = self.header.said
        if self.path == INSTANCE and "formID" not in said:
            said["formID"] = attributes.get("id") or tag
            if version := attributes.get("version"):
                said["version"] = version
        self.path.append(tag)

    def end(self, _tag: str) -> None:
        self.path.pop()

    def cdata(self) -> None:
        self.plain = not self.plain

    def text(self, data: str) -> None:
        if self.plain and self.path == TITLE:
            self.header.said.setdefault("name", data)

    def refuse(self, *_args: object) -> None:
        raise Malformed("entities are not allowed")


def read(data: bytes) -> Header:
    """Title, id and version of an XForm. Raises Malformed."""
    try:
        return Reader(data).header
    except expat.ExpatError as error:
        raise Malformed(str(error)) from None


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def entry(data: bytes, header: Header, url: str) -> str:
    """One `<xform>` of the list."""
    parts = {**header.said, "hash": f"md5:{hashlib.md5(data, usedforsecurity=False).hexdigest()}", "downloadUrl": url}
    lines = [f"    <{name}>{escape(value)}</{name}>\n" for name, value in parts.items()]
    return f"  <xform>\n{''.join(lines)}  </xform>\n"


def render(entries: Iterable[str]) -> str:
    """The whole list."""
    body = "".join(entries)
    return f"{DECLARATION}{XFORMS}>\n{body}</xforms>" if body else f"{DECLARATION}{XFORMS}/>"
