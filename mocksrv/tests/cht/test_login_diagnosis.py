"""A refused login tells the developer whose name and password did not fit, and never a password."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config

HUSH = "hush-4711"
EMPTY = "the members `user` and `password` of the body must be texts that are not empty"


@pytest.fixture(scope="module")
def client():
    return create_app(Config(size=0, vendor=("cht",), limits=False, set={"cht.release": "5.2"})).test_client()


def told(name):
    return f"no user {name!r} with that password; GET /_mocksrv/credentials tells a right one"


@pytest.mark.parametrize(("path", "body", "status", "advice"), [
    ("/medic/login", {"user": "admin", "password": HUSH}, 401, told("admin")),
    ("/medic/login", {"user": "nobody", "password": HUSH}, 401, told("nobody")),
    ("/medic/login", {"user": "admin"}, 401, EMPTY), ("/medic/login", {"user": "", "password": HUSH}, 401, EMPTY),
    ("/medic/login", {"user": 1, "password": HUSH}, 401, EMPTY), ("/medic/login", [], 401, EMPTY),
    ("/medic/login", {"user": "admin", "password": [HUSH]}, 401, EMPTY),
    ("/_session", {"name": "admin", "password": HUSH}, 401, told("admin")),
    ("/_session", {"username": "nobody", "password": HUSH}, 401, told("nobody")),
    ("/medic/password-reset", {"username": "nobody", "currentPassword": HUSH, "password": "Kisumu_2024!"}, 400,
     told("nobody")),
])
def test_a_refused_login_tells_what_did_not_fit(client, path, body, status, advice):
    answer = client.post(path, json=body, headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert answer.headers["X-Mocksrv-Diagnosis"] == advice
    assert "credentials" not in answer.text
    kept = client.get("/_mocksrv/journal").json[-1]
    assert kept["diagnosis"] == [advice]
    assert HUSH not in str(kept)
