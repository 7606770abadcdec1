"""Registrations and reports by text message, as the settings have them: people with short codes, schedules of messages,
answers, and reminders that are silenced."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.writes
STRANGER = {"phone": "+254700000000"}


def said(text, event="report_accepted", **more):
    """A message of the settings."""
    return {"event_type": event, "message": [{"content": text, "locale": "en"}], "recipient": "reporting_unit"} | more


def form(code, *fields, **more):
    return {"meta": {"code": code, "label": {"en": code}}, "fields": {
        name: {"type": kind, "labels": {"tiny": {"en": name[:1]}}, "position": at}
        for at, (name, kind) in enumerate(fields)}} | more


FORMS = {
    "REG": form("REG", ("patient_name", "string"), ("weeks_since_lmp", "integer"), ("age_in_years", "integer")),
    "VIS": form("VIS", ("patient_id", "string"), ("note", "string")),
}
REGISTRATION = {
    "form": "REG",
    "events": [{"name": "on_create", "trigger": "add_patient", "params": "", "bool_expr": ""}],
    "messages": [said("Thank you {{contact.name}}, {{patient_name}} has the code {{patient_id}}.")],
    "validations": {"join_responses": True, "list": [
        {"property": "patient_name", "rule": "lenMin(1) && lenMax(30)",
         "message": [{"content": "Names have 1 to 30 letters.", "locale": "en"}]}]},
}


@pytest.fixture
def worker(api, places, new_phone):
    """A health worker with a phone; returns the person's document."""
    doc = api.doc(places.person) | {"phone": new_phone()}
    api.ok("PUT", f"/medic/{places.person}", doc)
    return doc


def configure(api, registration=None, transitions=("update_clinics", "registration"), **more):
    api.configure(**{"forms": FORMS, "transitions": dict.fromkeys(transitions, True),
                     "registrations": [REGISTRATION | (registration or {})], **more})


def send(api, sender, text):
    """The record that a text message became."""
    sent = api.ok("POST", "/api/v2/records", data={"message": text, "from": sender["phone"]})
    return api.doc(sent["id"])


def texts(doc):
    return [message.get("message") for task in doc["tasks"] for message in task["messages"]]


def of_code(api, code):
    """The only contact with a short code."""
    view = "/medic/_design/medic-client/_view/contacts_by_reference"
    (row,) = api.ok("GET", f'{view}?key=["shortcode","{code}"]')["rows"]
    return api.doc(row["id"])


@pytest.fixture
def sender(api, places, worker, new_phone):
    """Another health worker, in a clinic, where people can be registered."""
    doc = api.doc(places.clinic_person) | {"phone": new_phone()}
    api.ok("PUT", f"/medic/{doc['_id']}", doc)
    return doc


def test_a_patient_is_registered(api, sender, places):
    configure(api)
    doc = send(api, sender, "1!REG!Zola##")
    code = doc["patient_id"]
    assert code.isdecimal()
    assert texts(doc) == [f"Thank you {sender['name']}, Zola has the code {code}."]
    assert doc["errors"] == []
    assert "patient" not in doc
    patient = of_code(api, code)
    assert patient["name"] == "Zola"
    assert (patient["type"], patient["source_id"], patient["created_by"]) == ("person", doc["_id"], sender["_id"])
    assert patient["parent"] == api.doc(places.clinic_person)["parent"]
    info = api.doc(doc["_id"] + "-info", "medic-sentinel")
    assert info["transitions"]["registration"]["ok"] is True
    assert doc["tasks"][0]["state"] == "pending"
    assert doc["tasks"][0]["messages"][0]["to"] == sender["phone"]


def test_by_a_gateway(api, sender):
    configure(api)
    answers = api.ok("POST", "/api/sms", {"messages": [{"id": "gw-1", "from": sender["phone"],
                                                        "content": "1!REG!Zola##"}]})["messages"]
    (answer,) = [one for one in answers if one["to"] == sender["phone"]]
    assert answer["content"].startswith(f"Thank you {sender['name']}, Zola has the code ")


