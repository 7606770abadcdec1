"""Targets of contacts, month by month, from release 5.1 on."""

from __future__ import annotations

import pytest


@pytest.fixture
def stored_target(newer, places, unique):
    """Stores a target of a contact and a month; tells its id."""
    def put(contact, period, **changes):
        id = f"target~{period}~{contact}~org.couchdb.user:{unique}"
        doc = {"type": "target", "user": f"org.couchdb.user:{unique}", "owner": contact, "reporting_period": period,
               "updated_date": 1741000000000, "targets": [{"id": "births", "value": {"pass": 3, "total": 5}}]}
        newer.ok("PUT", f"/medic/{id}", doc | changes)
        return id

    return put


def ids(client, **params):
    found = client.ok("GET", "/api/v1/target", params=params)
    return [doc["_id"] for doc in found["data"]], found["cursor"]


def test_one_and_several_contacts(newer, places, stored_target):
    one, other = stored_target(places.person, "2025-03"), stored_target(places.other_person, "2025-03")
    stored_target(places.person, "2025-04")
    assert newer.ok("GET", f"/api/v1/target/{one}")["owner"] == places.person
    assert ids(newer, reporting_period="2025-03", contact_id=places.person) == ([one], None)
    both = f"{places.person},,{places.other_person}"
    assert ids(newer, reporting_period="2025-03", contact_ids=both) == (sorted([one, other]), None)
    assert ids(newer, reporting_period="2025-03", contact_ids=both, limit=1) == ([min(one, other)], "1")
    assert ids(newer, reporting_period="2025-03", contact_ids=both, cursor=1) == ([max(one, other)], None)


@pytest.mark.parametrize("changes", [{"type": "x"}, {"owner": 5}, {"updated_date": "x"}, {"targets": {}}])
def test_what_is_no_target(newer, places, stored_target, changes):
    id = stored_target(places.person, "2025-05", **changes)
    answer = newer.get(f"/api/v1/target/{id}")
    assert (answer.status_code, answer.json()["error"]) == (404, "Target not found")
    assert ids(newer, reporting_period="2025-05", contact_id=places.person) == ([], None)


@pytest.mark.parametrize(("query", "status", "message"), [
    ("", 400, "Invalid contact Ids []."),
    ("contact_ids=,,&reporting_period=x", 400, "Invalid contact Ids []."),
    ("contact_id=a&contact_id=b", 400, "Invalid contact Id [a,b]."),
    ("contact_id=a", 400, "Invalid reporting period [undefined]."),
    ("contact_id=a&reporting_period=2025-13", 400, "Invalid reporting period [2025-13]."),
    ("contact_id=a&reporting_period=2025-03&cursor=&limit=0", 400,
     'The cursor must be a string or null for first page: [""].'),
    ("contact_id=a&reporting_period=2025-03&limit=0", 400, 'The limit must be a positive integer: ["0"].'),
    ("contact_ids=a&contact_ids=b&reporting_period=2025-03", 500, "Server error"),
])
def test_what_is_refused(newer, query, status, message):
    answer = newer.get(f"/api/v1/target?{query}")
    assert (answer.status_code, answer.json()) == (status, {"code": status, "error": message})
