"""What was sent: each kind of condition on requests as the journal keeps them."""

import gzip
import json
import zlib
from hashlib import sha256

import pytest

from mocksrv.journal import Entry
from mocksrv.journal.matchers import BadExpectation
from mocksrv.journal.verify import verify

PERSON = {"name": "Asha", "age": 30, "active": True, "tags": ["a", "b"], "place": {"id": "p1", "parent": {"id": "p0"}}}
XML = ('<?xml version="1.0"?><data xmlns="http://openrosa.org/x" id="7"><name>Asha</name><!-- who -->'
       '<case case_id="c1" xmlns="http://commcarehq.org/case"><update><age>30</age></update></case><case case_id="c2"/>'
       '</data>')
FORM = "phone=%2B254700000001&name=Asha+B&name=second&empty="
MULTIPART = ('--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
             '--B\r\nContent-Disposition: form-data; name="xml_submission_file"; filename="form.xml"\r\n'
             f'Content-Type: text/xml\r\n\r\n{XML}\r\n--B--\r\n')


def sent(body="", kind="application/json", target="/v1/people?limit=5&q=a%20b&q=c", **headers):
    text = json.dumps(body) if isinstance(body, dict | list) else body
    data = text if isinstance(text, bytes) else text.encode()
    return Entry(1, "2026-01-31T09:30:00.000Z", "POST", target,
                 {"content-type": kind, "accept": "text/html, application/json", **headers}, "shop", "make", "me",
                 status=200, request_body=data, request_size=len(data))


JSON = sent(PERSON)
PACKED = {encoding: sent(pack(json.dumps(PERSON).encode()), **{"content-encoding": encoding})
          for encoding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress))}
FORM_SENT = sent(FORM, "application/x-www-form-urlencoded; charset=utf-8")
XML_SENT = sent(XML, "text/xml")
PARTS = sent(MULTIPART, "multipart/form-data; boundary=B")


@pytest.mark.parametrize(("entry", "condition"), [
    (JSON, {"query": {"limit": 5}}), (JSON, {"query": {"limit": "5", "q": "c"}}),
    (JSON, {"query": {"q": ["a b", "c"]}}),
    (JSON, {"query": {"q": {"matches": "^a "}}}), (JSON, {"query": {"none": {"absent": True}}}),
    (JSON, {"headers": {"Accept": {"contains": "json"}, "content-TYPE": "application/json"}}),
    (JSON, {"json": {}}), (JSON, {"json": PERSON}),
    (JSON, {"json": {"place": {"parent": {"id": "p0"}}, "active": True}}),
    (JSON, {"json_path": {"$.name": "Asha", "$.age": 30.0, "$..id": "p0", "$.tags[-1]": "b"}}),
    (JSON, {"json_path": {"$.none": {"absent": True}}}),
    (JSON, {"json_path": {"$.tags": ["a", "b"], "$.place": {"equals": {"parent": {"id": "p0"}, "id": "p1"}}}}),
    (JSON, {"json_path": {"$.name": {"matches": "^[A-Z]"}, "$.age": {"matches": "^3"}}}),
    (JSON, {"json_path": {"$['name']": {"contains": "sh"}}}),
    (sent([{"id": 1, "v": "x"}, {"id": 2, "v": "y"}]), {"json_path": {"$[?@.id == 2 && length(@.v) == 1].v": "y"}}),
    (JSON, {"json_schema": {"$schema": "https://json-schema.org/draft/2020-12/schema", "required": ["name"],
                            "properties": {"name": {"pattern": "^A"}, "place": {"$ref": "#/$defs/p"}},
                            "$defs": {"p": {"required": ["id"]}}}}),
    (JSON, {"json_schema": True}), (JSON, {"body": {"contains": '"age": 30'}}),
    (JSON, {"body_sha256": sha256(json.dumps(PERSON).encode()).hexdigest().upper()}),
    (sent([1, True, "1", {"a": 1}, {"a": True}]), {"json_schema": {"uniqueItems": True}}),
    (PACKED["gzip"], {"json": PERSON, "body": {"contains": '"age": 30'}}), (PACKED["deflate"], {"json": PERSON}),
    (PACKED["gzip"], {"body_sha256": sha256(PACKED["gzip"].request_body).hexdigest()}),
    (sent("plain", "text/plain"), {"body": "plain"}), (sent(b"\xff\xfea\0", "text/plain"), {"body": "a"}),
    (FORM_SENT, {"form": {"phone": "+254700000001", "name": ["Asha B", "second"], "empty": ""}}),
    (PARTS, {"form": {"note": "hello", "xml_submission_file": {"contains": "<name>Asha"}}}),
    (PARTS, {"xml_path": {"/data/name": "Asha"}}),
    (XML_SENT, {"xml_path": {"/data/@id": 7, "//case/@case_id": "c2", "//age": "30", "/*/name": {"matches": "^A"},
                             "//case[@case_id='c1']/update/*": "30", "//update[age=\"30\"]/age": {"contains": "3"},
                             "//case[@case_id='c2']/update": {"absent": True}}}),
])
def test_what_was_sent_is_found(entry, condition):
    assert verify([entry], condition) is None


