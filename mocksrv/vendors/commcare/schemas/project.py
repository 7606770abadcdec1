"""The setup of a project: applications, locations, lookup tables, exports."""

from __future__ import annotations

from marshmallow import fields

from mocksrv.vendors.commcare.schemas.base import Strict, listing, maybe, text


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
    location_data = fields.Raw(required=True)  # an object, or whatever else Python makes one of
    location_id = text()
    location_type = text()
    longitude = maybe()
    name = maybe()
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
    location_data = fields.Raw(required=True)  # an object, or whatever else Python makes one of
    location_id = text()
    location_type_code = text()
    location_type_name = text()
    longitude = maybe()
    name = maybe()
    parent_location_id = text()
    site_code = text()


class FixtureObject(Strict):
    fields_ = fields.Dict(keys=fields.String(), required=True, data_key="fields")
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
    fields_ = fields.Dict(keys=fields.String(), required=True, data_key="fields")
    id = text()
    item_attributes = fields.Dict(keys=fields.String(), required=True)
    resource_uri = text()
    sort_key = fields.Integer(required=True)


class DomainForm(Strict):
    form_name = text()
    form_xmlns = text()


class DomainCase(Strict):
    case_type = text()
    placeholder = text()


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


ApplicationList = listing("ApplicationList", ApplicationObject)
LocationList = listing("LocationList", LocationObject)
LocationTypeList = listing("LocationTypeList", LocationTypeObject)
Location2List = listing("Location2List", Location2Object)
FixtureList = listing("FixtureList", FixtureObject)
LookupTableList = listing("LookupTableList", LookupTableObject)
LookupItemList = listing("LookupItemList", LookupItemObject)
DomainFormList = listing("DomainFormList", DomainForm)
DomainCaseList = listing("DomainCaseList", DomainCase)
ExportList = listing("ExportList", ExportObject)
