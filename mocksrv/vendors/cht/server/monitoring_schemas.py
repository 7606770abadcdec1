"""Schemas of monitoring's answers, for the documentation and the contract tests."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from mocksrv.vendors.cht.described.server_schemas import Open, told

COUNT: dict[str, Any] = {"required": True, "strict": True, "validate": validate.Range(min=0)}


class Interval(Open):
    connected_user_interval = fields.Float(**told("days within which users count as connected; 7 unless given"))


class Versions(Schema):
    app = fields.String(required=True)
    node = fields.String(required=True)
    couchdb = fields.String(required=True)


class Sizes(Schema):
    active = fields.Integer(**COUNT)
    file = fields.Integer(**COUNT)


class ViewIndex(Schema):
    name = fields.String(required=True)
    sizes = fields.Nested(Sizes, required=True)


class FullTextIndex(Schema):
    name = fields.String(required=True)
    doc_count = fields.Integer(**COUNT)
    file_size = fields.Integer(**COUNT)


class Database(Schema):
    name = fields.String(required=True)
    update_sequence = fields.Integer(**COUNT)
    doc_count = fields.Integer(**COUNT)
    doc_del_count = fields.Integer(**COUNT)
    fragmentation = fields.Float(required=True, **told("bytes on disk for each byte in use; -1 if none is"))
    sizes = fields.Nested(Sizes, **told("not in conformance page"))
    view_indexes = fields.List(fields.Nested(ViewIndex), **told("not in conformance page"))
    nouveau_indexes = fields.List(fields.Nested(FullTextIndex), **told("from release 5.0 on"))


class Databases(Schema):
    medic = fields.Nested(Database, required=True)
    sentinel = fields.Nested(Database, required=True)
    usersmeta = fields.Nested(Database, required=True)
    users = fields.Nested(Database, required=True)


class Date(Schema):
    current = fields.Integer(**COUNT)
    uptime = fields.Float(required=True, **told("seconds"))


class Backlog(Schema):
    backlog = fields.Integer(**COUNT)


class Count(Schema):
    count = fields.Integer(**COUNT)


class Queues(Schema):
    due = fields.Integer(**COUNT)
    scheduled = fields.Integer(**COUNT)
    muted = fields.Integer(**COUNT)
    failed = fields.Integer(**COUNT)
    delivered = fields.Integer(**COUNT)


class LastHundred(Schema):
    pending = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    final = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    muted = fields.Dict(keys=fields.String(), values=fields.Integer(), **told("in `final` in conformance page"))


class Outgoing1(Schema):
    state = fields.Nested(Queues, required=True)


class Outgoing2(Schema):
    total = fields.Nested(Queues, required=True)
    seven_days = fields.Nested(Queues, required=True)
    last_hundred = fields.Nested(LastHundred, required=True)


class Messaging1(Schema):
    outgoing = fields.Nested(Outgoing1, required=True)


class Messaging2(Schema):
    outgoing = fields.Nested(Outgoing2, required=True)


class Measures(Schema):
    version = fields.Nested(Versions, required=True)
    couchdb = fields.Nested(Databases, required=True)
    date = fields.Nested(Date, required=True)
    sentinel = fields.Nested(Backlog, required=True)
    outbound_push = fields.Nested(Backlog, required=True)
    feedback = fields.Nested(Count, required=True)
    conflict = fields.Nested(Count, required=True)
    replication_limit = fields.Nested(Count, required=True)
    connected_users = fields.Nested(Count, required=True)


class Monitoring1(Measures):
    messaging = fields.Nested(Messaging1, required=True)


class Monitoring2(Measures):
    messaging = fields.Nested(Messaging2, required=True)
    replication_failure = fields.Nested(Count, **told("from release 5.2 on"))