@pytest.mark.parametrize(("text", "found"), [("1!REG!##", ["invalid_patient_name"]), ("1!REG!Zola##", [])])
def test_validations(api, sender, text, found):
    configure(api)
    doc = send(api, sender, text)
    assert [error["code"] for error in doc["errors"]] == found
    assert ("patient_id" in doc) is not bool(found)
    if found:
        assert texts(doc) == ["Names have 1 to 30 letters."]


def test_strangers_register_nobody(api, sender):
    configure(api)
    doc = send(api, STRANGER, "1!REG!Zola##")
    assert "patient_id" not in doc
    assert [error["code"] for error in doc["errors"]] == ["sys.facility_not_found"]


@pytest.mark.parametrize(("params", "text", "code"), [
    ('{"patient_id_field": "age_in_years"}', "1!REG!Zola##", "no_provided_patient_id"),
    ('{"patient_id_field": "patient_name"}', "1!REG!12345##", "provided_patient_id_not_unique"),
    ('{"parent_id": "age_in_years"}', "1!REG!Zola##", "parent_field_not_provided"),
    ('{"parent_id": "age_in_years"}', "1!REG!Zola##777", "parent_not_found"),
    ('{"contact_type": "chw"}', "1!REG!Zola##", "parent_invalid")])
def test_people_that_cannot_be_registered(api, sender, params, text, code):
    """What is wrong is shown, and said to the sender, in a text of the installation if it has one."""
    api.ok("PUT", f"/medic/{sender['_id']}", api.doc(sender["_id"]) | {"patient_id": 12345})
    types = [*api.ok("GET", "/api/v1/settings")["contact_types"],
             {"id": "chw", "person": True, "parents": ["district_hospital"]}]
    configure(api, {"messages": [], "events": [{"name": "on_create", "trigger": "add_patient", "params": params}]},
              contact_types=types)
    doc = send(api, sender, text)
    (error,) = [one for one in doc["errors"] if one["code"] == code]
    if error["message"] == f"messages.generic.{code}":  # the key of a text that the installation does not have
        assert texts(doc) == [None]
    else:
        assert error["message"] == texts(doc)[0]
        assert " " in error["message"]


def test_without_update_clinics_nobody_is_known(api, sender):
    configure(api, transitions=("registration",))
    assert "patient_id" not in send(api, sender, "1!REG!Zola##")


@pytest.mark.parametrize(("transitions", "registrations"), [
    ({"update_clinics": True, "registration": False}, [REGISTRATION]),
    ({"update_clinics": True, "registration": {"disable": True}}, [REGISTRATION]),
    ({"update_clinics": True, "registration": True, "no_such_one": False}, [REGISTRATION]),
    ({"update_clinics": True, "registration": True}, "REG"),
    ({"update_clinics": True, "registration": True}, [REGISTRATION | {"events": [
        {"name": "on_create", "trigger": "assign_schedule", "params": ""}]}]),
    ({"update_clinics": True, "registration": True}, [REGISTRATION | {"events": [
        {"name": "on_create", "trigger": "add_patient", "params": '{"contact_type": "clinic"}'}]}]),
    ({"update_clinics": True, "registration": True}, [REGISTRATION | {"events": [
        {"name": "on_create", "trigger": "add_patient", "params": "{no json"}]}]),
])
def test_switched_off_and_misconfigured(api, sender, transitions, registrations):
    """A name that is no transition, or wrong settings of one, switch all off: the records have CouchDB's ids."""
    api.configure(forms=FORMS, transitions=transitions, registrations=registrations)
    doc = send(api, sender, "1!REG!Zola##")
    assert "patient_id" not in doc
    runs = len(transitions) == 2 and transitions["registration"] is not True
    assert ("-" in doc["_id"], "contact" in doc) == (runs, runs)


