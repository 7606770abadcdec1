"""How any answer looks: who is turned away and how, which form an error has, headers, routes."""

import base64
import hashlib
import http.client
import socket
from urllib.parse import urlsplit

import pytest
import requests

JSON = "application/json; charset=utf-8"
NO_DATABASE = '{"error":"not_found","reason":"Database does not exist."}\n'
FIREWALL = {"code": 403, "error": "forbidden", "details": "Offline users are not allowed access to this endpoint"}


def bare(api, path, headers):
    """A GET with this path and these headers exactly: status, headers, text."""
    url = urlsplit(api.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=30)
    connection.putrequest("GET", url.path + path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body


# --- not signed in ---------------------------------------------------------------------------------------------


def test_who_looks_like_a_person_is_sent_to_the_login_page(api):
    status, headers, body = bare(api, "/api/v1/person/abc?x=1", {"User-Agent": "curl/8.5.0"})
    assert status == 302
    prefix = api.url.partition("//")[2].partition("/")[2]
    page = "/medic/login?redirect=%2Fapi%2Fv1%2Fperson%2Fabc%3Fx%3D1"
    assert headers["Location"] == (f"/{prefix}{page}" if prefix else page)
    assert headers["Set-Cookie"] == "login=force; Path=/; SameSite=Lax"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert body == f"Found. Redirecting to {page}"
    assert headers["logout-authorization"] == "CHT-Core API"


@pytest.mark.parametrize("agent", [None, "", "Dalvik/2.1 medic.gateway.sms", "Dalvik/2.1 org.koboc.collect.android"])
def test_programs_without_a_preference_are_prompted(api, agent):
    status, headers, body = bare(api, "/api/v1/person/abc", {} if agent is None else {"User-Agent": agent})
    assert (status, body) == (401, "not logged in")
    assert headers["Content-Type"] == "text/plain"
    assert headers["WWW-Authenticate"] == 'Basic realm="Medic Web Services"'


def test_json_clients_get_json_without_a_prompt(api):
    answer = api.anonymous().get("/api/v1/person/abc")
    assert (answer.status_code, answer.text) == (401, '{"code":401,"error":"unauthorized"}')
    assert answer.headers["Content-Type"] == JSON
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.release(until="4.22")
@pytest.mark.parametrize(("accept", "kind", "body"), [
    ("text/html", "text/html; charset=utf-8", "<p>Found. Redirecting to /medic/login?redirect=%2Fdbinfo</p>"),
    ("image/png", None, ""),
])
def test_the_redirect_speaks_html_or_nothing(api, accept, kind, body):
    status, headers, text = bare(api, "/dbinfo", {"User-Agent": "Mozilla/5.0", "Accept": accept})
    assert (status, headers.get("Content-Type"), text) == (302, kind, body)


@pytest.mark.parametrize("header", [
    "basic " + base64.b64encode(b"admin:pass").decode(),  # the scheme's letter case counts
    "Basic " + base64.b64encode(b"admin").decode(),
    "Basic " + base64.b64encode(b"admin:wrong").decode(),
    "Bearer abc",
])
def test_credentials_that_do_not_count(api, header):
    answer = requests.get(f"{api.url}/dbinfo", headers={"Authorization": header, "Accept": "application/json"},
                          timeout=30)
    assert (answer.status_code, answer.json()) == (401, {"code": 401, "error": "unauthorized"})


@pytest.mark.parametrize("header", ["Basic %%%", "Basic YWRtaW46cGFzcw", "Basic !!!"])  # the second lacks its padding
def test_credentials_that_couchdb_cannot_read(api, header):
    def get(path):
        return requests.get(f"{api.url}{path}", timeout=30, headers={"Authorization": header,
                                                                     "Accept": "application/json"})

    reason = "Authorization header has invalid base64 value"
    for path in ("/dbinfo", "/_session", "/medic/_local/x"):  # paths that everybody is sent on from
        answer = get(path)
        assert (answer.status_code, answer.json()) == (400, {"error": "bad_request", "reason": reason})
        assert answer.headers["WWW-Authenticate"] == "Cookie"
    inner = f'{{"error":"bad_request","reason":"{reason}"}}'
    for path in ("/api/v1/person", "/medic/x"):
        assert get(path).json() == {"code": 400, "error": f"400 - {inner}"}
    assert get("/api/v1/forms").status_code == 401  # this one only asks whether somebody is signed in


# --- the form of errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accept", "json"), [
    (None, False), ("*/*", False), ("text/plain", False), ("image/png", False), ("text/plain, application/json", False),
    ("application/json", True), ("application/*", True), ("application/json, text/plain, */*", True),
    ("*/*, application/json", True), ("application/json;q=0.5, text/plain", False),
    ("application/json;q=0.5, */*;q=0.1", True), ("application/json;charset=utf-8", False),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
])
def test_errors_are_text_unless_json_is_preferred(api, accept, json):
    headers = {"Accept": accept}
    answer = requests.get(f"{api.url}/api/v1/person/nobody", auth=api.auth, headers=headers, timeout=30)
    assert answer.status_code == 404
    expected = (JSON, '{"code":404,"error":"Person not found"}') if json else ("text/plain", "Person not found")
    assert (answer.headers["Content-Type"], answer.text) == expected


