"""What is kept of an answer, and that nothing else is."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.drift import shape
from mocksrv.drift.files import is_shape
from mocksrv.drift.formats import text_format
from mocksrv.drift.generated_values import erase
from mocksrv.drift.json_shape import Declared

ID = "0123456789abcdef0123456789abcdef"
UUID = "8f14e45f-ceea-467f-ab3c-0123456789ab"


def answer(body=b"", status=200, kind="application/json", method="GET", headers=(), **more):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"status": status, "headers": [["Content-Type", kind], *headers], "body": data, "method": method, **more}


def body(value, own=(), declared=None, **options):
    return shape(answer(value, **options), own, declared)["body"]


@pytest.mark.parametrize(("text", "format"), [
    ("", "empty"), ("2026-01-31", "date"), ("2026-01-31T10:00:00Z", "YYYY-MM-DDThh:mm:ssZ"),
    ("2026-01-31T10:00:00.123Z", "YYYY-MM-DDThh:mm:ss.SSSZ"), ("2026-01-31 10:00:00", "YYYY-MM-DD hh:mm:ss"),
    ("2026-01-31T10:00:00.123456+03:00", "YYYY-MM-DDThh:mm:ss.SSSSSS+hh:mm"), ("2026-01-31T10:00+03",
     "YYYY-MM-DDThh:mm+hh"), ("2026-01-31T10:00:00-0300", "YYYY-MM-DDThh:mm:ss+hhmm"), ("10:30", "hh:mm"),
    ("2026-01-31 10:00:00 UTC", "YYYY-MM-DD hh:mm:ss UTC"), ("Sat, 21 Nov 2026 22:56:46 GMT", "RFC 1123"),
    (UUID, "uuid"), (UUID.upper(), "UUID"), (ID, "hex 32"), (ID[:24], "hex 24"), (f"3-{ID}", "revision"),
    ("a.b@example.org", "email"), ("+254 712-345678", "phone"), ("https://x.org/a?b", "url"), ("/a/exi/api/", "path"),
    ("?limit=20&offset=2", "query"), ("007", "integer"), ("-1.50", "decimal"), ("health_center", "word"),
    ("Ann Smith", "text"), ("2026-13", "word"), ("ünï", "text")])
def test_formats_of_texts(text, format):
    assert text_format(text) == format


@pytest.mark.parametrize(("value", "node"), [
    (None, "null"), (True, "boolean"), (3, "integer"), (3.5, "number"), (3.0, "number:whole"),
    (1_700_000_000, "integer:seconds"), (1_700_000_000_000, "integer:milliseconds"), ("Ann Smith", "string:text"),
    ([], {"array": None, "rows": "0"}), ([1], {"array": "integer", "rows": "1"}),
    ([1, None], {"array": ["integer", "null"], "rows": "many"}),
    ([{"a": 1}, {"a": "x", "b": 2}], {"array": {"object": {"a": ["integer", "string:word"], "b": "integer"},
                                                "optional": ["b"]}, "rows": "many"}),
    ([{"a": 1, "b": 2}, {"b": 3, "a": 4}], {"array": {"object": {"a": "integer", "b": "integer"}, "unordered": True},
                                            "rows": "many"}),
    ({UUID: 1, "2026-01-31": 2, "+254712345678": 3, "Ann Smith": 4, "ann@x.org": 5, "12": 6, "b": 7,
      "t12-77170da7": 8, "base64Data": 9},
     {"object": {"<uuid>": "integer", "<date>": "integer", "<phone>": "integer", "<key>": "integer",
                 "<email>": "integer", "<integer>": "integer", "b": "integer", "base64Data": "integer"}}),
    ({"admins": {"ann": "x y"}}, {"object": {"admins": {"object": {"<key>": "string:text"}}}}),
    ({"ann": "-pbkdf2-aa"}, {"object": {"<key>": "string:text"}}),
    ([3, 1, 4, 0, 5, 9, 2], {"array": "integer", "rows": "many", "sorted": []}),
    ([[1], []], {"array": {"array": "integer", "rows": "1"}, "rows": "many"}),
    ([{"n": n, "d": -n, "same": 1} for n in range(7)],
     {"array": {"object": {"n": "integer", "d": "integer", "same": "integer"}}, "rows": "many", "sorted": ["-d", "n"]}),
])
def test_nodes_of_json(value, node):
    assert body(value) == {"json": node}


@pytest.mark.parametrize(("order", "rows", "expected"), [
    ("made", [{"_id": n, "made": 2 * n} for n in range(7)], ["made"]),  # not by _id, which only came along
    ("-made", [{"_id": n, "made": -n} for n in range(7)], ["-made"]),
    ("made", [{"_id": n, "made": -n} for n in range(7)], ["-made"]),
    ("made", [{"_id": n, "made": n % 5} for n in range(7)], []),
    ("made", [{"_id": n} for n in range(7)], None),
    ("made", [{"_id": n, "made": n // 4} for n in range(7)], None),
    ("made", [{"_id": n, "made": n or None} for n in range(7)], None),
    ("", [{"_id": n, "made": n // 4} for n in range(7)], ["_id"]),
])
def test_the_order_that_was_asked_for_alone_counts(order, rows, expected):
    assert body(rows, order=order)["json"].get("sorted") == expected


def test_what_somebody_has_stored_is_no_fact_of_the_api():
    assert body({"a": 1}, declared=Declared(files=True)) == "binary"
    assert body({"error": "no"}, declared=Declared(files=True), status=404) != "binary"


def test_keys_keep_their_order():
    assert list(body({"b": 1, "a": 2})["json"]["object"]) == ["b", "a"]


@pytest.mark.parametrize(("value", "options", "expected"), [
    (b"", {}, "empty"), (b"x", {"method": "HEAD"}, "none"), (b"{", {}, "broken json"), (b"<p>", {"kind": "text/html"},
     "html"), (b"Ann", {"kind": "text/plain"}, "plain"), (b"\0", {"kind": "application/zip"}, "binary"),
    (b'{"a":1}\n', {"kind": "text/plain; charset=utf-8"}, {"json": {"object": {"a": "integer"}}}),
    (b'{"a":1}\n{"a":2}\n', {"kind": "text/plain"}, {"json lines": {"array": {"object": {"a": "integer"}},
                                                                    "rows": "many"}}),
    (b"No such thing: 12345", {"kind": "text/plain", "status": 404}, {"text": "No such thing: <number>"}),
    (b"\xef\xbb\xbfName,App Version,n,n\r\nAnn,1.0,2026-01-31,\r\n,,,\r\n", {"kind": "text/csv"},
     {"csv": {"array": {"object": {"Name": ["string:empty", "string:text"],
                                   "App Version": ["string:decimal", "string:empty"],
                                   "n": ["string:date", "string:empty"], "n #2": "string:empty"}}, "rows": "many"}}),
    (b"1,Ann\n", {"kind": "text/csv"},
     {"csv": {"array": {"object": {"column 1": "string:integer", "column 2": "string:text"}}, "rows": "1"}}),
    (b'<r xmlns="http://x.org/' + UUID.encode() + b'"><m n="1">Ann</m><m/></r>', {"kind": "text/xml"},
     {"xml": {"object": {"r": {"array": {"object": {"m": {"array": {"object": {
         "@n": "string:integer", "#text": ["string:empty", "string:text"]}, "optional": ["@n"]}, "rows": "many"}}},
         "rows": "1"}}}, "namespaces": ["http://x.org/<made>"]}),
    (b'<a><b type="null"/><c type="integer">1</c></a>', {"kind": "text/xml"},
     {"xml": {"object": {"a": {"array": {"object": {
         "b": {"array": "null", "rows": "1"},
         "c": {"array": {"object": {"@type": "string:word", "#text": "string:integer"}}, "rows": "1"}}},
         "rows": "1"}}}, "namespaces": []}),
    (b"<a", {"kind": "text/xml"}, "broken xml"),
    (b'<?xml version="1.0" encoding="no-such"?><a/>', {"kind": "text/xml"}, "broken xml"),
    (b"<a>" * 5000 + b"</a>" * 5000, {"kind": "text/xml"}, "broken xml"),
    (b'<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head/></h:html>', {"kind": "text/xml"}, "form"),
    (b"[" * 100_000, {}, "broken json"),
    (b"a" * 200_000, {"kind": "text/csv"}, "broken csv"),
    (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', {"kind": "text/xml"}, "broken xml")])
def test_bodies(value, options, expected):
    assert body(value, **options) == expected


def test_words_of_errors_are_kept_without_what_was_made_up():
    value = {"error": f"No {ID} of Ann Smith at 2026-01-31T10:00:00Z", "details": {"name": ["Bad 'Ann'"]},
             "name": "Ann", "errors": [{"message": "bad", "value": "Ann"}]}
    assert body(value, own=["Ann Smith"], status=400) == {"json": {"object": {
        "error": {"text": "No <made> of <own> at <time>"},
        "details": {"object": {"name": {"array": {"text": "Bad '<text>'"}, "rows": "1"}}},
        "name": "string:text",
        "errors": {"array": {"object": {"message": {"text": "bad"}, "value": "string:text"}}, "rows": "1"}}}}


def test_an_error_in_xml_keeps_its_message_only():
    xml = b'<OpenRosaResponse><message nature="submit_error">Unknown user</message><name>ann</name></OpenRosaResponse>'
    node = body(xml, status=422, kind="text/xml")["xml"]["object"]["OpenRosaResponse"]["array"]["object"]
    assert node["message"]["array"]["object"] == {"@nature": "string:word", "#text": {"text": "Unknown user"}}
    assert node["name"]["array"]["object"] == {"#text": "string:word"}


@pytest.mark.parametrize(("text", "own", "erased"), [
    ("User ann@x.org has +254 712 345 678", [], "User <email> has <number>"),
    ("Born 1990-02-20, 20/02/1990", [], "Born <date>, <date>"),
    ("The limit must be a positive number: [-7]", ["-7"], "The limit must be a positive number: [<own>]"),
    ("At most 100 of 1000", [], "At most 100 of 1000"),
    ("See https://x.org/ann for org.couchdb.user:ann", [], "See <url> for org.couchdb.user:<name>"),
    ("token eyJhbGciOiJIUzI1NiIsInR5cCI6", [], "token <made>"),
    ("'Ann Smith', \"Ann\" and \"first_name\" don't fit", [], "'<text>', \"<text>\" and \"first_name\" don't fit"),
    ("bad name Ann%20Smith", ["Ann Smith"], "bad name <own>"),
    ("annex", ["ann"], "annex"),
    ("x " * 300, [], "x " * 250 + "...")])
def test_texts_without_what_may_be_personal(text, own, erased):
    assert erase(text, own) == erased


def test_what_a_bulk_request_sends_is_erased_in_little_time():
    own = [f"name of person {number}" for number in range(30_000)]
    began = time.monotonic()
    assert erase("no name of person 29999 or name+of+person+7", own) == "no <own> or <own>"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(("name", "value", "fact"), [
    ("WWW-Authenticate", 'Basic realm="Medic Web Services"', 'Basic realm="Medic Web Services"'),
    ("WWW-Authenticate", 'Digest realm="r", nonce="abc"', 'Digest realm="r", nonce="<made>"'),
    ("Location", f"http://127.0.0.1:1/~w/cht/medic/{UUID}?redirect=%2Fx#a", "<base>/medic/<uuid>?redirect=<value>#"),
    ("Location", "/~w/cht/medic/login", "/medic/login"), ("Location", "http://[", "<broken>"),
    ("Location", "https://other.org/Ann%20Smith", "<host>/<key>"),
    ("Allow", "GET,HEAD", "GET, HEAD"), ("Retry-After", "120", "integer"),
    ("X-CareHQ-RateLimit-Remaining", "17", "integer"), ("Cache-Control", "no-cache,max-age=5", "no-cache, max-age=5"),
    ("ETag", 'W/"61-CZ1HoZhSG31xcZTO47xLjFigiGA"', 'W/"<size-hash>"'), ("ETag", f'"1-{ID}"', '"<revision>"'),
    ("Set-Cookie", "AuthSession=YWRtaW4; Path=/~w/cht; Max-Age=5; HttpOnly; Expires=Sat, 21 Nov 2026 22:56:46 GMT",
     ["AuthSession=<value>; Path=/; Max-Age=5; HttpOnly; Expires"]),
    ("Access-Control-Allow-Origin", "https://project.org", "<url>"),
    ("Set-Cookie", "login=; Path=/", ["login=; Path=/"]),
    ("Content-Disposition", "attachment; filename=ab-202611212256.csv", "attachment; filename=ab-<digits>.csv"),
    ("Content-Disposition", 'attachment; filename="Ann Smith.csv"', 'attachment; filename="<name>.csv"'),
])
def test_headers_that_are_facts(name, value, fact):
    made = shape(answer(headers=[[name, value]], base="http://127.0.0.1:1/~w/cht"))
    assert made["headers"] == {"content-type": "application/json", name.lower(): fact}


def test_volatile_headers_are_left_out():
    volatile = ["Date", "Server", "Connection", "Content-Length", "Transfer-Encoding", "X-Couch-Request-ID"]
    assert shape(answer(headers=[[name, "1"] for name in volatile]))["headers"] == {"content-type": "application/json"}


def test_declared_values_are_kept_and_others_only_if_they_are_words():
    choices = {("status",): frozenset({"on hold", "open"}), ("items", "*", "kind"): frozenset({"a"})}
    value = {"status": "open", "items": [{"kind": "a"}, {"kind": "gone-away"}, {"kind": "+254712345678"}]}
    node = body(value, declared=Declared(choices))["json"]["object"]
    assert node["status"] == {"enum": ["open"], "other": []}
    assert node["items"]["array"]["object"]["kind"] == {"enum": ["a"], "other": ["<other>", "gone-away"]}


SECRETS = st.text("ABCDEFGHJKMNQRVWXYZ0123456789", min_size=8, max_size=12).filter(str.strip).map("Z9{}".format)
VALUES = st.recursive(SECRETS | st.integers(10**6, 10**18) | SECRETS.map("{} jr@x.org".format), lambda inner: (
    st.lists(inner, max_size=7)
    | st.dictionaries(st.sampled_from(["name", "error", "status", "rows", "doc"]), inner, max_size=4)), max_leaves=12)


def leaves(value):
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from leaves(member)
    else:
        yield str(value)


@given(value=VALUES, status=st.sampled_from([200, 400]), keys=st.lists(SECRETS.map("{} 1".format), max_size=3),
       segments=st.lists(SECRETS))
def test_no_value_of_a_body_is_in_its_shape(value, status, keys, segments):
    secrets = [*leaves(value), *keys, *segments]
    location = "/".join(["", "x", *keys, *segments])
    made = answer([value, dict.fromkeys(keys, 1)], status=status, headers=[["Location", location]])
    kept = json.dumps(shape(made, own=secrets if status == 400 else ()))
    assert not [secret for secret in secrets if secret in kept]


@given(data=st.binary(max_size=60) | st.text("{}[]<>\"':,/ae1-\n", max_size=60).map(str.encode),
       kind=st.sampled_from(["application/json", "text/csv", "text/xml", "text/plain", "text/html", "", "x"]),
       status=st.sampled_from([200, 400]), values=st.lists(st.text(max_size=20), max_size=3))
def test_no_answer_is_too_odd(data, kind, status, values):
    names = ["Location", "Set-Cookie", "ETag", "WWW-Authenticate", "Content-Disposition", "Allow", "Retry-After"]
    headers = [[name, value] for value in values for name in names]
    made = shape(answer(data, status, kind, headers=headers, base="http://x/~w"), own=values)
    assert is_shape(json.loads(json.dumps(made)))


def test_a_shape_is_no_deeper_than_can_be_read():
    value = 1
    for _ in range(300):
        value = [{"a": value}]
    assert is_shape(shape(answer(value)))
