"""What a repeater sends, and with which headers.

HQ source: corehq/motech/repeaters/models.py, repeater_generators.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree

from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.form_processor import processing
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.forms import resource
from mocksrv.vendors.commcare.rendering import sorted_json
from mocksrv.vendors.commcare.repeaters import configured

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
Payload = tuple[bytes, dict[str, str], str]  # body, headers, URL
BASE = "commcare.base_url"  # in a world's memory: as who asked last sees the server
V2 = "http://commcarehq.org/case/transaction/v2"
XML, JSON = {"Content-Type": "text/xml"}, {"Content-Type": "application/json"}


class Gone(Exception):
    """What was to be forwarded is not there any more."""


def make(world: World, domain: str, repeater: Doc, id: str) -> Payload:
    """The payload of a repeater for the form, case, location or application of that id. Raises Gone."""
    kind, url = repeater["repeater_type"], repeater["url"]
    form = repeater.get("format") or configured.FORMATS[kind][0]
    if kind in ("FormRepeater", "ShortFormRepeater"):
        doc = found(world, "commcare.forms", id, domain)
        more = {"received-on": doc["received_on"]}
        if kind == "ShortFormRepeater":
            stub = {"form_id": id, "received_on": doc["received_on"], "case_ids": list(doc["case_ids"])}
            return json.dumps(stub).encode(), JSON | more, url
        if repeater.get("include_app_id_param", True):
            url = with_app(url, doc["app_id"])
        if form == "form_json":
            asked = SimpleNamespace(base_url=world.memory.get(BASE, f"http://127.0.0.1:8080{world.prefix}"), query=[])
            return sorted_json(resource.show(world, cast("Call", asked), doc)), JSON | more, url
        return processing.form_xml(world, doc), XML | more, url
    if kind == "LocationRepeater":
        return json.dumps(location(world, found(world, "commcare.locations", id, domain))).encode(), dict(JSON), url
    if kind == "AppStructureRepeater":
        return id.encode(), dict(XML), url
    case = found(world, "commcare.cases", id, domain)
    more = {"server-modified-on": case["server_date_modified"]}
    if form == "case_json":
        return json.dumps(case_json(case)).encode(), JSON | more, url
    return case_xml(case), XML | more, url


def found(world: World, table: str, id: str, domain: str) -> Doc:
    doc = owned(world, table, id, domain)
    if doc is None:
        raise Gone(f"{id} is not there any more")
    return doc


def with_app(url: str, app_id: str | None) -> str:
    """The URL with the application of the form in its query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), ("app_id", app_id)])))


def case_xml(case: Doc) -> bytes:
    """A case block that makes the case as it is. HQ source: casexml/apps/case/xml/generator.py, phone/xml.py."""
    root = ElementTree.Element("case", {"xmlns": V2, "case_id": case["case_id"], "user_id": case["user_id"] or ""})
    if case["date_modified"]:
        root.set("date_modified", case["date_modified"])
    create = ElementTree.SubElement(root, "create")
    for name in ("case_type", "case_name", "owner_id"):
        ElementTree.SubElement(create, name).text = case[name] or (case["user_id"] if name == "owner_id" else None)
    update = ElementTree.Element("update")
    more = {"external_id": case["external_id"]} if case["external_id"] else {}
    for name, value in (more | case["properties"]).items():
        ElementTree.SubElement(update, name).text = str(value)
    if len(update):
        root.append(update)
    if case["indices"]:
        index = ElementTree.SubElement(root, "index")
        for name, known in sorted(case["indices"].items()):
            kind = {"case_type": known["case_type"]}
            if known["relationship"] == "extension":
                kind["relationship"] = "extension"
            ElementTree.SubElement(index, name, kind).text = known["case_id"]
    if case["closed"]:
        ElementTree.SubElement(root, "close")
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def case_json(case: Doc) -> dict[str, Any]:
    """HQ source: corehq/form_processor/serializers.py, CommCareCaseAPISerializer (lite)."""
    return {
        "domain": case["domain"], "case_id": case["case_id"], "user_id": case["user_id"], "closed": case["closed"],
        "xform_ids": list(case["xform_ids"]), "date_closed": case["date_closed"],
        "date_modified": case["date_modified"], "server_date_modified": case["server_date_modified"],
        "server_date_opened": case["date_opened"],
        "properties": {**case["properties"], "external_id": case["external_id"] or None, "owner_id": case["owner_id"],
                       "case_name": case["case_name"], "case_type": case["case_type"],
                       "date_opened": dates.milliseconds(case["date_opened"])},
        "indices": case["indices"], "attachments": {},
    }


def location(world: World, place: Doc) -> dict[str, Any]:
    """HQ source: corehq/apps/locations/models.py, SQLLocation.to_json."""
    kind = next((one for one in world.table("commcare.location_types").all()
                 if (one["domain"], one["id"]) == (place["domain"], place["type_id"])), {})
    lineage, above = [], place["parent_id"]
    while above and above not in lineage:
        lineage.append(above)
        above = (world.table("commcare.locations").peek(above) or {}).get("parent_id")
    return {
        "name": place["name"], "site_code": place["site_code"], "_id": place["location_id"],
        "location_id": place["location_id"], "doc_type": "Location", "domain": place["domain"],
        "external_id": place["external_id"], "is_archived": place["archived"],
        "last_modified": dates.isoformat(place["last_modified"]),
        "latitude": number(place["latitude"]), "longitude": number(place["longitude"]),
        "metadata": place["location_data"], "location_type": kind.get("name"), "location_type_code": kind.get("code"),
        "lineage": lineage, "parent_location_id": place["parent_id"] or None,
    }


def number(text: str | None) -> float | None:
    return float(text) if text else None
