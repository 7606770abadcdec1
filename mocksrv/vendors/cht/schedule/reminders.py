"""Reminders: messages to the contacts of places at times of the settings, unless they have reported lately.

CHT 4.15 source, sentinel/src/schedule/reminders.js.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.couch_api import infodocs
from mocksrv.vendors.cht.ddocs.mapping import each, member, truthy
from mocksrv.vendors.cht.node import calendar
from mocksrv.vendors.cht.shared_libs import app_settings, contact_types, contacts, lineage, minifying
from mocksrv.vendors.cht.transitions import messages, processing
from mocksrv.vendors.cht.transitions.change import Change, Doc, Settings
from mocksrv.world import World

Reminder = Mapping[str, Any]
LOG = "reminderlog:"
DURATION = re.compile(r"(\d{1,6}) (minute|day|hour|week)s?")


@sentinel.regularly
def run_due(world: World) -> None:
    """Send the reminders that are due, if it is time to look."""
    wanted = app_settings.made(world, "reminders", configured)
    if not wanted or not sentinel.is_time(world, "reminders"):
        return
    for reminder in wanted:
        run(world, reminder)


def configured(settings: Settings) -> list[Reminder]:
    """The reminders of the settings that are complete."""
    return [one for one in each(settings.get("reminders")) if is_complete(settings, one)]


def is_complete(settings: Settings, reminder: Any) -> bool:
    kinds = member(reminder, "contact_types")
    return bool(
        isinstance(reminder, dict) and isinstance(reminder.get("form"), str) and reminder["form"]
        and (truthy(reminder.get("message")) or truthy(reminder.get("translation_key")))
        and (truthy(reminder.get("text_expression")) or truthy(reminder.get("cron")))
        and (not truthy(kinds) or (isinstance(kinds, list) and kinds and all(
            kind in contact_types.HARDCODED or contact_types.find(settings, kind) for kind in kinds))))


def run(world: World, reminder: Reminder) -> None:
    """Send a reminder, if one of its moments has passed since the last that was sent, or within a day."""
    from mocksrv.vendors.cht.schedule import text_expressions

    now = world.clock.now()
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    log, form = documents.database(world, infodocs.DATABASE), reminder["form"]
    sent = log.all_ids(f"{LOG}{form}:{stamp(start)}", f"{LOG}{form}:{stamp(now)}")
    if sent:
        start = datetime.fromtimestamp(int(sent[-1].rpartition(":")[2]) / 1000, UTC)
    when = text_expressions.previous(text_expressions.schedules(reminder), start, now)
    if when is None or when <= start:
        return
    places = [place for place in waiting(world, reminder, when) if truthy(place.get("contact"))
              and not truthy(place.get("muted"))]
    docs = [made(world, reminder, when, lineage.hydrate(world, place, alone=False)) for place in places]
    documents.database(world).bulk(docs)
    log.put({"_id": f"{LOG}{form}:{stamp(when)}", "duration": 0, "reminder": dict(reminder),
             "reported_date": world.clock.ms(), "type": "reminderlog"})
    for listener in processing.LISTENERS if docs else ():
        listener(world)


def stamp(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def waiting(world: World, reminder: Reminder, when: datetime) -> Iterable[Doc]:
    """The places that have not got this reminder, and have not reported lately."""
    settings, medic = app_settings.read(world), documents.database(world)
    change = Change(world, settings, {})
    for kind in reminder.get("contact_types") or contact_types.leaves(settings):
        for id in change.ids("medic-client", "contacts_by_type", [kind]):
            if reminder_id(reminder, when, id) not in medic and not has_reported(change, reminder, when, id):
                yield medic.load(id)


def reminder_id(reminder: Reminder, when: datetime, place: str) -> str:
    return f"reminder:{reminder['form']}:{stamp(when)}:{place}"


def has_reported(change: Change, reminder: Reminder, when: datetime, place: str) -> bool:
    """Whether a report by that form came from the place, so short a time before that no reminder is needed."""
    span = DURATION.fullmatch(str(reminder.get("mute_after_form_for")))
    if span is None:
        return False
    lately = timedelta(**{f"{span[2]}s": int(span[1])})
    found = change.by_view("medic", "reports_by_form_and_parent", [reminder["form"], place])
    dates = [one["reported_date"] for one in found if isinstance(one.get("reported_date"), int | float)]
    return bool(dates) and stamp(when) <= max(dates) + lately.total_seconds() * 1000


def made(world: World, reminder: Reminder, when: datetime, place: Doc) -> Doc:
    """The document of a reminder, with the message to the place's contact."""
    doc: Doc = {"_id": reminder_id(reminder, when, place["_id"]), "type": "reminder",
                "contact": minifying.minified(place)["contact"],
                "place": {"_id": place["_id"]} | (
                    {"parent": contacts.minify(place["parent"])} if truthy(place.get("parent")) else {}),
                "form": reminder["form"], "reported_date": world.clock.ms(), "tasks": []}
    context = {"templateContext": {"week": str(week(when)), "year": str(when.year)}, "patient": place}
    task = messages.add_message(Change(world, app_settings.read(world), doc), reminder, messages.SENDER, context)
    if task is not None:
        task |= {"form": reminder["form"], "timestamp": calendar.iso(stamp(when)), "type": "reminder"}
    return doc


def week(when: datetime) -> int:
    """The number of a week, which begins on Sunday; the first of a year has its first day in it."""
    begin = when - timedelta(days=when.isoweekday() % 7)
    year = (begin + timedelta(days=6)).year
    first = datetime(year, 1, 1, tzinfo=UTC)
    first -= timedelta(days=first.isoweekday() % 7)
    return (begin.date() - first.date()).days // 7 + 1
