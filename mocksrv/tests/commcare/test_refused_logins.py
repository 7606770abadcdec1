"""What the diagnosis says of a login that CommCare HQ refuses, or of a throttle."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config

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
