"""How many documents accounts replicate."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from mocksrv.vendors.cht.described import user_schemas as schemas

GOOD = "Kisumu_2024"
MISSING = "Missing required query params: role and/or facility_id"
NO_ROLE = "Role parameter must be either a string or a JSON encoded array"


def info(api, **query):
    return api.get(f"/api/v1/users-info?{urlencode(query, doseq=True)}")


def total(api, **query):
    answer = info(api, **query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert schemas.DocCounts(unknown="raise").validate(body) == {}
    assert (body["limit"], body["warn"]) == (10_000, False)
    assert body["total_docs"] == body["warn_docs"]
    return body["total_docs"]


@pytest.fixture
def base(api):
    """What everybody replicates."""
    return total(api, facility_id="unknown", role="chw")


@pytest.mark.writes
def test_contacts_count_by_lineage(api, places, base):
    assert total(api, facility_id=places.area, role="chw") == base + 4  # area, clinic, a person in each
    assert total(api, facility_id=places.district, role="chw") == base + 7
    assert total(api, facility_id=[places.clinic, places.other_area], role="chw", contact_id="x") == base + 4


@pytest.mark.writes
@pytest.mark.parametrize("role", ["chw", '"chw"', '["chw","chw_supervisor"]', "[]", "not_configured",
                                  "program_officer", '["chw","program_officer"]', ["chw", "crfo"]])
def test_roles_that_the_server_takes(api, places, base, role):
    assert total(api, facility_id=places.clinic, role=role) == base + 2


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({}, MISSING),
        ({"role": "chw"}, MISSING),
        ({"role": "program_officer"}, MISSING),
        ({"facility_id": "a"}, MISSING),
        ({"role": "", "facility_id": "a"}, MISSING),
        ({"role": "chw", "facility_id": ""}, MISSING),
        ({"role": "5", "facility_id": "a"}, NO_ROLE),
        ({"role": "true", "facility_id": "a"}, NO_ROLE),
        ({"role": "null", "facility_id": "a"}, NO_ROLE),
        ({"role": '{"a":1}', "facility_id": "a"}, NO_ROLE),
        ({"role": '["chw",5]', "facility_id": "a"}, "All roles should be strings"),
        ({"role": "mm-online", "facility_id": "a"}, "Provided role is not offline"),
        ({"role": '["chw","_admin"]', "facility_id": "a"}, "Provided role is not offline"),
    ],
)
def test_errors(api, query, error):
    answer, text = info(api, **query), info(api.taking("*/*"), **query)
    assert (answer.status_code, answer.json()) == (400, {"code": 400, "error": error})
    assert (text.status_code, text.text, text.headers["Content-Type"]) == (400, error, "text/plain")


@pytest.mark.writes
def test_reports_targets_and_depth(api, places, base):
    def put(**doc):
        api.ok("POST", "/medic", doc)

    put(type="data_record", form="V", fields={"patient_id": places.clinic_person})
    put(type="data_record", form="V", fields={}, contact={"_id": places.clinic_person})
    put(type="data_record", form="V", fields={"patient_id": "elsewhere"}, contact={"_id": places.clinic_person})
    put(type="data_record", form="V", fields={"patient_id": "elsewhere", "needs_signoff": True},
        contact={"_id": "x", "parent": {"_id": places.clinic}})
    put(type="target", owner=places.clinic_person)
    put(type="target", owner="elsewhere")
    put(type="task", user="org.couchdb.user:nobody")
    assert total(api, facility_id=places.clinic, role="chw") == base + 2 + 3 + 1
    api.configure(replication_depth=[{"role": "chw", "depth": 1}, {"role": "chw_supervisor", "depth": 2}])
    assert total(api, facility_id=places.district, role="chw") == base + 3 + 0
    assert total(api, facility_id=places.district, role='["chw","chw_supervisor"]') == base + 6 + 1


@pytest.mark.release(until="5.2")
@pytest.mark.writes
def test_an_offline_user_gets_its_own(api, places, unique, base):
    user = {"username": unique, "password": GOOD, "roles": ["chw"], "place": places.area, "contact": places.person}
    api.ok("POST", "/api/v1/users", user)
    api.ok("POST", "/medic", {"type": "task", "user": f"org.couchdb.user:{unique}"})
    own = api.as_user(unique).ok("GET", "/api/v1/users-info?facility_id=ignored&role=_admin")
    assert own == {"total_docs": base + 5, "warn_docs": base + 4, "warn": False, "limit": 10_000}
    one = api.ok("GET", f"/api/v1/users-doc-count?user={unique}")
    assert one["limit"] == 10_000
    log = one["users"]
    assert list(log) == ["_id", "_rev", "user", "date", "count"]
    assert (log["_id"], log["user"], log["count"]) == (f"replication-count-{unique}", unique, base + 5)
    assert log in api.ok("GET", "/api/v1/users-doc-count?user=")["users"]


@pytest.mark.release(until="5.1")
@pytest.mark.mock_only
def test_the_log_is_kept_until_the_count_moves_or_a_month_goes_by(api, mocksrv, places, unique):
    user = {"username": unique, "password": GOOD, "roles": ["chw"], "place": places.area, "contact": places.person}
    api.ok("POST", "/api/v1/users", user)

    def revision():
        api.as_user(unique).ok("GET", "/api/v1/initial-replication/get-ids")
        return int(api.ok("GET", f"/api/v1/users-doc-count?user={unique}")["users"]["_rev"].partition("-")[0])

    def add(people):
        parent = {"_id": places.clinic, "parent": {"_id": places.area, "parent": {"_id": places.district}}}
        docs = [{"type": "person", "name": "N", "parent": parent} for _ in range(people)]
        api.ok("POST", "/medic/_bulk_docs", {"docs": docs})

    assert revision() == 1
    add(100)
    assert revision() == 1
    add(1)
    assert revision() == 2
    mocksrv.clock.advance(32 * 24 * 3600)
    assert revision() == 3


@pytest.mark.release(until="5.2")
@pytest.mark.writes
def test_ids_to_replicate(api, places, unique):
    user = {"username": unique, "password": GOOD, "roles": ["chw"], "place": places.clinic,
            "contact": places.clinic_person}
    api.ok("POST", "/api/v1/users", user)
    body = api.as_user(unique).ok("GET", "/api/v1/initial-replication/get-ids")
    pairs = {pair["id"]: pair["rev"] for pair in body["doc_ids_revs"]}
    assert list(pairs) == sorted(pairs)
    assert {places.clinic, places.clinic_person, f"org.couchdb.user:{unique}", "settings"} <= set(pairs)
    assert places.person not in pairs
    assert api.as_user(unique).ok("GET", "/api/v1/replication/get-ids")["doc_ids_revs"] == body["doc_ids_revs"]
    assert pairs[places.clinic] == api.doc(places.clinic)["_rev"]
    assert (body["warn"], body["limit"]) == (False, 10_000)


def test_online_users_do_not_replicate(api):
    answer = api.get("/api/v1/initial-replication/get-ids")
    assert (answer.status_code, answer.json()["reason"]) == (404, "Database does not exist.")


@pytest.mark.release(until="5.2")
@pytest.mark.writes
@pytest.mark.parametrize("accept", ["application/json", "*/*"])
def test_doc_count_is_for_server_admins(api, unique, accept):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["program_officer"]})
    for client in (api.anonymous(), api.as_user(unique), api.as_user(unique, "wrong")):
        answer = client.taking(accept).get("/api/v1/users-doc-count")
        assert (answer.status_code, answer.text) == (401, "not logged in")
        assert answer.headers["Content-Type"] == "text/plain"
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Medic Web Services"'
        assert answer.headers["logout-authorization"] == "CHT-Core API"


@pytest.mark.parametrize("user", ["nobody-at-all", "a&user=b"])
def test_doc_count_of_the_unknown(api, user):
    answer = api.get(f"/api/v1/users-doc-count?user={user}")
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "error": "missing"})
    assert api.taking("*/*").get(f"/api/v1/users-doc-count?user={user}").text == "missing"


@pytest.mark.writes
def test_a_broken_account_is_a_server_error(api, unique):
    user = {"_id": f"org.couchdb.user:{unique}", "name": unique, "type": "user", "roles": ["chw"], "password": GOOD}
    api.ok("PUT", f"/_users/{user['_id']}", user)
    answer = api.as_user(unique).get("/api/v1/users-info")
    assert (answer.status_code, json.loads(answer.text)) == (500, {"code": 500, "error": "Server error"})
