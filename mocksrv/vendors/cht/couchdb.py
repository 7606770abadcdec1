"""The documents themselves, as CouchDB serves them through the API: /medic/..., /_users/..., /medic-logs/...

CouchDB 3.3 source; CHT 4.15 source, api/src/routing.js, api/src/middleware/authorization.js.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mocksrv.operation import Call, Headers, Reply
from mocksrv.vendors.cht import (
    attachments,
    auth,
    document_rules,
    documents,
    errors,
    jsonio,
    leaves,
    questions,
    scope,
    shapes,
    versions,
    wire,
)
from mocksrv.vendors.cht.documents import Database
from mocksrv.vendors.cht.results import Created, Document, Documents
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

DB = r"{db:medic(?:-[^/]*)?|_users|_replicator|_global_changes}"
# Any id but CouchDB's own words, for which it refuses the methods that they do not have.
ID = (r"{id:(?!_(?:all_docs|bulk_docs|bulk_get|changes|ensure_full_commit|find|index|local_docs|missing_revs|revs_diff"
      r"|security)$)[^/]+}")
DESIGN = "_design/{name}"
MEDIC = "medic"
META = re.compile(r"medic-user-.*-meta")  # of one user each: CouchDB's own rights decide, also for offline users
SOURCE = "CouchDB 3.3; CHT 4.15 source, api/src/routing.js"


# --- who may -------------------------------------------------------------------------------------------------


def opened(world: World, call: Call, *, write: bool = False) -> Database:
    """The database that the path names, if the caller may read or write it. Refuses as API and CouchDB do."""
    name = call.params.get("db", MEDIC)
    caller = auth.signed_in(call)
    if not caller.online and name != MEDIC and not META.fullmatch(name):
        raise errors.Firewall
    if name not in documents.names(world):
        raise errors.CouchError(*errors.NO_DATABASE)
    if name == MEDIC:
        if write and caller.online:
            call.notes["direct_proxy"] = True
            if not auth.has(world, caller, "can_edit"):
                # CHT 4.15 rejects with an error that its handler does not know: 403 from 4.20 on.
                errors.server_error(diagnosis=f"{caller.name} lacks can_edit; CHT 4.15 answers 500 here")
        return documents.database(world, name)
    if not caller.admin and not (name == "_users" and _own_user(call, caller)):
        errors.couch(403, "forbidden", "You are not allowed to access this db.")
    return documents.database(world, name)


def _own_user(call: Call, caller: auth.Caller) -> bool:
    return call.params.get("id") == auth.USER + caller.name


def doc_id(call: Call) -> str:
    """The id that the path names."""
    return call.params["id"] if "id" in call.params else f"_design/{call.params['name']}"


def guarded(run: Callable[[], Any]) -> Any:
    """Run, with the refusals of the documents layer as CouchDB's."""
    try:
        return run()
    except documents.NotFound as error:
        why = f"{error.what} is {error.reason}" if error.what else None
        raise errors.CouchError(404, "not_found", error.reason, diagnosis=why) from None
    except documents.Conflict as error:
        raise errors.CouchError(409, "conflict", error.reason) from None
    except documents.Forbidden as error:
        raise errors.CouchError(403, "forbidden", error.reason) from None
    except documents.Invalid as error:
        raise errors.CouchError(400, error.error, error.reason) from None
    except attachments.Unknown as error:
        raise errors.CouchError(412, "missing_stub", str(error)) from None
    except attachments.BadData as error:
        raise errors.CouchError(400, "bad_request", str(error)) from None


def json_body(call: Call, kind: type = dict) -> Any:
    """The request's body as JSON of that kind."""
    try:
        value = jsonio.loads(call.body)
    except ValueError:
        if call.params.get("db", MEDIC) == MEDIC and call.method == "POST":
            errors.server_error(diagnosis="the body is not JSON")  # the API parses it first
        errors.couch(400, "bad_request", "invalid UTF-8 JSON")
    if not isinstance(value, kind):
        errors.couch(400, "bad_request", "Document must be a JSON object")
    return value


# --- one document --------------------------------------------------------------------------------------------


@vendor.operation("GET", f"/{DB}/{ID}", f"/{DB}/{DESIGN}", name="couch_get_document",
                  response=shapes.any_of(shapes.DOCUMENT, shapes.REVISIONS), query=questions.DOCUMENT, proof="source",
                  source=SOURCE)
