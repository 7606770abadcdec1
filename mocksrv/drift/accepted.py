"""Differences that somebody has looked at and accepts, each with the reason, in a TOML file:

    [[accepted]]
    operation = "get_person"         # or a pattern: "get_*"
    where = "/body/patient_id"
    kind = "field removed"
    live = "-"                       # optional, like `mock`: only this text
    reason = "a background process, which the mock does not have, fills it in"
    date = 2026-11-22                # of the review
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mocksrv.drift.compare import KINDS, Difference
from mocksrv.drift.files import Unusable

NEEDED = ("operation", "where", "kind", "reason", "date")
KNOWN = (*NEEDED, "mock", "live")


@dataclass(frozen=True)
class Accepted:
    """One reviewed difference. `operation` may be a pattern; `vendor` is "" and `mock` and `live` are None when
    any will do."""

    vendor: str
    operation: str
    where: str
    kind: str
    reason: str
    date: str
    mock: str | None = None
    live: str | None = None

    def covers(self, one: Difference) -> bool:
        return ((self.where, self.kind) == (one.where, one.kind) and self.vendor in ("", one.vendor)
                and fnmatchcase(one.operation, self.operation)
                and self.mock in (None, one.mock) and self.live in (None, one.live))


def read(path: Path, vendor: str = "") -> list[Accepted]:
    """The entries of a vendor's file, or of any vendor's, or Unusable, which names the entry and what it lacks."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise Unusable(f"{path} is not TOML: {error}") from error
    entries = data.get("accepted", [])
    if data.keys() - {"accepted"} or not isinstance(entries, list):
        raise Unusable(f"{path} may hold nothing but [[accepted]] entries")
    return [entry_of(entry, f"{path}, entry {number}", vendor) for number, entry in enumerate(entries, 1)]


def entry_of(entry: Any, place: str, vendor: str) -> Accepted:
    if not isinstance(entry, dict):
        raise Unusable(f"{place} is no table")
    values = {key: value.isoformat() if type(value) is date else value for key, value in entry.items()}
    if unknown := sorted(values.keys() - set(KNOWN)):
        raise Unusable(f"{place} has an unknown {unknown[0]}; use {', '.join(KNOWN)}")
    for key in (*NEEDED, *(values.keys() - set(NEEDED))):
        if not isinstance(values.get(key), str) or not values[key].strip():
            raise Unusable(f"{place} needs a {key}, as text")
    if values["kind"] not in KINDS:
        raise Unusable(f"{place}: kind must be one of {', '.join(KINDS)}")
    return Accepted(vendor, **values)


def split(differences: list[Difference], accepted: list[Accepted]
          ) -> tuple[list[Difference], list[tuple[Difference, Accepted]], list[Accepted]]:
    """The differences that are not accepted, those that are (with their entries), and entries that match none."""
    left, covered = [], []
    for one in differences:
        entry = next((entry for entry in accepted if entry.covers(one)), None)
        if entry is None:
            left.append(one)
        else:
            covered.append((one, entry))
    used = {entry for one, _ in covered for entry in accepted if entry.covers(one)}
    return left, covered, [entry for entry in accepted if entry not in used]
