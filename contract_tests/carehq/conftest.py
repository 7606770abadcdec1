"""CareHQ's own client, pointed at a fresh world of the mock, or at the live sandbox by environment variables.

Live: CAREHQ_URL (such as https://api.carehq.dev), CAREHQ_ACCOUNT_ID, CAREHQ_API_KEY, CAREHQ_API_SECRET.
"""

import secrets
import time
from urllib.parse import urlencode

import pytest
import requests
from carehq import APIClient
from carehq.exceptions import RateLimitExceeded

from contract_tests.carehq.signing import signature
from mocksrv.vendors.carehq import vendor


class Patient:
    """The official client, waiting where the rate limit asks for it, as CareHQ's introduction advises."""

    def __init__(self, client):
        self.client = client

    def __call__(self, *args, **kwargs):
        while True:
            if self.client.rate_limit_remaining == 0:
                time.sleep(max(0.0, self.client.rate_limit_reset - time.time()))
            try:
                return self.client(*args, **kwargs)
            except RateLimitExceeded:
                continue


class Raw:
    """Requests signed as the official client signs them, for what it would not send itself."""

    def __init__(self, url, account, key, secret):
        self.url, self.account, self.key, self.secret = url, account, key, secret
        self.session = requests.Session()

    def headers(self, method, path, encoded=b""):
        timestamp, nonce = str(int(time.time())), secrets.token_urlsafe(16)
        return {"X-CareHQ-AccountId": self.account, "X-CareHQ-APIKey": self.key, "X-CareHQ-Timestamp": timestamp,
                "X-CareHQ-Nonce": nonce, "X-CareHQ-Signature-Version": "2.0",
                "X-CareHQ-Signature": signature(self.secret, timestamp, nonce, method, path, encoded)}

    def __call__(self, method, path, args=(), *, body=None, query=None, headers=None):
        """`args` go where the method has its arguments; `query` and `body` (bytes) replace what is sent."""
        encoded = (args if isinstance(args, bytes) else urlencode(args).encode())
        sent_query = query if query is not None else encoded if method == "GET" else b""
        sent_body = body if body is not None else b"" if method == "GET" else encoded
        signed = sent_query if method == "GET" else sent_body
        made = self.headers(method, f"/v1/{path}", signed)
        if sent_body:
            made["Content-Type"] = "application/x-www-form-urlencoded"
        made |= headers or {}
        url = f"{self.url}/v1/{path}" + (f"?{sent_query.decode('latin-1')}" if sent_query else "")
        return self.session.request(method, url, data=sent_body or None, timeout=60,
                                    headers={k: v for k, v in made.items() if v is not None})


@pytest.fixture
def world(mocksrv):
    """A fresh world without CareHQ's rate limit, which tests of their own look at."""
    mocksrv.set(carehq_rate_limit=False)
    return mocksrv


@pytest.fixture
def credentials(request, target, targets, live_setting):
    """Base URL, account Id, key and secret."""
    if target == "live":
        _, *known = (live_setting(f"CAREHQ_{name}") for name in ("URL", "ACCOUNT_ID", "API_KEY", "API_SECRET"))
        return targets.live("carehq"), *known
    url = targets.mock("carehq", request.getfixturevalue("world").url)
    return url, "MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET"


@pytest.fixture
def api(credentials):
    """The official client with all permissions; on a live sandbox it waits for the rate limit."""
    url, account, key, secret = credentials
    return Patient(APIClient(account, key, secret, api_base_url=url))


@pytest.fixture
def connect(credentials):
    """Makes clients that sign by hand; what is named differs from the test's own key."""
    known = dict(zip(("url", "account", "key", "secret"), credentials, strict=True))
    return lambda **changed: Raw(**known | changed)


@pytest.fixture
def raw(connect):
    """Requests signed by hand, with all permissions."""
    return connect()


@pytest.fixture
def call(raw):
    """The JSON of a call that must succeed."""

    def made(method, path, args=()):
        answer = raw(method, path, list(args.items()) if isinstance(args, dict) else args)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        return answer.json()

    return made


@pytest.fixture
def errors(raw):
    """The argument errors of a call that must be refused."""

    def made(method, path, args=()):
        answer = raw(method, path, list(args.items()) if isinstance(args, dict) else args)
        assert (answer.status_code, answer.json()["hint"]) == (400, "One or more arguments are missing or invalid.")
        return answer.json()["arg_errors"]

    return made


@pytest.fixture
def first(call, target):
    """A record with these values, in all attributes that tests look at; a live account may have none."""

    def find(slug, **wanted):
        page, pages = 1, 1
        while page <= pages:
            answer = call("GET", slug, [("per_page", "100"), ("page", str(page)),
                                        *(("attributes", name) for name in ATTRIBUTES[slug])])
            for record in answer["items"]:
                if all(record[name] == value for name, value in wanted.items()):
                    return record
            page, pages = page + 1, answer["page_count"]
        if target == "live":
            pytest.skip(f"the live account has none of {slug} with {wanted}")
        raise LookupError(wanted)

    return find


ATTRIBUTES = {
    "groups": ("group_type", "name", "protected", "archived"),
    "locations": ("services", "name"),
    "care-enquiries": ("stage", "location", "service", "email", "assigned_to", "last_interaction", "modified"),
    "service-users": ("location",),
    "users": ("first_name",),
    "service-user-contacts": ("first_name",),
    "rooms": ("name_no", "location", "rates"),
}


@pytest.fixture
def enquiry(first):
    """The least that an enquiry needs."""
    return {"first_name": "Ann", "last_name": "*", "funding_type": "private", "service": "residential_home",
            "sales_channel": first("groups", group_type="sales_channel")["_id"]}


@pytest.fixture
def own(call, enquiry):
    """An enquiry that this test has made, with a location and somebody who looks after it: what may be changed."""
    home = call("GET", "locations", [("filters-services", "residential_home"), ("attributes", "name")])["items"]
    user = call("GET", "users")["items"][0]["_id"]
    return call("PUT", "care-enquiries", enquiry | {"assigned_to": user} | ({"location": home[0]["_id"]} if home
                                                                           else {}))


@pytest.fixture
def explained(target):
    """Looks into the diagnosis of an answer, which a live service has not."""

    def check(answer, *texts, without=()):
        if target == "mock":
            said = answer.headers.get("X-Mocksrv-Diagnosis", "")
            assert [text for text in texts if text not in said] == [], said
            assert [text for text in without if text in said] == [], said

    return check


@pytest.fixture(scope="session")
def check():
    """Validate an answer with the response schema of an operation."""
    operations = {operation.name: operation for operation in vendor.operations}

    def validate(name, answer):
        schema = operations[name].schema("response")()
        assert schema.validate(answer) == {}
        return answer

    return validate
