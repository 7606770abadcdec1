"""Documents one by one, as CouchDB serves them through the API: /medic/..., /_users/..., /medic-logs/...

CouchDB 3.3 source, chttpd_db; CHT 4.15 source, api/src/routing.js, api/src/middleware/authorization.js.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mocksrv.call import Headers, Reply
from mocksrv.vendors.cht import errors, releases, rendering, routing
from mocksrv.vendors.cht.access import auth, entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import design_documents, document_shape, documents, maintenance, revision_tree, versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.couch_api import (
    bodies,
    infodocs,
    local_documents,
    multipart,
    offline,
    replicating,
    write_rules,
)
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.described.schemas import Created, Document
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.server import files
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

# Any database name; and any but the API's own words, below which an unknown path is an error of the API.
ANY_DB = r"{db:[a-z][a-z0-9_$()+-]*|_users|_replicator|_global_changes}"
DB = r"{db:(?!(?:api|admin)(?![a-z0-9_$()+-]))[a-z][a-z0-9_$()+-]*|_users|_replicator|_global_changes}"
# Any id but CouchDB's own words, which have methods of their own.
ID = (r"{id:(?!_(?:all_docs|bulk_docs|bulk_get|changes|compact|design_docs|ensure_full_commit|explain|find|index"
      r"|local_docs|missing_revs|purge|revs_diff|revs_limit|security|shards|view_cleanup)$)[^/]+}")
DESIGN = "_design/{name}"
MEDIC = offline.MEDIC
META = re.compile(r"medic-user-.*-meta")  # of one user each: CouchDB's own rights decide, also for offline users
SOURCE = "CouchDB 3.3; CHT 4.15 source, api/src/routing.js"
META_MEMBERS = ("_revs_info", "_conflicts", "_deleted_conflicts", "_local_seq")  # a document with them has no ETag


# --- who may -------------------------------------------------------------------------------------------------


def passed_on(world: World, call: Call) -> Database:
    """The database that the path names, if CouchDB lets the caller in."""
    entrance.checked(world, call)
    return documents.database(world, call.params.get("db", MEDIC))


def opened(world: World, call: Call) -> Database:
    """The same, where the API filters what offline users get of `medic`.

    It reads and refuses with its own rights: whether the roles of such a user open the database counts only for what
    it passes on to CouchDB, such as a write (api/src/routing.js, tests/integration/api/controllers/users.spec.js).
    """
    if call.params.get("db", MEDIC) == MEDIC and not auth.signed_in(call).online:
        return documents.database(world, MEDIC)
    return passed_on(world, call)


def doc_id(call: Call) -> str:
    """The id that the path names."""
    id = call.params["id"] if "id" in call.params else f"_design/{call.params['name']}"
    if id == "_local" and routing.sent_path(call).endswith("/"):
        errors.couch(400, "bad_request", "Invalid _local document id.")
    return id


def is_local(call: Call) -> bool:
    """Whether the id, with its slash encoded, is that of a local document."""
    return call.params.get("id", "").startswith(maintenance.LOCAL)


def json_body(call: Call) -> dict[str, Any]:
    """The request's body as a JSON object, parsed by CouchDB itself."""
    bodies.must_be_json(call)
    value = bodies.couch_json(call)
    if not isinstance(value, dict):
        errors.couch(400, "bad_request", "Request body must be a JSON object")
    return value


def document_body(call: Call, db: Database) -> dict[str, Any]:
    """A document in a body; those for `medic` are parsed by the API first."""
    kind = call.header("content-type")
    if db.name != MEDIC and call.method == "PUT" and kind.lower().startswith(multipart.RELATED):
        try:
            return multipart.read(kind, call.body)
        except ValueError as error:
            errors.couch(400, "bad_request", str(error))
    if db.name == MEDIC:
        value = bodies.forwarded_json(call)
    else:
        if call.method == "POST":
            bodies.must_be_json(call)
        value = bodies.couch_json(call)
    if not isinstance(value, dict):
        errors.couch(400, "bad_request", "Document must be a JSON object")
    return value


# --- one document --------------------------------------------------------------------------------------------


