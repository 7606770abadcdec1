"""cht-user-management, the tool that makes places and their users by the hundred: the requests that it sends, in its
order, as a manager of users sends them. Facts from medic/cht-user-management: which paths, bodies and parameters, and
what it reads of the answers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from contract_tests.cht.conftest import PASSWORD, Client, Places

pytestmark = pytest.mark.writes
NEEDED = {"can_create_people", "can_create_places", "can_create_users", "can_delete_contacts", "can_delete_users",
          "can_edit", "can_update_users", "can_view_contacts", "can_view_users"}


@dataclass
class Manager:
    """The tool at work for one manager: all but the login goes with the session's cookie, and wants JSON."""

    client: Client
    cookie: str
    name: str

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.client.request(method, path, body, headers={"Cookie": self.cookie}, **options)

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.ask(method, path, body, **options)
        assert answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json()


def log_in(api: Client, name: str, password: str) -> requests.Response:
    """The name and the password go twice: as JSON and as Basic credentials."""
    return api.as_user(name, password).post("/_session", {"name": name, "password": password})


@pytest.fixture
def manager(strict: Client, each_release: str, places: Places, unique: str) -> Manager:
    strict.ok("POST", "/api/v1/users", {
        "username": unique, "password": PASSWORD, "roles": ["program_officer"], "place": places.district,
        "contact": strict.ok("POST", "/api/v1/people", {"name": f"Manager {unique}", "place": places.district})["id"],
        "password_change_required": False})
    answer = log_in(strict, unique, PASSWORD)
    assert answer.json() == {"ok": True, "name": unique, "roles": ["program_officer", "mm-online"]}
    (session,) = [part for part in answer.headers["Set-Cookie"].split(";") if part.startswith("AuthSession=")]
    return Manager(strict.anonymous(), session, unique)


@pytest.fixture
def place(manager: Manager, places: Places, unique: str) -> dict[str, Any]:
    """A new area with its first contact, in one request."""
    return dict(manager.ok("POST", "/api/v1/places", {
        "name": f"Ward {unique}", "type": "contact", "contact_type": "health_center", "parent": places.district,
        "user_attribution": {"tool": "user-management"},
        "contact": {"name": f"Worker {unique}", "type": "contact", "contact_type": "person"}}))


def new_user(place: dict[str, Any], unique: str, **more: Any) -> dict[str, Any]:
    return {"username": f"{unique}-chw", "password": PASSWORD, "roles": ["chw"], "place": [place["id"]],
            "contact": place["contact"]["id"], "fullname": f"Worker {unique}", "phone": "+254712345678",
            "password_change_required": False} | more


def test_a_wrong_password(strict: Client, each_release: str, unique: str) -> None:
    answer = log_in(strict, unique, "wrong")
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False)


def test_what_it_looks_at_before_it_lets_a_manager_in(manager: Manager, each_release: str, places: Places) -> None:
    user = manager.ok("GET", f"/medic/org.couchdb.user:{manager.name}")
    assert (user["facility_id"], user["roles"]) == ([places.district], ["program_officer", "mm-online"])
    major, minor, *_ = manager.ok("GET", "/api/v2/monitoring")["version"]["app"].split(".")
    assert f"{major}.{minor}" == each_release
    settings = manager.ok("GET", "/api/v1/settings")
    assert [name for name in NEEDED if not {*user["roles"]} & {*settings["permissions"].get(name, [])}] == []
    assert {"id": "health_center", "parents": ["district_hospital"]}.items() <= next(
        one for one in settings["contact_types"] if one["id"] == "health_center").items()


def test_a_place_with_its_worker(manager: Manager, places: Places, place: dict[str, Any], unique: str) -> None:
    area = manager.ok("GET", f"/medic/{place['id']}")
    assert area["parent"] == {"_id": places.district}
    assert area["contact"] == {"_id": place["contact"]["id"], "parent": {"_id": place["id"], "parent": area["parent"]}}
    assert area["user_attribution"] == {"tool": "user-management"}
    worker = manager.ok("GET", f"/medic/{place['contact']['id']}")
    assert worker["parent"] == {"_id": place["id"], "parent": {"_id": places.district}}
    assert (worker["type"], worker["contact_type"]) == ("contact", "person")


