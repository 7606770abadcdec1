"""Documents as CouchDB serves them: revisions, conflicts, tombstones, lists; and who may see what."""

import base64
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.writes
CONFLICT = {"error": "conflict", "reason": "Document update conflict."}


def couch(answer, status, error, reason):
    assert (answer.status_code, answer.json()) == (status, {"error": error, "reason": reason})


@pytest.mark.release(until="4.20")
def test_a_life(api, unique):
    path = f"/medic/{unique}"
    couch(api.get(path), 404, "not_found", "missing")
    made = api.put(path, {"a": 1})
    first = "1-23202479633c2b380f79507a776743d5"
    assert (made.status_code, made.text) == (201, f'{{"ok":true,"id":"{unique}","rev":"{first}"}}\n')
    assert (made.headers["ETag"], made.headers["Location"]) == (f'"{first}"', api.url + path)
    assert made.headers["Content-Type"] == "application/json"
    assert "WWW-Authenticate" not in made.headers  # writes do not pass the plain proxy

    got = api.get(path)
    assert got.text == f'{{"_id":"{unique}","_rev":"{first}","a":1}}\n'
    assert (got.headers["ETag"], got.headers["WWW-Authenticate"]) == (f'"{first}"', "Cookie")
    assert api.get(path, headers={"If-None-Match": f'"{first}"'}).status_code == 304

    assert api.put(path, {"a": 2}).json() == CONFLICT
    assert api.put(path, {"a": 2, "_rev": "1-00000000000000000000000000000000"}).status_code == 409
    second = api.ok("PUT", path, {"a": 2, "_rev": first})["rev"]
    third = api.ok("PUT", f"{path}?rev={second}", {"a": 3})["rev"]
    assert (second[:2], third[:2]) == ("2-", "3-")

    assert api.delete(path).json() == CONFLICT
    assert api.delete(f"{path}?rev={first}").json() == CONFLICT
    gone = api.ok("DELETE", f"{path}?rev={third}")
    assert gone == {"ok": True, "id": unique, "rev": gone["rev"]}
    couch(api.get(path), 404, "not_found", "deleted")
    couch(api.delete(f"{path}?rev={gone['rev']}"), 404, "not_found", "deleted")

    again = api.ok("PUT", path, {"a": 4})["rev"]  # a new life goes on counting
    assert again.startswith("5-")
    history = api.ok("GET", f"{path}?revs=true")["_revisions"]
    assert (history["start"], len(history["ids"])) == (5, 5)
    known = api.ok("GET", f"{path}?revs_info=true")["_revs_info"]
    assert [one["status"] for one in known] == ["available", "deleted", *["available"] * 3]


def test_if_match_is_a_revision_too(api, unique):
    rev = api.ok("PUT", f"/medic/{unique}", {"a": 1})["rev"]
    assert api.put(f"/medic/{unique}", {"a": 2}, headers={"If-Match": f'"{rev}"'}).status_code == 201


def test_an_id_is_made_and_grows(api):
    first, second = (api.ok("POST", "/medic", {"type": "x"})["id"] for _ in range(2))
    assert len(first) == 32
    assert first < second
    assert api.post("/medic/", {"type": "x"}).status_code == 201


def test_an_id_may_hold_a_slash_or_a_colon(api, unique):
    api.ok("PUT", f"/medic/form%3A{unique}%2Fx", {"a": 1})
    assert api.ok("GET", f"/medic/form%3A{unique}%2Fx?")["_id"] == f"form:{unique}/x"  # PouchDB ends with "?"


