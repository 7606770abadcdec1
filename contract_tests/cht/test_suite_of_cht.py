"""What CHT's own integration tests call to prepare and to clean up, in their order (cht-core, tests/utils).

Every request comes from another address, as there: the limiter of failed logins counts by X-Forwarded-For.
"""

from __future__ import annotations

import json
import random

import pytest
import requests

pytestmark = pytest.mark.writes

PASSWORD = "passwordSUP3RS3CR37!"
DB = "medic"
KEPT_TYPES = ("translations", "translations-backup", "user-settings", "info")
KEPT_IDS = ("service-worker-meta", "migration-log", "resources", "branding", "partners", "settings")


class Suite:
    """Requests as the suite sends them: as JSON, by Basic credentials, from a random address."""

    def __init__(self, url, auth):
        self.url, self.auth = url, auth
        self.random = random.Random(7)
        self.settings = None

    def send(self, path, method="GET", body=None, auth=None, **headers):
        address = ".".join(str(self.random.randint(1, 255)) for _ in range(4))
        return requests.request(method, self.url + path, json=body, auth=auth or self.auth, timeout=30,
                                allow_redirects=False, headers={
                                    "X-Forwarded-For": address, "Accept": "application/json",
                                    "Content-Type": "application/json", **headers})

    def request(self, *arguments, **options):
        answer = self.send(*arguments, **options)
        assert answer.status_code < 400, f"{arguments} {answer.status_code} {answer.text}"
        return answer.json()

    # --- documents ---

    def save(self, docs):
        rows = self.request(f"/{DB}/_bulk_docs", "POST", {"docs": docs})
        assert all(row.get("ok") for row in rows), rows
        return rows

    def save_one(self, doc):
        return self.request(f"/{DB}/", "POST", doc)

    def docs(self, ids):
        return [row.get("doc") for row in
                self.request(f"/{DB}/_all_docs?include_docs=true", "POST", {"keys": ids})["rows"]]

    # --- settings ---

    def update_settings(self, updates):
        self.settings = self.request("/api/v1/settings")
        self.settings |= {name: None for name in updates if name not in self.settings}
        return self.request("/api/v1/settings?replace=1", "PUT", updates)

    def revert_settings(self):
        if self.settings is not None:
            self.request("/api/v1/settings?replace=1", "PUT", self.settings)
            self.settings = None

    # --- users ---

    def create_users(self, users, meta=False):
        for user in users:
            version = "v3" if isinstance(user["place"], list) else "v1"
            self.request(f"/api/{version}/users", "POST", user | {"password_change_required": False})
        for user in users if meta else ():
            self.request(f"/{DB}-user-{user['username']}-meta", "PUT")

    def delete_users(self, users):
        keys = {"keys": [f"org.couchdb.user:{user['username']}" for user in users]}
        for name in ("_users", DB):
            rows = self.request(f"/{name}/_all_docs", "POST", keys)["rows"]
            gone = [{"_id": row["id"], "_rev": row["value"]["rev"], "_deleted": True} for row in rows
                    if row.get("value") and not row["value"].get("deleted")]
            results = self.request(f"/{name}/_bulk_docs", "POST", {"docs": gone})
            assert all(one["ok"] for one in results)

    def created_users(self):
        rows = self.request('/_users/_all_docs?start_key="org.couchdb.user:"')["rows"]
        return {row["id"].removeprefix("org.couchdb.user:") for row in rows}

    # --- cleaning up ---

    def delete_all(self, keep=()):
        rows = self.request(f"/{DB}/_all_docs?include_docs=true")["rows"]
        gone = [row["doc"] for row in rows if not self.stays(row["doc"], keep)]
        self.request(f"/{DB}/_bulk_docs", "POST", {"docs": [
            {"_id": doc["_id"], "_rev": doc["_rev"], "_deleted": True} for doc in gone]})
        sentinel = self.request(f"/{DB}-sentinel/_all_docs?include_docs=true")["rows"]
        self.request(f"/{DB}-sentinel/_bulk_docs", "POST", {"docs": [
            {"_id": row["id"], "_rev": row["value"]["rev"], "_deleted": True} for row in sentinel
            if not row["id"].startswith("_design") and row["id"].removesuffix("-info") in {d["_id"] for d in gone}]})
        self.skip_sentinel()

    def stays(self, doc, keep):
        return (doc.get("type") in KEPT_TYPES or doc["_id"] in KEPT_IDS
                or doc["_id"].startswith(("form:", "_design", *keep)))

    def skip_sentinel(self):
        """Sentinel's place in the feed is a local document of its database."""
        seq = self.request(f"/{DB}/")["update_seq"]
        path = f"/{DB}-sentinel/_local/transitions-seq"
        old = self.send(path)
        doc = old.json() if old.status_code == 200 else {"_id": "_local/transitions-seq"}
        self.request(path, "PUT", doc | {"value": seq})
        assert self.request(path)["value"] == seq

    def delete_checkpoints(self):
        rows = self.request(f"/{DB}/_local_docs?include_docs=true")["rows"]
        gone = [row["doc"] | {"_deleted": True} for row in rows if row["doc"].get("replicator") == "pouchdb"]
        self.save(gone)
        return len(gone)

    def delete_databases(self, fits):
        for name in self.request("/_all_dbs"):
            if fits(name):
                assert self.request(f"/{name}", "DELETE") == {"ok": True}

    def revert(self, keep=()):
        self.delete_all(keep)
        checkpoints = self.delete_checkpoints()
        self.revert_settings()
        self.delete_databases(lambda name: name.endswith("-meta") and not name.endswith("-users-meta"))
        return checkpoints


