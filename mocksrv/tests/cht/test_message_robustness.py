"""Whatever is posted, stored or configured: records and text messages answer as the server would, never with a
failure of the mock's own."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocksrv.call import Call, Refusal
from mocksrv.config import Config
from mocksrv.vendors.cht import vendor
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.node import json_text
from mocksrv.vendors.cht.records import reports
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.sms import gateway, schedule, states, traffic
from mocksrv.vendors.cht.transitions import processing
from mocksrv.worlds import Worlds

FORM = {
    "meta": {"code": "F"}, "facility_reference": "place_id",
    "fields": {key: {"type": kind, "labels": {"tiny": label}} for key, kind, label in (
        ("place_id", "string", "p"), ("n", "integer", "n"), ("d", "date", "d"), ("locale", "string", "l"),
        ("a.b", "boolean", "b"))}}
words = st.sampled_from(["F", "+254712345679", "2020-01-01", "1352399720000", "u", "ref", "sw"])
scalars = (st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=6) | words
           | st.floats(allow_nan=False, allow_infinity=False))
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["form", "from", "locale", "reported_date", "id", "status", "content", "_id", "en"]), inner,
    max_size=4), max_leaves=6)
calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def made_json(value):
    """A value as the server holds it after it came as JSON."""
    return json_text.loads(json_text.dumps(value))


@pytest.fixture
def world():
    world = Worlds((vendor,), Config(size=0)).origin
    app_settings.update(world, {"forms": {"F": FORM}, "default_responses": {"start_date": "1990-01-01"},
                                "transitions": {"update_clinics": True, "default_responses": True}}, "merge")
    return world


def attempt(function, *args):
    """The result, or the status of a refusal: those are answers, too."""
    try:
        return function(*args)
    except Refusal as refused:
        return refused.status


def store(world, make, *args):
    """Make a document and save it."""
    doc = attempt(make, world, *args)
    if doc != 500:
        (saved,) = processing.process(world, [doc])
        assert saved["ok"]


@calm
@given(st.fixed_dictionaries({"_meta": values | st.fixed_dictionaries(
    {"form": st.just("F")}, optional={"from": values, "locale": values, "reported_date": values})},
    optional={"place_id": values, "n": values, "d": values, "locale": values, "a.b": values, "N": values}) | values)
def test_records(world, body):
    store(world, reports.from_json, made_json(body))


@calm
@given(st.fixed_dictionaries({}, optional={
    "message": values | st.sampled_from(["F p 1 # n 2 # l sw", "1!F!#x#y", "hello"]), "from": values,
    "sent_timestamp": values, "locale": values, "gateway_ref": values}))
def test_text_messages(world, data):
    store(world, reports.from_message, made_json(data))


@calm
@given(st.fixed_dictionaries({}, optional={"messages": values | st.lists(values, max_size=3),
                                           "updates": values | st.lists(values, max_size=3)}) | values)
def test_gateways(world, body):
    call = Call(method="POST", path="/api/sms", target="/api/sms", headers={})
    call.json = made_json(body)
    answer = attempt(gateway.post_gateway, world, call)
    assert answer == 500 or answer.keys() == {"messages"}


messages = st.fixed_dictionaries({}, optional={"uuid": st.just("u") | values, "to": values, "message": values})
tasks = st.fixed_dictionaries({}, optional={
    "messages": st.lists(messages | values, max_size=2) | values,
    "state": st.sampled_from(["pending", "scheduled"]) | values,
    "state_history": values, "due": values, "timestamp": values, "gateway_ref": st.just("ref") | values,
    "state_details": values})


@calm
@given(st.fixed_dictionaries({}, optional={"tasks": st.lists(tasks | values, max_size=2) | values,
                                           "scheduled_tasks": st.lists(tasks, max_size=1),
                                           "sms_message": values, "reported_date": values}))
def test_documents_of_any_shape(world, doc):
    documents.database(world).put(made_json(doc))
    schedule.release(world, 0)
    schedule.release(world, world.clock.ms())
    traffic.hand_out(world)
    states.apply(world, [states.Change("sent", "u", {"reason": "x"}), states.Change("delivered", None, "y", "ref")])


EVENTS = ("add_patient", "add_place", "add_case", "add_birth_date", "add_expected_date", "assign_schedule",
          "clear_schedule")
RULES = ("lenMin(5) && !regex('^x')", "unique('n', 'd')", "a ? b : (c", "isISOWeek('n', 'd')", "isAfter('1 week')",
         "iEquals('x')", "otherMin('n', 3) || exists('F', 'n')", "uniqueWithin('n', '2 days')", "regex('((((')")
said = st.lists(st.fixed_dictionaries({}, optional={
    "event_type": st.just("report_accepted") | values,
    "message": values | st.just([{"content": "{{n}}", "locale": "en"}]),
    "recipient": values | st.sampled_from(["clinic", "parent", "link:x", "fields.n"]), "offset": st.just("2 weeks"),
    "send_time": values | st.just("08:00"), "send_day": values, "bool_expr": values}) | values, max_size=2)
rule = st.fixed_dictionaries({}, optional={"property": st.just("n") | values, "rule": st.sampled_from(RULES) | values,
                                           "message": values})
reporting = st.fixed_dictionaries({"form": st.just("F")}, optional={
    "events": values | st.lists(st.fixed_dictionaries(
        {"name": st.just("on_create"), "trigger": st.sampled_from(EVENTS)},
        optional={"params": st.just("S") | values, "bool_expr": values})),
    "messages": said | values, "validations": values | st.fixed_dictionaries({"list": st.lists(rule | values)}),
    "silence_type": st.just("S") | values, "silence_for": st.just("2 weeks") | values})


@calm
@given(st.fixed_dictionaries({}, optional={
    "registrations": st.lists(reporting, max_size=2), "patient_reports": st.lists(reporting | values, max_size=2),
    "accept_case_reports": values | st.lists(reporting, max_size=1), "alerts": values | st.lists(reporting, max_size=1),
    "self_report": values | st.lists(reporting, max_size=1), "outgoing_phone_replace": values,
    "death_reporting": st.just({"mark_deceased_forms": ["F"], "date_field": "fields.d"}) | values,
    "schedules": values | st.lists(st.fixed_dictionaries({"name": st.just("S")}, optional={
        "start_from": st.just("fields.d") | values, "messages": said | values}), max_size=2)}),
    st.sampled_from(["update_clinics", "registration", "accept_patient_reports", "accept_case_reports", "self_report",
                     "death_reporting", "conditional_alerts", "update_scheduled_reports"]),
    st.fixed_dictionaries({"n": values, "d": values, "place_id": values}))
def test_transitions_by_settings_of_any_shape(world, changes, name, fields):
    """Whatever the settings hold, the report is saved."""
    changes = {"registrations": [], "transitions": {"update_clinics": True, name: True}} | changes
    app_settings.update(world, made_json(changes | {"forms": {"F": FORM | {"public_form": True}}}), "replace")
    store(world, reports.from_json, made_json({**fields, "_meta": {"form": "F", "from": "+254712345679"}}))


@calm
@given(st.fixed_dictionaries({}, optional={
    "muting": values | st.fixed_dictionaries({"mute_forms": st.just(["F"]), "messages": said | values}),
    "notifications": values | st.fixed_dictionaries({"off_form": st.just("F"), "messages": said | values}),
    "multi_report_alerts": values | st.lists(st.fixed_dictionaries({
        "name": st.just("A"), "num_reports_threshold": st.just(1), "time_window_in_days": st.just(3) | values,
        "message": values,
        "is_report_counted": st.sampled_from(["() => true", "x", "report => report.a.b"]) | values,
        "recipients": st.just(["+254711000000", "new_report"]) | values}), max_size=2),
    "schedules": values}),
    st.sampled_from(["muting", "update_notifications", "multi_report_alerts"]),
    st.fixed_dictionaries({"type": st.just("data_record"), "form": st.just("F"), "content_type": st.just("xml")},
                          optional={"fields": values | st.just({"patient_id": "p"}), "contact": values,
                                    "reported_date": values, "scheduled_tasks": values, "tasks": values,
                                    "errors": values}))
def test_transitions_in_the_background_by_settings_of_any_shape(world, changes, name, doc):
    """Whatever the settings and the document hold."""
    app_settings.update(world, made_json(changes | {"transitions": {name: True, "resolve_pending": True}}), "replace")
    medic = documents.database(world)
    medic.bulk([{"_id": "p", "type": "person", "patient_id": "p"}] if medic.peek("p") is None else [])
    id = medic.put(made_json(doc))["id"]
    processing.follow(world, app_settings.read(world), medic.load(id), medic.update_seq)
    schedule.release(world, world.clock.ms())


@calm
@given(st.fixed_dictionaries({}, optional={
    "forms": values | st.fixed_dictionaries({"F": values | st.just(FORM) | st.fixed_dictionaries({"fields": values})}),
    "locale": values, "default_country_code": values, "phone_validation": values, "forms_only_mode": values,
    "transitions": values | st.just({"update_clinics": True, "default_responses": 1}), "sms": values,
    "default_responses": values | st.fixed_dictionaries({"start_date": values})}),
    st.sampled_from(["F n 5", "1!F!a#b#c", "hello", ""]))
def test_settings_of_any_shape(world, changes, text):
    app_settings.update(world, made_json(changes), "replace")
    store(world, reports.from_message, {"message": text, "from": "+254712345679"})
    store(world, reports.from_json, {"n": 1, "_meta": {"form": "F"}})
    traffic.hand_out(world)
    traffic.outgoing_service(world)
