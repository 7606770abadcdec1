"""POST people, places and places/{id}: the documentation page's examples, and every refusal."""

import pytest

from mocksrv.vendors.cht.described.contact_schemas import Created

pytestmark = pytest.mark.writes
EMPTY = "Request body is empty or Content-Type header was not set to application/json."


def refused(answer, status, error):
    assert (answer.status_code, answer.json()) == (status, {"code": status, "error": error})


# --- people ----------------------------------------------------------------------------------------------------


def test_a_person_in_a_new_hierarchy(api):
    """The documentation page's example."""
    result = api.ok("POST", "/api/v1/people", {
        "name": "Hannah", "phone": "+2548277210095", "type": "contact", "contact_type": "patient",
        "place": {"name": "CHP Area One", "type": "health_center",
                  "parent": {"name": "CHP Branch One", "type": "district_hospital"}}})
    assert Created().validate(result) == {}
    assert list(result) == ["ok", "id", "rev"]
    person = api.doc(result["id"])
    assert person["_rev"] == result["rev"]
    assert result["rev"].startswith("1-")
    area, branch = person["parent"]["_id"], person["parent"]["parent"]["_id"]
    assert (person["contact_type"], "place" in person) == ("patient", False)
    assert api.doc(area)["parent"] == {"_id": branch}
    assert api.doc(branch)["name"] == "CHP Branch One"


def test_a_person_in_a_place_that_is_there(api, places):
    """The documentation page's example."""
    id = api.ok("POST", "/api/v1/people", {"name": "Samuel", "place": places.area, "type": "contact",
                                           "contact_type": "chp"})["id"]
    assert api.doc(id)["parent"] == {"_id": places.area, "parent": {"_id": places.district}}


def test_the_type_is_person_unless_said(api):
    doc = api.doc(api.ok("POST", "/api/v1/people", {"name": ""})["id"])
    assert (doc["type"], doc["name"]) == ("person", "")
    assert isinstance(doc["reported_date"], int)


@pytest.mark.parametrize(("given", "stored"), [
    ("2011-10-10T14:48:00-0300", 1318268880000), ("2016-07-01T13:48:24+00:00", 1467380904000),
    ("2016-07-01T13:48:24.123Z", 1467380904123), ("1467383343484", 1467383343484), (1467383343484, 1467383343484),
    ("9" * 5000, 0),
])
def test_reported_dates(api, given, stored):
    id = api.ok("POST", "/api/v1/people", {"name": "x", "reported_date": given})["id"]
    assert api.doc(id)["reported_date"] == stored


def test_a_document_gets_the_revision_that_couchdb_would_give_it(api):
    result = api.ok("POST", "/api/v1/people", {"name": "Dated", "reported_date": 1700000000000})
    assert result["rev"] == "1-0b6c2dd54ae0e39140ef1cee45bee979"  # recorded from CHT 4.15.0


def test_an_id_can_be_chosen_once(api, unique):
    assert api.ok("POST", "/api/v1/people", {"_id": unique, "name": "x"})["id"] == unique
    refused(api.post("/api/v1/people", {"_id": unique, "name": "x"}), 409, "Document update conflict.")


