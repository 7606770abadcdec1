"""Passwords as CouchDB stores them: `password` is replaced by a PBKDF2 hash."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from mocksrv.world import World

ITERATIONS = 10  # CouchDB 3.3's default, as CHT ships it
LENGTH = 20  # bytes: SHA-1's


def derive(password: str, salt: str, iterations: int = ITERATIONS) -> str:
    """The key that CouchDB derives from a password, as hex."""
    key = hashlib.pbkdf2_hmac("sha1", password.encode("utf-8", "replace"), salt.encode(), iterations, LENGTH)
    return key.hex()


def prepare(world: World, doc: dict[str, Any]) -> dict[str, Any]:
    """A `_users` document as it is stored: the password replaced by its hash."""
    password = doc.get("password")
    if not isinstance(password, str):
        return doc
    salt = world.hex(32)
    kept = {key: value for key, value in doc.items() if key != "password"}
    return {**kept, "password_scheme": "pbkdf2", "iterations": ITERATIONS,
            "derived_key": derive(password, salt), "salt": salt}


def matches(user: Mapping[str, Any], password: str) -> bool:
    """Whether it is the password of a `_users` document."""
    salt, key = user.get("salt"), user.get("derived_key")
    if not isinstance(salt, str) or not isinstance(key, str):
        return False
    return hmac.compare_digest(derive(password, salt, user.get("iterations") or ITERATIONS), key)
