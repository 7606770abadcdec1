"""The database that every user has of its own, medic-user-<name>-meta, and the rights of databases in general."""

from __future__ import annotations

import json
import subprocess

import pytest

pytestmark = pytest.mark.writes

NOT_ALLOWED = {"error": "forbidden", "reason": "You are not allowed to access this db."}
NONE = {"error": "not_found", "reason": "Database does not exist."}


@pytest.fixture
def users(api, places, unique):
    """Two offline users; the name of the second one needs escaping in a database's name."""
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "roles": ["chw"],
                                     "place": places.area, "contact": places.person})
    other = {"_id": f"org.couchdb.user:{unique}.b", "name": f"{unique}.b", "type": "user", "roles": ["chw"],
             "password": "Kisumu_2024"}
    api.ok("PUT", f"/_users/{other['_id']}", other)
    return api.as_user(unique), api.as_user(other["name"])


def path_of(client, escape=lambda name: name.replace(".", "(46)")):
    return f"/medic-user-{escape(client.auth[0])}-meta"


def answered(client, method, path, body=None, **options):
    answer = client.request(method, path, body, **options)
    return answer.status_code, answer.json()


def test_it_is_made_used_and_nobody_elses(api, users):
    first, second = users
    path = path_of(first)
    assert answered(first, "GET", f"{path}/") == (404, NONE)
    made = first.put(f"{path}/")
    assert (made.status_code, made.text) == (200, '{"ok":true}')  # by the API, not by CouchDB
    assert first.put(f"{path}/").json() == {"ok": True}
    assert first.ok("GET", f"{path}/_design/medic-user")["views"]["read"]["reduce"] == "_count"

    rev = first.ok("PUT", f"{path}/read:report:x", {"type": "read"})["rev"]
    assert first.ok("GET", f"{path}/read:report:x")["_rev"] == rev
    assert first.ok("PUT", f"{path}/_local/checkpoint", {"seq": 1})["rev"] == "0-1"
    assert first.ok("POST", f"{path}/_bulk_docs", {"docs": [{"_id": "feedback-1"}]})[0]["ok"] is True
    assert {row["id"] for row in first.ok("GET", f"{path}/_all_docs")["rows"]} == {
        "_design/medic-user", "feedback-1", "read:report:x"}
    assert len(first.ok("GET", f"{path}/_changes")["results"]) == 3
    read = first.ok("GET", f"{path}/_design/medic-user/_view/read?group=true")["rows"]
    assert read == [{"key": "report", "value": 1}]
    assert [doc["_id"] for doc in first.ok("POST", f"{path}/_find", {"selector": {"type": "read"}})["docs"]] == [
        "read:report:x"]
    assert first.ok("GET", f"{path}/")["doc_count"] == 3
    assert first.ok("GET", f"{path}/_security")["members"] == {"names": [first.auth[0]], "roles": []}
    purged = {"error": "forbidden", "reason": "Purged documents should not be written to CouchDB!"}
    gone = {"_rev": rev, "_deleted": True, "purged": True}
    assert answered(first, "PUT", f"{path}/read:report:x", gone) == (403, purged)

    for below in ("/", "/_all_docs", "/_changes", "/read:report:x", "/_local/checkpoint",
                  "/_design/medic-user/_view/read"):
        assert answered(second, "GET", path + below) == (403, NOT_ALLOWED)
        assert api.get(path + below).status_code == 200


def test_only_ones_own_can_be_made(api, users):
    first, second = users
    refused = {"code": 403, "error": "Insufficient privileges"}
    assert answered(first, "PUT", f"{path_of(second)}/") == (403, refused)
    assert answered(api, "PUT", f"{path_of(second)}/") == (403, refused)
    assert answered(second, "PUT", f"{path_of(second, str)}/")[0] == 403  # its name must be escaped
    assert second.put(f"{path_of(second)}/").status_code == 200
    assert second.ok("GET", f"{path_of(second)}/")["doc_count"] == 1
    # Without the slash it is CouchDB's to make: for admins, and closed to the user.
    assert answered(first, "PUT", path_of(first))[1]["details"].startswith("Offline users")
    assert api.put(path_of(first)).status_code == 201
    assert answered(first, "GET", f"{path_of(first)}/") == (403, NOT_ALLOWED)


def test_who_is_not_signed_in_is_told_to(api, users):
    path = path_of(users[0])
    for method, below in (("GET", ""), ("PUT", ""), ("PUT", "/"), ("GET", "/_local/t"), ("PUT", "/_local/t")):
        assert answered(api.anonymous(), method, path + below) == (401, {"code": 401, "error": "unauthorized"})


