"""Tables on the terminal, and what `mocksrv serve` prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mocksrv.app import Simulator

WIDTH = 80  # columns of an ordinary terminal


def print_table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    cells = [[as_text(row[column]) for column in columns] for row in rows]
    if not sys.stdout.isatty():  # a log or a pipe needs no colours, and rich is slow to import
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        for line in (columns, *cells):
            click.echo("  ".join(map(str.ljust, line, widths)).rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for line in cells:
        table.add_row(*map(Text, line))
    Console().print(table)


def as_text(cell: Any) -> str:
    """One line, without control characters for the terminal."""
    text = "" if cell is None else ", ".join(cell) if isinstance(cell, list) else str(cell)
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def texts_of(account: Mapping[str, Any], room: int | None = None) -> str:
    """The ready-made credentials in one line: as many as fit into so many characters, or all."""
    line = ""
    for key, value in account.items():
        if isinstance(value, str) and key not in ("base_url", "name", "note"):
            longer = f"{line}  {key} {value}" if line else f"{key} {value}"
            if room is not None and len(longer) > room:
                break
            line = longer
    return as_text(line)


def banner(app: Simulator, url: str) -> list[str]:
    """Address and first credentials of each vendor: one line each, which fits an ordinary terminal."""
    wide = max(len(name) for name in (*app.vendors, "page"))
    lines = []
    for vendor in app.vendors.values():
        accounts = vendor.credentials(app.worlds["default"], url)
        if accounts and accounts[0]["base_url"] != url:  # a vendor whose clients want more than the server's address
            lines.append(f"{vendor.name:{wide}}  {accounts[0]['base_url']}")
        lines += [f"{vendor.name:{wide}}  {texts_of(one, WIDTH - wide - 2)}" for one in accounts[:1]]
    if app.settings.controlled_by == "off":
        return lines
    return [*lines, f"{'page':{wide}}  {url}/_mocksrv/", f"{'more':{wide}}  mocksrv credentials --url {url}"]
