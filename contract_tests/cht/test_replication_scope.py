"""What an offline user replicates as CHT's own tests have it: unknown roles, contacts of places, what is purged."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.writes

DENIED = {"error": "forbidden", "reason": "Insufficient privileges"}
NOT_YOURS = {"error": "forbidden", "reason": "You are not allowed to access this db."}


def replicated(client):
    return {pair["id"] for pair in client.ok("GET", "/api/v1/replication/get-ids")["doc_ids_revs"]}


def soon(true):
    """A server hears of changes by a feed: a mock at once."""
    for _ in range(50):
        if true():
            return True
        time.sleep(0.1)
    return False


def person(parent, **more):
    return {"type": "person", "name": "N", "parent": {"_id": parent}} | more


# --- a role that the settings do not have --------------------------------------------------------------------------


@pytest.fixture
def stranger(make_worker, unique):
    """An offline user of the area whose role is not configured, so that its account does not open the database."""
    return make_worker(roles=[f"role-{unique}"])


def test_the_api_answers_for_the_database(stranger, places):
    own = f"org.couchdb.user:{stranger.auth[0]}"
    assert stranger.ok("GET", f"/medic/{places.clinic}")["_id"] == places.clinic
    assert len(stranger.ok("GET", "/medic/_all_docs")["rows"]) == len(
        stranger.ok("GET", "/medic/_changes")["results"]) == 4
    got = stranger.ok("POST", "/medic/_bulk_get", {"docs": [{"id": own}, {"id": places.other_area}]})
    assert [one["id"] for one in got["results"]] == [own]
    assert places.clinic_person in replicated(stranger)
    assert stranger.get("/medic/_design/medic/_view/contacts_by_depth").json()["code"] == 403


def test_the_api_refuses_what_is_not_the_users(api, stranger, places, unique):
    api.ok("PUT", f"/medic/token:login:{unique}", {"type": "token_login", "user": "org.couchdb.user:somebody"})
    token = api.doc(f"token:login:{unique}")
    for method, path, body in (
            ("GET", f"/medic/token:login:{unique}", None), ("PUT", f"/medic/token:login:{unique}", token),
            ("DELETE", f"/medic/token:login:{unique}?rev={token['_rev']}", None),
            ("POST", "/medic/", person(places.other_area)), ("GET", f"/medic/{places.other_area}/a?rev=1-a", None)):
        answer = stranger.request(method, path, body)
        assert (answer.status_code, answer.json()) == (403, DENIED), (method, path)


@pytest.mark.release(until="5.2")  # from then on the role has no permission to edit
def test_the_database_refuses_what_the_api_passes_on(api, stranger, places, unique):
    (role,) = api.doc(f"org.couchdb.user:{stranger.auth[0]}")["roles"]
    permissions = api.doc("settings")["settings"]["permissions"]
    api.configure(permissions=permissions | {"can_edit": [*permissions["can_edit"], role]})
    clinic = api.doc(places.clinic)
    for method, path, body in (
            ("PUT", f"/medic/{unique}", person(places.area)), ("POST", "/medic/", person(places.area)),
            ("DELETE", f"/medic/{clinic['_id']}?rev={clinic['_rev']}", None),
            ("POST", "/medic/_bulk_docs", {"docs": [person(places.area)]}),
            ("POST", "/medic/_revs_diff", {}), ("GET", "/medic/_local/x", None)):
        answer = stranger.request(method, path, body)
        assert (answer.status_code, answer.json()) == (403, NOT_YOURS), (method, path)
    assert api.get(f"/medic/{unique}").status_code == 404


# --- contacts of places --------------------------------------------------------------------------------------------


def deep(api, places, unique):
    """A place of the district whose contact lives elsewhere: with its own report, target, and one on the place."""
    there = {"_id": f"{unique}-place", "type": "health_center", "name": "P", "parent": {"_id": places.district},
             "contact": {"_id": places.clinic_person}}
    about = {"type": "data_record", "form": "V", "contact": {"_id": places.other_person}}
    api.ok("PUT", f"/medic/{places.clinic_person}", api.doc(places.clinic_person) | {"patient_id": unique})
    api.ok("POST", "/medic/_bulk_docs", {"docs": [
        there, about | {"_id": f"{unique}-report", "fields": {"patient_id": unique}},
        {"_id": f"{unique}-target", "type": "target", "owner": places.clinic_person},
        about | {"_id": f"{unique}-near", "fields": {"place_id": places.district}}]})
    return there


@pytest.mark.parametrize(("entries", "person_too", "report_too"), [
    ([{"depth": 1}], False, False),
    ([{"depth": 1, "replicate_primary_contacts": True}], True, True),
    ([{"depth": 1, "report_depth": 0, "replicate_primary_contacts": True}], True, False),
    ([{"depth": 1, "report_depth": 1, "replicate_primary_contacts": True}], True, True),
])
def test_contacts_of_places_beyond_the_depth(newer, make_worker, places, unique, entries, person_too, report_too):
    newer.configure(replication_depth=[{"role": "chw", **one} for one in entries])
    place = deep(newer, places, unique)
    boss = make_worker(place=places.district, contact=places.other_person)
    mine = {"place": place["_id"], "person": places.clinic_person, "report": f"{unique}-report",
            "target": f"{unique}-target", "near": f"{unique}-near", "other": places.clinic}
    # A report that the user's own contact made is the user's, however deep: so these are another's.
    newer.ok("POST", "/medic/_bulk_docs", {"docs": [
        newer.doc(f"{unique}-{name}") | {"contact": {"_id": "somebody"}} for name in ("report", "near")]})
    expected = {"place": True, "person": person_too, "report": report_too, "target": person_too, "near": True,
                "other": False}
    listed = replicated(boss)
    assert {name: id in listed for name, id in mine.items()} == expected
    assert {name: boss.get(f"/medic/{id}").status_code == 200 for name, id in mine.items()} == expected


def test_the_most_permissive_of_roles_as_deep(newer, make_worker, places, unique):
    newer.configure(replication_depth=[
        {"role": "chw", "depth": 1, "report_depth": 0},
        {"role": "chw_supervisor", "depth": 1, "report_depth": 1, "replicate_primary_contacts": True}])
    deep(newer, places, unique)
    one = make_worker(place=places.district, contact=places.other_person)
    both = make_worker(place=places.district, contact=places.other_person, roles=["chw", "chw_supervisor"])
    assert places.clinic_person not in replicated(one)
    assert {places.clinic_person, f"{unique}-report"} <= replicated(both)


def test_a_new_place_admits_its_contact(newer, make_worker, places, unique):
    newer.configure(replication_depth=[{"role": "chw", "depth": 1, "replicate_primary_contacts": True}])
    boss = make_worker(place=places.district, contact=places.other_person)
    below = person(places.area) | {"_id": f"{unique}-person"}
    below["parent"]["parent"] = {"_id": places.district}
    place = {"_id": f"{unique}-place", "type": "health_center", "name": "P", "parent": {"_id": places.district},
             "contact": {"_id": below["_id"]}}
    assert boss.ok("POST", "/medic/_bulk_docs", {"docs": [below]})[0]["error"] == "forbidden"
    rows = boss.ok("POST", "/medic/_bulk_docs", {"docs": [below, place]})
    assert [row.get("ok") for row in rows] == [True, True]


# --- what was purged -------------------------------------------------------------------------------------------------


def test_what_is_kept_of_purged_documents(api, make_worker, places, unique):
    worker, other = make_worker(), make_worker()
    kept = f"/medic-purged-cache/purged-docs-{worker.auth[0]}"
    api.ok("PUT", kept, {"doc_ids": [unique, places.clinic_person]})
    assert places.clinic in replicated(worker)
    assert places.clinic_person not in replicated(worker)
    assert places.clinic_person in replicated(other)
    # Deletions are looked up anew.
    assert worker.ok("POST", "/api/v1/replication/get-deletes", {"doc_ids": [places.clinic_person]}) == {"doc_ids": []}


@pytest.mark.parametrize("change", ["account", "settings of the account", "the server purges"])
def test_it_is_forgotten(api, make_worker, places, unique, change):
    worker = make_worker()
    api.ok("PUT", f"/medic-purged-cache/purged-docs-{worker.auth[0]}", {"doc_ids": [places.clinic]})
    assert places.clinic not in replicated(worker)
    if change == "the server purges":
        api.ok("PUT", f"/medic-sentinel/purgelog:{unique}", {"roles": {}})
    else:
        id, name = f"org.couchdb.user:{worker.auth[0]}", "_users" if change == "account" else "medic"
        api.ok("PUT", f"/{name}/{id}", api.doc(id, name) | {"known": True})
    assert soon(lambda: places.clinic in replicated(worker))
