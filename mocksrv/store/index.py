"""Indexes: from a key to the ids of the documents that have it.

An entry of a hash index is a document's *place*, ``(number, id)``: the number grows with every insert, so the
ids under a key come in the order of insertion. An entry of an ordered index is ``(key, id)``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mocksrv.store import shared

Doc = dict[str, Any]
Key = tuple[Any, ...] | str | int | float | bool | None
Place = tuple[int, str]
NO_KEYS = (dict, list)


@dataclass(frozen=True)
class Index:
    """How one index of a table is made.

    ``keys`` gives the keys of one document: none, one or many, and always the same for the same document.
    A hash index answers ``==``; an ordered one answers ranges and pages too, and its keys must be
    comparable with each other.
    """

    keys: Callable[[Doc], Iterable[Any]]
    ordered: bool = False
    path: tuple[str, ...] | None = None
    """The field whose values are the keys, when the index is on a field: serves queries that compare it."""


@dataclass(frozen=True)
class TableSpec:
    """A table's name (``cht.docs``) and its indexes by name."""

    name: str
    indexes: Mapping[str, Index] = field(default_factory=dict)


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
        values = value if type(value) is list else (value,)
        return [v for v in values if type(v) not in NO_KEYS and not (ordered and v is None)]

    return Index(keys, ordered, path)


class HashIndex:
    """Key -> the place itself while there is one, a tree of places when there are more."""

    __slots__ = ("keys", "map", "size")

    def __init__(self, keys: Callable[[Doc], Iterable[Any]], places: shared.Buckets, size: int = 0) -> None:
        self.keys = keys
        self.map = places
        self.size = size

    def fork(self) -> HashIndex:
        return HashIndex(self.keys, self.map, self.size)

    def add(self, key: Hashable, place: Place, owner: object) -> None:
        held = self.map.get(key)
        if held is None:
            self.map = self.map.set(key, place, owner)
        elif type(held) is tuple:
            self.map = self.map.set(key, shared.Leaf(owner, sorted((held, place))), owner)
        elif (more := shared.add(held, place, owner)) is not held:
            self.map = self.map.set(key, more, owner)
        self.size += 1

    def remove(self, key: Hashable, place: Place, owner: object) -> None:
        held = self.map.get(key)
        if type(held) is tuple:
            self.map = self.map.drop(key, owner)
        else:
            rest = shared.remove(held, place, owner)
            if isinstance(rest, shared.Leaf) and len(rest.entries) == 1:
                self.map = self.map.set(key, rest.entries[0], owner)
            elif rest is not held:
                self.map = self.map.set(key, rest, owner)
        self.size -= 1

    def fill(self, entries: list[tuple[Hashable, Place]], owner: object) -> None:
        """Replace everything; the entries come in the order of their places."""
        groups: dict[Hashable, list[Place]] = {}
        for key, place in entries:
            groups.setdefault(key, []).append(place)
        self.map = shared.Buckets(owner)
        for key, places in groups.items():
            self.map.set(key, places[0] if len(places) == 1 else shared.tree(owner, places), owner)
        self.size = len(entries)

    def ids(self, key: Hashable) -> list[str]:
        held = self.map.get(key)
        if held is None:
            return []
        return [held[1]] if type(held) is tuple else [id for _, id in shared.walk(held)]

    def first(self, key: Hashable) -> str | None:
        held = self.map.get(key)
        if held is None:
            return None
        return str((held if type(held) is tuple else shared.cut(held, 0, 1)[0])[1])

    def count(self, key: Hashable) -> int:
        held = self.map.get(key)
        return 0 if held is None else 1 if type(held) is tuple else len(held)


class OrderedIndex:
    """A tree of ``(key, id)``."""

    __slots__ = ("keys", "root")

    def __init__(self, keys: Callable[[Doc], Iterable[Any]], root: shared.Node) -> None:
        self.keys = keys
        self.root = root

    @property
    def size(self) -> int:
        return len(self.root)

    def fork(self) -> OrderedIndex:
        return OrderedIndex(self.keys, self.root)

    def add(self, key: Hashable, place: Place, owner: object) -> None:
        self.root = shared.add(self.root, (key, place[1]), owner)

    def remove(self, key: Hashable, place: Place, owner: object) -> None:
        self.root = shared.remove(self.root, (key, place[1]), owner)

    def fill(self, entries: list[tuple[Hashable, Place]], owner: object) -> None:
        self.root = shared.tree(owner, sorted((key, place[1]) for key, place in entries))

    def span(self, low: Any, high: Any, include_low: bool, include_high: bool) -> tuple[int, int]:
        """The positions of the first entry of a range and of the first one behind it."""
        # Of entries with one key, the shorter (key,) sorts before all, (key, TOP) after all.
        start = 0 if low is None else shared.rank(self.root, (low,) if include_low else (low, shared.TOP))
        if high is None:
            return start, len(self.root)
        return start, shared.rank(self.root, (high, shared.TOP) if include_high else (high,))

    def behind(self, entry: tuple[Any, str]) -> int:
        """The position of the first entry behind this one."""
        return shared.rank(self.root, (*entry, None))

    def before(self, entry: tuple[Any, str]) -> int:
        return shared.rank(self.root, entry)

    def ids(self, key: Hashable) -> list[str]:
        return [id for _, id in shared.cut(self.root, *self.span(key, key, True, True))]

    def first(self, key: Hashable) -> str | None:
        start = shared.rank(self.root, (key,))
        found = shared.cut(self.root, start, start + 1)
        return found[0][1] if found and found[0][0] == key else None

    def count(self, key: Hashable) -> int:
        start, stop = self.span(key, key, True, True)
        return stop - start


def build(index: Index, owner: object) -> HashIndex | OrderedIndex:
    if index.ordered:
        return OrderedIndex(index.keys, shared.Leaf(owner, []))
    return HashIndex(index.keys, shared.Buckets(owner))
