"""An account's two documents: `_users` for signing in, and user-settings in `medic` for the rest.

CHT 4.15 source, shared-libs/user-management/src/users.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.couch import document_shape, documents
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import passwords, roles
from mocksrv.vendors.cht.users import password_change
from mocksrv.world import World

Data = dict[str, Any]

# The properties of each document, in its order; roles, place and contact are in both.
USER_FIELDS = ("password", "known")
SETTINGS_FIELDS = ("fullname", "email", "phone", "known", "external_id")
OIDC, OIDC_LOGIN = "oidc_username", "oidc_login"  # in the `_users` document and in the user-settings


def account_id(name: Any) -> str:
    """The `_id` of both documents."""
    return auth.USER + (name if isinstance(name, str) else javascript.text(name))


def refuse(message: str, key: str, params: Mapping[str, Any] | None = None) -> NoReturn:
    """The 400 of a form: message, translation key and, if there are any, its parameters."""
    body: Data = {"message": message, "translationKey": key}
    if params is not None:
        body["translationParams"] = dict(params)
    errors.fail(400, body, diagnosis=message)


def message_of(refused: errors.Failure) -> Any:
    """The message of the server's error object; None for errors of the database, which have none."""
    return None if refused.status == 500 and refused.body == "Server error" else refused.body


def document_id(value: Any) -> Any:
    """The id in a text or an object; None if it has none."""
    if isinstance(value, str):
        return value
    return value.get("_id") if isinstance(value, dict) else None


def resolve(data: Data) -> None:
    """Turn `type`, `place` and `contact` into what documents hold: roles, facility_id (a list) and contact_id."""
    if javascript.truthy(data.get("type")):
        data["roles"] = roles.of_type(data["type"])
    for key, field in (("place", "facility_id"), ("contact", "contact_id")):
        data.pop(field, None)
        if key not in data:
            continue
        value = data[key]
        if javascript.truthy(value):
            places = value if isinstance(value, list) else [value]
            ids = [found for found in map(document_id, places) if found] or None
            found = ids if key == "place" else document_id(value)
            if found is not None or key == "place":
                data[field] = found
        elif value is None:
            data[field] = None


def apply(world: World, doc: Data, data: Data, fields: tuple[str, ...]) -> Data:
    """Copy the sent properties into a document; absent properties stay as they are."""
    doc |= {key: data[key] for key in fields if key in data}
    if javascript.truthy(data.get("roles")):
        doc["roles"] = data["roles"] = roles.stored(world, data["roles"])
    elif "roles" in data:
        doc["roles"] = data["roles"]
    for key, field in (("place", "facility_id"), ("contact", "contact_id")):
        if field in data:
            doc[field] = data[field]
        elif key in data:
            doc.pop(field, None)
    if OIDC in data and releases.SSO.holds(world):
        doc |= {OIDC: data[OIDC]} if doc["type"] == "user" else {OIDC_LOGIN: javascript.truthy(data[OIDC])}
    return doc


def check_password(world: World, password: Any) -> None:
    """Refuse a weak password. The page's own examples use `secret`, which the server refuses."""
    problem = None if Difference.WEAK_PASSWORD.as_page(world) else passwords.problem(password)
    if problem:
        errors.fail(400, problem, diagnosis=f"{problem['message']} Score {passwords.score(password)}, "
                                            f"needed are {passwords.MINIMUM_SCORE}")


def find(world: World, name: str, database: str = "_users") -> Data:
    """A copy of one of an account's documents; refuses with 404."""
    found = documents.get(world, database, account_id(name))
    if found is None:
        which = "users" if database == "_users" else database
        errors.fail(404, f"Failed to find user with name [{name}] in the [{which}] database.")
    return found


def find_both(world: World, name: str) -> tuple[Data, Data]:
    """Copies of both documents of an account: `_users` and user-settings; refuses with 404."""
    return find(world, name), find(world, name, "medic")


def create(world: World, data: Data, response: Data, *, generated: bool) -> None:
    """Write both documents of a new account and put their ids and revisions into the response.

    `generated`: nobody knows the password.
    """
    name = data.get("username")
    for database, kind, fields, key in (("_users", "user", USER_FIELDS, "user"),
                                        ("medic", "user-settings", SETTINGS_FIELDS, "user-settings")):
        doc = apply(world, {"name": name, "type": kind}, data, fields)
        if kind == "user":
            doc = password_change.marked(world, doc, data.get(password_change.FIELD), generated=generated, others=True)
        response[key] = write(world, database, {**doc, "_id": account_id(name)})


def write(world: World, database: str, doc: Data) -> Data:
    """Store a document; its id and new revision."""
    if database == "_users" and not isinstance(doc.get("name"), str | list):
        errors.server_error(diagnosis="the username must be a text; the database's check fails at numbers")
    try:
        stored = documents.put(world, database, doc)
    except documents.Conflict as error:
        errors.fail(409, error.reason)
    except documents.Forbidden as error:
        errors.fail(403, error.reason)
    except document_shape.Invalid as error:
        errors.fail(400, error.reason)
    except errors.CouchError as error:
        errors.fail(error.status, error.body["reason"])
    return {"id": stored["id"], "rev": stored["rev"]}