SCHEDULE = {
    "name": "ANC", "start_from": "lmp_date", "translation_key": "", "messages": [
        {"group": 1, "offset": "2 weeks", "send_time": "08:00 +03:00", "recipient": "reporting_unit",
         "message": [{"content": "Remind {{patient_name}}", "locale": "en"}]},
        {"group": 2, "offset": "10 weeks", "send_time": "09:30", "send_day": "monday", "recipient": "reporting_unit",
         "message": [{"content": "Visit of {{patient_name}}", "locale": "en"}]},
        {"group": 2, "offset": "11 weeks", "recipient": "reporting_unit", "translation_key": "a.reminder"},
        {"group": 3, "offset": "soon", "recipient": "reporting_unit",
         "message": [{"content": "never", "locale": "en"}]},
    ],
}
EXPECTING = {"events": [
    {"name": "on_create", "trigger": "add_patient", "params": ""},
    {"name": "on_create", "trigger": "add_expected_date", "params": "", "bool_expr": "doc.fields.weeks_since_lmp"},
    {"name": "on_create", "trigger": "assign_schedule", "params": "ANC", "bool_expr": "doc.fields.weeks_since_lmp"},
    {"name": "on_create", "trigger": "add_birth_date", "params": "", "bool_expr": "!doc.fields.weeks_since_lmp"}]}


@pytest.mark.mock_only  # its days are those of one moment
def test_a_pregnancy_is_scheduled(frozen, sender):
    """What is past is left out; the times are those of the zone that the settings name."""
    configure(frozen, EXPECTING, schedules=[SCHEDULE])
    doc = send(frozen, sender, "1!REG!Zola#4#")
    assert doc["lmp_date"] == "2026-10-24T00:00:00.000Z"
    assert doc["expected_date"] == "2027-07-31T00:00:00.000Z"
    assert "birth_date" not in doc
    first, second = doc["scheduled_tasks"]
    assert first["due"] == "2026-12-28T09:30:00.000Z"
    assert (first["group"], first["type"], first["state"]) == (2, "ANC", "scheduled")
    assert first["messages"][0]["message"] == "Visit of Zola"
    assert first["messages"][0]["to"] == sender["phone"]
    assert second["due"] == "2027-01-09T00:00:00.000Z"
    assert (second["message_key"], "messages" in second) == ("a.reminder", False)


def test_messages_of_one_request_are_dealt_with_one_after_the_other(api, sender, worker, unique):
    """Each report clears the schedules that those before it have begun."""
    api.ok("PUT", f"/medic/{worker['_id']}", api.doc(worker["_id"]) | {"patient_id": unique})
    both = [{"name": "on_create", "trigger": trigger, "params": "immunizations", "bool_expr": ""}
            for trigger in ("assign_schedule", "clear_schedule")]
    schedule = {"name": "immunizations", "start_from": "reported_date", "messages": [
        said(f"Day {days}", offset=f"{days} days") for days in (10, 30)]}
    configure(api, registrations=[{"form": "VIS", "events": both}], schedules=[schedule])
    refs = [f"{unique}-{number}" for number in range(4)]
    api.ok("POST", "/api/sms", {"messages": [
        {"id": ref, "from": sender["phone"], "content": f"1!VIS!{unique}#{ref}"} for ref in refs]})
    found = api.ok("POST", "/medic/_find", {"selector": {"sms_message.gateway_ref": {"$in": refs}}})["docs"]
    states = {doc["sms_message"]["gateway_ref"]: [task["state"] for task in doc["scheduled_tasks"]] for doc in found}
    assert states == dict.fromkeys(refs[:-1], ["cleared"] * 2) | {refs[-1]: ["scheduled"] * 2}


@pytest.mark.mock_only  # its days are those of one moment
def test_an_age_becomes_a_date_of_birth(frozen, sender):
    configure(frozen, EXPECTING)
    doc = send(frozen, sender, "1!REG!Zola##30")
    assert doc["birth_date"] == "1996-11-21T00:00:00.000Z"
    assert "scheduled_tasks" not in doc


