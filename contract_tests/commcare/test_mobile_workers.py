"""Mobile workers: names, values of every type, what a refused change leaves behind, profiles, confirmation."""

import json
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MOCK = pytest.mark.mock_only
pytestmark = pytest.mark.writes
FAILED = "CommCare HQ itself answers 500 here: "

AMINA = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
CANNED = {"error_message": "Sorry, this request could not be processed. Please try again later."}
REFUSED = "The request resulted in the following errors: "
TOGETHER = "Both primary_location and locations must be provided together."


def fresh(name="worker"):
    """A name that nobody has had: HQ gives those of deleted workers to nobody else."""
    return f"{name}-{uuid4().hex[:12]}"


def new_user(hq, name=None, **fields):
    response = hq.post("user/v1/", {"username": name or fresh(), "password": "secret", **fields})
    assert response.status_code == 201, response.text
    return response.json()["id"]


def shown(hq, id, *names):
    user = hq.get(f"user/v1/{id}/").json()
    return {name: user[name] for name in names}


def refused(response):
    """The errors of a refused change."""
    assert response.status_code == 400, response.text
    return response.json()["error"].removeprefix(REFUSED)


def is_hqs_failure(response):
    return (response.status_code, response.json()) == (500, CANNED) and response.headers.get(
        "X-Mocksrv-Diagnosis", FAILED).startswith(FAILED)  # a live server has no diagnosis


# --- names ---------------------------------------------------------------------------------------------------


@MOCK
@pytest.mark.parametrize(("given", "username"), [
    ("A b\tC", "a.b.c@demo"), ("x+y", "x+y@demo"), ("x/y", "x/y@demo"), ("x=y", "x=y@demo"), ("x?y^z", "x?y^z@demo"),
    ("_", "_@demo"), ("-", "-@demo"), ("1", "1@demo"), ("Me@demo.commcarehq.org", "Me@demo"),
    ("x" * 120, "x" * 120 + "@demo"),
])
def test_names_that_are_taken(hq, given, username):
    assert shown(hq, new_user(hq, given), "username") == {"username": f"{username}.commcarehq.org"}


INVALID = "Username '{}' must be a valid email address."
SPECIAL = "The username component '{}' of '{}' may not contain special characters."
TAKEN = "Username '{}' is already taken or reserved."
ELSEWHERE = "The username email domain '@{}' should be '@demo.commcarehq.org'."


@pytest.mark.parametrize(("given", "text"), [
    ("x..y", INVALID.format("x..y@demo.commcarehq.org")), (".x", INVALID.format(".x@demo.commcarehq.org")),
    ("trail ", INVALID.format("trail.@demo.commcarehq.org")), (" ", INVALID.format(".@demo.commcarehq.org")),
    ("", INVALID.format("@demo.commcarehq.org")), ([], INVALID.format("@demo.commcarehq.org")),
    ({}, INVALID.format("@demo.commcarehq.org")), ("é", INVALID.format("é@demo.commcarehq.org")),
    ("x,y", INVALID.format("x,y@demo.commcarehq.org")), ("x@y", INVALID.format("x@y")),
    ("a@b@c", INVALID.format("a@b@c")), ("me@demo.commcarehq.org.", INVALID.format("me@demo.commcarehq.org.")),
    *((name, SPECIAL.format(name, f"{name}@demo.commcarehq.org")) for name in ("x!y", "x'y", "x#y", "x~y")),
    ("me@other.commcarehq.org", ELSEWHERE.format("other.commcarehq.org")),
    ("me@DEMo.commcarehq.org", ELSEWHERE.format("DEMo.commcarehq.org")), ("me@b.123", INVALID.format("me@b.123")),
    *((f"me@{host}", ELSEWHERE.format(host))
      for host in ("localhost", "[127.0.0.1]", "[::1]", "é.org", "xn--9ca.xn--p1ai")),
    ("Admin", TAKEN.format("admin@demo.commcarehq.org")), ("demo_user", TAKEN.format("demo_user@demo.commcarehq.org")),
    pytest.param("Amina", TAKEN.format("amina@demo.commcarehq.org"), marks=MOCK),
])
def test_names_that_are_not_taken(hq, given, text):
    text = text.replace("demo.commcarehq.org", f"{hq.name}.commcarehq.org")
    given = given.replace("@demo.", f"@{hq.name}.") if isinstance(given, str) else given
    response = hq.post("user/v1/", {"username": given, "password": "x"})
    assert (response.status_code, response.json()) == (400, {"error": text})


