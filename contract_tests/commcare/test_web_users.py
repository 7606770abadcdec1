"""Web users and invitations: whatever is sent, the failure is not ours, and what is refused changes nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = [pytest.mark.mock_only, pytest.mark.writes]

EDITOR = "c0ffee00000000000000000000000001"
FIELDS = {"demo": {"fields": [{"slug": "unit", "required": True, "choices": ["1", "2"]}]}}
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
    mocksrv.set(commcare_user_fields=json.dumps(FIELDS))
    for data, text in (({}, "unit is required."),
                       ({"unit": "3"}, "'3' is not a valid choice for unit. The available options are: 1, 2.")):
        for response in (hq.call("PATCH", f"api/web-user/v1/{EDITOR}/", json={"user_data": data}),
                         hq.post("invitation/v1/", {"email": "a@b.org", "role": "App Editor", "user_data": data})):
            assert (response.status_code, response.json()) == (400, {"errors": [text]})
    changed = hq.call("PATCH", f"api/web-user/v1/{EDITOR}/", json={"user_data": {"unit": "2"}})
    assert changed.json()["user_data"] == {"unit": "2"}


@pytest.mark.parametrize("text", [
    "{", "[]", '{"demo": 5}', '{"demo": {"colour": []}}', '{"demo": {"fields": 5}}', '{"demo": {"fields": [{}]}}',
    '{"demo": {"fields": [{"slug": 5}]}}', '{"demo": {"fields": [{"slug": "a", "regex": "("}]}}',
    '{"demo": {"profiles": [{"id": "1", "name": "x", "fields": {}}]}}',
])
def test_a_setting_that_defines_no_fields_is_refused(mocksrv, text):
    with pytest.raises(Exception, match="fields"):
        mocksrv.set(commcare_user_fields=text)
