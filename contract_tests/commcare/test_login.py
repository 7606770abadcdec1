"""Who gets in, and what everybody else is told: all rows of HQ's table of failed logins, digests, lock-out."""

import base64
import re
from hashlib import md5

import pytest
import requests
from requests.auth import HTTPBasicAuth, HTTPDigestAuth

MOCK = pytest.mark.mock_only  # uses the ready-made accounts, and locks some of them
ADMIN, KEY = "brudolph@dimagi.com", "0123456789abcdef0123456789abcdef01234567"
MOBILE = "amina@demo.commcarehq.org"
RESOURCE, VIEW = "case/", "messaging-event/"
HTML = "text/html; charset=utf-8"
NO_ACCESS = {"error": "Your current subscription does not have access to this feature"}
CUT_OFF = {"error": "API access has been temporarily cut off due to too many requests.  To re-enable, please contact "
                    "support."}


def ask(server, path=RESOURCE, domain="demo", *, header=None, auth=None, method="GET", **headers):
    """One request, with nothing of its own."""
    if header is not None:
        headers["Authorization"] = header
    return requests.request(method, f"{server.url}/a/{domain}/api/v0.5/{path}", headers=headers,
                            auth=auth or (lambda request: request), allow_redirects=False, timeout=30)


def api_key(key, username=ADMIN, word="ApiKey"):
    return f"{word} {username}:{key}"


def basic(username, password):
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def is_challenge(response):
    return (response.status_code, response.text, response.headers["Content-Type"]) == (
        401, "Authorization Required", "text/plain") and re.fullmatch(
        r'Digest realm="DJANGO", qop="auth", nonce="\d+\.\d+:[0-9A-Fa-f]{4}:[0-9a-f]{32}", opaque="[0-9A-F]{32}", '
        r'algorithm="MD5", stale="false"', response.headers["WWW-Authenticate"]) is not None


def is_empty(response, status):
    return (response.status_code, response.content, response.headers["Content-Type"],
            response.headers["Content-Length"]) == (status, b"", HTML, "0")


# --- what gets in ------------------------------------------------------------------------------------------


@MOCK
@pytest.mark.parametrize("path", [RESOURCE, VIEW])
@pytest.mark.parametrize("header", [
    api_key(KEY), api_key(KEY, word="apikey"), api_key(KEY, word="APIKEY"), basic(ADMIN, "password"),
    basic(ADMIN.upper(), "password"), "bearer token-1",
])
def test_gets_in(mocksrv, path, header):
    mocksrv.set(commcare_bearer_token="token-1")
    assert ask(mocksrv, path, header=header).status_code == 200


@MOCK
@pytest.mark.parametrize("path", [RESOURCE, VIEW])
def test_digest_gets_in(mocksrv, path):
    assert ask(mocksrv, path, auth=HTTPDigestAuth(ADMIN, "password")).status_code == 200


@MOCK
def test_key_in_the_query(mocksrv):
    assert ask(mocksrv, f"{RESOURCE}?username={ADMIN}&api_key={KEY}").status_code == 200


@MOCK
def test_a_key_of_a_domain_serves_where_there_is_none(mocksrv):
    response = requests.get(f"{mocksrv.url}/api/identity/v1/", headers={"Authorization": api_key("4" * 40)}, timeout=30)
    assert response.status_code == 200


@MOCK
def test_key_in_the_place_of_the_password(mocksrv):
    """Tastypie resources only."""
    assert ask(mocksrv, RESOURCE, auth=HTTPBasicAuth(ADMIN, KEY)).status_code == 200
    assert ask(mocksrv, VIEW, auth=HTTPBasicAuth(ADMIN, KEY)).status_code == 401


@MOCK
def test_mobile_workers_use_function_views(mocksrv):
    for login in ({"header": basic(MOBILE, "password")}, {"header": api_key("e" * 40, MOBILE)},
                  {"auth": HTTPDigestAuth(MOBILE, "password")}):
        assert ask(mocksrv, VIEW, **login).status_code == 200


@MOCK
def test_digest_through_the_redirect(mocksrv):
    response = requests.get(f"{mocksrv.url}/a/exi-training/api/v0.5/user", timeout=30,
                            auth=HTTPDigestAuth(ADMIN, "password"))
    assert response.json()["meta"]["total_count"] == 1
    assert sorted(entry["status"] for entry in mocksrv.journal(vendor="commcare")) == [200, 301, 401]


