"""What an offline user writes at once: which result each document gets, and in which order they are written.

CHT 4.15 source, api/src/services/bulk-docs.js; CHT's own tests, tests/integration/api/controllers/bulk-docs.spec.js.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.writes

FIRST = "1-0123456789abcdef0123456789abcdef"


@pytest.fixture
def worker(make_worker):
    """A user of the area."""
    return make_worker()


def report(id, by, **fields):
    return {"_id": id, "type": "data_record", "form": "V", "fields": fields, "contact": {"_id": by}}


def clinic(id, parent, **more):
    return {"_id": id, "type": "clinic", "name": id, "parent": {"_id": parent}} | more


def sent(worker, docs, **more):
    answer = worker.post("/medic/_bulk_docs", {"docs": docs} | more)
    assert answer.status_code == 201
    return answer.json()


def test_a_part_of_another_document_gets_its_result(api, worker, places, unique):
    """The second is in conflict with the first, but is told as written: the API finds the first by its members."""
    whole = report(unique, places.person, patient_id=places.clinic_person, tags=[{"a": 1}, 2], private=True)
    part = report(unique, places.person, tags=[2])
    rows = sent(worker, [whole, part])
    assert rows[0] == rows[1] == {"ok": True, "id": unique, "rev": rows[0]["rev"]}
    assert api.doc(unique)["fields"] == whole["fields"]


@pytest.mark.parametrize(("changed", "told"), [
    ({"tags": [2, 2]}, "conflict"), ({"tags": []}, None), ({"tags": {}}, "conflict"), ({"tags": 2}, "conflict"),
    ({"private": 1}, "conflict"), ({"more": None}, "conflict"), ({}, None)])
def test_what_is_a_part_of_another_document(worker, places, unique, changed, told):
    whole = report(unique, places.person, patient_id=places.clinic_person, tags=[{"a": 1}, 2], private=True)
    assert [row.get("error") for row in sent(worker, [whole, report(unique, places.person, **changed)])] == [None, told]


def test_a_refused_part_gets_the_result_of_the_whole(worker, places, unique):
    rows = sent(worker, [clinic(unique, places.area), {"type": "clinic"}, {"type": "clinic", "name": "other"}])
    assert rows == [rows[0], rows[0], {"error": "forbidden"}]
    assert rows[0]["id"] == unique


def test_without_new_edits_refusals_are_told(api, worker, places, unique):
    """This is what PouchDB pushes: it emits `denied` for each."""
    docs = [clinic(f"{unique}-{n}", places.other_area if n % 2 else places.area, _rev=FIRST) for n in range(4)]
    assert sent(worker, docs, new_edits=False) == [
        {"id": f"{unique}-{n}", "error": "forbidden"} for n in (1, 3)]
    assert [api.get(f"/medic/{unique}-{n}").status_code for n in range(4)] == [200, 404, 200, 404]
    assert api.doc(f"{unique}-2")["_rev"] == FIRST


def test_they_are_written_as_they_are_let_in(api, worker, places, unique):
    """The report waits for the clinic that it is about."""
    docs = [report(f"{unique}-report", places.other_person, patient_id=f"{unique}-clinic"),
            clinic(f"{unique}-clinic", places.area), report(f"{unique}-own", places.person)]
    since = api.ok("GET", "/medic/")["update_seq"]
    assert [row["id"] for row in sent(worker, docs)] == [doc["_id"] for doc in docs]
    written = [row["id"] for row in api.ok("GET", f"/medic/_changes?since={since}")["results"]
               if row["id"].startswith(unique)]
    assert written == [f"{unique}-{name}" for name in ("clinic", "own", "report")]
