"""Documents at one of their revisions, with what CouchDB adds on demand: `_revisions`, `_conflicts`, content of files.

CouchDB 3.3 source, chttpd_db, couch_doc.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mocksrv.call import Call
from mocksrv.vendors.cht.couch import attachments, documents, errors, stored_documents
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.couch.revision_tree import Leaf, in_tree_order, rank
from mocksrv.world import World


class Wanted(NamedTuple):
    """The additions to a document that a request asks for; the names are those of the query."""

    revs: bool = False
    revs_info: bool = False
    conflicts: bool = False
    deleted_conflicts: bool = False
    attachments: bool = False
    local_seq: bool = False
    encoding: bool = False

    @property
    def beside_stored(self) -> bool:
        """Whether documents in lists need additions to what is stored."""
        return self.conflicts or self.attachments or self.encoding

    def without_files(self) -> Wanted:
        """The same, with stubs in place of attachments."""
        return self._replace(attachments=False)


def wanted(call: Call) -> Wanted:
    """The additions that a query asks for."""
    on = {name for name, value in call.query if value == "true"}
    meta = "meta" in on
    return Wanted("revs" in on, "revs_info" in on or meta, "conflicts" in on or meta,
                  "deleted_conflicts" in on or meta, "attachments" in on, "local_seq" in on,
                  "att_encoding_info" in on)


def asked(options: Mapping[str, Any]) -> Wanted:
    """The additions that the options of a list ask for."""
    return Wanted(conflicts=options.get("conflicts", False), attachments=options.get("attachments", False),
                  encoding=options.get("att_encoding_info", False))


def included(world: World, db: Database, more: Wanted, id: str) -> Any:
    """A document as a row includes it; None if there is none."""
    doc = db.peek(id)
    return dressed(world, db, db.branches(id)[0], more) if doc is not None and more.beside_stored else doc


def dressed(world: World, db: Database, leaf: Leaf, more: Wanted) -> stored_documents.Document:
    """A copy of the document at a leaf, with the additions."""
    doc = dict(leaf.body)
    others = [one for one in db.branches(doc["_id"]) if one.rev != leaf.rev]
    if more.revs:
        doc["_revisions"] = {"start": rank(leaf.rev)[0], "ids": [rev.partition("-")[2] for rev in leaf.revs]}
    if more.revs_info:
        doc["_revs_info"] = [{"rev": rev, "status": status(db, leaf, rev)} for rev in leaf.revs]
    for asked, name, deleted in ((more.conflicts, "_conflicts", False),
                                 (more.deleted_conflicts, "_deleted_conflicts", True)):
        found = [one.rev for one in others if one.deleted is deleted]
        if asked and found:
            doc[name] = found
    if more.local_seq:
        doc["_local_seq"] = (db.history(doc["_id"]) or {}).get("seq")
    if (more.attachments or more.encoding) and doc.get("_attachments"):
        doc["_attachments"] = {
            name: (filled(world, stub) if more.attachments else stub)
            | (attachments.encoding_info(world, stub) if more.encoding else {})
            for name, stub in doc["_attachments"].items()}
    return doc


def status(db: Database, leaf: Leaf, rev: str) -> str:
    """The status of a revision in `_revs_info`: available, missing or deleted."""
    body = leaf.body if rev == leaf.rev else db.past(leaf.body["_id"], rev)
    if body is None:
        return "missing"
    return "deleted" if body.get("_deleted") else "available"


def filled(world: World, stub: dict[str, Any]) -> dict[str, Any]:
    """An attachment with its content in the place of stub and length."""
    kept = {name: value for name, value in stub.items() if name not in ("stub", "length")}
    return kept | {"data": base64.b64encode(attachments.read(world, stub)).decode()}


def find(db: Database, id: str, rev: str, latest: bool = False) -> Leaf | None:
    """The document at a revision, if it is still kept; with `latest` the leaf of its branch."""
    known = db.branches(id)
    exact = next((leaf for leaf in known if leaf.rev == rev), None)
    if exact is not None:
        return exact
    branch = next((leaf for leaf in known if rev in leaf.revs), None)
    if branch is None or latest:
        return branch
    old = db.past(id, rev)
    return None if old is None else Leaf(branch.revs[branch.revs.index(rev):], old, bool(old.get("_deleted")))


def checked(rev: Any) -> str:
    """A revision, if it is well-formed; refuses with 400."""
    if not isinstance(rev, str) or not documents.REVISION.fullmatch(rev):
        errors.couch(400, "bad_request", "Invalid rev format")
    return rev


def named(db: Database, id: str, revs: Any, latest: bool) -> Iterator[Leaf | str]:
    """The documents at several revisions, all leaves for "all"; a revision that is not there stands for itself."""
    if revs == "all":
        yield from in_tree_order(db.branches(id))
        return
    for rev in revs:
        yield find(db, id, checked(rev), latest) or rev


def sorted_by_age(found: Iterable[Leaf | str]) -> list[Leaf | str]:
    """As `open_revs` answers, but not `_bulk_get`: each revision once, the youngest last, and then what is missing.

    CouchDB 3.3 source, fabric_doc_open_revs (collapse_duplicate_revs, tree_format_replies).
    """
    once = {one.rev if isinstance(one, Leaf) else one: one for one in found}
    return sorted(once.values(), key=lambda one: (isinstance(one, str), age(one)))


def age(one: Leaf | str) -> tuple[int, list[str]]:
    """How far a revision is from the first, then the hashes of its branch."""
    revs = one.revs if isinstance(one, Leaf) else [one]
    return rank(revs[0])[0], [rank(rev)[1] for rev in revs]


def opened(world: World, db: Database, found: Iterable[Leaf | str], more: Wanted) -> Iterator[dict[str, Any]]:
    """What is told of several revisions: `{"ok": document}` or `{"missing": revision}`."""
    for one in found:
        yield {"ok": dressed(world, db, one, more)} if isinstance(one, Leaf) else {"missing": one}
