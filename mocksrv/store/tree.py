"""A sorted tree whose copies cost nothing.

Every node remembers its *owner*, the one who may change it in place. Whoever else writes copies the few nodes
on the way first, so a change costs the same however many entries and copies there are. To make a copy, keep
the root and give each side a new owner: what both can reach then belongs to neither.

An entry is ``(key, id)``, sorted by key, then id; what else it holds is carried along. Entries are looked for
by a *bound*, which is an entry or the beginning of one: ``()`` and ``(key,)`` sort before every entry that
begins alike, ``(key, TOP)`` after them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

LEAF = 64  # entries of a leaf, at most
BRANCH = 64  # children of a branch, at most

Entry = tuple[Any, str]
Bound = tuple[Any, ...]


class Top:
    """Sorts after everything else: the upper bound of a prefix, as in ``("person", TOP)``."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return other is not self

    def __le__(self, other: object) -> bool:
        return other is self

    def __ge__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "TOP"


TOP = Top()


class Leaf:
    __slots__ = ("entries", "owner")

    def __init__(self, owner: object, entries: list[Any]) -> None:
        self.owner = owner
        self.entries = entries

    def __len__(self) -> int:
        return len(self.entries)

    def own(self, owner: object) -> Leaf:
        return self if self.owner is owner else Leaf(owner, self.entries.copy())

    def split(self, owner: object, at: int) -> tuple[Entry, Leaf]:
        right = Leaf(owner, self.entries[at:])
        del self.entries[at:]
        return right.entries[0], right


class Branch:
    """Child ``i`` holds the entries from ``lows[i - 1]`` (included) to ``lows[i]``."""

    __slots__ = ("counts", "lows", "nodes", "owner")

    def __init__(self, owner: object, lows: list[Entry], nodes: list[Node], counts: list[int]) -> None:
        self.owner = owner
        self.lows = lows
        self.nodes = nodes
        self.counts = counts

    def __len__(self) -> int:
        return sum(self.counts)

    def own(self, owner: object) -> Branch:
        if self.owner is owner:
            return self
        return Branch(owner, self.lows.copy(), self.nodes.copy(), self.counts.copy())

    def split(self, owner: object, at: int) -> tuple[Entry, Branch]:
        low = self.lows[at - 1]
        right = Branch(owner, self.lows[at:], self.nodes[at:], self.counts[at:])
        del self.lows[at - 1 :], self.nodes[at:], self.counts[at:]
        return low, right


Node = Leaf | Branch
Trail = list[tuple[Branch, int]]


def tree(owner: object, entries: list[Any]) -> Node:
    """The tree of entries that are sorted already."""
    fill = LEAF * 3 // 4
    nodes: list[Node] = [Leaf(owner, entries[i : i + fill]) for i in range(0, len(entries), fill)]
    lows = entries[::fill]
    while len(nodes) > 1:
        fill = BRANCH * 3 // 4
        nodes = [
            Branch(owner, lows[i + 1 : i + fill], part := nodes[i : i + fill], [len(node) for node in part])
            for i in range(0, len(nodes), fill)
        ]
        lows = lows[::fill]
    return nodes[0] if nodes else Leaf(owner, [])


