"""The small endpoints that clients call at start-up: versions, health, connected users.

CHT 4.15 source, api/src/routing.js, api/src/services/setup, api/src/controllers/couch-config.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.call import Reply
from mocksrv.vendors.cht import errors, rendering
from mocksrv.vendors.cht.access import auth, connected_users
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import attachments, cookies, documents
from mocksrv.vendors.cht.described import response_schemas, schemas
from mocksrv.vendors.cht.setup import builds
from mocksrv.vendors.cht.shared_libs import app_settings, translations
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

API_VERSION = "0.1.0"  # version of the package `api`, which /api/info shows instead of the release
SOURCE = "CHT 4.15 source, api/src/routing.js"
LIBS = "CHT 4.15 source, api/src/controllers/extension-libs.js"
NO_SETUP = "Setup services are not currently available"
COUCHDB = "3.3.3"
GIT_SHA = "40afbcf"  # of the official build; recorded from 4.15.0 and 5.2.0
STEPS = ("checks", "install", "index", "config", "migrate", "forms")
ANY = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


@vendor.operation("GET", "/api/info", name="api_info", anonymous=True, response=schemas.Version, proof="source",
                  source=SOURCE)
def api_info(world: World, call: Call) -> Any:
    """The version of the API's package: always 0.1.0, whatever the release."""
    return {"version": API_VERSION}


@vendor.operation("GET", "/setup/poll", name="setup_poll", anonymous=True, response=schemas.SetupPoll,
                  proof="source", source=SOURCE)
def setup_poll(world: World, call: Call) -> Any:
    """Whether the server is up."""
    return {"ready": True, "handler": "medic-api", "version": API_VERSION,
            "detail": "All required services are running normally"}


def setup(world: World, call: Call) -> Any:
    """A service that no longer exists."""
    return Reply(NO_SETUP, 503)


def setup_finish(world: World, call: Call) -> Any:
    """The same, with status 200."""
    return Reply(NO_SETUP, 200)


for _method in ANY:
    vendor.operation(_method, "/setup", "/setup/password", name=f"{_method.lower()}_setup", anonymous=True,
                     statuses=(503,), produces="text/html", proof="source", source=SOURCE)(setup)
    vendor.operation(_method, "/setup/finish", name=f"{_method.lower()}_setup_finish", anonymous=True,
                     produces="text/html", proof="source", source=SOURCE)(setup_finish)


@vendor.operation("GET", "/api/v1/startup-progress", name="startup_progress", anonymous=True,
                  response=schemas.Progress, proof="source",
                  source="CHT 4.15 source, api/src/services/setup/startup-log.js")
def startup_progress(world: World, call: Call) -> Any:
    """The steps of the start-up, all done; texts in the language of the request."""
    locale = cookies.raw(call, "locale") or call.header("accept-language").split(",")[0].split(";")[0].strip()
    actions = {}
    for step in STEPS:
        key = f"api.startup.{step}"
        text = translations.translate(world, key, locale)
        actions[step] = {"translation": key, "display": True, "started": True, "completed": True, "text": text}
    return {"actions": actions, "completed": True}


@vendor.operation("GET", "/api/deploy-info", name="deploy_info", session_only=True, response=schemas.Deployment,
                  statuses=(200, 401), proof="source",
                  source="CHT 4.15 source, api/src/services/deploy-info.js")
def deploy_info(world: World, call: Call) -> Any:
    """The release that is installed, for every signed-in user."""
    return builds.deployment(world)


@vendor.operation("GET", "/dbinfo", name="db_info", response=response_schemas.WELCOME,
                  errors=response_schemas.COUCH_ERROR, proof="source", source=SOURCE)
def db_info(world: World, call: Call) -> Any:
    """CouchDB's greeting; the caller counts as connected."""
    connected_users.stamp(world, call.caller.name)
    return rendering.CouchReply(greeting())


def greeting() -> dict[str, Any]:
    """CouchDB's greeting: its version and features."""
    return {
        "couchdb": "Welcome", "version": COUCHDB, "git_sha": GIT_SHA,
        "uuid": "0123456789abcdef0123456789abcdef",
        "features": ["access-ready", "partitioned", "pluggable-storage-engines", "reshard", "scheduler"],
        "vendor": {"name": "The Apache Software Foundation"},
    }


