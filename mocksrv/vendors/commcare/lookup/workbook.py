"""Workbooks of lookup tables: the sheet `types` describes them, one sheet for each holds its rows.

HQ source: corehq/apps/fixtures/upload (workbook.py, validation.py, failure_messages.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from mocksrv.vendors.commcare.errors import view_failed
from mocksrv.vendors.commcare.lookup import sheets
from mocksrv.vendors.commcare.lookup.sheets import BadTables, Row

DELETE = "Delete(Y/N)"
MOST = 2**63 - 1
IDENTIFIER = re.compile(r"(?!xml)[^\W\d][\w.\-]*")


class Definition(NamedTuple):
    """A row of the sheet `types`."""

    tag: str
    fields: list[Row]  # field_name, properties
    indexed: list[str]  # names of fields
    item_attributes: list[Any]
    is_global: bool
    delete: bool


class Workbook(NamedTuple):
    tables: list[Definition]
    rows: dict[str, list[Row]]  # tag -> the rows of its sheet


def read(data: bytes) -> Workbook:
    """A workbook that has been checked. Raises BadTables, and 500."""
    found = sheets.read(data)
    if "types" not in found:
        raise BadTables("Workbook does not contain a sheet called types")
    tables: dict[str, Definition] = {}
    for row in found["types"].rows():
        table = definition(row)
        if table.tag in tables:
            raise BadTables("Lookup-tables should have unique 'table_id'. There are two rows with table_id "
                            f"'{table.tag}' in 'types' sheet.")
        tables[table.tag] = table
    errors, rows = [], {}
    for table in tables.values():
        if table.tag not in found:
            errors.append(f"There's no sheet for type '{table.tag}' in 'types' sheet. There must be one sheet per row "
                          "in the 'types' sheet.")
            continue
        rows[table.tag] = rows_of(found[table.tag])
        if rows[table.tag]:
            errors += check(table, rows[table.tag][0])
    if errors:
        raise BadTables(*errors)
    return Workbook(list(tables.values()), rows)


def rows_of(sheet: sheets.Sheet) -> list[Row]:
    """The rows of a table's own sheet; HQ expects no mistake in them."""
    try:
        return sheet.rows()
    except BadTables as error:
        raise view_failed(str(error)) from None


# --- definitions ---------------------------------------------------------------------------------------------


def definition(row: Row) -> Definition:
    """A row of the sheet `types`. Raises BadTables, and 500."""
    tag = row.get("table_id") or row.get("tag")
    if tag is None:
        raise BadTables("Workbook 'types' has no column 'table_id'.")
    if not isinstance(tag, str):
        raise view_failed(f"a table_id must be a text, not {tag!r}")
    if not IDENTIFIER.fullmatch(tag):
        raise BadTables(f"table_id '{tag}' should not contain spaces or special characters, or start with a number.")
    if "field" not in row and "property" not in row:
        raise BadTables("Lookup-tables can not have empty fields and empty properties on items. "
                        f"table_id '{tag}' has no fields and no properties")
    names, attributes = items(row, "field"), items(row, "property")
    for number, name in enumerate(names, start=1):
        if is_number(name):
            raise BadTables(f"Error in 'types' sheet for 'field {number}', '{name}'. Field names should be strings, "
                            "not numbers")
    fields, indexed = [], []
    for number, name in enumerate(map(str, names), start=1):
        fields.append({"field_name": name, "properties": properties(row, f"field {number}")})
        if is_indexed(row, f"field {number}"):
            indexed.append(name)
    is_global = row.get("is_global", False)
    if is_global not in (True, False):
        raise view_failed(f"is_global must be a yes or no, as in the column 'is_global?', not {is_global!r}")
    return Definition(tag, fields, indexed, attributes, bool(is_global), deleted(row))


def items(row: Row, name: str) -> list[Any]:
    """The items of a list, as Python goes through whatever is there. Raises 500."""
    value = row.get(name, [])
    if not isinstance(value, list | str | dict):
        raise view_failed(f"{name!r} must be a list, as in '{name} 1', not {value!r}")
    return list(value)


def check_storable(values: Iterable[Any]) -> None:
    """The database's JSON holds no dates. Raises 500; this store's has no number beyond 64 bits."""
    for value in values:
        if not isinstance(value, str | int | float) or (isinstance(value, int) and abs(value) > MOST):
            raise view_failed(f"no database holds {value!r}")


