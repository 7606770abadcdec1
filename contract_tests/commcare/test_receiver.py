"""Forms submitted as phones, Collect and OpenFn do it, the OpenRosa answers, and what the APIs show then."""

import math
from uuid import uuid4

import pytest
import requests
from marshmallow import RAISE

from mocksrv.vendors.commcare.schemas.records import CaseV2Object

FORMS = "http://openrosa.org/formdesigner/AB12"
CASES = "http://commcarehq.org/case/transaction/v2"
XFORM = """<?xml version='1.0' ?>
<data uiVersion="1" version="12" name="Register child" xmlns:jrm="http://dev.commcarehq.org/jr/xforms" xmlns="{xmlns}">
  <weight>3.4</weight>
  {case}
  <n1:meta xmlns:n1="http://openrosa.org/jr/xforms">
    <n1:deviceID>sim-1</n1:deviceID><n1:timeStart>2024-03-05T08:07:01.000Z</n1:timeStart>
    <n1:timeEnd>2024-03-05T11:09:10.123+03:00</n1:timeEnd><n1:username>amina</n1:username>
    <n1:userID>0a1b2c3d4e5f60718293a4b5c6d7e8f9</n1:userID><n1:instanceID>{id}</n1:instanceID>
  </n1:meta>
</data>"""
CREATE = "<create><case_type>child</case_type><case_name>Baby Otieno</case_name><owner_id>{owner}</owner_id></create>"
SUCCESS = ('<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message nature="submit_success">   √   '
           "</message></OpenRosaResponse>")
OWNER = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def envelope(nature, text):
    return (f'<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message nature="{nature}">{text}</message>'
            "</OpenRosaResponse>")


def case_xml(case_id, inner, modified="2024-03-05T08:09:10.123Z"):
    return f'<case case_id="{case_id}" date_modified="{modified}" user_id="{OWNER}" xmlns="{CASES}">{inner}</case>'


def xform(form_id, *cases, xmlns=FORMS):
    return XFORM.format(xmlns=xmlns, case="".join(cases), id=form_id).encode()


def submit(hq, body, path="receiver/api/", **headers):
    return hq.call("POST", path, data=body, headers={"Content-Type": "text/xml"} | headers)


def new_case(hq):
    """A case that a form created, and the form's id."""
    form_id, case_id = str(uuid4()), str(uuid4())
    assert submit(hq, xform(form_id, case_xml(case_id, CREATE.format(owner=OWNER)))).status_code == 201
    return case_id, form_id


@pytest.mark.writes
def test_a_form_creates_updates_and_closes_its_case(hq):
    form_id, case_id = str(uuid4()), str(uuid4())
    response = submit(hq, xform(form_id, case_xml(
        case_id, CREATE.format(owner=OWNER) + "<update><weight_kg>3.4</weight_kg></update>")))
    assert (response.status_code, response.text) == (201, SUCCESS)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["X-CommCareHQ-FormID"] == form_id
    assert response.headers["Location"] == hq.url

    case = hq.get(f"v0.5/case/{case_id}/").json()
    assert case["xform_ids"] == [form_id]
    assert case["date_modified"] == "2024-03-05T08:09:10.123000Z"
    assert (case["closed"], case["user_id"], case["opened_by"]) == (False, OWNER, OWNER)
    assert case["properties"] == {"case_name": "Baby Otieno", "case_type": "child", "external_id": "",
                                  "owner_id": OWNER, "weight_kg": "3.4", "date_opened": "2024-03-05T08:09:10.123000Z"}
    form = hq.get(f"v0.5/form/{form_id}/").json()
    assert form["form"]["case"]["@case_id"] == case_id
    assert form["form"]["meta"]["timeEnd"] == "2024-03-05T08:09:10.123000Z"
    assert form["metadata"]["userID"] == OWNER
    assert (form["received_on"], form["server_modified_on"]) == (case["server_date_opened"],) * 2
    assert (form["version"], form["uiversion"], form["type"]) == ("12", "1", "data")
    assert form["is_phone_submission"] is False

    update = "<update><weight_kg>3.9</weight_kg><external_id>GV-42</external_id></update>"
    for inner in (update, "<close/>"):
        later = case_xml(case_id, inner, "2024-03-06T08:00:00.000Z")
        assert submit(hq, xform(str(uuid4()), later)).status_code == 201
    closed = hq.get(f"v0.5/case/{case_id}/").json()
    assert closed["closed"] is True
    assert closed["date_closed"] == closed["date_modified"] == "2024-03-06T08:00:00.000000Z"
    assert (closed["properties"]["weight_kg"], closed["properties"]["external_id"]) == ("3.9", "GV-42")
    assert len(closed["xform_ids"]) == 3
    assert closed["indexed_on"] > case["indexed_on"]
    assert closed["server_date_modified"] > closed["server_date_opened"]
    v2 = hq.get(f"case/v2/{case_id}").json()
    assert (v2["closed"], v2["external_id"], v2["properties"]) == (True, "GV-42", {"weight_kg": "3.9"})
    listed = hq.get("v0.5/form/", case_id=case_id, order_by="indexed_on").json()["objects"]
    assert [item["id"] for item in listed] == closed["xform_ids"]


