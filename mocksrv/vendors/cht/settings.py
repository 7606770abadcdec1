"""The app settings over HTTP: reading, three ways of changing, and the paths that cht-conf still uses."""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.described import response_schemas, schemas
from mocksrv.vendors.cht.node import javascript, querystring
from mocksrv.vendors.cht.shared_libs import app_settings, settings_changes
from mocksrv.vendors.cht.transitions import processing
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World

SOURCE = "CHT 4.15 source, api/src/controllers/settings.js"
REWRITE = "/medic/_design/medic/_rewrite"
DEPRECATED = (  # name, since, what to use instead
    ("generate_patient_id_on_people", "3.8.x", "generate_shortcode_on_contacts"),
    ("update_notifications", "3.2.x", "muting"),
)


@vendor.operation("GET", "/api/v1/settings", prompt=True, response=schemas.Settings, statuses=(200, 401),
                  proof="source", source=SOURCE)
def get_settings(world: World, call: Call) -> Any:
    """The app settings, to any signed-in user."""
    return app_settings.raw(world)


@vendor.operation("GET", f"{REWRITE}/app_settings/medic", prompt=True, response=schemas.LegacySettings,
                  statuses=(200, 401), proof="source", source=SOURCE)
def get_legacy_settings(world: World, call: Call) -> Any:
    """The app settings, wrapped, as cht-conf reads them."""
    return {"settings": app_settings.raw(world), "meta": {}, "schema": {}}


@vendor.operation("GET", f"{REWRITE}/app_settings/medic/{{path}}", prompt=True, response=schemas.LegacySettings,
                  statuses=(200, 401), proof="source", source=SOURCE)
def get_legacy_setting(world: World, call: Call) -> Any:
    """The value at a dotted path of the app settings; `{}` when there is none."""
    found = app_settings.raw(world)
    for key in call.params["path"].split("."):
        found = settings_changes.read(found, key)
    return {"settings": found if javascript.truthy(found) else {}, "meta": {}, "schema": {}}


@vendor.operation("PUT", "/api/v1/settings", f"{REWRITE}/update_settings/medic",
                  permission=("can_edit", "can_configure"), json="strict", prompt=True, query=schemas.How,
                  body=schemas.SETTINGS_CHANGE, response=schemas.SettingsChanged, statuses=(200, 400, 401, 403, 500),
                  proof="source", source=SOURCE, effect="shares",
                  differences=(Difference.SETTINGS_ANSWER, Difference.REPLACE_FALSE))
def put_settings(world: World, call: Call) -> Any:
    """Merge the body into the app settings; `replace`: by top-level key; `overwrite`: as a whole.

    The page says `upgraded` where the server says `updated`, and that `replace=false` is off where the server
    takes any text as on.
    """
    way = "overwrite" if is_on(world, call, "overwrite") else "replace" if is_on(world, call, "replace") else "merge"
    try:
        changed = app_settings.update(world, call.json, way)
    except settings_changes.Unstorable as error:
        errors.server_error(diagnosis=f"cannot merge {error}")
    for advice in processing.advice(app_settings.read(world)):
        call.diagnose(advice)
    return {"success": True, "upgraded" if Difference.SETTINGS_ANSWER.as_page(world) else "updated": changed}


def is_on(world: World, call: Call, name: str) -> bool:
    """Whether a switch of the query is on: any text but the empty one, and on the page but "false"."""
    given = querystring.parse(call).get(name)
    return javascript.truthy(given) and (given != "false" or not Difference.REPLACE_FALSE.as_page(world))


@vendor.operation("GET", "/api/v1/settings/deprecated-transitions", prompt=True, statuses=(200, 401),
                  response=response_schemas.TRANSITIONS, proof="source", source=SOURCE)
def get_deprecated_transitions(world: World, call: Call) -> Any:
    """The transitions that should no longer be used, whatever the configuration."""
    return [
        {
            "name": name,
            "deprecated": True,
            "deprecatedIn": since,
            "deprecationMessage": f"{name} transition is deprecated since {since}. "
                                  f'Please use "{instead}" transition instead.',
        }
        for name, since, instead in DEPRECATED
    ]
