"""Upgrades to another release: stage, complete, both in one, progress and abortion.

No software changes: at the end the server reports another release.
CHT 4.15 source, api/src/controllers/upgrade.js, api/src/services/setup/upgrade.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import conformance, errors, releases
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.described import response_schemas, schemas
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.setup import builds, bundled, upgrade_log
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/upgrade.js"
LATER = "CHT 5.2 source, api/src/controllers/upgrade.js; recorded from 5.2.0"
BUILDS_URL = "https://staging.dev.medicmobile.org/_couch/builds_4"
PAGE_BUILDS_URL = "https://staging.dev.medicmobile.org/builds"
PARTS = ("namespace", "application", "version")
UNREACHABLE, ANY = "none", "any"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
NOTHING_STAGED = "Cannot find a staged upgrade that is ready for completion"
MAY: dict[str, Any] = {"permission": "can_upgrade", "page_permission": "can_configure", "source": SOURCE,
                       "differences": (Difference.UPGRADE_PERMISSION, Difference.UPGRADE_PROGRESS)}
POST: dict[str, Any] = MAY | {"json": "lenient", "body": schemas.Upgrade, "response": schemas.Fine, "proof": "source"}


@vendor.operation("POST", "/api/v1/upgrade", "/api/v2/upgrade", statuses=(200, 400, 401, 403, 500), **POST)
def post_upgrade(world: World, call: Call) -> Any:
    """Stage a build and complete it; the answer comes at once, the rest takes its time."""
    begin(world, call, "upgrade", (*upgrade_log.STAGING, *upgrade_log.COMPLETING))
    return {"ok": True}


@vendor.operation("POST", "/api/v1/upgrade/stage", "/api/v2/upgrade/stage", statuses=(200, 400, 401, 403, 500), **POST)
def post_stage(world: World, call: Call) -> Any:
    """Stage a build: `{"build": {namespace, application, version}}`; to be completed by another call."""
    begin(world, call, "stage", upgrade_log.STAGING)
    return {"ok": True}


@vendor.operation("POST", "/api/v1/upgrade/complete", "/api/v2/upgrade/complete",
                  statuses=(200, 401, 403, 404, 500),
                  **POST | {"differences": (*MAY["differences"], Difference.UPGRADE_COMPLETION)})
def post_complete(world: World, call: Call) -> Any:
    """Complete what is staged; answers when it is done.

    On the page this takes no body, and 404 means that nothing is staged; the server takes any build
    that the builds server has, staged or not.
    """
    build = given(call)
    if Difference.UPGRADE_COMPLETION.as_page(world):
        build = staged(world, build)
    upgrade_log.finish(world, upgrade_log.COMPLETING[:1], call.caller.name)
    if not is_build(build) or known(world) == UNREACHABLE:
        upgrade_log.finish(world, upgrade_log.FAILED, call.caller.name)
        errors.server_error(diagnosis="send the build as in POST /api/v2/upgrade" if not is_build(build) else
                            "the builds server cannot be reached: see the setting cht.builds")
    if not has(world, build["version"]):
        upgrade_log.finish(world, upgrade_log.FAILED, call.caller.name)
        errors.fail(404, "missing", diagnosis=f"no build {build['version']}: see the setting cht.builds")
    if upgrade_log.current(world) is None:
        builds.deploy(world, build["version"])
    upgrade_log.finish(world, upgrade_log.COMPLETING[1:], call.caller.name)
    return {"ok": True}


@vendor.operation("GET", "/api/v2/upgrade", response=schemas.UpgradeProgress, statuses=(200, 401, 403),
                  proof="source", **MAY | {"differences": (*MAY["differences"], Difference.BUILDS_URL)})
def get_upgrade(world: World, call: Call) -> Any:
    """The upgrade under way: `upgradeDoc` is its log, absent if there is none; `indexers` the progress of indexing."""
    log = upgrade_log.current(world)
    url = world.setting("cht.builds_url") or (PAGE_BUILDS_URL if Difference.BUILDS_URL.as_page(world) else BUILDS_URL)
    answer = ({"upgradeDoc": log} if log else {}) | {"indexers": upgrade_log.indexers(world), "buildsUrl": url}
    upgrade_log.polled(world)
    return answer


@vendor.operation("DELETE", "/api/v2/upgrade", response=schemas.Fine, statuses=(200, 401, 403), proof="source", **MAY)
def delete_upgrade(world: World, call: Call) -> Any:
    """Abort the upgrade under way; a success even if there is none."""
    upgrade_log.finish(world, upgrade_log.ABORTING, call.caller.name)
    return {"ok": True}


@vendor.operation("GET", "/api/v2/upgrade/can-upgrade", since="5.0", permission="can_upgrade",
                  response=schemas.Fine, statuses=(200, 401, 403), proof="source", source=LATER)
def can_upgrade(world: World, call: Call) -> Any:
    """Whether the service that replaces containers answers: here if the builds server does."""
    return {"ok": known(world) != UNREACHABLE}


def compare(world: World, call: Call) -> Any:
    """What a build would index anew: the design documents that differ from those of the running release. A build
    between the mock's releases counts as the newest one before it.
    """
    build = given(call)
    if not javascript.truthy(build):
        errors.fail(400, "You must provide a build info body", diagnosis='send {"build": {...}} as application/json')
    version = build.get("version") if isinstance(build, dict) else None
    if not isinstance(version, str) or known(world) == UNREACHABLE:
        errors.server_error(diagnosis="build needs a version, and the builds server must be reached: see cht.builds")
    if not has(world, version):
        errors.fail(404, "missing", diagnosis=f"no build {version}: see the setting cht.builds")
    return bundled.differences(world, releases.of_version(version) or world.setting(releases.SETTING))


for _method in METHODS:
    vendor.operation(_method, "/api/v2/upgrade/compare", name=f"{_method.lower()}_compare_upgrade", since="5.1",
                     json="lenient", body=schemas.Compared, permission="can_upgrade", proof="source", source=LATER,
                     response=lambda: response_schemas.array(schemas.Difference()),
                     statuses=(200, 400, 401, 403, 404, 500))(compare)


def service_worker(world: World, call: Call) -> Any:
    """Build the web application's service worker anew: here there is none."""
    return {"ok": True}


