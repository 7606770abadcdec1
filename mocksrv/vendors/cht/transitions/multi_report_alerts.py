"""`multi_report_alerts`: a message when enough reports within some days count, by a function of the settings.

CHT 4.15 source, shared-libs/transitions/src/transitions/multi_report_alerts.js.
"""

from __future__ import annotations

from typing import Any

from mocksrv.vendors.cht import sentinel
from mocksrv.vendors.cht.ddocs.mapping import each, member, truthy
from mocksrv.vendors.cht.node import calendar, javascript, vm
from mocksrv.vendors.cht.shared_libs import lineage
from mocksrv.vendors.cht.transitions import births, messages
from mocksrv.vendors.cht.transitions.change import Change, Doc, Failed, Settings, Transition

NAME = "multi_report_alerts"
REQUIRED = ("is_report_counted", "name", "num_reports_threshold", "message", "recipients", "time_window_in_days")
MOST = 100  # reports that an alert may ask for
MOST_TOLD = 1_000  # phones that get an alert; ours
MOST_READ = 200  # reports of the time that are looked at, the latest ones; ours
COUNT = """{{
  const {{ reports, latest }} = doc, counted = (0, eval)('(' + {code} + ')');
  reports.map(report => {{ try {{ return Boolean(counted(report, latest)); }} catch (error) {{ return false; }} }});
}}"""
PHONES = """{{
  const kind = value => JSON.stringify(value), begun = {name} + ' : ';
  doc.reports.flatMap(report => doc.recipients.flatMap(recipient => {{
    if (/^\\+[0-9]+$/.test(recipient)) {{ return [recipient]; }}
    globalThis.new_report = report;
    let found;
    try {{ found = (0, eval)(recipient); }} catch (error) {{
      return [{{ error: begun + 'Could not find a phone number for "' + recipient + '". Message will not be sent. '
        + 'Error: "' + error.message + '"' }}];
    }}
    if (typeof found === 'string') {{ return [found]; }}
    if (!Array.isArray(found)) {{
      return [{{ error: begun + 'phone number for "' + recipient + '" is not a string or array of strings. '
        + 'Message will not be sent. Found: "' + kind(found) + '"' }}];
    }}
    return found.map(one => typeof one === 'string' ? one : {{
      error: begun + 'one of the phone numbers for "' + recipient + '" is not a string. '
        + 'Message will not be sent. Found : ' + kind(one) }});
  }}));
}}"""


def check(settings: Settings) -> None:
    """Whether all alerts have what they need, and names of their own. Raises Misconfigured."""
    alerts = settings.get(NAME)
    if not isinstance(alerts, list):
        raise sentinel.Misconfigured(f"{NAME} is no list")
    for alert in alerts:
        lacking = [name for name in REQUIRED if not truthy(member(alert, name))]
        if lacking:
            raise sentinel.Misconfigured(f"an alert lacks {', '.join(lacking)}")
        days, least = (births.whole(member(alert, name)) for name in ("time_window_in_days", "num_reports_threshold"))
        if days is None or least is None or least > MOST or not isinstance(alert["recipients"], list):
            raise sentinel.Misconfigured(f"the alert {alert['name']} needs a number of days, one of reports up to "
                                         f"{MOST}, and a list of recipients")
    names = [javascript.text(alert["name"]) for alert in alerts]
    if len(set(names)) < len(names):
        raise sentinel.Misconfigured(f"the names of {NAME} are not all different")


def earlier(change: Change, days: int, forms: Any) -> list[Doc]:
    """The reports of the days before this one, the latest first, with who sent them."""
    latest = change.doc.get("reported_date")
    if not isinstance(latest, int | float):
        return []
    rows = change.database().docs.range("by_reported", latest - 1 - days * calendar.DAY, latest - 1)
    docs = [change.database().load(id) for _, id in rows[::-1][:MOST_READ]]
    full = [lineage.hydrate(change.world, doc, alone=False) for doc in docs
            if not forms or doc.get("form") in forms]
    return [doc for doc in full if Change(change.world, change.settings, doc).is_valid_submission()]


def counted(change: Change, alert: Any, reports: list[Doc]) -> list[Doc]:
    """Those of the reports that count. Raises Failed."""
    script = COUNT.format(code=vm.quoted(javascript.text(alert["is_report_counted"])))
    found = change.evaluate(script, {"reports": reports, "latest": change.doc})
    return [report for report, counts in zip(reports, found or [], strict=False) if counts]


def alert_once(change: Change, alert: Any) -> bool:
    """Send an alert, if there are enough reports; about those that it was not sent about before. Raises Failed."""
    forms = alert.get("forms") if isinstance(alert.get("forms"), list) else None
    if (forms and change.doc["form"] not in forms) or not counted(change, alert, [change.doc]):
        return False
    days, least = (births.whole(alert[name]) or 0 for name in ("time_window_in_days", "num_reports_threshold"))
    found = [change.doc, *counted(change, alert, earlier(change, days, forms))]
    ids = [report["_id"] for report in found]
    if len(ids) < least:
        return False
    old = {id for report in found[1:] for task in each(report.get("tasks"))
           if member(task, "alert_name") == alert["name"] for id in each(member(task, "counted_reports"))
           if isinstance(id, str)}
    fresh = [report for report in found if report["_id"] not in old]
    said = {"new_reports": fresh, "num_counted_reports": len(ids), "alert_name": alert["name"],
            "num_reports_threshold": least, "time_window_in_days": days}
    for phone in phones(change, alert, fresh):
        if isinstance(phone, dict):
            messages.add_error(change, phone["error"])
        elif task := messages.add_message(change, alert, phone, {"templateContext": said}):
            task |= {"type": "alert", "alert_name": alert["name"], "counted_reports": ids}
    return True


def phones(change: Change, alert: Any, reports: list[Doc]) -> list[Any]:
    """Whom to tell: numbers, and `{"error"}` for what gives none; each once. Raises Failed."""
    wanted = [javascript.text(one) for one in alert["recipients"] if truthy(one)]
    found = change.evaluate(PHONES.format(name=vm.quoted(NAME)), {"reports": reports, "recipients": wanted}) or []
    return [*dict.fromkeys(one for one in found if isinstance(one, str)),
            *(one for one in found if isinstance(one, dict))][:MOST_TOLD]


def alert_all(change: Change) -> bool:
    """Send all alerts that are due."""
    said = False
    for alert in each(change.settings.get(NAME)):
        try:
            said = alert_once(change, alert) or said
        except Failed:
            continue  # the server only collects what fails
    return said


MULTI_REPORT_ALERTS = Transition(lambda change: change.is_report() and change.is_valid_submission(), alert_all,
                                 check=check)
