"""How sure we are of each operation: what is declared beside it, and what replays and live runs have found since.

The findings lie in `fixtures/<vendor>/proof.json`, written by runs that passed and never by hand:

    {"recorded": {"get_person": {"version": "4.15.0", "date": "2026-11-21", "cases": 24, ...}}, "live": {...}}

Recordings of further releases of a service are levels of their own: "recorded 5.2.0". All are read when operations are
described, not at start.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mocksrv import fixtures
from mocksrv.operation import FOUND_PROOFS, PROOFS, STALE_AFTER, Operation

GENERAL = (401, 403, 405, 406, 413, 415, 429)  # refusals that are not about what an operation does


@dataclass(frozen=True)
class Finding:
    """What a replay or a live run found about one operation."""

    version: str  # release of the real service; "" where it tells none
    date: str  # ISO date: of the recording, or of the live run
    cases: int  # answers that agreed
    differences: int = 0  # answers that differed for a reviewed reason
    statuses: tuple[int, ...] = ()  # of the answers that agreed

    def stale(self, today: datetime.date) -> bool:
        return (today - datetime.date.fromisoformat(self.date)).days > STALE_AFTER


def finding(operation: Operation, version: str, date: str, agreed: Collection[int], differences: int, *,
            refusals: bool = False) -> Finding | None:
    """What a run found about an operation: `agreed` are the statuses of the answers that did, `differences` counts the
    others. None unless its normal answer (the first of its statuses) agreed or, where answers are compared to the
    letter (`refusals`), a refusal by one of its own checks did. Answers that any operation may give prove nothing: no
    login, no permission, a failure of the service.
    """
    own = [status for status in operation.statuses if status < 500 and status not in GENERAL]
    if operation.statuses[0] not in agreed and not (refusals and set(agreed) & set(own)):
        return None
    return Finding(version, date, len(agreed), differences, tuple(sorted(set(agreed))))


Findings = dict[str, dict[str, Finding]]  # level -> name of the operation -> finding


def kind(level: str) -> str:
    """A level without the release that it may name."""
    return level.partition(" ")[0]


def file_of(vendor: str) -> Path:
    return fixtures.path(vendor, "proof.json")


def read(vendor: str) -> Findings:
    """What replays and live runs found about a vendor's operations; nothing where there were none."""
    file = file_of(vendor)
    found = json.loads(file.read_bytes()) if file.exists() else {}
    return {level: {name: Finding(**one | {"statuses": tuple(one["statuses"])}) for name, one in entries.items()}
            for level, entries in found.items()}


def replace(vendor: str, level: str, findings: Mapping[str, Finding]) -> None:
    """Replace all findings of a level ("recorded" or "live") with these.

    A level may name a release: "recorded 5.2.0".
    """
    if kind(level) not in FOUND_PROOFS:
        raise ValueError(f"level must be one of {', '.join(FOUND_PROOFS)}, not {level!r}")
    levels = read(vendor) | {level: dict(findings)}
    shown = {level: {name: asdict(one) for name, one in sorted(levels[level].items())}
             for level in sorted(levels, key=lambda one: (FOUND_PROOFS.index(kind(one)), one)) if levels[level]}
    file_of(vendor).write_text(as_text(shown), encoding="utf-8")


def record(vendor: str, level: str, passed: Mapping[str, Finding], failed: Collection[str] = ()) -> None:
    """Store the findings of a run over some operations; operations that failed lose their finding of that level."""
    kept = {name: one for name, one in read(vendor).get(level, {}).items() if name not in failed}
    replace(vendor, level, kept | dict(passed))


def as_text(levels: Mapping[str, Mapping[str, Any]]) -> str:
    """JSON with one operation a line, so that a change of one is a change of one line."""
    parts = []
    for level, entries in levels.items():
        lines = ",\n".join(f'  "{name}": {json.dumps(one)}' for name, one in entries.items())
        parts.append(f' "{level}": {{\n{lines}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def shown(operation: Operation, findings: Findings, today: datetime.date) -> dict[str, Any]:
    """The proof of an operation as plain data: `level`, `version`, `date`, `stale`, `cases`, `statuses`, and whether
    there are but `refusals` among them.

    A finding that is fresh goes before one that is stale, then the higher level; without any it is what was declared.
    Recordings of several releases count together.
    """
    found = [(not one.stale(today), PROOFS.index(kind(level)), one) for level, entries in findings.items()
             if (one := entries.get(operation.name))]
    if not found:
        return {"level": operation.proof, "version": operation.release, "date": None, "stale": False, "cases": 0,
                "statuses": [], "refusals": False}
    fresh, level, best = max(found, key=lambda one: one[:2])
    alike = [one for *how, one in found if how == [fresh, level]]  # of several releases
    statuses = sorted({status for one in alike for status in one.statuses})
    return {"level": PROOFS[level], "version": ", ".join(one.version for one in alike if one.version) or None,
            "date": best.date, "stale": not fresh, "cases": sum(one.cases for one in alike), "statuses": statuses,
            "refusals": bool(statuses) and operation.statuses[0] not in statuses}


def in_words(shown: Mapping[str, Any]) -> str:
    """The level of a proof as people read it: "recorded", or "recorded (refusals)" if the normal answer was not."""
    return f"{shown['level']} (refusals)" if shown["refusals"] else str(shown["level"])


def describe(operations: Iterable[Operation], today: datetime.date) -> list[dict[str, Any]]:
    """Operations as plain data, each with its proof."""
    operations = list(operations)
    findings = {vendor: read(vendor) for vendor in {operation.vendor for operation in operations}}
    return [operation.describe() | {"proof": shown(operation, findings[operation.vendor], today)}
            for operation in operations]


def summary(used: Collection[Operation], today: datetime.date, own: Collection[tuple[str, str]] = ()) -> str:
    """One line: how many of the operations that were used have which proof. `own`: vendor and name of those for which
    answers of the user's own stood, whose proof does not count.
    """
    proofs = [row["proof"] for row in describe(used, today) if (row["vendor"], row["name"]) not in own]
    counts = Counter(one["level"] for one in proofs)
    stale = sum(one["stale"] for one in proofs)
    mine = len(used) - len(proofs)
    parts = [f"{len(used)} operation{'s' * (len(used) != 1)} used"]
    parts += [f"{mine} rest{'s' * (mine == 1)} on answers of your own"] if mine else []
    parts += [f"{counts[level]} rest{'s' * (counts[level] == 1)} on {text}"
              for level, text in (("docs", "documentation only"), ("assumed", "assumptions")) if counts[level]]
    if stale:
        parts.append("1 proof is stale" if stale == 1 else f"{stale} proofs are stale")
    return ", ".join(parts)