# --- what does not -----------------------------------------------------------------------------------------

UNKNOWN = [
    api_key("0" * 40), api_key(KEY, "nobody@example.org"), api_key(KEY, ADMIN.upper()),
    api_key("1" * 40), api_key("2" * 40), api_key("3" * 40), api_key("d" * 40, "left@example.org"),
    api_key(KEY, "editor@example.org"), "Bearer wrong",
]


@pytest.mark.parametrize("path", [RESOURCE, VIEW])
@pytest.mark.parametrize("header", UNKNOWN)
def test_wrong_key_unknown_user_disabled(hq, path, header):
    response = ask(hq, path, hq.name, header=header.replace(ADMIN, hq.username))
    assert is_empty(response, 401)
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.parametrize("path", [RESOURCE, VIEW])
@pytest.mark.parametrize("header", [
    pytest.param(basic(ADMIN, "wrong"), marks=MOCK), basic("nobody", "x"), basic("left@example.org", "password"),
    basic(ADMIN, ""), basic("", "password"), "Basic a", "Basic abcde",
    "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
])
def test_wrong_basic(hq, path, header):
    response = ask(hq, path, hq.name, header=header)
    assert is_empty(response, 401)
    assert response.headers["WWW-Authenticate"] == 'Basic realm=""'


@pytest.mark.parametrize("header", ["Basic !!!", "basic " + base64.b64encode(b"no colon").decode()])
def test_basic_without_a_colon(hq, header):
    """HQ trips over it, each kind of function in its own way."""
    resource, view = (ask(hq, path, hq.name, header=header) for path in (RESOURCE, VIEW))
    assert (resource.status_code, resource.json().keys()) == (500, {"error_message"})
    assert (view.status_code, view.headers["Content-Type"]) == (500, HTML)


@MOCK
@pytest.mark.parametrize("path", [RESOURCE, VIEW])
def test_basic_is_read_up_to_a_blank(mocksrv, path):
    assert ask(mocksrv, path, header=f"{basic(ADMIN, 'password')} x").status_code == 200


@MOCK
@pytest.mark.parametrize("key", ["1" * 40, "2" * 40, "3" * 40, "4" * 40, "a" * 40])
def test_bad_keys_in_the_place_of_the_password(mocksrv, key):
    for _ in range(5):
        response = ask(mocksrv, RESOURCE, header=basic(ADMIN, key))
        assert is_empty(response, 401)
        assert response.headers["WWW-Authenticate"] == 'Basic realm=""'
    assert ask(mocksrv, RESOURCE, header=basic(ADMIN, key)).json() == {"error": "maximum password attempts exceeded"}


@pytest.mark.parametrize("path", [RESOURCE, VIEW])
@pytest.mark.parametrize("header", [
    None, "", "ApiKey", "ApiKey :", f"ApiKey :{KEY}", f"ApiKey {ADMIN}:",
    "Digest", "Digest x", "Digest username", 'Digest username="a", realm="DJANGO"', "Negotiate abc",
    "Token 123", 'digest username="\\', "Digest " + "a=b," * 2000,
])
def test_challenge(hq, path, header):
    assert is_challenge(ask(hq, path, hq.name, header=header))


@pytest.mark.parametrize("path", [RESOURCE, VIEW])
def test_key_without_a_colon(hq, path):
    assert is_empty(ask(hq, path, hq.name, header=f"ApiKey {KEY}"), 400)


@MOCK
@pytest.mark.parametrize("path", [RESOURCE, VIEW])
@pytest.mark.parametrize(("header", "status"), [
    (api_key("c" * 40, "stranger@example.org"), 403), (basic("stranger@example.org", "password"), 403),
    (api_key("4" * 40), 401),
])
def test_not_in_the_domain(mocksrv, path, header, status):
    assert is_empty(ask(mocksrv, path, header=header), status)


@MOCK
@pytest.mark.parametrize(("path", "username"), [
    (RESOURCE, "stranger@example.org"), (VIEW, "stranger@example.org"), (RESOURCE, MOBILE),
])
def test_digest_sees_a_challenge_instead(mocksrv, path, username):
    assert is_challenge(ask(mocksrv, path, auth=HTTPDigestAuth(username, "password")))


@MOCK
def test_mobile_worker_at_a_resource(mocksrv):
    for header in (basic(MOBILE, "password"), api_key("e" * 40, MOBILE)):
        assert is_empty(ask(mocksrv, RESOURCE, header=header), 403)


