"""The drift report as one HTML page: no script, no request, for a screen, a phone and paper."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from html import escape
from pathlib import Path

from mocksrv.drift.accepted import Accepted
from mocksrv.drift.compare import ABSENT, KINDS, Difference
from mocksrv.drift.report import Compared, Report, plural

STYLES = (Path(__file__).parents[1] / "page" / "style.css", Path(__file__).with_name("page.css"))
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
COLUMNS = ("where", "kind", "mock", "live", "since", "case")
MOST_CASES = 20  # are shown of one difference, or of one note
PARTS = re.compile(r"\w+|\W")


def as_html(report: Report) -> str:
    """The whole page. The filters are check boxes that style rules look at."""
    style = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    title = plural(len(report.differences), "difference")
    return "\n".join([
        '<!doctype html>', '<html lang="en">', '<head>', '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f'<title>Drift: {title}</title>', f'<style>{style}\n{rules(report)}</style>', '</head>', '<body>',
        '<a class="skip" href="#differences">Skip to the differences</a>',
        '<header><p class="brand">mocksrv drift</p></header>', '<main>',
        f'<h1>{title}</h1>', f'<p>{escape(report.sentence())}.</p>',
        '<div class="cards">', *(card(one, report) for one in report.compared), '</div>',
        filters(report),
        '<div id="differences" tabindex="-1">', *(section(one, report) for one in report.compared), '</div>',
        accepted(report.accepted), notes(report), '</main>', '</body>', '</html>', ''])


def rules(report: Report) -> str:
    """The CSS rules that hide kinds and vendors that are not ticked, and operations of which nothing is left."""
    made = [f"body:has(#show-{name}:not(:checked)) .is-{name} {{ display: none; }}" for name in
            [*map(slug, used_kinds(report)), *(one.vendor for one in report.compared)]]
    for kinds in sorted({kinds_of(own) for one in report.compared for own in by_operation(one, report).values()}):
        ticked = ", ".join(f"#show-{kind}:checked" for kind in kinds)
        made.append(f"body:not(:has({ticked})) .of-{'-'.join(kinds)} {{ display: none; }}")
    return "\n".join(made)


def used_kinds(report: Report) -> list[str]:
    return [kind for kind in KINDS if any(one.kind == kind for one in report.differences)]


def kinds_of(differences: list[Difference]) -> tuple[str, ...]:
    return tuple(sorted({slug(one.kind) for one in differences}))


def slug(kind: str) -> str:
    return kind.replace(" ", "-")


def by_operation(compared: Compared, report: Report) -> dict[str, list[Difference]]:
    found: dict[str, list[Difference]] = {}
    for one in report.differences:
        if one.vendor == compared.vendor:
            found.setdefault(one.operation, []).append(one)
    return found


def card(one: Compared, report: Report) -> str:
    """One vendor's numbers."""
    kinds = Counter(difference.kind for difference in report.differences if difference.vendor == one.vendor)
    badges = "".join(f"<li>{badge(kind)} {kinds[kind]}</li>" for kind in KINDS if kinds[kind]) or "<li>none</li>"
    cases = sum(map(len, one.cases.values()))
    return (f'<section class="card"><h2>{escape(one.vendor)}: {plural(sum(kinds.values()), "difference")}</h2>'
            f'<p class="what">live {escape(one.live_version)}, {escape(one.live_date)}<br>'
            f'mock {escape(one.mock_version)}, {escape(one.mock_date)}<br>'
            f'{plural(cases, "case")} of {plural(len(one.cases), "operation")} compared</p>'
            f'<ul class="kinds">{badges}</ul></section>')


def badge(kind: str) -> str:
    return f'<span class="badge kind-{slug(kind)}">{kind}</span>'


def filters(report: Report) -> str:
    """Check boxes by kind, and by vendor if there are several."""
    if not report.differences:
        return ""
    boxes = [box(slug(kind), badge(kind)) for kind in used_kinds(report)]
    if len(report.compared) > 1:
        boxes = [*(box(one.vendor, escape(one.vendor)) for one in report.compared), *boxes]
    return f'<fieldset class="filters card"><legend>Show</legend>{"".join(boxes)}</fieldset>'


def box(name: str, label: str) -> str:
    return (f'<span class="check"><input type="checkbox" id="show-{name}" checked>'
            f'<label for="show-{name}">{label}</label></span>')


