"""Whatever comes in, the answer is the vendor's: none of our own failures shows through."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.drawn import CHARACTERS, INTEGERS, for_each

MOCK = pytest.mark.mock_only
DIAGNOSIS = "X-Mocksrv-Diagnosis"
KEYS = st.sampled_from(["_id", "_rev", "_deleted", "_attachments", "type", "contact_type", "name", "parent", "contact",
                        "place", "reported_date", "place_id", "docs", "doc_ids", "phone", "keys", "new_edits", "user",
                        "password", "redirect", "locale", "a", "linked_docs", "patient_id"])
TEXTS = st.one_of(st.sampled_from(["person", "clinic", "contact", "health_center", "service-worker-meta", "1-a", "a",
                                   ""]), st.text(CHARACTERS, max_size=4))
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats() | TEXTS,
    lambda inner: (st.lists(inner, max_size=3)
                   | st.dictionaries(KEYS | st.text(CHARACTERS, max_size=2), inner, max_size=5)),
    max_leaves=12)
BODIES = st.dictionaries(KEYS, VALUES, max_size=6) | st.lists(VALUES, max_size=3)
ENDPOINTS = ["POST /api/v1/people", "POST /api/v1/places", "POST /api/v1/places/broken-clinic", "POST /api/v1/hydrate",
             "POST /api/v1/contacts-by-phone", "POST /api/v1/bulk-delete", "POST /medic/_bulk_docs", "POST /medic",
             "PUT /medic/some-doc", "POST /medic/_all_docs", "POST /_session", "POST /medic/login"]
QUERIES = ["/api/v1/person", "/api/v1/place", "/api/v1/hydrate", "/api/v1/contacts-by-phone", "/medic/_all_docs",
           "/medic/settings", "/api/v1/person/broken-person"]
NAMES = st.sampled_from(["type", "limit", "cursor", "doc_ids", "doc_ids[]", "phone", "with_lineage", "startkey",
                         "endkey", "key", "keys", "skip", "descending", "include_docs", "inclusive_end", "rev", "revs",
                         "attachments"])
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=SLOW)
@given(body=BODIES)
@MOCK
def test_bodies(api, endpoint, body):
    method, path = endpoint.split()
    data = json.dumps(body).encode()  # NaN, too
    answer = api.request(method, path, data=data, headers={"Content-Type": "application/json",
                                                           "X-Forwarded-For": "10.0.0.1"})
    assert "mocksrv itself failed" not in answer.headers.get(DIAGNOSIS, "")


@pytest.mark.parametrize("path", QUERIES)
def test_queries(api, path):
    def check(query):
        answer = api.get(path, params=query)
        assert answer.status_code in (200, 400, 404, 500), answer.text
        assert "mocksrv itself failed" not in answer.headers.get(DIAGNOSIS, "")

    values = st.text(CHARACTERS, max_size=4) | VALUES.map(json.dumps)
    for_each(st.lists(st.tuples(NAMES, values), max_size=4), 40, check)


@pytest.mark.parametrize("roles", [["chw"], 1, {"chw": 1.5}, {"chw": ["x"]}, {"chw": "x"}, {"chw": True}])
@pytest.mark.writes
def test_roles_in_settings_that_are_no_objects(api, unique, roles):
    api.configure(roles=roles, permissions=["x"])
    answer = api.post("/api/v1/users", {"username": unique, "password": "Secret_123", "roles": ["chw"]})
    assert answer.status_code == (200 if isinstance(roles, dict) else 400)  # who is not known is offline
    as_user = api.as_user(unique, "Secret_123").get("/api/v1/person?type=person")
    assert as_user.status_code == (403 if isinstance(roles, dict) else 401)


@pytest.mark.parametrize("when", ["\u00b2", "9" * 5000, 1e300, "-" + "9" * 30])
@MOCK
def test_dates_that_are_none(api, when):
    task = {"state": "pending", "due": when, "timestamp": when, "messages": [{"uuid": "u", "to": "+1", "message": "x"}]}
    doc = {"type": "data_record", "form": "x", "reported_date": when, "scheduled_tasks": [task], "tasks": [task]}
    assert api.post("/medic", doc).status_code == 201
    sent = api.post("/api/v2/records", {"_meta": {"form": "YYYZ", "reported_date": when}, "nurse": "x"})
    assert sent.status_code in (200, 500)
    assert "mocksrv itself failed" not in sent.headers.get(DIAGNOSIS, "")
    assert api.get("/api/v2/export/messages?options[humanReadable]=true").text.endswith("\n")
