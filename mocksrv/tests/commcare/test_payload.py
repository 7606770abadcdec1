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


@pytest.mark.parametrize("name", ["a", "_a", "é", "a-b", "a.b", "A1", "XML", "a\u0301", "a·b", "a ", "a\n", "a b=''"])
def test_names_that_can_stand_in_xml(name):
    payload.check({"case_id": "c", "properties": {name: "x"}, "indices": {name: {}}}, "update")


@pytest.mark.parametrize("name", [
    "", "1", "a b", "a/b", "a:b", "<a", "a>", "xml", "xmlns", "-a", ".a", "a=''", " a", "٣", "ªa", "😀",
    "a\x00"])
def test_names_that_cannot(name):
    for part, value in (("properties", "x"), ("indices", {})):
        with pytest.raises(payload.Invalid, match="must be valid XML identifiers"):
            payload.check({"case_id": "c", part: {name: value}}, "update")


@pytest.mark.parametrize("name", ["\ud800", "!DOCTYPE a [<!ENTITY b 'c'>]><a"])
def test_names_that_the_parser_fails_on(name):
    with pytest.raises(Refusal):
        payload.check({"case_id": "c", "properties": {name: "x"}}, "update")


def test_a_comment_before_a_name_makes_no_element():
    payload.check({"case_id": "c", "properties": {"!--b--><a": "x"}}, "update")
    with pytest.raises(Refusal):
        payload.written({"!--b--><a": "x"})


@pytest.mark.parametrize("text", ["\x00", "a\x0bb", "\ud800", "\uffff"])
def test_texts_that_cannot_stand_in_xml(text):
    for block in ({"update": {"a": text}}, {"index": {"parent": {"@case_type": text}}}):
        with pytest.raises(Refusal) as caught:
            payload.as_xml(block)
        assert caught.value.status == 500


def test_line_ends_are_those_of_xml_but_in_attributes():
    assert payload.as_xml({"update": {"a": "1\r\n2\r3"}, "index": {"parent": {"@case_type": "1\r\n"}}}) == {
        "update": {"a": "1\n2\n3"}, "index": {"parent": {"@case_type": "1\r\n"}}}


def test_what_a_case_block_writes():
    found = payload.written({"b": "1", "owner_id": "2", "_c": "3", "a ": "4", "case_type": "5", "B": "6"})
    assert list(found.items()) == [("case_type", "5"), ("owner_id", "2"), ("B", "6"), ("a", "4"), ("b", "1")]
    with pytest.raises(Refusal):
        payload.written({"a b=''": "1"})
