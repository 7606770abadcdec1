"""Texts by key and language: the documents `messages-<language>`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht import app_settings, documents
from mocksrv.world import World

FALLBACK = "en"


def outgoing_locale(world: World) -> str:
    """The language of outgoing messages: `locale_outgoing`, else `locale`, else English."""
    settings = app_settings.read(world)
    return str(settings.get("locale_outgoing") or settings.get("locale") or FALLBACK)


def find(world: World, key: str, locale: str) -> str | None:
    """The text of a key in a language, else in English, else None; `custom` texts win over `generic` ones."""
    database = documents.database(world, "medic")
    for language in dict.fromkeys((locale, FALLBACK)):
        doc: Mapping[str, Any] = database.peek(f"messages-{language}") or {}
        for part in ("custom", "generic"):
            texts = doc.get(part)
            if isinstance(texts, dict) and isinstance(texts.get(key), str):
                return str(texts[key])
    return None
