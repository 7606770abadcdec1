"""hydrate and contacts-by-phone: documents with all that they refer to."""

import json

import pytest

from mocksrv.vendors.cht.contacts.hydrate import Hydrated, Matches

pytestmark = pytest.mark.writes
NO_IDS = {"error": "bad_request", "reason": "`doc_ids` parameter must be a json array."}
NO_PHONE = {"error": "bad_request", "reason": "`phone` parameter is required and must be a valid phone number"}


@pytest.fixture
def family(api, unique):
    """A district and a center with contacts, a patient who is linked to others, and a report about the patient."""
    names = ("district", "center", "worker", "patient", "report")
    district, center, worker, patient, report = (f"{unique}-{name}" for name in names)
    lineage = {"_id": center, "parent": {"_id": district}}
    api.ok("POST", "/medic/_bulk_docs", {"docs": [
        {"_id": district, "type": "district_hospital", "name": "District",
         "contact": {"_id": worker, "parent": lineage}},
        {"_id": center, "type": "health_center", "name": "Center", "parent": {"_id": district}, "place_id": unique,
         "contact": {"_id": worker, "parent": lineage}},
        {"_id": worker, "type": "person", "name": "Worker", "parent": lineage, "phone": "+254712345678"},
        {"_id": patient, "type": "person", "name": "Patient", "parent": lineage, "patient_id": f"{unique}-code",
         "linked_docs": {"friend": worker, "report": {"_id": report}, "none": False, "list": [], "gone": "nowhere"}},
        {"_id": report, "type": "data_record", "form": "V", "contact": {"_id": worker, "parent": lineage},
         "fields": {"patient_id": f"{unique}-code", "place_id": unique}},
    ]})
    return {"district": district, "center": center, "worker": worker, "patient": patient, "report": report}


def hydrated(api, *ids):
    answers = api.ok("POST", "/api/v1/hydrate", {"doc_ids": list(ids)})
    assert Hydrated(many=True).validate(answers) == {}
    return answers


def test_a_contact_has_its_parents_and_their_contacts(api, family):
    (answer,) = hydrated(api, family["worker"])
    district, center, worker = (api.doc(family[name]) for name in ("district", "center", "worker"))
    expected = worker | {"parent": center | {"contact": worker, "parent": district | {"contact": worker}}}
    assert answer == {"id": family["worker"], "doc": expected}


def test_a_place_at_the_top_has_its_contact(api, family):
    (answer,) = hydrated(api, family["district"])
    assert answer["doc"]["contact"] == api.doc(family["worker"])


def test_linked_documents(api, family):
    (answer,) = hydrated(api, family["patient"])
    assert answer["doc"]["linked_docs"] == {"friend": api.doc(family["worker"]), "report": api.doc(family["report"]),
                                            "none": False, "list": [], "gone": "nowhere"}


def test_a_report_has_sender_patient_and_place(api, family):
    (answer,) = hydrated(api, family["report"])
    doc = answer["doc"]
    assert (doc["contact"]["name"], doc["contact"]["parent"]["name"]) == ("Worker", "Center")
    assert (doc["patient"]["name"], doc["patient"]["parent"]["parent"]["name"]) == ("Patient", "District")
    assert (doc["place"]["_id"], doc["place"]["contact"]["name"]) == (family["center"], "Worker")


def test_the_order_is_kept_and_what_is_missing_marked(api, family):
    answers = hydrated(api, family["center"], "nowhere", family["worker"], family["center"])
    assert [answer["id"] for answer in answers] == [family["center"], "nowhere", family["worker"], family["center"]]
    assert answers[1] == {"id": "nowhere", "error": "not_found"}
    assert answers[0] == answers[3]
    assert hydrated(api) == []


def test_a_report_without_a_form_is_as_stored_when_asked_for_alone(api, family, unique):
    api.ok("PUT", f"/medic/{unique}-bare", {"type": "data_record", "contact": {"_id": family["worker"]}})
    assert hydrated(api, f"{unique}-bare")[0]["doc"]["contact"] == {"_id": family["worker"]}
    assert hydrated(api, f"{unique}-bare", "nowhere")[0]["doc"]["contact"]["name"] == "Worker"


