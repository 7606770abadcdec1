"""What CouchDB's clients ask beside documents: views, searches, feeds, refused methods, deletions."""

import pytest

pytestmark = pytest.mark.writes


def test_a_view_by_key_and_by_range(api, places):
    view = "/medic/_design/medic/_view/contacts_by_depth"
    rows = api.ok("POST", view, {"keys": [[places.area], ["nobody"]]})["rows"]
    assert {row["id"] for row in rows} == {places.area, places.clinic, places.person, places.clinic_person}
    near = api.ok("GET", f'{view}?startkey=["{places.area}",0]&endkey=["{places.area}",1]&include_docs=true')["rows"]
    assert [row["key"][1] for row in near] == [0, 1, 1]
    assert {row["doc"]["_id"] for row in near} == {places.area, places.clinic, places.person}


def test_a_view_is_up_to_date_after_each_write(api, unique):
    view = f'/medic/_design/medic-client/_view/doc_by_type?key=["{unique}"]'
    assert api.ok("GET", view)["rows"] == []
    rev = api.ok("PUT", f"/medic/{unique}", {"type": unique})["rev"]
    assert [row["id"] for row in api.ok("GET", view)["rows"]] == [unique]
    api.ok("DELETE", f"/medic/{unique}?rev={rev}")
    assert api.ok("GET", view)["rows"] == []


def test_a_key_that_is_named_often_has_its_rows_as_often(api, unique):
    """Even if that makes more than there are in all."""
    view = "/medic/_design/medic-client/_view/doc_by_type"
    api.ok("PUT", f"/medic/{unique}", {"type": unique})
    rows = api.ok("POST", view, {"keys": [[unique]] * 2000})["rows"]
    assert [row["id"] for row in rows] == [unique] * 2000
    assert len(api.ok("POST", f"{view}?limit=3&skip=1998", {"keys": [[unique]] * 2000})["rows"]) == 2


@pytest.mark.parametrize(("path", "reason"), [
    ("/medic/_design/medic/_view/nope", "missing_named_view"),
    ("/medic/_design/nope/_view/nope", "missing"),
])
def test_views_that_are_not_there(api, path, reason):
    answer = api.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found", "reason": reason})


@pytest.mark.parametrize(("selector", "found"), [
    ({"n": {"$gt": 1}}, [2, 3]),
    ({"n": {"$in": [1, 3]}}, [1, 3]),
    ({"deep.er": {"$exists": True}}, [3]),
    ({"$or": [{"n": 1}, {"list": {"$elemMatch": {"$eq": "b"}}}]}, [1, 2]),
    ({"$not": {"n": {"$lte": 2}}, "n": {"$type": "number"}}, [3]),
    ({"name": {"$regex": "^A"}}, [1]),
    ({"list": {"$size": 2}}, [2]),
    ({"n": {"$mod": [2, 1]}}, [1, 3]),
])
def test_selectors(api, unique, selector, found):
    docs = [{"n": 1, "name": "Akinyi"}, {"n": 2, "list": ["a", "b"]}, {"n": 3, "deep": {"er": None}}]
    api.ok("POST", "/medic/_bulk_docs", {"docs": [{**doc, "_id": f"{unique}-{doc['n']}", "t": unique} for doc in docs]})
    query = {"selector": {"$and": [{"t": unique}, selector]}, "fields": ["n"]}
    answer = api.ok("POST", "/medic/_find", query)
    assert answer["docs"] == [{"n": n} for n in found]
    page = api.ok("POST", "/medic/_find", query | {"limit": 1})
    rest = api.ok("POST", "/medic/_find", query | {"bookmark": page["bookmark"]})
    assert [doc["n"] for doc in page["docs"] + rest["docs"]] == found


