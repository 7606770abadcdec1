"""A refusal names the parameter of the query that a misspelt one is most like, for whatever declares its query."""

import pytest

from mocksrv.app import create_app, load_vendors
from mocksrv.call import Call
from mocksrv.config import VENDORS, Config
from mocksrv.routing.near_misses import misspelt, query_names

ADMIN = {"Authorization": "Basic YWRtaW46cGFzcw=="}
DECLARED = [one for vendor in load_vendors(VENDORS) for one in vendor.operations if query_names(one)]


@pytest.fixture(scope="module")
def client():
    return create_app(Config(size=0)).test_client()


def said_of(operation, name):
    call = Call(method=operation.method, path=operation.path, target=f"{operation.path}?{name}=x", headers={})
    call.operation = operation
    misspelt(call, 400)
    return call.diagnosis


@pytest.mark.parametrize("operation", DECLARED, ids=lambda one: f"{one.vendor}.{one.name}")
def test_each_declared_parameter_is_found_by_its_misspelling(operation):
    known = query_names(operation)
    for name in known:
        assert said_of(operation, name) == []
        wrong = name[0] + name[2:]
        if len(name) > 3 and wrong not in known:
            (told,) = said_of(operation, wrong)
            assert told.startswith(f"{wrong} is no parameter of {operation.method} {operation.path}: was ")
        if name.upper() != name:
            assert said_of(operation, name.upper())[0].endswith(f"was {name} meant?")


@pytest.mark.parametrize(("path", "told"), [
    ("/api/v1/person?tpe=person", "tpe is no parameter of GET /api/v1/person: was type meant?"),
    ("/api/v1/place?Type=clinic", "Type is no parameter of GET /api/v1/place: was type meant?"),
    ("/api/v1/hydrate?doc_id=x", "doc_id is no parameter of GET /api/v1/hydrate: was doc_ids meant?"),
    ("/api/v1/contacts-by-phone?phon=x", "phon is no parameter of GET /api/v1/contacts-by-phone: was phone meant?"),
])
def test_a_refusal_names_the_nearest_parameter(client, path, told):
    answer = client.get(path, headers=ADMIN)
    assert answer.status_code == 400
    assert told in answer.headers["X-Mocksrv-Diagnosis"]
    assert "is no parameter" not in answer.text


@pytest.mark.parametrize("path", [
    "/api/v1/person?type=person&tpe=x&limit=x",  # the right one was sent, too
    "/api/v1/person?colour=red",  # like none
    "/api/v1/person",
])
def test_what_is_like_nothing_that_lacks_is_not_told(client, path):
    answer = client.get(path, headers=ADMIN)
    assert answer.status_code == 400
    assert "is no parameter" not in answer.headers["X-Mocksrv-Diagnosis"]
