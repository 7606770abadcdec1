"""Files of own data: TOML, JSON, JSON lines and CSV, read into records that know where they stand.

TOML and JSON hold tables by vendor, `{"cht": {"users": [{...}]}}`; a line of JSON lines is `{"cht.users": {...}}`; a
CSV file is one table, named after it: `cht.users.csv`. Its header names the members, `parent.name` those of members,
and `roles:json` those that are JSON.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import PurePath
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
Place = tuple[int, int]  # line and column, from 1
KINDS = {".toml": "toml", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
LARGEST = 64 * 1024 * 1024  # bytes of a file
SPACE = re.compile(r"[ \t\r\n]*")
HEADER = re.compile(r"\s*+(\[\[?)([^\]]++)\]\]?\s*+(#.*)?$")
DECODER = json.JSONDecoder()


class File(NamedTuple):
    """A file by its name, whose ending says what it is; `table` for CSV that is not named after its table."""

    name: str
    text: str
    table: str = ""


class Entry(NamedTuple):
    """A record, or a template of records, and where it stands: `where` gives the place of a member."""

    table: str
    path: str  # such as `cht.users[3]`
    record: Any
    single: bool
    where: Callable[[Path], Place]


class Wrong(ValueError):
    """A record that the vendor's rules refuse: why, and which member of it."""

    def __init__(self, text: str, *path: str | int) -> None:
        super().__init__(text)
        self.path = path


class Unreadable(ValueError):
    """A file that is not what its name says."""

    def __init__(self, text: str, line: int = 1, column: int = 1) -> None:
        super().__init__(text)
        self.line, self.column = line, column


def entries(file: File) -> Iterator[Entry]:
    """The records of a file, in its order. Raises Unreadable."""
    kind = KINDS.get(PurePath(file.name).suffix.lower())
    if kind is None:
        raise Unreadable(f"the name must end in {', '.join(KINDS)}")
    if len(file.text) > LARGEST:
        raise Unreadable(f"a file holds at most {LARGEST // 2**20} MB: divide it")
    if kind == "csv":
        yield from of_csv(file)
    elif kind == "jsonl":
        yield from of_lines(file)
    else:
        yield from of_tree(file, kind)


def of_tree(file: File, kind: str) -> Iterator[Entry]:
    text = file.text
    data = parsed_json(text) if kind == "json" else parsed_toml(text)
    place = locate_json if kind == "json" else locate_toml
    if not isinstance(data, dict):
        raise Unreadable("the whole is an object of tables by vendor")
    for vendor, held in data.items():
        if not isinstance(held, dict):
            line, column = place(text, (vendor,))
            raise Unreadable(f"{vendor} is no object of tables", line, column)
        for table, records in held.items():
            base: Path = (vendor, table)
            if isinstance(records, list):
                for number, record in enumerate(records):
                    yield Entry(f"{vendor}.{table}", f"{vendor}.{table}[{number}]", record, False,
                                lambda path, base=(*base, number): place(text, (*base, *path)))  # type: ignore[misc]
            else:
                yield Entry(f"{vendor}.{table}", f"{vendor}.{table}", records, True,
                            lambda path, base=base: place(text, (*base, *path)))  # type: ignore[misc]


