"""A body is taken when it fits what its operation declares, and refused when it does not: in both directions, on
generated bodies, for each operation of CHT that takes JSON, in each release.

What depends on documents, settings and accounts no schema says: such refusals are told by their texts.
"""

from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.described.openapi import document
from mocksrv.tests.described.fitting import changed, values
from mocksrv.vendors.cht import vendor

ADMIN = {"Authorization": "Basic " + base64.b64encode(b"admin:pass").decode(), "Content-Type": "application/json"}
# What documents, settings, accounts, and two members together make of a body that fits.
OF_THE_WORLD = re.compile(
    # contacts and reports
    r"Wrong type, |Failed to find |must be a new object or string identifier|Invalid UUID|Reported date is invalid|"
    r'is missing a "|Request body is empty|One of the following fields are required|Valid _id, _rev,|'
    r"is not a valid (person|place) type|Invalid reported_date|Invalid form value|valid phone number|"
    r"\[date_of_birth\]|The \[(parent|contact)\] field must have|"
    # records and messages
    r"Form not found|Missing required field: form|Missing authorization token|"
    # accounts
    r"Missing required fields|The password must be|password-(short|weak)|Invalid user name|Not logged in|not logged in|"
    r"different usernames|badarg|Incorrect type for `|Password change is not supported|with oidc_username|field must be"
    # CouchDB
    r"|Document update conflict|missing_stub|Only reserved document ids|`new_edits: false`|no_usable_index|"
    r"unsupported_mixed_sort|could not open|missing_index|Invalid bookmark|names a document twice|"
    r"only offline users replicate|messages must be a list|a row is null")


class Simulated:
    """A world of a release, and its document."""

    def __init__(self, release):
        self.app = create_app(Config(vendor=("cht",), size=30, set={"cht.release": release}, limits=False))
        self.client = Client(self.app)
        self.document = document(vendor, release=release)
        self.shared = self.document["components"]["schemas"]
        self.bodies = {
            one["operationId"]: (method, path, content["schema"])
            for path, item in self.document["paths"].items() for method, one in item.items() if isinstance(one, dict)
            if (content := one.get("requestBody", {}).get("content", {}).get("application/json"))}
        place = self.first("place?type=clinic")
        self.ids = {"uuid": self.first("person?type=person"), "id": place, "username": "chw", "type": "reports",
                    "db": "medic", "name": "x", "design": "medic-client", "view": "contacts_by_type",
                    "index": "contacts_by_freetext"}

    def first(self, path):
        return self.client.get(f"/api/v1/{path}&limit=1", headers=ADMIN).get_json()["data"][0]["_id"]

    def send(self, method, path, body):
        for name, value in self.ids.items():
            path = path.replace(f"{{{name}}}", value)
        return self.client.open(path, method=method.upper(), data=json.dumps(body), headers=ADMIN)


@pytest.fixture(scope="module")
def simulated():
    made = {release: Simulated(release) for release in ("4.15", "5.2")}
    yield made
    for one in made.values():
        one.app.worlds.close()


def writing():
    """Each operation that takes a JSON body, in the first of the releases that has it."""
    for operation in vendor.operations:
        if operation.body is not None and operation.simulated and operation.consumes == "application/json":
            release = "4.15" if operation.within("4.15") else "5.2"
            yield pytest.param(operation.name, release, id=operation.name)


@pytest.mark.parametrize(("name", "release"), list(writing()))
@settings(max_examples=40, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow,
                                 HealthCheck.filter_too_much, HealthCheck.data_too_large])
@given(data=st.data())
def test_what_is_declared_is_what_is_taken(simulated, name, release, data):
    one = simulated[release]
    method, path, schema = one.bodies[name]
    bodies = values(schema, one.shared)
    body = data.draw(bodies | changed(bodies))
    fitting = Draft202012Validator({**schema, "components": {"schemas": one.shared}}).is_valid(body)
    answer = one.send(method, path, body)
    said = answer.text + answer.headers.get("X-Mocksrv-Diagnosis", "")
    assert "mocksrv itself failed" not in said, (said, body)
    if fitting and answer.status_code >= 400:
        assert OF_THE_WORLD.search(said), (answer.status_code, said, body)
    assert fitting or answer.status_code >= 400, (answer.status_code, said, body)