def section(one: Compared, report: Report) -> str:
    """A vendor's differences by operation."""
    found = by_operation(one, report)
    if not found:
        return ""
    vendor = escape(one.vendor)
    made = [f'<details open class="card operation of-{"-".join(kinds_of(own))}">'
            f'<summary><h3>{escape(operation)}</h3> <span class="tag">{len(own)}</span></summary>{table(own)}</details>'
            for operation, own in found.items()]
    return (f'<section class="is-{vendor}" aria-labelledby="of-{vendor}"><h2 id="of-{vendor}">{vendor}</h2>'
            f'{"".join(made)}</section>')


def table(differences: list[Difference], entries: list[Accepted] | None = None) -> str:
    """A table whose cells carry their column's name, so that narrow screens need no header row."""
    columns = (*COLUMNS, "reason") if entries is not None else COLUMNS
    head = "".join(f'<th role="columnheader" scope="col">{column}</th>' for column in columns)
    body = []
    for number, one in enumerate(differences):
        mock, live = marked(one.mock, one.live)
        cells = {"where": data(escape(one.where)), "kind": badge(one.kind), "mock": data(mock), "live": data(live),
                 "since": f'<span class="time">{escape(one.since)}</span>', "case": case_list(one.cases)}
        if entries is not None:
            cells["where"] = data(escape(f"{one.vendor} {one.operation}")) + "<br>" + cells["where"]
            cells["reason"] = f"{escape(entries[number].reason)} ({escape(entries[number].date)})"
        body.append(f'<tr role="row" class="is-{slug(one.kind)}">' + "".join(
            f'<td role="cell" data-label="{column}">{cells[column]}</td>' for column in columns) + "</tr>")
    return (f'<table role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
            f'<tbody role="rowgroup">{"".join(body)}</tbody></table>')


def data(html: str) -> str:
    return f'<span class="data">{html}</span>'


def marked(mock: str, live: str) -> tuple[str, str]:
    """Both texts as HTML; if they have much in common, the differing parts are marked."""
    ours, theirs = PARTS.findall(mock), PARTS.findall(live)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    if ABSENT in (mock, live) or matcher.ratio() < 0.4:
        return escape(mock), escape(live)
    sides: tuple[list[str], list[str]] = ([], [])
    for action, begin, end, start, stop in matcher.get_opcodes():
        for side, part in zip(sides, (ours[begin:end], theirs[start:stop]), strict=True):
            text = escape("".join(part))
            side.append(text if action == "equal" or not text else f"<mark>{text}</mark>")
    return "".join(sides[0]), "".join(sides[1])


def case_list(cases: tuple[str, ...]) -> str:
    """The first case, and the others to unfold."""
    first, rest = data(escape(cases[0])), cases[1:MOST_CASES]
    if not rest:
        return first
    more = "".join(f"<li>{data(escape(case))}</li>" for case in rest)
    left = f"<li>and {len(cases) - MOST_CASES} more</li>" if len(cases) > MOST_CASES else ""
    return f"{first}<details><summary>and {len(cases) - 1} more</summary><ul>{more}{left}</ul></details>"


def accepted(pairs: list[tuple[Difference, Accepted]]) -> str:
    if not pairs:
        return ""
    rows = table([one for one, _ in pairs], [entry for _, entry in pairs])
    return (f'<details class="card" id="accepted"><summary><h2>Accepted, with reasons</h2> '
            f'<span class="tag">{len(pairs)}</span></summary>{rows}</details>')


def notes(report: Report) -> str:
    """Accepted entries that match nothing any more, and cases that could not be compared."""
    made = []
    if report.unused:
        lines = "".join(f"<li>{data(escape(f'{one.vendor} {one.operation} {one.where}'))} {escape(one.kind)}: "
                        f"{escape(one.reason)} ({escape(one.date)})</li>" for one in report.unused)
        made.append(f'<section class="card"><h2>Accepted, but not seen any more</h2><ul>{lines}</ul></section>')
    if report.unreached:
        lines = "".join(f"<li>{data(escape(f'{note.vendor} {note.operation}'))}: not on the {note.missing_from} side: "
                        f"{case_list(note.cases)}</li>" for note in report.unreached)
        count = sum(len(note.cases) for note in report.unreached)
        made.append(f'<details class="card" id="unreached"><summary><h2>Cases that one side alone has</h2> '
                    f'<span class="tag">{count}</span></summary><ul>{lines}</ul></details>')
    return "".join(made)