@pytest.mark.parametrize("given", [None, 5, True, ["@"], '"a@b"@demo.commcarehq.org'])
def test_names_that_hq_fails_on(hq, given):
    assert is_hqs_failure(hq.post("user/v1/", {"username": given, "password": "x"}))


@MOCK
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=12) | st.emails()
       | st.from_regex(r"[a-z.+_ -]{1,8}@demo\.commcarehq\.org", fullmatch=True))
def test_a_name_is_taken_or_refused_with_a_reason(hq, mocksrv, name):
    response = hq.post("user/v1/", {"username": name, "password": "x"})
    assert response.status_code in (201, 400), response.text
    assert not mocksrv.journal(failed=True)


# --- values of every type --------------------------------------------------------------------------------------

OTHERS = [5, 1.5, True, [], ["x"], {}, {"a": "b"}]


@pytest.mark.parametrize(("field", "value"), [
    *((field, value) for field in ("first_name", "last_name", "language", "email") for value in OTHERS),
    ("email", None), ("phone_numbers", None), ("phone_numbers", 5), ("phone_numbers", [2]), ("groups", None),
    ("groups", 5), ("groups", ["x"]), ("groups", "Text"), ("groups", [[]]), ("user_data", None), ("user_data", []),
    ("user_data", "x"), ("user_data", {"commcare_profile": ""}), ("user_data", {"commcare_profile": "zz"}),
    ("password", 5), ("password", ["a"]),
])
def test_values_that_hq_fails_on(hq, field, value):
    id = new_user(hq)
    before = hq.get(f"user/v1/{id}/").json()
    assert is_hqs_failure(hq.put(f"user/v1/{id}/", {field: value}))
    after = hq.get(f"user/v1/{id}/").json()
    assert after | {"last_modified": ""} == before | {"last_modified": ""}
    name = fresh("other")
    assert is_hqs_failure(hq.post("user/v1/", {"username": name, "password": "x", field: value}))
    users = hq.get("user/v1/", limit=0).json()["objects"]
    assert f"{name}@{hq.name}.commcarehq.org" not in {user["username"] for user in users}


@pytest.mark.parametrize(("body", "changed"), [
    ({}, {}), ([], {}), ("", {}), ({"first_name": None}, {"first_name": None}), ({"last_name": ""}, {"last_name": ""}),
    ({"email": "UPPER@X.ORG"}, {"email": "upper@x.org"}), ({"password": None}, {}), ({"password": ""}, {}),
    ({"phone_numbers": ["+1", "1", "2"]}, {"phone_numbers": ["1", "2"], "default_phone_number": "1"}),
    ({"phone_numbers": "12"}, {"phone_numbers": ["1", "2"], "default_phone_number": "1"}),
    ({"phone_numbers": {"a": 1}}, {"phone_numbers": ["a"], "default_phone_number": "a"}),
    ({"phone_numbers": []}, {"phone_numbers": [], "default_phone_number": None}),
    ({"default_phone_number": "+"}, {"phone_numbers": ["", "7"], "default_phone_number": ""}),
    ({"default_phone_number": "9", "phone_numbers": ["1"]}, {"phone_numbers": ["1"], "default_phone_number": "1"}),
    ({"phone_numbers": ["1"], "default_phone_number": "9"}, {"phone_numbers": ["9", "1"], "default_phone_number": "9"}),
    ({"groups": ""}, {}), ({"groups": {}}, {}), ({"primary_location": ""}, {}), ({"locations": []}, {}),
    ({"primary_location": None, "locations": None}, {}), ({"primary_location": None, "locations": []}, {}),
])
def test_values_that_are_taken(hq, body, changed):
    id = new_user(hq, first_name="A", last_name="B", email="c@d.org", phone_numbers=["7"])
    before = hq.get(f"user/v1/{id}/").json()
    assert hq.put(f"user/v1/{id}/", body).status_code == 200
    after = hq.get(f"user/v1/{id}/").json()
    assert after | {"last_modified": ""} == before | changed | {"last_modified": ""}


