"""Two containers whose copies cost nothing: a sorted tree and a hash map of small parts.

Every part remembers its *owner*, the one who may change it in place. Whoever else writes copies the
few parts on the way first, so a change costs the same however many entries and copies there are. To make
a copy, keep the root and give each side a new owner: what both can reach then belongs to neither.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

LEAF = 128  # entries of a leaf, at most
BRANCH = 32  # children of a branch, at most
BUCKET = 64  # entries of a bucket before it splits
DEPTH = 20  # bits of a hash that tell buckets apart, at most

Entry = tuple[Any, ...]
"""What a tree sorts. A shorter tuple sorts before every longer one that begins alike: that makes bounds."""


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

    def __init__(self, owner: object, entries: list[Entry]) -> None:
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


def tree(owner: object, entries: list[Entry]) -> Node:
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
    """The tree with one more entry. Entries that cannot be compared raise before anything has changed."""
    path, at, _ = _find(root, entry)
    root = root.own(owner)
    leaf, trail = _own(root, path, owner, 1)
    leaf.entries.insert(at, entry)
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
    path, at, found = _find(root, entry)
    if not found:
        raise KeyError(entry)
    root = root.own(owner)
    leaf, trail = _own(root, path, owner, -1)
    del leaf.entries[at]
    # Only empty parts are taken out: a sparse tree is still a correct one, and no deeper than it was.
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


def _find(root: Node, entry: Entry) -> tuple[list[int], int, bool]:
    """The children on the way to the entry's leaf, its position there, and whether it is there."""
    path = []
    node = root
    while isinstance(node, Branch):
        i = bisect_right(node.lows, entry)
        path.append(i)
        node = node.nodes[i]
    at = bisect_left(node.entries, entry)
    return path, at, at < len(node.entries) and node.entries[at] == entry


def _own(node: Node, path: list[int], owner: object, more: int) -> tuple[Leaf, Trail]:
    """Make the way to a leaf the owner's, and count what is about to happen there."""
    trail: Trail = []
    for i in path:
        assert isinstance(node, Branch)
        node.counts[i] += more
        trail.append((node, i))
        child = node.nodes[i]
        if child.owner is not owner:
            child = node.nodes[i] = child.own(owner)
        node = child
    assert isinstance(node, Leaf)
    return node, trail


def rank(node: Node, bound: Entry) -> int:
    """How many entries sort before the bound."""
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
    for child, count in zip(node.nodes, node.counts, strict=True):
        if start < count:
            found += cut(child, max(start, 0), stop)
        start -= count
        stop -= count
        if stop <= 0:
            break
    return found


def walk(node: Node) -> Iterator[Entry]:
    if isinstance(node, Leaf):
        yield from node.entries
    else:
        for child in node.nodes:
            yield from walk(child)


class Bucket:
    __slots__ = ("depth", "items", "owner")

    def __init__(self, owner: object, depth: int, items: dict[Hashable, Any]) -> None:
        self.owner = owner
        self.depth = depth
        self.items = items


class Buckets:
    """A hash map in buckets: a directory of two to the power of n places, a bucket in one or more of them."""

    __slots__ = ("directory", "owner")

    def __init__(self, owner: object, directory: list[Bucket] | None = None) -> None:
        self.owner = owner
        self.directory = directory or [Bucket(owner, 0, {})]

    def get(self, key: Hashable) -> Any:
        # The hash of a tuple is well mixed, that of a number is the number.
        directory = self.directory
        return directory[hash((key,)) & (len(directory) - 1)].items.get(key)

    def set(self, key: Hashable, value: Any, owner: object) -> Buckets:
        spot = hash((key,))
        written = self if self.owner is owner else Buckets(owner, self.directory.copy())
        bucket = written._writable(spot)
        bucket.items[key] = value
        while len(bucket.items) > BUCKET and bucket.depth < DEPTH:
            bucket = written._split(bucket, spot)
        return written

    def drop(self, key: Hashable, owner: object) -> Buckets:
        written = self if self.owner is owner else Buckets(owner, self.directory.copy())
        del written._writable(hash((key,))).items[key]
        return written

    def _writable(self, spot: int) -> Bucket:
        bucket = self.directory[spot & (len(self.directory) - 1)]
        if bucket.owner is not self.owner:
            bucket = Bucket(self.owner, bucket.depth, bucket.items.copy())
            self._place(bucket, spot)
        return bucket

    def _place(self, bucket: Bucket, spot: int) -> None:
        step = 1 << bucket.depth
        for i in range(spot & (step - 1), len(self.directory), step):
            self.directory[i] = bucket

    def _split(self, bucket: Bucket, spot: int) -> Bucket:
        """Divide a bucket by one more bit of its hashes; returns the half at the spot."""
        bit = 1 << bucket.depth
        if bit == len(self.directory):
            self.directory += self.directory
        low = Bucket(self.owner, bucket.depth + 1, {})
        high = Bucket(self.owner, bucket.depth + 1, {})
        for key, value in bucket.items.items():
            (high if hash((key,)) & bit else low).items[key] = value
        self._place(low, spot & (bit - 1))
        self._place(high, spot & (bit - 1) | bit)
        return high if spot & bit else low


def buckets(owner: object, items: Iterable[tuple[Hashable, Any]]) -> Buckets:
    map_ = Buckets(owner)
    for key, value in items:
        map_.set(key, value, owner)
    return map_
