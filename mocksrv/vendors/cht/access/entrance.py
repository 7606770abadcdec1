"""CouchDB's access checks before it handles a request, and its answers to unknown paths and methods.

CouchDB 3.3 source, chttpd_auth_request (authorize_request_int), chttpd (path handlers).
"""

from __future__ import annotations

import re

from mocksrv.call import Refusal
from mocksrv.vendors.cht import errors, routing
from mocksrv.vendors.cht.access import auth
from mocksrv.vendors.cht.call import Call
from mocksrv.vendors.cht.couch import documents, methods
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

MEDIC = "medic"
OPEN = ("", "favicon.ico", "_up", "_uuids", "_session", "_replicate")  # open to everybody
SYSTEM = ("_users", "_replicator")  # databases whose lists only admins may read
LISTS = ("_all_docs", "_changes")
OF_ADMINS = ("_purge", "_sync_shards", "_purged_infos_limit")  # of any database
OF_DATABASE_ADMINS = ("_compact", "_view_cleanup")
NOT_YOURS = (403, "forbidden", "You are not allowed to access this db.")
NO_ADMIN = "CouchDB's 401, which the API answers in its own way: {} is not an admin"
REWRITE = re.compile(r"/[^/]+/_design/[^/]+/_rewrite(/.*)?")
FORM = (400, "bad_request", "Referer header required.")  # of the old form-based file upload


def require_admin(call: Call, db: Database | None = None) -> None:
    """Refuse all but server admins, and of a database its own admins."""
    caller = auth.signed_in(call)
    if not caller.admin and not (db is not None and named(caller, db, "admins")):
        errors.fail(401, "unauthorized", diagnosis=NO_ADMIN.format(caller.name))


def named(caller: auth.Caller, db: Database, part: str) -> bool:
    """Whether the security of a database names the caller, or one of its roles."""
    listed = (db.security() or {}).get(part)
    return isinstance(listed, dict) and (caller.name in listed.get("names", ())
                                         or not set(caller.roles).isdisjoint(listed.get("roles", ())))


def is_member(world: World, caller: auth.Caller, db: Database) -> bool:
    """Whether the database's security lets the caller in; unless it was set, those of configured roles to `medic`."""
    security = db.security()
    if security is None:
        configured = app_settings.read(world).get("roles") if db.name == MEDIC else None
        return isinstance(configured, dict) and not configured.keys().isdisjoint(caller.roles)
    members = part if isinstance(part := security.get("members"), dict) else {}
    if not any(members.get(kind) for kind in ("names", "roles")):
        return True
    return named(caller, db, "members") or named(caller, db, "admins")


def checked(world: World, call: Call) -> None:
    """Refuse callers whom CouchDB does not let in at all."""
    caller, parts = auth.signed_in(call), call.path.strip("/").split("/")
    first, second = parts[0], parts[1] if len(parts) > 1 else ""
    if first in OPEN:
        return
    if first.startswith("_") and first not in SYSTEM:
        require_admin(call)
        return
    if (second == "" and call.method in ("PUT", "DELETE")) or second in OF_ADMINS or (
            first in SYSTEM and second in LISTS):
        require_admin(call)
        if call.method == "PUT" and second == "":
            return  # it is to be created
    db = existing(world, first)
    if second in OF_DATABASE_ADMINS:
        require_admin(call, db)
    elif not caller.admin and not is_member(world, caller, db):
        errors.couch(*NOT_YOURS)


def existing(world: World, name: str) -> Database:
    """A database, which must exist."""
    if name in documents.names(world):
        return documents.database(world, name)
    refused = errors.CouchError(*errors.NO_DATABASE, diagnosis=(
        f"there is no database {name}; there are {', '.join(documents.names(world))}"))
    if name in ("api", "") or name.startswith("_"):
        refused.diagnosis = None  # the path does not name a database
    raise refused


def nothing(world: World, call: Call) -> Refusal:
    """CouchDB's answer to a path or a method that it does not have."""
    first, _, rest = call.path.strip("/").partition("/")
    if REWRITE.fullmatch(call.path):
        return errors.CouchError(404, "not_found", "missing")
    if call.method == "PUT" and not rest and first and not call.allowed:
        return errors.CouchError(400, "illegal_database_name", errors.BAD_NAME.format(first))
    if first.startswith("_") and first not in documents.names(world) and not call.allowed:
        return errors.CouchError(*errors.NO_DATABASE)
    if first and first != "favicon.ico" and not first.startswith("_"):
        existing(world, first)
    listed = methods.allowed(call.path)
    if call.method == "POST" and listed == methods.DOCUMENT and rest:
        return errors.CouchError(*FORM)
    if call.method in listed.replace("HEAD", "GET,HEAD").split(","):
        return errors.CouchError(404, "not_found", "missing")
    refused = errors.CouchError(405, "method_not_allowed", f"Only {listed} allowed")
    refused.headers.append(("allow", listed))
    return refused


def no_rest(world: World, call: Call) -> None:
    """Refuse a path with more segments than CouchDB's; the API answers offline users all the same."""
    if "rest" in call.params:
        raise nothing(world, call)


def refusal(world: World, call: Call) -> Refusal:
    """The answer to a request that matches no operation of the API or of CouchDB."""
    caller = auth.signed_in(call)
    if routing.makes_own_database(call):
        errors.fail(403, "Insufficient privileges", diagnosis="what CouchDB does not take in a name is escaped there")
    if not caller.online:
        if not routing.is_open_to_offline(call):
            return errors.Firewall()
        if not routing.is_unaudited(call):
            errors.denied("an offline user writes and reads documents alone")
    elif routing.edits(call):
        auth.may_edit(world, call)
    checked(world, call)
    return nothing(world, call)
