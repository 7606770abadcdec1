"""The databases of documents that the REST API and the CouchDB interface share: writing, conflicts, deletion.

Reading, and the form in which documents are stored, is in `stored_documents`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mocksrv.vendors.cht.couch import attachments, password_hashes, revision_tree, revisions, tables, users_validation
from mocksrv.vendors.cht.couch.document_shape import Invalid, check
from mocksrv.vendors.cht.couch.stored_documents import Document, Record, StoredDocuments
from mocksrv.world import World

STEP, ROLLOVER = 0xFFD, 0xFFF000  # CouchDB 3.3 source, couch_uuids
OPENED = "couch.databases"  # of a world, in its memory
NO_REVISION = "When `new_edits: false`, the document needs `_rev` or `_revisions` specified"
KEPT_MEMBERS = "_replication_"  # what the replicator notes in documents
KEPT = 10  # superseded revisions of a branch that are kept; CouchDB keeps all until compaction
REVS_LIMIT = 1000  # revision ids that are kept of a branch, unless a database says otherwise
REVISION = re.compile(r"[0-9]{1,15}-[0-9a-zA-Z]+")


def new_id(world: World) -> str:
    """An id as CouchDB makes them by default: they grow, so that new documents come last."""
    server = world.table(tables.SERVER)
    state = server.peek("uuids") or {"prefix": "", "last": ROLLOVER}
    prefix, number = state["prefix"], state["last"] + world.random.randint(1, STEP)
    if number > ROLLOVER:
        prefix, number = world.hex(26), world.random.randint(1, STEP)
    server.put("uuids", {"prefix": prefix, "last": number})
    return f"{prefix}{number:06x}"


class NotFound(Exception):
    """No live document of that id; `reason` is "missing" or "deleted"."""

    def __init__(self, reason: str = "missing", what: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.what = what


class Conflict(Exception):
    """The given revision is not the document's last one."""

    reason = "Document update conflict."