@pytest.fixture
def suite(api):
    return Suite(api.url, api.auth)


@pytest.fixture
def people(unique):
    """Users as the suite makes them: each with a new place and a new contact."""
    def user(name, **fields):
        return {"username": f"{unique}-{name}", "password": PASSWORD, "roles": ["chw"], "place": {
            "_id": f"fixture:{unique}:{name}", "type": "health_center", "name": name, "parent": f"{unique}-parent"},
            "contact": {"_id": f"fixture:{unique}:user:{name}", "name": name}} | fields

    return [user("offline"), user("online", roles=["national_admin"]),
            user("supervisor", place=f"{unique}-parent", roles=["chw"])]


@pytest.mark.mock_only
def test_a_round_of_a_spec(suite, people, unique):
    """before, beforeEach, a test, afterEach and after."""
    assert suite.request("/api/info")["version"] == "0.1.0"
    before = {row["id"] for row in suite.request(f"/{DB}/_all_docs")["rows"]}
    suite.save_one({"_id": f"{unique}-parent", "type": "district_hospital", "name": "Parent"})
    suite.create_users(people, meta=True)
    assert {user["username"] for user in people} <= suite.created_users()
    suite.update_settings({"replication_depth": [{"role": "chw", "depth": 2}]})
    assert suite.request("/api/v1/settings")["replication_depth"] == [{"role": "chw", "depth": 2}]

    lineage = {"_id": f"fixture:{unique}:offline", "parent": {"_id": f"{unique}-parent"}}
    docs = [{"_id": f"{unique}-clinic", "type": "clinic", "parent": lineage},
            {"_id": f"{unique}-report", "type": "data_record", "form": "F", "reported_date": 1,
             "contact": lineage, "fields": {"patient_id": f"{unique}-clinic"}}]
    docs = [doc | {"_rev": row["rev"]} for doc, row in zip(docs, suite.save(docs), strict=True)]
    assert suite.docs([doc["_id"] for doc in docs]) == docs
    offline = (people[0]["username"], PASSWORD)
    ids = {pair["id"] for pair in suite.request("/api/v1/replication/get-ids", auth=offline)["doc_ids_revs"]}
    assert {doc["_id"] for doc in docs} <= ids
    suite.request(f"/{DB}/_local/{unique}", "PUT", {"replicator": "pouchdb"}, auth=offline)
    suite.request(f"/{DB}-user-{people[0]['username']}-meta/_bulk_docs", "POST", {"docs": [{"_id": "read:report:x"}]})
    meta = suite.request(f"/{DB}-user-{people[0]['username']}-meta/_all_docs?include_docs=true", "POST",
                         {"keys": ["read:report:x"]})
    assert meta["rows"][0]["doc"]["_id"] == "read:report:x"
    deleted = suite.docs([docs[0]["_id"]])[0] | {"_deleted": True}
    assert suite.save_one(deleted)["ok"] is True

    assert suite.revert() >= 1
    suite.delete_users(people)
    assert suite.send(f"/{DB}/_local/{unique}").status_code == 404
    assert "replication_depth" not in suite.request("/api/v1/settings") or not suite.request(
        "/api/v1/settings")["replication_depth"]
    assert not {user["username"] for user in people} & suite.created_users()
    assert not [name for name in suite.request("/_all_dbs") if "-user-" in name]
    left = {row["id"] for row in suite.request(f"/{DB}/_all_docs")["rows"]}
    assert not [id for id in left if unique in id]
    assert left <= before


