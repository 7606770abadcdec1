"""Own answers over the wire: in the place of an operation's or made from it, whole, marked, and never half done."""

import base64
import json

import pytest
import requests

from mocksrv.answers import seen
from mocksrv.remote import ControlFailure
from mocksrv.serving.server import Server

PERSON = {"name": "Ada", "tags": [1, None]}
LOGIN = ("admin", "pass")


def set_answer(mocksrv, operation="cht.get_people", **answer):
    aim = {name: answer.pop(name) for name in ("times", "nth", "caller", "path") if name in answer}
    return mocksrv.answer(operation, **aim, **answer)


def people(mocksrv, method="GET", query="", **more):
    return requests.request(method, f"{mocksrv.url}/api/v1/person?type=person{query}", auth=LOGIN, timeout=60, **more)


@pytest.fixture
def shop_server(shop_app):
    with Server(shop_app()) as running:
        yield running


# --- bodies, statuses, headers ---


@pytest.mark.parametrize(("answer", "body", "kind"), [
    ({"json": PERSON}, json.dumps(PERSON, separators=(",", ":")).encode(), "application/json; charset=utf-8"),
    ({"json": None}, b"null", "application/json"), ({"json": "text"}, b'"text"', "application/json"),
    ({"text": "four é\n"}, "four é\n".encode(), "text/plain; charset=utf-8"),
    ({"text": "<p>", "headers": {"content-type": "text/html"}}, b"<p>", "text/html"),
    ({"status": 418}, b"", None),
])
def test_a_body_of_each_kind_has_its_type_and_its_length(mocksrv, answer, body, kind):
    set_answer(mocksrv, **answer)
    got = people(mocksrv)
    assert (got.status_code, got.content) == (answer.get("status", 200), body)
    assert got.headers.get("Content-Type") == kind
    assert got.headers["Content-Length"] == str(len(body))
    assert got.headers["X-Frame-Options"] == "SAMEORIGIN"  # it is the vendor who answers
    head = people(mocksrv, "HEAD")
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(body)))


def test_a_file_is_sent_as_it_is(mocksrv, tmp_path):
    file = tmp_path / "photo.png"
    file.write_bytes(b"\x89PNG {{ n }} \x00\xff")
    set_answer(mocksrv, file=file)
    assert mocksrv.faults()[0]["answer"] == {"when": "instead", "file": {"name": "photo.png", "bytes": 15}}
    got = people(mocksrv)
    assert (got.content, got.headers["Content-Type"]) == (file.read_bytes(), "image/png")
    with pytest.raises(FileNotFoundError):
        set_answer(mocksrv, file=tmp_path / "none.png")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_statuses_without_a_body_have_none(mocksrv, status):
    set_answer(mocksrv, status=status, when="after")
    got = people(mocksrv, headers={"Accept-Encoding": "gzip"})
    assert (got.status_code, got.content) == (status, b"")
    assert "Content-Encoding" not in got.headers
    assert got.headers.get("Content-Length") == ("0" if status == 205 else None)
    assert people(mocksrv).status_code == status  # on the same connection


@pytest.mark.parametrize(("operation", "path"), [
    ("carehq.list_users", "/v1/users"), ("commcare.list_cases", "/a/demo/api/v0.5/case/"),
    ("cht.get_people", "/api/v1/person"),
])
def test_each_vendor_gives_them(mocksrv, operation, path):
    vendor, _, name = operation.partition(".")
    assert mocksrv.control("GET", "/operations")
    account = mocksrv.account(vendor)
    headers = {"X-CareHQ-AccountId": "MY_ACCOUNT_ID"}
    known = {row["name"] for row in mocksrv.control("GET", "/operations") if row["vendor"] == vendor}
    assert name in known, sorted(known)[:50]
    set_answer(mocksrv, operation, json={"mine": [1]}, status=203, times=1)
    set_answer(mocksrv, operation, text="plain")
    if vendor == "carehq":
        unsigned = next(one for one in mocksrv.credentials("carehq") if "unsigned" in str(one).lower())
        headers["X-CareHQ-APIKey"] = unsigned["api_key"]
        got = [requests.get(f"{mocksrv.url}{path}", headers=headers, timeout=60) for _ in range(2)]
    else:
        got = [account.client.get(f"{mocksrv.url}{path}", timeout=60) for _ in range(2)]
    assert (got[0].status_code, got[0].json()) == (203, {"mine": [1]}), got[0].text
    assert got[0].headers["Content-Type"].startswith("application/json")
    assert (got[1].status_code, got[1].text) == (200, "plain")
    assert got[1].headers["Content-Type"] == "text/plain; charset=utf-8"


