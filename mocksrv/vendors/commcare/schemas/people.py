"""Mobile workers, groups, web users, and identities."""

from __future__ import annotations

from marshmallow import fields

from mocksrv.vendors.commcare.schemas.base import CountMeta, Strict, bare_listing, listing, maybe, text


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
    user_data = fields.Dict(keys=fields.String(), required=True)
    username = text()


class GroupObject(Strict):
    case_sharing = fields.Boolean(required=True)
    domain = text()
    id = text()
    metadata = fields.Dict(keys=fields.String(), required=True, allow_none=True)
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
    is_active_in_domain = fields.Boolean()
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
    user_data = fields.Dict(keys=fields.String())
    username = text()


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
    resource_uri = text()
    role = text()
    tableau_groups = fields.List(fields.String(), required=True)
    tableau_role = maybe()
    user_data = fields.Dict(keys=fields.String(), required=True)


class BulkUserObject(Strict):
    email = fields.String()
    first_name = fields.String(allow_none=True)
    id = fields.String()
    last_name = fields.String(allow_none=True)
    phone_numbers = fields.List(fields.String())
    resource_uri = fields.String()
    username = fields.String()


class Username(Strict):
    user_id = text()
    user_name = text()


class AnalyticsRoles(Strict):
    permissions = fields.Dict(required=True)
    resource_uri = text()
    roles = fields.List(fields.String(), required=True)


class Registration(Strict):
    invalid_format_numbers = fields.List(fields.String(), required=True)
    numbers_in_use = fields.List(fields.String(), required=True)
    success_numbers = fields.List(fields.String(), required=True)


UserList = listing("UserList", UserObject)
GroupList = listing("GroupList", GroupObject)
WebUserList = listing("WebUserList", WebUserObject)
DomainList = bare_listing("DomainList", DomainObject, CountMeta)
BulkUserList = listing("BulkUserList", BulkUserObject)
UsernameList = listing("UsernameList", Username)
