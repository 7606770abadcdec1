"""Cases, the tastypie resource: v0.3, v0.4, v0.5 and v1. HQ source: corehq/apps/api/resources/v0_3.py, v0_4.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.cases import elastic
from mocksrv.vendors.commcare.described import response_schemas
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import absent
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.schemas import CaseList, CaseObject, CaseQuery
from mocksrv.vendors.commcare.vendor import vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/v0_4.py, CommCareCaseResource"
NO_DATE = "1900-01-01"
FIELDS = frozenset((
    "case_id", "id", "closed", "date_closed", "date_modified", "domain", "indices", "properties", "resource_uri",
    "server_date_modified", "server_date_opened", "user_id", "xform_ids", "indexed_on", "opened_by", "closed_by",
))
SERVER = "server_date_modified"
SPEC = elastic.Spec(
    table="commcare.cases",
    id=lambda doc: doc["case_id"],
    ordered={SERVER: "by_server_modified", "date_modified": "by_modified", "indexed_on": "by_indexed"},
    sorts={SERVER: SERVER, "date_modified": "date_modified", "indexed_on": "indexed_on"},
    default=(SERVER,),
    shown=lambda: FIELDS,
    ranges={"server_modified_on": SERVER, "date_modified": "date_modified", SERVER: SERVER,
            "indexed_on": "indexed_on"},
    exact={
        "type.exact": lambda doc: doc["case_type"],
        "name.exact": lambda doc: doc["case_name"],
        "external_id.exact": lambda doc: doc["external_id"],
        "contact_phone_number": lambda doc: doc["properties"].get("contact_phone_number"),
    },
    analysed={
        "type": lambda doc: doc["case_type"],
        "case_type": lambda doc: doc["case_type"],
        "name": lambda doc: doc["case_name"],
        "case_name": lambda doc: doc["case_name"],
        "external_id": lambda doc: doc["external_id"],
        "indices.identifier": lambda doc: " ".join(doc["indices"]),
        "indices.referenced_id": lambda doc: " ".join(x["case_id"] for x in doc["indices"].values()),
        "indices.referenced_type": lambda doc: " ".join(x["case_type"] or "" for x in doc["indices"].values()),
        "user_id": lambda doc: doc["user_id"],
    },
    not_empty=frozenset(("case_type", "case_name")),
    lowered={
        "_id": lambda doc: doc["case_id"],
        "doc_id": lambda doc: doc["case_id"],
        "closed": lambda doc: "true" if doc["closed"] else "false",
        "closed_by": lambda doc: doc["closed_by"],
        "domain": lambda doc: doc["domain"].lower(),
        "domain.exact": lambda doc: doc["domain"],
        "opened_by": lambda doc: doc["opened_by"],
        "owner_id": lambda doc: doc["owner_id"],
        "xform_ids": lambda doc: doc["xform_ids"],
    },
    hints={"external_id.exact": "by_external_id", "owner_id": "by_owner"},
    word_index=("type", "by_type_word"),
)


def indexed_on(world: World, doc: Doc) -> str | None:
    """`indexed_on` in the style of the world's setting."""
    stored: str = doc["indexed_on"]
    return stored if world.setting("commcare.indexed_on_style") == "zulu" else dates.naive(stored)


def show(world: World, call: Call, doc: Doc) -> dict[str, Any]:
    """A case in the form of its domain's era, with what `__full` parameters ask for."""
    shown = show_2015(doc) if domains.era(world, doc["domain"]) == "2015" else show_current(world, doc)
    for name, value in call.query:
        if name in EXTRAS and value.lower() == "true":
            shown[name.removesuffix("__full")] = EXTRAS[name](world, call, doc)
    return shown


def show_current(world: World, doc: Doc) -> dict[str, Any]:
    return base(doc, lambda moment: moment) | {
        "closed_by": doc["closed_by"],
        "indexed_on": indexed_on(world, doc),
        "opened_by": doc["opened_by"],
    }


def show_2015(doc: Doc) -> dict[str, Any]:
    shown = base(doc, dates.python)
    shown["properties"]["date_opened"] = dates.naive(doc["date_opened"])
    return shown


