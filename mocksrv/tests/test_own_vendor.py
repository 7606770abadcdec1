"""A vendor of another package: all that it gets without asking, and what its author is told when it is broken."""

import json
import subprocess
import sys
from importlib.metadata import distributions

import pytest
import requests

from mocksrv import plugins
from mocksrv.app import create_app, load_vendors
from mocksrv.call import Refusal, Reply
from mocksrv.config import VENDORS, Config, ConfigError, load
from mocksrv.remote import RemoteWorld
from mocksrv.tests.snippets import Place, install_package, running


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A process that serves the package of docs/own-vendor.md beside mocksrv's own vendors."""
    folder = tmp_path_factory.mktemp("package")
    assert install_package("docs/own-vendor.md", folder)
    with running("mocksrv serve --size 20", Place(folder, "http://127.0.0.1:1"), folder) as url:
        yield url


@pytest.fixture
def stock(server, request):
    world = RemoteWorld(server, request.node.originalname[:60])
    yield world.account("stock")
    world.delete()


def test_its_routes_answer_in_a_world_of_seeded_data(stock):
    north = f"{stock.url}/clinics/clinic-1/items"
    found = stock.client.get(north).json()
    assert len(found) == 4
    assert stock.client.get(f"{stock.url}/items/{found[0]['id']}").json() == found[0]
    assert requests.get(north, timeout=9).status_code == 401
    made = stock.client.post(f"{stock.url}/items", json={"clinic": "clinic-1", "name": "ORS", "count": 3})
    assert (made.status_code, made.headers["Content-Type"], made.json()["low"]) == (201, "application/json", True)
    assert len(stock.client.get(north).json()) == 5
    stock.world.reset()
    assert stock.client.get(north).json() == found


@pytest.mark.parametrize("body", [b"", b"5", b"[" * 9999, b'{"clinic": 1}', b"\xff", b'{"count": 1e999}'])
def test_its_refusals_are_its_own(stock, body):
    answer = stock.client.post(f"{stock.url}/items", data=body)
    assert (answer.status_code, set(answer.json())) == (400, {"error"})
    assert stock.client.get(f"{stock.url}/items/none").json() == {"error": "No such item"}


def test_a_path_that_it_lacks_is_explained(stock):
    answer = stock.client.get(f"{stock.url}/item/5")
    assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})
    assert "GET /items/{id} ('items', not 'item')" in answer.headers["X-Mocksrv-Diagnosis"]
    answer = stock.client.delete(f"{stock.url}/items")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_it_has_faults_settings_and_the_journal(stock):
    stock.world.fault(operation="list_items", status=503, times=1)
    answers = [stock.client.get(f"{stock.url}/clinics/clinic-2/items") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [503, 200]
    assert [(entry["operation"], entry["caller"]) for entry in stock.world.journal(vendor="stock", status=200)] == [
        ("list_items", "nurse")]
    stock.world.set(stock_reorder_at=100)
    assert all(item["low"] for item in stock.client.get(f"{stock.url}/clinics/clinic-2/items").json())
    stock.world.verify(operation="list_items", exactly=3)


def test_it_is_described_and_on_the_page(stock, server):
    document = requests.get(f"{server}/_mocksrv/openapi/stock.json", timeout=9).json()
    create = document["paths"]["/items"]["post"]
    assert create["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Item"}
    assert set(create["responses"]) == {"201", "400"}
    assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    (card,) = [one for one in requests.get(f"{server}/_mocksrv/vendors", timeout=9).json() if one["name"] == "stock"]
    assert (card["title"], card["operations"]) == ("Clinic stock", 3)
    assert requests.get(f"{server}/_mocksrv/tables/stock.items?limit=99", timeout=9).json()["documents"][19]


def test_mocksrvs_own_vendors_keep_their_paths(server):
    for own, path in (("cht", "/api/info"), ("carehq", "/v1/users"), ("cht", "/api/v1/nothing")):
        bare, mounted = (requests.get(f"{server}{mount}{path}", timeout=9, allow_redirects=False)
                         for mount in ("", f"/{own}"))
        assert (bare.status_code, bare.content) == (mounted.status_code, mounted.content)


def test_commands_know_it(server, tmp_path):
    install_package("docs/own-vendor.md", tmp_path)
    place = Place(tmp_path, server)
    assert json.loads(place.run("mocksrv", "openapi", "stock"))["info"]["title"] == "Clinic stock"
    assert "stock.reorder_at" in place.run("mocksrv", "settings")
    assert "our wiki" in place.run("mocksrv", "operations", "--vendor", "stock", "--json")
    place.run("mocksrv", "shards", "haproxy", "127.0.0.1:1", "--into", ".")
    assert any("carehq|commcare|stock|cht" in file.read_text("utf-8") for file in tmp_path.glob("haproxy*"))


# --- packages that cannot be used ---


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Put a package on the path, with these entry points."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(source, name="odd", entries="odd = {module}:vendor"):
        module = f"{tmp_path.name.replace('-', '_')}_{name}"
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"{name}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n", encoding="utf-8")
        points = f"[mocksrv.vendors]\n{entries.format(module=module)}\n"
        (info / "entry_points.txt").write_text(points, encoding="utf-8")
        plugins._found.cache_clear()

    yield make
    plugins._found.cache_clear()


