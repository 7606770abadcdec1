"""The forms there are: documents of type `form` with an XForm among their attachments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mocksrv.vendors.cht.couch import attachments, documents
from mocksrv.vendors.cht.forms import openrosa
from mocksrv.vendors.cht.node import javascript
from mocksrv.world import World

PREFIX = "form:"


class Form(NamedTuple):
    """A form document and the stub of its definition."""

    doc: Mapping[str, Any]
    stub: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name in the JSON list: `internalId`, such as "contact:person:create"."""
        return str(self.doc.get("internalId", "undefined"))

    @property
    def content_type(self) -> str:
        return str(self.stub["content_type"])

    @property
    def collected(self) -> bool:
        """Whether Medic Collect offers it."""
        context = self.doc.get("context")
        return isinstance(context, dict) and javascript.truthy(context.get("collect"))

    def data(self, world: World) -> bytes:
        return attachments.read(world, self.stub)


def xform(doc: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The stub of a form's definition: `xml`, or any `.xml` but the generated `model.xml`."""
    for name, stub in (doc.get("_attachments") or {}).items():
        if name == "xml" or (name.endswith(".xml") and name != "model.xml"):
            found: Mapping[str, Any] = stub
            return found
    return None


def all_forms(world: World) -> Iterator[Form]:
    """By document id."""
    for doc in documents.database(world).by("by_type", "form"):
        if stub := xform(doc):
            yield Form(doc, stub)


def find(world: World, id: str) -> Form | None:
    """The form of exactly that id."""
    return next((form for form in all_forms(world) if form.id == id), None)


def find_loosely(world: World, id: str) -> Form | None:
    """The form by its id in any letter case, by its document's id, or by the id that its definition states.

    The page asks for `pregnancyregistration` where its list says `PregnancyRegistration`.
    """
    forms = list(all_forms(world))
    return (
        next((form for form in forms if form.id.lower() == id.lower()), None)
        or next((form for form in forms if form.doc["_id"].removeprefix(PREFIX) == id), None)
        or next((form for form in forms if stated_id(world, form).lower() == id.lower()), None)
    )


def stated_id(world: World, form: Form) -> str:
    try:
        return openrosa.read(form.data(world)).id
    except openrosa.Malformed:
        return ""
