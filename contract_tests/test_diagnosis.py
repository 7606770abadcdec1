"""The ten most common mistakes: the diagnosis alone leads to the reason, and the body stays the vendor's."""

import re

import pytest
import requests
from carehq import APIClient
from carehq.exceptions import Forbidden, NotFound, RateLimitExceeded, Unauthorized

pytestmark = pytest.mark.mock_only

ADMIN = ("admin", "pass")
KEY = "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def diagnosed(mocksrv):
    """What the journal says of the last exchange: that of the header, with credentials redacted."""
    def diagnosed(answer=None):
        text = "; ".join(mocksrv.journal(limit=1)[0]["diagnosis"])
        if answer is not None:
            pattern = re.escape(text).replace(re.escape("(redacted)"), ".+")
            assert re.fullmatch(pattern, answer.headers["X-Mocksrv-Diagnosis"])
            assert text not in answer.text
        return text

    return diagnosed


def carehq(mocksrv, key="MY_API_KEY", secret="MY_API_SECRET", base=""):
    return APIClient("MY_ACCOUNT_ID", key, secret, api_base_url=mocksrv.url + base)


def test_wrong_secret(mocksrv, diagnosed):
    with pytest.raises(Unauthorized):
        carehq(mocksrv, secret="MY_API_SECRETS")("GET", "users")
    assert "the secret is not that of key MY_API_KEY (GET /_mocksrv/credentials tells it)" in diagnosed()


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
    text = "exactly application/json, without a charset; it is application/json; charset=utf-8"
    assert text in diagnosed(answer)


def test_missing_permission(mocksrv, diagnosed):
    with pytest.raises(Forbidden):
        carehq(mocksrv, "WEBSITE_FORM_KEY", "WEBSITE_FORM_SECRET")("GET", "users")
    text = diagnosed()
    assert "this needs users: read; key (redacted) has care-enquiries: create; locations: read" in text
    assert "use another key of /_mocksrv/credentials" in text


def test_expired_link(mocksrv, diagnosed):
    requests.put(f"{mocksrv.url}/api/v1/settings", auth=ADMIN, json={
        "token_login": {"enabled": True, "message": "Hello"}, "app_url": mocksrv.url}).raise_for_status()
    user = {"username": "amina", "roles": ["program_officer"], "phone": "+12015550123", "token_login": True}
    requests.post(f"{mocksrv.url}/api/v1/users", json=user, auth=ADMIN).raise_for_status()
    token = requests.get(f"{mocksrv.url}/_users/org.couchdb.user:amina", auth=ADMIN).json()["token_login"]["token"]
    mocksrv.clock.advance(25 * 60 * 60)
    answer = requests.post(f"{mocksrv.url}/medic/login/token/{token}", json={})
    assert answer.status_code == 401
    assert "expired: it lives for 24 hours of the world's clock; make a new one" in diagnosed(answer)
    assert token not in str(mocksrv.journal())


def test_rate_limit(mocksrv, diagnosed):
    mocksrv.clock.freeze()
    client = carehq(mocksrv)
    for _ in range(10):
        client("GET", "users")
    with pytest.raises(RateLimitExceeded):
        client("GET", "users")
    assert "this key's 10 calls for this second are used up: wait 1.000 s" in diagnosed()


def test_typo_in_a_path(mocksrv, diagnosed):
    answer = requests.get(f"{mocksrv.url}/api/v1/persn", auth=ADMIN)
    assert answer.status_code == 404
    assert "GET /api/v1/person ('person', not 'persn')" in diagnosed(answer)


@pytest.mark.parametrize(("method", "path", "first"), [
    ("GET", "/api/v1/peple", "POST /api/v1/people ('people', not 'peple')"),
    ("GET", "/api/v1/setings", "GET, PUT /api/v1/settings ('settings', not 'setings')"),
    ("GET", "/api/monitoring", "GET /api/v1/monitoring ('v1' is missing before 'monitoring')"),
    ("GET", "/api/v1/person/x/y", "GET /api/v1/person/{uuid} ('y' is too much at the end)"),
    ("POST", "/api/v1/bulk_delete", "POST /api/v1/bulk-delete ('bulk-delete', not 'bulk_delete')"),
    ("GET", "/api/v3/person", "GET /api/v1/person ('v1', not 'v3')"),
    ("POST", "/api/sms/africastalking/v1/incoming-messages",
     "POST /api/v1/sms/africastalking/incoming-messages ('v1' is missing before 'sms')"),
    ("GET", "/_sesion", "GET, POST, DELETE /_session ('_session', not '_sesion')"),
    ("GET", "/v1/care-enquiry", "GET, PUT /v1/care-enquiries ('care-enquiries', not 'care-enquiry')"),
    ("GET", "/a/demo/api/v0.5/cases/", "GET /a/{domain}/api/v0.5/case/ ('case', not 'cases')"),
])
def test_the_nearest_route_comes_first(mocksrv, diagnosed, method, path, first):
    """What CHT's API does not own goes on to CouchDB, whose documents have any path: nobody meant those."""
    auth, headers = (None, {"Authorization": KEY}) if path.startswith("/a/") else (ADMIN, {})
    text = diagnosed(requests.request(method, mocksrv.url + path, auth=auth, headers=headers))
    assert text.partition("the nearest: ")[2].partition("; ")[0] == first
    assert "{db}" not in text
    assert "database" not in text.partition("the nearest: ")[0]


@pytest.mark.parametrize(("method", "path", "says"), [
    ("GET", "/medik/_all_docs", "there is no database medik; there are _global_changes,"),
    ("GET", "/medic/_changs", "was GET, POST /{db}/_changes ('_changes', not '_changs') meant?"),
    ("GET", "/medic/nobody", "document 'nobody' of medic is missing"),
    ("GET", "/api/v3/users", "takes POST, not GET; near is GET, POST /api/v1/users ('v1', not 'v3')"),
    ("PATCH", "/api/v1/person/x", "/api/v1/person/x takes GET, not PATCH"),
    ("GET", "/_nothing_like_it", "nor like one; GET /_mocksrv/operations lists them"),
])
def test_databases_documents_and_methods(mocksrv, diagnosed, method, path, says):
    text = diagnosed(requests.request(method, mocksrv.url + path, auth=ADMIN))
    assert says in text
    assert text.count("meant?") == says.count("meant?")


@pytest.mark.parametrize(("ask", "says"), [
    (lambda url: requests.get(f"{url}/api/v1/settings", auth=("admin", "wrong")), "credentials tells a right one"),
    (lambda url: requests.get(f"{url}/a/demo/api/v0.5/user/", auth=("brudolph@dimagi.com", "wrong")),
     "credentials tells a right one"),
    (lambda url: requests.get(f"{url}/a/demo/api/v0.5/user/", headers={"Authorization": f"{KEY}x"}),
     "credentials tells a right one"),
    (lambda url: requests.post(f"{url}/medic/login/token/none", json={}), "login links are switched off: PUT"),
])
def test_the_next_step_is_named(mocksrv, diagnosed, ask, says):
    assert says in diagnosed(ask(mocksrv.url))
