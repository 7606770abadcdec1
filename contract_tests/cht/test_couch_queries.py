"""What clients of CouchDB ask beside plain documents: ranges, several queries, sessions, copies of databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

pytestmark = pytest.mark.writes
DIAGNOSIS = "X-Mocksrv-Diagnosis"

BY_TYPE = "/medic/_design/medic-client/_view/contacts_by_type"
REVERSE = "No rows can match your key range, reverse your start_key and end_key or set descending="


def rows(api: Any, path: str, query: str) -> list[Any]:
    return [row["id"] for row in api.ok("GET", f"{path}?{query}")["rows"]]


@pytest.fixture
def people(api: Any, unique: str) -> list[str]:
    """Three people of a type's view, by id."""
    ids = [f"{unique}-{letter}" for letter in "abc"]
    for id in ids:
        api.ok("PUT", f"/medic/{id}", {"type": "person", "name": "Atieno"})
    return ids


@pytest.mark.release(until="5.0")
@pytest.mark.parametrize("names", [("startkey_docid", "endkey_docid"), ("start_key_doc_id", "end_key_doc_id")])
def test_documents_within_a_key(api: Any, people: list[str], names: tuple[str, str]) -> None:
    (start, end), (first, second, third) = names, people
    key = quote('["person"]')
    found = rows(api, BY_TYPE, f"startkey={key}&endkey={key}&{start}={second}&{end}={third}")
    assert found == [second, third]
    down = rows(api, BY_TYPE, f"startkey={key}&endkey={key}&{start}={second}&{end}={first}&descending=true")
    assert down == [second, first]


@pytest.mark.release(until="5.0")
@pytest.mark.parametrize(("query", "reason"), [
    ('startkey=["person"]&endkey=["clinic"]', f"{REVERSE}true"),
    ('startkey=["clinic"]&endkey=["person"]&descending=true', f"{REVERSE}false"),
    ('keys=[["clinic"]]&startkey=["a"]', "`keys` is incompatible with `key`, `start_key` and `end_key`"),
    ("stale=foo", "Invalid value for `stale`."),
])
def test_views_refuse(api: Any, query: str, reason: str) -> None:
    answer = api.get(f"{BY_TYPE}?{query}")
    told = answer.json()
    assert (answer.status_code, told["error"], told["reason"]) == (400, "query_parse_error", reason)


def test_all_docs_takes_ranges_the_wrong_way_round(api: Any) -> None:
    assert rows(api, "/medic/_all_docs", 'startkey="z"&endkey="a"') == []


def test_key_is_both_ends_where_it_is_read(api: Any) -> None:
    every = rows(api, "/medic/_all_docs", 'startkey="0"&endkey="z"')
    assert rows(api, "/medic/_all_docs", 'key="0"&endkey="z"') == every
    assert rows(api, "/medic/_all_docs", 'endkey="z"&key="settings"') == ["settings"]


@pytest.mark.parametrize("path", [BY_TYPE, "/medic/_all_docs"])
def test_update_seq(api: Any, path: str) -> None:
    found = api.ok("GET", f"{path}?limit=0&update_seq=true")
    assert found["rows"] == []
    assert str(found["update_seq"]).partition("-")[0].isdigit()


def test_names_of_databases(api: Any) -> None:
    every = api.ok("GET", "/_all_dbs")
    assert api.ok("GET", "/_all_dbs?limit=2") == every[:2]
    assert api.ok("GET", "/_all_dbs?limit=1&descending=true") == every[-1:]
    assert api.ok("GET", '/_all_dbs?startkey="medic"&endkey="medic-b"') == [
        name for name in every if "medic" <= name <= "medic-b"]


@pytest.mark.parametrize(("path", "queries"), [
    ("/medic/_all_docs/queries", [{"limit": 1}, {"keys": ["settings"]}]),
    ("/medic/_local_docs/queries", [{"limit": 0}, {"keys": ["none"]}]),
    ("/medic/_design_docs/queries", [{"limit": 1}, {"keys": ["_design/medic"]}]),
    (f"{BY_TYPE}/queries", [{"limit": 1}, {"key": ["person"], "limit": 2}]),
])
def test_several_queries(api: Any, people: list[str], path: str, queries: list[Any]) -> None:
    results = api.ok("POST", path, {"queries": queries})["results"]
    assert len(results) == 2
    assert len(results[0]["rows"]) == queries[0]["limit"]
    assert len(results[1]["rows"]) in (1, 2)