@pytest.mark.parametrize(("body", "text"), [
    ({"role": None}, "The role 'None' does not exist"), ({"role": ["x"]}, "The role '['x']' does not exist"),
    ({"default_phone_number": None}, "'default_phone_number' must be a string"), ({"primary_location": 5}, TOGETHER),
    ({"primary_location": "", "locations": ["x"]}, TOGETHER),
    ({"primary_location": "x", "locations": ["x"]}, "Could not find location ids: x."),
    ({"user_data": {"commcare_project": "other"}}, "'commcare_project' cannot be set directly"),
    ({"user_data": {"commcare_profile": 5}}, "User data profile not found"),
    ({"send_confirmation_email_now": True},
     "Attempted to update unknown or non-editable field 'send_confirmation_email_now'"),
])
def test_values_that_are_refused(hq, body, text):
    id = new_user(hq)
    assert refused(hq.put(f"user/v1/{id}/", body)) == text
    assert hq.post("user/v1/", {"username": fresh("other"), "password": "x", **body}).status_code == (
        400 if "send_confirmation_email_now" in body else 201)


def test_nothing_removes_no_location_and_anything_empty_all(hq):
    places = hq.get("location/v2/", limit=2).json()["objects"]
    first, second = (place["location_id"] for place in places)
    id = new_user(hq, primary_location=first, locations=[first])
    for body in ({"primary_location": None, "locations": None}, {"primary_location": None}):
        assert hq.put(f"user/v1/{id}/", body).json()["locations"] == [first]
    changed = hq.put(f"user/v1/{id}/", {"primary_location": second, "locations": [first, second]}).json()
    assert (changed["primary_location"], changed["locations"]) == (second, [first, second])
    assert changed["user_data"]["commcare_location_ids"] == f"{first} {second}"
    for body in ({"locations": []}, {"primary_location": ""}, {"primary_location": {}, "locations": None}):
        hq.put(f"user/v1/{id}/", {"primary_location": first, "locations": [first]})
        assert hq.put(f"user/v1/{id}/", body).json()["locations"] == []


def test_locations_that_nobody_can_have(hq):
    id = new_user(hq)
    for body in ({"primary_location": 5, "locations": [5]}, {"primary_location": "a", "locations": 5}):
        assert is_hqs_failure(hq.put(f"user/v1/{id}/", body))


# --- what a refused change leaves behind -----------------------------------------------------------------------


@pytest.mark.parametrize(("body", "kept"), [
    ({"first_name": "Kept", "default_phone_number": "777", "foo": 1}, {"first_name": "Kept", "phone_numbers": ["777"]}),
    ({"foo": 1, "last_name": "Later", "phone_numbers": ["888"]}, {"last_name": "Later", "phone_numbers": ["888"]}),
    ({"default_phone_number": "777", "first_name": "Not", "foo": 1}, {"phone_numbers": ["777"]}),
    ({"first_name": "Not", "foo": 1}, {}), ({"phone_numbers": ["1", 2]}, {"phone_numbers": ["1"]}),
    ({"first_name": "Kept", "phone_numbers": ["1"], "email": 5}, {"first_name": "Kept", "phone_numbers": ["1"]}),
])
def test_a_telephone_number_saves_what_came_before_it(hq, body, kept):
    id = new_user(hq)
    assert hq.put(f"user/v1/{id}/", body).status_code in (400, 500)
    expected = {"first_name": "", "last_name": "", "phone_numbers": []} | kept
    assert shown(hq, id, *expected) == expected


def test_groups_are_stored_at_once(hq):
    group = hq.get("group/v1/").json()["objects"][0]["id"]
    id = new_user(hq)
    assert hq.put(f"user/v1/{id}/", {"groups": [group], "foo": 1}).status_code == 400
    assert shown(hq, id, "groups") == {"groups": [group]}
    assert is_hqs_failure(hq.put(f"user/v1/{id}/", {"groups": ["unknown", group]}))
    assert shown(hq, id, "groups") == {"groups": [group]}


def test_keys_of_user_data_before_a_bad_one_stay_on_create(hq):
    id = new_user(hq, user_data={"a": "1", "commcare_project": "zz", "b": "2"})
    assert shown(hq, id, "user_data")["user_data"] == {
        "a": "1", "commcare_profile": "", "commcare_project": hq.name}


VALUES = st.recursive(st.none() | st.booleans() | st.integers(-9, 99) | st.floats(allow_nan=False, allow_infinity=False)
                      | st.sampled_from(["", "x", "+1", AMINA, "Mobile Worker", "a@b.org"]),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
                          ["a", "commcare_profile", "commcare_project"]), inner, max_size=2), max_leaves=5)
FIELDS = ["first_name", "email", "language", "password", "phone_numbers", "default_phone_number", "groups", "user_data",
          "role", "primary_location", "locations", "username", "require_account_confirmation", "foo"]
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)


