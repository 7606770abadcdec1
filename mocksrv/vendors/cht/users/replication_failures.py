"""Offline users who cannot replicate: a log of their failures by month, and who has not succeeded since.

CHT 5.2 source, api/src/services/replication-failure-log.js, replication-health.js and their controllers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import Schema, fields

from mocksrv.described.json_schema import TEXT, Shape, record
from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api.replication import LOG
from mocksrv.vendors.cht.couch_api.replication_failures import LOGS, PREFIX, daily_failures, id_of, month, since
from mocksrv.vendors.cht.node import javascript, json_text, querystring
from mocksrv.vendors.cht.shared_libs import input_checks
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

LIMIT = 100
MONTHS = 60  # number of months that are searched for one user
DAYS, LEAST = 30, 1
COMMON: dict[str, Any] = {
    "since": "5.2", "prompt": True, "statuses": (200, 400, 401, 403), "proof": "source",
    "source": "CHT 5.2 source, api/src/controllers/replication-failure-log.js, replication-health.js; "
              "recorded from 5.2.0"}
PAGE: Shape = record({}, {"user": TEXT, "reporting_period": {"type": "string", "description": "YYYY-MM"},
                          "cursor": TEXT, "limit": {"type": "integer", "minimum": 1}}, closed=False)
AT_LEAST_ONE: Shape = {"type": "integer", "minimum": 1}
WINDOW: Shape = record({}, {"days": AT_LEAST_ONE, "min_failures": AT_LEAST_ONE}, closed=False)


class Logs(Schema):
    data = fields.List(fields.Dict(), required=True)
    cursor = fields.String(required=True, allow_none=True)


class Failing(Schema):
    user = fields.String(required=True)
    last_replication_date = fields.Integer(required=True, allow_none=True)
    failures_since_last_replication = fields.Integer(required=True, allow_none=True)
    failures_in_window = fields.Integer(required=True)


class Failed(Schema):
    users = fields.List(fields.Nested(Failing), required=True)


@vendor.operation("GET", "/api/v1/replication-failure-logs", query=PAGE, response=Logs, **COMMON)
def get_replication_failure_logs(world: World, call: Call) -> dict[str, Any]:
    """The failures of a user, of a month (`reporting_period`), or of both; without any those of this month."""
    auth.database_admin(world, call)
    query = querystring.parse(call)
    skip = whole(query.get("cursor"), 0, 0, "The cursor must be a non-negative integer or null for first page: "
                                            f"[{json_text.text(query.get('cursor'))}].")
    limit = whole(query.get("limit"), LIMIT, 1,
                  f"The limit must be a positive integer: [{json_text.text(query.get('limit'))}].")
    user, period = (javascript.text(value) if (value := query.get(name)) else None
                    for name in ("user", "reporting_period"))
    logs = documents.database(world, LOGS)
    if user and period:
        found = logs.peek(id_of(period, user))
        return {"data": [found] if found else [], "cursor": None}
    if user:
        ids = [id for name in months_back(world) if (id := id_of(name, user)) in logs][skip : skip + limit + 1]
    else:
        start = f"{PREFIX}{period or month(world.clock.ms())}-"
        ids = logs.all_ids(start, f"{start}\ufff0", skip=skip, limit=limit + 1)
    return {"data": [logs.peek(id) for id in ids[:limit]], "cursor": str(skip + limit) if len(ids) > limit else None}


@vendor.operation("GET", "/api/v1/replication-health/failed", query=WINDOW, response=Failed, **COMMON)
def get_failed_replications(world: World, call: Call) -> dict[str, Any]:
    """Users with at least `min_failures` (1) in the last `days` (30) who have not replicated in these days."""
    auth.database_admin(world, call)
    query = querystring.parse(call)
    days = whole(query.get("days"), DAYS, 1, '"days" must be a positive integer')
    least = whole(query.get("min_failures"), LEAST, 1, '"min_failures" must be a positive integer')
    try:
        begin = datetime.fromtimestamp(world.clock.time(), UTC) - timedelta(days=days)
    except OverflowError:  # earlier than any failure
        return {"users": []}
    return {"users": [found for user, failures in daily_failures(world).items()
                      if (found := failing(world, user, failures, begin, least))]}


def failing(world: World, user: str, failures: Mapping[str, int], begin: datetime, least: int) -> dict[str, Any] | None:
    """The entry of a user; None for one who has replicated since, or with too few failures. `failures` are by day."""
    count = since(failures, begin.date().isoformat())
    log = documents.database(world, LOGS).peek(LOG + user)
    last = log.get("date") if log else None
    if count < least or (last is not None and last >= begin.timestamp() * 1000):
        return None
    day = None if last is None else datetime.fromtimestamp(last / 1000, UTC).date().isoformat()
    return {"user": user, "last_replication_date": last,
            "failures_since_last_replication": None if day is None else since(failures, day),
            "failures_in_window": count}


def months_back(world: World) -> Iterable[str]:
    """This month and those before it."""
    year, number = map(int, month(world.clock.ms()).split("-"))
    for back in range(MONTHS):
        years, rest = divmod(year * 12 + number - 1 - back, 12)
        yield f"{years:04d}-{rest + 1:02d}"


def whole(value: Any, default: int, least: int, refusal: str) -> int:
    """A parameter as a whole number; an empty one counts as not given."""
    if value is None or value == "":
        return default
    number = input_checks.as_number(value)
    if not (number.is_integer() and number >= least):
        errors.fail(400, refusal)
    return int(number)
