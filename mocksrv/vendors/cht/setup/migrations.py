"""Bringing the stored documents to the release that a world runs, as the server does at its start after an upgrade.

What an upgrade from 4.15.0 to 5.2.0 changes in the databases was tried with real servers; contacts, reports, accounts,
logs and open login links stay as they are. CHT 5.2 source, api/src/migrations, api/src/services/setup.
"""

from __future__ import annotations

import hashlib

from mocksrv.vendors.cht import releases, sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.setup import builds, bundled
from mocksrv.vendors.cht.setup.builds import CONFIG
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

DATA = "data"  # the record in CONFIG: {"release": what the documents were brought to}
LOG = "migration-log"
REMOVE_ENABLED = {"name": "remove-enabled-from-translation-docs", "created": "2025-05-20T00:00:00.000Z"}


def done(world: World) -> None:
    """Record that the documents are those of the world's release."""
    world.table(CONFIG).put(DATA, {"release": world.setting(releases.SETTING)})


@sentinel.regularly
def follow(world: World) -> None:
    """Migrate the documents if the world's release has changed, by its setting or an upgrade."""
    data, release = world.table(CONFIG).peek(DATA), world.setting(releases.SETTING)
    if data is not None and data["release"] == release:
        return
    if releases.of_version(builds.version(world)) not in ("", release):
        builds.deploy(world, releases.RELEASES[release])
    replace_designs(world)
    replace_messages(world)
    fill_in_permissions(world)
    done(world)


def replace_designs(world: World) -> None:
    """All design documents, and the mark by which browsers get the new application."""
    for database, name in bundled.DESIGNS:
        put(world, database, {"_id": f"_design/{name}", **bundled.design(world, name)})
    application = hashlib.sha1(builds.version(world).encode(), usedforsecurity=False).hexdigest()
    put(world, "medic", {"_id": "service-worker-meta", "generated_at": world.clock.ms(), "hash": application})


def replace_messages(world: World) -> None:
    """The texts that come with the release; those that were configured (`custom`) stay."""
    medic = documents.database(world, "medic")
    for doc in bundled.messages(world):
        old = medic.get(doc["_id"])
        if old is None or not releases.LANGUAGES.holds(world):
            put(world, "medic", {**(old or {}), **doc})
            continue
        old.pop("enabled", None)
        put(world, "medic", {**old, "generic": doc["generic"]})
    log = medic.get(LOG)
    if log and releases.LANGUAGES.holds(world) and REMOVE_ENABLED not in log["migrations"]:
        put(world, "medic", {**log, "migrations": [*log["migrations"], REMOVE_ENABLED]})


def fill_in_permissions(world: World) -> None:
    """Default permissions that the settings do not name; nothing else of the settings changes."""
    doc = documents.database(world, "medic").get(app_settings.ID)
    settings = doc.get("settings") if doc else None
    named = settings.get("permissions") if isinstance(settings, dict) else None
    if doc is None or not isinstance(settings, dict) or not isinstance(named, dict):
        return
    if missing := app_settings.default_permissions(world).keys() - named.keys():
        more = {name: holders for name, holders in app_settings.default_permissions(world).items() if name in missing}
        put(world, "medic", {**doc, "settings": {**settings, "permissions": {**named, **more}}})


def put(world: World, database: str, doc: dict[str, object]) -> None:
    """Write a document over the one that is there."""
    db = documents.database(world, database)
    old = db.peek(str(doc["_id"]))
    db.put({**doc, "_rev": old["_rev"]} if old else doc)
