"""What answers look like: for the documentation and the contract tests, never on the way out."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields


class Strict(Schema):
    """Unknown fields are refused, and all fields that have no default must be there."""


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


def listing(name: str, item: type[Schema]) -> type[Schema]:
    """The schema of a list's body."""
    return type(name, (Strict,), {
        "meta": fields.Nested(Meta, required=True),
        "objects": fields.List(fields.Nested(item), required=True),
        "__module__": __name__,
    })


class UserObject(Strict):
    default_phone_number = maybe()
    email = text()
    eulas = fields.String()
    extras = fields.Dict(keys=fields.String(), values=fields.Integer())
    first_name = maybe()
    groups = fields.List(fields.String(), required=True)
    id = text()
    last_modified = fields.String()
    last_name = maybe()
    locations = fields.List(fields.String())
    phone_numbers = fields.List(fields.String(), required=True)
    primary_location = fields.String(allow_none=True)
    resource_uri = text()
    user_data = fields.Dict(required=True)
    username = text()


class CaseIndex(Strict):
    case_id = text()
    case_type = text()
    relationship = text()


class CaseProperties(Schema):
    class Meta:
        unknown = EXCLUDE

    case_name = maybe()
    case_type = text()
    date_opened = maybe()
    external_id = maybe()
    owner_id = maybe()


class CaseObject(Strict):
    case_id = text()
    child_cases = fields.Dict()
    closed = fields.Boolean(required=True)
    closed_by = fields.String(allow_none=True)
    date_closed = maybe()
    date_modified = text()
    domain = text()
    id = text()
    indexed_on = fields.String()
    indices = fields.Dict(keys=fields.String(), values=fields.Nested(CaseIndex), required=True)
    opened_by = fields.String(allow_none=True)
    parent_cases = fields.Dict()
    properties = fields.Nested(CaseProperties, required=True)
    resource_uri = text()
    server_date_modified = text()
    server_date_opened = text()
    user_id = maybe()
    xform_ids = fields.List(fields.String(), required=True)
    xforms_by_name = fields.Dict()
    xforms_by_xmlns = fields.Dict()


class AttachmentObject(Strict):
    content_type = text()
    length = fields.Integer(required=True)
    url = fields.Url(required=True, require_tld=False)


class FormObject(Strict):
    app_id = maybe()
    archived = fields.Boolean(required=True)
    attachments = fields.Dict(keys=fields.String(), values=fields.Nested(AttachmentObject), required=True)
    build_id = maybe()
    cases = fields.List(fields.Nested(CaseObject))
    domain = text()
    edited_by_user_id = maybe()
    edited_on = maybe()
    form = fields.Dict(keys=fields.String(), required=True)
    id = text()
    indexed_on = text()
    initial_processing_complete = fields.Boolean(required=True, allow_none=True)
    is_phone_submission = fields.Boolean(required=True)
    metadata = fields.Dict(keys=fields.String(), required=True, allow_none=True)
    problem = maybe()
    received_on = text()
    resource_uri = text()
    server_modified_on = text()
    submit_ip = maybe()
    type = text()
    uiversion = text()
    version = text()


FormList = listing("FormList", FormObject)
UserList = listing("UserList", UserObject)
CaseList = listing("CaseList", CaseObject)


class Created(Strict):
    id = text()


class GroupObject(Strict):
    case_sharing = fields.Boolean(required=True)
    domain = text()
    id = text()
    metadata = fields.Dict(required=True)
    name = text()
    reporting = fields.Boolean(required=True)
    resource_uri = text()
    users = fields.List(fields.String(), required=True)


class WebUserObject(Strict):
    assigned_location_ids = fields.List(fields.String())
    default_phone_number = maybe()
    email = text()
    eulas = text()
    first_name = maybe()
    id = text()
    is_admin = fields.Boolean(required=True)
    last_modified = text()
    last_name = maybe()
    permissions = fields.Dict(required=True)
    phone_numbers = fields.List(fields.String(), required=True)
    primary_location_id = fields.String()
    profile = fields.String()
    resource_uri = text()
    role = text()
    tableau_groups = fields.List(fields.String())
    tableau_role = fields.String()
    user_data = fields.Dict()
    username = text()


GroupList = listing("GroupList", GroupObject)
WebUserList = listing("WebUserList", WebUserObject)
