"""Shows, lists and updates of design documents: JavaScript that writes the answer."""

from __future__ import annotations

import pytest

DESIGN = {
    "lib": {"names": "exports.loud = name => name.toUpperCase();"},
    "views": {"by_kg": {"map": "function(doc) { emit(doc.kg, doc._id); }", "reduce": "_count"}},
    "shows": {
        "plain": "function(doc, req) { return doc ? doc.kg + ' kg' : 'nothing ' + req.id; }",
        "name": """function(doc) {
            return { json: { name: require('lib/names').loud(doc._id) }, headers: { 'X-A': 'b' } }; }""",
        "must": "function(doc) { return doc.kg; }",
        "typed": """function(doc) {
            provides('json', function() { return toJSON(doc._id); });
            provides('xml', function() { return '<id>' + doc._id + '</id>'; }); }""",
        "parts": "function() { start({ headers: { 'X-B': 'c' } }); send('one '); send('two'); return ' end'; }",
        "code": "function(doc, req) { return { code: 202, body: req.method + req.query.a + req.userCtx.name }; }",
        "pixel": "function() { return { base64: 'AAEC', headers: { 'Content-Type': 'image/x' } }; }",
        "mark": """function() {
            return { headers: { 'X-Mark': '\u2713', 'Content-Type': 'text/x; a=\u2713' }, body: 'a' }; }""",
        "five": "5",
        "odd": "function() { return { bodi: 1 }; }",
        "throws": "function() { throw({ error: 'forbidden', reason: 'not you' }); }",
    },
    "lists": {
        "csv": """function(head, req) {
            start({ headers: { 'Content-Type': 'text/csv' } });
            send('of ' + head.total_rows + '\\n');
            for (var row; row = getRow();) { send(row.key + ',' + row.value + '\\n'); }
            return req.query.end; }""",
        "typed": """function() {
            provides('html', function() { var n = 0; while (getRow()) { n++; } return '<b>' + n; }); }""",
    },
    "updates": {
        "make": "function(doc, req) { return [{ _id: req.id || req.uuid, kg: Number(req.form.kg) }, 'made']; }",
        "grow": """function(doc, req) {
            if (!doc) { return [null, { code: 202, body: 'no such animal' }]; }
            doc.kg += JSON.parse(req.body).by; return [doc, { json: { kg: doc.kg } }]; }""",
        "bad": "function() { return 'x'; }",
    },
    "validate_doc_update": "function(doc) { if (doc.kg > 1000) { throw({ forbidden: 'too heavy' }); } }",
}


@pytest.fixture
def zoo(api, unique):
    """A database with animals and functions."""
    name = f"zoo-{unique}"
    api.ok("PUT", f"/{name}")
    for id, kg in (("cat", 4), ("cow", 600), ("hen", 2)):
        api.ok("PUT", f"/{name}/{id}", {"kg": kg})
    api.ok("PUT", f"/{name}/_design/own", DESIGN)
    return f"/{name}/_design/own"


def refused(answer):
    return answer.status_code, answer.json()["error"], answer.json()["reason"]


@pytest.mark.parametrize(("path", "text", "kind"), [
    ("plain/cat", "4 kg", "text/html; charset=utf-8"), ("plain", "nothing null", "text/html; charset=utf-8"),
    ("plain/no/one", "nothing no/one", "text/html; charset=utf-8"),
    ("name/cat", '{"name":"CAT"}\n', "application/json"), ("parts", "one two end", "text/html; charset=utf-8"),
    ("pixel", "\x00\x01\x02", "image/x")])
def test_shows(api, zoo, path, text, kind):
    answer = api.get(f"{zoo}/_show/{path}")
    assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (200, text, kind)


def test_headers_and_statuses_of_shows(api, zoo):
    assert api.get(f"{zoo}/_show/name/cat").headers["X-A"] == "b"
    answer = api.post(f"{zoo}/_show/code/cat?a=1", {})
    assert (answer.status_code, answer.text) == (202, "POST1admin")
    first = api.get(f"{zoo}/_show/plain/cat")
    again = api.get(f"{zoo}/_show/plain/cat", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.text, first.headers["Vary"][:6]) == (304, "", "Accept")


def test_headers_are_utf_8(api, zoo):
    answer = api.get(f"{zoo}/_show/mark")
    kind, mark = (answer.headers[name].encode("latin-1").decode() for name in ("Content-Type", "X-Mark"))
    assert (answer.text, kind, mark) == ("a", "text/x; a=\u2713", "\u2713")
    made = api.request("PUT", f"{zoo}/_update/make/\u2713", data={"kg": "30"})
    assert made.headers["X-Couch-Id"].encode("latin-1").decode() == "\u2713"


@pytest.mark.parametrize(("accept", "text"), [("application/json", '"cat"\n'), ("text/xml", "<id>cat</id>"),
                                              ("application/xml;q=0.9, application/json;q=0.1", "<id>cat</id>")])
def test_what_a_show_provides(api, zoo, accept, text):
    answer = api.get(f"{zoo}/_show/typed/cat", headers={"Accept": accept})
    assert text.strip() in answer.text
    assert answer.headers["Content-Type"].split(";")[0] in accept


@pytest.mark.parametrize(("path", "status", "error", "reason"), [
    ("_show/none/cat", 404, "not_found", "missing json key: none"),
    ("_show/five", 500, "compilation_error", "Expression does not eval to a function. (5)"),
    ("_show/must/dog", 404, "not_found", "document not found"), ("_show/throws", 403, "forbidden", "not you"),
    ("_show/odd", 500, "external_response_error", 'Invalid data from external server: {<<"bodi">>,1}'),
    ("_show", 404, "show_error", "Invalid path."), ("_list/csv", 404, "list_error", "Invalid path."),
    ("_list/none/by_kg", 404, "not_found", "missing json key: none"),
    ("_list/csv/none", 404, "not_found", "missing_named_view")])