@pytest.mark.parametrize(("method", "path", "body", "status", "error", "reason"), [
    ("PUT", "/medic/_x", {}, 400, "illegal_docid", "Only reserved document ids may start with underscore."),
    ("POST", "/medic", {"_id": ""}, 400, "illegal_docid", "Document id must not be empty"),
    ("POST", "/medic", {"_id": 5}, 400, "illegal_docid", "Document id must be a string"),
    ("PUT", "/medic/x", {"_foo": 1}, 400, "doc_validation", "Bad special document member: _foo"),
    ("PUT", "/medic/x", [1], 400, "bad_request", "Document must be a JSON object"),
    ("PUT", "/medic/x", {"_rev": "x"}, 400, "bad_request", "Invalid rev format"),
    ("GET", "/medic/settings?rev=x", None, 400, "bad_request", "Invalid rev format"),
    ("GET", "/medic/settings?rev=9-abc", None, 404, "not_found", "missing"),
    ("GET", "/nowhere/x", None, 404, "not_found", "Database does not exist."),
    ("PUT", "/medic/x", {"_attachments": {"a": {"stub": True}}}, 412, "missing_stub",
     "Invalid attachment stub in x for a"),
    ("GET", "/medic/_nothing", None, 404, "not_found", "missing"),
    ("GET", "/medic/x/y/z", None, 404, "not_found", "missing"),
    ("POST", "/medic/_bulk_docs", {}, 400, "bad_request", "POST body must include `docs` parameter."),
    ("POST", "/medic/_bulk_docs", {"docs": 5}, 400, "bad_request", "`docs` parameter must be an array."),
    ("POST", "/medic/_bulk_docs", {"docs": [5]}, 400, "bad_request", "Document must be a JSON object"),
    ("POST", "/medic/_bulk_docs", {"docs": [{"_id": "x"}], "new_edits": False}, 400, "bad_request",
     "When `new_edits: false`, the document needs `_rev` or `_revisions` specified"),
    ("PUT", "/medic/x", {"_deleted": 1}, 400, "doc_validation", "Bad special document member: _deleted"),
    ("PUT", "/medic/x", {"_revisions": {"ids": ["a"]}}, 400, "doc_validation", "_revisions.start isn't an integer."),
    ("PUT", "/medic/x", {"_revisions": {"start": 1}}, 400, "doc_validation", "_revisions.ids isn't a array."),
    ("PUT", "/medic/x", {"_revisions": {"start": 1, "ids": [5]}}, 400, "doc_validation", "RevId isn't a string"),
    ("POST", "/medic/_bulk_docs", {"new_edits": False, "docs": [
        {"_id": "x", "_rev": "1-a", "_revisions": {"start": 1, "ids": ["x" * 32]}}]}, 400, "doc_validation",
     "RevId isn't a valid hexadecimal"),
    ("GET", "/medic/_all_docs?limit=-1", None, 400, "query_parse_error", "Invalid value for positive integer: \"-1\""),
    ("GET", "/medic/_all_docs?startkey=a", None, 400, "bad_request", "invalid UTF-8 JSON"),
    ("GET", "/medic/_all_docs?descending=1", None, 400, "query_parse_error", "Invalid boolean parameter: \"1\""),
    ("POST", "/medic/_all_docs", {"keys": 5}, 400, "bad_request", "`keys` body member must be an array."),
    ("GET", "/medic/_all_docs?keys=5", None, 400, "bad_request", "`keys` parameter must be an array."),
    ("PUT", "/medic/settings?rev=1-a", {"_rev": "2-b"}, 400, "bad_request",
     "Document rev from request body and query string have different values"),
])
def test_what_couchdb_refuses(api, method, path, body, status, error, reason):
    couch(api.request(method, path, body), status, error, reason)


def test_a_body_that_is_no_json(api):
    kind = {"Content-Type": "application/json"}
    for method, path in (("PUT", "/medic/x"), ("POST", "/medic"), ("POST", "/medic/_bulk_docs")):
        answer = api.request(method, path, data=b"{", headers=kind)
        assert answer.json() == {"code": 500, "error": "Server error"}  # the API reads it before it passes it on
    for method, path in (("PUT", "/medic-logs/x"), ("POST", "/medic-logs"), ("POST", "/medic/_revs_diff")):
        couch(api.request(method, path, data=b"{", headers=kind), 400, "bad_request", "invalid UTF-8 JSON")


def test_a_body_that_does_not_say_that_it_is_json(api, unique):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    rev = api.ok("PUT", f"/medic/{unique}", data=b'{"a":1}', headers=form)["rev"]
    assert api.doc(unique) == {"_id": unique, "_rev": rev}  # the API passes on what it has read: nothing
    couch(api.request("POST", "/medic/_bulk_docs", data=b'{"docs":[]}', headers=form), 400, "bad_request",
          "POST body must include `docs` parameter.")
    for path in ("/medic-logs", "/medic-logs/_bulk_docs", "/medic/_revs_diff"):
        couch(api.request("POST", path, data=b"{}", headers=form), 415, "bad_content_type",
              "Content-Type must be application/json")