@MOCK
@pytest.mark.parametrize("login", [
    {"header": api_key("a" * 40, "editor@example.org")}, {"header": api_key("5" * 40)},
    {"header": api_key("b" * 40, "reader@example.org")}, {"auth": HTTPDigestAuth("reader@example.org", "password")},
])
def test_missing_permission(mocksrv, login):
    assert is_empty(ask(mocksrv, RESOURCE, **login), 403)
    page = ask(mocksrv, VIEW, **login)
    assert (page.status_code, page.headers["Content-Type"]) == (403, HTML)
    assert "403 Forbidden" in page.text


@MOCK
def test_mac_digest_is_for_hq(mocksrv):
    assert ask(mocksrv, RESOURCE, **{"X-MAC-DIGEST": "x"}).status_code == 403


@MOCK
@pytest.mark.parametrize("path", [RESOURCE, VIEW])
def test_lock_out(mocksrv, path):
    """Five bad passwords lock the account for the rest of the day, whatever comes then."""
    mocksrv.clock.freeze("2026-02-03T10:00:00Z")
    for _ in range(5):
        assert is_empty(ask(mocksrv, path, header=basic(ADMIN, "wrong")), 401)
    for login in ({"header": basic(ADMIN, "password")}, {"auth": HTTPDigestAuth(ADMIN, "password")},
                  {"auth": HTTPDigestAuth(ADMIN.upper(), "password")}):
        response = ask(mocksrv, path, **login)
        assert (response.status_code, response.json()) == (401, {"error": "maximum password attempts exceeded"})
    mocksrv.clock.advance(86_400)
    assert ask(mocksrv, path, header=basic(ADMIN, "password")).status_code == 200


@MOCK
def test_a_key_takes_the_lock_away(mocksrv):
    for _ in range(5):
        ask(mocksrv, header=basic(ADMIN, "wrong"))
    assert ask(mocksrv, header=api_key(KEY)).status_code == 200
    assert ask(mocksrv, header=basic(ADMIN, "password")).status_code == 200


@MOCK
def test_mobile_workers_are_locked_out_much_later(mocksrv):
    for _ in range(6):
        ask(mocksrv, VIEW, header=basic(MOBILE, "wrong"))
    assert ask(mocksrv, VIEW, header=basic(MOBILE, "password")).status_code == 200


@MOCK
def test_a_good_password_clears_the_bad_ones(mocksrv):
    for _ in range(3):
        for password, status in (("wrong", 401), ("wrong", 401), ("password", 200)):
            assert ask(mocksrv, header=basic(ADMIN, password)).status_code == status


@MOCK
@pytest.mark.parametrize("path", [RESOURCE, VIEW])
def test_second_factor(mocksrv, path):
    mocksrv.set(commcare_two_factor="demo")
    header = basic(ADMIN, "password")
    missing, wrong = ask(mocksrv, path, header=header), ask(mocksrv, f"{path}?otp=000000", header=header)
    assert (missing.status_code, missing.json()) == (
        401, {"error": "must send X-COMMCAREHQ-OTP header or 'otp' URL parameter"})
    assert (wrong.status_code, wrong.json()) == (401, {"error": "OTP token is incorrect"})
    assert ask(mocksrv, path, header=header, **{"X-COMMCAREHQ-OTP": "123456"}).status_code == 200
    assert ask(mocksrv, path, header=api_key(KEY)).status_code == 200


@MOCK
def test_identity_and_domains_swallow_the_challenge(mocksrv):
    for path, kind, text in (("identity", HTML, ""), ("user_domains", "text/plain",
                                                      "Username or API Key is incorrect, expired or deactivated")):
        for header in (None, api_key("0" * 40), basic(ADMIN, "wrong"), "Digest x", api_key("e" * 40, MOBILE),
                       basic(MOBILE, "password")):
            response = requests.get(f"{mocksrv.url}/api/v0.5/{path}/", headers={"Authorization": header}, timeout=30)
            assert (response.status_code, response.headers["Content-Type"], response.text) == (401, kind, text)
            assert "WWW-Authenticate" not in response.headers


# --- order of checks ---------------------------------------------------------------------------------------


