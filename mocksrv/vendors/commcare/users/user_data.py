"""A user's custom data: what was set, what the profile gives, and what HQ itself adds.

HQ source: corehq/apps/users/user_data.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.call import Refusal
from mocksrv.vendors.commcare import custom_data_fields
from mocksrv.vendors.commcare.errors import failed, not_found

if TYPE_CHECKING:
    from mocksrv.world import World

User = dict[str, Any]
PROFILE, PROJECT = "commcare_profile", "commcare_project"
UNKNOWN = "User data profile not found"
CONFLICT = "Profile conflicts with existing data"
REQUIRED = "A profile assignment is required for Mobile Workers."


class UserDataError(Exception):
    """The data cannot be set; the text is HQ's."""


def provided(world: World, user: Mapping[str, Any]) -> dict[str, Any]:
    """Data that cannot be set: the profile's fields, and those that HQ adds."""
    id = user.get("profile_id")
    profile = custom_data_fields.profile(world, user["domain"], id) if id else None
    data = dict(profile["fields"]) if profile else {}
    data |= {PROFILE: id or "", PROJECT: user["domain"]}
    if user["location_id"]:
        data["commcare_location_id"] = data["commcare_primary_case_sharing_id"] = user["location_id"]
    if user["location_ids"]:
        data["commcare_location_ids"] = " ".join(user["location_ids"])
    return data


def shown(world: World, user: Mapping[str, Any]) -> dict[str, Any]:
    """All of a user's custom data; fields that the project has defined are there even if nobody has set them."""
    fields = custom_data_fields.definition(world, "user", user["domain"]).get("fields", ())
    return {**{field["slug"]: "" for field in fields}, **user["user_data"], **provided(world, user)}


def update(world: World, user: User, data: Mapping[str, Any]) -> None:
    """Merge data into a user's, key by key. Raises UserDataError with the keys before the wrong one set."""
    wanted = {key: value for key, value in data.items() if key != PROFILE}
    user["user_data"] = {key: value for key, value in user["user_data"].items() if key not in wanted}
    if PROFILE in data:
        user["profile_id"] = profile_id(world, user, data[PROFILE])
    system = provided(world, user)
    for key, value in wanted.items():
        if key not in system:
            user["user_data"] = user["user_data"] | {key: value}
        elif value and value != system[key]:
            raise UserDataError(f"'{key}' cannot be set directly")
    if custom_data_fields.definition(world, "user", user["domain"]).get("profile_required") and not data.get(PROFILE):
        raise UserDataError(REQUIRED)


def profile_id(world: World, user: User, value: Any) -> int | None:
    """The number of the profile that a value names. Raises UserDataError, and what HQ does not handle."""
    if value is None:
        return None
    if not value:
        raise not_found("there is no profile 0") if isinstance(value, int | float) else no_number(value)
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise no_number(value) from None
    profile = custom_data_fields.profile(world, user["domain"], number)
    if profile is None:
        raise UserDataError(UNKNOWN)
    if any(user["user_data"].get(key) for key in profile["fields"]):
        raise UserDataError(CONFLICT)
    return number


def no_number(value: Any) -> Refusal:
    return failed(f"a profile must be a number, not {value!r}")
