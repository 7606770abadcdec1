"""What the control plane shows of a world's tables, and of the vendors' settings."""

import json
import threading

import pytest
import requests

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.serving.server import Server


def ids(answer):
    return [found["id"] for found in answer.json["documents"]]


def test_tables_are_listed_with_their_vendor_and_count(shop):
    assert shop.get("/_mocksrv/tables").json == [{"name": "shop.things", "vendor": "shop", "count": 6}]
    shop.put("/~w/v1/things/x", data='{"size": 1}')
    assert [shop.get(f"{prefix}/_mocksrv/tables").json[0]["count"] for prefix in ("", "/~w")] == [6, 7]


def test_documents_come_in_pages(shop):
    first = shop.get("/_mocksrv/tables/shop.things?limit=4").json
    assert first["documents"][0] == {"id": "owner", "doc": {"colour": "gold", "size": 0}}
    assert {key: first[key] for key in ("name", "vendor", "count", "found", "skip", "limit")} == {
        "name": "shop.things", "vendor": "shop", "count": 6, "found": 6, "skip": 0, "limit": 4}
    second = shop.get("/_mocksrv/tables/shop.things?limit=4&skip=4").json
    assert [len(page["documents"]) for page in (first, second)] == [4, 2]
    assert not {found["id"] for found in first["documents"]} & {found["id"] for found in second["documents"]}
    assert shop.get("/_mocksrv/tables/shop.things?limit=99999").json["limit"] == 1000
    assert ids(shop.get("/_mocksrv/tables/shop.things?skip=99")) == []


@pytest.mark.parametrize(("query", "found"), [
    ({"id": "owner"}, ["owner"]), ({"id": "own"}, []), ({"q": "OWN"}, ["owner"]), ({"q": "gold"}, ["owner"]),
    ({"q": '"size":7'}, ["Ünsal"]), ({"q": "ünSAL"}, ["Ünsal"]), ({"q": "żółw"}, ["Ünsal"]), ({"q": "nobody"}, []),
    ({"q": "gold", "id": "Ünsal"}, ["Ünsal"]),
])
def test_documents_are_found_by_id_and_by_text(shop, query, found):
    shop.put("/v1/things/Ünsal", data=json.dumps({"animal": "Żółw", "size": 7}))
    answer = shop.get("/_mocksrv/tables/shop.things", query_string=query)
    assert ids(answer) == found
    assert answer.json["found"] == len(found)


@pytest.mark.parametrize(("path", "status", "code"), [
    ("/tables/none", 404, "no-such-table"),
    ("/tables/shop.things?limit=-1", 400, "not-a-number"),
    ("/tables/shop.things?skip=²", 400, "not-a-number"),
    ("/tables/shop.things?limit=" + "9" * 5000, 400, "not-a-number"),
    ("/tables/shop.things?colour=red", 400, "unknown-member"),
])
def test_bad_questions_are_problems(shop, path, status, code):
    answer = shop.get(f"/_mocksrv{path}")
    assert (answer.status_code, answer.json["type"]) == (status, f"about:mocksrv#{code}")


def test_mail_that_carehq_would_have_sent_can_be_read():
    app = create_app(Config(vendor=("carehq",)))
    world = app.worlds["default"]
    world.table("carehq.outbox").insert("000001", {"kind": "email", "to": "ada@example.org"})
    client = app.test_client()
    assert {"name": "carehq.outbox", "vendor": "carehq", "count": 1} in client.get("/_mocksrv/tables").json
    assert client.get("/_mocksrv/tables/carehq.outbox").json["documents"][0]["doc"]["to"] == "ada@example.org"


def test_settings_are_listed_with_what_they_take(shop):
    shop.post("/_mocksrv/settings", json={"shop.mood": "bad"})
    assert shop.get("/_mocksrv/settings/known").json == [
        {"setting": "shop.mood", "value": "bad", "default": "good", "choices": ["good", "bad"],
         "help": "How it answers"},
        {"setting": "shop.stock", "value": 3, "default": 3, "choices": [], "help": "How many"},
    ]


def test_a_world_can_be_forked(shop):
    shop.put("/~a/v1/things/x", data='{"size": 1}')
    shop.post("/~a/_mocksrv/clock", json={"set": "2024-01-01T00:00:00Z", "freeze": True})
    assert shop.post("/_mocksrv/worlds", json={"name": "b", "fork": "a"}).status_code == 201
    assert shop.get("/~b/_mocksrv/clock").json["now"] == "2024-01-01T00:00:00.000000Z"
    shop.put("/~b/v1/things/y", data='{"size": 1}')
    assert [{"x", "y"} & set(shop.get(f"/~{name}/v1/things").json) for name in "ab"] == [{"x"}, {"x", "y"}]


@pytest.mark.parametrize(("body", "status", "code"), [
    ({"name": "b", "fork": "none"}, 404, "no-such-world"),
    ({"name": "b", "fork": 5}, 404, "no-such-world"),
    ({"name": "b", "fork": "default", "seed": 3}, 400, "bad-fork"),
])
def test_what_cannot_be_forked_is_a_problem(shop, body, status, code):
    answer = shop.post("/_mocksrv/worlds", json=body)
    assert (answer.status_code, answer.json["type"]) == (status, f"about:mocksrv#{code}")
    assert [one["name"] for one in shop.get("/_mocksrv/worlds").json] == ["default"]


def test_a_journal_stream_ends_with_its_world(shop, monkeypatch):
    monkeypatch.setattr("mocksrv.control.journal.PATIENCE", 0.01)
    stream = iter(shop.get("/~w/_mocksrv/journal/stream").response)
    assert [next(stream), next(stream)] == [b": following\n\n", b": nothing new\n\n"]
    shop.post("/~w/_mocksrv/reset")
    assert list(stream) == []


def test_a_journal_stream_does_not_keep_the_server_from_stopping(shop_app):
    with Server(shop_app()) as server:
        stream = requests.get(f"{server.url}/_mocksrv/journal/stream", stream=True, timeout=10)
        lines = stream.iter_lines()
        assert next(lines) == b": following"
        threading.Thread(target=server.stop).start()
        assert set(lines) <= {b"", b": nothing new"}
