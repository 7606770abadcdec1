"""/_session and the login of the web application: cookies, where to go, and how long a session lives."""

import json
from urllib.parse import unquote

import pytest
import requests

pytestmark = pytest.mark.writes
YEAR = "Max-Age=31536000; Path=/; Expires="


@pytest.fixture
def worker(api, places, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "roles": ["chw"],
                                     "place": places.area, "contact": places.person})
    return api.as_user(unique)


def login(api, body, **headers):
    return api.anonymous().post("/medic/login", body, headers=headers)


def cookies(answer):
    """Set-Cookie headers in order."""
    return answer.raw.headers.getlist("Set-Cookie")


def value_of(cookie):
    """The JSON in a cookie."""
    return json.loads(unquote(cookie.partition("=")[2].partition(";")[0]))


def session(api, cookie):
    return requests.get(f"{api.url}/_session", headers={"Accept": "application/json", "Cookie": cookie}, timeout=30)


# --- /medic/login ----------------------------------------------------------------------------------------------


@pytest.mark.release(until="4.17")
def test_a_login_sets_four_cookies_and_says_where_to_go(api, worker):
    answer = login(api, {"user": worker.auth[0], "password": "Kisumu_2024", "locale": "fr"})
    assert (answer.status_code, answer.text) == (302, "/")
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    token, context, cleared, locale = cookies(answer)
    assert token.startswith("AuthSession=")
    assert YEAR in token
    assert token.endswith("; HttpOnly; SameSite=Lax")
    assert "=" not in token.partition("=")[2].partition(";")[0]  # clients split on it
    assert value_of(context) == {"name": worker.auth[0], "roles": ["chw"]}
    assert cleared == "login=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    assert locale.startswith(f"locale=fr; {YEAR}")
    assert session(api, token.partition(";")[0]).json()["userCtx"]["name"] == worker.auth[0]


@pytest.mark.parametrize("form", [
    "AuthSession={0}, AuthSession={0}", 'locale=en,AuthSession="{0}"', "$Version=1; AuthSession = {0}==; userCtx=x",
    "AuthSession={0}; AuthSession=abc"])
def test_cookies_are_read_as_couchdb_reads_them(api, worker, form):
    """Clients that keep a cookie twice send it with a comma."""
    name, password = worker.auth
    answer = requests.post(f"{api.url}/_session", json={"name": name, "password": password}, timeout=30)
    token = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    assert session(api, form.format(token)).json()["userCtx"]["name"] == name


def test_an_admin_goes_to_the_admin_application(api):
    answer = login(api, {"user": api.auth[0], "password": api.auth[1]})
    assert (answer.status_code, answer.text) == (302, "/admin/")
    assert value_of(cookies(answer)[1])["home"] == "/admin/"
    assert api.doc(f"org.couchdb.user:{api.auth[0]}")["type"] == "user-settings"  # made by the first login


@pytest.mark.parametrize(("redirect", "there"), [
    ("/a/b?x=1#h", "/a/b#h"), ("https://evil.example/x/y?z", "/x/y"), ("http://example.com", "/"),
    ("/../../etc", "/etc"), ("/a//b", "/admin/"), ("%2F%2Fevil.com", "/admin/"), ("", "/admin/"), (None, "/admin/"),
    ("/#/reports", "/#/reports"),
])
def test_only_a_path_on_this_server_is_gone_to(api, redirect, there):
    assert login(api, {"user": api.auth[0], "password": api.auth[1], "redirect": redirect}).text == there


@pytest.mark.release(until="4.20")
@pytest.mark.parametrize(("body", "status", "error"), [
    ({"user": "admin", "password": "wrong"}, 401, "Not logged in"),
    ({"user": "", "password": ""}, 401, "Not logged in"), ({"user": "admin"}, 401, "Not logged in"),
    ({"password": "x"}, 500, "Unexpected error logging in"),
    ({"user": 5, "password": "x"}, 500, "Unexpected error logging in"), ({}, 500, "Unexpected error logging in"),
])
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_a_login_that_fails(api, body, status, error, accept):
    answer = login(api.taking(accept), body, **{"X-Forwarded-For": "10.1.2.3"})
    assert (answer.status_code, answer.json()) == (status, {"error": error})
    assert cookies(answer) == []