@pytest.mark.writes
def test_attributes_and_children_of_an_update_stay_objects(hq):
    case_id = str(uuid4())
    update = ("<update><plain>1</plain><rated source='scale'>3.4</rated><house><rooms>2</rooms></house>"
              "<tag>a</tag><tag>b</tag></update>")
    assert submit(hq, xform(str(uuid4()), case_xml(case_id, CREATE.format(owner=OWNER) + update))).status_code == 201
    v1, v2 = hq.get(f"case/v1/{case_id}/").json(), hq.get(f"case/v2/{case_id}").json()
    CaseV2Object().load(v2, unknown=RAISE)
    for properties in (v1["properties"], v2["properties"]):
        assert properties["plain"] == "1"
        assert properties["rated"] == {"@source": "scale", "#text": "3.4"}
        assert properties["house"] == {"rooms": "2"}
        assert properties["tag"] == "b"


@pytest.mark.writes
@pytest.mark.parametrize(("version", "status", "nature", "text"), [
    (None, 201, "submit_error", "Form is a duplicate of another! ({id})"),
    ("2.0", 201, "submit_error", "Form is a duplicate of another! ({id})"),
    ("3.0", 201, "submit_success", "   √   "),
])
def test_the_same_form_twice(hq, version, status, nature, text):
    case_id, form_id = new_case(hq)
    before = hq.get(f"v0.5/case/{case_id}/").json()
    headers = {"X-OpenRosa-Version": version} if version else {}
    again = submit(hq, xform(form_id, case_xml(case_id, CREATE.format(owner=OWNER))), **headers)
    assert (again.status_code, again.text) == (status, envelope(nature, text.format(id=form_id)))
    assert again.headers["X-CommCareHQ-FormID"] != form_id
    assert hq.get(f"v0.5/case/{case_id}/").json() == before
    assert hq.get(f"v0.5/form/{again.headers['X-CommCareHQ-FormID']}/").status_code == 404


@pytest.mark.writes
@pytest.mark.parametrize(("version", "status", "nature"), [
    (None, 201, "submit_error"), ("2.1", 201, "submit_error"), ("3.0", 422, "processing_failure"),
])
@pytest.mark.parametrize(("inner", "problem"), [
    ('<index><parent case_type="household">nobody</parent></index>',
     "InvalidCaseIndex: Case '{id}' references non-existent case 'nobody'"),
    ("<update><case_name>" + "x" * 256 + "</case_name></update>",
     "CaseValueError: Error processing case update: Field: name, Error: Value exceeds allowed length: 255"),
    ("<update><date_opened/></update>",
     "CaseValueError: Error processing case update: Field: opened_on, Error: Unable to parse date string ''"),
])
def test_a_known_error_in_a_case_writes_nothing(hq, version, status, nature, inner, problem):
    form_id, good, bad = str(uuid4()), str(uuid4()), str(uuid4())
    headers = {"X-OpenRosa-Version": version} if version else {}
    body = xform(form_id, case_xml(good, CREATE.format(owner=OWNER)), case_xml(bad, CREATE.format(owner=OWNER) + inner))
    response = submit(hq, body, **headers)
    assert (response.status_code, response.text) == (status, envelope(nature, problem.format(id=bad)))
    assert response.headers["X-CommCareHQ-FormID"] == form_id
    for path in (f"v0.5/form/{form_id}/", f"v0.5/case/{good}/", f"v0.5/case/{bad}/"):
        assert hq.get(path).status_code == 404


@pytest.mark.writes
@pytest.mark.parametrize("modified", ["yesterday", "2024-02-30T08:00:00Z", "31/12/2024"])
def test_an_impossible_date(hq, modified):
    case_id = str(uuid4())
    response = submit(hq, xform(str(uuid4()), case_xml(case_id, CREATE.format(owner=OWNER), modified)))
    assert response.status_code == 201
    assert response.text == envelope("submit_error", f"PhoneDateValueError: '{modified}'")
    assert hq.get(f"v0.5/case/{case_id}/").status_code == 404


