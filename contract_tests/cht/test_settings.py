"""The app settings over HTTP, in each conformance; and that everything else reads the live ones."""

from __future__ import annotations

import pytest

V1 = "/api/v1/settings"
UPDATE = "/medic/_design/medic/_rewrite/update_settings/medic"
LEGACY = "/medic/_design/medic/_rewrite/app_settings/medic"


@pytest.mark.writes
def test_any_signed_in_user_may_read(api, unique, places):
    chw = {"username": unique, "password": "Kisumu_2024", "roles": ["chw"], "place": places.area,
           "contact": places.person}
    assert api.post("/api/v1/users", chw).status_code == 200
    answer = api.as_user(unique).get(V1)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json()["roles"]["chw"]["offline"] is True
    assert api.as_user(unique).get(LEGACY).json().keys() == {"settings", "meta", "schema"}
    for path in (V1, UPDATE):
        assert api.as_user(unique).put(path, {"x": 1}).json() == {"code": 403, "error": "Insufficient privileges"}


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html"])
@pytest.mark.parametrize(("method", "path"), [("GET", V1), ("PUT", V1), ("GET", LEGACY), ("PUT", UPDATE),
                                             ("GET", f"{V1}/deprecated-transitions")])
@pytest.mark.writes
def test_a_stranger_is_prompted_whatever_the_client_accepts(api, method, path, accept):
    answer = api.anonymous().taking(accept).request(method, path, {} if method == "PUT" else None)
    assert (answer.status_code, answer.text) == (401, "not logged in")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Medic Web Services"'
    assert answer.headers["logout-authorization"] == "CHT-Core API"
    assert answer.headers["Content-Type"] == "text/plain"


STEPS = [  # what is sent, the test's two keys afterwards, whether that changed anything
    ("", {"x_a": {"x": 1, "y": [1, 2]}, "x_b": "s"}, {"x_a": {"x": 1, "y": [1, 2]}, "x_b": "s"}, True),
    ("", {"x_a": {"y": [9]}}, {"x_a": {"x": 1, "y": [9]}, "x_b": "s"}, True),
    ("", {"x_a": {"y": [9]}}, {"x_a": {"x": 1, "y": [9]}, "x_b": "s"}, False),
    ("", {}, {"x_a": {"x": 1, "y": [9]}, "x_b": "s"}, False),
    ("", {"x_b": {"z": 1}}, {"x_a": {"x": 1, "y": [9]}, "x_b": "s"}, False),
    ("?replace=1", {"x_a": {"y": [9]}}, {"x_a": {"y": [9]}, "x_b": "s"}, True),
    ("?replace=true", {"x_a": {"y": [9]}}, {"x_a": {"y": [9]}, "x_b": "s"}, False),
    ("?replace=", {"x_a": {"z": None}}, {"x_a": {"y": [9], "z": None}, "x_b": "s"}, True),
]


@pytest.mark.writes
@pytest.mark.parametrize("path", [V1, UPDATE])
def test_merge_replace_and_no_change(strict, path):
    strict.put(f"{V1}?replace=1", {"x_a": {"x": 0}, "x_b": ""})  # whatever an earlier run has left
    for query, body, left, updated in STEPS:
        answer = strict.put(path + query, body)
        assert answer.text == f'{{"success":true,"updated":{str(updated).lower()}}}', (query, body)
        now = strict.get(V1).json()
        assert {key: now[key] for key in ("x_a", "x_b")} == left, (query, body)


@pytest.mark.parametrize("query", ["?overwrite=1", "?overwrite=true&replace=true"])
def test_overwrite_leaves_the_body_and_permissions(strict, query):
    """Permissions that the body does not have are those of a new installation, whatever they were before."""
    assert strict.put(V1 + query, {"a": 1}).json() == {"success": True, "updated": True}
    defaults = strict.get(V1).json()["permissions"]
    assert len(defaults) > 40
    strict.put(V1, {"permissions": defaults | {"can_edit": ["x"]}})
    assert strict.put(V1 + query, {"a": 1}).json() == {"success": True, "updated": True}
    assert strict.get(V1).json() == {"a": 1, "permissions": defaults}


