"""Tables on the terminal."""

from __future__ import annotations

import sys
from typing import Any

import click


def print_table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    cells = [[as_text(row[column]) for column in columns] for row in rows]
    if not sys.stdout.isatty():  # a log, a pipe: no colours needed, and rich takes longer than the table is worth
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
    """One line, without what would steer the terminal."""
    text = "" if cell is None else ", ".join(cell) if isinstance(cell, list) else str(cell)
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)
