"""What happens without a request: the work of the background process (sentinel), and of tasks that register here.

Of sentinel, simulated is `generate_shortcode_on_contacts`: people get a `patient_id`, places a `place_id`. Nothing
runs in the background here: what is due by the world's clock is done before the next request is answered.
CHT 4.15 source, shared-libs/transitions/src/transitions/generate_shortcode_on_contacts.js.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contacts
from mocksrv.world import World

STATE = "cht.background"  # one record: {"seq": up to which update all is done, "due"?: when (ms) the rest will be}
DELAY = 1000  # ms that the process takes to see a change; our choice
TASKS: list[Callable[[World], None]] = []  # what else is done regularly
SHORTCODES = ("generate_shortcode_on_contacts", "generate_patient_id_on_people")
DIGITS = 5


def regularly(task: Callable[[World], None]) -> Callable[[World], None]:
    """Have a function called before each request; it looks at the clock itself."""
    TASKS.append(task)
    return task


def settle(world: World) -> None:
    """Do what is due by now."""
    for task in TASKS:
        task(world)
    shortcodes(world)


def shortcodes(world: World) -> None:
    """Give short codes to contacts that were written a while ago, if the settings say so."""
    table = world.table(STATE)
    state = table.peek("sentinel")
    if not wanted(app_settings.read(world)):
        if state is not None:
            table.delete("sentinel")
        return
    seq = documents.database(world).update_seq
    if state is None:
        table.put("sentinel", {"seq": seq})
    elif seq > state["seq"]:
        due = state.get("due")
        if due is None:
            table.put("sentinel", {"seq": state["seq"], "due": world.clock.ms() + DELAY})
        elif world.clock.ms() >= due:
            give_shortcodes(world, state["seq"])
            table.put("sentinel", {"seq": documents.database(world).update_seq})


def wanted(settings: dict[str, Any]) -> bool:
    """Whether the settings switch the short codes on."""
    on = switched_on(settings)
    return any(name in on for name in SHORTCODES)


def switched_on(settings: dict[str, Any]) -> set[str]:
    """The names of the transitions that the settings switch on."""
    given = settings.get("transitions")
    return {
        name for name, value in (given.items() if isinstance(given, dict) else ())
        if javascript.truthy(value) and not (isinstance(value, dict) and value.get("disable"))
    }


def give_shortcodes(world: World, since: int) -> None:
    """Short codes for the contacts that were written after an update and have none."""
    medic = documents.database(world)
    settings = app_settings.read(world)
    for _, id, history in list(medic.changes(since)):
        doc = None if history.get("deleted") else medic.get(id)
        if doc is None:
            continue
        key = ("patient_id" if contacts.is_person(settings, doc)
               else "place_id" if contacts.is_place(settings, doc) else None)
        if key and not doc.get(key):
            medic.put({**doc, key: new_code(world)})


def new_code(world: World) -> str:
    """Digits that no contact has yet; one more of them after each failure."""
    medic = documents.database(world)
    length = DIGITS
    while True:
        code = world.text("0123456789", length)
        if not medic.docs.count("by_shortcode", code):
            return code
        length += 1