@pytest.mark.parametrize(("body", "status", "error"), [
    ({}, 400, EMPTY),
    ([], 400, EMPTY),
    ([1], 400, 'Person is missing a "name" property.'),
    ({"type": "person"}, 400, 'Person is missing a "name" property.'),
    ({"name": None}, 400, 'Property "name" must be a string.'),
    ({"name": 5}, 400, 'Property "name" must be a string.'),
    ({"name": "x", "type": "clinic"}, 400, "Wrong type, this is not a person."),
    ({"name": "x", "type": "contact"}, 400, "Wrong type, this is not a person."),
    ({"name": "x", "type": "contact", "contact_type": "clinic"}, 400, "Wrong type, this is not a person."),
    ({"name": "x", "reported_date": "2016-07-01"}, 400, "Reported date is invalid: 2016-07-01"),
    ({"name": "x", "reported_date": None}, 400, "Reported date is invalid: null"),
    ({"name": "x", "reported_date": 1e300}, 400, "Reported date is invalid: 1e+300"),
    ({"name": "x", "reported_date": "9" * 30}, 400, "Reported date is invalid: " + "9" * 30),
    ({"name": "x", "type": []}, 400, "Wrong type, this is not a person."),
    ({"name": "x", "_rev": ""}, 400, "Invalid rev format"), ({"name": "x", "_rev": None}, 400, "Invalid rev format"),
    ({"name": "x", "_attachments": {"a": 1}}, 500, "Server error"),
    ({"name": "x", "reported_date": {}}, 400, "Reported date is invalid: [object Object]"),
    ({"name": "x", "place": "nowhere"}, 404, "Failed to find place."),
    ({"name": "x", "place": 5}, 400, "Place must be a new object or string identifier (UUID)."),
    ({"name": "x", "place": {"name": "y", "type": "clinic", "_rev": "1-a"}}, 400,
     "Place must be a new object or string identifier (UUID)."),
    ({"name": "x", "place": {"name": "y", "type": "person"}}, 400, "Wrong type, object  is not a place."),
    ({"name": "x", "_foo": 1}, 400, "Bad special document member: _foo"),
    ({"name": "x", "_rev": "1-967a00dff5e02add41819138abb3284d"}, 409, "Document update conflict."),
])
def test_people_that_are_refused(api, body, status, error):
    refused(api.post("/api/v1/people", body), status, error)


# --- places ----------------------------------------------------------------------------------------------------


def test_a_place_under_one_that_is_there(api, places):
    """The documentation page's example."""
    result = api.ok("POST", "/api/v1/places", {"name": "Busia Clinic", "type": "clinic", "parent": places.area})
    assert list(result) == ["ok", "id", "rev"]
    assert api.doc(result["id"])["parent"] == {"_id": places.area, "parent": {"_id": places.district}}


def test_a_place_with_new_parent_and_contact(api):
    """The documentation page's example: four writes."""
    result = api.ok("POST", "/api/v1/places", {
        "name": "CHP Area One", "type": "health_center",
        "parent": {"name": "CHP Branch One", "type": "district_hospital"},
        "contact": {"name": "Paul", "phone": "+254883720611"}})
    assert list(result) == ["id", "rev", "contact"]
    assert result["rev"].startswith("2-")
    place, person = api.doc(result["id"]), api.doc(result["contact"]["id"])
    assert place["contact"] == {"_id": person["_id"], "parent": {"_id": place["_id"], "parent": place["parent"]}}
    assert (person["type"], person["parent"]) == ("person", {"_id": place["_id"], "parent": place["parent"]})


def test_a_place_with_a_contact_that_is_there_stores_the_bare_id(api, places):
    """The documentation page's example."""
    result = api.ok("POST", "/api/v1/places", {"name": "CHP Area One", "type": "health_center",
                                               "parent": places.district, "contact": places.person})
    assert result == {"ok": True, "id": result["id"], "rev": result["rev"], "contact": {"id": places.person}}
    assert api.doc(result["id"])["contact"] == places.person


NO_PARENT = 'Place  is missing a "parent" property.'
WRONG_PARENT = 'clinic "" should have one of the following parent types: "health_center".'


@pytest.mark.parametrize(("body", "status", "error"), [
    ({}, 400, EMPTY),
    ({"name": "x"}, 400, "Wrong type, object  is not a place."),
    ({"name": "x", "type": "person"}, 400, "Wrong type, object  is not a place."),
    ({"type": "district_hospital"}, 400, 'Place  is missing a "name" property.'),
    ({"name": 5, "type": "district_hospital"}, 400, 'Property "name" on place  must be a string.'),
    ({"name": "x", "type": "district_hospital", "reported_date": "yesterday"}, 400,
     "Reported date on place  is invalid: yesterday"),
    ({"name": "x", "type": "clinic"}, 400, NO_PARENT),
    ({"_id": "my-id", "name": "x", "type": "clinic"}, 400, 'Place my-id is missing a "parent" property.'),
    ({"name": "x", "type": "clinic", "parent": "nowhere"}, 404, "Failed to find place."),
    ({"name": "x", "type": "clinic", "parent": ""}, 400, 'Invalid UUID [""].'),
    ({"name": "x", "type": "clinic", "parent": 5}, 400, WRONG_PARENT),
    ({"name": "x", "type": "clinic", "parent": {}}, 400, "Wrong type, object  is not a place."),
    ({"name": "x", "type": "clinic", "parent": {"name": "y", "type": "district_hospital"}}, 400, WRONG_PARENT),
    ({"name": "x", "type": "district_hospital", "contact": 5}, 400,
     'Property "contact" on place  must be an object or string.'),
    ({"name": "x", "type": "district_hospital", "contact": "nobody"}, 404, "Failed to find person."),
    ({"name": "x", "type": "district_hospital", "contact": {}}, 400, 'Person is missing a "name" property.'),
    ({"name": "x", "type": "district_hospital", "contact": {"name": "y", "type": "clinic"}}, 400,
     "Wrong type, this is not a person."),
    ({"name": "x", "type": "district_hospital", "contact": {"name": "y", "_rev": "1-a"}}, 400,
     "Person must be a new object or string identifier (UUID)."),
])
def test_places_that_are_refused(api, unique, body, status, error):
    refused(api.post("/api/v1/places", named(body, unique)), status, error)