@pytest.mark.mock_only
def test_the_limit_holds_for_logins(api, mocksrv):
    mocksrv.clock.freeze()
    answers = [login(api, {"user": "someone", "password": "wrong"}).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


@pytest.mark.release(until="4.17")
def test_identity(api, worker):
    token = cookies(login(api, {"user": worker.auth[0], "password": "Kisumu_2024"}))[0].partition(";")[0]
    answer = requests.get(f"{api.url}/medic/login/identity", headers={"Cookie": token}, timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert cookies(answer)[0].startswith("userCtx=")
    nobody = api.anonymous().get("/medic/login/identity")
    assert (nobody.status_code, nobody.text, nobody.headers["Content-Type"]) == (
        401, "", "application/json; charset=utf-8")


# --- /_session -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [False, True])
def test_a_session_by_json_or_form(api, worker, form):
    fields = {"name": worker.auth[0], "password": "Kisumu_2024"}
    answer = requests.post(f"{api.url}/_session", timeout=30, **({"data": fields} if form else {"json": fields}))
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "name": worker.auth[0], "roles": ["chw"]})
    (cookie,) = cookies(answer)
    assert "; Version=1; Expires=" in cookie
    assert cookie.endswith("GMT; Max-Age=31536000; Path=/; HttpOnly")
    found = session(api, cookie.partition(";")[0])
    assert found.json() == {"ok": True, "userCtx": {"name": worker.auth[0], "roles": ["chw"]},
                            "info": {"authentication_handlers": ["cookie", "default"], "authenticated": "cookie"}}


def test_basic_is_told_apart(worker):
    assert worker.ok("GET", "/_session")["info"]["authenticated"] == "default"


def test_a_session_is_refused(api):
    post = requests.post(f"{api.url}/_session", json={"name": "nobody", "password": "x"}, timeout=30,
                         headers={"Accept": "application/json"})
    assert (post.status_code, post.json()) == (401, {"code": 401, "error": "unauthorized"})
    empty = requests.post(f"{api.url}/_session", json={}, timeout=30)
    assert empty.json() == {"error": "bad_request", "reason": "request body must contain a username"}
    get = api.anonymous().get("/_session")
    assert (get.status_code, get.headers["WWW-Authenticate"]) == (401, "Cookie")
    assert api.anonymous().delete("/_session").status_code == 401


@pytest.mark.release(until="4.17")
def test_signing_out_clears_the_cookie_but_not_the_session(api, worker):
    token = cookies(login(api, {"user": worker.auth[0], "password": "Kisumu_2024"}))[0].partition(";")[0]
    answer = requests.delete(f"{api.url}/_session", headers={"Cookie": token}, timeout=30)
    assert answer.json() == {"ok": True}
    assert cookies(answer)[0].startswith("AuthSession=; Version=1; ")
    assert session(api, token).status_code == 200


def test_a_cookie_of_another_server_is_no_login(api):
    assert session(api, "AuthSession=YWRtaW46NkIwMjIxRTc6AAAA").status_code == 401


@pytest.mark.parametrize("cookie", ["abc", "%%%"])
def test_a_cookie_that_couchdb_cannot_read(api, cookie):
    answer = session(api, f"AuthSession={cookie}")
    assert (answer.status_code, answer.json()) == (400, {
        "error": "bad_request", "reason": "Malformed AuthSession cookie. Please clear your cookies."})


def test_a_dead_cookie_falls_through_to_basic(api, worker):
    stale = "AuthSession=" + "YWRtaW46NkIwMjIxRTc6AAAA"
    assert worker.get("/_session", headers={"Cookie": stale}).json()["info"]["authenticated"] == "default"


def test_the_context_cookie_is_refreshed(api, worker):
    answer = worker.get("/_session", headers={"Cookie": "userCtx=%7B%22a%22%3A1%7D"})
    assert cookies(answer)[0].startswith(f"userCtx=%7B%22a%22%3A1%7D; {YEAR}")


@pytest.mark.release(until="4.17")
def test_a_session_dies_with_the_password_only(api, worker):
    token = cookies(login(api, {"user": worker.auth[0], "password": "Kisumu_2024"}))[0].partition(";")[0]
    api.ok("POST", f"/api/v1/users/{worker.auth[0]}", {"fullname": "Amina"})
    assert session(api, token).status_code == 200
    api.ok("POST", f"/api/v1/users/{worker.auth[0]}", {"password": "Kakamega_2025"})
    assert session(api, token).status_code == 401


def test_a_session_dies_with_the_account(api, worker):
    token = cookies(login(api, {"user": worker.auth[0], "password": "Kisumu_2024"}))[0].partition(";")[0]
    api.ok("DELETE", f"/api/v1/users/{worker.auth[0]}")
    assert session(api, token).status_code == 401


@pytest.mark.release(until="4.17")
@pytest.mark.mock_only
def test_a_session_lives_a_year(api, mocksrv, worker):
    token = cookies(login(api, {"user": worker.auth[0], "password": "Kisumu_2024"}))[0].partition(";")[0]
    mocksrv.clock.advance(31_536_000 - 60)
    assert session(api, token).status_code == 200
    mocksrv.clock.advance(61)
    assert session(api, token).status_code == 401


@pytest.mark.mock_only
def test_being_connected_is_logged_every_half_hour(api, mocksrv, worker):
    id = f"connected-user-{worker.auth[0]}"
    for minutes, rev in ((0, "1-"), (29, "1-"), (2, "2-")):
        mocksrv.clock.advance(60 * minutes)
        worker.get("/_session")
        assert api.doc(id, "medic-logs")["_rev"].startswith(rev)
    assert set(api.doc(id, "medic-logs")) == {"_id", "_rev", "user", "timestamp"}
