"""How sure we are of an operation: what is declared, and what replays and live runs add."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from mocksrv import clock
from mocksrv.app import load_vendors
from mocksrv.cli import main
from mocksrv.config import VENDORS
from mocksrv.described import proof
from mocksrv.described.openapi import document
from mocksrv.described.proof import Finding
from mocksrv.vendor import Vendor

TODAY = date(2026, 6, 30)
RECORDED, OLD_RECORDED = Finding("1.2", "2026-06-01", 3, 1, (200, 404)), Finding("1.1", "2026-03-31", 3)
LIVE, OLD_LIVE = Finding("1.3", "2026-06-29", 5), Finding("1.3", "2026-02-01", 5)


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """Findings of every vendor lie in a folder of this test's own."""
    monkeypatch.setattr(proof, "file_of", lambda vendor: tmp_path / f"{vendor}.json")
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    return tmp_path


@pytest.fixture
def thing():
    vendor = Vendor()
    vendor.name, vendor.release = "shop", "1.0"
    vendor.operation("GET", "/v1/things", name="list_things", proof="source", source="its code")(lambda world, call: [])
    return vendor.operations[0]


@pytest.mark.parametrize("level", ["recorded", "live", "sure"])
def test_what_only_a_run_can_find_is_never_declared(level):
    with pytest.raises(ValueError, match="replays and live runs"):
        Vendor().operation("GET", "/v1/things", proof=level)


@pytest.mark.parametrize(("recorded", "live", "level", "version", "found", "stale"), [
    (None, None, "source", "1.0", None, False),
    (RECORDED, None, "recorded", "1.2", "2026-06-01", False),
    (OLD_RECORDED, None, "recorded", "1.1", "2026-03-31", True),
    (RECORDED, LIVE, "live", "1.3", "2026-06-29", False),
    (RECORDED, OLD_LIVE, "recorded", "1.2", "2026-06-01", False),  # what is fresh goes first
    (OLD_RECORDED, OLD_LIVE, "live", "1.3", "2026-02-01", True),
])
def test_the_best_proof_is_shown_with_its_version_and_date(thing, recorded, live, level, version, found, stale):
    for name, one in (("recorded", recorded), ("live", live)):
        if one:
            proof.replace("shop", name, {"list_things": one})
    (row,) = proof.describe([thing], TODAY)
    assert {key: row["proof"][key] for key in ("level", "version", "date", "stale")} == {
        "level": level, "version": version, "date": found, "stale": stale}


@pytest.mark.parametrize(("statuses", "said"), [
    ((200, 404), "recorded"), ((404,), "recorded (refusals)"), ((), "recorded"),
])
def test_refusals_alone_are_told(thing, statuses, said):
    proof.replace("shop", "recorded", {"list_things": Finding("1.2", "2026-06-01", 5, 0, statuses)})
    (row,) = proof.describe([thing], TODAY)
    assert proof.in_words(row["proof"]) == said


def test_a_finding_is_stale_after_ninety_days():
    assert not Finding("1", "2026-04-01", 1).stale(TODAY)
    assert Finding("1", "2026-03-31", 1).stale(TODAY)


def test_a_replay_replaces_what_was_found_and_a_run_adds_to_it(files):
    proof.replace("shop", "recorded", {"a": OLD_RECORDED, "b": RECORDED})
    proof.replace("shop", "recorded", {"b": RECORDED})
    proof.record("shop", "live", {"b": OLD_LIVE, "c": LIVE})
    proof.record("shop", "live", {"b": LIVE, "d": LIVE}, failed=["c", "never known"])
    assert proof.read("shop") == {"recorded": {"b": RECORDED}, "live": {"b": LIVE, "d": LIVE}}
    text = (files / "shop.json").read_text(encoding="utf-8")
    assert [line.split(":")[0].strip() for line in text.splitlines()] == [
        "{", '"recorded"', '"b"', "},", '"live"', '"b"', '"d"', "}", "}"]
    proof.record("shop", "live", {}, failed=["b", "d"])
    assert list(json.loads((files / "shop.json").read_text(encoding="utf-8"))) == ["recorded"]
    with pytest.raises(ValueError, match="recorded, live"):
        proof.replace("shop", "source", {})


