"""Background jobs: the work of the background process (sentinel), and of tasks that register here.

Of sentinel's transitions, simulated are `generate_shortcode_on_contacts`: people get a `patient_id`, places a
`place_id`; and those that register here. Nothing runs in the background of a test: jobs that are due by the world's
clock run before the next request is answered; those that send something are also run by the courier of the outbox. CHT
4.15 source, shared-libs/transitions/src/transitions/generate_shortcode_on_contacts.js.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mocksrv.outbox import Outcome, Record
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types
from mocksrv.world import World

STATE = "cht.background"  # one record: {"seq": up to which update all is done, "due"?: when (ms) the rest will be}
ALARM = "cht.sentinel"
DELAY = 1000  # ms that the process takes to see a change; our choice
BATCH = 500  # documents that it processes at a time
# Functions for each document that was written: with the settings, the document, and the update of the database.
Transition = Callable[[World, dict[str, Any], dict[str, Any], int], None]
TASKS: list[Callable[[World], None]] = []  # functions that are called regularly
SENDERS: list[Callable[[World], None]] = []  # those of them that send something
TRANSITIONS: dict[str, Transition] = {}
End = Callable[[World, Record, Outcome], None]
ENDS: dict[str, End] = {}  # reactions to the end of a call, by the kind of call
SHORTCODES = ("generate_shortcode_on_contacts", "generate_patient_id_on_people")
DIGITS = 5


def regularly(task: Callable[[World], None]) -> Callable[[World], None]:
    """Register a function to be called before each request; it checks the clock itself."""
    TASKS.append(task)
    return task


def after_requests(task: Callable[[World], None]) -> Callable[[World], None]:
    """Register a function to be called after each request, too."""
    SENDERS.append(task)
    return task


def transition(name: str) -> Callable[[Transition], Transition]:
    """Register a function to be called for each document that was written, if the settings switch that transition on.
    """
    def register(run: Transition) -> Transition:
        TRANSITIONS[name] = run
        return run

    return register


def when_ended(*kinds: str) -> Callable[[End], End]:
    """Register a function to be called when a call of that kind has ended."""
    def register(run: End) -> End:
        ENDS.update(dict.fromkeys(kinds, run))
        return run

    return register


def run_due(world: World) -> None:
    """Run the jobs that are due."""
    for task in TASKS:
        task(world)
    look(world)


def look(world: World) -> None:
    """Look for documents that were written, and run the transitions for those written some time ago."""
    table, on = world.table(STATE), app_settings.made(world, "transitions", switched_on) & {*SHORTCODES, *TRANSITIONS}
    state = table.peek("sentinel")
    if not on:
        if state is not None:
            table.delete("sentinel")
            world.alarm(ALARM, None)
        return
    medic = documents.database(world)
    if state is None:
        table.put("sentinel", {"seq": medic.update_seq})
    elif medic.update_seq > state["seq"]:
        due = state.get("due")
        if due is None:
            due = world.clock.ms() + DELAY
            table.put("sentinel", {"seq": state["seq"], "due": due})
        elif world.clock.ms() >= due:
            due = deal_with(world, app_settings.read(world), on, state["seq"])
        if on & TRANSITIONS.keys():
            world.alarm(ALARM, due)


def deal_with(world: World, settings: dict[str, Any], on: set[str], since: int) -> int | None:
    """Run the transitions that are on for documents written after an update; when (ms) there is more to do."""
    medic = documents.database(world)
    updates = medic.updates(since, BATCH)
    for seq, id in updates:
        doc = None if id.startswith("_design/") else medic.get(id)
        if doc is None:
            continue
        if on & set(SHORTCODES):
            give_shortcode(world, settings, doc)
        for name in on & TRANSITIONS.keys():
            TRANSITIONS[name](world, settings, medic.load(id), seq)
    done = updates[-1][0] if len(updates) == BATCH else medic.update_seq
    due = world.clock.ms() if done < medic.update_seq else None
    world.table(STATE).put("sentinel", {"seq": done} | ({} if due is None else {"due": due}))
    return due


def notice(world: World) -> None:
    """After a request: schedule what must be sent for its writes, without waiting for the next request."""
    if app_settings.made(world, "transitions", switched_on) & TRANSITIONS.keys():
        look(world)
    for task in SENDERS:
        task(world)


def switched_on(settings: dict[str, Any]) -> set[str]:
    """The names of the transitions that the settings switch on."""
    given = settings.get("transitions")
    return {
        name for name, value in (given.items() if isinstance(given, dict) else ())
        if javascript.truthy(value) and not (isinstance(value, dict) and value.get("disable"))
    }


def give_shortcode(world: World, settings: dict[str, Any], doc: dict[str, Any]) -> None:
    """A short code for a contact that has none."""
    key = ("patient_id" if contact_types.is_person(settings, doc)
           else "place_id" if contact_types.is_place(settings, doc) else None)
    if key and not javascript.truthy(doc.get(key)):
        documents.database(world).put({**doc, key: new_code(world)})


def new_code(world: World) -> str:
    """Digits that no contact has yet; one more digit after each failure."""
    medic = documents.database(world)
    length = DIGITS
    while True:
        code = world.text("0123456789", length)
        if not medic.docs.count("by_shortcode", code):
            return code
        length += 1
