"""Attachments by themselves, as CouchDB serves them. CouchDB 3.3 source, chttpd_db (attachments)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, NoReturn

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth, entrance
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import attachments, documents, versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import Document
from mocksrv.vendors.cht.couch_api import changes, multipart, offline
from mocksrv.vendors.cht.couch_api.local_documents import guarded
from mocksrv.vendors.cht.couch_api.one_document import (
    DB,
    SOURCE,
    allow,
    created,
    doc_id,
    given_rev,
    opened,
)
from mocksrv.vendors.cht.described import request_schemas
from mocksrv.vendors.cht.described.schemas import Created
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATHS = (f"/{DB}/{{id:[^_/][^/]*}}/{{file:path}}", f"/{DB}/_design/{{name}}/{{file:path}}")
FUNCTIONS = ("_show", "_list", "_update")  # with a name behind it, a list also with a view
# Paths of design documents that have methods of their own.
HANDLED = ("_view", "_info", "_search", "_search_info", "_nouveau")
NO_FILE = (404, "not_found", "Document is missing attachment")
RANGE = re.compile(r"(\d{0,15})-(\d{0,15})")
MOST_RANGES = 10  # of one answer


def found(world: World, call: Call) -> Database:
    """The database; below a design document some paths are not attachments, and rewriting is not simulated."""
    db = opened(world, call)
    if "name" in call.params:
        kind = call.params["file"].partition("/")[0]
        if kind == "_rewrite":
            errors.couch(404, "not_found", "missing")
        if kind in FUNCTIONS:
            without_function(call, db, kind)
        if kind in HANDLED:
            raise entrance.nothing(world, call)
    return db


@vendor.operation("GET", *PATHS, name="couch_get_attachment", query=request_schemas.REVISION, statuses=(200, 206),
                  proof="source", source=SOURCE,
                  produces="*/*")
def get_attachment(world: World, call: Call) -> Any:
    """The content of an attachment: of a compressible type with gzip for clients that accept it; of others also a
    range.
    """
    db = found(world, call)
    id, rev = doc_id(call), call.arg("rev")
    if offline.filtered(call, db):
        if "name" in call.params:  # the API takes any path below a design document for that document
            return offline.get(world, call, db, id)
        offline.check_file(world, call, db, id)
        entrance.checked(world, call)
    if rev:
        leaf = versions.find(db, id, versions.checked(rev), call.arg("latest") == "true")
        doc = leaf.body if leaf else errors.couch(404, "not_found", "missing")
    else:
        doc = guarded(lambda: db.load(id))
    stub = (doc.get("_attachments") or {}).get(call.params["file"])
    if stub is None:
        errors.couch(*NO_FILE)
    return served(world, call, stub)


def without_function(call: Call, db: Database, kind: str) -> NoReturn:
    """A path to a function of a design document that lacks its name, or that of a view, or the wrong method: only that
    of an update has words of its own. CouchDB 3.3 source, chttpd_show, share/server/render.js."""
    if offline.filtered(call, db):
        raise errors.Firewall
    name = call.params["file"].partition("/")[2].partition("/")[0]
    if kind == "_update" and name and call.method == "GET":
        changes.member(db, call.params["name"], "updates", name)
        errors.couch(500, "method_not_allowed", "Update functions do not allow GET")
    guarded(lambda: db.load(doc_id(call)))
    errors.couch(404, f"{kind[1:]}_error", "Invalid path.")


def served(world: World, call: Call, stub: attachments.Stub) -> Reply:
    """The content; the digest is its ETag."""
    tag, packed = f'"{stub["digest"].removeprefix("md5-")}"', attachments.packs(stub)
    if call.header("if-none-match") == tag:
        return rendering.CouchReply(b"", 304, [("etag", tag)])
    headers = [("accept-ranges", "none" if packed else "bytes"), ("etag", tag)]
    content, status, kind = attachments.read(world, stub), 200, attachments.media_type(stub)
    ranges = wanted_ranges(call.header("range"), len(content))
    if packed and "gzip" in rendering.encodings(call):
        content = attachments.pack(content)
        headers.insert(1, ("content-encoding", "gzip"))
    elif ranges and not packed and len(ranges) < MOST_RANGES:
        status, size = 206, len(content)
        parts = [(f"bytes {first}-{last}/{size}", content[first : last + 1]) for first, last in ranges]
        if len(parts) == 1:
            headers.insert(1, ("content-range", parts[0][0]))
            content = parts[0][1]
        else:
            kind, content = multipart.byteranges(parts, kind, world.hex(32))
    return rendering.CouchReply(content, status, headers, content_type=kind, policy="sandbox")


def wanted_ranges(header: str, size: int) -> list[tuple[int, int]] | None:
    """First and last byte of each range that the client asks for; None for the whole. Refuses ranges outside of it.

    CouchDB 3.3 source, chttpd_db (parse_ranges): the end of a range that begins nowhere is cut like any other first.
    """
    unit, _, text = header.replace(" ", "").partition("=")
    found = [RANGE.fullmatch(part) for part in text.split(",")]
    ranges = []
    for one in found:
        if unit != "bytes" or one is None or one[0] == "-":
            return None
        first, last = (int(part) if part else None for part in one.groups())
        if first == 0 and last is None:
            return None
        last = None if last is None else min(last, size - 1)
        first, last = (size - (last or 0), size - 1) if first is None else (first, size - 1 if last is None else last)
        if last < first:
            errors.couch(416, "requested_range_not_satisfiable", "Requested range not satisfiable")
        ranges.append((first, last))
    return ranges


@vendor.operation("PUT", *PATHS, name="couch_put_attachment", query=request_schemas.REVISION, statuses=(201,),
                  response=Created, consumes="*/*",
                  proof="source", source=SOURCE, effect="changes")
def put_attachment(world: World, call: Call) -> Any:
    """Add or replace an attachment; rev= (or If-Match) is the last revision of a document that exists."""
    db = found(world, call)
    doc = changed(world, call, db)
    content, encoding = call.body, call.header("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        errors.couch(415, "bad_content_type", "Only gzip and identity content-encodings are supported")
    if (given := call.header("content-md5")) and given != base64.b64encode(
            hashlib.md5(content, usedforsecurity=False).digest()).decode():
        errors.unknown("function_clause", diagnosis="Content-MD5 is not that of the body")
    new = {"data": base64.b64encode(content).decode(), "encoding": encoding,
           "content_type": call.header("content-type", "application/octet-stream")}
    others = {name: stub for name, stub in doc.pop("_attachments", {}).items() if name != call.params["file"]}
    doc["_attachments"] = {call.params["file"]: new, **others}  # in CouchDB's order, which revisions depend on
    result = guarded(lambda: db.put(doc))
    reply = created(call, db, result)
    reply.headers = [rendering.location(call, db.name, result["id"], call.params["file"])]
    return reply


@vendor.operation("DELETE", *PATHS, name="couch_delete_attachment", query=request_schemas.REVISION, response=Created,
                  proof="source", source=SOURCE, effect="changes")
def delete_attachment(world: World, call: Call) -> Any:
    """Delete an attachment; rev= (or If-Match) must be the document's last revision."""
    db = found(world, call)
    doc = changed(world, call, db)
    if doc.get("_attachments", {}).pop(call.params["file"], None) is None:
        errors.couch(*NO_FILE)
    return rendering.CouchReply(guarded(lambda: db.put(doc)))


def changed(world: World, call: Call, db: Database) -> Document:
    """The document that the path names, at the revision that the request names; a new one if there is none."""
    id = doc_id(call)
    if offline.filtered(call, db):
        offline.check_file(world, call, db, id)
        auth.may_edit(world, call)
        entrance.checked(world, call)
    rev = given_rev(call)
    doc: Document = {"_id": id}
    if rev is not None:
        leaf = next((one for one in db.branches(id) if one.rev == rev), None)
        if leaf is None and versions.find(db, id, rev) is None:
            errors.couch(409, "not_found", "missing_rev")
        if leaf is None:
            errors.couch(409, "conflict", documents.Conflict.reason)
        doc = dict(leaf.body) | ({"_attachments": dict(leaf.body["_attachments"])} if "_attachments" in leaf.body
                                 else {})
    elif call.method == "DELETE":
        doc = guarded(lambda: db.load(id))
        if call.params["file"] in (doc.get("_attachments") or {}):
            errors.couch(409, "conflict", documents.Conflict.reason)
    elif id in db:
        errors.couch(409, "conflict", documents.Conflict.reason)
    allow(call, db, doc)
    return doc
