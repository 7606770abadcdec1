"""The form resource: fields, filters, order and `_search`."""

import json
from uuid import uuid4

import pytest
from marshmallow import RAISE

from mocksrv.vendors.commcare.schemas.records import FormList, FormObject

FORM = """<data xmlns="{xmlns}" name="{name}" uiVersion="1" version="3"><meta xmlns="http://openrosa.org/jr/xforms">
<deviceID>sim</deviceID><instanceID>{id}</instanceID><userID>{user}</userID>
<appVersion xmlns="http://commcarehq.org/xforms">{version}</appVersion></meta>{case}</data>"""
VERSION = 'CommCare Android, version "2.53.1"(470541). App v65.'
CASE = '<case case_id="{}" user_id="u" xmlns="http://commcarehq.org/case/transaction/v2"><update><a>1</a></update></case>'


def submit(hq, form_id=None, *, received=None, xmlns="http://example.org/one", name="One", user="u1", case="",
           app="3f2e1d0c9b8a79685746352413021100", version=VERSION):
    form_id = form_id or str(uuid4())
    body = FORM.format(id=form_id, xmlns=xmlns, name=name, user=user, case=CASE.format(case) if case else "",
                       version=version)
    headers = {"X-Submit-Time": received} if received else {}
    response = hq.call("POST", f"receiver/{app}/", data=body.encode(), headers=headers)
    assert response.status_code == 201, response.text
    return form_id


@pytest.fixture
def xmlns():
    """A namespace that nobody else uses."""
    return f"http://example.org/{uuid4()}"


def ids(hq, **params):
    response = hq.get("v0.5/form/", **params)
    assert response.status_code == 200, response.text
    return [form["id"] for form in response.json()["objects"]]


@pytest.mark.writes
def test_a_form_has_what_its_schema_says(hq):
    form_id = submit(hq, case=str(uuid4()))
    for path in ("v0.5/form/", "v0.4/form/", "form/v1/"):
        form = hq.get(f"{path}{form_id}/", cases__full="true").json()
        assert FormObject().load(form, unknown=RAISE)["id"] == form_id
    assert form["metadata"]["appVersion"] == VERSION
    assert (form["metadata"]["commcare_version"], form["metadata"]["app_build_version"]) == ("2.53.1", 65)
    assert form["cases"][0]["xform_ids"] == [form_id]
    assert hq.get(f"v0.5/form/{form_id}/").json().keys() == form.keys() - {"cases"}
    assert hq.get(f"v0.5/form/{uuid4()}/").status_code == 404
    FormList().load(hq.get("v0.5/form/", limit=1).json(), unknown=RAISE)


@pytest.mark.writes
def test_meta_says_what_the_index_makes_of_it(hq):
    form_id = submit(hq, case=str(uuid4()))
    meta = hq.get(f"form/v1/{form_id}/").json()["form"]["meta"]
    assert meta == {"@xmlns": "http://openrosa.org/jr/xforms", "deviceID": "sim", "instanceID": form_id, "userID": "u1",
                    "appVersion": VERSION, "commcare_version": "2.53.1", "app_build_version": 65, "geo_point": None,
                    "timeStart": None, "timeEnd": None}
    seeded = hq.get("form/v1/", limit=1, order_by="received_on").json()["objects"][0]
    for part in (seeded["form"]["meta"], seeded["metadata"]):
        assert {"commcare_version", "app_build_version", "geo_point"} <= part.keys()


@pytest.mark.writes
def test_only_json(hq):
    form_id = submit(hq)
    for given in ({"params": {"format": "xml"}}, {"headers": {"Accept": "application/xml"}}):
        response = hq.call("GET", f"api/v0.5/form/{form_id}/", **given)
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.mock_only
def test_order(hq, xmlns, mocksrv):
    mocksrv.clock.freeze()
    first = submit(hq, xmlns=xmlns, received="2024-03-01T00:00:00Z")
    third = submit(hq, xmlns=xmlns, received="2024-03-03T00:00:00Z")
    second = submit(hq, xmlns=xmlns, received="2024-03-02T00:00:00Z")
    assert ids(hq, xmlns=xmlns) == [third, second, first], "the newest first"
    assert ids(hq, xmlns=xmlns, order_by="received_on") == [first, second, third]
    assert ids(hq, xmlns=xmlns, order_by="indexed_on") == [first, third, second]
    assert ids(hq, xmlns=xmlns, order_by="-indexed_on") == [second, third, first]
    submit(hq, first, xmlns=xmlns, name="Edited")
    assert ids(hq, xmlns=xmlns, order_by="-server_modified_on")[0] == first
    assert ids(hq, xmlns=xmlns) == [third, second, first], "an edit keeps the time of receipt"
    for name, error in (("bogus", "No matching 'bogus' field for ordering on."),
                        ("archived", "The 'archived' field does not allow ordering.")):
        response = hq.get("v0.5/form/", order_by=name)
        assert (response.status_code, response.json()) == (400, {"error": error})


