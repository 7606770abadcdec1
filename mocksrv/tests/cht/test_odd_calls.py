"""Every operation in every conformance, called oddly: wrong types, empty and broken bodies, huge ids, odd encodings.

The answer is the vendor's, never a failure of our own; a 500 says why the server gives one.
"""

from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.operation import PARAMETER
from mocksrv.vendors.cht import conformance, vendor

EXAMPLES = 150  # for each conformance
DIAGNOSIS = "X-Mocksrv-Diagnosis"
OPERATIONS = {f"{one.method} {path}": (one.method, path) for one in vendor.operations for path in one.paths}
SEGMENTS = st.one_of(
    st.sampled_from(["medic", "_users", "medic-logs", "settings", "org.couchdb.user:admin", "anc_visit.xml", "off.json",
                     "reports", "messages", "contacts", "feedback", "user-devices", "dhis", "admin", "chw1",
                     "broken-person", "rapidpro:incoming", "medic-client", "_design", "_local", "contacts_by_type"]),
    st.sampled_from(["x" * 5_000, "%00", "%C3%28", "%ED%A0%80", "%", "%zz", "..", ".", "%2F", "%2e%2e%2fadmin",
                     "a%20b", "%F0%9F%A4%B0", "*", "~", "0", "-1", "1-a", "9" * 400, "%22", "%3Cscript%3E", "+", ":",
                     "a.b.c.xml", ".xml", "null", "constructor", "__proto__"]))
KEYS = st.sampled_from([
    "_id", "_rev", "_deleted", "_meta", "_attachments", "a", "build", "contact", "content", "date", "doc_ids", "docs",
    "facilities", "fields", "filters", "form", "forms", "from", "humanReadable", "id", "items", "key", "keys", "limit",
    "locale", "message", "messages", "name", "namespace", "nurse", "options", "parent", "password", "permissions",
    "phone", "place", "reported_date", "roles", "search", "selected", "selector", "sent_timestamp", "settings", "sms",
    "status", "subjectIds", "tasks", "text", "to", "token_login", "transitions", "type", "types", "updates", "user",
    "username", "valid", "verified", "version", "contact_type", "index", "language", "map", "failureReason", "reason",
    "dataSet", "orgUnit", "application", "code", "__proto__"])
TEXTS = st.one_of(st.sampled_from(["", "a", "YYYZ", "1!YYYZ!x#y", "true", "+254712345678", "2020-01-01", "person",
                                   "1-a", "\x00", "\ud800", "9" * 400, "x" * 5_000, "chw", "SENT", "Success", "medic"]),
                  st.text(max_size=5))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.just(10**400), st.just(1e308), st.floats(), TEXTS)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
                      max_leaves=10)
JSON_BODIES = st.one_of(
    st.dictionaries(KEYS, VALUES, max_size=5), VALUES,
    st.fixed_dictionaries({"filters": st.dictionaries(KEYS, VALUES, max_size=3)}, optional={"options": VALUES}),
    st.fixed_dictionaries({"_meta": st.fixed_dictionaries({"form": st.just("YYYZ")}, optional={
        "from": VALUES, "locale": VALUES, "reported_date": VALUES}), "nurse": VALUES}),
    st.fixed_dictionaries({"build": st.fixed_dictionaries({}, optional={
        "namespace": TEXTS, "application": TEXTS, "version": TEXTS})}),
    st.fixed_dictionaries({"username": TEXTS, "password": st.just("Kisumu_2024"), "roles": VALUES}, optional={
        "place": VALUES, "contact": VALUES, "token_login": VALUES, "phone": VALUES}),
    st.fixed_dictionaries({}, optional={"messages": st.lists(VALUES, max_size=2), "updates": VALUES}),
).map(lambda value: json.dumps(value).encode())
RAW_BODIES = st.sampled_from([
    b"", b"{", b"null", b"5", b'"x"', b"[" * 3_000, b'{"a":' * 3_000, b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"\x00",
    b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":1e999}', b"message=a&from=b", b"message=%&from=%zz", b"message=%FF&from=",
    b"id=1&from=2&text=3", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a>" * 3_000,
    b"username,password\n\xff", b"username\n\"x\ny,z\"", b"\x1f\x8b\x08\x00broken"])
