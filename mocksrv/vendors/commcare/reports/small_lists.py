"""Small lists: bulk-user, domain_forms, domain_cases, domain_usernames, device-log, exports, analytics-roles.

HQ source: corehq/apps/api/resources/v0_5.py and v1_0.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import absent, bad_request, failed
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.reports import applications
from mocksrv.vendors.commcare.schemas import (
    AnalyticsRoles,
    BulkUserList,
    BulkUserQuery,
    DeviceLogList,
    DomainCaseList,
    DomainFormList,
    ExportList,
    ExportObject,
    UsernameList,
)
from mocksrv.vendors.commcare.tastypie import paginator
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/v0_5.py"
BULK_FIELDS = ("email", "first_name", "id", "last_name", "phone_numbers", "username")


def active_users(world: World, domain: str) -> list[Doc]:
    users = world.table("commcare.users")
    return [users.peek(id) or {} for _, id in users.range("by_name", (domain, True), (domain, True, TOP))]


@vendor.resource("GET", "bulk-user", "v1", "v0.5", permission="edit_commcare_users", response=BulkUserList,
                 statuses=(200, 400), source=SOURCE, proof="source", query=BulkUserQuery)
def list_bulk_users(world: World, call: Call) -> dict[str, Any]:
    """Mobile workers with the fields asked for; `q` searches their names."""
    wanted = [value for name, value in call.query if name == "fields"]
    for name in wanted:
        if name not in (*BULK_FIELDS, "resource_uri"):
            raise bad_request(f"{name} is not a valid field")
    found = active_users(world, call.params["domain"])
    size, start = (number_for_search(call, name) for name in ("limit", "offset"))
    if text := (call.arg("q") or "").lower():
        found = [user for user in found if any(
            text in (user[name] or "").lower() for name in ("username", "first_name", "last_name", "email"))]
    # HQ pages the search, and tastypie pages that page again: its length is the total.
    first = start or 0
    page = found[first:] if size is None else found[first : first + size]
    shown = wanted or (*BULK_FIELDS, "resource_uri")
    return paginator.page(call, len(page), lambda offset, limit: [
        {name: "" if name == "resource_uri" else user[name] for name in shown}
        for user in page[offset : offset + limit]])


def number_for_search(call: Call, name: str) -> int | None:
    """A number for the search engine. Raises the canned 500 for one that it refuses."""
    value = call.arg(name)
    if value is None:
        return None
    number = paginator.natural(value)
    if number is None:
        raise failed(f"the search takes no {name} {value!r}")
    return number


@vendor.resource("GET", "bulk-user", "v1", "v0.5", detail=True, permission="edit_commcare_users", statuses=(500,),
                 source=SOURCE, proof="source")
def get_bulk_user(world: World, call: Call) -> dict[str, Any]:
    """A route of HQ without an implementation."""
    raise failed("one bulk-user is not implemented: use user")


@vendor.resource("GET", "domain_usernames", "v1", "v0.5", plain=True, permission="view_commcare_users",
                 response=UsernameList, source=SOURCE, proof="source")
def list_domain_usernames(world: World, call: Call) -> dict[str, Any]:
    """Mobile workers' ids and names without the domain."""
    found = active_users(world, call.params["domain"])
    return paginator.page(call, len(found), lambda offset, limit: [
        {"user_id": user["id"], "user_name": user["username"].partition("@")[0]}
        for user in found[offset : offset + limit]])


@vendor.resource("GET", "domain_forms", "v1", "v0.5", plain=True, response=DomainFormList, statuses=(200, 404),
                 source=SOURCE, proof="source")
def list_domain_forms(world: World, call: Call) -> dict[str, Any]:
    """The forms of one application, by `application_id`."""
    app = owned(world, "commcare.apps", call.arg("application_id") or "", call.params["domain"])
    if app is None:
        raise absent("application_id must name an application of the domain")
    found = [{"form_name": f"{app['name']} > {name_of(module)} > {name_of(form)}", "form_xmlns": form["xmlns"]}
             for module in app["modules"] for form in module["forms"]]
    return paginator.page(call, len(found), lambda offset, limit: found[offset : offset + limit], default=200)