def of_lines(file: File) -> Iterator[Entry]:
    for number, line in enumerate(file.text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            data = parsed_json(line)
        except Unreadable as error:
            raise Unreadable(str(error), number, error.column) from None
        if not isinstance(data, dict) or len(data) != 1:
            raise Unreadable('a line is an object with one table: {"cht.users": {...}}', number)
        ((table, record),) = data.items()
        yield Entry(table, f"{table}", record, table.endswith((".settings", ".credentials")),
                    lambda path, line=line, number=number, table=table: (  # type: ignore[misc]
                        number, locate_json(line, (table, *path))[1]))


def of_csv(file: File) -> Iterator[Entry]:
    table = file.table or PurePath(file.name).stem
    rows = csv.reader(io.StringIO(file.text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = next(rows, [])
        if not any(header):
            raise Unreadable("the first line names the members of the records")
        places = {name.partition(":")[0]: column for column, name in enumerate(header, 1)}
        for row in rows:
            line = rows.line_num
            if not row:
                continue
            if len(row) > len(header):
                raise Unreadable(f"there are {len(row)} cells below {len(header)} names", line, len(header) + 1)
            yield Entry(table, table, record_of(header, row, line), False,
                        lambda path, line=line: (line, column_of(places, path)))  # type: ignore[misc]
    except csv.Error as error:
        raise Unreadable(f"no CSV: {error}", rows.line_num) from None


def record_of(header: list[str], row: list[str], line: int) -> dict[str, Any]:
    """The members of a row; empty cells are left out."""
    record: dict[str, Any] = {}
    for column, (name, cell) in enumerate(zip(header, row, strict=False), 1):
        if not cell:
            continue
        name, _, kind = name.partition(":")
        value: Any = cell
        if kind == "json":
            try:
                value = parsed_json(cell)
            except Unreadable as error:
                raise Unreadable(str(error), line, column) from None
        *way, last = name.split(".")
        level = record
        for key in way:
            inner = level.setdefault(key, {})
            if not isinstance(inner, dict):
                raise Unreadable(f"{name} stands beside {key}", line, column)
            level = inner
        level[last] = value
    return record


def column_of(places: dict[str, int], path: Path) -> int:
    """The column of the cell that holds a member."""
    for length in range(len(path), 0, -1):
        if (name := ".".join(map(str, path[:length]))) in places:
            return places[name]
    return 1


# --- reading ---


def parsed_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise Unreadable(f"no JSON: {error.msg}", error.lineno, error.colno) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {error}") from None


def refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def parsed_toml(text: str) -> Any:
    try:
        return plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(found[1]), int(found[2])) if found else (text.count("\n") + 1, 1)
        raise Unreadable(f"no TOML: {str(error).partition(' (at')[0]}", line, column) from None
    except RecursionError:
        raise Unreadable("no TOML: nested too deeply") from None


def plain(value: Any) -> Any:
    """Dates and times as texts, as JSON has them."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int | float) else value.isoformat()


# --- where something stands: looked for only when it is wrong ---


def locate_json(text: str, path: Path) -> Place:
    """The place of what is at a path of a JSON text, or of the nearest that there is on the way."""
    at = skip(text, 0)
    for key in path:
        found = inside(text, at, key)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def inside(text: str, at: int, key: str | int) -> int | None:
    """Where the member of that name or number begins."""
    number, mark = 0, text[at : at + 1]
    if mark not in "{[" or not mark:
        return None
    at = skip(text, at + 1)
    while text[at : at + 1] not in ("}", "]", ""):
        name: str | int = number
        if mark == "{":
            name, end = scanstring(text, at + 1)
            at = skip(text, skip(text, end) + 1)  # behind the colon
        if name == key:
            return at
        at = skip(text, DECODER.raw_decode(text, at)[1])
        at = skip(text, at + 1) if text[at : at + 1] == "," else at
        number += 1
    return None


def skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def locate_toml(text: str, path: Path) -> Place:
    """The line of what is at a path of a TOML text, as far as headers and keys at the beginning of lines tell."""
    wanted, best, counts = [str(key) for key in path], (0, 1, 1), dict[str, int]()
    here: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if header := HEADER.match(line):
            names = [part.strip().strip("\"'") for part in header[2].split(".")]
            name = ".".join(names)
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
            here = numbered(names, counts)
            at, column = here, line.index("[") + 1
        else:
            key, equals, _ = line.partition("=")
            if not equals or key.strip().startswith("#"):
                continue
            at = [*here, *(part.strip().strip("\"'") for part in key.split("."))]
            column = len(line) - len(line.lstrip()) + 1
        if at == wanted[: len(at)] and len(at) > best[0]:
            best = (len(at), number, column)
    return best[1], best[2]


def numbered(names: list[str], counts: dict[str, int]) -> list[str]:
    """The names of a header with the numbers of the tables that they are in."""
    found: list[str] = []
    for length, name in enumerate(names, 1):
        found.append(name)
        if (whole := ".".join(names[:length])) in counts:
            found.append(str(counts[whole]))
    return found
