"""Reading, creating, changing and deleting users."""

from __future__ import annotations

import pytest

from mocksrv.vendors.cht.described import user_schemas as schemas

GOOD = "Kisumu_2024"


def check(schema, data, many=False):
    """A response as its operation declares it."""
    assert schema(unknown="raise").validate(data, many=many) == {}


@pytest.mark.release(until="4.17")
@pytest.mark.writes
def test_create_with_existing_place_and_contact(api, places, unique):
    answer = api.post("/api/v1/users", {"username": unique, "password": GOOD, "roles": ["chw"],
                                        "place": places.area, "contact": places.person})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    body = answer.json()
    check(schemas.CreatedUser, body)
    assert list(body) == ["contact", "user", "user-settings"]
    assert body["contact"] == {"id": places.person, "rev": api.doc(places.person)["_rev"]}
    user, settings = (api.doc(f"org.couchdb.user:{unique}", name) for name in ("_users", "medic"))
    assert list(user) == ["_id", "_rev", "name", "type", "roles", "facility_id", "contact_id", "password_scheme",
                          "iterations", "derived_key", "salt"]
    assert (user["name"], user["type"], user["roles"]) == (unique, "user", ["chw"])
    assert (user["facility_id"], user["contact_id"]) == ([places.area], places.person)
    assert settings == {"_id": user["_id"], "_rev": settings["_rev"], "name": unique, "type": "user-settings",
                        "roles": ["chw"], "facility_id": [places.area], "contact_id": places.person}
    assert api.as_user(unique).get("/_session").json()["userCtx"] == {"name": unique, "roles": ["chw"]}


@pytest.mark.writes
def test_create_with_new_place_and_contact(api, places, unique):
    """The documentation page's example, but for its password, which the server refuses."""
    body = api.ok("POST", "/api/v1/users", {
        "password": GOOD, "username": unique, "type": "district-manager",
        "place": {"name": "Mary's Area", "type": "health_center", "parent": places.district},
        "contact": {"name": "Mary Anyango", "phone": "+2868917046"},
    })
    user = api.doc(f"org.couchdb.user:{unique}", "_users")
    assert user["roles"] == ["district-manager", "kujua_user", "data_entry", "district_admin", "mm-online"]
    (place_id,) = user["facility_id"]
    place, contact = api.doc(place_id), api.doc(user["contact_id"])
    assert body["contact"] == {"id": contact["_id"], "rev": contact["_rev"]}
    assert place["_rev"].startswith("2-")
    assert place["contact"] == {"_id": contact["_id"], "parent": contact["parent"]}
    assert contact["parent"] == {"_id": place_id, "parent": {"_id": places.district}}


@pytest.mark.writes
def test_create_with_a_contact_that_brings_its_id(api, places, unique):
    body = api.ok("POST", "/api/v1/users", {
        "username": unique, "password": GOOD, "roles": ["chw"], "place": places.area,
        "contact": {"_id": f"person-{unique}", "name": "Amina"}})
    contact = api.doc(f"person-{unique}")
    assert body["contact"]["id"] == contact["_id"]
    assert contact["parent"] == {"_id": places.area, "parent": {"_id": places.district}}


@pytest.mark.writes
def test_a_new_place_without_a_contact(api, places, unique):
    """The contact that the place itself brings is made, but no longer linked."""
    api.ok("POST", "/api/v1/users", {
        "username": unique, "password": GOOD, "roles": ["program_officer"],
        "place": {"name": "A", "type": "health_center", "parent": places.district, "contact": {"name": "B"}}})
    (place,) = api.doc(f"org.couchdb.user:{unique}", "_users")["facility_id"]
    assert "contact" not in api.doc(place)


@pytest.mark.writes
def test_a_contact_that_asked_for_an_account(api, places, unique):
    """The flag goes, with a write of its own."""
    asked = api.ok("POST", "/api/v1/people", {"name": "Amina", "place": places.area,
                                              "user_for_contact": {"create": "true", "other": 1}})
    body = api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["chw"],
                                            "place": places.area, "contact": asked["id"]})
    contact = api.doc(asked["id"])
    assert contact["user_for_contact"] == {"other": 1}
    assert body["contact"]["rev"] == contact["_rev"]
    assert contact["_rev"].startswith("2-")


@pytest.mark.writes
def test_null_roles_change_nothing_but_the_documents(api, unique):
    """CouchDB insists on roles, so the account stays as it was."""
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["gateway"]})
    refused = api.post(f"/api/v1/users/{unique}", {"roles": None, "fullname": "X"})
    assert (refused.status_code, refused.json()["error"]) == (403, "doc.roles must exist")
    assert "fullname" not in api.doc(f"org.couchdb.user:{unique}")


