"""`create_user_for_contacts`: accounts for new people that ask for one, and for those who take over a device.

The new account gets its login link by SMS; that of whom somebody follows gets a password that nobody knows. CHT source,
shared-libs/transitions/src/transitions/create_user_for_contacts.js, as it was before 4.2; what came with 4.2
(`create`) from the CHT documentation of the transition and tests/integration/sentinel of cht-core.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from mocksrv.vendors.cht import errors, sentinel
from mocksrv.vendors.cht.contacts import creating as contacts_creating
from mocksrv.vendors.cht.ddocs.mapping import member, truthy
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.shared_libs import contact_types, passwords
from mocksrv.vendors.cht.transitions.change import Change, Doc, Failed, Settings, Transition
from mocksrv.vendors.cht.users import accounts, creating, token_login
from mocksrv.world import World

T = TypeVar("T")
NAME, ASKED = "create_user_for_contacts", "user_for_contact"
READY, COMPLETE, ERROR = "READY", "COMPLETE", "ERROR"
DIGITS, MORE_AFTER, MOST_TRIES = 4, 10, 101  # of the number behind a name; one more after each ten that are taken
OTHERS, SPACE = re.compile("[^a-z0-9 ]"), re.compile(" +")


def check(settings: Settings) -> None:
    """Whether there can be login links. Raises Misconfigured."""
    if not token_login.enabled(settings):
        raise sentinel.Misconfigured(f"token_login must be enabled for {NAME}")
    if not truthy(settings.get("app_url")):
        raise sentinel.Misconfigured(f"{NAME} needs app_url")


def replaced(doc: Doc) -> list[str]:
    """The names of the accounts of this person that somebody else is to follow."""
    found = member(doc, ASKED, "replace")
    return [name for name, one in found.items() if member(one, "status") == READY] if isinstance(found, dict) else []


def asks(change: Change) -> bool:
    """Whether a new person asks for an account; later changes of a person do not count."""
    return change.new and member(change.doc, ASKED, "create") == "true"


def concerns(change: Change) -> bool:
    return contact_types.is_person(change.settings, change.doc) and (asks(change) or bool(replaced(change.doc)))


def run(change: Change) -> bool:
    """Make the accounts; what fails does not keep the others from it. Raises Failed."""
    tasks = [partial(replace, change, name) for name in replaced(change.doc)]
    if asks(change):
        tasks.append(partial(create, change))
    problems = []
    for task in tasks:
        try:
            task()
        except Failed as error:
            problems.append(str(error))
    if problems:
        raise Failed(", ".join(problems), changed=True)
    return True


def replace(change: Change, name: str) -> None:
    """An account for the person who follows this one, who can no longer sign in. Raises Failed."""
    world, wish = change.world, change.doc[ASKED]["replace"][name]
    try:
        person = successor(world, wish.get("replacement_contact_id"))
        user, _ = told(accounts.find_both, world, name)
        make(world, user.get("roles"), person)
        told(reset_password, world, name)
    except Failed:
        wish["status"] = ERROR
        raise
    wish["status"] = COMPLETE


def successor(world: World, id: Any) -> Doc:
    if not truthy(id):
        raise Failed("No id was provided for the new replacement contact.")
    return told(contacts_creating.get_or_create_person, world, id)


def create(change: Change) -> None:
    """An account for this person, who no longer asks for one then. Raises Failed."""
    doc = change.doc
    given = doc.get("roles")
    roles = given if isinstance(given, list) and given else [doc["role"]] if truthy(doc.get("role")) else None
    if roles is None:  # the beginning of the sentence is ours
        raise Failed(f'Contact [{doc["_id"]}] must have a "role" or "roles" property.')
    made = make(change.world, roles, doc)
    doc["_rev"] = made["contact"]["rev"]  # the person was saved without its wish
    del doc[ASKED]["create"]


def make(world: World, roles: Any, person: Doc) -> accounts.Data:
    """An account with a login link, as the API makes it: its answer. Raises Failed."""
    name = person.get("name")
    if not truthy(name):
        raise Failed(f"Replacement contact [{person['_id']}] must have a name.")
    if not isinstance(name, str):
        raise Failed("contactName.normalize is not a function")
    if person.get("parent") is None:
        raise Failed("Cannot read properties of undefined (reading '_id')")
    user = {"username": new_name(world, name), "token_login": True, "roles": roles, "phone": person.get("phone"),
            "place": member(person["parent"], "_id"), "contact": person["_id"], "fullname": name}
    try:
        return creating.create(world, None, {key: value for key, value in user.items() if value is not None})
    except errors.Failure as refused:
        if isinstance(refused.body, str):
            raise Failed(refused.body) from None
        raise Failed(f"Error creating new user: {json_text.text(refused.body['message'])}") from None


def new_name(world: World, name: str) -> str:
    """The letters and digits of a name, and a number, that no account has yet. Raises Failed."""
    plain = unicodedata.normalize("NFD", name).lower().strip(javascript.SPACES)
    plain = SPACE.sub("-", OTHERS.sub("", plain))
    for tries in range(MOST_TRIES):
        found = f"{plain}-{world.text('0123456789', DIGITS + tries // MORE_AFTER)}"
        try:
            creating.check_username(world, found)
        except errors.Failure:
            continue
        return found
    raise Failed(f"Could not generate a unique username for contact [{name}].")


def reset_password(world: World, name: str) -> None:
    """A password that nobody knows."""
    user = accounts.find(world, name)
    accounts.write(world, "_users", {**user, "password": passwords.generate(world)})


def told(function: Callable[..., T], *arguments: Any) -> T:
    """What a function of the API gives; Failed, if it refuses."""
    try:
        return function(*arguments)
    except errors.Failure as refused:
        raise Failed(javascript.text(accounts.message_of(refused))) from None


CREATE_USER_FOR_CONTACTS = Transition(concerns, run, again=True, check=check)
