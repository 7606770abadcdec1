"""HQ's data forwarding: what is sent for which form, case and location, and what becomes of it."""

import json
from datetime import datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
import requests

from mocksrv.tests.receiver import Receiver
from mocksrv.vendors.commcare.repeaters import configured

FORM = """<data xmlns="http://openrosa.org/formdesigner/visit" name="Visit" version="1" uiVersion="1">
  <weight>52</weight>
  <case case_id="{case}" date_modified="2026-03-01T07:00:00.000000Z" user_id="u1"
        xmlns="http://commcarehq.org/case/transaction/v2">{create}
    <update><weight>{weight}</weight></update>{close}</case>
  <meta xmlns="http://openrosa.org/jr/xforms"><deviceID>d</deviceID><instanceID>{form}</instanceID><userID>u1</userID>
    <timeStart>2026-03-01T07:00:00Z</timeStart><timeEnd>2026-03-01T07:01:00Z</timeEnd></meta></data>"""
CREATE = "<create><case_type>patient</case_type><case_name>Ada &amp; co</case_name><owner_id>o1</owner_id></create>"


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def frozen(mocksrv):
    mocksrv.clock.freeze("2026-03-01T08:02:00Z")
    return mocksrv


def forward(world, url, *repeaters):
    world.set(commcare_repeaters=json.dumps({"demo": [{"url": url} | one for one in repeaters]}))


def submit(world, form="f1", case="c1", create=CREATE, weight=52, close=""):
    session = world.account("commcare").client
    text = FORM.format(form=form, case=case, create=create, weight=weight, close=close)
    answer = session.post(f"{world.url}/a/demo/receiver/api/", data=text, headers={"Content-Type": "text/xml"})
    assert answer.status_code == 201, answer.text
    return text.encode()


def records(world):
    found = world.control("GET", "/tables/commcare.repeat_records")["documents"]
    return [one["doc"] for one in found]


def test_a_form_is_forwarded_as_it_came_without_another_request(mocksrv, receiver):
    forward(mocksrv, f"{receiver.url}/in?a=1", {"repeater_type": "FormRepeater"})
    sent = submit(mocksrv)
    ((method, path, headers, body),) = receiver.wait()
    assert (method, path, body) == ("POST", "/in?a=1&app_id=None", sent)
    assert headers["Content-Type"] == "text/xml"
    assert headers["received-on"].endswith("Z")
    mocksrv.clock.advance(1)
    (record,) = records(mocksrv)
    assert (record["state"], len(record["attempts"]), record["next_check"]) == ("Success", 1, None)


def test_each_type_sends_its_payload(frozen, receiver):
    types = [{"repeater_type": "FormRepeater", "format": "form_json", "include_app_id_param": False},
             {"repeater_type": "ShortFormRepeater"}, {"repeater_type": "CaseRepeater", "format": "case_json"},
             {"repeater_type": "CaseRepeater", "auth_type": "basic", "username": "bob", "password": "s3cret"}]
    forward(frozen, receiver.url, *({"url": f"{receiver.url}/{number}"} | one for number, one in enumerate(types)))
    submit(frozen)
    frozen.clock.advance(1)
    by_path = {path: (method, path, headers, body) for method, path, headers, body in receiver.got}
    got = dict(zip(("form", "stub", "case json", "case xml"), map(by_path.get, ("/0", "/1", "/2", "/3")), strict=True))
    form = json.loads(got["form"][3])
    assert (form["id"], form["form"]["weight"], form["metadata"]["userID"]) == ("f1", "52", "u1")
    assert list(form["attachments"]) == ["form.xml"]
    assert requests.get(form["attachments"]["form.xml"]["url"], auth=None).status_code == 401
    assert json.loads(got["stub"][3]) == {
        "form_id": "f1", "received_on": form["received_on"], "case_ids": ["c1"]}
    case = json.loads(got["case json"][3])
    assert (case["case_id"], case["properties"]["weight"], case["properties"]["case_name"]) == ("c1", "52", "Ada & co")
    _, _, headers, body = got["case xml"]
    block = ElementTree.fromstring(body)
    v2 = "{http://commcarehq.org/case/transaction/v2}"
    assert (block.tag, block.get("case_id"), block.find(f"{v2}create/{v2}case_name").text) == (
        f"{v2}case", "c1", "Ada & co")
    assert block.find(f"{v2}update/{v2}weight").text == "52"
    assert headers["Authorization"] == "Basic Ym9iOnMzY3JldA=="
    assert headers["server-modified-on"] == case["server_date_modified"]


def test_filters_of_repeaters(frozen, receiver):
    forward(frozen, receiver.url,
            {"repeater_type": "CreateCaseRepeater", "name": "a"}, {"repeater_type": "UpdateCaseRepeater"},
            {"repeater_type": "CaseRepeater", "white_listed_case_types": ["other"]},
            {"repeater_type": "CaseRepeater", "black_listed_users": ["u1"]},
            {"repeater_type": "FormRepeater", "white_listed_form_xmlns": ["http://other"]},
            {"repeater_type": "FormRepeater", "user_blocklist": ["u1"]})
    submit(frozen)
    frozen.clock.advance(1)
    submit(frozen, form="f2", create="", weight=53, close="<close/>")
    frozen.clock.advance(1)
    assert [call["kind"] for call in frozen.outbox()] == ["CreateCaseRepeater", "UpdateCaseRepeater"]
    assert b"close" in receiver.got[1][3]