def add(root: Node, entry: Entry, owner: object) -> Node:
    """The tree with one more entry. A key that cannot be compared raises before anything has changed."""
    root = root if root.owner is owner else root.own(owner)
    leaf, trail = _descend(root, entry, owner)
    at = bisect_left(leaf.entries, entry)
    leaf.entries.insert(at, entry)
    for branch, i in trail:
        branch.counts[i] += 1
    if len(leaf.entries) <= LEAF:
        return root
    # Entries that arrive in order leave full leaves behind them, not half-full ones.
    low, right = leaf.split(owner, LEAF if at == LEAF else LEAF // 2)
    return _grow(root, trail, leaf, low, right, owner)


def _grow(root: Node, trail: Trail, left: Node, low: Entry, right: Node, owner: object) -> Node:
    while trail:
        parent, i = trail.pop()
        parent.lows.insert(i, low)
        parent.nodes.insert(i + 1, right)
        parent.counts[i : i + 1] = [len(left), len(right)]
        if len(parent.nodes) <= BRANCH:
            return root
        left = parent
        low, right = parent.split(owner, BRANCH // 2)
    return Branch(owner, [low], [left, right], [len(left), len(right)])


def remove(root: Node, entry: Entry, owner: object) -> Node:
    """The tree without the entry; a KeyError if it is not there."""
    root = root if root.owner is owner else root.own(owner)
    leaf, trail = _descend(root, entry, owner)
    at = bisect_left(leaf.entries, entry)
    if at == len(leaf.entries) or leaf.entries[at] != entry:
        raise KeyError(entry)
    del leaf.entries[at]
    for branch, i in trail:
        branch.counts[i] -= 1
    # Only empty nodes are taken out: a sparse tree is still a correct one, and no deeper than it was.
    empty = not leaf.entries
    while empty and trail:
        parent, i = trail.pop()
        del parent.nodes[i], parent.counts[i], parent.lows[max(i - 1, 0) : max(i, 1)]
        empty = not parent.nodes
    if empty:
        return Leaf(owner, [])
    while isinstance(root, Branch) and len(root.nodes) == 1:
        root = root.nodes[0]
    return root


def _descend(node: Node, entry: Entry, owner: object) -> tuple[Leaf, Trail]:
    """The entry's leaf and the way there, made the owner's."""
    trail: Trail = []
    while isinstance(node, Branch):
        i = bisect_right(node.lows, entry)
        trail.append((node, i))
        child = node.nodes[i]
        if child.owner is not owner:
            child = node.nodes[i] = child.own(owner)
        node = child
    return node, trail


def rank(node: Node, bound: Bound) -> int:
    """How many entries are below the bound."""
    before = 0
    while isinstance(node, Branch):
        i = bisect_left(node.lows, bound)
        before += sum(node.counts[:i])
        node = node.nodes[i]
    return before + bisect_left(node.entries, bound)


def cut(node: Node, start: int, stop: int) -> list[Entry]:
    """The entries from one position to another."""
    if isinstance(node, Leaf):
        return node.entries[start:stop]
    found: list[Entry] = []
    ends = list(accumulate(node.counts))
    for i in range(bisect_right(ends, start), len(ends)):
        before = ends[i] - node.counts[i]
        if before >= stop:
            break
        found += cut(node.nodes[i], max(start - before, 0), stop - before)
    return found


def scan(node: Node, low: Bound, high: Bound | None, limit: int) -> list[Entry]:
    """The first entries from one bound on, below the other: without counting what lies before them."""
    trail: Trail = []
    while isinstance(node, Branch):
        i = bisect_left(node.lows, low)
        trail.append((node, i))
        node = node.nodes[i]
    found: list[Entry] = []
    at = bisect_left(node.entries, low)
    while True:
        part = node.entries[at : at + limit - len(found)]
        if high is not None and part and not part[-1] < high:
            return found + part[: bisect_left(part, high)]
        found += part
        following = _following(trail)
        if len(found) >= limit or following is None:
            return found
        node, at = following, 0


def _following(trail: Trail) -> Leaf | None:
    """The next leaf; the trail then leads there."""
    while trail:
        branch, i = trail.pop()
        if i + 1 < len(branch.nodes):
            trail.append((branch, i + 1))
            node = branch.nodes[i + 1]
            while isinstance(node, Branch):
                trail.append((node, 0))
                node = node.nodes[0]
            return node
    return None


def walk(node: Node) -> Iterator[Entry]:
    if isinstance(node, Leaf):
        yield from node.entries
    else:
        for child in node.nodes:
            yield from walk(child)