def get_document(world: World, call: Call) -> Any:
    """A document, as it is stored."""
    db = opened(world, call)
    id = doc_id(call)
    if not call.caller.online and not scope.may_read(world, call.caller, db.peek(id)):
        errors.couch(403, "forbidden", "Insufficient privileges")
    more = versions.wanted(call)
    if (wanted := call.arg("open_revs")) is not None:
        return open_revs(world, call, db, id, wanted)
    rev = call.arg("rev")
    if rev is None:
        guarded(lambda: db.load(id))
        leaf: leaves.Leaf | None = db.branches(id)[0]
    else:
        leaf = versions.find(db, id, versions.checked(rev), call.arg("latest") == "true")
    if leaf is None:
        raise errors.CouchError(404, "not_found", "missing")
    return tagged(call, versions.dressed(world, db, leaf, more), leaf.rev)


def open_revs(world: World, call: Call, db: Database, id: str, wanted: str) -> Reply:
    """Several revisions of a document, as JSON or, for who does not say so, in parts."""
    try:
        revs = wanted if wanted == "all" else jsonio.loads(wanted)
    except ValueError:
        revs = None
    if revs != "all" and not isinstance(revs, list):
        errors.couch(400, "bad_request", "invalid_json")
    found = list(versions.opened_revs(world, db, id, revs, call.arg("latest") == "true", versions.wanted(call)))
    if not found:
        errors.couch(404, "not_found", "missing")
    if "application/json" in call.header("accept"):
        return wire.CouchReply(iter((jsonio.dumps(found) + b"\n",)))
    boundary = world.hex(32)
    parts = []
    for one in found:
        kind = "application/json" if "ok" in one else 'application/json; error="true"'
        parts += [f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode(), jsonio.dumps(one.get("ok", one)), b"\r\n"]
    return wire.CouchReply(b"".join([*parts, f"--{boundary}--".encode()]),
                           content_type=f'multipart/mixed; boundary="{boundary}"')


def tagged(call: Call, body: Any, rev: str, status: int = 200, headers: Headers | None = None,
           plain_proxy: bool = True) -> Reply:
    """An answer with the revision as its ETag; 304 for who has it."""
    tag = f'"{rev}"'
    if call.method in ("GET", "HEAD") and call.header("if-none-match") == tag:
        return wire.CouchReply(b"", 304, [("etag", tag)], plain_proxy=plain_proxy)
    return wire.CouchReply(body, status, [("etag", tag), *(headers or [])], plain_proxy=plain_proxy)


@vendor.operation("PUT", f"/{DB}/{ID}", f"/{DB}/{DESIGN}", name="couch_put_document", statuses=(201,), body=Document,
                  response=Created, query=questions.REVISION, proof="source", source=SOURCE)
def put_document(world: World, call: Call) -> Any:
    """Create or replace a document; `_rev` (or rev=, or If-Match) must be its last revision."""
    db = opened(world, call, write=True)
    id = doc_id(call)
    doc = json_body(call)
    if doc.get("_id", id) != id:
        errors.couch(400, "bad_request", "Document ID must match the one in the URL")
    rev = given_rev(call) or doc.get("_rev")
    _check_rev(rev)
    allow(world, call, db, {**doc, "_id": id})
    result = guarded(lambda: db.put({**doc, "_id": id} | ({"_rev": rev} if rev else {})))
    return created(call, db, result)


def created(call: Call, db: Database, result: dict[str, Any]) -> Reply:
    """201 with the place of the new revision."""
    place = wire.location(call, db.name, result["id"])
    return tagged(call, result, result["rev"], 201, [place], plain_proxy=db.name != MEDIC)


def given_rev(call: Call) -> str | None:
    """The revision that a write names beside its body."""
    rev = call.arg("rev") or call.header("if-match").strip('"') or None
    _check_rev(rev)
    return rev


def _check_rev(rev: Any) -> None:
    if rev is not None and not (isinstance(rev, str) and documents.REVISION.fullmatch(rev)):
        errors.couch(400, "bad_request", "Invalid rev format")


def allow(world: World, call: Call, db: Database, doc: Mapping[str, Any]) -> None:
    """Refuse what is no document, and what the API or the database's own rules forbid to the caller."""
    guarded(partial(documents.check, doc))
    current = db.peek(doc["_id"])
    if not call.caller.online:  # both what is there and what shall be must belong to the user's place
        versions = [current] if doc.get("_deleted") else [current, doc]
        if not all(scope.may_read(world, call.caller, version) for version in versions):
            errors.couch(403, "forbidden", "Insufficient privileges")
    if reason := forbidden(call, db, doc):
        errors.couch(403, "forbidden", reason)


def forbidden(call: Call, db: Database, doc: Mapping[str, Any]) -> str | None:
    """Why the database's rules keep the caller from writing the document, or None."""
    return document_rules.problem(doc, db.peek(doc["_id"]), call.caller) if db.name == MEDIC else None


@vendor.operation("POST", f"/{DB}", f"/{DB}/", name="couch_post_document", statuses=(201,), body=Document,
                  response=Created, proof="source", source=SOURCE)