def test_another_worker_takes_a_place_over(manager: Manager, place: dict[str, Any], unique: str) -> None:
    made = manager.ok("POST", "/api/v1/people", {"name": f"Second {unique}", "type": "contact",
                                                 "contact_type": "person", "place": place["id"]})
    area = manager.ok("GET", f"/medic/{place['id']}")
    changed = area | {"name": f"Renamed {unique}", "contact": {"_id": made["id"]}}
    answer = manager.ask("PUT", f"/medic/{place['id']}", changed)
    assert (answer.status_code, answer.json()["ok"], answer.json()["rev"][:2]) == (201, True, "3-")
    # Somebody was faster: it reads the document and tries again
    answer = manager.ask("PUT", f"/medic/{place['id']}", changed)
    assert (answer.status_code, answer.json()) == (409, {"error": "conflict", "reason": "Document update conflict."})


def test_a_user_of_the_place(manager: Manager, strict: Client, place: dict[str, Any], each_release: str,
                             unique: str) -> None:
    made = manager.ok("POST", "/api/v3/users", new_user(place, unique))
    assert list(made) == ["user", "user-settings"]
    stored = strict.doc(made["user"]["id"], "_users")
    assert stored["facility_id"] == [place["id"]]
    # The older release does not know the field, and makes the user all the same
    assert stored.get("password_change_required") == {"4.15": None, "5.2": False}[each_release]


@pytest.mark.parametrize(("change", "begins"), [
    ({}, 'Username "'), ({"password": "short"}, "The password must be at least 8 characters long."),
    ({"password": "password1"}, "The password is too easy to guess.")])
def test_users_that_it_tries_again(manager: Manager, place: dict[str, Any], unique: str, change: dict[str, str],
                                   begins: str) -> None:
    if not change:
        manager.ok("POST", "/api/v3/users", new_user(place, unique))
    answer = manager.ask("POST", "/api/v3/users", new_user(place, unique, **change))
    assert (answer.status_code, answer.json()["code"]) == (400, 400)
    message = answer.json()["error"]["message"]
    assert message.startswith(begins)
    assert ("already taken." in message) == (not change)


@pytest.mark.parametrize("by", ["facility_id", "contact_id"])
def test_who_has_the_place(manager: Manager, place: dict[str, Any], unique: str, by: str) -> None:
    manager.ok("POST", "/api/v3/users", new_user(place, unique))
    asked = {"facility_id": place["id"], "contact_id": place["contact"]["id"]}[by]
    (found,) = manager.ok("GET", "/api/v2/users", params={by: asked})
    assert (found["username"], [one["_id"] for one in found["place"]]) == (f"{unique}-chw", [place["id"]])
    assert (found["contact"]["_id"], found["roles"]) == (place["contact"]["id"], ["chw"])
    query = {"selector": {"type": "user-settings", "facility_id": {"$elemMatch": {"$eq": place["id"]}}, "$or": [
        {"inactive": False}, {"inactive": {"$exists": False}}]}}
    assert [doc["name"] for doc in manager.ok("POST", "/medic/_find", query)["docs"]] == [f"{unique}-chw"]


def test_users_whose_place_goes(manager: Manager, strict: Client, place: dict[str, Any], unique: str) -> None:
    id, path = f"org.couchdb.user:{unique}-chw", f"/api/v1/users/{unique}-chw"
    manager.ok("POST", "/api/v3/users", new_user(place, unique))
    manager.ok("POST", path, {"username": f"{unique}-chw", "place": [place["id"]]})
    manager.ok("POST", path, {"username": f"{unique}-chw", "roles": ["deactivated"]})
    assert strict.doc(id, "_users")["roles"] == ["deactivated"]
    assert manager.ask("DELETE", path).status_code == 200
    assert strict.doc(id)["inactive"] is True
    assert strict.get(f"/_users/{id}").status_code == 404
    assert manager.ok("GET", "/api/v2/users", params={"facility_id": place["id"]}) == []
    assert (answer := manager.ask("DELETE", path)).status_code == 404, answer.text


