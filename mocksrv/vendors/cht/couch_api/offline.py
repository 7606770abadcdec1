"""Access of offline users to `medic`: their own documents, and the API's answers in CouchDB's place.

CHT 4.15 source, api/src/controllers and api/src/services (db-doc, all-docs, changes, bulk-get, bulk-docs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import authorization
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents, revision_tree, versions
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.stored_documents import Document
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.vendor import read_json
from mocksrv.world import World

MEDIC = "medic"
DESIGN, OWN_DESIGN = "_design/", "_design/medic"
NO_LIST = "`docs` parameter must be an array."
SCALAR = (str, int, float)
NOT_YOURS = "an offline user has only what belongs to its place (see replication_depth in the app settings, too)"


def filtered(call: Call, db: Database) -> bool:
    """Whether the API filters the caller's access to the database."""
    return db.name == MEDIC and not call.caller.online


def reader(world: World, call: Call) -> authorization.Reader:
    """The reader of the caller's documents."""
    return authorization.Reader(world, authorization.of_user(world, call.caller.name))


# --- one document --------------------------------------------------------------------------------------------


def stored(db: Database, id: str, rev: str | None = None) -> revision_tree.Leaf | None:
    """A live document at its last revision, or one of its revisions."""
    if rev is None:
        live = db.branches(id)
        return live[0] if live and not live[0].deleted else None
    if not documents.REVISION.fullmatch(rev):
        errors.server_error(diagnosis=f"{rev!r} is not a revision")
    return versions.find(db, id, rev)


def get(world: World, call: Call, db: Database, id: str) -> Any:
    """A document of the user's own; missing documents are refused like those of others."""
    if id == OWN_DESIGN and "name" in call.params:
        raise errors.Firewall
    if call.method == "HEAD":
        errors.denied("to HEAD the API says no, whatever an offline user asks for")
    may, more = reader(world, call).may, versions.wanted(call)
    wanted = call.arg("open_revs")
    if wanted is not None:
        mine = [one for one in opened(db, id, wanted) if may(id, one.body)]
        return Reply([{"ok": versions.dressed(world, db, one, more)} for one in mine])
    leaf = stored(db, id, call.arg("rev"))
    if leaf is None or not may(id, leaf.body):
        errors.denied(NOT_YOURS)
    return Reply(versions.dressed(world, db, leaf, more))


def opened(db: Database, id: str, wanted: str) -> list[revision_tree.Leaf]:
    """The leaves that `open_revs` names, in CouchDB's order."""
    known = db.branches(id)
    if not known:
        errors.server_error(diagnosis=f"there is no document {id}")
    try:
        revs = [leaf.rev for leaf in known] if wanted == "all" else json_text.loads(wanted)
    except ValueError:
        revs = None
    if not isinstance(revs, list):
        errors.server_error(diagnosis="open_revs must be all or a JSON array of revisions")
    found = (versions.find(db, id, rev) for rev in revs if isinstance(rev, str))
    return [leaf for leaf in versions.sorted_by_age(leaf for leaf in found if leaf) if not isinstance(leaf, str)]


def check_write(world: World, call: Call, db: Database, id: str | None, doc: Document | None) -> None:
    """Refuse to write a document (None: to delete it) unless both the stored and the new one are the user's own.
    Without an `id` in the path the stored one is not checked.
    """
    if id is not None and id.startswith(DESIGN):
        raise errors.Firewall
    own = reader(world, call)
    leaf = stored(db, id) if id is not None else None
    allowed = leaf is not None or doc is not None
    if leaf is not None:
        allowed = own.may(id, leaf.body)
    if doc is not None and not own.may_create(doc):
        allowed = allowed and own.may(doc.get("_id"), doc)
    if not allowed:
        errors.denied(NOT_YOURS)


def check_file(world: World, call: Call, db: Database, id: str) -> None:
    """Refuse attachments of documents that are not the user's own; without rev= in a way that makes PouchDB retry with
    one.
    """
    if id.startswith(DESIGN):
        raise errors.Firewall
    rev = call.arg("rev")
    leaf = stored(db, id, rev)
    if leaf is not None and reader(world, call).may(id, leaf.body):
        return
    if not rev:
        raise errors.Data(404, {"error": "bad_request", "reason": "Invalid rev format"}, diagnosis=NOT_YOURS)
    errors.denied(NOT_YOURS)


# --- many ----------------------------------------------------------------------------------------------------


def all_docs(world: World, call: Call, db: Database, body: Mapping[str, Any]) -> Any:
    """The same four documents for any request: design document, settings, service worker, the user's own account."""
    for named, keys in (("parameter", parameter(call, "keys")), ("body member", body.get("keys"))):
        if keys and not isinstance(keys, list):
            raise errors.Data(400, {"error": "bad_request", "reason": f"`keys` {named} must be an array."})
    full = parameter(call, "include_docs") is True
    rows: list[dict[str, Any]] = []
    for id in authorization.of_user(world, call.caller.name).defaults:
        known = db.branches(id)
        if not known:
            rows.append({"key": id, "error": "not_found"})
            continue
        gone = known[0].deleted
        row = {"id": id, "key": id, "value": {"rev": known[0].rev} | ({"deleted": True} if gone else {})}
        rows.append(row | ({"doc": None if gone else known[0].body} if full else {}))
    return Reply({"total_rows": len(db), "offset": None, "rows": rows})


