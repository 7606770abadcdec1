"""Which documents an account replicates, counted as the server counts them, and the log of these counts.

A part of CHT 4.15 source, api/src/services/authorization.js and api/src/services/replication-limit-log.js; purged
documents and private reports are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht import app_settings, auth, documents, errors, questions, shapes
from mocksrv.vendors.cht.documents import Database
from mocksrv.vendors.cht.indexes import lineage_ids
from mocksrv.vendors.cht.users import accounts
from mocksrv.vendors.cht.users.reading import places_of
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

LIMIT = 10_000  # documents, from which on the server warns
DESIGN = "_design/medic-client"  # always replicated, whether it is stored here or not
COMMON = ("resources", "branding", "partners", "service-worker-meta", "zscore-charts", "settings",
          "privacy-policies")
COMMON_TYPES = ("form", "translations")
LOG = "replication-count-"
MOVED, AGE = 100, 31 * 24 * 60 * 60 * 1000  # a new count is logged when it moved so far, or after a month (ms)
MISSING_SUBJECT = ("registration_not_found", "invalid_patient_id")
DEEPEST = -1  # no limit


@dataclass(frozen=True)
class Scope:
    """What replication depends on; without a `user` tasks never count."""

    facilities: tuple[Any, ...]
    roles: tuple[Any, ...] = ()
    user: str | None = None


def of_user(world: World, name: str) -> Scope:
    """The scope of an offline account; refuses with 500 if the account is broken."""
    user = documents.database(world, "_users").peek(accounts.account_id(name)) or {}
    settings_doc = documents.database(world, "medic").peek(accounts.account_id(name))
    facilities = places_of(user)
    if settings_doc is None or not facilities:
        errors.server_error(diagnosis=f"the account {name} has no user-settings document or no place")
    return Scope(tuple(facilities), tuple(user.get("roles") or ()), name)


def replicated(world: World, scope: Scope) -> tuple[set[str], set[str]]:
    """The ids of the documents but tasks, and those of tasks."""
    database = documents.database(world, "medic")
    contacts = contacts_of(world, database, scope)
    known = {*contacts, *shortcodes(database, contacts)}
    found = {DESIGN, accounts.account_id(scope.user or "undefined"), *contacts}
    found |= {id for id in COMMON if id in database}
    for kind in COMMON_TYPES:
        found |= set(database.docs.by("by_type", kind))
    for report in database.by("by_type", "data_record"):
        if any(key in known for key in report_keys(report)):
            found.add(report["_id"])
    found |= {doc["_id"] for doc in database.by("by_type", "target") if str(doc.get("owner")) in contacts}
    tasks = {doc["_id"] for doc in database.by("by_type", "task")
             if scope.user and doc.get("user") == accounts.account_id(scope.user)}
    return found, tasks


def contacts_of(world: World, database: Database, scope: Scope) -> set[str]:
    """The ids of the contacts within the places, down to the depth that the settings give to the roles."""
    depth = depth_of(app_settings.read(world), scope.roles)
    found: set[str] = set()
    for facility in scope.facilities:
        ids = database.docs.by("by_ancestor", facility) if isinstance(facility, str) else ()
        if depth == DEEPEST:
            found.update(ids)
        else:
            found.update(id for id in ids if list(lineage_ids(database.docs.peek(id) or {})).index(facility) <= depth)
    return found


def depth_of(settings: dict[str, Any], roles: tuple[Any, ...]) -> int:
    """The deepest `replication_depth` of the roles."""
    configured = settings.get("replication_depth")
    listed = configured if isinstance(configured, list) else []
    depths = [int(one["depth"]) for one in listed if isinstance(one, dict)
              and one.get("role") in roles and isinstance(one.get("depth"), int | float)]
    return max(depths, default=DEEPEST)


def shortcodes(database: Database, ids: set[str]) -> Iterator[str]:
    """The short codes (`patient_id`, `place_id`) of contacts."""
    for id in ids:
        doc = database.docs.peek(id) or {}
        yield from (str(doc[key]) for key in ("patient_id", "place_id") if doc.get(key))


def report_keys(report: Mapping[str, Any]) -> Iterator[str]:
    """What a report replicates with: its subject, or its submitter, and with `needs_signoff` the lineage above."""
    fields = report.get("fields") if isinstance(report.get("fields"), dict) else {}
    contact = report.get("contact") if isinstance(report.get("contact"), dict) else {}
    assert isinstance(fields, dict)
    assert isinstance(contact, dict)
    problems = report.get("errors") if isinstance(report.get("errors"), list) else []
    lost = any(isinstance(one, dict) and one.get("code") in MISSING_SUBJECT for one in problems or ())
    subject: Any = None
    if report.get("form") and not (lost and contact.get("_id")):
        subject = (report.get("patient_id") or fields.get("patient_id") or report.get("place_id")
                   or fields.get("place_id") or fields.get("patient_uuid"))
    yield str(subject or contact.get("_id") or "_unassigned")
    if fields.get("needs_signoff"):
        yield from lineage_ids(contact)


def counts(world: World, scope: Scope) -> dict[str, Any]:
    """The counts as answers have them; an offline user's is logged too."""
    found, tasks = replicated(world, scope)
    if scope.user:
        log(world, scope.user, len(found) + len(tasks))
    return {"total_docs": len(found) + len(tasks), "warn_docs": len(found), "warn": len(found) >= LIMIT,
            "limit": LIMIT}


