"""Workbooks of lookup tables: the sheet `types` describes them, one sheet for each holds its rows.

commcare-hq corehq/util/workbook_json/excel.py (headers) and corehq/apps/fixtures/upload (checks and their texts).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from mocksrv.vendors.commcare.django import spreadsheets
from mocksrv.vendors.commcare.django.spreadsheets import BadWorkbook, Sheet

Row = dict[str, Any]
DELETE = "Delete(Y/N)"
YES, NO = ("yes", "true", "y", "1"), ("no", "false", "n", "0", "")
LISTED = re.compile(r"(.*\S)\s+\d+")
IDENTIFIER = re.compile(r"(?!xml)[^\W\d][\w.\-]*")


class BadTables(Exception):
    """The workbook does not describe lookup tables; one text for each mistake."""

    def __init__(self, *errors: str) -> None:
        super().__init__("\n".join(errors))


class Definition(NamedTuple):
    """A row of the sheet `types`."""

    tag: str
    fields: list[Row]  # field_name, properties
    item_attributes: list[str]
    is_global: bool
    delete: bool


class Workbook(NamedTuple):
    tables: list[Definition]
    rows: dict[str, list[Row]]  # tag -> the rows of its sheet


def read(data: bytes) -> Workbook:
    """A workbook that has been checked. Raises BadTables."""
    try:
        sheets = {sheet.title: sheet for sheet in spreadsheets.read(data)}
    except BadWorkbook as error:
        raise BadTables(str(error)) from None
    if "types" not in sheets:
        raise BadTables("Workbook does not contain a sheet called types")
    tables: list[Definition] = []
    for row in rows_of(sheets["types"]):
        table = definition(row)
        if any(table.tag == other.tag for other in tables):
            raise BadTables("Lookup-tables should have unique 'table_id'. There are two rows with table_id "
                            f"'{table.tag}' in 'types' sheet.")
        tables.append(table)
    errors, rows = [], {}
    for table in tables:
        if table.tag not in sheets:
            errors.append(f"There's no sheet for type '{table.tag}' in 'types' sheet. There must be one sheet per row "
                          "in the 'types' sheet.")
            continue
        rows[table.tag] = rows_of(sheets[table.tag])
        if rows[table.tag]:
            errors += check(table, rows[table.tag][0])
    if errors:
        raise BadTables(*errors)
    return Workbook(tables, rows)


# --- headers ------------------------------------------------------------------------------------------------


def rows_of(sheet: Sheet) -> list[Row]:
    """A sheet's rows by its headers: `a: b` is b within a, `a 1` an item of the list a, `a?` a yes or no."""
    if not sheet.rows:
        return []
    headers: list[str] = []
    for value in sheet.rows[0]:
        if value in (None, ""):
            break
        headers.append(spreadsheets.text(value))
    found = []
    for values in sheet.rows[1:]:
        cells = [spreadsheets.text(value) for value in values[: len(headers)]]
        if not any(cells):
            break  # HQ stops at the first empty row
        row: Row = {}
        for header, cell in zip(headers, cells, strict=True):
            put(row, header, cell)
        found.append(row)
    return found


def put(row: Row, header: str, value: str) -> None:
    """Put a cell where its header says. Raises BadTables."""
    outer, colon, inner = header.partition(":")
    outer = outer.strip()
    if colon:
        held = row.setdefault(outer, {})
        if not isinstance(held, dict):
            raise BadTables(f"You have a repeat field: {outer}")
        put(held, inner.strip(), value)
    elif outer.endswith("?"):
        name = outer[:-1].strip()
        if value.lower() not in YES + NO:
            raise BadTables(f'Values for {name} must be "yes" or "no" (or "true" or "false")')
        row[name] = value.lower() in YES
    elif listed := LISTED.fullmatch(outer):
        held = row.setdefault(listed[1], [])
        if not isinstance(held, list):
            raise BadTables(f"You have a repeat field: {outer}")
        if value:
            held.append(value)
    elif outer in row:
        raise BadTables(f"You have a repeat field: {outer}")
    else:
        row[outer] = value


# --- checks -------------------------------------------------------------------------------------------------


