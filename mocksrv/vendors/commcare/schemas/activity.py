"""Messages, reports, and users' hours."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields

from mocksrv.vendors.commcare.schemas.base import (
    CountMeta,
    CursorMeta,
    Meta,
    Strict,
    bare_listing,
    listing,
    maybe,
    text,
)


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


class FeedService(Schema):
    context = text(data_key="@odata.context")
    value = fields.List(fields.Dict(), required=True)


class Feed(FeedService):
    next_link = fields.String(data_key="@odata.nextLink")


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


EventList = bare_listing("EventList", EventObject, CursorMeta)
RowList = bare_listing("RowList", Row, CursorMeta)
ReportList = bare_listing("ReportList", ReportObject, CountMeta)
DataSourceList = bare_listing("DataSourceList", DataSourceObject, CountMeta)
ActionList = bare_listing("ActionList", Action, ActionMeta)
DeviceLogList = listing("DeviceLogList", DeviceLog)
