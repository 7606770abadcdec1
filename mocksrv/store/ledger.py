"""What was written to the tables of a store: to undo it, and to know the memory it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mocksrv.store.errors import Full

if TYPE_CHECKING:
    from mocksrv.store.row import Row

EACH = 1_500  # bytes that a document takes beside its JSON: its place, its indexes (measured with the vendors' seeds)
TIMES = 2  # what its JSON takes, as some are remembered parsed too


class Restorable(Protocol):
    """A table, as far as its ledger needs it."""

    def restore(self, id: str, row: Row | None, /) -> None: ...


class Ledger:
    """One for all tables of a store, which write into it themselves: a call for each write would cost too much.

    `weight` is what its documents take in bytes, roughly, beside those that it began with
    (`Store.weigh_from_now`): they count for every store that holds them, also where stores share them.
    """

    __slots__ = ("before", "changed", "most", "steps", "weight")

    def __init__(self, weight: int = 0) -> None:
        self.weight = weight
        self.before = weight  # at the last begin
        self.most: int | None = None  # the weight that ends all writing
        # What each write replaced, while writes can be undone.
        self.steps: list[tuple[Restorable, str, Row | None]] | None = None
        self.changed: dict[str, None] = {}  # names of tables whose changes are not on disk yet

    def check(self, more: int = 0) -> None:
        """Raises Full when there is no room."""
        if self.most is not None and self.weight + more > self.most:
            raise Full(self.most)

    @property
    def grown(self) -> int:
        """Bytes since the last begin."""
        return self.weight - self.before

    def begin(self) -> None:
        """Begin a transaction: later writes can be undone."""
        self.steps = []
        self.before = self.weight

    def end(self) -> None:
        self.steps = None

    def undo(self) -> None:
        """Undo all writes since the last begin."""
        steps, self.steps = self.steps, None
        if steps is None:
            return
        for table, id, old in reversed(steps):
            table.restore(id, old)
        self.weight = self.before  # documents that began weightless are so again


def weigh(size: int) -> int:
    """What a document with so many bytes of JSON takes."""
    return EACH + TIMES * size