def test_state_of_an_index(api: Any) -> None:
    found = api.ok("GET", "/medic/_design/medic/_info")
    assert found["name"] == "medic"
    assert not found["view_index"]["updater_running"]


# --- sessions ------------------------------------------------------------------------------------------------


def session(api: Any, **sent: Any) -> requests.Response:
    return requests.post(api.url + "/_session", timeout=30, **sent)


@pytest.mark.parametrize("how", ["json", "data"])
def test_a_session_by_username(api: Any, how: str) -> None:
    name, password = api.auth
    assert session(api, **{how: {"username": name, "password": password}}).status_code == 200
    both = session(api, **{how: {"username": name, "name": "other", "password": password}})
    assert both.status_code == 400
    assert "different usernames" in both.text


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", None])
def test_a_session_needs_its_content_type(api: Any, kind: str | None) -> None:
    answer = session(api, data=b"name=admin&password=pass", headers={"Content-Type": kind} if kind else {})
    assert (answer.status_code, answer.json()["error"]) == (415, "bad_content_type")


# --- copies of databases -------------------------------------------------------------------------------------


@pytest.fixture
def two(api: Any, unique: str) -> Iterator[tuple[str, str]]:
    """A database with three documents, one of them deleted, and the name of one that is not there yet."""
    source, target = f"{unique}-from", f"{unique}-to"
    assert api.put(f"/{source}").status_code == 201
    for id in ("one", "two"):
        api.ok("PUT", f"/{source}/{id}", {"name": id})
    api.ok("PUT", f"/{source}/gone", {"name": "gone"})
    api.ok("DELETE", f"/{source}/gone?rev={api.doc('gone', source)['_rev']}")
    yield source, target
    for name in (source, target):
        api.delete(f"/{name}")


def ids(api: Any, database: str) -> list[str]:
    return rows(api, f"/{database}/_all_docs", "")


@pytest.mark.parametrize(("more", "there", "written"), [
    ({}, ["one", "two"], 3), ({"doc_ids": ["two"]}, ["two"], 1), ({"selector": {"name": "one"}}, ["one"], 1)])
def test_replicate(api: Any, two: tuple[str, str], more: dict[str, Any], there: list[str], written: int) -> None:
    source, target = two
    job = {"source": source, "target": target, "create_target": True, **more}
    done = api.ok("POST", "/_replicate", job)
    assert (done["ok"], done["history"][0]["docs_written"]) == (True, written)
    assert ids(api, target) == there
    assert api.doc(there[0], target) == api.doc(there[0], source)
    assert api.ok("POST", "/_replicate", job)["no_changes"]


@pytest.mark.mock_only
def test_replicate_over_loopback(api: Any, two: tuple[str, str]) -> None:
    source, target = two
    name, password = api.auth
    url = api.url.replace("://", f"://{name}:{password}@")
    api.ok("POST", "/_replicate", {"source": f"{url}/{source}", "target": f"{url}/{target}", "create_target": True})
    assert ids(api, target) == ["one", "two"]


@pytest.mark.mock_only
def test_other_servers_are_left_out(api: Any, two: tuple[str, str]) -> None:
    answer = api.post("/_replicate", {"source": "https://couch.example.org/db", "target": two[0]})
    assert answer.status_code == 501
    assert "couch.example.org" in answer.headers[DIAGNOSIS] + answer.text


@pytest.mark.mock_only
def test_replicator(api: Any, two: tuple[str, str]) -> None:
    source, target = two
    api.ok("PUT", "/_replicator/job", {"source": source, "target": target, "create_target": True})
    assert api.doc("job", "_replicator")["_replication_state"] == "completed"
    assert ids(api, target) == ["one", "two"]


def test_replicate_needs_its_source(api: Any) -> None:
    answer = api.post("/_replicate", {"source": "not-there", "target": "nor-this"})
    assert (answer.status_code, answer.json()["error"]) == (404, "db_not_found")


# --- writing -------------------------------------------------------------------------------------------------


def test_a_tombstone_takes_no_revision_of_before(api: Any, unique: str) -> None:
    path = f"/medic/{unique}"
    rev = api.ok("PUT", path, {"n": 1})["rev"]
    gone = api.ok("DELETE", f"{path}?rev={rev}")["rev"]
    assert api.put(path, {"n": 2, "_rev": rev}).status_code == 409
    assert api.get(f"{path}?rev={gone}").status_code == 200
    assert api.ok("PUT", path, {"n": 3})["rev"].startswith("3-")