# --- many ------------------------------------------------------------------------------------------------------


def test_bulk_docs_fail_one_by_one(api, unique):
    rows = api.ok("POST", "/medic/_bulk_docs", {"docs": [{"_id": f"{unique}-a"}, {"_id": f"{unique}-a"}, {"x": 1}]})
    assert rows[0]["rev"] == "1-967a00dff5e02add41819138abb3284d"
    assert rows[1] == {"id": f"{unique}-a", "error": "conflict", "reason": "Document update conflict."}
    assert len(rows[2]["id"]) == 32


@pytest.mark.release(until="4.20")
def test_bulk_docs_can_bring_their_revisions(api, unique):
    rev = "3-0123456789abcdef0123456789abcdef"
    answer = api.post("/medic/_bulk_docs", {"docs": [{"_id": unique, "_rev": rev, "a": 1}], "new_edits": False})
    assert (answer.status_code, answer.text) == (201, "[]\n")
    assert api.doc(unique) == {"_id": unique, "_rev": rev, "a": 1}


@pytest.fixture
def letters(api, unique):
    """Documents a to e, of which c is deleted."""
    rows = api.ok("POST", "/medic/_bulk_docs", {"docs": [{"_id": f"{unique}-{x}"} for x in "abcde"]})
    api.ok("DELETE", f"/medic/{unique}-c?rev={rows[2]['rev']}")
    return unique


@pytest.mark.parametrize(("query", "found"), [
    ('startkey="{0}-a"&endkey="{0}-z"', "abde"), ('startkey="{0}-b"&endkey="{0}-d"', "bd"),
    ('start_key="{0}-b"&end_key="{0}-d"&inclusive_end=false', "b"), ('startkey="{0}-a"&endkey="{0}-z"&limit=2', "ab"),
    ('startkey="{0}-a"&endkey="{0}-z"&skip=1&limit=2', "bd"),
    ('startkey="{0}-z"&endkey="{0}-a"&descending=true', "edba"),
    ('startkey="{0}-z"&endkey="{0}-a"&descending=true&inclusive_end=false', "edb"),
    ('startkey="{0}-z"&endkey="{0}-a"', ""), ('key="{0}-b"', "b"), ('key="{0}-c"', ""), ("limit=0", ""),
])
def test_all_docs(api, letters, query, found):
    body = api.ok("GET", "/medic/_all_docs?" + query.format(letters))
    assert [row["key"] for row in body["rows"]] == [f"{letters}-{x}" for x in found]
    assert body["total_rows"] > 4


def test_all_docs_by_keys_keep_their_order(api, letters):
    keys = [f"{letters}-{x}" for x in "bcxb"]
    rows = api.ok("POST", "/medic/_all_docs?include_docs=true", {"keys": keys})["rows"]
    assert rows[0] == rows[3] == {"id": keys[0], "key": keys[0], "value": {"rev": rows[0]["value"]["rev"]},
                                  "doc": api.doc(keys[0])}
    assert rows[1] == {"id": keys[1], "key": keys[1], "value": {"rev": rows[1]["value"]["rev"], "deleted": True},
                       "doc": None}
    assert rows[2] == {"key": keys[2], "error": "not_found"}


def test_the_layout_of_a_list_is_couchdbs(api, letters):
    answer = api.get(f'/medic/_all_docs?startkey="{letters}-a"&limit=2')
    lines = answer.text.split("\r\n")
    assert lines[0].startswith('{"total_rows":')
    assert lines[1].endswith(",")
    assert lines[-1] == "]}\n"
    assert (answer.headers["Transfer-Encoding"], answer.headers["Content-Type"]) == ("chunked", "application/json")


# --- attachments -----------------------------------------------------------------------------------------------


def test_an_attachment_becomes_a_stub_that_the_next_version_keeps(api, unique):
    content = b"<a/>"
    given = {"xml": {"content_type": "application/xml", "data": base64.b64encode(content).decode()}}
    rev = api.ok("PUT", f"/medic/{unique}", {"_attachments": given})["rev"]
    stub = api.doc(unique)["_attachments"]["xml"]
    assert (stub["content_type"], stub["revpos"], stub["length"], stub["stub"]) == ("application/xml", 1, 4, True)
    api.ok("PUT", f"/medic/{unique}", {"_rev": rev, "_attachments": {"xml": stub}})
    full = api.ok("GET", f"/medic/{unique}?attachments=true")["_attachments"]["xml"]
    assert base64.b64decode(full["data"]) == content
    assert full["digest"] == stub["digest"]
    couch(api.put(f"/medic/{unique}-2", {"_attachments": {"a": {"data": "%"}}}), 400, "bad_request",
          "Invalid attachment data for a")


