"""What an offline user may see and write of `medic`: its own documents; the rest the firewall keeps from it."""

from __future__ import annotations

import hashlib
import json

import pytest

pytestmark = pytest.mark.writes

FIREWALL = {"code": 403, "error": "forbidden", "details": "Offline users are not allowed access to this endpoint"}
DENIED = {"error": "forbidden", "reason": "Insufficient privileges"}
NO_REV = {"error": "bad_request", "reason": "Invalid rev format"}
DESIGN = "_design/medic-client"


@pytest.fixture
def worker(make_worker):
    """A user of the area."""
    return make_worker()


def report(subject=None, by=None, **fields):
    """A report of somebody about somebody."""
    doc = {"type": "data_record", "form": "V", "fields": fields | ({"patient_id": subject} if subject else {})}
    return doc | ({"contact": {"_id": by}} if by else {})


def answers(client, method, path, body=None):
    answer = client.request(method, path, body)
    return answer.status_code, answer.json()


# --- documents -------------------------------------------------------------------------------------------------


def test_documents_of_its_own_place(worker, places, unique):
    mine = (places.area, places.person, places.clinic, places.clinic_person, "settings", "messages-en", DESIGN,
            f"org.couchdb.user:{worker.auth[0]}")
    for id in mine:
        answer = worker.get(f"/medic/{id}")
        assert (answer.status_code, answer.json()["_id"]) == (200, id)
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"  # the API's own answer
        assert answer.headers["ETag"].startswith('W/"')
    for id in (places.district, places.other_area, places.other_person, "org.couchdb.user:admin", unique,
               "_design/medic-admin"):
        assert answers(worker, "GET", f"/medic/{id}") == (403, DENIED)
    assert answers(worker, "GET", "/medic/_design/medic") == (403, FIREWALL)


def test_old_revisions_and_all_of_them(api, worker, places):
    path = f"/medic/{places.clinic_person}"
    doc = api.doc(places.clinic_person)
    api.ok("PUT", path, doc | {"parent": {"_id": places.other_area}})
    assert answers(worker, "GET", path) == (403, DENIED)
    assert worker.ok("GET", f"{path}?rev={doc['_rev']}") == doc
    assert worker.ok("GET", f"/medic/{places.clinic}?open_revs=all") == [{"ok": api.doc(places.clinic)}]
    assert worker.ok("GET", f"{path}?open_revs=all") == []
    new = api.ok("PUT", path, api.doc(places.clinic_person) | {"parent": doc["parent"], "n": 3})["rev"]
    named = json.dumps([new, api.doc(places.clinic_person)["_rev"], "7-x", doc["_rev"]])
    assert [one["ok"]["_rev"] for one in worker.ok("GET", f"{path}?open_revs={named}")] == [doc["_rev"], new]
    assert answers(worker, "GET", f"/medic/{places.clinic}?rev=x") == (500, {"code": 500, "error": "Server error"})


REPORTS = [  # about whom, by whom, more; whether the user has it
    (None, None, {}, False),
    ("clinic_person", None, {}, True),
    ("clinic_person", "other_person", {}, True),
    (None, "person", {}, True),
    (None, "other_person", {}, False),
    ("other_person", "person", {}, False),
    ("other_person", None, {}, False),
    ("person", "other_person", {"private": True}, False),  # what somebody else tells of the user is kept from it
    ("area", "other_person", {"private": True}, False),
    ("person", "clinic_person", {"private": True}, True),
    ("clinic_person", "other_person", {"private": True}, True),
    ("other_person", "person", {"needs_signoff": True}, True),
    ("other_person", "other_person", {"needs_signoff": True}, False),
]


def test_reports_by_their_subject_or_submitter(api, worker, places, unique):
    expected = {}
    for number, (subject, by, fields, seen) in enumerate(REPORTS):
        doc = report(subject and getattr(places, subject), by and getattr(places, by), **fields)
        expected[f"{unique}-{number}"] = seen
        api.ok("PUT", f"/medic/{unique}-{number}", doc)
    assert {id: worker.get(f"/medic/{id}").status_code == 200 for id in expected} == expected
    listed = {pair["id"] for pair in worker.ok("GET", "/api/v1/replication/get-ids")["doc_ids_revs"]}
    assert {id: id in listed for id in expected} == expected


def test_targets_and_tasks(api, worker, places, unique):
    me = f"org.couchdb.user:{worker.auth[0]}"
    docs = {"mine": {"type": "task", "user": me}, "other": {"type": "task", "user": f"{me}x"},
            "target": {"type": "target", "owner": places.person},
            "other-target": {"type": "target", "owner": places.other_person}}
    api.ok("POST", "/medic/_bulk_docs", {"docs": [doc | {"_id": f"{unique}-{id}"} for id, doc in docs.items()]})
    assert [worker.get(f"/medic/{unique}-{id}").status_code for id in docs] == [200, 403, 200, 403]


