"""Who wrote what, from CHT 4.20 on: the database `medic-audit`."""

import pytest
import requests

from mocksrv.app import create_app
from mocksrv.config import Config

ADMIN, PASSWORD = ("admin", "pass"), "Kisumu_2024"
NEWER = pytest.mark.mocksrv(release="5.2")


class Cht:
    def __init__(self, world):
        self.world = world

    def ask(self, method, path, body=None, auth=ADMIN):
        answer = requests.request(method, self.world.url + path, json=body, auth=auth)
        answer.raise_for_status()
        return answer.json()

    def history(self, id):
        (row,) = self.ask("POST", "/medic-audit/_all_docs?include_docs=true", {"keys": [id]})["rows"]
        return [(one["rev"], one["user"], one["service"]) for one in (row.get("doc") or {"history": []})["history"]]


@pytest.fixture
def cht(mocksrv):
    cht = Cht(mocksrv)
    cht.ask("GET", "/api/info")  # what is noted begins with the first request under the release
    return cht


@NEWER
@pytest.mark.parametrize(("method", "path", "noted"), [
    ("POST", "/medic/", True), ("POST", "/medic", False), ("PUT", "/medic/d1", True), ("PUT", "/medic/d1?a=1", True),
    ("PUT", "/medic/d1?a=/", False), ("POST", "/medic/_bulk_docs", True)])
def test_which_requests_are_noted(cht, method, path, noted):
    doc = {"_id": "d1", "type": "x"}
    cht.ask(method, path, {"docs": [doc, {"_id": "d2"}]} if "bulk" in path else doc)
    rev = cht.ask("GET", "/medic/d1")["_rev"]
    assert cht.history("d1") == ([(rev, "admin", "api")] if noted else [])


@NEWER
def test_attachments_design_documents_and_deletions_are_not_noted(cht):
    rev = cht.ask("PUT", "/medic/d1", {})["rev"]
    cht.ask("PUT", "/medic/_design/own", {"views": {}})
    assert cht.history("_design/own") == []
    later = requests.put(f"{cht.world.url}/medic/d1/a.txt?rev={rev}", data="hi", auth=ADMIN,
                         headers={"Content-Type": "text/plain"}).json()["rev"]
    cht.ask("DELETE", f"/medic/d1?rev={later}")
    assert cht.history("d1") == [(rev, "admin", "api")]
    cht.ask("PUT", "/medic/d2", {})
    assert (len(cht.history("d1")), len(cht.history("d2"))) == (1, 1), "nor with the next request"


@NEWER
def test_a_write_that_fails_is_not_noted(cht):
    rev = cht.ask("PUT", "/medic/d1", {})["rev"]
    assert requests.put(f"{cht.world.url}/medic/d1", json={}, auth=ADMIN).status_code == 409
    cht.ask("POST", "/medic/_bulk_docs", {"docs": [{"_id": "d1"}, {"_id": "d2"}]})
    assert (cht.history("d1"), len(cht.history("d2"))) == ([(rev, "admin", "api")], 1)


@NEWER
def test_revisions_that_a_client_brings_are_noted_whether_they_are_new_or_not(cht):
    """As by `new_edits: false` of a replication; of an offline user only of documents that he may write."""
    lineage = {"_id": "center", "parent": {"_id": "district"}}
    person = {"_id": "chw", "type": "person", "parent": lineage}
    cht.ask("POST", "/medic/_bulk_docs", {"docs": [
        {"_id": "district", "type": "district_hospital"},
        {"_id": "center", "type": "health_center", "parent": {"_id": "district"}}, person]})
    cht.ask("POST", "/api/v1/users", {"username": "ada", "password": PASSWORD, "roles": ["chw"], "place": "center",
                                      "contact": "chw"})
    report = {"_id": "r1", "_rev": "1-a", "type": "data_record", "form": "F", "fields": {"place_id": "center"},
              "contact": {"_id": "chw"}}
    other = {"_id": "district", "_rev": "9-a", "type": "district_hospital"}
    for _ in range(2):
        cht.ask("POST", "/medic/_bulk_docs", {"new_edits": False, "docs": [report, other]}, auth=("ada", PASSWORD))
    assert cht.history("r1") == [("1-a", "ada", "api")] * 2
    assert len(cht.history("district")) == 1
    cht.ask("POST", "/medic/_bulk_docs", {"new_edits": False, "docs": [other | {"_rev": "1-0"}]})
    assert cht.history("district")[1:] == [("1-0", "admin", "api")], "the revision that came, not the one that won"


@NEWER
def test_what_the_background_process_writes_is_noted(cht):
    cht.ask("PUT", "/api/v1/settings?replace=1", {"transitions": {"generate_shortcode_on_contacts": True}})
    first = cht.ask("PUT", "/medic/p1", {"type": "person"})["rev"]
    cht.world.clock.advance(2)
    rev = cht.ask("GET", "/medic/p1")["_rev"]
    assert cht.history("p1") == [(first, "admin", "api"), (rev, "admin", "sentinel")]


@pytest.mark.parametrize(("release", "size", "noted"), [("4.15", 0, 0), ("5.2", 0, 1), ("5.2", 30, 1)])
def test_what_a_new_installation_consists_of_is_noted(release, size, noted):
    settings = {"vendor": ("cht",), "size": size, "set": {"cht.release": release}}
    client = create_app(Config(**settings)).test_client()

    def ids(database, query=""):
        answer = client.get(f"/{database}/_all_docs{query}", auth=ADMIN).get_json()
        return {row["id"]: row for row in answer["rows"]}

    ids("medic")
    found = ids("medic-audit", "?include_docs=true")
    expected = {"messages-en", "settings", "_design/medic"} if noted else set()
    assert set(found) & {"messages-en", "settings", "_design/medic", "service-worker-meta"} == expected
    assert all(len(row["doc"]["history"]) == 1 and list(row["doc"]["history"][0]) == ["rev", "user", "date", "service"]
               for row in found.values())
