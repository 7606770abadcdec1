"""A store on disk."""

from __future__ import annotations

from pathlib import Path


class Damaged(Exception):
    """A data file that cannot be read; it is left as it is."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the data file {path} is damaged: {reason}")
        self.path = path
        self.reason = reason


class InUse(Exception):
    """Another process has the data file open."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"the data file {path} is in use by another process")
        self.path = path