def test_a_duplicate_is_not_forwarded(frozen, receiver):
    forward(frozen, receiver.url, {"repeater_type": "FormRepeater"})
    submit(frozen)
    submit(frozen)
    frozen.clock.advance(1)
    assert len(receiver.got) == 1


def test_a_saved_location_is_forwarded(frozen, receiver):
    forward(frozen, receiver.url, {"repeater_type": "LocationRepeater"})
    session = frozen.account("commcare").client
    (top,) = [one for one in session.get(f"{frozen.url}/a/demo/api/location/v2/?limit=100").json()["objects"]
              if one["location_type_code"] == "country"]
    made = session.post(f"{frozen.url}/a/demo/api/location/v2/", json={
        "name": "North", "location_type_code": "region", "parent_location_id": top["location_id"]}).json()
    frozen.clock.advance(1)
    sent = json.loads(receiver.got[0][3])
    assert (sent["location_id"], sent["name"], sent["location_type_code"], sent["lineage"]) == (
        made["location_id"], "North", "region", [top["location_id"]])


def test_retries_wait_an_hour_and_then_three_times_as_long_and_end(frozen, receiver):
    receiver.answers = [503, 500, 429] + [503] * 20
    forward(frozen, receiver.url, {"repeater_type": "ShortFormRepeater"})
    submit(frozen)
    frozen.clock.advance(1)
    (record,) = records(frozen)
    assert (record["state"], record["attempts"][0]["message"].splitlines()[1]) == ("Fail", "503: Service Unavailable")
    assert record["next_check"] == "2026-03-01T09:05:00.000000Z"
    frozen.clock.advance(30 * 86_400)
    (record,) = records(frozen)
    at = [datetime.fromisoformat(attempt["created_at"]) for attempt in record["attempts"]]
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert waits[0] == timedelta(minutes=63)
    assert all(three * 3 <= nine <= three * 3 + timedelta(minutes=5) for three, nine in pairwise(waits))
    assert (len(at), record["state"], record["next_check"]) == (6, "Cancelled", None)
    assert [call["attempt"] for call in frozen.outbox()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("status", "state"), [(200, "Success"), (204, "Empty"), (401, "InvalidPayload"),
                                               (422, "InvalidPayload"), (400, "Fail"), (404, "Fail"),
                                               (302, "InvalidPayload")])
def test_what_an_answer_means(frozen, receiver, status, state):
    receiver.answers = [status]
    forward(frozen, receiver.url, {"repeater_type": "ShortFormRepeater"})
    submit(frozen)
    frozen.clock.advance(1)
    assert records(frozen)[0]["state"] == state


def test_to_another_machine_a_test_decides(frozen):
    forward(frozen, "https://openfn.example/inbox", {"repeater_type": "ShortFormRepeater"})
    submit(frozen)
    frozen.clock.advance(1)
    (call,) = frozen.outbox(state="held")
    frozen.fail(call["id"], "timeout")
    assert records(frozen)[0]["state"] == "Fail"
    frozen.clock.advance(2 * 3600)
    (call,) = frozen.outbox(state="held")
    assert call["attempt"] == 2
    frozen.deliver(call["id"], status=201)
    assert records(frozen)[0]["state"] == "Success"
    frozen.verify_sent(vendor="commcare", operation="ShortFormRepeater", exactly=2)


def test_a_repeater_that_is_paused_or_gone(frozen, receiver):
    forward(frozen, receiver.url, {"repeater_type": "ShortFormRepeater", "id": "r1", "is_paused": True})
    submit(frozen)
    frozen.clock.advance(1)
    assert records(frozen)[0]["next_check"].startswith("2026-03-08")
    frozen.set(commcare_repeaters="")
    frozen.clock.advance(8 * 86_400)
    assert (records(frozen)[0]["state"], receiver.got) == ("Cancelled", [])


@pytest.mark.parametrize(("text", "reason"), [
    ("[]", "JSON by domain"), ('{"demo": {}}', "JSON by domain"), ("nonsense", "JSON by domain"),
    ('{"demo": [{"url": "http://a"}]}', "needs repeater_type"),
    ('{"demo": [{"repeater_type": "FormRepeater"}]}', "needs url"),
    ('{"demo": [{"repeater_type": "Dhis2Repeater", "url": "http://a"}]}', "repeater_type is one of FormRepeater"),
    ('{"demo": [{"repeater_type": "FormRepeater", "url": "ftp://a"}]}', "begins with neither"),
    ('{"demo": [{"repeater_type": "FormRepeater", "url": "http://a", "format": "case_xml"}]}', "format of a FormRep"),
    ('{"demo": [{"repeater_type": "FormRepeater", "url": "http://a", "colour": 1}]}', "has no 'colour'"),
    ('{"demo": [{"repeater_type": "FormRepeater", "url": "http://a", "user_blocklist": "u"}]}', "is a list of texts"),
    ('{"demo": [{"repeater_type": "FormRepeater", "url": "http://a", "is_paused": 1}]}', "is a truth"),
])
def test_a_setting_that_is_wrong_says_why(text, reason):
    with pytest.raises(ValueError, match=reason):
        configured.check(text)
