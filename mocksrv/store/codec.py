"""What may be stored: JSON, and nothing that would change on its way to a file and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

# orjson writes these by itself, but they are no JSON: refuse them.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def clean(doc: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """A copy of the document, and its compact JSON.

    TypeError: not a dict, a key that is no text, a number beyond 64 bits, a text with half a surrogate pair,
    a value that JSON does not know. ValueError: NaN or an infinity.
    """
    if not isinstance(doc, dict):
        raise TypeError(f"a document is a dict, not {type(doc).__name__}")
    json = orjson.dumps(doc, option=_STRICT)
    if b"null" in json:
        _finite(doc)  # orjson turns NaN into null
    copy: dict[str, Any] = orjson.loads(json)
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
