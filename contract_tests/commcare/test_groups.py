"""Groups: what becomes of their users, values of every type, and what a refused change leaves behind."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MOCK = pytest.mark.mock_only
pytestmark = pytest.mark.writes
FAILED = "CommCare HQ itself answers 500 here: "

AMINA = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
CANNED = {"error_message": "Sorry, this request could not be processed. Please try again later."}
EMPTY = {"case_sharing": False, "metadata": {}, "reporting": True, "users": []}


def fresh(name="group"):
    """A name that no group has: each is there once."""
    return f"{name}-{uuid4().hex[:12]}"


def new_group(hq, name=None, **fields):
    name = name or fresh()
    response = hq.post("group/v1/", {"name": name, **fields})
    assert response.status_code == 201, response.text
    return response.json()["id"]


def shown(hq, id):
    """What a group has beside its name and the like."""
    group = hq.get(f"group/v1/{id}/").json()
    return {name: group[name] for name in EMPTY}


def is_canned(response, status=500):
    return (response.status_code, response.json()) == (status, CANNED)


def says_that_hq_fails(response):
    said = response.headers.get("X-Mocksrv-Diagnosis", FAILED)  # a live server has none
    return is_canned(response) and said.startswith(FAILED)


@MOCK
def test_users_of_a_new_group_leave_all_their_other_groups(hq):
    (north,) = hq.get(f"user/v1/{AMINA}/").json()["groups"]
    id = new_group(hq, "new", users=[AMINA])
    assert hq.get(f"user/v1/{AMINA}/").json()["groups"] == [id]
    assert shown(hq, north)["users"] == []


@MOCK
def test_users_who_are_put_into_a_group_stay_in_the_others(hq):
    (north,) = hq.get(f"user/v1/{AMINA}/").json()["groups"]
    id = new_group(hq, "new")
    assert hq.put(f"group/v1/{id}/", {"users": [AMINA, AMINA, "nobody"]}).json()["users"] == [AMINA]
    assert sorted(hq.get(f"user/v1/{AMINA}/").json()["groups"]) == sorted([id, north])


@MOCK
def test_a_new_group_with_an_unknown_user_fails_and_is_stored(hq):
    assert says_that_hq_fails(hq.post("group/v1/", {"name": "odd", "users": ["nobody"]}))
    assert "odd" in [group["name"] for group in hq.get("group/v1/", limit=0).json()["objects"]]


@MOCK
def test_a_group_that_was_stored_with_null_for_users_fails_the_list(hq):
    assert says_that_hq_fails(hq.post("group/v1/", {"name": "null", "users": None}))
    assert says_that_hq_fails(hq.get("group/v1/", limit=0))


@pytest.mark.parametrize(("field", "value"), [
    ("name", 5), ("name", []), ("name", {}), ("name", True), ("users", ""), ("users", "abc"), ("users", {}),
    ("case_sharing", "yes"), ("case_sharing", 1), ("reporting", 0), ("metadata", []), ("metadata", "x"), ("domain", 5),
    ("path", "x"), ("last_modified", "junk"),
])
def test_a_new_group_with_a_value_of_another_type_fails_and_is_not_stored(hq, field, value):
    before = hq.get("group/v1/", limit=0).json()
    assert says_that_hq_fails(hq.post("group/v1/", {"name": fresh("odd"), field: value}))
    assert hq.get("group/v1/", limit=0).json() == before


def test_null_is_a_value(hq):
    id = new_group(hq, case_sharing=None, reporting=None, metadata=None, domain=None)
    assert shown(hq, id) == EMPTY | {"metadata": None}


def test_moments_in_metadata_lose_their_zone_and_times_their_fraction(hq):
    """As what reads the stored document makes dates of them; what has been sent just now is not read yet."""
    sent = {"a": "2024-01-02T03:04:05Z", "b": "2024-01-02T03:04:05.120000Z", "c": "10:00:00.123456",
            "d": ["2024-01-02T03:04:05Z", {"e": "2024-01-02T03:04:05Z"}], "f": {"g": "2024-01-02T03:04:05.000000Z"}}
    kept = {"h": "2024-01-02", "i": "2024-02-31T00:00:00Z", "j": "2024-01-02T03:04:05.1Z", "k": "10:00", "l": "1.50",
            "m": "2024-01-02T03:04:05", "n": "2024-01-02T03:04:05+00:00", "o": "x 2024-01-02T03:04:05Z",
            "p": 5, "q": None}
    read = {"a": "2024-01-02T03:04:05", "b": "2024-01-02T03:04:05.120000", "c": "10:00:00",
            "d": ["2024-01-02T03:04:05", {"e": "2024-01-02T03:04:05"}], "f": {"g": "2024-01-02T03:04:05"}}
    id = new_group(hq, metadata=sent | kept)
    assert shown(hq, id)["metadata"] == read | kept
    changed = hq.put(f"group/v1/{id}/", {"metadata": sent}).json()["metadata"]
    assert changed == sent | {"f": {"g": "2024-01-02T03:04:05"}}
    assert shown(hq, id)["metadata"] == read


def test_an_id_may_be_given(hq):
    id, name = uuid4().hex, fresh("mine")
    assert new_group(hq, name, _id=id) == id
    assert hq.get(f"group/v1/{id}/").json()["name"] == name
    assert is_canned(hq.post("group/v1/", {"name": fresh("yours"), "_id": id}))


@pytest.mark.parametrize(("data", "changed"), [
    ({}, {}), ([], {}), ("", {}), (0, {}), ({"case_sharing": None}, {}), ({"reporting": None}, {}),
    ({"metadata": None}, {"metadata": None}), ({"case_sharing": True, "note": {"a": 1}}, {"case_sharing": True}),
    ({"users": "ab"}, {}), ({"case_sharing": 0}, {}), ({"domain": "HERE", "id": "other", "resource_uri": "/x/"}, {}),
])
def test_a_change_is_taken(hq, data, changed):
    id = new_group(hq)
    sent = data | {"domain": hq.name} if isinstance(data, dict) and "domain" in data else data
    assert hq.put(f"group/v1/{id}/", sent).status_code == 200
    assert shown(hq, id) == EMPTY | changed


@pytest.mark.parametrize("data", [
    {"users": None}, {"users": 5}, {"users": [[]]}, {"case_sharing": "x"}, {"case_sharing": 1}, {"metadata": []},
    {"domain": "other"}, {"domain": None}, {"name": 5}, 5, "x", ["name"],
])
def test_a_change_that_fails_leaves_the_group(hq, data):
    id = new_group(hq)
    assert says_that_hq_fails(hq.put(f"group/v1/{id}/", data))
    assert shown(hq, id) == EMPTY


@MOCK
def test_users_who_were_added_before_a_change_fails_are_stored(hq):
    id = new_group(hq)
    assert is_canned(hq.put(f"group/v1/{id}/", {"reporting": False, "users": [AMINA], "metadata": []}))
    assert shown(hq, id) == EMPTY | {"reporting": False, "users": [AMINA]}


@pytest.mark.parametrize(("body", "status", "answer"), [
    ({"objects": []}, 202, []), ({"objects": {}}, 202, []), ({"objects": [None]}, 400, ["Name is required"]),
    ([], 400, {"error": "Invalid data sent: missing 'objects'"}), ({"objects": None}, 500, CANNED),
    ({"objects": ["x"]}, 500, CANNED), ({"objects": "ab"}, 500, CANNED), ("objects", 500, CANNED), (5, 500, CANNED),
])
def test_several_at_once(hq, body, status, answer):
    response = hq.call("PATCH", "api/group/v1/", json=body)
    assert (response.status_code, response.json()) == (status, answer)


VALUES = st.recursive(st.none() | st.booleans() | st.integers(-9, 99) | st.floats(allow_nan=False, allow_infinity=False)
                      | st.sampled_from(["", "x", "Group", "demo", AMINA, "2024-01-02T03:04:05Z"]),
                      lambda inner: st.lists(inner, max_size=3)
                      | st.dictionaries(st.sampled_from("abc"), inner, max_size=2), max_leaves=5)
FIELDS = ["name", "users", "case_sharing", "reporting", "metadata", "domain", "_id", "doc_type", "path", "foo"]
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4) | VALUES


@MOCK
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, change=BODIES)
def test_whatever_is_written_the_failure_is_hqs_and_not_ours(hq, mocksrv, body, change):
    mocksrv.reset()
    id = new_group(hq, "there")
    for answer in (hq.post("group/v1/", body), hq.put(f"group/v1/{id}/", change),
                   hq.call("PATCH", "api/group/v1/", json={"objects": [body, change]}), hq.get("group/v1/", limit=0)):
        assert answer.status_code in (200, 201, 202, 400, 500), answer.text
    assert not mocksrv.journal(failed=True)
