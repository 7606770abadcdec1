"""Revision ids are those of CouchDB."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.cht.couch import revisions

ADMIN = {"Authorization": "Basic YWRtaW46cGFzcw=="}


@pytest.mark.parametrize(("body", "previous", "deleted", "expected"), [
    ({}, None, False, "1-967a00dff5e02add41819138abb3284d"),
    ({"a": 1}, None, False, "1-23202479633c2b380f79507a776743d5"),
    # Recorded from CouchDB 3.3.3.
    ({"type": "data_record", "form": "BD", "reported_date": 1}, None, False, "1-542c2cbd695e30419597ed58bc13ad13"),
    ({"type": "data_record", "form": "BD", "reported_date": 1}, "1-542c2cbd695e30419597ed58bc13ad13", True,
     "2-3a37372162d20124870ccfa513e43a51"),
])
def test_revisions_are_couchdbs_own(body, previous, deleted, expected):
    assert revisions.digest(body, previous, deleted) == expected


@pytest.fixture(scope="module")
def client():
    app = create_app(Config(vendor=("cht",), size=0, limits=False))
    yield app.test_client()
    app.worlds.close()


@pytest.mark.parametrize(("start", "ids"), [(0, []), (3, []), (0, ["a" * 32, "b" * 32]), (-3, ["a" * 32]),
                                            (1, ["", "x-y"]), (1, ["c" * 32])])
def test_a_history_with_more_revisions_than_it_counts_leaves_a_document_that_can_be_read(client, start, ids):
    id = f"odd-{start}-{len(ids)}"
    doc = {"_id": id, "_rev": f"2-{'a' * 32}", "_revisions": {"start": start, "ids": ids}}
    assert client.post("/medic/_bulk_docs", json={"docs": [doc], "new_edits": False}, headers=ADMIN).json == []
    for path in (f"{id}?revs=true&conflicts=true", f"{id}?open_revs=all", "_changes?style=all_docs", "_all_docs"):
        assert client.get(f"/medic/{path}", headers=ADMIN).status_code == 200
