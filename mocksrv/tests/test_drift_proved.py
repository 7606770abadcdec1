"""What a run on both sides proves."""

import pytest

from mocksrv.drift import add, document
from mocksrv.drift.proved import proved
from mocksrv.operation import Operation
from mocksrv.proof import Finding

NAMES = ("things", "refusing", "odd", "forgiven", "alone")
OPERATIONS = [Operation("shop", name, "GET", (f"/{name}",), lambda world, call: None, statuses=(200, 404))
              for name in NAMES]


def shape(status=200, node="integer"):
    return {"status": status, "headers": {}, "body": {"json": {"object": {"id": node}}}}


@pytest.fixture
def sides():
    mock, live = document("shop", "1", "2026-01-01", "mock"), document("shop", "1.3", "2026-02-02", "live")
    for name, case, ours, theirs in (
            ("things", "a", shape(), shape()), ("things", "b", shape(404), shape(404)), ("things", "c", shape(), None),
            ("refusing", "a", shape(404), shape(404)),
            ("odd", "a", shape(), shape()), ("odd", "b", shape(), shape(404)),
            ("forgiven", "a", shape(), shape()), ("forgiven", "b", shape(), shape(node="string:word")),
            ("alone", "a", None, shape()), ("(no route)", "a", shape(404), shape(404))):
        for side, one in ((mock, ours), (live, theirs)):
            if one:
                add(side, name, case, one)
    return mock, live


def test_what_agrees_is_proved_and_what_differs_is_spoken_against(sides):
    things = Finding("1.3", "2026-02-02", 2, 0, (200, 404))
    assert proved(OPERATIONS, *sides) == ({"things": things}, {"odd", "forgiven"})
    found, against = proved(OPERATIONS, *sides, accepted=lambda one: one.kind == "type")
    assert found == {"things": things, "forgiven": Finding("1.3", "2026-02-02", 1, 1, (200,))}
    assert against == {"odd"}