def test_short_codes(api, worker, places, unique):
    api.ok("PUT", f"/medic/{places.clinic_person}", api.doc(places.clinic_person) | {"patient_id": unique})
    api.ok("PUT", f"/medic/{unique}-r", report(unique))
    assert worker.get(f"/medic/{unique}-r").status_code == 200


# --- replication depth -----------------------------------------------------------------------------------------


def test_depth_holds_everywhere(api, make_worker, places, unique):
    api.configure(replication_depth=[{"role": "chw", "depth": 1}])
    boss = make_worker(place=places.district)
    reports = {f"{unique}-near": report(places.area), f"{unique}-far": report(places.clinic)}
    for id, doc in reports.items():
        api.ok("PUT", f"/medic/{id}", doc)
    near = [places.district, places.area, places.other_area, f"{unique}-near"]
    far = [places.clinic, places.person, places.clinic_person, f"{unique}-far"]
    assert [boss.get(f"/medic/{id}").status_code for id in near + far] == [200] * len(near) + [403] * len(far)
    got = boss.ok("POST", "/medic/_bulk_get", {"docs": [{"id": id} for id in near + far]})["results"]
    assert [one["id"] for one in got] == near
    replicated = {pair["id"] for pair in boss.ok("GET", "/api/v1/replication/get-ids")["doc_ids_revs"]}
    assert set(near) <= replicated
    assert replicated.isdisjoint(far)
    below = {"type": "person", "name": "N", "parent": {"_id": places.area, "parent": {"_id": places.district}}}
    rows = boss.ok("POST", "/medic/_bulk_docs", {"docs": [
        below | {"_id": f"{unique}-deep"}, below | {"_id": f"{unique}-ok", "parent": {"_id": places.district}}]})
    assert [row.get("error") for row in rows] == ["forbidden", None]


def test_reports_have_a_depth_of_their_own(api, make_worker, places, unique):
    api.configure(replication_depth=[{"role": "chw", "depth": 2, "report_depth": 1}])
    boss = make_worker(place=places.district, contact=places.person)
    cases = {"near": (report(places.area), True), "own": (report(places.clinic, places.person), True),
             "far": (report(places.clinic, places.other_person), False)}
    for id, (doc, _) in cases.items():
        api.ok("PUT", f"/medic/{unique}-{id}", doc)
    assert {id: boss.get(f"/medic/{unique}-{id}").status_code == 200 for id in cases} == {
        id: seen for id, (_, seen) in cases.items()}
    assert boss.get(f"/medic/{places.clinic}").status_code == 200


def test_the_deepest_of_several_roles(api, make_worker, places):
    api.configure(replication_depth=[{"role": "chw", "depth": "0"}, {"role": "chw_supervisor", "depth": 1}])
    assert make_worker(place=places.district).get(f"/medic/{places.area}").status_code == 403
    both = make_worker(place=places.district, roles=["chw", "chw_supervisor"])
    assert [both.get(f"/medic/{id}").status_code for id in (places.area, places.clinic)] == [200, 403]


def test_several_places(api, make_worker, places):
    settings = api.doc("settings")["settings"]
    api.configure(permissions=settings["permissions"] | {"can_have_multiple_places": ["chw"]})
    both = make_worker(place=[places.clinic, places.other_area], contact=places.clinic_person)
    seen = (places.clinic, places.clinic_person, places.other_area, places.other_person)
    assert [both.get(f"/medic/{id}").status_code for id in (*seen, places.area)] == [200] * 4 + [403]


@pytest.mark.parametrize("configured", [True, False])
def test_reports_of_nobody(api, worker, unique, configured):
    api.configure(district_admins_access_unallocated_messages=configured)
    api.ok("PUT", f"/medic/{unique}", {"type": "data_record"})
    assert (worker.get(f"/medic/{unique}").status_code == 200) is configured
    ids = [pair["id"] for pair in worker.ok("GET", "/api/v1/replication/get-ids")["doc_ids_revs"]]
    assert (unique in ids) is configured


# --- lists and feeds -------------------------------------------------------------------------------------------