@pytest.mark.writes
def test_filters(hq, xmlns):
    case, other_app = str(uuid4()), uuid4().hex
    one = submit(hq, xmlns=xmlns, received="2024-03-01T00:00:00Z", case=case)
    two = submit(hq, xmlns=xmlns, received="2024-03-02T12:30:00.5Z", app=other_app, user="u2", version="")
    three = submit(hq, xmlns=xmlns, received="2024-03-03T00:00:00Z", case=case)
    mine = {"xmlns": xmlns, "order_by": "received_on"}
    assert ids(hq, **mine) == [one, two, three]
    assert ids(hq, **{"xmlns.exact": xmlns, "order_by": "received_on"}) == [one, two, three]
    assert ids(hq, xmlns=xmlns.upper()) == []
    assert ids(hq, case_id=case, order_by="received_on") == [one, three]
    assert ids(hq, case_id=str(uuid4())) == []
    assert ids(hq, **mine, app_id=other_app) == ids(hq, **mine, app_id=other_app.upper()) == [two]
    assert ids(hq, **mine, **{"form.meta.userID": "U2"}) == ids(hq, **mine, doc_id=two) == [two]
    assert ids(hq, **mine, user_id="u2") == [], "the index has no such field"
    assert ids(hq, **mine, received_on_end="", case_id="", app_id=other_app) == [two], "empty ones are no filters"
    assert ids(hq, **mine, appVersion=VERSION) == [], "the index does not look for it"
    assert ids(hq, **mine, received_on_start="2024-03-02") == [two, three]
    assert ids(hq, **mine, received_on_start="2024-03-03T00:00:00") == [three], "bounds are inclusive"
    assert ids(hq, **mine, received_on_end="2024-03-03") == [one, two, three], "a date alone is its midnight"
    assert ids(hq, **mine, received_on_start="2024-03-02T12:30:00.500000", received_on_end="2024-03-02T12:31Z") == [two]
    for name in ("server_modified_on", "server_date_modified"):
        assert ids(hq, **mine, **{f"{name}_start": "2024-03-02", f"{name}_end": "2024-03-02T23:59:59"}) == [two]
    stamp = hq.get(f"v0.5/form/{two}/").json()["indexed_on"].removesuffix("Z")
    assert ids(hq, **mine, indexed_on_start=stamp) == [two, three]
    assert ids(hq, **mine, indexed_on_end=stamp) == [one, two]
    assert ids(hq, **mine, no_such_field="x") == [], "what the index does not know matches nothing"
    assert ids(hq, **mine, limit=2) == [one, two]
    response = hq.get("v0.5/form/", received_on_start="2024-03-05T08:09:10.123000Z")
    assert (response.status_code, response.json()) == (
        400, {"error": "Bad query parameter: Unknown date format: 2024-03-05T08:09:10.123000Z"})


@pytest.mark.writes
def test_search(hq, xmlns):
    forms = [submit(hq, xmlns=xmlns, received=f"2024-03-0{day}T00:00:00Z") for day in (1, 2, 3)]
    stamps = [hq.get(f"v0.5/form/{id}/").json()["indexed_on"] for id in forms]

    def found(search):
        return ids(hq, xmlns=xmlns, order_by="indexed_on", _search=json.dumps(search))

    assert found({"filter": {"range": {"inserted_at": {"gt": stamps[0]}}}}) == forms[1:]
    old_mode = {"filter": {"or": [
        {"and": [{"not": {"missing": {"field": "server_modified_on", "null_value": True, "existence": True}}},
                 {"range": {"server_modified_on": {"gte": "2024-03-02T00:00:00Z", "lte": "2024-03-02T00:00:00Z"}}}]},
        {"and": [{"missing": {"field": "server_modified_on", "null_value": True, "existence": True}},
                 {"range": {"received_on": {"gte": "2024-03-02T00:00:00Z"}}}]}]}}
    assert found(old_mode) == [forms[1]]
    for bad in ("{", "5", '{"filter": {"term": {"xmlns": "x"}}}',
                '{"filter": {"range": {"inserted_at": {"gt": "soon"}}}}'):
        response = hq.get("v0.5/form/", _search=bad)
        assert (response.status_code, response.json()) == (400, {"error": ""})


@pytest.mark.writes
def test_a_case_with_its_forms(hq):
    case = str(uuid4())
    forms = [submit(hq, case=case, name=name, xmlns=f"http://example.org/{name}") for name in ("One", "Two", "One")]
    full = hq.get(f"v0.5/case/{case}/", xforms_by_name__full="true", xforms_by_xmlns__full="TRUE").json()
    assert {name: [form["id"] for form in held] for name, held in full["xforms_by_name"].items()} == {
        "One": [forms[0], forms[2]], "Two": [forms[1]]}
    assert set(full["xforms_by_xmlns"]) == {"http://example.org/One", "http://example.org/Two"}
    assert "xforms_by_name" not in hq.get(f"v0.5/case/{case}/", xforms_by_name__full="1").json()


@pytest.mark.mock_only
def test_naive_style(mocksrv, hq):
    form_id = submit(hq)
    mocksrv.set(commcare_indexed_on_style="naive")
    form = hq.get(f"v0.5/form/{form_id}/").json()
    assert not form["indexed_on"].endswith("Z")
    assert form["received_on"].endswith("Z")


@pytest.mark.writes
def test_forms_that_came_with_the_domain_have_their_xml(hq):
    """What `form.xml` of a made-up form says is what the form says."""
    forms = hq.get("v0.5/form/", limit=5).json()["objects"]
    assert len(forms) == 5
    for form in forms:
        about = form["attachments"]["form.xml"]
        fetched = hq.session.get(about["url"])
        assert (len(fetched.content), fetched.headers["Content-Type"]) == (about["length"], "text/xml")
        again = hq.call("POST", "receiver/api/", data=fetched.content)
        assert "Form is a duplicate of another!" in again.text, "the same form"
