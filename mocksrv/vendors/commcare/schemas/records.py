"""Cases and forms."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields

from mocksrv.vendors.commcare.schemas.base import Strict, listing, maybe, text


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
    child_cases = fields.Dict(keys=fields.String())
    closed = fields.Boolean(required=True)
    closed_by = fields.String(allow_none=True)
    date_closed = maybe()
    date_modified = text()
    domain = text()
    id = text()
    indexed_on = fields.String()
    indices = fields.Dict(keys=fields.String(), values=fields.Nested(CaseIndex), required=True)
    opened_by = fields.String(allow_none=True)
    parent_cases = fields.Dict(keys=fields.String())
    properties = fields.Nested(CaseProperties, required=True)
    resource_uri = text()
    server_date_modified = text()
    server_date_opened = text()
    user_id = maybe()
    xform_ids = fields.List(fields.String(), required=True)
    xforms_by_name = fields.Dict(keys=fields.String())
    xforms_by_xmlns = fields.Dict(keys=fields.String())


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


class CaseV2Object(Schema):
    """With `fields` or `exclude` an answer may lack any of these."""

    domain = fields.String()
    case_id = fields.String()
    case_type = fields.String()
    case_name = fields.String()
    external_id = fields.String(allow_none=True)
    owner_id = fields.String()
    date_opened = fields.String()
    last_modified = fields.String()
    server_last_modified = fields.String()
    indexed_on = fields.String()
    closed = fields.Boolean()
    date_closed = fields.String(allow_none=True)
    properties = fields.Dict(keys=fields.String())  # texts; objects where a form's update has attributes or children
    indices = fields.Dict(keys=fields.String(), values=fields.Nested(CaseIndex))
    error = fields.String()


class CaseV2List(Strict):
    matching_records = fields.Integer(required=True)
    cases = fields.List(fields.Nested(CaseV2Object), required=True)
    next = fields.Url(require_tld=False)


class CaseV2Fetched(CaseV2Object):
    """Of a case that was not found it is told what was asked for."""

    case_id = fields.Raw()  # type: ignore[assignment]
    external_id = fields.Raw(allow_none=True)  # type: ignore[assignment]


class CaseV2BulkFetched(Strict):
    cases = fields.List(fields.Nested(CaseV2Fetched), required=True)
    matching_records = fields.Integer(required=True)
    missing_records = fields.Integer(required=True)


class CaseV2Written(Strict):
    form_id = text()
    case = fields.Nested(CaseV2Object)
    cases = fields.List(fields.Nested(CaseV2Object))


FormList = listing("FormList", FormObject)
CaseList = listing("CaseList", CaseObject)
