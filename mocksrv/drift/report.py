"""The drift report as plain data, and as JSON, JUnit XML and Markdown. `page` makes the HTML of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mocksrv.drift.accepted import Accepted, split
from mocksrv.drift.compare import BY_VALUE, Difference, Key, Unreached, both, compare, unreached
from mocksrv.drift.files import Document, Unusable, read_json

COLUMNS = ("vendor", "operation", "case", "where", "kind", "mock", "live", "since")
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


@dataclass
class Compared:
    """What was compared of one vendor: version and date of both sides, and the cases that both have."""

    vendor: str
    mock_version: str
    mock_date: str
    live_version: str
    live_date: str
    cases: dict[str, tuple[str, ...]]  # by operation


@dataclass
class Report:
    """The content of a report. `differences` are those that are not accepted."""

    compared: list[Compared] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    accepted: list[tuple[Difference, Accepted]] = field(default_factory=list)
    unused: list[Accepted] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        return {
            "compared": [asdict(one) for one in self.compared],
            "differences": [one.describe() for one in self.differences],
            "accepted": [{**one.describe(), "reason": entry.reason, "accepted": entry.date}
                         for one, entry in self.accepted],
            "unused": [asdict(entry) for entry in self.unused],
            "unreached": [{**asdict(note), "cases": list(note.cases)} for note in self.unreached],
        }

    def sentence(self) -> str:
        """The result in one line."""
        cases = sum(len(names) for one in self.compared for names in one.cases.values())
        operations = sum(len(one.cases) for one in self.compared)
        texts = [f"{plural(len(self.differences), 'difference')} in {plural(cases, 'case')} of "
                 f"{plural(operations, 'operation')}"]
        alone = sum(len(note.cases) for note in self.unreached)
        texts += [f"{len(self.accepted)} accepted"] if self.accepted else []
        texts += [f"{plural(alone, 'case')} only on one side"] if alone else []
        texts += [f"{plural(len(self.unused), 'accepted entry', 'accepted entries')} not used"] if self.unused else []
        return "; ".join(texts)


def plural(count: int, word: str, more: str = "") -> str:
    return f"{count} {word if count == 1 else more or word + 's'}"


def make(pairs: Iterable[tuple[Document, Document]], accepted: Iterable[Accepted] = (),
         since: dict[Key, str] | None = None) -> Report:
    """The report of all pairs of (mock, live)."""
    report = Report()
    differences = []
    for mock, live in pairs:
        cases: dict[str, tuple[str, ...]] = {}
        for operation, case in both(mock, live):
            cases[operation] = (*cases.get(operation, ()), case)
        heads = (mock["version"], mock["date"], live["version"], live["date"])
        report.compared.append(Compared(live["vendor"], *heads, cases))
        differences += compare(mock, live, since)
        report.unreached += unreached(mock, live)
    report.differences, report.accepted, report.unused = split(differences, list(accepted))
    return report


def since_of(path: Path) -> dict[Key, str]:
    """Since when each difference of an earlier JSON report is known, by key; or Unusable."""
    data = read_json(path)
    dates: dict[Key, str] = {}
    try:
        for one in [*data["differences"], *data["accepted"]]:
            values = (one["mock"], one["live"]) if one["kind"] in BY_VALUE else ()
            dates[(one["vendor"], one["operation"], one["where"], one["kind"], *values)] = one["since"]
    except (KeyError, TypeError) as error:
        raise Unusable(f"{path} is no drift report in JSON") from error
    return dates


def rows(report: Report) -> list[dict[str, Any]]:
    """A table of the differences, by COLUMNS."""
    return [{**one.describe(), "case": one.case + (f" +{len(one.cases) - 1}" if len(one.cases) > 1 else "")}
            for one in report.differences]


def as_json(report: Report) -> str:
    return json.dumps(report.describe(), indent=1, ensure_ascii=False) + "\n"


def as_markdown(report: Report) -> str:
    """The result, and a table of the differences."""
    def cell(text: str) -> str:
        return re.sub(r"([\\|`*_<>\[\]~])", r"\\\1", " ".join(text.split()))

    lines = [f"{report.sentence()}.", ""]
    if report.differences:
        lines += [f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
        lines += [f"| {' | '.join(cell(row[column]) for column in COLUMNS)} |" for row in rows(report)]
    return "\n".join(lines) + "\n"


def as_junit(report: Report) -> str:
    """A suite for each vendor and a test for each operation; operations that one side alone has are skipped."""
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    root = Element("testsuites", name="mocksrv drift")
    for one in report.compared:
        found = [difference for difference in report.differences if difference.vendor == one.vendor]
        alone = {note.operation for note in report.unreached if note.vendor == one.vendor} - one.cases.keys()
        failed = {difference.operation for difference in found}
        suite = SubElement(root, "testsuite", name=one.vendor, tests=str(len(one.cases) + len(alone)), errors="0",
                           failures=str(len(failed)), skipped=str(len(alone)), timestamp=f"{one.live_date}T00:00:00")
        for operation in sorted({*one.cases, *alone}):
            test = SubElement(suite, "testcase", classname=f"drift.{one.vendor}", name=operation)
            if operation in alone:
                SubElement(test, "skipped", message="one side alone has cases of it")
            own = [difference for difference in found if difference.operation == operation]
            if own:
                failure = SubElement(test, "failure", type=own[0].kind, message=clean(told(own[0])))
                failure.text = clean("\n".join(told(difference) for difference in own))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def told(one: Difference) -> str:
    return (f"{one.where}: {one.kind}: mock {one.mock}, live {one.live}, since {one.since} "
            f"({', '.join(one.cases)})")


def clean(text: str) -> str:
    return UNPRINTABLE.sub("\ufffd", text)