def test_who_may_call_is_asked_before(mocksrv):
    set_answer(mocksrv, "cht.create_people", json=PERSON, times=1)
    new = f"{mocksrv.url}/api/v1/people"
    refused = requests.post(new, json={"name": "Ada"}, headers={"Accept": "application/json"}, timeout=60)
    assert refused.status_code == 401
    assert requests.post(new, json={"name": "Ada"}, auth=LOGIN, timeout=60).json() == PERSON


def test_an_operation_that_is_not_simulated_can_be_answered(shop_server):
    control = f"{shop_server.url}/_mocksrv/faults"
    assert requests.post(f"{shop_server.url}/v1/later", timeout=60).status_code == 501
    for answer in ({"when": "after", "status": 202}, {"status": 202}):
        requests.post(control, json={"operation": "later", "times": 1, "answer": answer}, timeout=60).raise_for_status()
    assert requests.post(f"{shop_server.url}/v1/later", timeout=60).status_code == 202
    assert requests.post(f"{shop_server.url}/v1/later", timeout=60).status_code == 501


# --- how often, and beside faults ---


def test_once_so_often_or_always(mocksrv):
    set_answer(mocksrv, json="{{ n }}", times=2)
    set_answer(mocksrv, json="second", nth=2)
    assert [people(mocksrv).json() if number != 2 else people(mocksrv).status_code for number in range(4)] == [
        1, 2, 200, "second"]
    set_answer(mocksrv, json="always")
    assert [people(mocksrv).json() for _ in range(3)] == ["always"] * 3
    mocksrv.remove_fault()
    assert "data" in people(mocksrv).json()


def test_a_fault_may_hit_the_same_call(mocksrv):
    set_answer(mocksrv, json=PERSON)
    mocksrv.fault(operation="get_people", headers={"X-Odd": "yes"}, times=1)
    mocksrv.fault(operation="get_people", status=503, times=1)
    first, second = people(mocksrv), people(mocksrv)
    assert (first.json(), first.headers["X-Odd"]) == (PERSON, "yes")
    assert second.status_code == 503
    assert [entry["answered_by"] for entry in mocksrv.journal()] == ["own answer 1", None]


def test_it_can_be_for_one_caller_only(mocksrv):
    set_answer(mocksrv, json=PERSON, caller="nobody")
    assert "data" in people(mocksrv).json()
    set_answer(mocksrv, json=PERSON, caller="admin")
    assert people(mocksrv).json() == PERSON


# --- templates ---


def test_templates_have_the_request_the_world_and_faker(mocksrv):
    mocksrv.clock.freeze("2026-03-01T08:00:00Z")
    set_answer(mocksrv, "cht.create_people", status="{{ 201 if request.json.name else 400 }}", json={
        "asked": "{{ request.method }} {{ request.path }}", "query": "{{ request.query.a }}",
        "by": "{{ request.caller }}",
        "whole": "{{ request.json }}", "agent": "{{ request.headers['user-agent'] }}", "at": "{{ world.now }}",
        "doc": "{{ world.document('cht.medic', 'settings')._id }}", "none": "{{ world.document('cht.medic', 'no') }}",
        "some": "{{ world.count('cht.medic') > 10 }}", "name": "{{ faker.name }}"},
        headers={"Location": "{{ world.url }}/x"})
    got = requests.post(f"{mocksrv.url}/api/v1/people?a=1&a=2", json={"name": "Ada"}, auth=LOGIN, timeout=60)
    body = got.json()
    assert isinstance(body.pop("name"), str)
    assert (got.status_code, got.headers["Location"]) == (201, f"{mocksrv.url}/x")
    assert body == {"asked": "POST /api/v1/people", "query": "2", "by": "admin", "whole": {"name": "Ada"},
                    "agent": got.request.headers["User-Agent"], "at": "2026-03-01T08:00:00.000Z", "doc": "settings",
                    "none": None, "some": True}


