"""OData feeds of cases and forms, for Power BI and Tableau. HQ source: corehq/apps/api/odata.

A configuration: `{"id", "domain", "name", "type": "case" | "form", "of": case type or xmlns,
"columns": {label: path}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.access.checks import NOT_FOUND
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.errors import Text
from mocksrv.vendors.commcare.form_processor.stores import TOP, owned
from mocksrv.vendors.commcare.schemas import Feed, FeedService
from mocksrv.vendors.commcare.tastypie import paginator
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
VERSION = ("OData-Version", "4.0")
KIND = "{kind:cases|forms}"
ROOTS = (f"/a/{DOMAIN}/api/odata/{KIND}/v1/{{config_id}}/", f"/a/{DOMAIN}/api/v0.5/odata/{KIND}/{{config_id}}/")
BASES = (*ROOTS, *(root + "{table_id:[0-9]+}/" for root in ROOTS))
OFF = "Feature flag not enabled."
# kind -> table, index on (domain, what the feed is of, time), name of the first column, id of a document
SOURCES = {"cases": ("commcare.cases", "by_type", "caseid", "case_id"),
           "forms": ("commcare.forms", "by_xmlns", "formid", "form_id")}
DECLARED: dict[str, Any] = {"permission": "edit_data", "challenge": "basic", "statuses": (200, 401, 403, 404),
                            "source": "commcare-hq corehq/apps/api/odata/views.py", "proof": "source"}
METADATA = """<?xml version="1.0" encoding="utf-8" standalone="yes" ?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">
    <edmx:DataServices>
        <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="CommCare">
            <EntityType Name="feed" >
                <Key>
                    <PropertyRef Name="{key}" />
                </Key>
{properties}
            </EntityType>
            <EntityContainer Name="Container" >
                <EntitySet Name="feed" EntityType="CommCare.feed"/>
            </EntityContainer>
        </Schema>
    </edmx:DataServices>
</edmx:Edmx>
"""


def find(world: World, call: Call) -> Doc:
    """The configuration that the path names. Raises 404."""
    if not domains.has(world, "odata"):
        raise Refusal(404, Text(OFF), diagnosis="the setting commcare.features lacks odata")
    config = owned(world, "commcare.odata_configs", call.params["config_id"], call.params["domain"])
    if config is None or f"{config['type']}s" != call.params["kind"] or call.params.get("table_id", "0") != "0":
        raise Refusal(404, Text(NOT_FOUND), diagnosis="no feed of that id and table in this domain")
    return config


def base(call: Call) -> str:
    """The absolute URL of the configuration's root."""
    return f"{call.base_url}{call.path[: call.path.index(call.params['config_id'])]}{call.params['config_id']}/"


@vendor.view("GET", *BASES, response=FeedService, **DECLARED)
def odata_service(world: World, call: Call) -> Reply:
    """The list of feeds, which has one entry."""
    find(world, call)
    value = [{"name": "feed", "kind": "EntitySet", "url": "feed"}]
    return Reply({"@odata.context": f"{base(call)}$metadata", "value": value}, headers=[VERSION])


@vendor.view("GET", *(f"{base}$metadata" for base in BASES), produces="application/xml", **DECLARED)
def odata_metadata(world: World, call: Call) -> Reply:
    """The feed's columns, as XML."""
    from xml.sax.saxutils import quoteattr

    config = find(world, call)
    key = SOURCES[call.params["kind"]][2]
    properties = "\n".join(f"                <Property Name={quoteattr(label)} Type=\"Edm.String\" />"
                           for label in (key, *config["columns"]))
    return Reply(Text(METADATA.format(key=key, properties=properties), "application/xml"), headers=[VERSION])


@vendor.view("GET", *(f"{base}feed{slash}" for base in BASES for slash in ("", "/")), response=Feed, **DECLARED)
def odata_feed(world: World, call: Call) -> Reply:
    """The feed's rows, page by page."""
    config = find(world, call)
    table, index, key, id_field = SOURCES[call.params["kind"]]
    docs, low = world.table(table), (config["domain"], config["of"])
    body = paginator.page(call, docs.rank(index, low, (*low, TOP)), lambda offset, limit: [
        row(docs.peek(id) or {}, config, key, id_field)
        for _, id in docs.range(index, low, (*low, TOP), skip=offset, limit=limit)], default=2000, maximum=10_000)
    answer = {"@odata.context": f"{base(call)}$metadata#feed"}
    if body["meta"]["next"]:
        answer["@odata.nextLink"] = f"{call.base_url}{call.path}{body['meta']['next']}"
    return Reply(answer | {"value": body["objects"]}, headers=[VERSION])


def row(doc: Doc, config: Doc, key: str, id_field: str) -> dict[str, Any]:
    """One row, keys sorted."""
    values = {key: doc[id_field], **{label: value_at(doc, path) for label, path in config["columns"].items()}}
    return dict(sorted(values.items()))


def value_at(doc: Any, path: str) -> Any:
    for name in path.split("/"):
        doc = doc.get(name) if isinstance(doc, dict) else None
    return doc
