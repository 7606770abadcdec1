"""CHT's outbound push: what is sent where and when, what becomes of it, and what the outbox tells of each attempt."""

import base64
import json

import pytest
import requests

from mocksrv.tests.receiver import Receiver

ADMIN = ("admin", "pass")
FIVE = 300


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def configure(world, **pushes):
    settings = {"transitions": {"mark_for_outbound": True}, "outbound": pushes}
    requests.put(f"{world.url}/api/v1/settings", json=settings, auth=ADMIN).raise_for_status()


def to(url, path="/inbox", **more):
    return {"relevant_to": "doc.type === 'data_record' && doc.form === 'visit'",
            "destination": {"base_url": url, "path": path} | more.pop("destination", {}),
            "mapping": {"id": "doc._id", "patient.name": {"expr": "doc.fields.name.toUpperCase()"},
                        "note": {"path": "doc.fields.note", "optional": True}}} | more


def write(world, id="r1", **doc):
    body = {"_id": id, "type": "data_record", "form": "visit", "fields": {"name": "Ada"}} | doc
    answer = requests.put(f"{world.url}/medic/{id}", json=body, auth=ADMIN)
    answer.raise_for_status()
    return answer.json()["rev"]


def outbox(world, **wanted):
    return world.control("GET", "/outbox?" + "&".join(f"{key}={value}" for key, value in wanted.items()))


def backlog(world):
    return requests.get(f"{world.url}/api/v2/monitoring").json()["outbound_push"]["backlog"]


def stored(world, database, id):
    return requests.get(f"{world.url}/{database}/{id}", auth=ADMIN).json()


@pytest.fixture
def frozen(mocksrv):
    mocksrv.clock.freeze("2026-03-01T08:00:00Z")
    return mocksrv


def test_a_document_is_pushed_without_another_request(mocksrv, receiver):
    configure(mocksrv, openfn=to(receiver.url))
    write(mocksrv)
    ((method, path, headers, body),) = receiver.wait()
    assert (method, path, json.loads(body)) == ("POST", "/inbox", {"id": "r1", "patient": {"name": "ADA"}})
    assert headers["user-agent"] == "CHT/4.15.0 (linux,x64)"
    assert headers["content-type"] == headers["accept"] == "application/json"


def test_a_push_that_succeeds_is_noted_and_the_same_is_not_sent_again(frozen, receiver):
    configure(frozen, openfn=to(receiver.url))
    rev = write(frozen)
    frozen.clock.advance(2)
    (call,) = outbox(frozen)
    assert {key: call[key] for key in ("kind", "about", "attempt", "state", "by", "status")} == {
        "kind": "outbound", "about": "r1 openfn", "attempt": 1, "state": "delivered", "by": "the network",
        "status": 200}
    (done,) = stored(frozen, "medic-sentinel", "r1-info")["completed_tasks"]
    assert (done["type"], done["name"], len(done["hash"])) == ("outbound", "openfn", 64)
    rev = write(frozen, _rev=rev, other="not mapped")
    frozen.clock.advance(2)
    assert len(receiver.got) == 1
    write(frozen, _rev=rev, fields={"name": "Grace"})
    frozen.clock.advance(2)
    assert [json.loads(body)["patient"]["name"] for *_, body in receiver.got] == ["ADA", "GRACE"]


def test_what_fails_is_tried_every_five_minutes_and_the_outbox_tells_every_attempt(frozen, receiver):
    receiver.answers = [503, 500]
    configure(frozen, openfn=to(receiver.url))
    write(frozen)
    frozen.clock.advance(2)
    task = stored(frozen, "medic-sentinel", "task:outbound:r1")
    assert (task["type"], task["doc_id"], task["queue"], backlog(frozen)) == ("task:outbound", "r1", ["openfn"], 1)
    frozen.clock.advance(FIVE)
    assert (len(receiver.got), backlog(frozen)) == (2, 1)
    frozen.clock.advance(FIVE)
    assert (len(receiver.got), backlog(frozen)) == (3, 0)
    assert [(call["attempt"], call["state"], call["status"]) for call in outbox(frozen)] == [
        (1, "failed", 503), (2, "failed", 500), (3, "delivered", 200)]
    assert stored(frozen, "medic-sentinel", "task:outbound:r1")["error"] == "not_found"
    frozen.clock.advance(10 * FIVE)
    assert len(receiver.got) == 3


def test_a_long_jump_of_the_clock_makes_each_attempt_at_its_own_moment(frozen, receiver):
    receiver.answers = [503] * 100
    configure(frozen, openfn=to(receiver.url))
    write(frozen)
    frozen.clock.advance(3600)
    calls = outbox(frozen)
    assert [call["attempt"] for call in calls] == list(range(1, len(receiver.got) + 1))
    assert len(calls) in (12, 13)
    moments = [call["created"][11:16] for call in calls[1:]]
    assert moments == sorted(set(moments))
    assert int(moments[1][3:]) - int(moments[0][3:]) == 5