QUERIES = ["", "?limit=1", '?key="settings"', "?since=999&limit=0", '?keys=["x"]', "?descending=true&skip=3"]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_lists_and_changes_are_of_four_documents_only(api, worker, places, query, method):
    """Since 4.3 offline users replicate by their list of ids, and learn from here of new releases only."""
    body = {} if method == "POST" else None
    four = {DESIGN, "service-worker-meta", "settings", f"org.couchdb.user:{worker.auth[0]}"}
    rows = worker.ok(method, f"/medic/_all_docs{query}", body)["rows"]
    assert len(rows) == 4
    assert {row["id"] for row in rows} == four
    changes = worker.ok(method, f"/medic/_changes{query}", body)
    assert {row["id"]: row["changes"] for row in changes["results"]} == {
        id: [{"rev": api.doc(id)["_rev"]}] for id in four}
    assert set(changes) == {"results", "last_seq"}


def test_no_deletions_of_others_in_the_feed(api, worker, places):
    doc = api.doc(places.other_person)
    api.ok("DELETE", f"/medic/{doc['_id']}?rev={doc['_rev']}")
    assert doc["_id"] not in worker.get("/medic/_changes?include_docs=true").text


def test_lists_with_documents(worker):
    rows = worker.ok("GET", "/medic/_all_docs?include_docs=true")["rows"]
    assert [row["doc"]["_id"] for row in rows] == [row["id"] for row in rows]
    for method, query, body, where in (("GET", "?keys=5", None, "parameter"), ("POST", "", {"keys": 5}, "body member")):
        assert answers(worker, method, f"/medic/_all_docs{query}", body) == (
            400, {"error": "bad_request", "reason": f"`keys` {where} must be an array."})


def test_bulk_get_leaves_out_what_is_not_the_users(api, worker, places, unique):
    rev = api.doc(places.clinic)["_rev"]
    wanted = [{"id": places.clinic, "rev": rev}, {"id": places.clinic, "rev": "9-abc"}, {"id": places.other_area},
              {"id": unique}, {"id": places.person}]
    answer = worker.post("/medic/_bulk_get?latest=true", {"docs": wanted})
    assert answer.json() == {"results": [{"id": id, "docs": [{"ok": api.doc(id)}]}
                                         for id in (places.clinic, places.person)]}
    for body, reason in (({}, "Missing JSON list of `docs`."), ({"docs": 5}, "`docs` parameter must be an array.")):
        assert answers(worker, "POST", "/medic/_bulk_get", body) == (400, {"error": "bad_request", "reason": reason})


def test_bulk_get_walks_the_tree_of_a_document(api, worker, places, unique):
    """As it does for admins: later roots first, whichever branch has won."""
    doc = {"type": "person", "parent": {"_id": places.area}}
    for rev, gone in ((f"3-{'a' * 32}", True), (f"1-{'b' * 32}", False), (f"2-{'c' * 32}", False)):
        api.ok("PUT", f"/medic/{unique}?new_edits=false", doc | {"_rev": rev, "_deleted": gone})
    path, body = "/medic/_bulk_get", {"docs": [{"id": unique}]}
    found = [client.ok("POST", path, body)["results"] for client in (worker, api)]
    assert found[0] == found[1]
    assert [one["ok"]["_rev"][:2] for one in found[0][0]["docs"]] == ["3-", "2-", "1-"]


def test_deletions_and_purged_documents(api, worker, places, unique):
    deleted = api.doc(places.clinic_person)
    api.ok("DELETE", f"/medic/{deleted['_id']}?rev={deleted['_rev']}")
    asked = {"doc_ids": [places.clinic, deleted["_id"], unique]}
    assert worker.ok("POST", "/api/v1/replication/get-deletes", asked) == {"doc_ids": [deleted["_id"]]}
    roles = hashlib.md5(json.dumps(["chw"]).encode(), usedforsecurity=False).hexdigest()
    purged = f"/medic-purged-role-{roles}"
    assert api.put(purged).status_code == 201
    api.ok("PUT", f"{purged}/purged:{places.clinic}", {})
    assert worker.ok("POST", "/api/v1/replication/get-deletes", asked) == {
        "doc_ids": [deleted["_id"], places.clinic]}
    ids = {pair["id"] for pair in worker.ok("GET", "/api/v1/replication/get-ids")["doc_ids_revs"]}
    assert places.area in ids
    assert places.clinic not in ids


# --- writing ---------------------------------------------------------------------------------------------------


