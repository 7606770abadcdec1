"""Reports written as text messages: the vectors of each format, and that no text whatever breaks the readers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.config import Config
from mocksrv.vendors.cht import vendor
from mocksrv.vendors.cht.node import regexps
from mocksrv.vendors.cht.records import formats, reports
from mocksrv.vendors.cht.records.smsparser import Reader
from mocksrv.vendors.cht.shared_libs import validation
from mocksrv.worlds import Worlds

YYYZ = {
    "meta": {"code": "YYYZ"},
    "fields": {
        "nurse": {"type": "string", "required": True, "labels": {"tiny": "n", "short": "Nurse"}},
        "week": {"type": "integer", "labels": {"tiny": {"en": "w"}, "short": {"en": "Week"}}},
        "year": {"type": "integer", "labels": {"tiny": {"en": "y"}}},
        "visit": {"type": "string", "labels": {"tiny": {"translations": [{"locale": "en", "content": "v"}]}}},
    },
}
TYPES = {
    "meta": {"code": "T"},
    "fields": {
        "patient_id": {"type": "string", "labels": {"tiny": "p"}},
        "done": {"type": "boolean", "labels": {"tiny": "b"}},
        "when": {"type": "date", "labels": {"tiny": "d"}},
        "phone": {"type": "phone_number", "labels": {"tiny": "t"}},
        "month": {"type": "month", "labels": {"tiny": "m"}},
        "place": {"type": "integer", "labels": {"tiny": "l"}, "list": [[1, {"en": "Home"}], [2, "Clinic"]]},
        "bp.sys": {"type": "integer", "labels": {"tiny": "s"}},
        "bs": {"type": "bsDate", "labels": {"tiny": "k"}},
    },
}
NOTHING = {"nurse": None}
ALL = {"nurse": "Sam", "week": 23, "year": 2015, "visit": "ANC"}


@pytest.fixture(scope="module")
def world():
    return Worlds((vendor,), Config(size=0)).origin


def read(world, definition, message, **options):
    return Reader(world, {"default_country_code": 1}, definition, **options).read(message)


@pytest.mark.parametrize(
    ("message", "fields", "problems"),
    [
        ("1!YYYZ!Sam#23#2015#ANC", ALL, []),
        ("1!YYYZ!Sam#23#2015#ANC#extra", ALL, ["extra_fields"]),
        ("1!YYYZ!#23", {"nurse": None, "week": 23}, ["sys.missing_fields"]),
        ("1!yyyz!Sam#abc#2015#ANC", ALL | {"week": None}, []),
        ("1!YYYZ!Sam!Bob#5", {"nurse": "Sam!Bob", "week": 5}, []),
        ("2!YYYZ!Sam#5", {}, ["sys.missing_fields"]),
        ("J1!YYYZ!n#Sam#w#23#y#2015#v#ANC", ALL, []),
        ("J1!YYYZ!V#A\\#1#N # Sam", {"nurse": " Sam", "visit": "A#1"}, []),
        ("YYYZ n Sam # w 23 # y 2015 # v ANC", ALL, []),
        ("yyyz n Sam#w23#y2015#v ANC", ALL, []),
        ("YYYZ Sam 23 2015 ANC 2", ALL | {"visit": "ANC 2"}, []),
        ('YYYZ "Sam Smith" 23 2015 ANC', ALL | {"nurse": "Sam Smith"}, []),
        ("YYYZ n 5 # w 7", {"nurse": 5, "week": 7}, ["sys.incorrect_type"]),
        ("YYYZ w 2.5 # n A", {"nurse": "A", "week": 2.5}, ["sys.incorrect_type"]),
        ("YYYZ w 2 # w 3 # n A", {"nurse": "A", "week": None}, []),
        ("YYYZ", {}, ["sys.missing_fields"]),
        ("YYYZ n", {}, ["sys.missing_fields"]),
        ("yyyz,Sam", {"nurse": "Sam"}, []),
        ("YYYZ n Sam 3 # w 4 weeks", {"nurse": "Sam 3", "week": None}, []),
        ("YYYZ n 001 # w 0", {"nurse": "001", "week": 0}, []),
        ("YYYZ n 5 boxes # w 2 3", {"nurse": "5boxes", "week": 23}, []),
        ("YYYZ n Sam # w २३", {"nurse": "Sam", "week": 23}, []),
    ],
)
def test_vectors(world, message, fields, problems):
    found = read(world, YYYZ, message)
    assert found.fields == fields
    codes = [code for code, _ in validation.problems(YYYZ["fields"], found.fields)]
    assert codes + ["extra_fields"] * found.extra == problems


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("T p १२345 # b 1 # d 2012-03-12", {"patient_id": "12345", "done": True, "when": 1331510400000}),
        ("T b 0 # d soon # t (312) 555-1212", {"done": False, "when": None, "phone": "+13125551212"}),
        ("T b 2 # t 12 # m 7", {"done": None, "phone": 12, "month": 7}),
        ("T l 1 # s 120", {"place": "Home", "bp": {"sys": 120}}),
        ("T l 3", {"place": None}),
        ("T d 2012-02-31 # k 2070-1-1", {"when": 1330646400000, "bs": None}),
        ("1!T!30003", {"patient_id": "30003", "bp": {}}),
    ],
)
def test_types(world, message, fields):
    assert read(world, TYPES, message).fields == fields


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("1!yyyz!Sam", "YYYZ"), ("a!b!c!d", "B"), ("  yyyz n", "YYYZ"), ("yyyz,Sam", "YYYZ"), ("yyyz-1", "YYYZ"),
        ("#", None), ("", None), ("   ", None), (None, None), (["x"], None),
    ],
)
def test_the_form_that_a_message_is_for(message, code):
    assert formats.form_code(message) == code


def test_a_code_with_invisible_characters_is_found():
    settings = {"forms": {"YYYZ": YYYZ}}
    assert reports.find_form(settings, "Y\u200bYYZ") == ("YYYZ", YYYZ)
    assert reports.find_form(settings, "\u200bX") == ("\u200bX", None)


@pytest.mark.parametrize("message", ["YYYZ n Sam # w 5", 'YYYZ "'])
def test_where_the_server_fails(world, message):
    bare = {"meta": {"code": "YYYZ"}, "fields": {"nurse": {"type": "string"}}}
    assert isinstance(read(world, bare, message).fields, dict)
    with pytest.raises(formats.Crash):
        read(world, bare, message, strict=True)


@pytest.mark.parametrize(
    ("text", "number"),
    [("23", 23), (" 7 ", 7), ("2.5", 2.5), ("0x1F", 31), ("1e3", 1000), (".5", 0.5), ("-3", -3), ("१२", 12), (" ", 0),
     ("", None), ("1,2", None), ("Infinity", None), ("1e999", None), ("12a", None), (True, None), (None, None)],
)
def test_numbers_are_those_of_javascript(text, number):
    assert regexps.number(text) == number


pieces = st.sampled_from(
    ["YYYZ", "T", "1!", "J1!", "2!", "!", "#", "\\#", '"', " ", "\n", "\u2028", "\ufeff", "\u200b", "n", "w", "1", "05",
     "2.", "2012-03-12", "-", ",", ":", "é", "१", "\ud800", "{{x}}", "[", "(", "*", "."])
values = st.sampled_from(["5", "05", "2.", "2.5", "9" * 400, "2012-03-12", "2012-13-45", "2012-0-0", "0000-1-1",
                          "2012/2/31", "9999-12-31", "boxes", "\u0967", "(312) 555-1212", "\"", "", "\u200b",
                          "1e5", "0x", "\ud800"])
pairs = st.tuples(st.sampled_from([*"nwyvpbdtmlsk", "Nurse", "", "."]), st.lists(values, max_size=3).map(" ".join))
forms = st.builds("{}{}".format, st.sampled_from(["YYYZ ", "T ", "T,", "1!T!", "J1!T!", "2!T!", ""]),
                  st.lists(pairs.map(" ".join), max_size=4).map("#".join) | st.lists(values, max_size=9).map("#".join))
messages = forms | st.lists(pieces, max_size=14).map("".join) | st.text(max_size=40)


@given(messages, st.sampled_from([YYYZ, TYPES, {"fields": {}}, {}, {"meta": 5, "fields": {"a": None, "b.c": {}}}]))
def test_no_text_breaks_the_readers(world, message, definition):
    found = read(world, definition, message)
    validation.problems(definition.get("fields", {}), found.fields)
    assert set(found.fields) <= {key.partition(".")[0] for key in definition.get("fields", {})}


@given(st.lists(st.text(st.characters(exclude_characters='#!"\\', exclude_categories=["C", "Z"]), min_size=1),
                min_size=4, max_size=4))
def test_muvuku_keeps_texts(world, values):
    definition = {"fields": {name: {"type": "text"} for name in "abcd"}}
    assert list(read(world, definition, "1!X!" + "#".join(values)).fields.values()) == values
