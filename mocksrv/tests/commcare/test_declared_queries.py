"""A query is taken when it fits what its operation declares, and refused when it does not: in both directions, on
generated parameters, for each list and detail that declares some.

That a text is a date, an id or a part of the query language no schema says: such refusals are told by their texts.
"""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.commcare import vendor

KEY = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
READING = [one for one in vendor.operations if one.query is not None]
SAMPLES = ["", "x", "é", "0", "1", "-1", "5001", "1.5", "true", "false", "maybe", "on", "json", "xml", "csv", "child",
           "2024-03-05", "2024-03-05T08:09:10", "2024-13-05", "name", "-indexed_on", "received_on", "last_modified",
           "0123456789abcdef0123456789abcdef", "a = 'b'"]
SOURCE = "d5c4b3a2918070605040302010f0e0d0"
# What no schema says: of the query language, of dates, numbers and ids in texts, of two parameters together.
OF_ITS_TEXT = re.compile(
    "Unknown date format|Cannot parse datetime|has an invalid format|correct format|must be a decimal number|"
    "must be a text|valid UUID|Bad query:|the cursor|Invalid cursor|for ordering on|allow ordering|"
    "is an invalid value for|no group|no lookup table|no data source|_search|both 'fields' and 'exclude'|"
    "date columns|Ranges must have")


@cache
def schema(operation):
    return operation.schema("query")()


@cache
def known(operation):
    """The fields by the names of their parameters; a name in braces may be any."""
    return {(field.data_key or name).replace("{name}", "dob").replace("{column}", "name"): field
            for name, field in schema(operation).fields.items()}


@st.composite
def parameters(draw, operation):
    fields = known(operation)
    names = draw(st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True))
    needed = [name for name, field in fields.items() if field.required and name not in names]
    names += [name for name in needed if draw(st.integers(0, 5))]
    return [(name, draw(st.sampled_from([*choices(fields[name])] or SAMPLES) | st.sampled_from(SAMPLES)))
            for name in names]


def choices(field):
    return [choice for check in field.validators for choice in getattr(check, "choices", ())]


def misfits(operation, pairs):
    """The parameters that the schema refuses."""
    fields = known(operation)
    given = {(fields[name].data_key or fields[name].name): value for name, value in pairs}
    return set(schema(operation).validate(given))


@pytest.fixture(scope="module")
def client():
    app = create_app(Config(vendor=("commcare",), size=20))
    made = Client(app)
    case = {"case_type": "t", "case_name": "n", "owner_id": "o"}
    assert made.put("/a/demo/api/case/v2/ext/x/", headers=KEY, json=case).status_code == 200
    yield made
    app.worlds.close()


@pytest.mark.parametrize("operation", READING, ids=lambda operation: operation.name)
@settings(max_examples=150, deadline=None, derandomize=True, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_declared_is_what_is_taken(client, operation, data):
    pairs = data.draw(parameters(operation))
    path = operation.path.format(domain="demo", source_id=SOURCE, case_id="x,y", external_id="x")
    body = '{"case_ids": ["x"]}' if operation.method == "POST" else None
    answer = client.open(path, method=operation.method, query_string=pairs, headers=KEY, data=body)
    if answer.status_code < 400:
        assert not (wrong := misfits(operation, pairs)), (answer.status_code, wrong, pairs)
    elif not misfits(operation, pairs):
        said = answer.text + answer.headers.get("X-Mocksrv-Diagnosis", "")
        assert OF_ITS_TEXT.search(said), (answer.status_code, said, pairs)
