"""New accounts with their place and person: one, many, or of several places (v3).

Nothing is undone when a later step fails, as with the server. CHT 4.15 source,
shared-libs/user-management/src/users.js.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.conformance import Difference
from mocksrv.vendors.cht.contacts import creating
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.shared_libs import app_settings, contacts, roles
from mocksrv.vendors.cht.users import accounts, facilities, sso, token_login
from mocksrv.vendors.cht.users.accounts import Data
from mocksrv.world import World

USERNAME = re.compile("[a-z0-9_-]+")


# --- one -------------------------------------------------------------------------------------------------------


def create(world: World, call: Call | None, data: Data) -> Data:
    """One account out of a request's object, or of what the background process makes, without a call; refuses in the
    words of the API."""
    taken = token_login.action(world, data)
    if missing := missing_fields(world, data, taken):
        refuse_missing(missing)
    check_login(world, data, taken)
    return create_all(world, call, data, taken)


def create_of_places(world: World, call: Call, data: Data) -> Data:
    """One account of one or several existing places and an existing person (v3)."""
    taken = token_login.action(world, data)
    if missing := missing_fields(world, data, taken):
        refuse_missing(missing)
    accounts.resolve(data)
    check_login(world, data, taken)
    check_username(world, data["username"])
    facilities.check_places(world, data)
    facilities.check_contact(world, data)
    response: Data = {}
    accounts.create(world, data, response, generated=taken.password == "generated" or sso.wanted(world, data))
    token_login.finish(world, call, taken, javascript.text(data["username"]), response)
    return response


def missing_fields(world: World, data: Data, taken: token_login.Action) -> list[str]:
    """Required properties that are absent, in the server's order."""
    required = ["username"]
    if taken.password == "generated" or not sso.wanted(world, data):
        required.append("phone" if taken.password == "generated" else "password")
    own = data.get("roles")
    if not javascript.truthy(own):
        own = roles.of_type(data["type"]) if javascript.truthy(data.get("type")) else None
    if own is None or (releases.ROLES_CHECKED.holds(world) and not (isinstance(own, list | str) and own)):
        required.append("type or roles")
    elif roles.offline(world, own):
        required += ["place", "contact"]
    return [name for name in required if is_empty(data.get(name))]


def is_empty(value: Any) -> bool:
    """Whether a value is empty: falsy, or a list or object of empty values."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else (value,)
    return not any(isinstance(part, list | dict) or part for part in parts)


def refuse_missing(missing: list[str]) -> None:
    fields = ", ".join(missing)
    accounts.refuse(f"Missing required fields: {fields}", "fields.required", {"fields": fields})


def check_login(world: World, data: Data, taken: token_login.Action) -> None:
    """Check phone and password as the request's row of the table of `token_login` asks for."""
    token_login.prepare(world, taken, data, data, data)
    sso.check(world, data)
    accounts.check_password(world, data.get("password"))


def check_username(world: World, name: Any) -> None:
    """Refuse a name of other characters, or one that either database has; a deleted account keeps its name."""
    if not USERNAME.fullmatch(javascript.text(name)):
        accounts.refuse("Invalid user name. Valid characters are lower case letters, numbers, underscore (_), "
                        "and hyphen (-).", "username.invalid")
    id = accounts.account_id(name)
    if any(id in documents.database(world, database) for database in ("_users", "medic")):
        accounts.refuse(f'Username "{javascript.text(name)}" already taken.', "username.taken",
                        {"username": javascript.text(name)})


def create_all(world: World, call: Call | None, data: Data, taken: token_login.Action) -> Data:
    """The place, the person, both documents and the login link, in this order."""
    given = data.get("place")
    new_place = isinstance(given, list | dict) and not (isinstance(given, dict) and given.get("_rev"))
    response: Data = {}
    check_username(world, data["username"])
    if javascript.truthy(given):
        data["place"] = place_of(world, given)
    add_contact(world, data, response)
    if javascript.truthy(data.get("place")):
        link_contact(world, data, stores=new_place)
    accounts.resolve(data)
    accounts.create(world, data, response, generated=taken.password == "generated" or sso.wanted(world, data))
    token_login.finish(world, call, taken, javascript.text(data["username"]), response)
    return response


def place_of(world: World, given: Any) -> Data:
    """The place of an id, or a new one. On the page a new place may have a parent that does not exist."""
    parent = given.get("parent") if isinstance(given, dict) else None
    if isinstance(parent, str) and Difference.UNKNOWN_PARENT.as_page(world):
        medic = documents.database(world, "medic")
        if parent not in medic:
            orphan = {**given, "parent": {"_id": parent}, "reported_date": world.clock.ms()}
            return medic.load(contacts.store(world, orphan)["id"])
    return creating.get_or_create_place(world, given)