@pytest.mark.mock_only
def test_new_settings_take_effect_late_if_wanted(api, mocksrv):
    """The document has them at once; what the server does with them follows."""
    mocksrv.set(cht_settings_seconds=5)
    mocksrv.clock.freeze()
    api.put(V1, {"forms": {"LATER": {"meta": {"code": "LATER"}, "fields": {}}}})
    assert "LATER" in api.ok("GET", V1)["forms"]
    body = {"_meta": {"form": "LATER", "from": "+254712345678"}}
    mocksrv.clock.advance(seconds=4)
    assert api.post("/api/v2/records", body).json()["details"] == "Form not found: LATER"
    mocksrv.clock.advance(seconds=1)
    assert api.post("/api/v2/records", body).status_code == 200


@pytest.mark.mock_only
@pytest.mark.parametrize(
    ("conformance", "answer", "replaced"),
    [
        ("server", {"success": True, "updated": True}, True),
        ("both", {"success": True, "updated": True}, True),
        ("page", {"success": True, "upgraded": True}, False),
    ],
)
def test_where_the_page_and_the_server_differ(api, mocksrv, conformance, answer, replaced):
    mocksrv.set(cht_conformance=conformance)
    api.put(V1, {"x": {"a": 1}})
    assert api.put(f"{V1}?replace=false", {"x": {"b": 2}}).json() == answer
    assert api.get(V1).json()["x"] == ({"b": 2} if replaced else {"a": 1, "b": 2})


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        (b'{"a":', "application/json", 500, "Server error"),
        (b'"text"', "application/json", 500, "Server error"),
        (b"null", "application/json", 500, "Server error"),
        (b"{}", "application/json; charset=utf-8", 400, "Content-Type must be application/json"),
        (b"a=1", "application/x-www-form-urlencoded", 400, "Content-Type must be application/json"),
    ],
)
@pytest.mark.writes
def test_refusals(api, accept, body, content_type, status, message):
    answer = api.taking(accept).put(V1, data=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    if accept == "*/*":
        assert (answer.text, answer.headers["Content-Type"]) == (message, "text/plain")
    else:
        assert answer.json() == {"code": status, "error": message}


@pytest.mark.writes
def test_what_cannot_be_merged_is_the_servers_error(api):
    api.put(V1, {"x_b": "s"})
    answer = api.put(V1, {"x_b": {"y": {"z": 1}}})
    assert (answer.status_code, answer.json()) == (500, {"code": 500, "error": "Server error"})
    assert "cannot merge" in answer.headers.get("X-Mocksrv-Diagnosis", "cannot merge")  # a live server has none


@pytest.mark.parametrize(
    ("path", "found"), [("locale", "en"), ("x_deep.list.1.name", "b"), ("x_deep.nothing", {}), ("x_deep.zero", {})])
@pytest.mark.writes
def test_legacy_paths(api, path, found):
    api.put(UPDATE, {"x_deep": {"list": [{"name": "a"}, {"name": "b"}], "zero": 0}})
    assert api.get(f"{LEGACY}/{path}").json() == {"settings": found, "meta": {}, "schema": {}}


def test_deprecated_transitions(api):
    found = api.ok("GET", f"{V1}/deprecated-transitions")
    assert [(one["name"], one["deprecated"], one["deprecatedIn"]) for one in found] == [
        ("generate_patient_id_on_people", True, "3.8.x"), ("update_notifications", True, "3.2.x")]
    assert found[1]["deprecationMessage"] == (
        'update_notifications transition is deprecated since 3.2.x. Please use "muting" transition instead.')


@pytest.mark.writes
def test_other_endpoints_read_the_live_settings(api, unique):
    officer = {"username": unique, "password": "Kisumu_2024", "roles": ["program_officer"]}
    assert api.post("/api/v1/users", officer).status_code == 200
    person = {"name": unique, "type": "person"}
    assert api.as_user(unique).post("/api/v1/people", person).status_code == 200
    held = api.get(V1).json()["permissions"]["can_create_people"]
    try:
        api.put(V1, {"permissions": {"can_create_people": []}})
        assert api.as_user(unique).post("/api/v1/people", person).status_code == 403
    finally:
        api.put(V1, {"permissions": {"can_create_people": held}})


def test_the_document_and_its_revision(api):
    before = api.doc("settings")["_rev"]
    assert api.put(V1, {}).json()["updated"] is False
    assert api.doc("settings")["_rev"] == before
    api.put(V1, {"x_rev": before})
    after = api.doc("settings")
    assert int(after["_rev"].split("-")[0]) == int(before.split("-")[0]) + 1
    assert after["settings"] == api.get(V1).json()
