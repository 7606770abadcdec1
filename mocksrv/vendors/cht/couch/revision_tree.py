"""The branches of a document: conflicts are revisions side by side, of which one wins.

Table `<database>.revs` keeps the winner's revisions and its tombstone as `revs`, `deleted` and `body`, and the
other branches as `others`, each with the same three. CouchDB 3.3 source, couch_key_tree, couch_doc.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple


class Leaf(NamedTuple):
    """The end of a branch: its revisions (newest first) and the document there, which may be a tombstone."""

    revs: list[str]
    body: Mapping[str, Any]
    deleted: bool = False

    @property
    def rev(self) -> str:
        return self.revs[0]

    def pack(self) -> dict[str, Any]:
        return {"revs": self.revs, "body": dict(self.body)} | ({"deleted": True} if self.deleted else {})


def of(history: Mapping[str, Any], live: Mapping[str, Any] | None) -> list[Leaf]:
    """All leaves of a document's tree, the winner first."""
    deleted = bool(history.get("deleted"))
    first = Leaf(list(history["revs"]), (history.get("body") if deleted else live) or {}, deleted)
    others = (Leaf(list(one["revs"]), one["body"], bool(one.get("deleted"))) for one in history.get("others", ()))
    return [first, *others]


def rank(rev: str) -> tuple[int, str]:
    """The sort key of revisions in CouchDB."""
    number, _, hexed = rev.partition("-")
    return int(number), hexed


def ordered(leaves: Iterable[Leaf]) -> list[Leaf]:
    """The winner first: a live one before tombstones, then the longest, then the highest hash."""
    return sorted(leaves, key=lambda leaf: (not leaf.deleted, rank(leaf.rev)), reverse=True)


def grown(leaves: list[Leaf], parent: Leaf | None, rev: str, body: Mapping[str, Any],
          deleted: bool) -> tuple[list[Leaf], dict[str, Any]]:
    """The leaves when a revision has followed one of them, or begun a branch of its own; and the same as packed."""
    new = Leaf([rev, *(parent.revs if parent else ())], body, deleted)
    others = [leaf for leaf in leaves if leaf is not parent]
    ends = ordered([new, *others]) if others else [new]
    return ends, pack(ends)


def in_tree_order(leaves: Iterable[Leaf]) -> list[Leaf]:
    """As the tree is walked: later roots first, the branches of one root by their revisions.

    CouchDB 3.3 source, couch_key_tree (get_all_leafs).
    """
    found = sorted(leaves, key=lambda leaf: [rank(rev) for rev in reversed(leaf.revs)])
    return sorted(found, key=lambda leaf: rank(leaf.revs[-1]), reverse=True)


def pack(leaves: list[Leaf]) -> dict[str, Any]:
    """The stored form of the leaves, without the live document."""
    first, *others = leaves
    kept: dict[str, Any] = {"revs": first.revs}
    if first.deleted:
        kept |= {"deleted": True, "body": dict(first.body)}
    if others:
        kept["others"] = [one.pack() for one in others]
    return kept


def knows(leaves: Iterable[Leaf], rev: str) -> bool:
    """Whether a revision is on one of the branches."""
    return any(rev in leaf.revs for leaf in leaves)


def graft(leaves: list[Leaf], path: list[str], body: Mapping[str, Any]) -> list[Leaf]:
    """The leaves after adding one with the revisions `path` (newest first), which may lack older ones."""
    root: list[str] = []
    # The youngest revision that is known: older ones may be those of several branches.
    joints = ((rev, leaf) for rev in path for leaf in leaves if rev in leaf.revs)
    for joint, branch in islice(joints, 1):
        root, path = branch.revs[branch.revs.index(joint) :], path[: path.index(joint)]
    grown = Leaf([*path, *root], body, bool(body.get("_deleted")))
    return ordered([grown, *(leaf for leaf in leaves if not root or leaf.rev != root[0])])
