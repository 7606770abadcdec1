"""The judge of answers in contract tests: what it refuses, and that it sees all."""

import pytest
import requests

from contract_tests.validation import Described
from mocksrv.vendors.carehq import vendor

JSON = "application/json"
PAGE = b'{"item_count": 0, "items": [], "page": 1, "page_count": 0, "per_page": 10}'


@pytest.fixture(scope="module")
def carehq_document():
    return Described(vendor)


@pytest.mark.parametrize(("status", "kind", "body", "problem"), [
    (200, JSON, PAGE, None),
    (200, f"{JSON}; charset=utf-8", PAGE, None),
    (201, JSON, PAGE, "status 201 is not declared"),
    (200, "text/plain", PAGE, "content type text/plain is not declared"),
    (200, None, PAGE, "content type None is not declared"),
    (200, JSON, PAGE.replace(b'"page": 1', b'"page": "1"'), '"1" is not of type "integer" at [\'page\']'),
    (200, JSON, PAGE.replace(b'"page": 1, ', b""), '"page" is a required property'),
    (200, JSON, PAGE.replace(b"[]", b'[{"_id": "0123456789abcdef01234567", "nose": 1}]'), "'nose' was unexpected"),
    (429, JSON, b'{"hint": "slow down"}', None),
    (429, JSON, b'{"error": "slow down"}', '"hint" is a required property'),
])
def test_an_answer_must_be_declared(carehq_document, status, kind, body, problem):
    found = carehq_document.problem("list_home_visits", "GET", status, kind, body)
    assert found is None if problem is None else problem in found


def test_an_answer_without_content_has_no_body(carehq_document):
    assert carehq_document.problem("delete_home_visits", "DELETE", 204, None, b"") is None
    assert "is not declared" in carehq_document.problem("delete_home_visits", "DELETE", 204, JSON, b"{}")


@pytest.mark.mock_only
def test_every_answer_is_seen(mocksrv, witness, monkeypatch):
    seen = []
    monkeypatch.setattr(witness, "look", lambda vendor, call, reply, body: seen.append((call.operation.name, body)))
    answer = requests.get(f"{mocksrv.url}/v1/home-visits")
    assert seen == [("list_home_visits", answer.content)]


@pytest.mark.mock_only
def test_what_is_not_declared_is_a_problem(mocksrv, witness, monkeypatch):
    monkeypatch.setitem(witness.described, "carehq", judge := Described(vendor))
    del judge.responses["list_home_visits"]["401"]
    requests.get(f"{mocksrv.url}/v1/home-visits?page=1")
    (problem,) = witness.problems
    assert problem.startswith("carehq.list_home_visits GET /")
    assert "status 401 is not declared" in problem
    witness.problems.clear()
