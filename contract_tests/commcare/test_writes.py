"""What the resources write: mobile workers, groups, web users, locations, invitations."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocksrv.vendors.commcare import vendor
from mocksrv.vendors.commcare.schemas.people import GroupObject, Invitation, UserObject, WebUserObject
from mocksrv.vendors.commcare.schemas.project import Location2Object

MOCK = pytest.mark.mock_only
pytestmark = pytest.mark.writes

AMINA = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
EDITOR = "c0ffee00000000000000000000000001"
CANNED = {"error_message": "Sorry, this request could not be processed. Please try again later."}


def error(response, status=400):
    assert response.status_code == status, response.text
    return response.json()["error"]


def fresh(name="worker"):
    """A name that nobody has had: HQ gives those of deleted workers to nobody else."""
    return f"{name}-{uuid4().hex[:12]}"


def new_user(hq, name=None, **fields):
    response = hq.post("v0.5/user/", {"username": name or fresh(), "password": "secret", **fields})
    assert response.status_code == 201, response.text
    return response.json()["id"]


# --- mobile workers ----------------------------------------------------------------------------------------


def test_create_a_user(hq):
    group = hq.get("v0.5/group/").json()["objects"][0]["id"]
    places = hq.get("v0.5/location/", limit=1000).json()["objects"][-2:]
    name = fresh("Jane.Doe")
    response = hq.post("v0.5/user/", {
        "username": name, "password": "secret", "first_name": "Jane", "last_name": "Doe",
        "email": "JANE@Example.org", "language": "fr", "phone_numbers": ["+254711", "254722"], "groups": [group],
        "user_data": {"cadre": "nurse"}, "role": "Mobile Worker",
        "primary_location": places[0]["location_id"], "locations": [place["location_id"] for place in places]})
    assert response.status_code == 201
    assert list(response.json()) == ["id"]
    id = response.json()["id"]
    assert response.headers["Location"].endswith(f"/a/{hq.name}/api/v0.5/user/{id}/")
    user = hq.get(f"v0.5/user/{id}/").json()
    assert UserObject().validate(user) == {}
    assert user | {"last_modified": ""} == {
        "default_phone_number": "254711", "email": "jane@example.org", "eulas": "[]", "first_name": "Jane",
        "groups": [group], "id": id, "last_modified": "", "last_name": "Doe",
        "locations": [place["location_id"] for place in places], "phone_numbers": ["254711", "254722"],
        "primary_location": places[0]["location_id"], "resource_uri": f"/a/{hq.name}/api/v0.5/user/{id}/",
        "user_data": {"cadre": "nurse", "commcare_location_id": places[0]["location_id"],
                      "commcare_location_ids": " ".join(place["location_id"] for place in places),
                      "commcare_primary_case_sharing_id": places[0]["location_id"], "commcare_profile": "",
                      "commcare_project": hq.name},
        "username": f"{name.lower()}@{hq.name}.commcarehq.org"}
    assert id in hq.get(f"v0.5/group/{group}/").json()["users"]
    assert id in {user["id"] for user in hq.get("v0.5/user/", limit=0, group=group).json()["objects"]}
    login = requests.get(hq.path("api/v0.5/messaging-event/"), auth=(user["username"], "secret"), timeout=30)
    assert login.status_code == 200


@pytest.mark.parametrize(("body", "text"), [
    pytest.param({"username": "amina", "password": "x"},
                 "Username 'amina@demo.commcarehq.org' is already taken or reserved.", marks=MOCK),
    ({"username": "admin", "password": "x"}, "Username 'admin@demo.commcarehq.org' is already taken or reserved."),
    ({"username": "new"}, "Password or connect username required"),
    ({"username": "new", "password": ""}, "Password or connect username required"),
    ({"username": "new", "connect_username": "x"}, "You don't have permission to use connect_username field"),
])
def test_users_that_are_not_created(hq, body, text):
    before = hq.get("v0.5/user/").json()["meta"]["total_count"]
    assert error(hq.post("v0.5/user/", body)) == text.replace("@demo.", f"@{hq.name}.")
    assert hq.get("v0.5/user/").json()["meta"]["total_count"] == before


def test_user_without_a_name(hq):
    response = hq.post("v0.5/user/", {"password": "x"})
    assert (response.status_code, response.json()) == (500, CANNED)


def test_other_fields_are_dropped_in_silence_on_create(hq):
    id = new_user(hq, typo="x", default_phone_number=5, role="Nobody", locations=["x"])
    user = hq.get(f"v0.5/user/{id}/").json()
    assert (user["default_phone_number"], user["locations"]) == (None, [])


def test_update_a_user(hq):
    id = new_user(hq, user_data={"a": "1", "b": "2"}, last_name="Old")
    response = hq.put(f"v0.5/user/{id}/", {"first_name": "Jo", "user_data": {"b": "3"}, "password": "other",
                                          "default_phone_number": "+254"})
    body = response.json()
    assert response.status_code == 200
    assert body.pop("password") == "other"  # what was sent comes back
    assert body == hq.get(f"v0.5/user/{id}/").json()
    assert (body["first_name"], body["last_name"], body["phone_numbers"]) == ("Jo", "Old", ["254"])
    assert {name: body["user_data"][name] for name in "ab"} == {"a": "1", "b": "3"}


@pytest.mark.parametrize(("body", "text"), [
    ({"username": "x", "default_phone_number": 5},
     "Attempted to update unknown or non-editable field 'username', 'default_phone_number' must be a string"),
    ({"role": "Boss"}, "The role 'Boss' does not exist"),
    ({"primary_location": "x"}, "Both primary_location and locations must be provided together."),
    ({"primary_location": "x", "locations": ["a", "b"]},
     "Primary location must be included in the list of locations."),
    ({"primary_location": "a", "locations": ["a", "b"]}, "Could not find location ids: a, b."),
    ({"id": "x"}, "Attempted to update unknown or non-editable field 'id'"),
])
def test_updates_that_are_refused(hq, body, text):
    id = new_user(hq)
    before = hq.get(f"v0.5/user/{id}/").json()
    response = hq.put(f"v0.5/user/{id}/", {"first_name": "Changed"} | body)
    assert error(response) == f"The request resulted in the following errors: {text}"
    assert hq.get(f"v0.5/user/{id}/").json() == before


def test_delete_a_user(hq):
    group = hq.get("v0.5/group/").json()["objects"][0]["id"]
    name = fresh()
    id = new_user(hq, name, groups=[group])
    response = hq.call("DELETE", f"api/v0.5/user/{id}/")
    assert (response.status_code, response.content) == (204, b"")
    assert (response.headers["Vary"], response.headers.get("Content-Type")) == ("Accept", None)
    for method in ("DELETE", "PUT"):  # HQ trips over an unknown id
        response = hq.call(method, f"api/v0.5/user/{id}/", json={})
        assert (response.status_code, response.json()) == (500, CANNED)
    assert "has an empty attribute 'get_id'" in error(hq.get(f"v0.5/user/{id}/"))
    assert id not in hq.get(f"v0.5/group/{group}/").json()["users"]
    text = f"Username '{name}@{hq.name}.commcarehq.org' is already taken or reserved."
    assert error(hq.post("v0.5/user/", {"username": name, "password": "x"})) == text


@MOCK
def test_activate_and_deactivate(hq):
    def listed(**params):
        return {user["id"] for user in hq.get("v0.5/user/", limit=0, **params).json()["objects"]}

    response = hq.call("POST", f"api/v0.5/user/{AMINA}/deactivate/")
    assert (response.status_code, response.json()) == (202, {})
    assert AMINA not in listed()
    for word in ("true", "T", "yes", "y", "1"):
        assert AMINA in listed(archived=word)
    assert AMINA not in listed(archived="no")
    key = {"Authorization": f"ApiKey amina@demo.commcarehq.org:{'e' * 40}"}
    assert requests.get(hq.path("api/v0.5/ucr/"), headers=key, timeout=30).status_code == 401
    assert hq.call("POST", f"api/user/v1/{AMINA}/activate/").status_code == 202
    assert AMINA in listed()
    reset = hq.call("POST", f"api/v0.5/user/{AMINA}/email_password_reset/")
    assert (reset.status_code, reset.json()) == (202, {})
    for word in ("activate", "deactivate", "email_password_reset"):
        response = hq.call("POST", f"api/v0.5/user/nobody/{word}/")
        assert (response.status_code, response.json()) == (404, CANNED)


@MOCK
def test_the_user_of_a_location_stays_active(hq):
    refused = [hq.call("POST", f"api/v0.5/user/{user['id']}/deactivate/").status_code
               for user in hq.get("v0.5/user/", limit=0).json()["objects"]]
    assert refused.count(400) == 1


@MOCK
def test_user_list(hq):
    users = hq.get("v0.5/user/", limit=0, anything="x", username="nobody").json()["objects"]
    names = [user["username"] for user in users]
    assert names == sorted(names)
    assert len(names) > 3
    assert "brudolph@dimagi.com" not in names
    for group in ("nothing", "x y"):
        response = hq.get("v0.5/user/", group=group)
        assert (response.status_code, response.json()) == (500, CANNED)
    assert hq.get("v0.5/user/", limit=0, group="").json()["objects"] == users
    extras = hq.get(f"v0.5/user/{AMINA}/", extras="true").json()["extras"]
    assert sorted(extras) == ["completed_last_30", "completed_last_month", "submitted_last_30",
                              "submitted_last_month"]
    for word, there in (("TRUE", True), (" Yes ", True), ("t", True), ("1", True), ("on", False), ("0", False)):
        assert ("extras" in hq.get(f"user/v1/{AMINA}/", extras=word).json()) is there
    old = hq.get(f"v0.4/user/{AMINA}/").json()
    assert old["resource_uri"] == ""
    assert not {"primary_location", "locations"} & old.keys()


@MOCK
def test_the_users_of_a_group_come_in_its_order_and_are_active(hq):
    users = [user["id"] for user in hq.get("user/v1/", limit=0).json()["objects"]][:3]
    (archived,) = hq.get("user/v1/", limit=1, archived="true").json()["objects"]
    group = hq.post("group/v1/", {"name": "ordered", "users": users[::-1]}).json()["id"]
    hq.put(f"group/v1/{group}/", {"users": [*users[::-1], archived["id"], "nobody"]})
    for more in ({}, {"archived": "true"}):
        found = hq.get("user/v1/", group=group, **more).json()
        assert [user["id"] for user in found["objects"]] == users[::-1]
        assert found["meta"]["total_count"] == 3


@MOCK
def test_extras_count_forms(hq, mocksrv):
    """Of the last 30 days and of the last whole month."""
    forms = hq.get("v0.5/form/", limit=0).json()["objects"]
    mine = [form["received_on"] for form in forms if form["metadata"]["userID"] == AMINA]
    last = datetime.fromisoformat(max(mine))
    for days in (3, 31):
        now = last + timedelta(days=days)
        mocksrv.clock.freeze(now.isoformat())
        counted = hq.get(f"v0.5/user/{AMINA}/", extras="true").json()["extras"]
        begin = (now - timedelta(days=30)).isoformat()
        assert counted["submitted_last_30"] == sum(begin <= when for when in mine)
        previous = (now.replace(day=1) - timedelta(days=1)).isoformat()[:7]
        assert counted["submitted_last_month"] == sum(when.startswith(previous) for when in mine)
    assert counted["submitted_last_month"] > 0


@MOCK
def test_era_2015_knows_fewer_fields(hq):
    hq.name = "exi-training"
    id = new_user(hq, user_data={"a": "1"})
    user = hq.get(f"v0.5/user/{id}/").json()
    assert len(user) == 10
    assert user["user_data"] == {"a": "1"}
    assert hq.put(f"v0.5/user/{id}/", {"user_data": {"b": "2"}}).json()["user_data"] == {"b": "2"}


# --- groups ------------------------------------------------------------------------------------------------


def test_groups(hq):
    names = [group["name"] for group in hq.get("v0.5/group/").json()["objects"]]
    assert names == sorted(names)
    worker, name = new_user(hq), fresh("New")
    response = hq.post("v0.5/group/", {"name": name, "users": [worker], "metadata": {"a": "b"}})
    id = response.json()["id"]
    assert (response.status_code, list(response.json())) == (201, ["id"])
    assert response.headers["Location"].endswith(f"/a/{hq.name}/api/v0.5/group/{id}/")
    group = hq.get(f"v0.5/group/{id}/").json()
    assert GroupObject().validate(group) == {}
    assert group == {"case_sharing": False, "domain": hq.name, "id": id, "metadata": {"a": "b"}, "name": name,
                     "reporting": True, "resource_uri": f"/a/{hq.name}/api/v0.5/group/{id}/", "users": [worker]}
    hq.call("POST", f"api/v0.5/user/{worker}/deactivate/")
    assert hq.get(f"v0.5/group/{id}/").json()["users"] == []
    changed = hq.put(f"v0.5/group/{id}/", {"users": [], "reporting": False, "note": "x"}).json()
    assert (changed["note"], changed["reporting"], changed["name"]) == ("x", False, name)
    assert hq.call("DELETE", f"api/v0.5/group/{id}/").status_code == 204
    response = hq.get(f"v0.5/group/{id}/")
    assert (response.status_code, response.content) == (404, b"")
    for method, status in (("DELETE", 404), ("PUT", 500)):  # HQ trips over an unknown id in three ways
        response = hq.call(method, f"api/v0.5/group/{id}/", json={})
        assert (response.status_code, response.json()) == (status, CANNED)


@MOCK
def test_group_names_are_unique(hq):
    response = hq.post("v0.5/group/", {"users": []})
    assert (response.status_code, response.json()) == (400, {"error_message": "Name is required"})
    body = {"name": "North team"}
    response = hq.post("v0.5/group/", body)
    assert (response.status_code, response.json()) == (
        400, {"error_message": "A group with name North team already exists"})
    other = hq.get("v0.5/group/").json()["objects"][0]
    for name, text in (("North team", "A group with this name already exists"), ("", "Name is required")):
        assert error(hq.put(f"v0.5/group/{other['id']}/", {"name": name})) == text
    assert hq.get(f"v0.5/group/{other['id']}/").json() == other


def test_several_groups(hq):
    a, b, c = map(fresh, "ABC")
    response = hq.call("PATCH", "api/v0.5/group/", json={"objects": [{"name": a}, {"name": b}]})
    assert response.status_code == 202
    assert [hq.get(f"v0.5/group/{id}/").json()["name"] for id in response.json()] == [a, b]
    response = hq.call("PATCH", "api/v0.5/group/", json={"objects": [{"name": a}, {"name": c}]})
    taken, id = response.json()
    assert (response.status_code, taken) == (400, f"A group with name {a} already exists")
    assert hq.get(f"v0.5/group/{id}/").json()["name"] == c
    assert error(hq.call("PATCH", "api/v0.5/group/", json={})) == "Invalid data sent: missing 'objects'"


# --- web users and invitations -----------------------------------------------------------------------------


@MOCK
def test_web_users(hq):
    names = [user["username"] for user in hq.get("v0.5/web-user/").json()["objects"]]
    assert names == ["brudolph@dimagi.com", "editor@example.org", "reader@example.org"]
    for name, count in (("editor@example.org", 1), ("left@example.org", 0), ("stranger@example.org", 0)):
        assert hq.get("v0.5/web-user/", web_username=name).json()["meta"]["total_count"] == count
    assert hq.get("v0.5/web-user/", username="x").json()["meta"]["total_count"] == 3
    user = hq.get(f"v0.5/web-user/{EDITOR}/").json()
    assert (user["role"], user["is_admin"]) == ("App Editor", False)
    assert user["permissions"]["edit_apps"] is True
    assert user["permissions"]["edit_data"] is False
    assert hq.get("v0.5/web-user/", **{"last_modified.gte": user["last_modified"]}).json()["meta"]["total_count"] == 3
    assert hq.get("v0.5/web-user/", **{"last_modified.gt": user["last_modified"]}).json()["meta"]["total_count"] == 0
    for path in ("v0.5/web-user/c0ffee00000000000000000000000003/", "web-user/v1/nobody/"):
        for method, body in (("GET", None), ("PATCH", {})):
            assert "has an empty attribute 'get_id'" in error(hq.call(method, f"api/{path}", json=body))
    assert (user["is_active_in_domain"], user["tableau_groups"]) == (True, [])
    assert "tableau_groups" not in hq.get("web-user/v1/").json()["objects"][0]


@MOCK
def test_deactivate_a_web_user(hq):
    key = {"Authorization": f"ApiKey editor@example.org:{'a' * 40}"}

    def visit():
        return requests.get(hq.path("api/v0.5/application/"), headers=key, timeout=30).status_code

    for word, listed, status in (("deactivate", 0, 403), ("activate", 1, 200)):
        response = hq.call("POST", f"api/v0.5/web-user/{EDITOR}/{word}/")
        assert (response.status_code, response.json()) == (202, {})
        assert hq.get("v0.5/web-user/", web_username="editor@example.org").json()["meta"]["total_count"] == listed
        assert visit() == status
    response = hq.call("POST", "api/web-user/v1/nobody/activate/")
    assert (response.status_code, response.json()) == (404, CANNED)


@MOCK
def test_change_a_web_user(hq):
    place = hq.get("v0.5/location/", limit=1000).json()["objects"][-1]["location_id"]
    response = hq.call("PATCH", f"api/v0.5/web-user/{EDITOR}/", json={
        "role": "Read Only", "primary_location_id": place, "assigned_location_ids": [place],
        "user_data": {"unit": "3"}})
    assert response.status_code == 202
    assert WebUserObject().validate(response.json()) == {}
    assert response.json() == hq.get(f"v0.5/web-user/{EDITOR}/").json()
    assert (response.json()["role"], response.json()["primary_location_id"]) == ("Read Only", place)
    cleared = hq.call("PATCH", f"api/v0.5/web-user/{EDITOR}/",
                      json={"primary_location_id": "", "assigned_location_ids": []}).json()
    assert (cleared["primary_location_id"], cleared["role"]) == ("", "Read Only")


BOTH = "Both primary_location and locations must be provided together."


@pytest.mark.parametrize(("body", "texts"), [
    ({"b": 1, "a": 2}, ["Invalid parameter(s): b, a"]), ({"email": "x@y.org"}, ["Invalid parameter(s): email"]),
    ({"role": ""}, ["'role' is required for each user"]),
    ({"role": "zz"}, ["Role 'zz' does not exist or you do not have permission to access it"]),
    ({"role": "zz", "b": 1}, ["Role 'zz' does not exist or you do not have permission to access it"]),
    ({"role": 5}, ["Role '5' does not exist or you do not have permission to access it"]),
    ({"user_data": {"commcare_project": "x"}}, ["'commcare_project' cannot be set directly"]),
    ({"profile": "zz"}, ["Profile 'zz' does not exist"]),
    ({"primary_location_id": "x"}, [BOTH]), ({"assigned_location_ids": ["x"]}, [BOTH]),
    ({"primary_location_id": None, "assigned_location_ids": []}, [BOTH]),
    ({"primary_location_id": "y", "assigned_location_ids": ["x"]},
     ["Primary location must be one of the user's locations"]),
    ({"primary_location_id": "x", "assigned_location_ids": []},
     ["Primary location must be one of the user's locations"]),
    ({"primary_location_id": "", "assigned_location_ids": ["x"]},
     ["Primary location can't be empty if the user has any locations set"]),
    ({"primary_location_id": "x", "assigned_location_ids": ["x"]}, ["Could not find location ids: x."]),
    ({"tableau_role": "Boss"}, ["Invalid tableau role: 'Boss'. Please choose one of the following: Explorer, "
                                "ExplorerCanPublish, SiteAdministratorExplorer, Viewer, Unlicensed"]),
])
def test_changes_of_a_web_user_that_are_refused(hq, body, texts):
    anybody = hq.get("v0.5/web-user/", limit=1).json()["objects"][0]["id"]  # nothing of them is changed
    response = hq.call("PATCH", f"api/v0.5/web-user/{anybody}/", json=body)
    assert (response.status_code, response.json()) == (400, {"errors": texts})


@pytest.mark.parametrize("body", [{"role": ["x"]}, {"profile": []}, {"user_data": None}, {"user_data": "x"},
                                  {"user_data": {"commcare_profile": 1}},
                                  {"primary_location_id": "x", "assigned_location_ids": 5}])
def test_changes_of_a_web_user_that_hq_fails_on(hq, body):
    anybody = hq.get("v0.5/web-user/", limit=1).json()["objects"][0]["id"]
    response = hq.call("PATCH", f"api/v0.5/web-user/{anybody}/", json=body)
    assert (response.status_code, response.json()) == (500, CANNED)


@MOCK
def test_invitation(hq):
    response = hq.post("invitation/v1/", {"email": "New@example.org", "role": "App Editor"})
    assert (response.status_code, response.headers["Location"]) == (201, "")
    assert Invitation().validate(response.json()) == {}
    assert response.json()["email"] == "new@example.org"
    for body, text in (({}, "'email' is required for each user"),
                       ({"email": "a@b.org"}, "'role' required for each user"),
                       ({"role": "App Editor"}, "'email' is required for each user"),
                       ({"email": "a@b.org", "role": "Mobile Worker"},
                        "Role 'Mobile Worker' does not exist or you do not have permission to access it")):
        response = hq.post("invitation/v1/", body)
        assert (response.status_code, response.json()) == (400, {"errors": [text]})
    response = hq.post("invitation/v1/", {"email": {}, "role": "App Editor"})
    assert (response.status_code, response.json()) == (500, CANNED)
    known = "A user with this email address is already in this project or has a pending invitation."
    for email, text in (("nobody", "User has an invalid email address for their email"), ("NEW@example.org", known),
                        ("brudolph@dimagi.com", known),
                        ("left@example.org", "A user with this email address is deactivated. ")):
        response = hq.post("invitation/v1/", {"email": email, "role": "App Editor"})
        assert (response.status_code, response.json()) == (400, {"errors": [text]})
    nowhere = {"email": "x@y.org", "role": "App Editor", "primary_location_id": "z", "assigned_location_ids": ["z"]}
    assert error(hq.post("invitation/v1/", nowhere)) == "Could not find location ids: z."


@MOCK
def test_sign_on(hq):
    def sign_on(**form):
        return requests.post(hq.path("api/v0.5/sso/"), data=form, timeout=30)

    user = sign_on(username="amina", password="password").json()
    assert user["username"] == "amina@demo.commcarehq.org"
    assert user["resource_uri"] == ""
    web = sign_on(username="brudolph@dimagi.com", password="password").json()
    assert (web["role"], web["resource_uri"]) == ("Admin", "")
    for form in ({"username": "amina", "password": "x"}, {"username": "nobody", "password": "x"},
                 {"username": "stranger@example.org", "password": "password"}):
        response = sign_on(**form)
        assert (response.status_code, response.content) == (403, b"")
    for name, form in (("username", {"password": "x"}), ("password", {"username": "x"})):
        response = sign_on(**form)
        assert (response.status_code, response.text) == (400, f"Missing required parameter: {name}")
    for form in ({"username": "", "password": "x"}, {"username": "amina", "password": ""},
                 {"username": "AMINA@demo.commcarehq.org", "password": "password"}):
        assert sign_on(**form).status_code == 403
    assert sign_on(username="AMINA", password="password").json() == user
    parts = {"username": (None, "amina"), "password": (None, "password")}
    assert requests.post(hq.path("api/v0.5/sso/"), files=parts, timeout=30).json() == user
    told = requests.post(hq.path("api/v0.5/sso/"), json={"username": "amina", "password": "password"}, timeout=30)
    assert told.text == "Missing required parameter: username"
    assert requests.get(hq.path("api/v0.5/sso/"), timeout=30).status_code == 405


@MOCK
def test_registration_by_sms(hq):
    app = hq.get("v0.5/application/").json()["objects"][0]["id"]
    taken = hq.get(f"v0.5/user/{AMINA}/").json()["default_phone_number"]
    users = [{"phone_number": number} for number in ("+254711000999", "12", taken, "x")]
    response = hq.post("v0.5/sms_user_registration/", {"app_id": app, "users": users})
    assert (response.status_code, response.json()) == (200, {
        "success_numbers": ["+254711000999"], "invalid_format_numbers": ["12", "x"], "numbers_in_use": [taken]})
    for body in ({"app_id": app}, {"users": []}, {"app_id": "no", "users": []}, {"app_id": app, "users": [1]}):
        assert error(hq.post("v0.5/sms_user_registration/", body))


# --- locations ---------------------------------------------------------------------------------------------


@pytest.fixture
def district(hq):
    return hq.get("location/v2/", location_type_code="district").json()["objects"][0]


@MOCK
def test_write_a_location(hq, district):
    response = hq.post("location/v2/", {"name": "New Clinic", "location_type_code": "clinic", "latitude": "1.5",
                                       "parent_location_id": district["location_id"], "location_data": {"a": "b"}})
    place = response.json()
    assert response.status_code == 201
    assert Location2Object().validate(place) == {}
    assert (place["site_code"], place["latitude"], place["longitude"]) == ("new_clinic", "1.5", None)
    assert response.headers["Location"] == hq.path(f"api/location/v2/{place['location_id']}/")
    assert hq.get(f"location/v2/{place['location_id']}/").json() == place | {"latitude": "1.5000000000"}
    response = hq.put(f"v0.6/location/{place['location_id']}/", {"name": "Renamed", "location_data": {}})
    assert (response.status_code, response.json()["name"]) == (200, "Renamed")
    newest = hq.get("location/v2/", order_by="-last_modified").json()["objects"]
    assert newest[0]["name"] == "Renamed"
    old = hq.get(f"v0.5/location/{place['location_id']}/").json()
    assert (old["name"], old["parent"].split("/")[-2]) == ("Renamed", district["location_id"])


def test_location_v2_filters(hq, district):
    children = hq.get("location/v2/", parent_location_id=district["location_id"]).json()["objects"]
    assert {place["location_type_code"] for place in children} == {"clinic"}
    one = children[0]
    for name in ("name", "site_code"):
        assert hq.get("location/v2/", **{name: one[name]}).json()["objects"] == [one]
    everything = hq.get("location/v2/", limit=0).json()["objects"]
    assert hq.get("location/v2/", limit=0, parent_location_id="", location_type_code="").json()["objects"] == everything
    later = hq.get("location/v2/", limit=0, **{"last_modified.gte": one["last_modified"]}).json()["objects"]
    assert all(place["last_modified"] >= one["last_modified"] for place in later)
    assert hq.get("location/v2/", limit=0).json()["meta"]["limit"] == 5000
    assert error(hq.get("location/v2/", order_by="name")) == "The 'name' field does not allow ordering."


REQUIRED = "'name' and 'location_type_code' are required fields when creating a new location."


@pytest.mark.parametrize(("body", "text"), [
    ({"name": "X"}, REQUIRED), ({"name": "X", "site_code": "x1"}, f"{REQUIRED} Location site code: x1."),
    ({"name": "X", "location_type_code": "country", "colour": "red"},
     "Invalid fields were included in request: ['colour']."),
    *[({"name": "X", "location_type_code": "country", "latitude": given},
       f"['“{given}” value must be a decimal number.']") for given in ("north", "nan", "")],
    ({"name": "X", "location_type_code": "clinic", "parent_location_id": "no"},
     "Could not find parent location with the given ID."),
    pytest.param({"name": "Demoland", "location_type_code": "country"},
                 "Location with same name and parent already exists.", marks=MOCK),
    ({"name": "X", "location_type_code": "clinic", "parent_location_id": "CLINIC"},
     "The selected parent location cannot have child locations!"),
    ({"name": "X", "location_type_code": "region", "parent_location_id": "DISTRICT"},
     "Location type not valid for the selected parent."),
])
def test_locations_that_are_refused(hq, body, text, district):
    clinic = hq.get("location/v2/", parent_location_id=district["location_id"]).json()["objects"][0]["location_id"]
    ids = {"CLINIC": clinic, "DISTRICT": district["location_id"]}
    sent = {name: ids.get(value, value) for name, value in body.items()}
    assert error(hq.post("location/v2/", sent)) == text


@MOCK
def test_locations_are_written_together_or_not_at_all(hq, district):
    before = hq.get("location/v2/", limit=0).json()
    id = district["location_id"]
    new = {"name": "One", "location_type_code": "clinic", "parent_location_id": id}
    bad = {"objects": [new, {"location_id": id, "name": "Renamed"}, {"location_id": id, "name": "Again"},
                       {"location_id": "nothing", "name": "x"}]}
    assert error(hq.call("PATCH", "api/location/v2/", json=bad)) == (
        "Could not update: could not find location with given ID nothing on the domain.")
    assert hq.get("location/v2/", limit=0).json() == before
    response = hq.call("PATCH", "api/location/v2/", json={"objects": bad["objects"][:2]})
    assert response.status_code == 202
    assert response.json()[1] == id
    assert len(hq.get("location/v2/", limit=0).json()["objects"]) == len(before["objects"]) + 1
    assert error(hq.call("PATCH", "api/location/v2/", json={"objects": [new] * 101})) == (
        "Object count exceeds limit for PATCH method.")
    assert error(hq.put("location/v2/nothing/", {"name": "x"})).startswith("Could not update")


# --- anything at all ---------------------------------------------------------------------------------------

WRITES = [op for op in vendor.operations
          if op.method in ("POST", "PUT", "PATCH") and op.simulated and op.traits["kind"] == "resource"]
NAMES = st.sampled_from([
    "username", "password", "name", "users", "objects", "tag", "fields", "email", "role", "groups", "user_data",
    "locations", "primary_location", "phone_numbers", "data_type_id", "location_type_code", "sort_key", "metadata",
    "assigned_location_ids", "primary_location_id", "latitude", "location_data", "site_code", "is_global",
    "item_attributes", "display_name", "configured_filter", "case_sharing", "location_id", "parent_location_id"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(["Admin", "clinic", "new", "x1", AMINA, "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8)


@MOCK
@settings(max_examples=15, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("operation", WRITES, ids=lambda op: op.name)
def test_no_body_breaks_the_server(hq, operation, data):
    """Whatever the body says, the answer is the vendor's; and the lists still work."""
    body = data.draw(st.dictionaries(NAMES, VALUES, max_size=6) | VALUES)
    path = operation.paths[0].replace(r"/a/{domain:[\w.:-]+}/", "").replace("{pk:(?:.|/)+?}", AMINA).replace(
        "{pk}", AMINA)
    response = hq.call(operation.method, path, data=json.dumps(body), headers={"Content-Type": "application/json"})
    assert "mocksrv itself failed" not in response.headers.get("X-Mocksrv-Diagnosis", "")
    assert response.status_code in (200, 201, 202, 204, 400, 403, 404, 500)
    for name in ("user", "group", "web-user", "location", "lookup_table", "lookup_table_item"):
        assert hq.get(f"v0.5/{name}/", limit=0).status_code == 200
