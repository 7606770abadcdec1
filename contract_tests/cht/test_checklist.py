"""What the tests of CHT 4.15 itself (cht-core, tests/integration/api) look at, where no other file here does."""

from __future__ import annotations

import pytest

VERBS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
REPORT = {"type": "data_record", "form": "weird"}


@pytest.fixture
def worker(api, places, unique):
    """A user of the restricted role, for whom a firewall stands before the database."""
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "roles": ["chw"],
                                     "place": places.area, "contact": places.person})
    return api.as_user(unique)


# --- who is let in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_login_must_be_json(api, kind):
    headers = {"Content-Type": kind} if kind else {}
    answer = api.anonymous().taking("*/*").post("/medic/login", data=b"user=a&password=b", headers=headers)
    assert (answer.status_code, answer.text) == (400, "Content-Type must be application/json")


@pytest.mark.parametrize("path", ["/medic/_all_docs", "/medic/some-doc", "/medic/_design/medic/_view/x", "/medic/",
                                  "/some-new-db", "/api/deploy-info", "/api/v1/forms", "/purging", "/purging/changes"])
@pytest.mark.parametrize("method", VERBS)
def test_strangers_are_told_to_sign_in(api, method, path):
    answer = api.anonymous().request(method, path)
    assert answer.status_code == 401
    assert answer.headers["logout-authorization"] == "CHT-Core API"
    assert method == "HEAD" or answer.json() == {"code": 401, "error": "unauthorized"}


@pytest.mark.parametrize(("path", "version"), [("/medic/login", None), ("/login/style.css", None),
                                               ("/setup/poll", "0.1.0"), ("/api/info", "0.1.0")])
def test_these_need_no_login(api, path, version):
    answer = api.anonymous().get(path)
    assert answer.status_code == 200
    assert "logout-authorization" not in answer.headers
    assert version is None or answer.json()["version"] == version


@pytest.mark.release(until="4.22")
@pytest.mark.parametrize(("name", "kind"), [("style.css", "text/css; charset=UTF-8"),
                                            ("script.js", "application/javascript; charset=UTF-8"),
                                            ("lib-bowser.js", "application/javascript; charset=UTF-8")])
def test_what_the_login_page_asks_for(api, name, kind):
    page = api.anonymous().get("/medic/login")
    assert f"</login/{name}>; rel=preload; as={'style' if name.endswith('css') else 'script'}" in page.headers["Link"]
    file = api.anonymous().get(f"/login/{name}")
    assert (file.status_code, file.headers["Content-Type"]) == (200, kind)
    assert file.text


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/medic/_design/medic-client/_view/contacts_by_type"), ("POST", "/medic/_design/medic/_view/x"),
    ("GET", "/medic/_design/medic/_list/a/b"), ("GET", "/medic/_design/medic/_show/a"), ("POST", "/medic/_find"),
    ("GET", "/medic/_design/medic"), ("POST", "/medic/_explain"), ("GET", "/medic/_index"),
    ("POST", "/medic/_index"), ("POST", "/medic/_ensure_full_commit"), ("GET", "/medic/_security"),
    ("PUT", "/medic/_security"), ("POST", "/medic/_purge"), ("GET", "/admin"), ("GET", "/_utils"),
    ("PUT", "/medic-user-somebody-meta"), ("GET", "/medic-no-such-db/"), ("GET", "/medic-logs/_all_docs"),
    ("GET", "/medic-sentinel/x"), ("GET", "/some-new-db"),
])
def test_the_firewall_before_offline_users(worker, method, path):
    answer = worker.request(method, path, {} if method in ("POST", "PUT") else None)
    assert answer.status_code == 403
    assert answer.json()["error"] == "forbidden"


def test_the_databases_of_other_users_are_couchdbs_to_refuse(api, worker, unique):
    path = f"/medic-user-{unique}x-meta"
    assert worker.get(f"{path}/").json() == {"error": "not_found", "reason": "Database does not exist."}
    assert api.put(path).status_code == 201
    for below in ("/", "/_all_docs", "/some-doc"):
        answer = worker.get(path + below)
        assert (answer.status_code, answer.json()) == (
            403, {"error": "forbidden", "reason": "You are not allowed to access this db."})


