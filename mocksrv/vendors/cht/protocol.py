"""What replication asks: which revisions are missing, and many documents at given revisions.

CouchDB 3.3 source, chttpd_db; CouchDB documentation, "CouchDB Replication Protocol".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht import errors, jsonio, leaves, questions, scope, shapes, versions, wire
from mocksrv.vendors.cht.couchdb import DB, SOURCE, json_body, opened
from mocksrv.vendors.cht.documents import Database
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World


def missing(db: Database, id: str, revs: list[Any]) -> dict[str, Any] | None:
    """The revisions of a document that are not here, with those here that they may follow."""
    known = db.branches(id)
    lacking = [rev for rev in revs if not leaves.knows(known, versions.checked(rev))]
    if not lacking:
        return None
    highest = max(leaves.rank(rev)[0] for rev in lacking)
    before = [leaf.rev for leaf in known if leaves.rank(leaf.rev)[0] < highest]
    return {"missing": lacking} | ({"possible_ancestors": before} if before else {})


def asked(call: Call) -> dict[str, list[Any]]:
    """Ids with their revisions."""
    body = json_body(call)
    if not all(isinstance(revs, list) for revs in body.values()):
        errors.couch(400, "bad_request", "Request body must be a JSON object")
    return body  # type: ignore[no-any-return]


@vendor.operation("POST", f"/{DB}/_revs_diff", name="couch_revs_diff", response=shapes.MISSING,
                  body=questions.REVISIONS_BODY, proof="source", source=SOURCE)
def revs_diff(world: World, call: Call) -> Any:
    """Of the revisions asked for, `{id: [...]}`, those that are missing."""
    db = opened(world, call)
    pairs = ((id, missing(db, id, revs)) for id, revs in asked(call).items())
    return wire.CouchReply({id: found for id, found in pairs if found is not None})


@vendor.operation("POST", f"/{DB}/_missing_revs", name="couch_missing_revs", response=shapes.MISSING_REVS,
                  body=questions.REVISIONS_BODY, proof="source", source=SOURCE)
def missing_revs(world: World, call: Call) -> Any:
    """The same in an older form."""
    db = opened(world, call)
    pairs = ((id, missing(db, id, revs)) for id, revs in asked(call).items())
    return wire.CouchReply({"missing_revs": {id: found["missing"] for id, found in pairs if found is not None}})


@vendor.operation("POST", f"/{DB}/_bulk_get", name="couch_bulk_get", response=shapes.GOTTEN, query=questions.BULK_GET,
                  body=questions.BULK_GET_BODY, proof="source", source=SOURCE)
def bulk_get(world: World, call: Call) -> Any:
    """Documents at given revisions: `{"docs": [{"id", "rev"}]}`; query: revs, latest, attachments."""
    db = opened(world, call)
    docs = json_body(call).get("docs")
    if docs is None:
        errors.couch(400, "bad_request", "Missing JSON list of 'docs'.")
    if not isinstance(docs, list) or not all(isinstance(one, dict) for one in docs):
        errors.couch(400, "bad_request", "'docs' must be a list of objects")
    if not call.caller.online:
        may = scope.reader(world, call.caller)
        docs = [one for one in docs if may(db.peek(str(one.get("id"))))]
    results = [{"id": one.get("id"), "docs": list(got(world, call, db, one))} for one in docs]
    return wire.CouchReply(iter((jsonio.dumps({"results": results}) + b"\n",)))


def got(world: World, call: Call, db: Database, one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The revisions of one document, or the error in their place."""
    id, rev = one.get("id"), one.get("rev")
    if not isinstance(id, str):
        yield {"error": {"id": id, "rev": None, "error": "bad_request", "reason": "document id missed"}}
        return
    revs: Any = "all" if rev is None else [rev]
    latest = call.arg("latest") == "true"
    found = list(versions.opened_revs(world, db, id, revs, latest, versions.wanted(call)))
    for result in found or [{"missing": "undefined"}]:
        if "ok" in result:
            yield result
        else:
            yield {"error": {"id": id, "rev": result["missing"], "error": "not_found", "reason": "missing"}}
