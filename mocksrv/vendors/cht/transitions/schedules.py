"""Schedules of messages: the tasks of a report that are due on later days.

CHT 4.15 source, shared-libs/transitions/src/lib/schedules.js.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import each, first, member, truthy
from mocksrv.vendors.cht.node import calendar, durations, javascript, json_text, timestamps
from mocksrv.vendors.cht.outbound import object_path
from mocksrv.vendors.cht.shared_libs import contact_types, message_tasks, outgoing
from mocksrv.vendors.cht.transitions import messages
from mocksrv.vendors.cht.transitions.change import Change, Failed

TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{1,2}))?(?::[^\s]*)?(?:\s+(\S+))?")
ZONE = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
UNITS = {"minutes": 60_000, "hours": 3_600_000, "days": calendar.DAY, "weeks": 7 * calendar.DAY}
MONTHS = {"months": 1, "years": 12}


def find(change: Change, name: Any) -> Any:
    """The last schedule of that name in the settings."""
    found = [one for one in each(change.settings.get("schedules")) if member(one, "name") == name]
    return found[-1] if found else None


def is_muted(contact: Any) -> bool:
    """Whether a contact, or a place above it, is muted."""
    level: Any = contact
    for _ in range(contact_types.DEEPEST):
        if truthy(member(level, "muted")):
            return True
        level = member(level, "parent")
    return False


def begins(change: Change, schedule: Mapping[str, Any]) -> Any:
    """The value that a schedule counts from: that of the first of its paths that the document has; None without one."""
    given = schedule.get("start_from", "reported_date")
    for path in given if isinstance(given, list) else [given]:
        found = object_path.get(change.doc, javascript.text(path))
        if found is not object_path.MISSING:
            return found
    return None


def assign(change: Change, schedule: Any, registrations: Mapping[str, Any]) -> None:
    """Add the tasks of a schedule that are not in the past, unless the document has them."""
    doc = change.doc
    known = [member(task, "name") for name in ("scheduled_tasks", "tasks") for task in each(doc.get(name))]
    if not isinstance(schedule, dict) or schedule.get("name") in known:
        return
    begin, now = begins(change, schedule), change.world.clock.ms()
    start = timestamps.moment_value(begin, now)
    if start is None:
        return
    subject, skipped = first(doc.get("patient"), doc.get("place")), set()
    allowed = "muted" if truthy(subject) and is_muted(subject) else "scheduled"
    sender = doc.get("from")
    denied = isinstance(sender, str) and sender != "" and outgoing.is_denied(change.settings, sender)
    tasks = [*doc["scheduled_tasks"]] if isinstance(doc.get("scheduled_tasks"), list) else []
    for config in each(schedule.get("messages")):
        group = json_text.dumps(member(config, "group"))
        due = due_at(config, start)
        if group in skipped or due is None:
            continue
        if due < now or not messages.text_of(change, config):
            if not truthy(schedule.get("start_mid_group")):
                skipped.add(group)
            continue
        try:
            task = made(change, schedule, config, due, registrations)
        except Failed as error:
            messages.note(doc, {"code": "parse_error",
                                "message": f"{error}: {javascript.text(config.get('message', 'undefined'))}"})
            continue
        message_tasks.set_state(task, message_tasks.Change("denied" if denied else allowed), change.world.clock.iso())
        tasks.append(task)
        doc["scheduled_tasks"] = tasks


def made(change: Change, schedule: Mapping[str, Any], config: Mapping[str, Any], due: int,
         registrations: Mapping[str, Any]) -> dict[str, Any]:
    """The task for one message; that of a translation is generated when it is due. Raises Failed."""
    task = {"due": calendar.iso(due), "group": config.get("group"), "type": schedule.get("name"),
            "translation_key": schedule.get("translation_key"), "message_key": config.get("translation_key"),
            "recipient": config.get("recipient")}
    task = {name: value for name, value in task.items() if value is not None}
    if not truthy(config.get("translation_key")):
        context = {**registrations, "patient": change.doc.get("patient"), "place": change.doc.get("place")}
        task["messages"] = messages.generate(change, config, config.get("recipient"), context)
    return task


def due_at(config: Any, start: int) -> int | None:
    """When a message is due, in milliseconds: its `offset` later, at its `send_time` and on its `send_day`; None if the
    offset is none."""
    span = durations.parse(member(config, "offset"))
    due = durations.add(start, span) if span else None
    if due is None:
        return None
    zone, time = 0, member(config, "send_time")
    if isinstance(time, str) and time and (found := TIME.match(time)):
        zone = minutes_ahead(found[3] or "") * 60_000
        days = (due + zone) // calendar.DAY
        due = days * calendar.DAY + int(found[1]) * 3_600_000 + int(found[2] or 0) * 60_000 - zone
    if truthy(day := member(config, "send_day")):
        due = durations.on_weekday(due + zone, day) - zone
    return calendar.clip(due)


def minutes_ahead(zone: str) -> int:
    """How far a zone such as "+05:45" is ahead of UTC."""
    found = ZONE.match(zone)
    return int(found[1] + "1") * (int(found[2]) * 60 + int(found[3])) if found else 0


def next_times(change: Change) -> dict[str, int]:
    """How long it is until the first scheduled task, in each unit."""
    tasks, now = change.doc.get("scheduled_tasks"), change.world.clock.ms()
    due = member(tasks[0], "due") if isinstance(tasks, list) and tasks else None
    when = timestamps.moment_value(due, now) if truthy(due) else now
    if when is None:
        return {}
    return {unit: int((when - now) / size) for unit, size in UNITS.items()} | {
        unit: int(durations.months_between(now, when) / count) for unit, count in MONTHS.items()}