def test_how_places_are_listed(manager: Manager, places: Places, place: dict[str, Any], unique: str) -> None:
    views = "/medic/_design/medic-client/_view"
    of_type = {"key": '["health_center"]', "reduce": "false"}
    rows = manager.ok("GET", f"{views}/contacts_by_type", params=of_type | {"include_docs": "true"})["rows"]
    assert {place["id"], places.area, places.other_area} <= {row["doc"]["_id"] for row in rows}
    assert len(manager.ok("GET", f"{views}/contacts_by_type", params=of_type | {"limit": "2"})["rows"]) == 2
    below = {"keys": json.dumps([[places.district, 0], [places.district, 1]]), "include_docs": "true"}
    rows = manager.ok("GET", "/medic/_design/medic/_view/contacts_by_depth", params=below)["rows"]
    assert rows[0]["doc"]["_id"] == places.district
    assert {row["id"] for row in rows} >= {places.district, places.area, places.other_area, place["id"]}
    assert places.clinic not in {row["id"] for row in rows}


def test_how_older_ones_list_places(manager: Manager, place: dict[str, Any], each_release: str, unique: str) -> None:
    """By a view of words: the newer release has it no more."""
    name = f"ward {unique}".lower()
    answer = manager.ask("GET", "/medic/_design/medic-client/_view/contacts_by_type_freetext", params={
        "startkey": json.dumps(["health_center", f"name:{name}"]), "include_docs": "true",
        "endkey": json.dumps(["health_center", f"name:{name}\ufff0"])})
    if each_release == "4.15":
        (row,) = answer.json()["rows"]
        assert (row["id"], row["key"], row["doc"]["_id"]) == (
            place["id"], ["health_center", f"name:{name}"], place["id"])
    else:
        assert (answer.status_code, answer.json()) == (404, {"error": "not_found", "reason": "missing_named_view"})


def test_several_documents_at_once(manager: Manager, place: dict[str, Any], unique: str) -> None:
    ids = [place["id"], f"{unique}-nowhere", place["contact"]["id"]]
    rows = manager.ok("POST", "/medic/_all_docs", {"keys": ids}, params={
        "include_docs": "true", "attachments": "true"})["rows"]
    assert [row.get("doc", {}).get("_id") for row in rows] == [place["id"], None, place["contact"]["id"]]


def test_what_hangs_on_a_contact(manager: Manager, strict: Client, place: dict[str, Any], unique: str) -> None:
    contact = place["contact"]["id"]
    report = strict.ok("POST", "/medic", {"type": "data_record", "form": "visit", "content_type": "xml",
                                          "reported_date": 1764000000000, "fields": {"patient_uuid": contact},
                                          "contact": {"_id": contact}, "name": unique})
    rows = manager.ok("POST", "/medic/_design/medic-client/_view/reports_by_subject", {"keys": [contact]})["rows"]
    assert {row["id"] for row in rows} == {report["id"]}
    assert manager.ok("GET", "/api/v2/monitoring")["sentinel"]["backlog"] >= 0


def test_a_contact_that_goes(manager: Manager, place: dict[str, Any]) -> None:
    path = f"/medic/{place['contact']['id']}"
    rev = manager.ok("GET", path)["_rev"]
    assert manager.ask("DELETE", path, params={"rev": rev}).status_code == 200
    assert (answer := manager.ask("GET", path)).status_code == 404
    assert answer.json() == {"error": "not_found", "reason": "deleted"}


def test_who_was_there_lately_is_for_admins(manager: Manager, strict: Client) -> None:
    path, keys = "/medic-logs/_all_docs", {"keys": [f"connected-user-{manager.name}"]}
    answer = manager.ask("POST", path, keys, params={"include_docs": "true"})
    assert (answer.status_code, answer.json()["reason"]) == (403, "You are not allowed to access this db.")
    rows = strict.ok("POST", path, keys, params={"include_docs": "true"})["rows"]
    assert [row["key"] for row in rows] == keys["keys"]
