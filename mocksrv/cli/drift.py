"""`mocksrv drift`: what has changed between the live services and the mock."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mocksrv.drift.accepted import Accepted
    from mocksrv.drift.files import Document
    from mocksrv.drift.report import Report

    Pair = tuple[Document, Document]

GIVEN = click.Path(exists=True, path_type=Path)
READ = click.Path(dir_okay=False, path_type=Path)
WRITTEN = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=GIVEN, metavar="FOLDER | MOCK LIVE")
@click.option("--fixtures", type=GIVEN, help="Folder with VENDOR/recorded/VERSION/shapes.json and VENDOR/accepted.toml."
              "  [default: those of mocksrv]")
@click.option("--accepted", type=READ, help="Reviewed differences, in place of each vendor's accepted.toml.")
@click.option("--previous", type=READ, help="Earlier report in JSON, which knows since when a difference is there.")
@click.option("--json", "json", type=WRITTEN, help="Write the report as JSON; - for standard output.")
@click.option("--junit", type=WRITTEN, help="Write the report as JUnit XML.")
@click.option("--markdown", type=WRITTEN, help="Write the report as Markdown.")
@click.option("--html", type=WRITTEN, help="Write the report as one HTML page that needs no network.")
def drift(paths: tuple[Path, ...], fixtures: Path | None, accepted: Path | None, previous: Path | None,
          **files: Path | None) -> None:
    """Compare the shapes of live answers with those of the mock.

    Takes two files of shapes, or a folder with VENDOR.mock.json and VENDOR.live.json. For a vendor without live shapes
    in the folder, those that were recorded last are taken. Exit code: 0 no difference that is not accepted,
    1 differences, 2 unusable input.
    """
    from mocksrv import fixtures as stored
    from mocksrv.cli.base import fail
    from mocksrv.drift import report as reports
    from mocksrv.drift.files import Unusable

    folder = fixtures or stored.folder()
    try:
        pairs = pairs_of(paths, folder)
        since = reports.since_of(previous) if previous else None
        report = reports.make(pairs, reviewed(pairs, accepted, folder), since)
        if not any(one.cases for one in report.compared):
            raise Unusable("nothing was compared: the two sides have no case in common")
        write(report, files)
    except Unusable as error:
        fail(error)
    except OSError as error:
        fail(f"cannot write {error.filename}: {error.strerror}")
    sys.exit(1 if report.differences else 0)


def pairs_of(paths: tuple[Path, ...], fixtures: Path) -> list[Pair]:
    """Mock and live of each vendor, or Unusable."""
    from mocksrv.drift.files import Unusable, load

    if len(paths) == 1 and paths[0].is_dir():
        return pairs_in(paths[0], fixtures)
    if len(paths) != 2 or any(path.is_dir() for path in paths):
        raise Unusable("give one folder, or the mock's file and the live one")
    return [checked(*map(load, paths))]


def pairs_in(folder: Path, fixtures: Path) -> list[Pair]:
    """The pairs of a folder; vendors that lack one side are named on standard error."""
    from mocksrv.drift.files import Unusable, load

    files = [path.name for target in ("mock", "live") for path in folder.glob(f"*.{target}.json")]
    pairs = []
    for vendor in sorted({name.partition(".")[0] for name in files}):
        mock, live = (folder / f"{vendor}.{target}.json" for target in ("mock", "live"))
        recorded = load(live) if live.exists() else last_recorded(fixtures / vendor)
        if mock.exists() and recorded is not None:
            pairs.append(checked(load(mock), recorded))
        else:
            side = "live service" if mock.exists() else "mock"
            click.echo(f"mocksrv: {vendor} is left out: there are no shapes of the {side}", err=True)
    if not pairs:
        raise Unusable(f"{folder} has no vendor with both sides: VENDOR.mock.json and VENDOR.live.json")
    return pairs


def checked(mock: Document, live: Document) -> Pair:
    """The pair as it is, if the sides are what they should be."""
    from mocksrv.drift.files import Unusable

    if (mock["target"], live["target"]) != ("mock", "live"):
        raise Unusable(f"the first shapes must be the mock's and the second live ones, not {mock['target']} and "
                       f"{live['target']}")
    if mock["vendor"] != live["vendor"]:
        raise Unusable(f"the shapes are of two vendors, {mock['vendor']} and {live['vendor']}")
    return mock, live


def last_recorded(folder: Path) -> Document | None:
    """The newest of a vendor's recorded live shapes."""
    from mocksrv.drift.files import load

    found = [load(path) for path in sorted(folder.glob("recorded/*/shapes.json"))]
    return max(found, key=lambda one: str(one["date"]), default=None)


def reviewed(pairs: list[Pair], file: Path | None, fixtures: Path) -> list[Accepted]:
    """The accepted differences: of the given file for all vendors, or of each vendor's own file."""
    from mocksrv.drift.accepted import read

    if file is not None:
        return read(file)
    own = [(live["vendor"], fixtures / live["vendor"] / "accepted.toml") for _, live in pairs]
    return [entry for vendor, path in own if path.exists() for entry in read(path, vendor)]


def write(report: Report, files: dict[str, Path | None]) -> None:
    """The files that were asked for, and the table, unless a file goes to standard output."""
    from mocksrv.drift import page
    from mocksrv.drift import report as reports

    makers = {"json": reports.as_json, "junit": reports.as_junit, "markdown": reports.as_markdown, "html": page.as_html}
    wanted = {name: file for name, file in files.items() if file is not None}
    for name, file in wanted.items():
        text = makers[name](report)
        if str(file) == "-":
            click.echo(text, nl=False)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    show(report, to_error="-" in map(str, wanted.values()))


def show(report: Report, to_error: bool) -> None:
    """The differences as a table, notes, and the result in one line."""
    from mocksrv.cli.console import print_table
    from mocksrv.drift.report import COLUMNS, rows

    if report.differences and not to_error:
        print_table(COLUMNS, rows(report))
        click.echo()
    for entry in report.unused:
        click.echo(f"accepted, but not seen: {entry.operation} {entry.where} {entry.kind}", err=to_error)
    for note in report.unreached:
        more = f" and {len(note.cases) - 1} more" if len(note.cases) > 1 else ""
        click.echo(f"not on the {note.missing_from} side: {note.vendor} {note.operation}: {note.cases[0]}{more}",
                   err=to_error)
    click.echo(f"{report.sentence()}.", err=to_error)