@pytest.mark.writes
def test_a_failed_form_that_works_the_second_time(hq):
    form_id, child, home = str(uuid4()), str(uuid4()), str(uuid4())
    index = f'<index><parent case_type="household">{home}</parent></index>'
    body = xform(form_id, case_xml(child, CREATE.format(owner=OWNER) + index))
    assert "InvalidCaseIndex" in submit(hq, body).text
    again = submit(hq, body, **{"X-OpenRosa-Version": "3.0"})
    assert (again.status_code, "InvalidCaseIndex" in again.text) == (422, True)
    assert f"Form is a duplicate of another! ({form_id})" in submit(hq, body).text, "all that older phones learn"
    assert hq.get(f"v0.5/form/{form_id}/").status_code == 404
    assert submit(hq, xform(str(uuid4()), case_xml(home, CREATE.format(owner=OWNER)))).text == SUCCESS
    assert submit(hq, body, **{"X-OpenRosa-Version": "3.0"}).status_code == 201
    assert hq.get(f"v0.5/case/{child}/").json()["indices"] == {
        "parent": {"case_id": home, "case_type": "household", "relationship": "child"}}


@pytest.mark.writes
def test_circles_and_forms_that_bring_their_own_parents(hq):
    one, two = str(uuid4()), str(uuid4())
    host = '<index><host case_type="child" relationship="extension">{}</host></index>'
    body = xform(str(uuid4()), *(case_xml(a, CREATE.format(owner=OWNER) + host.format(b))
                                 for a, b in ((one, two), (two, one))))
    assert submit(hq, body).text == SUCCESS
    full = hq.get(f"v0.5/case/{one}/", child_cases__full="true", parent_cases__full="true").json()
    assert full["indices"]["host"] == {"case_id": two, "case_type": "child", "relationship": "extension"}
    assert (list(full["child_cases"]), full["parent_cases"]["host"]["id"]) == ([two], two)


BAD_XML = "There was an error processing the form: Invalid XML: "


@pytest.mark.writes
@pytest.mark.parametrize("version", [None, "3.0"])
@pytest.mark.parametrize(("body", "problem"), [
    (b"this isn't even close to xml",
     BAD_XML + "Start tag expected, '&lt;' not found, line 1, column 1 (&lt;string&gt;, line 1)"),
    (b"<data/>", "There was an error processing the form: Form is missing a required field: XMLNS"),
])
def test_bad_xml(hq, body, problem, version):
    response = submit(hq, body, **({"X-OpenRosa-Version": version} if version else {}))
    assert (response.status_code, response.text) == (500, envelope("submit_error", problem))


@pytest.mark.parametrize("body", [
    b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + xform("&b;").partition(b"\n")[2],
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + xform("&a;").partition(b"\n")[2],
    xform("truncated")[:-20],
    b"\x00\x01\x02",
])
@pytest.mark.writes
def test_hostile_xml_leaves_nothing_behind(hq, body):
    before = hq.get("v0.5/form/").json()["meta"]["total_count"]
    response = submit(hq, body)
    assert (response.status_code, BAD_XML in response.text) == (500, True)
    assert "root:" not in response.text
    assert hq.get("v0.5/form/").json()["meta"]["total_count"] == before


