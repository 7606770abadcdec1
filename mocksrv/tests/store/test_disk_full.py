"""A data file that takes nothing: the world concerned says so, loses nothing, and goes on when there is room again."""

import errno
import os

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.store import InUse, Store, TableSpec
from mocksrv.store.disk import DataFile

ADMIN = ("admin", "pass")


@pytest.fixture
def app(tmp_path):
    app = create_app(Config(data=tmp_path / "world.json", size=0))
    yield app
    app.worlds.close()


@pytest.fixture
def full(monkeypatch):
    """Let the disk be full, and have room again, as often as wanted."""
    plain = DataFile._write_line

    def refuse(self, json):
        self._log_ready = False
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return lambda yes=True: monkeypatch.setattr(DataFile, "_write_line", refuse if yes else plain)


def test_a_write_is_undone_and_refused_in_the_vendors_form(app, full, tmp_path):
    client = app.test_client()
    assert client.put("/medic/before", json={"n": 1}, auth=ADMIN).status_code == 201
    for _ in range(20):
        full()
        refused = client.put("/medic/while", json={"n": 2}, auth=ADMIN)
        assert (refused.status_code, refused.text) == (507, "Server error")
        assert "No space left" in refused.headers["X-Mocksrv-Diagnosis"]
        assert client.get("/medic/while", auth=ADMIN).status_code == 404
        assert client.get("/medic/before", auth=ADMIN).json["n"] == 1
        full(False)
    entry = client.get("/_mocksrv/journal?status=507&limit=1").json[0]
    assert (entry["operation"], entry["failed"]) == ("couch_put_document", True)
    assert client.put("/medic/after", json={"n": 3}, auth=ADMIN).status_code == 201
    app.worlds.close()
    again = create_app(Config(data=tmp_path / "world.json", size=0))
    statuses = [again.test_client().get(f"/medic/{id}", auth=ADMIN).status_code for id in ("before", "while", "after")]
    again.worlds.close()
    assert statuses == [200, 404, 200]


def test_other_worlds_reads_and_the_control_plane_go_on(app, full):
    full()
    client = app.test_client()
    assert client.put("/~other/medic/x", json={}, auth=ADMIN).status_code == 201
    unsigned = {"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "UNSIGNED_KEY"}
    assert client.get("/v1/locations", headers=unsigned).status_code == 200
    assert client.get("/_mocksrv/ready").status_code == 200
    assert client.get("/_mocksrv/clock").status_code == 200


def test_a_stream_that_cannot_be_kept_is_cut(app, full):
    client = app.test_client()
    client.put("/medic/x", json={"type": "person"}, auth=ADMIN)
    full()
    with pytest.raises(OSError, match="No space"):
        client.post("/api/v1/bulk-delete", json={"docs": [{"_id": "x"}]}, auth=ADMIN).get_data()
    assert client.get("/medic/x", auth=ADMIN).status_code == 200


@pytest.mark.parametrize("rewritten", [False, True])
def test_a_hard_link_is_the_same_file(tmp_path, rewritten):
    store, _, _ = Store.open([TableSpec("a")], tmp_path / "one.json")
    store.table("a").insert("x", {})
    store.commit({})
    if rewritten:
        store.compact()
    os.link(tmp_path / "one.json", tmp_path / "two.json")
    with pytest.raises(InUse):
        Store.open([TableSpec("a")], tmp_path / "two.json")
    store.close()
    Store.open([TableSpec("a")], tmp_path / "two.json")[0].close()