SYNC = """
const PouchDB = require('pouchdb');
const [url, folder] = process.argv.slice(1);
const local = new PouchDB(folder + '/meta'), remote = new PouchDB(url);
(async () => {
  await local.put({_id: 'read:report:here', n: 1});
  const first = await local.sync(remote);
  await remote.put({_id: 'read:report:there', n: 2});
  await local.sync(remote);
  const ids = async db => (await db.allDocs()).rows.map(row => row.id);
  console.log(JSON.stringify({up: first.push.docs_written, local: await ids(local), remote: await ids(remote)}));
})().catch(error => { console.error(error); process.exit(1); });
"""


@pytest.mark.side_by_side
def test_pouchdb_makes_it_and_replicates(npm, users, tmp_path):
    client = users[0]
    url = client.url.replace("://", "://{}:{}@".format(*client.auth)) + path_of(client)
    done = subprocess.run(["node", "-e", SYNC, url, str(tmp_path)], cwd=npm("pouchdb", "9.0.0"), capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert out["up"] == 1
    assert out["local"] == out["remote"] == ["_design/medic-user", "read:report:here", "read:report:there"]


# --- databases of any name ---------------------------------------------------------------------------------------


def test_a_database_of_any_name(api, unique):
    path = f"/{unique}"
    for method, below in (("GET", "/"), ("GET", "/x"), ("PUT", "/x"), ("DELETE", "")):
        assert answered(api, method, path + below, {} if method == "PUT" else None) == (404, NONE)
    made = api.put(path)
    assert (made.status_code, made.json()) == (201, {"ok": True})
    assert made.headers["Location"].endswith(path)
    assert answered(api, "PUT", path) == (412, {
        "error": "file_exists", "reason": "The database could not be created, the file already exists."})
    assert api.ok("POST", path, {"_id": "a"})["ok"] is True
    assert answered(api, "DELETE", f"{path}?rev=1-a")[1]["reason"].startswith("You tried to DELETE a database")
    infos = api.ok("POST", "/_dbs_info", {"keys": [unique, "nothing-there"]})
    assert infos == [{"key": unique, "info": api.ok("GET", path)}, {"key": "nothing-there", "error": "not_found"}]
    assert unique in [one["key"] for one in api.ok("GET", "/_dbs_info")]
    assert answered(api, "DELETE", path) == (200, {"ok": True})
    assert answered(api, "GET", path) == (404, NONE)


def test_names_that_couchdb_does_not_take(api):
    for name in ("Upper", "1st", "_private"):
        assert answered(api, "PUT", f"/{name}") == (400, {
            "error": "illegal_database_name",
            "reason": f"Name: '{name}'. Only lowercase characters (a-z), digits (0-9), and any of the characters "
                      "_, $, (, ), +, -, and / are allowed. Must begin with a letter."})


def test_members_of_a_database(api, places, unique):
    name = f"{unique}-officer"
    api.ok("POST", "/api/v1/users", {"username": name, "password": "Kisumu_2024", "roles": ["program_officer"]})
    officer, path = api.as_user(name), f"/{unique}"
    api.put(path)
    closed = {"names": [], "roles": ["_admin"]}
    for members, admins, status in ((closed, closed, 403), ({"names": [name]}, closed, 200),
                                    ({"roles": ["program_officer"]}, closed, 200), ({}, closed, 200),
                                    (closed, {"names": [name]}, 200)):
        api.ok("PUT", f"{path}/_security", {"members": members, "admins": admins})
        assert officer.get(f"{path}/_all_docs").status_code == status
    assert officer.ok("PUT", f"{path}/_revs_limit", data=b"5") == {"ok": True}  # as an admin of the database
    assert officer.get(f"{path}/_revs_limit").text == "5\n"
    api.ok("PUT", f"{path}/_security", {"members": {}, "admins": closed})
    answer = officer.put(f"{path}/_revs_limit", 7)
    assert (answer.status_code, answer.json()) == (401, {"code": 401, "error": "unauthorized"})
    for body, reason in (({"admins": 5}, "admins must be a JSON object"),
                         ({"members": {"names": 5}}, "names must be a JSON list of strings"),
                         ({"members": {"roles": [5]}}, "roles must contain only strings"),
                         ([], "Security object must be a JSON object")):
        assert answered(api, "PUT", f"{path}/_security", body) == (400, {"error": "bad_request", "reason": reason})


@pytest.mark.parametrize(("path", "key"), [("/_up", "status"), ("/_uuids?count=3", "uuids"),
                                           ("/_membership", "all_nodes")])
def test_what_tools_ask_of_the_server(api, path, key):
    assert key in api.ok("GET", path)
    assert api.get("/_uuids?count=1001").status_code == 400


def test_couchdbs_web_application_is_only_a_page(api):
    moved = api.get("/_utils")
    assert (moved.status_code, moved.headers["Location"]) == (301, f"{api.url}/_utils/")
    page = api.get("/_utils/")
    assert (page.status_code, "Project Fauxton" in page.text) == (200, True)
    assert api.anonymous().get("/_utils/").status_code == 401
