"""What a failing verify tells: the nearest exchanges, what nobody knows, and no secrets; in bounded time."""

import json
import time
from hashlib import sha256

import pytest

from mocksrv.journal import BODY, Entry
from mocksrv.journal.matchers import BadExpectation
from mocksrv.journal.verify import verify
from mocksrv.tests.journal.steps import steps

HUSH = "hush4711"


def sent(number, body=None, **fields):
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    plain = {"at": "2026-01-31T09:30:00.000Z", "method": "POST", "target": "/v1/people", "headers": {}, "status": 200,
             "operation": "make", "request_body": data, "request_size": len(data)}
    return Entry(number, **plain | fields)


def ids(failure):
    return [near["id"] for near in failure.nearest]


def test_the_nearest_miss_least_and_of_equals_the_last_comes_first():
    entries = [sent(1, {"a": 1, "b": 2, "c": 0}), sent(2), sent(3, {"a": 1}), sent(4, {"a": 1, "b": 2}),
               sent(5, {"a": 1, "b": 2, "c": 3}, operation="change")]
    wanted = {"operation": "make", "json": {"a": 1, "b": 2, "c": 3}}
    failure = verify(entries, wanted)
    assert ids(failure) == [4, 1, 3]
    assert failure.account.splitlines()[:5] == [
        'expected at least 1 of operation=make json={"a": 1, "b": 2, "c": 3}, saw 0',
        "the nearest (- expected, + seen):", "  #4 POST /v1/people -> 200  make",
        "    - json $.c: 3", "    + json $.c: nothing"]
    assert ids(verify(entries, wanted | {"method": "PUT"})) == [4, 3, 2]  # the aim fits none: what misses a part of it
    assert verify(entries, {"operation": "none"}).nearest == []
    assert verify(entries, {"operation": "change", "json": {"a": 1}}) is None


def test_an_aim_that_fits_none_tells_what_is_otherwise():
    failure = verify([sent(1, status=404), sent(2, operation=None, target="/v1/other?token=" + HUSH)],
                     {"operation": "make", "status": "2xx"})
    assert failure.nearest == [
        {"id": 2, "missed": [{"where": "operation", "expected": "make", "got": "null"}]},
        {"id": 1, "missed": [{"where": "status", "expected": "2xx", "got": "404"}]}]


def test_too_many_are_told_by_their_numbers():
    failure = verify([sent(1, {"a": 1}), sent(2), sent(3, {"a": 1})], {"json": {"a": 1}, "at_most": 1})
    assert failure.account.startswith('expected at most 1 of json={"a": 1}, saw 2 (#1, #3)\nthe last 3 of 3')
    assert failure.nearest == []


def test_conditions_hold_in_an_order():
    entries = [sent(1, {"a": 1}), sent(2, {"a": 2}), sent(3, {"a": 1})]
    steps = [{"json": {"a": one}} for one in (1, 2, 1)]
    assert verify(entries, {"in_order": steps}) is None
    failure = verify(entries, {"in_order": [*steps, {"json": {"a": 2}}]})
    assert 'number 4, json={"a": 2}, did not come after number 3' in failure.account
    failure = verify(entries, {"in_order": [steps[1], steps[1]]})
    assert ids(failure) == [3]


def test_what_was_not_kept_is_said_and_never_guessed():
    long = sent(1, {"a": "x" * 5_000})
    digest = sha256(long.request_body).hexdigest()
    long.cut()
    failure = verify([long], {"json": {"a": 1}, "exactly": 0})
    assert "saw 0, and 1 of which nobody knows" in failure.account
    assert (f"+ json: nobody knows: of its body of 5009 bytes the first {BODY} are kept: use body_sha256, start the "
            "server with a larger --kept-body, or clear the journal before what you verify, if it was full (16 MB)"
            ) in failure.account
    assert verify([long], {"body_sha256": digest, "exactly": 1}) is None
    assert verify([long, sent(2, {"a": 1})], {"json": {"a": 1}}) is None
    assert verify([long], {"json": {"a": 1}, "status": 404, "exactly": 0}) is None  # it is none of these anyway
    assert verify([long], {"json": {"a": 1}, "query": {"a": "b"}, "exactly": 0}) is None
    assert verify([long, sent(2, {"a": 1})], {"json": {"a": 1}, "at_most": 1}).nearest[0]["id"] == 1


@pytest.mark.parametrize("headers", [{"content-length": "9"}, {"transfer-encoding": "chunked"}])
def test_a_body_that_the_service_did_not_read_is_not_taken_for_none(headers):
    failure = verify([sent(1, status=401, headers=headers)], {"json": {"a": 1}, "exactly": 0})
    assert "+ json: nobody knows: it was answered before its body was read" in failure.account
    assert verify([sent(1, status=401, headers=headers)], {"json": {"a": 1}, "status": "2xx", "exactly": 0}) is None


@pytest.mark.parametrize("expected", [
    {"json": {"password": "other", "name": "b"}}, {"json_path": {"$.*": "b"}}, {"json_path": {"$.password": "b"}},
    {"json_path": {"$": {"contains": "none"}}}, {"body": {"contains": "none"}}, {"json": {"who": {"token": "x"}}},
    {"json_schema": {"properties": {"password": {"type": "integer"}}}}, {"json_schema": {"type": "array"}},
    {"json_schema": {"properties": {"password": False}}}, {"json_schema": {"additionalProperties": {"maxLength": 1}}},
    {"query": {"api_key": "x"}}, {"headers": {"Authorization": "x"}}, {"json_path": {"$..*": 1}},
    {"query": {"redirect": "x"}}, {"json": {"name": {"a": 1}}}, {"json": []}, {"json_path": {"$.text": "x"}},
])
def test_no_secret_is_shown(expected):
    body = {"name": f"I am {HUSH}", "password": HUSH, "pin": "1z", "who": {"token": HUSH},
            "text": json.dumps({"password": HUSH})}
    entry = sent(1, body, target=f"/v1/people?api_key={HUSH}&redirect=%3Ftoken%3D{HUSH}",
                 headers={"authorization": f"Bearer {HUSH}"})
    told = json.dumps(verify([entry], expected))
    assert '"id": 1' in told
    assert HUSH not in told
    assert "1z" not in told


