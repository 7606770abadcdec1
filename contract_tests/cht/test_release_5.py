"""What CHT 5.2 does otherwise than 4.15: accounts, logins, writes, paths, and the way from one to the other."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from contract_tests.cht.conftest import PASSWORD

NEW_PASSWORD = "Mombasa_2025"


def officer(api, name, **more):
    """A new online account."""
    body = {"username": name, "password": PASSWORD, "roles": ["program_officer"]} | more
    return api.ok("POST", "/api/v1/users", {key: value for key, value in body.items() if value is not None})


def login(api, name, password=PASSWORD, **more):
    return api.anonymous().post("/medic/login", {"user": name, "password": password} | more)


def user_document(api, name):
    return api.doc(f"org.couchdb.user:{name}", "_users")


# --- passwords -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "required"), [({}, True), ({"password_change_required": False}, False),
                                                ({"password_change_required": None}, True)])
def test_a_password_from_somebody_else_must_be_changed(newer, unique, given, required):
    officer(newer, unique)
    newer.ok("POST", f"/api/v1/users/{unique}", {"password": NEW_PASSWORD} | given)
    assert user_document(newer, unique)["password_change_required"] is required
    answer = login(newer, unique, NEW_PASSWORD)
    assert (answer.status_code, answer.text) == (302, "/medic/password-reset" if required else "/admin/")
    assert ("AuthSession" in answer.cookies) is not required


def test_the_password_is_changed_by_who_knows_it(newer, unique):
    officer(newer, unique)
    reset = newer.anonymous()

    def error(**body):
        answer = reset.post("/medic/password-reset", {"username": unique, "currentPassword": PASSWORD} | body)
        assert answer.status_code == 400
        return answer.json()

    assert error(password="short") == {"error": "password-short", "params": {"minimum": 8}}
    assert error(password="password") == {"error": "password-weak"}
    assert error(password=PASSWORD) == {"error": "password-same"}
    assert error(password=NEW_PASSWORD, currentPassword="other") == {"error": "current-password-incorrect"}
    done = reset.post("/medic/password-reset", {"username": unique, "currentPassword": PASSWORD,
                                                "password": NEW_PASSWORD})
    assert (done.status_code, done.text) == (302, "/admin/")
    assert "AuthSession" in done.cookies
    assert login(newer, unique, NEW_PASSWORD).text == "/admin/"
    assert login(newer, unique).status_code == 401


@pytest.mark.release(until="4.17")
def test_the_older_release_asks_nobody_to_change_it(strict, unique):
    officer(strict, unique)
    assert "password_change_required" not in user_document(strict, unique)
    assert "AuthSession" in login(strict, unique).cookies


# --- single sign-on ------------------------------------------------------------------------------------------


@pytest.fixture
def sso(newer, unique):
    """The API with a provider, and an account that signs in there."""
    newer.configure(oidc_provider={"discovery_url": "http://provider.example", "client_id": "cht"},
                    app_url="https://cht.example/")
    newer.put("/api/v1/credentials/oidc:client-secret", data="s3cret", headers={"Content-Type": "text/plain"})
    officer(newer, unique, password=None, oidc_username=f"{unique}@x.example")
    yield newer
    newer.configure(oidc_provider=None, app_url="")


def code(**claims):
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


@pytest.mark.mock_only
def test_signing_in_at_a_provider(sso, unique):
    browser = sso.anonymous()
    begun = browser.get("/medic/login/oidc/authorize")
    address = urlsplit(begun.text)
    assert (begun.status_code, address.netloc, address.path) == (302, "provider.example", "/authorize")
    assert dict(parse_qsl(address.query)) == {"redirect_uri": "https://cht.example/medic/login/oidc",
                                              "scope": "openid email", "client_id": "cht", "response_type": "code"}
    done = browser.get("/medic/login/oidc", params={"code": code(email=f"{unique}@x.example")})
    assert (done.status_code, urlsplit(done.headers["Location"]).path.rpartition("/admin/")[1]) == (302, "/admin/")
    session = {"Cookie": f"AuthSession={done.cookies['AuthSession']}"}
    assert browser.ok("GET", "/_session", headers=session)["userCtx"]["name"] == unique


@pytest.mark.mock_only
@pytest.mark.parametrize(("given", "word"), [
    ({"email": "nobody@x.example"}, "ssouserinvalid"), ({"email": ""}, "loginerror"), ({}, "loginerror"),
    ({"email": "a@x.example", "aud": "other"}, "loginerror"), ({"email": "a@x.example", "exp": 1}, "loginerror")])
def test_who_is_not_signed_in(sso, given, word):
    answer = sso.anonymous().get("/medic/login/oidc", params={"code": code(**given)})
    assert answer.headers["Location"].endswith(f"/medic/login?sso_error={word}")


@pytest.mark.mock_only
def test_the_provider_in_the_world_leads_back(sso, unique):
    page = sso.anonymous().get("/realms/x/protocol/openid-connect/auth", params={"redirect_uri": "http://back.example/"})
    assert f"{unique}@x.example" in page.text
    answer = sso.anonymous().get("/realms/x/protocol/openid-connect/auth", params={
        "redirect_uri": "http://back.example/", "login_hint": "a@x.example"})
    back, _, given = answer.headers["Location"].partition("?code=")
    claims = json.loads(base64.urlsafe_b64decode(f"{given}=="))
    assert (back, claims) == ("http://back.example/", {"email": "a@x.example"})
    known = sso.ok("GET", "/realms/x/.well-known/openid-configuration")
    assert known["authorization_endpoint"].endswith("/realms/x/protocol/openid-connect/auth")


def test_an_account_of_the_provider_has_no_other_way_in(sso, unique):
    assert user_document(sso, unique)["oidc_username"] == f"{unique}@x.example"
    assert sso.doc(f"org.couchdb.user:{unique}")["oidc_login"] is True
    link = {"token_login": True, "phone": "+254712345678"}
    for body, words in (({"password": PASSWORD}, "Cannot set password or token_login with oidc_username."),
                        (link, "Cannot set token_login with oidc_username.")):
        answer = sso.post(f"/api/v1/users/{unique}", body)
        assert (answer.status_code, answer.json()["error"]) == (400, words)
    again = sso.post("/api/v1/users", {"username": f"{unique}2", "roles": ["program_officer"],
                                       "oidc_username": f"{unique}@x.example"})
    assert again.json()["error"]["translationKey"] == "user.sso.username.duplicate"
    assert [user["oidc_username"] for user in sso.ok("GET", "/api/v2/users") if user["username"] == unique] == [
        f"{unique}@x.example"]


def test_links_are_not_for_accounts_of_the_provider(sso, unique):
    name = f"{unique}-sms"
    sso.configure(token_login={"enabled": True, "message": "Welcome"})
    officer(sso, name, password=None, token_login=True, phone="+254712345678")
    account = user_document(sso, name)
    sso.ok("PUT", f"/_users/{account['_id']}", account | {"oidc_username": f"{name}@x.example"})
    answer = sso.anonymous().post(f"/medic/login/token/{account['token_login']['token']}", {})
    assert (answer.status_code, answer.json()) == (401, {"error": "Token login not allowed for SSO users"})
    assert not answer.cookies
    assert user_document(sso, name)["token_login"] == account["token_login"]
    sso.configure(oidc_provider=None)
    assert sso.anonymous().post(f"/medic/login/token/{account['token_login']['token']}", {}).status_code == 302


@pytest.mark.mock_only  # the provider is the mock's own
@pytest.mark.parametrize(("issuer", "page"), [
    ("https://id.example", "/authorize"), ("https://id.example/realms/a", "/realms/a/protocol/openid-connect/auth")])
def test_the_address_of_the_discovery_document_is_taken_too(sso, issuer, page):
    for url in (issuer, f"{issuer}/", f"{issuer}/.well-known/openid-configuration"):
        sso.configure(oidc_provider={"discovery_url": url, "client_id": "cht"})
        begun = urlsplit(sso.anonymous().get("/medic/login/oidc/authorize").text)
        assert (begun.netloc, begun.path) == ("id.example", page)


def test_from_login_by_sms_to_the_provider(sso, unique):
    name, path = f"{unique}-sms", f"/api/v1/users/{unique}-sms"
    sso.configure(token_login={"enabled": True, "message": "Welcome"})
    officer(sso, name, password=None, token_login=True, phone="+254712345678")
    wanted = {"oidc_username": f"{name}@x.example"}
    answer = sso.post(path, wanted)
    assert (answer.status_code, answer.json()["error"]) == (400, "Cannot set token_login with oidc_username.")
    sso.ok("POST", path, wanted | {"token_login": False})
    found, settings = user_document(sso, name), sso.doc(f"org.couchdb.user:{name}")
    assert (found["oidc_username"], found["password_change_required"]) == (wanted["oidc_username"], False)
    assert settings["oidc_login"] is True
    assert "token_login" not in found | settings
    again = sso.post("/api/v1/users", {"username": f"{name}2", "roles": ["program_officer"], "token_login": False,
                                       "oidc_username": f"{name}2@x.example"})
    assert again.status_code == 200


# --- roles ---------------------------------------------------------------------------------------------------


def test_a_role_that_is_not_configured_gives_nothing(newer, unique):
    permissions = newer.doc("settings")["settings"]["permissions"]
    newer.configure(permissions=permissions | {"can_view_users": [*permissions["can_view_users"], "ghost"]})
    officer(newer, unique, roles=["ghost", "mm-online"])
    answer = newer.as_user(unique).get("/api/v1/users")
    assert (answer.status_code, answer.json()["error"]) == (403, "Insufficient privileges")


def test_roles_that_are_none_are_missed(newer, unique):
    for roles in ([], {}, 5):
        answer = newer.post("/api/v1/users", {"username": unique, "password": PASSWORD, "roles": roles})
        assert answer.json()["error"]["message"] == "Missing required fields: type or roles"


# --- writes --------------------------------------------------------------------------------------------------


@pytest.mark.mock_only
def test_writes_are_noted_and_written_anew(newer, unique):
    answer = newer.put(f"/medic/{unique}", {"type": "x"})
    assert (answer.headers["Content-Type"], answer.content[-1:]) == ("application/json; charset=utf-8", b"}")
    noted = newer.doc(unique, "medic-audit")["history"]
    assert [(one["rev"], one["user"], one["service"]) for one in noted] == [(answer.json()["rev"], "admin", "api")]
    assert list(noted[0]) == ["rev", "request_id", "user", "date", "service"]
    for _ in range(10):
        newer.ok("PUT", f"/medic/{unique}", newer.doc(unique) | {"n": _})
    assert len(newer.doc(unique, "medic-audit")["history"]) == 1
    assert len(newer.doc(f"{unique}:{newer_than(newer, unique)}", "medic-audit")["history"]) == 10


@pytest.mark.mock_only
def test_a_revision_that_comes_again_is_noted_again(newer, unique):
    made = newer.ok("PUT", f"/medic/{unique}", {"type": "x"})
    bulk = {"new_edits": False, "docs": [{"_id": unique, "_rev": made["rev"], "type": "x"}]}
    assert newer.ok("POST", "/medic/_bulk_docs", bulk) == []
    assert [one["rev"] for one in newer.doc(unique, "medic-audit")["history"]] == [made["rev"]] * 2


def newer_than(api, id):
    """The revision that the entries which moved away end with."""
    rows = api.ok("GET", "/medic-audit/_all_docs")["rows"]
    return next(row["id"].partition(":")[2] for row in rows if row["id"].startswith(f"{id}:"))


def test_writes_without_leave_are_forbidden(newer, unique):
    officer(newer, unique, roles=["crfo"])
    answer = newer.as_user(unique).put(f"/medic/{unique}", {"a": 1})
    assert (answer.status_code, answer.json()) == (403, {"code": 403, "error": "Insufficient privileges"})


def test_extensions_of_the_application_are_the_admins_and_everybodys(newer, unique):
    officer(newer, unique)
    answer = newer.as_user(unique).put(f"/medic/ui-extension:{unique}", {"type": "ui-extension"})
    assert answer.json() == {"error": "forbidden", "reason": "You are not authorized to edit admin only docs"}


def test_views_that_the_index_took_the_place_of(newer):
    answer = newer.get("/medic/_design/medic-client/_view/contacts_by_freetext")
    assert (answer.status_code, answer.json()["reason"]) == (404, "missing_named_view")
    assert newer.ok("GET", "/medic/_design/medic-client/_view/contacts_by_type")["rows"][0].keys() == {"key", "value"}


def test_the_index_as_couchdb_tells_it(newer, unique):
    word = f"w{unique.rpartition('-')[2]}"
    ids = [newer.ok("POST", "/api/v1/places", {"type": "district_hospital", "name": f"{word} {letter}"})["id"]
           for letter in "ba"]
    path = "/medic/_design/medic/_nouveau/contacts_by_freetext"
    found = newer.ok("GET", path, params={"q": f"{word[:-1]}*", "sort": "sort_order", "limit": "1"})
    assert (found["total_hits"], [hit["id"] for hit in found["hits"]]) == (2, ids[1:])
    more = newer.ok("POST", path, {"q": f"{word[:-1]}*", "bookmark": found["bookmark"], "include_docs": True})
    assert [hit["doc"]["_id"] for hit in more["hits"]] == ids[:1]
    exact = " OR ".join(f'exact_match:"name:{word} {letter}"' for letter in "abc")
    assert newer.ok("POST", path, {"q": exact})["total_hits"] == 2
    assert newer.ok("POST", path, {"q": exact.replace("OR", "AND")})["total_hits"] == 0
    assert newer.get(f"{path}_x", params={"q": "a*"}).json()["reason"] == "missing_index"


def test_the_index_of_replication(newer, unique):
    path = "/medic/_design/medic/_nouveau/docs_by_replication_key"
    boss = {"_id": f"{unique}-a", "parent": {"_id": f"{unique}-b"}}
    newer.ok("POST", "/medic/_bulk_docs", {"docs": [
        {"_id": f"{unique}-person", "type": "person"}, {"_id": f"{unique}-target", "type": "target", "owner": "x y"},
        {"_id": f"{unique}-report", "type": "data_record", "form": "V", "contact": boss,
         "fields": {"patient_id": f"{unique}-person", "needs_signoff": True, "private": "true"}}]})

    def found(query, **more):
        hits = newer.ok("GET", path, params={"q": query, "limit": "100000"} | more)["hits"]
        return {hit["id"].removeprefix(f"{unique}-"): hit["fields"] for hit in hits}

    everybody = found("key:_all")
    assert {"settings", "resources", "messages-en"} <= everybody.keys()
    assert everybody["settings"] == {"key": "_all"}
    record = {"type": "data_record", "subject": f"{unique}-person", "submitter": boss["_id"], "private": "true",
              "needs_signoff": "true", "key": [f"{unique}-person", f"{unique}-a", f"{unique}-b"]}
    assert found(f"key:{unique}-person") == {"person": {"type": "person", "key": f"{unique}-person"}, "report": record}
    assert found(f'key:("{unique}-b" OR none)').keys() == {"report"}
    assert found(f"type:person AND key:{unique}-person").keys() == {"person"}
    assert found(f"subject:{unique}-person OR key:{unique}-b").keys() == {"report"}
    assert found('key:"x y" AND type:target').keys() >= {"target"}
    assert newer.ok("POST", path, {"q": f"key:{unique}-person", "limit": 1})["total_hits"] == 2


# --- paths and headers ---------------------------------------------------------------------------------------


def test_slashes(newer):
    assert newer.ok("GET", "/api//v1///settings") == newer.ok("GET", "/api/v1/settings")
    assert newer.get("/api/v1/forms/").status_code == newer.get("/api/sms/").status_code == 200


def test_security_headers(newer, strict):
    found = newer.get("/api/info").headers
    assert found["X-XSS-Protection"] == "0"
    assert found["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "object-src 'none';script-src-attr 'none'" in found["Content-Security-Policy"]


# --- upgrades ------------------------------------------------------------------------------------------------


@pytest.mark.release(until="5.0")
@pytest.mark.mock_only
def test_an_upgrade_brings_the_release(api, mocksrv):
    assert api.get("/api/v1/impact").status_code == 404
    build = {"namespace": "medic", "application": "medic", "version": "5.2.0"}
    api.ok("POST", "/api/v1/upgrade", {"build": build})
    assert api.ok("GET", "/api/v2/upgrade")["upgradeDoc"]["to"]["version"] == "5.2.0"
    mocksrv.clock.advance(seconds=20)
    assert api.ok("GET", "/api/v2/monitoring")["version"]["app"] == "5.2.0"
    assert api.ok("GET", "/api/v1/impact")["users"]["count"] >= 0
    assert mocksrv.control("GET", "/settings")["cht.release"] == "5.2"
    assert "can_skip_password_change" in api.doc("settings")["settings"]["permissions"]


@pytest.mark.mock_only
def test_what_a_build_would_index_anew(api, mocksrv):
    mocksrv.set(cht_release="5.2")
    assert api.ok("GET", "/api/v2/upgrade/can-upgrade") == {"ok": True}

    def compare(version):
        return api.ok("POST", "/api/v2/upgrade/compare", {"build": {"version": version}})

    assert compare("5.2.0") == compare("5.2.1") == []
    assert [row["ddoc"] for row in compare("4.15.0")] == ["_design/medic", "_design/medic-client",
                                                          "_design/medic-scripts"]
    mocksrv.set(cht_builds="none")
    assert api.ok("GET", "/api/v2/upgrade/can-upgrade") == {"ok": False}
    assert api.post("/api/v2/upgrade/compare", {"build": {"version": "5.2.0"}}).status_code == 500
