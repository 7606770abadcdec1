"""Which documents of CHT a request writes, an answer names, and a run has made."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mocksrv.live.sandbox import body_of, texts_of

if TYPE_CHECKING:
    from mocksrv.call import Call

USERS = {"create_users", "create_user_of_places", "create_users_from_csv", "update_user"}
REPLICATE = "couch_replicate"
NAME = re.compile(r"[a-z][a-z0-9_$()+-]*")  # of a database; anything else may be an address
SETTINGS = "settings"
PROTECTED = (SETTINGS, "resources", "branding", "partners", "privacy-policies", "service-worker-meta")


def target_of(call: Call) -> str:
    """The database here that a request of CouchDB's writes to, "" if there is none, or if it goes on writing."""
    if call.operation is None or call.operation.name != REPLICATE:
        return call.params.get("db", "")
    body = body_of(call)
    target = body.get("target") if isinstance(body, dict) and not body.get("continuous") else None
    return target if isinstance(target, str) and NAME.fullmatch(target) else ""


def ids_given(call: Call) -> list[str]:
    """The ids of the documents that a request of CouchDB's writes, where the client gives them."""
    if "id" in call.params:
        return [call.params["id"]]
    body = body_of(call)
    bulk = call.operation is not None and call.operation.name == "couch_bulk_docs"
    return own_ids(body.get("docs") if bulk and isinstance(body, dict) else [body])


def written(call: Call) -> list[str]:
    """The ids by which a request that makes contacts or users would change documents that exist: its own, those with a
    revision, and the place and contact of a user, whom the server writes to."""
    body = body_of(call)
    rows = body if isinstance(body, list) else [body]
    rows = [*rows, *(body["users"] if isinstance(body, dict) and isinstance(body.get("users"), list) else [])]
    ids = own_ids(rows) + [doc["_id"] for doc in dicts_of(body) if "_rev" in doc and isinstance(doc.get("_id"), str)]
    if call.operation and call.operation.name in USERS:
        ids += [text for row in rows if isinstance(row, dict) for key in ("place", "contact")
                for text in texts_of(row.get(key))]
        if body is None:
            cells = csv.reader(io.StringIO(call.body.decode("utf-8", "replace"), newline=""))
            ids += [cell for row in cells for cell in row if cell]
    return list(dict.fromkeys(ids))


def dicts_of(data: Any) -> Iterator[dict[str, Any]]:
    """All objects of JSON data."""
    if isinstance(data, dict):
        yield data
        data = list(data.values())
    if isinstance(data, list):
        for value in data:
            yield from dicts_of(value)


def ids_of(data: Any) -> list[str]:
    """The ids in an answer, at any depth; rows with an error are left out: nothing was written."""
    if isinstance(data, dict) and "error" in data:
        return []
    if isinstance(data, dict):
        own = [data[key] for key in ("id", "_id") if isinstance(data.get(key), str)]
        return own + [id for value in data.values() for id in ids_of(value)]
    return [id for value in data for id in ids_of(value)] if isinstance(data, list) else []


def own_ids(documents: Any) -> list[str]:
    """The ids of the documents in a request; elements of another kind are ignored."""
    rows = documents if isinstance(documents, list) else []
    return [doc["_id"] for doc in rows if isinstance(doc, dict) and isinstance(doc.get("_id"), str)]


def is_own(doc: dict[str, Any], own: set[str], named: set[str], head: dict[str, Any]) -> bool:
    """Whether a document that changed after the start is the run's. `own` are ids; `named` what its documents name."""
    id, texts = doc["_id"], list(texts_of(doc))
    if id in PROTECTED or id.startswith("_design/"):
        return False
    if id in head["absent"] or (id.endswith("-info") and id[:-5] in own) or any(head["run"] in text for text in texts):
        return True
    # What the run's documents name may have been there before.
    reported = doc.get("reported_date")  # a feed may go back further than asked, so a first revision tells less
    young = reported >= head["started"] if isinstance(reported, int) else doc["_rev"].startswith("1-")
    return young and (id in named or any(text in own for text in texts))


def without_revision(doc: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in doc.items() if key != "_rev"}
