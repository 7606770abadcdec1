"""A long answer is made a page at a time; others are answered in between, and it shows what was there at its begin."""

import json
import threading

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.cht.couch_api import changes

ADMIN = {"Authorization": "Basic YWRtaW46cGFzcw==", "Content-Type": "application/json"}


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(changes, "PAGE", 10)
    app = create_app(Config(vendor=("cht",), size=0, limits=False))
    client = app.test_client()
    docs = [{"_id": f"long-{number:02d}", "n": number} for number in range(35)]
    assert client.post("/medic/_bulk_docs", json={"docs": docs}, headers=ADMIN).status_code == 201
    yield client
    app.worlds.close()


def written_beside(client):
    """By somebody else, who waits for the world's lock."""
    def write():
        for id in ("long-30", "long-99"):
            made = client.application.test_client()
            rev = made.get(f"/medic/{id}", headers=ADMIN).json.get("_rev")
            answers.append(made.put(f"/medic/{id}", json={"_rev": rev} if rev else {}, headers=ADMIN).status_code)

    answers = []
    other = threading.Thread(target=write)
    other.start()
    other.join(10)
    return answers


@pytest.mark.parametrize("asked", ["include_docs=true", "include_docs=true&descending=true"])
def test_others_write_while_a_feed_of_changes_is_sent(client, asked):
    whole = client.get(f"/medic/_changes?{asked}", headers=ADMIN).get_data()
    sent = client.get(f"/medic/_changes?{asked}", headers=ADMIN, buffered=False).iter_encoded()
    begun = next(sent)
    assert written_beside(client) == [201, 201]
    rest = [*sent]
    assert len(rest) >= 3
    assert begun + b"".join(rest) == whole
    assert [row["id"] for row in json.loads(client.get(f"/medic/_changes?{asked}", headers=ADMIN).get_data())["results"]
            if row["id"] in ("long-30", "long-99")] in (["long-30", "long-99"], ["long-99", "long-30"])


@pytest.mark.parametrize("limit", [0, 1, 9, 10, 11, 20, 21])
def test_pages_change_nothing_in_the_answer(client, monkeypatch, limit):
    paged = client.get(f"/medic/_changes?limit={limit}", headers=ADMIN).get_data()
    monkeypatch.setattr(changes, "PAGE", 1_000)
    assert paged == client.get(f"/medic/_changes?limit={limit}", headers=ADMIN).get_data()
    assert len(json.loads(paged)["results"]) == limit