@pytest.mark.writes
def test_all_properties_land_where_they_belong(api, unique):
    api.ok("POST", "/api/v1/users", {
        "username": unique, "password": GOOD, "roles": ["national_admin"], "fullname": "On Line",
        "email": "o@example.org", "phone": "0712", "known": True, "external_id": "e-1", "language": "sw",
        "colour": "green"})
    user, settings = (api.doc(f"org.couchdb.user:{unique}", name) for name in ("_users", "medic"))
    assert user["known"] is True
    assert {"fullname", "email", "phone", "external_id", "colour", "language"}.isdisjoint(user)
    assert settings == {
        "_id": user["_id"], "_rev": settings["_rev"], "name": unique, "type": "user-settings", "fullname": "On Line",
        "email": "o@example.org", "phone": "0712", "known": True, "external_id": "e-1",
        "roles": ["national_admin", "mm-online"]}


@pytest.mark.release(until="5.1")
@pytest.mark.writes
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"roles": ["program_officer"]}, ["program_officer", "mm-online"]),
        ({"roles": ["program_officer", "mm-online"]}, ["program_officer", "mm-online"]),
        ({"roles": ["chw", "mm-online"]}, ["chw"]),
        ({"roles": ["chw", "program_officer"]}, ["chw", "program_officer"]),
        ({"roles": ["not_configured"]}, ["not_configured"]),
        ({"type": "national-manager"},
         ["national-manager", "kujua_user", "data_entry", "national_admin", "mm-online"]),
        ({"type": "facility-manager"}, ["facility-manager", "kujua_user", "data_entry", "mm-online"]),
        ({"type": "data-entry"}, ["data-entry", "data_entry", "mm-online"]),
        ({"type": "analytics"}, ["analytics", "kujua_analytics", "mm-online"]),
        ({"type": "gateway"}, ["gateway", "kujua_gateway", "mm-online"]),
        ({"type": "nonsense"}, ["nonsense"]),
        ({"type": "gateway", "roles": ["chw"]}, ["gateway", "kujua_gateway", "mm-online"]),
    ],
    ids=str,
)
def test_roles(api, places, unique, sent, stored):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "place": places.area,
                                     "contact": places.person, **sent})
    for database in ("_users", "medic"):
        assert api.doc(f"org.couchdb.user:{unique}", database)["roles"] == stored


@pytest.mark.release(until="5.0")
@pytest.mark.writes
def test_create_many_tells_each_row(api, places, unique):
    rows = [
        {"username": f"{unique}-1", "password": GOOD, "roles": ["chw"], "place": places.area,
         "contact": places.person},
        {"username": f"{unique}-2", "password": GOOD, "roles": ["chw"], "place": "nope", "contact": places.person},
        {"username": f"{unique}-1", "password": GOOD, "roles": ["analytics"]},
        {"username": f"{unique}-3", "password": "secret", "roles": ["analytics"]},
        {"username": f"{unique}-3", "password": GOOD, "roles": "chw"},
        {}, None, 1,
    ]
    first, *others = api.ok("POST", "/api/v1/users", rows)
    check(schemas.CreatedUser, first)
    assert others == [
        {"error": "Failed to find place."},
        {"error": {"message": f'Username "{unique}-1" already taken.', "translationKey": "username.taken",
                   "translationParams": {"username": f"{unique}-1"}}},
        {"error": {"message": "The password must be at least 8 characters long.",
                   "translationKey": "password.length.minimum", "translationParams": {"minimum": 8}}},
        {"error": "roles.some is not a function"},
        {"error": "Missing required fields: username, password, type or roles"},
        {"error": "Cannot read properties of null (reading 'roles')"},
        {"error": "Missing required fields: username, password, type or roles"},
    ]
    assert api.ok("POST", "/api/v1/users", []) == []


@pytest.mark.writes
def test_lists(api, places, unique):
    for name, contact in (("a", places.person), ("b", places.clinic_person)):
        api.ok("POST", "/api/v1/users", {"username": f"{unique}-{name}", "password": GOOD, "roles": ["chw"],
                                         "place": places.area, "contact": contact, "fullname": name})
    users = api.ok("GET", f"/api/v2/users?facility_id={places.area}")
    check(schemas.User, users, many=True)
    assert [user["username"] for user in users] == [f"{unique}-a", f"{unique}-b"]
    first = users[0]
    assert list(first) == ["id", "rev", "username", "fullname", "place", "roles", "contact"]
    assert first["place"] == [api.doc(places.area)]
    assert first["contact"] == api.doc(places.person)
    old = api.ok("GET", f"/api/v1/users?facility_id={places.area}&contact_id={places.clinic_person}")
    check(schemas.OldUser, old, many=True)
    assert [(user["username"], user["type"]) for user in old] == [(f"{unique}-b", "chw")]
    assert api.ok("GET", f"/api/v2/users?facility_id={places.other_area}") == []
    assert api.ok("GET", f"/api/v2/users?contact_id={places.person}&facility_id=nope") == []
    everyone = api.ok("GET", "/api/v2/users?contactId=ignored&facility_id=")
    ids = [user["id"] for user in everyone]
    assert ids == sorted(ids)
    assert {f"org.couchdb.user:{unique}-{name}" for name in "ab"} <= set(ids)
    assert api.ok("GET", f"/api/v2/users/{unique}-a") == first


