"""The API's reactions to changes of the settings or of a form in the feed of `medic`.

Roles of new settings become members of the database, and stay there. Forms for Enketo get their HTML and their model,
which is another revision of them, after as much time as the server takes. CHT 4.15 source,
api/src/services/config-watcher.js; recorded from 4.15.0.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents, tables
from mocksrv.vendors.cht.couch.documents import Database
from mocksrv.vendors.cht.forms import definitions, generate_xform
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

# A record beside sentinel's: {"seq": up to which the changes were seen that matter, "forms": {id: when due, in ms}}
STATE = "config"
SEEN = "cht.config-seen"  # in a world's memory: up to which all were
# ms until a form has been transformed. The server begins at once and runs xsltproc twice; how long that takes is our
# choice, less than a client needs to start.
DELAY = 200


@sentinel.regularly
def watch(world: World) -> None:
    """Look at what has changed since, and transform the forms that are due."""
    table, medic = world.table(sentinel.STATE), documents.database(world)
    state, seq = table.peek(STATE), medic.update_seq
    if state is None:
        table.put(STATE, {"seq": seq, "forms": {}})
        return
    seen = world.memory.get(SEEN, state["seq"])
    if seen == seq and not state["forms"]:
        return
    now = world.clock.ms()
    waiting, matters = dict(state["forms"]), seen > seq  # what was seen may have been taken back
    for _, id in medic.updates(state["seq"] if matters else seen):
        if id == app_settings.ID:
            let_in(world, medic)
            matters = True
        elif id.startswith(definitions.PREFIX):
            waiting[id] = sentinel.written_at(world) + DELAY
    due = [id for id, when in waiting.items() if when <= now]
    for id in due:
        generate_xform.update(world, medic, id)
    if due:
        seq = medic.update_seq
    forms = {id: when for id, when in waiting.items() if id not in due}
    world.memory[SEEN] = seq
    if matters or forms != state["forms"]:
        table.put(STATE, {"seq": seq, "forms": forms})


def let_in(world: World, medic: Database) -> None:
    """Add the roles of the settings to the members of the database."""
    security = medic.security() or {"members": {"roles": ["_admin", *app_settings.defaults()["roles"]]},
                                    "admins": {"roles": ["_admin"]}}
    members = found if isinstance(found := security.get("members"), dict) else {}
    known = members.get("roles", [])
    if new := [role for role in roles(app_settings.read(world)) if role not in known]:
        members = {**members, "roles": [*known, *new]}
        world.table(tables.SERVER).put(f"security/{medic.name}", {**security, "members": members})


def roles(settings: dict[str, Any]) -> list[str]:
    """The names of the configured roles; for a list its indices."""
    given = settings.get("roles")
    return [str(name) for name in (given if isinstance(given, dict) else
                                   range(len(given)) if isinstance(given, list) else ())]
