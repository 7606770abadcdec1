"""Contacts and reports created, updated and read one by one, from release 5.2 on."""

from __future__ import annotations

import pytest

DATE = ("Invalid reported_date. Expected format to be 'YYYY-MM-DDTHH:mm:ssZ', 'YYYY-MM-DDTHH:mm:ss.SSSZ', or a Unix "
        "epoch.")
PLAIN = {"_id", "_rev", "type", "contact_type", "name", "parent", "reported_date"}


def lineage(*ids):
    """Ids as documents hold them: each with the one above it."""
    made = {}
    for id in reversed(ids):
        made = {"_id": id} | ({"parent": made} if made else {})
    return made


def refused(client, method, path, body, status, message):
    answer = client.request(method, path, body)
    assert (answer.status_code, answer.json()) == (status, {"code": status, "error": message})


@pytest.fixture
def person(newer, places):
    """A person below the clinic, as it is stored."""
    body = {"type": "person", "name": "Baraka", "parent": places.clinic, "reported_date": 1741595400000}
    return newer.ok("POST", "/api/v1/person", body)


@pytest.fixture
def report(newer, places, unique):
    """A report of a form that is there, with a word of its own in it."""
    form = f"visit-{unique}".lower()
    newer.ok("PUT", f"/medic/form:{form}", {"type": "form", "internalId": form})
    return newer.ok("POST", "/api/v1/report", {
        "form": form, "contact": places.person, "fields": {"note": f"Seen-{unique} today", "weight": 61}})


def test_a_person_is_stored_with_ids_above_it(newer, places, person):
    assert person.keys() == PLAIN
    assert (person["type"], person["contact_type"]) == ("contact", "person")
    assert person["parent"] == lineage(places.clinic, places.area, places.district)
    assert list(person)[-2:] == ["_id", "_rev"]
    assert newer.doc(person["_id"]) == person
    assert newer.ok("GET", f"/api/v1/contact/{person['_id']}") == person


@pytest.mark.parametrize(("change", "message"), [
    ({"type": None}, "The [type] field must have a [string] value."),
    ({"name": "  ", "reported_date": "x"}, "The [name] field must have a [string] value."),
    ({"reported_date": "2025-03-10T08:30:00+03:00", "_id": "x"}, DATE),
    ({"reported_date": True}, DATE),
    ({"_id": ""}, "The [_id] field must not be set."),
    ({"_rev": "1-a"}, "The [_rev] field must not be set."),
    ({"parent": {"_id": "x"}, "phone": 5}, "The [parent] field must have a [string] value."),
    ({"phone": None}, "The [phone] field must have the type [string]."),
    ({"sex": []}, "The [sex] field must have the type [string]."),
    ({"date_of_birth": "not a date"}, "The [date_of_birth] field must have a [date] value."),
    ({"type": "clinic", "parent": "nobody"}, "[clinic] is not a valid person type."),
    ({"parent": "nobody"}, "Parent contact [nobody] not found."),
    ({"reported_date": ""}, "Invalid date value []."),
    ({"_foo": 1}, "Bad special document member: _foo"),
])
def test_what_a_new_person_is_refused_for(newer, places, change, message):
    body = {"type": "person", "name": "Baraka", "parent": places.clinic} | change
    refused(newer, "POST", "/api/v1/person", body, 400, message)


def test_people_are_not_below_people(newer, places):
    body = {"type": "person", "name": "Baraka", "parent": places.person}
    refused(newer, "POST", "/api/v1/person", body, 400,
            "Parent contact of type [person] is not allowed for type [person].")


@pytest.mark.parametrize(("change", "message"), [
    ({"parent": None}, "The [parent] field must have the type [string]."),
    ({"contact": 5}, "The [contact] field must have the type [string]."),
    ({"type": "person"}, "[person] is not a valid place type."),
    ({"contact": "nobody", "parent": "nobody"}, "Primary contact [nobody] not found."),
    ({"parent": ""}, "Place type [clinic] requires a parent contact."),
    ({"parent": "nobody"}, "Parent contact [nobody] not found."),
    ({"type": "district_hospital"}, "Place type [district_hospital] does not support having a parent contact."),
])
def test_what_a_new_place_is_refused_for(newer, places, change, message):
    body = {"type": "clinic", "name": "Clinic", "parent": places.area} | change
    refused(newer, "POST", "/api/v1/place", body, 400, message)


def test_a_place_and_its_contact(newer, places):
    made = newer.ok("POST", "/api/v1/place", {
        "type": "clinic", "name": "New", "parent": places.area, "contact": places.clinic_person})
    assert made["contact"] == lineage(places.clinic_person, places.clinic, places.area, places.district)
    bare = {key: value for key, value in made.items() if key != "contact"}
    changed = newer.ok("PUT", f"/api/v1/place/{made['_id']}", bare)
    assert "contact" not in changed
    again = newer.ok("PUT", f"/api/v1/place/{made['_id']}", changed | {"contact": places.person})
    assert again["contact"] == lineage(places.person, places.area, places.district)
    refused(newer, "PUT", f"/api/v1/place/{made['_id']}", again | {"contact": {"_id": places.person}}, 400,
            "The given contact lineage does not match the current lineage for that contact.")


def test_a_person_is_replaced_as_a_whole(newer, person):
    path = f"/api/v1/person/{person['_id']}"
    changed = newer.ok("PUT", path, person | {"name": "Neema", "note": "x"})
    assert changed == person | {"name": "Neema", "note": "x", "_rev": changed["_rev"]}
    without = {key: value for key, value in changed.items() if key != "note"}
    assert "note" not in newer.ok("PUT", path, without)
    assert "note" not in newer.doc(person["_id"])


