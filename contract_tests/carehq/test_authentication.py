"""Keys, addresses, HTTPS, signatures, timestamps, nonces: each refusal, and what its diagnosis says."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import secrets
import time
from urllib.parse import urlencode, urlsplit

import pytest

from mocksrv.remote import ControlFailure

MOCK = pytest.mark.mock_only
WRITES = pytest.mark.writes
SECRET = "MY_API_SECRET"
PAIRS = [("filters-q", "a b"), ("attributes", "last_name"), ("attributes", "first_name")]
QUERY = urlencode(PAIRS)
SORTED = "attributes=first_name\nattributes=last_name\nfilters-q=a b"


@pytest.fixture
def refused(explained):
    """Checks that an answer is this refusal, and on a mock what its diagnosis says."""

    def check(answer, status, hint, *says):
        assert (answer.status_code, answer.json()["hint"]) == (status, hint)
        assert answer.headers["Content-Type"] == "application/json"
        explained(answer, *says)

    return check


MISMATCH = "The signature does not match the request."


# --- headers and keys ---


@pytest.mark.parametrize("header", [
    "X-CareHQ-AccountId", "X-CareHQ-APIKey", "X-CareHQ-Timestamp", "X-CareHQ-Signature", "X-CareHQ-Nonce"])
def test_each_header_is_needed(raw, refused, header):
    for value in (None, ""):
        refused(raw("GET", "users", headers={header: value}), 401, f"The {header} header is missing.", header)


def test_header_names_may_be_in_any_letter_case(raw):
    headers = {name.upper() if "key" in name.lower() else name.lower(): value
               for name, value in raw.headers("GET", "/v1/users").items()}
    assert raw.session.get(f"{raw.url}/v1/users", headers=headers).status_code == 200


@pytest.mark.parametrize(("changed", "says"), [
    ({"account": "ANOTHER"}, "key MY_API_KEY belongs to account MY_ACCOUNT_ID, not to ANOTHER"),
    ({"key": "ANOTHER"}, "account MY_ACCOUNT_ID has no key ANOTHER; its keys: MY_API_KEY"),
    ({"key": "NO", "account": "NO"}, "there is no account NO; the ready-made one is MY_ACCOUNT_ID"),
])
def test_unknown_keys(connect, refused, changed, says):
    answer = connect(**changed)("GET", "users")
    refused(answer, 401, "The account Id or API key is not recognized.", says)
    assert not [name for name in answer.headers if "RateLimit" in name]


PERMISSIONS = [
    ("READ_ONLY", "GET", "users", None), ("READ_ONLY", "GET", "care-enquiries/0", None),
    ("READ_ONLY", "PUT", "care-enquiries", "create"), ("READ_ONLY", "PATCH", "comments/0", "update"),
    ("READ_ONLY", "DELETE", "home-visits/0", "delete"), ("WEBSITE_FORM", "GET", "locations", None),
    ("WEBSITE_FORM", "GET", "groups", None), ("WEBSITE_FORM", "PUT", "care-enquiries", None),
    ("WEBSITE_FORM", "GET", "care-enquiries", "read"), ("WEBSITE_FORM", "PATCH", "care-enquiries/0", "update"),
    ("WEBSITE_FORM", "GET", "users", "read"),
]


@MOCK
@pytest.mark.parametrize(("name", "method", "path", "lacks"), PERMISSIONS)
def test_a_key_may_do_what_it_was_given(connect, refused, name, method, path, lacks):
    answer = connect(key=f"{name}_KEY", secret=f"{name}_SECRET")(method, path)
    if lacks:
        slug = path.partition("/")[0]
        refused(answer, 403, f"This API key lacks the {lacks} permission for {slug}.", f"key {name}_KEY has")
    else:
        assert answer.status_code in (200, 400, 404)


@MOCK
def test_every_ready_made_key_is_listed(world, connect):
    listed = {key["api_key"]: key for key in world.credentials("carehq")}
    assert list(listed) == ["MY_API_KEY", "READ_ONLY_KEY", "WEBSITE_FORM_KEY", "OFFICE_ONLY_KEY", "UNSIGNED_KEY"]
    assert listed["MY_API_KEY"]["account_id"] == "MY_ACCOUNT_ID"
    key = listed["MY_API_KEY"]
    client = connect(account=key["account_id"], key=key["api_key"], secret=key["api_secret"], url=key["base_url"])
    assert client("GET", "users").status_code == 200


@MOCK
@pytest.mark.parametrize(("address", "allowed"), [
    ("203.0.113.9", True), ("198.51.100.7", True), ("198.51.100.8", False), ("2001:db8::9", True),
    ("2001:db9::9", False), ("::ffff:203.0.113.9", True), ("nonsense", False), (None, False),
    ("203.0.113.9, 192.0.2.1", False), ("192.0.2.1, 203.0.113.9", True),
])
def test_addresses_outside_a_keys_list_are_refused(world, connect, refused, address, allowed):
    office = connect(key="OFFICE_ONLY_KEY", secret="OFFICE_ONLY_SECRET")
    answer = office("GET", "users", headers={"X-Forwarded-For": address})
    if allowed:
        assert answer.status_code == 200
    else:
        shown = (address or "127.0.0.1").rpartition(", ")[2]
        refused(answer, 403, f"The address {shown} is not allowed to use this API key.", "203.0.113.0/24")
    world.set(carehq_trusted_proxies="192.0.2.1")
    assert office("GET", "users", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403


@MOCK
def test_https_can_be_required(world, raw, refused):
    world.set(carehq_require_https=True)
    refused(raw("GET", "users"), 403, "Requests must be made over HTTPS.", "require_https")
    assert raw("GET", "users", headers={"X-Forwarded-Proto": "https"}).status_code == 200


@MOCK
def test_a_key_may_have_its_signatures_switched_off(world, connect):
    headers = {"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "UNSIGNED_KEY"}
    raw = connect()
    answer = raw.session.get(f"{world.url}/v1/users", headers=headers)
    assert (answer.status_code, len(answer.json()["items"])) == (200, 10)
    bad = headers | {"X-CareHQ-Timestamp": "x", "X-CareHQ-Signature": "x", "X-CareHQ-Signature-Version": "9"}
    assert raw.session.get(f"{world.url}/v1/users?page=2", headers=bad).json()["page"] == 2


# --- settings ---


@MOCK
@pytest.mark.parametrize(("setting", "value", "says"), [
    ("clock_window", -1, "use a whole number from 0 to 1000000000"),
    ("clock_window", "-300", "use a whole number from 0"),
    ("clock_window", 10**12, "use a whole number from 0"),
    ("clock_window", "soon", "use a whole number"), ("clock_window", None, "use a whole number"),
    ("trusted_proxies", "localhost", "such as 10.0.0.0/8 ::1; 'localhost' is none"),
    ("trusted_proxies", "127.0.0.0/8, 10.0.0.0/33", "'10.0.0.0/33' is none"),
    ("trusted_proxies", "::1 ::g", "'::g' is none"), ("trusted_proxies", 5, "use a str"),
    ("writable_resources", "user", "use documented, all, or names of resources such as absences"),
    ("unknown_arguments", "refused", "use one of mixed, refuse, ignore"),
])
def test_a_setting_that_makes_no_sense_is_refused(world, raw, setting, value, says):
    with pytest.raises(ControlFailure, match=re.escape(says)):
        world.control("POST", "/settings", {f"carehq.{setting}": value})
    with pytest.raises(ControlFailure, match=re.escape(says)):
        world.control("POST", "/worlds", {"name": world.name, "settings": {f"carehq.{setting}": value}})
    assert raw("GET", "users").status_code == 200


@MOCK
@pytest.mark.parametrize(("setting", "value"), [
    ("clock_window", "0"), ("trusted_proxies", ""), ("trusted_proxies", "10.0.0.1/8,::1  192.0.2.7"),
    ("writable_resources", ""), ("writable_resources", "users, groups"), ("writable_resources", "documented"),
])
def test_a_setting_at_its_edge_is_taken(world, raw, setting, value):
    world.control("POST", "/settings", {f"carehq.{setting}": value})
    assert raw("GET", "users").status_code == 200


# --- time and nonces ---


@pytest.mark.parametrize(("ahead", "says"), [(3_600, "s ahead of the server's"), (-86_400, "s behind the server's")])
def test_a_clock_that_is_wrong(raw, explained, ahead, says):
    timestamp = str(int(time.time()) + ahead)
    nonce = secrets.token_urlsafe(16)
    text = f"{timestamp}\n{nonce}\nGET\n/v1/users\n"
    answer = raw("GET", "users", headers=signed(text, timestamp, nonce, raw.secret))
    assert answer.status_code == 401
    assert re.fullmatch(r"The timestamp is more than 300 seconds from the server clock \(server time \d+\)\.",
                        answer.json()["hint"])
    explained(answer, says)


@MOCK
@pytest.mark.parametrize(("ahead", "says"), [
    (412, "clock is 412 s ahead of the server's"), (-301, "clock is 301 s behind the server's"),
    (299, None), (-299, None)])
def test_the_clock_window(world, raw, refused, ahead, says):
    world.clock.freeze()
    world.clock.set("2026-05-01T10:00:00Z")
    now = 1777629600
    text = f"{now + ahead}\nn{ahead}\nGET\n/v1/users\n"
    answer = raw("GET", "users", headers=signed(text, now + ahead, f"n{ahead}"))
    if says is None:
        assert answer.status_code == 200
    else:
        refused(answer, 401, f"The timestamp is more than 300 seconds from the server clock (server time {now}).", says)
        world.set(carehq_clock_window=0)
        assert raw("GET", "users", headers=signed(text, now + ahead, f"n{ahead}")).status_code == 200


def signed(text, timestamp, nonce, secret=SECRET):
    return {"X-CareHQ-Timestamp": str(timestamp), "X-CareHQ-Nonce": nonce,
            "X-CareHQ-Signature": hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()}


@pytest.mark.parametrize("timestamp", ["now", "1e9", "-1", "nan", "inf", "0x10", "1704728512.", "١٧٠٤", "9" * 400])
def test_a_timestamp_is_a_number(raw, refused, timestamp):
    answer = raw("GET", "users", headers={"X-CareHQ-Timestamp": timestamp.encode()})
    refused(answer, 401, "The timestamp is not a number of seconds.", "send Unix seconds")


def test_a_nonce_serves_once(raw, refused):
    now, nonce = str(int(time.time())), secrets.token_urlsafe(16)
    headers = signed(f"{now}\n{nonce}\nGET\n/v1/users\n", now, nonce, raw.secret)
    assert raw("GET", "users", headers=headers).status_code == 200
    refused(raw("GET", "users", headers=headers), 401, "This nonce has been used before.", "nonce already used")


def test_a_nonce_has_a_greatest_length(raw, refused):
    now = str(int(time.time()))
    for length, status in ((128, 200), (129, 401)):
        nonce = secrets.token_hex(65)[:length]
        answer = raw("GET", "users", headers=signed(f"{now}\n{nonce}\nGET\n/v1/users\n", now, nonce, raw.secret))
        assert answer.status_code == status
    refused(answer, 401, "The nonce is longer than 128 characters.")


@MOCK
def test_a_nonce_serves_once_for_each_key(world, connect, raw, refused):
    world.clock.freeze()
    now = int(time.time())
    world.clock.set(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(now))}")
    text = f"{now}\nonce\nGET\n/v1/users\n"
    assert raw("GET", "users", headers=signed(text, now, "once", "wrong")).status_code == 401
    assert raw("GET", "users", headers=signed(text, now, "once")).status_code == 200  # bad signatures use none up
    world.clock.advance(3)
    again = raw("GET", "users", headers=signed(text, now, "once"))
    refused(again, 401, "This nonce has been used before.", "nonce already used 3 s ago")
    other = connect(key="READ_ONLY_KEY", secret="READ_ONLY_SECRET")
    assert other("GET", "users", headers=signed(text, now, "once", "READ_ONLY_SECRET")).status_code == 200
    world.clock.advance(600)
    text = f"{now + 603}\nonce\nGET\n/v1/users\n"
    assert raw("GET", "users", headers=signed(text, now + 603, "once")).status_code == 200


def test_unknown_versions(raw, refused):
    answer = raw("GET", "users", headers={"X-CareHQ-Signature-Version": "3.0"})
    refused(answer, 401, "Unknown signature version; accepted: 2.0, 1, 1.0.", "3.0")
    for version in (None, "1", "1.0"):
        assert legacy(raw, "", version).status_code == 200


@MOCK
def test_the_legacy_switch(world, raw, refused):
    world.set(carehq_legacy_signatures=False)
    refused(legacy(raw, "", None), 401, "Unknown signature version; accepted: 2.0.", "carehq.legacy_signatures=true")


def legacy(raw, body, version=None, query="", timestamp=None, method="GET", data=None, **more):
    timestamp = timestamp or f"{time.time():.4f}"
    digest = hashlib.sha1(f"{timestamp}{body}{raw.secret}".encode()).hexdigest()
    return raw(method, "users" if method == "GET" else "care-enquiries", query=query.encode(), body=data, headers={
        "X-CareHQ-Timestamp": timestamp, "X-CareHQ-Nonce": None, "X-CareHQ-Signature": digest,
        "X-CareHQ-Signature-Version": version, **more})


# --- what is signed ---


def test_an_unsigned_body_changes_nothing(raw):
    answer = raw("GET", "users", body=b"page=99&per_page=nonsense")
    assert (answer.status_code, answer.json()["page"]) == (200, 1)
    answer = raw("GET", "users", body=b'{"page": 2}', headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


@WRITES
def test_an_unsigned_query_changes_nothing(raw):
    answer = raw("PUT", "care-enquiries", query=b"last_name=Smith", body=b"first_name=Ann")
    assert "last_name" in answer.json()["arg_errors"]
    assert "first_name" not in answer.json()["arg_errors"]


@MOCK
@pytest.mark.parametrize("prefix", ["/carehq", "/carehq/any/prefix"])
def test_any_prefix_may_stand_before_the_version(world, connect, prefix):
    assert connect(url=f"{world.url}{prefix}")("GET", "users/").status_code == 200


@MOCK  # the gate to a live service lets no such path through
def test_two_slashes_are_no_endpoint(raw, refused):
    refused(raw("GET", "users//"), 404, "No such endpoint.")
    refused(raw("GET", "/users"), 404, "No such endpoint.")


RUBY = ("PUT", "care-enquiries", "{0}\n{1}\nPUT\n/v1/care-enquiries\npct=100%\nphone=+44 7700")
RUBY_BODY = b"phone=+44 7700&pct=100%"


@WRITES
def test_ruby_sends_bodies_without_encoding(raw, explained):
    answer = hand_signed(raw, *RUBY, body=RUBY_BODY)
    assert answer.json()["arg_errors"]["phone"] == ["Not a valid phone number."]  # 44 7700 has six digits
    explained(answer, "a body without encoding (Ruby)")


def test_ruby_leaves_a_plus_in_queries(raw, explained):
    text = "{0}\n{1}\nGET\n/v1/users\nfilters-q=xy+zzy"
    answer = hand_signed(raw, "GET", "users", text, query=b"filters-q=xy+zzy")
    assert (answer.status_code, answer.json()["item_count"]) == (200, 0)
    explained(answer, "a raw + in the query (Ruby)")


JAVASCRIPT = ("GET", "users", "{0}\n{1}\nGET\n/v1/users\nfilters-q=😀\nfilters-q=ﬁ")
JAVASCRIPT_QUERY = urlencode([("filters-q", "😀"), ("filters-q", "ﬁ")]).encode()


def test_javascript_orders_by_code_unit(raw):
    answer = hand_signed(raw, *JAVASCRIPT, query=JAVASCRIPT_QUERY)
    assert answer.json()["arg_errors"] == {"filters-q": ["Only one value is allowed."]}


def test_php_in_lower_case_signs_no_query(raw, refused):
    answer = hand_signed(raw, "GET", "users", "{0}\n{1}\nGET\n/v1/users\n", query=QUERY.encode())
    refused(answer, 401, "The signature does not match the request: it matches an empty argument list. "
                         "Was the method in lower case?",
            "signature matches an empty argument list: was the method lower case?")


LEGACY_PHP = {"method": "PUT", "query": "x=1", "data": b"first_name=Ann"}


@WRITES
def test_legacy_php_signs_the_query_of_a_put(raw):
    assert "first_name" not in legacy(raw, "x1", **LEGACY_PHP).json()["arg_errors"]


@MOCK
def test_what_is_tolerated_by_setting(world, raw, refused):
    world.set(carehq_accept_unsigned_query=True)
    unsigned = hand_signed(raw, "GET", "users", "{0}\n{1}\nGET\n/v1/users\n", query=QUERY.encode())
    assert unsigned.status_code == 200
    world.set(carehq_strict_signatures=True)
    refused(hand_signed(raw, *RUBY, body=RUBY_BODY), 401, MISMATCH)
    assert hand_signed(raw, *JAVASCRIPT, query=JAVASCRIPT_QUERY).status_code == 401
    assert legacy(raw, "x1", **LEGACY_PHP).status_code == 401


def test_legacy_csharp_may_write_percent_u(raw):
    timestamp, host = str(int(time.time())), urlsplit(raw.url)
    digest = hashlib.sha1(f"{timestamp}filters-qZoë😀{raw.secret}".encode()).hexdigest()
    connection = http.client.HTTPConnection(host.netloc)  # requests would encode the % once more
    connection.request("GET", f"{host.path}/v1/users?filters-q=Zo%u00EB%uD83D%uDE00", headers={
        "X-CareHQ-AccountId": raw.account, "X-CareHQ-APIKey": raw.key, "X-CareHQ-Timestamp": timestamp,
        "X-CareHQ-Signature": digest})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["item_count"] == 0


def hand_signed(raw, method, path, text, secret=None, digest=None, **sent):
    """A request whose signature is over `text`, with {0} for the timestamp and {1} for the nonce."""
    timestamp, nonce = str(int(time.time())), secrets.token_urlsafe(16)
    text = text.replace("{0}", timestamp).replace("{1}", nonce)
    secret = raw.secret if secret is None else secret
    made = digest(secret, text) if digest else hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
    return raw(method, path, **sent, headers={
        "X-CareHQ-Timestamp": timestamp, "X-CareHQ-Nonce": nonce, "X-CareHQ-Signature": made})


RIGHT = "{0}\n{1}\nGET\n/v1/users\n" + SORTED
SLIPS = [
    ("{0}\n{1}\nget\n/v1/users\n" + SORTED, "the method is to be signed in upper case"),
    ("{0}\n{1}\nGET\n/users\n" + SORTED, "the path is to be signed with /v1/"),
    ("{0}\n{1}\nGET\nusers\n" + SORTED, "the path is to be signed with /v1/"),
    ("{0}\n{1}\nGET\nv1/users\n" + SORTED, "with its leading slash"),
    ("{0}\n{1}\nGET\n/v1/v1/users\n" + SORTED, "the version is twice in the path"),
    ("{0}\n{1}\nGET\n/v1/users/\n" + SORTED, "the slash at the end of the path differs"),
    ("{0}\n{1}\nGET\n{prefix}/v1/users\n" + SORTED, "without what stands before /v1/"),
    ("{0}\n{1}\nGET\n{url}/v1/users\n" + SORTED, "without what stands before /v1/"),
    ("{0}\n{1}\nGET\n/v1/users?" + QUERY + "\n" + SORTED, "the path is to be signed without the query"),
    ("{0}\n{1}\nGET\n/v1/users\n" + "\n".join(f"{k}={v}" for k, v in PAIRS), "in ascending order"),
    ("{0}\n{1}\nGET\n/v1/users\n" + SORTED.replace(" ", "%20"), "without percent-encoding"),
    ("{0}\n{1}\nGET\n/v1/users\n" + QUERY, "joined with line feeds"),
    ("{0}\n{1}\nGET\n/v1/users\n" + SORTED.replace("\n", "&"), "joined with line feeds"),
    (RIGHT + "\n", "arguments end without a line feed"),
    (RIGHT.replace("\n", "\r\n"), "separated by line feeds alone"),
    ("{0}\n{1}\nGET\n/v1/users\n" + SORTED.replace("attributes=first_name\n", ""), "every value of a repeated key"),
    ("{0}\n{1}\nGET\n/v1/users\n" + SORTED.replace("attributes=last_name\n", ""), "every value of a repeated key"),
]


@pytest.mark.parametrize(("text", "slip"), SLIPS, ids=[slip for _, slip in SLIPS])
def test_a_slip_is_named_with_both_strings(request, target, raw, refused, text, slip):
    url = raw.url if target == "live" else request.getfixturevalue("world").url  # not that of a proxy before it
    text = text.replace("{prefix}", urlsplit(url).path or "/any").replace("{url}", url)
    answer = hand_signed(raw, "GET", "users", text, query=QUERY.encode())
    refused(answer, 401, MISMATCH, slip, "the server signed", "the client's differs at character")
    assert "the server signed" not in answer.text


@MOCK
def test_the_journal_has_the_diagnosis_of_a_slip(world, raw):
    answer = hand_signed(raw, "GET", "users", SLIPS[0][0], query=QUERY.encode())
    assert answer.headers["X-Mocksrv-Diagnosis"] in "; ".join(world.journal(status=401)[-1]["diagnosis"])


@pytest.mark.parametrize(("method", "path", "text", "slip"), [
    ("GET", "users", "{0}\n{1}\nGET\n/v1/users", "ends with a line feed even without arguments"),
    ("GET", "users/caf%C3%A9", "{0}\n{1}\nGET\n/v1/users/caf%C3%A9\n",
     "the path is to be signed without percent-encoding"),
    pytest.param("DELETE", "comments/0", "{0}\n{1}\ndelete\n/v1/comments/0\n",
                 "the method is to be signed in upper case", marks=WRITES),
])
def test_a_slip_without_arguments(raw, refused, method, path, text, slip):
    refused(hand_signed(raw, method, path, text), 401, MISMATCH, slip)


@WRITES
def test_slips_of_bodies(raw, explained):
    put, body = "{0}\n{1}\nPUT\n/v1/care-enquiries\n", b"last_name=&first_name=Ann"
    answer = hand_signed(raw, "PUT", "care-enquiries", put + "first_name=Ann", body=body)
    explained(answer, "arguments with an empty value are to be signed too")
    answer = hand_signed(raw, "PUT", "care-enquiries", put, body=body)
    explained(answer, "signature matches an empty argument list")
    for arguments in ("a=1", "a=1\nfirst_name=Ann\nlast_name="):
        answer = hand_signed(raw, "PUT", "care-enquiries", put + arguments, query=b"a=1", body=body)
        assert answer.status_code == 401
        explained(answer, "GET signs the query, every other method the body")


def mac(name, secret, text):
    return hmac.new(secret.encode(), text.encode(), name)


@pytest.mark.parametrize(("digest", "says"), [
    (lambda secret, text: mac("sha256", secret, text).hexdigest().upper(), "in upper case"),
    (lambda secret, text: base64.b64encode(mac("sha256", secret, text).digest()).decode(), "in base64"),
    (lambda secret, text: mac("sha1", secret, text).hexdigest(), "an HMAC-SHA1"),
    (lambda secret, text: mac("sha512", secret, text).hexdigest(), "an HMAC-SHA512"),
    (lambda secret, text: hashlib.sha256((text + secret).encode()).hexdigest(), "a plain SHA-256 of string and secret"),
    (lambda secret, text: hashlib.sha256((secret + text).encode()).hexdigest(), "a plain SHA-256 of secret and string"),
])
def test_the_right_string_in_the_wrong_form(raw, refused, digest, says):
    answer = hand_signed(raw, "GET", "users", RIGHT, digest=digest, query=QUERY.encode())
    refused(answer, 401, MISMATCH, f"the string is right, but the signature is {says}")


@pytest.mark.parametrize(("secret", "says"), [
    ("READ_ONLY_SECRET", "the secret of key READ_ONLY_KEY"), ("MY_API_KEY", "the API key in the place of the secret"),
    ("MY_ACCOUNT_ID", "the account Id in the place of the secret"), ("", "an empty secret"),
    ("MY_API_SECRET\n", "a line break behind it"),
])
def test_the_wrong_secret_is_recognized(raw, refused, secret, says):
    own = {SECRET: raw.secret, "MY_API_KEY": raw.key, "MY_ACCOUNT_ID": raw.account}
    used = own.get(secret.rstrip(), secret.rstrip()) + "\n" * secret.endswith("\n")
    refused(hand_signed(raw, "GET", "users", RIGHT, used, query=QUERY.encode()), 401, MISMATCH, says)


def test_nothing_explains_a_guess(raw, refused):
    answer = hand_signed(raw, "GET", "users", RIGHT, "a guess", query=QUERY.encode())
    refused(answer, 401, MISMATCH, "no usual slip explains the signature", "attributes=first_name")


def test_the_two_schemes_are_told_apart(raw, explained):
    answer = raw("GET", "users", headers={"X-CareHQ-Signature-Version": None})
    assert answer.status_code == 401
    explained(answer, "fits scheme 2.0, but the X-CareHQ-Signature-Version: 2.0 header is missing")
    answer = legacy(raw, "", "2.0", **{"X-CareHQ-Nonce": "x"})
    assert answer.status_code == 401
    explained(answer, "fits the legacy scheme, but X-CareHQ-Signature-Version says 2.0")


@pytest.mark.parametrize(("body", "timestamp", "says"), [
    ("", None, "signature matches an empty argument list"),
    ("attributeslast_namefirst_namefilters-qa b", None, "nothing"),
    ("attributesfirst_namelast_namefilters-qa b", None, "in the order of the wire"),
    (QUERY, None, "without separators and percent-encoding"),
])
def test_legacy_slips(raw, refused, body, timestamp, says):
    expected = "no usual slip" if says == "nothing" else says
    refused(legacy(raw, body, query=QUERY), 401, MISMATCH, expected)


def test_a_legacy_timestamp_is_signed_as_sent(raw, refused):
    now = int(time.time())
    digest = hashlib.sha1(f"{now}{raw.secret}".encode()).hexdigest()
    answer = legacy(raw, "", timestamp=f"{now}.25", **{"X-CareHQ-Signature": digest})
    refused(answer, 401, MISMATCH, "the timestamp is to be signed as it is sent")
