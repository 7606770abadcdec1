"""Data sources as files, as commcare-analytics and dashboards in spreadsheets download them."""

import csv
from io import BytesIO, StringIO
from urllib.parse import quote
from zipfile import ZipFile

import openpyxl
import pytest
import xlrd

HEADER = ["doc_id", "inserted_at", "name", "visits", "registered"]
FORM = {"webhook_url": "https://superset.example.org/hq_webhook/", "client_id": "c1", "client_secret": "secret",
        "token_url": "https://superset.example.org/oauth/token"}


@pytest.fixture
def source(hq):
    return hq.get("ucr_data_source/v1/").json()["objects"][0]


def export(hq, source, **params):
    return hq.call("GET", f"configurable_reports/data_sources/export/{source['id']}/", params=params)


def table(response):
    assert response.status_code == 200, response.text
    return list(csv.reader(StringIO(response.content.decode())))


def test_without_a_format_it_is_csv(hq, source):
    response = export(hq, source)
    header, *rows = table(response)
    assert response.headers["Content-Type"] == "text/csv"
    name = f"{source['display_name']}.csv"
    assert response.headers["Content-Disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}"
    assert header == HEADER
    shown = hq.get("ucr/v1/", data_source_id=source["id"], limit=10_000).json()["objects"]
    assert [row[0] for row in rows] == [row["doc_id"] for row in shown]
    first = shown[0]
    assert rows[0][2:4] == [first["name"], str(first["visits"])]
    assert rows[0][4].startswith(first["registered"].replace("T", " ")[:19])


def test_csv_comes_in_a_zip(hq, source):
    response = export(hq, source, format="csv")
    assert response.headers["Content-Type"] == "application/zip"
    with ZipFile(BytesIO(response.content)) as zip:
        (name,) = zip.namelist()
        assert zip.read(name) == export(hq, source).content
    assert export(hq, source, **{"$format": "csv"}).content == response.content


def test_other_formats(hq, source):
    rows = table(export(hq, source))
    book = openpyxl.load_workbook(BytesIO(export(hq, source, format="xlsx").content))
    assert [[cell or "" for cell in row] for row in book.active.iter_rows(values_only=True)] == rows
    sheet = xlrd.open_workbook(file_contents=export(hq, source, format="xls").content).sheet_by_index(0)
    assert [sheet.row_values(number) for number in range(sheet.nrows)] == rows
    page = export(hq, source, format="html")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Content-Disposition" not in page.headers
    assert page.text.count("<tr>") == len(rows)


def test_filters(hq, source):
    rows = table(export(hq, source))[1:]
    one = rows[0]
    assert table(export(hq, source, doc_id=one[0]))[1:] == [one]
    assert table(export(hq, source, visits=one[3]))[1:] == [row for row in rows if row[3] == one[3]]
    assert table(export(hq, source, visits=one[3], name="nobody")) == [HEADER]
    assert table(export(hq, source, **{"visits-range": "1..2"}))[1:] == [row for row in rows if row[3] in ("1", "2")]
    day = one[4][:10]
    assert one in table(export(hq, source, **{"registered-range": f"{day}..{day} 23:59:59"}))[1:]
    assert table(export(hq, source, **{"registered-range": "2000-01-01..2000-12-31"})) == [HEADER]


@pytest.mark.mock_only
def test_the_last_days(hq, source, mocksrv):
    rows = table(export(hq, source))[1:]
    last = max(row[4] for row in rows)
    mocksrv.clock.set(f"{last[:10]}T00:00:00Z")
    assert last not in [row[4] for row in table(export(hq, source, **{"registered-lastndays": "0"}))[1:]]
    mocksrv.clock.advance(86_400)
    assert last in [row[4] for row in table(export(hq, source, **{"registered-lastndays": "1"}))[1:]]


@pytest.mark.parametrize(("params", "status", "text"), [
    ({"colour": "red"}, 400, "Invalid filter parameter: colour"),
    ({"colour-range": "1..2"}, 400, "No field named colour"),
    ({"colour-lastndays": "1"}, 400, "No field named colour"),
    ({"visits-range": "1"}, 400, 'Ranges must have the format "start..end"'),
    ({"visits-range": "1..2..3"}, 400, 'Ranges must have the format "start..end"'),
    ({"visits-lastndays": "1"}, 400, "You can only use 'lastndays' on date columns"),
    ({"format": "json"}, 400, "format must be one of the following: csv, html, xls, xlsx"),
    ({"format": "json", "colour": "red"}, 400, "Invalid filter parameter: colour"),
    ({"visits": "many"}, 400, "There was a problem executing your query, please make sure your parameters are valid."),
    ({"registered-range": "soon..later"}, 400,
     "There was a problem executing your query, please make sure your parameters are valid."),
    ({"registered-lastndays": "many"}, 500, None),
    ({"registered-lastndays": "9" * 30}, 500, None),
])
def test_errors(hq, source, params, status, text):
    response = export(hq, source, **params)
    assert response.status_code == status
    assert response.text == text or "Server Error (500)" in response.text


def test_who_may_not_have_it(hq, source):
    path = f"configurable_reports/data_sources/export/{source['id']}/"
    assert hq.call("GET", path, headers={"Authorization": "ApiKey nobody:x"}).status_code == 401
    assert export(hq, {"id": "nosuch"}).status_code == 404


@pytest.mark.mock_only
def test_subscriptions(hq, source, mocksrv):
    path = f"configurable_reports/data_sources/subscribe/{source['id']}/"
    response = hq.call("POST", path, data=FORM)
    assert (response.status_code, response.content) == (201, b"")
    (held,) = mocksrv.control("GET", "/tables/commcare.data_source_subscriptions")["documents"]
    assert held["doc"]["name"] == f"Data source {source['id']} on superset.example.org"
    response = hq.call("POST", path, data={"client_id": "c1", "webhook_url": "x"})
    assert (response.status_code, response.text) == (422, "Missing parameters: client_secret, token_url")
    assert hq.call("POST", path, data=FORM | {"webhook_url": "http://["}).status_code == 500
    assert hq.call("GET", path).status_code == 405
