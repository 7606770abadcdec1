"""What clients do besides commcare-export: throttled exports, OpenFn's and Airbyte's ways through the pages."""

import math
from datetime import datetime
from urllib.parse import parse_qs

import pytest
import requests

pytestmark = pytest.mark.mock_only

ADMIN, KEY = "brudolph@dimagi.com", "0123456789abcdef0123456789abcdef01234567"


# --- throttling --------------------------------------------------------------------------------------------


def statuses(hq, path, times):
    return [hq.get(path).status_code for _ in range(times)]


def test_no_limits_unless_asked_for(hq):
    assert set(statuses(hq, "v0.5/user/", 60)) == {200}


@pytest.mark.parametrize("path", ["v0.5/user/", "v0.5/messaging-event/"])
def test_every_nth_request(hq, mocksrv, path):
    mocksrv.set(commcare_throttle="every", commcare_throttle_every=3)
    assert statuses(hq, path, 6) == [200, 200, 429, 200, 200, 429]


@pytest.mark.parametrize("path", ["v0.5/user/", "v0.5/messaging-event/"])
def test_window(hq, mocksrv, path):
    mocksrv.clock.freeze()
    mocksrv.set(commcare_throttle="window", commcare_throttle_requests=2, commcare_throttle_seconds=30)
    assert statuses(hq, path, 3) == [200, 200, 429]
    response = hq.get(path)
    assert (response.content, response.headers["Content-Type"]) == (b"", "text/html; charset=utf-8")
    assert 1 <= int(response.headers["Retry-After"]) <= 30
    assert not [name for name in response.headers if name.startswith("X-RateLimit")]
    mocksrv.clock.advance(31)
    assert statuses(hq, path, 3) == [200, 200, 429]
    mocksrv.set(commcare_retry_after_header=False)
    assert "Retry-After" not in hq.get(path).headers


@pytest.mark.parametrize("path", ["/api/user_domains/v1/", "/api/identity/v1/"])
def test_what_is_of_no_domain_has_no_limit(hq, mocksrv, path):
    mocksrv.set(commcare_throttle="every", commcare_throttle_every=1)
    assert hq.session.get(f"{hq.url}{path}", timeout=30).status_code == 200


def test_resources_count_only_what_succeeds(hq, mocksrv):
    mocksrv.clock.freeze()
    mocksrv.set(commcare_throttle="window", commcare_throttle_requests=2, commcare_throttle_seconds=30)
    assert statuses(hq, "v0.5/user/?limit=x", 5) == [400] * 5
    assert statuses(hq, "v0.5/messaging-event/?limit=x", 3) == [400, 400, 429]  # function views count at once


def test_limits_grow_with_the_users(hq, mocksrv):
    """A second has 5/23 requests for each active user, and one."""
    mocksrv.clock.freeze()
    users = hq.get("v0.5/user/").json()["meta"]["total_count"]
    mocksrv.set(commcare_throttle="users")
    allowed = math.ceil(users * 5 / 23 + 1)
    assert statuses(hq, "v0.5/user/", allowed + 1) == [200] * allowed + [429]


# --- OpenFn ------------------------------------------------------------------------------------------------


def test_openfn_doubles_the_slash(hq):
    """`get("/case")` asks for `/api/v0.5//case`; at most one redirect is followed."""
    session = requests.Session()
    session.max_redirects = 1
    rows, offset = [], None
    while True:
        params = {"limit": 20} | ({"offset": offset} if offset else {})
        body = session.get(f"{hq.url}/a/demo/api/v0.5//case", params=params, timeout=30,
                           headers={"Authorization": f"ApiKey {ADMIN}:{KEY}"}).json()
        rows += body["objects"]
        if not body["meta"]["next"]:
            break
        offset = body["meta"]["offset"] + body["meta"]["limit"]
    assert len({row["id"] for row in rows}) == len(rows) == body["meta"]["total_count"]


# --- Airbyte -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ["case", "form"])
def test_airbyte_reads_a_stream(hq, mocksrv, stream):
    mocksrv.set(commcare_indexed_on_style="naive")
    params = {"format": "json", "indexed_on_start": "2024-01-01T00:00:00.000000", "order_by": "indexed_on", "limit": 7}
    rows = []
    while params:
        body = hq.get(f"v0.5/{stream}", **params).json()
        rows += body["objects"]
        params = parse_qs(body["meta"]["next"][1:]) if body["meta"]["next"] else None
    assert len({row["id"] for row in rows}) == len(rows) == body["meta"]["total_count"]
    moments = [datetime.strptime(row["indexed_on"], "%Y-%m-%dT%H:%M:%S.%f") for row in rows]
    assert moments == sorted(moments)


# --- drift ----------------------------------------------------------------------------------------------------


def test_offset_pages_drift_when_rows_come_in_between(hq):
    """Newest first, a form that comes in between two pages pushes a row onto the second one again."""
    query = {"limit": 3, "order_by": "-received_on"}
    first = [form["id"] for form in hq.get("v0.5/form/", **query).json()["objects"]]
    body = ('<data xmlns="http://openrosa.org/formdesigner/d"><meta xmlns="http://openrosa.org/jr/xforms">'
            "<instanceID>drift</instanceID></meta></data>")
    sent = hq.call("POST", "receiver/api/", data=body, headers={"Content-Type": "text/xml"})
    assert sent.status_code == 201
    second = [form["id"] for form in hq.get("v0.5/form/", offset=3, **query).json()["objects"]]
    assert first[-1] == second[0]


def test_deep_offsets_fail_if_asked_to(hq, mocksrv):
    mocksrv.set(commcare_max_offset=20)
    for path in ("case", "form"):
        assert [hq.get(f"v0.5/{path}/", offset=offset).status_code for offset in (0, 20, 21)] == [200, 200, 500]


def test_submissions_without_a_login(hq, mocksrv):
    body = ('<data xmlns="http://openrosa.org/formdesigner/o"><meta xmlns="http://openrosa.org/jr/xforms">'
            "<instanceID>{}</instanceID></meta></data>")

    def submit(id):
        return requests.post(hq.path("receiver/"), data=body.format(id), timeout=30,
                             headers={"Content-Type": "text/xml"})

    refused = submit("one")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm=""')
    mocksrv.set(commcare_open_submissions="demo")
    assert submit("two").status_code == 201
    assert [hq.get(f"v0.5/form/{id}/").status_code for id in ("one", "two")] == [404, 200]
