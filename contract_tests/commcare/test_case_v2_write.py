"""Case API v2: creating and updating cases, alone and in bulk, and every error of it."""

import json
from urllib.parse import quote
from uuid import uuid4

import pytest
from marshmallow import RAISE

from mocksrv.vendors.commcare.schemas.records import CaseV2Written

PERSON = {"case_type": "person", "case_name": "Rose Atieno", "owner_id": "o1"}
MANY = [{"create": True, **PERSON}] * 101


def create(hq, **given):
    response = hq.post("case/v2/", {**PERSON, **given})
    assert response.status_code == 200, response.text
    return response.json()["case"]


@pytest.mark.writes
def test_create(hq):
    response = hq.post("case/v2/", {**PERSON, "external_id": "GV-1", "properties": {"dob": "1989-11-07"}})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    body = response.json()
    assert list(body) == ["form_id", "case"]
    CaseV2Written().load(body, unknown=RAISE)
    case = body["case"]
    assert list(case) == ["domain", "case_id", "case_type", "case_name", "external_id", "owner_id", "date_opened",
                          "last_modified", "server_last_modified", "indexed_on", "closed", "date_closed", "properties",
                          "indices"]
    assert (case["domain"], case["external_id"], case["closed"], case["date_closed"]) == (hq.name, "GV-1", False, None)
    assert (case["properties"], case["indices"]) == ({"dob": "1989-11-07"}, {})
    for name in ("date_opened", "last_modified", "server_last_modified", "indexed_on"):
        assert case[name].endswith("Z")
        assert len(case[name]) == 27
    form = hq.get(f"v0.5/form/{body['form_id']}/").json()
    assert form["form"]["@xmlns"] == "http://commcarehq.org/case_api"
    assert form["metadata"]["deviceID"] == hq.session.headers["User-Agent"]
    assert form["metadata"]["username"] == hq.username
    assert form["form"]["case"]["create"]["case_name"] == "Rose Atieno"
    old = hq.get(f"v0.5/case/{case['case_id']}/").json()
    assert old["xform_ids"] == [body["form_id"]]
    assert old["properties"]["case_name"] == "Rose Atieno"
    assert old["opened_by"] == old["user_id"] == form["metadata"]["userID"]


@pytest.mark.writes
def test_non_ascii_goes_out_escaped(hq):
    assert b"Zo\\u00eb" in hq.post("case/v2/", {**PERSON, "case_name": "Zoë"}).content


@pytest.mark.writes
@pytest.mark.parametrize("path", ["case/v2/", "case/v2", "v0.6/case/", "v0.6/case"])
def test_the_paths_of_the_list(hq, path):
    case = hq.put(path, {"case_id": create(hq)["case_id"], "case_name": "Other"}).json()["case"]
    assert case["case_name"] == "Other"


@pytest.mark.writes
@pytest.mark.parametrize("path", ["case/v2/{}", "case/v2/{}/", "v0.6/case/{}"])
def test_update(hq, path):
    case = create(hq, properties={"a": "1", "b": "2"})
    changes = {"properties": {"b": "3"}, "owner_id": "o2", "external_id": "new"}
    body = hq.put(path.format(case["case_id"]), changes).json()
    assert body["case"]["properties"] == {"a": "1", "b": "3"}
    assert (body["case"]["owner_id"], body["case"]["external_id"]) == ("o2", "new")
    assert body["case"]["case_name"] == "Rose Atieno"
    assert body["case"]["last_modified"] > case["last_modified"]
    assert hq.get(f"v0.5/case/{case['case_id']}/").json()["xform_ids"][-1] == body["form_id"]


@pytest.mark.writes
def test_update_by_external_id_in_the_body(hq):
    external_id = str(uuid4())
    case = create(hq, external_id=external_id)
    body = hq.put("case/v2/", {"external_id": external_id, "close": True}).json()
    assert (body["case"]["case_id"], body["case"]["closed"]) == (case["case_id"], True)
    assert body["case"]["date_closed"] is not None


@pytest.mark.writes
def test_post_always_creates(hq):
    external_id = str(uuid4())
    first, second = (create(hq, external_id=external_id) for _ in range(2))
    assert first["case_id"] != second["case_id"]


