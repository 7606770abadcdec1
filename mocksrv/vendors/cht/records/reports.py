"""The documents that text messages and posted records become.

CHT 4.15 source, api/src/services/records.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.node import javascript, timestamps
from mocksrv.vendors.cht.node.regexps import SPACES, ZERO_WIDTH
from mocksrv.vendors.cht.records import formats
from mocksrv.vendors.cht.records.smsparser import Parsed, Reader
from mocksrv.vendors.cht.shared_libs import app_settings, phones, translations, validation
from mocksrv.world import World

MESSAGE_KEYS = (  # of `sms_message`, and the names of what was posted
    ("reported_date", "sent_timestamp"), ("locale", "locale"), ("from", "from"), ("gateway_ref", "gateway_ref"))


def find_form(settings: dict[str, Any], code: str | None) -> tuple[str | None, dict[str, Any] | None]:
    """The form of a code, or of the code without invisible characters: (code, definition)."""
    forms = settings.get("forms")
    for name in (code, ZERO_WIDTH.sub("", code) if code else code):
        found = forms.get(name) if isinstance(forms, dict) and name else None
        if isinstance(found, dict):
            return name, found
    return code, None


def from_message(world: World, data: dict[str, Any], locale: str | None = None) -> dict[str, Any]:
    """The document of a text message: `message`, `from`, and perhaps `sent_timestamp`, `locale`, `gateway_ref`.

    `locale` counts if the data has none. Refuses when `from` or `message` is missing.
    """
    if "from" not in data:
        errors.server_error("Missing required value: from")
    if "message" not in data:
        errors.server_error("Missing required field: message")
    message = data["message"]
    settings = app_settings.read(world)
    code, definition = find_form(settings, formats.form_code(message))
    posted = {"type": "sms_message", "message": message}
    if code is not None:
        posted["form"] = code
    given = {**data, "locale": data.get("locale") or locale}
    posted |= {key: given[name] for key, name in MESSAGE_KEYS if given.get(name) is not None}
    parsed = Parsed({})
    if definition is not None:
        parsed = read_message(world, settings, definition, message, data.get("locale"))
    return build(world, settings, parsed, posted)


def read_message(world: World, settings: dict[str, Any], definition: dict[str, Any], message: Any,
                 locale: Any) -> Parsed:
    reader = Reader(world, settings, definition, locale, not Difference.MISSING_FIELDS.as_page(world))
    try:
        return reader.read(message)
    except formats.Crash as error:
        errors.server_error(diagnosis=f"the 4.15.0 server fails at this message: {error}")


def from_json(world: World, data: Any) -> dict[str, Any]:
    """The document of a posted record: `_meta` says the form, everything else is a field. Refuses a `_meta`
    without a form that there is."""
    meta = data.get("_meta") if isinstance(data, dict) else None
    if meta is None or meta == "":
        errors.server_error("Missing _meta property.")
    wanted = meta.get("form") if isinstance(meta, dict) else None
    if wanted is None or wanted == "":
        errors.server_error("Missing required field: form")
    if not isinstance(wanted, str):
        errors.server_error(diagnosis="_meta.form must be a text")
    settings = app_settings.read(world)
    code = wanted.upper()
    forms = settings.get("forms")
    definition = forms.get(code) if isinstance(forms, dict) else None
    if not isinstance(definition, dict):
        errors.server_error(f"Form not found: {code}")
    values = {key.lower(): as_field(world, definition, key, value) for key, value in data.items() if key != "_meta"}
    return build(world, settings, Parsed(values), {**meta, "form": code})


def as_field(world: World, definition: dict[str, Any], key: str, value: Any) -> Any:
    """Values for types that JSON lacks: dates become milliseconds, 1 and 0 become true and false."""
    field = field_definitions(definition).get(key)
    kind = field.get("type") if isinstance(field, dict) else None
    if kind == "date":
        return timestamps.moment_value(value, world.clock.ms())
    if kind == "boolean" and isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return value


def field_definitions(definition: dict[str, Any]) -> dict[str, Any]:
    fields = definition.get("fields")
    if not isinstance(fields, dict):
        errors.server_error(diagnosis="the form's definition has no fields")
    return fields


def build(world: World, settings: dict[str, Any], parsed: Parsed, posted: dict[str, Any]) -> dict[str, Any]:
    """The document; `posted` becomes its `sms_message`."""
    doc: dict[str, Any] = {"type": "data_record"}
    if "from" in posted:
        doc["from"] = phones.normalize(settings, posted["from"]) or posted["from"]
    form, definition = find_form(settings, posted.get("form"))
    if form is not None:
        doc["form"] = form
    doc |= {"errors": [], "tasks": [], "fields": {}, "reported_date": world.clock.ms(), "sms_message": posted}
    doc["reported_date"] = timestamps.lenient(posted.get("reported_date"), doc["reported_date"])
    found: list[validation.Problem] = []
    if definition is not None:
        reference = definition.get("facility_reference")
        if isinstance(reference, str) and reference in parsed.fields:
            value = parsed.fields[reference]
            doc["refid"] = value.upper() if isinstance(value, str) else value
        for key in field_definitions(definition):
            copy_field(key.split("."), doc["fields"], parsed.fields)
        found += validation.problems(definition["fields"], parsed.fields)
    if parsed.extra:
        found.append(("extra_fields", {}))
    message = posted.get("message")
    if isinstance(message, str) and not message.strip(SPACES):
        found.append(("sys.empty", {}))
    if definition is None:
        if javascript.truthy(settings.get("forms_only_mode")):
            found.append(("sys.form_not_found", {"form": javascript.text(form) if form is not None else ""}))
        else:
            doc.pop("form", None)
    for code, context in found:
        add_error(world, settings, doc, code, context)
    return doc


def copy_field(path: list[str], target: dict[str, Any], values: Any) -> None:
    """Copy a field that was given; a dotted key makes objects."""
    key, *rest = path
    if not isinstance(values, dict) or key not in values:
        return
    if not rest:
        target[key] = values[key]
    elif javascript.truthy(values[key]):
        if not isinstance(target.get(key), dict):
            target[key] = {}
        copy_field(rest, target[key], values[key])


def locale_of(settings: dict[str, Any], doc: dict[str, Any]) -> Any:
    """The language of a record's texts."""
    inside = [found.get("locale") for name in ("fields", "sms_message") if isinstance(found := doc.get(name), dict)]
    return javascript.first(doc.get("locale"), *inside, settings.get("locale"), translations.FALLBACK)


def add_error(world: World, settings: dict[str, Any], doc: dict[str, Any], code: str,
              context: dict[str, Any] | None = None) -> None:
    text = translations.translate(world, code, locale_of(settings, doc), context)
    doc["errors"].append({"code": code, "message": text})
