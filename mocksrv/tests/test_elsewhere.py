"""Requests that were meant for another world or vendor: nothing is done, and the diagnosis says what was meant."""

import pytest
import requests

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.carehq import keys

KEY = {"X-CareHQ-AccountId": keys.ACCOUNT, "X-CareHQ-APIKey": keys.UNSIGNED}
NAMES = "1 to 64 ASCII letters, digits, dots, dashes or underscores"
RULE = f"after /~ comes the name of a world: {NAMES}"
PLACE = "a path names one world, at its beginning or right after the mount of a vendor"


@pytest.fixture(scope="module")
def app():
    return create_app(Config(size=0, limits=False))


@pytest.fixture(scope="module")
def client(app):
    client = app.test_client()
    client.get("/~wr/_mocksrv/clock")
    client.get("/~wr/api/v1/forms")
    return client


def advice(answer):
    return answer.headers.get("X-Mocksrv-Diagnosis", "")


# --- worlds ---


@pytest.mark.parametrize(("prefix", "told"), [
    ("/wr", "there is a world wr: its paths begin with /~wr"), ("/wr/x", "there is a world wr"),
    ("/carehq/wr", "there is a world wr"), ("/~other/wr", "there is a world wr"),
    ("/~h q", RULE), ("/~", RULE), (f"/~{'x' * 70}", RULE), ("/carehq/~h q", RULE),
    ("/x/~wr", PLACE), ("/~wr/~other", PLACE),
])
def test_what_seems_to_name_a_world_is_no_prefix_of_carehqs_paths(client, prefix, told):
    answer = client.put(f"{prefix}/v1/users", headers=KEY, data={"first_name": "Ann"})
    assert (answer.status_code, answer.json) == (404, {"hint": "No such endpoint."})
    assert told in advice(answer)


@pytest.mark.parametrize("prefix", ["", "/x", "/any/prefix", "/carehq/x", "/~wr", "/~wr/x", "/carehq/~wr",
                                    "/~wr/carehq/x"])
def test_other_prefixes_of_carehqs_paths_may_come_from_a_proxy(client, prefix):
    answer = client.get(f"{prefix}/v1/users", headers=KEY)
    assert (answer.status_code, advice(answer)) == (200, "")


def test_a_world_may_be_called_like_the_version(client):
    client.get("/~v1/api/v1/forms")
    assert client.get("/v1/users", headers=KEY).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}, {"Authorization": "Basic YWRtaW46cGFzcw=="},
                                     {"X-Mocksrv-Vendor": "commcare"}, {"X-Mocksrv-Vendor": "carehq"}, KEY])
@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/~bad%20name/_mocksrv/clock"), ("GET", "/~/"), ("GET", "/~"), ("GET", f"/~{'x' * 65}/api/v1/people"),
    ("PUT", "/~bad%20name"), ("POST", "/~a,b/_find"), ("GET", "/commcare/~a:b/a/demo/api/case/v1/"),
    ("GET", "/~wr/~a:b/medic/login"),
])
def test_whoever_answers_tells_what_a_world_may_be_called(client, method, path, headers):
    answer = client.open(path, method=method, headers=headers)
    assert answer.status_code >= 300
    assert NAMES in advice(answer)
    assert "nor like one" not in advice(answer)
    assert "too much before" not in advice(answer)
    assert NAMES not in answer.text


def test_an_encoded_slash_ends_no_name(mocksrv):
    answer = requests.get(f"{mocksrv.url.rpartition('/~')[0]}/~a%2Fb/medic", timeout=30, allow_redirects=False)
    assert advice(answer).endswith(RULE)


# --- vendors ---

ADMIN = {"Authorization": "Basic YWRtaW46cGFzcw=="}
COMMCARES = "/a is missing before this path if GET /a/{domain}/api/case/v1/ of CommCare HQ was meant"


@pytest.mark.parametrize("headers", [{}, ADMIN])
@pytest.mark.parametrize(("method", "path", "told"), [
    ("GET", "/demo/api/case/v1/", COMMCARES), ("GET", "/demo/api/case/v1", COMMCARES),
    ("GET", "/~wr/demo/api/case/v1/", COMMCARES),
    ("PATCH", "/demo/api/case/v1/", COMMCARES),  # whatever its methods
    ("POST", "/demo/receiver/api/", "/a is missing before this path if POST /a/{domain}/receiver/api/ of CommCare HQ"),
    ("GET", "/api/case/v1/", "/a/{domain} is missing before this path if GET /a/{domain}/api/case/v1/ of CommCare HQ"),
    ("GET", "/care-enquiries", "/v1 is missing before this path if GET /v1/care-enquiries of CareHQ was meant"),
    ("GET", "/users/5f0c1e2d3b4a59687f6e5d4c", "/v1 is missing before this path if GET /v1/users/{id} of CareHQ"),
])
def test_the_beginning_that_a_path_of_another_vendor_lacks_is_told(client, method, path, headers, told):
    answer = client.open(path, method=method, headers=headers)
    assert answer.status_code >= 300
    assert told in advice(answer)


def test_a_path_of_cht_without_its_beginning_is_told_by_carehq(client):
    told = "/api is missing before this path if GET /api/v1/person of Community Health Toolkit (CHT) API was meant"
    assert told in advice(client.get("/v1/person"))


@pytest.mark.parametrize(("path", "headers"), [
    ("/cht/demo/api/case/v1/", {}), ("/demo/api/case/v1/", {"X-Mocksrv-Vendor": "cht"}),
    ("/demo/api/case/v1/", {"Host": "cht.localhost"}), ("/medic/nothing", ADMIN), ("/medic/nothing/x", ADMIN),
    ("/nothing", ADMIN), ("/v1/person", KEY),
])
def test_nobody_is_told_of_others_who_names_the_vendor_or_asks_for_nothing_like_theirs(client, path, headers):
    answer = client.get(path, headers=headers)
    assert answer.status_code >= 300
    assert "is missing before this path" not in advice(answer)


def test_a_path_of_ones_own_with_another_method_is_not_told_of_others(client):
    said = advice(client.delete("/api/v1/forms", headers=ADMIN))
    assert "takes GET" in said
    assert "before this path" not in said


def test_a_path_that_a_vendor_alone_has_is_not_told_of_others(shop):
    assert "before this path" not in advice(shop.get("/nothing"))