def test_what_replication_needs_passes_the_firewall(worker, unique):
    for path, key in (("_revs_diff", "missing"), ("_missing_revs", None)):
        found = worker.ok("POST", f"/medic/{path}", {unique: ["1-abc"]})
        assert found == ({unique: {key: ["1-abc"]}} if key else {"missing_revs": {unique: ["1-abc"]}})
    local = f"/medic/_local/{unique}"
    assert worker.ok("PUT", local, {"seq": 1})["ok"] is True
    assert worker.ok("GET", local)["seq"] == 1
    assert worker.ok("GET", "/medic/_design/medic-client")["_id"] == "_design/medic-client"
    assert worker.get("/api/v1/settings").status_code == worker.get("/medic/_design/medic/_rewrite/app_settings/medic"
                                                                   ).status_code == 200
    refused = worker.put("/medic/_design/medic/_rewrite/update_settings/medic", {"x": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, 403)


# --- records ---------------------------------------------------------------------------------------------------


@pytest.mark.writes
@pytest.mark.parametrize(("fields", "stored", "errors"), [
    ({"some_data": "hello", "a_bool": 1, "a_date": "2014-10-05"},
     {"some_data": "hello", "a_bool": True, "a_date": 1412467200000}, []),
    ({"some_data": "hello", "a_bool": 0}, {"some_data": "hello", "a_bool": False}, []),
    ({"some_data": "hello"}, {"some_data": "hello"}, []),
    ({"a_bool": 1}, {"a_bool": True}, [{"code": "sys.missing_fields",
                                        "message": "Missing or invalid fields: some_data."}]),
])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_fields_of_a_record(strict, version, fields, stored, errors):
    kinds = {"some_data": "string", "a_bool": "boolean", "a_date": "date"}
    form = {"meta": {"code": "TEST"}, "public_form": True, "fields": {
        name: {"type": kind, "required": name == "some_data", "labels": {"tiny": name, "short": name}}
        for name, kind in kinds.items()}}
    strict.put("/api/v1/settings", {"forms": {"TEST": form}, "transitions": {}})
    made = strict.ok("POST", f"/api/{version}/records", fields | {"_meta": {"form": "TEST", "locale": "en"}})
    doc = strict.doc(made["id"])
    assert doc["fields"] == stored
    assert doc["errors"] == errors


# --- exports and monitoring on an empty installation -------------------------------------------------------------


@pytest.fixture
def empty(mocksrv, api):
    mocksrv.plant(size=0)
    return api


@pytest.mark.mock_only
def test_weird_values_in_a_report(empty):
    empty.ok("PUT", "/medic/first", REPORT | {"reported_date": 5, "fields": {
        "array": [0, 1, 2], "blank": "", "no": False, "nothing": None, "quoted": 'a "b", c', "zero": 0}})
    empty.ok("PUT", "/medic/undated", REPORT | {"fields": {"array": []}})
    header, *lines = empty.get("/api/v2/export/reports").text.splitlines()
    assert header.endswith(".name,array,blank,no,nothing,quoted,zero")
    assert sorted(lines) == [
        '"first","weird",,5,,,,,,"[0,1,2]","",false,,"a \\"b\\", c",0',
        '"undated","weird",,"",,,,,,"[]",,,,,']


@pytest.mark.mock_only
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_monitoring_of_an_empty_installation(empty, version):
    empty.ok("POST", "/_session", {"name": empty.auth[0], "password": empty.auth[1]})
    found = empty.anonymous().ok("GET", f"/api/{version}/monitoring")
    assert set(found["version"]) == {"app", "node", "couchdb"}
    assert {name: one["name"] for name, one in found["couchdb"].items()} == {
        "medic": "medic", "sentinel": "medic-sentinel", "usersmeta": "medic-users-meta", "users": "_users"}
    assert all(set(one) == {"name", "update_sequence", "doc_count", "doc_del_count", "fragmentation", "sizes",
                            "view_indexes"} for one in found["couchdb"].values())
    groups = dict.fromkeys(("due", "scheduled", "muted", "failed", "delivered"), 0)
    last = {"pending": ("pending", "forwarded-to-gateway", "received-by-gateway", "forwarded-by-gateway"),
            "final": ("sent", "delivered", "failed"), "muted": ("denied", "cleared", "muted", "duplicate")}
    outgoing = {"v1": {"state": groups}, "v2": {"total": groups, "seven_days": groups, "last_hundred": {
        group: dict.fromkeys(states, 0) for group, states in last.items()}}}[version]
    nothing = {"sentinel": {"backlog": 0}, "messaging": {"outgoing": outgoing}, "outbound_push": {"backlog": 0},
               "feedback": {"count": 0}, "conflict": {"count": 0}, "replication_limit": {"count": 0},
               "connected_users": {"count": 1}}
    assert {name: found[name] for name in nothing} == nothing
    assert set(found) == {"version", "couchdb", "date", *nothing}
    assert set(found["date"]) == {"current", "uptime"}