def test_after_the_operation_its_answer_is_there_and_what_it_did_stays(mocksrv):
    set_answer(mocksrv, "cht.create_people", when="after", times=1, status=202,
               json={"id": "{{ answer.json.id }}", "was": "{{ answer.status }}",
                     "kind": "{{ answer.headers['content-type'] }}"})
    place = people(mocksrv).json()["data"][0]["parent"]["_id"]
    made = requests.post(f"{mocksrv.url}/api/v1/people", auth=LOGIN, timeout=60, json={
        "name": "Ada", "type": "person", "parent": place, "reported_date": 1})
    assert made.status_code == 202, made.text
    assert (made.json()["was"], made.json()["kind"]) == (200, "application/json; charset=utf-8")
    found = requests.get(f"{mocksrv.url}/api/v1/person/{made.json()['id']}", auth=LOGIN, timeout=60)
    assert found.json()["name"] == "Ada"


def test_after_it_what_is_not_named_stays(mocksrv):
    plain = people(mocksrv)
    set_answer(mocksrv, when="after", status=299, headers={"X-More": "{{ answer.json.data | length }}"})
    got = people(mocksrv)
    assert (got.status_code, got.content, got.headers["X-More"]) == (299, plain.content, str(len(plain.json()["data"])))
    assert got.headers["ETag"] == plain.headers["ETag"]


def test_refusals_and_streams_are_real_answers_too(shop_server):
    control = f"{shop_server.url}/_mocksrv/faults"
    for operation in ("get_thing", "stream_things"):
        answer = {"when": "after", "text": "{{ answer.status }} {{ answer.text }}"}
        requests.post(control, json={"operation": operation, "answer": answer}, timeout=60).raise_for_status()
    got = requests.get(f"{shop_server.url}/v1/things/none", timeout=60)
    assert (got.status_code, got.text) == (404, '404 {"error": "gone"}')
    assert "there is no thing none" in got.headers["X-Mocksrv-Diagnosis"]
    assert requests.get(f"{shop_server.url}/v1/stream", timeout=60).text == "200 [1]"


@pytest.mark.parametrize(("answer", "why"), [
    ({"json": {"a": ["{{ request.json.name }}"]}},
     "json.a[0]: '{{ request.json.name }}': the request has no body of JSON"),
    ({"text": "{{ world.count('cht.none') }}"}, "there is no table 'cht.none'"),
    ({"headers": {"X-A": "{{ request.query.odd }}"}}, "headers.X-A: A header takes at most"),
    ({"status": "{{ request.query.type }}"}, "status takes a whole number from 200 to 599"),
    ({"status": "{{ 204 }}", "text": "x"}, "an answer of status 204 has no body"),
    ({"json": ["{{ request.query.f | float }}"]}, "nan is no JSON"),
    ({"when": "after", "json": "{{ answer.json.nothing.more }}"}, "has no attribute 'nothing'"),
])
def test_what_cannot_be_filled_is_the_vendors_500_with_the_reason(mocksrv, answer, why):
    set_answer(mocksrv, **answer)
    got = people(mocksrv, query="&f=nan&odd=a%0D%0ASet-Cookie:%20b")
    assert got.status_code == 500
    assert why in got.headers["X-Mocksrv-Diagnosis"]
    assert "Set-Cookie" not in got.headers
    (entry,) = mocksrv.journal()
    assert (entry["failed"], entry["answered_by"]) == (False, "own answer 1")


def test_what_cannot_be_filled_leaves_nothing_behind(shop_app):
    app = shop_app()
    with Server(app) as server:
        requests.post(f"{server.url}/_mocksrv/faults", timeout=60, json={
            "operation": "put_thing", "answer": {"when": "after", "text": "{{ answer.json.none }}"}}).raise_for_status()
        assert requests.put(f"{server.url}/v1/things/new", json={"size": 1}, timeout=60).status_code == 500
    assert "new" not in app.worlds["default"].table("shop.things")


