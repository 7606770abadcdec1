"""Commands for own data: `mocksrv import`, `mocksrv export`."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from mocksrv.cli.base import AS_JSON, ask, connect, fail, of_a_world, show
from mocksrv.cli.console import print_table

if TYPE_CHECKING:
    from mocksrv.remote import RemoteWorld

PAUSE = 1.0  # seconds between two signs of progress


@click.command(name="import")
@of_a_world
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--table", default="", help="The table of a CSV file that is not named after it.")
@AS_JSON
def import_(url: str, world: str, token: str, files: tuple[str, ...], table: str, as_json: bool) -> None:
    """Put own data into a world, all or nothing: TOML, JSON, JSON lines or CSV.

    Each fault is named with file, line and column. Without a file: which tables there are.

    Example: mocksrv import accounts.toml cht.people.csv
    """
    from mocksrv.config import ConfigError
    from mocksrv.imports import read_file

    remote = connect(url, world, token)
    if not files:
        print_table(("table", "about"), ask(remote, "GET", "/import")["tables"])
        return
    try:
        read = [read_file(file) for file in files]
    except ConfigError as error:
        fail(error)
    sent = [{"name": file.name, "text": file.text, **({"table": table} if table else {})} for file in read]
    ended = threading.Event()
    watcher = threading.Thread(target=watch, args=(connect(url, world, token), ended), daemon=True)
    watcher.start()
    try:
        imported = ask(remote, "POST", "/import", {"files": sent})["imported"]
    finally:
        ended.set()
    if as_json:
        show(imported)
    else:
        for name, count in imported.items():
            click.echo(f"{name}: {count}")


def watch(remote: RemoteWorld, ended: threading.Event) -> None:
    """Tell now and then how many records are in."""
    from mocksrv.remote import FAILURES

    while not ended.wait(PAUSE):
        try:
            state = remote.control("GET", "/import")
        except FAILURES:
            return
        if state["running"]:
            click.echo(f"mocksrv: {state['done']} records ...", err=True)


@click.command()
@of_a_world
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("--lines", is_flag=True, help="As JSON lines, a record on each.")
def export(url: str, world: str, token: str, tables: tuple[str, ...], lines: bool) -> None:
    """Print the records of a world in the form in which they are imported.

    Example: mocksrv export cht.settings commcare.users > mine.json
    """
    found: dict[str, dict[str, Any]] = ask(connect(url, world, token), "GET",
                                           f"/export?{urlencode([('table', name) for name in tables])}")
    if not lines:
        show(found)
        return
    for vendor, held in found.items():
        for table, records in held.items():
            for record in records if isinstance(records, list) else [records]:
                click.echo(json.dumps({f"{vendor}.{table}": record}, ensure_ascii=False))
