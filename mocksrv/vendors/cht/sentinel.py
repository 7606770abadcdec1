"""Background jobs: the work of the background process (sentinel), and of tasks that register here.

Nothing runs in the background of a test: jobs that are due by the world's clock run before the next request is
answered; those that send something are also run by the courier of the outbox. The process follows all documents that
are written, its own too, as soon as the settings name a transition, be it switched off. While their settings are
wrong, it waits. CHT 4.15 source, sentinel/src/lib/feed.js, shared-libs/transitions/src/transitions/index.js.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from itertools import chain
from typing import Any, NamedTuple

from mocksrv.call import Refusal
from mocksrv.outbox import Outcome, Record
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch.stored_documents import sequence
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.world import World

log = logging.getLogger("mocksrv")
STATE = "cht.background"  # one record: {"seq": up to which update all is done, "due"?: when (ms) the rest will be}
ALARM = "cht.sentinel"
LAST_REQUEST = "cht.last-request"  # in a world's memory: when (ms) the background was last run
DELAY = 2000  # ms that the process takes to work on a change; recorded: not yet after 1.4 s, done after 3.3 s
BATCH = 500  # documents that it processes at a time
EVERY = 5 * 60_000  # ms between the runs of its tasks
PASSES = 10  # times that it follows its own writes at once
# Functions for each document that was written: with the settings, the document, and the update of the database.
Transition = Callable[[World, dict[str, Any], dict[str, Any], int], None]
TASKS: list[Callable[[World], None]] = []  # functions that are called regularly
SENDERS: list[Callable[[World], None]] = []  # those of them that send something
CLEANERS: list[Callable[[World, str], None]] = []  # functions for each document that was deleted: with its id
FOLLOWERS: list[Transition] = []  # those that are called whatever is switched on
TRANSITIONS: dict[str, Transition] = {}  # those of one transition
SENDING = frozenset(("mark_for_outbound",))  # those that send something, which no request is waited for
# All transitions that there are, in the server's order, in which they run.
ORDER = ("update_clinics", "self_report", "registration", "accept_patient_reports", "accept_case_reports",
         "generate_shortcode_on_contacts", "generate_patient_id_on_people", "default_responses", "update_sent_by",
         "death_reporting", "conditional_alerts", "multi_report_alerts", "update_notifications",
         "update_scheduled_reports", "resolve_pending", "muting", "mark_for_outbound", "create_user_for_contacts")
# Functions that look at the settings of a transition of a name, and raise Misconfigured.
CHECKS: list[Callable[[str, dict[str, Any]], None]] = []
End = Callable[[World, Record, Outcome], None]
ENDS: dict[str, End] = {}  # reactions to the end of a call, by the kind of call
DATABASE, PLACES, LONGEST = "medic-sentinel", ("_local/transitions-seq", "_local/background-seq"), 15


def regularly(task: Callable[[World], None]) -> Callable[[World], None]:
    """Register a function to be called before each request; it checks the clock itself."""
    TASKS.append(task)
    return task


def after_requests(task: Callable[[World], None]) -> Callable[[World], None]:
    """Register a function to be called after each request, too."""
    SENDERS.append(task)
    return task


def is_time(world: World, task: str) -> bool:
    """Whether five minutes have passed since this was asked for a task the last time that it was so."""
    table, now = world.table(STATE), world.clock.ms()
    last = table.peek(task)
    if last is not None and 0 <= now - last["at"] < EVERY:
        return False
    table.put(task, {"at": now})
    return True


def cleaner(run: Callable[[World, str], None]) -> Callable[[World, str], None]:
    """Register a function to be called for each document that was deleted, with its id."""
    CLEANERS.append(run)
    return run


def follower(run: Transition) -> Transition:
    """Register a function to be called for each document that was written."""
    FOLLOWERS.append(run)
    return run


def checker(check: Callable[[str, dict[str, Any]], None]) -> Callable[[str, dict[str, Any]], None]:
    """Register a function that looks at the settings of each transition that is switched on."""
    CHECKS.append(check)
    return check


def transition(name: str) -> Callable[[Transition], Transition]:
    """Register a function to be called for each document that was written, if the settings switch a transition on."""
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
    for task in chain(TASKS, (look,)):
        attempt(task.__module__, task, world)
    world.memory[LAST_REQUEST] = world.clock.ms()


def written_at(world: World) -> int:
    """When (ms) was written what nobody has seen yet: during the last request, or by the control plane after it. The
    process has worked on it since."""
    now = world.clock.ms()
    last: int = world.memory.get(LAST_REQUEST, now)
    return min(now, last)


def attempt(what: str, job: Callable[..., None], *arguments: Any) -> None:
    """Run a part of the work. What fails is told to the log and passed over, as by the server, whose process goes on:
    else each request from then on would fail by the same document."""
    try:
        job(*arguments)
    except Refusal as refusal:
        log.warning("the background process passed over %s: %s", what, refusal.diagnosis or refusal.body)
    except Exception:
        log.exception("the background process passed over %s", what)


class Duty(NamedTuple):
    """What the settings have the process do."""

    idle: bool  # they name no transition
    halted: bool  # those that they name are misconfigured
    on: frozenset[str]


def duty(settings: dict[str, Any]) -> Duty:
    try:
        return Duty(not settings.get("transitions"), False, frozenset(configured(settings)))
    except Misconfigured:
        return Duty(False, True, frozenset())


def look(world: World) -> None:
    """Look for documents that were written, and run the transitions for those written some time ago."""
    table, work = world.table(STATE), app_settings.made(world, "background", duty)
    state = table.peek("sentinel")
    if work.idle:
        if state is not None:
            table.delete("sentinel")
            world.alarm(ALARM, None)
        return
    medic = documents.database(world)
    if state is None:
        table.put("sentinel", {"seq": medic.update_seq})
    elif medic.update_seq > state["seq"] and not work.halted:
        due = state.get("due")
        if due is None:
            due = written_at(world) + DELAY
            table.put("sentinel", {"seq": state["seq"], "due": due})
        if world.clock.ms() >= due:
            due = deal_with_all(world, work.on, state["seq"])
        if work.on & SENDING:
            world.alarm(ALARM, due)


def deal_with_all(world: World, on: frozenset[str], since: int) -> int | None:
    """Run the transitions for a batch of documents written after an update, and for what they write; when (ms) there
    is more to do."""
    medic, settings = documents.database(world), app_settings.read(world)
    # Something is written from here on, so the world answers nobody else meanwhile, who would begin the same work.
    world.table(STATE).put("sentinel", {"seq": since})
    done = deal_with(world, settings, on, since)
    for _ in range(PASSES):
        if done >= medic.update_seq:
            break
        done = deal_with(world, settings, on, done)
    due = world.clock.ms() if done < medic.update_seq else None
    world.table(STATE).put("sentinel", {"seq": done} | ({} if due is None else {"due": due}))
    return due


def deal_with(world: World, settings: dict[str, Any], on: frozenset[str], since: int) -> int:
    """Run the transitions that are on for a batch of documents written after an update; up to which all is done."""
    medic = documents.database(world)
    runs = [*FOLLOWERS, *(TRANSITIONS[name] for name in ORDER if name in on and name in TRANSITIONS)]
    updates = medic.updates(since, BATCH)
    until = updates[-1][0] if len(updates) == BATCH else medic.update_seq
    for seq, id in updates:
        if id.startswith("_design/"):
            continue
        if id not in medic:
            for clean in CLEANERS:
                clean(world, id)
            continue
        for run in runs:
            if (latest := medic.get(id)) is not None:
                attempt(f"{id} in {run.__module__}", run, world, settings, latest, seq)
    return until


def place(world: World, stored: Mapping[str, Any] | None, id: str) -> Mapping[str, Any]:
    """The local document that says up to which update the process has come, unless a client's own is further."""
    state, medic = world.table(STATE).peek("sentinel"), documents.database(world)
    seq = medic.update_seq if state is None else state["seq"]
    number = str((stored or {}).get("value")).partition("-")[0]
    if stored is not None and number.isdecimal() and len(number) <= LONGEST and int(number) >= seq:
        return stored
    return {"_id": id, "_rev": "0-1", **(stored or {}), "value": sequence(seq)}


