"""What a project has defined for its custom data: fields of users and locations, and profiles of users.

HQ source: corehq/apps/custom_data_fields/models.py. Here a setting holds it, as JSON by domain:

    {"demo": {"fields": [{"slug": "cadre", "label": "Cadre", "required": true, "choices": ["chw", "nurse"]},
                         {"slug": "phone", "regex": "^\\\\d+$"}],
              "profiles": [{"id": 1, "name": "Nurses", "fields": {"cadre": "nurse"}}], "profile_required": true}}

`profiles` and `profile_required` are for users only.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

from mocksrv import patterns

if TYPE_CHECKING:
    from mocksrv.world import World

WRONG = 'JSON by domain: {"demo": {"fields": [{"slug": "cadre", "required": true}], "profiles": [...]}}'
FIELD_KEYS = {"slug": str, "label": str, "required": bool, "choices": list, "regex": str}
PROFILE_KEYS = {"id": int, "name": str, "fields": dict}


def check(text: str) -> None:
    """Raises ValueError if a setting's text is not a definition."""
    try:
        domains = json.loads(text or "{}")
    except ValueError:
        raise ValueError(WRONG) from None
    if not isinstance(domains, dict):
        raise ValueError(WRONG)
    for definition in domains.values():
        if not isinstance(definition, dict) or definition.keys() - {"fields", "profiles", "profile_required"}:
            raise ValueError(WRONG)
        check_items("fields", definition.get("fields", []), FIELD_KEYS, "slug")
        for field in definition.get("fields", []):
            check_pattern(field.get("regex", ""))
        check_items("profiles", definition.get("profiles", []), PROFILE_KEYS, "id", "name", "fields")


def check_items(what: str, items: Any, keys: Mapping[str, type], *needed: str) -> None:
    for item in items if isinstance(items, list) else [None]:
        if not isinstance(item, dict) or any(name not in item for name in needed) or any(
                type(value) is not keys.get(name) for name, value in item.items()):
            raise ValueError(f"{what} with {', '.join(f'{name} ({kind.__name__})' for name, kind in keys.items())}; "
                             f"needed: {', '.join(needed)}")


def check_pattern(pattern: str) -> None:
    try:
        patterns.compiled(pattern)
    except patterns.BadPattern as error:
        raise ValueError(f"fields with a regex that can be read: {pattern!r} cannot ({error})") from None


def definition(world: World, kind: str, domain: str) -> Mapping[str, Any]:
    """What a domain has defined for `user` or `location`."""
    text: str = world.setting(f"commcare.{kind}_fields")
    found: Mapping[str, Any] = json.loads(text).get(domain, {}) if text else {}
    return found


def profile(world: World, domain: str, id: int) -> Mapping[str, Any] | None:
    """A profile of users by its number."""
    profiles = definition(world, "user", domain).get("profiles", ())
    return next((profile for profile in profiles if profile["id"] == id), None)


def profile_named(world: World, domain: str, name: Any) -> Mapping[str, Any] | None:
    """A profile of users by its name."""
    profiles = definition(world, "user", domain).get("profiles", ())
    return next((profile for profile in profiles if profile["name"] == name), None)


def errors(world: World, kind: str, domain: str, data: Mapping[str, Any], besides: Container[str] = ()) -> list[str]:
    """What is wrong with custom data, besides the fields that a profile gives; the texts are HQ's."""
    return [text for field in definition(world, kind, domain).get("fields", ()) if field["slug"] not in besides
            if (text := wrong(field, data.get(field["slug"])))]


def wrong(field: Mapping[str, Any], value: Any) -> str | None:
    label, choices = field.get("label") or field["slug"], field.get("choices")
    if field.get("required") and not value:
        return f"{label} is required."
    if value and choices and str(value) not in choices:
        return f"'{value}' is not a valid choice for {label}. The available options are: {', '.join(choices)}."
    if value and field.get("regex") and not matches(field["regex"], str(value)):
        return f"'{value}' is not a valid match for {label}"
    return None


def matches(pattern: str, value: str) -> bool:
    """Whether a pattern matches in a value; one that takes too long counts as no match."""
    try:
        return patterns.compiled(pattern)(value)
    except TimeoutError:
        return False
