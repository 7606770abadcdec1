"""The sheets of a workbook as rows of JSON, by their headers. HQ source: corehq/util/workbook_json/excel.py."""

from __future__ import annotations

from typing import Any, NamedTuple

from mocksrv.vendors.commcare.django import spreadsheets
from mocksrv.vendors.commcare.django.spreadsheets import BadWorkbook
from mocksrv.vendors.commcare.errors import view_failed

Row = dict[str, Any]
NO_EXCEL = ("Upload failed! Please make sure you are using a valid Excel 2007 or later (.xlsx) file. "
            "Error details: {}.")
BAD_COLUMNS = "Upload failed due to a problem with Excel columns. Error details: {}."
TRUTHS = {"yes": True, "true": True, "no": False, "false": False, "": False}


class BadTables(Exception):
    """The workbook does not describe lookup tables; one text for each mistake."""

    def __init__(self, *errors: str) -> None:
        super().__init__("\n".join(errors))


class Sheet(NamedTuple):
    headers: list[str]
    values: list[list[Any]]

    def rows(self) -> list[Row]:
        """Its rows until an empty one. Raises BadTables."""
        found = []
        for values in self.values:
            row: Row = {}
            for header, value in zip(self.headers, values, strict=True):
                put(row, header, value)
            found.append(row)
        return found


def read(data: bytes) -> dict[str, Sheet]:
    """A workbook's sheets by their titles; a bad header in any of them spoils it. Raises BadTables, and 500."""
    try:
        sheets = spreadsheets.read_xlsx(data, spreadsheets.whole)
    except (BadWorkbook, KeyError) as error:
        raise BadTables(NO_EXCEL.format(error)) from None
    except Exception as error:
        raise view_failed(f"openpyxl cannot read the file: {error}") from None
    return {title: headed(rows) for title, rows in sheets}


def headed(rows: list[list[Any]]) -> Sheet:
    """A sheet whose headers are good. Raises BadTables."""
    first = rows[0] if rows else []
    headers = first[: first.index(None)] if None in first else first
    for header in headers:
        if not isinstance(header, str):
            raise BadTables(NO_EXCEL.format(f"Field {header} is not a string."))
    try:
        row: Row = {}
        for header in headers:
            put(row, header, "")
    except BadTables as error:
        raise BadTables(BAD_COLUMNS.format(error)) from None
    filled = [["" if value is None else value for value in values[: len(headers)]] for values in rows[1:]]
    empty = next((number for number, values in enumerate(filled) if all(value == "" for value in values)), len(filled))
    return Sheet(headers, filled[:empty])


def put(row: Row, header: str, value: Any) -> None:
    """Put a cell where its header says: `a: b` is b within a, `a b` an item of the list a, `a?` a yes or no.

    Raises BadTables, and 500 where a header needs an object and another one has put something else there.
    """
    value = value.strip() if isinstance(value, str) else value
    outer, *inner = header.split(":")
    words = header.split()
    if len(inner) == 1:
        held = row.setdefault(outer.strip(), {})
        if not isinstance(held, dict):
            raise view_failed(f"the column {header!r} and another one of that name")
        put(held, inner[0], value)
    elif len(words) == 2:
        put_item(row, words[0], value)
    else:
        name, *rest = header.split("?")
        yes_or_no = len(rest) == 1 and not rest[0].strip()
        put_flat(row, name if yes_or_no else header, truth(name, value) if yes_or_no else value)


def put_item(row: Row, header: str, value: Any) -> None:
    """Put a cell behind the others of a list; empty ones are left out."""
    alone: Row = {}
    put(alone, header, value)
    ((name, item),) = alone.items()
    held = row.setdefault(name, [])
    if not isinstance(held, list):
        row[name] = held = [held]
    if item not in (None, ""):
        held.append(item)


def put_flat(row: Row, name: str, value: Any) -> None:
    if name.strip() in row:
        raise BadTables(f"You have a repeat field: {name.strip()}")
    row[name.strip()] = value


def truth(name: str, value: Any) -> bool:
    """What a cell under `name?` means. Raises BadTables."""
    found = TRUTHS.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise BadTables(f'Values for field {name} must be "yes" or "no", not "{value}"')
    return found
