"""Tastypie's envelope: pages, links, methods, formats and refusals, on a domain with 45 cases."""

import re

import pytest
import requests

CASE = "582b7655-8ef3-4b20-be03-3a0fc222e258"
BLOCK = """<n{0}><case case_id="parcel-{0:02}" date_modified="2016-01-01T00:00:{0:02}Z" user_id="u"
 xmlns="http://commcarehq.org/case/transaction/v2"><create><case_type>parcel</case_type>
 <case_name>Parcel {0}</case_name><owner_id>u</owner_id></create></case></n{0}>"""
FORM = """<data xmlns="http://openrosa.org/formdesigner/parcels">{}<meta xmlns="http://openrosa.org/jr/xforms">
<instanceID>parcels</instanceID></meta></data>"""
CANNED = {"error_message": "Sorry, this request could not be processed. Please try again later."}


@pytest.fixture
def cases(hq):
    """`exi-training` with 45 cases."""
    hq.name = "exi-training"
    body = FORM.format("".join(BLOCK.format(number) for number in range(44)))
    assert hq.call("POST", "receiver/api/", data=body, headers={"Content-Type": "text/xml"}).status_code == 201
    return hq


def raw(hq, path, method="GET", **headers):
    return hq.session.request(method, hq.path(f"api/v0.5/{path}"), headers=headers, allow_redirects=False, timeout=30)


# query -> limit, next, offset, previous, rows; the maximum of cases is 5000
PAGES = [
    ("limit=30", 30, "?limit=30&offset=30", 0, None, 30),
    ("limit=0", 5000, None, 0, None, 45),
    ("limit=6000", 5000, None, 0, None, 45),
    ("limit=31&offset=40", 31, None, 40, "?limit=31&offset=9", 5),
    ("limit=1&offset=44", 1, None, 44, "?limit=1&offset=43", 1),
    ("offset=100&limit=1", 1, None, 100, "?limit=1&offset=99", 0),
    ("limit=20&offset=10", 20, "?limit=20&offset=30", 10, None, 20),
    ("limit=20&offset=25", 20, None, 25, "?limit=20&offset=5", 20),
    ("limit=5&limit=2", 2, "?limit=2&offset=2", 0, None, 2),
    ("", 20, "?limit=20&offset=20", 0, None, 20),
]


@pytest.mark.parametrize(("query", "limit", "following", "offset", "previous", "rows"), PAGES)
@pytest.mark.mock_only
def test_pages(cases, query, limit, following, offset, previous, rows):
    body = raw(cases, f"case/?{query}").json()
    assert body["meta"] == {"limit": limit, "next": following, "offset": offset, "previous": previous,
                            "total_count": 45}
    assert len(body["objects"]) == rows


POSITIVE = "Please provide a positive integer"
REFUSED = [
    ("limit=-1", f"Invalid limit '-1' provided. {POSITIVE} &gt;= 0."),
    ("limit=abc", f"Invalid limit 'abc' provided. {POSITIVE}."),
    ("limit=", f"Invalid limit '' provided. {POSITIVE}."),
    ("limit=1.5", f"Invalid limit '1.5' provided. {POSITIVE}."),
    ("limit=" + "9" * 5000, f"Invalid limit '{'9' * 5000}' provided. {POSITIVE}."),
    ("limit=<b>%26", f"Invalid limit '&lt;b&gt;&amp;' provided. {POSITIVE}."),
    ("offset=abc", "Invalid offset 'abc' provided. Please provide an integer."),
    ("offset=", "Invalid offset '' provided. Please provide an integer."),
    ("offset=-1", f"Invalid offset '-1' provided. {POSITIVE} &gt;= 0."),
    ("order_by=bogus", "No matching 'bogus' field for ordering on."),
    ("order_by=-closed", "The 'closed' field does not allow ordering."),
    ("indexed_on_start=2024-03-05T08:09:10.123000Z",
     "Bad query parameter: Unknown date format: 2024-03-05T08:09:10.123000Z"),
    ("date_modified_end=2024-02-30", "Bad query parameter: Unknown date format: 2024-02-30"),
]


@pytest.mark.parametrize(("query", "text"), REFUSED)
def test_refused_parameters(hq, query, text):
    response = raw(hq, f"case/?{query}")
    assert (response.status_code, response.json()) == (400, {"error": text})
    assert response.headers["Content-Type"] == "application/json"
    assert "Access-Control-Allow-Origin" not in response.headers


