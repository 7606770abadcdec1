"""JSON of any depth is taken, or refused as the vendor refuses what it cannot read or store; it never fails."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config

ADMIN = {"Authorization": "Basic YWRtaW46cGFzcw=="}
HQ = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
JSON = {"Content-Type": "application/json"}
BODIES = [  # `@` stands for what is nested
    ("POST", "/medic", ADMIN, "@"),
    ("PUT", "/medic/_security", ADMIN, "@"),
    ("PUT", "/medic/deep-@", ADMIN, "@"),
    ("PUT", "/medic/_local/x", ADMIN, "@"),
    ("POST", "/medic/_find", ADMIN, '{"selector": @}'),
    ("POST", "/medic/_bulk_docs", ADMIN, '{"docs": [@]}'),
    ("POST", "/api/v1/people", ADMIN, '{"name": "a", "type": "person", "more": @}'),
    ("POST", "/api/v2/records", ADMIN, "@"),
    ("PUT", "/api/v1/settings", ADMIN, "@"),
    ("POST", "/a/demo/api/case/v2/", HQ,
     '{"case_type": "t", "case_name": "n", "owner_id": "o", "properties": {"a": @}}'),
    ("POST", "/a/demo/api/group/v1/", HQ, '{"name": "@", "metadata": @}'),
    ("POST", "/a/demo/api/v0.5/user/", HQ, '{"username": "@", "password": "aaaAAA1234!!", "user_data": @}'),
    ("POST", "/a/demo/api/lookup_table/v1/", HQ, '{"tag": "t", "fields": @}'),
]


@pytest.fixture(scope="module")
def client():
    app = create_app(Config(size=0, limits=False))
    yield app.test_client()
    app.worlds.close()


@pytest.mark.parametrize("levels", [100, 140, 150, 151, 249, 254, 255, 900, 1100, 50_000])
@pytest.mark.parametrize(("method", "path", "headers", "body"), BODIES)
def test_no_depth_is_too_much(client, method, path, headers, body, levels):
    nested = '{"a":' * levels + "1" + "}" * levels
    answer = client.open(path.replace("@", str(levels)), method=method, headers=headers | JSON,
                         data=body.replace('"@"', f'"n{levels}"').replace("@", nested))
    assert "mocksrv itself failed" not in answer.headers.get("X-Mocksrv-Diagnosis", "")
    assert answer.status_code in (200, 201, 400, 500)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize(("method", "path", "headers", "body"), BODIES)
def test_no_number_is_a_failure(client, method, path, headers, body, number):
    """Node.js and CouchDB refuse the words; Python reads them, and HQ's databases refuse them then."""
    answer = client.open(path.replace("@", "n"), method=method, headers=headers | JSON,
                         data=body.replace('"@"', f'"n{number}"').replace("@", f'{{"a": {number}}}'))
    assert "mocksrv itself failed" not in answer.headers.get("X-Mocksrv-Diagnosis", "")
    if number[-1] not in "0123456789" and headers is ADMIN:
        assert answer.status_code in (400, 500)