def add_contact(world: World, data: Data, response: Data) -> None:
    """The account's person: an existing one within the place, or a new one there."""
    contact, place = data.get("contact"), data.get("place")
    if not javascript.truthy(contact):
        return
    id = accounts.document_id(contact)
    if id:
        known = documents.database(world, "medic").peek(javascript.text(id))
        if known is not None and releases.CONTACT_LOOK_UP.holds(world) and not contacts.is_contact(
                app_settings.read(world), known):
            errors.fail(404, contacts.NO_PERSON, diagnosis=f"{id} is not a contact")
        if known is not None:
            facilities.check_person(world, known, accounts.document_id(place))
        elif isinstance(contact, dict):
            put_parent(contact, place)
    elif isinstance(contact, dict) and javascript.truthy(contact.get("parent")):
        refuse_parent(world, contact["parent"])
    elif isinstance(contact, dict):
        put_parent(contact, place)
    person = creating.get_or_create_person(world, contact)
    clear_flag(world, person)
    data["contact"] = person
    response["contact"] = {"id": person["_id"], "rev": person["_rev"]}


def refuse_parent(world: World, parent: Any) -> NoReturn:
    """A new person's own `parent` is looked up, but never right: the server compares its id with the whole place."""
    if not isinstance(parent, str):
        errors.fail(400, f"Invalid UUID [{json_text.text(parent)}].")
    contacts.find_place(world, parent)
    facilities.refuse_outside()


def put_parent(contact: Data, place: Any) -> None:
    """Place a new person under the account's place, if there is one."""
    contact.pop("parent", None)
    if javascript.truthy(place):
        contact["parent"] = contacts.minify(place)


def clear_flag(world: World, person: Data) -> None:
    """A person that asked for an account (`user_for_contact.create`) no longer does."""
    asked = person.get("user_for_contact")
    if not isinstance(asked, dict) or not asked.get("create"):
        return
    stored = documents.database(world, "medic").load(person["_id"])
    del stored["user_for_contact"]["create"]
    person["_rev"] = accounts.write(world, "medic", stored)["rev"]
    person["user_for_contact"] = {key: value for key, value in asked.items() if key != "create"}


def link_contact(world: World, data: Data, stores: bool) -> None:
    """Make the person the primary contact of the place that came with it.

    An existing place is not written, although the log of an upload says so, as on the server.
    """
    place = data["place"]
    stored = documents.database(world, "medic").load(place["_id"])
    for doc in (place, stored):
        doc.pop("contact", None)
        if javascript.truthy(data.get("contact")):
            doc["contact"] = contacts.minify(data["contact"])
        if "parent" in place:
            doc["parent"] = contacts.minify(place["parent"])
    if stores:
        accounts.write(world, "medic", stored)


# --- many ------------------------------------------------------------------------------------------------------


def create_each(world: World, call: Call, rows: list[Any]) -> Iterator[tuple[Data, Data]]:
    """An account for each row, one after the other; gives each row with its result or `{"error"}`."""
    check_nulls(world, rows)
    for row in rows:
        data = row if isinstance(row, dict) else {}
        try:
            if row is None:
                errors.fail(500, "Cannot read properties of null (reading 'roles')")
            yield data, create_row(world, call, data)
        except errors.Failure as refused:
            message = accounts.message_of(refused)
            yield data, {} if message is None else {"error": message}


def check_nulls(world: World, rows: list[Any]) -> None:
    """Refuse all rows if one is null."""
    if None in rows and releases.NULL_ROW.holds(world):
        errors.server_error(diagnosis="a row is null")


def create_row(world: World, call: Call, data: Data) -> Data:
    """As `create`, but messages about missing fields and bad phone numbers are plain text."""
    taken = token_login.action(world, data)
    if missing := missing_fields(world, data, taken):
        errors.fail(400, f"Missing required fields: {', '.join(missing)}")
    accounts.resolve(data)
    try:
        token_login.prepare(world, taken, data, data, data)
    except errors.Failure as refused:
        errors.fail(400, refused.body["message"])
    sso.check(world, data)
    accounts.check_password(world, data.get("password"))
    return create_all(world, call, data, taken)


def check_beforehand(world: World, rows: list[Any]) -> None:
    """On the page, which tells of release 3.15, one incomplete row makes all be refused."""
    if not Difference.INCOMPLETE_USERS.as_page(world):
        return
    missing = [missing_fields(world, row, token_login.action(world, row))
               for row in (row if isinstance(row, dict) else {} for row in rows)]
    failing = [(index, fields) for index, fields in enumerate(missing) if fields]
    if failing:
        lines = [f"Missing fields {', '.join(fields)} for user at index {index}" for index, fields in failing]
        details = {"failingIndexes": [{"fields": fields, "index": index} for index, fields in failing]}
        errors.fail(400, "\n".join(["Missing required fields:", *lines]), details)
