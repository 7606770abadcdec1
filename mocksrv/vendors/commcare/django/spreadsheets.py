"""Spreadsheets as rows of values: `.xlsx` with openpyxl, `.xls` with xlrd, whichever the bytes are, and `.csv`.

commcare-hq corehq/util/workbook_reading.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from io import BytesIO, TextIOWrapper
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

EXTENSIONS = ("csv", "xls", "xlsx")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx with a password
MAX_UNPACKED = 80 * 1024 * 1024
MAX_CELLS = 2_000_000  # in all sheets together, empty ones between others included
ENCRYPTED = "The file you want to import is password protected. Please choose a file that is not password protected."


class BadWorkbook(Exception):
    """The file cannot be read; the text is for the sender."""


class Sheet(NamedTuple):
    title: str
    rows: list[list[Any]]  # text, int, float, bool, date, datetime, time or None


def read(data: bytes, extension: str = "") -> list[Sheet]:
    """The sheets of a workbook, without empty rows and columns at the end. Raises BadWorkbook."""
    try:
        if extension == "csv":
            return read_csv(data)
        return read_xlsx(data) if data[:2] == b"PK" else read_xls(data)
    except BadWorkbook:
        raise
    except Exception as error:  # both libraries fail in many ways on broken files
        raise BadWorkbook(str(error) or type(error).__name__) from None


def read_xlsx(data: bytes, convert: Callable[[Any], Any] | None = None) -> list[Sheet]:
    """The sheets of an .xlsx file. Raises BadWorkbook, and whatever openpyxl does."""
    import openpyxl  # type: ignore[import-untyped]

    try:
        unpacked = sum(item.file_size for item in ZipFile(BytesIO(data)).infolist())
    except BadZipFile as error:
        raise BadWorkbook(str(error)) from None
    if unpacked > MAX_UNPACKED:
        raise BadWorkbook(f"it unpacks to more than {MAX_UNPACKED} bytes")
    workbook = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
    try:
        sheets = ((sheet.title, sheet.iter_rows(values_only=True)) for sheet in workbook.worksheets)
        return trimmed(sheets, convert or plain)
    finally:
        workbook.close()


def read_csv(data: bytes) -> list[Sheet]:
    """The one sheet of a CSV file in UTF-8 with commas, whose values all stay texts, as wide as its first row.

    HQ source: corehq/util/workbook_reading/adapters/csv.py, the newest seen; an older one made numbers, dates and
    booleans of what looked like them.
    """
    if len(data) <= 1:
        raise BadWorkbook("File is empty")
    with TextIOWrapper(BytesIO(data), encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    width = len(rows[0]) if rows else 0
    return trimmed([("Sheet1", (row[:width] for row in rows))])


def read_xls(data: bytes) -> list[Sheet]:
    import xlrd  # type: ignore[import-untyped]

    if data[:8] == OLE and "EncryptedPackage".encode("utf-16-le") in data:
        raise BadWorkbook(ENCRYPTED)
    try:
        workbook = xlrd.open_workbook(file_contents=data, logfile=None)
    except xlrd.XLRDError as error:
        raise BadWorkbook(ENCRYPTED if "encrypted" in str(error).lower() else str(error)) from None

    def value(cell: Any) -> Any:
        if cell.ctype == xlrd.XL_CELL_DATE:
            return xlrd.xldate_as_datetime(cell.value, workbook.datemode)
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        return None if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR) else cell.value

    def rows(sheet: Any) -> Iterator[list[Any]]:
        return ([value(cell) for cell in sheet.row(number)] for number in range(sheet.nrows))

    return trimmed((sheet.name, rows(sheet)) for sheet in workbook.sheets())


def trimmed(sheets: Iterable[tuple[str, Iterable[Sequence[Any]]]], convert: Callable[[Any], Any] | None = None,
            ) -> list[Sheet]:
    """Sheets whose rows are as wide as the widest one, without what is empty at the end. Raises BadWorkbook.

    Cells are counted as they come: one stray cell in the last corner of a sheet makes the readers give out all others.
    """
    left, found = MAX_CELLS, []
    for title, rows in sheets:
        kept = []
        for row in rows:
            left -= 1 + len(row)
            if left < 0:
                raise BadWorkbook(f"it has more than {MAX_CELLS} cells")
            width = next((n for n in range(len(row), 0, -1) if row[n - 1] not in (None, "")), 0)
            kept.append([(convert or plain)(value) for value in row[:width]])
        while kept and not kept[-1]:
            kept.pop()
        width = max(map(len, kept), default=0)
        if width * len(kept) > MAX_CELLS:
            raise BadWorkbook(f"it has more than {MAX_CELLS} cells")
        found.append(Sheet(title, [row + [None] * (width - len(row)) for row in kept]))
    return found


def whole(value: Any) -> Any:
    """Excel does not tell 1 from 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def plain(value: Any) -> Any:
    """Excel does not tell 1 from 1.0, nor a day from its midnight."""
    value = whole(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    return value


def text(value: Any) -> str:
    """A cell as text."""
    if isinstance(value, date | datetime):
        return str(value)
    return "" if value is None else str(value)
