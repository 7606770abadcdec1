"""Documents that were purged for the roles of a user, and what is kept of them in the database `medic-purged-cache`.

CHT 4.15 source, api/src/services/purged-docs.js, purged-docs-cache.js: each set of roles has a database of what was
purged for it; what of that concerns a user is kept until the account, or what is purged, changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator

from mocksrv.vendors.cht.access.auth import USER
from mocksrv.vendors.cht.access.authorization import Scope
from mocksrv.vendors.cht.couch import documents, maintenance, tables
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.node import javascript, json_text
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

CACHE, KEPT = "medic-purged-cache", "purged-docs-"
PURGED, RUN = "purged:", "purgelog:"  # ids of a role's database, and of the log of runs in medic-sentinel
WATCHED = ("_users", "medic", "medic-sentinel")
HISTORIES = tuple(f"cht.{name}.revs" for name in (*WATCHED, tables.OTHER))  # the cache is one of the others
SETTING = "district_admins_access_unallocated_messages"
# Of the server's state: up to which updates the databases were seen, while anything is kept. Of the world's memory: the
# versions of their tables, for most requests write none.
SEEN = "purged-docs"
BATCH = 1_000


def ids_of(world: World, of: Scope, among: Collection[str]) -> set[str]:
    """The ids of documents purged for a user: those kept for it, whatever they are, else those of its roles."""
    if not among or not of.roles:
        return set()
    if not of.user:
        return of_roles(world, of, among) or set()
    cache = opened(world)
    kept = cache.get(KEPT + of.user)
    if kept is not None and "doc_ids" in kept:
        ids = kept["doc_ids"]
        return {id for id in ids if isinstance(id, str)} if isinstance(ids, list) else set()
    found = of_roles(world, of, among)
    if found is None:
        return set()
    cache.put({**(kept or {"_id": KEPT + of.user}), "doc_ids": sorted(found)})
    return found


def of_roles(world: World, of: Scope, among: Collection[str]) -> set[str] | None:
    """Those of the ids that were purged for the roles; None if nothing ever was."""
    name = database_of(hash_of(javascript.text(role) for role in of.roles))
    if name not in documents.names(world):
        return None
    ids = documents.database(world, name).all_ids(PURGED, f"{PURGED}\ufff0")
    return {id.removeprefix(PURGED) for id in ids} & set(among)


def hash_of(roles: Iterable[str]) -> str:
    """What names the database of a set of roles. CHT 4.15 source, shared-libs/purging-utils."""
    return hashlib.md5(json_text.dumps(sorted(set(roles))), usedforsecurity=False).hexdigest()


def database_of(hash: str) -> str:
    return f"medic-purged-role-{hash}"


def opened(world: World) -> Database:
    """The database of what is kept, made anew after it was wiped."""
    if CACHE not in documents.names(world):
        maintenance.make(world, CACHE)
    return documents.database(world, CACHE)


def notice(world: World) -> None:
    """After a request: forget what is kept of accounts that were written, and all of it when the server has purged, or
    when unallocated messages come to belong to everybody, or no longer do.
    """
    if world.memory.get(SEEN) == versions(world):
        return
    cache, watched = documents.database(world, CACHE), [documents.database(world, name) for name in WATCHED]
    server = world.table(tables.SERVER)
    state, setting = server.peek(SEEN), app_settings.read(world).get(SETTING)
    if state is not None:
        users, medic, sentinel = state["sequences"]
        if setting != state["setting"] or any(runs(watched[2], sentinel)):
            maintenance.drop(world, CACHE)
        for name in {*accounts(watched[0], users), *accounts(watched[1], medic)}:
            forget(cache, name)
    if cache.update_seq:
        server.put(SEEN, {"sequences": [db.update_seq for db in watched], "setting": setting})
    elif state is not None:
        server.delete(SEEN)
    world.memory[SEEN] = versions(world)


def versions(world: World) -> list[int]:
    """The versions of the tables that tell of writes, looked up as fast as can be: every request asks."""
    declared = world.store.declared
    return [declared[name].version for name in HISTORIES]


def written(db: Database, since: int, head: str) -> Iterator[str]:
    """The ids of a kind that were written after an update."""
    while updates := db.updates(since, BATCH):
        yield from (id for _, id in updates if id.startswith(head))
        since = updates[-1][0]


def accounts(db: Database, since: int) -> Iterator[str]:
    """The names of the accounts that were written."""
    return (id.removeprefix(USER) for id in written(db, since, USER))


def runs(sentinel: Database, since: int) -> Iterator[bool]:
    """For each run of the purge whether it is new."""
    logs = (sentinel.peek(id) for id in written(sentinel, since, RUN))
    return (log is not None and str(log["_rev"]).startswith("1-") for log in logs)


def forget(cache: Database, name: str) -> None:
    if (kept := cache.peek(KEPT + name)) is not None:
        cache.put({"_id": kept["_id"], "_rev": kept["_rev"], "_deleted": True})