def test_to_another_machine_nothing_is_sent_and_a_test_decides(frozen):
    configure(frozen, openfn=to("https://openfn.example/api"))
    write(frozen)
    write(frozen, "r2")
    frozen.clock.advance(2)
    first, second = outbox(frozen, state="held")
    assert (first["url"], backlog(frozen)) == ("https://openfn.example/api/inbox", 0)
    assert frozen.control("POST", f"/outbox/{first['id']}/deliver", {"status": 201})["state"] == "delivered"
    assert stored(frozen, "medic-sentinel", "r1-info")["completed_tasks"][0]["name"] == "openfn"
    failed = frozen.control("POST", f"/outbox/{second['id']}/fail", {"error": "timeout"})
    assert (failed["state"], failed["error"], failed["by"], backlog(frozen)) == ("failed", "timeout", "a test", 1)
    frozen.clock.advance(FIVE)
    (again,) = outbox(frozen, state="held")
    assert (again["about"], again["attempt"]) == ("r2 openfn", 2)
    frozen.control("POST", f"/outbox/{again['id']}/deliver")
    assert backlog(frozen) == 0


def test_what_is_tried_again_is_made_of_the_document_as_it_is_then(frozen, receiver):
    receiver.answers = [503]
    configure(frozen, openfn=to(receiver.url))
    rev = write(frozen)
    frozen.clock.advance(2)
    requests.put(f"{frozen.url}/medic/r1", json={"_id": "r1", "_rev": rev, "_deleted": True}, auth=ADMIN)
    frozen.clock.advance(FIVE)
    assert (len(receiver.got), backlog(frozen)) == (1, 0)


@pytest.mark.parametrize(("auth", "header"), [
    ({"type": "Basic", "username": "bob", "password_key": "openfn.org"},
     f"Basic {base64.b64encode(b'bob:s3cret').decode()}"),
    ({"type": "header", "name": "Authorization", "value_key": "openfn.org"}, "s3cret"),
])
def test_credentials_are_those_of_the_vault(frozen, receiver, auth, header):
    requests.put(f"{frozen.url}/api/v1/credentials/openfn.org", "s3cret", headers={"Content-Type": "text/plain"},
                 auth=ADMIN).raise_for_status()
    configure(frozen, openfn=to(receiver.url, destination={"auth": auth}))
    write(frozen)
    frozen.clock.advance(2)
    assert receiver.got[0][2]["authorization"] == header
    assert "s3cret" not in json.dumps(outbox(frozen))


def test_muso_sih_logs_in_first(frozen, receiver):
    requests.put(f"{frozen.url}/api/v1/credentials/sih", "s3cret", headers={"Content-Type": "text/plain"},
                 auth=ADMIN).raise_for_status()
    receiver.answers = [(200, '{"statut": 200, "data": {"username_token": "t&1"}}')]
    auth = {"type": "muso-sih", "username": "bob", "password_key": "sih", "path": "/login"}
    configure(frozen, sih=to(receiver.url, destination={"auth": auth}))
    write(frozen)
    frozen.clock.advance(2)
    (_, login, _, form), (_, push, _, body) = receiver.got
    assert (login, form, push) == ("/login", b"login=bob&password=s3cret", "/inbox?token=t%261")
    assert json.loads(body)["id"] == "r1"
    assert backlog(frozen) == 0


@pytest.mark.parametrize(("change", "reason"), [
    ({"mapping": {"id": "doc.nothing.there"}}, "cannot find 'doc.nothing.there' on source document"),
    ({"mapping": {"id": {"expr": "doc.nothing.there"}}}, "JS error on source document: 'r1': TypeError"),
    ({"mapping": {"id": {"expr": "while (true) {}"}}}, "interrupted"),
    ({"mapping": {"id": {"expr": "require('fs')"}}}, "ReferenceError"),
    ({"mapping": {"id": {}}}, "either 'expr' or 'path' is required: 'r1'"),
    ({"mapping": None}, "mapping"), ({"destination": {"path": "/x"}}, "Url must be a string"),
    ({"destination": {"base_url": "http://127.0.0.1:1", "path": "/x", "auth": {"type": "magic"}}}, "Invalid auth type"),
    ({"destination": {"base_url": "http://127.0.0.1:1", "path": "/x",
                      "auth": {"type": "basic", "username": "x", "password_key": "none"}}},
     "Credentials for 'none' have not been configured"),
])
def test_what_cannot_be_pushed_says_why_and_waits_for_better_settings(frozen, receiver, change, reason):
    configure(frozen, openfn=to(receiver.url) | change)
    write(frozen)
    frozen.clock.advance(2)
    (call,) = outbox(frozen)
    assert call["state"] == "failed"
    assert reason in call["error"]
    assert (backlog(frozen), receiver.got) == (1, [])


def test_a_condition_that_throws_pushes_nothing_at_all(frozen, receiver):
    configure(frozen, broken=to(receiver.url, relevant_to="doc.a.b.c"), fine=to(receiver.url))
    write(frozen)
    frozen.clock.advance(2)
    (call,) = outbox(frozen)
    assert "relevant_to of 'broken': TypeError" in call["error"]
    assert (receiver.got, backlog(frozen)) == ([], 0)


