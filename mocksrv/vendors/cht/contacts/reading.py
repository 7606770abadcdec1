"""One contact by id, and what contacts look like on the way out."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields

from mocksrv.operation import Call
from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.contacts import paging
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.shared_libs import app_settings, lineage
from mocksrv.world import World


class Contact(Schema):
    """A person or place: what every one has; forms add what they like."""

    class Meta:
        unknown = INCLUDE

    _id = fields.String(required=True)
    _rev = fields.String(required=True)
    type = fields.String(required=True)
    contact_type = fields.String()
    name = fields.String()
    reported_date = fields.Integer(metadata={"unit": "ms"})
    parent = fields.Raw()
    contact = fields.Raw()


class Page(Schema):
    """A page of contacts; no cursor means that it is the last."""

    data = fields.List(fields.Nested(Contact), required=True)
    cursor = fields.String(required=True, allow_none=True)


def one(world: World, call: Call, test: paging.Test, missing: str) -> Any:
    """The contact that the path names, if it passes the test; refuses with 404 and that message."""
    uuid = call.params["uuid"]
    if [value for key, value in call.query if key == "with_lineage"] == ["true"]:
        doc: Any = lineage.fetch(world, uuid)
    else:
        doc = documents.database(world, "medic").peek(uuid)
    if doc is None or not test(app_settings.read(world), doc):
        errors.fail(404, missing, diagnosis=f"the id {uuid!r} is none of that kind")
    return doc
