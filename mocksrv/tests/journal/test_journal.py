"""The journal: queries, verification, archive, live stream, and what it never keeps."""

import hashlib
import json
import threading
import time

import pytest
import requests

from mocksrv.journal import BODY, KEPT, Entry, Journal
from mocksrv.journal.matchers import BadExpectation
from mocksrv.journal.redaction import redact
from mocksrv.journal.verify import verify
from mocksrv.serving.server import Server
from mocksrv.tests.journal.steps import steps


def entry(number=1, **fields):
    plain = {"at": "2024-01-01T00:00:00.000Z", "method": "GET", "target": "/v1/things/a?x=1", "headers": {},
             "status": 200, "vendor": "shop", "operation": "get_thing", "caller": "me"}
    return Entry(number, **plain | fields)


def journal(*entries):
    made = Journal()
    for one in entries:
        made.add(one)
    return made


MIXED = [entry(1), entry(2, status=404, diagnosis=["there is no thing"]), entry(3, operation="put_thing", method="PUT"),
         entry(4, target="/v2/x", operation=None, vendor=None, status=500)]


@pytest.mark.parametrize(("wanted", "ids"), [
    ({}, [1, 2, 3, 4]), ({"operation": "get_thing"}, [1, 2]), ({"status": 404}, [2]), ({"status": "404"}, [2]),
    ({"status": "2xx"}, [1, 3]), ({"path": "/v1/*"}, [1, 2, 3]), ({"path": "/v1/things/?"}, [1, 2, 3]),
    ({"diagnosis": "no thing"}, [2]), ({"diagnosis": 5}, []), ({"path": 5}, []),
    ({"method": "PUT", "caller": "me"}, [3]), ({"vendor": "other"}, []),
])
def test_queries(wanted, ids):
    assert [one.id for one in journal(*MIXED).find(**wanted)] == ids
    assert [one.id for one in journal(*MIXED).find(2, **wanted)] == ids[-2:]
    assert journal(*MIXED).find(0, **wanted) == []


@pytest.mark.parametrize("expected", [
    {"operation": "get_thing"}, {"operation": "get_thing", "exactly": 2}, {"status": "4xx", "at_most": 1},
    {"operation": "gone", "never": True}, {"at_least": 4}, {"at_least": 1, "at_most": 4},
    {"in_order": [{"status": 200}, {"status": 404}, {"method": "PUT"}]}, {"in_order": []},
])
def test_what_is_as_expected_has_no_account(expected):
    assert verify(MIXED, expected) is None


@pytest.mark.parametrize(("expected", "text"), [
    ({"operation": "get_thing", "exactly": 3}, "expected exactly 3 of operation=get_thing, saw 2"),
    ({"operation": "get_thing", "never": True}, "expected exactly 0 of operation=get_thing, saw 2"),
    ({"at_least": 9}, "expected at least 9 of any exchange, saw 4"),
    ({"in_order": [{"status": 404}, {"status": 404}]}, "number 2, status=404, did not come after number 1"),
    ({"in_order": [{"status": 418}]}, "expected status=418 first"),
])
def test_what_is_not_as_expected_has_a_readable_account(expected, text):
    account = verify(MIXED, expected).account
    assert account.startswith("expected")
    assert text in account
    assert "  #2 GET /v1/things/a?x=1 -> 404  get_thing  (there is no thing)" in account.splitlines()


@pytest.mark.parametrize("expected", [{"exactly": -1}, {"exactly": "2"}, {"at_least": True}, {"colour": "red"},
                                      {"in_order": "x"}, {"in_order": [{"colour": 1}]}, {"in_order": [], "exactly": 1},
                                      {"path": ["x"]}, {"operation": {"a": 1}}, {"status": None},
                                      {"never": "false"}, {"never": 0}])
def test_a_senseless_expectation_is_refused(shop, expected):
    with pytest.raises(BadExpectation):
        verify(MIXED, expected)
    assert shop.post("/_mocksrv/journal/verify", json=expected).json["type"] == "about:mocksrv#bad-expectation"


def test_it_is_bounded():
    made = journal(*(entry(number) for number in range(KEPT + 5)))
    assert len(made) == KEPT
    assert made.find(1)[0].id == KEPT + 4
    assert len(json.dumps(entry(request_body=b"x" * 100_000).describe())) < 4_000


@pytest.mark.parametrize("text", [
    '{"password": "hush"}', '{"Password":"hu\\"sh"}', "password=hush&x=1", "api_key=hush", '{"token": "hush", "a": 1}',
    '{"api_secret": "hush"}', "username=a&apikey=hush", "password=a,hush", '{"password": "hush', '{"token": "a\\"hush',
    "<password>hush</password>", '<n:password type="text">hush</n:password>', "/x?api-key=hush", '{"password":hush}',
    'name="password"\r\n\r\nhush\r\n--x', "https://example.org/medic/login/token/hush", "http://me:hush@localhost/",
    "/~w/api/v1/sms/africastalking/incoming-messages?a=b&key=hush", "%22password%22=hush",
    '{"token": {"a": "hush"}}', '{"password": ["hush", {"b": "hush]"}], "c": 1}', '{"p\\u0061ssword": "hush"}',
    '{"x": "{\\"password\\": \\"hush\\"}"}', "name=admin&pass%77ord=hush", "?access%5Ftoken=hush", "pwd=hush&a=1",
    "https://x/?redirect=a%26access_token%3Dhush%26b", "<password><![CDATA[hush]]></password>", "{'pass': 'hush'}",
    "--x\r\nContent-Disposition: form-data; name=password\r\n\r\nhush\r\n--x--", "Authorization: Bearer hush\r\na: b",
    '{"passwordConfirm": "hush", "password2": "hush", "new_password": "hush", "private_key": "hush"}',
])
def test_secrets_are_redacted(text):
    assert "hush" not in redact(text)
    assert 'sh"' not in redact(text)


