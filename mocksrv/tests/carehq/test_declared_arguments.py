"""Arguments are taken when they fit what their operation declares, and refused when they do not: in both directions,
on generated queries and forms, for every operation of CareHQ.

That an id is one of a record that there is, and that a closed enquiry has a reason, no schema says.
"""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from marshmallow import fields

from contract_tests.carehq.conftest import Raw
from mocksrv.vendors.carehq import vendor

OPERATIONS = [one for one in vendor.operations if one.query is not None or one.body is not None]
ID = re.compile("[0-9a-f]{24}")
SAMPLES = ["", "x", "Zoë", "1", "0", "101", "-1", "1.5", "yes", "no", "unset", "true", "maybe", "2026-01-31",
           "2026-02-30", "2026-01-31 09:30:00", "2026-01-31T09:30:00Z", "0123456789abcdef01234567", "ann@example.org",
           "@", "-_id", "+44 7700 900123", "12", "closed", "last_name", "_id", "x" * 256]


@cache
def schema(operation):
    return operation.schema("body" if operation.body is not None else "query")()


def options(field):
    """Texts that the field may take."""
    inner = field.inner if isinstance(field, fields.List) else field
    return [choice for check in inner.validators for choice in getattr(check, "choices", ())][:6]


@st.composite
def arguments(draw, operation):
    """Names and texts, the right ones and others."""
    known = schema(operation).fields
    chosen = draw(st.lists(st.sampled_from(sorted(known)), max_size=4, unique=True))
    needed = [name for name, field in known.items() if field.required and name not in chosen]
    chosen += [name for name in needed if draw(st.integers(0, 5))]
    pairs = []
    for name in chosen:
        texts = st.sampled_from([*options(known[name])] or SAMPLES) | st.sampled_from(SAMPLES)
        times = 2 if isinstance(known[name], fields.List) and draw(st.booleans()) else 1
        pairs += [(name, draw(texts)) for _ in range(times)]
    return pairs + draw(st.sampled_from([[], [], [], [("nonsense", "1")]]))


def fits(operation, pairs):
    """Whether the schema takes the arguments; an empty text is none, but for the numbers of a page."""
    known, made = schema(operation).fields, {}
    for name, text in pairs:
        if isinstance(known.get(name), fields.List):
            made.setdefault(name, []).extend([text] if text else [])
        elif text or name not in known or name in ("page", "per_page"):
            made[name] = text
    return not schema(operation).validate({name: value for name, value in made.items() if value != []})


@pytest.fixture
def raw(mocksrv):
    mocksrv.set(carehq_rate_limit=False, carehq_unknown_arguments="mixed")
    return Raw(mocksrv.url, "MY_ACCOUNT_ID", "MY_API_KEY", "MY_API_SECRET")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
@settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_declared_is_what_is_taken(raw, operation, data):
    pairs = data.draw(arguments(operation))
    path = operation.path.removeprefix("/v1/")
    if "{id}" in path:
        slug = path.partition("/")[0]
        path = f"{slug}/{raw('GET', slug).json()['items'][0]['_id']}"
    answer = raw(operation.method, path, pairs)
    if fits(operation, pairs) == (answer.status_code == 200):
        return
    assert answer.status_code == 400, (answer.status_code, answer.text, pairs)
    assert fits(operation, pairs), (answer.text, pairs)
    wrong = answer.json()["arg_errors"]
    for name, texts in wrong.items():
        given_ids = [text for sent, text in pairs if sent == name and ID.fullmatch(text)]
        cleared = (name, "") in pairs and texts == ["This field is required."]  # what there is must stay
        bound = name == "page" or (name == "attributes" and texts == ["Not a valid choice."])  # of what there is
        together = name in ("reason_for_closing", "care_enquiry", "service")
        assert bound or cleared or given_ids or together, (wrong, pairs)
