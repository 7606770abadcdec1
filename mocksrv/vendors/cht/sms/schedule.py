"""Scheduled messages that are due: the background process (sentinel) makes them pending, for a gateway to take.

It looks every five minutes, within the hours of the settings, and ignores messages that are more than a week late.
CHT 4.15 source, sentinel/src/schedule.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import releases, sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.ddocs.mapping import member
from mocksrv.vendors.cht.node import javascript
from mocksrv.vendors.cht.shared_libs import app_settings, lineage, message_tasks
from mocksrv.vendors.cht.sms import states
from mocksrv.vendors.cht.transitions import messages
from mocksrv.vendors.cht.transitions.change import Change, Failed
from mocksrv.world import World

CLEAR = "clear"  # the state's name, though other messages are "cleared"
LATEST = 7 * 24 * 3_600_000  # ms that a message may be late


@sentinel.regularly
def run_due(world: World) -> None:
    """Release due messages, if it is time to look."""
    if sentinel.is_time(world, "schedule") and within_hours(world):
        release(world, world.clock.ms())


def within_hours(world: World) -> bool:
    """Whether messages may go out at this time of day (UTC, as in the shipped containers)."""
    settings, now = app_settings.read(world), world.clock.now()
    begin, end = (
        60 * whole(settings.get(f"schedule_{part}_hours"), hours) + whole(settings.get(f"schedule_{part}_minutes"), 0)
        for part, hours in (("morning", 0), ("evening", 23)))
    return begin <= 60 * now.hour + now.minute <= end


def whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def release(world: World, now: int) -> None:
    """Make the messages that are due pending; those that cannot be made stay, or are cleared if the settings say so."""
    for id in dict.fromkeys(id for _, id in documents.database(world).docs.range("by_scheduled", now - LATEST, now)):
        sentinel.attempt(f"the scheduled messages of {id}", release_of, world, id, now)


def release_of(world: World, id: str, now: int) -> None:
    """The same for those of one document."""
    clears = releases.FAILING_SCHEDULES.holds(world) and javascript.truthy(
        member(app_settings.read(world).get("sms"), "clear_failing_schedules"))
    doc, changed = documents.database(world).load(id), False
    for task in message_tasks.scheduled(doc):
        due = message_tasks.due(doc, task)
        if due is None or not now - LATEST <= due <= now:
            continue
        if is_complete(world, doc, task):
            changed |= states.set_state(task, states.Change(states.PENDING), world.clock.iso())
        elif clears:
            changed |= states.set_state(task, states.Change(CLEAR), world.clock.iso())
    if changed:
        documents.database(world).put(doc)


def is_complete(world: World, doc: dict[str, Any], task: dict[str, Any]) -> bool:
    """Whether a task has messages; those of a translation are generated now, if they can be sent."""
    if not javascript.truthy(task.get("messages")):
        change = Change(world, app_settings.read(world), lineage.hydrate(world, doc, alone=False))
        config = {"translation_key": task.get("message_key"), "message": task.get("message")}
        context = {"patient": change.doc.get("patient"), "place": change.doc.get("place"),
                   "registrations": change.registered(change.field("patient_id")),
                   "placeRegistrations": change.registered(change.field("place_id"))}
        try:
            made = messages.generate(change, config, task.get("recipient"), context)
        except (Failed, Thrown):
            return False
        if "error" in made[0]:
            return False
        task["messages"] = made
    return True
