"""One local document: reading, writing, deleting; and the errors of the documents layer in CouchDB's words.

CouchDB 3.3 source, chttpd_db, fabric_doc_update.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering, sentinel
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import attachments, document_shape, documents, maintenance
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.world import World


def guarded(run: Callable[[], Any]) -> Any:
    """Run a function, with the errors of the documents layer turned into CouchDB's."""
    try:
        return run()
    except documents.NotFound as error:
        why = f"{error.what} is {error.reason}" if error.what else None
        raise errors.CouchError(404, "not_found", error.reason, diagnosis=why) from None
    except documents.Conflict as error:
        raise errors.CouchError(409, "conflict", error.reason) from None
    except documents.Forbidden as error:
        raise errors.CouchError(403, "forbidden", error.reason) from None
    except document_shape.Invalid as error:
        raise errors.CouchError(400, error.error, error.reason) from None
    except attachments.Unknown as error:
        raise errors.CouchError(412, "missing_stub", str(error)) from None
    except attachments.BadData as error:
        raise errors.CouchError(400, "bad_request", str(error)) from None


def answer(world: World, db: Database, call: Call, id: str) -> Reply:
    """A local document."""
    found: Mapping[str, Any] | None = maintenance.local(world, db.name, id)
    if db.name == sentinel.DATABASE and id in sentinel.PLACES:
        found = sentinel.place(world, found, id)
    if found is None:
        errors.couch(404, "not_found", "missing")
    tag = [("etag", f'"{found["_rev"]}"')]
    if call.arg("revs") == "true":
        return rendering.CouchReply({**found, "_revisions": {"start": 0, "ids": [found["_rev"].partition("-")[2]]}},
                                    headers=tag)
    return rendering.CouchReply(found, headers=tag)


def put(world: World, db: Database, call: Call, id: str, doc: Mapping[str, Any]) -> Reply:
    """Write a local document; its revision counts from the one given, and there are no conflicts."""
    result = guarded(lambda: maintenance.put_local(world, db.name, {**doc, "_id": id}))
    return rendering.CouchReply(result, 201, [("etag", f'"{result["rev"]}"'), rendering.location(call, db.name, id)])


def drop(world: World, db: Database, id: str) -> Reply:
    """Delete a local document."""
    if maintenance.local(world, db.name, id) is None:
        errors.couch(404, "not_found", "missing")
    return rendering.CouchReply(maintenance.put_local(world, db.name, {"_id": id, "_deleted": True}))
