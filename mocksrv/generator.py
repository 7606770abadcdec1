"""A world's generator of randomness: all ids, tokens and made-up values of a world come from here.

It is counter-based: number n of seed s is a hash of both. So its whole state is one integer, which a world on disk
can write with every answer, and a world that is opened again goes on where it stopped.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from hashlib import blake2b

BLOCK = 512  # bits that one hash gives


class Generator(random.Random):
    """Python's `random.Random` over a counter. Same seed and same number of draws: same values."""

    def __init__(self, seed: int | str = 0, draws: int = 0) -> None:
        self.seed_text = str(seed)
        self._key = blake2b(self.seed_text.encode(), digest_size=32).digest()
        self.draws = draws
        super().__init__()

    def seed(self, *_args: object, **_kwargs: object) -> None:
        """The seed is set once, by the constructor; `random.Random` calls this with one of its own."""
        self.gauss_next = None

    def _block(self) -> int:
        self.draws += 1
        return int.from_bytes(blake2b(self.draws.to_bytes(16, "big"), key=self._key).digest(), "big")

    def random(self) -> float:
        return (self._block() >> (BLOCK - 53)) * 2.0**-53

    def getrandbits(self, k: int, /) -> int:
        value, bits = 0, 0
        while bits < k:
            value, bits = value << BLOCK | self._block(), bits + BLOCK
        return value >> (bits - k)

    def getstate(self) -> tuple[str, int]:  # type: ignore[override]
        return self.seed_text, self.draws

    def setstate(self, state: tuple[str, int]) -> None:  # type: ignore[override]
        self.__init__(*state)  # type: ignore[misc]

    def hex(self, digits: int) -> str:
        """So many lower-case hexadecimal digits."""
        return f"{self.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        """A version 4 UUID with dashes, lower case."""
        return str(uuid.UUID(int=self.getrandbits(128), version=4))

    def texts(self, alphabet: Sequence[str], length: int, count: int) -> list[str]:
        """So many texts of so many characters each."""
        return [self.text(alphabet, length) for _ in range(count)]

    def text(self, alphabet: Sequence[str], length: int) -> str:
        """So many characters out of an alphabet."""
        bits = self.getrandbits(length * 16)
        out = []
        for _ in range(length):
            out.append(alphabet[(bits & 0xFFFF) % len(alphabet)])
            bits >>= 16
        return "".join(out)