def named(body, unique):
    """The body with the run's tag in its names: what is written before a refusal must be found again."""
    tagged = {key: named(value, unique) for key, value in body.items() if isinstance(value, dict)}
    return body | tagged | ({"name": f"{body['name']} {unique}"} if isinstance(body.get("name"), str) else {})


def test_what_was_written_before_a_refusal_stays(api, unique):
    body = {"_id": unique, "name": "Left behind", "type": "district_hospital", "contact": {"name": "y", "_rev": "1-a"}}
    assert api.post("/api/v1/places", body).status_code == 400
    assert api.doc(unique)["name"] == "Left behind"


# --- updating a place ------------------------------------------------------------------------------------------


def test_name_contact_and_short_code_of_a_place(api, places):
    result = api.ok("POST", f"/api/v1/places/{places.clinic}", {
        "name": "Renamed", "place_id": "77777", "contact": places.clinic_person, "type": "ignored", "x": 1})
    assert list(result) == ["id", "rev"]
    assert result["rev"].startswith("2-")
    doc = api.doc(places.clinic)
    assert (doc["name"], doc["place_id"], doc["type"], "x" in doc) == ("Renamed", "77777", "clinic", False)
    lineage = {"_id": places.clinic, "parent": {"_id": places.area, "parent": {"_id": places.district}}}
    assert doc["contact"] == {"_id": places.clinic_person, "parent": lineage}


def test_a_new_contact_is_not_put_into_the_place(api, places, unique):
    api.ok("POST", f"/api/v1/places/{places.clinic}", {"contact": {"name": f"Fresh {unique}"}})
    assert "parent" not in api.doc(api.doc(places.clinic)["contact"]["_id"])


def test_a_place_moves(api, places):
    api.ok("POST", f"/api/v1/places/{places.clinic}", {"parent": places.other_area})
    assert api.doc(places.clinic)["parent"] == {"_id": places.other_area, "parent": {"_id": places.district}}


@pytest.mark.parametrize(("body", "status", "error"), [
    ({}, 400, EMPTY),
    ({"type": "clinic"}, 400, "One of the following fields are required: name, parent, contact, place_id"),
    ({"contact": None}, 400, "One of the following fields are required: name, parent, contact, place_id"),
    ({"name": 5}, 400, 'Property "name" on place {clinic} must be a string.'),
    ({"contact": "nobody"}, 404, "Failed to find person."),
    ({"parent": "nowhere"}, 404, "Failed to find place."),
    ({"name": "x", "parent": None}, 400, 'Place {clinic} is missing a "parent" property.'),
    ({"parent": "{district}"}, 400,
     'clinic "{clinic}" should have one of the following parent types: "health_center".'),
])
def test_updates_that_are_refused(api, places, body, status, error):
    known = {"clinic": places.clinic, "district": places.district}
    sent = {key: value.format(**known) if isinstance(value, str) else value for key, value in body.items()}
    refused(api.post(f"/api/v1/places/{places.clinic}", sent), status, error.format(**known))


def test_an_unknown_place_is_not_updated(api):
    refused(api.post("/api/v1/places/nowhere", {"name": "x"}), 404, "Failed to find place.")
