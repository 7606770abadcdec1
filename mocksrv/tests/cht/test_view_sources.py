"""The functions that design documents show emit what the views give: both run over the same documents."""

import json
import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.ddocs import sources
from mocksrv.vendors.cht.ddocs.views import VIEWS

NODE = shutil.which("node")
RUN = """
const read = require('readline').createInterface({ input: process.stdin });
let functions, rows;
globalThis.emit = (key, value) => rows.push([key === undefined ? null : key, value === undefined ? null : value]);
read.on('line', line => {
  const sent = JSON.parse(line);
  if (sent.functions) { functions = sent.functions.map(text => eval('(' + text + ')')); return; }
  console.log(JSON.stringify(functions.map(one => {
    rows = [];
    try { one(sent.doc); } catch (error) { rows = []; }
    return rows;
  })));
});
"""
NAMED = [(database, design, name) for (database, design), views in VIEWS.items() for name in views]

ODD = st.sampled_from((None, True, False, 0, 1, -2.5, 30003, "", "abc", "Abc def", "2024-05-06T07:08:09.000Z",
                       "2024-05-06", [], {}, [1], {"_id": "x"}, {"0": 1}))
TIME = st.sampled_from((None, True, 0, 1, -2.5, 1_600_000_000_000, 9_000_000_000_000_000, "", "2024-05-06",
                        "2024-05-06T07:08:09.000Z"))
LEVEL = st.recursive(ODD, lambda inner: st.fixed_dictionaries({}, optional={
    "_id": st.sampled_from(("c1", "p1", "d1", "", 7)), "parent": inner, "phone": ODD}), max_leaves=4)
PLACE = st.none() | st.fixed_dictionaries({}, optional={"_id": st.sampled_from(("c1", "", 7)), "parent": LEVEL,
                                                       "phone": ODD})
MESSAGE = st.fixed_dictionaries({}, optional={
    "uuid": ODD, "to": ODD, "message": ODD, "contact": LEVEL}) | ODD
TASK = st.fixed_dictionaries({}, optional={
    "state": st.sampled_from(("pending", "forwarded-to-gateway", "scheduled", "muted", "sent", "failed", "denied",
                              None, 3)),
    "due": TIME, "timestamp": TIME, "messages": st.lists(MESSAGE, max_size=2) | ODD, "gateway_ref": ODD, "group": ODD,
    "state_history": st.lists(st.fixed_dictionaries({}, optional={"timestamp": TIME}) | ODD, max_size=2) | ODD,
    "message_key": ODD, "translation_key": ODD, "recipient": ODD, "message": ODD, "type": ODD}) | ODD
DATE = st.sampled_from((None, "", "2024-05-06T07:08:09.000Z", "2024-05-06", "abc"))  # engines differ in other dates
FIELDS = st.fixed_dictionaries({}, optional={name: DATE if name == "visited_date" else ODD for name in (
    "patient_id", "place_id", "patient_uuid", "place_uuid", "case_id", "patient_name", "private", "needs_signoff",
    "visited_contact_uuid", "visited_date", "year", "month", "month_num", "week", "week_number", "content", "A_date")})
ERRORS = st.lists(st.fixed_dictionaries({}, optional={
    "code": st.sampled_from(("sys.missing_fields", "registration_not_found", "invalid_patient_id", 1)),
    "fields": st.sampled_from((["patient_id"], "place_id", [], None))}) | ODD, max_size=2)