@pytest.mark.parametrize(("body", "kind", "expected"), [
    (f"password={HUSH}&name=a", "application/x-www-form-urlencoded", {"form": {"password": "x", "name": "b"}}),
    (f"<a><password>{HUSH}</password><pin>1z</pin></a>", "text/xml", {"xml_path": {"//password": "x", "/a": "x"}}),
    (f"<a><login token='{HUSH}'/><pin>1z</pin></a>", "text/xml", {"xml_path": {"//login/@*": "x", "/*/*": "x"}}),
    (f'username,password\na,{HUSH}', "text/csv", {"body": "x"}),
])
def test_no_secret_of_other_bodies_is_shown(body, kind, expected):
    told = json.dumps(verify([sent(1, body.encode(), headers={"content-type": kind})], expected))
    assert '"id": 1' in told
    assert HUSH not in told
    assert "1z" not in told


@pytest.mark.parametrize(("target", "expected"), [
    (f"/medic/%6cogin/token/{HUSH}", {"method": "POST", "path": "/x"}),
    (f"/medic/%6cogin/token/{HUSH}", {"method": "POST", "diagnosis": "x"}),
    (f"/sms/%61fricastalking/in?key={HUSH}", {"query": {"key": "x"}}),
    (f"/sms/africastalking/in?key={HUSH}", {"query": {"key": {"absent": True}}}),
    ("/", {"headers": {"referer": "x"}}),
])
def test_no_secret_of_an_address_is_shown(target, expected):
    entry = sent(1, target=target, headers={"referer": f"http://h/%6cogin/token/{HUSH}?a=b"},
                 diagnosis=["there is no token " + target.rpartition("/")[2]])
    told = json.dumps([verify([entry], expected), entry.describe()])
    assert '"id": 1' in told
    assert HUSH not in told


# --- time ---


def deep(levels):
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize(("body", "expected"), [
    (deep(900), {"json_path": {"$..a": 2}}), (deep(900), {"json": {"a": 1}}), (deep(90_000), {"json": {"a": 1}}),
    (deep(900), {"json_schema": {"properties": {"a": {"$ref": "#"}}, "maxProperties": 0}}),
    ("<a>" * 250 + "</a>" * 250, {"xml_path": {"//a/a/a": "x"}}), ("<a>" * 9_000, {"xml_path": {"//a": "x"}}),
])
def test_what_is_nested_deeply_is_told_and_not_an_error(body, expected):
    assert ids(verify([sent(1, body.encode())], expected)) == [1]


def test_an_expectation_that_is_nested_deeply_is_refused_or_compared():
    schema = json.loads('{"items":' * 900 + "{}" + "}" * 900)
    with pytest.raises(BadExpectation, match="nested too deeply"):
        verify([sent(1, {})], {"json_schema": schema})
    assert ids(verify([sent(1, {})], {"json": json.loads(deep(900))})) == [1]


@pytest.mark.parametrize("expected", [
    {"json_schema": {"$ref": "#/$defs/0", "$defs": {"40": {}} | {
        str(number): {"allOf": [{"$ref": f"#/$defs/{number + 1}"}] * 2} for number in range(40)}}},
    {"json_schema": {"properties": {"text": {"pattern": "(a+)+$"}}}}, {"json_path": {"$.text": {"matches": "(a|a)+$"}}},
])
def test_conditions_that_would_take_for_ever_are_refused(monkeypatch, expected):
    monkeypatch.setattr("mocksrv.journal.verify.PATIENCE", 0.3)
    with pytest.raises(BadExpectation, match="take"):
        verify([sent(1, {"text": "a" * 5_000 + "b"})], expected)


@pytest.mark.parametrize(("body", "expected"), [
    (["a" * 12 + "b"] * 4_000, {"json_path": {"$[*]": {"matches": "^(a|a)+$"}}}),
    ([["b"] * 9] * 4_000, {"json_path": {"$..[?@ == 'b']": 1}}),
])
def test_the_time_of_many_values_of_one_request_is_limited(monkeypatch, body, expected):
    """Each takes less than the limit of one value."""
    monkeypatch.setattr("mocksrv.journal.verify.PATIENCE", 0.1)
    began = time.monotonic()
    with pytest.raises(BadExpectation, match="take more than"):
        verify([sent(1, body)], expected)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("expected", [
    {"json_path": {"$..a" + ".*" * 9: 1}}, {"json_path": {"$[*][?@.a == 1 && @[?@.b == 2]].c": 3}},
    {"json_schema": {"uniqueItems": True}},
    {"json_schema": {"items": {"items": {"properties": {"a": {"maximum": 1}}}}}},
])
def test_what_conditions_cost_grows_with_the_length_alone(expected):
    bodies = ([[{"a": 2, "b": {"c": [3, number]}}] for number in range(size)] for size in (20, 80))
    few, many = (steps(lambda body=body: verify([sent(1, body)], expected)) for body in bodies)
    assert many < 6 * few + 1_000
