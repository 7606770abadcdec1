"""Accounts on random ways through the table of login by SMS, with documents, password, sessions and links checked
after every step against what the table says."""

from __future__ import annotations

import base64
import itertools
import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.cht.users.token_login import FALSE, LIFE, NEW, PLAIN, TABLE, TOKEN, TRUE, UNDEFINED

EVENTS = {UNDEFINED: {}, TRUE: {"token_login": True}, FALSE: {"token_login": False}}
NUMBERS = itertools.count(1)
PASSWORDS = ("Kisumu_2024", "An0ther!Word", "Th1rd-Word+")


@pytest.fixture(scope="module")
def app():
    app = create_app(Config(vendor=("cht",), size=0, limits=False))
    yield app
    app.worlds.close()


def test_histories(app):
    class Histories(Accounts):
        server = app

    Histories.TestCase.settings = settings(
        max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    test = Histories.TestCase()
    test.setUp()
    try:
        test.runTest()
    finally:
        test.tearDown()


class Accounts(RuleBasedStateMachine):
    """One account and what it should be."""

    server = None

    # --- calling ---

    def ask(self, method, path, body=None, auth=("admin", "pass"), cookie=None, world=None):
        headers = {"Accept": "application/json"}
        if auth:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
        if cookie:
            headers["Cookie"] = f"AuthSession={cookie}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        client = Client(self.server, use_cookies=False)
        data = None if body is None else json.dumps(body)
        return client.open(f"/~{world or self.world}{path}", method=method, headers=headers, data=data)

    def doc(self, id, database="medic"):
        answer = self.ask("GET", f"/{database}/{quote(id, safe='')}")
        return answer.json if answer.status_code == 200 else None

    def open_link(self, token, world=None):
        return self.ask("POST", f"/medic/login/token/{quote(token)}", {}, auth=None, world=world)

    @property
    def now(self):
        return self.server.worlds[self.world].clock.ms()

    # --- rules ---

    @initialize()
    def begin(self):
        self.world = f"history-{next(NUMBERS)}"
        settings_doc = self.doc("settings")
        settings_doc["settings"]["token_login"] = {"enabled": True, "message": "Hi {{name}}"}
        self.ask("PUT", "/medic/settings", settings_doc)
        self.server.worlds[self.world].clock.freeze()
        self.exists = False  # None when deleted
        self.password = None  # of the account, if anybody knows it
        self.token = None  # the account's token_login: {"token", "expires", "active"}
        self.links = {}  # all tokens ever -> what their messages' states should be
        self.sessions = {}  # cookie -> whether it should live
        self.writes = 0  # of the `_users` document

    @precondition(lambda self: self.exists is False)
    @rule(event=st.sampled_from(list(EVENTS)), password=st.sampled_from([None, *PASSWORDS]), phone=st.booleans())
    def create(self, event, password, phone):
        action = TABLE[event, NEW]
        body = {"username": "amina", "roles": ["program_officer"], **EVENTS[event]}
        body |= {"password": password} if password else {}
        body |= {"phone": "+254712345678"} if phone else {}
        answer = self.ask("POST", "/api/v1/users", body)
        if (not phone) if action.password == "generated" else (not password):
            assert answer.status_code == 400
            return
        assert answer.status_code == 200
        self.exists = True
        self.writes = 1
        self.has_phone = phone
        self.follow(action, password, answer.json)

    @precondition(lambda self: self.exists)
    @rule(event=st.sampled_from(list(EVENTS)), password=st.sampled_from([None, *PASSWORDS]), phone=st.booleans())
    def update(self, event, password, phone):
        action = TABLE[event, TOKEN if self.token else PLAIN]
        body = {"fullname": "Amina", **EVENTS[event]}
        body |= {"password": password} if password else {}
        body |= {"phone": "+254712345678"} if phone else {}
        answer = self.ask("POST", "/api/v1/users/amina", body)
        no_phone = action.password == "generated" and not (phone or self.has_phone)
        if no_phone or (action.password == "required" and not password):
            assert answer.status_code == 400
            return
        assert answer.status_code == 200
        self.has_phone = self.has_phone or phone
        self.writes += 1
        self.follow(action, password, answer.json)

    def follow(self, action, password, answer):
        """What a row of the table does to an account that was just written."""
        assert ("token_login" in answer) == (action.token == "new")
        if action.password == "generated" or password:
            self.password = None if action.password == "generated" else password
            self.sessions = dict.fromkeys(self.sessions, False)
        if action.token in ("new", "removed"):
            self.writes += 1
            if self.token:
                self.links[self.token["token"]] = "cleared"
            self.token = None
        if action.token == "new":
            expires = answer["token_login"]["expiration_date"]
            assert expires == self.now + LIFE
            token = self.doc("org.couchdb.user:amina", "_users")["token_login"]["token"]
            assert token not in self.links
            self.links[token] = "pending"
            self.token = {"token": token, "expires": expires, "active": True}

    def answer_of_link(self, token):
        """What opening a link should answer."""
        current = self.token if self.exists else None
        if current is None or current["token"] != token or not current["active"]:
            return 401, "invalid"
        return (401, "expired") if current["expires"] <= self.now else (302, None)

    @precondition(lambda self: self.links)
    @rule(data=st.data())
    def use_link(self, data):
        token = data.draw(st.sampled_from(sorted(self.links)))
        status, error = self.answer_of_link(token)
        answer = self.open_link(token)
        assert answer.status_code == status
        if error:
            assert answer.json == {"error": error}
            return
        self.token["active"] = False
        self.password = None
        self.sessions = dict.fromkeys(self.sessions, False)
        self.sessions[cookie_of(answer)] = True
        self.writes += 2

    @precondition(lambda self: self.exists and self.password)
    @rule()
    def sign_in(self):
        answer = self.ask("POST", "/medic/login", {"user": "amina", "password": self.password}, auth=None)
        assert answer.status_code == 302
        self.sessions[cookie_of(answer)] = True

    @rule(hours=st.sampled_from([1, 12, 24, 25]))
    def wait(self, hours):
        self.server.worlds[self.world].clock.advance(hours * 3600)

    @precondition(lambda self: self.exists)
    @rule(really=st.integers(0, 9).map(lambda n: n == 0))
    def delete(self, really):
        if really:
            assert self.ask("DELETE", "/api/v1/users/amina").status_code == 200
            self.exists = None  # for good: the name stays taken
            self.sessions = dict.fromkeys(self.sessions, False)

    # --- what must hold after every step ---

    @invariant()
    def documents_are_right(self):
        user = self.doc("org.couchdb.user:amina", "_users")
        stored = self.doc("org.couchdb.user:amina")
        assert (user is not None) == bool(self.exists)
        if not self.exists:
            return
        assert user["_rev"].startswith(f"{self.writes}-")
        if self.token is None:
            assert "token_login" not in user
            assert "token_login" not in stored
            return
        expected = {"active": self.token["active"], "expiration_date": self.token["expires"]}
        for found in (user["token_login"], stored["token_login"]):
            assert expected.items() <= found.items()
            assert ("login_date" in found) == (not self.token["active"])
        assert user["token_login"]["token"] == self.token["token"]
        assert "token" not in stored["token_login"]

    @invariant()
    def messages_are_right(self):
        for token, state in self.links.items():
            doc = self.doc(f"token:login:{token}")
            assert {task["state"] for task in doc["tasks"]} - {"duplicate"} == {state}
            assert doc["tasks"][1]["messages"][0]["message"].endswith(f"/medic/login/token/{token}")

    @invariant()
    def passwords_are_right(self):
        for password in PASSWORDS:
            works = self.ask("GET", "/_session", auth=("amina", password)).status_code == 200
            assert works == (bool(self.exists) and password == self.password)

    @invariant()
    def sessions_are_right(self):
        for cookie, lives in self.sessions.items():
            assert (self.ask("GET", "/_session", auth=None, cookie=cookie).status_code == 200) == lives

    @invariant()
    def links_are_right(self):
        """Tried in a copy of the world, where using one up does no harm."""
        for token in self.links:
            self.server.worlds.replace("copy", self.server.worlds[self.world])
            answer = self.open_link(token, world="copy")
            status, error = self.answer_of_link(token)
            assert answer.status_code == status
            assert error is None or answer.json == {"error": error}

    def teardown(self):
        self.server.worlds.delete(self.world)


def cookie_of(answer):
    (value,) = [header.removeprefix("AuthSession=").partition(";")[0]
                for header in answer.headers.getlist("Set-Cookie") if header.startswith("AuthSession=")]
    return value
