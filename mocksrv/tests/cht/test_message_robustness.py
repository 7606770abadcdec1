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
from mocksrv.vendors.cht.records import reports, transitions
from mocksrv.vendors.cht.shared_libs import app_settings
from mocksrv.vendors.cht.sms import gateway, schedule, states, traffic
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
        (saved,) = transitions.process(world, [doc])
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
