"""Dates of birth, as reports tell them: by an age, by the last menstrual period, or not at all.

CHT 4.15 source, shared-libs/transitions/src/transitions/registration.js.
"""

from __future__ import annotations

import re
from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import truthy
from mocksrv.vendors.cht.node import calendar, durations, javascript, timestamps
from mocksrv.vendors.cht.transitions.change import Change

# Fields that tell an age, by their unit; the first that is there counts.
AGES = {
    "years": ("years_since_dob", "years_since_birth", "age_in_years"),
    "months": ("months_since_dob", "months_since_birth", "age_in_months"),
    "weeks": ("weeks_since_dob", "dob", "weeks_since_birth", "age_in_weeks"),
    "days": ("days_since_dob", "days_since_birth", "age_in_days"),
}
WEEKS_SINCE_LMP = ("weeks_since_lmp", "last_menstrual_period", "lmp")
LMP_DATES = ("lmp_date", "date_lmp")
PREGNANCY = durations.Duration(days=40 * 7)
WHOLE = re.compile(rf"[{javascript.SPACES}]*([+-]?[0-9]{{1,16}})")


def whole(value: Any) -> int | None:
    """`parseInt(value, 10)`."""
    found = WHOLE.match(javascript.text(value))
    return int(found[1]) if found else None


def reported(change: Change) -> int | None:
    """The beginning of the day of the report."""
    when = timestamps.moment_value(change.doc.get("reported_date"), change.world.clock.ms())
    return None if when is None else durations.start_of_day(when)


def add_birth_date(change: Change) -> None:
    """`birth_date`: the day of the report without an age."""
    day = reported(change)
    if not truthy(change.doc.get("fields")) or day is None:
        return
    for unit, names in AGES.items():
        value = next((value for name in names if (value := change.field(name)) is not None), None)
        if (age := whole(value)) is not None:
            born = durations.add(day, durations.of(age, unit), -1)
            change.doc["birth_date"] = None if born is None else calendar.iso(born)
            return
    change.doc["birth_date"] = calendar.iso(day)


def add_expected_date(change: Change) -> None:
    """`lmp_date` and `expected_date`: null if the child is born already."""
    dates = [when for name in LMP_DATES if (when := whole(change.field(name))) is not None]
    start = calendar.clip(dates[0]) if dates and dates[0] else None
    if start is None:
        weeks = [count for name in WEEKS_SINCE_LMP if isinstance(change.doc.get("fields"), dict)
                 and name in change.doc["fields"] and (count := javascript.to_number(change.field(name))) == count]
        day = reported(change)
        if weeks and weeks[0] and day is not None:
            start = durations.add(day, durations.of(weeks[0], "weeks"), -1)
    end = None if start is None else durations.add(start, PREGNANCY)
    change.doc["lmp_date"] = None if start is None else calendar.iso(start)
    change.doc["expected_date"] = None if end is None else calendar.iso(end)
