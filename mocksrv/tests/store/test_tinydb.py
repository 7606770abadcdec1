"""A world is a TinyDB: TinyDB's own queries find its documents, in the process, from outside, and in its file."""

import json

import pytest
import requests
from tinydb import TinyDB, where
from tinydb.queries import QueryInstance

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.store import Store
from mocksrv.store.remote import ReadOnly

PEOPLE = where("type") == "person"


def test_a_store_is_a_tinydb():
    app = create_app(Config(size=20, vendor=("cht",)))
    store = app.worlds["default"].store
    assert isinstance(store, TinyDB)
    assert isinstance(store, Store)
    assert "cht.medic" in store.tables()
    people = store.table("cht.medic").search(PEOPLE)
    assert people
    assert people[0].doc_id == people[0]["_id"]
    assert store.table("cht.medic").get(people[0].doc_id) == dict(people[0])
    assert len(store) == sum(len(store.table(name)) for name in store.tables()) == sum(1 for _ in store)
    with pytest.raises(KeyError):
        store.table("nobody's")


def test_what_search_finds_is_a_copy():
    store = create_app(Config(size=20, vendor=("cht",))).worlds["default"].store
    medic = store.table("cht.medic")
    medic.search(PEOPLE)[0]["type"] = "changed"
    assert medic.search(where("type") == "changed") == []
    assert list(medic.matching(PEOPLE)) == medic.search(PEOPLE)


def test_a_test_asks_the_world_by_tinydbs_queries(mocksrv):
    made = requests.post(f"{mocksrv.url}/api/v1/people", json={"name": "Ada", "type": "person"}, auth=("admin", "pass"))
    medic = mocksrv.db.table("cht.medic")
    (ada,) = medic.search(PEOPLE & (where("name") == "Ada"))
    assert ada.doc_id == made.json()["id"]
    assert medic.get(doc_id=ada.doc_id)["name"] == "Ada"
    before = medic.count(PEOPLE)
    gone = requests.delete(f"{mocksrv.url}/medic/{ada.doc_id}?rev={medic.get(doc_id=ada.doc_id)['_rev']}",
                           auth=("admin", "pass"))
    assert gone.status_code == 200, gone.text
    assert medic.count(PEOPLE) == before - 1  # nothing is remembered of the first time
    assert "cht.medic" in mocksrv.db.tables()
    for write in (lambda: medic.insert({}), lambda: medic.truncate(), lambda: medic.update({"a": 1})):
        with pytest.raises(ReadOnly):
            write()


def test_plain_tinydb_opens_the_data_file(tmp_path):
    app = create_app(Config(size=20, vendor=("cht",), data=tmp_path / "world.json"))
    expected = {doc["_id"] for doc in app.worlds["default"].store.table("cht.medic").search(PEOPLE)}
    app.worlds["default"].store.compact()
    app.worlds.close()
    raw = json.loads((tmp_path / "world.json").read_text(encoding="utf-8"))
    with TinyDB(tmp_path / "world.json", access_mode="r") as plain:
        table = plain.table("cht.medic")
        table.document_id_class = str
        assert {doc["_id"] for doc in table.search(PEOPLE)} == expected
    assert raw["cht.medic"].keys() >= expected


@pytest.mark.parametrize(("path", "headers"), [
    ("/v1/locations?filters-q=a", {"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "UNSIGNED_KEY"}),
    ("/a/demo/api/v0.5/location/?site_code=kisumu",
     {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}),
    ("/_mocksrv/tables/cht.medic?q=person", {}),
])
def test_filters_without_an_index_are_tinydbs_queries(path, headers, monkeypatch):
    client, asked = create_app(Config(size=20)).test_client(), []
    plain = QueryInstance.__call__
    monkeypatch.setattr(QueryInstance, "__call__", lambda self, doc: asked.append(self) or plain(self, doc))
    assert client.get(path, headers=headers).status_code == 200
    assert asked