@MOCK
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, change=BODIES | VALUES)
def test_whatever_is_written_the_failure_is_hqs_and_not_ours(hq, mocksrv, body, change):
    mocksrv.reset()
    before = hq.get("user/v1/", limit=0).json()["objects"]
    made = hq.post("user/v1/", {"username": "new", "password": "x"} | body)
    assert made.status_code in (201, 400, 500)
    after = [user for user in hq.get("user/v1/", limit=0).json()["objects"] if user not in before]
    assert [user["id"] for user in after] == ([made.json()["id"]] if made.status_code == 201 and after else [])
    answer = hq.put(f"user/v1/{AMINA}/", change)
    assert answer.status_code in (200, 400, 404, 500)
    if answer.status_code == 200:
        ours = hq.get(f"user/v1/{AMINA}/").json()
        assert {name: value for name, value in answer.json().items() if name in ours} == ours
    assert not mocksrv.journal(failed=True)


# --- what a project defines ------------------------------------------------------------------------------------

FIELDS_OF_USERS = {"demo": {"profiles": [{"id": 7, "name": "Nurses", "fields": {"cadre": "nurse"}}]}}


@MOCK
def test_a_profile_gives_fields_that_nobody_can_set(hq, mocksrv):
    mocksrv.set(commcare_user_fields=json.dumps(FIELDS_OF_USERS))
    id = new_user(hq, user_data={"a": "1"})
    changed = hq.put(f"user/v1/{id}/", {"user_data": {"commcare_profile": 7}}).json()["user_data"]
    assert changed == {"a": "1", "cadre": "nurse", "commcare_profile": 7, "commcare_project": "demo"}
    for data, text in (({"cadre": "chw"}, "'cadre' cannot be set directly"),
                       ({"commcare_profile": 8}, "User data profile not found")):
        assert refused(hq.put(f"user/v1/{id}/", {"user_data": data})) == text
    assert hq.put(f"user/v1/{id}/", {"user_data": changed}).status_code == 200  # as it was shown
    other = new_user(hq, "other", user_data={"cadre": "chw"})
    assert refused(hq.put(f"user/v1/{other}/", {"user_data": {"commcare_profile": 7}})) == (
        "Profile conflicts with existing data")
    assert hq.put(f"user/v1/{id}/", {"user_data": {"commcare_profile": None}}).json()["user_data"] == {
        "a": "1", "commcare_profile": "", "commcare_project": "demo"}


@MOCK
def test_a_field_that_nobody_has_set_is_empty(hq, mocksrv):
    mocksrv.set(commcare_user_fields=json.dumps({"demo": {"fields": [{"slug": "cadre"}, {"slug": "unit"}]}}))
    id = new_user(hq, user_data={"unit": "3"})
    assert hq.get(f"user/v1/{id}/").json()["user_data"] == {
        "cadre": "", "unit": "3", "commcare_profile": "", "commcare_project": "demo"}


@MOCK
def test_a_project_may_demand_a_profile(hq, mocksrv):
    mocksrv.set(commcare_user_fields=json.dumps({"demo": FIELDS_OF_USERS["demo"] | {"profile_required": True}}))
    text = "A profile assignment is required for Mobile Workers."
    assert refused(hq.put(f"user/v1/{AMINA}/", {"user_data": {"a": "1"}})) == text
    assert hq.put(f"user/v1/{AMINA}/", {"user_data": {"commcare_profile": 7}}).status_code == 200


# --- confirmation by e-mail ------------------------------------------------------------------------------------


def test_a_worker_who_is_to_confirm_the_account_has_no_password_yet(hq):
    new = {"username": fresh("new"), "require_account_confirmation": True}
    for body in ({"password": "x", "email": "a@b.org"}, {}):
        assert hq.post("user/v1/", new | body).status_code == 400
    id = hq.post("user/v1/", new | {"email": "a@b.org"}).json()["id"]
    assert id in {user["id"] for user in hq.get("user/v1/", limit=0, archived="true").json()["objects"]}
    assert hq.put(f"user/v1/{id}/", {"send_confirmation_email_now": True}).status_code == 200


def test_what_stands_behind_an_id_takes_one_method_only(hq):
    id = new_user(hq)
    for method in ("GET", "PUT", "DELETE"):
        response = hq.call(method, f"api/user/v1/{id}/activate/")
        assert (response.status_code, response.headers["Allow"], response.text) == (405, "POST", "POST")
