"""Where the documentation page and the server disagree about users: each side in its conformance."""

from __future__ import annotations

import pytest

GOOD = "Kisumu_2024"
pytestmark = pytest.mark.mock_only
PHONE = "+254712345678"


@pytest.fixture(params=["both", "server", "page"])
def mode(request, mocksrv):
    mocksrv.set(cht_conformance=request.param)
    return request.param


@pytest.fixture
def page(mode):
    """Whether the world follows the page."""
    return mode == "page"


def person(places, name, **changes):
    return {"username": name, "password": GOOD, "roles": ["chw"], "place": places.area, "contact": places.person,
            **changes}


def test_6_place_in_lists(api, places, unique, page):
    api.ok("POST", f"/api/v1/places/{places.area}", {"contact": places.person})
    api.ok("POST", "/api/v1/users", person(places, unique))
    (found,) = api.ok("GET", f"/api/v2/users?facility_id={places.area}")
    stored = api.doc(places.area)
    if page:
        assert found["place"] == {**stored, "contact": api.doc(places.person)}
    else:
        assert found["place"] == [stored]


def test_6_no_place(api, unique, page):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["gateway"]})
    found = api.ok("GET", f"/api/v2/users/{unique}")
    assert ("place" in found) != page


def test_7_one_user(api, places, unique, page):
    api.ok("POST", "/api/v1/users", person(places, unique))
    found = api.ok("GET", f"/api/v2/users/{unique}")
    assert (found.get("type"), found.get("roles")) == (("chw", None) if page else (None, ["chw"]))


def test_8_rows_that_lack_something(api, unique, page):
    """The page's example: its rendering has a stray backslash in the line break."""
    answer = api.post("/api/v1/users", [{}, {"username": unique}])
    if page:
        assert answer.status_code == 400
        assert answer.json() == {
            "code": 400,
            "error": "Missing required fields:\n"
                     "Missing fields username, password, type or roles for user at index 0\n"
                     "Missing fields password, type or roles for user at index 1",
            "details": {"failingIndexes": [
                {"fields": ["username", "password", "type or roles"], "index": 0},
                {"fields": ["password", "type or roles"], "index": 1}]}}
    else:
        assert answer.status_code == 200
        assert answer.json() == [{"error": "Missing required fields: username, password, type or roles"},
                                 {"error": "Missing required fields: password, type or roles"}]


def test_8_rows_that_fail_later(api, places, unique):
    """The page's example of a partial success, which both sides agree on."""
    first, second = api.ok("POST", "/api/v1/users", [
        person(places, unique), person(places, f"{unique}-2", place="unknown")])
    assert list(first) == ["contact", "user", "user-settings"]
    assert second == {"error": "Failed to find place."}


def test_9_csv_rows_that_all_fail(api, page):
    answer = api.request("POST", "/api/v2/users", data=b"username,password,type\n,Sec_ret123,gateway",
                         headers={"Content-Type": "text/csv"})
    assert answer.status_code == (400 if page else 200)
    assert answer.json() == [{"error": "Missing required fields: username"}]


def test_10_passwords_of_the_pages_examples(api, places, unique, page):
    answer = api.post("/api/v1/users", {
        "password": "secret", "username": unique, "type": "district-manager",
        "place": {"name": "Mary's Area", "type": "health_center", "parent": places.district},
        "contact": {"name": "Mary Anyango", "phone": "+2868917046"}})
    assert answer.status_code == (200 if page else 400)
    if page:
        updated = api.post(f"/api/v1/users/{unique}", {"password": "secret", "place": places.other_area})
        assert updated.status_code == 200
        assert list(updated.json()) == ["user", "user-settings"]


@pytest.mark.release(until="5.0")
@pytest.mark.parametrize("value", ["true", 1, {"yes": True}])
def test_11_truthy_token_login(api, unique, page, value):
    api.configure(token_login={"enabled": True, "message": "Hi"})
    body = {"username": unique, "roles": ["gateway"], "phone": PHONE, "token_login": value}
    assert ("token_login" in api.post("/api/v1/users", body).json()) == page


@pytest.mark.release(until="5.0")
def test_12_type_of_the_messages(api, unique, page):
    api.configure(token_login={"enabled": True, "message": "Hi"})
    api.ok("POST", "/api/v1/users", {"username": unique, "roles": ["gateway"], "phone": PHONE, "token_login": True})
    token = api.doc(f"org.couchdb.user:{unique}", "_users")["token_login"]["token"]
    assert api.doc(f"token:login:{token}")["type"] == ("login_token" if page else "token_login")


def test_13_permissions_to_update(api, places, unique, page):
    api.ok("POST", "/api/v1/users", person(places, unique))
    api.ok("POST", "/api/v1/users", {"username": f"{unique}-po", "password": GOOD, "roles": ["program_officer"]})

    def update():
        return api.as_user(f"{unique}-po").post(f"/api/v1/users/{unique}", {"fullname": "X"}).status_code

    assert update() == (403 if page else 200)  # can_update_people is nobody's by default
    permissions = api.doc("settings")["settings"]["permissions"]
    api.configure(permissions=permissions | {"can_update_people": ["program_officer"], "can_edit": []})
    assert update() == (200 if page else 403)