class Forbidden(Exception):
    """The database refuses the document: what its validation says."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Database(StoredDocuments):
    """One database of a world."""

    def load(self, id: str) -> Document:
        """A copy of the live document; raises NotFound."""
        found = self.get(id)
        if found is None:
            known = self.revs.peek(self.prefix + id)
            raise NotFound("deleted" if known else "missing", f"document {id!r} of {self.name}")
        return found

    # --- writing ---

    def put(self, doc: Document, *, any_id: bool = False) -> dict[str, Any]:
        """Store a document; raises Conflict, Forbidden and Invalid. Its `_id` is made if it has none."""
        check({**doc, "_id": "-"} if any_id else doc)
        id = doc["_id"] if "_id" in doc else new_id(self.world)
        known = self.branches(id)
        return self._store(id, doc, followed(known, doc), known)

    def conflicts(self, doc: Record) -> bool:
        """Whether the document conflicts with the stored one."""
        try:
            followed(self.branches(doc["_id"]), doc)
        except Conflict:
            return True
        return False

    def delete(self, id: str, rev: str | None = None) -> dict[str, Any]:
        """Delete: leaves a bare tombstone after revision `rev`, the last one if not given. Raises NotFound and
        Conflict.
        """
        current = self.load(id)["_rev"]
        return self.put({"_id": id, "_rev": rev or current, "_deleted": True})

    def bulk(self, docs: Iterable[Document], new_edits: bool = True) -> list[dict[str, Any]]:
        """Store many; one result each, as `_bulk_docs` answers. Without `new_edits` only failures."""
        results = []
        for doc in docs:
            try:
                result = self.put(doc) if new_edits else self.replicate(doc)
                if new_edits:
                    results.append(result)
            except Conflict as error:
                results.append({"id": doc["_id"], "error": "conflict", "reason": error.reason})
            except Forbidden as error:
                results.append({"id": doc["_id"], "error": "forbidden", "reason": error.reason})
        return results

    def replicate(self, doc: Document) -> dict[str, Any]:
        """Store a document with the revision it brings, as replication does; if it does not descend from the stored
        one, it becomes a conflict.
        """
        check(doc)
        id, rev = doc["_id"], doc.get("_rev") or ""
        if not rev and "_revisions" in doc:
            given = doc["_revisions"]
            rev = f"{given.get('start')}-{(given.get('ids') or [''])[0]}"
            doc = {**doc, "_rev": rev}
        if not rev:
            raise Invalid("bad_request", NO_REVISION)
        if not REVISION.fullmatch(rev):
            raise Invalid("bad_request", "Invalid rev format")
        known = self.branches(id)
        if not revision_tree.knows(known, rev):
            given = doc.get("_revisions", {"start": 0, "ids": []})
            numbered = ((given["start"] - n, hexed) for n, hexed in enumerate(given["ids"]))
            path = [f"{number}-{hexed}" for number, hexed in numbered if number > 0] or [rev]
            before = known[0].body if known else {}
            files = doc.get("_attachments") or {}
            stubs = self._stubs(id, files, before, int(rev.partition("-")[0]))
            for name, stub in stubs.items():
                stub["revpos"] = files[name].get("revpos", stub["revpos"])
            body = {k: v for k, v in doc.items() if k not in ("_id", "_rev", "_revisions", "_attachments")}
            record = {"_id": id, "_rev": rev, **body} | ({"_attachments": stubs} if stubs else {})
            ends = revision_tree.graft(known, path, record)
            self._write(id, ends, revision_tree.pack(ends), known)
        return {"ok": True, "id": id, "rev": rev}

    def branches(self, id: str) -> list[revision_tree.Leaf]:
        """The leaves of a document's branches, the winner first."""
        history = self.revs.peek(self.prefix + id)
        return [] if history is None else revision_tree.of(history, self.docs.peek(self.prefix + id))

    def _store(self, id: str, doc: Document, parent: revision_tree.Leaf | None,
               known: list[revision_tree.Leaf]) -> dict[str, Any]:
        if self.name == "_users" and not id.startswith("_design/"):
            doc = password_hashes.prepare(self.world, doc)
            if reason := users_validation.problem({**doc, "_id": id}, self.docs.peek(self.prefix + id)):
                raise Forbidden(reason)
        before = parent.revs[0] if parent else None
        body = {key: value for key, value in doc.items() if not key.startswith("_") or key.startswith(KEPT_MEMBERS)}
        deleted = bool(doc.get("_deleted"))
        stubs = self._stubs(id, doc.get("_attachments"), parent.body if parent else {},
                            int(before.partition("-")[0]) + 1 if before else 1)
        rev = revisions.digest(body, before, deleted, attachments.hashed(stubs) if stubs else ())
        record = {"_id": id, "_rev": rev, **body}
        if deleted:
            record["_deleted"] = True
        if stubs:
            record["_attachments"] = stubs
        self._write(id, *revision_tree.grown(known, parent, rev, record, deleted), known)
        return {"ok": True, "id": id, "rev": rev}

    def _stubs(self, id: str, given: Any, before: Record, revpos: int) -> dict[str, attachments.Stub]:
        if not given:
            return {}
        return attachments.absorb(self.world, id, given, before.get("_attachments") or {}, revpos)

    def _write(self, id: str, ends: list[revision_tree.Leaf], packed: dict[str, Any],
               known: list[revision_tree.Leaf]) -> None:
        key, seq = self.prefix + id, self.update_seq + 1
        if self._counted[3]:
            self.note(seq)
        if known:
            self._remember(id, ends, known)
        if not ends[0].deleted:
            self.docs.put(key, dict(ends[0].body))
        elif key in self.docs:
            self.docs.delete(key)
        self.revs.put(key, {"db": self.name, "seq": seq, **packed})
        self._counted = self.revs.version, self._register.version, seq, bool(self.prefix)

    def _remember(self, id: str, ends: list[revision_tree.Leaf], known: list[revision_tree.Leaf]) -> None:
        """Keep the bodies of revisions that are no longer leaves, and drop those that were superseded long ago."""
        past, limit = self._past, self.revs_limit
        current = {end.revs[0] for end in ends}
        for leaf in known:
            if leaf.revs[0] not in current:
                past.put(f"{self.name}/{id}/{leaf.revs[0]}", dict(leaf.body))
        for end in ends:
            del end.revs[limit:]
            for rev in end.revs[KEPT : KEPT + 1]:
                if (old := f"{self.name}/{id}/{rev}") in past:
                    past.delete(old)

    def rewrite(self, id: str, ends: list[revision_tree.Leaf]) -> None:
        """Replace the leaves of a document's branches; without any the document is erased."""
        if ends:
            self._write(id, ends, revision_tree.pack(ends), [])
            return
        self.note(self.update_seq)
        for table in (self.docs, self.revs):
            if self.prefix + id in table:
                table.delete(self.prefix + id)

    def note(self, seq: int) -> None:
        """Note the last update of a database, of whose updates some are forgotten or elsewhere."""
        self._register.put(self.name, {**(self._register.peek(self.name) or {}), "seq": seq})

    # --- what is set for the whole database ---

    @property
    def revs_limit(self) -> int:
        """How many revisions of a branch are known."""
        record = self._server.peek(f"revs_limit/{self.name}")
        return record["limit"] if record else REVS_LIMIT

    def security(self) -> Record | None:
        """Members and admins, if they were set."""
        return self._server.peek(f"security/{self.name}")


def followed(known: list[revision_tree.Leaf], doc: Record) -> revision_tree.Leaf | None:
    """The leaf that a new revision follows; None for the first revision. Raises Conflict.

    A tombstone can only be followed without naming a revision. `_revisions` alone do not name one.
    """
    given = doc.get("_rev")
    if given is None:
        if "_revisions" in doc or (known and not known[0].deleted):
            raise Conflict
        return known[0] if known else None
    parent = next((leaf for leaf in known if leaf.revs[0] == given), None)
    if parent is None or (parent.deleted and parent is known[0] and not doc.get("_deleted")):
        raise Conflict
    return parent


def database(world: World, name: str = "medic") -> Database:
    """A database of the world; see `names` for those that exist."""
    known: dict[str, Database] = world.memory.setdefault(OPENED, {})
    found = known.get(name)
    if found is None or found.store is not world.store:
        found = known[name] = Database(world, name)
    return found


def get(world: World, name: str, id: str) -> Document | None:
    """`Database.get`, for those who want one document."""
    return database(world, name).get(id)


def put(world: World, name: str, doc: Document) -> dict[str, Any]:
    """`Database.put`, for those who write one."""
    return database(world, name).put(doc)


def names(world: World) -> list[str]:
    """The names of all databases, in order."""
    register = world.table(tables.REGISTER)
    known = {*tables.DATABASES, *tables.EMPTY, *register.ids()}
    return sorted(name for name in known if not (register.peek(name) or {}).get("dropped"))
