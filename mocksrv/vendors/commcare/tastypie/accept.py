"""What an Accept header asks for. Source: python-mimeparse, best_match, which tastypie calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Range(NamedTuple):
    """One part of the header."""

    main: str
    sub: str
    quality: float


def best(accept: str, offered: Sequence[str]) -> str | None:
    """The best of the offered types; of equals the last. Raises ValueError for a part that is no media range."""
    ranges = [parse(part) for part in accept.split(",") if part.strip()]
    (quality, _), _, kind = max((fit(kind, ranges), place, kind) for place, kind in enumerate(offered))
    return kind if quality else None


def parse(part: str) -> Range:
    kind, *params = (piece.strip() for piece in part.split(";"))
    main, sub = ("*/*" if kind == "*" else kind).split("/")
    given = {name.strip().lower(): value.strip() for name, _, value in (param.partition("=") for param in params)}
    return Range(main.strip(), sub.strip(), quality_of(given.get("q", "")))


def quality_of(text: str) -> float:
    """A quality; what is none counts as 1."""
    try:
        number = float(text.strip('"'))
    except ValueError:
        return 1.0
    return number if 0 <= number <= 1 else 1.0


def fit(kind: str, ranges: Sequence[Range]) -> tuple[float, int]:
    """The quality that the most specific range gives to a type, and how specific that range is."""
    main, _, sub = kind.partition("/")
    quality, closest = 0.0, -1
    for given in ranges:
        if given.main in (main, "*") and given.sub in (sub, "*"):
            closeness = 2 * (given.main == main) + (given.sub == sub)
            if closeness > closest:
                quality, closest = given.quality, closeness
    return quality, closest
