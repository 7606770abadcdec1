"""Each scenario is met by a real client, and its advice works."""

import re
import subprocess
import sys

import openpyxl
import pytest
import requests
from carehq import APIClient
from carehq.exceptions import APIException, RateLimitExceeded, Unauthorized
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from urllib3.util import Retry

pytestmark = pytest.mark.mock_only

AUTH = ("admin", "pass")
KEY = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}


@pytest.fixture
def api(mocksrv):
    return APIClient("MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET", api_base_url=mocksrv.url)


@pytest.fixture
def session():
    with requests.Session() as made:
        made.auth = AUTH
        yield made


def diagnosis(mocksrv):
    return " ".join(mocksrv.journal(limit=1)[0]["diagnosis"])


def test_every_scenario_has_a_test_here(mocksrv):
    tests = " ".join(globals())
    for one in mocksrv.control("GET", "/scenarios"):
        assert f"test_{one['name'].replace('.', '_')}" in tests


# --- CareHQ ---


def test_carehq_clock_skew(mocksrv, api):
    mocksrv.scenario("carehq.clock_skew")
    with pytest.raises(Unauthorized):
        api("GET", "users")
    assert re.search(r"clock is 4[1-9]\d s behind", diagnosis(mocksrv))
    mocksrv.clock.skew(0)
    assert api("GET", "users")["item_count"]


def test_carehq_nonce_replay(mocksrv, api, monkeypatch):
    mocksrv.scenario("carehq.nonce_replay")
    repeating = Retry(2, backoff_factor=0, allowed_methods=None)
    monkeypatch.setattr(requests.sessions, "HTTPAdapter", lambda: HTTPAdapter(max_retries=repeating))
    with pytest.raises(Unauthorized):
        api("GET", "users")
    assert "nonce" in diagnosis(mocksrv)
    assert api("GET", "users")["item_count"]


def test_carehq_shared_key(mocksrv, api):
    mocksrv.scenario("carehq.shared_key")
    refused = 0
    for _ in range(8):
        try:
            api("GET", "users")
        except RateLimitExceeded:
            refused += 1
    assert 0 < refused < 8


def test_carehq_html_error(mocksrv, api):
    mocksrv.scenario("carehq.html_error")
    with pytest.raises(APIException) as caught:
        api("GET", "users")
    assert caught.value.status_code == 502
    assert api("GET", "users")["item_count"]


# --- CommCare HQ ---


def export(mocksrv, tmp_path, *args):
    """commcare-export of all cases, as its users run it."""
    book = openpyxl.Workbook()
    book.active.append(["Data Source", "Field", "Source Field"])
    book.active.append(["case", "id", "id"])
    book.save(tmp_path / "query.xlsx")
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "commcare_export.cli", "--project", "demo", "--commcare-hq", mocksrv.url,
         "--username", "brudolph@dimagi.com", "--password", KEY["Authorization"].rpartition(":")[2], "--auth-mode",
         "apikey", "--query", "query.xlsx", "--output-format", "csv", "--output", "out.zip", "--no-logfile", *args],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)


