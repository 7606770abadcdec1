"""The ten most common mistakes: the diagnosis alone leads to the reason, and the body stays the vendor's."""

import pytest
import requests
from carehq import APIClient
from carehq.exceptions import Forbidden, NotFound, RateLimitExceeded, Unauthorized

pytestmark = pytest.mark.mock_only

ADMIN = ("admin", "pass")
KEY = "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def diagnosed(mocksrv):
    """What the journal says of the last exchange; the same as the header."""
    def diagnosed(answer=None):
        text = "; ".join(mocksrv.journal(limit=1)[0]["diagnosis"])
        if answer is not None:
            assert answer.headers["X-Mocksrv-Diagnosis"] == text
            assert text not in answer.text
        return text

    return diagnosed


def carehq(mocksrv, key="MY_API_KEY", secret="MY_API_SECRET", base=""):
    return APIClient("MY_ACCOUNT_ID", key, secret, api_base_url=mocksrv.url + base)


def test_wrong_secret(mocksrv, diagnosed):
    with pytest.raises(Unauthorized):
        carehq(mocksrv, secret="MY_API_SECRETS")("GET", "users")
    assert "secret" in diagnosed()


def test_clock_skew(mocksrv, diagnosed):
    mocksrv.clock.skew(-412)
    with pytest.raises(Unauthorized):
        carehq(mocksrv)("GET", "users")
    assert "ahead of the server's" in diagnosed()


def test_missing_slash(mocksrv, diagnosed):
    answer = requests.post(f"{mocksrv.url}/a/demo/api/v0.5/user", json={}, headers={"Authorization": KEY},
                           allow_redirects=False)
    assert answer.status_code == 301
    assert "slash" in diagnosed(answer)


def test_wrong_domain(mocksrv, diagnosed):
    answer = requests.get(f"{mocksrv.url}/a/dmeo/api/v0.5/user/", headers={"Authorization": KEY})
    assert answer.status_code == 401
    text = diagnosed(answer)
    assert "dmeo" in text
    assert "demo" in text


def test_wrong_version(mocksrv, diagnosed):
    with pytest.raises(NotFound):
        carehq(mocksrv, base="/v1")("GET", "users")
    assert "give them the base URL without it" in diagnosed()
    answer = requests.get(f"{mocksrv.url}/a/demo/api/v0.7/user/", headers={"Authorization": KEY})
    assert "v0.5" in diagnosed(answer)


def test_wrong_content_type(mocksrv, diagnosed):
    answer = requests.post(f"{mocksrv.url}/api/v1/people", data="{}", auth=ADMIN,
                           headers={"Content-Type": "application/json; charset=utf-8"})
    assert answer.status_code == 400
    assert "exactly application/json, without a charset" in diagnosed(answer)


def test_missing_permission(mocksrv, diagnosed):
    with pytest.raises(Forbidden):
        carehq(mocksrv, "WEBSITE_FORM_KEY", "WEBSITE_FORM_SECRET")("GET", "users")
    assert "has care-enquiries: create; locations: read; groups: read; use another key" in diagnosed()


def test_expired_link(mocksrv, diagnosed):
    requests.put(f"{mocksrv.url}/api/v1/settings", auth=ADMIN, json={
        "token_login": {"enabled": True, "message": "Hello"}, "app_url": mocksrv.url}).raise_for_status()
    user = {"username": "amina", "roles": ["program_officer"], "phone": "+12015550123", "token_login": True}
    requests.post(f"{mocksrv.url}/api/v1/users", json=user, auth=ADMIN).raise_for_status()
    token = requests.get(f"{mocksrv.url}/_users/org.couchdb.user:amina", auth=ADMIN).json()["token_login"]["token"]
    mocksrv.clock.advance(25 * 60 * 60)
    answer = requests.post(f"{mocksrv.url}/medic/login/token/{token}", json={})
    assert answer.status_code == 401
    assert "expired" in diagnosed(answer)
    assert token not in str(mocksrv.journal())


def test_rate_limit(mocksrv, diagnosed):
    mocksrv.clock.freeze()
    client = carehq(mocksrv)
    for _ in range(10):
        client("GET", "users")
    with pytest.raises(RateLimitExceeded):
        client("GET", "users")
    assert "wait 1.000 s" in diagnosed()


def test_typo_in_a_path(mocksrv, diagnosed):
    answer = requests.get(f"{mocksrv.url}/api/v1/persn", auth=ADMIN)
    assert answer.status_code == 404
    assert "GET /api/v1/person ('person', not 'persn')" in diagnosed(answer)
