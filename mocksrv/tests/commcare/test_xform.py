"""XForms as CommCare HQ reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.vendors.commcare.form_processor import xform

FORM = b"""<?xml version='1.0' ?>
<data uiVersion="1" version="17" name="Visit" xmlns="http://openrosa.org/formdesigner/AB12">
  <!-- a comment --><colour>red</colour><colour>blue</colour><empty/><photo kind="wide">a.jpg</photo>
  <group><when>2024-03-05T11:09:10.123+03:00</when><day>2024-03-05</day></group>
  <n1:meta xmlns:n1="http://openrosa.org/jr/xforms">
    <n1:deviceID>phone</n1:deviceID><n1:userID>u1</n1:userID><n1:instanceID>f1</n1:instanceID>
    <n2:appVersion xmlns:n2="http://commcarehq.org/xforms">CommCare Android, version "2.53.1"(470541). App v65. CommCare
      Version 2.53.1. Build 470541, built on: 2022-06-01</n2:appVersion>
    <location xmlns="http://commcarehq.org/xforms">-1.28 36.81 1600.0 4.5</location>
  </n1:meta>
</data>"""


def test_xml_becomes_json():
    form = xform.parse(FORM)
    assert form["#type"] == "data"
    assert form["@xmlns"] == "http://openrosa.org/formdesigner/AB12"
    assert form["@uiVersion"] == "1"
    assert form["colour"] == ["red", "blue"]
    assert form["empty"] == ""
    assert form["photo"] == {"@kind": "wide", "#text": "a.jpg"}
    assert form["group"] == {"when": "2024-03-05T08:09:10.123000Z", "day": "2024-03-05"}
    assert form["meta"]["@xmlns"] == xform.OPENROSA_META
    assert form["meta"]["location"] == {"@xmlns": "http://commcarehq.org/xforms", "#text": "-1.28 36.81 1600.0 4.5"}


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><data xmlns="x">&c;</data>'


@pytest.mark.parametrize(("xml", "problem"), [
    (b"this isn't even close to xml", "Invalid XML: Start tag expected, '<' not found, line 1, column 1"),
    (b"", "Invalid XML: Document is empty, line 1, column 1"),
    (b"<data/>", "Form is missing a required field: XMLNS"),
    (b"<data><a/></data>", "Form is missing a required field: XMLNS"),
    (b'<data xmlns="x"><a></data>', "Invalid XML: Opening and ending tag mismatch"),
    (b'<data xmlns="x">&nobody;</data>', "Invalid XML: Entity 'nobody' not defined"),
    (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><data xmlns="x">&a;</data>', "Invalid XML: entity decl"),
    (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><data xmlns="x" q="1"/>', "Invalid XML: entity decl"),
    (b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><data xmlns="x"/>', "Invalid XML: "),
    (BOMB, "Invalid XML: entity declarations are not allowed"),
    (BOMB.replace(b"&c;</data>", b'</data>').replace(b'"x">', b'"x" q="&c;">', 1), "Invalid XML: "),
    (b'<?xml version="1.0" encoding="martian"?><data xmlns="x"/>', "Invalid XML: Unsupported encoding: martian"),
    (b'<data xmlns="x">' + b"<a>" * 5000 + b"</a>" * 5000 + b"</data>", "Invalid XML: Excessive depth in document"),
    (b'<data xmlns="x"><a>\xff\xfe</a></data>', "Invalid XML: "),
])
def test_what_is_no_xform_is_refused(xml, problem):
    with pytest.raises(xform.BadXML) as caught:
        xform.parse(xml)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><data xmlns="x"><name>Zoë</name></data>'
    assert xform.parse(text.encode(encoding))["name"] == "Zoë"


@pytest.mark.parametrize(("text", "expected"), [
    ("2024-03-05T08:09:10.123Z", "2024-03-05T08:09:10.123000Z"),
    ("2024-03-05T08:09:10", "2024-03-05T08:09:10.000000Z"),
    ("2024-03-05 08:09", "2024-03-05T08:09:00.000000Z"),
    ("2024-03-05T23:30:00.000-05:30", "2024-03-06T05:00:00.000000Z"),
    ("2024-03-05", "2024-03-05"),
    ("2024-02-30T08:09:10", "2024-02-30T08:09:10"),
    ("2024-03-05T08:09:10 ", "2024-03-05T08:09:10 "),
    ("2024-03-05T08:09:10 +02:00", "2024-03-05T08:09:10 +02:00"),  # a blank before the zone
    ("2024-03-05T08:09:10z", "2024-03-05T08:09:10z"),
    ("2024-03-05T08:09:10.12Z", "2024-03-05T08:09:10.12Z"),
    ("20240305T0809+0330", "2024-03-05T04:39:00.000000Z"),
    ("2024-03-05T08:59.5", "2024-03-05T08:59.5"),
    ("2024-03-05T08:59.123", "2024-03-05T08:00:59.123000Z"),  # seconds: minutes may be left out
    ("2024-03-05T08:09:10+24:00", "2024-03-05T08:09:10+24:00"),
    ("2024-03-05T08:09:10+03:60", "2024-03-05T08:09:10+03:60"),
    ("2024-03-05T08:09:10\n", "2024-03-05T08:09:10.000000Z"),
    ("0001-01-01T00:00:00+05:00", "0001-01-01T00:00:00+05:00"),
    ("soon", "soon"),
])
def test_dates_with_a_time_become_utc(text, expected):
    assert xform.adjust_datetimes({"a": [text]}) == {"a": [expected]}


NAMES = st.from_regex(r"[a-z_][a-z0-9_.-]{0,6}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"), max_size=8)
VALUES = st.recursive(TEXTS.filter(lambda text: text.strip() == text), lambda inner: st.dictionaries(
    NAMES, inner | st.lists(inner, min_size=2, max_size=3), min_size=1, max_size=3), max_leaves=8)


def test_metadata_of_the_oldest_phones_gets_the_names_of_today():
    form = xform.parse(b'<d xmlns="x"><Meta><chw_id>u</chw_id><TimeStart>2024-03-05</TimeStart><uid>f</uid>'
                       b"<DeviceID>old</DeviceID><deviceID>new</deviceID></Meta></d>")
    assert list(form["meta"].items()) == [("DeviceID", "old"), ("deviceID", "new"), ("userID", "u"),
                                          ("timeStart", "2024-03-05"), ("instanceID", "f")]
    assert xform.instance_id({"meta": {"instanceID": "new", "uid": "old"}}) == "old"
    assert xform.parse(b'<d xmlns="x"><meta><a>1</a></meta><meta><a>2</a></meta></d>')["meta"] == {"a": "1"}


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_json_becomes_xml_and_json_again(fields):
    form = xform.adjust_datetimes({"#type": "data", "@xmlns": "http://example.org/x", **fields})
    assert xform.parse(xform.to_xml(form)) == form


def test_a_long_list_of_attributes_is_read_like_a_short_one():
    few, many = ({f"@a{n}": str(n) for n in range(count)} for count in (3, 70))
    for wanted in (few, many):
        listed = " ".join(f'{name[1:]}="{value}"' for name, value in wanted.items())
        form = xform.parse(f'<data xmlns="http://openrosa.org/x" xmlns:n="urn:n" n:q="1" {listed}/>'.encode())
        assert {name: form[name] for name in wanted} == wanted
        assert [name for name in form if "q" in name] == ["@{urn:n}q"]