def definition(row: Row) -> Definition:
    """A row of the sheet `types`. Raises BadTables."""
    tag = row.get("table_id") or row.get("tag")
    if not tag:
        raise BadTables("Workbook 'types' has no column 'table_id'.")
    if not isinstance(tag, str) or not IDENTIFIER.fullmatch(tag):
        raise BadTables(f"table_id '{tag}' should not contain spaces or special characters, or start with a number.")
    if "field" not in row and "property" not in row:
        raise BadTables("Lookup-tables can not have empty fields and empty properties on items. "
                        f"table_id '{tag}' has no fields and no properties")
    names, attributes = listed(row, "field"), listed(row, "property")
    for number, name in enumerate(names, start=1):
        if re.fullmatch(r"[-+]?(\d+(?:\.\d*)?|\.\d+)", name):
            raise BadTables(f"Error in 'types' sheet for 'field {number}', '{name}'. Field names should be strings, "
                            "not numbers")
    fields = [{"field_name": name, "properties": properties(row, f"field {number}")}
              for number, name in enumerate(names, start=1)]
    return Definition(tag, fields, attributes, bool(row.get("is_global", False)), deleted(row))


def listed(row: Row, name: str) -> list[str]:
    value = row.get(name, [])
    if not isinstance(value, list):
        raise BadTables(f"'{name}' columns of the 'types' sheet should be numbered, as in '{name} 1'")
    return value


def properties(row: Row, key: str) -> list[str]:
    held = row.get(key)
    found = held.get("property", []) if isinstance(held, dict) else []
    if not isinstance(found, list):
        raise BadTables(f"Properties should be specified as 'field 1: property 1'. In 'types' sheet, '{key}' is not "
                        "correctly formatted")
    return found


def deleted(row: Row) -> bool:
    return str(row.get(DELETE) or "").lower() == "y"


def check(table: Definition, row: Row) -> list[str]:
    """What is wrong with a table's sheet, by its first row."""
    names = [field["field_name"] for field in table.fields]
    errors = []
    for kind, wanted in (("field", names), ("property", table.item_attributes)):
        held = row.get(kind) if isinstance(row.get(kind), dict) else {}
        errors += [f"Excel worksheet '{table.tag}' does not contain the column 'field: {name}' as specified in its "
                   "'types' definition" for name in sorted(set(wanted) - set(held or {}))]
        errors += [f"Excel worksheet '{table.tag}' has an extra column'field: {name}' that's not defined in its "
                   "'types' definition" for name in sorted(set(held or {}) - set(wanted))]
    for field in table.fields:
        if field["properties"]:
            errors += check_properties(table.tag, field, row)
    return errors


def check_properties(tag: str, field: Row, row: Row) -> list[str]:
    """What is wrong with a field that has several values with properties."""
    name = field["field_name"]
    held = row.get(name, {})
    if not isinstance(held, dict):
        return [f"In Excel worksheet '{tag}', field '{name}' should be numbered as 'field: {name} integer"]
    errors = [f"Excel worksheet '{tag}' does not contain property '{missing}' of the field '{name}' as specified in "
              "its 'types' definition" for missing in sorted(set(field["properties"]) - set(held))]
    errors += [f"Excel worksheet '{tag}' has an extra property '{extra}' for the field '{name}' that's not defined in "
               "its 'types' definition. Re-check the formatting"
               for extra in sorted(set(held) - set(field["properties"]))]
    values = (row.get("field") or {}).get(name)
    if not isinstance(values, list):
        return [*errors, f"Fields with attributes should be numbered as 'field: {name} integer'"]
    for prop, items in held.items():
        if not isinstance(items, list):
            errors.append(f"Attribute should be written as '{name}: {prop} integer'")
        elif len(items) != len(values):
            errors.append(f"Number of values for field '{name}' and attribute '{prop}' should be same")
    return errors


def item_fields(table: Definition, row: Row) -> dict[str, Row]:
    """A row's values as they are stored."""
    found: dict[str, Row] = {}
    for field in table.fields:
        name = field["field_name"]
        values = (row.get("field") or {}).get(name, "")
        if not field["properties"]:
            value = values if isinstance(values, str) else ", ".join(map(str, values))
            found[name] = {"field_list": [{"field_value": value, "properties": {}}]}
            continue
        held = row.get(name) or {}
        found[name] = {"field_list": [
            {"field_value": value, "properties": {prop: items[n] for prop, items in held.items() if n < len(items)}}
            for n, value in enumerate(values)]}
    return found
