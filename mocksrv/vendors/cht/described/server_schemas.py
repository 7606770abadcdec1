"""Schemas of settings, forms, records, text messages and information about the server.

For the documentation and the contract tests; the handlers read bodies themselves, because the server does not
refuse by schema.
"""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, fields, validate

from mocksrv.described.json_schema import any_of
from mocksrv.vendors.cht.described.request_schemas import FALSY

FILLED = validate.Length(min=1)


class Open(Schema):
    """Other members may be there too."""

    class Meta:
        unknown = INCLUDE


def told(description: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"description": description}, **more}


# --- settings ---


class How(Open):
    replace = fields.String(**told("take the body's top-level keys instead of merging them; any text switches it on"))
    overwrite = fields.String(**told("take the body as the whole settings; any text switches it on"))


class Settings(Schema):
    """A project's own, but for the permissions."""

    class Meta:
        unknown = EXCLUDE

    permissions = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class SettingsChange(Open):
    """What is to be merged into the settings; the server checks nothing of it."""

    permissions = fields.Raw(allow_none=True, **told("lists of roles by permission"))


SETTINGS_CHANGE = any_of(SettingsChange, {"type": "array", "description": "changes nothing"})


class SettingsChanged(Schema):
    success = fields.Boolean(required=True)
    updated = fields.Boolean(**told("whether anything changed; not in conformance page"))
    upgraded = fields.Boolean(**told("the same, under the page's name; in conformance page alone"))


class LegacySettings(Schema):
    settings = fields.Raw(required=True)
    meta = fields.Dict(required=True)
    schema = fields.Dict(required=True)


# --- forms ---


class Fine(Schema):
    ok = fields.Boolean(required=True)


# --- records ---


class Locale(Open):
    locale = fields.String(**told("language of a text message's errors"))


class Meta(Open):
    form = fields.String(required=True, **told("code of a form in the app settings"))
    reported_date = fields.Raw(allow_none=True, **told("milliseconds or ISO 8601; now if it cannot be read"))
    locale = fields.String()


class Record(Open):
    _meta = fields.Nested(Meta, required=True, **told("everything beside it is a field of the form"))


class Stored(Schema):
    success = fields.Boolean(required=True)
    id = fields.String(required=True, **told("of the report's document"))


# --- text messages ---


class IsGateway(Schema):
    medic_gateway = fields.Boolean(required=True, data_key="medic-gateway")


class Incoming(Open):
    id = fields.String(required=True)
    content = fields.String(required=True)


class Poll(Open):
    """What lacks something, or is no object, is skipped by the server; anything but a list of messages it fails on."""

    messages = fields.List(fields.Raw(metadata={"not": {"type": "null"}}), allow_none=True,
                           **told("what the phone received: id, from, content"))
    updates = fields.Raw(allow_none=True, metadata={
        "description": "what became of sent messages: a list of id, status, reason",
        "anyOf": [{"type": "array"}, FALSY]})


POLL = any_of(Poll, {"type": "array", "description": "read as nothing at all"})


class Outgoing(Schema):
    content = fields.Raw(required=True, **told("a text, unless a document has something else"))
    to = fields.Raw(required=True)
    id = fields.Raw(required=True)


class HandedOut(Schema):
    messages = fields.List(fields.Nested(Outgoing), required=True, **told("25 at most"))


class Key(Open):
    key = fields.String(required=True, **told("the credential africastalking.com:incoming"))


class AfricasTalkingMessage(Open):
    """A message that lacks something is answered as if it were saved."""

    id = fields.String()
    text = fields.String()


class AfricasTalkingReport(Open):
    id = fields.String(required=True, **told("the service's reference"))
    status = fields.String(required=True, **told("Sent, Submitted, Buffered, Success, Rejected or Failed"))
    failureReason = fields.String()


class Saved(Schema):
    saved = fields.Integer(required=True, strict=True)


# --- the server about itself ---


class Version(Schema):
    version = fields.String(required=True)


class SetupPoll(Version):
    ready = fields.Boolean(required=True)
    handler = fields.String(required=True)
    detail = fields.String(required=True)


class Deployment(Version):
    namespace = fields.String(required=True)
    application = fields.String(required=True)
    base_version = fields.String(required=True)
    build = fields.String(required=True)
    time = fields.String(required=True)
    author = fields.String(required=True)
    schema_version = fields.Integer(required=True, strict=True)
    user = fields.String(required=True)
    upgrade_log_id = fields.String(required=True)
    timestamp = fields.Integer(required=True, strict=True)


class Step(Schema):
    translation = fields.String(required=True)
    display = fields.Boolean(required=True)
    started = fields.Boolean(required=True)
    completed = fields.Boolean(required=True)
    text = fields.String(required=True)


class Progress(Schema):
    actions = fields.Dict(keys=fields.String(), values=fields.Nested(Step), required=True)
    completed = fields.Boolean(required=True)


# --- upgrades ---


class Build(Open):
    namespace = fields.String(required=True, validate=FILLED)
    application = fields.String(required=True, validate=FILLED)
    version = fields.String(required=True, validate=FILLED, **told("a release, a pre-release or a branch"))


class ComparedBuild(Open):
    version = fields.String(required=True, **told("a release, a pre-release or a branch"))


class Compared(Open):
    build = fields.Nested(ComparedBuild, required=True, **told("the build to look at"))


class Upgrade(Open):
    build = fields.Nested(Build, required=True, **told("the build to go to"))


class Difference(Schema):
    type = fields.List(fields.String(), required=True, **told("views, indexes or added"))
    ddoc = fields.String(required=True)
    db = fields.String(required=True)
    size = fields.Integer(**told("bytes of what is indexed now"))
    indexing = fields.Boolean(required=True, **told("whether anything would be indexed anew"))


class UpgradeState(Schema):
    state = fields.String(required=True)
    date = fields.Integer(required=True, **told("milliseconds"))


class UpgradeLog(Open):
    _id = fields.String(required=True)
    action = fields.String(required=True, **told("stage, upgrade or install"))
    to = fields.Nested(Build, required=True)
    start_date = fields.Integer(required=True, **told("milliseconds"))
    state = fields.String(required=True)
    state_history = fields.List(fields.Nested(UpgradeState), required=True)
    updated_date = fields.Integer(required=True, **told("milliseconds"))


class Indexer(Schema):
    database = fields.String(required=True)
    ddoc = fields.String(required=True)
    tasks = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    progress = fields.Integer(required=True, **told("percent"))


class UpgradeProgress(Schema):
    upgradeDoc = fields.Nested(UpgradeLog, **told("not there when nothing is under way"))
    indexers = fields.List(fields.Nested(Indexer), required=True)
    buildsUrl = fields.String(required=True)
