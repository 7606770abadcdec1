"""Attachments by themselves, as CouchDB serves them. CouchDB 3.3 source, chttpd_db (attachments)."""

from __future__ import annotations

import base64
from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht import attachments, documents, errors, questions, scope, wire
from mocksrv.vendors.cht.couchdb import (
    DB,
    MEDIC,
    SOURCE,
    allow,
    created,
    doc_id,
    given_rev,
    guarded,
    opened,
    tagged,
)
from mocksrv.vendors.cht.results import Created
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

PATHS = (f"/{DB}/{{id:[^_/][^/]*}}/{{file:path}}", f"/{DB}/_design/{{name}}/{{file:path}}")


@vendor.operation("GET", *PATHS, name="couch_get_attachment", query=questions.REVISION, proof="source", source=SOURCE,
                  produces="*/*")
def get_attachment(world: World, call: Call) -> Any:
    """The content of an attachment, as it was stored; the digest is its ETag."""
    db = opened(world, call)
    doc = guarded(lambda: db.load(doc_id(call)))
    if not call.caller.online and not scope.may_read(world, call.caller, doc):
        errors.couch(403, "forbidden", "Insufficient privileges")
    rev = call.arg("rev")
    if rev and rev != doc["_rev"]:
        doc = db.version(doc["_id"], rev) or {}
    stub = (doc.get("_attachments") or {}).get(call.params["file"])
    if stub is None:
        errors.couch(404, "not_found", "Document is missing attachment")
    tag = f'"{stub["digest"].removeprefix("md5-")}"'
    headers = [("accept-ranges", "none"), ("etag", tag)]
    if call.header("if-none-match") == tag:
        return wire.CouchReply(b"", 304, headers)
    return wire.CouchReply(attachments.read(world, stub), 200, headers, content_type=attachments.media_type(stub))


@vendor.operation("PUT", *PATHS, name="couch_put_attachment", statuses=(201,), response=Created, consumes="*/*",
                  query=questions.REVISION, proof="source", source=SOURCE)
def put_attachment(world: World, call: Call) -> Any:
    """Add or replace an attachment; rev= (or If-Match) is the last revision of a document that exists."""
    db = opened(world, call, write=True)
    id = doc_id(call)
    doc = db.get(id) or {"_id": id}
    allow(world, call, db, doc)
    _check(doc, given_rev(call))
    files = doc.setdefault("_attachments", {})
    files[call.params["file"]] = {"data": base64.b64encode(call.body).decode(),
                                  "content_type": call.header("content-type", "application/octet-stream")}
    return created(call, db, guarded(lambda: db.put(doc)))


@vendor.operation("DELETE", *PATHS, name="couch_delete_attachment", response=Created, query=questions.REVISION,
                  proof="source", source=SOURCE)
def delete_attachment(world: World, call: Call) -> Any:
    """Take an attachment away; rev= (or If-Match) must be the document's last revision."""
    db = opened(world, call, write=True)
    doc = guarded(lambda: db.load(doc_id(call)))
    allow(world, call, db, doc)
    _check(doc, given_rev(call))
    doc.setdefault("_attachments", {}).pop(call.params["file"], None)
    result = guarded(lambda: db.put(doc))
    return tagged(call, result, result["rev"], plain_proxy=db.name != MEDIC)


def _check(doc: documents.Document, rev: str | None) -> None:
    if rev != doc.get("_rev"):
        errors.couch(409, "conflict", documents.Conflict.reason)
