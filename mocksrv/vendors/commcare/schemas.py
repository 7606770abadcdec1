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
    properties = fields.Dict(keys=fields.String(), values=fields.String())
    indices = fields.Dict(keys=fields.String(), values=fields.Nested(CaseIndex))
    error = fields.String()


class CaseV2List(Strict):
    matching_records = fields.Integer(required=True)
    cases = fields.List(fields.Nested(CaseV2Object), required=True)
    next = fields.Url(require_tld=False)


class CaseV2BulkFetched(Strict):
    cases = fields.List(fields.Nested(CaseV2Object), required=True)
    matching_records = fields.Integer(required=True)
    missing_records = fields.Integer(required=True)


class CaseV2Written(Strict):
    form_id = text()
    case = fields.Nested(CaseV2Object)
    cases = fields.List(fields.Nested(CaseV2Object))


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


class Version(Strict):
    build_comment = maybe()
    built_on = maybe()
    id = text()
    is_released = fields.Boolean(required=True, allow_none=True)
    version = fields.Integer(required=True)


class AppForm(Strict):
    name = fields.Dict(required=True)
    questions = fields.List(fields.Dict(), required=True)
    unique_id = text()
    xmlns = text()


class Module(Strict):
    case_properties = fields.List(fields.String(), required=True)
    case_type = text()
    forms = fields.List(fields.Nested(AppForm), required=True)
    name = fields.Dict(required=True)
    unique_id = text()


class ApplicationObject(Strict):
    _id = fields.String()
    build_comment = maybe()
    built_from_app_id = maybe()
    built_on = maybe()
    copy_of = fields.String(allow_none=True)
    doc_type = fields.String()
    domain = fields.String()
    id = text()
    is_released = fields.Boolean(required=True, allow_none=True)
    langs = fields.List(fields.String())
    modules = fields.List(fields.Nested(Module), required=True)
    name = text()
    resource_uri = text()
    version = fields.Integer(required=True)
    versions = fields.List(fields.Nested(Version), required=True)


class LocationObject(Strict):
    created_at = text()
    domain = text()
    external_id = maybe()
    id = fields.Integer(required=True)
    last_modified = text()
    latitude = maybe()
    location_data = fields.Dict(required=True)
    location_id = text()
    location_type = text()
    longitude = maybe()
    name = text()
    parent = maybe()
    resource_uri = text()
    site_code = text()


class LocationTypeObject(Strict):
    administrative = fields.Boolean(required=True)
    code = text()
    domain = text()
    id = fields.Integer(required=True)
    name = text()
    parent = maybe()
    resource_uri = text()
    shares_cases = fields.Boolean(required=True)
    view_descendants = fields.Boolean(required=True)


class Location2Object(Strict):
    domain = text()
    last_modified = text()
    latitude = maybe()
    location_data = fields.Dict(required=True)
    location_id = text()
    location_type_code = text()
    location_type_name = text()
    longitude = maybe()
    name = text()
    parent_location_id = text()
    site_code = text()


ApplicationList = listing("ApplicationList", ApplicationObject)
LocationList = listing("LocationList", LocationObject)
LocationTypeList = listing("LocationTypeList", LocationTypeObject)
Location2List = listing("Location2List", Location2Object)


def bare_listing(name: str, item: type[Schema], meta: type[Schema]) -> type[Schema]:
    """The schema of a list's body with a `meta` of its own."""
    return type(name, (Strict,), {
        "meta": fields.Nested(meta, required=True),
        "objects": fields.List(fields.Nested(item), required=True),
        "__module__": __name__,
    })


class CursorMeta(Strict):
    limit = fields.Raw(required=True)  # ucr repeats the query's own text
    next = maybe()


class CountMeta(Strict):
    total_count = fields.Integer(required=True)


class ActionMeta(Meta):
    local_date_timezone = text()


class EventObject(Strict):
    id = fields.Integer(required=True)
    content_type = text()
    date = text()
    date_last_activity = text()
    case_id = maybe()
    domain = text()
    error = fields.Dict(required=True, allow_none=True)
    form = fields.Dict(required=True, allow_none=True)
    messages = fields.List(fields.Dict(), required=True)
    recipient = fields.Dict(required=True)
    source = fields.Dict(required=True)
    status = text()