def post_document(world: World, call: Call) -> Any:
    """Create a document; its id is made if it has none."""
    db = opened(world, call, write=True)
    doc = json_body(call)
    if "_id" not in doc:
        doc = {"_id": documents.new_id(world), **doc}
    _check_rev(doc.get("_rev"))
    allow(world, call, db, doc)
    return created(call, db, guarded(lambda: db.put(doc)))


@vendor.operation("DELETE", f"/{DB}/{ID}", f"/{DB}/{DESIGN}", name="couch_delete_document", response=shapes.WRITTEN,
                  query=questions.REVISION, proof="source", source=SOURCE)
def delete_document(world: World, call: Call) -> Any:
    """Delete a document: rev= (or If-Match) must be its last revision."""
    db = opened(world, call, write=True)
    id = doc_id(call)
    rev = given_rev(call)
    allow(world, call, db, {"_id": id, "_deleted": True})
    current = guarded(lambda: db.load(id))["_rev"]
    if rev not in [leaf.rev for leaf in db.branches(id) if not leaf.deleted]:
        errors.couch(409, "conflict", documents.Conflict.reason,
                     diagnosis=f"rev must be {current}" if rev else f"rev is missing: send rev={current}")
    result = guarded(lambda: db.delete(id, rev))
    return tagged(call, result, result["rev"], plain_proxy=db.name != MEDIC)


# --- many documents ------------------------------------------------------------------------------------------


@vendor.operation("POST", f"/{DB}/_bulk_docs", name="couch_bulk_docs", statuses=(201,), body=Documents,
                  response=shapes.WRITES, proof="source", source=SOURCE)
def bulk_docs(world: World, call: Call) -> Any:
    """Write many documents; a conflict fails only its own."""
    db = opened(world, call, write=True)
    body = json_body(call, dict)
    docs = body.get("docs")
    if docs is None:
        errors.couch(400, "bad_request", "POST body must include `docs` parameter.")
    if not isinstance(docs, list):
        errors.couch(400, "bad_request", "`docs` parameter must be an array.")
    if not all(isinstance(doc, dict) for doc in docs):
        errors.couch(400, "bad_request", "Document must be a JSON object")
    for doc in docs:
        doc.setdefault("_id", documents.new_id(world))
        guarded(partial(documents.check, doc))
    results: list[dict[str, Any]] = []
    for doc in docs:
        if not call.caller.online and not scope.may_read(world, call.caller, doc):
            results.append({"id": doc["_id"], "error": "forbidden"})
        elif reason := forbidden(call, db, doc):
            results.append({"id": doc["_id"], "error": "forbidden", "reason": reason})
        else:
            results += guarded(partial(db.bulk, [doc], body.get("new_edits", True) is not False))
    return wire.CouchReply(results, 201, plain_proxy=db.name != MEDIC)


# --- databases -----------------------------------------------------------------------------------------------


@vendor.operation("GET", "/medic", name="couch_medic_redirect", anonymous=True, statuses=(302,), proof="source",
                  source=SOURCE)
def medic_redirect(world: World, call: Call) -> Any:
    """To /medic/, for everybody."""
    return wire.redirect(call, "/medic/")


@vendor.operation("GET", f"/{DB}/", f"/{DB}", name="couch_database", response=shapes.DATABASE, proof="source",
                  source=SOURCE)
def database_info(world: World, call: Call) -> Any:
    """What CouchDB tells of a database."""
    db = opened(world, call)
    if not call.caller.online:
        raise errors.Firewall
    size = 4096 + 300 * len(db)
    return wire.CouchReply({
        "instance_start_time": "1733133600", "db_name": db.name, "purge_seq": "0-g1AAAAAwGAcQ",
        "update_seq": sequence(db.update_seq), "sizes": {"file": size, "external": size, "active": size},
        "props": {}, "doc_del_count": db.deleted, "doc_count": len(db), "disk_format_version": 8,
        "compact_running": False, "cluster": {"q": 12, "n": 1, "w": 1, "r": 1}})


def sequence(number: int) -> str:
    """An update sequence as CouchDB shows it: the number counts, the rest is opaque."""
    return f"{number}-g1AAAACTeJzLYWBgYMpgTmEQTM4vTc5ISXIwNDLXMwBCwxyQVB4LkGRoAFL_gSArAwDhbB3z"


@vendor.operation("GET", "/_all_dbs", name="couch_all_databases", response=shapes.NAMES, proof="source", source=SOURCE)
def all_databases(world: World, call: Call) -> Any:
    """The names of all databases; for admins."""
    if not call.caller.online:
        raise errors.Firewall
    if not call.caller.admin:
        errors.couch(401, "unauthorized", "You are not a server admin.")
    names = documents.names(world)
    tag = wire.etag(jsonio.dumps(names)).removeprefix("W/")
    return wire.CouchReply(iter((jsonio.dumps(names) + b"\n",)), headers=[("etag", tag)])
