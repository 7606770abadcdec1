"""Memory: what worlds, snapshots and journals may take together, and the clear no when it is used up."""

import json
import threading

import pytest

from mocksrv.journal import Entry, Journal
from mocksrv.journal.verify import verify
from mocksrv.problems import MEGABYTE

LARGE = "x" * 100_000  # a document of about 0.2 MB, as the ledger weighs it


@pytest.fixture
def small(shop_app):
    """A server with a megabyte for all."""
    app = shop_app(memory=1)
    return app, app.test_client()


def put(client, id, text=LARGE, world=""):
    return client.put(f"{world}/v1/things/{id}", data=json.dumps({"size": 1, "text": text}))


def fill(client, world=""):
    """Write until nothing more is taken; the last refusal and the ids that were taken."""
    taken = []
    for text in (LARGE, LARGE[:10_000], ""):
        for number in range(100):
            answer = put(client, f"n{len(text)}-{number}", text, world=world)
            if answer.status_code != 200:
                break
            taken.append(f"n{len(text)}-{number}")
        else:
            pytest.fail("nothing was ever refused")
    return answer, taken


def test_a_write_beyond_the_memory_is_our_own_507_and_leaves_nothing(small):
    app, client = small
    refused, taken = fill(client)
    assert 3 <= len(taken) <= 30
    assert (refused.status_code, refused.content_type) == (507, "application/problem+json")
    assert refused.json["type"] == "about:mocksrv#out-of-memory"
    for step in ("1 MB", "DELETE /~name/_mocksrv/world", "snapshots/name", "--memory"):
        assert step in refused.json["detail"]
        assert step in refused.headers["X-Mocksrv-Diagnosis"]
    table = app.worlds["default"].table("shop.things")
    assert [id for id in table.ids() if id.startswith("n")] == taken
    assert client.get("/v1/things").status_code == 200  # reading goes on
    assert put(client, taken[0], "").status_code == 200  # and so does what takes less than before
    assert put(client, "another", LARGE[:80_000]).status_code == 200
    assert put(client, "one too many").status_code == 507


def test_new_worlds_and_snapshots_are_refused_too_until_there_is_room(small):
    _, client = small
    fill(client, "/~big")
    assert client.get("/~new/v1/things").status_code == 507
    assert client.get("/~new/_mocksrv/clock").status_code == 507
    asked = [client.post("/_mocksrv/worlds", json={"name": "copy", "fork": "big"}),
             client.post("/_mocksrv/worlds", json={"name": "plain"}),
             client.post("/~big/_mocksrv/snapshots", json={"name": "kept"})]
    assert [(answer.status_code, answer.json["type"]) for answer in asked] == [(507, "about:mocksrv#out-of-memory")] * 3
    assert client.get("/_mocksrv/snapshots").json == []
    assert client.post("/~big/_mocksrv/reset").status_code == 200
    assert client.get("/~new/v1/things").status_code == 200


def test_snapshots_count_and_make_room_when_they_go(small):
    _, client = small
    put(client, "a")
    data = client.post("/_mocksrv/snapshots", json={"name": "one"}) and client.get("/_mocksrv/snapshots/one").json
    assert client.get("/_mocksrv/snapshots").json[0]["bytes"] > 200_000
    answers = [client.put(f"/_mocksrv/snapshots/s{number}", json=data) for number in range(3)]
    assert [answer.status_code for answer in answers] == [201, 507, 507]
    assert client.put("/_mocksrv/snapshots/s0", json=data).status_code == 201  # takes the place of its like
    client.delete("/_mocksrv/snapshots/s0")
    assert client.put("/_mocksrv/snapshots/new", json=data).status_code == 201
    assert client.post("/_mocksrv/snapshots/new/restore").json["bytes"] > 200_000


def test_a_world_of_many_documents_is_refused_before_it_is_whole(small):
    app, client = small
    made = []
    shop = app.vendors["shop"]
    seed = shop.seed

    def counted(world, size):
        for _ in range(size):
            seed(world, 1)
            made.append(1)

    shop.seed = counted
    refused = client.post("/_mocksrv/worlds", json={"name": "huge", "size": 100_000})
    assert (refused.status_code, refused.json["type"]) == (507, "about:mocksrv#out-of-memory")
    assert len(made) < 1_000
    assert "huge" not in app.worlds
    assert client.post("/_mocksrv/worlds", json={"name": "modest", "size": 20}).status_code == 201


