"""Project spaces ("domains") and what their members may do.

A domain document: `{"name", "title", "roles": {name: [permissions]}}`. The rest are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mocksrv.world import World

# HqPermissions: what a role holds. The lists are `view_report_list` and `web_apps_list`.
PERMISSIONS = (
    "access_all_locations", "access_api", "access_mobile_endpoints", "access_web_apps", "download_reports",
    "edit_apps", "edit_commcare_users", "edit_data", "edit_groups", "edit_locations", "edit_messaging",
    "edit_reports", "edit_ucrs", "edit_users_in_groups", "edit_users_in_locations", "edit_web_users",
    "report_an_issue", "view_apps", "view_commcare_users", "view_groups", "view_locations", "view_reports",
    "view_roles", "view_web_users",
)
# Features of a domain besides its plan; all but the last are on, unless the setting `features` names fewer.
FEATURES = ("locations", "ucr", "ucr_data_sources", "action_times", "analytics_roles", "odata",
            "superset_analytics", "strong_mobile_passwords")
ROLES = {
    "App Editor": ("access_all_locations", "access_api", "edit_apps", "view_apps", "view_reports",
                   "report_an_issue"),
    "Field Implementer": ("access_all_locations", "access_api", "edit_commcare_users", "edit_groups",
                          "edit_locations", "view_commcare_users", "view_groups", "view_locations",
                          "view_reports", "report_an_issue"),
    "Local Data Entry": ("access_api", "edit_data", "view_reports", "report_an_issue"),
    "Read Only": ("access_all_locations", "view_reports", "download_reports", "report_an_issue"),
    "Mobile Worker": ("access_all_locations", "access_api", "access_mobile_endpoints", "edit_data",
                      "report_an_issue"),
}


def make(name: str, title: str, **given: Any) -> dict[str, Any]:
    """A new domain's document."""
    return {"name": name, "title": title, "roles": {role: list(held) for role, held in ROLES.items()}, **given}


def find(world: World, name: str) -> Mapping[str, Any] | None:
    """A domain's document, read-only."""
    return world.table("commcare.domains").peek(name)


def listed(world: World, setting: str, name: str) -> bool:
    """Whether a comma-separated setting (`blocked`, `no_plan`, `features`) contains a name."""
    value: str = world.setting(f"commcare.{setting}")
    return bool(value) and name in (part.strip() for part in value.split(","))


def has(world: World, feature: str) -> bool:
    """Whether the domains have a feature."""
    return listed(world, "features", feature)


def era(world: World, name: str) -> str:
    """"2015" or "current"."""
    return "2015" if listed(world, "era_2015", name) else "current"
