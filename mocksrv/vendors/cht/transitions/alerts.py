"""`conditional_alerts`: a message if a condition holds, of the report and of earlier ones from the same place.

CHT 4.15 source, shared-libs/transitions/src/transitions/conditional_alerts.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht.ddocs.mapping import member, truthy
from mocksrv.vendors.cht.node import javascript, vm
from mocksrv.vendors.cht.transitions import messages
from mocksrv.vendors.cht.transitions.change import Change, Doc, Failed, Transition

# A condition may call its form for the report before last, and so on: `FORM(0)` is the last one.
WITH_REPORTS = """{{
  const {{ doc: last, reports }} = doc;
  globalThis[{form}] = index => reports[reports.length - 1 - index];
  globalThis.doc = last;
}} (0, eval)({condition})"""


def holds(change: Change, alert: dict[str, Any]) -> bool:
    """Whether the condition of an alert holds. Raises Failed."""
    condition, form = alert.get("condition"), javascript.text(alert["form"])
    if not isinstance(condition, str):
        raise Failed("Cannot read properties of undefined (reading 'indexOf')")
    if form not in condition:
        return truthy(change.evaluate(condition))
    script = WITH_REPORTS.format(form=vm.quoted(form), condition=vm.quoted(condition))
    return truthy(change.evaluate(script, {"doc": change.doc, "reports": reports(change, alert["form"])}))


def reports(change: Change, form: Any) -> list[Doc]:
    """The reports of a form from the sender's place, this one among them, the latest last."""
    if not truthy(parent := member(change.doc.get("contact"), "parent", "_id")):
        raise Failed("Missing required argument `parentId` for match query.")
    found = {one["_id"]: one for one in change.by_view("medic", "reports_by_form_and_parent", [form, parent])}
    found[change.doc["_id"]] = change.doc
    return sorted(found.values(), key=lambda one: javascript.to_number(one.get("reported_date")))


def alert(change: Change) -> bool:
    """Send the alerts of the report's form whose conditions hold."""
    configured, said = change.settings.get("alerts"), False
    listed = list(configured.values()) if isinstance(configured, dict) else configured
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("form") == change.doc["form"] and holds(change, one):
            messages.add_message(change, one, one.get("recipient"))
            said = True
    return said


CONDITIONAL_ALERTS = Transition(lambda change: change.is_report() and change.is_valid_submission(), alert)
