"""A small vendor of its own for the tests of the machinery, a shop with `things`, and a browser."""

import json

import pytest

from mocksrv.app import Simulator
from mocksrv.call import Refusal, Reply
from mocksrv.config import Config, Setting
from mocksrv.store import Index, TableSpec, on
from mocksrv.vendor import Vendor
from mocksrv.worlds import Worlds

pytest_plugins = ["pytester"]


class Shop(Vendor):
    name = "shop"
    title = "The shop"
    tables = (TableSpec("shop.things", {"by_colour": on("colour"),
                                        "by_size": Index(lambda d: [d["size"]], ordered=True)}),)
    settings = (Setting("mood", "good", "How it answers", ("good", "bad")), Setting("stock", 3, "How many"))

    def claims(self, path):
        return True

    def admit(self, world, call):
        if call.operation is None:
            raise Refusal(405 if call.allowed else 404, "no such thing")

    def render(self, world, call, result):
        if isinstance(result, Refusal):
            result = Reply({"error": result.body}, result.status)
        reply = result if isinstance(result, Reply) else Reply(result)
        if not reply.streams and not isinstance(reply.body, bytes):
            reply.body = json.dumps(reply.body).encode()
        reply.headers.append(("Content-Type", reply.content_type or "application/json"))
        return reply

    def accounts(self, world):
        world.table("shop.things").insert("owner", {"colour": "gold", "size": 0})

    def seed(self, world, size):
        for number in range(size):
            world.table("shop.things").insert(world.hex(8), {"colour": "red", "size": number})

    def credentials(self, world, base_url):
        return [{"base_url": f"{base_url}/v1"}]


def make_shop():
    shop = Shop()

    @shop.operation("GET", "/v1/things", proof="docs", source="the shop's page")
    def list_things(world, call):
        """All things."""
        return sorted(world.table("shop.things").ids())

    @shop.operation("GET", "/v1/things/{id}", "/v2/things/{id}/", permission="look")
    def get_thing(world, call):
        found = world.table("shop.things").get(call.params["id"])
        if found is None:
            raise Refusal(404, "gone", diagnosis=f"there is no thing {call.params['id']}")
        return found

    @shop.operation("PUT", "/v1/things/{id}")
    def put_thing(world, call):
        world.table("shop.things").put(call.params["id"], json.loads(call.body))
        return {"id": call.params["id"], "at": world.clock.iso()}

    @shop.operation("POST", "/v1/ids")
    def make_id(world, call):
        return {"id": world.hex(8), "link": f"{call.base_url}/v1/things/x"}

    @shop.operation("GET", "/v1/stream")
    def stream_things(world, call):
        return Reply(iter([b"[", b"1", b"]"]))

    @shop.operation("GET", "/v1/broken")
    def broken(world, call):
        raise ZeroDivisionError("ours")

    @shop.operation("GET", "/v1/down")
    def down(world, call):
        raise Refusal(500, {"error": "down"})

    @shop.operation("GET", "/v1/code/{code:[a-c]+}")
    def get_code(world, call):
        return call.params

    @shop.operation("GET", "/v1/files/{name:path}")
    def get_file(world, call):
        return call.params

    @shop.operation("POST", "/v1/later", simulated=False)
    def later(world, call):
        raise AssertionError

    return shop


@pytest.fixture
def shop_app():
    def make(**config):
        vendors = [make_shop()]
        settings = Config(vendor=("shop",), **{"size": 5, **config})
        return Simulator(vendors, settings, Worlds(vendors, settings))

    return make


@pytest.fixture
def shop(shop_app):
    """A test client of the shop."""
    return shop_app().test_client()


@pytest.fixture(scope="session")
def browser():
    from mocksrv.tests.chromium import chromium

    with chromium() as driver:
        yield driver
