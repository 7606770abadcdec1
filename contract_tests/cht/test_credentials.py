"""Credentials: secrets that are written and never read back."""

from __future__ import annotations

import re

import pytest

PATH = "/api/v1/credentials/{}"
TEXT = {"Content-Type": "text/plain"}


@pytest.mark.writes
@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=utf-8", "application/xml", "text/csv"])
@pytest.mark.parametrize("key", ["mykey", "rapidpro:incoming", "a%20b%2Fc%3Ad"])
def test_a_secret_is_kept(api, key, kind):
    for secret in (b"one", "zwei \u00e4".encode()):
        answer = api.put(PATH.format(key), data=secret, headers={"Content-Type": kind})
        assert (answer.status_code, answer.text) == (200, '{"ok":true}')


@pytest.mark.mock_only
def test_the_vault(api):
    for secret in (b"first", b"second"):
        api.put(PATH.format("a%20b%2Fc%3Ad"), data=secret, headers=TEXT)
    doc = api.doc("credential:a b/c:d", "medic-vault")
    assert doc.keys() == {"_id", "_rev", "password"}
    assert doc["_rev"].startswith("2-")
    assert re.fullmatch("[0-9a-f]{32}:[0-9a-f]{32}", doc["password"])
    assert api.anonymous().get("/medic-vault/credential%3Aa%20b%2Fc%3Ad").status_code == 401


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", "text/plain"), (b'"x"', "application/json"), (b"a=b", "application/x-www-form-urlencoded"), (b"x", None)])
def test_no_secret(api, body, kind, accept):
    answer = api.taking(accept).put(PATH.format("mykey"), data=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert answer.text == ("Missing required request body" if accept == "*/*"
                           else '{"code":400,"error":"Missing required request body"}')


def test_admins_only(api, unique, places):
    roles = {"officer": ["program_officer"], "chw": ["chw"]}
    for name, held in roles.items():
        user = {"username": f"{unique}-{name}", "password": "Kisumu_2024", "roles": held, "place": places.area,
                "contact": places.person}
        assert api.post("/api/v1/users", user).status_code == 200
    answers = {name: api.as_user(f"{unique}-{name}").put(PATH.format("k"), data=b"x", headers=TEXT) for name in roles}
    assert answers["officer"].json() == {"code": 403, "error": "Insufficient permissions"}
    assert answers["chw"].json() == {"code": 403, "error": "forbidden",
                                     "details": "Offline users are not allowed access to this endpoint"}
    empty = api.as_user(f"{unique}-officer").put(PATH.format("k"), data=b"", headers=TEXT)
    assert empty.json()["error"] == "Missing required request body", "this is checked first"
    assert api.anonymous().put(PATH.format("k"), data=b"x", headers=TEXT).json() == {
        "code": 401, "error": "unauthorized"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/mykey"), ("POST", "/mykey"), ("DELETE", "/mykey"), ("PUT", ""),
                                             ("PUT", "/")])
def test_there_is_nothing_else(api, method, path):
    answer = api.request(method, f"/api/v1/credentials{path}", data=b"x", headers=TEXT)
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found", "reason": "Database does not exist."})


@pytest.mark.mock_only
def test_the_way_of_cht_3(api, mocksrv):
    """The page still tells of it; 4.x does not look there."""
    path, hook = "/_node/_local/_config/medic-credentials/rapidpro:incoming", "/api/v2/sms/rapidpro/incoming-messages"
    message, token = {"id": "1", "from": "+254712345679", "content": "x"}, {"Authorization": "Token s3cret"}
    assert api.put(path, "s3cret").text == '""\n'
    assert api.anonymous().post(hook, message, headers=token).status_code == 403
    mocksrv.set(cht_conformance="page")
    assert api.put(path, "s3cret").text == '"s3cret"\n'
    assert api.anonymous().post(hook, message, headers=token).json() == {"saved": 1}
