"""What requests hold and writes answer, for contacts and documents."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields

TIME = {"description": "ISO 8601 with a zone, or milliseconds since 1970 as a number or digits"}


class Reference(Schema):
    id = fields.String(required=True)


class Created(Schema):
    """The id and revision of what was written."""

    ok = fields.Boolean()
    id = fields.String(required=True)
    rev = fields.String(required=True)
    contact = fields.Nested(Reference)


class NewContact(Schema):
    """What every new person or place has; everything else is stored as sent."""

    class Meta:
        unknown = INCLUDE

    name = fields.String(required=True)
    contact_type = fields.String(metadata={"description": "the configured type, if `type` is contact"})
    reported_date = fields.Raw(metadata=TIME)


class NewPerson(NewContact):
    type = fields.String(load_default="person")
    place = fields.Raw(metadata={"description": "id of a place, or a new place with new parents"})


class NewPlace(NewContact):
    type = fields.String(required=True)
    parent = fields.Raw(metadata={"description": "id of a place, or a new place"})
    contact = fields.Raw(metadata={"description": "id of a person, or a new person"})


class PlaceChanges(Schema):
    """At least one of them; anything else is ignored."""

    class Meta:
        unknown = INCLUDE

    name = fields.String()
    parent = fields.Raw(metadata={"description": "id of a place, or a new place"})
    contact = fields.Raw(metadata={"description": "id of a person, or a new person"}, allow_none=True)
    place_id = fields.String()


class Doomed(Schema):
    class Meta:
        unknown = INCLUDE

    _id = fields.String(required=True)


class BulkDelete(Schema):
    """The documents to delete, each once."""

    docs = fields.List(fields.Nested(Doomed), required=True)


class Document(Schema):
    """A document of CouchDB."""

    class Meta:
        unknown = INCLUDE

    _id = fields.String()
    _rev = fields.String()
    _deleted = fields.Boolean()
    _attachments = fields.Dict()


class Documents(Schema):
    """Documents to write; without `new_edits` with the revisions that they bring."""

    docs = fields.List(fields.Nested(Document), required=True)
    new_edits = fields.Boolean(load_default=True)
