"""Databases as a whole: made, deleted, secured. CouchDB 3.3 source, chttpd_db."""

from __future__ import annotations

from typing import Any

from mocksrv.operation import Call
from mocksrv.vendors.cht import app_settings, auth, documents, errors, questions, shapes, wire
from mocksrv.vendors.cht.couchdb import DB, MEDIC, SOURCE, json_body, opened
from mocksrv.vendors.cht.documents import Database
from mocksrv.vendors.cht.vendor import vendor
from mocksrv.world import World


def administered(world: World, call: Call) -> None:
    """Only server admins go on."""
    caller = auth.signed_in(call)
    if not caller.online:
        raise errors.Firewall
    if not caller.admin:
        errors.couch(401, "unauthorized", "You are not a server admin.")


@vendor.operation("PUT", f"/{DB}", f"/{DB}/", name="couch_make_database", statuses=(201,), response=shapes.FINE,
                  proof="source", source=SOURCE)
def make_database(world: World, call: Call) -> Any:
    """Make a database."""
    administered(world, call)
    name = call.params["db"]
    if name in documents.names(world):
        errors.couch(412, "file_exists", "The database could not be created, the file already exists.")
    documents.make(world, name)
    place = ("location", f"{call.base_url}/{name}")
    return wire.CouchReply({"ok": True}, 201, [place], plain_proxy=name != MEDIC)


@vendor.operation("DELETE", f"/{DB}", f"/{DB}/", name="couch_delete_database", response=shapes.FINE, proof="source",
                  source=SOURCE)
def delete_database(world: World, call: Call) -> Any:
    """Delete a database and all that is in it."""
    administered(world, call)
    if call.params["db"] not in documents.names(world):
        raise errors.CouchError(*errors.NO_DATABASE)
    documents.drop(world, call.params["db"])
    return wire.CouchReply({"ok": True}, plain_proxy=call.params["db"] != MEDIC)


# --- who may enter -------------------------------------------------------------------------------------------


def secured(world: World, call: Call) -> Database:
    db = opened(world, call)
    if not call.caller.online:
        raise errors.Firewall
    return db


@vendor.operation("GET", f"/{DB}/_security", name="couch_security", response=shapes.SECURITY_OBJECT, proof="source",
                  source=SOURCE)
def get_security(world: World, call: Call) -> Any:
    """Members and admins of a database."""
    db = secured(world, call)
    stored = world.table(documents.SERVER).peek(f"security/{db.name}")
    roles = app_settings.read(world).get("roles") if db.name == MEDIC else None
    members = ["_admin", *(roles if isinstance(roles, dict) else ())]
    return wire.CouchReply(stored or {"members": {"names": [], "roles": members},
                                      "admins": {"names": [], "roles": ["_admin"]}})


@vendor.operation("PUT", f"/{DB}/_security", name="couch_put_security", response=shapes.FINE,
                  body=questions.SECURITY_BODY, proof="source", source=SOURCE)
def put_security(world: World, call: Call) -> Any:
    """Set members and admins."""
    db = secured(world, call)
    administered(world, call)
    world.table(documents.SERVER).put(f"security/{db.name}", json_body(call))
    return wire.CouchReply({"ok": True})


@vendor.operation("POST", f"/{DB}/_ensure_full_commit", name="couch_full_commit", statuses=(201,),
                  response=shapes.STARTED, proof="source", source=SOURCE)
def full_commit(world: World, call: Call) -> Any:
    """Everything is written at once anyway."""
    secured(world, call)
    return wire.CouchReply({"ok": True, "instance_start_time": "0"}, 201)


@vendor.operation("GET", "/_active_tasks", name="couch_active_tasks", response=shapes.TASKS, proof="source",
                  source=SOURCE)
def active_tasks(world: World, call: Call) -> Any:
    """There are none: nothing here takes time."""
    administered(world, call)
    return wire.CouchReply([])
