"""A hash map whose copies cost nothing, by the same means as the tree: parts with owners.

The directory has two to the power of n places. A bucket stands at one or more of them, all whose last bits are
the bucket's; a bucket that grows too long divides by one more bit, so that nothing is ever moved as a whole.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

BUCKET = 64  # entries of a bucket before it splits
DEPTH = 20  # bits of a hash that tell buckets apart, at most


class Bucket(dict[Hashable, Any]):
    __slots__ = ("depth", "owner")

    def __init__(self, owner: object, depth: int, items: Iterable[tuple[Hashable, Any]] | Bucket = ()) -> None:
        super().__init__(items)
        self.owner = owner
        self.depth = depth


class Buckets:
    """A hash map in buckets: a directory of two to the power of n places, a bucket in one or more of them."""

    __slots__ = ("directory", "owner")

    def __init__(self, owner: object, directory: list[Bucket] | None = None) -> None:
        self.owner = owner
        self.directory = directory or [Bucket(owner, 0)]

    @classmethod
    def of(cls, owner: object, items: Mapping[Any, Any]) -> Buckets:
        """The map of many items at once."""
        depth = (len(items) * 2 // BUCKET).bit_length()
        directory = [Bucket(owner, depth) for _ in range(1 << depth)]
        for key, value in items.items():
            directory[hash((key,)) & (1 << depth) - 1][key] = value
        return cls(owner, directory)

    def get(self, key: Hashable) -> Any:
        # The hash of a tuple is well mixed, that of a number is the number.
        directory = self.directory
        return directory[hash((key,)) & (len(directory) - 1)].get(key)

    def set(self, key: Hashable, value: Any, owner: object) -> Buckets:
        spot = hash((key,))
        written = self if self.owner is owner else Buckets(owner, self.directory.copy())
        bucket = written._writable(spot)
        bucket[key] = value
        while len(bucket) > BUCKET and bucket.depth < DEPTH:
            bucket = written._split(bucket, spot)
        return written

    def drop(self, key: Hashable, owner: object) -> Buckets:
        written = self if self.owner is owner else Buckets(owner, self.directory.copy())
        del written._writable(hash((key,)))[key]
        return written

    def _writable(self, spot: int) -> Bucket:
        bucket = self.directory[spot & (len(self.directory) - 1)]
        if bucket.owner is not self.owner:
            bucket = Bucket(self.owner, bucket.depth, bucket)
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
        low = Bucket(self.owner, bucket.depth + 1)
        high = Bucket(self.owner, bucket.depth + 1)
        for key, value in bucket.items():
            (high if hash((key,)) & bit else low)[key] = value
        self._place(low, spot & (bit - 1))
        self._place(high, spot & (bit - 1) | bit)
        return high if spot & bit else low