def test_a_batch_is_accepted(api: Any, unique: str) -> None:
    answer = api.put(f"/medic/{unique}?batch=ok", {"n": 1})
    assert (answer.status_code, answer.json()) == (202, {"ok": True, "id": unique})


def test_offline_users_write_without_new_edits(api: Any, unique: str) -> None:
    """What PouchDB pushes: of documents that are not the user's own there is a refusal, and no failure."""
    place = api.ok("POST", "/api/v1/places", {"type": "district_hospital", "name": "Kisumu"})["id"]
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "type": "chw", "place": place,
                                     "contact": {"name": "Achieng"}})
    user, pushed, twin = api.as_user(unique), f"{unique}-pushed", f"{unique}-twin"
    own = {"_id": pushed, "_rev": "1-0123456789abcdef0123456789abcdef", "type": "person", "name": "Auma",
           "parent": {"_id": place}}
    answer = user.post("/medic/_bulk_docs", {"new_edits": False, "docs": [own, {**own, "_id": "settings"}]})
    assert answer.status_code == 201
    assert api.doc(pushed)["_rev"] == own["_rev"]
    again = user.post("/medic/_bulk_docs", {"docs": [{**own, "_id": twin, "_rev": None}, {**own, "_id": twin}]})
    assert again.status_code < 500


@pytest.mark.parametrize("path", ["_all_docs/x", "_bulk_docs/x", "_changes/x", "_purge", "_index"])
def test_odd_paths_of_offline_users(api: Any, unique: str, path: str) -> None:
    place = api.ok("POST", "/api/v1/places", {"type": "district_hospital", "name": "Kisumu"})["id"]
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "type": "chw", "place": place,
                                     "contact": {"name": "Achieng"}})
    for method in ("GET", "POST"):
        assert api.as_user(unique).request(method, f"/medic/{path}", {} if method == "POST" else None).status_code < 500


# --- the node ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/_db_updates", "/_scheduler/jobs", "/_node/_local/_system", "/_reshard"])
@pytest.mark.mock_only
def test_parts_that_are_left_out(api: Any, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 501
    assert answer.headers[DIAGNOSIS]
    assert api.anonymous().get(path).status_code == 401  # nobody is told before it is known who asks


def test_statistics_of_the_node(api: Any) -> None:
    before = api.ok("GET", "/_node/_local/_stats/couchdb/httpd/requests")
    assert (before["type"], before["desc"]) == ("counter", "number of HTTP requests")
    assert api.ok("GET", "/_node/_local/_stats")["couchdb"]["httpd"]["requests"]["value"] > before["value"]
    assert api.request("HEAD", "/_node/_local/_stats").status_code == 200
    assert api.get("/_node/_local/_stats/no").status_code == 404
    name = api.ok("GET", "/_node/_local")["name"]
    assert "couchdb" in api.ok("GET", f"/_node/{name}/_stats")
    assert api.get("/_node/nowhere/_stats").status_code == 404


def test_a_database_of_the_same_name_begins_at_another_time(api: Any, unique: str) -> None:
    name = f"again-{unique}"
    api.ok("PUT", f"/{name}")
    began = api.ok("GET", f"/{name}")["instance_start_time"]
    api.ok("PUT", f"/{name}/one", {})
    assert api.ok("GET", f"/{name}")["instance_start_time"] == began
    assert int(began) > int(api.ok("GET", "/medic/")["instance_start_time"])
    api.ok("DELETE", f"/{name}")


@pytest.mark.release(until="5.0")
def test_events_end_with_an_error_of_the_proxy(api: Any) -> None:
    answer = api.get("/medic/_changes?feed=eventsource&since=now&timeout=50")
    assert (answer.status_code, answer.text) == (200, '\n{"code":500,"error":"Server error"}')


@pytest.mark.mock_only  # another installation has roles of its own
@pytest.mark.release(until="5.0")
def test_offline_users_without_a_place_read_what_all_may(api: Any, unique: str) -> None:
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "roles": ["program_officer"]})
    user = api.as_user(unique)
    user.ok("POST", f"/api/v1/users/{unique}", {"roles": ["chw"]})
    assert user.get("/medic/settings").status_code == 200
    assert user.get("/api/v1/replication/get-ids").status_code == 500