# --- databases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("id", "encoded"), [
    ("{}-😀 ~x", "{}-%F0%9F%98%80%20%7Ex"), ("{}:a.b_c", "{}:a.b_c"), ("_local/{}-é", "_local%2F{}-%C3%A9"),
    ("{}\r\nx: y", "{}%0D%0Ax:%20y")])
def test_the_place_of_a_document_is_encoded_as_by_couchdb(api, unique, id, encoded):
    answer = api.put(f"/medic/{'_local/' if id.startswith('_local') else ''}"
                     + quote(id.format(unique).removeprefix("_local/"), safe=""), {})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{api.url}/medic/{encoded.format(unique)}"


@pytest.mark.parametrize(("sent", "header"), [
    ("text/x; name=☃", "text/x; name=☃".encode().decode("latin-1")), ("text/x\r\nX-Y: z", "text/x  X-Y: z")])
def test_an_attachment_of_an_odd_type_can_be_read(api, unique, sent, header):
    api.ok("PUT", f"/medic/{unique}", {"_attachments": {"f": {"content_type": sent, "data": "aGk="}}})
    answer = api.get(f"/medic/{unique}/f")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, header, b"hi")


def test_the_type_of_an_attachment_is_text(api, unique):
    answer = api.put(f"/medic/{unique}", {"_attachments": {"f": {"content_type": 5, "data": "aGk="}}})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_medic_is_a_redirect_and_medic_slash_the_database(api):
    answer = api.anonymous().taking("*/*").get("/medic")
    assert (answer.status_code, answer.text) == (302, "Found. Redirecting to /medic/")
    info = api.ok("GET", "/medic/")
    assert (info["db_name"], info["doc_count"] > 10) == ("medic", True)
    assert info["update_seq"].partition("-")[0].isdigit()
    assert api.ok("GET", "/_users")["db_name"] == "_users"


def test_a_deleted_document_is_counted_apart(api, unique):
    before = api.ok("GET", "/medic/")
    rev = api.ok("PUT", f"/medic/{unique}", {})["rev"]
    api.ok("DELETE", f"/medic/{unique}?rev={rev}")
    after = api.ok("GET", "/medic/")
    assert after["doc_count"] == before["doc_count"]
    assert after["doc_del_count"] == before["doc_del_count"] + 1
    assert int(after["update_seq"].partition("-")[0]) == int(before["update_seq"].partition("-")[0]) + 2


def test_the_databases(api):
    names = api.ok("GET", "/_all_dbs")
    assert {"_users", "medic", "medic-logs", "medic-sentinel", "medic-users-meta", "medic-vault"} <= set(names)
    assert names == sorted(names)


@pytest.mark.mock_only
def test_a_new_installation_has_its_documents(api, mocksrv):
    mocksrv.plant(size=0)
    ids = {row["id"] for row in api.ok("GET", "/medic/_all_docs")["rows"]}
    assert {"settings", "branding", "resources", "service-worker-meta", "messages-en", "_design/medic-client"} <= ids


# --- who may ---------------------------------------------------------------------------------------------------


@pytest.fixture
def account(api, unique, places):
    """Makes an account of a role and gives its client."""
    def make(role):
        name = f"{unique}-{role}".replace("_", "-")
        api.ok("POST", "/api/v1/users", {"username": name, "password": "Kisumu_2024", "roles": [role],
                                         "place": places.area, "contact": places.person})
        return api.as_user(name)

    return make


def test_other_databases_are_for_admins(account, unique):
    clerk = account("data_entry")
    own = f"/_users/org.couchdb.user:{clerk.auth[0]}"
    for path in (own, "/_users/org.couchdb.user:admin", "/medic-logs/x", "/medic-vault/_all_docs"):
        couch(clerk.get(path), 403, "forbidden", "You are not allowed to access this db.")
    for method, path in (("GET", "/_all_dbs"), ("PUT", f"/{unique}"), ("DELETE", "/medic"), ("GET", "/_dbs_info")):
        answer = clerk.request(method, path)
        assert (answer.status_code, answer.json()) == (401, {"code": 401, "error": "unauthorized"})
        assert answer.headers["WWW-Authenticate"] == "Cookie"


