"""`update_scheduled_reports`: of the reports of a place by one form for a week or a month, only the last is kept.

CHT 4.15 source, shared-libs/transitions/src/transitions/update_scheduled_reports.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.store import TOP
from mocksrv.vendors.cht.couch import collation
from mocksrv.vendors.cht.couch.view_index import rows_of
from mocksrv.vendors.cht.ddocs.mapping import first, has_no_errors, member, truthy
from mocksrv.vendors.cht.ddocs.views import VIEWS
from mocksrv.vendors.cht.shared_libs import contact_types
from mocksrv.vendors.cht.transitions.change import Change, Transition

PERIODS = {"week": ("week", "week_number"), "month": ("month", "month_num")}
VIEW = "reports_by_form_year_{}_parent_reported_date"


def period(change: Change) -> tuple[str, Any] | None:
    """The week or month that a report is for."""
    for kind, names in PERIODS.items():
        if truthy(value := first(*map(change.field, names))):
            return kind, value
    return None


def is_scheduled(change: Change) -> bool:
    return (change.is_report() and has_no_errors(change.doc) and truthy(change.field("year"))
            and period(change) is not None)


def place_of(change: Change) -> Any:
    """The sender's place, if it is of a type that has no places below."""
    parent = member(change.doc.get("contact"), "parent")
    leaf = isinstance(parent, dict) and contact_types.type_id(parent) in contact_types.leaves(change.settings)
    return member(parent, "_id") if leaf else None


def update(change: Change) -> bool:
    """Delete the earlier reports."""
    place, found = place_of(change), period(change)
    if not truthy(place) or found is None:
        return False
    kind, value = found
    key = [change.doc["form"], change.field("year"), value, place]
    view, medic = VIEW.format(kind), change.database()
    rows = rows_of(change.world, ("medic", "medic", view), VIEWS["medic", "medic"][view])
    ids = {row[1] for row in rows.scan((collation.key(key),), (collation.key([*key, {}]), TOP), len(rows))}
    if len(ids) > 1:
        for id in sorted(ids - {change.doc["_id"]}):
            medic.delete(id)
    return bool(ids)


UPDATE_SCHEDULED_REPORTS = Transition(is_scheduled, update)