@pytest.mark.writes
@pytest.mark.parametrize("case", [
    '<case case_id="c-1"><create><case_type>x</case_type></create></case>',
    '<case case_id="c-1" xmlns="http://commcarehq.org/case/transaction/v9"><create/></case>',
    f'<case case_id="c-1" xmlns="{CASES}"><index><parent>c-2</parent></index></case>',
])
def test_what_hq_does_not_expect_is_its_own_500(hq, case):
    form_id = str(uuid4())
    response = submit(hq, xform(form_id, case))
    assert (response.status_code, response.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "<h1>Server Error (500)</h1>" in response.text
    assert hq.get(f"v0.5/form/{form_id}/").status_code == 404


@pytest.mark.writes
def test_a_new_body_under_the_same_id_is_an_edit(hq):
    case_id, form_id = new_case(hq)
    other = str(uuid4())
    renamed = "<create><case_type>child</case_type><case_name>Renamed</case_name></create>"
    edited = xform(form_id, case_xml(case_id, renamed), case_xml(other, CREATE.format(owner=OWNER)))
    first = hq.get(f"v0.5/form/{form_id}/").json()
    assert submit(hq, edited).text == SUCCESS
    form = hq.get(f"v0.5/form/{form_id}/").json()
    assert form["received_on"] == first["received_on"]
    assert first["edited_on"] is None
    assert form["edited_on"] == form["server_modified_on"] > form["received_on"]
    assert form["edited_by_user_id"]
    assert form["indexed_on"] > first["indexed_on"]
    case = hq.get(f"v0.5/case/{case_id}/").json()
    assert (case["properties"]["case_name"], case["xform_ids"]) == ("Renamed", [form_id])
    assert hq.get(f"v0.5/case/{other}/").status_code == 200
    assert submit(hq, xform(form_id, case_xml(case_id, CREATE.format(owner=OWNER)))).text == SUCCESS
    assert hq.get(f"v0.5/case/{other}/").status_code == 404, "no form creates it any more"


@pytest.mark.writes
def test_another_form_with_the_same_id_is_no_edit(hq):
    """Forms of another namespace get another id."""
    case_id, form_id = new_case(hq)
    response = submit(hq, xform(form_id, case_xml(case_id, "<close/>"), xmlns="http://example.org/other"))
    assert (response.status_code, response.text) == (201, SUCCESS)
    other = response.headers["X-CommCareHQ-FormID"]
    assert other != form_id
    assert hq.get(f"v0.5/form/{form_id}/").json()["edited_on"] is None
    assert hq.get(f"v0.5/case/{case_id}/").json()["xform_ids"] == [form_id, other]


@pytest.mark.writes
def test_a_new_body_for_a_form_that_failed_is_no_edit(hq):
    form_id, case_id = str(uuid4()), str(uuid4())
    assert "IllegalCaseId" in submit(hq, xform(form_id, case_xml("", "<close/>"))).text
    assert submit(hq, xform(form_id, case_xml(case_id, CREATE.format(owner=OWNER)))).text == SUCCESS
    form = hq.get(f"v0.5/form/{form_id}/").json()
    assert (form["edited_on"], form["edited_by_user_id"]) == (None, None)


@pytest.mark.writes
def test_an_edit_that_breaks_hq_leaves_the_form_as_it_was(hq):
    case_id, form_id = new_case(hq)
    for _ in range(2):
        broken = submit(hq, xform(form_id, case_xml(case_id, "<index><parent>nobody</parent></index>")))
        assert (broken.status_code, "Server Error (500)" in broken.text) == (500, True)
    form = hq.get(f"v0.5/form/{form_id}/").json()
    assert (form["edited_on"], "create" in form["form"]["case"]) == (None, True)
    broken = xform(str(uuid4()), case_xml(case_id, "<index><parent>nobody</parent></index>"))
    assert [submit(hq, broken).status_code for _ in range(3)] == [500] * 3, "whenever it is sent"


@pytest.mark.mock_only
def test_another_domain_cannot_touch_form_or_case(hq):
    case_id, form_id = new_case(hq)
    body = xform(form_id, case_xml(case_id, "<close/>"))
    response = hq.session.post(f"{hq.url}/a/exi-training/receiver/api/", data=body)
    assert response.text == envelope("submit_error", "IllegalCaseId: Bad case id")
    assert hq.get(f"v0.5/case/{case_id}/").json()["closed"] is False
    assert hq.get(f"v0.5/form/{form_id}/").json()["edited_on"] is None


@pytest.mark.writes
def test_multipart_with_attachments_as_collect_sends_it(hq):
    form_id = str(uuid4())
    photo = b"\xff\xd8\xff\xe0 not really a picture"
    files = {"xml_submission_file": ("form.xml", xform(form_id), "text/xml"),
             "photo.jpg": ("photo.jpg", photo, "image/jpeg"), "täne.amr": ("täne.amr", b"#!AMR", "audio/amr")}
    response = hq.call("POST", "receiver/api/", files=files, headers={"X-OpenRosa-Version": "1.0"})
    assert (response.status_code, response.text) == (201, SUCCESS)
    form = hq.get(f"v0.5/form/{form_id}/").json()
    assert form["is_phone_submission"] is True
    assert set(form["attachments"]) == {"form.xml", "photo.jpg", "täne.amr"}
    about = form["attachments"]["photo.jpg"]
    assert (about["content_type"], about["length"]) == ("image/jpeg", len(photo))
    for name, expected in (("photo.jpg", photo), ("form.xml", xform(form_id)), ("täne.amr", b"#!AMR")):
        fetched = hq.session.get(form["attachments"][name]["url"])
        assert (fetched.status_code, fetched.content) == (200, expected)
    assert hq.session.get(about["url"]).headers["Content-Type"] == "image/jpeg"
    assert hq.get(f"form/attachment/{form_id}/nothing.jpg").status_code == 404
    assert hq.get(f"form_attachment/v1/{form_id}/photo.jpg").content == photo


@pytest.mark.writes
@pytest.mark.parametrize(("files", "data", "status", "text"), [
    ({"xml_submission_file": ("form.xml", "<x/>", "text/xml")}, {"extra": "1"}, 400,
     "Received a submission with POST.keys()"),
    ({"something": ("form.xml", "<x/>", "text/xml")}, {}, 400,
     "If you use multipart/form-data, please name your file xml_submission_file.\n"
     "You may also do a normal (non-multipart) post with the xml submission as the request body instead.\n"),
    ({"xml_submission_file": ("form.xml", "", "text/xml")}, {}, 400,
     "If you use multipart/form-data, the file xml_submission_file must not have an empty payload\n"),
    ({"xml_submission_file": ("form.abc", "<x/>", "text/xml")}, {}, 422, envelope(
        "processing_failure", "If you use multipart/form-data, please use xml file only for submitting form xml. You "
        "may also do a normal (non-multipart) with the xml submission as the request body instead\n")),
    ({"xml_submission_file": ("form.xml", "x" * (10 * 1024 * 1024 + 1), "text/xml")}, {}, 413,
     "Form exceeds 10MB size limit\n"),
    ({"xml_submission_file": ("form.xml", "<x/>", "text/xml"), "a.jpg": ("a.jpg", "x" * (15 * 1024 * 1024 + 1))}, {},
     413, "Attachment exceeds 15MB size limit\n"),
])
def test_multipart_that_is_refused(hq, files, data, status, text):
    response = hq.call("POST", "receiver/api/", files=files, data=data)
    assert (response.status_code, response.text) == (status, text)


@pytest.mark.writes
def test_an_attachment_of_an_unknown_kind(hq):
    response = hq.call("POST", "receiver/api/", files={"xml_submission_file": ("form.xml", "<x/>", "text/xml"),
                                                       "a.xyz": ("a.xyz", "x", "fake/image")})
    assert response.status_code == 422
    assert "please use the following supported file extensions for attachments: " in response.text


@pytest.mark.writes
def test_broken_bodies(hq):
    before = hq.get("v0.5/form/").json()["meta"]["total_count"]
    request = requests.Request("POST", hq.path("receiver/api/"), headers=dict(hq.session.headers), files={
        "xml_submission_file": ("form.xml", xform(str(uuid4())), "text/xml")}).prepare()
    request.body = request.body[:-200]
    request.headers["Content-Length"] = str(len(request.body))
    truncated = hq.session.send(request)
    assert (truncated.status_code, "Bad Request (400)" in truncated.text) == (400, True)
    no_boundary = hq.call("POST", "receiver/api/", data=b"x", headers={"Content-Type": "multipart/form-data"})
    assert no_boundary.status_code == 400
    empty = hq.call("POST", "receiver/api/", data=b"")
    assert (empty.status_code, empty.text) == (400, "Post may not have an empty body\n")
    huge = hq.call("POST", "receiver/api/", data=b"<x>" + b" " * (100 * 1024 * 1024) + b"</x>")
    assert huge.status_code == 413
    assert hq.get("v0.5/form/").json()["meta"]["total_count"] == before


@pytest.mark.mock_only  # the gate lets nothing be written to another domain than that of the tests
@pytest.mark.parametrize("path", ["receiver/", "receiver/secure/"])
def test_nobody_submits_to_a_domain_that_is_not_there(hq, path):
    response = requests.post(f"{hq.url}/a/nowhere/{path}", data=xform(str(uuid4())))
    assert (response.status_code, response.text) == (400, "No domain with name nowhere")
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.writes
@pytest.mark.parametrize(("path", "status", "text"), [
    ("receiver/secure/?authtype=magic", 400, "authtype must be one of: digest,basic,noauth,api_key,oauth2"),
    ("receiver/", 401, ""), ("receiver", 401, ""), ("receiver/submission", 401, ""), ("receiver/submission/", 401, ""),
    ("receiver/secure/abc123/", 401, ""), ("receiver/abc123/", 401, ""),
])
def test_who_may_submit(hq, path, status, text):
    response = requests.post(hq.path(path), data=xform(str(uuid4())))
    assert (response.status_code, response.text) == (status, text)
    assert response.headers.get("WWW-Authenticate") == ('Basic realm=""' if status == 401 else None)


@pytest.mark.parametrize("path", ["receiver/", "receiver/secure/", "receiver/submission", "receiver/abc/",
                                  "receiver/api/", "fixtures/fixapi/", "importer/excel/bulk_upload_api/"])
@pytest.mark.writes
def test_only_post(hq, path):
    """Whoever asks; just `/receiver/api/` wants a login first."""
    for method in ("GET", "PUT", "OPTIONS", "HEAD"):
        response = hq.call(method, path)
        assert (response.status_code, response.text, response.headers["Allow"]) == (405, "", "POST")
        stranger = requests.request(method, hq.path(path))
        assert stranger.status_code == (401 if path == "receiver/api/" else 405)


@pytest.mark.mock_only
@pytest.mark.parametrize(("path", "auth"), [
    ("receiver/secure/", requests.auth.HTTPBasicAuth), ("receiver/", requests.auth.HTTPBasicAuth),
    ("receiver/secure/?authtype=basic", requests.auth.HTTPBasicAuth),
    ("receiver/secure/?authtype=digest", requests.auth.HTTPDigestAuth), ("receiver/api/", requests.auth.HTTPDigestAuth),
])
def test_logins(hq, path, auth):
    response = requests.post(hq.path(path), data=xform(str(uuid4())), auth=auth(hq.username, "password"))
    assert (response.status_code, response.text) == (201, SUCCESS)


@pytest.mark.parametrize(("user", "query", "expected"), [
    ("demo_user", "", 201), (OWNER, "", 403), (OWNER, "&submit_mode=demo", 201)])
@pytest.mark.writes
def test_submissions_without_a_login(hq, user, query, expected):
    form_id = str(uuid4())
    body = xform(form_id).replace(OWNER.encode(), user.encode())
    response = requests.post(hq.path(f"receiver/secure/?authtype=noauth{query}"), data=body)
    assert response.status_code == expected
    assert hq.get(f"v0.5/form/{form_id}/").status_code == (200 if user == "demo_user" else 404)
    if query:
        assert response.text == envelope("submit_success", "√ (this submission was ignored)")


@pytest.mark.parametrize(("body", "expected"), [
    (b"", (400, "Post may not have an empty body\n")),
    (b"no xml", (500, None)), (b'<data xmlns="x"><meta/></data>', (500, None)),
    (xform("{id}", case_xml("{id}", "<update><a>1</a></update>", "soon")), (500, None)),
    (xform("{id}", case_xml("{id}", "<create><owner_id>demo_user</owner_id></create>")), (201, SUCCESS)),
    (xform("{id}", case_xml("{id}", "<create><owner_id/></create>")), (403, None)),
    (xform("{id}", case_xml("{id}", "<create><user_id>me</user_id></create>")), (403, None)),
    (xform("{id}", case_xml("{id}", "<update><owner_id>me</owner_id></update>")), (403, None)),
    (xform("{id}", case_xml("{known}", "<update><a>1</a></update>")), (403, None)),
    (xform("{id}", case_xml("{id}", '<index><parent case_type="x">{known}</parent></index>')), (403, None)),
])
@pytest.mark.writes
def test_what_may_come_in_without_a_login(hq, body, expected):
    ids = {b"{id}": str(uuid4()), b"{known}": new_case(hq)[0], OWNER.encode(): "demo_user"}
    for name, value in ids.items():
        body = body.replace(name, value.encode())
    response = requests.post(hq.path("receiver/secure/?authtype=noauth"), data=body)
    assert (response.status_code, response.text if expected[1] else None) == expected
    form = requests.post(hq.path("receiver/secure/?authtype=noauth"), files={"something": ("form.xml", "<x/>")})
    assert (form.status_code, "please name your file" in form.text) == (400, True)


@pytest.mark.writes
def test_demo_mode_is_for_the_demo_user(hq):
    """Whoever logs in: forms of others are taken and forgotten."""
    form_id = str(uuid4())
    ignored = submit(hq, xform(form_id), path="receiver/api/?submit_mode=demo")
    assert (ignored.status_code, ignored.text) == (
        201, envelope("submit_success", "√ (this submission was ignored)"))
    assert hq.get(f"v0.5/form/{form_id}/").status_code == 404
    kept = submit(hq, xform(form_id).replace(OWNER.encode(), b"demo_user"), path="receiver/api/?submit_mode=demo")
    assert (kept.status_code, kept.text) == (201, SUCCESS)
    broken = submit(hq, b"no xml", path="receiver/api/?submit_mode=demo")
    assert (broken.status_code, "Server Error (500)" in broken.text) == (500, True)


@pytest.mark.mock_only
def test_a_blocked_domain(mocksrv, hq):
    mocksrv.set(commcare_blocked="demo")
    response = requests.post(hq.path("receiver/"), data=xform(str(uuid4())), auth=(hq.username, "password"))
    assert (response.status_code, 'nature="submit_error">This submission was blocked' in response.text) == (509, True)


@pytest.mark.mock_only
def test_index_delay_keeps_writes_out_of_lists_for_a_while(mocksrv, hq):
    mocksrv.set(commcare_index_delay=30)
    case_id, form_id = new_case(hq)
    lists = [("v0.5/case/", {"order_by": "-indexed_on"}), ("v0.5/form/", {"order_by": "-indexed_on"})]
    assert {case_id, form_id}.isdisjoint(hq.get(path, **params).json()["objects"][0]["id"] for path, params in lists
                                         if hq.get(path).json()["objects"])
    mocksrv.clock.advance(31)
    assert {hq.get(path, **params).json()["objects"][0]["id"] for path, params in lists} == {case_id, form_id}


@pytest.mark.writes
def test_openfn_submits_to_the_path_with_an_application(hq):
    form_id = str(uuid4())
    response = submit(hq, xform(form_id), path="receiver/3f2e1d0c9b8a79685746352413021100/")
    assert response.status_code == 201
    form = hq.get(f"v0.5/form/{form_id}/").json()
    assert (form["app_id"], form["build_id"]) == ("3f2e1d0c9b8a79685746352413021100", None)


@pytest.mark.writes
def test_a_form_that_was_kept_on_the_way(hq):
    form_id = str(uuid4())
    submit(hq, xform(form_id), **{"X-Submit-Time": "2024-03-05T09:00:00.000Z"})
    assert hq.get(f"v0.5/form/{form_id}/").json()["received_on"] == "2024-03-05T09:00:00.000000Z"
    submit(hq, xform(other := str(uuid4())), **{"X-Submit-Time": "Tue, 05 Mar 2024 12:00:00 +0300"})
    assert hq.get(f"v0.5/form/{other}/").json()["received_on"] == "2024-03-05T09:00:00.000000Z"
    for body in (xform(str(uuid4())), b"no xml"):
        bad = submit(hq, body, **{"X-Submit-Time": "soon"})
        assert (bad.status_code, "Server Error (500)" in bad.text) == (500, True)


@pytest.mark.writes
def test_a_url_may_name_a_build_of_an_application(hq):
    app = next(app for app in hq.get("v0.5/application/").json()["objects"] if app["versions"])
    build, form_id = app["versions"][-1]["id"], str(uuid4())
    assert submit(hq, xform(form_id), path=f"receiver/{build}/").status_code == 201
    form = hq.get(f"v0.5/form/{form_id}/").json()
    assert (form["app_id"], form["build_id"]) == (app["id"], build)


@pytest.mark.writes
def test_a_form_without_meta_gets_an_id_of_its_own(hq):
    """As integrations send it that build their XML by hand: sent twice, it is there twice."""
    body = f'<data xmlns="{FORMS}"><name>😀 &amp; co</name></data>'.encode()
    ids = [submit(hq, body).headers["X-CommCareHQ-FormID"] for _ in range(2)]
    assert ids[0] != ids[1]
    form = hq.get(f"v0.5/form/{ids[0]}/").json()
    assert (form["form"]["name"], form["metadata"], form["form"]["@xmlns"]) == ("😀 & co", None, FORMS)


@pytest.mark.writes
def test_a_phone_that_sends_its_forms_late(hq):
    """The phone's own times decide what a case was when, the server's when it learned of it."""
    case_id, _ = new_case(hq)
    submit(hq, xform(str(uuid4()), case_xml(case_id, "<update><n>2</n></update>", "2024-03-07T08:00:00.000Z")))
    submit(hq, xform(str(uuid4()), case_xml(case_id, "<update><n>1</n></update>", "2024-03-06T08:00:00.000Z")))
    case = hq.get(f"v0.5/case/{case_id}/").json()
    assert case["date_modified"] == "2024-03-07T08:00:00.000000Z"
    assert len(case["xform_ids"]) == 3


@pytest.mark.writes
@pytest.mark.mock_only
def test_a_device_report_ends_in_the_device_log(hq):
    report_id = str(uuid4())
    body = f"""<device_report xmlns="http://code.javarosa.org/devicereport"><device_id>sim-9</device_id>
      <app_version>2.53.1</app_version>
      <log_subreport><log date="2024-03-05T08:09:10.123Z"><type>login</type><msg>hello</msg></log>
      <log date="2024-03-05T08:10:00.000Z"><type>sync</type><msg>done</msg></log><log date="soon"/></log_subreport>
      <user_subreport><user><user_id>{OWNER}</user_id><username>amina</username></user></user_subreport>
      <meta xmlns="http://openrosa.org/jr/xforms"><instanceID>{report_id}</instanceID></meta></device_report>"""
    response = submit(hq, body.encode(), path="receiver/secure/?authtype=noauth")
    assert (response.status_code, response.text) == (201, SUCCESS)
    lines = hq.get("v0.5/device-log/", xform_id=report_id).json()["objects"]
    assert sorted((line["type"], line["msg"], line["username"], line["device_id"]) for line in lines) == [
        ("login", "hello", "amina", "sim-9"), ("sync", "done", "amina", "sim-9")]
    assert hq.get(f"v0.5/form/{report_id}/").status_code == 404


@pytest.mark.parametrize(("form_id", "status", "header"), [
    ("with space/and slash", 201, "with space/and slash"), ("ünï", 201, "ünï"), ("日本", 201, "=?utf-8?b?5pel5pys?="),
    ("pretty\nprinted", 500, None), ("x" * 256, 500, None),
])
@pytest.mark.writes
def test_odd_ids(hq, form_id, status, header):
    """What Django can write into a header, and what HQ's database can hold."""
    case_id = str(uuid4())
    response = submit(hq, xform(form_id, case_xml(case_id, CREATE.format(owner=OWNER))))
    assert (response.status_code, response.headers.get("X-CommCareHQ-FormID")) == (status, header)
    stored = hq.get(f"v0.5/case/{case_id}/")
    assert stored.status_code == (404 if len(form_id) > 255 else 200)
    if stored.status_code == 200:
        assert stored.json()["xform_ids"] == [form_id]
        (form,) = hq.get("v0.5/form/", case_id=case_id).json()["objects"]
        assert case_id in hq.session.get(form["attachments"]["form.xml"]["url"]).text


@pytest.mark.writes
def test_an_attachment_cannot_take_the_forms_place(hq):
    form_id = str(uuid4())
    files = {"xml_submission_file": ("form.xml", xform(form_id), "text/xml"), "form.xml": ("a.jpg", b"x", "image/jpeg"),
             "a/b c.jpg": ("a.jpg", b"photo", "image/jpeg")}
    assert hq.call("POST", "receiver/api/", files=files).status_code == 201
    about = hq.get(f"v0.5/form/{form_id}/").json()["attachments"]
    assert hq.session.get(about["form.xml"]["url"]).content == xform(form_id)
    assert hq.session.get(about["a/b c.jpg"]["url"]).content == b"photo"


@pytest.mark.mock_only
@pytest.mark.parametrize("path", ["receiver/api/", "receiver/secure/"])
def test_too_many_forms(hq, mocksrv, path):
    """Forms have limits of their own, which other requests do not use up."""
    mocksrv.set(commcare_throttle="window", commcare_throttle_requests=2, commcare_throttle_seconds=60)

    def send():
        response = requests.post(hq.path(path), data=xform(str(uuid4())), auth=(hq.username, "password"))
        return response.status_code, response.text, response.headers.get("Retry-After")

    assert [send()[0] for _ in range(2)] == [201, 201]
    assert send() == (429, "", None)
    assert [hq.get("v0.5/form/").status_code for _ in range(3)] == [200, 200, 429]
    mocksrv.clock.advance(61)
    assert send()[0] == 201


@pytest.mark.mock_only
def test_forms_have_a_table_of_their_own(hq, mocksrv):
    """A minute has 0.14 forms for each active user, and ten."""
    mocksrv.clock.freeze()
    users = hq.get("v0.5/user/").json()["meta"]["total_count"]
    mocksrv.set(commcare_throttle="users")
    allowed = math.ceil(users * 0.14 + 10)
    assert [submit(hq, xform(str(uuid4()))).status_code for _ in range(allowed + 1)] == [201] * allowed + [429]


@pytest.mark.mock_only
def test_a_plan_without_the_api_still_takes_forms(hq, mocksrv):
    mocksrv.set(commcare_no_plan="demo")
    assert submit(hq, xform(str(uuid4()))).status_code == 201
    assert hq.get("case/v2/").status_code == 401
    assert hq.call("POST", "fixtures/fixapi/").json()["code"] == 405
    assert hq.call("POST", "importer/excel/bulk_upload_api/").json()["code"] == 500
