"""CareHQ's own client, pointed at a fresh world of the mock, or at the live sandbox by environment variables.

Live: CAREHQ_URL (such as https://api.carehq.dev), CAREHQ_ACCOUNT_ID, CAREHQ_API_KEY, CAREHQ_API_SECRET.
"""

import time
from urllib.parse import urlencode

import pytest
import requests
from carehq import APIClient
from carehq.exceptions import RateLimitExceeded

from mocksrv.vendors.carehq import vendor
from mocksrv.vendors.carehq.signatures import Signed, canonical, form, sign, split, string_to_sign


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
    """Requests signed by hand, for what the official client would not send."""

    def __init__(self, account="MY_ACCOUNT_ID", key="MY_API_KEY", secret="MY_API_SECRET", *, url):
        self.url, self.account, self.key, self.secret = url, account, key, secret
        self.session = requests.Session()
        self.numbers = 0

    def headers(self, method, path, signed=b"", **changed):
        self.numbers += 1
        timestamp, nonce = str(int(time.time())), f"nonce-{self.numbers}-{id(self)}"
        parts = Signed(method, path, signed, b"", timestamp, nonce, "")
        text = string_to_sign(parts, canonical(sorted(split(signed, form))))
        made = {"X-CareHQ-AccountId": self.account, "X-CareHQ-APIKey": self.key, "X-CareHQ-Timestamp": timestamp,
                "X-CareHQ-Nonce": nonce, "X-CareHQ-Signature-Version": "2.0",
                "X-CareHQ-Signature": sign(self.secret, text)}
        return {name: value for name, value in (made | changed).items() if value is not None}

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
def connect(world):
    """Makes clients that sign by hand, for other keys and URLs of the world."""
    return lambda *args, **kwargs: Raw(*args, **({"url": world.url} | kwargs))


@pytest.fixture
def raw(connect):
    """Requests signed by hand, with all permissions."""
    return connect()


@pytest.fixture(scope="session")
def check():
    """Validate an answer with the response schema of an operation."""
    operations = {operation.name: operation for operation in vendor.operations}

    def validate(name, answer):
        schema = operations[name].schema("response")()
        assert schema.validate(answer) == {}
        return answer

    return validate
