"""Texts in the languages of an installation: the documents `messages-<language>`, over a few built-in texts.

CHT 4.15 source, shared-libs/translation-utils and api/src/config.js. The built-in texts are those that the server's
answers show; recorded from 4.15.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

FALLBACK = "en"
PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")

BUILT_IN: dict[str, dict[str, str]] = {
    "en": {
        "sys.empty": "Message appears empty.",
        "sys.missing_fields": "Missing or invalid fields: {{fields}}.",
        "sys.incorrect_type": "Incorrect type of field {{key}}, expected {{expectedType}}.",
        "sys.form_not_found": "Form '{{form}}' not found.",
        "sys.facility_not_found": "Facility not found.",
        "extra_fields": "Extra fields.",
        "empty": "It looks like you sent an empty message, please try to resend. If you continue to have this problem "
                 "please contact your supervisor.",
        "form_not_found": "The form sent was not recognized. Please complete it again and resend. If this problem "
                          "persists contact your supervisor.",
        "sms_received": "SMS message received; it will be reviewed shortly. If you were trying to submit a text form, "
                        "please enter a correct form code and try again.",
        # What transitions say where the settings have no message of their own; other events are named by their key.
        "messages.generic.registration_not_found": "No person with ID number '{{patient_id}}' found. Verify the ID and "
                                                   "resend the message.",
        "messages.generic.sys.facility_not_found": "You have not been registered to use this app.",
        "messages.generic.no_provided_patient_id": "External ID number support is configured, but is not found on "
                                                   "document in the configured location.",
        "messages.generic.provided_patient_id_not_unique": "The provided ID number is already used.",
        "messages.generic.provided_phone_not_valid": "The provided phone is not valid.",
        "Automated Reply": "Automated Reply",
        "Task Message": "Task Message",
        "api.startup.checks": "Installation checks",
        "api.startup.install": "Installing",
        "api.startup.index": "Indexing data",
        "api.startup.config": "Applying configuration",
        "api.startup.migrate": "Migrating data",
        "api.startup.forms": "Installing forms",
    },
    "fr": {
        "sys.missing_fields": "Champs invalides ou manquants: {{fields}}.",
        "sys.form_not_found": "Formulaire '{{form}}' non trouvé",
        "extra_fields": "Champs additionnels.",
    },
    "es": {
        "sys.missing_fields": "Campo invalido o faltante: {{fields}}.",
        "sys.form_not_found": "Formulario '{{form}}' no encontrado.",
        "extra_fields": "Campos extra.",
        "api.startup.checks": "Verificationes de instalación",
        "api.startup.install": "Instalando",
        "api.startup.index": "Indexación de datos",
        "api.startup.config": "Aplicando configuración",
        "api.startup.migrate": "Migrando datos",
        "api.startup.forms": "Instalando formularios",
    },
}


def translate(world: World, key: Any, locale: Any = None, context: Mapping[str, Any] | None = None) -> str | None:
    """The text of a key, or of a message given in several languages; an unknown key is its own text."""
    if isinstance(key, dict):
        text = message(key, locale)
    elif isinstance(key, str):
        text = find(world, key, locale) or key
    else:
        return None
    return fill(text, context or {}) if isinstance(text, str) else None


def outgoing_locale(world: World) -> str:
    """The language of outgoing messages: `locale_outgoing`, else `locale`, else English."""
    settings = app_settings.read(world)
    return javascript.text(javascript.first(settings.get("locale_outgoing"), settings.get("locale"), FALLBACK))


def find(world: World, key: str, locale: Any) -> str | None:
    """The text of a key in a language, else in English, else None; `custom` texts win over `generic` ones."""
    database = documents.database(world, "medic")
    for language in dict.fromkeys((locale, FALLBACK) if isinstance(locale, str) else (FALLBACK,)):
        doc = database.peek(f"messages-{language}") or {}
        for part in ("custom", "generic"):
            texts = doc.get(part)
            if isinstance(texts, Mapping) and isinstance(texts.get(key), str) and texts[key]:
                return str(texts[key])
        if built_in := BUILT_IN.get(language, {}).get(key):
            return built_in
    return None


def message(value: dict[str, Any], locale: Any) -> Any:
    """Of `{"en": ..}` or `{"translations": [{"locale", "content"}]}`, the text of the language or the next best."""
    listed = value.get("translations")
    if isinstance(listed, list):
        value = {str(one.get("locale")): one.get("content") for one in listed if isinstance(one, dict)}
    for wanted in (locale, "default", FALLBACK):
        if isinstance(wanted, str) and value.get(wanted):
            return value[wanted]
    return next(iter(value.values()), None)


def fill(text: str, context: Mapping[str, Any]) -> str:
    """The placeholders `{{name}}` filled in; if one of them has no value the text stays as it is."""
    if not all(name in context for name in PLACEHOLDER.findall(text)):
        return text
    return PLACEHOLDER.sub(lambda found: javascript.text(context[found[1]]), text)