@pytest.mark.parametrize("text", [
    '{"rows": [{"id": "a", "value": {"rev": "1-x"}}]}', '{"token_login": {"enabled": true}}',
    "/medic/_all_docs?key=a", "keyword=a", "mailto:me@example.org",
])
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_bodies_that_are_secrets_are_not_kept_and_cut_ones_tell_their_size():
    def shown(body, kind="text/plain", **fields):
        return entry(request_body=body, headers={"content-type": kind}, **fields).describe()["request"]["body"]

    assert shown(b"hush", target="/~w/api/v1/credentials/gateway") == "(redacted)"
    assert shown(b"username,password\nme,hush", "text/csv; charset=utf-8") == "(redacted)"
    assert shown(b"username,roles\nme,chw", "text/csv") == "username,roles\nme,chw"
    assert shown(b"x" * BODY, request_size=BODY).endswith("x")
    assert shown(b"x" * BODY, request_size=90_000).endswith("... (90000 bytes)")
    sent = entry(response_headers=[("Location", "/medic/login/token/hush"), ("X-CommCareHQ-OTP", "hush")])
    assert "hush" not in json.dumps(sent.describe())


def test_of_what_is_too_heavy_long_bodies_are_cut_before_exchanges_are_forgotten():
    long, short = b"x" * 10_000, b"y" * 100
    made = Journal(largest=36_000)
    for number, body in enumerate([long, short, long, long], 1):
        made.add(entry(number, request_body=body, request_size=len(body)))
    kept = made.find()
    assert [len(one.request_body) for one in kept] == [BODY, 100, 10_000, 10_000]
    assert kept[0].request_sha256 == hashlib.sha256(long).hexdigest()
    assert made.weight == sum(one.weight for one in kept)
    made.shrink(20_000)
    assert [len(one.request_body) for one in made.find()] == [BODY, 100, BODY, BODY]
    made.shrink(5_000)
    assert [one.id for one in made.find()] == [4]
    assert made.weight == made.find()[0].weight
    assert made.forgotten == 3


def test_up_to_which_size_a_body_is_kept_whole_can_be_set(shop_app):
    app = shop_app(kept_body=3_000)
    client = app.test_client()
    bodies = [b'{"a": "' + b"x" * size + b'"}' for size in (2_991, 2_992)]
    for body in bodies:
        client.put("/v1/things/a", data=body)
    whole, cut = app.worlds["default"].journal.find()
    assert (len(whole.request_body), whole.request_size, whole.request_sha256) == (3_000, 3_000, "")
    assert (len(cut.request_body), cut.request_size) == (BODY, 3_001)
    assert cut.request_sha256 == hashlib.sha256(bodies[1]).hexdigest()
    assert len(whole.describe()["request"]["body"]) < BODY + 100


def test_over_http(shop):
    shop.get("/v1/things/none?api_key=hush", headers={"Authorization": "Basic hush", "X-Plain": "seen"})
    shop.get("/v1/things")
    assert shop.get("/_mocksrv/journal?status=4xx").json[0]["operation"] == "get_thing"
    assert shop.get("/_mocksrv/journal?colour=red").status_code == 400
    verified = shop.post("/_mocksrv/journal/verify", json={"status": 404, "exactly": 1})
    assert verified.json == {"ok": True, "account": None, "nearest": []}
    har = shop.get("/_mocksrv/journal.har")
    assert "hush" not in har.text
    first, second = har.json["log"]["entries"]
    assert first["request"]["url"] == "http://localhost/v1/things/none?api_key=(redacted)"
    assert {"name": "x-plain", "value": "seen"} in first["request"]["headers"]
    assert (first["response"]["status"], second["response"]["statusText"]) == (404, "OK")


def test_nothing_is_missed_between_following_and_the_first_look():
    followed = journal(MIXED[0])
    news = followed.follow(patience=0)
    followed.add(MIXED[1])
    assert [next(news), next(news)] == [[MIXED[1]], []]


def test_it_can_be_followed_live(shop_app):
    with Server(shop_app()) as server:
        answer = requests.get(f"{server.url}/_mocksrv/journal/stream", stream=True, timeout=30)
        lines = answer.iter_lines(chunk_size=1)
        assert next(lines) == b": following"
        threads = [threading.Thread(target=requests.get, args=(f"{server.url}/v1/things",)) for _ in range(3)]
        for thread in threads:
            thread.start()
        events, give_up = [], time.monotonic() + 60
        while len(events) < 3:
            assert time.monotonic() < give_up, events
            if (line := next(lines)).startswith(b"data: "):
                events.append(json.loads(line[6:]))
        assert [event["operation"] for event in events] == ["list_things"] * 3
        for thread in threads:
            thread.join()
        answer.close()
        server.stop(timeout=0)


@pytest.mark.parametrize("text",
                         ["/africastalking/?key=", "/login/token/", "password", "password=", "a://b", '{"token":',
                                  '{"token": [', '\\"', "<password", 'name="password"\r\n', "%70", "\\u0070"])
def test_what_redaction_costs_grows_with_the_length_alone(text):
    """Steps of the interpreter, not seconds: four times the text takes about four times as many."""
    few, many = (steps(lambda size=size: redact(text * size)) for size in (500, 2_000))
    assert many < 6 * few + 1_000
