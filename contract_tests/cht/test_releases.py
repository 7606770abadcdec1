"""What a server has depends on its release."""

from __future__ import annotations

import pytest

NOT_FOUND = {"error": "not_found", "reason": "Database does not exist."}


@pytest.mark.release(until="5.0")
def test_what_a_release_does_not_have_goes_on_to_couchdb(strict):
    answer = strict.get("/api/v1/impact")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_what_a_newer_release_has(newer):
    found = newer.ok("GET", "/api/v1/impact")
    assert list(found) == ["users", "contacts", "reports"]
    for part, key, name in (("contacts", "by_type", "type"), ("reports", "by_form", "form")):
        rows = found[part][key]
        assert sum(row["count"] for row in rows) == found[part]["count"]
        assert [row[name] for row in rows] == sorted({row[name] for row in rows})


def test_what_a_newer_release_has_no_more(newer):
    answer = newer.get("/api/v1/initial-replication/get-ids")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.release(until="5.0")
@pytest.mark.mock_only
def test_the_diagnosis_names_the_release(api, mocksrv):
    assert api.get("/api/v1/impact").headers["X-Mocksrv-Diagnosis"] == (
        "GET /api/v1/impact exists since 5.0; this world runs 4.15: the setting cht.release chooses")
    mocksrv.set(cht_release="5.2")
    assert "exists until 5.2; this world runs 5.2" in api.get("/extension-libs").headers["X-Mocksrv-Diagnosis"]
    assert api.get("/api/v1/impact").status_code == 200


@pytest.mark.release(until="5.0")
@pytest.mark.mock_only
def test_the_document_of_a_world_is_that_of_its_release(mocksrv):
    def paths():
        return mocksrv.control("GET", "/openapi/cht.json")["paths"]

    assert "/api/v1/impact" not in paths()
    assert "/extension-libs" in paths()
    mocksrv.set(cht_release="5.2")
    assert paths()["/api/v1/impact"]["get"]["x-mocksrv-release"] == "since 5.0"
    assert "/extension-libs" not in paths()


@pytest.mark.mock_only
@pytest.mark.mocksrv(release="5.2")
def test_a_test_asks_for_a_release(api, mocksrv):
    assert mocksrv.control("GET", "/settings")["cht.release"] == "5.2"
    assert api.ok("GET", "/api/deploy-info")["version"] == "5.2.0"


@pytest.mark.release(until="5.0")
@pytest.mark.mock_only
def test_changing_the_release_brings_the_documents_along(api, mocksrv):
    before = api.doc("settings")["settings"]
    assert "enabled" in api.doc("messages-en")
    mocksrv.set(cht_release="5.2")
    after = api.doc("settings")["settings"]
    assert after["permissions"] == before["permissions"] | {
        "can_skip_password_change": [], "can_get_task_notifications": ["chw", "chw_supervisor"],
        "can_track_task_interactions": []}
    assert {key: value for key, value in after.items() if key != "permissions"} == {
        key: value for key, value in before.items() if key != "permissions"}
    assert "enabled" not in api.doc("messages-en")
    assert api.doc("messages-pt")["code"] == "pt"
    assert api.doc("_design/medic")["version"] == "5.2.0"
    assert api.doc("_design/medic-scripts").keys() == {"_id", "_rev", "build_info", "version", "deploy_info"}
    assert [one["name"] for one in api.doc("migration-log")["migrations"]] == ["remove-enabled-from-translation-docs"]
