"""Paths at the root that more than one vendor would take."""

import pytest

from mocksrv.app import create_app
from mocksrv.config import Config

CHTS = b'{"code":401,"error":"unauthorized"}'


@pytest.fixture(scope="module")
def client():
    return create_app(Config(size=0)).test_client()


def test_the_first_takes_it_and_the_diagnosis_names_the_other(client):
    answer = client.get("/a/b/c", headers={"Accept": "application/json"})
    assert answer.data != CHTS
    advice = answer.headers["X-Mocksrv-Diagnosis"]
    assert "at the shared root this path is CommCare HQ" in advice
    assert all(way in advice for way in ("/cht", "cht.localhost", "X-Mocksrv-Vendor: cht", "--vendor cht"))


@pytest.mark.parametrize(("path", "headers"), [
    ("/a/b/c", {"Host": "cht.localhost:8080"}), ("/a/b/c", {"Host": "CHT.example.org"}),
    ("/a/b/c", {"X-Mocksrv-Vendor": "cht"}), ("/cht/a/b/c", {}), ("/~mine/a/b/c", {"Host": "cht.localhost"}),
])
def test_who_names_the_vendor_gets_it(client, path, headers):
    answer = client.get(path, headers={"Accept": "application/json", **headers})
    assert (answer.status_code, answer.data) == (401, CHTS)
    assert "shared root" not in answer.headers["X-Mocksrv-Diagnosis"]


def test_other_hosts_and_paths_of_one_vendor_alone_are_as_before(client):
    for headers in ({"Host": "chtx.localhost"}, {"X-Mocksrv-Vendor": "nobody"}):
        assert "CommCare HQ" in client.get("/a/b/c", headers=headers).headers["X-Mocksrv-Diagnosis"]
    assert "shared root" not in client.get("/medic/nothing").headers.get("X-Mocksrv-Diagnosis", "")
    assert "shared root" not in create_app(Config(size=0, vendor=("commcare",))).test_client().get(
        "/a/b/c").headers.get("X-Mocksrv-Diagnosis", "")
