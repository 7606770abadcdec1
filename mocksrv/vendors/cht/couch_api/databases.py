"""Whole databases: creating, deleting, information, security, maintenance. CouchDB 3.3 source, chttpd_db."""

from __future__ import annotations

import hashlib
import re
import zlib
from itertools import pairwise
from typing import Any

from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth, entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents, maintenance, tables
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.couch_api import bodies, offline
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.couch_api.one_document import ANY_DB, DB, MEDIC, META, SOURCE, json_body, opened
from mocksrv.vendors.cht.described import request_schemas, response_schemas
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.setup import builds
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

EXISTS = (412, "file_exists", "The database could not be created, the file already exists.")
NODE, PARTS = "couchdb@127.0.0.1", 12
EDGES = [number * 2**32 // PARTS for number in range(PARTS + 1)]  # of the hashes of ids in each shard, and the last one
PURGED_INFOS = 1000  # purges of which a database keeps the history, unless it says otherwise
MOST_PURGED = 100  # documents in one request
# What is not allowed in the name of a user's own database becomes its code in parentheses.
BLOCKED = re.compile(r"[^a-z0-9_$()+/-]")
META_DESIGN = {
    "_id": "_design/medic-user",
    "views": {"read": {"map": "function (doc) { if (/^read:/.test(doc._id)) emit(doc._id.split(':')[1]); }",
                       "reduce": "_count"}},
}


def entered(world: World, call: Call) -> Database:
    """The database; offline users may enter their own only."""
    db = opened(world, call)
    if offline.filtered(call, db):
        raise errors.Firewall
    return db


# --- made and deleted ----------------------------------------------------------------------------------------


@vendor.operation("PUT", f"/{ANY_DB}", f"/{ANY_DB}/", name="couch_make_database", response=response_schemas.FINE,
                  statuses=(200, 201),
                  proof="source",
                  source="CouchDB 3.3; CHT 4.15 source, api/src/controllers/create-user-db.js")
def make_database(world: World, call: Call) -> Any:
    """Create a database; users may create their own, `/medic-user-<name>-meta/`."""
    name = call.params["db"]
    if META.fullmatch(name) and call.path.endswith("/"):
        return make_own(world, call)
    entrance.require_admin(call)
    if name in documents.names(world):
        errors.couch(*EXISTS)
    maintenance.make(world, name)
    return rendering.CouchReply({"ok": True}, 201, [rendering.location(call, name)])


def make_own(world: World, call: Call) -> Any:
    """Create the caller's own database with its design document, closed to others; it may exist already."""
    caller = auth.signed_in(call)
    name = f"medic-user-{BLOCKED.sub(lambda found: f'({ord(found[0])})', caller.name)}-meta"
    if call.params["db"] != name:
        errors.fail(403, "Insufficient privileges", diagnosis=f"the database of {caller.name} is {name}")
    if name not in documents.names(world):
        maintenance.make(world, name)
        own = {"names": [caller.name], "roles": []}
        world.table(tables.SERVER).put(f"security/{name}", {"admins": own, "members": own})
        documents.database(world, name).put(dict(META_DESIGN))
    return {"ok": True}


@vendor.operation("DELETE", f"/{ANY_DB}", f"/{ANY_DB}/", name="couch_delete_database", response=response_schemas.FINE,
                  proof="source",
                  source=SOURCE)
def delete_database(world: World, call: Call) -> Any:
    """Delete a database and all that is in it."""
    entrance.checked(world, call)
    if call.arg("rev") is not None:
        errors.couch(400, "bad_request", "You tried to DELETE a database with a ?=rev parameter. Did you mean to "
                                         "DELETE a document instead?")
    maintenance.drop(world, call.params["db"])
    return rendering.CouchReply({"ok": True})


# --- described -----------------------------------------------------------------------------------------------


@vendor.operation("GET", "/medic", name="couch_medic_redirect", anonymous=True, statuses=(302,), proof="source",
                  source=SOURCE)
def medic_redirect(world: World, call: Call) -> Any:
    """To /medic/, for everybody."""
    return rendering.redirect(call, "/medic/")


@vendor.operation("GET", f"/{ANY_DB}/", f"/{ANY_DB}", name="couch_database", response=response_schemas.DATABASE,
                  proof="source", source=SOURCE)
def database_info(world: World, call: Call) -> Any:
    """Information about a database."""
    return rendering.CouchReply(described(entered(world, call)))


def started(db: Database) -> str:
    """When a database was made, in Unix seconds as text: who replicates sees by it that there is another one."""
    return str(builds.FIRST // 1000 if db.since is None else db.since)


def described(db: Database) -> dict[str, Any]:
    size = 4096 + 300 * len(db)
    return {"instance_start_time": started(db), "db_name": db.name, "purge_seq": "0-g1AAAAAwGAcQ",
            "update_seq": sequence(db.update_seq), "sizes": {"file": size, "external": size, "active": size},
            "props": {}, "doc_del_count": db.deleted, "doc_count": len(db), "disk_format_version": 8,
            "compact_running": False, "cluster": {"q": PARTS, "n": 1, "w": 1, "r": 1}}


@vendor.operation("GET", f"/{DB}/_design/{{name}}/_info", name="couch_design_info",
                  response=response_schemas.VIEW_INDEX, proof="source", source="CouchDB 3.3, couch_mrview_index (get)")
def design_info(world: World, call: Call) -> Any:
    """The state of a design document's indexes, which are always up to date here."""
    db = entered(world, call)
    doc = guarded(lambda: db.load(f"_design/{call.params['name']}"))
    views = json_text.dumps([doc.get("language", "javascript"), doc.get("views")])
    size = 4096 + 100 * len(db)
    return rendering.CouchReply({"name": call.params["name"], "view_index": {
        "updates_pending": {"minimum": 0, "preferred": 0, "total": 0}, "waiting_commit": False, "waiting_clients": 0,
        "updater_running": False, "update_seq": db.update_seq, "purge_seq": 0, "language": doc.get(
            "language", "javascript"), "compact_running": False, "collator_versions": ["153.112"],
        "signature": hashlib.md5(views, usedforsecurity=False).hexdigest(),
        "sizes": {"file": size, "external": size, "active": size}}})


@vendor.operation("GET", f"/{DB}/_shards", name="couch_shards", response=response_schemas.SHARDS, proof="source",
                  source="CouchDB 3.3, mem3_httpd")
def shards(world: World, call: Call) -> Any:
    """Where the shards of a database are: all on the one node."""
    db = opened(world, call)
    if offline.filtered(call, db):
        errors.denied(offline.NOT_YOURS)
    return rendering.CouchReply({"shards": {one: [NODE] for one in shard_ranges()}})


def shard_ranges() -> list[str]:
    """The hashes that each shard takes, from and to."""
    return [f"{low:08x}-{high - 1:08x}" for low, high in pairwise(EDGES)]


@vendor.operation("GET", f"/{DB}/_shards/{{id}}", name="couch_shard_of", response=response_schemas.SHARD,
                  proof="source", source="CouchDB 3.3, mem3_httpd, mem3_hash")
def shard_of(world: World, call: Call) -> Any:
    """Where a document is, or would be: by the CRC of its id."""
    db = opened(world, call)
    if offline.filtered(call, db):
        errors.denied(offline.NOT_YOURS)
    place = zlib.crc32(call.params["id"].encode())
    low, high = next((edges for edges in pairwise(EDGES) if place < edges[1]), (0, 0))
    return rendering.CouchReply({"range": f"{low:08x}-{high - 1:08x}", "nodes": [NODE]})


@vendor.operation("POST", f"/{DB}/_sync_shards", name="couch_sync_shards", response=response_schemas.FINE,
                  statuses=(202,), proof="source", source="CouchDB 3.3, mem3_httpd", effect="reads")
def sync_shards(world: World, call: Call) -> Any:
    """A no-op: there is one node."""
    db = entered(world, call)
    entrance.require_admin(call, db)
    return rendering.CouchReply({"ok": True}, 202)


# --- who may enter -------------------------------------------------------------------------------------------


@vendor.operation("GET", f"/{DB}/_security", name="couch_security", response=response_schemas.SECURITY_OBJECT,
                  proof="source",
                  source=SOURCE)
def get_security(world: World, call: Call) -> Any:
    """Members and admins of a database."""
    db = entered(world, call)
    roles = app_settings.read(world).get("roles") if db.name == MEDIC else None
    members = ["_admin", *(roles if isinstance(roles, dict) else ())]
    return rendering.CouchReply(db.security() or {"members": {"roles": members}, "admins": {"roles": ["_admin"]}})


@vendor.operation("PUT", f"/{DB}/_security", name="couch_put_security", body=request_schemas.SECURITY_BODY,
                  response=response_schemas.FINE, proof="source",
                  source=SOURCE)
def put_security(world: World, call: Call) -> Any:
    """Set members and admins."""
    db = entered(world, call)
    entrance.require_admin(call, db)
    value = bodies.couch_json(call)
    if not isinstance(value, dict):
        errors.couch(400, "bad_request", "Security object must be a JSON object")
    for part in ("admins", "members"):
        checked(value.get(part, {}), part)
    world.table(tables.SERVER).put(f"security/{db.name}", value)
    return rendering.CouchReply({"ok": True})


def checked(part: Any, name: str) -> None:
    """Refuse members or admins that are not lists of texts."""
    if not isinstance(part, dict):
        errors.couch(400, "bad_request", f"{name} must be a JSON object")
    for kind in ("names", "roles"):
        listed = part.get(kind, [])
        if not isinstance(listed, list):
            errors.couch(400, "bad_request", f"{kind} must be a JSON list of strings")
        if not all(isinstance(one, str) for one in listed):
            errors.couch(400, "bad_request", f"{kind} must contain only strings")


# --- tidied --------------------------------------------------------------------------------------------------


@vendor.operation("POST", f"/{DB}/_ensure_full_commit", name="couch_full_commit", response=response_schemas.STARTED,
                  statuses=(201,), proof="source",
                  source=SOURCE, effect="reads")
def full_commit(world: World, call: Call) -> Any:
    """A no-op: everything is written at once."""
    db = entered(world, call)
    bodies.must_be_json(call)
    return rendering.CouchReply({"ok": True, "instance_start_time": started(db)}, 201)


@vendor.operation("POST", f"/{DB}/_compact", f"/{DB}/_compact/{{design}}", f"/{DB}/_view_cleanup",
                  name="couch_compact", response=response_schemas.FINE, statuses=(202,), proof="source", source=SOURCE)
def compact(world: World, call: Call) -> Any:
    """Compact a database: drops the bodies of superseded revisions. For views there is nothing to do."""
    db = entered(world, call)
    entrance.require_admin(call, db)
    design = call.params.get("design")
    if "_view_cleanup" not in call.path:
        bodies.must_be_json(call)
        if design is not None:
            guarded(lambda: db.load(f"_design/{design}"))
        else:
            maintenance.compact(world, db.name)
    return rendering.CouchReply({"ok": True}, 202)


@vendor.operation("POST", f"/{DB}/_purge", name="couch_purge", body=request_schemas.REVISIONS_BODY,
                  response=response_schemas.PURGED,
                  statuses=(201,),
                  proof="source", source=SOURCE)
def purge(world: World, call: Call) -> Any:
    """Remove revisions without a trace, `{id: [revisions]}`: leaves of branches, with all revisions before them."""
    db = entered(world, call)
    asked = json_body(call)
    if len(asked) > MOST_PURGED:
        errors.couch(400, "bad_request", "Exceeded maximum number of documents.")
    for revs in asked.values():
        if not isinstance(revs, list) or not all(isinstance(rev, str) and documents.REVISION.fullmatch(rev)
                                                 for rev in revs):
            errors.couch(400, "bad_request", "Invalid rev format")
    purged = {id: maintenance.purge(world, db, id, revs) for id, revs in asked.items()}
    return rendering.CouchReply({"purge_seq": None, "purged": purged}, 201)


@vendor.operation("GET", f"/{DB}/_revs_limit", name="couch_revs_limit", response=response_schemas.NUMBER,
                  proof="source",
                  source=SOURCE)
def get_revs_limit(world: World, call: Call) -> Any:
    """How many revisions of a branch are kept."""
    db = opened(world, call)
    if offline.filtered(call, db):
        errors.denied(offline.NOT_YOURS)
    return rendering.CouchReply(db.revs_limit)


@vendor.operation("PUT", f"/{DB}/_revs_limit", name="couch_put_revs_limit", response=response_schemas.FINE,
                  proof="source",
                  source=SOURCE)
def put_revs_limit(world: World, call: Call) -> Any:
    """Set how many revisions of a branch are kept; existing documents are cut at their next update."""
    return set_limit(world, call, "revs_limit", "`revs_limit` must be a positive integer")


@vendor.operation("GET", f"/{DB}/_purged_infos_limit", name="couch_purged_infos", response=response_schemas.NUMBER,
                  proof="source", source=SOURCE)
def get_purged_infos(world: World, call: Call) -> Any:
    """Of how many purges the history is kept."""
    db = opened(world, call)
    if offline.filtered(call, db):
        errors.denied(offline.NOT_YOURS)
    known = world.table(tables.SERVER).peek(f"purged_infos/{db.name}") or {"limit": PURGED_INFOS}
    return rendering.CouchReply(known["limit"])


@vendor.operation("PUT", f"/{DB}/_purged_infos_limit", name="couch_put_purged_infos", response=response_schemas.FINE,
                  proof="source", source=SOURCE)
def put_purged_infos(world: World, call: Call) -> Any:
    """Set of how many purges the history is kept."""
    return set_limit(world, call, "purged_infos", "`purge_infos_limit` must be positive integer")


def set_limit(world: World, call: Call, kept: str, refusal: str) -> rendering.CouchReply:
    """Keep the number that the body is as a limit of the database."""
    db = entered(world, call)
    entrance.require_admin(call, db)
    limit = bodies.couch_json(call)
    if type(limit) is not int or limit < 1:
        errors.couch(400, "bad_request", refusal)
    world.table(tables.SERVER).put(f"{kept}/{db.name}", {"limit": limit})
    return rendering.CouchReply({"ok": True})
