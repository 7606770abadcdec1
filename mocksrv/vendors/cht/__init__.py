"""The Community Health Toolkit: contacts, users, forms, records, messages, and the CouchDB behind them.

The parts that every resource module builds on:

`vendor.vendor`
    Register operations with `@vendor.operation(method, path, ...)`. Besides `permission` (one name or
    several, all needed) these traits decide who gets in, in this order:
    `json="strict"` (Content-Type exactly application/json), `"csv"` (or text/csv) or `"lenient"`: parse the body into
    `call.json`, an object or array, `{}` if there is none; `limited=True`: the limiter of failed
    logins holds without Basic too; `anonymous=True`: no check at all; `prompt=True`: 401 as a Basic prompt
    for everybody; `firewall=True`: offline users get the firewall's 403; `online=True`: offline users get
    403 `Insufficient privileges`; `one_permission=True`: one of the named permissions is enough.
    Afterwards `call.caller` is an `auth.Caller` (`name`, `roles`, `admin`, `online`) or None.
`documents.database(world, "medic")`
    `get`, `peek`, `load`, `put`, `delete`, `bulk`, `by(index, key)`, `all_ids`, `changes`, `update_seq`;
    raises `documents.Conflict`, `documents.NotFound`, `documents.Forbidden`. Indexes are in `ddocs.indexes`.
`errors.fail(status, message, details)`, `.server_error(public)`, `.couch(status, error, reason)`
    Refuse. Plain answers with a status are `Reply(body, status)`, and those of CouchDB `rendering.CouchReply`.
`app_settings.read(world)`, `.defaults()`, `.allows(settings, roles, permission)`, `.is_offline(...)`
    The live app settings.
`auth.permitted(world, call, *permissions, online=)`, `.has(world, caller, *permissions)`, `.signed_in(call)`
    For handlers whose checks depend on more than the operation.
`conformance.Difference.JSON_FORMS.as_page(world)`, `.as_server(world)`
    Which side to take where the documentation page and the server disagree.
`json_text.loads`, `.dumps`, `.text`
    JSON as JavaScript reads and writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mocksrv.vendors import import_rooms
from mocksrv.vendors.cht.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.imports import Table

import_rooms(__name__)


def _own_data() -> tuple[Table, ...]:
    from mocksrv.vendors.cht import own_data

    return own_data.tables()


vendor.own_data = _own_data

__all__ = ["vendor"]