def test_commcare_next_page_repeats(mocksrv, tmp_path):
    mocksrv.scenario("commcare.next_page_repeats")
    total = requests.get(f"{mocksrv.url}/a/demo/api/v0.5/case/", headers=KEY).json()["meta"]["total_count"]
    stuck = export(mocksrv, tmp_path, "--batch-size", str(max(total // 3, 1)))
    assert "the export is stuck" in stuck.stderr
    assert export(mocksrv, tmp_path, "--batch-size", str(total + 1)).returncode == 0


def test_commcare_retry_after_fraction(mocksrv, tmp_path):
    mocksrv.scenario("commcare.retry_after_fraction")
    assert export(mocksrv, tmp_path).returncode == 0
    mocksrv.verify(status=429, exactly=3)


def test_commcare_digest_stale(mocksrv):
    with requests.Session() as session:
        session.auth = HTTPDigestAuth("brudolph@dimagi.com", "password")
        url = f"{mocksrv.url}/a/demo/api/v0.5/user/"
        assert session.get(url).status_code == 200
        mocksrv.scenario("commcare.digest_stale")
        answer = session.get(url)
        assert answer.status_code == 200
        assert [one.status_code for one in answer.history] == [401]
        assert 'stale="false"' in answer.history[0].headers["WWW-Authenticate"]


def test_commcare_index_lag(mocksrv):
    mocksrv.clock.freeze()
    mocksrv.scenario("commcare.index_lag")
    made = requests.post(f"{mocksrv.url}/a/demo/api/case/v2/", headers=KEY, json={
        "case_type": "lag", "case_name": "New", "owner_id": "nobody"}).json()["case"]
    listed = f"{mocksrv.url}/a/demo/api/v0.5/case/?type.exact=lag"
    assert requests.get(listed, headers=KEY).json()["objects"] == []
    mocksrv.clock.advance(31)
    assert [one["id"] for one in requests.get(listed, headers=KEY).json()["objects"]] == [made["case_id"]]


def test_commcare_lost_receipt(mocksrv):
    mocksrv.scenario("commcare.lost_receipt")
    form = ('<data xmlns="http://example.org/lost"><meta xmlns="http://openrosa.org/jr/xforms">'
            "<instanceID>3f1c7f5e-0000-4000-8000-000000000001</instanceID><userID>u</userID></meta></data>")
    send = {"url": f"{mocksrv.url}/a/demo/receiver/api/", "data": form, "headers": KEY | {"Content-Type": "text/xml"}}
    with pytest.raises(requests.ConnectionError):
        requests.post(**send)
    again = requests.post(**send)
    assert again.status_code == 201
    found = requests.get(f"{mocksrv.url}/a/demo/api/v0.5/form/?xmlns=http://example.org/lost", headers=KEY).json()
    assert found["meta"]["total_count"] == 1


# --- CHT ---


def test_cht_failed_logins_429(mocksrv, session):
    mocksrv.clock.freeze()
    cookie = session.post(f"{mocksrv.url}/_session", json={"name": "admin", "password": "pass"}).cookies
    mocksrv.scenario("cht.failed_logins_429")
    assert session.get(f"{mocksrv.url}/api/v1/settings").status_code == 429
    assert requests.get(f"{mocksrv.url}/api/v1/settings", cookies=cookie).status_code == 200
    mocksrv.clock.advance(10)
    assert session.get(f"{mocksrv.url}/api/v1/settings").status_code == 200


def test_cht_partial_place_write(mocksrv, session):
    def health_centers():
        return session.get(f"{mocksrv.url}/api/v1/place?type=health_center&limit=1000").json()["data"]

    district = session.get(f"{mocksrv.url}/api/v1/place?type=district_hospital").json()["data"][0]["_id"]
    place = {"name": "C", "type": "clinic", "parent": {"name": "H", "type": "health_center", "parent": district}}
    mocksrv.scenario("cht.partial_place_write")
    before = len(health_centers())
    assert session.post(f"{mocksrv.url}/api/v1/places", json=place).status_code == 400
    assert len(health_centers()) == before + 1


def test_cht_bulk_delete_cut(mocksrv, session):
    ids = [session.post(f"{mocksrv.url}/medic", json={"type": "note"}).json()["id"] for _ in range(150)]
    mocksrv.scenario("cht.bulk_delete_cut")
    body = {"docs": [{"_id": id} for id in ids]}
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.post(f"{mocksrv.url}/api/v1/bulk-delete", json=body)
    left = session.post(f"{mocksrv.url}/api/v1/bulk-delete", json=body).json()
    assert sum(map(len, left)) == 100  # the first batch of 50 was deleted


def test_cht_upgrade_to_5(mocksrv, session):
    def version():
        return session.get(f"{mocksrv.url}/api/v2/monitoring").json()["version"]["app"]

    mocksrv.scenario("cht.upgrade_to_5")
    assert version() == "4.15.0"
    assert session.get(f"{mocksrv.url}/api/v1/impact").status_code == 404
    mocksrv.clock.advance(20)
    assert version() == "5.2.0"
    assert session.get(f"{mocksrv.url}/api/v1/impact").status_code == 200


def test_cht_broken_lineage(mocksrv, session):
    mocksrv.scenario("cht.broken_lineage")
    clinics = session.get(f"{mocksrv.url}/api/v1/place?type=clinic&limit=1000").json()["data"]
    parents = [session.get(f"{mocksrv.url}/api/v1/place/{clinic['_id']}?with_lineage=true").json()["parent"]
               for clinic in clinics]
    assert any(set(parent) <= {"_id", "parent"} for parent in parents)
    assert any("name" in parent for parent in parents)


def test_cht_lost_user_creation(mocksrv, session):
    user = {"username": "amina", "password": "Kisumu_2024", "roles": ["program_officer"]}
    mocksrv.scenario("cht.lost_user_creation")
    with pytest.raises(requests.ConnectionError):
        session.post(f"{mocksrv.url}/api/v1/users", json=user)
    again = session.post(f"{mocksrv.url}/api/v1/users", json=user, headers={"Accept": "application/json"})
    assert again.json()["error"]["translationKey"] == "username.taken"
    assert session.get(f"{mocksrv.url}/api/v2/users/amina").status_code == 200


# --- all vendors ---


def test_all_slow_network(mocksrv, session):
    mocksrv.scenario("all.slow_network")
    late = 0
    for _ in range(10):
        try:
            session.get(f"{mocksrv.url}/api/info", timeout=0.1)
        except requests.exceptions.ReadTimeout:
            late += 1
    assert late
    assert session.get(f"{mocksrv.url}/api/info", timeout=30).status_code == 200


def test_all_works_on_retry(mocksrv, session):
    mocksrv.scenario("all.works_on_retry")
    session.mount("http://", HTTPAdapter(max_retries=Retry(1, status_forcelist=[503], backoff_factor=0)))
    assert session.get(f"{mocksrv.url}/api/info").status_code == 200
    mocksrv.verify(in_order=[{"status": 503}, {"status": 200}])


def test_all_flaky(mocksrv, session):
    mocksrv.scenario("all.flaky")
    statuses = [session.get(f"{mocksrv.url}/api/info").status_code for _ in range(60)]
    assert 2 <= statuses.count(503) <= 30
    assert set(statuses) == {200, 503}


def test_all_lost_answers(mocksrv, session):
    mocksrv.scenario("all.lost_answers")
    lost = 0
    for number in range(60):
        try:
            session.put(f"{mocksrv.url}/medic/lost-{number}", json={"type": "note"})
        except requests.ConnectionError:
            lost += 1
    assert lost
    mocksrv.control("DELETE", "/faults")
    assert all(session.get(f"{mocksrv.url}/medic/lost-{number}").status_code == 200 for number in range(60))


def test_all_truncated_body(mocksrv, session):
    mocksrv.scenario("all.truncated_body")
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        session.get(f"{mocksrv.url}/api/v1/settings")
    assert session.get(f"{mocksrv.url}/api/v1/settings").json()
