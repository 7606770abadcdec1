"""A request that mocksrv itself fails at leaves nothing behind; one that the vendor refuses keeps what it wrote."""

import json

import pytest

from mocksrv.call import Refusal, Reply


@pytest.fixture
def clumsy(shop_app, tmp_path):
    """The shop with operations that write and then break; on disk, so that the file is seen too."""

    def made(**config):
        app = shop_app(**config)
        shop, things = app.vendors["shop"], "shop.things"

        def write(world):
            table = world.table(things)
            first = next(iter(table.ids()))
            table.delete(first)
            table.insert("made", {"colour": "green", "size": 9})
            table.insert(first, {"colour": "green", "size": 9})
            table.update("owner", {"colour": "green"})
            table.insert("fleeting", {"size": 1})
            table.delete("fleeting")
            world.derived["shop.ids"] = sorted(table.ids())

        @shop.operation("POST", "/v1/half")
        def half(world, call):
            write(world)
            raise KeyError("a bug in the middle")

        @shop.operation("POST", "/v1/unprintable")
        def unprintable(world, call):
            write(world)
            return {"a set": {1}}  # render cannot make JSON of it

        @shop.operation("POST", "/v1/refused")
        def refused(world, call):
            write(world)
            raise Refusal(400, "the real one keeps what it wrote before it found this")

        @shop.operation("POST", "/v1/torn")
        def torn(world, call):
            def chunks():
                world.table(things).insert("first", {"size": 1})
                yield b"first"
                world.table(things).insert("second", {"size": 1})
                raise KeyError("a bug in the second chunk")

            return Reply(chunks())

        return type(app)(app.vendors.values(), app.settings, app.worlds)

    return made


def state(app):
    table = app.worlds["default"].table("shop.things")
    by_colour = {colour: table.by("by_colour", colour) for colour in ("gold", "red", "green")}
    return list(zip(table.ids(), table.all(), strict=True)), by_colour, table.range("by_size"), len(table)


@pytest.mark.parametrize("path", ["/v1/half", "/v1/unprintable"])
def test_what_a_failed_request_wrote_is_taken_back(clumsy, tmp_path, path, caplog):
    file = tmp_path / "world.json"
    app = clumsy(data=file)
    before = state(app)
    answer = app.test_client().post(path)
    assert (answer.status_code, answer.json) == (500, {"error": None})
    assert "nothing was written; please report it" in answer.headers["X-Mocksrv-Diagnosis"]
    assert caplog.records[0].exc_info
    assert state(app) == before
    assert "shop.ids" not in app.worlds["default"].derived
    assert app.test_client().put("/v1/things/later", data='{"colour": "red", "size": 1}').status_code == 200
    after = state(app)
    assert [id for id, _ in after[0]] == [*(id for id, _ in before[0]), "later"]
    app.worlds.close()
    again = clumsy(data=file)
    assert state(again) == after
    again.worlds.close()


def test_a_refusal_keeps_what_was_written(clumsy):
    app = clumsy()
    assert app.test_client().post("/v1/refused").status_code == 400
    assert "made" in app.worlds["default"].table("shop.things")


def test_of_a_stream_only_the_chunk_that_failed_is_taken_back(clumsy):
    app = clumsy()
    seen = []
    with pytest.raises(KeyError):
        seen.extend(app.test_client().post("/v1/torn", buffered=False).response)
    table = app.worlds["default"].table("shop.things")
    assert (b"".join(seen), "first" in table, "second" in table) == (b"first", True, False)
    assert json.loads(app.test_client().get("/_mocksrv/journal").data)[-1]["response"]["body"] == "first"