LINKS = [
    ("offset=5&limit=2&type=a%20b&type=c&z=%C3%A9", None),
    ("type=parcel&offset=3&limit=1&order_by=-date_modified",
     "?type=parcel&order_by=-date_modified&limit=1&offset=4"),
    ("format=json&limit=1", "?format=json&limit=1&offset=1"),
    ("username=u&api_key=k&limit=1", "?username=u&api_key=k&limit=1&offset=1"),
    ("closed=false&domain=exi-training&limit=2", "?closed=false&domain=exi-training&limit=2&offset=2"),
]


@pytest.mark.parametrize(("query", "following"), LINKS)
@pytest.mark.mock_only
def test_links_keep_the_parameters(cases, query, following):
    assert raw(cases, f"case/?{query}").json()["meta"]["next"] == following


def test_links_are_form_encoded(hq):
    """The user list ignores what it does not know, but repeats it."""
    assert raw(hq, "user/?offset=1&limit=2&type=a%20b&type=c&z=%C3%A9").json()["meta"]["next"] == (
        "?type=a+b&type=c&z=%C3%A9&limit=2&offset=3")


def test_headers_of_a_list(hq):
    response = raw(hq, "case/")
    assert {name: response.headers[name] for name in (
        "Content-Type", "Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Vary", "Cache-Control")} == {
        "Content-Type": "application/json; charset=utf-8", "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "Content-Type, Authorization, X-Requested-With", "Vary": "Accept",
        "Cache-Control": "no-cache"}


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "v0.5/case/", 200), ("GET", "v0.5/case/absent/", 404), ("GET", "v0.9/case/", 404),
    ("HEAD", "v0.5/case/", 405), ("GET", "case/v2/?limit=x", 400), ("OPTIONS", "case/v2/", 200),
    ("GET", "v0.5/case", 301),
])
def test_version_of_openrosa(hq, method, path, status):
    """HQ says it everywhere under Django's name of the header, but where it only redirects to the slash."""
    response = hq.call(method, f"api/{path}", allow_redirects=False)
    assert response.status_code == status
    assert response.headers.get("HTTP_X_OPENROSA_VERSION") == (None if status == 301 else "1.0")


@pytest.mark.parametrize(("method", "override", "status", "diagnosis"), [
    ("HEAD", None, 405, "/a/demo/api/v0.5/case/ takes GET, not HEAD"),
    ("GET", "DELETE", 405, "/a/demo/api/v0.5/case/ takes GET, not DELETE"),
    ("OPTIONS", None, 200, None), ("GET", None, 200, None),
])
@pytest.mark.mock_only
def test_diagnosis_of_methods(hq, method, override, status, diagnosis):
    """Said once, of the method that counts, and only where something is wrong."""
    response = raw(hq, "case/", method, **({"X-HTTP-Method-Override": override} if override else {}))
    assert (response.status_code, response.headers.get("X-Mocksrv-Diagnosis")) == (status, diagnosis)


@pytest.mark.mock_only
def test_diagnosis_of_a_resource_without_a_list(hq):
    diagnosis = raw(hq, "configurablereportdata/").headers["X-Mocksrv-Diagnosis"]
    assert diagnosis.startswith("this resource has no list: ask for one object by its id")


def test_both_schemes(hq):
    old, new = (hq.get(path, limit=1).json()["objects"][0] for path in ("v0.5/user/", "user/v1/"))
    assert old["resource_uri"] == f"/a/{hq.name}/api/v0.5/user/{old['id']}/"
    assert new["resource_uri"] == f"/a/{hq.name}/api/user/v1/{old['id']}/"
    assert {**old, "resource_uri": ""} == {**new, "resource_uri": ""}


# --- routes ------------------------------------------------------------------------------------------------

REDIRECTS = [
    ("GET", "api/v0.5/case?limit=2", "api/v0.5/case/?limit=2"),
    ("GET", f"api/v0.5/case/{CASE}", f"api/v0.5/case/{CASE}/"),
    ("GET", "api/v0.5//case?a=%20b", "api/v0.5/case/?a=%20b"),
    ("POST", "api/case/v1", "api/case/v1/"),
    ("DELETE", "api/v0.5/user/x", "api/v0.5/user/x/"),
]


@pytest.mark.parametrize(("method", "path", "location"), REDIRECTS)
@pytest.mark.writes
def test_missing_slash(hq, method, path, location):
    """Before any login."""
    response = requests.request(method, hq.path(path), allow_redirects=False, timeout=30)
    assert (response.status_code, response.content) == (301, b"")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    prefix = re.sub("https?://[^/]+", "", hq.url)
    assert response.headers["Location"] == f"{prefix}/a/{hq.name}/{location}"


