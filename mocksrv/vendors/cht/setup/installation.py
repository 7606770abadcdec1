"""What a new installation holds before anybody has used it.

The documents of a CHT 4.15.0 that was just installed, as recorded: six design documents, the app settings, the
translations of eight languages, and the shell of branding, resources and service worker; and what the installation
deleted again: it stages the design documents under other names first.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import conformance
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.setup import upgrade_log
from mocksrv.vendors.cht.shared_libs import app_settings, translations
from mocksrv.world import World

DESIGNS = ("medic", "medic-admin", "medic-client", "medic-conflicts", "medic-scripts", "medic-sms")
OTHER_DESIGNS = {"_users": "users", "medic-logs": "logs", "medic-sentinel": "sentinel",
                 "medic-users-meta": "users-meta"}
LANGUAGES = {"bm": "Bamanankan (Bambara)", "en": "English", "es": "Español (Spanish)", "fr": "Français (French)",
             "hi": "हिन्दी (Hindi)", "id": "Bahasa Indonesia (Indonesian)", "ne": "नेपाली (Nepali)",
             "sw": "Kiswahili (Swahili)"}
ENABLED = ("en", "es", "fr")
SHELL: dict[str, dict[str, Any]] = {
    "branding": {"title": "Medic", "resources": {"logo": "medic-logo-light-full.svg", "favicon": "favicon.ico",
                                                 "icon": "android-chrome-512x512.png"}},
    "resources": {"resources": {}},
    "service-worker-meta": {},
    "migration-log": {"type": "meta", "migrations": []},  # CHT 4.15 source, api/src/migrations.js
}


def install(world: World) -> None:
    """Write the documents of a new installation."""
    medic = documents.database(world, "medic")
    documents.database(world, "_users").put({"_id": "_design/_auth", "language": "javascript"})
    for database, design in (*OTHER_DESIGNS.items(), *(("medic", name) for name in DESIGNS)):
        db = documents.database(world, database)
        db.put({"_id": upgrade_log.STAGED_DESIGN + design})
        db.put({"_id": f"_design/{design}", "language": "javascript", "views": {}})
        db.delete(upgrade_log.STAGED_DESIGN + design)
    for id, doc in SHELL.items():
        medic.put({"_id": id, **doc})
    for code, name in LANGUAGES.items():
        medic.put({"_id": f"messages-{code}", "type": "translations", "code": code, "name": name,
                   "enabled": code in ENABLED, "generic": translations.BUILT_IN.get(code, {})})
    settings = dict(app_settings.defaults())
    if not conformance.strict(world):  # difference 5: the page lists `national_office` as a place type
        settings["contact_types"] = [*settings["contact_types"], app_settings.NATIONAL_OFFICE]
    medic.put({"_id": app_settings.ID, "settings": settings})
    upgrade_log.install(world)
