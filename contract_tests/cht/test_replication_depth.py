"""How deep offline users see, beyond what test_offline.py has: reports with several keys, and primary contacts.

CHT 4.15 and 5.x source, api/src/services/authorization.js; CHT's own tests, tests/integration/api/controllers
(db-doc.spec.js and bulk-docs.spec.js).
"""

from __future__ import annotations

import json

import pytest
import requests

pytestmark = pytest.mark.writes

PASSWORD = "Kisumu_2024"


@pytest.fixture
def boss(api, unique, places):
    """Configures the depths of roles: a user of the district."""
    def configured(*depths, roles=("chw",)):
        api.configure(replication_depth=list(depths))
        name = f"{unique}-{len(made)}"
        made.append(name)
        api.ok("POST", "/api/v3/users", {"username": name, "password": PASSWORD, "roles": list(roles),
                                         "place": places.district, "contact": places.other_person})
        return api.as_user(name)

    made = []
    return configured


def report(id, subject, by="nobody", **more):
    contact = by if isinstance(by, dict) else {"_id": by}
    return {"_id": id, "type": "data_record", "form": "V", "contact": contact, "fields": {"patient_id": subject} | more}


def seen(user, ids):
    """Whether a user sees each document, which it must replicate then, too."""
    found = [user.get(f"/medic/{id}").status_code == 200 for id in ids]
    replicated = {pair["id"] for pair in user.ok("GET", "/api/v1/replication/get-ids")["doc_ids_revs"]}
    assert found == [id in replicated for id in ids]
    return found


def test_a_report_is_near_by_any_of_its_keys(api, boss, places, unique):
    """By the key of the district it is near, but kept from the user; by that of its subject it is seen, but deep."""
    user = boss({"role": "chw", "depth": 3, "report_depth": 0})
    by = {"_id": f"{unique}-x", "parent": {"_id": places.district}}
    docs = [report(f"{unique}-signed", places.clinic_person, by, private=True, needs_signoff=True),
            report(f"{unique}-plain", places.clinic_person, by, private=True),
            report(f"{unique}-out", f"{unique}-unknown", by, private=True, needs_signoff=True)]
    api.ok("POST", "/medic/_bulk_docs", {"docs": docs})
    assert seen(user, [doc["_id"] for doc in docs]) == [True, False, False]


@pytest.fixture
def led(api, places, unique):
    """The area is led by somebody in it, the other area by somebody elsewhere: documents about both."""
    leader, stranger = f"{unique}-leader", f"{unique}-stranger"
    docs = [api.doc(places.area) | {"contact": {"_id": leader}}, api.doc(places.other_area) | {"contact": stranger},
            {"_id": leader, "type": "person", "patient_id": f"{unique}1", "parent": {
                "_id": places.area, "parent": {"_id": places.district}}},
            {"_id": stranger, "type": "person", "patient_id": f"{unique}2", "parent": {"_id": "elsewhere"}},
            report(f"{unique}-r1", f"{unique}1"), report(f"{unique}-r2", stranger),
            {"_id": f"{unique}-t", "type": "target", "owner": stranger}]
    api.ok("POST", "/medic/_bulk_docs", {"docs": docs})
    return [leader, stranger, f"{unique}-r1", f"{unique}-r2", f"{unique}-t"]


@pytest.mark.parametrize(("more", "expected"), [
    ({}, [True] * 5), ({"report_depth": 1}, [True] * 5),
    ({"report_depth": 0}, [True, True, False, False, True]), ({"replicate_primary_contacts": False}, [False] * 5)])
def test_primary_contacts_come_with_their_places(boss, places, led, each_release, more, expected):
    user = boss({"role": "chw", "depth": 1, "replicate_primary_contacts": True} | more)
    assert seen(user, [*led, places.area, places.person]) == [
        *([False] * 5 if each_release == "4.15" else expected), True, False]


@pytest.mark.release(since="4.18")
def test_new_places_bring_their_primary_contacts(boss, places, unique):
    """In whichever order they are sent."""
    user = boss({"role": "chw", "depth": 1, "report_depth": 1, "replicate_primary_contacts": True})
    lineage = {"_id": f"{unique}-area", "parent": {"_id": places.district}}
    docs = [report(f"{unique}-r", f"{unique}9"),
            {"_id": f"{unique}-p", "type": "person", "patient_id": f"{unique}9", "parent": lineage},
            {"_id": f"{unique}-q", "type": "person", "parent": lineage},
            {"type": "health_center", "contact": {"_id": f"{unique}-p"}} | lineage]
    rows = user.ok("POST", "/medic/_bulk_docs", {"docs": docs})
    assert [row.get("error") for row in rows] == [None, None, "forbidden", None]
    assert seen(user, [doc["_id"] for doc in docs]) == [True, True, False, True]


def test_of_roles_of_one_depth_newer_releases_take_the_most(api, boss, places, led, each_release):
    user = boss({"role": "chw", "depth": 1, "report_depth": 0},
                {"role": "chw_supervisor", "depth": 1, "report_depth": 1, "replicate_primary_contacts": True},
                roles=("chw", "chw_supervisor"))
    near = api.ok("POST", "/medic/", report(f"{led[0]}-near", places.area))["id"]
    assert seen(user, [*led, near]) == [each_release != "4.15"] * 6


def view_rows(api, view, key):
    key = requests.compat.quote(json.dumps(key))
    return [(row["id"], row["key"], row["value"])
            for row in api.ok("GET", f"/medic/_design/medic/_view/{view}?key={key}")["rows"]]


@pytest.mark.release(since="4.18")
def test_views_name_primary_contacts(api, places, led, unique):
    leader, stranger = led[:2]
    assert view_rows(api, "contacts_by_depth", [places.district, 1]) == sorted([
        (id, [places.district, 1], {"_id": id, "primary_contact": who})
        for id, who in ((places.area, leader), (places.other_area, stranger))])
    assert view_rows(api, "contacts_by_depth", [stranger]) == [
        (stranger, [stranger], {"_id": stranger, "shortcode": f"{unique}2"})]
    assert [view_rows(api, "contacts_by_primary_contact", id) for id in (leader, stranger, places.person)] == [
        [(places.area, leader, None)], [(places.other_area, stranger, None)], []]


@pytest.mark.release(until="4.18")
def test_views_of_older_releases_have_short_codes(api, led, unique):
    assert view_rows(api, "contacts_by_depth", [led[1]]) == [(led[1], [led[1]], f"{unique}2")]
    assert api.get("/medic/_design/medic/_view/contacts_by_primary_contact").status_code == 404