@pytest.mark.mock_only
def test_the_page_promises_json_errors(api, mocksrv):
    mocksrv.plant(size=0, cht_conformance="page")
    answer = api.taking("*/*").get("/api/v1/person/nobody")
    assert answer.text == '{"code":404,"error":"Person not found"}'


# --- body types ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json; charset=utf-8",
                                  "application/x-www-form-urlencoded"])
def test_strict_endpoints_take_exactly_one_content_type_and_say_so_before_they_ask_who_you_are(api, kind):
    answer = requests.post(f"{api.url}/api/v1/people", b'{"name":"x"}', timeout=30,
                           headers={"Accept": "application/json"} | ({"Content-Type": kind} if kind else {}))
    assert answer.status_code == 400
    assert answer.json() == {"code": 400, "error": "Content-Type must be application/json"}


@pytest.mark.parametrize("body", [b"{", b'"text"', b"5", b"null", b"{'a': 1}", b'{"a": NaN}', b"\xff\xfe{\x00}\x00"])
def test_what_is_not_a_json_object_or_array_is_a_server_error(api, body):
    answer = api.post("/api/v1/people", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (500, {"code": 500, "error": "Server error"})


def test_a_body_may_have_a_byte_order_mark_or_be_packed(api):
    import gzip

    kind = {"Content-Type": "application/json"}
    marked = api.post("/api/v1/hydrate", data=b'\xef\xbb\xbf{"doc_ids":[]}', headers=kind)
    packed = api.post("/api/v1/hydrate", data=gzip.compress(b'{"doc_ids":[]}'),
                      headers=kind | {"Content-Encoding": "gzip"})
    assert (marked.json(), packed.json()) == ([], [])


@pytest.mark.parametrize("headers", [{"Content-Encoding": "foo"}, {"Content-Type": "application/json; charset=foo"}])
def test_an_encoding_that_the_server_does_not_know(api, headers):
    answer = api.post("/api/v1/hydrate", data=b"{}", headers={"Content-Type": "application/json"} | headers)
    assert (answer.status_code, answer.json()) == (500, {"code": 500, "error": "Server error"})


def test_a_body_over_32_mb(api):
    body = b" " * (32 * 1024 * 1024 + 1)
    answer = api.post("/api/v1/hydrate", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (413, {"code": 413, "error": "Payload Too Large"})


@pytest.mark.mock_only
def test_a_body_that_is_announced_as_too_long_is_refused_unread(api):
    url = urlsplit(api.url)
    head = (f"POST {url.path}/api/v1/hydrate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic YWRtaW46cGFzcw==\r\n"
            "Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: 34603024\r\n\r\n")
    with socket.create_connection((url.hostname, url.port), 10) as client, client.makefile("rb") as answer:
        client.sendall(head.encode())
        assert answer.readline().split()[1] == b"413"


# --- routes ----------------------------------------------------------------------------------------------------


@pytest.mark.release(until="4.22")
@pytest.mark.parametrize("path", ["/api", "/api/v1/nothing", "/nothing/at/all", "/api/v1/person/", "//api/v1/person/x",
                                  "/api/v1/person/a/b", "/api/v9/users"])
def test_what_the_api_does_not_own_is_a_database_that_is_not_there(api, path):
    answer = api.get(path)
    assert (answer.status_code, answer.text) == (404, NO_DATABASE)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["WWW-Authenticate"] == "Cookie"
    assert answer.headers["Server"] == "CouchDB/3.3.3 (Erlang OTP/25)"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_wrong_method_is_an_unknown_path(api, method):
    assert api.request(method, "/api/v1/contacts-by-phone/x").text == NO_DATABASE


@pytest.mark.parametrize("path", ["/API/V1/Person/x", "/api/v1/PERSON/x"])
def test_letter_case_of_the_path_does_not_count(api, path):
    assert api.get(path).json() == {"code": 404, "error": "Person not found"}


@pytest.mark.writes
def test_letter_case_of_an_id_does(api, unique):
    api.ok("PUT", f"/medic/{unique}-Ab", {"type": "person", "name": "x"})
    assert api.get(f"/API/v1/Person/{unique}-Ab").json()["_id"] == f"{unique}-Ab"
    assert api.get(f"/api/v1/person/{unique}-ab").status_code == 404


@pytest.mark.release(until="4.22")
def test_repeated_slashes_count_everywhere_but_below_medic(api):
    assert api.anonymous().get("//medic//login").status_code == 200
    assert api.get("/api//v1/person/x").text == NO_DATABASE


@pytest.mark.parametrize("path", ["/api/v1/person/%zz", "/api/v1/person/%E0%A4%A"])
def test_a_broken_escape_in_a_parameter(api, path):
    status, _, body = bare(api, path, {"Accept": "application/json"})
    assert (status, body) == (500, '{"code":500,"error":"Server error"}')


@pytest.mark.writes
def test_offline_users_meet_the_firewall(api, places, unique):
    worker = add_user(api, unique, ["chw"], places)
    for path in ("/api/v1/hydrate?doc_ids=[]", "/api/v1/contacts-by-phone", "/api/v1/nothing", "/_all_dbs", "/medic/"):
        answer = worker.taking("text/plain").get(path)
        assert (answer.status_code, answer.json()) == (403, FIREWALL), path
        assert answer.headers["Content-Type"] == JSON
    assert worker.get("/api/v1/person/x").json() == {"code": 403, "error": "Insufficient privileges"}


def add_user(api, name, roles, places):
    api.ok("POST", "/api/v1/users", {"username": name, "password": "Kisumu_2024", "roles": roles,
                                     "place": places.area, "contact": places.person})
    return api.as_user(name)


@pytest.mark.writes
def test_permissions_come_from_the_live_settings(api, places, unique):
    clerk = add_user(api, unique, ["data_entry"], places)
    path = f"/api/v1/person/{places.person}"
    refused = clerk.get(path)
    assert (refused.status_code, refused.json()) == (403, {"code": 403, "error": "Insufficient privileges"})
    before = api.ok("GET", "/api/v1/settings")["permissions"]
    try:
        api.ok("PUT", "/api/v1/settings", {"permissions": {"can_view_contacts": ["data_entry"]}})
        assert clerk.get(path).status_code == 200
    finally:
        api.ok("PUT", "/api/v1/settings?replace=true", {"permissions": before})
    assert clerk.get(path).status_code == 403


# --- headers ---------------------------------------------------------------------------------------------------


def test_json_answers_have_an_etag_that_saves_the_body(api):
    first = api.get("/api/info")
    digest = base64.b64encode(hashlib.sha1(first.content).digest()).decode()
    assert first.headers["ETag"] == f'W/"{len(first.content):x}-{digest[:27]}"'
    again = api.get("/api/info", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    fresh = api.get("/api/info", headers={"If-None-Match": first.headers["ETag"], "Cache-Control": "no-cache"})
    assert fresh.status_code == 200


def test_head_is_get_without_a_body(api):
    get, head = api.get("/api/info"), api.request("HEAD", "/api/info")
    assert head.content == b""
    names = ("Content-Type", "Content-Length", "ETag", "Vary", "X-Frame-Options")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]


def test_security_headers_are_on_every_answer(api):
    for answer in (api.get("/api/info"), api.get("/api/v1/nothing"), api.anonymous().get("/api/v1/person")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Vary"] == "Accept-Encoding"


# --- start-up --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "status", "part"), [
    ("/api/info", 200, '{"version":"0.1.0"}'),
    ("/setup/poll", 200, '"handler":"medic-api","version":"0.1.0"'),
    ("/setup", 503, "Setup services are not currently available"),
    ("/setup/finish", 200, "Setup services are not currently available"),
    ("/api/v1/startup-progress", 200, '"completed":true}'),
    ("/.well-known/assetlinks.json", 404, "No assetlinks.json configured"),
    ("/", 200, "<!DOCTYPE html>"),
    ("/robots.txt", 200, "User-agent: *"),
    ("/login", 301, "Redirecting to /login/"), ("/service-worker.js", 200, ""), ("/manifest.json", 200, "start_url"),
    ("/medic/login", 200, "<form"),
])
def test_what_needs_no_login(api, path, status, part):
    answer = api.anonymous().taking("text/html").get(path)
    assert answer.status_code == status
    assert part in answer.text


def test_the_root_is_couchdb_for_json_clients(api):
    assert api.get("/").json()["couchdb"] == "Welcome"
    assert api.get("/").json() == api.get("/dbinfo").json()
    assert api.anonymous().get("/").status_code == 401


def test_the_release_is_told_by_deploy_info(api):
    major, minor, _ = api.get("/api/deploy-info").json()["version"].split(".")
    assert (int(major), int(minor)) >= (4, 7)  # what cht-user-management asks for


# --- faults ----------------------------------------------------------------------------------------------------


@pytest.mark.mock_only
@pytest.mark.parametrize(("status", "error"), [
    (401, "unauthorized"), (403, "Insufficient privileges"), (404, "missing"), (409, "Document update conflict."),
    (429, "Too Many Requests"), (500, "Server error"), (503, "Server error"),
])
def test_a_fault_has_the_usual_words(api, mocksrv, status, error):
    mocksrv.fault(operation="api_info", status=status, times=1)
    answer = api.get("/api/info")
    assert (answer.status_code, answer.json()) == (status, {"code": status, "error": error})
    assert api.get("/api/info").status_code == 200


# --- failed logins ---------------------------------------------------------------------------------------------


@pytest.mark.mock_only
def test_ten_failed_logins_in_ten_seconds(api, mocksrv):
    mocksrv.clock.freeze()
    wrong = api.as_user("admin", "wrong")
    assert [wrong.get("/dbinfo").status_code for _ in range(12)] == [401] * 10 + [429] * 2
    assert wrong.taking("*/*").get("/dbinfo").text == "Too Many Requests"
    limited = api.get("/dbinfo")  # right credentials, but the address and the name have no points left
    assert (limited.status_code, limited.json()) == (429, {"code": 429, "error": "Too Many Requests"})
    assert "X-Frame-Options" not in limited.headers  # refused before anything else is done
    assert api.anonymous().get("/api/info").status_code == 200  # no credentials, no limit
    mocksrv.clock.advance(10)
    assert wrong.get("/dbinfo").status_code == 401
    assert api.get("/dbinfo").status_code == 200


@pytest.mark.mock_only
def test_redirects_to_the_login_page_cost_nothing(api, mocksrv):
    mocksrv.clock.freeze()
    human = api.as_user("admin", "wrong").taking("*/*")
    assert [human.get("/dbinfo").status_code for _ in range(12)] == [302] * 12
    assert api.get("/dbinfo").status_code == 200


@pytest.mark.mock_only
def test_addresses_are_counted_apart(api, mocksrv):
    mocksrv.clock.freeze()
    wrong = api.as_user("someone", "wrong")
    for _ in range(10):
        wrong.get("/dbinfo", headers={"X-Forwarded-For": "10.0.0.1, 10.9.9.9"})
    assert api.get("/dbinfo", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 429
    assert api.get("/dbinfo", headers={"X-Forwarded-For": "10.0.0.2"}).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/admin"])
def test_folders_of_static_files_end_with_a_slash(api, path):
    answer = api.get(path)
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith(f"{path}/")
    assert f"<pre>Redirecting to {path}/</pre>" in answer.text