@pytest.mark.parametrize(("entry", "condition", "lines"), [
    (JSON, {"query": {"limit": 10}}, ['- query limit: "10"', '+ query limit: "5"']),
    (JSON, {"query": {"q": ["c", "a b"]}}, ['- query q: ["c", "a b"]', '+ query q: "a b", "c"']),
    (JSON, {"query": {"limit": {"absent": True}}}, ["- query limit: nothing", '+ query limit: "5"']),
    (JSON, {"headers": {"X-Id": {"matches": "^a"}}}, ['- headers X-Id: matches "^a"', "+ headers X-Id: nothing"]),
    (JSON, {"json": {"name": "Usha", "place": {"id": 5}, "none": {"a": [1]}, "tags": ["a", "c"], "age": "30"}}, [
        '- json $.name: "Usha"', '+ json $.name: "Asha"', "- json $.place.id: 5", '+ json $.place.id: "p1"',
        '- json $.none: {"a": [1]}', "+ json $.none: nothing", '- json $.tags[1]: "c"', '+ json $.tags[1]: "b"',
        '- json $.age: "30"', "+ json $.age: 30"]),
    (JSON, {"json": {"active": 1}}, ["- json $.active: 1", "+ json $.active: true"]),
    (JSON, {"json": {"tags": ["a"]}}, ['- json $.tags: ["a"]', '+ json $.tags: ["a", "b"]']),
    (JSON, {"json_path": {"$..id": "p2"}}, ['- json_path $..id: "p2"', '+ json_path $..id: "p1", "p0"']),
    (JSON, {"json_schema": {"required": ["sex"], "properties": {"age": {"type": "string"}, "name": {"pattern": "^B"}}}},
     [
        '- json_schema $.age: {"type": "string"}', "+ json_schema $.age: 30", '- json_schema $.name: {"pattern": "^B"}',
        '- json_schema $: {"required": ["sex"]}']),
    (JSON, {"json_schema": {"properties": {"age": False}}}, [
        "- json_schema $: nothing", '+ json_schema $: "what the schema rules out"']),
    (sent([1, 1.0]), {"json_schema": {"uniqueItems": True}}, ['- json_schema $: {"uniqueItems": true}']),
    (sent("1e400"), {"json_schema": {"multipleOf": 0.1}}, [
        "+ json_schema: nothing: a number in it is too large for this schema"]),
    (sent('{"a": "\\ud800"}'), {"json": {"a": "b"}}, ['+ json $.a: "\\ud800"']),
    (JSON, {"body_sha256": "0" * 64}, [f"+ body_sha256: {sha256(JSON.request_body).hexdigest()}"]),
    (JSON, {"form": {"a": "b"}}, ['- form: {"a": "b"}', "+ form: nothing: its body is no form (application/json)"]),
    (JSON, {"xml_path": {"/a": "b"}}, [
        "+ xml_path: nothing: its body is no XML (Start tag expected, '<' not found, line 1, column 1)"]),
    (XML_SENT, {"json": {"a": 1}}, [
        "+ json: nothing: its body is no JSON (Expecting value: line 1 column 1 (char 0))"]),
    (sent(), {"json": {"a": 1}}, ["+ json: nothing: it has no body"]),
    (XML_SENT, {"xml_path": {"//age": "31", "//case/@case_id": "c3"}}, [
        '- xml_path //age: "31"', '+ xml_path //age: "30"', '+ xml_path //case/@case_id: "c1", "c2"']),
    (sent("[" * 5_000, "application/json"), {"json": [1]}, ["- json: [1]"]),
    (sent("x", **{"content-encoding": "br"}), {"json": [1]}, ["+ json: nothing: its content encoding br is not known"]),
    (sent("x", **{"content-encoding": "gzip"}), {"body": "x"}, ["- body: \"x\""]),
    (sent(gzip.compress(b"xyz")[:-1], **{"content-encoding": "gzip"}), {"body": "xyz"},
     ["+ body: nothing: its gzip ends too early"]),
    (sent(gzip.compress(bytes(2**24 + 1)), **{"content-encoding": "gzip"}), {"body": "xyz"},
     ["+ body: nobody knows: without its encoding the body has more than 16 MB"]),
    (sent(gzip.compress(b'{"password": "hush"}'), **{"content-encoding": "gzip"}), {"body": "hushed"},
     ['+ body: "{\\"password\\": (redacted)}"']),
    (sent("--B", "multipart/form-data"), {"form": {"a": "b"}}, ['- form: {"a": "b"}']),
])
def test_what_was_not_sent_is_shown_as_a_difference(entry, condition, lines):
    failure = verify([entry], condition)
    shown = [line.strip() for line in failure.account.splitlines()]
    assert [line for line in lines if line not in shown] == [], failure.account
    assert failure.nearest[0]["id"] == 1
    missed = failure.nearest[0]["missed"][0]
    assert f"- {missed['where']}: {missed['expected']}" in shown
    assert f"+ {missed['where']}: {missed['got']}" in shown