@vendor.operation("GET", f"/{DB}/{ID}", f"/{DB}/{ID}/", f"/{DB}/{DESIGN}", name="couch_get_document",
                  statuses=(200, 301, 500),
                  produces=("application/json", multipart.RELATED, multipart.MIXED), query=request_schemas.DOCUMENT,
                  response=response_schemas.any_of(response_schemas.DOCUMENT, response_schemas.REVISIONS),
                  proof="source", source=SOURCE)
def get_document(world: World, call: Call) -> Any:
    """A document, as it is stored."""
    db = opened(world, call)
    id = doc_id(call)
    if id == "..":  # leads to the folder of the API's own files, which come first
        return files.folder(call)
    if offline.filtered(call, db):
        return offline.get(world, call, db, id)
    if id.startswith("_design/") and "id" in call.params:
        place = call.target.replace("_design%2F", "_design/", 1).replace("_design%2f", "_design/", 1)
        return rendering.CouchReply(b"", 301, [("location", f"{call.scheme}://{call.host}{place}")])
    if is_local(call):
        return local_documents.answer(world, db, call, id)
    infodocs.asked_for(world, db, [id])
    more = versions.wanted(call)
    json_list(call.arg("atts_since"))
    wanted = call.arg("open_revs")
    revs = wanted if wanted == "all" else json_list(wanted)
    if revs:
        return open_revs(world, call, db, id, revs)
    rev = call.arg("rev")
    if rev is None:
        guarded(lambda: db.load(id))
        leaf: revision_tree.Leaf | None = db.branches(id)[0]
    else:
        leaf = versions.find(db, id, versions.checked(rev), call.arg("latest") == "true")
    if leaf is None:
        raise errors.CouchError(404, "not_found", "missing")
    if more.attachments and leaf.body.get("_attachments") and multipart.accepted(call, multipart.RELATED):
        kind, data = multipart.related(world, versions.dressed(world, db, leaf, more.without_files()), world.hex(32))
        return rendering.CouchReply(data, headers=[("etag", f'"{leaf.rev}"')], content_type=kind)
    doc = versions.dressed(world, db, leaf, more)
    if any(name in doc for name in META_MEMBERS):
        return rendering.CouchReply(doc)
    return tagged(call, doc, leaf.rev)


def json_list(text: str | None) -> list[Any] | None:
    """A JSON list in the query, None if there is none."""
    try:
        found = json_text.loads(text) if text is not None else None
    except ValueError:
        errors.couch(400, "bad_request", "invalid UTF-8 JSON")
    if found is not None and not isinstance(found, list):
        errors.unknown("function_clause", diagnosis=f"{text} is no JSON array")
    return found


def open_revs(world: World, call: Call, db: Database, id: str, revs: str | list[Any]) -> Reply:
    """Several revisions of a document, as JSON if the client accepts it, else as multipart."""
    more = versions.wanted(call)
    found = versions.sorted_by_age(versions.named(db, id, revs, call.arg("latest") == "true"))
    if not found:
        errors.couch(404, "not_found", "missing")
    if not multipart.accepted(call, multipart.MIXED):
        told = list(versions.opened(world, db, found, more))
        return rendering.CouchReply(json_text.dumps(told) + b"\n", chunked=True)
    told = list(versions.opened(world, db, found, more.without_files()))
    kind, data = multipart.mixed(world, told, world.hex(32), world.hex(32))
    return rendering.CouchReply(data, content_type=kind, chunked=True)


def tagged(call: Call, body: Any, rev: str, status: int = 200, headers: Headers | None = None) -> Reply:
    """An answer with the revision as its ETag; 304 if the client has it."""
    tag = f'"{rev}"'
    if call.method in ("GET", "HEAD") and call.header("if-none-match") == tag:
        return rendering.CouchReply(b"", 304, [("etag", tag)])
    return rendering.CouchReply(body, status, [("etag", tag), *(headers or [])])


def written() -> Any:
    """The schema of the answer to a document that was written."""
    return response_schemas.any_of(Created(), response_schemas.BATCHED)


