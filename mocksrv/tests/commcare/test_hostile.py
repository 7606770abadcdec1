"""Whatever comes in, the answer is CommCare HQ's, never a failure of the simulator."""

import json
from io import BytesIO
from urllib.parse import urlencode

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.commcare.form_processor.casexml import NAMESPACE

KEY = {"Authorization": "ApiKey brudolph@dimagi.com:0123456789abcdef0123456789abcdef01234567"}
LIGHT = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def client():
    app = create_app(Config(vendor=("commcare",), size=50))
    yield Client(app)
    app.worlds.close()


def call(client, method, path, **given):
    response = client.open(path, method=method, **{"headers": KEY, **given})
    assert "mocksrv itself failed" not in response.headers.get("X-Mocksrv-Diagnosis", ""), response.headers
    return response


NAMES = st.sampled_from(["case_name", "case_type", "owner_id", "external_id", "case_id", "temporary_id", "properties",
                         "indices", "close", "create", "user_id", "parent", "relationship", "1a", "é", "", "a b"])
SCALARS = (st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
           | st.sampled_from(["child", "x"]))
JSONS = st.recursive(SCALARS, lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4)), max_leaves=12)
CASE_PATHS = st.sampled_from(["", "abc", "ext/x/", "ext/a/b/", "bulk-fetch/", "a,b"])


@given(st.sampled_from(["POST", "PUT"]), CASE_PATHS, JSONS)
@LIGHT
def test_payloads_of_cases(client, method, path, data):
    response = call(client, method, f"/a/demo/api/case/v2/{path}", data=json.dumps(data))
    assert response.status_code in (200, 400, 405, 500)


VALUES = st.text(max_size=6) | st.sampled_from(["5", "-1", "2024-03-05", "2024-13-05T00:00:00", "(", "a = 'b'", "%"])
CASE_PARAMETERS = st.sampled_from(["limit", "cursor", "query", "closed", "fields", "exclude", "fields.properties",
                                   "indexed_on.gt", "last_modified.x", "properties.a", "indices.b", "external_id",
                                   "case_type", "zzz", "."])
FORM_PARAMETERS = st.sampled_from(["limit", "offset", "order_by", "_search", "xmlns", "case_id", "received_on_start",
                                   "indexed_on_end", "include_archived", "cases__full", "app_id", "format", "zzz"])


@given(st.lists(st.tuples(CASE_PARAMETERS, VALUES), max_size=4))
@LIGHT
def test_parameters_of_cases(client, params):
    response = call(client, "GET", f"/a/demo/api/case/v2/?{urlencode(params)}")
    assert response.status_code in (200, 400, 500)


@given(st.lists(st.tuples(FORM_PARAMETERS, VALUES | JSONS.map(json.dumps)), max_size=4))
@LIGHT
def test_parameters_of_forms(client, params):
    response = call(client, "GET", f"/a/demo/api/v0.5/form/?{urlencode(params)}")
    assert response.status_code in (200, 400)


QUERY_WORDS = st.sampled_from(["a", "'x'", "5", "=", "<", "and", "or", "not(", "(", ")", ",", "selected(", "/",
                               "subcase-count(", "today()", "date-add(", "ancestor-exists(", "match-all()", "@status",
                               "parent/name"])


@given(st.lists(QUERY_WORDS, max_size=9))
@LIGHT
def test_queries(client, words):
    response = call(client, "GET", f"/a/demo/api/case/v2/?{urlencode({'query': ' '.join(words)})}")
    assert response.status_code in (200, 400)


ATTRIBUTES = st.sampled_from(["", ' case_id="c1"', ' case_id=""', ' case_type="t"', ' date_modified="soon"', ' a="1"',
                              f' xmlns="{NAMESPACE}"', f' case_id="c1" xmlns="{NAMESPACE}"', ' xmlns=""',
                              ' relationship="x"'])
TAGS = st.sampled_from(["case", "create", "update", "index", "close", "meta", "instanceID", "case_type", "case_name",
                        "parent", "a", "owner_id", "userID", "Meta", "attachment", "referral", "n:q", "xml", "é"])
