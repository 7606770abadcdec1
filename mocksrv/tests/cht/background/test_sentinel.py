"""What the background process notes of the documents that it meets, and that it meets its own."""

import base64
import json

import pytest
import requests

ADMIN = ("admin", "pass")
PLACE = {"_id": "clinic", "type": "clinic", "name": "C"}
PERSON = {"_id": "ada", "type": "person", "name": "Ada", "patient_id": "77777", "phone": "+254712399999",
          "parent": {"_id": "clinic"}}


class Cht:
    def __init__(self, world):
        self.world = world
        world.clock.freeze("2026-11-21T22:26:40Z")

    def ask(self, method, path, body=None):
        answer = requests.request(method, self.world.url + path, json=body, auth=ADMIN)
        answer.raise_for_status()
        return answer.json()

    def configure(self, **settings):
        self.ask("PUT", "/api/v1/settings?replace=1", settings)
        self.world.clock.advance(2)
        self.ask("GET", "/api/info")

    def write(self, *docs):
        """Store documents, which the background process then meets; gives the first one."""
        self.ask("POST", "/medic/_bulk_docs", {"docs": list(docs)})
        self.world.clock.advance(2)
        return self.stored(docs[0]["_id"])

    def stored(self, id, database="medic"):
        return self.ask("GET", f"/{database}/{id}")

    def info(self, id):
        return self.stored(f"{id}-info", "medic-sentinel")


@pytest.fixture
def cht(mocksrv):
    return Cht(mocksrv)


def test_each_document_is_met_once(cht):
    cht.configure(transitions={"update_clinics": False})
    cht.write({"_id": "note", "type": "note"}, PLACE, {"_id": "r1", "type": "data_record"})
    assert [cht.info(id)["transitions"] for id in ("note", "clinic", "r1")] == [{}, {}, {}]


@pytest.mark.parametrize(("seconds", "done"), [(1.4, False), (2, True), (3600, True)])
def test_time_counts_from_the_write_and_not_from_the_next_request(cht, seconds, done):
    """Nobody asked meanwhile: what the processes had time for is done. As long as recorded from 4.15.0."""
    cht.configure(transitions={"generate_shortcode_on_contacts": True})
    cht.ask("POST", "/medic/_bulk_docs", {"docs": [PLACE, {"_id": "eve", "type": "person"}]})
    cht.world.clock.advance(seconds)
    assert ("patient_id" in cht.stored("eve")) is done