def test_the_seeded_data_itself_takes_nothing(shop_app, tmp_path):
    for config in ({}, {"data": tmp_path / "world.json"}):
        app = shop_app(memory=1, size=2_000, **config)
        assert app.worlds["default"].store.ledger.weight == 0
        client = app.test_client()
        assert put(client, "a").status_code == 200
        [shown] = client.get("/_mocksrv/worlds").json
        assert 200_000 < shown["bytes"] < 400_000
        app.worlds.close()


def test_what_a_data_file_holds_at_the_start_takes_nothing(shop_app, tmp_path):
    for number in range(3):
        app = shop_app(memory=1, data=tmp_path / "world.json")
        assert app.worlds["default"].store.ledger.weight == 0
        for part in range(3):
            assert put(app.test_client(), f"{number}-{part}").status_code == 200
        app.worlds.close()


def test_idle_worlds_make_room_for_new_ones(shop_app):
    client = shop_app(memory=1, idle=0).test_client()
    fill(client, "/~big")
    assert client.get("/~new/v1/things").status_code == 200
    assert [one["name"] for one in client.get("/_mocksrv/worlds").json] == ["default", "new"]


def test_journals_give_way_before_anything_is_refused(small):
    app, client = small
    for number in range(600):
        client.get(f"/~w{number % 4}/v1/things?{'q' * 2_000}")
    held = [app.worlds[f"w{number}"].journal for number in range(4)]
    assert sum(journal.weight for journal in held) <= MEGABYTE
    assert all(0 < len(journal) < 150 for journal in held)
    assert put(client, "a").status_code == 200
    assert client.get("/~new/v1/things").status_code == 200


def test_the_sum_stays_right_when_worlds_write_at_once(shop_app):
    app = shop_app(memory=4)
    statuses = []

    def work(number):
        client = app.test_client()
        statuses.extend(put(client, f"n{round_}", world=f"/~w{number}").status_code for round_ in range(12))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200, 507}
    assert sum(world.weight for world in app.worlds) < 4 * MEGABYTE + 300_000


def entry(number, size=0):
    return Entry(number, "2024-01-01T00:00:00.000Z", "GET", "/v1/things", {"x-long": "x" * size}, status=200)


def test_a_journal_keeps_so_many_exchanges_and_so_many_bytes():
    by_number, by_size = Journal(kept=3), Journal(largest=100_000)
    for number in range(10):
        by_number.add(entry(number))
        by_size.add(entry(number, 30_000))
    assert [one.id for one in by_number.find()] == [7, 8, 9]
    assert [one.id for one in by_size.find()] == [7, 8, 9]
    assert (by_number.forgotten, by_size.forgotten) == (7, 7)
    assert by_size.weight == sum(one.weight for one in by_size.find()) <= 100_000
    by_size.add(entry(10, 200_000))
    assert len(by_size) == 0
    by_size.clear()
    assert (by_size.weight, by_size.forgotten) == (0, 0)


@pytest.mark.parametrize(("expected", "known"), [
    ({"status": 200, "exactly": 2}, False), ({"at_most": 5}, False), ({"status": 500, "never": True}, False),
    ({"status": 200}, True), ({"at_least": 2}, True), ({"in_order": [{"status": 200}]}, True),
])
def test_nothing_is_verified_of_exchanges_that_are_forgotten(expected, known):
    failure = verify([entry(1), entry(2)], expected, forgotten=3)
    assert failure is None if known else "among 3 older exchanges nobody knows" in failure.account


def test_faults_have_a_limit(shop, monkeypatch):
    monkeypatch.setattr("mocksrv.control.faults.MOST", 2)
    answers = [shop.post("/_mocksrv/faults", json={"status": 500}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 503]
    assert answers[2].json["type"] == "about:mocksrv#too-many-faults"