@vendor.operation("PUT", f"/{DB}/{ID}", f"/{DB}/{ID}/", f"/{DB}/{DESIGN}", name="couch_put_document",
                  query=request_schemas.REVISION,
                  statuses=(200, 201, 202),
                  body=Document, response=written, proof="source",
                  source=SOURCE, effect="makes")
def put_document(world: World, call: Call) -> Any:
    """Create or replace a document; `_rev` (or rev=, or If-Match) must be its last revision."""
    db = opened(world, call)
    id = doc_id(call)
    doc = document_body(call, db)
    if offline.filtered(call, db):
        offline.check_write(world, call, db, id, doc)
        auth.may_edit(world, call)
        entrance.checked(world, call)
    if is_local(call):
        return local_documents.put(world, db, call, id, doc)
    check_rev(doc.get("_rev", ...))
    rev = given_rev(call, doc.get("_rev"))
    whole = {**doc, "_id": id} | ({"_rev": rev} if rev else {})  # the id of the path counts
    grafted = call.arg("new_edits") == "false"
    allow(call, db, whole, new_edits=not grafted)
    result = guarded(partial(db.replicate if grafted else db.put, whole))
    infodocs.note(world, db, [id])
    replicated(world, call, db, id)
    if call.arg("batch") == "ok":
        return rendering.CouchReply({"ok": True, "id": id}, 202)
    return created(call, db, result, deleted=doc.get("_deleted") is True)


def created(call: Call, db: Database, result: dict[str, Any], deleted: bool = False) -> Reply:
    """201 with the place of the new revision, or 200 if that is a tombstone."""
    return tagged(call, result, result["rev"], 200 if deleted else 201,
                  [rendering.location(call, db.name, result["id"])])


def given_rev(call: Call, inside: str | None = None) -> str | None:
    """The revision that a write names in its body, its query or If-Match; they must agree."""
    asked, match = call.arg("rev"), call.header("if-match").strip('"') or None
    check_rev(asked)
    check_rev(match)
    if inside and asked and inside != asked:
        errors.couch(400, "bad_request", "Document rev from request body and query string have different values")
    rev = inside or asked
    if rev and match and rev != match:
        errors.couch(400, "bad_request", "Document rev and etag have different values")
    return rev or match


def check_rev(rev: Any) -> None:
    """Refuse a malformed revision; it may be missing (None in the query, `...` in a body)."""
    if rev is not None and rev is not ... and not (isinstance(rev, str) and documents.REVISION.fullmatch(rev)):
        errors.couch(400, "bad_request", "Invalid rev format")


def allow(call: Call, db: Database, doc: Mapping[str, Any], *, new_edits: bool = True) -> None:
    """Refuse malformed documents, bad revisions, and what the database's rules forbid the caller."""
    guarded(partial(document_shape.check, doc))
    if new_edits and db.conflicts(doc):
        errors.couch(409, "conflict", documents.Conflict.reason)
    if doc["_id"].startswith("_design/") and (problem := design_documents.refusal(doc)):
        errors.couch(400, problem.error, problem.reason)
    if reason := forbidden(call, db, doc):
        errors.couch(403, "forbidden", reason)


def forbidden(call: Call, db: Database, doc: Mapping[str, Any]) -> str | None:
    """Why the database's rules keep the caller from writing the document, or None."""
    if doc["_id"].startswith("_design/") and not (call.caller.admin or entrance.named(call.caller, db, "admins")):
        return "You are not a db or server admin."
    problem = None
    if db.name == MEDIC:
        problem = write_rules.problem(doc, db.peek(doc["_id"]), call.caller, releases.ADMIN_ONLY.holds(call))
    elif META.fullmatch(db.name):
        problem = write_rules.meta_problem(doc)
    return problem or (None if doc["_id"].startswith("_design/") else write_rules.objection(db, doc, call.caller))


def refusals(call: Call, db: Database) -> Callable[[Mapping[str, Any]], str | None]:
    """A function that says why the database's rules forbid a document to the caller, for bulk writes."""
    return partial(forbidden, call, db)


def replicated(world: World, call: Call, db: Database, id: str) -> None:
    """Run the replication that a document of `_replicator` describes."""
    if db.name == replicating.DATABASE:
        replicating.follow(world, call, id, partial(refusals, call), sequence)