def test_functions_that_refuse(api, zoo, path, status, error, reason):
    assert refused(api.get(f"{zoo}/{path}")) == (status, error, reason)


def test_a_show_that_accepts_nothing_else(api, zoo):
    answer = api.get(f"{zoo}/_show/typed/cat", headers={"Accept": "image/png"})
    assert refused(answer)[:2] == (406, "not_acceptable")
    assert refused(api.get(f"{zoo}/_show/must/cat"))[:2] == (500, "render_error")


def test_lists(api, zoo):
    answer = api.get(f"{zoo}/_list/csv/by_kg?reduce=false&end=done&startkey=3")
    assert (answer.text, answer.headers["Content-Type"]) == ("of 3\n4,cat\n600,cow\ndone", "text/csv")
    assert api.get(f"{zoo}/_list/csv/by_kg?end=.").text == "of undefined\nnull,3\n."
    assert api.post(f"{zoo}/_list/csv/by_kg?reduce=false&end=", {"keys": [600]}).text == "of 3\n600,cow\n"
    assert api.get(f"{zoo}/_list/typed/own/by_kg?reduce=false", headers={"Accept": "text/html"}).text == "<b>3"
    assert api.get(f"{zoo}/_list/csv/_all_docs?end=&limit=1").text.startswith("of 4\n_design/own,")


def test_updates(api, zoo, unique):
    made = api.request("PUT", f"{zoo}/_update/make/dog", data={"kg": "30"})
    assert (made.status_code, made.text, made.headers["X-Couch-Id"]) == (201, "made", "dog")
    assert made.headers["X-Couch-Update-NewRev"] == api.doc("dog", f"zoo-{unique}")["_rev"]
    grown = api.post(f"{zoo}/_update/grow/dog", {"by": 2})
    assert (grown.status_code, grown.json(), api.doc("dog", f"zoo-{unique}")["kg"]) == (201, {"kg": 32}, 32)
    none = api.post(f"{zoo}/_update/grow/rat", {"by": 2})
    assert (none.status_code, none.text) == (202, "no such animal")
    other = api.request("POST", f"{zoo}/_update/make", data={"kg": "1"})
    assert api.doc(other.headers["X-Couch-Id"], f"zoo-{unique}")["kg"] == 1


def test_updates_that_are_refused(api, zoo):
    assert refused(api.request("PUT", f"{zoo}/_update/make/dog", data={"kg": "3000"})) == (
        403, "forbidden", "too heavy")
    assert refused(api.request("PUT", f"{zoo}/_update/make/cat", data={"kg": "3"})) == (
        409, "conflict", "Document update conflict.")
    assert refused(api.post(f"{zoo}/_update/none", {})) == (404, "not_found", "missing json key: none")
    assert refused(api.post(f"{zoo}/_update/bad", {}))[:2] == (500, "render_error")
    assert refused(api.get(f"{zoo}/_update/none/cat")) == (404, "not_found", "missing json key: none")
    assert refused(api.get(f"{zoo}/_update/make/cat")) == (
        500, "method_not_allowed", "Update functions do not allow GET")


def test_the_map_of_shards(api, zoo):
    path = zoo.partition("/_design")[0]
    name = path.strip("/")
    shards = api.ok("GET", f"{path}/_shards")["shards"]
    found = api.ok("GET", f"/_node/_local/_dbs/{name}")
    assert list(found)[:6] == ["_id", "_rev", "shard_suffix", "changelog", "by_node", "by_range"]
    assert found["_id"] == name
    assert found["by_range"] == shards
    assert sorted(found["changelog"]) == sorted(["add", one, node] for one in shards for node in shards[one])
    assert sorted(one for ranges in found["by_node"].values() for one in ranges) == sorted(
        one for one in shards for _ in shards[one])
    assert api.get("/_node/_local/_dbs/no-such-database").status_code == 404
    answer = api.anonymous().get(f"/_node/_local/_dbs/{name}")
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")


def test_shards_and_limits_of_a_database(api, zoo):
    path = zoo.partition("/_design")[0]
    shards = api.ok("GET", f"{path}/_shards")["shards"]
    found = api.ok("GET", f"{path}/_shards/cat")
    assert found == {"range": "95555555-aaaaaaa9", "nodes": shards["95555555-aaaaaaa9"]}
    answer = api.post(f"{path}/_sync_shards")
    assert (answer.status_code, answer.json()) == (202, {"ok": True})
    assert api.get(f"{path}/_purged_infos_limit").text == "1000\n"
    assert api.ok("PUT", f"{path}/_purged_infos_limit", 7) == {"ok": True}
    assert api.get(f"{path}/_purged_infos_limit").text == "7\n"
    assert refused(api.put(f"{path}/_purged_infos_limit", 0)) == (
        400, "bad_request", "`purge_infos_limit` must be positive integer")


def test_functions_of_shared_databases_are_not_for_offline_users(api, unique, places):
    user = {"username": unique, "password": "Kisumu_2024", "type": "chw", "place": places.area,
            "contact": places.person}
    api.ok("POST", "/api/v1/users", user)
    for path in ("_show/a", "_show/a/b", "_list/a/b"):
        assert api.as_user(unique).get(f"/medic/_design/medic/{path}").status_code == 403