def test_nobody_there_is_a_failure_that_is_told(frozen):
    configure(frozen, openfn=to("http://127.0.0.1:1"))
    write(frozen)
    frozen.clock.advance(2)
    (call,) = outbox(frozen)
    assert (call["state"], call["status"], backlog(frozen)) == ("failed", None, 1)
    assert "refused" in call["error"]


def test_the_service_may_ask_the_same_world_while_it_is_called(frozen, receiver):
    seen = []
    receiver.answers = [lambda _got: seen.append(stored(frozen, "medic", "r1")["form"]) or 200]
    configure(frozen, openfn=to(receiver.url))
    write(frozen)
    frozen.clock.advance(2)
    assert seen == ["visit"]


def test_verify_covers_the_outbox(frozen, receiver):
    configure(frozen, openfn=to(receiver.url))
    write(frozen)
    frozen.clock.advance(2)
    wanted = {"operation": "outbound", "path": f"{receiver.url}/inbox", "status": 200}
    assert frozen.control("POST", "/outbox/verify", wanted | {"exactly": 1}) == {
        "ok": True, "account": None, "nearest": []}
    assert frozen.control("POST", "/outbox/verify", wanted | {"never": True})["ok"] is False


# --- messages to services ---


def message(world, service, options, secret_key):
    world.plant(size="empty", at="2026-03-01T08:00:00Z", cht_sms_services="called")
    requests.put(f"{world.url}/api/v1/credentials/{secret_key}", "s3cret", headers={"Content-Type": "text/plain"},
                 auth=ADMIN).raise_for_status()
    settings = {"sms": {"outgoing_service": service} | options}
    requests.put(f"{world.url}/api/v1/settings", json=settings, auth=ADMIN).raise_for_status()
    write(world, "m1", reported_date=1_772_352_000_000, tasks=[{"state": "pending", "messages": [
        {"to": "+254712345678", "message": "Hello & welcome", "uuid": "u-1"}]}])


def state(world):
    (task,) = stored(world, "medic", "m1")["tasks"]
    return task["state"], task.get("state_details"), task.get("gateway_ref")


def test_rapidpro_is_called_every_minute_until_it_takes_the_message(mocksrv, receiver):
    receiver.answers = [503, (201, '{"id": 77, "status": "wired"}')]
    message(mocksrv, "rapidpro", {"rapidpro": {"url": receiver.url}}, "rapidpro:outgoing")
    mocksrv.clock.advance(61)
    assert state(mocksrv) == ("pending", None, None)
    mocksrv.clock.advance(60)
    method, path, headers, body = receiver.got[1]
    assert (method, path, headers["authorization"]) == ("POST", "/api/v2/broadcasts.json", "Token s3cret")
    assert json.loads(body) == {"urns": ["tel:+254712345678"], "text": "Hello & welcome"}
    assert state(mocksrv) == ("forwarded-by-gateway", "Wired", "77")
    assert [(call["kind"], call["about"], call["attempt"]) for call in outbox(mocksrv)] == [
        ("rapidpro", "u-1", 1), ("rapidpro", "u-1", 2)]


@pytest.mark.parametrize(("answer", "found"), [
    ({"body": '{"SMSMessageData": {"Recipients": [{"statusCode": 101, "messageId": "AT1"}]}}'},
     ("sent", "Sent", "AT1")),
    ({"body": '{"SMSMessageData": {"Recipients": [{"statusCode": 403, "messageId": "None"}]}}'},
     ("failed", "InvalidPhoneNumber", "None")),
    ({"body": '{"SMSMessageData": {"Recipients": [{"statusCode": 405}]}}'}, ("pending", None, None)),
    ({"body": "no JSON"}, ("pending", None, None)), ({"status": 401}, ("pending", None, None)),
])
def test_africas_talking_is_never_called_but_a_test_may_answer_for_it(mocksrv, answer, found):
    message(mocksrv, "africas-talking", {"africas_talking": {"username": "sandbox"}, "reply_to": "clinic"},
            "africastalking.com:outgoing")
    mocksrv.clock.advance(300)
    (held,) = outbox(mocksrv)
    assert (held["state"], held["url"]) == ("held", "https://api.sandbox.africastalking.com/version1/messaging")
    told = "username=sandbox&from=clinic&to=%2B254712345678&message=Hello+%26+welcome"
    assert held["request"]["body"] == told
    assert "s3cret" not in json.dumps(held)
    mocksrv.control("POST", f"/outbox/{held['id']}/deliver", answer)
    assert state(mocksrv) == found


def test_pushes_of_a_document_are_made_one_after_the_other(frozen, receiver):
    broken = Receiver()
    broken.answers = [500]
    configure(frozen, a=to(receiver.url, "/a"), b=to(broken.url), c=to(receiver.url, "/c"))
    write(frozen)
    frozen.clock.advance(2)
    assert [path for _, path, _, _ in receiver.got] == ["/a", "/c"]
    assert [one["name"] for one in stored(frozen, "medic-sentinel", "r1-info")["completed_tasks"]] == ["a", "c"]
    assert stored(frozen, "medic-sentinel", "task:outbound:r1")["queue"] == ["b"]
    broken.close()
