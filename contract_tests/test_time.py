"""One clock behind all vendors: what waits is done when `advance` returns, also at a rate and under a skew."""

import re
import time
from email.utils import parsedate_to_datetime

import pytest
import requests
from carehq import APIClient
from carehq.exceptions import RateLimitExceeded, Unauthorized

pytestmark = pytest.mark.mock_only

ADMIN = ("admin", "pass")
KEY = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}


@pytest.fixture
def cht(mocksrv):
    with requests.Session() as session:
        session.auth = ADMIN
        yield session


def stored(mocksrv, table, id):
    """A document as it is, without asking the vendor, who would do what is due before the answer."""
    [found] = mocksrv.control("GET", f"/tables/{table}?id={id}")["documents"]
    return found["doc"]


def test_background_work_is_done_when_advance_returns(mocksrv, cht):
    mocksrv.clock.freeze("2026-01-05T10:00:00Z")
    cht.put(f"{mocksrv.url}/api/v1/settings", json={"transitions": {"generate_shortcode_on_contacts": True}})
    person = cht.post(f"{mocksrv.url}/api/v1/people", json={"name": "Ada"}).json()["id"]
    assert "patient_id" not in stored(mocksrv, "cht.medic", person)
    mocksrv.clock.advance(3600)
    assert stored(mocksrv, "cht.medic", person)["patient_id"].isdigit()
    mocksrv.verify(method="GET", never=True)


def test_an_upgrade_is_done_when_advance_returns(mocksrv, cht):
    mocksrv.clock.freeze()
    build = {"build": {"namespace": "medic", "application": "medic", "version": "4.15.1"}}
    assert cht.post(f"{mocksrv.url}/api/v2/upgrade", json=build).status_code == 200
    assert cht.get(f"{mocksrv.url}/api/v2/upgrade").json()["upgradeDoc"]["state"] != "finalized"
    mocksrv.clock.advance(24 * 3600)
    logs = mocksrv.control("GET", "/tables/cht.medic-logs?q=upgrade_log")["documents"]
    assert [one["doc"]["state"] for one in logs if one["id"].startswith("upgrade_log")][-1] == "finalized"


def test_writing_shows_in_lists_when_advance_returns(mocksrv):
    mocksrv.clock.freeze()
    mocksrv.set(commcare_index_delay=30)
    requests.post(f"{mocksrv.url}/a/demo/api/case/v2/", headers=KEY, json={
        "case_type": "late", "case_name": "New", "owner_id": "nobody"}).raise_for_status()
    listed = f"{mocksrv.url}/a/demo/api/v0.5/case/?type.exact=late"
    counts = []
    for seconds in (29, 1):
        mocksrv.clock.advance(seconds)
        counts.append(len(requests.get(listed, headers=KEY).json()["objects"]))
    assert counts == [0, 1]


def test_windows_and_sessions_move_with_the_clock(mocksrv, cht):
    mocksrv.clock.freeze()
    api = APIClient("MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET", api_base_url=mocksrv.url)
    for _ in range(10):
        api("GET", "users")
    with pytest.raises(RateLimitExceeded):
        api("GET", "users")
    mocksrv.clock.advance(1)
    assert api("GET", "users")["item_count"]
    cookie = cht.post(f"{mocksrv.url}/_session", json={"name": "admin", "password": "pass"}).cookies
    asked = {"url": f"{mocksrv.url}/api/v1/settings", "cookies": cookie, "headers": {"Accept": "application/json"}}
    assert requests.get(**asked).status_code == 200
    mocksrv.clock.advance(400 * 24 * 3600)
    assert requests.get(**asked).status_code == 401


def test_a_clock_at_a_rate_lets_everything_pass_faster(mocksrv, cht):
    mocksrv.clock.rate(1000)
    person = cht.post(f"{mocksrv.url}/api/v1/people", json={"name": "Ada"}).json()["id"]
    began = time.monotonic()
    first = cht.get(f"{mocksrv.url}/api/v1/person/{person}")
    time.sleep(0.1)
    second = cht.get(f"{mocksrv.url}/api/v1/person/{person}")
    passed = 1000 * (time.monotonic() - began) + 1
    dates = [parsedate_to_datetime(answer.headers["Date"]) for answer in (first, second)]
    assert 99 <= (dates[1] - dates[0]).total_seconds() <= passed
    api = APIClient("MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET", api_base_url=mocksrv.url)
    mocksrv.set(carehq_clock_window=0)
    for _ in range(12):  # more than a second allows, but each takes more than a second
        api("GET", "users")
        time.sleep(0.002)
    mocksrv.clock.rate(0)
    times = {mocksrv.clock.read()["now"] for _ in range(2)}
    assert len(times) == 1


@pytest.mark.parametrize(("skew", "says"), [(-412, "ahead of the server's"), (412, "behind the server's")])
def test_a_skewed_server_believes_its_own_time(mocksrv, cht, skew, says):
    mocksrv.clock.freeze("2026-01-05T10:00:00Z")
    state = mocksrv.clock.skew(skew)
    assert (state["skew"], state["frozen"]) == (skew, True)
    person = cht.post(f"{mocksrv.url}/api/v1/people", json={"name": "Ada"})
    shown = parsedate_to_datetime(person.headers["Date"]).timestamp()
    assert shown == 1767607200 + skew
    found = cht.get(f"{mocksrv.url}/api/v1/person/{person.json()['id']}").json()
    assert found["reported_date"] == 1000 * (1767607200 + skew)
    mocksrv.clock.unfreeze()
    mocksrv.clock.set(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + skew)))
    api = APIClient("MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET", api_base_url=mocksrv.url)
    with pytest.raises(Unauthorized):
        api("GET", "users")
    assert re.search(rf"clock is 41\d s {says}", mocksrv.journal(limit=1)[0]["diagnosis"][0])
    mocksrv.clock.advance(-skew)
    assert api("GET", "users")["item_count"]
