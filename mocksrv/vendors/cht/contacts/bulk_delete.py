"""POST /api/v1/bulk-delete: delete documents batch by batch, each answered as soon as it is written.

CHT 4.15 source, api/src/controllers/bulk-docs.js, api/src/services/bulk-docs.js.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import response_schemas
from mocksrv.vendors.cht.described.schemas import BulkDelete
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

BATCH, PAGE_BATCH = 50, 100


@vendor.operation("POST", "/api/v1/bulk-delete", json="strict", anonymous=auth.CHECKED, body=BulkDelete,
                  statuses=(200, 400, 403, 500), response=response_schemas.DELETED, proof="source",
                  source="CHT 4.15 source, api/src/controllers/bulk-docs.js", effect="changes",
                  differences=(Difference.BULK_DELETE_BATCHES, Difference.BULK_DELETE_REFUSALS))
def bulk_delete(world: World, call: Call) -> Any:
    """Delete the documents of `docs` ([{"_id"}]): one chunk of results for each batch."""
    authorize(world, call)
    body = call.json
    ids = requested(body.get("docs") if isinstance(body, dict) else None)
    size = PAGE_BATCH if Difference.BULK_DELETE_BATCHES.as_page(world) else BATCH
    batches = [ids[at : at + size] for at in range(0, len(ids), size)]
    return Reply(chunks(world, batches), content_type=rendering.JSON_TYPE)


def authorize(world: World, call: Call) -> None:
    """Admit online users with can_edit. The server answers everybody else with 500, the page's rule with 401 and 403.
    """
    if Difference.BULK_DELETE_REFUSALS.as_page(world):
        auth.permitted(world, call, "can_edit", online=True)
        return
    caller = call.caller
    if not isinstance(caller, auth.Caller):
        errors.server_error(diagnosis="not signed in; this endpoint of CHT 4.15 answers that with 500")
    if not (caller.online and auth.has(world, caller, "can_edit")):
        errors.server_error(diagnosis=f"{caller.name} is not online or lacks can_edit; CHT 4.15 answers 500 here")


def requested(docs: Any) -> list[Any]:
    """The ids to delete, each once; the server fails on anything else."""
    if not isinstance(docs, list) or any(doc is None for doc in docs):
        errors.server_error(diagnosis='the body must be {"docs": [{"_id": "..."}, ...]}')
    ids = [doc.get("_id") if isinstance(doc, dict) else None for doc in docs]
    keys = [id if isinstance(id, str) else json_text.text(id) for id in ids]
    if len(set(keys)) < len(keys):
        errors.server_error(diagnosis="docs names a document twice (or more than one entry has no _id)")
    return ids


def chunks(world: World, batches: list[list[Any]]) -> Iterator[bytes]:
    """`[`, the results of each batch with a comma behind all but the last, `]`."""
    yield b"["
    for number, batch in enumerate(batches, 1):
        comma = b"," if number < len(batches) else b""
        yield json_text.dumps(delete(world, batch)) + comma
    yield b"]"


def delete(world: World, ids: list[Any]) -> list[dict[str, Any]]:
    """Delete one batch: results in the order asked, then those of parents that lost their contact.

    Unknown and deleted ids are left out.
    """
    medic = documents.database(world, "medic")
    found = [doc for id in ids if isinstance(id, str) and (doc := medic.get(id)) is not None]
    doomed = {doc["_id"] for doc in found}
    parents: dict[str, dict[str, Any]] = {}
    for doc in found:
        parent = orphaned_parent(medic, doc)
        if parent is not None and parent["_id"] not in doomed:
            parents[parent["_id"]] = {**parent, "contact": None}
    return medic.bulk([*({**doc, "_deleted": True} for doc in found), *parents.values()])


def orphaned_parent(medic: documents.Database, doc: dict[str, Any]) -> dict[str, Any] | None:
    """The parent whose primary contact this document is."""
    stub = doc.get("parent")
    id = stub.get("_id") if isinstance(stub, dict) else None
    parent = medic.get(id) if isinstance(id, str) else None
    contact = parent.get("contact") if parent else None
    return parent if isinstance(contact, dict) and contact.get("_id") == doc["_id"] else None
