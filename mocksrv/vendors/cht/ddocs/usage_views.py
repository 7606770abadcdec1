"""What the views of the other databases emit: accounts, logs, feedback and telemetry, Sentinel's tasks.

CHT 4.15 source, ddocs/{users,logs,users-meta,sentinel}-db.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import (
    Doc,
    Rows,
    and_then,
    member,
    stored,
    text,
    truthy,
    without_undefined,
)

WEEK, MOST_DOCUMENTS = 7 * 60 * 60 * 1000, 10_000


def conflicts(doc: Doc) -> Rows:
    if truthy(doc.get("_conflicts")):
        yield doc["_conflicts"], None


def doc_by_type(doc: Doc) -> Rows:
    if doc.get("type") == "translations":
        told = without_undefined(code=stored(doc, "code"), name=stored(doc, "name"))
        yield ["translations", doc.get("enabled")], told
    else:
        yield [doc.get("type")], None


def users_by_field(doc: Doc) -> Rows:
    for name in ("contact_id", "oidc_username"):
        if truthy(doc.get(name)):
            yield [name, doc[name]], None
    places = doc.get("facility_id")
    if truthy(places):
        for place in places if isinstance(places, list) else [places]:
            yield ["facility_id", place], None


def connected_users(doc: Doc) -> Rows:
    if greater(doc.get("timestamp"), WEEK):
        yield doc.get("user"), doc["timestamp"]


def replication_limit(doc: Doc) -> Rows:
    if greater(doc.get("count"), MOST_DOCUMENTS):
        yield doc.get("user"), None


def greater(value: Any, limit: int) -> bool:
    return isinstance(value, int | float) and value > limit


def outbound_push_tasks(doc: Doc) -> Rows:
    if doc.get("type") == "task:outbound":
        yield doc.get("created"), None


def feedback_by_date(doc: Doc) -> Rows:
    if doc.get("type") == "feedback":
        yield member(doc, "meta", "time"), None


def device_by_user(doc: Doc) -> Rows:
    told, device = doc.get("metadata"), stored(doc, "device")
    user, id, year, month, day = (member(told, name) for name in ("user", "deviceId", "year", "month", "day"))
    if doc.get("type") == "telemetry" and all(map(truthy, (user, id, year, month, day))):
        info, versions = and_then(device, "deviceInfo"), stored(told, "versions")
        yield [user, id], {
            "date": f"{text(year)}-{text(month).rjust(2, '0')}-{text(day).rjust(2, '0')}", "id": doc["_id"],
            "device": without_undefined(userAgent=and_then(device, "userAgent"), versions=without_undefined(
                apk=and_then(and_then(info, "app"), "version"),
                android=and_then(and_then(info, "software"), "androidVersion"),
                cht=and_then(versions, "app"), settings=and_then(versions, "settings")))}