def notice(world: World) -> None:
    """After a request: schedule what must be sent for its writes, without waiting for the next request."""
    if app_settings.made(world, "transitions", switched_on) & SENDING:
        attempt(look.__module__, look, world)
    for task in SENDERS:
        attempt(task.__module__, task, world)


class Misconfigured(Exception):
    """The settings of a transition are wrong, which the server's log tells."""


def configured(settings: dict[str, Any], among: Collection[str] = ORDER) -> set[str]:
    """The names of the transitions that the settings switch on. Raises Misconfigured for a name that is none, even if
    it is switched off, and for one among these whose own settings are wrong: then none runs."""
    given = settings.get("transitions")
    if given and isinstance(given, list | str):
        raise Misconfigured("transitions must be an object")
    named = given if isinstance(given, dict) else {}
    if unknown := [name for name in named if name not in ORDER]:
        raise Misconfigured(f"there are no transitions {', '.join(unknown)}")
    found = {name for name, value in named.items() if name in among and javascript.truthy(value)
             and not (isinstance(value, dict) and javascript.truthy(value.get("disable")))}
    for name in found:
        for check in CHECKS:
            check(name, settings)
    return found


def switched_on(settings: dict[str, Any]) -> set[str]:
    """The transitions that run in the background, which is none if the settings are wrong."""
    try:
        return configured(settings)
    except Misconfigured:
        return set()