@pytest.mark.writes
@pytest.mark.parametrize("external_id", ["plain", "with/slash/in", "a b", "Zoë", "50%"])
def test_upsert(hq, external_id):
    external_id = f"{uuid4()}{external_id}"
    path = f"case/v2/ext/{quote(external_id)}/"
    created = hq.put(path, PERSON).json()["case"]
    assert created["external_id"] == external_id
    updated = hq.put(path, {"properties": {"a": "1"}}).json()["case"]
    assert (updated["case_id"], updated["properties"]) == (created["case_id"], {"a": "1"})
    assert hq.get(path).json()["case_id"] == created["case_id"]
    clash = hq.put(path, {"case_id": "someone-else"})
    assert (clash.status_code, clash.json()) == (400, {"error": (
        'The given value of "case_id" does not match the existing value for the case identified by external_id = '
        f'"{external_id}". "case_id" is read-only and cannot be modified.')})


@pytest.mark.writes
def test_bulk_with_temporary_ids(hq):
    body = hq.post("case/v2/", [
        {"create": True, "case_type": "household", "case_name": "Home", "owner_id": "o1", "temporary_id": "t1"},
        {"create": True, **PERSON, "indices": {"parent": {
            "temporary_id": "t1", "case_type": "household", "relationship": "child"}}},
    ]).json()
    home, person = body["cases"]
    assert list(body) == ["form_id", "cases"]
    assert person["indices"] == {"parent": {
        "case_id": home["case_id"], "case_type": "household", "relationship": "child"}}
    for case in (home, person):
        assert hq.get(f"v0.5/case/{case['case_id']}/").json()["xform_ids"] == [body["form_id"]]
    gone = {"case_id": "", "case_type": "household", "relationship": "child"}
    removed = hq.put(f"case/v2/{person['case_id']}", {"indices": {"parent": gone}})
    assert removed.json()["case"]["indices"] == {}


@pytest.mark.writes
@pytest.mark.parametrize("method", ["post", "put"])
def test_bulk_creates_updates_and_upserts(hq, method):
    known, new = str(uuid4()), str(uuid4())
    first, second = create(hq), create(hq, external_id=known)
    body = getattr(hq, method)("case/v2/", [
        {"create": False, "case_id": first["case_id"], "properties": {"n": "1"}},
        {"create": None, "external_id": known, **PERSON, "properties": {"n": "2"}},
        {"create": None, "external_id": new, **PERSON},
        {"create": True, **PERSON, "case_name": "Fourth"},
    ]).json()
    assert [case["properties"].get("n") for case in body["cases"]] == ["1", "2", None, None]
    assert [case["case_id"] for case in body["cases"][:2]] == [first["case_id"], second["case_id"]]
    assert (body["cases"][2]["external_id"], body["cases"][3]["case_name"]) == (new, "Fourth")


@pytest.mark.writes
def test_upserts_see_what_was_there_before_the_request(hq):
    new = str(uuid4())
    row = {"create": None, "external_id": new, **PERSON}
    child = {"create": True, **PERSON, "indices": {"parent": {
        "external_id": new, "case_type": "person", "relationship": "child"}}}
    assert hq.post("case/v2/", [row, child]).json() == {"error": f"Could not find a case with external_id '{new}'"}
    one, two = hq.post("case/v2/", [row, row]).json()["cases"]
    assert one["case_id"] != two["case_id"]
    assert hq.post("case/v2/", [row]).json() == {"error": f"There are multiple cases with external_id {new}"}


@pytest.mark.writes
def test_a_case_that_a_bulk_changes_twice_is_answered_once(hq):
    case = create(hq)
    rows = [{"create": False, "case_id": case["case_id"], "case_name": name} for name in ("First", "Second")]
    assert [found["case_name"] for found in hq.post("case/v2/", rows).json()["cases"]] == ["Second"]


@pytest.mark.writes
def test_empty_values_clear(hq):
    case = create(hq, external_id=str(uuid4()))
    cleared = hq.put(f"case/v2/{case['case_id']}", {"external_id": "", "case_name": "", "case_type": ""}).json()["case"]
    assert (cleared["external_id"], cleared["case_name"], cleared["case_type"]) == ("", "", "")
    assert hq.get(f"case/v2/ext/{case['external_id']}/").status_code == 404
    mine = hq.put(f"case/v2/{case['case_id']}", {"owner_id": ""}).json()["case"]["owner_id"]
    assert mine not in ("", case["owner_id"])  # it falls to whoever wrote