def test_a_stream_too_large_to_be_changed_is_the_vendors_500(shop_server, monkeypatch):
    monkeypatch.setattr(seen, "LARGEST", 2)
    requests.post(f"{shop_server.url}/_mocksrv/faults", timeout=60, json={
        "operation": "stream_things", "answer": {"when": "after", "text": "other"}}).raise_for_status()
    got = requests.get(f"{shop_server.url}/v1/stream", timeout=60)
    assert got.status_code == 500
    assert "own answer 1 cannot be given" in got.headers["X-Mocksrv-Diagnosis"]


def test_a_stream_that_stays_goes_on_as_it_comes(mocksrv):
    set_answer(mocksrv, "cht.couch_changes", when="after", status=203, headers={"X-Mine": "1"})
    with requests.get(f"{mocksrv.url}/medic/_changes?feed=continuous&heartbeat=100&limit=1000000", auth=LOGIN,
                      stream=True, timeout=20) as got:
        lines = got.iter_lines()
        assert (got.status_code, got.headers["X-Mine"], b"seq" in next(lines)) == (203, "1", True)
        assert b"" in lines  # a heartbeat: there is no end


def test_a_stream_without_an_end_cannot_be_changed(mocksrv, monkeypatch):
    monkeypatch.setattr(seen, "PATIENCE", 0.2)
    set_answer(mocksrv, "cht.couch_changes", when="after", text="{{ answer.text }}")
    feed = f"{mocksrv.url}/medic/_changes?feed=continuous&heartbeat=50"
    got = requests.get(feed, auth=LOGIN, timeout=20)
    assert got.status_code == 500
    assert "a stream that does not end within 0.2 s" in got.headers["X-Mocksrv-Diagnosis"]


def test_a_large_body_is_more_than_a_template_looks_into(mocksrv):
    set_answer(mocksrv, "cht.create_people", text="{{ request.text }}")
    got = requests.post(f"{mocksrv.url}/api/v1/people", json={"name": "x" * 2**20}, auth=LOGIN, timeout=60)
    assert got.status_code == 500
    assert "more than 1 MB" in got.headers["X-Mocksrv-Diagnosis"]


# --- what is refused ---


@pytest.mark.parametrize(("answer", "place"), [
    ({}, "answer: Say what is answered"), (5, "answer: "), ({"when": "after"}, "answer: Say what is answered"),
    ({"colour": "red"}, "answer.colour: there is no field 'colour'"), ({"when": "later", "text": "x"}, "answer.when: "),
    ({"status": 199}, "answer.status: status takes"), ({"status": 600}, "answer.status: "),
    ({"status": True}, "answer.status: "), ({"status": "200"}, "answer.status: "), ({"text": 5}, "answer.text: "),
    ({"headers": {"X-A": "a\r\nB: c"}}, "answer.headers.X-A.value: "),
    ({"headers": {"X-A": "\u2713"}}, "answer.headers.X-A"),
    ({"headers": {"X A": "b"}}, "answer.headers.X A.key: "), ({"headers": ["X-A"]}, "answer.headers: "),
    ({"headers": {"content-length": "5"}}, "answer.headers.content-length.key: The server says this itself"),
    ({"headers": {"X-A": "x" * 8001}}, "answer.headers.X-A"),
    ({"json": 1, "text": "x"}, "answer.text: There is one body"),
    ({"status": 204, "text": "x"}, "answer.text: An answer of status 204 has no body"),
    ({"text": "x" * (2**20 + 1)}, "answer.text: "), ({"text": "\ud800"}, "answer.text: This cannot be written"),
    ({"json": ["\ud800"]}, "answer.json: This cannot be written"), ({"json": 2**70}, "answer.json: "),
    ({"json": ["x" * 2**20]}, "answer.json: Use at most"),
    ({"file": "x.png"}, "answer.file: A file is {"), ("x.png", "answer: An answer is an object, such as"),
    ({"file": {"name": "x.png", "base64": "?"}}, "answer.file.base64: This is no base64"),
    ({"file": {"name": "x.png"}}, "answer.file.base64: Missing"),
    ({"file": {"name": "", "base64": ""}}, "answer.file.name: "),
    ({"json": {"a": [{"b": "{% for i in n %}{% endfor %}"}]}}, "answer.json.a[0].b: "),
    ({"text": "x\n{% include '/etc/passwd' %}"}, "answer.text: "), ({"text": "{{ 9 ** 9 ** 9 }}"}, "answer.text: "),
    ({"headers": {"X-A": "{{ n"}}, "answer.headers.X-A: "), ({"status": "{{ nothing }}"}, "answer.status: "),
    ({"text": "{{ answer.text }}"}, "answer.text: '{{ answer.text }}': line 1: there is no 'answer': use faker, n"),
    ({"json": [f"{{{{ n + {number} }}}}" for number in range(501)]},
     "answer.json[500]: there are more than 500 templates"),
])
def test_what_is_wrong_is_named_and_nothing_is_set(mocksrv, answer, place):
    body = json.dumps({"operation": "get_people", "answer": answer})
    got = requests.post(f"{mocksrv.url}/_mocksrv/faults", data=body, timeout=60)
    assert (got.status_code, got.headers["Content-Type"]) == (400, "application/problem+json"), got.text
    assert got.json()["type"] == "about:mocksrv#bad-fault"
    assert got.json()["detail"].startswith(place), got.json()["detail"]
    assert mocksrv.faults() == []