def test_writing_in_its_own_place(api, worker, places, unique):
    inside = {"type": "person", "name": "x", "parent": {"_id": places.area}}
    outside = inside | {"parent": {"_id": places.other_area}}
    rev = worker.ok("PUT", f"/medic/{unique}", inside)["rev"]
    assert answers(worker, "PUT", f"/medic/{unique}-out", outside) == (403, DENIED)
    assert answers(worker, "PUT", f"/medic/{unique}", outside | {"_rev": rev}) == (403, DENIED)
    other = api.doc(places.other_person)
    assert answers(worker, "PUT", f"/medic/{other['_id']}", inside | {"_rev": other["_rev"]}) == (403, DENIED)
    assert answers(worker, "DELETE", f"/medic/{other['_id']}?rev={other['_rev']}") == (403, DENIED)
    assert answers(worker, "DELETE", f"/medic/{unique}-none?rev=1-a") == (403, DENIED)
    assert answers(worker, "PUT", "/medic/_design/x", {}) == (403, FIREWALL)
    assert worker.ok("POST", "/medic/", inside)["ok"] is True
    assert answers(worker, "POST", "/medic/", outside) == (403, DENIED)
    assert worker.ok("DELETE", f"/medic/{unique}?rev={rev}")["ok"] is True


def test_feedback_is_written_by_anybody_in_older_releases(api, worker, unique, each_release):
    expected = 201 if each_release == "4.15" else 403
    for id, method, path in (("a", "POST", ""), ("b", "PUT", f"{unique}-b")):
        doc = {"_id": f"{unique}-{id}", "type": "feedback"}
        assert worker.request(method, f"/medic/{path}", doc).status_code == expected
    (row,) = worker.ok("POST", "/medic/_bulk_docs", {"docs": [{"_id": f"{unique}-c", "type": "feedback"}]})
    assert row.get("error") == (None if expected == 201 else "forbidden")
    doc = {"_id": f"{unique}-d", "type": "feedback"}
    rev = api.ok("POST", "/medic/", doc)["rev"]
    assert answers(worker, "PUT", f"/medic/{unique}-d", doc | {"_rev": rev}) == (403, DENIED)


@pytest.mark.release(until="4.20")
def test_writing_takes_can_edit_too(api, worker, places):
    permissions = api.doc("settings")["settings"]["permissions"]
    api.configure(permissions=permissions | {"can_edit": []})
    person = {"type": "person", "name": "x", "parent": {"_id": places.area}}
    for path, body in (("/medic/", person), ("/medic/_bulk_docs", {"docs": [person]})):
        assert answers(worker, "POST", path, body) == (500, {"code": 500, "error": "Server error"})


def test_many_at_once(api, worker, places, unique):
    def contact(id, parent, **more):
        return {"_id": f"{unique}-{id}", "type": "clinic", "name": id, "parent": {"_id": parent}} | more

    there = api.ok("POST", "/medic/_bulk_docs", {"docs": [contact("in", places.area),
                                                          contact("out", places.other_area)]})
    docs = [contact("new", places.area), contact("foreign", places.other_area),
            contact("out", places.area, _rev=there[1]["rev"]), contact("in", places.other_area, _rev=there[0]["rev"]),
            {"type": "clinic", "parent": {"_id": places.other_area}},
            {"type": "clinic", "parent": {"_id": places.area}}]
    answer = worker.post("/medic/_bulk_docs", {"docs": docs})
    rows = answer.json()
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert [row.get("error") for row in rows] == [None, "forbidden", "forbidden", "forbidden", "forbidden", None]
    assert [rows[1], rows[4]] == [{"id": f"{unique}-foreign", "error": "forbidden"}, {"error": "forbidden"}]
    assert [api.get(f"/medic/{unique}-{id}").status_code for id in ("new", "foreign")] == [200, 404]


def test_a_new_contact_makes_way_for_its_reports(worker, places, unique):
    about = report(f"{unique}-person") | {"_id": f"{unique}-report"}
    person = {"_id": f"{unique}-person", "type": "person", "name": "N", "parent": {"_id": places.area}}
    assert worker.ok("POST", "/medic/_bulk_docs", {"docs": [about]})[0]["error"] == "forbidden"
    rows = worker.ok("POST", "/medic/_bulk_docs", {"docs": [about, person]})
    assert [row["ok"] for row in rows] == [True, True]


@pytest.mark.parametrize(("body", "reason"), [
    ({}, "POST body must include `docs` parameter."), ({"docs": 5}, "`docs` parameter must be an array.")])
def test_many_at_once_must_be_a_list(worker, body, reason):
    assert answers(worker, "POST", "/medic/_bulk_docs", body) == (400, {"error": "bad_request", "reason": reason})


# --- attachments -----------------------------------------------------------------------------------------------