@pytest.mark.writes
def test_names_that_are_not_told_when_read(hq):
    properties = {"last_modified": "x", "closed_on": "y", "_hidden": "z", "location_id": "l", "kept": "1"}
    case = create(hq, properties=properties)
    assert case["properties"] == {"last_modified": "x", "closed_on": "y", "kept": "1"}
    assert hq.get(f"case/v2/{case['case_id']}").json()["properties"] == {"kept": "1"}


@pytest.mark.writes
def test_an_empty_bulk(hq):
    assert hq.post("case/v2/", []).json()["cases"] == []


INDEX = {"case_id": "a", "case_type": "t", "relationship": "child"}


@pytest.mark.parametrize(("method", "path", "data", "error"), [
    ("POST", "case/v2/", "not json", "Payload must be valid JSON"),
    ("POST", "case/v2/", b"\xff", "Payload must be valid JSON"),
    ("POST", "case/v2/", b"", "Payload must be valid JSON"),
    ("PUT", "case/v2/abc", "{", "Payload must be valid JSON"),
    ("PUT", "case/v2/ext/x/", [], "Payload must be a single JSON object"),
    ("POST", "case/v2/", {}, "Property case_name is required."),
    ("POST", "case/v2/", {"case_name": "a"}, "Property case_type is required."),
    ("POST", "case/v2/", {"case_name": "a", "case_type": "b"}, "Property owner_id is required."),
    ("POST", "case/v2/", {**PERSON, "owner_id": None}, "Property owner_id is required."),
    ("POST", "case/v2/", {**PERSON, "case_id": "x"}, "You cannot specify case_id when creating a new case"),
    ("POST", "case/v2/", {**PERSON, "foo": "bar"}, "'foo' is not a valid field."),
    ("PUT", "case/v2/x", {"temporary_id": "t"}, "'temporary_id' is not a valid field."),
    ("POST", "case/v2/", {**PERSON, "properties": {"age": 5}},
     "Error with case property 'age'. Values must be strings, received '5'"),
    ("POST", "case/v2/", {**PERSON, "properties": {"age": None}},
     "Error with case property 'age'. Values must be strings, received 'None'"),
    ("POST", "case/v2/", {**PERSON, "properties": {"age": True}},
     "Error with case property 'age'. Values must be strings, received 'True'"),
    ("POST", "case/v2/", {**PERSON, "properties": {"1a": "x"}},
     "Error with case property '1a'. Case property names must be valid XML identifiers."),
    ("POST", "case/v2/", {**PERSON, "properties": []},
     "JsonDict must wrap a dict or None. Found object of type: <class 'list'>"),
    ("POST", "case/v2/", {**PERSON, "indices": {"1a": INDEX}},
     "Error with index '1a'. Index names must be valid XML identifiers."),
    ("POST", "case/v2/", {**PERSON, "case_name": 5}, "5 not of type (<class 'str'>, <class 'str'>)"),
    ("POST", "case/v2/", {**PERSON, "close": "yes"}, "'yes' not of type <class 'bool'>"),
    ("POST", "case/v2/", {**PERSON, "indices": {"p": {**INDEX, "relationship": "foo"}}},
     "'foo' not in choices: ['child', 'extension']"),
    ("POST", "case/v2/", {**PERSON, "indices": {"p": {**INDEX, "external_id": "b"}}},
     "Indices must specify case_id, external_id, or temporary ID, and only one"),
    ("POST", "case/v2/", {**PERSON, "indices": {"p": {"case_id": "a", "relationship": "child"}}},
     "Property case_type is required when creating or updating case indices"),
    ("POST", "case/v2/", {**PERSON, "indices": {"p": {"case_id": "a", "case_type": "t"}}},
     "Property relationship is required when creating or updating case indices"),
    ("PUT", "case/v2/", {"case_name": "x"}, "Could not find a case with external_id 'None'"),
    ("PUT", "case/v2/", {"external_id": ""}, "Could not find a case with external_id ''"),
    ("POST", "case/v2/", [{"create": False}], "Could not find a case with external_id 'None'"),
    ("POST", "case/v2/", [{"external_id": "x", **PERSON}, "x", []], "; ".join(
        f"Error in row {n}: A 'create' flag is required for each update." for n in (1, 2, 3))),
    ("POST", "case/v2/", [{"create": None, **PERSON}], "Error in row 1: UPSERT requires external_id to be specified"),
    ("POST", "case/v2/", [{"create": None, "external_id": "x", "case_id": None}],
     "Error in row 1: UPSERT does not allow case_id to be specified"),
    ("POST", "case/v2/", [{"create": None, "external_id": "x"}], "Error in row 1: Property case_name is required."),
    ("POST", "case/v2/", [{"create": None, "external_id": 5, **PERSON}],
     "Error in row 1: 5 not of type (<class 'str'>, <class 'str'>)"),
    ("POST", "case/v2/", {**PERSON, "properties": {"case_name": "x"}},
     "Error with case property 'case_name'. This must be specified at the top level."),
    ("PUT", "case/v2/abc", {"properties": {"owner_id": "x"}},
     "Error with case property 'owner_id'. This must be specified at the top level."),
    ("PUT", "case/v2/nobody-at-all", {"case_name": "x"}, "No case found with ID 'nobody-at-all'"),
    ("PUT", "case/v2/", {"external_id": "nobody-at-all"}, "Could not find a case with external_id 'nobody-at-all'"),
    ("POST", "case/v2/", {**PERSON, "indices": {"p": {
        "external_id": "nobody-at-all", "case_type": "t", "relationship": "child"}}},
     "Could not find a case with external_id 'nobody-at-all'"),
    ("POST", "case/v2/", {**PERSON, "indices": {"p": {"temporary_id": "t", "case_type": "t", "relationship": "child"}}},
     "Could not find a case with temporary_id 't'"),
    # A null that HQ stumbles over when it writes the block, or finds no case first.
    ("PUT", "case/v2/nobody-at-all", {"properties": None}, "No case found with ID 'nobody-at-all'"),
    ("POST", "case/v2/", [{"create": True, **PERSON, "properties": None}, {"create": True}],
     "Error in row 2: Property case_name is required."),
    ("POST", "case/v2/", [{"create": True, **PERSON, "properties": {"a": "\x00"}}, {"create": False}],
     "Could not find a case with external_id 'None'"),
    ("POST", "case/v2/", {**PERSON, "indices": {"a": {}, "b": {**INDEX, "case_id": "", "temporary_id": "t"}}},
     "Could not find a case with temporary_id 't'"),
    ("POST", "case/v2/", {**PERSON, "properties": {"ªa": "x"}},
     "Error with case property 'ªa'. Case property names must be valid XML identifiers."),
    ("POST", "case/v2/", MANY, "You cannot submit more than 100 updates in a single request"),
    ("POST", "case/v2/", [{"create": True}, {"create": True, **PERSON}, {"create": False, "foo": 1}],
     "Error in row 1: Property case_name is required.; Error in row 3: 'foo' is not a valid field."),
    ("POST", "case/v2/", [{"case_id": "x"}], "Error in row 1: A 'create' flag is required for each update."),
    ("POST", "case/v2/?fields=a&exclude=b", PERSON, "You cannot specify both 'fields' and 'exclude'"),
])
@pytest.mark.writes
def test_errors_write_nothing(hq, method, path, data, error):
    before = hq.get("v0.5/form/").json()["meta"]["total_count"]
    body = data if isinstance(data, bytes | str) else json.dumps(data)
    response = hq.call(method, f"api/{path}", data=body)
    assert (response.status_code, response.json()) == (400, {"error": error})
    assert response.headers["Content-Type"] == "application/json"
    assert hq.get("v0.5/form/").json()["meta"]["total_count"] == before