DOCUMENT = st.fixed_dictionaries({"_id": st.sampled_from(("doc", "settings", "c1"))}, optional={
    "_rev": st.just("1-a"), "type": st.sampled_from((
        "contact", "person", "clinic", "health_center", "district_hospital", "national_office", "data_record", "task",
        "target", "form", "translations", "feedback", "telemetry", "task:outbound", "user-settings", None, 5)),
    "contact_type": ODD | st.just("clinic"), "form": ODD, "name": ODD, "parent": PLACE, "contact": PLACE,
    "fields": FIELDS | st.none(), "errors": ERRORS | st.none(), "tasks": st.lists(TASK, max_size=3) | ODD,
    "scheduled_tasks": st.lists(TASK, max_size=2), "sms_message": st.fixed_dictionaries({}, optional={
        "gateway_ref": ODD, "uuid": ODD}) | ODD, "kujua_message": ODD, "reported_date": TIME, "patient_id": ODD,
    "place_id": ODD, "case_id": ODD, "rc_code": ODD, "phone": ODD, "dhis": st.lists(st.fixed_dictionaries({}, optional={
        "orgUnit": ODD}) | ODD, max_size=2) | ODD, "state": st.sampled_from(("Ready", "Failed", 1)), "owner": ODD,
    "user": ODD, "requester": ODD, "emission": st.fixed_dictionaries({"endDate": ODD}) | ODD, "enabled": ODD,
    "code": ODD, "meta": st.fixed_dictionaries({"time": ODD}) | st.none(), "_conflicts": st.just(["2-b"]), "muted": ODD,
    "date_of_death": ODD, "facility_id": ODD, "contact_id": ODD, "timestamp": ODD, "count": ODD, "created": ODD,
    "from": ODD, "sent_by": ODD, "metadata": st.fixed_dictionaries({}, optional={
        "user": ODD, "deviceId": ODD, "year": st.just(2024), "month": st.sampled_from((0, 3, 12)), "day": st.just(7),
        "versions": ODD | st.just({"app": "4.15"})}) | ODD, "device": st.fixed_dictionaries({}, optional={
            "userAgent": ODD, "deviceInfo": ODD | st.just({"app": {"version": "1"}, "software": {}})}) | ODD})


def plain(value):
    """A value as JSON tells it: -0 and 0 are one, and so are 1 and 1.0."""
    return json.dumps(value, sort_keys=False)


def emitted(view, doc):
    try:
        return [[key, value] for key, value in view.map(doc)]
    except Thrown:
        return []


@pytest.fixture(scope="module")
def javascript():
    """Runs all functions over a document."""
    with subprocess.Popen([NODE, "-e", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        def send(message):
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()

        def run(doc):
            send({"doc": doc})
            return json.loads(process.stdout.readline())

        send({"functions": [sources.MAPS[design][name] for _, design, name in NAMED]})
        yield run
        process.stdin.close()


def test_each_view_shows_its_function_and_each_function_is_a_view():
    assert {(design, name) for design, views in sources.MAPS.items() for name in views} == {
        (design, name) for _, design, name in NAMED}
    reduced = {name for _, design, name in NAMED for view in [VIEWS[_, design][name]] if view.reduce}
    assert reduced == set(sources.REDUCES)


@pytest.mark.skipif(NODE is None, reason="needs Node.js, which runs the functions")
@settings(max_examples=1500, deadline=None)
@given(doc=DOCUMENT)
@example(doc={"_id": "doc", "type": "clinic", "parent": False})
@example(doc={"_id": "doc", "type": "clinic", "parent": {"parent": 0}})
@example(doc={"_id": "doc", "type": "data_record", "kujua_message": True, "tasks": [{"messages": "abc"}]})
@example(doc={"_id": "doc", "type": "data_record", "kujua_message": True, "tasks": [{"messages": {"0": {"to": "1"}}}]})
@example(doc={"_id": "doc", "tasks": [{"state_history": "abc"}, {"state_history": {"0": 1}}]})
def test_functions_emit_what_views_give(javascript, doc):
    for (database, design, name), wanted in zip(NAMED, javascript(doc), strict=True):
        found = emitted(VIEWS[database, design][name], doc)
        if "freetext" in name:
            found, wanted = sorted(found, key=plain), sorted(wanted, key=plain)
        assert list(map(plain, found)) == list(map(plain, wanted)), (design, name)