def test_sorting_needs_an_index(api, unique):
    api.ok("POST", "/medic/_bulk_docs", {"docs": [{"_id": f"{unique}{n}", "t": unique, unique: -n} for n in range(3)]})
    query = {"selector": {"t": unique}, "sort": [unique], "fields": [unique]}
    refused = api.post("/medic/_find", query)
    assert (refused.status_code, refused.json()["error"]) == (400, "no_usable_index")
    index = {"index": {"fields": [unique]}, "name": unique, "ddoc": unique}
    assert [api.ok("POST", "/medic/_index", index)["result"] for _ in range(2)] == ["created", "exists"]
    assert [doc[unique] for doc in api.ok("POST", "/medic/_find", query)["docs"]] == [-2, -1, 0]
    assert api.ok("DELETE", f"/medic/_index/_design%2F{unique}/json/{unique}") == {"ok": True}
    assert len(api.ok("GET", "/medic/_index")["indexes"]) == 1


def test_local_documents_are_kept_apart(api, unique):
    path = f"/medic/_local/{unique}"
    assert api.ok("PUT", path, {"seq": 1})["rev"] == "0-1"
    assert api.ok("PUT", path, {"seq": 2, "_rev": "0-1"})["rev"] == "0-2"
    assert api.ok("GET", path) == {"_id": f"_local/{unique}", "_rev": "0-2", "seq": 2}
    assert any(row["doc"]["seq"] == 2 for row in api.ok("GET", "/medic/_local_docs?include_docs=true")["rows"])
    assert unique not in api.get("/medic/_all_docs").text
    api.ok("DELETE", path)
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(("method", "path", "methods"), [
    ("PUT", "/medic/_all_docs", "GET,HEAD,POST"),
    ("GET", "/medic/_bulk_docs", "POST"),
    ("PATCH", "/medic/settings", "DELETE,GET,HEAD,POST,PUT,COPY"),
    ("PATCH", "/medic/", "DELETE,GET,HEAD,POST"),
    ("POST", "/_all_dbs", "GET,HEAD"),
])
def test_methods_that_a_path_does_not_have(api, method, path, methods):
    answer = api.request(method, path)
    assert (answer.status_code, answer.json()) == (
        405, {"error": "method_not_allowed", "reason": f"Only {methods} allowed"})


def test_a_database_is_made_and_deleted(api):
    path = "/medic-user-made-meta"
    assert api.get(path + "/").json()["reason"] == "Database does not exist."
    assert api.request("PUT", path).status_code == 201
    assert api.request("PUT", path).json()["error"] == "file_exists"
    api.ok("PUT", f"{path}/a", {"n": 1})
    assert api.ok("GET", path + "/")["doc_count"] == 1
    assert path[1:] in api.ok("GET", "/_all_dbs")
    api.ok("DELETE", path)
    assert path[1:] not in api.ok("GET", "/_all_dbs")
    assert api.request("PUT", path).status_code == 201
    assert api.ok("GET", path + "/")["doc_count"] == 0


def test_the_newest_message_of_each_contact(api, unique):
    """As the application's list of conversations asks for it."""
    view = "/medic/_design/medic-client/_view/messages_by_contact_date"
    sent = [(f"{unique}-b", 30), (f"{unique}-a", 10), (f"{unique}-a", 20), (f"{unique}-b", 5)]
    api.ok("POST", "/medic/_bulk_docs", {"docs": [
        {"_id": f"{contact}-{date}", "type": "data_record", "reported_date": date, "contact": {"_id": contact},
         "sms_message": {"message": "hello"}} for contact, date in sent]})
    span = f'startkey=["{unique}"]&endkey=["{unique}-z"]'

    def newest(query):
        return [(row["key"], row["value"]["id"]) for row in api.ok("GET", f"{view}?{span}&{query}")["rows"]]

    by_contact = [([f"{unique}-a"], f"{unique}-a-20"), ([f"{unique}-b"], f"{unique}-b-30")]
    assert newest("group_level=1") == by_contact
    assert newest("group_level=1&descending=false&limit=1") == by_contact[:1]
    assert newest("") == [(None, f"{unique}-b-30")]
    assert len(newest("group=true")) == 4
    assert [row["key"][1] for row in api.ok("GET", f"{view}?{span}&reduce=false")["rows"]] == [10, 20, 5, 30]


