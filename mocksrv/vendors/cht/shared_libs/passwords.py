"""Password rules and generated passwords and tokens.

CHT 4.15 source, shared-libs/user-management; the score is that of the package simple-password-tester.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mocksrv.vendors.cht.node import javascript

if TYPE_CHECKING:
    from mocksrv.world import World

MINIMUM_LENGTH = 8
MINIMUM_SCORE = 50
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:!$-="
GENERATED_LENGTH = 20
TOKEN_LENGTH = 64

# The underscore belongs to no class: the server's last one is \W.
CLASSES = tuple(re.compile(pattern) for pattern in ("[0-9]", "[a-z]", "[A-Z]", "[^A-Za-z0-9_]"))

TOO_SHORT = {
    "message": f"The password must be at least {MINIMUM_LENGTH} characters long.",
    "translationKey": "password.length.minimum",
    "translationParams": {"minimum": MINIMUM_LENGTH},
}
TOO_WEAK = {
    "message": "The password is too easy to guess. "
               "Include a range of types of characters to increase the score.",
    "translationKey": "password.weak",
}


def score(password: Any) -> int:
    """The strength of a password; anything but a text scores 0, and a text of one class may score below 0."""
    if not isinstance(password, str) or not password:
        return 0
    classes = sum(1 for pattern in CLASSES if pattern.search(password))
    length = len(password) if password.isascii() else javascript.units(password)
    return length + 2 * len(set(password)) + 15 * (classes - 1)


def problem(password: Any) -> dict[str, Any] | None:
    """The server's message about a weak new password; None if it is strong enough."""
    length = javascript.units(password) if isinstance(password, str) else MINIMUM_LENGTH
    if isinstance(password, list):
        length = len(password)
    if length < MINIMUM_LENGTH:
        return TOO_SHORT
    return TOO_WEAK if score(password) < MINIMUM_SCORE else None


def generate(world: World) -> str:
    """A password that passes the rules."""
    return generate_many(world, 1, GENERATED_LENGTH)[0]


def generate_many(world: World, count: int, length: int = TOKEN_LENGTH) -> list[str]:
    """So many of them, as long as the tokens of login links."""
    found: list[str] = []
    while len(found) < count:
        drawn = world.random.texts(ALPHABET, length, count - len(found))
        found += [one for one in drawn if score(one) >= MINIMUM_SCORE]
    return found