def test_get_asks_by_query_and_the_query_wins(api, family):
    ids = json.dumps([family["worker"]])
    by_query = api.ok("GET", "/api/v1/hydrate", params={"doc_ids": ids})
    assert by_query == hydrated(api, family["worker"])
    assert api.post("/api/v1/hydrate", {"doc_ids": ["nowhere"]}, params={"doc_ids": ids}).json() == by_query
    assert api.ok("GET", "/api/v1/hydrate?doc_ids=a&doc_ids=b") == [
        {"id": "a", "error": "not_found"}, {"id": "b", "error": "not_found"}]
    assert api.post("/api/v1/hydrate?doc_ids=oops", {"doc_ids": []}).json() == NO_IDS


@pytest.mark.parametrize("query", ["", "doc_ids=", "doc_ids=a", "doc_ids={}", "doc_ids=5", "doc_ids=null"])
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_what_is_no_list_of_ids(api, query, accept):
    answer = api.taking(accept).get(f"/api/v1/hydrate?{query}")
    assert (answer.status_code, answer.json()) == (400, NO_IDS)


def test_a_body_counts_only_as_json(api):
    assert api.post("/api/v1/hydrate", data=b'{"doc_ids":[]}', headers={"Content-Type": "text/plain"}).json() == NO_IDS
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert api.post("/api/v1/hydrate", data=b'{"doc_ids":[]}', headers=kind).json() == []


# --- by phone --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phone", ["+254712345678", "+254 712 345 678", "+254-712-(345)-678", '"+254712345678"'])
def test_a_number_is_normalised_and_found(api, family, phone):
    found = api.ok("GET", "/api/v1/contacts-by-phone", params={"phone": phone})
    assert Matches().validate(found) == {}
    assert found["ok"] is True
    assert hydrated(api, family["worker"])[0]["doc"] in found["docs"]
    assert api.ok("POST", "/api/v1/contacts-by-phone", {"phone": phone}) == found


def test_matches_come_by_id(api, unique):
    for letter in "ba":
        api.ok("PUT", f"/medic/{unique}-{letter}", {"type": "person", "name": letter, "phone": "+254733444555"})
    found = api.ok("GET", "/api/v1/contacts-by-phone?phone=%2B254733444555")
    ids = [doc["_id"] for doc in found["docs"]]
    assert ids == sorted(ids)
    assert {f"{unique}-a", f"{unique}-b"} <= set(ids)


def test_only_the_stored_form_is_found(api, unique):
    """The documentation page's number, which nobody has."""
    api.ok("PUT", f"/medic/{unique}", {"type": "person", "name": "x", "phone": "0744 999 999"})
    for answer in (api.get("/api/v1/contacts-by-phone", params={"phone": '"+40-(744)-999-999"'}),
                   api.post("/api/v1/contacts-by-phone", {"phone": "+40 (744) 999-999"})):
        assert (answer.status_code, answer.json()) == (404, {"error": "not_found", "reason": "no matches found"})


@pytest.mark.parametrize("phone", ["", "12345", "aaaa", "+254712345678 ext 4", "tel:+254712345678"])
def test_what_is_no_number(api, phone):
    answer = api.get("/api/v1/contacts-by-phone", params={"phone": phone})
    assert (answer.status_code, answer.json()) == (400, NO_PHONE)


def test_a_national_number_of_another_country(api):
    kenya = str(api.ok("GET", "/api/v1/settings").get("default_country_code")).lstrip("+") == "254"
    answer = api.get("/api/v1/contacts-by-phone", params={"phone": "(201) 555-0123" if kenya else "0744898989"})
    assert (answer.status_code, answer.json()) == (400, NO_PHONE)


@pytest.mark.parametrize("phone", [None, 254712345678, ["+254712345678"], {}])
def test_a_body_with_no_number(api, phone):
    answer = api.post("/api/v1/contacts-by-phone", {"phone": phone})
    assert (answer.status_code, answer.json()) == (400, NO_PHONE)


def test_two_numbers_are_none(api):
    assert api.get("/api/v1/contacts-by-phone?phone=%2B254712345678&phone=%2B254712345678").json() == NO_PHONE
