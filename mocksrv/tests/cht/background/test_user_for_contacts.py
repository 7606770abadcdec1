"""Accounts that the background process makes for people: those who ask for one, and those who follow another."""

import re

import pytest
import requests

ADMIN = ("admin", "pass")
PASSWORD = "Kisumu_2024"
NAME = "create_user_for_contacts"
FOLLOWER = {"_id": "ada", "type": "person", "name": "Ada  Ouko É.", "phone": "+254712345678",
            "parent": {"_id": "clinic"}}


class Cht:
    """A world whose background process makes accounts."""

    def __init__(self, world, **settings):
        self.world = world
        world.clock.freeze("2026-11-21T22:26:40Z")
        self.ask("PUT", "/api/v1/settings", {"token_login": {"enabled": True, "message": "Welcome"}, "transitions": {
            NAME: True}, "app_url": "https://cht.example.org/"} | settings)
        self.write({"_id": "clinic", "type": "clinic", "name": "C"})

    def ask(self, method, path, body=None):
        answer = requests.request(method, self.world.url + path, json=body, auth=ADMIN)
        answer.raise_for_status()
        return answer.json()

    def write(self, doc):
        """Store a document, which the background process then meets."""
        self.ask("POST", "/medic", doc)
        self.world.clock.advance(2)
        return self.stored(doc["_id"])

    def stored(self, id, database="medic"):
        return self.ask("GET", f"/{database}/{id}")

    def ran(self, id):
        return self.stored(f"{id}-info", "medic-sentinel")["transitions"].get(NAME)

    def accounts(self, contact):
        rows = self.ask("GET", '/medic/_design/medic-client/_view/doc_by_type?key=["user-settings"]&include_docs=true')
        return [row["doc"] for row in rows["rows"] if row["doc"].get("contact_id") == contact]

    def worker(self, name):
        self.ask("POST", "/api/v1/users", {"username": name, "password": PASSWORD, "roles": ["chw"], "place": "clinic",
                                           "contact": "chw"})

    def signs_in(self, name):
        body = {"user": name, "password": PASSWORD}
        return requests.post(f"{self.world.url}/medic/login", json=body, allow_redirects=False).status_code == 302


@pytest.fixture
def cht(mocksrv):
    return Cht(mocksrv)


def replacing(**of):
    """A health worker whose accounts are to be others'."""
    wishes = {name: {"status": "READY", "replacement_contact_id": "ada"} | wish for name, wish in of.items()}
    return {"user_for_contact": {"replace": wishes}}


def worker(cht, *names):
    cht.write({"_id": "chw", "type": "person", "name": "Chw", "parent": {"_id": "clinic"}})
    for name in names:
        cht.worker(name)
    return cht.stored("chw")


@pytest.mark.parametrize("own", [{"roles": ["chw", "other"]}, {"role": "chw"}, {"roles": [], "role": "chw"}])
def test_who_asks_for_an_account_gets_one(cht, own):
    person = cht.write(FOLLOWER | own | {"user_for_contact": {"create": "true", "other": 1}})
    assert person["user_for_contact"] == {"other": 1}
    assert cht.ran("ada")["ok"] is True
    (account,) = cht.accounts("ada")
    assert re.fullmatch(r"ada-ouko-e-\d{4}", account["name"])
    assert account["roles"] == (own.get("roles") or ["chw"])
    assert (account["fullname"], account["phone"]) == (FOLLOWER["name"], FOLLOWER["phone"])
    assert account["token_login"]["active"] is True
    (first, link) = [one for one in cht.ask("POST", "/api/sms", {})["messages"] if one["to"] == FOLLOWER["phone"]]
    assert first["content"] == "Welcome"
    assert link["content"].startswith("https://cht.example.org/medic/login/token/")


def test_only_new_people_get_one(cht):
    person = cht.write(FOLLOWER | {"role": "chw"})
    asking = cht.write(person | {"user_for_contact": {"create": "true"}})
    assert (cht.ran("ada"), cht.accounts("ada"), asking["user_for_contact"]) == (None, [], {"create": "true"})


