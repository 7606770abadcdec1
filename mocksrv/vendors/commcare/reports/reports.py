"""Configurable reports and their data sources. HQ source: corehq/apps/api/resources/v0_5.py, userreports."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import absent, bad_request, failed, not_found
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.schemas import DataSourceList, DataSourceObject, ReportData, ReportList, ReportObject
from mocksrv.vendors.commcare.tastypie import deserializer, paginator
from mocksrv.vendors.commcare.users.listing import detail_uri
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/v0_5.py"
MOST = 50
SEPARATOR = "\x1f"
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}
OFF = "You don't have permission to access this API"


def ordered(world: World, table: str, index: str, domain: str) -> list[Doc]:
    docs = world.table(table)
    return [docs.peek(id) or {} for _, id in docs.range(index, (domain,), (domain, TOP))]


# --- data --------------------------------------------------------------------------------------------------


@vendor.resource("GET", "configurablereportdata", "v1", "v0.5", detail=True, permission="view_reports",
                 response=ReportData, statuses=(200, 400, 404, 500), source=SOURCE, proof="source")
def get_report_data(world: World, call: Call) -> dict[str, Any]:
    """A page of a report's rows; its filters are parameters."""
    report = owned(world, "commcare.reports", call.params["pk"], call.params["domain"])
    if report is None:
        raise not_found()
    offset, limit = number(call, "offset", 0, "start"), number(call, "limit", MOST, "limit")
    if limit > MOST:
        raise bad_request(f"Limit may not exceed {MOST}.")
    rows = [row["values"] for row in rows_of(world, report["source"])]
    for item in report["filters"]:
        rows = [row for row in rows if passes(call, item, row.get(item["field"]))]
    shown = rows[offset : offset + limit]
    columns = report["columns"]
    uri = detail_uri(call, "configurablereportdata", report["id"])
    return {
        "columns": [{"header": column["display"], "slug": column["column_id"],
                     "expand_column_value": None} for column in columns],
        "data": [{column["column_id"]: row.get(column["field"]) for column in columns} for row in shown],
        "next_page": f"{uri}?{query(call, offset + limit, limit)}" if offset + limit < len(rows) else "",
        "resource_uri": f"{uri}?{query(call, offset, limit)}",
        "total_records": len(rows),
    }


def rows_of(world: World, source: str) -> list[Doc]:
    rows = world.table("commcare.data_rows")
    return [rows.peek(id) or {} for _, id in rows.range("by_inserted", (source,), (source, TOP))]


def number(call: Call, name: str, default: int, called: str) -> int:
    value = call.arg(name, str(default)) or ""
    found = paginator.natural(value)
    if found is None:
        raise bad_request(f"{called} must be a positive integer.")
    return found


def query(call: Call, offset: int, limit: int) -> str:
    """The request's parameters with another offset and limit at their end."""
    kept = [(name, value) for name, value in call.query if name not in ("offset", "limit")]
    return urlencode([*kept, ("offset", offset), ("limit", limit)])


def passes(call: Call, item: Doc, value: Any) -> bool:
    """Whether a row's value passes a filter with the call's parameters."""
    slug = item["slug"]
    if item["type"] == "date":
        start, end = (day_of(call.arg(f"{slug}-{bound}")) for bound in ("start", "end"))
        day = str(value or "")[:10]
        return (not start or day >= start) and (not end or day <= end)
    if item["type"] == "numeric":
        compare, operand = OPERATORS.get(call.arg(f"{slug}-operator") or ""), call.arg(f"{slug}-operand")
        if compare is None or not operand:
            return True
        try:
            return value is not None and compare(float(value), float(operand))
        except ValueError:
            return False
    wanted = call.arg(slug)
    return not wanted or str(value) in wanted.split(SEPARATOR)


def day_of(bound: str | None) -> str | None:
    """A bound of a date filter. Raises 500: tastypie does not handle HQ's FilterException."""
    try:
        return date.fromisoformat(bound).isoformat() if bound else None
    except ValueError:
        raise failed(f"{bound!r} is not a date") from None