@vendor.operation("POST", f"/{DB}", f"/{DB}/", name="couch_post_document", statuses=(201, 202), body=Document,
                  response=written, proof="source", source=SOURCE,
                  effect="makes")
def post_document(world: World, call: Call) -> Any:
    """Create a document; its id is made if it has none."""
    db = opened(world, call)
    doc = document_body(call, db)
    if offline.filtered(call, db):
        offline.check_write(world, call, db, None, doc)
        auth.may_edit(world, call)
        entrance.checked(world, call)
    if "_id" not in doc:
        doc = {"_id": documents.new_id(world), **doc}
    check_rev(doc.get("_rev", ...))
    guarded(partial(document_shape.check, doc))
    if doc["_id"].startswith(maintenance.LOCAL):
        return rendering.CouchReply(guarded(lambda: maintenance.put_local(world, db.name, doc)), 201)
    allow(call, db, doc)
    result = guarded(lambda: db.put(doc))
    infodocs.note(world, db, [result["id"]])
    replicated(world, call, db, doc["_id"])
    if call.arg("batch") == "ok":
        return rendering.CouchReply({"ok": True, "id": doc["_id"]}, 202)
    return created(call, db, result)


@vendor.operation("DELETE", f"/{DB}/{ID}", f"/{DB}/{ID}/", f"/{DB}/{DESIGN}", name="couch_delete_document",
                  query=request_schemas.REVISION,
                  response=response_schemas.WRITTEN,
                  proof="source", source=SOURCE, effect="changes")
def delete_document(world: World, call: Call) -> Any:
    """Delete a document: rev= (or If-Match) must be its last revision."""
    db = opened(world, call)
    id = doc_id(call)
    if offline.filtered(call, db):
        offline.check_write(world, call, db, id, None)
        auth.may_edit(world, call)
        entrance.checked(world, call)
    if is_local(call):
        return local_documents.drop(world, db, id)
    rev = given_rev(call)
    if reason := forbidden(call, db, {"_id": id, "_deleted": True}):
        errors.couch(403, "forbidden", reason)
    current = guarded(lambda: db.load(id))["_rev"]
    if rev not in [leaf.rev for leaf in db.branches(id) if not leaf.deleted]:
        errors.couch(409, "conflict", documents.Conflict.reason,
                     diagnosis=f"rev must be {current}" if rev else f"rev is missing: send rev={current}")
    result = guarded(lambda: db.delete(id, rev))
    return tagged(call, result, result["rev"])


@vendor.operation("COPY", f"/{DB}/{ID}", f"/{DB}/{DESIGN}", name="couch_copy_document", query=request_schemas.REVISION,
                  statuses=(201,),
                  response=Created, proof="source", source=SOURCE)
def copy_document(world: World, call: Call) -> Any:
    """Copy a document to the id in the header Destination; a target that exists is named with its `?rev=`."""
    db = passed_on(world, call)
    target, rev = destination(call)
    asked = given_rev(call)
    guarded(lambda: db.load(doc_id(call)))
    leaf = versions.find(db, doc_id(call), asked) if asked else db.branches(doc_id(call))[0]
    if leaf is None:
        raise errors.CouchError(404, "not_found", "missing")
    doc = {**leaf.body, "_id": target}
    doc.pop("_rev")
    if files := doc.get("_attachments"):
        doc["_attachments"] = {name: versions.filled(world, stub) for name, stub in files.items()}
    check_rev(rev)
    doc |= {"_rev": rev} if rev else {}
    if reason := forbidden(call, db, doc):
        errors.couch(403, "forbidden", reason)
    result = guarded(lambda: db.put(doc, any_id=True))  # CouchDB does not check the id here
    return tagged(call, result, result["rev"], 201, [rendering.location(call, db.name, target)])


def destination(call: Call) -> tuple[str, str | None]:
    """Id and revision that the header Destination names."""
    given = call.header("destination")
    if not given:
        errors.couch(400, "bad_request", "Destination header is mandatory for COPY.")
    if "://" in given:
        errors.couch(400, "bad_request", "Destination URL must be relative.")
    id, _, rev = given.partition("?rev=")
    return bodies.unquoted(id), rev or None
