"""A body is taken when it fits what its operation declares, and refused when it does not: in both directions, on
generated bodies, for each resource that writes.

What depends on the project no schema says: such refusals are told by their texts.
"""

from __future__ import annotations

import itertools
import json
import re

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from marshmallow import Schema

from mocksrv.described.openapi import document
from mocksrv.tests.described.fitting import changed, values
from mocksrv.vendors.commcare import vendor

KEY = "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"
DOCUMENT = document(vendor)
SHARED = DOCUMENT["components"]["schemas"]
NUMBERS = itertools.count()
WRITING = [one for one in vendor.operations if one.body is not None and one.consumes == "application/json"]
# What an id, a name or two fields together make of a body that fits.
OF_THE_PROJECT = re.compile(
    "no mobile worker|there is no group|no group|already|does not exist|not found|could not|Could not|cannot be set|"
    "must be provided together|must be included|there is a document|cannot move|a document must have an id|"
    "non-editable field 'send_confirmation|unknown|special characters|valid email address|no UUID|valid UUID|"
    "ids of locations|locations must be|Location type|parent location cannot|same name|No case|multiple cases|"
    "and only one|is required when|Payload must include|is invalid|Invalid app_id|profile|tag cannot|"
    "The request resulted|too large|no database|is no number|temporary_id|children|number|users is null|"
    "non-existent case|does not match the existing|can't be empty if")


def fits(shape, data):
    """Whether marshmallow and JSON Schema, as they are declared, take the data."""
    if isinstance(shape, type) and issubclass(shape, Schema):
        return isinstance(data, dict) and not shape().validate(data)
    if "anyOf" in shape:
        return any(fits(one, data) for one in shape["anyOf"])
    if shape.get("type") == "array" and "items" in shape:
        return isinstance(data, list) and len(data) <= shape.get("maxItems", 10**6) and all(
            fits(shape["items"], one) for one in data)
    if shape.get("type") == "object" and "properties" in shape:
        return isinstance(data, dict) and set(shape["required"]) <= data.keys() and all(
            fits(one, data[name]) for name, one in shape["properties"].items() if name in data)
    return Draft202012Validator(shape).is_valid(data)


def declared(operation):
    """The schema of the body in the OpenAPI document."""
    path = next(item for item in DOCUMENT["paths"].values()
                if any(one["operationId"] == operation.name for one in item.values()))
    one = next(one for one in path.values() if one["operationId"] == operation.name)
    return one["requestBody"]["content"]["application/json"]["schema"]


@pytest.fixture
def project(mocksrv):
    """Asks for things of the domain `demo`, and its ids by the names of fields."""
    session = requests.Session()
    session.headers["Authorization"] = KEY
    base = f"{mocksrv.url}/a/demo/api"

    def ask(method, path, data=""):
        return session.request(method, f"{base}/{path}", data=None if method == "GET" else json.dumps(data),
                               headers={"Content-Type": "application/json"}, timeout=30)

    def first(path, name="id"):
        return ask("GET", path).json()["objects"][0][name]

    table = "0123456789abcdef0123456789abcdef"
    assert ask("POST", "lookup_table/v1/", {"tag": "fruit", "id": table}).status_code == 500  # and stored
    row = ask("POST", "lookup_table_item/v2/", {"data_type_id": table}).json()["id"]
    ids = {"parent_location_id": first("location/v2/?location_type_code=country", "location_id"), "data_type_id": table,
           "app_id": first("application/v1/"), "location_type_code": "region"}
    paths = {"user": first("user/v1/"), "group": first("group/v1/"), "web-user": first("web-user/v1/"),
             "location": first("location/v2/?location_type_code=region", "location_id"), "lookup_table": table,
             "lookup_table_item": row}
    yield ask, ids, paths
    session.close()


def real(body, ids):
    """Names that nobody has, and ids that there are, in the place of those that were drawn."""
    if isinstance(body, list):
        return [real(one, ids) for one in body]
    if not isinstance(body, dict):
        return body
    made = {}
    for name, value in body.items():
        if name in ids and isinstance(value, str):
            value = ids[name]
        elif name in ("name", "username", "tag", "site_code", "_id", "id", "pk") and isinstance(value, str) and value:
            value = f"x{next(NUMBERS):031x}"
        elif name == "email" and isinstance(value, str) and value:
            value = f"x{next(NUMBERS)}@example.org"
        elif name == "objects":
            value = real(value, ids)
        made[name] = value
    return made


@pytest.mark.parametrize("operation", WRITING, ids=lambda operation: operation.name)
@settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow,
                                 HealthCheck.filter_too_much, HealthCheck.data_too_large])
@given(data=st.data())
def test_what_is_declared_is_what_is_taken(project, operation, data):
    ask, ids, paths = project
    shape, schema = operation.schema("body"), declared(operation)
    bodies = values(schema, SHARED)
    body = real(data.draw(bodies | changed(bodies)), ids)
    judge = Draft202012Validator({**schema, "components": {"schemas": SHARED}})
    fitting = judge.is_valid(body)
    assert fitting == fits(shape, body), "the document and the schema behind it differ"
    resource = operation.traits.get("resource")
    path = operation.path.partition("/api/")[2].replace("{pk}", paths.get(resource, "")).replace("{external_id}", "x-1")
    answer = ask(operation.method, path.replace("{case_id}", "x"), body)
    said = answer.text + answer.headers.get("X-Mocksrv-Diagnosis", "")
    if fitting and answer.status_code >= 400:
        assert OF_THE_PROJECT.search(said), (answer.status_code, said, body)
    assert fitting or answer.status_code >= 400, (answer.status_code, said, body)
