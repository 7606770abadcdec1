"""Excel upload of cases and of lookup tables, as OpenFn and people with curl do it."""

from datetime import datetime
from io import BytesIO
from uuid import uuid4

import openpyxl
import pytest

from mocksrv import fixtures


def workbook(**sheets):
    """An .xlsx file of `sheet=[row, ...]`."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def upload(hq, data, *, name="data.xlsx", **fields):
    """OpenFn names no content type for the file."""
    fields = {"case_type": "child", "create_new_cases": "on"} | fields
    return hq.call("POST", "importer/excel/bulk_upload_api/", files={"file": (name, data)}, data=fields)


def done(hq, response):
    """The result of an upload that worked."""
    assert response.status_code == 200, response.text
    body = response.json()
    assert (list(body), body["code"], body["message"]) == (["code", "message", "status_url"], 200, "success")
    status = hq.session.get(body["status_url"]).json()
    assert (status["state"], status["progress"]) == (2, {"percent": 100})
    return status["result"]


def cases(hq, **params):
    return sorted(hq.get("case/v2/", limit=5000, **params).json()["cases"], key=lambda case: case["case_name"])


@pytest.fixture
def kind():
    return f"kind{uuid4().hex}"


@pytest.mark.writes
def test_new_cases(hq, kind):
    rows = [["case_id", "name", "dob", "weight", "twin"], [None, "Ann", "2024-03-05", 3.5, True],
            [None, "Ben", None, 4.0, None], [None, None, None, None, None], ["", "Cat", "---", 0, "x"]]
    result = done(hq, upload(hq, workbook(Sheet=rows), case_type=kind, comment="hello"))
    assert result == {"match_count": 0, "created_count": 3, "num_chunks": 1, "errors": []}
    ann, ben, cat = cases(hq, case_type=kind)
    assert ann["properties"] == {"dob": "2024-03-05", "weight": "3.5", "twin": "True"}
    assert ben["properties"] == {"dob": "", "weight": "4", "twin": ""}
    assert cat["properties"] == {"dob": "", "weight": "0", "twin": "x"}
    old = hq.get(f"v0.5/case/{ann['case_id']}/").json()
    assert old["opened_by"] == old["properties"]["owner_id"] == old["user_id"]
    form = hq.get(f"v0.5/form/{old['xform_ids'][0]}/").json()
    assert (form["form"]["@xmlns"], len(form["form"]["case"])) == ("http://commcarehq.org/case", 3)


@pytest.mark.writes
def test_an_xls_file(hq, kind):
    data = fixtures.path("commcare", "cases.xls").read_bytes()
    assert done(hq, upload(hq, data, name="output.xls", case_type=kind))["created_count"] == 3
    ann, ben, zoe = cases(hq, case_type=kind)
    assert ann["properties"] == {"weight": "3.5", "visit": "2024-03-05", "twin": "True", "note": "a"}
    assert ben["properties"]["visit"] == "2024-03-05 10:30:00"
    assert (zoe["case_name"], zoe["properties"]["weight"]) == ("Zoë", "7")


@pytest.mark.writes
def test_updates_by_case_id(hq, kind):
    made = {"case_type": kind, "case_name": "Ann", "owner_id": "o", "properties": {"a": "1"}}
    case = hq.post("case/v2/", made).json()["case"]
    rows = [["case_id", "a", "b", "close"], [case["case_id"], "2", "3", "yes"], ["nobody", "4", "5", None]]
    result = done(hq, upload(hq, workbook(Sheet=rows), case_type=kind, create_new_cases=""))
    assert (result["match_count"], result["created_count"]) == (1, 0)
    (changed,) = cases(hq, case_type=kind)
    assert (changed["case_name"], changed["closed"]) == ("Ann", True)
    assert changed["properties"] == {"a": "2", "b": "3"}
    again = workbook(Sheet=[["case_id", "a"], [case["case_id"], "9"]])
    assert done(hq, upload(hq, again, case_type="other", create_new_cases=""))["match_count"] == 0


@pytest.mark.writes
def test_upsert_by_external_id_with_other_column_names(hq, kind):
    rows = [["number", "title", "a"], [f"{kind}1", "Ann", "1"], [f"{kind}2", "Ben", "2"]]
    fields = {"case_type": kind, "search_field": "external_id", "search_column": "number", "name_column": "title"}
    assert done(hq, upload(hq, workbook(Sheet=rows), **fields))["created_count"] == 2
    rows[1][2] = "changed"
    rows.append([f"{kind}3", "Cat", "3"])
    result = done(hq, upload(hq, workbook(Sheet=rows), **fields))
    assert (result["match_count"], result["created_count"]) == (2, 1)
    found = cases(hq, case_type=kind)
    assert [(case["external_id"], case["case_name"], case["properties"]) for case in found] == [
        (f"{kind}1", "Ann", {"a": "changed"}), (f"{kind}2", "Ben", {"a": "2"}), (f"{kind}3", "Cat", {"a": "3"})]


@pytest.mark.writes
def test_parents_of_the_same_file(hq, kind):
    rows = [["external_id", "name", "parent_external_id", "parent_relationship_type", "parent_identifier"],
            [f"{kind}1", "Home", None, None, None], [f"{kind}2", "Child", f"{kind}1", None, None],
            [f"{kind}3", "Test", f"{kind}2", "extension", "host"], [f"{kind}4", "Lost", "nobody", None, None],
            [f"{kind}5", "Odd", f"{kind}1", "cousin", None]]
    result = done(hq, upload(hq, workbook(Sheet=rows), case_type=kind, search_field="external_id"))
    assert (result["created_count"], result["num_chunks"]) == (3, 3)
    assert result["errors"] == [
        {"title": "Invalid Parent ID", "column": "parent_external_id", "rows": [5],
         "description": "An invalid or unknown parent case was specified for the uploaded case."},
        {"title": "Invalid Parent ID", "description": "Invalid value for 'parent_relationship_type' column",
         "column": None, "rows": [6]}]
    child, home, test = cases(hq, case_type=kind)
    assert child["indices"]["parent"] == {"case_id": home["case_id"], "case_type": kind, "relationship": "child"}
    assert test["indices"]["host"] == {"case_id": child["case_id"], "case_type": kind, "relationship": "extension"}


@pytest.mark.writes
def test_errors_of_rows(hq, kind):
    for _ in range(2):
        hq.post("case/v2/", {"case_type": kind, "case_name": "Twin", "owner_id": "o", "external_id": f"{kind}t"})
    rows = [["external_id", "name", "owner_id", "owner_name"], [f"{kind}1", "x" * 256, None, None],
            [f"{kind}t", "A", None, None], [None, "B", None, None], [f"{kind}2", "C", "nobody", None],
            [f"{kind}3", "D", "nobody", None], [f"{kind}4", "E", None, "nobody"], [f"{kind}5", "F", None, hq.username]]
    result = done(hq, upload(hq, workbook(Sheet=rows), case_type=kind, search_field="external_id"))
    assert result["created_count"] == 1
    assert [(error["title"], error["column"], error["rows"]) for error in result["errors"]] == [
        ("Name Too Long", "name", [2]), ("Too Many Matches", None, [3]), ("Blank External ID", None, [4]),
        ("Invalid Owner", "owner_id", [5, 6]), ("Invalid Owner Name", "owner_name", [7])]


@pytest.mark.writes
def test_many_rows_go_in_forms_of_a_hundred(hq, kind):
    rows = [["case_id", "name"], *([None, f"n{n}"] for n in range(250))]
    assert done(hq, upload(hq, workbook(Sheet=rows), case_type=kind))["num_chunks"] == 3
    assert hq.get("case/v2/", case_type=kind, limit=0).json()["matching_records"] == 250


@pytest.mark.mock_only
def test_sheets_named_like_case_types(hq):
    """Then HQ imports every sheet as its type, and reads the fields of its web page: `True` instead of `on`."""
    for title in ("alpha", "beta"):
        hq.post("case/v2/", {"case_type": title, "case_name": "first", "owner_id": "o"})
    head = ["case_id", "name"]
    data = workbook(alpha=[head, [None, "Ann"]], beta=[head, [None, "Ben"], [None, "Cat"]])
    assert done(hq, upload(hq, data))["created_count"] == 0
    assert done(hq, upload(hq, data, create_new_cases="True"))["created_count"] == 3
    assert [case["case_name"] for case in cases(hq, case_type="beta")] == ["Ben", "Cat", "first"]


@pytest.mark.writes
def test_an_import_that_fails_as_a_whole(hq, kind):
    for rows in ([["name"], ["Ann"]], [["case_id", "name", "type"], [None, "Ann", "x"]]):
        response = upload(hq, workbook(Sheet=rows), case_type=kind)
        assert response.status_code == 200
        assert hq.session.get(response.json()["status_url"]).json()["state"] == 3
    assert cases(hq, case_type=kind) == []


@pytest.mark.parametrize(("name", "data", "fields", "message"), [
    ("data.xlsx", b"", {"case_type": ""}, "Invalid POST request. Both 'file' and 'case_type' are required"),
    ("data.xlsx", b"x", {"search_field": "x"}, "Illegal value for search_field: x"),
    ("data.txt", b"x", {}, "Please upload file with one of the following extensions: csv, xls, xlsx"),
    ("xlsx", b"x", {}, "Please upload file with one of the following extensions: csv, xls, xlsx"),
    ("data.xlsx", b"PK not a zip", {}, "The file uploaded has the following error: File is not a zip file"),
    ("data.xls", b"not excel", {}, "The file uploaded has the following error: Unsupported format, or corrupt file"),
    ("data.xlsx", workbook(Sheet=[]), {},
     "Error: Your spreadsheet is empty. Please try again with a different spreadsheet."),
    ("data.xlsx", workbook(Sheet=[["case_id", "1a", "a b"]]), {}, "Column names correspond to <a target="),
])
@pytest.mark.writes
def test_uploads_that_are_refused(hq, name, data, fields, message):
    response = upload(hq, data, name=name, **fields)
    assert (response.status_code, response.json()["code"]) == (500, 500)
    assert response.json()["message"].startswith(message)


@pytest.mark.writes
def test_an_upload_without_a_file(hq):
    for given in ({}, {"data": {"case_type": "x"}}, {"json": {}}):
        response = hq.call("POST", "importer/excel/bulk_upload_api/", **given)
        assert (response.status_code, response.json()) == (
            500, {"code": 500, "message": "Invalid POST request. Both 'file' and 'case_type' are required"})


# --- CSV -----------------------------------------------------------------------------------------------------


@pytest.mark.writes
def test_a_csv_file_keeps_its_values_as_they_are(hq, kind):
    rows = "case_id,name,when,count,yes\r\n,Ann,2024-03-05 10:00,007,True\r\n,\"Ben, junior\",,1.0,y,too many\n,Cat\n"
    assert done(hq, upload(hq, rows.encode(), name="cases.CSV", case_type=kind))["created_count"] == 3
    ann, ben, cat = cases(hq, case_type=kind)
    assert ann["properties"] == {"when": "2024-03-05 10:00", "count": "007", "yes": "True"}
    assert (ben["case_name"], ben["properties"]) == ("Ben, junior", {"when": "", "count": "1.0", "yes": "y"})
    assert cat["properties"] == {"when": "", "count": "", "yes": ""}
    old = f"case_id,name\n{ann['case_id']},Anna\n"
    assert done(hq, upload(hq, old.encode(), name="cases.csv", case_type=kind))["match_count"] == 1
    assert hq.get(f"case/v2/{ann['case_id']}").json()["case_name"] == "Anna"


@pytest.mark.writes
@pytest.mark.parametrize(("data", "message"), [
    (b"", "The file uploaded has the following error: File is empty"),
    (b"x", "The file uploaded has the following error: File is empty"),
    (b"PK\x03\x04\xff",
     "The file uploaded has the following error: 'utf-8' codec can't decode byte 0xff in position 4: invalid start"
     " byte"),
    (b"name\n" + b"x" * 200_000, "The file uploaded has the following error: field larger than field limit (131072)"),
])
def test_csv_files_that_cannot_be_read(hq, data, message):
    response = upload(hq, data, name="cases.csv")
    assert (response.status_code, response.json()) == (500, {"code": 500, "message": message})


@pytest.mark.writes
def test_a_byte_order_mark_is_part_of_the_first_column(hq):
    marked = upload(hq, "\ufeffcase_id,name\n,Ann\n".encode(), name="cases.csv").json()
    assert "Please update the following: \ufeffcase_id." in marked["message"]


# --- lookup tables -------------------------------------------------------------------------------------------


def upload_tables(hq, data, **fields):
    return hq.call("POST", "fixtures/fixapi/", files={"file-to-upload": ("tables.xlsx", data)},
                   data={"replace": "true"} | fields)


def tables(tag, *rows, types=("Delete(Y/N)", "table_id", "is_global?", "field 1", "field 2"), **given):
    return workbook(types=[types, ["N", tag, "yes", "name", "size"]],
                    **{tag: [["UID", "Delete(Y/N)", "field: name", "field: size"], *rows]}, **given)


def items(hq, tag):
    found = hq.get("fixture/v1/", fixture_type=tag).json()["objects"]
    return {item["fields"]["name"]: item for item in found}


@pytest.mark.writes
def test_a_lookup_table(hq):
    tag = f"t{uuid4().hex[:20]}"
    response = upload_tables(hq, tables(tag, [None, "N", "Boston", 5], [None, "N", "Accra", "x"]))
    assert (response.status_code, response.json()) == (200, {"message": "Successfully uploaded 1 tables.", "code": 200})
    made = items(hq, tag)
    assert {name: item["fields"]["size"] for name, item in made.items()} == {"Boston": "5", "Accra": "x"}
    assert all(item["fixture_type"] == tag for item in made.values())
    (table,) = [table for table in hq.get("lookup_table/v1/", limit=0).json()["objects"] if table["tag"] == tag]
    assert table["is_global"] is True
    assert [field["field_name"] for field in table["fields"]] == ["name", "size"]

    changed = [[made["Boston"]["id"], "N", "Boston", 6], [made["Accra"]["id"], "Y", "Accra", ""],
               [None, "N", "Lagos", 1]]
    assert upload_tables(hq, tables(tag, *changed), replace="false").json()["code"] == 200
    now = items(hq, tag)
    assert {name: item["fields"]["size"] for name, item in now.items()} == {"Boston": "6", "Lagos": "1"}
    assert now["Boston"]["id"] != made["Boston"]["id"], "a row that has changed is another one"
    assert upload_tables(hq, tables(tag, [None, "N", "Oslo", 1]), replace="TRUE").json()["code"] == 200
    assert set(items(hq, tag)) == {"Oslo"}
    gone = workbook(types=[["Delete(Y/N)", "table_id", "field 1"], ["Y", tag, "name"]], **{tag: [["field: name"]]})
    assert upload_tables(hq, gone).json()["code"] == 200
    assert hq.get("fixture/v1/", fixture_type=tag).status_code == 404


def put_rows(hq, tag, *rows, replace="false", headers=("UID", "Delete(Y/N)", "field: name"), is_global="yes"):
    """Upload a table of names; the names and ids of its rows, in their order."""
    types = [["table_id", "is_global?", "field 1"], [tag, is_global, "name"]]
    body = upload_tables(hq, workbook(types=types, **{tag: [headers, *rows]}), replace=replace).json()
    assert (body["message"], body["code"]) == ("Successfully uploaded 1 tables.", 200)
    return {row["fields"]["name"]: row["id"]
            for row in hq.get("fixture/v1/", fixture_type=tag).json()["objects"]}


def table_ids(hq, tag):
    return [one["id"] for one in hq.get("lookup_table/v1/", limit=0).json()["objects"] if one["tag"] == tag]


@pytest.mark.writes
def test_what_is_as_before_stays(hq):
    tag = f"t{uuid4().hex[:20]}"
    made = put_rows(hq, tag, [None, "N", "apple"], [None, None, "plum"])
    table = table_ids(hq, tag)
    assert put_rows(hq, tag, [made["apple"], "N", "apple"], replace="true") == {"apple": made["apple"]}
    assert put_rows(hq, tag, ["N", "apple"], headers=("Delete(Y/N)", "field: name")) == {"apple": made["apple"]}
    assert table_ids(hq, tag) == table
    assert put_rows(hq, tag, [made["apple"], "y", "apple"], [None, "N", "fig"]).keys() == {"fig"}
    assert put_rows(hq, tag, [None, "N", "fig"], is_global="no").keys() == {"fig"}
    assert table_ids(hq, tag) != table, "a table that is described otherwise is another one"


@pytest.mark.writes
def test_the_order_of_rows(hq):
    tag = f"t{uuid4().hex[:20]}"
    ids = put_rows(hq, tag, *[[None, "N", name] for name in ("apple", "banana", "coconut")])
    moved = put_rows(hq, tag, *[[ids[name], "N", name] for name in ("banana", "coconut", "apple")])
    assert list(moved) == ["banana", "coconut", "apple"]
    assert {name for name in ids if ids[name] == moved[name]} == {"banana", "coconut"}
    assert len(put_rows(hq, tag, [None, "N", "date"], [None, "N", "elder"])) == 5, "others stay"
    assert list(put_rows(hq, tag, [None, "N", "fig"], replace="TRUE")) == ["fig"]


@pytest.mark.writes
def test_cells_as_python_writes_them(hq):
    tag = f"t{uuid4().hex[:20]}"
    headers = ["field: a", "field: b", "field: c", "field: d 1", "field: d 2", "property: kind"]
    rows = [headers, [5.0, True, datetime(2024, 3, 5), "x ", None, 7], [1.5, "", " y", "p", "q", "w"]]
    types = [["table_id", "field 1", "field two", "field 3", "field 4", "property 1"], [tag, *"abcd", "kind"]]
    assert upload_tables(hq, workbook(types=types, **{tag: rows})).json()["code"] == 200
    found = [row for row in hq.get("lookup_table_item/v2/", limit=0).json()["objects"]
             if row["data_type_id"] == table_ids(hq, tag)[0]]
    assert [[field["field_list"][0]["field_value"] for field in row["fields"].values()] for row in found] == [
        ["5", "True", "2024-03-05 00:00:00", "['x']"], ["1.5", "", "y", "['p', 'q']"]]
    assert [row["item_attributes"] for row in found] == [{"kind": 7}, {"kind": "w"}]


@pytest.mark.writes
@pytest.mark.mock_only
@pytest.mark.parametrize("sheets", [
    {"types": [["table_id", "field 1"], [5, "n"]]}, {"types": [["table_id", "field"], ["x", 5]]},
    {"types": [["table_id", "field 1", "Delete(Y/N)"], ["x", "n", 1]]},
    {"types": [["table_id", "field 1", "is_global"], ["x", "n", "yes"]]},
    {"types": [["table_id", "field 1", "property 1"], ["x", "n", datetime(2024, 3, 5)]], "x": [["field: n"]]},
    {"types": [["table_id", "field 1", "field 1: property 1"], ["x", "n", datetime(2024, 3, 5)]], "x": [["field: n"]]},
    {"types": [["table_id", "field 1"], ["x", "n"]], "x": [["UID 1", "field: n"], ["1", "2"]]},
    {"types": [["table_id", "field 1"], ["x", "n"]], "x": [["field:n m:"], ["1"]]},
    {"types": [["table_id", "field 1"], ["x", "n"]], "x": [["field: n", "a?"], ["1", "maybe"]]},
    {"types": [["table_id", "field 1"], ["x", "n"]], "x": [["field", "field: n"], ["1", "2"]]},
    {"types": [["table_id", "field 1"], ["x", "n"]], "x": [["field: n", "user"], ["1", 5]]},
    {"types": [["table_id", "field 1", "field 1: property 1"], ["x", "n", "p"]],
     "x": [["field: n 1", "n: p 1", "field: n 2", "n: p 2"], ["a", "b", "c", "d"], ["a", "b", "c", None]]},
])
def test_workbooks_that_hq_fails_on(hq, sheets):
    before = hq.get("lookup_table/v1/").json()
    assert upload_tables(hq, workbook(**sheets)).status_code == 500
    assert hq.get("lookup_table/v1/").json() == before
    later = upload_tables(hq, workbook(**sheets), **{"async": "true"}).json()
    assert hq.session.get(later["status_url"]).json()["error"] is True


@pytest.mark.writes
def test_values_with_properties(hq):
    tag = f"t{uuid4().hex[:20]}"
    data = workbook(types=[["table_id", "field 1", "field 1: property 1", "property 1"], [tag, "name", "lang", "kind"]],
                    **{tag: [["field: name 1", "name: lang 1", "field: name 2", "name: lang 2", "property: kind"],
                             ["Hello", "en", "Bonjour", "fr", "greeting"]]})
    assert upload_tables(hq, data).json() == {"message": "Successfully uploaded 1 tables.", "code": 200}
    (item,) = hq.get("fixture/v1/", fixture_type=tag).json()["objects"]
    assert item["fields"]["name"]["field_list"] == [
        {"field_value": "Hello", "properties": {"lang": "en"}},
        {"field_value": "Bonjour", "properties": {"lang": "fr"}}]


@pytest.mark.writes
def test_owners_that_do_not_exist(hq):
    tag = f"t{uuid4().hex[:20]}"
    data = workbook(types=[["table_id", "field 1"], [tag, "name"]],
                    **{tag: [["field: name", "user 1", "group 1"], ["Boston", "nobody", "none"]]})
    body = upload_tables(hq, data).json()
    assert (body["code"], body["message"]) == (402, (
        "Successfully uploaded 1 tables.\nHowever, we ran into the following problems:\n"
        "Unknown user: 'nobody'. But the row is successfully added\n"
        "Unknown group: 'none'. But the row is successfully added"))
    assert set(items(hq, tag)) == {"Boston"}


@pytest.mark.writes
@pytest.mark.mock_only
def test_owners(hq):
    """Users by name in any case, groups by their very name, locations by name in any case or by site code."""
    top = {"location_type_code": "country"}
    for name in ("Two  Of", "two  of"):
        assert hq.post("location/v2/", {"name": name, **top}).status_code == 201
    tag = f"t{uuid4().hex[:20]}"
    headers = ["field: name", "user 1", "user 2", "group 1", "group 2", "location 1", "location 2", "location 3"]
    row = ["a", "AMINA", "n@pe", "East team", "east team", "DEMOLAND", "Two  Of", "nowhere"]
    body = upload_tables(hq, workbook(types=[["table_id", "field 1"], [tag, "name"]], **{tag: [headers, row]})).json()
    assert (body["code"], body["message"].split("\n")[2:]) == (402, [
        "Invalid username: 'n@pe'. But the row is successfully added",
        "Unknown group: 'east team'. But the row is successfully added",
        "Multiple locations found with the name: 'two  of'.  Try using site code. But the row is successfully added",
        "Unknown location: 'nowhere'. But the row is successfully added"])


@pytest.mark.writes
def test_in_the_background(hq):
    tag = f"t{uuid4().hex[:20]}"
    body = upload_tables(hq, tables(tag, [None, "N", "Boston", 5]), **{"async": "true"}).json()
    assert (list(body), body["code"]) == (["message", "code", "status_url", "download_id"], 200)
    assert body["status_url"].endswith(f"/a/{hq.name}/fixtures/fixapi/status/{body['download_id']}/")
    assert hq.session.get(body["status_url"]).json() == {"complete": True, "message": "Upload complete."}
    broken = upload_tables(hq, b"PK", **{"async": "true"}).json()
    assert hq.session.get(broken["status_url"]).json()["error"] is True


TYPES = ["table_id", "field 1"]
WITH = [*TYPES, "field 1: property 1"]
NO_EXCEL = ("Upload failed! Please make sure you are using a valid Excel 2007 or later (.xlsx) file. "
            "Error details: ")


@pytest.mark.parametrize(("data", "message"), [
    (b"PK broken", f"{NO_EXCEL}File is not a zip file."), (b"", f"{NO_EXCEL}File is not a zip file."),
    (workbook(types=[TYPES, ["x", "n"]], x=[["field: n", 5]]), f"{NO_EXCEL}Field 5 is not a string.."),
    (workbook(types=[TYPES, ["x", "n"]], other=[["a", "b", "a "]]),
     "Upload failed due to a problem with Excel columns. Error details: You have a repeat field: a."),
    (workbook(Sheet=[["a"]]), "Workbook does not contain a sheet called types"),
    (workbook(types=[["name"], ["x"]]), "Workbook 'types' has no column 'table_id'."),
    (workbook(types=[["table_id"], ["x"]]),
     "Lookup-tables can not have empty fields and empty properties on items. "
     "table_id 'x' has no fields and no properties"),
    (workbook(types=[TYPES, ["a b", "n"]]),
     "table_id 'a b' should not contain spaces or special characters, or start with a number."),
    (workbook(types=[TYPES, ["x", "5"]], x=[]),
     "Error in 'types' sheet for 'field 1', '5'. Field names should be strings, not numbers"),
    (workbook(types=[TYPES, ["x", "n"], ["x", "n"]]),
     "Lookup-tables should have unique 'table_id'. There are two rows with table_id 'x' in 'types' sheet."),
    (workbook(types=[TYPES, ["x", "n"]]),
     "There's no sheet for type 'x' in 'types' sheet. There must be one sheet per row in the 'types' sheet."),
    (workbook(types=[TYPES, ["x", "n"]], x=[["field: other"], ["1"]]),
     "Excel worksheet 'x' does not contain the column 'field: n' as specified in its 'types' definition\n"
     "Excel worksheet 'x' has an extra column'field: other' that's not defined in its 'types' definition"),
    (workbook(types=[[*TYPES, "is_global?"], ["x", "n", "maybe"]]),
     'Values for field is_global must be "yes" or "no", not "maybe"'),
    (workbook(types=[[*TYPES, "is_global?"], ["x", "n", 1]]),
     'Values for field is_global must be "yes" or "no", not "1"'),
    (workbook(types=[WITH, ["x", "n", "lang"]], x=[["field: n", "n: lang 1"], ["apple", "en"]]),
     "Fields with attributes should be numbered as 'field: n integer'\n"
     "Number of values for field 'n' and attribute 'lang' should be same"),
    (workbook(types=[WITH, ["x", "n", "lang"]], x=[["field: n", "n: lang 1"], [1, 1]]),
     "Fields with attributes should be numbered as 'field: n integer'"),
    (workbook(types=[WITH, ["x", "n", "lang"]], x=[["field: n 1", "n: lang"], ["apple", "en"]]),
     "Attribute should be written as 'n: lang integer'\n"
     "Number of values for field 'n' and attribute 'lang' should be same"),
    (workbook(types=[WITH, ["x", "n", "lang"]], x=[["field: n 1", "n: lang 1", "n: style 1"], ["a", "b", "c"]]),
     "Excel worksheet 'x' has an extra property 'style' for the field 'n' that's not defined in its 'types' "
     "definition. Re-check the formatting"),
    (workbook(types=[[*TYPES, "field 1: property"], ["x", "n", "lang"]], x=[["field: n"], ["a"]]),
     "Properties should be specified as 'field 1: property 1'. In 'types' sheet, 'field 1' is not correctly formatted"),
    (workbook(types=[[*TYPES, "field 1: is_indexed"], ["x", "n", "a"]], x=[["field: n"], ["a"]]),
     "'field 1' is not correctly formatted in 'types' sheet. Whether a field is indexed should be specified as "
     "'field 1: is_indexed?'. Its value should be 'yes' or 'no'."),
])
@pytest.mark.writes
def test_workbooks_with_mistakes_write_nothing(hq, data, message):
    before = hq.get("lookup_table/v1/").json()["meta"]["total_count"]
    response = upload_tables(hq, data)
    assert (response.status_code, response.json()) == (200, {
        "message": f"Please fix the following formatting issues in your Excel file: {message}", "code": 405})
    assert hq.get("lookup_table/v1/").json()["meta"]["total_count"] == before


@pytest.mark.parametrize("given", [{}, {"data": {"replace": "true"}}, {"files": {"file-to-upload": ("a.xlsx", b"x")}}])
@pytest.mark.writes
def test_incomplete_requests(hq, given):
    response = hq.call("POST", "fixtures/fixapi/", **given)
    assert (response.status_code, response.json()) == (200, {"code": 405, "message": (
        "Invalid post request.Submit the form with field 'file-to-upload' and POST parameter 'replace'")})