@pytest.mark.writes
def test_several_cases_with_one_external_id(hq):
    external_id = str(uuid4())
    ids = [create(hq, external_id=external_id)["case_id"] for _ in range(2)]
    for data in ({"external_id": external_id}, [{"create": False, "external_id": external_id}]):
        assert hq.put("case/v2/", data).json() == {"error": f"There are multiple cases with external_id {external_id}"}
    row = hq.put("case/v2/", [{"create": None, "external_id": external_id, **PERSON}])
    assert row.json() == {"error": f"There are multiple cases with external_id {external_id}"}
    for answer in (hq.get(f"case/v2/ext/{external_id}/"), hq.put(f"case/v2/ext/{external_id}/", {})):
        assert answer.status_code == 400
        assert answer.json() == {"error": f"Multiple cases found with external_id '{external_id}': {', '.join(ids)}"}


@pytest.mark.writes
def test_a_form_that_fails_takes_the_whole_bulk_with_it(hq):
    response = hq.post("case/v2/", [{"create": True, **PERSON, "external_id": (wanted := str(uuid4()))},
                                    {"create": True, **PERSON, "indices": {"p": {**INDEX, "case_id": "nobody"}}}])
    assert (response.status_code, list(response.json())) == (400, ["error", "form_id"])
    assert response.json()["error"].startswith("InvalidCaseIndex: Case '")
    assert response.json()["error"].endswith("' references non-existent case 'nobody'")
    assert hq.get(f"case/v2/ext/{wanted}/").status_code == 404
    assert hq.get(f"v0.5/form/{response.json()['form_id']}/").status_code == 404


