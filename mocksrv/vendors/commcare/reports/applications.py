"""Applications with their modules, forms and questions. HQ source: corehq/apps/api/resources/v0_4.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import absent
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.schemas import ApplicationList, ApplicationObject
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/v0_4.py, ApplicationResource"
FORM_KEYS = ("xmlns", "name", "unique_id", "questions")
MODULE_KEYS = ("name", "case_type", "case_properties", "unique_id")


def in_order(world: World, domain: str) -> list[Doc]:
    """A domain's applications and their builds in the order of creation."""
    table = world.table("commcare.apps")
    return [table.peek(id) or {} for _, id in table.range("by_created", (domain,), (domain, TOP))]


def module(data: Doc) -> dict[str, Any]:
    return {name: data[name] for name in MODULE_KEYS} | {
        "forms": [{name: form[name] for name in FORM_KEYS} for form in data["forms"]]}


def version(build: Doc) -> dict[str, Any]:
    return {"build_comment": build["build_comment"], "built_on": build["built_on"], "id": build["id"],
            "is_released": build["is_released"], "version": build["version"]}


def show(world: World, call: Call, app: Doc) -> dict[str, Any]:
    """A working copy with its builds as `versions`, or a build."""
    builds = [other for other in in_order(world, app["domain"]) if other["built_from_app_id"] == app["id"]]
    shown = {
        "build_comment": app["build_comment"],
        "built_from_app_id": app["built_from_app_id"],
        "built_on": dates.isoformat(app["built_on"]),
        "id": app["id"],
        "is_released": app["is_released"],
        "modules": [module(data) for data in app["modules"]],
        "name": app["name"],
        "resource_uri": "",
        "version": app["version"],
        "versions": [version(build) for build in reversed(builds)],
    }
    if (call.arg("extras") or "").lower() == "true":
        raw = {"_id": app["id"], "copy_of": app["built_from_app_id"], "doc_type": "Application",
               "domain": app["domain"], "langs": app["langs"]}
        return raw | shown
    return shown


@vendor.resource("GET", "application", "v1", "v0.5", "v0.4", response=ApplicationList, source=SOURCE,
                 proof="source")
def list_applications(world: World, call: Call) -> dict[str, Any]:
    """All working copies by creation, on one page whatever limit and offset say."""
    apps = [app for app in in_order(world, call.params["domain"]) if app["built_from_app_id"] is None]
    meta = {"limit": None, "next": None, "offset": 0, "previous": None, "total_count": len(apps)}
    return {"meta": meta, "objects": [show(world, call, app) for app in apps]}


@vendor.resource("GET", "application", "v1", "v0.5", "v0.4", detail=True, response=ApplicationObject,
                 statuses=(200, 404), source=SOURCE, proof="source")
def get_application(world: World, call: Call) -> dict[str, Any]:
    """One working copy or build."""
    app = owned(world, "commcare.apps", call.params["pk"], call.params["domain"])
    if app is None:
        raise absent(f"no application {call.params['pk']!r} in this domain")
    return show(world, call, app)
