"""The small endpoints that clients call at start-up: versions, health, who is there.

CHT 4.15 source, api/src/routing.js, api/src/services/setup, api/src/controllers/couch-config.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.operation import Call, Reply
from mocksrv.vendors.cht import app_settings, auth, connected, documents, errors, wire
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

VERSION = "4.15.0"
API_VERSION = "0.1.0"  # of the package `api`, which /api/info tells instead of the release
SOURCE = "CHT 4.15 source, api/src/routing.js"
NO_SETUP = "Setup services are not currently available"
WELCOME = {
    "couchdb": "Welcome", "version": "3.3.3", "git_sha": "ec75be1", "uuid": "0123456789abcdef0123456789abcdef",
    "features": ["access-ready", "partitioned", "pluggable-storage-engines", "reshard", "scheduler"],
    "vendor": {"name": "The Apache Software Foundation"},
}
# Step of the start-up: its text in English and Spanish.
STEPS = {
    "checks": ("Installation checks", "Verificationes de instalación"),
    "install": ("Installing", "Instalando"),
    "index": ("Indexing data", "Indexación de datos"),
    "config": ("Applying configuration", "Aplicando configuración"),
    "migrate": ("Migrating data", "Migrando datos"),
    "forms": ("Installing forms", "Instalando formularios"),
}
BUILD = {"namespace": "medic", "application": "medic", "version": VERSION, "base_version": VERSION,
         "build": f"{VERSION}.12002318617", "time": "2024-11-25T09:41:30.000Z", "author": "medic", "schema_version": 2}


@vendor.operation("GET", "/api/info", name="api_info", anonymous=True, proof="source", source=SOURCE)
def api_info(world: World, call: Call) -> Any:
    """The version of the API's package: always 0.1.0, whatever the release."""
    return {"version": API_VERSION}


@vendor.operation("GET", "/setup/poll", name="setup_poll", anonymous=True, proof="recorded", source=SOURCE)
def setup_poll(world: World, call: Call) -> Any:
    """Whether the server is up."""
    return {"ready": True, "handler": "medic-api", "version": API_VERSION,
            "detail": "All required services are running normally"}


@vendor.operation("GET", "/setup", "/setup/password", name="setup", anonymous=True, statuses=(503,), proof="source",
                  source=SOURCE)
def setup(world: World, call: Call) -> Any:
    """A service that is long gone."""
    return Reply(NO_SETUP, 503)


@vendor.operation("GET", "/setup/finish", name="setup_finish", anonymous=True, proof="source", source=SOURCE)
def setup_finish(world: World, call: Call) -> Any:
    """The same, with status 200."""
    return Reply(NO_SETUP, 200)


@vendor.operation("GET", "/api/v1/startup-progress", name="startup_progress", anonymous=True, proof="recorded",
                  source="CHT 4.15 source, api/src/services/setup/startup-log.js")
def startup_progress(world: World, call: Call) -> Any:
    """The steps of the start-up, all done; texts in the language of the request."""
    spanish = call.header("accept-language").lower().startswith("es")
    actions = {
        step: {"translation": f"api.startup.{step}", "display": True, "started": True, "completed": True,
               "text": texts[spanish]} for step, texts in STEPS.items()}
    return {"actions": actions, "completed": True}


@vendor.operation("GET", "/api/deploy-info", name="deploy_info", proof="source",
                  source="CHT 4.15 source, api/src/services/deploy-info.js")
def deploy_info(world: World, call: Call) -> Any:
    """The release that is installed, for every signed-in user."""
    return BUILD | {"timestamp": 1732527690000, "user": "admin"}


@vendor.operation("GET", "/dbinfo", name="db_info", proof="recorded", source=SOURCE)
def db_info(world: World, call: Call) -> Any:
    """CouchDB's greeting; counts as being connected."""
    connected.stamp(world, call.caller.name)
    return wire.CouchReply(WELCOME)


@vendor.operation("GET", "/", name="root", anonymous=True, proof="recorded", source=SOURCE)
def root(world: World, call: Call) -> Any:
    """The web application, or for `Accept: application/json` CouchDB's greeting."""
    if call.header("accept") != "application/json":
        return Reply("<!DOCTYPE html>\n<html><head><title>CHT</title></head>"
                     "<body><p>The web application is not simulated.</p></body></html>\n")
    auth.signed_in(call)
    return wire.CouchReply(WELCOME)


@vendor.operation("GET", "/api/couch-config-attachments", name="couch_config_attachments", anonymous=True,
                  statuses=(200, 401), proof="source", source="CHT 4.15 source, api/src/controllers/couch-config.js")
def couch_config_attachments(world: World, call: Call) -> Any:
    """Which attachments CouchDB compresses; for admins, others get 401."""
    if not auth.signed_in(call).admin:
        errors.fail(401, "User is not an admin")
    return {"compressible_types": "text/*, application/javascript, application/json, application/xml",
            "compression_level": "8"}


@vendor.operation("GET", "/_node/{node}/_config/couch_httpd_auth/timeout", name="couch_session_timeout",
                  proof="recorded", source="CouchDB 3.3")
def session_timeout(world: World, call: Call) -> Any:
    """How long sessions last, in seconds, as text."""
    if not call.caller.online:
        raise errors.Firewall
    if not call.caller.admin:
        errors.couch(401, "unauthorized", "You are not a server admin.")
    return wire.CouchReply("31536000")


@vendor.operation("GET", "/.well-known/assetlinks.json", name="assetlinks", anonymous=True, statuses=(200, 404),
                  proof="source", source="CHT 4.15 source, api/src/controllers/well-known.js")
def assetlinks(world: World, call: Call) -> Any:
    """Which Android apps may open links: the setting `assetlinks`."""
    found = app_settings.read(world).get("assetlinks")
    if not found:
        errors.fail(404, "No assetlinks.json configured.")
    return found


@vendor.operation("GET", "/medic/privacy-policy", name="privacy_policy", anonymous=True, proof="source",
                  source="CHT 4.15 source, api/src/controllers/privacy-policy.js")
def privacy_policy(world: World, call: Call) -> Any:
    """A page with the privacy policy."""
    return Reply("<!DOCTYPE html>\n<html><head><title>Privacy policy</title></head>"
                 "<body><p>No privacy policy is configured.</p></body></html>\n")


@vendor.operation("GET", "/extension-libs", name="extension_libs", anonymous=True, proof="source",
                  source="CHT 4.15 source, api/src/controllers/extension-libs.js")
def extension_libs(world: World, call: Call) -> Any:
    """The names of the scripts that forms may use."""
    doc = documents.database(world, "medic").peek("extension-libs") or {}
    return list(doc.get("_attachments") or {})


@vendor.operation("GET", "/favicon.ico", name="favicon", anonymous=True, proof="source", source=SOURCE)
def favicon(world: World, call: Call) -> Any:
    """An icon: one transparent pixel."""
    return Reply(PIXEL, headers=[("Cache-Control", "public, max-age=604800")], content_type="image/x-icon")


PIXEL = bytes.fromhex("00000100010001010000010018003000000016000000280000000100000002000000010018000000000000000000"
                      "0000000000000000000000000000000000000000000000000000")
