"""A domain of CommCare HQ and somebody who may do everything in it: on the mock, or on a live server."""

import pytest
import requests

KEY = "0123456789abcdef0123456789abcdef01234567"


class Domain:
    """One domain behind one login; `get("case/v2/")` asks for `/a/{domain}/api/case/v2/`."""

    def __init__(self, url, name, username, key):
        self.url, self.name, self.username, self.key = url.rstrip("/"), name, username, key
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"ApiKey {username}:{key}"

    def as_user(self, username, key):
        """The same domain behind another login."""
        return type(self)(self.url, self.name, username, key)

    def path(self, path):
        return f"{self.url}/a/{self.name}/{path}"

    def call(self, method, path, **given):
        return self.session.request(method, self.path(path), timeout=60, **given)

    def get(self, path, **params):
        return self.call("GET", f"api/{path}", params=params)

    def get_pairs(self, path, pairs):
        """The JSON of a list, parameters in their order."""
        return self.call("GET", f"api/{path}", params=pairs).json()

    def post(self, path, data):
        return self.call("POST", f"api/{path}", json=data)

    def put(self, path, data):
        return self.call("PUT", f"api/{path}", json=data)


@pytest.fixture
def hq(request, target, targets, live_setting):
    """The domain `demo` of a fresh world, or the live domain."""
    if target == "live":
        _, *known = (live_setting(f"COMMCARE_{name}") for name in ("URL", "DOMAIN", "USERNAME", "API_KEY"))
        domain = Domain(targets.live("commcare"), *known)
    else:
        url = targets.mock("commcare", request.getfixturevalue("mocksrv").url)
        domain = Domain(url, "demo", "brudolph@dimagi.com", KEY)
    with domain.session:
        yield domain
