"""The rows of a UCR data source as a file, and subscriptions to its changes.

commcare-hq corehq/apps/userreports/views.py (export_data_source, export_sql_adapter_view,
subscribe_to_data_source_changes). The insides of the files follow couchexport's writers; the page of HTML is our own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from html import escape
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.access.checks import NOT_FOUND
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import Text, view_failed
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.reports.reports import rows_of
from mocksrv.vendors.commcare.schemas import ExportQuery, SubscriptionBody
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
Table = list[list[Any]]
SOURCE = "commcare-hq corehq/apps/userreports/views.py"
ROOT = f"/a/{DOMAIN}/configurable_reports/data_sources"
XLS_ROWS = 65_535  # and the header
NO_DATA = "There was a problem executing your query, please make sure your parameters are valid."
SUBSCRIPTION = ("client_id", "client_secret", "token_url", "webhook_url")


class Column(NamedTuple):
    """A column: its name, and the type of what it holds."""

    name: str
    kind: str  # string, integer, decimal, date or datetime


class BadData(Exception):
    """A parameter that does not fit the column's type: PostgreSQL refuses the query."""


@vendor.view("GET", f"{ROOT}/export/{{source_id}}/", permission="view_reports", plain=True, query=ExportQuery,
             produces="*/*", statuses=(200, 302, 400, 404, 500), source=f"{SOURCE}, export_data_source", proof="source")
def export_data_source(world: World, call: Call) -> Reply:
    """All rows of a data source as a file; any other parameter than the format filters by a column."""
    source = owned(world, "commcare.data_sources", call.params["source_id"], call.params["domain"])
    if source is None:
        raise Refusal(404, Text(NOT_FOUND), diagnosis=f"no data source {call.params['source_id']!r} in this domain")
    columns, params = columns_of(source), dict(call.query)  # of repeated parameters the last one counts
    asked = params.pop("$format", None) or params.pop("format", None)
    params.pop("format", None)
    try:
        tests = [test_of(world, columns, name, value) for name, value in params.items()]
        if asked is not None and asked not in FORMATS:
            raise Refusal(400, Text(f"format must be one of the following: {', '.join(FORMATS)}"))
        found = [line for line in lines(world, source, columns) if all(test(line) for test in tests)]
    except BadData:
        raise Refusal(400, Text(NO_DATA)) from None
    if asked == "xls" and len(found) >= XLS_ROWS:
        rest = urlencode({name: value for name, value in call.query if name != "format"})
        return Reply(None, 302, [("Location", f"{call.path}?{rest}")])
    table = [[column.name for column in columns], *(list(line.values()) for line in found)]
    return written(asked, str(source["display_name"]), table)


@vendor.view("POST", f"{ROOT}/subscribe/{{source_id}}/", permission="view_reports", plain=True, method_error="empty",
             body=SubscriptionBody, consumes="application/x-www-form-urlencoded", produces="text/html", effect="makes",
             statuses=(201, 404, 422, 500), source=f"{SOURCE}, subscribe_to_data_source_changes", proof="source")
def subscribe_to_data_source(world: World, call: Call) -> Reply:
    """Have changes of a data source forwarded to a webhook; HQ does not check that the data source exists."""
    if not domains.has(world, "superset_analytics"):
        raise Refusal(404, Text(NOT_FOUND), diagnosis="the setting commcare.features lacks superset_analytics")
    given = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    if missing := [name for name in SUBSCRIPTION if name not in given]:
        raise Refusal(422, Text(f"Missing parameters: {', '.join(missing)}"))
    try:
        server = urlsplit(given["webhook_url"]).hostname
    except ValueError:
        raise view_failed(f"the webhook_url {given['webhook_url']!r} is no URL") from None
    id = world.hex()
    world.table("commcare.data_source_subscriptions").insert(id, {
        "id": id, "domain": call.params["domain"], "source_id": call.params["source_id"],
        "name": f"Data source {call.params['source_id']} on {server}", **{name: given[name] for name in SUBSCRIPTION}})
    return Reply(None, 201)


# --- rows and filters -----------------------------------------------------------------------------------------------


def columns_of(source: Doc) -> list[Column]:
    """The columns: document id, time of insertion, then the indicators."""
    own = [Column(str(item["column_id"]), str(item.get("datatype", "string")))
           for item in source["configured_indicators"] if isinstance(item, dict) and "column_id" in item]
    return [Column("doc_id", "string"), Column("inserted_at", "datetime"), *own]


def lines(world: World, source: Doc, columns: list[Column]) -> Iterator[dict[str, Any]]:
    """The rows, in the order of their insertion, as Python has their values."""
    for row in rows_of(world, source["id"]):
        held = {"doc_id": row["doc_id"], "inserted_at": row["inserted_at"], **row["values"]}
        yield {column.name: value_of(column, held.get(column.name)) for column in columns}