@pytest.mark.release(until="4.20")
def test_writing_takes_can_edit(api, account, unique):
    answer = account("data_entry").put(f"/medic/{unique}", {})
    assert (answer.status_code, answer.json()) == (500, {"code": 500, "error": "Server error"})  # 403 from 4.20 on
    assert account("gateway").put(f"/medic/{unique}", {}).status_code == 201


def test_what_the_database_forbids_to_all_but_admins(api, account, unique):
    officer = account("gateway")
    settings, own = api.doc("settings"), api.doc(f"org.couchdb.user:{officer.auth[0]}")
    cases = [
        ("settings", settings | {"x": 1}, "You are not authorized to edit admin only docs"),
        (f"form:{unique}", {"type": "form"}, "You are not authorized to edit admin only docs"),
        (f"_design/{unique}", {}, "You are not a db or server admin."),
        (f"org.couchdb.user:{unique}", {"type": "user-settings"}, "You are not authorized to create user-settings"),
        (own["_id"], own | {"roles": ["_admin"]}, "You are not authorized to edit roles"),
        (unique, {"purged": True}, "Purged documents should not be written to CouchDB!"),
    ]
    for id, doc, reason in cases:
        couch(officer.put(f"/medic/{id}", doc), 403, "forbidden", reason)
        (row,) = officer.ok("POST", "/medic/_bulk_docs", {"docs": [doc | {"_id": id}]})
        assert row == {"id": id, "error": "forbidden", "reason": reason}
    couch(officer.delete(f"/medic/settings?rev={settings['_rev']}"), 403, "forbidden", cases[0][2])
    couch(api.put(f"/medic/{unique}", {"purged": True}), 403, "forbidden", cases[5][2])
    assert officer.put(f"/medic/{own['_id']}", own | {"fullname": "x"}).status_code == 201


@pytest.mark.parametrize("path", ["_changes", "_find", "_bulk_get", "_revs_diff", "_all_docs", "_bulk_docs"])
def test_a_body_that_is_no_json_is_couchdbs_to_refuse(api, path):
    answer = api.post(f"/medic-sentinel/{path}", data=b"\x00", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"error": "bad_request", "reason": "invalid UTF-8 JSON"})


def test_a_document_that_is_asked_for_without_an_id_has_none(api):
    (found,) = api.ok("POST", "/medic/_bulk_get", {"docs": [{"rev": "1-a"}]})["results"]
    assert (found["id"], list(found["docs"][0])) == (None, ["error"])


@pytest.mark.parametrize("member", [{"_deleted": "x"}, {"_attachments": 5}, {"_secret": 1}])
def test_local_documents_keep_no_special_members_either(api, unique, member):
    answer = api.put(f"/medic/_local/{unique}", member)
    (name,) = member
    assert (answer.status_code, answer.json()) == (
        400, {"error": "doc_validation", "reason": f"Bad special document member: {name}"})
    assert api.get(f"/medic/_local/{unique}").status_code == 404


@pytest.mark.parametrize(("method", "path", "body"), [
    ("PUT", "/medic/half", '{"a": "\\ud800"}'), ("POST", "/medic", '{"\\udc00": 1}'),
    ("PUT", "/medic-logs/half", '{"a": "\\ud800 x"}'),
    ("POST", "/medic/_bulk_docs", '{"docs": [{"_id": "whole"}, {"_id": "half", "a": ["\\ud800"]}]}')])
def test_half_of_a_surrogate_pair_is_no_text(api, method, path, body):
    answer = api.request(method, path, None, data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"error": "bad_request", "reason": "invalid UTF-8 JSON"})
    assert api.get("/medic/whole").status_code == 404
    assert api.get("/medic/half").status_code == 404


def test_half_of_a_surrogate_pair_in_a_person(api, places):
    body = f'{{"name": "\\ud800", "place": "{places.clinic}"}}'
    answer = api.request("POST", "/api/v1/people", None, data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"code": 400, "error": "invalid UTF-8 JSON"})