def test_ways_to_the_settings_and_the_page_of_rewrites(suite, people, unique):
    suite.save_one({"_id": f"{unique}-parent", "type": "district_hospital", "name": "Parent"})
    suite.create_users(people[:1])
    offline = (people[0]["username"], PASSWORD)
    rewrite = f"/{DB}/_design/medic/_rewrite"
    for auth in (suite.auth, offline):
        assert suite.request(f"{rewrite}/app_settings/medic", auth=auth)["settings"] == suite.request(
            f"/{DB}/settings")["settings"]
        page = requests.get(f"{suite.url}{rewrite}/", auth=auth, timeout=30)
        assert (page.status_code, "This loads as an empty page" in page.text) == (200, True)
    changed = suite.request(f"{rewrite}/update_settings/medic", "PUT", {"api_v0": unique})
    assert changed["success"] is True
    assert suite.send(f"{rewrite}/update_settings/medic", "PUT", {"api_v0": "x"}, auth=offline).status_code == 403
    assert suite.request(f"/{DB}/settings")["settings"]["api_v0"] == unique
    for path in ("medic-admin/_rewrite", "medic-admin/_rewrite/", "medic-admin/css/main.css"):
        answer = suite.send(f"/{DB}/_design/{path}", auth=offline)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_views_that_the_suite_reads(suite, release, unique):
    suite.save([{"_id": f"{unique}-r", "type": "data_record", "form": unique, "reported_date": 7, "contact": {
        "_id": f"{unique}-c"}, "sms_message": {"message": "hello"}}])
    views = [("medic-client/_view/reports_by_form", [unique])]
    if release == "4.15":  # later the index of full text has the others' place
        views += [("medic/_view/docs_by_replication_key", f"{unique}-c"),
                  ("medic-client/_view/doc_by_type", ["user-settings"])]
    for path, key in views:
        text = requests.compat.quote(json.dumps(key))
        rows = suite.request(f"/{DB}/_design/{path}?key={text}&reduce=false")["rows"]
        assert path.endswith("doc_by_type") or [row["id"] for row in rows] == [f"{unique}-r"]
    assert "rows" in suite.request(f"/{DB}/_design/medic-client/_view/messages_by_contact_date?reduce=false&limit=0")


def test_sessions_and_their_limiter(suite, unique):
    answer = suite.send("/_session", "POST", {"name": suite.auth[0], "password": suite.auth[1]})
    token = answer.headers["Set-Cookie"].partition(";")[0]
    assert token.startswith("AuthSession=")
    cookie = f"locale=en; {token}; userCtx=%7B%7D"
    again = requests.get(f"{suite.url}/_session", headers={"Cookie": cookie}, timeout=30)
    assert again.headers["Set-Cookie"].startswith("userCtx=")
    statuses = [suite.send("/_session", "POST", {"name": f"{unique}-{n}", "password": f"wrong-{n}"},
                           auth=(f"{unique}-{n}", f"wrong-{n}")).status_code for n in range(12)]
    assert statuses == [401] * 12  # each from another address, name and password


@pytest.mark.mock_only  # a run on a live service stays below the limit
def test_the_limiter_by_address(suite, unique):
    same = {"X-Forwarded-For": f"10.1.{random.Random(unique).randint(0, 255)}.9"}
    statuses = [suite.send("/_session", "POST", {"name": f"{unique}x{n}", "password": f"bad-{n}"},
                           auth=(f"{unique}x{n}", f"bad-{n}"), **same).status_code for n in range(11)]
    assert statuses == [401] * 10 + [429]
