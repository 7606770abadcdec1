"""Roles: the legacy `type` of an account, and the role that marks online accounts.

CHT 4.15 source, shared-libs/user-management (roles.js, libs/types-and-roles.js).
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

ONLINE = app_settings.ONLINE
# Any other type becomes the only role.
LEGACY_TYPES: dict[str, tuple[str, ...]] = {
    "national-manager": ("national-manager", "kujua_user", "data_entry", "national_admin"),
    "district-manager": ("district-manager", "kujua_user", "data_entry", "district_admin"),
    "facility-manager": ("facility-manager", "kujua_user", "data_entry"),
    "data-entry": ("data-entry", "data_entry"),
    "analytics": ("analytics", "kujua_analytics"),
    "gateway": ("gateway", "kujua_gateway"),
}


def of_type(kind: Any) -> list[Any]:
    """The roles that a legacy `type` stands for."""
    return list(LEGACY_TYPES.get(kind, (kind,)) if isinstance(kind, str) else (kind,))


def offline(world: World, roles: Any) -> bool:
    """Whether the roles are those of an account that replicates; unknown ones are. Roles must be a list."""
    if not isinstance(roles, list):
        method = "filter" if releases.ONLINE_ROLE.holds(world) else "some"
        errors.fail(500, f"roles.{method} is not a function", diagnosis="roles must be a list of role names")
    return app_settings.is_offline(world, roles)


def stored(world: World, roles: list[Any]) -> list[Any]:
    """The roles as an account keeps them: with `mm-online` if they are online, without it if they are not."""
    if offline(world, roles):
        index = roles.index(ONLINE) if ONLINE in roles else None
        return roles if index is None else roles[:index] + roles[index + 1 :]
    return roles if ONLINE in roles else [*roles, ONLINE]
