"""CHT's part of own data: app settings, credentials, accounts, people and places by the API's rules, and documents."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import partial
from typing import Any

from mocksrv.call import Refusal
from mocksrv.imports import Record, Table, Wrong
from mocksrv.imports.asked import words
from mocksrv.vendors.cht import releases
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.contacts import creating as contacts
from mocksrv.vendors.cht.couch import attachments, document_shape, documents
from mocksrv.vendors.cht.shared_libs import app_settings, settings_changes
from mocksrv.vendors.cht.sms import credentials
from mocksrv.vendors.cht.users import creating as users
from mocksrv.world import World

DATABASES = ("medic", "_users", "medic-users-meta", "medic-sentinel", "medic-logs")
VAULT, CREDENTIAL = "medic-vault", "credential:"
BUNDLED = ("_design/", "messages-", "build:", "upgrade_log:")  # what an installation brings along


def tables() -> tuple[Table, ...]:
    return (
        Table("settings", "the app settings, merged into those that are there", take_settings, give_settings, True),
        Table("credentials", "secrets of other services by their keys", take_credentials, give_credentials, True),
        Table("places", "places, as POST /api/v1/places takes them", take_place),
        Table("people", "people, as POST /api/v1/people takes them", take_person),
        *(Table(name, f"documents of the database {name}", partial(take_doc, name), partial(give_docs, name))
          for name in DATABASES),
        Table("users", "accounts, as POST /api/v1/users takes them", take_user),
    )


def take_settings(world: World, record: Record) -> None:
    try:
        app_settings.update(world, record, "merge")
    except settings_changes.Unstorable as error:
        raise Wrong(f"cannot merge {error}") from None


def give_settings(world: World) -> Iterator[Record]:
    yield dict(app_settings.read(world))


def take_credentials(world: World, record: Record) -> None:
    for key, secret in record.items():
        if not isinstance(secret, str) or not secret:
            raise Wrong("a credential is a text", key)
        credentials.write(world, key, secret)


def give_credentials(world: World) -> Iterator[Record]:
    ids = documents.database(world, VAULT).all_ids(CREDENTIAL, f"{CREDENTIAL}~")
    keys = [id.removeprefix(CREDENTIAL) for id in ids]
    found = {key: secret for key in keys if (secret := credentials.read(world, key)) is not None}
    if found:
        yield found


def admin(world: World) -> Call:
    """A call of the server's admin, for what the API wants to know of one."""
    call = Call(method="POST", path="/api/v1/users", target="/api/v1/users", headers={}, host="127.0.0.1:8080",
                prefix=world.prefix)
    call.caller, call.release = auth.Caller("admin", ("_admin",)), world.settings[releases.SETTING]
    return call


def take_user(world: World, record: Record) -> None:
    """An account: `username`, `password`, `roles`, and for offline ones `place` and `contact`."""
    try:
        users.create(world, admin(world), dict(record))
    except Refusal as refusal:
        raise Wrong(words(refusal), *member_of(record, refusal)) from None
    except documents.NotFound as error:
        raise Wrong(str(error)) from None


def member_of(record: Record, refusal: Refusal) -> tuple[str, ...]:
    """The member that a refusal speaks of, as its translation key tells."""
    key = refusal.body.get("translationKey", "") if isinstance(refusal.body, dict) else ""
    name = str(key).partition(".")[0]
    return (name,) if name in record else ()


def take_person(world: World, record: Record) -> None:
    made(contacts.create_person, world, record)


def take_place(world: World, record: Record) -> None:
    made(contacts.create_place, world, record)


def made(create: Any, world: World, record: Record) -> None:
    try:
        create(world, dict(record))
    except Refusal as refusal:
        raise Wrong(words(refusal)) from None
    except (documents.NotFound, documents.Conflict, documents.Forbidden, document_shape.Invalid) as error:
        raise Wrong(str(error)) from None


def take_doc(name: str, world: World, record: Record) -> None:
    """A document; one of that `_id` gets another revision, whatever `_rev` says."""
    db = documents.database(world, name)
    doc = {key: value for key, value in record.items() if key != "_rev"}
    if not isinstance(doc.get("_id"), str):
        raise Wrong("a document needs _id, a text", *(["_id"] if "_id" in doc else []))
    if (known := db.peek(doc["_id"])) is not None:
        doc["_rev"] = known["_rev"]
    try:
        db.put(doc)
    except (documents.Conflict, documents.Forbidden, document_shape.Invalid, attachments.BadData,
            attachments.Unknown) as error:
        raise Wrong(str(error) or type(error).__name__) from None


def give_docs(name: str, world: World) -> Iterator[Record]:
    """The documents but those of the installation, with their attachments."""
    db = documents.database(world, name)
    for id in db.all_ids():
        if id.startswith(BUNDLED) or (name == "medic" and id == app_settings.ID):
            continue
        doc = {key: value for key, value in db.load(id).items() if key != "_rev"}
        if "_attachments" in doc:
            doc["_attachments"] = {
                file: {"content_type": stub["content_type"],
                       "data": base64.b64encode(attachments.read(world, stub)).decode()}
                for file, stub in doc["_attachments"].items()}
        yield doc
