"""Worlds side by side: isolation, serial answers, and the same end as a serial run."""

import json
import threading

import pytest

from mocksrv.call import Call
from mocksrv.config import Config, ConfigError
from mocksrv.worlds import Worlds


def put(app, world, key, document, path="/v1/things/{}"):
    answer = app.test_client().put(f"/~{world}{path.format(key)}", data=json.dumps(document))
    assert answer.status_code == 200


def test_sixteen_threads_on_eight_worlds_end_as_a_serial_run_does(shop_app):
    rounds, app, serial = 60, shop_app(), shop_app()
    errors = []

    def work(target, thread):
        client = target.test_client()
        try:
            for number in range(rounds):
                key = f"{thread}-{number % 7}"
                world = f"w{thread % 8}"
                client.put(f"/~{world}/v1/things/{key}", data=json.dumps({"size": number, "colour": world}))
                assert client.get(f"/~{world}/v1/things/{key}").json == {"size": number, "colour": world}
                client.post(f"/~{world}/v1/ids")
                client.post(f"/~{world}/_mocksrv/clock", json={"advance": 1})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(app, number)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(16):
        work(serial, number)
    assert not errors
    for number in range(8):
        mine, theirs = app.worlds[f"w{number}"], serial.worlds[f"w{number}"]
        assert mine.store.dump()["shop.things"].items() == theirs.store.dump()["shop.things"].items()
        assert mine.random.draws == theirs.random.draws
        assert mine.clock.offset == pytest.approx(2 * rounds)
        assert len(mine.journal) == len(theirs.journal) == 2 * rounds * 3


def test_a_slow_answer_holds_up_its_own_world_only(shop_app):
    app = shop_app()
    entered, leave, order = threading.Event(), threading.Event(), []

    def slow(world, call):
        entered.set()
        assert leave.wait(10)
        order.append("slow")
        return {}

    app.vendors["shop"].operation("GET", "/v1/slow")(slow)
    app = type(app)(app.vendors.values(), app.settings, app.worlds)
    holder = threading.Thread(target=app.test_client().get, args=("/~a/v1/slow",))
    holder.start()
    assert entered.wait(10)
    assert app.test_client().get("/~b/v1/things").status_code == 200

    def same_world():
        app.test_client().get("/~a/v1/things")
        order.append("quick")

    waiter = threading.Thread(target=same_world)
    waiter.start()
    leave.set()
    holder.join()
    waiter.join()
    assert order == ["slow", "quick"]


CLOCK = {"freeze": True, "set": "2028-02-29T12:00:00Z", "skew": 0}
AT = {"now": "2028-02-29T12:00:00.000000Z", "frozen": True, "skew": 0.0, "rate": 1.0}


def test_a_world_is_made_at_a_moment_of_its_own(shop):
    made = shop.post("/_mocksrv/worlds", json={"name": "w", "clock": CLOCK})
    assert made.json["clock"] == AT
    assert "X-Mocksrv-Diagnosis" not in made.headers
    assert shop.get("/~other/_mocksrv/clock").json["frozen"] is False


@pytest.mark.parametrize(("path", "order"), [
    ("/~w/_mocksrv/reset", None), ("/_mocksrv/worlds", {"name": "w"}), ("/_mocksrv/worlds", {"name": "w", "size": 2})])
def test_who_loses_a_clock_that_was_set_is_told(shop, path, order):
    shop.post("/~w/_mocksrv/clock", json=CLOCK)
    again = shop.post(path, json=order)
    assert again.json["clock"]["frozen"] is False
    assert "which stood at 2028-02-29T12:00:00.000Z, is the machine's again" in again.headers["X-Mocksrv-Diagnosis"]
    assert "X-Mocksrv-Diagnosis" not in shop.post(path, json=order).headers, "there is nothing to lose any more"


@pytest.mark.parametrize(("clock", "code"), [
    ("noon", "bad-clock"), ({"frozen": True}, "bad-clock"), ({"set": "noon"}, "not-a-time"),
    ({"rate": -1}, "clock-range")])
def test_a_clock_that_is_none_makes_no_world(shop, clock, code):
    refused = shop.post("/_mocksrv/worlds", json={"name": "w", "clock": clock})
    assert (refused.status_code, refused.json["type"]) == (400, f"about:mocksrv#{code}")
    assert [one["name"] for one in shop.get("/_mocksrv/worlds").json] == ["default"]


def test_a_fork_shares_nothing_that_changes(shop_app):
    worlds = shop_app().worlds
    one = worlds["one"]
    copy = one.fork("copy")
    copy.table("shop.things").put("new", {"size": 1})
    copy.clock.advance(60)
    copy.settings["shop.mood"] = "bad"
    copy.random.hex(8)
    assert "new" not in one.table("shop.things")
    assert one.clock.offset == 0
    assert one.settings["shop.mood"] == "good"
    assert one.random.draws != copy.random.draws


def test_what_is_in_flight_during_a_reset_does_not_reach_the_new_world_on_disk(shop_app, tmp_path):
    app = shop_app(data=tmp_path / "world.json")
    old = app.worlds["default"]
    app.worlds.reset("default")
    with old.lock:
        old.table("shop.things").put("late", {"colour": "red", "size": 1})
        old.clock.advance(5_000)
        old.commit()
    new = app.worlds["default"]
    with new.lock:
        new.table("shop.things").put("kept", {"colour": "red", "size": 1})
        new.commit()
    app.worlds.close()
    again = shop_app(data=tmp_path / "world.json").worlds["default"]
    assert "kept" in again.table("shop.things")
    assert "late" not in again.table("shop.things")
    assert again.clock.offset < 5_000
    again.store.close()


