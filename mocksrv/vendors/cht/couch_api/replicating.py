"""Replication between two databases, as CouchDB's replicator does it, once and immediately.

Both ends are databases of the same world, by name or by an address of this server; other servers are not called.
CouchDB 3.3 source, couch_replicator (scheduler jobs, docs); CouchDB documentation, "/_replicate" and "Replicator
Database".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from mocksrv.problems import NotSimulated, OwnRefusal
from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.access import entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents, maintenance, revision_tree, versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import Document
from mocksrv.vendors.cht.couch_api.find import options, selectors
from mocksrv.vendors.cht.couch_api.lists import finding
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.node import json_text
from mocksrv.world import World

DATABASE = "_replicator"
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
WHOLE = versions.Wanted(revs=True, attachments=True)
ONCE = "continuous replication copies once here: what changes later is not followed"
Refused = Callable[[Mapping[str, Any]], str | None]


@dataclass
class Copy:
    """The counters of a replication."""

    start: str
    checked: int = 0
    found: int = 0
    written: int = 0
    failed: int = 0
    last: int = 0
    end: str = ""


# --- the two ends --------------------------------------------------------------------------------------------


def database_of(world: World, call: Call, given: Any, what: str) -> str:
    """The name of a database, which is a name already, an address of this server, or an object with that as `url`."""
    url = given.get("url") if isinstance(given, dict) else given
    if not isinstance(url, str) or not url:
        errors.couch(400, "bad_request", f"`{what}` must be a database name, a URL or an object with a `url`")
    parts = urlsplit(url)
    if not parts.scheme:
        return url.strip("/")
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme not in ("http", "https") or not is_own(call, host):
        raise OwnRefusal(NotSimulated(f"replication with another server, which {host} is: only databases of this world "
                                      "replicate"))
    path = parts.path.removeprefix(call.prefix).strip("/")
    if "/" in path or not path:
        raise OwnRefusal(NotSimulated(f"replication with {parts.path}, which is not a database of this world"))
    return unquote(path)


def is_own(call: Call, host: str) -> bool:
    """Whether an address is that of the server that received the request."""
    name, _, port = call.host.rpartition(":") if ":" in call.host.rpartition("]")[2] else (call.host, "", "")
    own = {call.host, *(f"{one}:{port}" if port else one for one in (*LOOPBACK, name))}
    return host in own


def source_and_target(world: World, call: Call, job: Mapping[str, Any]) -> tuple[Database, Database]:
    """The databases of a job; makes the target if the job says so. Refuses as CouchDB does."""
    names = [database_of(world, call, job.get(what), what) for what in ("source", "target")]
    known = documents.names(world)
    if names[0] not in known:
        errors.couch(404, "db_not_found", f"could not open {names[0]}")
    if names[1] not in known and job.get("create_target") is not True:
        errors.couch(404, "db_not_found", f"could not open {names[1]}")
    source = documents.database(world, names[0])
    if not (call.caller.admin or entrance.is_member(world, call.caller, source)):
        errors.couch(*entrance.NOT_YOURS)
    if names[1] not in known:
        entrance.require_admin(call)
        maintenance.make(world, names[1])
    target = documents.database(world, names[1])
    if not (call.caller.admin or entrance.is_member(world, call.caller, target)):
        errors.couch(*entrance.NOT_YOURS)
    return source, target


# --- copying -------------------------------------------------------------------------------------------------


def wanted(db: Database, job: Mapping[str, Any]) -> Callable[[str], bool]:
    """A test of documents that a job copies: by a `filter` function, by `doc_ids`, by `selector`, or all."""
    if "filter" in job:
        return by_function(db, str(job["filter"]), job.get("query_params"))
    ids, selector = job.get("doc_ids"), job.get("selector")
    if ids is not None:
        if not isinstance(ids, list):
            errors.couch(400, "bad_request", "`doc_ids` must be an array")
        return lambda id: id in ids
    if selector is not None:
        try:
            fits = selectors.compile_selector(options.selector(selector))
        except selectors.BadQuery as error:
            errors.couch(400, "bad_request", error.reason)
        return lambda id: fits((db.history(id) or {}).get("body") or db.peek(id))
    return lambda id: True


def by_function(db: Database, filter: str, query: Any) -> Callable[[str], bool]:
    """A test by the function `design/name` of the source."""
    design, _, name = filter.partition("/")
    functions = finding.functions_of(guarded(lambda: db.load(f"_design/{design}")))
    request = {"method": "GET", "query": query if isinstance(query, dict) else {}}
    return lambda id: functions.passes(name, (db.history(id) or {}).get("body") or db.peek(id) or {}, request)


def copy(world: World, source: Database, target: Database, job: Mapping[str, Any], refused: Refused) -> Copy:
    """Copy every revision that the target lacks; counts those that its rules refuse."""
    done, fits = Copy(world.clock.http()), wanted(source, job)
    for seq, id, _ in list(source.changes()):
        done.last = seq
        if not fits(id):
            continue
        known = target.branches(id)
        for leaf in source.branches(id):
            done.checked += 1
            if revision_tree.knows(known, leaf.rev):
                continue
            done.found += 1
            doc: Document = dict(versions.dressed(world, source, leaf, WHOLE))
            if refused(doc):
                done.failed += 1
            else:
                target.replicate(doc)
                done.written += 1
    done.end = world.clock.http()
    return done


def run(world: World, call: Call, job: Mapping[str, Any], refused: Callable[[Database], Refused],
        sequence: Callable[[int], str]) -> dict[str, Any]:
    """Run a job; returns the answer of `POST /_replicate`."""
    source, target = source_and_target(world, call, job)
    if job.get("continuous") is True:
        call.diagnose(ONCE)
    done = copy(world, source, target, job, refused(target))
    last, session = sequence(done.last), world.hex(32)
    if not done.found:
        return {"ok": True, "no_changes": True, "session_id": session, "source_last_seq": last,
                "replication_id_version": 4, "history": []}
    entry = {"session_id": session, "start_time": done.start, "end_time": done.end, "start_last_seq": 0,
             "end_last_seq": last, "recorded_seq": last, "missing_checked": done.checked, "missing_found": done.found,
             "docs_read": done.found, "docs_written": done.written, "doc_write_failures": done.failed}
    return {"ok": True, "session_id": session, "source_last_seq": last, "replication_id_version": 4,
            "history": [entry]}


def id_of(job: Mapping[str, Any]) -> str:
    """The name of a replication: the same for the same job."""
    told = json_text.dumps({name: job.get(name) for name in ("source", "target", "doc_ids", "selector", "continuous")})
    return hashlib.md5(told, usedforsecurity=False).hexdigest() + ("+continuous" if job.get("continuous") else "")


def follow(world: World, call: Call, id: str, refused: Callable[[Database], Refused],
           sequence: Callable[[int], str]) -> None:
    """Run the job that a document in `_replicator` describes, and write its outcome there."""
    db = documents.database(world, DATABASE)
    job = db.get(id)
    if job is None or id.startswith("_design/") or "_replication_state" in job:
        return
    told: dict[str, Any] = {"_replication_state_time": world.clock.iso()}
    try:
        answer = run(world, call, job, refused, sequence)
    except (errors.CouchError, OwnRefusal) as error:
        call.diagnose(str(error.diagnosis))
        told |= {"_replication_state": "failed", "_replication_state_reason": str(error.diagnosis)}
    else:
        if job.get("continuous") is True:
            return  # the state of a job that goes on stands elsewhere
        (entry,) = answer["history"] or [{}]
        told |= {"_replication_state": "completed", "_replication_stats": {
            "revisions_checked": entry.get("missing_checked", 0),
            "missing_revisions_found": entry.get("missing_found", 0), "docs_read": entry.get("docs_read", 0),
            "docs_written": entry.get("docs_written", 0), "changes_pending": None,
            "doc_write_failures": entry.get("doc_write_failures", 0),
            "checkpointed_source_seq": answer["source_last_seq"], "start_time": world.clock.iso()}}
    db.put({**job, **told})
