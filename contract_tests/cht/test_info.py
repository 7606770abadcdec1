"""What the server tells everybody of itself, and what only to those who sign in."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

import pytest

UNAVAILABLE = "Setup services are not currently available"


@pytest.mark.parametrize(
    ("path", "version"), [("/api/info", "0.1.0"), ("/setup/poll", "0.1.0")])
def test_the_version_of_the_package(api, path, version):
    assert api.anonymous().get(path).json()["version"] == version


def test_setup_poll(api):
    assert api.anonymous().get("/setup/poll").text == (
        '{"ready":true,"handler":"medic-api","version":"0.1.0",'
        '"detail":"All required services are running normally"}')


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(("path", "status"), [("/setup", 503), ("/setup/password", 503), ("/setup/finish", 200)])
@pytest.mark.writes
def test_setup_is_gone(api, method, path, status):
    answer = api.anonymous().request(method, path)
    assert (answer.status_code, answer.text) == (status, UNAVAILABLE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "Indexing data"), ({"Accept-Language": "es"}, "Indexación de datos"),
        ({"Accept-Language": "xx"}, "Indexing data"), ({"Cookie": "locale=es"}, "Indexación de datos"),
    ],
)
def test_startup_progress(api, headers, text):
    found = api.anonymous().get("/api/v1/startup-progress", headers=headers).json()
    assert found["completed"] is True
    assert list(found["actions"]) == ["checks", "install", "index", "config", "migrate", "forms"]
    assert found["actions"]["index"] == {
        "translation": "api.startup.index", "display": True, "started": True, "completed": True, "text": text}


@pytest.mark.release(until="5.0")
def test_deploy_info(api):
    found = api.ok("GET", "/api/deploy-info")
    assert list(found) == ["application", "author", "base_version", "build", "namespace", "schema_version", "time",
                           "version", "user", "upgrade_log_id", "timestamp"]
    assert found["version"] == "4.15.0"
    assert api.anonymous().get("/api/deploy-info").json() == {"code": 401, "error": "unauthorized"}


@pytest.mark.writes
def test_what_couchdb_compresses_is_for_admins(api, unique):
    assert api.ok("GET", "/api/couch-config-attachments") == {
        "compressible_types": "text/*, application/javascript, application/json, application/xml",
        "compression_level": "8"}
    officer = {"username": unique, "password": "Kisumu_2024", "roles": ["program_officer"]}
    assert api.post("/api/v1/users", officer).status_code == 200
    assert api.as_user(unique).get("/api/couch-config-attachments").json() == {"code": 401, "error": "unauthorized"}


@pytest.mark.writes
def test_assetlinks(api):
    answer = api.anonymous().get("/.well-known/assetlinks.json")
    assert answer.json() == {"code": 404, "error": "No assetlinks.json configured"}
    links = [{"relation": ["delegate_permission/common.handle_all_urls"]}]
    api.put("/api/v1/settings", {"assetlinks": links})
    assert api.anonymous().get("/.well-known/assetlinks.json").json() == links


def file(text, kind="text/html"):
    return {"content_type": kind, "data": base64.b64encode(text.encode()).decode()}


@pytest.mark.mock_only  # a project may have one
def test_the_privacy_policy(api):
    answer = api.anonymous().get("/medic/privacy-policy")
    assert (answer.status_code, answer.text) == (404, '{"code":404,"error":"missing"}')
    api.ok("PUT", "/medic/privacy-policies", {
        "_id": "privacy-policies", "privacy_policies": {"en": "en.html", "sw": "sw.html"},
        "_attachments": {"en.html": file("<p>Kept safe</p>"), "sw.html": file("<p>Salama</p>")}})
    assert "<p>Kept safe</p>" in api.anonymous().get("/medic/privacy-policy").text
    swahili = api.anonymous().get("/medic/privacy-policy", headers={"Cookie": "locale=sw"})
    assert "<p>Salama</p>" in swahili.text
    assert swahili.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.release(until="5.2")
@pytest.mark.mock_only  # a project may have some
def test_extension_libs(api):
    guest = api.anonymous()
    assert guest.get("/extension-libs").text == "[]"
    assert guest.get("/extension-libs/a.js").json() == {"code": 404, "error": "Not found"}
    api.ok("PUT", "/medic/extension-libs", {
        "_id": "extension-libs", "_attachments": {"a.js": file("module.exports = 1;", "application/javascript")}})
    assert guest.get("/extension-libs").json() == ["a.js"]
    found = guest.get("/extension-libs/a.js")
    assert (found.text, found.headers["Content-Type"]) == ("module.exports = 1;", "application/javascript")


# --- in the place of the web application -----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/admin", "/login"])
def test_a_folder_leads_to_what_is_in_it(api, path):
    answer = api.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{urlsplit(api.url).path}{path}/")
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert f"Redirecting to {path}/" in answer.text


@pytest.mark.parametrize("path", ["/admin/", "/medic/_design/medic-admin/_rewrite/"])
def test_the_page_where_administrators_are_sent_after_the_login(api, path):
    assert api.get(path).headers["Content-Type"].startswith("text/html")
    assert api.anonymous().get(path).status_code == 401


def test_files_are_known_by_a_tag(api):
    for path in ("/service-worker.js", "/robots.txt", "/manifest.json", "/login/script.js"):
        answer = api.anonymous().get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=0")
        again = api.anonymous().get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_the_old_address_leads_to_the_new_one(api):
    assert '<meta http-equiv="refresh"' in api.anonymous().get("/medic/_design/medic/_rewrite/").text


def test_what_couchdb_has_of_its_own_minds_no_slash_at_the_end(api):
    assert api.ok("GET", "/_session/")["userCtx"] == api.ok("GET", "/_session")["userCtx"]
    assert api.ok("GET", "/_all_dbs/") == api.ok("GET", "/_all_dbs")