def parameter(call: Call, name: str) -> Any:
    """A parameter of the query, parsed if it is JSON."""
    text = call.arg(name)
    try:
        return None if text is None else json_text.loads(text)
    except ValueError:
        return text


def changes(world: World, call: Call, db: Database, sequence: Callable[[int], str]) -> Any:
    """The last changes of the same four documents, whatever was asked for."""
    ids = authorization.of_user(world, call.caller.name).defaults
    found = sorted((history["seq"], id, history) for id in ids if (history := db.history(id)) is not None)
    rows = [{"seq": sequence(seq), "id": id, "changes": [{"rev": history["revs"][0]}]}
            | ({"deleted": True} if history.get("deleted") else {}) for seq, id, history in found]
    return Reply({"results": rows, "last_seq": sequence(db.update_seq)})


def bulk_get(world: World, call: Call, db: Database) -> Any:
    """Those of the requested revisions that exist and are the user's own."""
    docs = listed(call, "Missing JSON list of `docs`.")
    may, more = reader(world, call).may, versions.wanted(call)
    results = []
    for one in docs:
        id, rev = one.get("id"), one.get("rev")
        known = revision_tree.in_tree_order(db.branches(id)) if isinstance(id, str) else []
        if rev is not None:
            leaf = versions.find(db, id, rev) if isinstance(id, str) and isinstance(rev, str) else None
            known = [leaf] if leaf else []
        found = [{"ok": versions.dressed(world, db, leaf, more)} for leaf in known if may(id, leaf.body)]
        if found:
            results.append({"id": id, "docs": found})
    return Reply({"results": results})


def listed(call: Call, missing: str) -> list[Any]:
    """The documents of a body, refused in the API's own words."""
    body = parsed(call)
    docs = body.get("docs") if isinstance(body, dict) else None
    if not docs and not isinstance(docs, list):
        raise errors.Data(400, {"error": "bad_request", "reason": missing}, diagnosis=missing)
    if not isinstance(docs, list):
        raise errors.Data(400, {"error": "bad_request", "reason": NO_LIST}, diagnosis=NO_LIST)
    if not all(isinstance(doc, dict) for doc in docs):
        errors.server_error(diagnosis="docs must be a list of objects")
    return docs


def parsed(call: Call) -> Any:
    """The body as the API's parser reads it, which takes objects and arrays."""
    if not read_json(call):
        errors.server_error(diagnosis="the body is not a JSON object or array")
    return call.json


def bulk_docs(world: World, call: Call, db: Database, docs: list[Document]) -> list[Document]:
    """The documents of a `_bulk_docs` that the user may write, in the order in which the API lets them in."""
    own = reader(world, call)
    found = ((docs[number], db.peek(str(docs[number].get("_id")))) for number in own.admitted(docs))
    return [doc for doc, old in found if old is None or own.may(old["_id"], old)]


def places(docs: list[Document], mine: list[Document]) -> list[int | None]:
    """Where the API looks for the result of each document: at the first of those let in that has all of its members;
    None stands for one that it has not. CHT 4.15 source, api/src/services/bulk-docs.js (stubSkipped).
    """
    having: dict[tuple[str, Any], list[int]] = {}
    for number, one in enumerate(mine):
        for member in one.items():
            if isinstance(member[1], SCALAR):
                having.setdefault(member, []).append(number)

    def place(doc: Document) -> int | None:
        likely = min((having.get(member, []) for member in doc.items() if isinstance(member[1], SCALAR)), key=len,
                     default=range(len(mine)))
        return next((number for number in likely if javascript.partly_equal(doc, mine[number])), None)

    return [place(doc) for doc in docs]


def bulk_reply(rows: list[dict[str, Any]]) -> Reply:
    """The rows of a `_bulk_docs`, which the API has put together anew: Express' JSON under CouchDB's headers."""
    data = json_text.dumps(rows)
    return rendering.CouchReply(data, 201, [("ETag", rendering.etag(data))], content_type=rendering.JSON_TYPE)


def merged(docs: list[Document], where: list[int | None], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results of all documents, `forbidden` for those that were not written. With `new_edits: false` CouchDB gives
    failures alone, so what was written has none.
    """
    refused = ({**({"id": doc["_id"]} if "_id" in doc else {}), "error": "forbidden"} for doc in docs)
    found = (no if number is None else rows[number] if number < len(rows) else None
             for no, number in zip(refused, where, strict=True))
    return [row for row in found if row is not None]