REPORTS = {"patient_reports": [{
    "form": "VIS", "silence_type": "ANC", "silence_for": "60 days", "name": "visit",
    "messages": [said("{{patient_name}} was visited."), said("Bad", bool_expr="doc.fields.note === 'x'"),
                 said("There is no {{patient_id}}.", "registration_not_found")],
    "validations": {"list": [{"property": "note", "rule": "!equals('no')",
                              "message": [{"content": "Not so.", "locale": "en"}]}]}}]}
VISITS = ("update_clinics", "registration", "accept_patient_reports")


def test_a_visit_answers_and_silences_the_reminders(frozen, sender):
    configure(frozen, EXPECTING, VISITS, schedules=[SCHEDULE], **REPORTS)
    registration = send(frozen, sender, "1!REG!Zola#4#")
    visit = send(frozen, sender, f"1!VIS!{registration['patient_id']}#fine")
    assert texts(visit) == ["Zola was visited."]
    assert visit["registration_id"] == registration["_id"]
    tasks = frozen.doc(registration["_id"])["scheduled_tasks"]
    assert [(task["state"], task.get("cleared_by")) for task in tasks] == [("cleared", visit["_id"])] * 2
    assert [one["state"] for one in tasks[0]["state_history"]] == ["scheduled", "cleared"]


def test_reminders_of_later_groups_stay(frozen, sender):
    configure(frozen, EXPECTING, VISITS, schedules=[SCHEDULE],
              patient_reports=[REPORTS["patient_reports"][0] | {"silence_for": "2 weeks"}])
    registration = send(frozen, sender, "1!REG!Zola#4#")
    send(frozen, sender, f"1!VIS!{registration['patient_id']}#fine")
    assert {task["state"] for task in frozen.doc(registration["_id"])["scheduled_tasks"]} == {"scheduled"}


@pytest.mark.parametrize(("rule", "valid"), [
    ("unique('note')", False), ("unique('patient_id', 'note')", False), ("exists('VIS', 'note')", True),
    ("uniqueWithin('note', '2 days')", False), ("!exists('REG', 'note')", True),
    ("equals('x') || equals('fine')", True),
    ("regex('^f') && alpha && lenEquals(4)", True), ("alpha ? lenMin(9) : numeric", False), ("numeric", False),
    ("otherMin('patient_id', 1)", True), ("required && !(integer)", True), ("in('fine')", False),
    ("isBefore('1 day')", False), ("not a rule", True), ("lenMin(4", True), ("&&", None), ("iEquals(4)", None)])
def test_rules(api, sender, rule, valid):
    """None: the rule itself is wrong, which is an error, too."""
    configure(api, None, VISITS, patient_reports=[{"form": "VIS", "messages": []}])
    code = send(api, sender, "1!REG!Zola##")["patient_id"]
    send(api, sender, f"1!VIS!{code}#fine")
    configure(api, None, VISITS, patient_reports=[{"form": "VIS", "messages": [], "validations": {
        "list": [{"property": "note", "rule": rule, "message": [{"content": "bad", "locale": "en"}]}]}}])
    found = send(api, sender, f"1!VIS!{code}#fine")["errors"]
    if valid is None:
        assert found[0]["message"].startswith("Error on pupil validations: ")
    else:
        assert found == ([] if valid else [{"code": "invalid_note", "message": "bad"}])


def test_visits_that_are_refused(api, sender):
    configure(api, None, VISITS, **REPORTS)
    unknown = send(api, sender, "1!VIS!99999#fine")
    assert texts(unknown) == ["There is no 99999."]
    assert [error["code"] for error in unknown["errors"]] == ["registration_not_found"]
    code = send(api, sender, "1!REG!Zola##")["patient_id"]
    wrong = send(api, sender, f"1!VIS!{code}#no")
    assert (texts(wrong), wrong["errors"]) == (["Not so."], [{"code": "invalid_note", "message": "Not so."}])
    assert "registration_id" not in wrong