def test_numbers_that_json_does_not_know_and_deep_nesting_are_refused(mocksrv):
    for json_text in ("NaN", "-Infinity", "[" * 300 + "]" * 300, "[" * 100_000 + "]" * 100_000):
        got = requests.post(f"{mocksrv.url}/_mocksrv/faults", data=f'{{"answer": {{"json": {json_text}}}}}', timeout=60)
        assert got.status_code == 400, json_text[:20]
        assert got.json()["detail"].startswith(("answer.json: This cannot be written", "the body must be a JSON obj"))


def test_it_stands_alone_and_its_aim_must_be_there(mocksrv):
    with pytest.raises(ControlFailure, match=r"answer: An answer stands alone: .* \(after, delay\)"):
        mocksrv.fault(operation="get_people", answer={"text": "x"}, delay=1, after=True)
    with pytest.raises(ControlFailure, match="operation: there is no operation 'get_persons'"):
        mocksrv.answer("cht.get_persons", text="x")
    with pytest.raises(ControlFailure, match="vendor: there is no vendor 'chd'"):
        mocksrv.answer("chd.get_person", text="x")


def test_the_memory_of_answers_is_counted(shop_app):
    with Server(shop_app(memory=1)) as server:
        text = base64.b64encode(bytes(600_000)).decode()
        fault = {"answer": {"file": {"name": "a", "base64": text}}}
        seen = [requests.post(f"{server.url}/~w/_mocksrv/faults", json=fault, timeout=60) for _ in range(2)]
        assert (seen[-1].status_code, seen[-1].json()["type"]) == (507, "about:mocksrv#out-of-memory")


def test_the_memory_of_compiled_templates_is_counted(shop_app):
    with Server(shop_app(memory=1)) as server:
        fault = {"answer": {"json": [f"{{{{ n + {number} }}}}" for number in range(100)]}}
        got = requests.post(f"{server.url}/_mocksrv/faults", json=fault, timeout=60)
        assert (got.status_code, got.json()["type"]) == (507, "about:mocksrv#out-of-memory")


# --- the mark ---


def test_such_an_exchange_is_marked(mocksrv):
    set_answer(mocksrv, json=PERSON, times=1)
    got = people(mocksrv)
    people(mocksrv)
    assert "answered by own answer 1" in got.headers["X-Mocksrv-Diagnosis"]
    assert [entry["answered_by"] for entry in mocksrv.journal()] == ["own answer 1", None]
    assert [entry["status"] for entry in mocksrv.journal(answered_by="own answer 1")] == [200]
    mocksrv.verify(operation="get_people", answered_by="own answer 1", exactly=1)
    archived = requests.get(f"{mocksrv.url}/_mocksrv/journal.har", timeout=60).json()["log"]["entries"]
    assert [entry["_answeredBy"] for entry in archived] == ["own answer 1", None]


def test_a_reset_takes_them_away(mocksrv):
    set_answer(mocksrv, json=PERSON)
    mocksrv.reset()
    assert mocksrv.faults() == []
    assert "data" in people(mocksrv).json()