for _method in METHODS:
    vendor.operation(_method, "/api/v2/upgrade/service-worker", name=f"{_method.lower()}_service_worker",
                     json="lenient", response=schemas.Fine, statuses=(200, 401, 403), proof="source",
                     **MAY)(service_worker)


# --- builds ---


def begin(world: World, call: Call, action: str, plan: tuple[str, ...]) -> None:
    build = given(call)
    if not javascript.truthy(build):
        errors.fail(400, "You must provide a build info body", diagnosis='send {"build": {...}} as application/json')
    if not is_build(build):
        upgrade_log.finish(world, upgrade_log.FAILED, call.caller.name)  # the server aborts the upgrade under way
        errors.server_error(diagnosis=f"build needs the texts {', '.join(PARTS)}")
    failing = known(world) == UNREACHABLE or not has(world, build["version"])
    upgrade_log.start(world, action, build, call.caller.name, upgrade_log.FAILED if failing else plan)


def given(call: Call) -> Any:
    """The `build` of the body."""
    body = call.json
    return body.get("build") if isinstance(body, dict) else None


def is_build(build: Any) -> bool:
    return isinstance(build, dict) and all(isinstance(build.get(key), str) and build[key] for key in PARTS)


def staged(world: World, build: Any) -> Any:
    """The staged build; a build in the body must be the same. Refuses with 404."""
    log = upgrade_log.current(world)
    if not upgrade_log.is_staged(world) or log is None:
        missing = log is None and upgrade_log.HORTI not in documents.database(world)
        errors.fail(404, "missing" if missing else NOTHING_STAGED,
                    diagnosis="POST /api/v2/upgrade/stage first, and wait until GET /api/v2/upgrade says indexed")
    if javascript.truthy(build) and (not isinstance(build, dict) or build.get("version") != log["to"]["version"]):
        errors.fail(404, NOTHING_STAGED, diagnosis=f"{log['to']['version']} is staged")
    return log["to"]


def known(world: World) -> str:
    """The versions of the builds server: `any`, those listed, or `none`: it cannot be reached.

    Nothing here uses the network. Unless the setting says otherwise, a world that follows the server alone has no
    connection to it, like the servers that the answers were recorded from.
    """
    setting = str(world.setting("cht.builds")).strip()
    if setting == "auto":
        return UNREACHABLE if conformance.mode(world) == conformance.SERVER else ANY
    return setting


def has(world: World, version: str) -> bool:
    listed = known(world)
    return listed == ANY or version in (one.strip() for one in listed.split(","))