def test_it_is_shown_by_the_command_line(files):
    proof.replace("cht", "recorded", {"get_person": RECORDED, "get_place": OLD_RECORDED})

    def rows(*options):
        return {row["name"]: row["proof"] for row in
                json.loads(CliRunner().invoke(main, ["operations", "--vendor", "cht", "--json", *options]).output)}

    assert rows()["get_people"] == {"level": "source", "version": "4.15.0", "date": None, "stale": False, "cases": 0,
                                    "statuses": [], "refusals": False}
    assert rows()["get_person"] == {"level": "recorded", "version": "1.2", "date": "2026-06-01", "stale": False,
                                    "cases": 3, "statuses": [200, 404], "refusals": False}
    assert list(rows("--proof", "recorded")) == ["get_person", "get_place"]
    assert list(rows("--stale")) == list(rows("--proof", "recorded", "--stale")) == ["get_place"]
    assert {one["level"] for one in rows("--proof", "docs", "--proof", "source").values()} == {"docs", "source"}
    table = CliRunner().invoke(main, ["operations", "--vendor", "cht", "--stale"]).output.splitlines()
    assert table[0].split()[4:] == ["release", "proof", "version", "date", "source"]
    assert "recorded (stale)  1.1" in table[1]
    page = CliRunner().invoke(main, ["operations", "--markdown", "--vendor", "cht"]).output
    (line,) = [line for line in page.splitlines() if line.startswith("| GET | `/api/v1/place/{uuid}` |")]
    assert line.endswith(" | recorded | 1.1 | 2026-03-31 |")
    assert page.count(" | recorded | ") == 2


def test_it_is_shown_in_openapi():
    proof.replace("cht", "live", {"get_person": LIVE})
    (vendor,) = load_vendors(["cht"])
    found = document(vendor)["paths"]["/api/v1/person/{uuid}"]["get"]["x-mocksrv-proof"]
    assert found == {"level": "live", "version": "1.3", "date": "2026-06-29", "stale": False, "cases": 5,
                     "statuses": [], "refusals": False}


def test_the_summary_says_what_tests_rest_on():
    proof.replace("cht", "recorded", {"get_person": OLD_RECORDED, "get_place": OLD_RECORDED})
    (vendor,) = load_vendors(["cht"])
    of = {operation.name: operation for operation in vendor.operations}
    names = ["get_person", "get_place", "get_people", "put_credential_3"]
    assert proof.summary([of[name] for name in names], TODAY) == (
        "4 operations used, 1 rests on documentation only, 2 proofs are stale")
    assert proof.summary([of["get_person"]], TODAY) == "1 operation used, 1 proof is stale"


@pytest.mark.parametrize("vendor", load_vendors(VENDORS), ids=lambda vendor: vendor.name)
def test_what_is_written_down_is_about_operations_that_exist(vendor, monkeypatch):
    monkeypatch.undo()
    written = {name for entries in proof.read(vendor.name).values() for name in entries}
    assert written <= {operation.name for operation in vendor.operations}
    assert written or vendor.name != "cht"


@pytest.mark.parametrize("declared", [{"permision": "can_edit"}, {"onlin": True}, {"json": True}],
                         ids=["permision", "onlin", "a type that does not fit"])
def test_a_slip_in_a_declaration_is_an_error_not_an_open_door(declared):
    from mocksrv.vendors.cht.vendor import CHT

    with pytest.raises(TypeError, match=next(iter(declared))):
        CHT().operation("GET", "/api/v1/things", **declared)


@pytest.mark.parametrize("declared", [{"effect": "maks"}, {"proof": "recorded"}, {"proof": "sure"}])
def test_what_an_operation_does_and_how_sure_we_are_are_words_that_there_are(declared):
    with pytest.raises(ValueError, match="must be one of"):
        Vendor().operation("GET", "/v1/things", **declared)
