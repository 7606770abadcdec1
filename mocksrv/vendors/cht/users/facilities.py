"""The places and the person of an account, where both exist already.

CHT 4.15 source, shared-libs/user-management/src/users.js (validateUserFacility, validateUserContact).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from mocksrv.vendors.cht import errors, releases
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, contacts, roles
from mocksrv.vendors.cht.users import accounts
from mocksrv.vendors.cht.users.accounts import Data
from mocksrv.world import World

PLACE = {"field": "Place"}
KEY = "field is required"  # in the place of a translation key


def check_places(world: World, data: Data, user: Data | None = None) -> None:
    """Refuse places that do not exist, several without the permission for that, and none for an offline user.

    `user` is the stored account of an update; `data` went through `accounts.resolve`.
    """
    own = (user or data).get("roles")
    if javascript.truthy(data.get("place")):
        ids = data.get("facility_id")
        if not ids:
            accounts.refuse("Invalid facilities list", KEY, PLACE)
        several = isinstance(data["place"], list) and len(data["place"]) > 1
        if several and not (own and app_settings.allows(world, own, "can_have_multiple_places")):
            accounts.refuse("This user cannot have multiple places", KEY, PLACE)
        for id in ids:
            check_place(world, id)
    elif "place" in data and data["place"] is None and javascript.truthy(own) and roles.offline(world, own):
        accounts.refuse("Place field is required for offline users", KEY, PLACE)


def check_place(world: World, id: Any) -> None:
    """Refuse what is not a place; the server's message has "undefined" for an unknown id."""
    database = documents.database(world, "medic")
    doc = database.peek(id) if isinstance(id, str) else None
    if doc is None and not (isinstance(id, str) and database.history(id)):
        errors.fail(404, "Failed to find place undefined", diagnosis=f"there is no document {id!r}")
    if doc is None or not contact_types.is_place(app_settings.read(world), doc):
        errors.fail(404, f"Failed to find place {id}", diagnosis="it is deleted or no place")


def check_contact(world: World, data: Data, user: Data | None = None) -> None:
    """Refuse a contact that is not a person, or not within the account's places. Without any place every contact is
    refused. A `null` contact is never refused: the server's check for offline users does not work (it reads
    `roles.roles`).
    """
    if not javascript.truthy(data.get("contact")):
        return None
    ids = javascript.first(data.get("facility_id"), (user or {}).get("facility_id"))
    doc = find_contact(world, data.get("contact_id"))
    refused: errors.Failure | None = None
    for id in ids if ids and isinstance(ids, list) else [ids or None]:
        try:
            return check_person(world, doc, id)
        except errors.Failure as error:
            refused = refused or error
    assert refused
    raise refused


def find_contact(world: World, id: Any) -> Mapping[str, Any]:
    """The document of an account's contact; refuses a missing one."""
    medic = documents.database(world, "medic")
    if releases.CONTACT_LOOK_UP.holds(world):
        if id is None:
            errors.fail(400, "Invalid UUID [undefined].", diagnosis="give the contact as an id, or with its _id")
        doc = medic.peek(javascript.text(id))
        if doc is None or not contacts.is_contact(app_settings.read(world), doc):
            errors.fail(404, f"Contact not found [{javascript.text(id)}].", diagnosis="it is not there or no contact")
        return doc
    doc = medic.peek(javascript.text(id))
    if doc is None:
        errors.fail(404, "deleted" if medic.history(javascript.text(id)) else "missing")
    return doc


def check_person(world: World, doc: Mapping[str, Any], place: Any) -> None:
    """Refuse a document that is not a person, or not within the place of that id."""
    if not contact_types.is_person(app_settings.read(world), doc):
        accounts.refuse("Wrong type, contact is not a person.", "contact.type.wrong")
    if place is None or place not in contact_types.lineage_ids(doc):
        refuse_outside()


def refuse_outside() -> NoReturn:
    accounts.refuse("Contact is not within place.", "configuration.user.place.contact")
