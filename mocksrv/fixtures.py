"""Where the stored data lies: beside the package in a checkout, inside the package when it is installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def folder() -> Path:
    inside = Path(__file__).with_name("fixtures")
    return inside if inside.is_dir() else Path(__file__).parents[1] / "fixtures"


def path(*parts: str) -> Path:
    """A stored file, such as path("cht", "pools.json")."""
    return folder().joinpath(*parts)
