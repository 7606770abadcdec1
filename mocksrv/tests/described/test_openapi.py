"""The OpenAPI documents are valid, and say what the operations say."""

import json

import pytest
import requests
from click.testing import CliRunner
from openapi_spec_validator import validate

from mocksrv.app import load_vendors
from mocksrv.cli import main
from mocksrv.config import VENDORS
from mocksrv.described.openapi import document, method_key
from mocksrv.operation import PROOFS
from mocksrv.vendors.cht.described import examples as cht
from mocksrv.vendors.commcare.described import examples as commcare


@pytest.mark.parametrize("vendor", load_vendors(VENDORS), ids=lambda vendor: vendor.name)
def test_the_document_is_valid_and_complete(vendor):
    made = json.loads(json.dumps(document(vendor)))
    validate(made)
    found = {(method, path): one for path, item in made["paths"].items() for method, one in item.items()}
    assert len({one["operationId"] for one in found.values()}) == len(found)
    for operation in vendor.operations:
        described = found[method_key(operation.method), operation.path]
        assert PROOFS.index(described["x-mocksrv-proof"]["level"]) >= PROOFS.index(operation.proof)
        assert described["x-mocksrv-source"] == operation.source
        statuses = {*(operation.statuses if operation.simulated else (501,)), *vendor.answers(operation)}
        assert set(described["responses"]) == {str(status) for status in statuses}
    assert made["components"]["securitySchemes"]


@pytest.mark.parametrize("vendor", load_vendors(VENDORS), ids=lambda vendor: vendor.name)
def test_every_operation_says_where_it_is_known_from(vendor):
    for operation in vendor.operations:
        assert operation.summary, operation.name
        assert operation.source or operation.proof == "assumed", operation.name


# Requests that no page shows: some writes, lists of three resources that are only pointed to, and a path of our own.
ASSUMED = {
    "create_care_enquiries",
    *(f"{action}_{slug}" for action in ("update", "delete") for slug in ("care_enquiries", "comments", "home_visits")),
    *(f"{action}_other" for action in ("create", "update", "delete")),
    *(f"{action}_{slug}" for slug in ("care_fund_types", "location_contacts", "brands")
      for action in ("list", "retrieve")),
}


def test_what_is_documented_is_not_assumed():
    assumed = {(operation.vendor, operation.name) for vendor in load_vendors(VENDORS)
               for operation in vendor.operations if operation.proof == "assumed"}
    assert assumed == {("carehq", name) for name in ASSUMED} | {("commcare", "get_upload_status")}


@pytest.mark.parametrize(("vendor", "path", "method", "target", "parameters"), [
    ("carehq", "/v1/home-visits", "put", "retrieve_home_visits", {"id": "$response.body#/_id"}),
    ("carehq", "/v1/home-visits", "get", "update_home_visits", {"id": "$response.body#/items/0/_id"}),
    ("commcare", "/a/{domain}/api/group/v1/", "post", "get_group",
     {"domain": "$request.path.domain", "pk": "$response.body#/id"}),
    ("cht", "/{db}", "post", "couch_get_document", {"db": "$request.path.db", "id": "$response.body#/id"}),
    ("cht", "/api/v1/person", "get", "get_person", {"uuid": "$response.body#/data/0/_id"}),
])
def test_links_lead_from_a_collection_to_its_records(vendor, path, method, target, parameters):
    made = document(load_vendors([vendor])[0])
    shared = made["components"]["responses"]
    answers = [shared.get(answer.get("$ref", "").rpartition("/")[2], answer)
               for answer in made["paths"][path][method]["responses"].values()]
    (found,) = (answer["links"][target] for answer in answers if "links" in answer)
    assert found == {"operationId": target, "parameters": parameters}


def test_examples_are_those_of_operations_with_a_body():
    for name, bodies in (("cht", cht.BODIES), ("commcare", commcare.BODIES)):
        (vendor,) = load_vendors([name])
        assert set(bodies) <= {operation.name for operation in vendor.operations if operation.body}


def test_it_is_served_with_the_callers_own_base_url(mocksrv):
    made = mocksrv.control("GET", "/openapi/cht.json")
    assert made["servers"] == [{"url": mocksrv.url}]
    assert requests.get(f"{mocksrv.url}/_mocksrv/openapi/nobody.json").status_code == 404


def test_the_command_takes_the_servers_address():
    made = json.loads(CliRunner().invoke(main, ["openapi", "cht", "--url", "http://cht.test/"]).output)
    assert made["servers"] == [{"url": "http://cht.test"}]


def test_the_command_prints_it():
    assert json.loads(CliRunner().invoke(main, ["openapi", "carehq"]).output)["openapi"] == "3.1.0"
