"""Upgrades: who may, which states in which order, both documents, and what may go wrong."""

from __future__ import annotations

import pytest

from mocksrv.vendors.cht.described import server_schemas

BUILD = {"namespace": "medic", "application": "medic", "version": "4.16.0"}
BODY = {"build": BUILD}
STAGING = ["initiated", "staged", "indexing", "indexed"]
COMPLETING = ["completing", "complete", "finalizing", "finalized"]
HORTI = "/medic/horti-upgrade"
POSTS = [f"/api/{version}/upgrade{action}" for version in ("v1", "v2") for action in ("", "/stage", "/complete")]
pytestmark = pytest.mark.mock_only


@pytest.fixture
def strictly(frozen, mocksrv):
    mocksrv.set(cht_conformance="server", cht_builds="4.15.1, 4.16.0")
    return frozen


def progress(api):
    answer = api.ok("GET", "/api/v2/upgrade")
    assert server_schemas.UpgradeProgress().validate(answer) == {}
    return answer


def latest(api):
    found = api.ok("GET", "/medic-logs/_all_docs?startkey=%22upgrade_log:9%22&endkey=%22upgrade_log:0%22"
                   "&descending=true&limit=1&include_docs=true")
    return found["rows"][0]["doc"]


def states(log):
    return [one["state"] for one in log["state_history"]]


def test_a_fresh_installation_says_how_it_was_installed(api):
    log = latest(api)
    assert (log["action"], log["state"], log["to"]["version"]) == ("install", "finalized", "4.15.0")
    assert "upgradeDoc" not in progress(api)


@pytest.mark.release(until="5.0")
def test_stage_then_complete(frozen, mocksrv):
    assert frozen.ok("POST", "/api/v1/upgrade/stage", BODY) == {"ok": True}
    for number, state in enumerate(STAGING, 1):
        answer = progress(frozen)
        log = answer["upgradeDoc"]
        assert (log["state"], states(log)) == (state, STAGING[:number])
        assert bool(answer["indexers"]) == (state == "indexing")
        mocksrv.clock.advance(1)
    assert log["_id"] == f"upgrade_log:{log['start_date']}:4.16.0"
    assert (log["action"], log["user"], log["to"], log["from"]["version"]) == ("stage", "", BUILD, "4.15.0")
    assert [one["date"] - log["start_date"] for one in log["state_history"]] == [0, 1000, 2000, 3000]
    assert frozen.ok("GET", "/api/deploy-info")["version"] == "4.15.0"
    assert frozen.ok("POST", "/api/v1/upgrade/complete", BODY) == {"ok": True}
    assert states(latest(frozen)) == STAGING + COMPLETING
    assert "upgradeDoc" not in progress(frozen)
    info = frozen.ok("GET", "/api/deploy-info")
    assert (info["version"], info["user"], info["timestamp"]) == ("4.16.0", "", 1795300004000)


def test_the_document_of_the_page(frozen, mocksrv):
    mocksrv.set(cht_conformance="page")
    frozen.post("/api/v2/upgrade/stage", BODY)
    doc = frozen.ok("GET", HORTI)
    assert doc["action"] == "stage"
    assert (doc["user"], doc["build_info"], doc["created"], doc["schema_version"]) == ("admin", BUILD, 1795300000000, 1)
    assert "staging_complete" not in doc
    mocksrv.clock.advance(60)
    doc = frozen.ok("GET", HORTI)
    assert doc["staging_complete"] is True
    assert [one["key"] for one in doc["log"]] == [f"horti.stage.{key}" for key in (
        "init", "preCleanup", "download", "extractingDdocs", "warmingViews", "readyToDeploy")]
    assert all(set(one) == {"type", "datetime", "key", "message"} and one["message"]["key"] == one["key"]
               for one in doc["log"])
    frozen.ok("POST", "/api/v2/upgrade/complete", BODY)
    assert frozen.get(HORTI).status_code == 404


def test_a_full_upgrade(frozen, mocksrv):
    frozen.ok("POST", "/api/v2/upgrade", BODY)
    assert frozen.get(HORTI).status_code == 404, "only the page has it"
    mocksrv.clock.advance(7)
    assert states(latest(frozen)) == STAGING + COMPLETING
    assert frozen.ok("GET", "/api/deploy-info")["version"] == "4.16.0"


def test_by_number_of_polls(frozen, mocksrv):
    mocksrv.set(cht_upgrade_polls=2)
    frozen.ok("POST", "/api/v2/upgrade/stage", BODY)
    mocksrv.clock.advance(3600)
    seen = [progress(frozen)["upgradeDoc"]["state"] for _ in range(8)]
    assert seen == [state for state in STAGING for _ in range(2)]


def test_at_once(frozen, mocksrv):
    mocksrv.set(cht_upgrade_seconds=0)
    frozen.ok("POST", "/api/v2/upgrade", BODY)
    assert frozen.ok("GET", "/api/deploy-info")["version"] == "4.16.0"


def test_design_documents_are_staged_and_put_in_place(frozen, mocksrv):
    def staged():
        rows = frozen.ok("GET", "/medic/_all_docs?startkey=%22_design/%22&endkey=%22_design/z%22")["rows"]
        return [row["id"] for row in rows if ":staged:" in row["id"]]

    frozen.ok("POST", "/api/v2/upgrade/stage", BODY)
    assert staged() == []
    mocksrv.clock.advance(3)
    assert len(staged()) == 6
    frozen.ok("POST", "/api/v2/upgrade/complete", BODY)
    assert staged() == []