def test_a_hydrated_place_may_be_sent_back(newer, places):
    path = f"/api/v1/place/{places.clinic}"
    full = newer.ok("GET", f"{path}?with_lineage=true")
    answer = newer.ok("PUT", path, full | {"name": "Renamed"})
    assert answer["parent"] == full["parent"]
    assert newer.doc(places.clinic)["parent"] == lineage(places.area, places.district)


@pytest.mark.parametrize(("change", "status", "message"), [
    ({"_rev": None}, 400, "Valid _id, _rev, and type fields must be provided."),
    ({"type": "clinic", "contact_type": None}, 400, "Valid _id, _rev, and type fields must be provided."),
    ({"_rev": "9-a", "reported_date": 5}, 400, "The [_rev,reported_date] fields must not be changed."),
    ({"name": ""}, 400, "The [name] field must have a [string] value."),
    ({"parent": None}, 400, "Parent lineage does not match."),
])
def test_what_an_update_is_refused_for(newer, person, change, status, message):
    refused(newer, "PUT", f"/api/v1/person/{person['_id']}", person | change, status, message)


def test_an_update_of_something_else(newer, places, person):
    refused(newer, "PUT", f"/api/v1/person/{places.clinic}", person, 404,
            f"Person record [{places.clinic}] not found.")


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(("headers", "data", "status"), [
    ({"Content-Type": "text/plain"}, "{}", 400), ({"Content-Type": "application/json"}, "{", 500),
    ({"Content-Type": "application/json"}, "null", 500)])
def test_bodies_are_looked_at_before_callers(newer, method, headers, data, status):
    path = "/api/v1/report" if method == "POST" else "/api/v1/report/x"
    assert newer.anonymous().request(method, path, headers=headers, data=data).status_code == status


def test_one_of_two_permissions_is_enough(newer, places, unique):
    newer.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "roles": ["gateway"]})
    body = {"type": "person", "name": "Baraka", "parent": places.clinic}
    assert newer.as_user(unique).post("/api/v1/person", body).status_code == 200
    newer.ok("POST", "/api/v1/users", {"username": f"{unique}-2", "password": "Kisumu_2024", "roles": ["analytics"]})
    assert newer.as_user(f"{unique}-2").post("/api/v1/person", body).status_code == 403


# --- reports -------------------------------------------------------------------------------------------------


def test_a_report_is_found_by_its_words(newer, places, report, unique):
    def found(text):
        return newer.ok("GET", "/api/v1/report/uuid", params={"freetext": text})["data"]

    assert found(f"seen-{unique}"[:-2]) == [report["_id"]]
    assert found(f"note:Seen-{unique} TODAY") == [report["_id"]]
    assert found(f"form:{report['form']}") == [report["_id"]]
    assert report["_id"] in found(f"contact:{places.person}")
    assert found(f"note:seen-{unique}") == []
    newer.ok("PUT", f"/api/v1/report/{report['_id']}", report | {"fields": {"note": "gone"}})
    assert found(f"seen-{unique}") == []


def test_a_report_keeps_its_contact(newer, report):
    path = f"/api/v1/report/{report['_id']}"
    refused(newer, "PUT", path, report | {"contact": None}, 400, "A contact must be provided.")
    refused(newer, "PUT", path, report | {"form": "nope"}, 400, "Invalid form value [nope].")
    refused(newer, "PUT", path, report | {"contact": {}}, 400, "No valid contact found for [undefined].")
    refused(newer, "GET", "/api/v1/report/settings", None, 404, "Report not found")


@pytest.mark.parametrize(("query", "message"), [
    ("", "Invalid freetext [undefined]."),
    ("freetext=ab", 'Invalid freetext ["ab"].'),
    ("freetext=two words", 'Invalid freetext ["two words"].'),
    ("freetext=all&freetext=well", 'Invalid freetext [["all","well"]].'),
    ("freetext=allwell&cursor=&limit=0", 'The cursor must be a string or null for first page: [""].'),
    ("freetext=allwell&limit[a]=2", 'The limit must be a positive integer: [{"a":"2"}].'),
])
def test_what_a_search_is_refused_for(newer, query, message):
    refused(newer, "GET", f"/api/v1/report/uuid?{query}", None, 400, message)


@pytest.mark.parametrize("text", ['name:"carl', "name:carl\\"])
def test_what_breaks_the_query_is_an_error_of_the_server(newer, text):
    assert newer.get("/api/v1/contact/uuid", params={"freetext": text}).status_code == 500


def test_contacts_by_type_and_text(newer, places, unique):
    def page(**params):
        return newer.ok("GET", "/api/v1/contact/uuid", params=params)

    own = page(freetext=f"name:clinic {unique}")["data"]
    assert own == [places.clinic]
    assert page(freetext=f"name:clinic {unique}", type="person")["data"] == []
    first = page(type="clinic", limit=1)
    assert len(first["data"]) == 1
    assert first["cursor"] == "1"
    assert page(type="clinic", cursor="999999") == {"data": [], "cursor": None}
    everybody = page(freetext=unique)["data"]
    assert {places.district, places.area, places.clinic, places.person} <= set(everybody)
    walked, cursor = [], None
    while cursor is not None or not walked:
        found = page(freetext=unique, limit=2, **({"cursor": cursor} if cursor else {}))
        walked += found["data"]
        cursor = found["cursor"]
    assert walked == everybody