# --- what there is -----------------------------------------------------------------------------------------


def show_report(call: Call, report: Doc) -> dict[str, Any]:
    return {
        "columns": [{name: column[name] for name in ("column_id", "display", "type")}
                    for column in report["columns"]],
        "filters": [{name: item[name] for name in ("datatype", "slug", "type")} for item in report["filters"]],
        "id": report["id"],
        "resource_uri": detail_uri(call, "simplereportconfiguration", report["id"]),
        "title": report["title"],
    }


@vendor.resource("GET", "simplereportconfiguration", "v1", "v0.5", response=ReportList, source=SOURCE,
                 proof="source")
def list_reports(world: World, call: Call) -> dict[str, Any]:
    """All reports by title, on one page."""
    found = ordered(world, "commcare.reports", "by_title", call.params["domain"])
    return {"meta": {"total_count": len(found)}, "objects": [show_report(call, report) for report in found]}


@vendor.resource("GET", "simplereportconfiguration", "v1", "v0.5", detail=True, response=ReportObject,
                 statuses=(200, 404), source=SOURCE, proof="source")
def get_report(world: World, call: Call) -> dict[str, Any]:
    """One report's columns and filters."""
    report = owned(world, "commcare.reports", call.params["pk"], call.params["domain"])
    if report is None:
        raise not_found()
    return show_report(call, report)


def show_source(call: Call, source: Doc, *, detail: bool = False) -> dict[str, Any]:
    shown = {"display_name": source["display_name"], "id": source["id"],
             "resource_uri": detail_uri(call, "ucr_data_source", source["id"])}
    if detail:
        shown |= {name: source[name] for name in ("configured_filter", "configured_indicators")}
    return shown


def check_feature(world: World, call: Call) -> None:
    if not domains.has(world, "ucr_data_sources"):
        raise Refusal(401, {"error": OFF}, diagnosis="the setting commcare.features lacks ucr_data_sources")


def find_source(world: World, call: Call) -> Doc:
    check_feature(world, call)
    source = owned(world, "commcare.data_sources", call.params["pk"], call.params["domain"])
    if source is None:
        raise absent(f"no data source {call.params['pk']!r} in this domain")
    return source


@vendor.resource("GET", "ucr_data_source", "v1", "v0.5", permission="edit_ucrs", response=DataSourceList,
                 statuses=(200, 401), source=SOURCE, proof="source")
def list_data_sources(world: World, call: Call) -> dict[str, Any]:
    """All data sources by name, on one page."""
    check_feature(world, call)
    found = ordered(world, "commcare.data_sources", "by_name", call.params["domain"])
    return {"meta": {"total_count": len(found)}, "objects": [show_source(call, source) for source in found]}


@vendor.resource("GET", "ucr_data_source", "v1", "v0.5", detail=True, permission="edit_ucrs",
                 response=DataSourceObject, statuses=(200, 401, 404), source=SOURCE, proof="source")
def get_data_source(world: World, call: Call) -> dict[str, Any]:
    """One data source with its filter and indicators."""
    return show_source(call, find_source(world, call), detail=True)


@vendor.resource("PUT", "ucr_data_source", "v1", "v0.5", detail=True, permission="edit_ucrs",
                 response=DataSourceObject, statuses=(200, 401, 404, 500), source=SOURCE, proof="source")
def update_data_source(world: World, call: Call) -> Reply:
    """Change a data source's name, filter or indicators."""
    source, data = find_source(world, call), deserializer.load_object(call)
    kinds = {"display_name": str, "configured_filter": dict, "configured_indicators": list}
    for name, kind in kinds.items():
        if name in data and not isinstance(data[name], kind):
            raise failed(f"{data[name]!r} is no {name} of a data source",
                         {"error": f"Invalid data source! Details: {name} must be of type {kind.__name__}"})
    changed = world.table("commcare.data_sources").update(
        source["id"], {name: data[name] for name in kinds if name in data})
    return Reply(show_source(call, changed, detail=True))