def name_of(item: Doc) -> str:
    return str(next(iter(item["name"].values()), ""))


@vendor.resource("GET", "domain_cases", "v1", "v0.5", plain=True, response=DomainCaseList, source=SOURCE,
                 proof="source")
def list_domain_cases(world: World, call: Call) -> dict[str, Any]:
    """The case types of the domain's applications."""
    apps = applications.in_order(world, call.params["domain"])
    types = sorted({module["case_type"] for app in apps for module in app["modules"] if module["case_type"]})
    return paginator.page(call, len(types), lambda offset, limit: [
        {"case_type": name, "placeholder": ""} for name in types[offset : offset + limit]], default=100)


@vendor.resource("GET", "device-log", "v1", "v0.5", permission="edit_data", response=DeviceLogList, source=SOURCE,
                 proof="source")
def list_device_logs(world: World, call: Call) -> dict[str, Any]:
    """Rows of device logs; they are never counted, so `next` is never null."""
    domain, logs = call.params["domain"], world.table("commcare.device_logs")
    found = [logs.peek(id) or {} for _, id in logs.range("by_date", (domain,), (domain, TOP))]
    for name in ("user_id", "username", "type", "xform_id", "device_id"):
        if (wanted := call.arg(name)) is not None:
            found = [row for row in found if row[name] == wanted]
    if (day := call.arg("date")) is not None:
        found = [row for row in found if str(dates.naive(row["date"])).startswith(day)]
    limit, offset = paginator.window(call)
    meta = {"limit": limit, "next": paginator.link(call, limit=limit, offset=offset + limit), "offset": offset,
            "previous": paginator.link(call, limit=limit, offset=offset - limit) if offset >= limit else None,
            "total_count": None}
    return {"meta": meta, "objects": [
        {name: value for name, value in row.items() if name != "domain"} | {
            "date": dates.isoformat(row["date"]), "resource_uri": ""} for row in found[offset : offset + limit]]}


def show_export(export: Doc) -> dict[str, Any]:
    return {name: value for name, value in export.items() if name != "domain"} | {"resource_uri": ""}


@vendor.resource("GET", "det_export_instance", "v1", permission="view_reports", response=ExportList,
                 source="commcare-hq corehq/apps/api/resources/v1_0.py", proof="source")
def list_exports(world: World, call: Call) -> dict[str, Any]:
    """Ready-made exports for the Data Export Tool, those of forms first."""
    exports, domain = world.table("commcare.exports"), call.params["domain"]
    ids = [id for kind in ("form", "case") for _, id in exports.range("by_name", (domain, kind), (domain, kind, TOP))]
    return paginator.page(call, len(ids), lambda offset, limit: [
        show_export(exports.peek(id) or {}) for id in ids[offset : offset + limit]])


@vendor.resource("GET", "det_export_instance", "v1", detail=True, permission="view_reports", response=ExportObject,
                 statuses=(200, 404), source="commcare-hq corehq/apps/api/resources/v1_0.py", proof="source")
def get_export(world: World, call: Call) -> dict[str, Any]:
    """One ready-made export."""
    export = owned(world, "commcare.exports", call.params["pk"], call.params["domain"])
    if export is None:
        raise absent(f"no export {call.params['pk']!r} in this domain")
    return show_export(export)


@vendor.resource("GET", "analytics-roles", "v1", response=AnalyticsRoles, statuses=(200, 404),
                 source="commcare-hq corehq/apps/api/resources/v1_0.py", proof="source")
def get_analytics_roles(world: World, call: Call) -> dict[str, Any]:
    """What the caller may do in CommCare Analytics."""
    domain = call.params["domain"]
    if not domains.has(world, "analytics_roles"):
        raise Refusal(404, diagnosis="the setting commcare.features lacks analytics_roles")
    admin = call.caller.membership(domain)["is_admin"]
    view = admin or call.caller.may(world, domain, "view_reports")
    return {"permissions": {"can_edit": admin, "can_view": view}, "resource_uri": "", "roles": []}
