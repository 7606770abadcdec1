"""A request with CareHQ's headers is answered by CareHQ, wherever it went wrong."""

import pytest
import requests

ACCOUNT = {"X-CareHQ-AccountId": "MY_ACCOUNT_ID", "X-CareHQ-APIKey": "UNSIGNED_KEY"}


def ask(url, **headers):
    answer = requests.get(url, headers=ACCOUNT | headers, timeout=30)
    return answer, answer.headers.get("X-Mocksrv-Diagnosis", "")


@pytest.mark.parametrize("path", ["/users", "/v2/users", "/api/users/0123456789abcdef01234567", "/"])
def test_a_path_without_its_version(mocksrv, path):
    answer, diagnosis = ask(mocksrv.url + path)
    assert (answer.status_code, answer.json()) == (404, {"hint": "No such endpoint."})
    assert "the paths of CareHQ's API begin with /v1/" in diagnosis
    assert "at the shared root" not in diagnosis
    assert "WWW-Authenticate" not in answer.headers


def test_a_path_that_another_vendor_claims_is_still_the_others(mocksrv):
    answer, _ = ask(f"{mocksrv.url}/a/demo/api/case/v2/")
    assert answer.headers["Content-Type"] != "application/json" or "hint" not in answer.json()


def test_a_world_without_its_tilde(mocksrv):
    root = mocksrv.url.partition("/~")[0]
    assert ask(f"{mocksrv.url}/v1/users")[0].status_code == 200  # the first request makes the world
    answer, diagnosis = ask(f"{root}/{mocksrv.name}/v1/nothing")
    assert (answer.status_code, answer.json()) == (404, {"hint": "No such endpoint."})
    assert f"there is a world {mocksrv.name}: its paths begin with /~{mocksrv.name}" in diagnosis
    answer, diagnosis = ask(f"{root}/{mocksrv.name}/v1/users", **{"X-CareHQ-APIKey": "NONE"})
    assert answer.status_code == 401
    assert f"/~{mocksrv.name}" in diagnosis