# --- odd names and paths ---


@pytest.mark.parametrize("name", ["api", "admin"])
def test_databases_may_be_called_as_the_api_is(strict, name):
    assert strict.get(f"/{name}/x").status_code == 404
    assert strict.put(f"/{name}").json() == {"ok": True}
    assert name in strict.get("/_all_dbs").json()
    assert strict.delete(f"/{name}/").json() == {"ok": True}
    assert strict.delete(f"/{name}").status_code == 404


def test_a_document_that_is_named_like_a_page(strict):
    made = strict.put("/medic/login", {})
    assert made.status_code == 201
    assert strict.get("/medic/login/").json() == {"_id": "login", "_rev": made.json()["rev"]}
    assert "<form" in strict.get("/medic/login").text
    assert strict.delete(f"/medic/login/?rev={made.json()['rev']}").ok


@pytest.mark.parametrize("path", ["/_session/", "/_session//", "//_session"])
def test_the_session_by_another_path_takes_a_login(strict, path):
    assert strict.get(path).json()["userCtx"]["name"] == "admin"
    assert strict.anonymous().get(path, headers={"Accept": "application/json"}).status_code == 401


def test_members_of_medic_stay_when_their_roles_are_gone(strict):
    before = strict.get("/medic/_security").json()["members"]["roles"]
    roles = strict.get("/api/v1/settings").json()["roles"]
    strict.ok("PUT", "/api/v1/settings?replace=1", {"roles": {**roles, "field_worker": {"name": "x"}}})
    strict.ok("PUT", "/api/v1/settings?replace=1", {"roles": roles})
    assert strict.get("/medic/_security").json()["members"]["roles"] == [*before, "field_worker"]


@pytest.mark.parametrize(("source", "taken"), [
    ("function (doc) { emit(doc._id); }", True), ("doc => { emit('(') }", True),
    ("function (d) { /[(]/.test(d) }", True), ("function (doc) { // it's\n emit(1); }", True),
    ("function(", False), ("emit(1)", False), ("function (d) { ]", False)])
def test_a_view_that_is_no_function(strict, unique, source, taken):
    answer = strict.put(f"/medic/_design/{unique}", {"views": {"v": {"map": source}}})
    assert (answer.status_code == 201) == taken
    if not taken:
        assert answer.status_code == 400
        assert answer.json()["error"] == "compilation_error"
        assert answer.json()["reason"].startswith("Compilation of the map function in the 'v' view failed: ")
        doc = {"_id": f"_design/{unique}", "views": {"v": {"map": source}}}
        (row,) = strict.post("/medic/_bulk_docs", {"docs": [doc]}).json()
        assert row["error"] == "compilation_error"


def test_an_attachment_that_cannot_be_unpacked_fails_a_whole_list(strict, unique):
    """Of a short list, that is: what has been sent of a long one has been sent."""
    strict.ok("PUT", f"/medic/{unique}", {"type": unique, "_attachments": {
        "a": {"content_type": "text/plain", "encoding": "gzip", "data": "eHl6"}}})
    for path, key in (("/medic/_all_docs", f'"{unique}"'),
                      ("/medic/_design/medic-client/_view/doc_by_type", f'["{unique}"]')):
        answer = strict.get(f"{path}?include_docs=true&attachments=true&key={key}")
        if path.endswith("_all_docs"):
            assert (answer.status_code, answer.json()) == (500, {"error": "unknown_error", "reason": "data_error"})
        assert answer.headers["Content-Type"].startswith("application/json")


def test_lists_that_need_not_be_sorted(strict):
    assert {"total_rows", "offset"} <= strict.get("/medic/_all_docs?sorted=false&limit=1").json().keys()
    view = "/medic/_design/medic-client/_view/doc_by_type?sorted=false&limit=1"
    assert strict.get(view).json().keys() == {"rows"}