def value_of(column: Column, value: Any) -> Any:
    """A stored value, or a parameter, as the column's type. Raises BadData."""
    if value is None or column.kind == "string":
        return value
    try:
        if column.kind in ("date", "datetime"):
            moment = dates.moment(dates.parse_iso(value)).replace(tzinfo=None)
            return moment.date() if column.kind == "date" else moment
        return int(value) if column.kind == "integer" else float(value)
    except (TypeError, ValueError):
        raise BadData(value) from None


def test_of(world: World, columns: list[Column], name: str, value: str) -> Callable[[dict[str, Any]], bool]:
    """A parameter as a test of rows. Raises Refusal and BadData."""
    known = {column.name: column for column in columns}
    for suffix, bounds in (("-lastndays", last_days), ("-range", ends)):
        if name.endswith(suffix):
            field = name.removesuffix(suffix)
            if field not in known:
                raise Refusal(400, Text(f"No field named {field}"))
            low, high = bounds(world, known[field], value)
            return lambda row: row[field] is not None and low <= row[field] <= high
    if name not in known:
        raise Refusal(400, Text(f"Invalid filter parameter: {name}"))
    wanted = value_of(known[name], value)
    return lambda row: bool(row[name] == wanted)


def ends(world: World, column: Column, value: str) -> tuple[Any, Any]:
    parts = value.split("..")
    if len(parts) != 2:
        raise Refusal(400, Text('Ranges must have the format "start..end"'))
    return value_of(column, parts[0]), value_of(column, parts[1])


def last_days(world: World, column: Column, value: str) -> tuple[Any, Any]:
    """From so many days ago to today, at midnight both."""
    if column.kind not in ("date", "datetime"):
        raise Refusal(400, Text("You can only use 'lastndays' on date columns"))
    today = world.clock.now().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    try:
        start = today - timedelta(days=int(value))
    except (ValueError, OverflowError):
        raise view_failed(f"{value!r} is not a number of days") from None
    return (start.date(), today.date()) if column.kind == "date" else (start, today)


# --- files ----------------------------------------------------------------------------------------------------------


def written(format: str | None, title: str, table: Table) -> Reply:
    """The file; without a format the CSV alone, while `csv` is that in a ZIP."""
    name = re.sub(r"\W+", "_", title.lower()).strip("_") or "data"  # of HQ's table, after the data source
    content_type, extension, write = FORMATS[format] if format else ("text/csv", "csv", as_csv)
    headers = []
    if extension != "html":
        file = f"{title}.{extension}"
        safe = re.sub(r'[^\x20-\x7e]|["\\/]', "", file)
        headers.append(("Content-Disposition", f"attachment; filename=\"{safe}\"; filename*=UTF-8''{quote(file, '')}"))
    return Reply(write(name, table), 200, headers, content_type)


def as_csv(name: str, table: Table) -> bytes:
    out = StringIO(newline="")
    csv.writer(out).writerows(table)
    return out.getvalue().encode()


def as_zip(name: str, table: Table) -> bytes:
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as zip:
        zip.writestr(ZipInfo(f"{name}.csv"), as_csv(name, table), ZIP_DEFLATED)  # always with the same date
    return out.getvalue()


def as_html(name: str, table: Table) -> bytes:
    rows = (f"<tr>{''.join(f'<{tag}>{escape(shown(value))}</{tag}>' for value in row)}</tr>"
            for tag, row in zip(["th", *["td"] * (len(table) - 1)], table, strict=True))
    return (f"<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"/><title>{escape(name)}</title></head>\n<body>\n"
            f"<table>\n{chr(10).join(rows)}\n</table>\n</body>\n</html>\n").encode()


def as_xlsx(name: str, table: Table) -> bytes:
    import openpyxl  # type: ignore[import-untyped]

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    for row in table:
        sheet.append([shown(value) for value in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def as_xls(name: str, table: Table) -> bytes:
    import xlwt  # type: ignore[import-untyped]

    book = xlwt.Workbook()
    sheet = book.add_sheet(name[:31])
    for number, row in enumerate(table):
        for place, value in enumerate(row):
            sheet.write(number, place, shown(value))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def shown(value: Any) -> str:
    """A value in a cell, as in CSV, without characters that XML cannot contain."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", "" if value is None else str(value))


FORMATS: dict[str, tuple[str, str, Callable[[str, Table], bytes]]] = {
    "csv": ("application/zip", "zip", as_zip),
    "html": ("text/html; charset=utf-8", "html", as_html),
    "xls": ("application/vnd.ms-excel", "xls", as_xls),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", as_xlsx),
}
