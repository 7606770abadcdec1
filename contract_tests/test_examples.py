"""The examples of the OpenAPI documents work: each is sent to a new world, and succeeds."""

import pytest
import requests

from mocksrv.app import load_vendors
from mocksrv.described.openapi import document

CREDENTIALS = {"cht": {"auth": ("admin", "pass")}, "commcare": {"headers": {
    "Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}}}


def requests_of(vendor):
    """Every operation that has an example of its body and knows what to put into its path."""
    for path, item in document(vendor)["paths"].items():
        for method, one in item.items():
            content = one.get("requestBody", {}).get("content", {}).get("application/json", {})
            values = {parameter["name"]: parameter.get("example", "new-1")
                      for parameter in one["parameters"] if parameter["in"] == "path"}
            if "example" in content and not one["operationId"][-1].isdigit():
                yield pytest.param(vendor.name, method, path.format(**values), content["example"],
                                   id=f"{vendor.name}-{one['operationId']}")


@pytest.mark.mock_only
@pytest.mark.parametrize(("vendor", "method", "path", "body"), [
    case for vendor in load_vendors(CREDENTIALS) for case in requests_of(vendor)])
def test_an_example_succeeds(mocksrv, vendor, method, path, body):
    answer = requests.request(method, mocksrv.url + path, json=body, timeout=60, allow_redirects=False,
                              **CREDENTIALS[vendor])
    assert answer.status_code < 400, answer.text