def base(doc: Doc, form: Callable[[str | None], str | None]) -> dict[str, Any]:
    """The fields that both eras have; `form` formats stored moments."""
    return {
        "case_id": doc["case_id"],
        "closed": doc["closed"],
        "date_closed": form(doc["date_closed"]),
        "date_modified": form(doc["date_modified"]) or NO_DATE,
        "domain": doc["domain"],
        "id": doc["case_id"],
        "indices": doc["indices"],
        "properties": {
            **doc["properties"],
            "case_name": doc["case_name"],
            "case_type": doc["case_type"],
            "date_opened": form(doc["date_opened"]),
            "external_id": doc["external_id"] or "",
            "owner_id": doc["owner_id"],
        },
        "resource_uri": "",
        "server_date_modified": form(doc["server_date_modified"]) or NO_DATE,
        "server_date_opened": form(doc["server_date_opened"]) or NO_DATE,
        "user_id": doc["user_id"],
        "xform_ids": doc["xform_ids"],
    }


def child_cases(world: World, call: Call, doc: Doc) -> dict[str, Any]:
    """Cases with an index to this one, by id."""
    ids = world.table("commcare.cases").by("by_parent", (doc["domain"], doc["case_id"]))
    return {id: plain(world, id) for id in ids}


def parent_cases(world: World, call: Call, doc: Doc) -> dict[str, Any]:
    """Cases that this one has an index to, by the index's name."""
    return {name: plain(world, index["case_id"]) for name, index in doc["indices"].items()
            if owned(world, "commcare.cases", index["case_id"], doc["domain"])}


def plain(world: World, id: str) -> dict[str, Any]:
    doc = world.table("commcare.cases").peek(id)
    assert doc is not None
    return show_2015(doc) if domains.era(world, doc["domain"]) == "2015" else show_current(world, doc)


EXTRAS: dict[str, Callable[[World, Call, Doc], Any]] = {
    "child_cases__full": child_cases,
    "parent_cases__full": parent_cases,
}


@vendor.resource("GET", "case", "v1", "v0.5", "v0.4", permission="edit_data", response=CaseList, source=SOURCE,
                 proof="source", query=CaseQuery, instead="list_cases_v03")
def list_cases(world: World, call: Call) -> dict[str, Any]:
    """Cases by time of the server's last change; a parameter that the index does not know matches nothing."""
    more = any(name in EXTRAS for name, _ in call.query)  # the object includes other documents, too
    form = ("case", domains.era(world, call.params["domain"]), world.setting("commcare.indexed_on_style"))
    return elastic.page(world, call, SPEC, lambda doc: show(world, call, doc), maximum=5000,
                        form=None if more else form)


@vendor.resource("GET", "case", "v1", "v0.5", "v0.4", detail=True, permission="edit_data", response=CaseObject,
                 statuses=(200, 404), source=SOURCE, proof="source", instead="get_case_v03")
def get_case(world: World, call: Call) -> dict[str, Any]:
    """One case."""
    return show(world, call, find(world, call))


def find(world: World, call: Call) -> Doc:
    """The case that the path names. Raises an empty 404."""
    doc = owned(world, "commcare.cases", call.params["pk"], call.params["domain"])
    if doc is None:
        raise absent(f"no case {call.params['pk']!r} in this domain")
    return doc


# --- the oldest version ------------------------------------------------------------------------------------

V03 = "commcare-hq corehq/apps/api/resources/v0_3.py, CommCareCaseResource"
LATER = ("closed_by", "domain", "indexed_on", "opened_by")
UNSORTED = replace(SPEC, sorts={SERVER: SERVER}, ignores_order=True)


def show_v03(world: World, call: Call, doc: Doc) -> dict[str, Any]:
    shown = {name: value for name, value in show(world, call, doc).items() if name not in LATER}
    return shown if doc["server_date_opened"] else shown | {"server_date_opened": None}


@vendor.resource("GET", "case", "v0.3", permission="edit_data", response=response_schemas.OLD_CASES, source=V03,
                 proof="source", until="v0.4")
def list_cases_v03(world: World, call: Call) -> dict[str, Any]:
    """Cases as the oldest version has them: fewer fields, always in the same order."""
    return elastic.page(world, call, UNSORTED, lambda doc: show_v03(world, call, doc))


@vendor.resource("GET", "case", "v0.3", detail=True, permission="edit_data", response=response_schemas.OLD_CASE,
                 statuses=(200, 404), source=V03, proof="source", until="v0.4")
def get_case_v03(world: World, call: Call) -> dict[str, Any]:
    """One case as the oldest version has it."""
    return show_v03(world, call, find(world, call))
