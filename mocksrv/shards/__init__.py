"""Worlds spread over many processes: which process holds which world.

Worlds are independent, so a balancer may send each to a process of its own. A world's name gives its slot
(CRC-32 modulo `SLOTS`), and a table gives the process of each slot. When a process is added, it takes an even share of
the slots from all others, and nothing else moves; when the last one goes, its slots go back to where they came from.

A process that knows its shard refuses all other worlds, so that even a wrongly configured balancer never shows two
copies of a world.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from zlib import crc32

SLOTS = 1024
MOST = 128  # processes: each still has eight slots
SHARD = re.compile(r"(\d{1,3})/(\d{1,3})")


@cache
def table(count: int) -> tuple[int, ...]:
    """The process of each slot, numbered from 1, for so many processes."""
    held: list[list[int]] = [list(range(SLOTS))]
    for number in range(2, count + 1):  # a new process takes from the one that holds most, until it has its share
        new: list[int] = []
        while len(new) < SLOTS // number:
            new.append(max(held, key=len).pop())
        held.append(new)
    owners = {slot: number for number, slots in enumerate(held, 1) for slot in slots}
    return tuple(owners[slot] for slot in range(SLOTS))


def slot_of(name: str) -> int:
    """The slot of a world, as HAProxy's `crc32,mod(1024)` computes it too."""
    return crc32(name.encode()) % SLOTS


@dataclass(frozen=True)
class Shard:
    """What one process holds: the worlds of its slots; the first process also holds the default world.

    Number 0 holds none: a process that is being removed. Raises ValueError for any other number.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not (0 <= self.number <= self.count and 1 <= self.count <= MOST):
            raise ValueError(f"use a process and their number, such as 2/4, of at most {MOST}")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """`2/4`: the second of four processes. Raises ValueError."""
        found = SHARD.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else cls(1, 0)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def holds(self, name: str) -> bool:
        return self.owner(name) == self.number

    def owner(self, name: str) -> int:
        """The process that holds a world."""
        return owner(name, self.count)


def owner(name: str, count: int) -> int:
    """The process that holds a world, for so many processes."""
    return 1 if name == "default" else table(count)[slot_of(name)]


WHOLE = Shard(1, 1)  # a server that stands alone
