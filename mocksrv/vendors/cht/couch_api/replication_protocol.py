"""What replication asks: which revisions are missing, many documents at given revisions, and to write many.

CouchDB 3.3 source, chttpd_db; CouchDB documentation, "CouchDB Replication Protocol".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import document_shape, documents, maintenance, revision_tree, versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch_api import bodies, infodocs, offline
from mocksrv.vendors.cht.couch_api.one_document import (
    DB,
    MEDIC,
    SOURCE,
    check_rev,
    forbidden,
    guarded,
    json_body,
    opened,
)
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.described.contact_schemas import Documents
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World


def missing(db: Database, id: str, revs: list[Any]) -> dict[str, Any] | None:
    """The revisions of a document that are not here, with those here that they may follow."""
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
    if not all(isinstance(revs, list) for revs in body.values()):
        errors.couch(400, "bad_request", "Request body must be a JSON object")
    return body


@vendor.operation("POST", f"/{DB}/_revs_diff", name="couch_revs_diff", body=request_schemas.REVISIONS_BODY,
                  response=response_schemas.MISSING, proof="source",
                  source=SOURCE, effect="reads")
def revs_diff(world: World, call: Call) -> Any:
    """Of the revisions asked for, `{id: [...]}`, those that are missing."""
    db = opened(world, call)
    pairs = ((id, missing(db, id, revs)) for id, revs in asked(call).items())
    return rendering.CouchReply({id: found for id, found in pairs if found is not None})


@vendor.operation("POST", f"/{DB}/_missing_revs", name="couch_missing_revs", body=request_schemas.REVISIONS_BODY,
                  response=response_schemas.MISSING_REVS,
                  proof="source", source=SOURCE, effect="reads")
def missing_revs(world: World, call: Call) -> Any:
    """The same in an older form."""
    db = opened(world, call)
    pairs = ((id, missing(db, id, revs)) for id, revs in asked(call).items())
    return rendering.CouchReply({"missing_revs": {id: found["missing"] for id, found in pairs if found is not None}})


@vendor.operation("POST", f"/{DB}/_bulk_get", name="couch_bulk_get", query=request_schemas.BULK_GET,
                  body=request_schemas.BULK_GET_BODY, response=response_schemas.GOTTEN, proof="source",
                  source=SOURCE, effect="reads")
def bulk_get(world: World, call: Call) -> Any:
    """Documents at given revisions: `{"docs": [{"id", "rev"}]}`; query: revs, latest, attachments."""
    db = opened(world, call)
    if offline.filtered(call, db):
        return offline.bulk_get(world, call, db)
    docs = json_body(call).get("docs")
    if docs is None:
        errors.couch(400, "bad_request", "Missing JSON list of 'docs'.")
    if not isinstance(docs, list) or not all(isinstance(one, dict) for one in docs):
        errors.couch(400, "bad_request", "'docs' must be a list of objects")
    results = [{"id": one.get("id"), "docs": list(got(world, call, db, one))} for one in docs]
    return rendering.CouchReply(json_text.dumps({"results": results}) + b"\n", chunked=True)


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


# --- writing many --------------------------------------------------------------------------------------------


@vendor.operation("POST", f"/{DB}/_bulk_docs", name="couch_bulk_docs", response=response_schemas.WRITES,
                  statuses=(201,),
                  body=Documents,
                  proof="source", source=SOURCE, effect="makes")
def bulk_docs(world: World, call: Call) -> Any:
    """Write many documents, local ones too; a conflict fails only its own."""
    db = opened(world, call)
    if not offline.filtered(call, db):
        body = bodies.forwarded_json(call) if db.name == MEDIC else json_body(call)
        rows = list(written(world, call, db, body))
        return rendering.CouchReply(rows, 201)
    docs = offline.listed(call, "POST body must include `docs` parameter.")
    body = bodies.forwarded_json(call)
    allowed = offline.bulk_docs(world, call, db, docs)
    auth.may_edit(world, call)
    mine = body | {"docs": [doc for doc, good in zip(docs, allowed, strict=True) if good]}
    return offline.bulk_reply(offline.merged(docs, allowed, written(world, call, db, mine)))


def written(world: World, call: Call, db: Database, body: Any) -> Iterator[dict[str, Any]]:
    """A result for each document; without `new_edits` only failures."""
    docs, new_edits = listed(body), body.get("new_edits", True)
    if not isinstance(new_edits, bool):
        errors.couch(400, "bad_request", "`new_edits` parameter must be a boolean.")
    for doc in docs:
        check_rev(doc.get("_rev"))
        guarded(partial(document_shape.check, doc))
        doc.setdefault("_id", documents.new_id(world))
    for doc in docs:
        if doc["_id"].startswith(maintenance.LOCAL):
            result = guarded(partial(maintenance.put_local, world, db.name, doc))
            yield from [result] if new_edits else []
        elif reason := forbidden(call, db, doc):
            yield {"id": doc["_id"], "error": "forbidden", "reason": reason}
        else:
            results = guarded(partial(db.bulk, [doc], new_edits))
            if all(result.get("ok") for result in results):
                infodocs.note(world, db, [doc["_id"]])
            yield from results


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