def is_number(name: Any) -> bool:
    try:
        float(str(name))
    except ValueError:
        return False
    return True


def properties(row: Row, key: str) -> list[Any]:
    found = row.get(key, {}).get("property", [])
    if not isinstance(found, list):
        raise BadTables(f"Properties should be specified as 'field 1: property 1'. In 'types' sheet, '{key}' is not "
                        "correctly formatted")
    return found


def is_indexed(row: Row, key: str) -> bool:
    found = row.get(key, {}).get("is_indexed", False)
    if not isinstance(found, bool):
        raise BadTables(f"'{key}' is not correctly formatted in 'types' sheet. Whether a field is indexed should be "
                        "specified as 'field 1: is_indexed?'. Its value should be 'yes' or 'no'.")
    return found


def deleted(row: Row) -> bool:
    value = row.get(DELETE) or ""
    if not isinstance(value, str):
        raise view_failed(f"{DELETE} must be a text, not {value!r}")
    return value.lower() == "y"


# --- checks -------------------------------------------------------------------------------------------------


def check(table: Definition, row: Row) -> list[str]:
    """What is wrong with a table's sheet, by its first row. Raises 500."""
    names = [field["field_name"] for field in table.fields]
    errors = []
    for kind, wanted in (("field", names), ("property", table.item_attributes)):
        missing, extra = difference(items(row, kind), wanted)
        errors += [f"Excel worksheet '{table.tag}' does not contain the column 'field: {name}' as specified in its "
                   "'types' definition" for name in missing]
        errors += [f"Excel worksheet '{table.tag}' has an extra column'field: {name}' that's not defined in its "
                   "'types' definition" for name in extra]
    for field in table.fields:
        if field["properties"]:
            errors += check_properties(table.tag, field, row)
    return errors


def difference(held: list[Any], wanted: list[Any]) -> tuple[list[Any], list[Any]]:
    """What is missing, and what is too much. Raises 500 for objects, as a header such as 'field:a b:' makes them."""
    if any(isinstance(item, dict) for item in (*held, *wanted)):
        raise view_failed("Python's sets take no object")
    return sorted(set(wanted) - set(held), key=str), sorted(set(held) - set(wanted), key=str)


def check_properties(tag: str, field: Row, row: Row) -> list[str]:
    """What is wrong with a field that has several values with properties. Raises 500."""
    name = field["field_name"]
    held = row.get(name, {})
    if not isinstance(held, dict):
        return [f"In Excel worksheet '{tag}', field '{name}' should be numbered as 'field: {name} integer"]
    missing, extra = difference(list(held), field["properties"])
    errors = [f"Excel worksheet '{tag}' does not contain property '{one}' of the field '{name}' as specified in "
              "its 'types' definition" for one in missing]
    errors += [f"Excel worksheet '{tag}' has an extra property '{one}' for the field '{name}' that's not defined in "
               "its 'types' definition. Re-check the formatting" for one in extra]
    values = value_of(row, name)
    if not isinstance(values, list):
        errors.append(f"Fields with attributes should be numbered as 'field: {name} integer'")
    for prop, kept in held.items():
        if not isinstance(kept, list):
            errors.append(f"Attribute should be written as '{name}: {prop} integer'")
        if isinstance(values, list | str) and isinstance(kept, list | str) and len(kept) != len(values):
            errors.append(f"Number of values for field '{name}' and attribute '{prop}' should be same")
    return errors


def value_of(row: Row, name: str) -> Any:
    """What a row has in a field. Raises 500."""
    held = row.get("field")
    if not isinstance(held, dict) or name not in held:
        raise view_failed(f"the row has no field {name!r}")
    return held[name]


def item_fields(table: Definition, row: Row) -> dict[str, Row]:
    """A row's values as they are stored. Raises 500."""
    found: dict[str, Row] = {}
    for field in table.fields:
        name = field["field_name"]
        value = value_of(row, name)
        if not field["properties"]:
            found[name] = {"field_list": [{"field_value": str(value), "properties": {}}]}
            continue
        try:
            found[name] = {"field_list": [
                {"field_value": str(one), "properties": {prop: str(kept[n]) for prop, kept in row[name].items()}}
                for n, one in enumerate(value)]}
        except LookupError:
            raise view_failed(f"a property of {name!r} has fewer values than the field") from None
    return found
