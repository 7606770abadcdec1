"""Forms over HTTP: the two lists, the definitions, and the check of a new one."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering, routing
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import attachments
from mocksrv.vendors.cht.described import response_schemas, schemas
from mocksrv.vendors.cht.forms import definitions, openrosa, wellformed
from mocksrv.vendors.cht.node import bodies, json_text
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/forms.js"
NO_TOOL = "Unknown Error: An error occurred when executing 'xsltproc' command"  # for requests without a body
NO_DOCTYPE = ("Form XML must not declare a DOCTYPE or external entities. "
              "See https://owasp.org/www-community/vulnerabilities/XML_External_Entity_(XXE)_Processing")


@vendor.operation("GET", "/api/v1/forms", session_only=True, statuses=(200, 500),
                  produces=("application/json", "text/xml"), response=response_schemas.NAMES, proof="source",
                  source=SOURCE, differences=(Difference.JSON_FORMS, Difference.FORM_LINKS))
def get_forms(world: World, call: Call) -> Any:
    """The names of the forms; with `X-OpenRosa-Version` the XML list of those that Medic Collect offers.

    The page lists JSON definitions too, which 4.x does not. It also makes the download links from the document's id,
    the server from the definition's.
    """
    if call.header("x-openrosa-version"):
        return Reply(openrosa_list(world, call).encode(), chunked=True, content_type="text/xml; charset=utf-8",
                     headers=[("X-OpenRosa-Version", "1.0")])
    names = []
    for form in definitions.all_forms(world):
        names.append(f"{form.id}.xml")
        if Difference.JSON_FORMS.as_page(world) and "json" in form.doc["_attachments"]:
            names.append(f"{form.id}.json")
    return Reply(json_text.dumps(names), content_type=rendering.JSON_TYPE, chunked=True)


def openrosa_list(world: World, call: Call) -> str:
    scheme = call.header("x-forwarded-proto") or call.scheme
    entries = []
    for form in definitions.all_forms(world):
        if not form.collected:
            continue
        data = form.data(world)
        try:
            header = openrosa.read(data)
        except openrosa.Malformed as error:
            errors.server_error(diagnosis=f"the definition of {form.id} is not well-formed XML: {error}")
        id = form.id if Difference.FORM_LINKS.as_page(world) else header.id
        entries.append(openrosa.entry(data, header, f"{scheme}://{call.host}{call.prefix}/api/v1/forms/{id}.xml"))
    return openrosa.render(entries)


@vendor.operation("GET", "/api/v1/forms/", until="4.22", anonymous=True, statuses=(301,), proof="source", source=SOURCE)
def get_forms_slash(world: World, call: Call) -> Any:
    """A redirect to the path without the slash."""
    return rendering.redirect(call, "/api/v1/forms", 301)


@vendor.operation("GET", "/api/v1/forms/{form}", session_only=True, statuses=(200, 400, 401, 404),
                  produces=("application/xml", "application/json", "*/*"), proof="source", source=SOURCE,
                  differences=(Difference.JSON_FORMS, Difference.FORM_NAMES))
def get_form(world: World, call: Call) -> Any:
    """A form's definition, by id and format.

    The page has JSON definitions too. Ids are also taken in another letter case, or as the definition states them:
    the list's links have those.
    """
    name = unquote(routing.sent_path(call).rpartition("/")[2])  # in the letter case in which it was sent
    id, _, format = name.rpartition(".")
    if not id:
        errors.fail(400, f'Invalid form name (form="{id}", format="{format}")')
    if format == "json" and Difference.JSON_FORMS.as_page(world) and (found := json_definition(world, id)) is not None:
        return found
    if format != "xml":
        errors.fail(400, f'Invalid file format (format="{format}")')
    form = definitions.find(world, id)
    if form is None and not Difference.FORM_NAMES.as_server(world):
        form = definitions.find_loosely(world, id)
    if form is None:
        errors.fail(404, f"Form not found: {id} ({format})")
    return Reply(form.data(world), content_type=form.content_type)


def json_definition(world: World, id: str) -> Any:
    """A form document's attachment `json`, else the definition of an SMS form."""
    for form in definitions.all_forms(world):
        if form.id == id and (stub := form.doc["_attachments"].get("json")):
            return Reply(attachments.read(world, stub), content_type=attachments.media_type(stub))
    forms = app_settings.read(world).get("forms")
    return forms.get(id.upper()) if isinstance(forms, dict) else None


@vendor.operation("POST", "/api/v1/forms/validate", anonymous=auth.CHECKED, permission="can_configure",
                  response=schemas.Fine, errors=response_schemas.BARE_ERROR, statuses=(200, 400, 401, 403),
                  proof="source",
                  source=SOURCE, effect="reads", differences=(Difference.FORM_VALIDATION,))
def validate_form(world: World, call: Call) -> Any:
    """Whether the body is well-formed XML: that is all that the server finds out.

    Its refusals are always JSON. The page refuses a document type, and takes `text/xml` too.
    """
    if call.caller is None:
        return refused(call, 401, "Not logged in")
    if not auth.has(world, call.caller, "can_configure"):
        return refused(call, 403, "Insufficient privileges")
    page = Difference.FORM_VALIDATION.as_page(world)
    text = bodies.text(call, (*bodies.TEXT, "text/xml") if page else bodies.TEXT)
    if text is None:
        return refused(call, 400, NO_TOOL)
    if page and ("<!DOCTYPE" in text or "<!ENTITY" in text):
        return refused(call, 400, NO_DOCTYPE)
    if (complaint := wellformed.complaint(text)) is not None:
        return refused(call, 400, complaint)
    return {"ok": True}


def refused(call: Call, status: int, message: str) -> Reply:
    call.diagnose(message)
    return Reply({"error": message}, status)
