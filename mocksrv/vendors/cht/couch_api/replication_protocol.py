"""Endpoints of the replication protocol: missing revisions, documents at given revisions, bulk writes.

CouchDB 3.3 source, chttpd_db; CouchDB documentation, "CouchDB Replication Protocol".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth, entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import design_documents, document_shape, documents, maintenance, revision_tree, versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch_api import bodies, infodocs, offline
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.couch_api.one_document import (
    DB,
    MEDIC,
    SOURCE,
    check_rev,
    forbidden,
    json_body,
    opened,
    passed_on,
    replicated,
)
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.described.schemas import Documents
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World


def missing(db: Database, id: str, revs: list[Any]) -> dict[str, Any] | None:
    """The missing revisions of a document, with known ones that they may descend from."""
    known = db.branches(id)
    lacking = [rev for rev in revs if not revision_tree.knows(known, versions.checked(rev))]
    if not lacking:
        return None
    highest = max(revision_tree.rank(rev)[0] for rev in lacking)
    before = [leaf.rev for leaf in known if revision_tree.rank(leaf.rev)[0] < highest]
    return {"missing": lacking} | ({"possible_ancestors": before} if before else {})


def asked(call: Call) -> dict[str, list[Any]]:
    """Ids with their revisions."""
    body = json_body(call)
    if not all(isinstance(revs, list) and all(isinstance(rev, str) for rev in revs) for revs in body.values()):
        errors.unknown("function_clause", diagnosis="each id must have a list of revisions, which are texts")
    return body


@vendor.operation("POST", f"/{DB}/_revs_diff", name="couch_revs_diff", body=request_schemas.REVISIONS_BODY,
                  response=response_schemas.MISSING, proof="source",
                  source=SOURCE, effect="reads")
def revs_diff(world: World, call: Call) -> Any:
    """Of the revisions asked for, `{id: [...]}`, those that are missing."""
    db = passed_on(world, call)
    pairs = ((id, missing(db, id, revs)) for id, revs in asked(call).items())
    return rendering.CouchReply({id: found for id, found in pairs if found is not None})


@vendor.operation("POST", f"/{DB}/_missing_revs", name="couch_missing_revs", body=request_schemas.REVISIONS_BODY,
                  response=response_schemas.MISSING_REVS,
                  proof="source", source=SOURCE, effect="reads")
def missing_revs(world: World, call: Call) -> Any:
    """The same in an older form."""
    db = passed_on(world, call)
    pairs = ((id, missing(db, id, revs)) for id, revs in asked(call).items())
    return rendering.CouchReply({"missing_revs": {id: found["missing"] for id, found in pairs if found is not None}})


@vendor.operation("POST", f"/{DB}/_bulk_get", f"/{DB}/_bulk_get/{{rest:path}}", name="couch_bulk_get",
                  query=request_schemas.BULK_GET,
                  body=request_schemas.BULK_GET_BODY, response=response_schemas.GOTTEN, proof="source",
                  source=SOURCE, effect="reads")
def bulk_get(world: World, call: Call) -> Any:
    """Documents at given revisions: `{"docs": [{"id", "rev"}]}`; query: revs, latest, attachments."""
    db = opened(world, call)
    if offline.filtered(call, db):
        return offline.bulk_get(world, call, db)
    entrance.no_rest(world, call)
    docs = json_body(call).get("docs", ...)
    if docs is ...:
        errors.couch(400, "bad_request", "Missing JSON list of 'docs'.")
    if not isinstance(docs, list) or any(isinstance(one, dict) and not isinstance(one.get("id", ""), str)
                                         for one in docs):
        errors.unknown("function_clause", diagnosis="`docs` must be a list of objects, each with an id that is text")
    results = [{"id": one.get("id") if isinstance(one, dict) else None, "docs": list(got(world, call, db, one))}
               for one in docs]
    return rendering.CouchReply(iter((json_text.dumps({"results": results}) + b"\n",)))


def got(world: World, call: Call, db: Database, one: Any) -> Iterator[dict[str, Any]]:
    """The revisions of one document, or the error in their place."""
    if not isinstance(one, dict) or not one:
        yield failed(None, None, "bad_request", "document must be a JSON object")
        return
    id, rev = one.get("id"), one.get("rev")
    try:
        if id is None:
            raise document_shape.Invalid("bad_request", "document id missed")
        document_shape.check({"_id": id})
        if rev is not None and not (isinstance(rev, str) and documents.REVISION.fullmatch(rev)):
            raise document_shape.Invalid("bad_request", "Invalid rev format")
    except document_shape.Invalid as error:
        yield failed(id, rev, error.error, error.reason)
        return
    revs: Any = "all" if rev is None else [rev]
    latest = call.arg("latest") == "true"
    found = versions.named(db, str(id), revs, latest)
    for result in list(versions.opened(world, db, found, versions.wanted(call))) or [{"missing": "undefined"}]:
        yield result if "ok" in result else failed(id, result["missing"], "not_found", "missing")


def failed(id: Any, rev: Any, error: str, reason: str) -> dict[str, Any]:
    """The error in the place of a document."""
    return {"error": {"rev": rev, "reason": reason, "id": id, "error": error}}


# --- writing many --------------------------------------------------------------------------------------------


@vendor.operation("POST", f"/{DB}/_bulk_docs", f"/{DB}/_bulk_docs/{{rest:path}}", name="couch_bulk_docs",
                  response=response_schemas.WRITES,
                  statuses=(201,),
                  body=Documents,
                  proof="source", source=SOURCE, effect="makes")
def bulk_docs(world: World, call: Call) -> Any:
    """Write many documents, local ones too; a conflict fails only its own."""
    db = opened(world, call)
    if not offline.filtered(call, db):
        entrance.no_rest(world, call)
        body = bodies.forwarded_json(call) if db.name == MEDIC else json_body(call)
        if isinstance(body, dict) and body.get("all_or_nothing") is True:
            return rendering.CouchReply([refused(doc) for doc in listed(body)], 417)
        return rendering.CouchReply(list(written(world, call, db, body)), 201)
    docs = offline.listed(call, "POST body must include `docs` parameter.")
    body = bodies.forwarded_json(call)
    mine = offline.bulk_docs(world, call, db, docs)
    auth.may_edit(world, call)
    entrance.checked(world, call)
    where, sent = offline.places(docs, mine), [dict(doc) for doc in docs]  # writing gives ids to those without
    results = list(written(world, call, db, body | {"docs": mine}))
    return offline.bulk_reply(offline.merged(sent, where, results))


def refused(doc: dict[str, Any]) -> dict[str, Any]:
    """The result of a document for `all_or_nothing`, which a cluster does not support.

    CouchDB 3.3 source, fabric_doc_update (validate_atomic_update).
    """
    return {"id": doc.get("_id"), "rev": doc.get("_rev", "0-"), "error": "unknown_error", "reason": "precommit_failure"}


def written(world: World, call: Call, db: Database, body: Any) -> Iterator[dict[str, Any]]:
    """A result for each document; without `new_edits` only failures."""
    docs, new_edits = listed(body), body.get("new_edits", True)
    if not isinstance(new_edits, bool):
        errors.unknown("function_clause", diagnosis="`new_edits` must be true or false")
    for doc in docs:
        check_rev(doc.get("_rev", ...))
        guarded(partial(document_shape.check, doc))
        doc.setdefault("_id", documents.new_id(world))
    for doc in docs:
        yield from one_written(world, call, db, doc, new_edits)


def one_written(world: World, call: Call, db: Database, doc: dict[str, Any],
                new_edits: bool) -> Iterator[dict[str, Any]]:
    """The result of one document; without `new_edits` nothing if it is stored."""
    if doc["_id"].startswith(maintenance.LOCAL):
        result = guarded(partial(maintenance.put_local, world, db.name, doc))
        yield from [result] if new_edits else []
    elif doc["_id"].startswith("_design/") and (problem := design_documents.refusal(doc)):
        yield {"id": doc["_id"], "error": problem.error, "reason": problem.reason}
    elif new_edits and db.conflicts(doc):
        yield {"id": doc["_id"], "error": "conflict", "reason": documents.Conflict.reason}
    elif reason := forbidden(call, db, doc):
        yield {"id": doc["_id"], "error": "forbidden", "reason": reason}
    else:
        results = guarded(lambda: db.bulk([doc], new_edits))
        if all(result.get("ok") for result in results):
            infodocs.note(world, db, [doc["_id"]])
        yield from results
        replicated(world, call, db, doc["_id"])


def listed(body: Any) -> list[dict[str, Any]]:
    """The documents of a body."""
    if not isinstance(body, dict):
        errors.couch(400, "bad_request", "Request body must be a JSON object")
    docs = body.get("docs")
    if "docs" not in body:
        errors.couch(400, "bad_request", "POST body must include `docs` parameter.")
    if not isinstance(docs, list):
        errors.couch(400, "bad_request", "`docs` parameter must be an array.")
    if not all(isinstance(doc, dict) for doc in docs):
        errors.couch(400, "bad_request", "Document must be a JSON object")
    return docs
