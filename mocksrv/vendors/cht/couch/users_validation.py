"""CouchDB's rules for documents in `_users`, whoever writes them: the `validate_doc_update` of its `_design/_auth`.

CouchDB 3.3 source, src/couch/include/couch_js_functions.hrl; its rules for users who are not admins are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht.node import javascript, json_text

SCHEMES = ("simple", "pbkdf2", "bcrypt")


def problem(doc: Mapping[str, Any], old: Mapping[str, Any] | None) -> str | None:
    """Why a document may not be written over an old one, or None; deletions are free."""
    if doc.get("_deleted") is True:
        return None
    roles, name = doc.get("roles"), doc.get("name")
    if doc.get("type") != "user" or (old is not None and old.get("type") != "user"):
        return "doc.type must be user"
    if not javascript.truthy(name):
        return "doc.name is required"
    if not javascript.truthy(roles):
        return "doc.roles must exist"
    if not isinstance(roles, list):
        return "doc.roles must be an array"
    if not all(isinstance(role, str) for role in roles):
        return "doc.roles can only contain strings"
    if doc.get("_id") != f"org.couchdb.user:{name if isinstance(name, str) else javascript.text(name)}":
        return "Doc ID must be of the form org.couchdb.user:name"
    if old is not None and old.get("name") != name:
        return "Usernames can not be changed."
    return password_problem(doc) or system_problem(name, roles)


def password_problem(doc: Mapping[str, Any]) -> str | None:
    """The problem of inconsistent hash fields; they are checked before a password in clear is hashed."""
    password, scheme = doc.get("password"), doc.get("password_scheme")
    if password is not None and not isinstance(password, str):
        return f"Password value of '{json_text.text(password)}' is invalid."
    if scheme and scheme not in SCHEMES:
        return f"Password scheme `{javascript.text(scheme)}` not supported."
    if scheme == "pbkdf2":
        if isinstance(doc.get("iterations"), bool) or not isinstance(doc.get("iterations"), int | float):
            return "iterations must be a number."
        if not isinstance(doc.get("derived_key"), str):
            return "derived_key must be a string."
    return None


def system_problem(name: Any, roles: list[str]) -> str | None:
    """The problem of names and roles that the system reserves."""
    if any(role.startswith("_") for role in roles):
        return "No system roles (starting with underscore) in users db."
    if isinstance(name, str | list) and name[:1] in ("_", ["_"]):
        return "Username may not start with underscore."
    if isinstance(name, str | list) and ":" in name:
        return "Character `:` is not allowed in usernames."
    return None
