"""Schemas of requests and of answers to writes, for contacts and documents."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields, validate

from mocksrv.vendors.cht.described.request_schemas import FALSY, REVISION_FORMAT

FILLED = validate.Length(min=1)
WRITTEN = validate.Regexp(r"^\s*\S")  # more than spaces
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
    """The common fields of new people and places; others are stored as sent."""

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
    place_id = fields.Raw(metadata={"anyOf": [{"type": "string"}, FALSY]}, allow_none=True)


class BulkDelete(Schema):
    """The documents to delete, each once, by `_id`; what has none is an error in its place of the answer."""

    docs = fields.List(fields.Raw(metadata={"not": {"type": "null"}}), required=True)

    class Meta:
        unknown = INCLUDE


class Document(Schema):
    """A document of CouchDB."""

    class Meta:
        unknown = INCLUDE

    _id = fields.String(validate=FILLED)
    _rev = fields.String(validate=validate.Regexp(REVISION_FORMAT))
    _deleted = fields.Boolean()
    _attachments = fields.Dict(values=fields.Dict())


class Documents(Schema):
    """Documents to write; without `new_edits` with the revisions that they bring."""

    class Meta:
        unknown = INCLUDE

    docs = fields.List(fields.Nested(Document), required=True)
    new_edits = fields.Boolean(load_default=True)


# --- one contact or report at a time, from release 5.2 on ---


class Input(Schema):
    """The common fields of new contacts and reports; others are stored as sent."""

    class Meta:
        unknown = INCLUDE

    reported_date = fields.Raw(metadata={"description": "ISO 8601 in UTC, or milliseconds since 1970 as a number"})


class PersonInput(Input):
    type = fields.String(required=True, validate=WRITTEN, metadata={"description": "a configured type of people"})
    name = fields.String(required=True, validate=WRITTEN)
    parent = fields.String(required=True, validate=WRITTEN, metadata={"description": "id of a place"})
    phone = fields.String()
    patient_id = fields.String()
    sex = fields.String()
    date_of_birth = fields.Raw(metadata={"description": "a date as JavaScript reads it"})


class PlaceInput(Input):
    type = fields.String(required=True, validate=WRITTEN, metadata={"description": "a configured type of places"})
    name = fields.String(required=True, validate=WRITTEN)
    parent = fields.String(metadata={"description": "id of a place; needed if the type has parents"})
    contact = fields.String(metadata={"description": "id of a person or a place"})
    place_id = fields.String()


class ReportInput(Input):
    form = fields.String(required=True, validate=WRITTEN,
                         metadata={"description": "as in the id of its document, after `form:`"})
    contact = fields.String(required=True, validate=WRITTEN, metadata={"description": "id of a person or a place"})


class Uuids(Schema):
    """A page of ids; no cursor means that it is the last."""

    data = fields.List(fields.String(), required=True)
    cursor = fields.String(required=True, allow_none=True)


class ReportsByText(Schema):
    freetext = fields.String(required=True, metadata={
        "description": "the beginning of a word, of three letters at least, or field:value"})
    cursor = fields.String()
    limit = fields.Integer(load_default=10_000)


class ContactsByText(ReportsByText):
    freetext = fields.String(metadata={"description": "this or a type is needed"})
    type = fields.String(metadata={"description": "a configured type of contacts"})