@pytest.mark.release(until="5.0")
def test_aborted(frozen, mocksrv):
    assert frozen.ok("DELETE", "/api/v2/upgrade") == {"ok": True}, "with nothing under way"
    frozen.ok("POST", "/api/v2/upgrade", BODY)
    mocksrv.clock.advance(1)
    assert frozen.ok("DELETE", "/api/v2/upgrade") == {"ok": True}
    mocksrv.clock.advance(60)
    assert states(latest(frozen)) == ["initiated", "staged", "aborting", "aborted"]
    assert frozen.get(HORTI).status_code == 404
    assert frozen.ok("GET", "/api/deploy-info")["version"] == "4.15.0"


def test_a_new_upgrade_aborts_the_one_before(frozen, mocksrv):
    frozen.ok("POST", "/api/v2/upgrade", BODY)
    first = latest(frozen)["_id"]
    mocksrv.clock.advance(1)
    frozen.ok("POST", "/api/v2/upgrade", {"build": BUILD | {"version": "4.17.0"}})
    assert frozen.doc(first, "medic-logs")["state"] == "aborted"
    assert latest(frozen)["to"]["version"] == "4.17.0"


@pytest.mark.parametrize(("body", "status", "text"), [
    ({}, 400, "You must provide a build info body"),
    ({"build": None}, 400, "You must provide a build info body"),
    ({"build": "x"}, 500, "Server error"),
    ({"build": {}}, 500, "Server error"),
    ({"build": BUILD | {"version": 5}}, 500, "Server error"),
    ({"build": {"namespace": "medic", "application": "medic"}}, 500, "Server error"),
])
def test_what_is_no_build(strictly, body, status, text):
    for path in POSTS:
        wanted = (500, "Server error") if path.endswith("complete") else (status, text)
        answer = strictly.post(path, body)
        assert (answer.status_code, answer.json()["error"]) == wanted


def test_complete_with_nothing_staged(frozen, mocksrv):
    """As on the page."""
    mocksrv.set(cht_conformance="page")
    answer = frozen.post("/api/v1/upgrade/complete")
    assert (answer.status_code, answer.json()["error"]) == (404, "missing")
    frozen.ok("POST", "/api/v1/upgrade/stage", BODY)
    answer = frozen.post("/api/v1/upgrade/complete", BODY)
    assert (answer.status_code, answer.json()["error"]) == (
        404, "Cannot find a staged upgrade that is ready for completion")
    mocksrv.clock.advance(3)
    assert frozen.post("/api/v1/upgrade/complete", {"build": BUILD | {"version": "5.0.0"}}).status_code == 404
    assert frozen.post("/api/v1/upgrade/complete", BODY).status_code == 200


def test_complete_as_the_server_does(strictly, mocksrv):
    assert strictly.post("/api/v1/upgrade/complete", {"build": BUILD | {"version": "9.9.9"}}).json() == {
        "code": 404, "error": "missing"}
    strictly.ok("POST", "/api/v1/upgrade/stage", BODY)
    mocksrv.clock.advance(3)
    assert strictly.post("/api/v1/upgrade/complete").status_code == 500
    assert states(latest(strictly)) == [*STAGING, "completing", "errored"]
    assert strictly.ok("POST", "/api/v1/upgrade/complete", BODY) == {"ok": True}
    assert strictly.ok("GET", "/api/deploy-info")["version"] == "4.16.0"
    assert strictly.get(HORTI).status_code == 404


def test_a_builds_server_without_the_build(strictly, mocksrv):
    for builds, version in (("4.16.0", "9.9.9"), ("none", "4.16.0"), ("auto", "4.16.0")):
        mocksrv.set(cht_builds=builds)
        mocksrv.clock.advance(1)
        assert strictly.ok("POST", "/api/v1/upgrade/stage", {"build": BUILD | {"version": version}}) == {"ok": True}
        assert states(latest(strictly)) == ["initiated", "errored"]
        assert "upgradeDoc" not in progress(strictly)
    assert strictly.post("/api/v1/upgrade/complete", BODY).status_code == 500


def test_who_may(frozen, mocksrv):
    frozen.ok("POST", "/medic", {"_id": "unused"})
    calls = [("POST", path) for path in POSTS] + [("GET", "/api/v2/upgrade"), ("DELETE", "/api/v2/upgrade"),
                                                 ("POST", "/api/v2/upgrade/service-worker")]
    for method, path in calls:
        assert frozen.anonymous().request(method, path, BODY).status_code == 401
        for name in ("configurer", "chw1"):
            answer = frozen.as_user(name, "Secret_123").request(method, path, BODY)
            assert (answer.status_code, answer.json()["error"]) == (403, "Insufficient privileges")
    assert frozen.as_user("officer", "Secret_123").get("/api/v2/upgrade").status_code == 200
    mocksrv.set(cht_conformance="page")
    answer = frozen.as_user("configurer", "Secret_123").get("/api/v2/upgrade")
    assert answer.json()["buildsUrl"] == "https://staging.dev.medicmobile.org/builds"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_service_worker(api, method):
    assert api.ok(method, "/api/v2/upgrade/service-worker") == {"ok": True}


def test_paths_that_the_first_version_does_not_have(api):
    for method in ("GET", "DELETE"):
        answer = api.request(method, "/api/v1/upgrade")
        assert answer.json() == {"error": "not_found", "reason": "Database does not exist."}