class Row(Schema):
    class Meta:
        unknown = EXCLUDE

    id = text()
    doc_id = text()
    inserted_at = text()


class ReportData(Strict):
    columns = fields.List(fields.Dict(), required=True)
    data = fields.List(fields.Dict(), required=True)
    next_page = text()
    resource_uri = text()
    total_records = fields.Integer(required=True)


class ReportObject(Strict):
    columns = fields.List(fields.Dict(), required=True)
    filters = fields.List(fields.Dict(), required=True)
    id = text()
    resource_uri = text()
    title = text()


class DataSourceObject(Strict):
    configured_filter = fields.Dict()
    configured_indicators = fields.List(fields.Dict())
    display_name = text()
    id = text()
    resource_uri = text()


class Action(Strict):
    UTC_end_time = text()
    UTC_start_time = text()
    local_date = text()
    user = text()
    user_id = text()


EventList = bare_listing("EventList", EventObject, CursorMeta)
RowList = bare_listing("RowList", Row, CursorMeta)
ReportList = bare_listing("ReportList", ReportObject, CountMeta)
DataSourceList = bare_listing("DataSourceList", DataSourceObject, CountMeta)
ActionList = bare_listing("ActionList", Action, ActionMeta)


class FixtureObject(Strict):
    fields_ = fields.Dict(required=True, data_key="fields")
    fixture_type = text()
    id = text()
    resource_uri = text()


class LookupTableObject(Strict):
    fields_ = fields.List(fields.Dict(), required=True, data_key="fields")
    id = text()
    is_global = fields.Boolean(required=True)
    item_attributes = fields.List(fields.String(), required=True)
    resource_uri = text()
    tag = text()


class LookupItemObject(Strict):
    data_type_id = text()
    fields_ = fields.Dict(required=True, data_key="fields")
    id = text()
    item_attributes = fields.Dict(required=True)
    resource_uri = text()
    sort_key = fields.Integer(required=True)


class IdentityObject(Strict):
    email = text()
    first_name = maybe()
    id = text()
    last_name = maybe()
    username = text()


class DomainObject(Strict):
    domain_name = text()
    project_name = text()


class Invitation(Strict):
    assigned_location_ids = fields.List(fields.String(), required=True)
    email = text()
    id = text()
    primary_location_id = maybe()
    profile = maybe()
    role = text()
    tableau_groups = fields.List(fields.String(), required=True)
    tableau_role = maybe()
    user_data = fields.Dict(required=True)


class BulkUserObject(Strict):
    email = fields.String()
    first_name = fields.String(allow_none=True)
    id = fields.String()
    last_name = fields.String(allow_none=True)
    phone_numbers = fields.List(fields.String())
    resource_uri = text()
    username = fields.String()


class Username(Strict):
    user_id = text()
    user_name = text()


class DomainForm(Strict):
    form_name = text()
    form_xmlns = text()


class DomainCase(Strict):
    case_type = text()
    placeholder = text()


class DeviceLog(Strict):
    app_version = text()
    date = text()
    device_id = text()
    id = text()
    msg = text()
    resource_uri = text()
    type = text()
    user_id = text()
    username = text()
    xform_id = text()


class ExportObject(Strict):
    case_type = maybe()
    det_config_url = text()
    export_format = text()
    id = text()
    is_deidentified = fields.Boolean(required=True)
    name = text()
    resource_uri = text()
    type = text()
    xmlns = maybe()


class AnalyticsRoles(Strict):
    permissions = fields.Dict(required=True)
    resource_uri = text()
    roles = fields.List(fields.String(), required=True)


FixtureList = listing("FixtureList", FixtureObject)
LookupTableList = listing("LookupTableList", LookupTableObject)
LookupItemList = listing("LookupItemList", LookupItemObject)
DomainList = listing("DomainList", DomainObject)
BulkUserList = listing("BulkUserList", BulkUserObject)
UsernameList = listing("UsernameList", Username)
DomainFormList = listing("DomainFormList", DomainForm)
DomainCaseList = listing("DomainCaseList", DomainCase)
DeviceLogList = listing("DeviceLogList", DeviceLog)
ExportList = listing("ExportList", ExportObject)


class Registration(Strict):
    invalid_format_numbers = fields.List(fields.String(), required=True)
    numbers_in_use = fields.List(fields.String(), required=True)
    success_numbers = fields.List(fields.String(), required=True)
