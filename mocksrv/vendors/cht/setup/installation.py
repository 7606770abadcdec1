"""The content of a new installation.

The documents of a CHT that was just installed, as recorded from 4.15.0: six design documents, the app settings, the
translations of eight languages, and the shell of branding, resources and service worker; and tombstones: the
installation first stages the design documents under other names.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.setup import builds, bundled, migrations, upgrade_log
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

SHELL: dict[str, dict[str, Any]] = {
    "branding": {"title": "Medic", "resources": {"logo": "medic-logo-light-full.svg", "favicon": "favicon.ico",
                                                 "icon": "android-chrome-512x512.png"}},
    "resources": {"resources": {}},
    "service-worker-meta": {"generated_at": builds.FIRST,
                            "hash": "2f9d1c6a07b84e35d1c09a7e6b5f48320d9ec1a7"},
    "migration-log": {"type": "meta", "migrations": []},  # CHT 4.15 source, api/src/migrations.js
}


def install(world: World) -> None:
    """Write the documents of a new installation."""
    medic = documents.database(world, "medic")
    documents.database(world, "_users").put({"_id": "_design/_auth", "language": "javascript"})
    for database, name in bundled.DESIGNS:
        db = documents.database(world, database)
        db.put({"_id": upgrade_log.STAGED_DESIGN + name})
        db.put({"_id": f"_design/{name}", **bundled.design(world, name)})
        db.delete(upgrade_log.STAGED_DESIGN + name)
    for id, doc in SHELL.items():
        medic.put({"_id": id, **doc})
    for doc in bundled.messages(world):
        medic.put(doc)
    settings = app_settings.defaults() | {"permissions": app_settings.default_permissions(world)}
    if Difference.NATIONAL_OFFICE.as_page(world):
        settings["contact_types"] = [*settings["contact_types"], app_settings.NATIONAL_OFFICE]
    medic.put({"_id": app_settings.ID, "settings": settings})
    upgrade_log.install(world)
    migrations.done(world)