@pytest.mark.parametrize("doc", [
    FOLLOWER | {"role": "chw", "user_for_contact": {"create": "false"}},
    FOLLOWER | {"role": "chw", "user_for_contact": {"create": True}},
    {"_id": "ada", "type": "clinic", "role": "chw", "user_for_contact": {"create": "true"}},
    FOLLOWER | {"user_for_contact": {"replace": "chw"}}, FOLLOWER | {"user_for_contact": {"replace": {"chw": None}}},
    FOLLOWER | replacing(chw={"status": "PENDING"})])
def test_who_gets_none(cht, doc):
    written = cht.write(doc)
    assert (written, cht.ran("ada"), cht.accounts("ada")) == (doc | {"_rev": written["_rev"]}, None, [])


@pytest.mark.parametrize(("change", "problem"), [
    ({}, 'Contact [ada] must have a "role" or "roles" property.'),
    ({"role": "chw", "phone": None}, 'Error creating new user: "Missing required fields: phone"'),
    ({"role": "chw", "phone": 12345}, 'Error creating new user: "A valid phone number is required for SMS login."'),
    ({"role": "chw", "name": None}, "Replacement contact [ada] must have a name."),
    ({"role": "chw", "parent": {"_id": "clinic2"}}, "Failed to find place.")])
def test_what_fails_is_told_in_the_document(cht, change, problem):
    person = cht.write(FOLLOWER | {"user_for_contact": {"create": "true"}} | change)
    assert person["errors"] == [{"code": f"{NAME}_error'", "message": f"Transition error on {NAME}: {problem}"}]
    assert (cht.ran("ada")["ok"], cht.accounts("ada"), person["user_for_contact"]) == (False, [], {"create": "true"})


def test_accounts_are_handed_over(cht):
    old = worker(cht, "one", "two", "three")
    cht.write(FOLLOWER)
    old = cht.write(old | replacing(one={}, two={}))
    assert {name: one["status"] for name, one in old["user_for_contact"]["replace"].items()} == {
        "one": "COMPLETE", "two": "COMPLETE"}
    assert [cht.signs_in(name) for name in ("one", "two", "three")] == [False, False, True]
    assert [account["roles"] for account in cht.accounts("ada")] == [["chw"], ["chw"]]
    assert len(cht.accounts("chw")) == 3, "the old accounts stay"
    assert cht.ran("chw")["ok"] is True


def test_one_of_two_cannot_be_handed_over(cht):
    old = worker(cht, "one")
    cht.write(FOLLOWER)
    old = cht.write(old | replacing(one={}, nobody={}))
    assert {name: one["status"] for name, one in old["user_for_contact"]["replace"].items()} == {
        "one": "COMPLETE", "nobody": "ERROR"}
    assert [error["message"] for error in old["errors"]] == [
        f"Transition error on {NAME}: Failed to find user with name [nobody] in the [users] database."]
    assert (cht.ran("chw")["ok"], len(cht.accounts("ada"))) == (False, 1)


@pytest.mark.parametrize(("id", "problem"), [
    ("ada", "Failed to find person."), (None, "No id was provided for the new replacement contact.")])
def test_nobody_follows(cht, id, problem):
    old = cht.write(worker(cht, "one") | replacing(one={"replacement_contact_id": id}))
    assert [error["message"] for error in old["errors"]] == [f"Transition error on {NAME}: {problem}"]
    assert cht.signs_in("one")


@pytest.mark.parametrize("settings", [{"token_login": {"enabled": False}}, {"app_url": ""}])
def test_without_login_links_nothing_runs(mocksrv, settings):
    cht = Cht(mocksrv, **settings)
    cht.write(FOLLOWER | {"role": "chw", "user_for_contact": {"create": "true"}})
    assert "transitions" not in cht.stored("ada-info", "medic-sentinel")
    cht.ask("PUT", "/api/v1/settings", {"token_login": {"enabled": True}, "app_url": "https://cht.example.org"})
    mocksrv.clock.advance(2)
    assert len(cht.accounts("ada")) == 1, "it goes on where it stopped"
