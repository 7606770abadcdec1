"""The files that the API generates of a form for Enketo: `form.html` and `model.xml`, attachments of another revision
of the form.

The model is that of the definition. The HTML is plain: a label with a field for each question, where the server runs
Enketo's stylesheets. CHT 4.15 source, api/src/services/generate-xform.js.
"""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.cht.couch import attachments
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.forms import definitions
from mocksrv.world import World

if TYPE_CHECKING:
    from lxml.etree import _Element

TYPES = {"form.html": "text/html", "model.xml": "text/xml"}
CONTROLS = {"input": "text", "select1": "radio", "select": "checkbox", "upload": "file", "trigger": "radio",
            "range": "number", "rank": "text", "secret": "password"}


def update(world: World, medic: Database, id: str) -> None:
    """Write the form with its generated files, unless it has them already or is not for Enketo."""
    doc = medic.get(id)
    if doc is None:
        return
    stub = definitions.xform(doc)
    if stub is None or definitions.Form(doc, stub).collected:
        return
    made = generated(attachments.read(world, stub))
    files = {name: attachments.read(world, one) for name, one in doc["_attachments"].items()}
    if made is None or all(files.get(name) == data for name, data in made.items()):
        return
    types = {name: one["content_type"] for name, one in doc["_attachments"].items()} | TYPES
    medic.put({**doc, "_attachments": {
        name: {"content_type": types[name], "data": base64.b64encode(data).decode()}
        for name, data in (files | made).items()}})


def generated(definition: bytes) -> dict[str, bytes] | None:
    """Both files of an XForm; None if it is not XML or has no model."""
    from lxml import etree

    try:
        root = etree.fromstring(definition, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None
    models = [one for one in elements(root) if local(one) == "model"]
    return {"form.html": html(root).encode(), "model.xml": model(models[0]).encode()} if models else None


def elements(root: _Element) -> list[_Element]:
    return [one for one in root.iter() if isinstance(one.tag, str)]


def local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def model(found: _Element) -> str:
    """The instances alone."""
    from lxml import etree

    inside = "".join(etree.tostring(one, encoding="unicode", with_tail=False)
                     for one in elements(found) if local(one) == "instance")
    return f"\n<model>{inside}</model>"


def html(root: _Element) -> str:
    """The title, and a field for each question."""
    everything = elements(root)
    title = next((one.text or "" for one in everything if local(one) == "title"), "")
    ids = [one.get("id") for instance in everything if local(instance) == "instance"
           for one in elements(instance)[1:2]]
    fields = "".join(field(one) for one in everything if local(one) in CONTROLS and (one.get("ref") or one.get("bind")))
    return (f'\n<form autocomplete="off" novalidate="novalidate" class="or clearfix" dir="ltr" '
            f'data-form-id="{escape(ids[0] or "" if ids else "")}">\n<section class="form-logo"></section>'
            f'<h3 dir="auto" id="form-title">{escape(title)}</h3>\n{fields}</form>')


def field(control: _Element) -> str:
    label = next((said(one) for one in control if isinstance(one.tag, str) and local(one) == "label"), "")
    name = escape(control.get("ref") or control.get("bind") or "")
    return (f'<label class="question"><span lang="" class="question-label active">{escape(label)}</span>'
            f'<input type="{CONTROLS[local(control)]}" name="{name}"></label>\n')


def said(label: Any) -> str:
    return "".join(label.itertext()).strip()
