"""What happens to contacts some time after they were written."""

from __future__ import annotations

import pytest

ON = {"transitions": {"generate_shortcode_on_contacts": True}}


@pytest.mark.mock_only
def test_contacts_get_short_codes_a_little_later(frozen, mocksrv, places):
    frozen.put("/api/v1/settings", ON)
    place = {"name": "North", "type": "health_center", "parent": places.district, "contact": {"name": "Atieno"}}
    made = frozen.ok("POST", "/api/v1/places", place)
    before = frozen.doc(made["id"])
    assert "place_id" not in before
    mocksrv.clock.advance(2)
    after = frozen.doc(made["id"])
    assert after == before | {"_rev": after["_rev"], "place_id": after["place_id"]}
    assert (len(after["place_id"]), after["place_id"].isdigit()) == (5, True)
    person = frozen.doc(made["contact"]["id"])
    assert person["patient_id"].isdigit()
    assert "place_id" not in person
    mocksrv.clock.advance(60)
    assert frozen.doc(made["id"])["_rev"] == after["_rev"], "once"
    assert frozen.ok("GET", f"/api/v1/hydrate?doc_ids=[%22{made['id']}%22]")[0]["doc"]["place_id"] == after["place_id"]


@pytest.mark.mock_only
def test_codes_are_kept_and_all_different(frozen, mocksrv):
    frozen.put("/api/v1/settings", ON)
    people = [{"_id": f"p{number}", "type": "person", "name": "P"} for number in range(50)]
    people[0]["patient_id"] = "12345"
    frozen.ok("POST", "/medic/_bulk_docs", {"docs": [*people, {"_id": "report", "type": "data_record"}]})
    frozen.get("/api/info")
    mocksrv.clock.advance(2)
    rows = frozen.ok("GET", "/medic/_all_docs?include_docs=true&startkey=%22p0%22&endkey=%22p99%22")["rows"]
    codes = [row["doc"]["patient_id"] for row in rows if row["id"].startswith("p")]
    assert (len(codes), len(set(codes)), codes[0]) == (50, 50, "12345")
    assert "patient_id" not in frozen.doc("report")


@pytest.mark.mock_only
def test_what_was_written_while_it_was_off_stays_without(frozen, mocksrv):
    for transitions in ({}, {"generate_shortcode_on_contacts": {"disable": True}}):
        frozen.put("/api/v1/settings?replace=1", {"transitions": transitions})
        id = frozen.ok("POST", "/medic", {"type": "person", "name": "Off"})["id"]
        mocksrv.clock.advance(2)
        assert "patient_id" not in frozen.doc(id)
    frozen.put("/api/v1/settings", ON)
    mocksrv.clock.advance(2)
    frozen.get("/api/info")
    mocksrv.clock.advance(2)
    assert "patient_id" not in frozen.doc(id)


@pytest.mark.mock_only
def test_how_far_the_background_process_has_come(frozen, mocksrv):
    """Test suites wait until all changes since then are none."""
    def left(name="transitions-seq"):
        seen = frozen.ok("GET", f"/medic-sentinel/_local/{name}")["value"]
        return len(frozen.ok("GET", f"/medic/_changes?since={seen}")["results"])

    frozen.put("/api/v1/settings", ON)
    frozen.get("/api/info")
    frozen.ok("POST", "/medic", {"type": "data_record"})
    assert (left(), left("background-seq")) == (1, 1)
    mocksrv.clock.advance(2)
    assert (left(), left("background-seq")) == (0, 0)
    frozen.put("/api/v1/settings", {"transitions": {"generate_shortcode_on_contacts": False}})
    assert left() == 1, "it goes on without any"
    mocksrv.clock.advance(2)
    assert left() == 0