@pytest.mark.parametrize(("seconds", "done"), [(0.1, False), (0.3, True)])
def test_a_form_that_nobody_asked_for_meanwhile_is_transformed(cht, seconds, done):
    xform = base64.b64encode(b"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
<h:head><h:title>F</h:title><model><instance><f id="f"><a/></f></instance></model></h:head><h:body/></h:html>""")
    form = {"_id": "form:f", "type": "form", "internalId": "f", "_attachments": {
        "xml": {"content_type": "application/xml", "data": xform.decode()}}}
    cht.ask("POST", "/medic/_bulk_docs", {"docs": [form]})
    cht.world.clock.advance(seconds)
    assert ("model.xml" in cht.stored("form:f")["_attachments"]) is done


def test_without_transitions_in_the_settings_they_are_met_when_somebody_asks(cht):
    cht.configure(transitions={})
    cht.write({"_id": "note", "type": "note"}, {"_id": "other", "type": "note"})
    assert "transitions" not in cht.ask("GET", "/medic-sentinel/_all_docs?include_docs=true")["rows"][-1]["doc"]
    assert cht.info("note")["transitions"] == {}
    (row,) = cht.ask("POST", "/medic-sentinel/_all_docs?include_docs=true", {"keys": ["other-info"]})["rows"]
    assert row["doc"]["transitions"] == {}


@pytest.mark.parametrize("transitions", [{}, {"update_clinics": False}])
def test_the_process_saves_an_infodoc_twice(cht, transitions):
    """Once when it gets it, and once when it has met the document (cht-core's integration specs count these)."""
    cht.configure(transitions=transitions)
    rev = cht.write({"_id": "twice", "type": "note"}, {"_id": "once", "type": "note"})["_rev"]
    assert [cht.info(id)["_rev"][:2] for id in ("twice", "once")] == ["3-", "3-"]
    cht.write({"_id": "twice", "_rev": rev, "type": "note", "n": 2})
    assert [cht.info(id)["_rev"][:2] for id in ("twice", "once")] == ["4-", "3-"]


@pytest.mark.parametrize("own", [{"muting": {"ok": True}}, {}])
def test_transitions_of_a_document_itself_are_taken_over(cht, own):
    cht.configure(transitions={"update_clinics": False})
    cht.write({"_id": "old", "type": "note", "transitions": own})
    info = cht.info("old")
    assert (info["transitions"], info["_rev"][:2]) == (own, "2-")


@pytest.mark.parametrize(("transitions", "rev"), [({"update_clinics": False}, "2-"), ({}, None)])
def test_documents_that_the_api_has_made(cht, transitions, rev):
    """The process makes their infodocs, which say nothing of replication."""
    cht.configure(transitions=transitions)
    made = cht.ask("POST", "/api/v1/places", {"type": "district_hospital", "name": "D"})["id"]
    cht.world.clock.advance(2)
    cht.ask("GET", "/api/info")
    answer = requests.get(f"{cht.world.url}/medic-sentinel/{made}-info", auth=ADMIN)
    assert (answer.status_code == 404) is (rev is None)
    if rev:
        assert answer.json() == {"_id": f"{made}-info", "_rev": answer.json()["_rev"], "type": "info", "doc_id": made,
                                 "initial_replication_date": "unknown", "latest_replication_date": "unknown",
                                 "transitions": {}}
        assert answer.json()["_rev"].startswith(rev)


def test_a_transition_is_noted_with_the_revision_that_it_met(cht):
    cht.configure(transitions={"generate_shortcode_on_contacts": True})
    place = cht.write(PLACE)
    rev = cht.ask("GET", "/medic/clinic?revs=true")["_revisions"]["ids"][1]
    noted = cht.info("clinic")["transitions"]["generate_shortcode_on_contacts"]
    assert list(noted) == ["last_rev", "seq", "ok", "run_date"]
    assert noted["run_date"] == "2026-11-21T22:26:44.000Z"
    assert (noted["last_rev"], noted["ok"], place["_rev"][:2]) == (f"1-{rev}", True, "2-")


def test_what_a_transition_writes_is_met_too(cht):
    """The patient that a report registers gets a code."""
    registration = {"form": "NEW", "messages": [], "events": [
        {"name": "on_create", "trigger": "add_patient", "params": "", "bool_expr": ""}]}
    cht.configure(transitions={"registration": True, "update_sent_by": True}, registrations=[registration],
                  forms={"NEW": {}})
    cht.write(PLACE, PERSON)
    report = cht.write({"_id": "r1", "type": "data_record", "form": "NEW", "from": PERSON["phone"],
                        "fields": {"patient_name": "Bea"}, "reported_date": 1,
                        "contact": {"_id": "ada", "parent": {"_id": "clinic"}}})
    (row,) = cht.ask("GET", "/medic/_design/medic-client/_view/contacts_by_reference?key=" + json.dumps(
        ["shortcode", report["patient_id"]]).replace('"', "%22"))["rows"]
    assert cht.info(row["id"])["transitions"] == {}
    assert {name: one["ok"] for name, one in cht.info("r1")["transitions"].items()} == {
        "registration": True, "update_sent_by": True}


def test_misconfigured_it_waits(cht):
    cht.configure(transitions={"update_sent_by": True, "nonsense": False})
    cht.write(PERSON, {"_id": "r1", "type": "data_record", "from": PERSON["phone"]})
    assert "transitions" not in cht.info("r1")
    cht.configure(transitions={"update_sent_by": True})
    assert (cht.stored("r1")["sent_by"], cht.info("ada")["transitions"]) == ("Ada", {})


MUTING = {"transitions": {"muting": True}, "muting": {
    "mute_forms": ["mute"], "unmute_forms": ["unmute"], "messages": [
        {"event_type": event, "recipient": "reporting_unit", "message": [{"locale": "en", "content": event}]}
        for event in ("mute", "unmute")]}}
EVENTS = (("m1", True, 1000), ("u1", False, 2000), ("m2", True, 3000))


def history(*ids, muted=False):
    events = [{"report_id": id, "muted": muted, "date": date} for id, muted, date in EVENTS if id in ids]
    return {"muting_history": {"server_side": {"muted": muted}, "client_side": events, "last_update": "client_side"}}


def report(id, **fields):
    return {"_id": id, "type": "data_record", "content_type": "xml", "form": "mute" if id.startswith("m") else "unmute",
            "fields": fields, "from": "+254712300000", "reported_date": 5000,
            "client_side_transitions": {"muting": True}}


@pytest.mark.parametrize("muted", [True, False])
def test_who_an_app_has_muted(cht, muted):
    cht.configure(**MUTING)
    ids = ("m1", "u1", "m2") if muted else ("m1", "u1")
    person = cht.write(PERSON | ({"muted": 3000} if muted else {}) | history(*ids, muted=not muted))
    now = person.get("muted")
    assert (now is not None) is muted
    assert person["muting_history"]["last_update"] == "server_side"
    assert person["muting_history"]["server_side"]["muted"] is muted
    (last,) = cht.info("ada")["muting_history"]
    assert (last["muted"], last["report_id"]) == (muted, ids[-1])
    rev = person["_rev"]
    cht.world.clock.advance(60)
    assert cht.stored("ada")["_rev"] == rev


@pytest.mark.parametrize("order", [("m1", "u1", "m2"), ("m2", "u1", "m1"), ("u1", "m2", "m1"), ("m2", "m1", "u1")])
def test_reports_of_apps_count_in_the_order_of_the_app(cht, order):
    """The clinic is muted, its person unmutes it, then the person is muted."""
    cht.configure(**MUTING)
    about = {"m1": {"place_id": "clinic"}, "u1": {"patient_id": "77777"}, "m2": {"patient_id": "77777"}}
    cht.write(PLACE | history("m1", "u1"), PERSON | {"muted": 3000} | history("m1", "u1", "m2"))
    for id in order:
        cht.write(report(id, **about[id]))
    assert ("muted" in cht.stored("clinic"), "muted" in cht.stored("ada")) == (False, True)
    for id in order:
        texts = [task["messages"][0]["message"] for task in cht.stored(id)["tasks"]]
        assert texts == ["unmute" if id == "u1" else "mute"], "said once, however often it was processed"


def test_infodocs_of_old_releases_move_out_of_medic(cht):
    cht.configure(transitions={"update_sent_by": True})
    old = {"type": "info", "initial_replication_date": 1000, "latest_replication_date": 2000, "some": "data"}
    cht.write({"_id": "note", "type": "note"}, {"_id": "note-info", "doc_id": "note", **old}, {"_id": "other-info"})
    info = cht.info("note")
    assert (info["initial_replication_date"], info["some"], info["transitions"]) == (1000, "data", {})
    assert info["latest_replication_date"].startswith("2026-11-21T22:26:4")
    (row,) = cht.ask("POST", "/medic/_all_docs", {"keys": ["note-info"]})["rows"]
    assert row["value"]["deleted"] is True
    assert "transitions" not in cht.info("other-info")  # an infodoc is no document that the process looks at


def test_a_changed_document_loses_the_transitions_of_old_releases(cht):
    cht.configure(transitions={"generate_shortcode_on_contacts": True})
    person = cht.write(PERSON | {"patient_id": "", "transitions": {"update_clinics": {"ok": True}}})
    assert person["patient_id"]
    assert "transitions" not in person
