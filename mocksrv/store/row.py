"""A stored document: JSON, and nothing that would change on its way to a file and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from mocksrv.store.index import Doc, Place

# orjson writes these by itself, but they are no JSON: refuse them.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class Row:
    """A document and its place, neither ever changed once here; its JSON is made when first asked for."""

    __slots__ = ("_json", "doc", "place")

    def __init__(self, place: Place, doc: Doc, json: bytes | None) -> None:
        self.place = place
        self.doc = doc
        self._json = json

    @property
    def json(self) -> bytes:
        json = self._json
        if json is None:
            self._json = json = encode(self.doc)
        return json

    def copy(self) -> Doc:
        # Reading the JSON is twice as fast as walking the document.
        copy: Doc = orjson.loads(self.json)
        return copy


def clean(doc: Mapping[str, Any]) -> tuple[Doc, bytes]:
    """A copy of the document, and its compact JSON.

    TypeError: not a dict, a key that is no text, a number beyond 64 bits, a text with half a surrogate pair,
    a value that JSON does not know. ValueError: NaN or an infinity.
    """
    if not isinstance(doc, dict):
        raise TypeError(f"a document is a dict, not {type(doc).__name__}")
    json = orjson.dumps(doc, option=_STRICT)
    if b"null" in json:
        _finite(doc)  # orjson turns NaN into null
    copy: Doc = orjson.loads(json)
    return copy, json


def encode(doc: Mapping[str, Any]) -> bytes:
    return orjson.dumps(doc)


def _finite(value: Any) -> None:
    if isinstance(value, float):
        if value - value != 0:
            raise ValueError(f"{value} is not JSON")
    elif isinstance(value, dict):
        for part in value.values():
            _finite(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _finite(part)


def clean_id(id: str) -> str:
    """TypeError if it is no text, ValueError if it cannot be written."""
    if type(id) is not str:
        raise TypeError(f"an id is a text, not {id!r}")
    if not id.isascii():
        id.encode()  # refuses half a surrogate pair
    return id