def log(world: World, user: str, count: int) -> None:
    """Note how many documents a user replicates, when that is news."""
    database, now = documents.database(world, "medic-logs"), world.clock.ms()
    old = database.get(LOG + user)
    if old is None or abs(old["count"] - count) > MOVED or now - old["date"] > AGE:
        database.put({**(old or {"_id": LOG + user, "user": user}), "date": now, "count": count})


@vendor.operation("GET", "/api/v1/initial-replication/get-ids", "/api/v1/replication/get-ids",
                  response=shapes.REPLICATED, errors=shapes.COUCH_ERROR, proof="source",
                  source="CHT 4.15 source, api/src/controllers/replication.js; recorded from 4.15.0",
                  statuses=(200, 401, 404, 500))
def get_replication_ids(world: World, call: Call) -> dict[str, Any]:
    """Ids and revisions of all documents that the calling offline user replicates; others are sent on to CouchDB."""
    caller = auth.signed_in(call)
    if caller.online:
        call.diagnose("only offline users replicate")
        raise vendor.unrouted(world, call)
    scope = of_user(world, caller.name)
    database = documents.database(world, "medic")
    found, tasks = replicated(world, scope)
    log(world, caller.name, len(found) + len(tasks))
    stored = ((id, database.peek(id)) for id in sorted(found | tasks))
    pairs = [{"id": id, "rev": doc["_rev"]} for id, doc in stored if doc is not None]
    return {"doc_ids_revs": pairs, "warn_docs": len(found), "last_seq": f"{database.update_seq}-0",
            "warn": len(found) >= LIMIT, "limit": LIMIT}


@vendor.operation("POST", "/api/v1/replication/get-deletes", json="lenient", response=shapes.GONE,
                  errors=shapes.COUCH_ERROR, body=questions.IDS_BODY, proof="source",
                  source="CHT 4.15 source, api/src/controllers/replication.js", statuses=(200, 401, 404, 500))
def get_replication_deletes(world: World, call: Call) -> dict[str, Any]:
    """Of the ids that an offline user holds, `{"doc_ids": [...]}`, those that were deleted since."""
    if auth.signed_in(call).online:
        call.diagnose("only offline users replicate")
        raise vendor.unrouted(world, call)
    body = call.notes["json"]
    ids = body.get("doc_ids", []) if isinstance(body, dict) else []
    if not isinstance(ids, list):
        errors.server_error(diagnosis="doc_ids must be a list of ids")
    database = documents.database(world, "medic")
    histories = ((id, database.history(id)) for id in ids if isinstance(id, str))
    return {"doc_ids": [id for id, history in histories if history is not None and history.get("deleted")]}