def test_attachments_of_its_own_documents(api, worker, places):
    own, other = api.doc(places.clinic), api.doc(places.other_area)
    text = {"Content-Type": "text/plain"}
    rev = worker.ok("PUT", f"/medic/{own['_id']}/a?rev={own['_rev']}", data=b"hello", headers=text)["rev"]
    assert worker.get(f"/medic/{own['_id']}/a").text == "hello"
    assert worker.get(f"/medic/{own['_id']}/a?rev={rev}").text == "hello"
    path = f"/medic/{other['_id']}/a"
    assert answers(worker, "GET", path) == (404, NO_REV)  # PouchDB asks again with a revision
    assert answers(worker, "GET", f"{path}?rev={other['_rev']}") == (403, DENIED)
    assert answers(worker, "PUT", f"{path}?rev={other['_rev']}", {}) == (403, DENIED)
    assert worker.ok("DELETE", f"/medic/{own['_id']}/a?rev={rev}")["ok"] is True


# --- paths -----------------------------------------------------------------------------------------------------


CLOSED = [  # which the firewall keeps from offline users, however the slashes are
    ("GET", "_design/medic-client/_view/contacts_by_type"), ("POST", "_design/medic/_view/x"),
    ("GET", "_design/medic/_list/a/b"), ("GET", "_design/medic/_show/a"), ("POST", "_find"), ("POST", "_explain"),
    ("GET", "_index"), ("POST", "_index"), ("POST", "_ensure_full_commit"), ("GET", "_security"),
    ("PUT", "_security"), ("POST", "_purge"), ("POST", "_compact"), ("GET", "_design/medic"), ("GET", ""),
    ("PUT", "_design/new"), ("DELETE", "_design/medic-client?rev=1-a"), ("PATCH", "some-doc"),
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.parametrize("form", ["/medic/{}", "//medic//{}", "///medic/{}//"])
def test_paths_that_the_firewall_closes(worker, method, path, form):
    place, _, query = path.partition("?")
    path = form.format(place) + (f"?{query}" if query else "")
    assert answers(worker, method, path, {} if method in ("POST", "PUT") else None) == (403, FIREWALL)


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/_utils"), ("GET", "//_utils//x"), ("GET", "/admin"), ("GET", "//admin//"), ("GET", "/_all_dbs"),
    ("GET", "/_active_tasks"), ("POST", "/_dbs_info"), ("PUT", "/some-new-db"), ("GET", "/b/c/d"), ("GET", "/_up"),
    ("GET", "/_users/org.couchdb.user:x"), ("GET", "/medic-logs/"), ("GET", "/medic-vault/_all_docs"),
    ("GET", "/medic-user-somebody-meta"), ("PUT", "/medic-user-somebody-meta"),
])
def test_databases_that_the_firewall_closes(worker, method, path):
    assert answers(worker, method, path, {} if method in ("POST", "PUT") else None) == (403, FIREWALL)


@pytest.mark.parametrize("path", ["/medic/_revs_diff/", "//medic//_revs_diff//", "/medic/_missing_revs/"])
def test_slashes_behind_what_is_open_close_it(worker, path):
    assert answers(worker, "POST", path, {}) == (403, FIREWALL)


def test_head_is_nobodys(worker, places):
    assert worker.request("HEAD", f"/medic/{places.area}").status_code == 403
    assert worker.get(f"/medic/{places.area}").status_code == 200


@pytest.mark.parametrize("path", ["_local_docs", "_design_docs", "_revs_limit", "_nothing"])
def test_words_of_couchdb_are_documents_to_the_api(worker, path):
    assert answers(worker, "GET", f"/medic/{path}") == (403, DENIED)


@pytest.mark.parametrize("form", ["/medic/{}", "//medic//{}//", "/medic///{}/"])
def test_what_replication_needs_is_open(worker, unique, form):
    plain = form.rstrip("/")  # slashes at the end are for other paths
    assert worker.ok("POST", plain.format("_revs_diff"), {unique: ["1-a"]}) == {unique: {"missing": ["1-a"]}}
    assert worker.ok("POST", plain.format("_missing_revs"), {unique: []}) == {"missing_revs": {}}
    local = form.format(f"_local/{unique}")
    assert worker.ok("PUT", local, {"_id": unique, "n": 1}) == {"ok": True, "id": f"_local/{unique}", "rev": "0-1"}
    assert worker.ok("GET", local)["n"] == 1
    assert worker.ok("DELETE", local) == {"ok": True, "id": f"_local/{unique}", "rev": "0-0"}
    assert len(worker.ok("GET", form.format("_changes"))["results"]) == 4
    assert len(worker.ok("GET", form.format("_all_docs"))["rows"]) == 4
    assert worker.ok("GET", form.format(DESIGN))["_id"] == DESIGN
