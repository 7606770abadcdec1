"""`death_reporting`: a report says when a patient died, or that it is not so.

CHT 4.15 source, shared-libs/transitions/src/transitions/death_reporting.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.ddocs.mapping import first, member, truthy
from mocksrv.vendors.cht.outbound import object_path
from mocksrv.vendors.cht.transitions.change import Change, Settings, Transition


def forms(settings: Settings, name: str) -> list[Any]:
    found = member(settings.get("death_reporting"), name)
    return found if isinstance(found, list) else []


def check(settings: Settings) -> None:
    """Whether there are forms that tell a death. Raises Misconfigured."""
    if not forms(settings, "mark_deceased_forms"):
        raise sentinel.Misconfigured("death_reporting.mark_deceased_forms must be a list of forms")


def is_about_death(change: Change) -> bool:
    told = (*forms(change.settings, "mark_deceased_forms"), *forms(change.settings, "undo_deceased_forms"))
    return (change.is_report() and change.doc["form"] in told and truthy(change.doc.get("patient"))
            and change.is_valid_submission())


def report(change: Change) -> bool:
    """Write, or erase, the patient's `date_of_death`."""
    named = member(change.doc["patient"], "_id")
    patient = change.database().get(named) if isinstance(named, str) else None
    if patient is None:
        return False
    dead = change.doc["form"] in forms(change.settings, "mark_deceased_forms")
    if truthy(patient.get("date_of_death")) is dead:
        return False
    if dead:
        patient["date_of_death"] = date_of_death(change)
    else:
        del patient["date_of_death"]
    change.store(patient)
    return True


def date_of_death(change: Change) -> Any:
    """The field that the settings name, else when it was reported."""
    path = member(change.settings.get("death_reporting"), "date_field")
    found = object_path.get(change.doc, path) if isinstance(path, str) and path else None
    return first(None if found is object_path.MISSING else found, change.doc.get("reported_date"))


DEATH_REPORTING = Transition(is_about_death, report, check=check)