@pytest.mark.writes
def test_a_post_that_is_redirected_becomes_a_get(hq):
    response = hq.session.post(hq.path("api/v0.5/user"), json={"username": "lost", "password": "x"}, timeout=30)
    assert (response.status_code, response.request.method) == (200, "GET")


@pytest.mark.parametrize(("lenient", "path", "status", "html"), [
    (False, "api/v0.5/case//{id}/", 404, False), (False, "api/v0.5//case/", 404, True),
    (True, "api/v0.5/case//{id}/", 200, False), (True, "api/v0.5//case/", 200, False),
    (True, "api/v0.5/", 404, False), (True, "api/v0.2/case/", 404, True), (True, "api/v0.5/nothing/", 404, True),
    (True, "api/v0.5/case/%2F{id}/", 404, False),
])
@pytest.mark.mock_only
def test_slashes(mocksrv, hq, lenient, path, status, html):
    mocksrv.set(commcare_lenient_slashes=lenient)
    id = hq.get("v0.5/case/", limit=1).json()["objects"][0]["id"]
    response = hq.call("GET", path.format(id=id))
    assert response.status_code == status
    if status == 404:
        assert response.content == b"" if not html else b"<h1>Not Found</h1>" in response.content


METHODS = [
    ("case/", "GET"), (f"case/{CASE}/", "GET"), ("user/", "GET, POST"), ("user/x/", "GET, PUT, DELETE"),
    ("group/", "GET, POST, PATCH"), ("group/x/", "GET, PUT, DELETE"), ("web-user/x/", "GET, PATCH"),
    ("configurablereportdata/x/", "GET"), ("configurablereportdata/", ""), ("sso/", "POST"),
]


@pytest.mark.parametrize(("path", "allowed"), METHODS)
@pytest.mark.writes
def test_methods(hq, path, allowed):
    """Checked before the login: no credentials here."""
    url = hq.path(f"api/v0.5/{path}")
    options = requests.options(url, timeout=30)
    assert (options.status_code, options.text, options.headers["Allow"]) == (200, allowed, allowed)
    assert options.headers["Access-Control-Allow-Methods"] == allowed
    for method in {"HEAD", "TRACE", "PATCH", "POST"} - set(allowed.split(", ")):
        response = requests.request(method, url, timeout=30)
        assert (response.status_code, response.headers["Allow"]) == (405, allowed)
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.text == ("" if method == "HEAD" else allowed)


@pytest.mark.mock_only
def test_method_override(hq):
    """A POST that says it is a GET is one; a GET that says it is a POST is not let in without a login."""
    response = raw(hq, "case/?limit=1", "POST", **{"X-HTTP-Method-Override": "GET"})
    assert (response.status_code, len(response.json()["objects"])) == (200, 1)
    assert raw(hq, "case/", **{"X-HTTP-Method-Override": "DELETE"}).status_code == 405
    patch = hq.call("POST", "api/v0.5/group/", headers={"X-HTTP-Method-Override": "PATCH"},
                    json={"objects": [{"name": "Overridden"}]})
    assert patch.status_code == 202


@pytest.mark.parametrize("path", ["case/schema/", "user/set/a;b/"])
def test_schema_and_sets_are_broken(hq, path):
    response = raw(hq, path)
    assert (response.status_code, response.json()) == (500, CANNED)


# --- failures and formats ----------------------------------------------------------------------------------


def test_absent_object(hq):
    response = raw(hq, "case/no-such-case/")
    assert (response.status_code, response.content) == (404, b"")
    assert (response.headers["Content-Type"], response.headers["Vary"]) == ("text/html; charset=utf-8", "Accept")


@pytest.mark.parametrize(("body", "kind", "status", "answer"), [
    (b"{", "application/json", 400, {"error": "Request is not valid JSON."}),
    (b"", None, 400, {"error": "Request is not valid JSON."}),
    (b"a=b", "application/x-www-form-urlencoded", 415, CANNED), (b"{}", "application/x-plist", 500, CANNED),
    (b"[1]", "application/json", 500, CANNED),
    (b"[" * 100_000, "application/json", 500, CANNED),
    (b"\xff\xfe", "application/json", 500, CANNED),
    ("{}".encode("utf-16"), "application/json", 500, CANNED),
    (b"\xef\xbb\xbf{}", "application/json", 400, {"error": "Request is not valid JSON."}),
    (b"{}", "text/javascript", 415, CANNED),
    (b"{}", "Application/JSON", 415, CANNED),
    (b"{}", "application/json ; charset=utf-8", 415, CANNED),
    (b"<object/>", "text/xml", 415, CANNED),
    (b"<object>", "application/xml", 400, {"error": ""}),
    (b"<!DOCTYPE object><object/>", "application/xml", 400, {"error": ""}),
    (b'<!DOCTYPE x [<!ENTITY a "b">]><object>&a;</object>', "application/xml", 400, {"error": ""}),
    (b'<object><username type="integer">x</username></object>', "application/xml", 500, CANNED),
])
@pytest.mark.writes
def test_bad_bodies(hq, body, kind, status, answer):
    response = hq.call("POST", "api/v0.5/user/", data=body, headers={"Content-Type": kind} if kind else {})
    assert (response.status_code, response.json()) == (status, answer)


