"""What writes answer."""

from __future__ import annotations

from marshmallow import Schema, fields


class Reference(Schema):
    id = fields.String(required=True)


class Created(Schema):
    """The id and revision of what was written."""

    ok = fields.Boolean()
    id = fields.String(required=True)
    rev = fields.String(required=True)
    contact = fields.Nested(Reference)
