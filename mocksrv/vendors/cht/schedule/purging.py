"""Purging: a function of the settings says which documents offline users of some roles do not get any more.

Each set of roles has a database `medic-purged-role-<hash>` of them, which replication looks into; a `purgelog:` of
medic-sentinel tells of each run. CHT 4.15 source, sentinel/src/lib/purging.js, shared-libs/purging-utils.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.access.purged_docs import PURGED, database_of, hash_of
from mocksrv.vendors.cht.couch import collation, documents, maintenance
from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.couch_api import infodocs
from mocksrv.vendors.cht.ddocs.mapping import member, truthy
from mocksrv.vendors.cht.ddocs.replication_keys import UNASSIGNED, of_record
from mocksrv.vendors.cht.node import javascript, json_text, vm
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types
from mocksrv.vendors.cht.transitions.change import Doc, subject_ids
from mocksrv.world import World

TASK_DAYS, TARGET_MONTHS = 60, 6  # after which tasks that are done, and targets, go
TERMINAL = ("Cancelled", "Completed", "Failed")
TARGET = "target~"
BATCH = 100  # groups that the function is asked about at once
Roles = dict[str, list[str]]  # by the hash that names their database
Wanted = dict[str, set[str]]  # the ids to purge, by that hash
ASK = """
(() => {
  const held = (names, roles, settings) => [].concat(names).every(name => name.startsWith('!')
    ? !(settings[name.slice(1)] || []).some(role => roles.includes(role))
    : (settings[name] || []).some(role => roles.includes(role)));
  const given = (user, settings) => settings || doc.permissions;
  const api = { v1: {
    hasPermissions: (names, roles, settings) => Boolean(names && roles && roles.length) && (roles.includes('_admin')
      ? ![].concat(names).some(name => name.startsWith('!')) : held(names, roles, given(roles, settings))),
    hasAnyPermission: (groups, roles, settings) => groups.some(names => api.v1.hasPermissions(names, roles, settings)),
    getExtensionLib: () => undefined,
  } };
  const purge = (0, eval)('(' + doc.code + ')');
  return doc.roles.map(roles => doc.groups.map(group => {
    const copy = JSON.parse(JSON.stringify(group));
    const ids = purge({ roles }, copy.contact, copy.reports, copy.messages, api, doc.permissions);
    return Array.isArray(ids) ? ids : [];
  }));
})()
"""


@sentinel.regularly
def run_due(world: World) -> None:
    """Purge, if one of the moments of the settings has come since the last look at them, every five minutes."""
    if not app_settings.made(world, "purge", text):
        return
    table, now = world.table(sentinel.STATE), world.clock.now()
    if sentinel.is_time(world, "purge"):
        from mocksrv.vendors.cht.schedule import text_expressions

        times = text_expressions.schedules(app_settings.read(world)["purge"])
        until = now + timedelta(milliseconds=sentinel.EVERY)
        when = next(text_expressions.moments(times, now, until), None)
        table.put("purging", {"due": None if when is None else round(max(when, now).timestamp() * 1000)})
    due = (table.peek("purging") or {}).get("due")
    if due is not None and world.clock.ms() >= due:
        table.put("purging", {"due": None})
        run(world)


def text(settings: Doc) -> str:
    """The function of the settings; empty without one."""
    config = settings.get("purge")
    code = member(config, "fn")
    scheduled = truthy(member(config, "text_expression")) or truthy(member(config, "cron"))
    return code if isinstance(code, str) and scheduled else ""


def run(world: World) -> None:
    """Work out what is to be purged for each set of roles of offline users, and write what has changed."""
    roles = roles_of_users(world)
    if not roles:
        return
    for hash, names in roles.items():
        name = database_of(hash)
        if name not in documents.names(world):
            maintenance.make(world, name)
        maintenance.put_local(world, name, {"_id": "_local/info", "roles": names})
    try:
        considered, wanted = judged(world, roles)
    except vm.ScriptError as error:
        log(world, roles, f'{{"message":{json_text.text(str(error))}}}')
        return
    old = expired(world)
    for hash in roles:
        update(world, hash, considered | old, wanted[hash] | old)
    log(world, roles)


def roles_of_users(world: World) -> Roles:
    """The different sets of roles that offline users have."""
    found: Roles = {}
    for doc in documents.database(world, "_users").docs.all():
        names = doc.get("roles")
        if isinstance(names, list) and names and app_settings.is_offline(world, names):
            names = sorted({javascript.text(name) for name in names})
            found[hash_of(names)] = names
    return found


def judged(world: World, roles: Roles) -> tuple[set[str], Wanted]:
    """The ids of all documents that the function was asked about, and of those that it purges. Raises ScriptError."""
    considered: set[str] = set()
    wanted: Wanted = {hash: set() for hash in roles}
    together = groups(world)
    for at in range(0, len(together), BATCH):
        batch = together[at:at + BATCH]
        asked = {"code": text(app_settings.read(world)), "roles": list(roles.values()), "groups": batch,
                 "permissions": app_settings.read(world).get("permissions") or {}}
        answers = vm.run(world, ASK, asked)
        for hash, answer in zip(roles, answers, strict=True):
            for group, ids in zip(batch, answer, strict=True):
                wanted[hash] |= ids_of(group).intersection(id for id in ids if isinstance(id, str))
        considered.update(*map(ids_of, batch))
    return considered, wanted


def ids_of(group: Doc) -> set[str]:
    return {one["_id"] for one in (group["contact"], *group["reports"], *group["messages"]) if "_id" in one}


def groups(world: World) -> list[Doc]:
    """Each contact with its reports and messages; and each record that is about nobody. Records about somebody who is
    not there are in none."""
    by_subject: dict[bytes, Doc] = {}
    found = []
    for doc in documents.database(world).docs.all():
        if contact_types.is_contact(doc):
            group: Doc = {"contact": doc, "reports": [], "messages": []}
            found.append(group)
            for subject in subject_ids(doc):
                by_subject.setdefault(collation.key(subject), group)
    for record in documents.database(world).docs.all():
        if record.get("type") != "data_record":
            continue
        try:
            (subject, _), *_ = of_record(record)
        except Thrown:  # the server looks into a view, which lacks all rows of it
            continue
        kind = "reports" if truthy(record.get("form")) else "messages"
        if subject == UNASSIGNED:
            found.append({"contact": {}, "reports": [], "messages": [], kind: [record]})
        elif (about := by_subject.get(collation.key(subject))) is not None:
            about[kind].append(record)
    return found


def expired(world: World) -> set[str]:
    """The ids of tasks that were done long ago, and of targets of months long ago."""
    now = world.clock.now()
    last = (now - timedelta(days=TASK_DAYS)).strftime("%Y-%m-%d")
    months = now.year * 12 + now.month - 1 - TARGET_MONTHS
    medic = documents.database(world)
    done = {doc["_id"] for doc in medic.docs.all() if doc.get("type") == "task" and doc.get("state") in TERMINAL
            and str(member(doc, "emission", "endDate")) <= last}
    month = datetime(months // 12, months % 12 + 1, 1, tzinfo=now.tzinfo)
    return done | set(medic.all_ids(TARGET, f"{TARGET}{month:%Y-%m}~"))


def update(world: World, hash: str, considered: Iterable[str], wanted: set[str]) -> None:
    """Have the database of a set of roles hold the documents that are wanted, of those that were considered."""
    database = documents.database(world, database_of(hash))
    for id in sorted(considered):
        known = f"{PURGED}{id}" in database
        if known and id not in wanted:
            database.delete(f"{PURGED}{id}")
        elif not known and id in wanted:
            database.put({"_id": f"{PURGED}{id}"})


def log(world: World, roles: Roles, error: str | None = None) -> None:
    """Note that a run has ended."""
    kind = "purgelog" if error is None else "purgelog:error"
    doc = {"_id": f"{kind}:{world.clock.ms()}", "date": world.clock.iso(), "roles": roles, "duration": 0,
           "skipped_contacts": []} | ({} if error is None else {"error": error})
    documents.database(world, infodocs.DATABASE).put(doc)
