"""Web users and invitations: whatever is sent, the failure is not ours, and what is refused changes nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = [pytest.mark.mock_only, pytest.mark.writes]

EDITOR = "c0ffee00000000000000000000000001"
FIELDS = {"demo": {"fields": [{"slug": "unit", "required": True, "choices": ["1", "2"]},
                              {"slug": "badge", "regex": "^[0-9]+$"}],
                   "profiles": [{"id": 7, "name": "Ones", "fields": {"unit": "1"}}]}}
NO_UNIT = "'3' is not a valid choice for unit. The available options are: 1, 2."
NO_BADGE = "'a' is not a valid match for badge"
VALUES = st.recursive(st.none() | st.booleans() | st.integers(-9, 99)
                      | st.sampled_from(["", "x", "Admin", "App Editor", "a@b.org", "PLACE"]),
                      lambda inner: st.lists(inner, max_size=3)
                      | st.dictionaries(st.sampled_from(["unit", "commcare_project"]), inner, max_size=2), max_leaves=5)
BODIES = st.dictionaries(st.sampled_from(
    ["role", "primary_location_id", "assigned_location_ids", "user_data", "email", "foo"]), VALUES, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=BODIES | VALUES, invited=BODIES | VALUES)
def test_whatever_is_written_the_failure_is_not_ours(hq, mocksrv, change, invited):
    mocksrv.reset()
    place = hq.get("location/v2/", limit=1).json()["objects"][0]["location_id"]
    change, invited = (json.loads(json.dumps(body).replace('"PLACE"', f'"{place}"')) for body in (change, invited))
    before = hq.get(f"web-user/v1/{EDITOR}/").json()
    answer = hq.call("PATCH", f"api/web-user/v1/{EDITOR}/", json=change)
    assert answer.status_code in (202, 400, 500)
    if answer.status_code != 202:
        assert hq.get(f"web-user/v1/{EDITOR}/").json() == before
    assert hq.post("invitation/v1/", invited).status_code in (201, 400, 500)
    assert not mocksrv.journal(failed=True)


def test_custom_fields_of_web_users_are_checked(hq, mocksrv):
    """Data that is empty is not."""
    mocksrv.set(commcare_user_fields=json.dumps(FIELDS))
    for data, text in (({"x": "1"}, "unit is required."), ({"unit": "1", "badge": "a"}, NO_BADGE),
                       ({"unit": "3", "badge": "a"}, f"{NO_UNIT} {NO_BADGE}")):
        for response in (hq.call("PATCH", f"api/web-user/v1/{EDITOR}/", json={"user_data": data}),
                         hq.post("invitation/v1/", {"email": "a@b.org", "role": "App Editor", "user_data": data})):
            assert (response.status_code, response.json()) == (400, {"errors": [text]})
    unset = {"badge": "", "unit": "", "commcare_profile": "", "commcare_project": "demo"}
    for data, shown in (({}, unset), ({"unit": "2"}, unset | {"unit": "2"}),
                        ({"unit": "1", "x": "y"}, unset | {"unit": "1", "x": "y"})):
        changed = hq.call("PATCH", f"api/web-user/v1/{EDITOR}/", json={"user_data": data})
        assert changed.json()["user_data"] == shown


def test_custom_data_of_web_users_grows(hq):
    for data in ({"a": "1", "b": "2"}, {"b": "", "c": 3}):
        changed = hq.call("PATCH", f"api/web-user/v1/{EDITOR}/", json={"user_data": data}).json()["user_data"]
    assert changed == {"a": "1", "b": "", "c": 3, "commcare_profile": "", "commcare_project": "demo"}


def test_a_profile_of_web_users_has_a_name(hq, mocksrv):
    mocksrv.set(commcare_user_fields=json.dumps(FIELDS))
    own = {"badge": "", "commcare_project": "demo"}

    def patch(**body):
        return hq.call("PATCH", f"api/web-user/v1/{EDITOR}/", json=body)

    assert patch(profile="Zz").json() == {"errors": ["Profile 'Zz' does not exist"]}
    named = patch(profile="Ones", user_data={"unit": "1"}).json()
    assert (named["profile"], named["user_data"]) == ("Ones", own | {"unit": "1", "commcare_profile": 7})
    fixed = {"errors": ["'unit' is defined by the profile so cannot be set directly"]}
    assert patch(user_data={"unit": "2"}).json() == fixed
    assert patch(user_data={"badge": "5"}).json()["user_data"]["unit"] == "1"
    cleared = patch(profile="", user_data={"unit": "2"}).json()
    assert (cleared["profile"], cleared["user_data"]) == ("", own | {"badge": "5", "unit": "2", "commcare_profile": ""})
    invited = {"email": "a@b.org", "role": "App Editor", "profile": "Ones"}
    assert hq.post("invitation/v1/", invited | {"user_data": {"unit": "2"}}).json() == fixed
    assert hq.post("invitation/v1/", invited).json()["profile"] == "Ones"


def test_permissions_are_all_that_hq_has(hq):
    editor, admin = (hq.get("web-user/v1/", web_username=name).json()["objects"][0]["permissions"]
                     for name in ("editor@example.org", "brudolph@dimagi.com"))
    assert editor.keys() == admin.keys()
    assert len(admin) == 55
    assert {name for name, value in admin.items() if value is not True} == {
        "doc_type", "commcare_analytics_roles_list", "edit_user_profile_list", "manage_data_registry_list",
        "view_data_registry_contents_list", "view_report_list", "view_tableau_list", "web_apps_list"}
    assert (editor["edit_apps"], editor["edit_motech"]) == (True, False)


@pytest.mark.parametrize("text", [
    "{", "[]", '{"demo": 5}', '{"demo": {"colour": []}}', '{"demo": {"fields": 5}}', '{"demo": {"fields": [{}]}}',
    '{"demo": {"fields": [{"slug": 5}]}}', '{"demo": {"fields": [{"slug": "a", "regex": "("}]}}',
    '{"demo": {"profiles": [{"id": "1", "name": "x", "fields": {}}]}}',
])
def test_a_setting_that_defines_no_fields_is_refused(mocksrv, text):
    with pytest.raises(Exception, match="fields"):
        mocksrv.set(commcare_user_fields=text)
