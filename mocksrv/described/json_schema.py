"""JSON Schema in few words, for answers that are arrays or take several forms; members may be marshmallow schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Shape = Mapping[str, Any]

TEXT: Shape = {"type": "string"}
NUMBER: Shape = {"type": "integer"}
TRUTH: Shape = {"type": "boolean"}
OBJECT: Shape = {"type": "object"}
ANYTHING: Shape = {}


def array(items: Any) -> Shape:
    return {"type": "array", "items": items}


def record(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None, *, closed: bool = True) -> Shape:
    """An object with these members; with others too unless it is `closed`."""
    made = {"type": "object", "required": sorted(required), "properties": {**required, **(optional or {})}}
    return made | ({"additionalProperties": False} if closed else {})


def dictionary(values: Any) -> Shape:
    """An object whose members' names are data."""
    return {"type": "object", "additionalProperties": values}


def titled(title: str, shape: Shape) -> Shape:
    """A component of the document, under that name."""
    return {"title": title, **shape}


def any_of(*shapes: Any) -> Shape:
    return {"anyOf": list(shapes)}


def nullable(kind: str) -> Shape:
    return {"type": [kind, "null"]}