@pytest.mark.writes
def test_a_body_beyond_all_bounds(hq):
    response = hq.call("POST", "api/v0.5/user/", data=b" " * (51 * 1024 * 1024),
                       headers={"Content-Type": "application/json"})
    assert response.status_code == 413


def test_absent_report(hq):
    response = raw(hq, "configurablereportdata/nothing/")
    assert (response.status_code, response.json()) == (404, CANNED)


@pytest.mark.parametrize(("query", "accept", "kind"), [
    ("", "application/json", "application/json"), ("format=xml", "application/json", "application/xml"),
    ("format=csv", "*/*", "application/json"), ("", "image/png", "application/json"),
    ("", "text/html", "application/json"), ("", "application/xml", "application/xml"),
    ("", "application/json;q=0.2, application/xml;q=0.7", "application/xml"),
])
def test_formats(hq, query, accept, kind):
    response = raw(hq, f"user/?{query}", Accept=accept)
    assert (response.status_code, response.headers["Content-Type"]) == (200, f"{kind}; charset=utf-8")


def test_tastypie_leaves_out_the_charset_of_json_only(hq):
    kinds = [raw(hq, f"domain_cases/?format={kind}").headers["Content-Type"] for kind in ("json", "xml")]
    assert kinds == ["application/json", "application/xml; charset=utf-8"]


def test_broken_accept(hq):
    response = raw(hq, "user/", Accept="junk")
    assert (response.status_code, response.json()) == (400, {"error": "Invalid Accept header"})


@pytest.mark.parametrize(("accept", "kind"), [
    (", application/xml,", "xml"), ("*/xml", "xml"), ("APPLICATION/XML", "json"),
    ("application/xml;q=0.1, */*", "json"), ("application/xml;q=0, */*", "json"), ("application/*, text/html", "json"),
    ("application/json;q=0, application/*;q=0.5", "xml"),
])
def test_the_closest_range_says_how_much_a_type_is_wanted(hq, accept, kind):
    assert raw(hq, "user/", Accept=accept).headers["Content-Type"] == f"application/{kind}; charset=utf-8"


def test_form_speaks_only_json(hq):
    assert raw(hq, "form/?format=xml&limit=1").headers["Content-Type"] == "application/json; charset=utf-8"


XML = """<?xml version='1.0' encoding='utf-8'?>
<response><meta type="hash"><limit type="integer">20</limit><next type="null"/><offset type="integer">0</offset>\
<previous type="null"/><total_count type="integer">1</total_count></meta><objects type="list">\
<object id="1f77c0c3e6993b74592b59ccf5d3320c"><default_phone_number type="null"/><email></email>\
<first_name>Ben</first_name><groups type="list"/><last_name>Rudolph</last_name><phone_numbers type="list"/>\
<resource_uri>/a/exi-training/api/v0.5/user/1f77c0c3e6993b74592b59ccf5d3320c/</resource_uri>\
<user_data type="hash"/><username>ben@exi-training.commcarehq.org</username></object></objects></response>"""


def test_xml_of_a_user(hq):
    hq.name = "exi-training"
    assert raw(hq, "user/?format=xml").text == XML


@pytest.mark.mock_only
def test_xml_of_a_case(hq):
    hq.name = "exi-training"
    text = raw(hq, "case/?format=xml").text
    assert re.search(f'<objects type="list"><case case_id="{CASE}" date_modified="2015-11-27 19:34:33.987000" '
                     'user_id="1f77c0c3e6993b74592b59ccf5d3320c" xmlns="http://commcarehq.org/case/transaction/v2">'
                     "<create><case_type>milk</case_type><case_name>whole_milk</case_name>", text)


def test_xml_of_an_error(hq):
    response = raw(hq, "case/?format=xml&limit=-1")
    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/xml; charset=utf-8")
    assert response.text.endswith("Please provide a positive integer &amp;gt;= 0.</error></response>")
