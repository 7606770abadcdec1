"""The shapes of CSV and XML in the form of JSON's: rows are lists of objects, and so are elements."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, Any

from mocksrv.drift.formats import text_format
from mocksrv.drift.generated_values import blank
from mocksrv.drift.json_shape import ENOUGH, Node, Reading, merge, node, rows_of, sort_keys

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LONGEST_NAME = 80  # of a column
FORM = "{http://www.w3.org/1999/xhtml}html"  # of OpenRosa: its content belongs to the project


def of_csv(data: bytes, reading: Reading) -> Any:
    """A list of objects whose keys are the names of the header row; without one, of numbered columns."""
    try:
        read = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline="")) if row]
    except csv.Error:
        return "broken csv"
    header, rows = header_row(read)
    columns: dict[str, Node] = {}
    for number, name in enumerate(header):
        formats = [f"string:{text_format(row[number])}" for row in rows if number < len(row)] or ["string:empty"]
        columns[name] = formats[0]
        for shown in formats[1:]:
            columns[name] = merge(columns[name], shown)
    made = {"array": {"object": columns}, "rows": rows_of(rows)}
    named = [dict(zip(header, row, strict=False)) for row in rows]
    if len(rows) >= ENOUGH and (found := sort_keys(named, reading)) is not None:
        made["sorted"] = found
    return {"csv": made}


def header_row(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Column names, each once, and the other rows. A first row that holds data is not taken as names."""
    first = rows[0] if rows else []
    if any(text_format(cell) not in ("word", "text") or len(cell) > LONGEST_NAME for cell in first):
        return [f"column {number + 1}" for number in range(len(first))], rows
    seen: Counter[str] = Counter()
    names = []
    for cell in first:
        seen[cell] += 1
        names.append(cell if seen[cell] == 1 else f"{cell} #{seen[cell]}")
    return names, rows[1:]


def of_xml(data: bytes, reading: Reading) -> Any:
    """Elements by name, each a list, for there may be more; attributes as `@name`, a leaf's text as `#text`."""
    try:
        root = parsed(data)
        if root.tag == FORM:
            return "form"
        shown = node({namespace(root.tag)[1]: [plain(root)]}, reading)
    except (ValueError, RecursionError):
        return "broken xml"
    spaces = sorted({blank(space.lower()) for element in root.iter() if (space := namespace(element.tag)[0])})
    return {"xml": shown, "namespaces": spaces}


def parsed(data: bytes) -> Element:
    """The root of a document. Raises ValueError for one that is broken, or wants more than to be read."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root: Element = fromstring(data)
    except (ParseError, DefusedXmlException, LookupError) as error:
        raise ValueError(str(error)) from error
    return root


def plain(element: Element) -> dict[str, Any] | None:
    """An element as plain data; None for one that is marked as null, as tastypie does."""
    if element.get("type") == "null" and not len(element):
        return None
    made: dict[str, Any] = {f"@{namespace(key)[1]}": value for key, value in element.attrib.items()}
    for child in element:
        made.setdefault(namespace(child.tag)[1], []).append(plain(child))
    if not len(element):
        made["#text"] = element.text or ""
    return made


def namespace(name: str) -> tuple[str, str]:
    """The namespace, which may be "", and the local name."""
    space, _, local = name.rpartition("}")
    return space[1:], local