@pytest.mark.mock_only  # forty days go by
def test_a_reminder_that_went_out_was_responded_to(frozen, sender, mocksrv):
    configure(frozen, EXPECTING, VISITS, schedules=[SCHEDULE], **REPORTS)
    registration = send(frozen, sender, "1!REG!Zola#4#")
    mocksrv.clock.advance(40 * 86_400)
    waiting = frozen.ok("POST", "/api/sms", {})["messages"]
    (reminder,) = [one for one in waiting if one["content"] == "Visit of Zola"]
    frozen.ok("POST", "/api/sms", {"updates": [{"id": reminder["id"], "status": "SENT"}]})
    visit = send(frozen, sender, f"1!VIS!{registration['patient_id']}#fine")
    sent, later = frozen.doc(registration["_id"])["scheduled_tasks"]
    assert (sent["state"], sent["responded_to_by"]) == ("sent", [visit["_id"]])
    assert later["state"] == "cleared"


def test_deaths(api, sender):
    configure(api, None, ("update_clinics", "registration", "death_reporting"),
              death_reporting={"mark_deceased_forms": ["VIS"], "undo_deceased_forms": ["REG"]})
    code = send(api, sender, "1!REG!Zola##")["patient_id"]
    died = send(api, sender, f"1!VIS!{code}#fine")
    assert of_code(api, code)["date_of_death"] == died["reported_date"]


def test_alerts(api, sender):
    """`VIS(1)` is the report before."""
    configure(api, None, ("update_clinics", "conditional_alerts"), alerts={"0": {
        "form": "VIS", "condition": "VIS(1) && VIS(1).fields.note === VIS(0).fields.note",
        "recipient": "reporting_unit", "message": [{"content": "Twice {{note}}", "locale": "en"}]}})
    assert [texts(send(api, sender, f"1!VIS!1#{note}")) for note in ("a", "b", "b")] == [[], [], ["Twice b"]]


def test_a_condition_that_fails_leaves_an_error(api, sender):
    configure(api, None, ("update_clinics", "conditional_alerts"), alerts=[
        {"form": "VIS", "condition": "nothing.at.all", "recipient": "x", "message": "y"}])
    (error,) = send(api, sender, "1!VIS!1#a")["errors"]
    assert error["code"] == "conditional_alerts_error'"
    assert error["message"].startswith("Transition error on conditional_alerts: ")


def test_who_reports_about_oneself(api, sender):
    configure(api, None, ("self_report",), self_report=[{"form": "REG", "messages": [
        said("Thank you {{patient.name}}."), said("Who are you?", "sender_not_found")]}])
    doc = send(api, sender, "1!REG!me##")
    assert (texts(doc), doc["fields"]["patient_uuid"]) == ([f"Thank you {sender['name']}."], sender["_id"])
    assert texts(send(api, STRANGER, "1!REG!me##")) == ["Who are you?"]


@pytest.mark.parametrize(("recipient", "whose"), [
    ("reporting_unit", "sender"), ("clinic", "sender"), ("health_center", "worker"),
    ("ancestor:health_center", "worker"), ("+254711000000", "+254711000000"),
    ("contact.phone", "sender"), ("nowhere", "sender")])
def test_whom_messages_go_to(api, sender, worker, places, recipient, whose):
    clinic, area = api.doc(places.clinic), api.doc(places.area)
    api.ok("PUT", f"/medic/{places.clinic}", clinic | {"contact": {"_id": sender["_id"]}})
    api.ok("PUT", f"/medic/{places.area}", area | {"contact": {"_id": worker["_id"]}})
    configure(api, {"events": [], "messages": [said("hi", recipient=recipient)]})
    (task,) = send(api, sender, "1!REG!Zola##")["tasks"]
    assert task["messages"][0]["to"] == {"sender": sender["phone"], "worker": worker["phone"]}.get(whose, whose)