@MOCK
@pytest.mark.parametrize(("setting", "body"), [("blocked", CUT_OFF), ("no_plan", NO_ACCESS)])
def test_domain_comes_before_method_and_login(mocksrv, setting, body):
    mocksrv.set(**{f"commcare_{setting}": "other, demo"})
    for method in ("GET", "DELETE", "OPTIONS"):
        response = ask(mocksrv, method=method)
        assert (response.status_code, response.json()) == (401, body)
        assert response.headers["Content-Type"] == "application/json"
    assert ask(mocksrv, domain="exi-training", header=api_key(KEY)).status_code == 200


def test_unknown_domain(hq):
    response = ask(hq, domain="nowhere")
    assert (response.status_code, response.json()) == (401, NO_ACCESS)


@MOCK
def test_method_comes_before_login(mocksrv):
    assert ask(mocksrv, method="POST").status_code == 405
    assert is_challenge(ask(mocksrv, VIEW, method="POST"))
    response = ask(mocksrv, VIEW, method="POST", header=api_key(KEY))
    assert (response.status_code, response.json()) == (405, {"error": "Request method not allowed"})


# --- digests -----------------------------------------------------------------------------------------------


def hexed(*parts):
    return md5(":".join(parts).encode()).hexdigest()


def digest(nonce, uri, nc=1, method="GET", password="password", username=ADMIN, changed=()):
    parts = {"username": username, "realm": "DJANGO", "nonce": nonce, "uri": uri, "qop": "auth",
             "nc": f"{nc:08x}", "cnonce": "0a4f113b", "opaque": "A" * 32}
    parts["response"] = hexed(hexed(username, "DJANGO", password), nonce, parts["nc"], "0a4f113b", "auth",
                              hexed(method, uri))
    parts |= dict(changed)
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in parts.items() if value is not None)


@pytest.fixture
def nonce(mocksrv):
    challenge = ask(mocksrv).headers["WWW-Authenticate"]
    return re.search('nonce="([^"]+)"', challenge)[1]


@pytest.fixture
def uri(mocksrv):
    return re.sub("https?://[^/]+", "", mocksrv.url) + "/a/demo/api/v0.5/case/"


@MOCK
def test_nonce_counts(mocksrv, nonce, uri):
    for nc, status in ((1, 200), (1, 401), (3, 200), (2, 401), (4, 200)):
        response = ask(mocksrv, header=digest(nonce, uri, nc))
        assert response.status_code == status, nc
        assert status == 200 or is_challenge(response)


@MOCK
def test_nonce_life(mocksrv, nonce, uri):
    """A nonce may begin to be used for 300 seconds; once in use it lasts."""
    mocksrv.clock.advance(290)
    assert ask(mocksrv, header=digest(nonce, uri, 1)).status_code == 200
    mocksrv.clock.advance(1000)
    assert ask(mocksrv, header=digest(nonce, uri, 2)).status_code == 200


@MOCK
def test_stale_nonce(mocksrv, nonce, uri):
    mocksrv.clock.advance(302)
    assert is_challenge(ask(mocksrv, header=digest(nonce, uri, 1)))


@MOCK
def test_query_counts_in_the_digest_but_not_in_the_path(mocksrv, nonce, uri):
    assert ask(mocksrv, "case/?limit=1", header=digest(nonce, uri + "?limit=1", 1)).status_code == 200
    assert ask(mocksrv, "case/?limit=1", header=digest(nonce, uri + "?limit=2", 2)).status_code == 200
    assert ask(mocksrv, "user/", header=digest(nonce, uri, 3)).status_code == 401


@MOCK
@pytest.mark.parametrize("changed", [
    {"realm": "OTHER"}, {"qop": None}, {"nc": None}, {"nc": "xyz"}, {"cnonce": None}, {"opaque": None},
    {"response": "0" * 32}, {"algorithm": "SHA-256"}, {"nonce": "1.00:AAAA:" + "0" * 32}, {"nonce": "x"},
    {"username": "nobody"}, {"qop": "auth-int"},
])
def test_broken_digests(mocksrv, nonce, uri, changed):
    assert is_challenge(ask(mocksrv, header=digest(nonce, uri, changed=changed)))


@MOCK
def test_username_as_stored_only(mocksrv, nonce, uri):
    assert is_challenge(ask(mocksrv, header=digest(nonce, uri, 1, username=ADMIN.upper())))
    assert ask(mocksrv, header=digest(nonce, uri, 1)).status_code == 200


@MOCK
def test_nonce_from_the_future(mocksrv, nonce, uri):
    mocksrv.clock.advance(-10)
    assert is_challenge(ask(mocksrv, header=digest(nonce, uri)))