def test_a_dump_is_plain_data_and_loads_again(shop_app):
    worlds = shop_app().worlds
    one = worlds["one"]
    one.table("shop.things").put("new", {"size": 1, "colour": "blue"})
    one.clock.freeze()
    again = worlds.load("again", json.loads(json.dumps(one.dump())))
    assert again.dump() == one.dump()
    assert again.table("shop.things").by("by_colour", "blue") == ["new"]


@pytest.mark.parametrize(("set_", "text"), [
    ({"shop.moody": "x"}, "shop.mood, shop.stock"), ({"shop.mood": "x"}, "good, bad"),
])
def test_settings_that_no_vendor_has_stop_the_start(shop_app, set_, text):
    with pytest.raises(ConfigError, match=text):
        shop_app(set=set_)


def test_settings_and_limits_reach_every_world(shop_app):
    worlds = shop_app(set={"shop.mood": "bad"}, limits=False).worlds
    assert worlds["a"].setting("shop.mood") == "bad"
    assert worlds["a"].limits is False
    assert worlds.reset("a").setting("shop.mood") == "bad"


def test_an_empty_world_still_has_its_accounts(shop_app):
    assert list(shop_app(size=0).worlds["a"].table("shop.things").ids()) == ["owner"]


def test_a_handler_is_a_plain_function(shop_app):
    app = shop_app()
    call = Call(method="GET", path="/v1/things", target="/v1/things?a=1&a=2&b=%C3%A9&c", headers={"x-y": "z"})
    assert app.operations["shop.list_things"].run(app.worlds["a"], call)[0]
    assert call.query == [("a", "1"), ("a", "2"), ("b", "é"), ("c", "")]
    assert (call.arg("a"), call.arg("z", "none"), call.header("X-Y"), call.body) == ("2", "none", "z", b"")


def test_idle_worlds_make_room_and_busy_ones_do_not(shop_app):
    client = shop_app(worlds=3, idle=1000).test_client()
    for name in ("a", "b"):
        assert client.get(f"/~{name}/v1/things").status_code == 200
    full = client.get("/~c/v1/things")
    assert (full.status_code, full.json["type"]) == (503, "about:mocksrv#too-many-worlds")
    assert "--worlds" in full.headers["X-Mocksrv-Diagnosis"]
    assert client.get("/~c/_mocksrv/clock").status_code == 503
    assert client.post("/_mocksrv/worlds", json={"name": "c"}).status_code == 503
    assert client.get("/~a/v1/things").status_code == 200
    assert client.delete("/~a/_mocksrv/world").status_code == 204
    assert client.get("/~c/v1/things").status_code == 200


def test_a_world_that_made_room_begins_again(shop_app):
    client = shop_app(worlds=2, idle=0).test_client()
    client.put("/~a/v1/things/new", data='{"size": 1}')
    assert client.get("/~b/v1/things").status_code == 200
    assert "new" not in client.get("/~a/v1/things").json
    assert "owner" in client.get("/v1/things").json


def test_long_work_is_announced(shop_app):
    told, shop = [], shop_app().vendors["shop"]
    for size in (10_000, 10):
        Worlds([shop], Config(vendor=("shop",), size=size), told.append)
    assert told == ["making 10000 records of The shop ..."]


@pytest.mark.parametrize("change", [
    {"clock": None}, {"clock": {}}, {"clock": {"offset": "x", "frozen": None, "skew": 0, "rate": 1}},
    {"clock": {"offset": float("nan"), "frozen": None, "skew": 0, "rate": 1}},
    {"clock": {"offset": 0, "frozen": 1e300, "skew": 0, "rate": 1}}, {"seed": 7}, {"draws": -1}, {"draws": "1"},
    {"settings": []}, {"settings": {"shop.mood": "odd"}}, {"vendors": None}, {"tables": {"shop.things": {"a": 1}}},
])
def test_a_snapshot_with_something_wrong_in_it_is_not_taken_in(shop, change):
    shop.post("/_mocksrv/snapshots", json={"name": "right"})
    data = shop.get("/_mocksrv/snapshots/right").json
    assert shop.put("/_mocksrv/snapshots/again", json=data).status_code == 201
    refused = shop.put("/_mocksrv/snapshots/wrong", json=data | change)
    assert (refused.status_code, refused.json["type"]) == (400, "about:mocksrv#bad-snapshot")
    assert shop.get("/_mocksrv/snapshots/wrong").status_code == 404


def test_a_data_file_with_a_wrong_state_is_damaged(shop_app, tmp_path):
    file = tmp_path / "world.json"
    shop_app(data=file).worlds.close()
    text = file.read_text(encoding="utf-8").replace('"seed":', '"sead":')
    file.write_text(text)
    with pytest.raises(ConfigError, match="is damaged: its clock, seed, draws, settings or vendors are not there"):
        shop_app(data=file)
    assert file.read_text(encoding="utf-8") == text
