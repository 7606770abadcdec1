"""The OpenAPI documents are valid, and say what the operations say."""

import json

import pytest
import requests
from click.testing import CliRunner
from openapi_spec_validator import validate

from mocksrv.app import load_vendors
from mocksrv.cli import main
from mocksrv.config import VENDORS
from mocksrv.openapi import document, method_key
from mocksrv.operation import PROOFS
from mocksrv.vendors.cht import examples as cht
from mocksrv.vendors.commcare import examples as commcare


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
        statuses = {*operation.statuses, *vendor.answers(operation)} if operation.simulated else {501}
        assert set(described["responses"]) == {str(status) for status in statuses}
    assert made["components"]["securitySchemes"]


@pytest.mark.parametrize("vendor", load_vendors(VENDORS), ids=lambda vendor: vendor.name)
def test_every_operation_says_where_it_is_known_from(vendor):
    for operation in vendor.operations:
        assert operation.summary, operation.name
        assert operation.source or operation.proof == "assumed", operation.name


# Writes that no page shows, and three resources that are only pointed to: nothing of it is documented.
ASSUMED = {
    *(f"{action}_{slug}" for action in ("update", "delete") for slug in ("care_enquiries", "comments", "home_visits")),
    *(f"{action}_other" for action in ("create", "update", "delete")),
    *(f"{action}_{slug}" for slug in ("care_fund_types", "location_contacts", "brands")
      for action in ("list", "retrieve")),
}


def test_what_is_documented_is_not_assumed():
    assumed = {(operation.vendor, operation.name) for vendor in load_vendors(VENDORS)
               for operation in vendor.operations if operation.proof == "assumed"}
    assert assumed == {("carehq", name) for name in ASSUMED}


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