XML = st.recursive(st.text("ab<&;> 1\x00\né", max_size=4), lambda inner: st.tuples(
    TAGS, ATTRIBUTES, st.lists(inner, max_size=4).map("".join)).map(lambda t: "<{0}{1}>{2}</{0}>".format(*t)),
    max_leaves=14)


@given(XML, st.booleans())
@LIGHT
def test_forms(client, inner, version3):
    body = f'<data xmlns="http://example.org/x">{inner}</data>'.encode()
    headers = {**KEY, "Content-Type": "text/xml"} | ({"X-OpenRosa-Version": "3.0"} if version3 else {})
    before = shown_lists(client)
    response = call(client, "POST", "/a/demo/receiver/api/", data=body, headers=headers)
    assert response.status_code in (201, 422, 500)
    if response.status_code >= 400:
        assert shown_lists(client) == before


def shown_lists(client):
    """How many forms there are, and all cases with what is in them."""
    forms, cases = (call(client, "GET", f"/a/demo/api/{path}").json for path in (
        "form/v1/?limit=1&include_archived=true", "case/v2/?limit=5000"))
    return forms["meta"]["total_count"], cases["cases"]


KINDS = st.sampled_from(["text/xml", "multipart/form-data", "multipart/form-data; boundary=a", "", "x"])
UPLOADS = ("receiver/api/", "receiver/secure/?authtype=noauth", "importer/excel/bulk_upload_api/", "fixtures/fixapi/")


@given(st.binary(max_size=200), KINDS)
@LIGHT
def test_bodies(client, body, kind):
    given = body if b"--a" in body or "boundary" not in kind else b"--a\r\n" + body + b"\r\n--a--\r\n"
    for path in UPLOADS:
        response = call(client, "POST", f"/a/demo/{path}", data=given, headers={**KEY, "Content-Type": kind})
        assert response.status_code in (200, 201, 400, 403, 422, 500)


WORDS = st.sampled_from(["case_id", "name", "external_id", "parent_id", "owner_name", "types", "table_id", "field 1",
                         "field: a", "x", "is_global?", "Delete(Y/N)", "UID", "y", "user 1", "a: b 1", "property 1",
                         "close", "---", ":", "?", "1"])
CELLS = (st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.dates()
         | st.datetimes() | WORDS)
ROWS = st.lists(st.lists(CELLS, max_size=5), max_size=4)


@given(st.dictionaries(st.sampled_from(["types", "x", "child", "household", "Sheet1"]), ROWS, min_size=1, max_size=3),
       st.dictionaries(st.sampled_from(["search_field", "search_column", "name_column", "create_new_cases", "replace",
                                        "async"]),
                       st.sampled_from(["case_id", "external_id", "name", "on", "True", "true", "x"]), max_size=4))
@settings(LIGHT, max_examples=20)
def test_workbooks(client, sheets, fields):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = BytesIO()
    book.save(out)
    for path, name in (("importer/excel/bulk_upload_api/", "file"), ("fixtures/fixapi/", "file-to-upload")):
        data = {"case_type": "child", **fields, name: (BytesIO(out.getvalue()), "data.xlsx")}
        response = call(client, "POST", f"/a/demo/{path}", data=data)
        assert response.status_code in (200, 500)
        url = json.loads(response.data).get("status_url", "").removeprefix("http://localhost")
        if url:
            assert call(client, "GET", url).status_code == 200
    for path in ("case/v2/?limit=99", "v0.5/case/", "v0.5/form/", "fixture/v1/", "lookup_table/v1/"):
        assert call(client, "GET", f"/a/demo/api/{path}").status_code == 200


NAMELESS = "".join(f"--b\r\nContent-Disposition: form-data{more}\r\n\r\nx\r\n" for more in ("", '; filename="a.xml"'))


@pytest.mark.parametrize("path", ["receiver/", "receiver/api/", "importer/excel/bulk_upload_api/", "fixtures/fixapi/"])
@pytest.mark.parametrize("named", ["", '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'])
def test_parts_without_a_name_are_as_if_they_were_not_there(client, path, named):
    """Django passes over them."""
    answers = [call(client, "POST", f"/a/demo/{path}", data=f"{body}--b--\r\n", headers=KEY | {
        "Content-Type": "multipart/form-data; boundary=b"}) for body in (NAMELESS + named, named)]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].data == answers[1].data
