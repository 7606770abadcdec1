"""What a browser sees that opens the printed address, and that nobody else ever sees it."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import VENDORS, Config

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


@pytest.fixture(scope="module")
def alone():
    """Clients of servers that have one vendor alone, by its name; and `all`."""
    return {name: create_app(Config(vendor=vendors, size=0)).test_client(use_cookies=False)
            for name, vendors in {"all": VENDORS, **{one: (one,) for one in VENDORS}}.items()}


@pytest.mark.parametrize("server", ["all", *VENDORS])
@pytest.mark.parametrize("prefix", ["", "/~w"])
def test_a_browser_is_led_to_the_page(alone, server, prefix):
    answer = alone[server].get(f"{prefix}/", headers=BROWSER)
    assert (answer.status_code, answer.content_type.lower()) == (200, "text/html; charset=utf-8")  # CHT's in capitals
    link = answer.text.partition('<a href="')[2].partition('"')[0]
    assert link == f"{prefix}/_mocksrv/"
    assert "<title>mocksrv</title>" in alone[server].get(link).text


@pytest.mark.parametrize("prefix", ["", "/~w"])
def test_cht_keeps_its_own_answer_whoever_asks(alone, prefix):
    """The API serves the web application at / as a public file, and CouchDB's greeting for exactly JSON."""
    browser, curl = (alone["all"].get(f"{prefix}/", headers=headers) for headers in (BROWSER, {"Accept": "*/*"}))
    assert browser.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert browser.data == curl.data
    greeting = alone["all"].get(f"{prefix}/", headers={"Accept": "application/json"}, auth=("admin", "pass"))
    assert greeting.json["couchdb"] == "Welcome"


@pytest.mark.parametrize("server", ["carehq", "commcare"])
@pytest.mark.parametrize(("path", "headers"), [
    ("/", {"Accept": "*/*"}), ("/", {"Accept": "application/json"}), ("/", {}),
    ("/", BROWSER | {"Authorization": "Basic x"}), ("/", BROWSER | {"Cookie": "sessionid=x"}),
    ("/", BROWSER | {"X-CareHQ-AccountId": "x"}), ("/?a=b", BROWSER),
    ("/index.html", BROWSER), ("/~w", BROWSER | {"Cookie": "a=b"}), ("/~w/x", BROWSER),
])
def test_a_client_gets_the_vendors_own_no(alone, server, path, headers):
    assert alone[server].get(path, headers=headers).status_code == {"carehq": 401, "commcare": 404}[server]


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "PUT"])
def test_only_get_is_a_first_look(alone, method):
    assert alone["carehq"].open("/", method=method, headers=BROWSER).status_code == 401


@pytest.mark.parametrize("vendor", ["carehq", "commcare"])
def test_under_its_mount_a_vendor_has_everything(alone, vendor):
    assert alone["all"].get(f"/{vendor}/", headers=BROWSER).status_code >= 400


def test_a_fault_of_the_world_goes_before(alone):
    client = alone["commcare"]
    assert client.post("/~odd/_mocksrv/faults", json={"status": 503}).status_code == 201
    assert client.get("/~odd/", headers=BROWSER).status_code == 503
    assert client.get("/~even/", headers=BROWSER).status_code == 200


def test_without_a_control_plane_there_is_no_page_to_lead_to():
    client = create_app(Config(vendor=("carehq",), size=0, control="off")).test_client()
    assert client.get("/", headers=BROWSER).status_code == 401


def test_it_holds_nothing_and_may_load_nothing(alone):
    answer = alone["carehq"].get("/", headers=BROWSER, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert answer.headers["Cache-Control"] == "no-store"