@vendor.operation("GET", "/api/couch-config-attachments", name="couch_config_attachments", anonymous=auth.CHECKED,
                  statuses=(200, 401), response=response_schemas.COMPRESSION, proof="source",
                  source="CHT 4.15 source, api/src/controllers/couch-config.js")
def couch_config_attachments(world: World, call: Call) -> Any:
    """Which attachments CouchDB compresses; for admins, others get 401."""
    if not auth.signed_in(call).admin:
        errors.fail(401, "User is not an admin")
    return {"compressible_types": "text/*, application/javascript, application/json, application/xml",
            "compression_level": "8"}


@vendor.operation("GET", "/_node/{node}/_config/couch_httpd_auth/timeout", name="couch_session_timeout",
                  response=response_schemas.TEXT, proof="source", source="CouchDB 3.3")
def session_timeout(world: World, call: Call) -> Any:
    """How long sessions last, in seconds, as text."""
    if not call.caller.online:
        raise errors.Firewall
    if not call.caller.admin:
        errors.couch(401, "unauthorized", "You are not a server admin.")
    return rendering.CouchReply("31536000")


@vendor.operation("GET", "/.well-known/assetlinks.json", name="assetlinks", anonymous=True, statuses=(200, 404),
                  response=response_schemas.LINKS, proof="source",
                  source="CHT 4.15 source, api/src/controllers/well-known.js")
def assetlinks(world: World, call: Call) -> Any:
    """Which Android apps may open links: the setting `assetlinks`."""
    found = app_settings.read(world).get("assetlinks")
    if not found:
        errors.fail(404, "No assetlinks.json configured")
    return found


@vendor.operation("GET", "/medic/privacy-policy", name="privacy_policy", anonymous=True, produces="text/html",
                  statuses=(200, 404),
                  proof="source", source="CHT 4.15 source, api/src/controllers/privacy-policy.js")
def privacy_policy(world: World, call: Call) -> Any:
    """A page with the privacy policy that the document `privacy-policies` has for the client's language."""
    doc = documents.database(world, "medic").peek("privacy-policies") or {}
    names, files = doc.get("privacy_policies") or {}, doc.get("_attachments") or {}
    locale = cookies.raw(call, "locale") or app_settings.read(world).get("locale")
    name = names.get(locale) or next(iter(names.values()), None)
    if name not in files:
        errors.fail(404, "missing", diagnosis="no document privacy-policies has a policy for a language")
    policy = attachments.read(world, files[name]).decode("utf-8", "replace")
    return Reply(f"<!DOCTYPE html>\n<html><head><title>Privacy policy</title></head><body>{policy}</body></html>\n")


@vendor.operation("GET", "/extension-libs", name="extension_libs", until="5.2", anonymous=True,
                  response=response_schemas.NAMES, proof="source", source=LIBS)
def extension_libs(world: World, call: Call) -> Any:
    """The names of the scripts that forms may use."""
    return list(libraries(world))


@vendor.operation("GET", "/extension-libs/{name}", name="extension_lib", until="5.2", anonymous=True,
                  statuses=(200, 404), produces="*/*", proof="source", source=LIBS)
def extension_lib(world: World, call: Call) -> Any:
    """One of these scripts."""
    stub = libraries(world).get(call.params["name"])
    if stub is None:
        errors.fail(404, "Not found")
    return Reply(attachments.read(world, stub), content_type=attachments.media_type(stub))


def libraries(world: World) -> Mapping[str, Any]:
    """The attachments of the document `extension-libs`."""
    doc = documents.database(world, "medic").peek("extension-libs") or {}
    return doc.get("_attachments") or {}


@vendor.operation("GET", "/favicon.ico", name="favicon", anonymous=True, produces="image/x-icon", proof="source",
                  source=SOURCE)
def favicon(world: World, call: Call) -> Any:
    """An icon: one transparent pixel."""
    return Reply(PIXEL, headers=[("Cache-Control", "public, max-age=604800")], content_type="image/x-icon")


PIXEL = bytes.fromhex("00000100010001010000010018003000000016000000280000000100000002000000010018000000000000000000"
                      "0000000000000000000000000000000000000000000000000000")
