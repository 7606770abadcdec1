"""Login by SMS: the nine rows of the table, the messages, the link."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import pytest

from contract_tests.releases import from_to

GOOD, OTHER = "Kisumu_2024", "An0ther!Word"
DAY = 24 * 60 * 60
TOKEN = re.compile(r"[a-zA-Z0-9.,:!$=-]{64}")
MESSAGE = "Welcome {{fullname}} ({{name}}, {{phone}}). Open the next message."
pytestmark = pytest.mark.writes


@pytest.fixture(autouse=True)
def switched_on(api, release):
    """Login by SMS is allowed; where releases need an address for the links, that of the API is told."""
    before = api.doc("settings")["settings"]
    address = {"app_url": api.url} if release in from_to("5.0") else {}
    api.configure(token_login={"enabled": True, "message": MESSAGE}, **address)
    yield
    api.configure(token_login=before.get("token_login"), app_url=before.get("app_url"))


@pytest.fixture
def person(api, unique):
    """Calls about one account."""
    return Person(api, unique)


class Person:
    def __init__(self, api, name):
        self.api, self.name = api, name

    def create(self, **properties):
        return self.api.post("/api/v1/users", {"username": self.name, "roles": ["program_officer"], **properties})

    def update(self, **properties):
        return self.api.post(f"/api/v1/users/{self.name}", properties)

    @property
    def user(self):
        return self.api.doc(f"org.couchdb.user:{self.name}", "_users")

    @property
    def settings(self):
        return self.api.doc(f"org.couchdb.user:{self.name}")

    @property
    def token(self):
        return self.user["token_login"]["token"]

    def messages(self, token):
        return self.api.doc(f"token:login:{token}")

    def signs_in(self, password):
        return self.api.as_user(self.name, password).get("/_session").status_code == 200

    def login(self, password):
        return self.api.anonymous().post("/medic/login", {"user": self.name, "password": password}).cookies

    def session_lives(self, cookies):
        cookie = {"Cookie": f"AuthSession={cookies['AuthSession']}"}
        return self.api.anonymous().get("/_session", headers=cookie).status_code == 200

    def open_link(self, token, body=None, **headers):
        return self.api.anonymous().post(f"/medic/login/token/{token}", body or {}, headers=headers)


def states(doc):
    return [task["state"] for task in doc["tasks"]]


# --- the table, row by row ---


@pytest.mark.parametrize("sent", [{}, {"token_login": False}, {"token_login": "true"}, {"token_login": 1}], ids=str)
def test_rows_1_and_7_a_new_account_without(person, sent):
    body = person.create(password=GOOD, phone="+254712345678", **sent).json()
    assert list(body) == ["user", "user-settings"]
    assert "token_login" not in person.user
    assert person.signs_in(GOOD)


@pytest.mark.parametrize("sent", [{}, {"token_login": False}], ids=str)
def test_rows_2_and_8_an_account_without(person, sent):
    person.create(password=GOOD)
    assert list(person.update(fullname="X", **sent).json()) == ["user", "user-settings"]
    assert "token_login" not in person.user
    assert person.signs_in(GOOD)


def test_row_3_nothing_said_keeps_the_token(person):
    person.create(token_login=True, phone="+254712345678")
    before = person.user["token_login"]
    assert "token_login" not in person.update(fullname="X", password=GOOD).json()
    assert person.user["token_login"] == before
    assert states(person.messages(before["token"])) == ["pending", "pending"]
    assert person.signs_in(GOOD)
    assert person.open_link(before["token"]).status_code == 302


def test_row_4_a_new_account_with(person):
    body = person.create(token_login=True, phone="+254 712-345-678", password=GOOD).json()
    user, settings = person.user, person.settings
    expires = body["token_login"]["expiration_date"]
    assert user["token_login"] == {"active": True, "token": person.token, "expiration_date": expires}
    assert settings["token_login"] == {"active": True, "expiration_date": expires}
    assert TOKEN.fullmatch(person.token)
    assert settings["phone"] == "+254712345678"
    # The answer's revisions are those of the first write, and already old.
    assert (body["user"]["rev"][:2], user["_rev"][:2], settings["_rev"][:2]) == ("1-", "2-", "2-")
    assert not person.signs_in(GOOD)


@pytest.mark.release(until="4.17")
def test_row_5_an_account_gets_a_token(person):
    person.create(password=GOOD, phone="0744898989")
    session = person.login(GOOD)
    assert person.session_lives(session)
    body = person.update(token_login=True, phone="+254712345678").json()
    assert list(body) == ["user", "user-settings", "token_login"]
    assert not person.signs_in(GOOD)
    assert not person.session_lives(session)
    assert states(person.messages(person.token)) == ["pending", "pending"]


@pytest.mark.parametrize("used", [False, True])
def test_row_6_a_new_token(person, used):
    person.create(token_login=True, phone="+254712345678")
    old = person.token
    session = person.open_link(old).cookies if used else None
    person.update(token_login=True)
    assert person.token != old
    old_messages = person.messages(old)
    assert states(old_messages) == ["cleared", "cleared"]
    assert [one["state"] for one in old_messages["tasks"][0]["state_history"]] == ["pending", "cleared"]
    assert person.open_link(old).json() == {"error": "invalid"}
    if session:
        assert not person.session_lives(session)


@pytest.mark.parametrize("used", [False, True])
def test_row_9_switching_off(person, used):
    person.create(token_login=True, phone="+254712345678")
    token = person.token
    session = person.open_link(token).cookies if used else None
    refused = person.update(token_login=False)
    assert (refused.status_code, refused.json()["error"]) == (400, {
        "message": "Password is required when disabling token login.",
        "translationKey": "password.length.minimum"})
    assert person.update(token_login=False, password="password").json()["error"]["translationKey"] == "password.weak"
    assert person.user["token_login"]["token"] == token
    assert list(person.update(token_login=False, password=OTHER).json()) == ["user", "user-settings"]
    assert "token_login" not in person.user
    assert "token_login" not in person.settings
    assert states(person.messages(token)) == ["cleared", "cleared"]
    assert person.open_link(token).json() == {"error": "invalid"}
    assert person.signs_in(OTHER)
    if session:
        assert not person.session_lives(session)


# --- errors ---

PHONE = {"message": "A valid phone number is required for SMS login.",
         "translationKey": "configuration.enable.token.login.phone"}


def both_forms(api, path, body, error):
    answer, text = api.post(path, body), api.taking("*/*").post(path, body)
    assert (answer.status_code, answer.json()) == (400, {"code": 400, "error": error})
    assert (text.status_code, text.text) == (400, error["message"])
    assert text.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize("phone", [None, ""])
def test_a_new_account_needs_a_phone(api, unique, phone):
    body = {"username": unique, "roles": ["program_officer"], "token_login": True, "phone": phone}
    both_forms(api, "/api/v1/users", body, {
        "message": "Missing required fields: phone", "translationKey": "fields.required",
        "translationParams": {"fields": "phone"}})


@pytest.mark.parametrize("phone", ["abc", "123", "+1", "0712", "+2547123456789012", 254712345678,
                                   "+254712345678 ext 4"])
def test_a_bad_phone(api, person, unique, phone):
    both_forms(api, "/api/v1/users",
               {"username": unique, "roles": ["program_officer"], "token_login": True, "phone": phone}, PHONE)
    assert api.ok("POST", "/api/v1/users", [
        {"username": unique, "roles": ["program_officer"], "token_login": True, "phone": phone}]) == [
        {"error": PHONE["message"]}]
    person.create(password=GOOD)
    both_forms(api, f"/api/v1/users/{unique}", {"token_login": True}, PHONE)
    both_forms(api, f"/api/v1/users/{unique}", {"token_login": True, "phone": phone}, PHONE)
    assert person.signs_in(GOOD)


@pytest.mark.parametrize("configured", [None, {}, {"enabled": False, "message": "x"}])
def test_settings_must_allow_it(api, person, configured):
    api.configure(token_login=configured)
    both_forms(api, "/api/v1/users", {"username": person.name, "roles": ["program_officer"], "token_login": True,
                                      "phone": "+254712345678"},
               {"message": "Missing required fields: password", "translationKey": "fields.required",
                "translationParams": {"fields": "password"}})
    assert "token_login" not in person.create(password=GOOD, token_login=True, phone="+254712345678").json()
    assert "token_login" not in person.update(token_login=True).json()
    answer = person.open_link("x" * 64)
    assert (answer.status_code, answer.json()) == (400, {"error": "disabled", "reason": "Token login disabled"})


# --- messages ---


def test_messages(person):
    person.create(token_login=True, phone="+254712345678", fullname="Amina & Co")
    doc = person.messages(person.token)
    assert list(doc) == ["_id", "_rev", "type", "reported_date", "user", "tasks"]
    assert (doc["type"], doc["user"]) == ("token_login", f"org.couchdb.user:{person.name}")
    help_task, link_task = doc["tasks"]
    assert list(help_task) == ["messages", "state_history", "state"]
    (help_message,), (link_message,) = help_task["messages"], link_task["messages"]
    assert help_message["to"] == link_message["to"] == "+254712345678"
    assert help_message["message"] == (
        f"Welcome Amina & Co ({person.name}, +254712345678). Open the next message.")
    assert link_message["message"].endswith(f"/medic/login/token/{person.token}")
    assert help_message["uuid"] != link_message["uuid"]
    assert help_task["state_history"] == [
        {"state": "pending", "timestamp": help_task["state_history"][0]["timestamp"]}]


@pytest.mark.parametrize(
    ("configured", "locale", "text"),
    [
        ({"message": [{"locale": "fr", "content": " Salut {{name}} "}, {"locale": "en", "content": "Hi"}]}, "fr",
         "Salut {name}"),
        ({"message": [{"locale": "fr", "content": "Salut"}, {"locale": "en", "content": "Hi"}]}, "sw", "Salut"),
        ({"translation_key": "no.such.key", "message": "ignored"}, "en", None),
        ({"translation_key": "", "message": ""}, "en", None),
        ({"message": "{{/broken}}"}, "en", None),
    ],
)
def test_text_of_the_first_message(api, person, configured, locale, text):
    api.configure(token_login={"enabled": True, **configured}, locale_outgoing=locale)
    person.create(token_login=True, phone="+254712345678")
    (message,) = person.messages(person.token)["tasks"][0]["messages"]
    if text is None:
        assert "message" not in message
        assert message["error"] == "messages.errors.message.empty"
    else:
        assert message["message"] == text.replace("{name}", person.name)


@pytest.mark.parametrize(("locale", "text"), [("sw", "Karibu"), ("fr", "Welcome"), ("en", "Welcome")])
def test_translated_text(api, person, unique, locale, text):
    for language, word in (("en", "Welcome"), ("sw", "Karibu")):
        url = f"/medic/messages-{language}"
        found = api.get(url)
        doc = found.json() if found.ok else {"type": "translations", "code": language, "name": language}
        doc["custom"] = {**(doc.get("custom") or {}), unique: word}
        api.ok("PUT", url, doc)
    api.configure(token_login={"enabled": True, "translation_key": unique}, locale_outgoing=locale)
    person.create(token_login=True, phone="+254712345678")
    assert person.messages(person.token)["tasks"][0]["messages"][0]["message"] == text


@pytest.mark.mock_only
def test_the_same_text_too_often(api, mocksrv, person):
    api.configure(token_login={"enabled": True, "message": "Always the same"})
    person.create(token_login=True, phone="+254712345678")
    found = []
    for _ in range(6):
        found.append(states(person.messages(person.token)))
        person.update(token_login=True)
    assert found == [["pending", "pending"]] * 5 + [["duplicate", "pending"]]
    mocksrv.clock.advance(31 * 60)
    person.update(token_login=True)
    assert states(person.messages(person.token)) == ["pending", "pending"]


# --- the link's beginning ---


def link_of(person, **headers):
    person.api.post("/api/v1/users", {"username": person.name, "roles": ["program_officer"], "token_login": True,
                                      "phone": "+254712345678"}, headers=headers)
    return person.messages(person.token)["tasks"][1]["messages"][0]["message"].removesuffix(person.token)


@pytest.mark.parametrize("url", ["https://cht.example.org", "https://cht.example.org///"])
def test_app_url(api, person, url):
    api.configure(app_url=url)
    assert link_of(person) == "https://cht.example.org/medic/login/token/"


@pytest.mark.release(until="5.0")
def test_host_leads_back_here(api, person, target):
    """A server loses the port; a mock keeps it unless told to be like one."""
    here = re.sub(r":\d+$", "", api.url) if target == "live" else api.url
    assert link_of(person) == f"{here}/medic/login/token/"


@pytest.mark.release(until="5.0")
@pytest.mark.mock_only
@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({}, "http://127.0.0.1"),
        ({"Host": "cht.example.org:8443"}, "http://cht.example.org"),
        ({"Host": "[::1]:8443"}, "http://[::1]"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cht.example.org:444, inner"}, "https://cht.example.org"),
    ],
)
def test_host_in_strict_conformance_loses_its_port(mocksrv, person, headers, base):
    mocksrv.set(cht_conformance="server")
    assert link_of(person, **headers) == f"{base}/medic/login/token/"


@pytest.mark.release(until="5.0")
@pytest.mark.mock_only
def test_forwarded_host(person):
    base = link_of(person, **{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cht.example.org:444"})
    assert base.startswith("https://cht.example.org:444/~")


# --- the link ---


def test_link_page(api, person):
    person.create(token_login=True, phone="+254712345678")
    before = person.user
    for path in (f"/medic/login/token/{person.token}", "/medic/login/token/unknown", "/medic/login/token"):
        page = api.anonymous().get(path)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert f'action="{urlsplit(api.url).path}{path}"' in unquote(page.text)
    assert person.user == before


@pytest.mark.parametrize(("role", "start"), [("program_officer", "/admin/"), ("gateway", "/")])
def test_link(person, role, start):
    person.create(token_login=True, phone="+254712345678", roles=[role])
    token = person.token
    answer = person.open_link(token, {"locale": "fr"})
    assert (answer.status_code, answer.text) == (302, start)
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    names = [one.partition("=")[0] for one in answer.raw.headers.getlist("Set-Cookie")]
    assert names == ["AuthSession", "userCtx", "login", "locale"]
    assert answer.cookies["locale"] == "fr"
    assert person.session_lives(answer.cookies)
    user, settings = person.user, person.settings
    assert list(user["token_login"]) == ["active", "token", "expiration_date", "login_date"]
    assert (user["token_login"]["active"], user["token_login"]["token"]) == (False, token)
    assert settings["token_login"] == {key: value for key, value in user["token_login"].items() if key != "token"}
    again = person.open_link(token)
    assert (again.status_code, again.json()) == (401, {"error": "invalid"})
    assert again.headers["Content-Type"] == "application/json; charset=utf-8"
    assert not again.cookies


def test_link_while_signed_in(person):
    person.create(token_login=True, phone="+254712345678")
    admin = person.api.post(f"/medic/login/token/{person.token}", {})
    assert (admin.status_code, admin.text) == (302, "/admin/")
    assert not admin.cookies
    assert person.user["token_login"]["active"] is True


@pytest.mark.mock_only
@pytest.mark.parametrize(("seconds", "status"), [(DAY - 1, 302), (DAY, 401), (3 * DAY, 401)])
def test_link_lives_24_hours(mocksrv, person, seconds, status):
    mocksrv.clock.freeze()
    person.create(token_login=True, phone="+254712345678")
    mocksrv.clock.advance(seconds)
    answer = person.open_link(person.token)
    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {"error": "expired"}
        assert person.user["token_login"]["active"] is True


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
@pytest.mark.parametrize(
    ("path", "status", "error"),
    [("/medic/login/token", 400, {"error": "missing", "reason": "Missing required param"}),
     ("/medic/login/token/nope", 401, {"error": "invalid"}),
     ("//medic//login/token/nope", 401, {"error": "invalid"})],
)
def test_bad_links_answer_json_whatever_is_accepted(api, accept, path, status, error):
    answer = api.anonymous().taking(accept).post(path, {})
    assert (answer.status_code, answer.json()) == (status, error)


def test_link_of_a_deleted_user(api, person):
    person.create(token_login=True, phone="+254712345678")
    token = person.token
    api.ok("DELETE", f"/api/v1/users/{person.name}")
    assert person.open_link(token).json() == {"error": "invalid"}


def test_link_needs_json(person):
    person.create(token_login=True, phone="+254712345678")
    answer = person.api.anonymous().request("POST", f"/medic/login/token/{person.token}", data=b"a=1")
    assert (answer.status_code, answer.json()) == (
        400, {"code": 400, "error": "Content-Type must be application/json"})
    assert person.user["token_login"]["active"] is True


def test_users_may_renew_their_own_token(person):
    person.create(password=GOOD, phone="+254712345678", roles=["analytics"])
    own = person.api.as_user(person.name)
    assert "token_login" in own.ok("POST", f"/api/v1/users/{person.name}", {"token_login": True})
    assert not person.signs_in(GOOD)


def test_csv(api, person):
    text = f"username,phone,token_login,type\n{person.name},+254712345678,TRUE,gateway"
    (made,) = api.request("POST", "/api/v2/users", data=text.encode(), headers={"Content-Type": "text/csv"}).json()
    assert list(made) == ["user", "user-settings", "token_login"]
    assert person.open_link(person.token).status_code == 302
