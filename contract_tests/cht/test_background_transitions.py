"""Transitions of the background process: muting, alerts of many reports, and all others on reports of apps."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.mock_only  # no clock of a real instance can be moved
PHONE = "+254712388888"
DAY = 86_400_000


def said(text, event="report_accepted", **more):
    """A message of the settings."""
    return {"event_type": event, "message": [{"content": text, "locale": "en"}], "recipient": "reporting_unit"} | more


@pytest.fixture
def written(frozen, mocksrv, places):
    """Writes reports as an app does, and gives them as they are two seconds later."""
    person = frozen.doc(places.clinic_person) | {"phone": PHONE, "patient_id": "11111"}
    frozen.ok("PUT", f"/medic/{person['_id']}", person)
    contact = {"_id": person["_id"], "parent": person["parent"]}

    def write(id, form, fields=None, **more):
        doc = {"_id": id, "type": "data_record", "content_type": "xml", "form": form, "fields": fields or {},
               "contact": contact, "from": PHONE, "reported_date": 1795300000000} | more
        frozen.ok("PUT", f"/medic/{id}", doc)
        mocksrv.clock.advance(2)
        return frozen.doc(id)

    return write


def texts(doc):
    return [message.get("message") for task in doc.get("tasks", []) for message in task["messages"]]


def ran(api, id):
    return sorted(api.doc(f"{id}-info", "medic-sentinel").get("transitions", ()))


REGISTRATIONS = [{"form": "pregnancy", "events": [
    {"name": "on_create", "trigger": "assign_schedule", "params": "ANC", "bool_expr": ""}], "messages": []}]
SCHEDULES = [{"name": "ANC", "messages": [
    {"group": 1, "offset": "1 week", "recipient": "reporting_unit", "translation_key": "remind.anc"}]}]
MUTING = {"mute_forms": ["mute"], "unmute_forms": ["unmute"], "messages": [
    said("{{patient.name}} is muted", "mute"), said("{{patient.name}} is back", "unmute"),
    said("once more", "already_muted"), said("who?", "contact_not_found")]}


def test_reports_of_apps_are_processed(frozen, written, mocksrv):
    frozen.configure(transitions={"registration": True}, registrations=REGISTRATIONS, schedules=SCHEDULES)
    doc = written("r-1", "pregnancy", {"patient_id": "11111"})
    (task,) = doc["scheduled_tasks"]
    assert (task["state"], task["message_key"], "messages" in task) == ("scheduled", "remind.anc", False)
    assert ran(frozen, "r-1") == ["registration"]
    mocksrv.clock.advance(2)
    assert frozen.doc("r-1")["_rev"] == doc["_rev"], "once"
    assert written("r-2", "other")["_rev"].startswith("1-")
    assert ran(frozen, "r-2") == []


def test_messages_of_translations_are_made_when_they_are_due(frozen, written, mocksrv):
    frozen.configure(transitions={"registration": True}, registrations=REGISTRATIONS, schedules=SCHEDULES)
    english = frozen.doc("messages-en")
    frozen.ok("PUT", "/medic/messages-en", english | {"custom": {"remind.anc": "See {{patient_name}}"}})
    written("r-1", "pregnancy", {"patient_id": "11111"}, reported_date=1795300000000)
    mocksrv.clock.advance(8 * 86_400)
    (task,) = frozen.doc("r-1")["scheduled_tasks"]
    assert task["state"] == "pending"
    assert task["messages"][0]["message"].startswith("See Wanjiru")


def test_muting_and_unmuting(frozen, written, places):
    frozen.configure(transitions={"registration": True, "muting": True}, registrations=REGISTRATIONS,
                     schedules=SCHEDULES, muting=MUTING)
    written("r-1", "pregnancy", {"patient_id": "11111"})
    name = frozen.doc(places.clinic_person)["name"]
    assert texts(written("m-1", "mute", {"patient_id": "11111"})) == [f"{name} is muted"]
    muted = frozen.doc(places.clinic_person)["muted"]
    assert muted.startswith("2026-11-21T22:26:4")
    assert [task["state"] for task in frozen.doc("r-1")["scheduled_tasks"]] == ["muted"]
    (event,) = frozen.doc(f"{places.clinic_person}-info", "medic-sentinel")["muting_history"]
    assert event == {"muted": True, "date": muted, "report_id": "m-1"}
    assert texts(written("m-2", "mute", {"patient_id": "11111"})) == ["once more"]
    assert texts(written("m-3", "unmute", {"patient_id": "11111"})) == [f"{name} is back"]
    assert "muted" not in frozen.doc(places.clinic_person)
    assert [task["state"] for task in frozen.doc("r-1")["scheduled_tasks"]] == ["scheduled"]
    assert ran(frozen, "m-3") == ["muting"]


def test_places_are_muted_with_all_below(frozen, written, places, mocksrv):
    place = frozen.doc(places.clinic) | {"place_id": "22222"}
    frozen.ok("PUT", f"/medic/{places.clinic}", place)
    frozen.configure(transitions={"muting": True}, muting=MUTING)
    written("m-1", "mute", {"place_id": "22222"})
    assert all(frozen.doc(id)["muted"] for id in (places.clinic, places.clinic_person))
    assert "muted" not in frozen.doc(places.person)
    new = {"_id": "new", "type": "person", "name": "New", "parent": frozen.doc(places.clinic_person)["parent"]}
    mocksrv.clock.advance(60)
    frozen.ok("PUT", "/medic/new", new)
    mocksrv.clock.advance(2)
    assert frozen.doc("new")["muted"], "a new person of a muted place"
    assert frozen.doc("new-info", "medic-sentinel")["muting_history"][0]["report_id"] == "m-1"


def test_a_report_whose_own_messages_are_muted(frozen, written):
    """What it has written by itself is looked at again."""
    frozen.configure(transitions={"muting": True}, muting=MUTING, registrations=[{"form": "mute"}])
    task = {"due": "2027-01-01T00:00:00.000Z", "state": "scheduled", "messages": []}
    doc = written("m-1", "mute", {"patient_id": "11111"}, scheduled_tasks=[task])
    assert (doc["scheduled_tasks"][0]["state"], texts(doc)) == ("muted", ["once more"])


def test_nobody_to_mute(frozen, written):
    frozen.configure(transitions={"muting": True}, muting=MUTING)
    doc = written("m-1", "mute", {"patient_id": "99999"})
    assert (texts(doc), doc["errors"]) == (["who?"], [{"code": "who?", "message": "who?"}])


@pytest.mark.parametrize("muting", [{}, {"mute_forms": []}, {"mute_forms": "mute"}, None])
def test_muting_without_forms_keeps_all_off(frozen, written, muting):
    frozen.configure(transitions={"muting": True, "registration": True}, muting=muting, registrations=REGISTRATIONS,
                     schedules=SCHEDULES)
    assert "scheduled_tasks" not in written("r-1", "pregnancy", {"patient_id": "11111"})


ALERTS = [{"name": "flood", "is_report_counted": "(report, latest) => report.fields.level === latest.fields.level",
           "num_reports_threshold": 3, "time_window_in_days": 2, "forms": ["flood"],
           "message": [{"content": "{{num_counted_reports}} of {{alert_name}}", "locale": "en"}],
           "recipients": ["+254711000000", "new_report.contact.phone", "new_report.nobody"]}]


def test_alerts_of_many_reports(frozen, written):
    frozen.configure(transitions={"multi_report_alerts": True}, multi_report_alerts=ALERTS)
    when = 1795300000000
    written("a-0", "flood", {"level": "high"}, reported_date=when - 3 * DAY)
    for number, level in enumerate(("high", "low", "high")):
        assert texts(written(f"a-{number + 1}", "flood", {"level": level}, reported_date=when + number)) == []
    doc = written("a-4", "flood", {"level": "high"}, reported_date=when + 9)
    assert [(task["messages"][0]["to"], task["alert_name"]) for task in doc["tasks"]] == [
        ("+254711000000", "flood"), (PHONE, "flood")]
    assert texts(doc) == ["3 of flood"] * 2
    assert doc["tasks"][0]["counted_reports"] == ["a-4", "a-3", "a-1"]
    (error,) = doc["errors"]
    assert 'phone number for "new_report.nobody" is not a string or array of strings' in error["code"]


@pytest.mark.parametrize("change", [{"name": ""}, {"num_reports_threshold": 101}, {"time_window_in_days": "soon"},
                                    {"recipients": "+254711000000"}])
def test_alerts_that_are_misconfigured(frozen, written, change):
    frozen.configure(transitions={"multi_report_alerts": True}, multi_report_alerts=[ALERTS[0] | {
        "num_reports_threshold": 1} | change])
    assert "tasks" not in written("a-1", "flood", {"level": "high"})


def test_notifications_are_the_older_muting(frozen, written, places):
    frozen.configure(transitions={"update_notifications": True}, notifications={
        "on_form": "on", "off_form": "off",
        "messages": [said("off now", "on_mute"), said("who?", "patient_not_found")]})
    assert texts(written("n-1", "off", {"patient_id": "11111"})) == ["off now"]
    assert "muted" in frozen.doc(places.clinic_person)
    (error,) = written("n-2", "on", {"patient_id": "11111"})["errors"]
    assert error["code"] == "notification_error"
    assert "muted" not in frozen.doc(places.clinic_person)
    assert texts(written("n-3", "off", {"patient_id": "99999"})) == ["who?"]
