"""Examples at random that are the same on every side and in every run, so that answers can be compared."""

import random
from collections.abc import Callable
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

# Drawn evenly, hardly any would be those that people use.
CHARACTERS = st.sampled_from([chr(point) for point in range(128)]) | st.characters(codec="utf-8")
INTEGERS = st.integers(-100, 100) | st.integers()
T = TypeVar("T")
ENOUGH = 8192  # bytes that one example is made of, at most


def for_each(strategy: SearchStrategy[T], count: int, check: Callable[[T], None]) -> None:
    """Call `check` with as many examples (or somewhat fewer: what the strategy filters out is not drawn anew).

    They are made of bytes of our own. hypothesis' choices would differ, even with a seed: it draws constants of the
    modules that are loaded by then, too.
    """
    @settings(database=None)
    @given(strategy)
    def draw(example: T) -> None:
        drawn.append(example)

    for number in range(count):
        drawn: list[T] = []
        draw.hypothesis.fuzz_one_input(random.Random(number).randbytes(ENOUGH))  # type: ignore[attr-defined]
        for example in drawn:
            try:
                check(example)
            except Exception as error:
                error.add_note(f"example {number}: {example!r}")
                raise
