"""Checks of case API v2's payloads, against what HQ's own library says to the same payloads."""

import json

import pytest

from mocksrv import fixtures
from mocksrv.call import Refusal
from mocksrv.vendors.commcare.cases.v2 import payload as payload

VECTORS = json.loads(fixtures.path("commcare", "case_v2_payloads.json").read_text(encoding="utf-8"))["vectors"]


@pytest.mark.parametrize(("kind", "data", "error"), VECTORS)
def test_the_first_mistake_is_the_one_that_is_told(kind, data, error):
    """The fields are read in the order in which they came; each vector was run through jsonobject."""
    if error is None:
        assert payload.check(data, kind) == data
        return
    with pytest.raises(payload.Invalid) as caught:
        payload.check(data, kind)
    assert str(caught.value) == error


@pytest.mark.parametrize("name", ["a", "_a", "é", "a-b", "a.b", "A1"])
def test_names_that_can_stand_in_xml(name):
    payload.check({"case_id": "c", "properties": {name: "x"}, "indices": {name: {}}}, "update")


@pytest.mark.parametrize("name", ["", "1", "a b", "a/b", "a:b", "<a", "a>", "xml", "xmlns", "-a", ".a", "a\n", "a=''"])
def test_names_that_cannot(name):
    for part, value in (("properties", "x"), ("indices", {})):
        with pytest.raises(payload.Invalid, match="must be valid XML identifiers"):
            payload.check({"case_id": "c", part: {name: value}}, "update")


@pytest.mark.parametrize("text", ["\x00", "a\x0bb", "\ud800", "\uffff"])
def test_texts_that_cannot_stand_in_xml(text):
    with pytest.raises(Refusal) as caught:
        payload.check({"case_id": "c", "properties": {"a": text}}, "update")
    assert caught.value.status == 500


def test_line_ends_are_those_of_xml():
    assert payload.check({"case_id": "c", "properties": {"a": "1\r\n2\r3"}}, "update")["properties"] == {"a": "1\n2\n3"}
