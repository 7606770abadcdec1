"""The app settings: the document that roles, permissions and contact types come from."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from mocksrv import fixtures
from mocksrv.store import Table
from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.couch import documents, stored_documents
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.shared_libs import settings_changes
from mocksrv.world import World

T = TypeVar("T")
MEDIC = "cht.medic"
ID = "settings"  # of their document; and where they are in the memory of a world
DELAY = "cht.settings_seconds"
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


@dataclass
class Live:
    """The settings of a world as they were at some version of their table, and what was made of them."""

    docs: Table
    version: int = -1
    doc: stored_documents.Record | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    changed: float | None = None  # when later ones were stored, which the API does not go by yet


def live(world: World) -> Live:
    """What is known of the live settings: looked up again when something was written, forgotten when they change.

    The real API learns of a change from a feed; the setting `cht.settings_seconds` says after how long.
    """
    found: Live | None = world.memory.get(ID)
    if found is None or found.docs is not world.store.declared[MEDIC]:
        found = world.memory[ID] = Live(world.store.declared[MEDIC])
    if found.version != found.docs.version:
        doc = found.docs.peek(ID)
        if doc is not found.doc:
            if found.doc is not None and (wait := world.setting(DELAY)):
                now = world.clock.time()
                found.changed = now if found.changed is None else found.changed
                if now < found.changed + wait:
                    return found
            settings = doc.get("settings") if doc else None
            found.doc, found.settings, found.made = doc, settings if isinstance(settings, dict) else {}, {}
        found.version, found.changed = found.docs.version, None
    return found


def read(world: World) -> dict[str, Any]:
    """The live settings; read only. `{}` if their document is gone."""
    return live(world).settings


def made(world: World, name: str, make: Callable[[dict[str, Any]], T]) -> T:
    """What a function makes of the live settings, which depends on nothing else; remembered under that name."""
    found = live(world)
    if name not in found.made:
        found.made[name] = make(found.settings)
    result: T = found.made[name]
    return result


def raw(world: World) -> Any:
    """The live settings, even if they are not an object; read only."""
    doc = documents.database(world, "medic").peek(ID)
    return doc["settings"] if doc and "settings" in doc else {}


def update(world: World, body: Any, way: str) -> bool:
    """Change the settings in one of `settings_changes.WAYS`; returns whether they changed (key order counts).

    Raises settings_changes.Unstorable.
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
