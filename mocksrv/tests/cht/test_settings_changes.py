"""What a PUT of the app settings leaves: laws for any settings, the table of cases of the documentation,
and what the diagnosis says of transitions."""

from __future__ import annotations

import copy

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.vendors.cht.shared_libs import settings_changes

STORE = {"a": {"x": 1, "y": [1, 2]}, "b": "s"}
PERMISSIONS = {"can_edit": ["chw"], "can_configure": ["po"]}

keys = st.sampled_from(["a", "b", "permissions", "0", "5"])  # few, so that settings and bodies meet
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "s"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(keys, values | st.dictionaries(keys, values, min_size=1, max_size=3), max_size=4)


def without(settings, *names):
    return {key: value for key, value in settings.items() if key not in names}


def put(settings, body, way="merge"):
    return settings_changes.apply(settings, body, way, PERMISSIONS)


@pytest.mark.parametrize(
    ("body", "way", "left"),
    [
        ({"a": {"y": [9]}}, "merge", {"a": {"x": 1, "y": [9]}, "b": "s"}),
        ({"a": {"y": [9]}}, "replace", {"a": {"y": [9]}, "b": "s"}),
        ({"c": 1}, "overwrite", {"c": 1}),
        ({"b": {"z": 1}}, "merge", STORE),
        ({}, "merge", STORE),
        ({"a": {"y": {"0": 7}}}, "merge", {"a": {"x": 1, "y": [7, 2]}, "b": "s"}),
        ({"a": {"y": {"3": 7, "z": 1}}}, "merge", {"a": {"x": 1, "y": [1, 2, None, 7]}, "b": "s"}),
        ({"c": {"d": {"e": None}}}, "merge", STORE | {"c": {"d": {"e": None}}}),
        ({"a": None, "b": ""}, "merge", {"a": None, "b": ""}),
        ([8, 9], "merge", STORE | {"0": 8, "1": 9}),
    ],
)
def test_cases(body, way, left):
    assert without(put(STORE, body, way), "permissions") == left


@pytest.mark.parametrize("old", [None, 0, "", False])
def test_an_object_takes_the_place_of_nothing(old):
    assert put({"a": old}, {"a": {"b": 1}})["a"] == {"b": 1}


def test_permissions_come_back_but_stay_as_they_are():
    assert put({"permissions": {"can_edit": [], "own": ["x"]}}, {})["permissions"] == {
        "can_edit": [], "own": ["x"], "can_configure": ["po"]}


@pytest.mark.parametrize("body", [{"b": {"y": {"z": 1}}}, {"a": {"y": {"999999999": 1}}}])
def test_where_the_server_fails(body):
    with pytest.raises(settings_changes.Unstorable):
        put(STORE, body)


def attempt(settings, body, way):
    try:
        return put(settings, body, way)
    except settings_changes.Unstorable:
        return None


@given(objects, objects, st.sampled_from(settings_changes.WAYS))
def test_laws(settings, body, way):
    before = copy.deepcopy((settings, body))
    left = attempt(settings, body, way)
    assert (settings, body) == before, "the arguments are left alone"
    if left is None:
        return
    assert put(left, body, way) == left, "the same body again changes nothing"
    held = left["permissions"]
    assert not isinstance(held, dict) or PERMISSIONS.keys() <= held.keys(), "permissions are complete"
    for key, value in without(settings, "permissions").items():
        if way != "overwrite" and key not in body:
            assert left[key] == value, "what the body does not name stays"
    for key, value in without(body, "permissions").items():
        if way != "merge" or not isinstance(value, dict):
            assert left[key] == value, "scalars, arrays and replaced keys are the body's"


@given(objects, objects)
def test_objects_merge_at_any_depth_as_on_top(settings, body):
    above, below = attempt(settings, body, "merge"), attempt({"x": settings}, {"x": body}, "merge")
    assert (above is None) == (below is None)
    assert above is None or without(below["x"], "permissions") == without(above, "permissions")


@given(objects)
def test_an_empty_body_only_completes_permissions(settings):
    for way in ("merge", "replace"):
        assert without(put(settings, {}, way), "permissions") == without(settings, "permissions")


@pytest.mark.parametrize(("transitions", "told"), [
    (["registratoin"], "no transitions registratoin"),
    (["create_user_for_contacts", "update_clinics"], "token_login must be enabled for create_user_for_contacts"),
])
def test_transitions_that_do_not_run_are_told(mocksrv, transitions, told):
    """Those that CHT does not have, and those that miss a setting: either stops all of them."""
    answer = requests.put(f"{mocksrv.url}/api/v1/settings", auth=("admin", "pass"),
                          json={"transitions": dict.fromkeys(transitions, True)})
    assert told in answer.headers["X-Mocksrv-Diagnosis"]
