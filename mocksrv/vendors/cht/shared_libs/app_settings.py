"""The app settings: the document that roles, permissions and contact types come from."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from mocksrv import fixtures
from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.shared_libs import settings_changes
from mocksrv.world import World

ID = "settings"
ONLINE = "mm-online"  # the role that marks accounts that work online
# On the documentation page's list of place types, but not configured by the server's defaults.
NATIONAL_OFFICE = {"id": "national_office", "name_key": "contact.type.national_office"}

# Permissions of release 5.2, by the older permission that they precede.
LATER_PERMISSIONS: dict[str, dict[str, Any]] = {
    "can_view_unallocated_data_records": {"can_track_task_interactions": []},
    "can_export_devices_details": {"can_skip_password_change": [],
                                   "can_get_task_notifications": ["chw", "chw_supervisor"]},
}


@cache
def defaults() -> dict[str, Any]:
    """The settings of a new installation; read only."""
    value: dict[str, Any] = json.loads(fixtures.path("cht", "app_settings.json").read_bytes())
    return value


def default_permissions(world: World) -> dict[str, Any]:
    """The permissions of a new installation, in their order; read only."""
    known: dict[str, Any] = defaults()["permissions"]
    if not releases.DEFAULT_SETTINGS.holds(world):
        return known
    found: dict[str, Any] = {}
    for name, holders in known.items():
        found |= LATER_PERMISSIONS.get(name, {}) | {name: holders}
    return found


def read(world: World) -> dict[str, Any]:
    """The live settings; read only. `{}` if their document is gone."""
    medic = documents.database(world, "medic")
    version, found = world.derived.get(ID, (None, {}))
    if version != medic.docs.version:
        doc = medic.peek(ID)
        settings = doc.get("settings") if doc else None
        found = settings if isinstance(settings, dict) else {}
        world.derived[ID] = medic.docs.version, found
    known: dict[str, Any] = found
    return known


def raw(world: World) -> Any:
    """The live settings, even if they are not an object; read only."""
    doc = documents.database(world, "medic").peek(ID)
    return doc["settings"] if doc and "settings" in doc else {}


def update(world: World, body: Any, way: str) -> bool:
    """Change the settings in one of `settings_rules.WAYS`; returns whether they changed (key order counts).

    Raises settings_rules.Unstorable.
    """
    medic = documents.database(world, "medic")
    doc = medic.get(ID) or {"_id": ID}
    old = doc.get("settings", {})
    new = settings_changes.apply(old, body, way, default_permissions(world))
    if json_text.text(new) == json_text.text(old):
        return False
    medic.put({**doc, "settings": new})
    return True


def allows(world: World, roles: Collection[Any], permission: str) -> bool:
    """Whether one of the roles holds the permission; administrators hold all, others only configured ones."""
    if administers(world, roles):
        return True
    settings = read(world)
    configured = settings.get("roles")
    if releases.CONFIGURED_ROLES.holds(world):
        known = configured if isinstance(configured, dict) else {}
        roles = [role for role in roles if isinstance(role, str) and role in known]
    permissions = settings.get("permissions")
    holders = permissions.get(permission) if isinstance(permissions, dict) else None
    return isinstance(holders, list) and any(role in holders for role in roles)


def administers(world: World, roles: Collection[Any]) -> bool:
    """Whether the API treats an account with these roles as a database administrator."""
    return "_admin" in roles or ("admin" in roles and releases.ADMIN_ROLE.holds(world))


def is_offline(world: World, roles: Collection[Any]) -> bool:
    """Whether an account with these roles replicates. CHT 4.15 source, shared-libs/user-management."""
    if administers(world, roles) or (ONLINE in roles and releases.ONLINE_ROLE.holds(world)):
        return False
    configured = read(world).get("roles")
    configured = configured if isinstance(configured, dict) else {}
    known = [configured[role] for role in roles if isinstance(role, str) and configured.get(role)]
    return not known or any(isinstance(role, dict) and role.get("offline") for role in known)


def contact_types(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The configured contact types, people and places."""
    types = settings.get("contact_types")
    return [kind for kind in types if isinstance(kind, dict)] if isinstance(types, list) else []


def contact_type(settings: Mapping[str, Any], id: Any) -> dict[str, Any] | None:
    """The configured contact type of that id."""
    return next((kind for kind in contact_types(settings) if kind.get("id") == id), None)
