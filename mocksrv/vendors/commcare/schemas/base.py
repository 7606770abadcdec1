"""The base of the schemas of answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields


class Strict(Schema):
    """Unknown fields are refused, and all fields without a default are required."""


def text(**given: Any) -> fields.String:
    return fields.String(required=True, **given)


def maybe(**given: Any) -> fields.String:
    return fields.String(required=True, allow_none=True, **given)


class Meta(Strict):
    limit = fields.Integer(required=True, allow_none=True)
    next = maybe()
    offset = fields.Integer(required=True)
    previous = maybe()
    total_count = fields.Integer(required=True, allow_none=True)


class CursorMeta(Strict):
    limit = fields.Raw(required=True)  # ucr repeats the query's own text
    next = maybe()


class CountMeta(Strict):
    total_count = fields.Integer(required=True)


def listing(name: str, item: type[Schema]) -> type[Schema]:
    """The schema of a list's body."""
    return type(name, (Strict,), {
        "meta": fields.Nested(Meta, required=True),
        "objects": fields.List(fields.Nested(item), required=True),
        "__module__": item.__module__,
    })


def bare_listing(name: str, item: type[Schema], meta: type[Schema]) -> type[Schema]:
    """The schema of a list's body with a `meta` of its own."""
    return type(name, (Strict,), {
        "meta": fields.Nested(meta, required=True),
        "objects": fields.List(fields.Nested(item), required=True),
        "__module__": item.__module__,
    })


class Created(Strict):
    id = text()
