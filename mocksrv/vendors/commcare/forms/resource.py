"""Forms, the tastypie resource, and their attachments. HQ source: corehq/apps/api/resources/v0_4.py
(XFormInstanceResource), corehq/apps/api/es.py (filters), corehq/apps/reports/views.py (attachments)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mocksrv.call import Refusal, Reply
from mocksrv.vendors.commcare.access.checks import NOT_FOUND
from mocksrv.vendors.commcare.call import Call
from mocksrv.vendors.commcare.cases import elastic, resource
from mocksrv.vendors.commcare.errors import Text, absent
from mocksrv.vendors.commcare.form_processor import indexed_form, processing
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.schemas import FormList, FormObject, FormQuery
from mocksrv.vendors.commcare.vendor import DOMAIN, vendor

if TYPE_CHECKING:
    from mocksrv.world import World

Doc = Mapping[str, Any]
SOURCE = "commcare-hq corehq/apps/api/resources/v0_4.py, XFormInstanceResource"
MODIFIED = "server_modified_on"


def within(*path: str) -> elastic.Field:
    """A text inside of a form."""
    def get(doc: Doc) -> Any:
        found = doc["form"]
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    return get


SPEC = elastic.Spec(
    table="commcare.forms",
    id=lambda doc: doc["form_id"],
    ordered={"received_on": "by_received", MODIFIED: "by_server_modified", "indexed_on": "by_indexed"},
    sorts={"received_on": "received_on", MODIFIED: MODIFIED, "indexed_on": "indexed_on"},
    default=("-received_on",),
    shown=lambda: FormObject()().fields.keys() - {"cases"},
    ranges={"received_on": "received_on", MODIFIED: MODIFIED, "server_date_modified": MODIFIED,
            "indexed_on": "indexed_on"},  # HQ reads them in this order
    exact={
        "xmlns": lambda doc: doc["xmlns"],
        "xmlns.exact": lambda doc: doc["xmlns"],
        "case_id": lambda doc: doc["case_ids"],
    },
    lowered={
        "_id": lambda doc: doc["form_id"],
        "doc_id": lambda doc: doc["form_id"],
        "app_id": lambda doc: doc["app_id"],
        "build_id": lambda doc: doc["build_id"],
        "doc_type": lambda doc: "xforminstance",
        "domain": lambda doc: doc["domain"].lower(),
        "domain.exact": lambda doc: doc["domain"],
        "form.#type": within("#type"),
        "form.@name": within("@name"),
        **{f"form.meta.{name}": within("meta", name) for name in ("deviceID", "instanceID", "userID", "username")},
        "submit_ip": lambda doc: doc["submit_ip"],
    },
    hints={"case_id": "by_case"},
    ignored=frozenset(("include_archived",)),
)


def show(world: World, call: Call, doc: Doc) -> dict[str, Any]:
    """A form as the resource sends it, with its cases if `cases__full` asks for them."""
    form = indexed_form.indexed(doc["form"], indexed_form.build_version(world, doc["build_id"]))
    shown = {
        "app_id": doc["app_id"],
        "archived": doc["archived"],
        "attachments": attachments(world, call, doc),
        "build_id": doc["build_id"],
        "domain": doc["domain"],
        "edited_by_user_id": doc["edited_by_user_id"],
        "edited_on": doc["edited_on"],
        "form": form,
        "id": doc["form_id"],
        "indexed_on": resource.indexed_on(world, doc),
        "initial_processing_complete": doc["initial_processing_complete"],
        "is_phone_submission": doc["is_phone_submission"],
        "metadata": doc["metadata"],
        "problem": doc["problem"],
        "received_on": doc["received_on"],
        "resource_uri": "",
        "server_modified_on": doc["server_modified_on"] or doc["edited_on"] or doc["received_on"],
        "submit_ip": doc["submit_ip"],
        "type": form.get("#type", "data"),
        "uiversion": form.get("@uiVersion", ""),
        "version": form.get("@version", ""),
    }
    if any(name == "cases__full" and value.lower() == "true" for name, value in call.query):
        shown["cases"] = [resource.plain(world, id) for id in doc["case_ids"]
                          if owned(world, "commcare.cases", id, doc["domain"])]
    return shown


def attachments(world: World, call: Call, doc: Doc) -> dict[str, Any]:
    """The attachments of a form: always `form.xml`, whose length is counted now if the form came as JSON."""
    about = dict(doc["attachments"])
    if processing.FORM_XML not in about:
        about[processing.FORM_XML] = {"content_type": "text/xml", "length": len(processing.form_xml(world, doc))}
    root = f"{call.base_url}/a/{doc['domain']}/api/form_attachment/v1/{quote(doc['form_id'], safe='')}/"
    return {name: {**item, "url": root + quote(name)} for name, item in about.items()}


@vendor.resource("GET", "form", "v1", "v0.5", "v0.4", permission="edit_data", formats=("application/json",),
                 query=FormQuery, response=FormList, source=SOURCE, proof="source")
def list_forms(world: World, call: Call) -> dict[str, Any]:
    """Forms by time of receipt, the newest first; archived ones only if `include_archived` is there."""
    hidden = call.arg("include_archived") is None and world.table("commcare.forms").count(
        "by_archived", call.params["domain"])
    extra = [lambda doc: not doc["archived"]] if hidden else []
    return elastic.page(world, call, SPEC, lambda doc: show(world, call, doc), extra=extra)


@vendor.resource("GET", "form", "v1", "v0.5", "v0.4", detail=True, permission="edit_data",
                 formats=("application/json",), response=FormObject, statuses=(200, 404), source=SOURCE, proof="source")
def get_form(world: World, call: Call) -> dict[str, Any]:
    """One form."""
    doc = owned(world, "commcare.forms", call.params["pk"], call.params["domain"])
    if doc is None:
        raise absent(f"no form {call.params['pk']!r} in this domain")
    return show(world, call, doc)


@vendor.view("GET", f"/a/{DOMAIN}/api/form_attachment/v1/{{form_id}}/{{name:path}}",
             f"/a/{DOMAIN}/api/form/attachment/{{form_id}}/{{name:path}}", permission="edit_data",
             statuses=(200, 404), produces="*/*",
             source="commcare-hq corehq/apps/reports/views.py, get_form_attachment_response", proof="source")
def get_form_attachment(world: World, call: Call) -> Reply:
    """The bytes of a form's attachment, with the content type that they came with."""
    doc = owned(world, "commcare.forms", call.params["form_id"], call.params["domain"])
    found = processing.blob(world, doc, call.params["name"]) if doc is not None else None
    if found is None:
        raise Refusal(404, Text(NOT_FOUND), diagnosis="no such form in this domain" if doc is None else
                      f"the form has the attachments {', '.join(sorted({*doc['attachments'], processing.FORM_XML}))}")
    return Reply(found.data, content_type=found.content_type)


def forms_by(world: World, call: Call, doc: Doc, name: str) -> dict[str, list[Any]]:
    """A case's forms, grouped by a field of theirs."""
    found: dict[str, list[Any]] = {}
    for id in doc["xform_ids"]:
        form = owned(world, "commcare.forms", id, doc["domain"])
        if form is not None:
            found.setdefault(form["form"].get(name) or "", []).append(show(world, call, form))
    return found


resource.EXTRAS["xforms_by_name__full"] = lambda world, call, doc: forms_by(world, call, doc, "@name")
resource.EXTRAS["xforms_by_xmlns__full"] = lambda world, call, doc: forms_by(world, call, doc, "@xmlns")