HEAD = """from mocksrv.store import TableSpec
from mocksrv.vendor import Vendor

class Odd(Vendor):
    name = 'odd'
"""
MADE = f"{HEAD}\nvendor = Odd()\n"
BROKEN = {
    "import missing_module": "ModuleNotFoundError: No module named 'missing_module'",
    "def vendor(:": "SyntaxError",
    "1 / 0": "ZeroDivisionError: division by zero",
    "": "has no attribute 'vendor'",
    "vendor = 5": "is no mocksrv.vendor.Vendor but of type int",
    f"{HEAD}    name = 'other'\n\n\nvendor = Odd()": "calls itself 'other'",
    f"{HEAD}    tables = (TableSpec('cht.medic'),)\n\n\nvendor = Odd()": "its table cht.medic must be called odd.medic",
    f"{MADE}vendor.operation('GET', 'things')(lambda world, call: 1)": "must begin with /",
    f"{MADE}vendor.operation('GET', '/a/{{b:[}}')(lambda world, call: 1)": "unterminated character set",
    f"{MADE}vendor.operation('GET', '/a', premission='x')(lambda world, call: 1)":
        "operations of odd have no premission; permission?",
}


@pytest.mark.parametrize("source", BROKEN)
def test_a_broken_package_is_named_with_what_is_wrong(package, source):
    package(source)
    with pytest.raises(ConfigError) as raised:
        create_app(Config())
    said = str(raised.value)
    assert said.startswith("the vendor odd of the package odd 1.5 cannot be used: ")
    assert BROKEN[source] in said
    assert "\n" not in said.strip()


def test_the_start_ends_with_one_line_and_goes_on_without_the_package(package, tmp_path):
    package("import missing_module")
    place = Place(tmp_path, "http://127.0.0.1:1")
    for command in (["serve"], ["settings"], ["operations"], ["openapi", "odd"]):
        done = subprocess.run([sys.executable, "-m", "mocksrv", *command], env=place.environment, capture_output=True,
                              text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "the package odd 1.5" in done.stderr
    assert [vendor.name for vendor in load_vendors(load({"vendor": ("cht",)}, {}).vendor)] == ["cht"]


@pytest.mark.parametrize("name", ["control", "Odd", "odd-one", "x" * 33])
def test_a_name_that_no_vendor_can_have(package, name):
    package(MADE, entries=f"{name} = {{module}}:vendor")
    with pytest.raises(ConfigError, match="a vendor's name is up to 32 small letters"):
        create_app(Config())


def test_two_packages_with_one_vendor(package):
    package(MADE)
    package(MADE, "odd2")
    with pytest.raises(ConfigError, match=r"odd2? 1\.5 and the package odd2? 1\.5 cannot be used: only one of them"):
        create_app(Config())


def test_nobody_takes_the_place_of_a_vendor_of_mocksrvs_own(package):
    package(MADE, entries="cht = {module}:vendor")
    assert Config().vendor == VENDORS


def test_a_vendor_that_says_nothing_answers_in_json(package):
    package(MADE)
    assert Config().vendor == ("carehq", "commcare", "odd", "cht")
    assert load({}, {"MOCKSRV_VENDOR": "odd"}).vendor == ("odd",)
    with pytest.raises(ConfigError, match="vendor 'ode' is not known: use carehq, commcare, odd, cht"):
        load({}, {"MOCKSRV_VENDOR": "ode"})
    (odd,) = load_vendors(["odd"])
    results = {"data": {"a": 1}, "nothing": Reply(None, 204), "bytes": Reply(b"x", content_type="text/plain"),
               "stream": Reply(iter([b"1", b"2"]), content_type="text/csv"), "refused": Refusal(409),
               "worded": Refusal(409, {"why": "so"}, [("X-Odd", "1")])}
    for name in results:
        odd.operation("POST", f"/{name}", name=name)(lambda world, call: one if not isinstance(
            one := results[call.path[1:]], Refusal) else refuse(one))
    client = create_app(Config(vendor=("odd",), size=0)).test_client()
    shown = {name: client.post(f"/odd/{name}") for name in results}
    assert {name: (answer.status_code, answer.content_type, answer.data) for name, answer in shown.items()} == {
        "data": (200, "application/json", b'{"a":1}'), "nothing": (204, None, b""), "bytes": (200, "text/plain", b"x"),
        "stream": (200, "text/csv", b"12"), "refused": (409, "application/json", b'{"error":"Conflict"}'),
        "worded": (409, "application/json", b'{"why":"so"}')}
    assert shown["worded"].headers["X-Odd"] == "1"
    assert client.get("/data").status_code == 405
    assert client.get("/_mocksrv/credentials").json == {"odd": [{"base_url": "http://localhost/odd"}]}


def refuse(refusal):
    raise refusal


def test_the_search_for_vendors_takes_little_time_and_is_made_once(monkeypatch):
    asked = []
    monkeypatch.setattr("importlib.metadata.distributions", lambda: asked.append(1) or distributions())
    plugins._found.cache_clear()
    for _ in range(5):
        Config()
    assert asked == [1]