@pytest.mark.parametrize(("method", "path", "data"), [
    ("POST", "case/v2/", 5), ("POST", "case/v2/", None), ("POST", "case/v2/", [5]), ("PUT", "case/v2/abc", []),
    ("POST", "case/v2/", {**PERSON, "properties": None}), ("POST", "case/v2/", {**PERSON, "properties": {"a": "\x00"}}),
    ("POST", "case/v2/", {**PERSON, "indices": {"p": None}}), ("POST", "case/v2/", {**PERSON, "indices": {"p": {}}}),
    ("POST", "case/v2/", {**PERSON, "indices": {"p": {"case_id": ""}}}), ("POST", "case/v2/", ["create"]),
    ("POST", "case/v2/", [["create"]]), ("POST", "case/v2/bulk-fetch/", []),
    ("POST", "case/v2/bulk-fetch/", {"case_ids": 5}), ("POST", "case/v2/bulk-fetch/", {"case_ids": [[]]}),
    ("POST", "case/v2/", {**PERSON, "properties": {"a b=''": "x"}}), ("PUT", "case/v2/", {"external_id": "\x00"}),
])
@pytest.mark.writes
def test_where_hq_itself_fails(hq, method, path, data):
    response = hq.call(method, f"api/{path}", data=json.dumps(data))
    assert (response.status_code, response.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "Server Error (500)" in response.text


@pytest.mark.writes
def test_an_index_that_names_nobody(hq):
    response = hq.post("case/v2/", {**PERSON, "indices": {"p": {"case_type": "t", "relationship": "child"}}})
    assert response.status_code == 400
    assert response.json()["error"].endswith("references non-existent case 'None'")


@pytest.mark.writes
def test_a_change_is_a_case_block_in_an_order_of_its_own(hq):
    external_id = str(uuid4())
    body = hq.post("case/v2/", {**PERSON, "properties": {"b": "1", "a ": "2", "_c": "3", "last_modified": "x"},
                                "external_id": external_id}).json()
    case, properties = body["case"], {"a": "2", "b": "1", "last_modified": "x"}
    assert list(case["properties"].items()) == list(properties.items())
    block = hq.get(f"form/v1/{body['form_id']}/").json()["form"]["case"]
    assert set(block) == {"@case_id", "@date_modified", "@user_id", "@xmlns", "create", "update"}
    assert block["update"] == {"external_id": external_id, **properties}
    by_external_id = hq.get(f"case/v2/ext/{external_id}/").json()
    assert by_external_id["properties"] == properties, "it comes from the database"
    assert by_external_id["indexed_on"] > case["indexed_on"]
    assert hq.get(f"case/v2/{case['case_id']}").json()["properties"] == {"a": "2", "b": "1"}, "from the index"


@pytest.mark.writes
def test_fields_and_exclude_on_answers(hq):
    body = hq.post("case/v2/?fields=case_name,properties.a&fields.properties=b", {
        **PERSON, "properties": {"a": "1", "b": "2", "c": "3"}}).json()
    assert body["case"] == {"case_name": "Rose Atieno", "properties": {"a": "1", "b": "2"}}


@pytest.mark.writes
def test_other_methods(hq):
    assert hq.call("DELETE", "api/case/v2/").status_code == 405
    assert hq.call("POST", "api/case/v2/abc").json() == {"error": "Request method not allowed"}
    assert hq.call("PATCH", "api/case/v2/bulk-fetch/").status_code == 405
