"""The changes of a request to a mobile worker, field by field.

HQ source: corehq/apps/api/user_updates.py, CommcareUserUpdates; corehq/apps/users/models.py. HQ takes the fields in the
order of the body. After a field that is refused it goes on with the next one, and a telephone number saves all that has
changed so far: what a refused request leaves behind depends on that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.access import domains
from mocksrv.vendors.commcare.django import dates
from mocksrv.vendors.commcare.errors import failed, invalid
from mocksrv.vendors.commcare.form_processor.stores import owned
from mocksrv.vendors.commcare.users import user_data

if TYPE_CHECKING:
    from mocksrv.world import World

TOGETHER = "Both primary_location and locations must be provided together."


class Unfit(Exception):
    """A field's value cannot be taken; the text is HQ's."""


class Draft:
    """A mobile worker with the changes of a request that are not stored yet."""

    def __init__(self, world: World, user: Mapping[str, Any]) -> None:
        self.world = world
        self.user = dict(user)

    def save(self) -> None:
        """Store what has changed so far."""
        self.world.table("commcare.users").put(
            self.user["id"], self.user | {"last_modified": dates.now(self.world)})

    def set_default_phone_number(self, number: str) -> None:
        others = [held for held in self.user["phone_numbers"] if held != number]
        self.set_phone_numbers([number, *others])
        self.save()

    def set_phone_numbers(self, numbers: list[str]) -> None:
        self.user |= {"phone_numbers": numbers, "default_phone_number": numbers[0] if numbers else None}


def apply(draft: Draft, data: Mapping[str, Any]) -> list[str]:
    """Apply the fields of a body to a draft; returns why some were refused. Raises 500 for what HQ does not handle."""
    errors = []
    places = {name: data.get(name) for name in ("primary_location", "locations")}
    for name, value in [*((name, value) for name, value in data.items() if name not in places), ("location", places)]:
        try:
            if name not in FIELDS:
                raise Unfit(f"Attempted to update unknown or non-editable field '{name}'")
            FIELDS[name](draft, value)
        except Unfit as error:
            errors.append(str(error))
    return errors


# --- fields --------------------------------------------------------------------------------------------------


def text(name: str) -> Callable[[Draft, Any], None]:
    def change(draft: Draft, value: Any) -> None:
        if value is not None and not isinstance(value, str):
            raise failed(f"{name} must be a text, not {value!r}")
        draft.user[name] = value

    return change


def email(draft: Draft, value: Any) -> None:
    draft.user["email"] = lower_email(value)


def lower_email(value: Any) -> str:
    if not isinstance(value, str):
        raise failed(f"email must be a text, not {value!r}")
    return value.lower()


def password(draft: Draft, value: Any) -> None:
    if domains.has(draft.world, "strong_mobile_passwords") and isinstance(value, str) and len(value) < 8:
        raise Unfit("Password is not strong enough.")
    draft.user["password"] = usable_password(value)


def usable_password(value: Any) -> str:
    """The password to store; null is one that nobody can log in with."""
    if value is not None and not isinstance(value, str):
        raise failed(f"password must be a text, not {value!r}")
    return value or ""


def default_phone_number(draft: Draft, value: Any) -> None:
    if not isinstance(value, str):
        raise Unfit("'default_phone_number' must be a string")
    draft.set_default_phone_number(value.removeprefix("+"))


def phone_numbers(draft: Draft, value: Any) -> None:
    draft.set_phone_numbers([])
    for place, number in enumerate(items(value, "phone_numbers")):
        if not isinstance(number, str):
            raise failed(f"a telephone number must be a text, not {number!r}")
        number = number.removeprefix("+")
        if number not in draft.user["phone_numbers"]:
            draft.set_phone_numbers([*draft.user["phone_numbers"], number])
        if place == 0:
            draft.set_default_phone_number(number)


def items(value: Any, name: str) -> Iterable[Any]:
    """What Python iterates over: the elements of a list, the keys of an object, the letters of a text."""
    if not isinstance(value, list | dict | str):
        raise failed(f"{name} must be a list, not {value!r}")
    return value


def unique(value: Any, name: str) -> dict[Any, None]:
    try:
        return dict.fromkeys(items(value, name))
    except TypeError:
        raise failed(f"{name} must be a list of texts, not {value!r}") from None


def groups(draft: Draft, value: Any) -> None:
    set_groups(draft.world, draft.user, unique(value, "groups"))


def set_groups(world: World, user: Mapping[str, Any], wanted: Iterable[Any]) -> None:
    """Make a user a member of these groups and no others, at once. Raises refusals, and changes nothing then."""
    table, wanted = world.table("commcare.groups"), list(wanted)
    held = table.by("by_member", (user["domain"], user["id"]))
    foreign = []
    for id in wanted:
        group = table.peek(id) if isinstance(id, str) else None
        if group is None:
            raise failed(f"there is no group {id!r}")
        if group["domain"] != user["domain"]:
            foreign.append(id)
    if foreign:
        raise invalid("Unable to save groups. The following group_ids are not in the current domain: "
                      + ", ".join(foreign))
    for id in set(held) ^ set(wanted):
        members = [member for member in (table.peek(id) or {})["users"] or () if member != user["id"]]
        table.update(id, {"users": [*members, user["id"]] if id in wanted else members})


def custom_data(draft: Draft, value: Any) -> None:
    if not isinstance(value, dict):
        raise failed(f"user_data must be an object, not {value!r}")
    if domains.era(draft.world, draft.user["domain"]) == "2015":
        draft.user["user_data"] = value
        return
    try:
        user_data.update(draft.world, draft.user, value)
    except user_data.UserDataError as error:
        raise Unfit(str(error)) from None


def role(draft: Draft, value: Any) -> None:
    domain = domains.find(draft.world, draft.user["domain"])
    if domain is None or not isinstance(value, str) or value not in domain["roles"]:
        raise Unfit(f"The role '{value}' does not exist")
    draft.user["role"] = value


def location(draft: Draft, places: Mapping[str, Any]) -> None:
    """Both location fields, which go together. Both None: no change; both empty: no locations."""
    primary, listed = places["primary_location"], places["locations"]
    if primary is None and listed is None:
        return
    if not primary and not listed:
        draft.user |= {"location_id": None, "location_ids": []}
        return
    if not primary or not listed:
        raise Unfit(TOGETHER)
    if not holds(listed, primary):
        raise Unfit("Primary location must be included in the list of locations.")
    wanted = unique(listed, "locations")
    missing = [id for id in wanted if not is_place(draft.world, draft.user["domain"], id)]
    if missing and not all(isinstance(id, str) for id in missing):
        raise failed(f"ids of locations must be texts, not {missing!r}")
    if missing:
        raise Unfit(f"Could not find location ids: {', '.join(missing)}.")
    if set(draft.user["location_ids"]) != set(wanted):
        draft.user["location_ids"] = list(listed)
    draft.user["location_id"] = primary


def holds(listed: Any, primary: Any) -> bool:
    try:
        return primary in listed
    except TypeError:
        raise failed(f"locations must be a list, not {listed!r}") from None


def is_place(world: World, domain: str, id: Any) -> bool:
    place = owned(world, "commcare.locations", id, domain) if isinstance(id, str) else None
    return place is not None and not place["archived"]


FIELDS: dict[str, Callable[[Draft, Any], None]] = {
    "default_phone_number": default_phone_number, "email": email, "first_name": text("first_name"), "groups": groups,
    "language": text("language"), "last_name": text("last_name"), "location": location, "password": password,
    "phone_numbers": phone_numbers, "role": role, "user_data": custom_data,
}
