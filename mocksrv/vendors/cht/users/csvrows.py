"""Users as rows of CSV text, read as the server reads them: no library's CSV, but splits at commas and quotes.

CHT 4.15 source, shared-libs/user-management/src/users.js (parseCsv).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

EXCLUDED = ":excluded"
STATUS, MESSAGE = "import.status:excluded", "import.message:excluded"  # reserved columns
DONE = ("imported", "skipped")  # in the status column: the row is skipped
TRUTH = {"TRUE": True, "FALSE": False}
SPACE = " \t\n\v\f\r\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f" \
        "\u205f\u3000\ufeff"  # white space that JavaScript trims


@dataclass
class Row:
    """One user out of a line; `error` is what stopped the reading of the line, if anything did."""

    data: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    ignored: bool = False
    message: str = ""


class Broken(Exception):
    """A line that cannot be read further."""


def parse(text: str) -> list[Row]:
    """All rows after the header line; empty lines do not count."""
    header, *lines = re.split(r"\r\n|\n", text.removeprefix("\ufeff"))
    columns = header.split(",")
    return [parse_line(columns, line) for line in lines if line]


def parse_line(columns: list[str], line: str) -> Row:
    row = Row()
    try:
        for number, cell in enumerate(split(line)):
            if number >= len(columns):
                raise Broken("Cannot read properties of undefined (reading 'toLowerCase')")
            column = columns[number].lower()
            if column == STATUS and cell.lower() in DONE:
                row.ignored = True
            if column == MESSAGE:
                row.message = cell
            else:
                place_cell(row.data, columns[number], cell)
    except Broken as error:
        row.error = str(error)
    return row


def split(line: str) -> list[str]:
    """The cells of a line: split at commas with an even number of quotes behind them."""
    parity = line.count('"') % 2
    cells, begin, quotes = [], 0, 0
    for position, character in enumerate(line):
        if character == '"':
            quotes += 1
        elif character == "," and quotes % 2 == parity:
            cells.append(line[begin:position])
            begin = position + 1
    return [*cells, line[begin:]]


def place_cell(data: dict[str, Any], column: str, cell: str) -> None:
    """Store a cell under its column's name: `a.b` is `b` within `a`."""
    *path, last = column.split(".")
    target: Any = data
    for name in path:
        if target is None:
            raise Broken(f"Cannot read properties of undefined (reading '{name}')")
        if isinstance(target, dict) and not target.get(name):
            assign(target, name, {})
        target = target.get(name) if isinstance(target, dict) else None
    assign(target, last, value_of(cell))


def assign(target: Any, name: str, value: Any) -> None:
    key = name.strip(SPACE)
    if not key or key.lower().find(EXCLUDED) > 0:
        return
    if target is None:
        raise Broken(f"Cannot set properties of undefined (setting '{key}')")
    if isinstance(target, dict):
        target[key] = value


def value_of(cell: str) -> Any:
    """A cell's value: one pair of quotes and spaces around it go, TRUE and FALSE are truth values."""
    text = cell.removeprefix('"').removesuffix('"').strip(SPACE)
    return TRUTH.get(text, text)