@pytest.mark.parametrize(("condition", "named"), [
    ({"query": "x"}, "query takes an object"), ({"query": {}}, "query takes an object"),
    ({"query": {"limit": None}}, "query.limit takes"), ({"query": {"limit": [[1]]}}, "query.limit takes"),
    ({"query": {"limit": {"near": 1}}},
     "query.limit takes a value, or an object with one of equals, contains, matches, absent"),
    ({"headers": {"a": {"matches": "("}}}, "headers.a: '(' is no regular expression"),
    ({"headers": {"a": {"matches": 5}}}, "headers.a takes a text"),
    ({"form": {"a": {"absent": False}}}, "form.a: absent takes true"),
    ({"json_path": {"name": 1}}, "json_path: 'name' is no JSONPath"), ({"json_path": {"$..[?": 1}}, "is no JSONPath"),
    ({"json_path": {"$..a..b": 1}}, "one .. and one $"), ({"json_path": {"$['a','b']": 1}}, "no commas"),
    ({"json_path": {"$[?@.a == $.b]": 1}}, "one $"), ({"json_path": {"$[?search(@.a, 'x')]": 1}}, "is no JSONPath"),
    ({"json_path": {"$" + ".a" * 600: 1}}, "200 characters"),
    ({"json_path": {"$.a": {"a": 1, "b": 2}}}, "json_path.$.a takes a value, or an object with one of"),
    ({"xml_path": {"name": 1}}, "use paths such as"), ({"xml_path": {"//a//b": 1}}, "use paths such as"),
    ({"xml_path": {"/a/../b": 1}}, "use paths such as"), ({"xml_path": {"/x:a": 1}}, "use paths such as"),
    ({"xml_path": {"/a[count(//*)>1]": 1}}, "use paths such as"), ({"xml_path": {"/a/@b/c": 1}}, "use paths such as"),
    ({"xml_path": {"": 1}}, "use paths such as"), ({"xml_path": {"/a": None}}, "xml_path./a takes"),
    ({"json_schema": 5}, "json_schema: takes an object"),
    ({"json_schema": {"type": "text"}}, "$.type of the schema"),
    ({"json_schema": {"$ref": "http://127.0.0.1:1/x"}}, "$ref 'http://127.0.0.1:1/x' is not taken"),
    ({"json_schema": {"$ref": "file:///etc/hostname"}}, "is not taken"),
    ({"json_schema": {"$ref": "#/$defs/none"}}, "refers to"),
    ({"json_schema": {"enum": ["a"], "$ref": "#/enum/0"}}, "$ref '#/enum/0' is not taken"),
    ({"json_schema": {"$dynamicRef": "#a"}}, "$dynamicRef is not taken"),
    ({"xml_path": {"/a[b='\0']": "x"}}, "signs that are in no XML"),
    ({"xml_path": {"/a[b='\ud800']": "x"}}, "signs that are in no XML"),
    ({"json_schema": {"patternProperties": {"a": {}}}}, "patternProperties is not taken"),
    ({"json_schema": {"items": {"$schema": "http://json-schema.org/draft-07/schema#"}}}, "$schema may be"),
    ({"json_schema": {"properties": {"name": {"pattern": "("}}}}, "a pattern in it"),
    ({"body": {"matches": 1}}, "body takes a text"), ({"body": None}, "body takes a text"),
    ({"body_sha256": "abc"}, "body_sha256 takes 64"), ({"body_sha256": 5}, "body_sha256 takes 64"),
    ({"colour": "red"}, "'colour' is not known; use vendor, operation"),
])
def test_a_malformed_condition_is_refused_by_its_name(shop, condition, named):
    with pytest.raises(BadExpectation) as caught:
        verify([JSON], condition)
    assert named in str(caught.value)
    shop.put("/v1/things/a", data=JSON.request_body)
    answer = shop.post("/_mocksrv/journal/verify", json=condition)
    assert (answer.status_code, answer.json["type"]) == (400, "about:mocksrv#bad-expectation")
    assert named in answer.json["detail"]


def test_halves_of_characters_are_answered_as_they_are_given(shop):
    shop.put("/v1/things/a", data='{"a": "\\ud800"}')
    for condition in ({"json": {"a": "\ud801"}}, {"query": {"\ud801": "x"}}, {"query": {"\ud801": None}}):
        answer = shop.post("/_mocksrv/journal/verify", data=json.dumps(condition))
        assert answer.status_code in (200, 400)
        assert "\\ud801" in answer.text