def test_14_updating_oneself(api, unique, page):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["gateway"]})
    own = api.as_user(unique)
    assert own.post(f"/api/v1/users/{unique}", {"external_id": "e"}).status_code == (200 if page else 401)
    for change in ({"type": "x"}, {"roles": []}, {"contact": "x"}, {"place": "x"}):
        assert own.post(f"/api/v1/users/{unique}", change).status_code == 401


def test_15_online_roles_in_users_info(api, places, page):
    answer = api.get(f"/api/v1/users-info?facility_id={places.area}&role=program_officer")
    if page:
        assert (answer.status_code, answer.json()["error"]) == (400, "Provided role is not offline")
    else:
        assert answer.status_code == 200


def test_19_answer_to_delete(api, unique, page):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["gateway"]})
    answer = api.delete(f"/api/v1/users/{unique}")
    assert answer.status_code == 200
    assert (answer.text == "") == page


def test_22_unknown_parent_of_a_new_place(api, places, unique, page):
    text = f"username,password,type,place.name,place.type,place.parent,contact.name\n{unique},WrAGyGD9805,chw,A," \
           f"health_center,unknown,Amina"
    (made,) = api.request("POST", "/api/v2/users", data=text.encode(), headers={"Content-Type": "text/csv"}).json()
    if not page:
        assert made == {"error": "Failed to find place."}
        return
    (place,) = api.doc(f"org.couchdb.user:{unique}", "_users")["facility_id"]
    assert api.doc(place)["parent"] == {"_id": "unknown"}


# --- the page's examples that one side alone has ---


@pytest.fixture
def on_page(mocksrv):
    mocksrv.set(cht_conformance="page")


@pytest.fixture
def demo(api, on_page, unique):
    """The user of the page's lists: a district manager whose contact is that of the place."""
    made = api.ok("POST", "/api/v1/places", {"type": "district_hospital", "name": "Sample District",
                                             "contact": {"name": "Paul", "phone": "+2868917046"}})
    contact = made["contact"]["id"]
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "secret", "type": "district-manager",
                                     "fullname": "Example User", "place": made["id"], "contact": contact})
    paul = api.doc(contact)
    assert (paul["name"], paul["type"], paul["phone"]) == ("Paul", "person", "+2868917046")
    return {"id": f"org.couchdb.user:{unique}", "fullname": "Example User", "username": unique,
            "place": {**api.doc(made["id"]), "contact": paul}, "contact": paul}


def without_rev(user):
    return {key: value for key, value in user.items() if key != "rev"}


@pytest.mark.release(until="5.1")
def test_page_lists(api, demo):
    name, password = api.auth
    api.anonymous().post("/medic/login", {"user": name, "password": password})  # makes the admin's documents
    roles = ["district-manager", "kujua_user", "data_entry", "district_admin", "mm-online"]
    for path, kind in (("/api/v1/users", {"type": "district-manager"}), ("/api/v2/users", {"roles": roles})):
        listed = {user["id"]: without_rev(user) for user in api.ok("GET", path)}
        assert listed[demo["id"]] == demo | kind
        admin = {"type": "admin"} if "v1" in path else {"roles": ["admin"]}
        assert listed["org.couchdb.user:admin"] == {"id": "org.couchdb.user:admin", "username": "admin"} | admin
    for query in (f"facility_id={demo['place']['_id']}", f"contact_id={demo['contact']['_id']}"):
        (user,) = api.ok("GET", f"/api/v2/users?{query}")
        assert without_rev(user) == demo | {"roles": roles}
    assert without_rev(api.ok("GET", f"/api/v2/users/{demo['username']}")) == demo | {"type": "district-manager"}


def test_page_creates_many(api, on_page, places, unique):
    made = api.ok("POST", "/api/v1/users", [
        {"password": "secret", "username": f"{unique}-{name}", "type": "district-manager",
         "place": {"name": f"{name}'s Area", "type": "health_center", "parent": places.district},
         "contact": {"name": name, "phone": "+2868917046"}} for name in ("mary", "bob")])
    assert [list(one) for one in made] == [["contact", "user", "user-settings"]] * 2
    assert api.as_user(f"{unique}-bob", "secret").get("/_session").status_code == 200


def test_page_csv_errors(api, on_page, unique):
    text = f"username,password,type\n,Sec_ret123,gateway\n{unique},,gateway"
    answer = api.request("POST", "/api/v2/users", data=text.encode(), headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()) == (400, [
        {"error": "Missing required fields: username"}, {"error": "Missing required fields: password"}])


def test_page_csv_partial_success(api, on_page, places, unique):
    """One row with a place that is not there: 200, as one row succeeds."""
    ids = f"{unique}-1,Sec_ret123,chw,{places.area},{places.person}\n{unique}-2,Sec_ret123,chw,unknown,x"
    answer = api.request("POST", "/api/v2/users", data=f"username,password,type,place,contact\n{ids}".encode(),
                         headers={"Content-Type": "text/csv"})
    first, second = answer.json()
    assert answer.status_code == 200
    assert list(first) == ["contact", "user", "user-settings"]
    assert second == {"error": "Failed to find place."}
