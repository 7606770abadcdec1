"""An integration's way across the upgrade from 4.15 to 5.2: what it did before, and what it meets after."""

from __future__ import annotations

import base64
import json

import pytest

from contract_tests.cht.conftest import PASSWORD

pytestmark = [pytest.mark.mock_only, pytest.mark.release(until="5.0")]  # it begins there
BUILD = {"build": {"namespace": "medic", "application": "medic", "version": "5.2.0"}}
NEW_PASSWORD = "Mombasa_2025"
NO_DATABASE = {"error": "not_found", "reason": "Database does not exist."}


def account(api, name, **more):
    api.ok("POST", "/api/v1/users", {"username": name, "roles": ["program_officer"]} | more)


def login(api, name, password=PASSWORD):
    return api.anonymous().post("/medic/login", {"user": name, "password": password})


def cookie(answer):
    return {"Cookie": f"AuthSession={answer.cookies['AuthSession']}"}


def upgrade(api, mocksrv):
    """Have 5.2.0 installed, as an administrator does, and wait for it."""
    api.ok("POST", "/api/v1/upgrade", BUILD)
    for _ in range(60):
        progress = api.ok("GET", "/api/v2/upgrade")
        if not progress.get("upgradeDoc"):
            return
        mocksrv.clock.advance(seconds=1)
    raise AssertionError(progress)


def test_a_journey_across_the_upgrade(strict, mocksrv, places, unique):
    api = strict
    mocksrv.set(cht_builds="5.2.0")

    # In 4.15: an account and a report; nothing of what comes later
    account(api, f"{unique}-old", password=PASSWORD)
    account_before = api.doc(f"org.couchdb.user:{unique}-old", "_users")
    session = cookie(login(api, f"{unique}-old"))
    sent = api.ok("POST", "/api/v2/records", {"_meta": {"form": "YYYZ", "from": "+254712345678"}, "NURSE": "Sam",
                                              "WEEK": 5, "VISITS": 2})
    settings, application = api.doc("settings")["settings"], api.doc("service-worker-meta")
    report = {"form": "assessment", "contact": places.person, "fields": {"note": f"Zebrafish {unique}"}}
    assert "password_change_required" not in account_before
    assert api.doc("messages-en")["enabled"] is True
    for answer in (api.post("/api/v1/report", report), api.get("/api/v1/report/uuid", params={"freetext": "zebra"})):
        assert (answer.status_code, answer.json()) == (404, NO_DATABASE)
    assert api.get("/medic/password-reset").status_code == 404

    upgrade(api, mocksrv)
    assert api.ok("GET", "/api/deploy-info")["version"] == "5.2.0"
    assert api.ok("GET", "/api/v2/monitoring")["version"]["app"] == "5.2.0"

    # What was there is as it was, but for what the release brings
    assert api.doc(f"org.couchdb.user:{unique}-old", "_users") == account_before
    assert api.anonymous().ok("GET", "/_session", headers=session)["userCtx"]["name"] == f"{unique}-old"
    answer = login(api, f"{unique}-old")
    assert (answer.status_code, answer.text, "AuthSession" in answer.cookies) == (302, "/admin/", True)
    assert api.ok("GET", f"/api/v1/report/{sent['id']}") == api.doc(sent["id"])
    now = api.doc("settings")["settings"]
    assert now == settings | {"permissions": now["permissions"]}
    assert now["permissions"] == settings["permissions"] | {
        "can_skip_password_change": [], "can_get_task_notifications": ["chw", "chw_supervisor"],
        "can_track_task_interactions": []}
    assert "enabled" not in api.doc("messages-en")
    renewed = api.doc("service-worker-meta")
    assert list(renewed) == list(application)
    assert renewed["generated_at"] > application["generated_at"]
    assert renewed["hash"] != application["hash"]

    # A password from somebody else must be changed first
    account(api, f"{unique}-new", password=PASSWORD)
    answer = login(api, f"{unique}-new")
    assert (answer.status_code, answer.text, "AuthSession" in answer.cookies) == (302, "/medic/password-reset", False)
    answer = api.anonymous().post("/medic/password-reset", {
        "username": f"{unique}-new", "currentPassword": PASSWORD, "password": NEW_PASSWORD})
    assert (answer.status_code, answer.text, "AuthSession" in answer.cookies) == (302, "/admin/", True)
    assert login(api, f"{unique}-new", NEW_PASSWORD).text == "/admin/"

    # Somebody signs in at a provider, and has no password here
    api.configure(oidc_provider={"discovery_url": "http://provider.example", "client_id": "cht"},
                  app_url="https://cht.example/")
    assert api.put("/api/v1/credentials/oidc:client-secret", data="secret",
                   headers={"Content-Type": "text/plain"}).status_code == 200
    account(api, f"{unique}-sso", oidc_username=f"{unique}@x.example")
    assert login(api, f"{unique}-sso").status_code == 401
    code = base64.urlsafe_b64encode(json.dumps({"email": f"{unique}@x.example"}).encode()).decode().rstrip("=")
    answer = api.anonymous().get("/medic/login/oidc", params={"code": code})
    assert (answer.status_code, answer.headers["Location"].endswith("/admin/")) == (302, True)
    officer, signed_in = api.anonymous(), cookie(answer)

    # With that session a report is written, and found by its words
    made = officer.ok("POST", "/api/v1/report", report, headers=signed_in)
    assert list(made) == ["form", "contact", "fields", "reported_date", "type", "_id", "_rev"]
    assert (made["type"], made["contact"]) == ("data_record", {
        "_id": places.person, "parent": {"_id": places.area, "parent": {"_id": places.district}}})
    for words in ("zebraf", f"note:zebrafish {unique}"):
        found = officer.ok("GET", "/api/v1/report/uuid", params={"freetext": words}, headers=signed_in)
        assert found == {"data": [made["_id"]], "cursor": None}
    assert officer.ok("GET", f"/api/v1/report/{made['_id']}", headers=signed_in) == api.doc(made["_id"])
    (written,) = api.doc(made["_id"], "medic-audit")["history"]
    assert (written["rev"], written["user"]) == (made["_rev"], f"{unique}-sso")