KINDS = st.sampled_from([
    None, "", "application/json", "application/json", "application/json", "application/json; charset=utf-16",
    "application/json; charset=nonsense", "application/x-www-form-urlencoded", "text/plain", "text/csv",
    "application/xml", "multipart/form-data", "\xff", "a/b; c"])
NAMES = st.sampled_from([
    "type", "limit", "cursor", "doc_ids", "doc_ids[]", "phone", "with_lineage", "startkey", "endkey", "key", "keys",
    "skip", "descending", "include_docs", "rev", "revs", "filters[search]", "filters[date][from]", "filters[forms]",
    "filters[forms][selected][0][code]", "filters[verified][]", "filters[valid]", "options[humanReadable]",
    "options[limit]", "filters[dataSet]", "filters[orgUnit]", "filters", "options", "tz", "skip_header_row", "locale",
    "connected_user_interval", "replace", "overwrite", "facility_id", "role", "contact_id", "user", "key[]", "redirect",
    "reduce", "group", "group_level", "attachments", "open_revs", "a[b", "__proto__"])
QUERIES = st.lists(st.tuples(NAMES, st.one_of(SEGMENTS, VALUES.map(
    lambda value: json.dumps(value).replace("%", "%25").replace("&", "%26").replace("#", "%23").replace(" ", "+")))),
    max_size=3)
HEADERS = st.dictionaries(st.sampled_from(["Accept", "Cookie", "User-Agent", "X-OpenRosa-Version", "X-Forwarded-Proto",
                                           "X-Forwarded-For", "Accept-Language", "If-None-Match", "Content-Encoding",
                                           "Range"]),
                          st.sampled_from(["", "*/*", "application/json", "text/html;q=x", "a" * 3_000, "gzip", "br",
                                           "AuthSession=YWJj", "AuthSession=%%%; userCtx=%7B; locale=%FF", "bytes=9-1",
                                           "W/\"x\"", "\xff", "1.0", "10.0.0.1, x"]), max_size=2)


def basic(text):
    return "Basic " + base64.b64encode(text).decode()


CALLERS = st.sampled_from([*[basic(b"admin:pass")] * 6, basic(b"chw1:Secret_123"), basic(b"clerk:Secret_123"), None,
                           basic(b"admin:wrong"), basic(b"nocolon"), basic(b"\xff:\xff"), "Basic !!!", "Bearer x"])


@pytest.fixture(scope="module", params=conformance.CHOICES)
def client(request):
    app = create_app(Config(vendor=("cht",), size=5, limits=False, set={"cht.conformance": request.param}))
    yield Client(app, use_cookies=False)
    app.worlds.close()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(OPERATIONS)), segments=st.lists(SEGMENTS, min_size=5, max_size=5), query=QUERIES,
       body=JSON_BODIES | RAW_BODIES, kind=KINDS, headers=HEADERS, caller=CALLERS)
@example(name="POST /api/v2/export/{type}", segments=["reports"] * 5, query=[], body=b'{"filters":{"forms":5}}',
         kind="application/json", headers={}, caller=basic(b"admin:pass"))
def test_every_operation(client, name, segments, query, body, kind, headers, caller):
    method, template = OPERATIONS[name]
    rest = iter(segments)
    path = PARAMETER.sub(lambda _: next(rest), template)
    path = re.sub(r"/\.\.?(?=/|$)", "/x", path)  # clients resolve these
    target = path + ("?" + "&".join(f"{key}={value}" for key, value in query) if query else "")
    sent = dict(headers) | ({"Authorization": caller} if caller else {})
    answer = client.open(target, method=method, headers=sent, content_type=kind, data=body,
                         environ_overrides={"REQUEST_URI": target, "RAW_URI": target})
    text = answer.get_data()
    diagnosis = answer.headers.get(DIAGNOSIS, "")
    assert "mocksrv itself failed" not in diagnosis, diagnosis
    assert answer.status_code < 500 or diagnosis or template.startswith("/setup"), (answer.status_code, text)
