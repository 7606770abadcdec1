"""Names of mobile workers, as e-mail addresses of their domain.

HQ source: corehq/apps/users/util.py (generate_mobile_username), corehq/apps/users/validation.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.commcare.django.model_fields import is_email
from mocksrv.vendors.commcare.errors import bad_request, failed

if TYPE_CHECKING:
    from mocksrv.world import World

RESERVED = {"admin", "demo_user"}
# Sic: from + to _, which lets / : ; < = > ? [ \ ] ^ pass.
SPECIAL = re.compile(r"[^A-Za-z0-9.+-_]")


def complete(name: Any, domain: str) -> Any:
    """A bare name with its domain, in lower case and with dots for blanks; what has an @ stays as it is."""
    try:
        if "@" in name:
            return name
    except TypeError:
        raise failed(f"username must be a text, not {name!r}") from None
    bare = re.sub(r"\s+", ".", str(name or "").lower())
    return f"{bare}@{domain.lower()}.commcarehq.org"


def generate(world: World, domain: str, given: Any) -> str:
    """The whole username of a new mobile worker. Raises a 400 for a bad or taken one."""
    username = complete(given, domain)
    if not isinstance(username, str):
        raise failed(f"username must be a text, not {given!r}")
    if not is_email(username):
        raise bad_request(f"Username '{username}' must be a valid email address.")
    local, host, *more = username.split("@")
    if more:
        raise failed(f"there must be one @, though a quoted part may hold others: {username}")
    if SPECIAL.search(local):
        raise bad_request(f"The username component '{local}' of '{username}' may not contain special characters.")
    expected = f"{domain.lower()}.commcarehq.org"
    if host != expected:
        raise bad_request(f"The username email domain '@{host}' should be '@{expected}'.")
    if local.lower() in RESERVED or taken(world, username):
        raise bad_request(f"Username '{username}' is already taken or reserved.")
    return username


def taken(world: World, username: str) -> bool:
    """Whether a mobile worker has the name, or one that was deleted had it."""
    return (world.table("commcare.users").first("by_username", username) is not None
            or username in world.table("commcare.retired_usernames"))
