"""Forms as HQ's search index holds them, and their metadata."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.vendors.commcare.form_processor import casexml, indexed_form

MOMENT = "2024-03-05T08:09:10.123000Z"
PHONE = 'CommCare Android, version "2.53.1"(464694). App v65. CommCare Version 2.53. Build 464694'


def meta(build=None, **given):
    return indexed_form.indexed({"@xmlns": "x", "meta": given}, build)["meta"]


def metadata(form):
    return indexed_form.metadata(form, MOMENT)


def test_what_the_index_adds():
    assert meta(userID="u", timeStart=MOMENT) == {
        "userID": "u", "timeStart": MOMENT, "timeEnd": None, "commcare_version": None, "app_build_version": None,
        "geo_point": None}


def test_what_is_given_stays_as_it_is():
    form = {"@xmlns": "x", "meta": {"appVersion": {"@xmlns": "y", "#text": PHONE}},
            "case": {"@case_id": "c", "update": ""}}
    before = repr(form)
    indexed_form.indexed(form)
    assert repr(form) == before


@pytest.mark.parametrize(("text", "commcare", "app"), [
    (PHONE, "2.53.1", 65),
    ('CommCare ODK, version "2.4"(10083). App v19.CommCare', "2.4.0", 19),
    ('CommCare b[99] barbar "2.1.0" (12)', "2.1.0", 99),
    ('संस्करण" 2.27.8 " (414593)', "2.27.8", None),
    ("foofoo #102 barbar", None, 102),
    ("v1.2.3 (biz bazzle)", None, None),
    ('"1.0"', None, None),  # too short for a phone's line
    ("", None, None),
    ({"@xmlns": "y", "#text": PHONE}, "2.53.1", 65),
    ({"@xmlns": "y"}, None, None),
    (f"App v{'9' * 5000}.", None, None),
])
def test_versions_in_the_phones_own_words(text, commcare, app):
    found = meta(appVersion=text)
    assert (found["commcare_version"], found["app_build_version"]) == (commcare, app)
    assert meta(7, appVersion=text)["app_build_version"] == 7  # the build of the form goes over it


@pytest.mark.parametrize(("text", "point"), [
    ("-1.28 36.81 1700.5 12.0", {"lat": -1.28, "lon": 36.81}),
    ("90 -180 0 0", {"lat": 90.0, "lon": -180.0}),
    ("1e-5 -2.5E-4 3 4", {"lat": 0.0, "lon": 0.0}), ("1e1 2 3 NaN", {"lat": 10.0, "lon": 2.0}),
    ("1 2 3 4\n", {"lat": 1.0, "lon": 2.0}), (" 1 2 3 4", None), ("1  2 3 4", None), ("1\t2 3 4", None),
    ("1 2", None), ("here", None), ("100 2 3 4", None), ("1 181 3 4", None), ("1 2 x 4", None), ("NaN 2 3 4", None),
    ("", None), (None, None), ({"@xmlns": "y", "#text": "1 2 3 4"}, None),
])
def test_positions(text, point):
    assert meta(location=text)["geo_point"] == point


@pytest.mark.parametrize(("text", "shown", "cleaned"), [
    (MOMENT, MOMENT, MOMENT),
    ("2024-01-02", "2024-01-02", "2024-01-02T00:00:00.000000Z"),
    ("2024/01/02", "2024/01/02", "2024-01-02T00:00:00.000000Z"),
    ("Nov 3 2024", "Nov 3 2024", "2024-11-03T00:00:00.000000Z"),
    ("10 Nov 2024 09:00 +0300", "10 Nov 2024 09:00 +0300", "2024-11-10T06:00:00.000000Z"),
    ("10:30", "10:30", "2024-03-05T10:30:00.000000Z"),
    ("junk", None, None), ("", None, None), ("2024-02-30", None, None), ("9" * 300, None, None),
    ({"@a": "b"}, None, None),
])
def test_times(text, shown, cleaned):
    form = {"@xmlns": "x", "meta": {"timeStart": text, "timeEnd": text}}
    held = indexed_form.indexed(form)["meta"]
    assert (held["timeStart"], held["timeEnd"]) == (shown, shown)
    found = metadata(form)
    assert (found.get("timeStart"), found.get("timeEnd")) == (cleaned, cleaned)
    assert ("timeStart" in found) is (cleaned is not None)


def test_metadata_holds_what_the_form_says():
    found = metadata({"@xmlns": "x", "meta": {
        "@xmlns": "y", "drift": "7", "own": {"@a": "1", "#text": "b"}, "many": ["1", "2"],
        "location": {"@xmlns": "z", "#text": "1 2 3 4"}, "appVersion": {"@xmlns": "z"}}})
    assert found == {"drift": "7", "own": "@a:1, #text:b", "many": ["1", "2"], "location": "1 2 3 4",
                     "appVersion": None, "commcare_version": None, "app_build_version": None, "geo_point": None}
    assert metadata({"@xmlns": "x", "meta": {"location": "1 2 3 4"}})["geo_point"] == "lat:1.0, lon:2.0"
    for form in ({"@xmlns": "x"}, {"@xmlns": "x", "meta": ""}):
        assert metadata(form) is None
        assert indexed_form.indexed(form) == form


def test_empty_objects_of_case_blocks_are_null():
    block = {"@case_id": "c", "@date_modified": MOMENT, "create": "", "update": "words", "index": {"p": "x"},
             "close": ""}
    others = [{"@case_id": "d", "@date_modified": ""}, {"@case_id": "e", "date_modified": "no"}]
    form = {"group": [{"case": [block, *others]}], "case": "a question", "update": ""}
    assert indexed_form.indexed(form) == {"group": [{"case": [
        block | {"create": None, "update": None}, {"@case_id": "d", "@date_modified": None}, {"@case_id": "e"}]}],
        "case": "a question", "update": ""}


JSON = st.recursive(st.text(max_size=5) | st.sampled_from([MOMENT, PHONE, "1 2 3 4"]), lambda inner: st.dictionaries(
    st.sampled_from(["meta", "case", "@case_id", "update", "timeEnd", "appVersion", "location", "#text",
                     "@date_modified"]),
    inner | st.lists(inner, max_size=2), max_size=4), max_leaves=12)


@given(st.dictionaries(st.sampled_from(["meta", "case", "group"]), JSON, max_size=3))
def test_any_form_has_a_place_in_the_index(form):
    held = indexed_form.indexed(form)
    assert held.keys() == form.keys()
    held, rest = ({name: part for name, part in each.items() if name != "meta"} for each in (held, form))
    assert len(list(casexml.blocks(held))) == len(list(casexml.blocks(rest)))  # of what `meta` holds, junk times go
    assert (metadata(form) is None) is not isinstance(form.get("meta"), dict)
