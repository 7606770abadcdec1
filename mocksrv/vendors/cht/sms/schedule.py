"""Scheduled messages that are due: the background process (sentinel) makes them pending, for a gateway to take.

It looks every five minutes, within the hours of the settings, and ignores messages that are more than a week late.
CHT 4.15 source, sentinel/src/schedule.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.shared_libs import app_settings, message_tasks
from mocksrv.vendors.cht.sms import states
from mocksrv.world import World

EVERY = 5 * 60_000  # ms
LATEST = 7 * 24 * 3_600_000  # ms that a message may be late


@sentinel.regularly
def run_due(world: World) -> None:
    """Release due messages, if it is time to look."""
    table = world.table(sentinel.STATE)
    last, now = table.peek("schedule"), world.clock.ms()
    if last is not None and 0 <= now - last["at"] < EVERY:
        return
    table.put("schedule", {"at": now})
    if within_hours(world):
        release(world, now)


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
    """Make the messages that are due pending."""
    medic = documents.database(world)
    for id in dict.fromkeys(id for _, id in medic.docs.range("by_scheduled", now - LATEST, now)):
        doc = medic.load(id)
        for task in message_tasks.scheduled(doc):
            due = message_tasks.due(doc, task)
            if due is not None and now - LATEST <= due <= now:
                states.set_state(task, states.Change(states.PENDING), world.clock.iso())
        medic.put(doc)
