"""Whatever comes in, the answer is the vendor's: none of our own failures shows through."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = [pytest.mark.mock_only]
DIAGNOSIS = "X-Mocksrv-Diagnosis"
KEYS = st.sampled_from(["_id", "_rev", "_deleted", "_attachments", "type", "contact_type", "name", "parent", "contact",
                        "place", "reported_date", "place_id", "docs", "doc_ids", "phone", "keys", "new_edits", "user",
                        "password", "redirect", "locale", "a", "linked_docs", "patient_id"])
TEXTS = st.one_of(st.sampled_from(["person", "clinic", "contact", "health_center", "settings", "1-a", "a", ""]),
                  st.text(max_size=4))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=2), inner, max_size=5),
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
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(body=BODIES)
def test_bodies(api, endpoint, body):
    method, path = endpoint.split()
    data = json.dumps(body).encode()  # NaN and halves of surrogate pairs too
    answer = api.request(method, path, data=data, headers={"Content-Type": "application/json",
                                                           "X-Forwarded-For": "10.0.0.1"})
    assert "mocksrv itself failed" not in answer.headers.get(DIAGNOSIS, "")


@pytest.mark.parametrize("path", QUERIES)
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(query=st.lists(st.tuples(NAMES, st.text(max_size=4) | VALUES.map(json.dumps)), max_size=4))
def test_queries(api, path, query):
    pairs = [(name, value.encode("utf-8", "surrogatepass")) for name, value in query]
    answer = api.get(path, params=pairs)
    assert "mocksrv itself failed" not in answer.headers.get(DIAGNOSIS, "")
