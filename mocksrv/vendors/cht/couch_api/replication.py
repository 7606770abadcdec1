"""Which documents an account replicates, counted as the server counts them, and the log of these counts.

CHT 4.15 source, api/src/services/replication.js, api/src/services/purged-docs.js and
api/src/services/replication-limit-log.js.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.access import auth, authorization, entrance, purged_docs
from mocksrv.vendors.cht.access.authorization import Reader, Scope
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.couch.view_index import View, parsed, rows_of
from mocksrv.vendors.cht.ddocs import replication_keys
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

LIMIT = 10_000  # number of documents from which on the server warns
LOG = "replication-count-"
MOVED, AGE = 100, 31 * 24 * 60 * 60 * 1000  # a new count is logged when it moved so far, or after a month (ms)
RECORDS = "medic", "replication", "records_by_subject"
BY_SUBJECT = View(replication_keys.records_by_subject, types=frozenset(replication_keys.RECORDS), order=json_text.dumps)


def belonging(world: World, of: Scope) -> tuple[set[str], set[str]]:
    """The ids of the documents but tasks, and those of tasks, whether purged or not."""
    records = rows_of(world, RECORDS, BY_SUBJECT)
    medic, reader = documents.database(world, "medic"), Reader(world, of)
    found = {authorization.DESIGN, of.account, *(id for id in replication_keys.COMMON_IDS if id in medic)}
    later = (replication_keys.LATER_COMMON_TYPE,) if releases.ADMIN_ONLY.holds(world) else ()
    for kind in (*replication_keys.COMMON_TYPES, *later):
        found |= set(medic.docs.by("by_type", kind))
    found |= reader.contacts()
    tasks, seen, near = set(), set(), set()
    for row in records.among(reader.subjects):
        key = authorization.key_of(**parsed(row))
        if key.kind == "task":
            tasks |= {row[1]} if of.user and key.subject == of.account else set()
        else:
            seen |= {row[1]} if reader.sees(key) else set()
            near |= {row[1]} if reader.near(key) else set()
    return found | (seen & near), tasks


def counts(world: World, of: Scope) -> dict[str, Any]:
    """The counts of an answer; an offline user's are logged too."""
    found, tasks = replicated(world, of)
    return {"total_docs": len(found) + len(tasks), "warn_docs": len(found), "warn": len(found) >= LIMIT,
            "limit": LIMIT}


def replicated(world: World, of: Scope) -> tuple[set[str], set[str]]:
    """The ids without those purged for the roles; a user's number is logged. Older releases need a place for that, not
    for one document.
    """
    if not (of.facilities or releases.NO_PLACE.holds(world)):
        errors.server_error(diagnosis=f"the account {of.user} has no place")
    found, tasks = belonging(world, of)
    everything, gone = len(found) + len(tasks), purged_docs.ids_of(world, of, found | tasks)
    found, tasks = found - gone, tasks - gone
    if of.user:
        log(world, of.user, len(found) + len(tasks), everything)
    return found, tasks


def log(world: World, user: str, count: int, everything: int) -> None:
    """Log how many documents a user replicates; older releases do so only if the number changed."""
    database, now = documents.database(world, "medic-logs"), world.clock.ms()
    old = database.get(LOG + user)
    if releases.ALL_DOCS_COUNT.holds(world):
        database.put({**(old or {"_id": LOG + user, "user": user}), "date": now, "count": count,
                      "all_docs_count": everything})
    elif old is None or differs(count, old.get("count"), MOVED) or differs(now, old.get("date"), AGE):
        database.put({**(old or {"_id": LOG + user, "user": user}), "date": now, "count": count})


def differs(now: float, before: Any, most: float) -> bool:
    """Whether two numbers differ by more; to JavaScript nothing differs from what is no number."""
    return isinstance(before, int | float) and abs(now - before) > most


GET_IDS: dict[str, Any] = {
    "response": response_schemas.REPLICATED, "errors": response_schemas.COUCH_ERROR, "proof": "source",
    "source": "CHT 4.15 source, api/src/controllers/replication.js; recorded from 4.15.0",
    "statuses": (200, 401, 404, 500)}


@vendor.operation("GET", "/api/v1/initial-replication/get-ids", name="get_initial_replication_ids", until="5.2",
                  **GET_IDS)
@vendor.operation("GET", "/api/v1/replication/get-ids", **GET_IDS)
def get_replication_ids(world: World, call: Call) -> dict[str, Any]:
    """Ids and revisions of all documents that the calling offline user replicates; requests of others go on to CouchDB.
    """
    caller = auth.signed_in(call)
    if caller.online:
        call.diagnose("only offline users replicate")
        raise entrance.refusal(world, call)
    return ids_of(world, caller.name)


def ids_of(world: World, name: str) -> dict[str, Any]:
    """The answer with what an offline user replicates."""
    database = documents.database(world, "medic")
    found, tasks = replicated(world, authorization.of_user(world, name))
    stored = ((id, database.docs.peek(id)) for id in sorted(found | tasks))
    pairs = [{"id": id, "rev": doc["_rev"]} for id, doc in stored if doc is not None]
    return {"doc_ids_revs": pairs, "warn_docs": len(found), "last_seq": sequence(database.update_seq),
            "warn": len(found) >= LIMIT, "limit": LIMIT}


@vendor.operation("POST", "/api/v1/replication/get-deletes", json="lenient", response=response_schemas.GONE,
                  errors=response_schemas.COUCH_ERROR, body=request_schemas.IDS_BODY, proof="source",
                  source="CHT 4.15 source, api/src/controllers/replication.js", statuses=(200, 401, 404, 500),
                  effect="reads")
def get_replication_deletes(world: World, call: Call) -> dict[str, Any]:
    """Of the ids that an offline user holds, `{"doc_ids": [...]}`, those that were deleted since."""
    if auth.signed_in(call).online:
        call.diagnose("only offline users replicate")
        raise entrance.refusal(world, call)
    ids = call.json.get("doc_ids") if isinstance(call.json, dict) else None
    if not isinstance(ids, list):
        errors.server_error(diagnosis="doc_ids must be a list of ids")
    return {"doc_ids": list(deletions(world, call.caller.name, ids))}


def deletions(world: World, name: str, ids: Iterable[Any]) -> Iterator[str]:
    """Those of the ids whose documents were deleted, then those whose documents were purged for the user."""
    medic = documents.database(world, "medic")
    known = [id for id in ids if isinstance(id, str)]
    yield from (id for id in known if (medic.history(id) or {}).get("deleted"))
    gone = purged_docs.of_roles(world, authorization.of_user(world, name), known) or set()
    yield from (id for id in known if id in gone)