@pytest.mark.writes
def test_user_without_place_has_null(api, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["analytics"]})
    found = api.ok("GET", f"/api/v2/users/{unique}")
    assert {key: found[key] for key in list(found)[2:]} == {
        "username": unique, "place": None, "roles": ["analytics", "mm-online"]}


@pytest.mark.writes
def test_reading_oneself_needs_no_permission(api, places, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["chw"], "place": places.area,
                                     "contact": places.person})
    assert api.as_user(unique).ok("GET", f"/api/v2/users/{unique}")["username"] == unique
    assert api.as_user(unique).get("/api/v2/users").status_code == 403


@pytest.mark.writes
def test_update(api, places, unique):
    """The documentation page's example, but for its password."""
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["chw"], "place": places.area,
                                     "contact": places.person})
    body = api.ok("POST", f"/api/v1/users/{unique}", {"password": "An0ther!Word", "place": places.other_area})
    check(schemas.Updated, body)
    assert [body[key]["rev"][:2] for key in ("user", "user-settings")] == ["2-", "2-"]
    user, settings = (api.doc(f"org.couchdb.user:{unique}", name) for name in ("_users", "medic"))
    assert user["facility_id"] == settings["facility_id"] == [places.other_area]
    assert user["contact_id"] == places.person  # not checked again
    assert api.as_user(unique).get("/_session").status_code == 401
    assert api.as_user(unique, "An0ther!Word").get("/_session").status_code == 200


@pytest.mark.writes
def test_update_of_nothing_makes_new_revisions(api, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["analytics"]})
    body = api.ok("POST", f"/api/v3/users/{unique}", {"language": "fr"})
    assert [body[key]["rev"][:2] for key in ("user", "user-settings")] == ["2-", "2-"]


@pytest.mark.writes
def test_place_and_contact_can_be_taken_away(api, places, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["program_officer"],
                                     "place": places.area, "contact": places.person})
    api.ok("POST", f"/api/v1/users/{unique}", {"place": None})
    api.ok("POST", f"/api/v1/users/{unique}", {"contact": None})
    for database in ("_users", "medic"):
        doc = api.doc(f"org.couchdb.user:{unique}", database)
        assert (doc["facility_id"], doc["contact_id"]) == (None, None)


@pytest.mark.release(until="4.17")
@pytest.mark.writes
def test_a_new_password_ends_sessions(api, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["analytics"]})
    login = api.anonymous().post("/medic/login", {"user": unique, "password": GOOD})
    session = {"Cookie": f"AuthSession={login.cookies['AuthSession']}"}
    api.ok("POST", f"/api/v1/users/{unique}", {"fullname": "Still in"})
    assert api.anonymous().get("/_session", headers=session).status_code == 200
    api.ok("POST", f"/api/v1/users/{unique}", {"password": "An0ther!Word"})
    assert api.anonymous().get("/_session", headers=session).status_code == 401


@pytest.mark.writes
def test_self_update(api, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["national_admin"]})
    me = api.as_user(unique)
    me.ok("POST", f"/api/v1/users/{unique}", {"fullname": "Me", "email": "me@example.org", "known": True})
    assert api.doc(f"org.couchdb.user:{unique}")["fullname"] == "Me"
    me.ok("POST", f"/api/v1/users/{unique}", {"password": "An0ther!Word"})
    assert api.as_user(unique, "An0ther!Word").get("/_session").status_code == 200


@pytest.mark.writes
def test_create_with_several_places(api, places, unique):
    body = api.ok("POST", "/api/v3/users", {"username": unique, "password": GOOD, "roles": ["program_officer"],
                                            "place": [places.area], "contact": places.clinic_person})
    check(schemas.Updated, body)
    assert api.doc(f"org.couchdb.user:{unique}", "_users")["facility_id"] == [places.area]


@pytest.mark.writes
def test_delete(api, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["analytics"]})
    body = api.ok("DELETE", f"/api/v1/users/{unique}")
    check(schemas.Deleted, body, many=True)
    id = f"org.couchdb.user:{unique}"
    assert [(one["id"], one["rev"][:2]) for one in body] == [(id, "2-"), (id, "2-")]
    settings = api.doc(id)
    assert settings["inactive"] is True
    assert isinstance(settings["deletion_date"], int)
    assert api.as_user(unique).get("/_session").status_code == 401
    assert id not in [user["id"] for user in api.ok("GET", "/api/v2/users")]
