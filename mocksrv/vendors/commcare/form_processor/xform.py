"""XForms as CommCare HQ reads them: a submission's XML as JSON, its metadata, and JSON back to XML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from mocksrv.vendors.commcare.form_processor import phone_dates

Form = dict[str, Any]

MANY = 64  # attributes of an element

OPENROSA_META = "http://openrosa.org/jr/xforms"
# Names of the oldest phones -> today's (form_processor/utils/metadata.py, scrub_form_meta).
OLD_META = {"TimeStart": "timeStart", "TimeEnd": "timeEnd", "chw_id": "userID", "DeviceID": "deviceID",
            "uid": "instanceID"}


class BadXML(Exception):
    """The submission is not an XForm; the text is that of HQ's answer."""


def parse(xml: bytes) -> Form:
    """A form, its dates with a time in UTC with six digits and `Z`, its metadata under today's names. Raises BadXML."""
    form = convert(xml)
    if not form.get("@xmlns"):
        raise BadXML("Form is missing a required field: XMLNS")
    adjusted: Form = adjust_datetimes(form)
    return scrub_meta(adjusted)


def convert(xml: bytes) -> Form:
    """XML as JSON: `@` before attributes, `#type` the root's tag, `#text` beside attributes, repeats as lists.

    All values are text. Raises BadXML.
    """
    from lxml import etree

    # HQ parses without resolving entities; nothing is fetched, and a document that declares entities is refused
    # as a whole, so that neither nested nor external ones are ever looked at.
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False, no_network=True,
                             load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser=parser)
    except etree.XMLSyntaxError as error:
        raise BadXML(f"Invalid XML: {error}") from None
    except ValueError as error:  # an encoding that libxml2 does not know
        raise BadXML(f"Invalid XML: {error}") from None
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise BadXML("Invalid XML: entity declarations are not allowed")
    tag, value = _element(root, None)
    form = value if isinstance(value, dict) else {}  # HQ fails on a root of text alone, or of nothing
    form["#type"] = tag
    return form


def scrub_meta(form: Form) -> Form:
    """The form with its metadata under the names of today; of several metadata blocks it keeps the first."""
    if "Meta" in form:
        form["meta"] = form.pop("Meta")
    if isinstance(form.get("meta"), list) and isinstance(form["meta"][0], dict):
        form["meta"] = form["meta"][0]
    if isinstance(meta := form.get("meta"), dict):
        for name in [name for name in meta if name in OLD_META]:
            if OLD_META[name] not in meta:
                meta[OLD_META[name]] = meta.pop(name)
    return form


def attributes(element: Any) -> Iterator[tuple[str, str]]:
    """The attributes of an element. lxml looks each value up among all of them; XPath hands out a long list at once."""
    if len(element.attrib) <= MANY:
        yield from element.attrib.items()
        return
    for value in element.xpath("@*"):
        yield value.attrname, str(value)


def _element(element: Any, parent_ns: str | None) -> tuple[str, Any]:
    """Tag and value of an element (commcare-hq xml2json)."""
    space, _, tag = element.tag.rpartition("}")
    xmlns = space[1:] or None
    value: dict[str, Any] = {f"@{name}": text for name, text in attributes(element)}
    children: dict[str, Any] = {}
    for child in element:
        if not isinstance(child.tag, str):  # an entity that nobody declared
            raise BadXML(f"Invalid XML: Entity '{child.name}' not defined")
        name, inner = _element(child, xmlns)
        if name not in children:
            children[name] = inner
        elif isinstance(children[name], list):
            children[name].append(inner)
        else:
            children[name] = [children[name], inner]
    text = element.text or ""
    if xmlns not in (parent_ns, None):
        value["@xmlns"] = xmlns
    if not value and not children:
        return tag, text
    value |= children
    if text.strip():
        value["#text"] = text
    return tag, value


def adjust_datetimes(data: Any) -> Any:
    """The same data with every date-with-time in HQ's form; texts that only look like one stay."""
    if isinstance(data, str):
        return phone_dates.utc(data) or data
    if isinstance(data, dict):
        return {key: adjust_datetimes(value) for key, value in data.items()}
    if isinstance(data, list):
        return [adjust_datetimes(value) for value in data]
    return data


def text_of(value: Any) -> str:
    """The text of an element that may have attributes or be repeated (the last one counts)."""
    if isinstance(value, list):
        return text_of(value[-1]) if value else ""
    if isinstance(value, dict):
        return str(value.get("#text", ""))
    return "" if value is None else str(value)


def meta_of(form: Form) -> dict[str, Any]:
    """The form's own metadata block, or an empty one."""
    meta = form.get("meta")
    return meta if isinstance(meta, dict) else {}


def instance_id(form: Form) -> str | None:
    meta = meta_of(form)
    return text_of(meta.get("uid") or meta.get("instanceID")) or None  # the oldest name goes first


def user_id(form: Form) -> str | None:
    meta = meta_of(form)
    return text_of(meta.get("userID") or meta.get("user_id")) or None


def to_xml(form: Form) -> bytes:
    """A form's JSON as equivalent XML."""
    return ("<?xml version='1.0' ?>\n" + _tag(str(form.get("#type", "data")), form)).encode()


def _tag(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_tag(name, item) for item in value)
    if not isinstance(value, dict):
        text = escape("" if value is None else str(value))
        return f"<{name}>{text}</{name}>" if text else f"<{name}/>"
    attributes = "".join(f" {key[1:]}={quoteattr(str(item))}" for key, item in value.items() if key[0] == "@")
    inner = escape(str(value.get("#text", "")))
    inner += "".join(_tag(key, item) for key, item in value.items() if key[0] not in "@#")
    return f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"
