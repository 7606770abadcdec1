"""Indexes: from a key to the ids of the documents that have it.

An entry of a hash index is a document's *place*, ``(number, id)``: the number grows with every insert, so the
ids under a key come in the order of insertion. An entry of an ordered index is ``(key, id)``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mocksrv.store import tree
from mocksrv.store.buckets import Buckets

Doc = dict[str, Any]
Key = tuple[Any, ...] | str | int | float | bool | None
Place = tuple[int, str]
Bounds = tuple[tree.Bound, tree.Bound | None]
NO_KEYS = (dict, list)


class Index(NamedTuple):
    """How one index of a table is made.

    ``keys`` gives the keys of one document: none, one or many, and always the same for the same document; where it is
    missing, the table's ``keys`` gives them. A hash index answers ``==``; an ordered one answers ranges and pages
    too, and its keys must be comparable with each other.
    """

    keys: Callable[[Doc], Iterable[Any]] | None = None
    ordered: bool = False
    path: tuple[str, ...] | None = None
    """The field whose values are the keys, when the index is on a field: serves queries that compare it."""

    def keys_of(self, doc: Doc) -> Iterable[Any]:
        return () if self.keys is None else self.keys(doc)


Keys = Mapping[str, Iterable[Any]]  # of a document, by the index's name; one that is not named has none


@dataclass(frozen=True)
class TableSpec:
    """A table's name (``cht.docs``) and its indexes by name.

    ``keys`` gives a document's keys in all indexes at once, where they have much in common; else each index is asked.
    """

    name: str
    indexes: Mapping[str, Index] = field(default_factory=dict)
    keys: Callable[[Doc], Keys] | None = None

    def keys_of(self, doc: Doc) -> Keys:
        if self.keys is None:
            return {name: index.keys(doc) for name, index in self.indexes.items() if index.keys is not None}
        return self.keys(doc)


def on(*path: str, ordered: bool = False) -> Index:
    """An index on a field by its path: ``on("parent", "_id")``.

    Each element of a list is a key. A missing field, an object, and a list within the list give none; nor
    does null in an ordered index, where it has no place among the others.
    """

    def keys(doc: Doc) -> Iterable[Any]:
        value: Any = doc
        for name in path:
            if type(value) is not dict or name not in value:
                return ()
            value = value[name]
        if type(value) is list:
            return [v for v in value if type(v) not in NO_KEYS and not (ordered and v is None)]
        return () if type(value) is dict or (ordered and value is None) else (value,)

    return Index(keys, ordered, path)


class HashIndex:
    """Key -> the place itself while there is one, a tree of places when there are more."""

    __slots__ = ("map", "size")

    def __init__(self, places: Buckets, size: int = 0) -> None:
        self.map = places
        self.size = size

    def fork(self) -> HashIndex:
        return HashIndex(self.map, self.size)

    def add(self, key: Hashable, place: Place, owner: object) -> None:
        held = self.map.get(key)
        if held is None:
            self.map = self.map.set(key, place, owner)
        elif type(held) is tuple:
            self.map = self.map.set(key, tree.Leaf(owner, sorted((held, place))), owner)
        elif (more := tree.add(held, place, owner)) is not held:
            self.map = self.map.set(key, more, owner)
        self.size += 1

    def remove(self, key: Hashable, place: Place, owner: object) -> None:
        held = self.map.get(key)
        if type(held) is tuple:
            self.map = self.map.drop(key, owner)
        else:
            rest = tree.remove(held, place, owner)
            if isinstance(rest, tree.Leaf) and len(rest) == 1:
                self.map = self.map.set(key, rest.entries[0], owner)
            elif rest is not held:
                self.map = self.map.set(key, rest, owner)
        self.size -= 1

    def fill(self, entries: list[tuple[Hashable, Place]], owner: object) -> None:
        """Replace all entries; they must come in the order of their places."""
        groups: dict[Hashable, list[Place]] = {}
        for key, place in entries:
            groups.setdefault(key, []).append(place)
        self.map = Buckets.of(owner, {key: p[0] if len(p) == 1 else tree.tree(owner, p) for key, p in groups.items()})
        self.size = len(entries)

    def ids(self, key: Hashable) -> list[str]:
        held = self.map.get(key)
        if held is None:
            return []
        return [held[1]] if type(held) is tuple else [id for _, id in tree.walk(held)]

    def first(self, key: Hashable) -> str | None:
        held = self.map.get(key)
        if held is None:
            return None
        return str((held if type(held) is tuple else tree.cut(held, 0, 1)[0])[1])

    def count(self, key: Hashable) -> int:
        held = self.map.get(key)
        return 0 if held is None else 1 if type(held) is tuple else len(held)


class OrderedIndex:
    """A tree of ``(key, id)``."""

    __slots__ = ("root",)

    def __init__(self, root: tree.Node) -> None:
        self.root = root

    @property
    def size(self) -> int:
        return len(self.root)

    def fork(self) -> OrderedIndex:
        return OrderedIndex(self.root)

    def add(self, key: Hashable, place: Place, owner: object) -> None:
        self.root = tree.add(self.root, (key, place[1]), owner)

    def remove(self, key: Hashable, place: Place, owner: object) -> None:
        self.root = tree.remove(self.root, (key, place[1]), owner)

    def fill(self, entries: list[tuple[Hashable, Place]], owner: object) -> None:
        entries.sort(key=lambda entry: (entry[0], entry[1][1]))
        # Made in this order, neighbours in the tree are neighbours in memory.
        self.root = tree.tree(owner, [(key, place[1]) for key, place in entries])

    @staticmethod
    def bounds(
        low: Any, high: Any, include_low: bool, include_high: bool, after: tuple[Any, str] | None, reverse: bool
    ) -> Bounds:
        """The first entry of a range is not below the one, the last is below the other (None: to the end)."""
        # Of entries with one key, (key,) sorts before all and (key, TOP) after all.
        first = () if low is None else (low,) if include_low else (low, tree.TOP)
        behind = None if high is None else (high, tree.TOP) if include_high else (high,)
        if after is None:
            return first, behind
        if reverse:
            return first, after if behind is None else min(behind, after)
        return max(first, (after[0], after[1] + "\0")), behind  # the least id behind that one

    def span(self, bounds: Bounds) -> tuple[int, int]:
        """The positions of the first entry and of the first one behind."""
        first, behind = bounds
        start = tree.rank(self.root, first) if first else 0
        return start, len(self.root) if behind is None else tree.rank(self.root, behind)

    def range(self, bounds: Bounds, skip: int, limit: int | None, reverse: bool) -> list[tuple[Any, str]]:
        if limit is not None and not reverse and not skip:
            return tree.scan(self.root, *bounds, limit)
        start, stop = self.span(bounds)
        if reverse:
            stop -= skip
            start = start if limit is None else max(start, stop - limit)
        else:
            start += skip
            stop = stop if limit is None else min(stop, start + limit)
        found: list[Any] = tree.cut(self.root, start, stop) if start < stop else []
        return found[::-1] if reverse else found

    def ids(self, key: Hashable) -> list[str]:
        return [id for _, id in tree.cut(self.root, *self.span(((key,), (key, tree.TOP))))]

    def first(self, key: Hashable) -> str | None:
        found = tree.scan(self.root, (key,), (key, tree.TOP), 1)
        return found[0][1] if found else None

    def count(self, key: Hashable) -> int:
        start, stop = self.span(((key,), (key, tree.TOP)))
        return stop - start


def build(index: Index, owner: object) -> HashIndex | OrderedIndex:
    return OrderedIndex(tree.Leaf(owner, [])) if index.ordered else HashIndex(Buckets(owner))


def reindex(indexes: Mapping[str, HashIndex | OrderedIndex], spec: TableSpec, place: Place, before: Doc | None,
            after: Doc | None, owner: object) -> None:
    """Move a document from its old keys to its new ones; all or nothing."""
    old: Keys = {} if before is None else spec.keys_of(before)
    new: Keys = {} if after is None else spec.keys_of(after)
    undo: list[tuple[Callable[..., None], Any]] = []
    try:
        for name in {**old, **new}:
            index = indexes[name]
            left, found = old.get(name, ()), new.get(name, ())
            if left == found:
                continue
            gone, come = dict.fromkeys(left), dict.fromkeys(found)
            for key in gone:
                if key not in come:
                    index.remove(key, place, owner)
                    undo.append((index.add, key))
            for key in come:
                if key not in gone:
                    index.add(key, place, owner)
                    undo.append((index.remove, key))
    except Exception:
        for action, key in reversed(undo):
            action(key, place, owner)
        raise
