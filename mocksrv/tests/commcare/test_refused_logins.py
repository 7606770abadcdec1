"""What the diagnosis says of a login that CommCare HQ refuses, and of a throttle."""

import pytest
from requests.auth import _basic_auth_str

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.commcare.seed import accounts

SCHEMES = ("ApiKey username:key", "Basic with username:password in base 64", "Digest")
RESOURCE, VIEW = "/a/demo/api/case/v1/", "/a/demo/api/case/v2/"


@pytest.fixture(scope="module")
def client():
    return create_app(Config(size=0, vendor=("commcare",))).test_client()


def advice(answer):
    return answer.headers["X-Mocksrv-Diagnosis"]


@pytest.mark.parametrize("path", [RESOURCE, VIEW, "/api/user_domains/v1/"])
@pytest.mark.parametrize("header", ["Token hush-4711", "hush-4711", "Basic", "ApiKey", "ApiKey :hush-4711", "J a.b"])
def test_a_header_of_another_scheme_is_told_those_that_are_taken(client, path, header):
    answer = client.get(path, headers={"Authorization": header})
    assert answer.status_code == 401
    assert all(scheme in advice(answer) for scheme in SCHEMES)
    assert "hush" not in advice(answer)


def test_a_digest_that_cannot_be_read_is_told_how_one_looks(client):
    assert 'takes name="value"' in advice(client.get(RESOURCE, headers={"Authorization": "Digest x"}))
    assert advice(client.get(RESOURCE)) == "no credentials; send an API key, Basic or Digest"


@pytest.mark.parametrize("path", [RESOURCE, VIEW])
def test_a_throttle_tells_what_refuses(client, path):
    base = f"/~throttled-{path.count('2')}"
    admin = {"Authorization": _basic_auth_str(accounts.ADMIN, accounts.PASSWORD)}

    def third(**settings):
        client.post(f"{base}/_mocksrv/settings", json={f"commcare.{name}": value for name, value in settings.items()})
        answers = [client.get(base + path, headers=admin) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        return advice(answers[-1])

    assert third(throttle="every", throttle_every=3) == (
        "the setting commcare.throttle=every refuses one in 3 requests, however few there are "
        "(commcare.throttle_every): nothing is used up, so no wait is needed")
    assert "the domain's requests are used up; wait 60 s" in third(
        throttle="window", throttle_requests=2, throttle_seconds=60)
