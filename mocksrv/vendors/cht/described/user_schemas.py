"""Schemas of the user endpoints, for the documentation and the contract tests."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields

from mocksrv.vendors.cht.described import response_schemas


class Open(Schema):
    """Other properties may be there too."""

    class Meta:
        unknown = INCLUDE


class Filter(Open):
    facility_id = fields.String(metadata={"description": "users of this place only"})
    contact_id = fields.String(metadata={"description": "users of this contact only"})


class NewUser(Open):
    username = fields.String(required=True, metadata={"description": "lower case letters, digits, _ and -"})
    password = fields.String(metadata={"description": "needed unless login by SMS is switched on"})
    roles = fields.List(fields.String())
    type = fields.String(metadata={"description": "the older way to give roles"})
    place = fields.Raw(allow_none=True, metadata={
        "description": "id of a place or a new place; needed with offline roles"})
    contact = fields.Raw(allow_none=True, metadata={
        "description": "id of a person or a new person; needed with offline roles"})
    phone = fields.String(metadata={"description": "needed to switch on login by SMS"})
    token_login = fields.Raw(metadata={"description": "true to switch on login by SMS, false to switch it off"})
    fullname = fields.String()
    email = fields.String()
    known = fields.Boolean()
    external_id = fields.Raw()
    oidc_username = fields.Raw(metadata={"description": "its name at the SSO provider, from release 4.20"})
    password_change_required = fields.Raw(
        allow_none=True, metadata={"description": "false: the password may stay, from release 4.17"})


class UserChanges(NewUser):
    username = fields.String()


# Of several users each has its own answer, whatever it is.
NEW_USERS = response_schemas.any_of(NewUser, response_schemas.array(response_schemas.ANYTHING))


class Written(Schema):
    id = fields.String(required=True)
    rev = fields.String(required=True)


class Expiry(Schema):
    expiration_date = fields.Integer(required=True, strict=True)


class Updated(Schema):
    user = fields.Nested(Written, required=True)
    user_settings = fields.Nested(Written, required=True, data_key="user-settings")
    token_login = fields.Nested(Expiry)


class CreatedUser(Updated):
    contact = fields.Nested(Written)


FAILED_ROW = response_schemas.record({"error": response_schemas.ANYTHING}, closed=False)
FAILED_ROWS = response_schemas.array(FAILED_ROW)
ONE_OR_MANY = response_schemas.any_of(
    CreatedUser, response_schemas.array(response_schemas.any_of(CreatedUser, FAILED_ROW)))


class BareUser(Schema):
    id = fields.String(required=True)
    rev = fields.String(required=True)
    username = fields.Raw(required=True)  # a text, unless somebody stored another name
    fullname = fields.Raw(metadata={"description": "as it was stored, like the others: a text"})
    email = fields.Raw()
    phone = fields.Raw()
    place = fields.Raw(metadata={"description": "a list of places, or null; one place where the page is followed"})
    contact = fields.Dict()
    external_id = fields.Raw()
    known = fields.Raw()
    oidc_username = fields.Raw(metadata={"description": "its name at the SSO provider, from release 4.20"})


class User(BareUser):
    roles = fields.List(fields.String(), required=True)


class OldUser(BareUser):
    type = fields.String(required=True)


EITHER_USER = response_schemas.any_of(User, OldUser)  # the server's, and the page's


class Deleted(Written):
    ok = fields.Boolean(required=True)


class DocCounts(Schema):
    total_docs = fields.Integer(required=True, strict=True)
    warn_docs = fields.Integer(required=True, strict=True)
    warn = fields.Boolean(required=True)
    limit = fields.Integer(required=True, strict=True)


class UserDocCount(Schema):
    limit = fields.Integer(required=True, strict=True)
    users = fields.Raw(required=True, metadata={"description": "one log document, or all of them"})
