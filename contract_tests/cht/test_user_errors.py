"""Every error of the user endpoints, as JSON and as text."""

from __future__ import annotations

import pytest
from urllib3.util import SKIP_HEADER

GOOD = "Kisumu_2024"
REQUIRED = ("One of the following fields are required: password, known, place, contact, type, roles, fullname, "
            "email, phone, external_id, token_login, language")
UNAUTHORIZED = object()  # a 401, which has its own form in text


def form(message, key, params=None):
    """An error of a form: message, translation key, parameters."""
    return {"message": message, "translationKey": key} | ({"translationParams": params} if params else {})


def missing(fields):
    return form(f"Missing required fields: {fields}", "fields.required", {"fields": fields})


SHORT = form("The password must be at least 8 characters long.", "password.length.minimum", {"minimum": 8})
WEAK = form("The password is too easy to guess. Include a range of types of characters to increase the score.",
            "password.weak")
BAD_NAME = form("Invalid user name. Valid characters are lower case letters, numbers, underscore (_), and hyphen (-).",
                "username.invalid")
OUTSIDE = form("Contact is not within place.", "configuration.user.place.contact")
NO_PERSON = form("Wrong type, contact is not a person.", "contact.type.wrong")
NO_LIST = form("Invalid facilities list", "field is required", {"field": "Place"})
ONE_PLACE = form("This user cannot have multiple places", "field is required", {"field": "Place"})
PLACE_NEEDED = form("Place field is required for offline users", "field is required", {"field": "Place"})
NOTHING = form(REQUIRED, "fields.one.required", {"fields": REQUIRED.split(": ")[1]})
EMPTY = "Request body is empty or Content-Type header was not set to application/json."
PLACE_ID = "Place must be a new object or string identifier (UUID)."
PERSON_ID = "Person must be a new object or string identifier (UUID)."


def refused(client, method, path, status, error, **options):
    """Both forms of a refusal."""
    answer = client.request(method, path, **options)
    as_text = client.taking("*/*").request(method, path, **options)
    if error is UNAUTHORIZED:
        assert (answer.status_code, answer.text) == (401, '{"code":401,"error":"unauthorized"}')
        assert answer.headers["logout-authorization"] == "CHT-Core API"
        assert as_text.status_code == 302
        assert as_text.headers["Location"].endswith(f"/medic/login?redirect={path.replace('/', '%2F')}")
        return
    assert (answer.status_code, answer.json()) == (status, {"code": status, "error": error})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    message = error["message"] if isinstance(error, dict) else error
    assert (as_text.status_code, as_text.text) == (status, message)
    assert as_text.headers["Content-Type"] == "text/plain"


# Changes to a good request of an offline user with place and contact; a missing property is `None` with `drop`.
CREATE = [
    ({"username": "drop"}, 400, missing("username")),
    ({"username": ""}, 400, missing("username")),
    ({"password": "drop"}, 400, missing("password")),
    ({"username": "drop", "password": "drop", "roles": "drop"}, 400, missing("username, password, type or roles")),
    ({"roles": None}, 400, missing("type or roles")),
    ({"roles": "drop", "type": ""}, 400, missing("type or roles")),
    ({"place": "drop", "contact": "drop"}, 400, missing("place, contact")),
    ({"place": None}, 400, missing("place")),
    ({"place": {}}, 400, missing("place")),
    ({"place": [""]}, 400, missing("place")),
    ({"contact": {"name": ""}}, 400, missing("contact")),
    ({"roles": [], "place": "drop"}, 400, missing("place")),
    ({"roles": "drop", "type": "nonsense", "place": "drop"}, 400, missing("place")),
    ({"token_login": True, "password": "drop", "phone": "+254712345678"}, 400, missing("password")),
    ({"roles": "chw"}, 500, "Server error"),
    ({"roles": {"a": 1}}, 500, "Server error"),
    ({"roles": 5}, 500, "Server error"),
    ({"username": 123}, 500, "Server error"),
    ({"password": "secret"}, 400, SHORT),
    ({"password": "password"}, 400, WEAK),
    ({"password": 1234567890}, 400, WEAK),
    ({"username": "Mary"}, 400, BAD_NAME),
    ({"username": "a b"}, 400, BAD_NAME),
    ({"username": "mün"}, 400, BAD_NAME),
    ({"username": "a:b"}, 400, BAD_NAME),
    ({"username": "name\n"}, 400, BAD_NAME),
    ({"place": "nope"}, 404, "Failed to find place."),
    ({"place": "{person}"}, 404, "Failed to find place."),
    ({"place": 5}, 400, PLACE_ID),
    ({"place": {"_id": "{area}", "_rev": "1-x", "name": "A"}}, 400, PLACE_ID),
    ({"place": ["{area}", "{other_area}"]}, 400, "Wrong type, object  is not a place."),
    ({"place": {"name": "x"}}, 400, "Wrong type, object  is not a place."),
    ({"place": {"_id": "{area}"}}, 400, "Wrong type, object {area} is not a place."),
    ({"place": {"name": "x", "type": "health_center"}}, 400, 'Place  is missing a "parent" property.'),
    ({"place": {"type": "district_hospital"}}, 400, 'Place  is missing a "name" property.'),
    ({"place": {"name": "x", "type": "health_center", "parent": "nope"}}, 404, "Failed to find place."),
    ({"place": {"name": "x", "type": "health_center", "parent": "{clinic}"}}, 400,
     'health_center "" should have one of the following parent types: "district_hospital".'),
    ({"contact": "nope"}, 404, "Failed to find person."),
    ({"contact": "{clinic}"}, 400, NO_PERSON),
    ({"contact": {"_id": "{clinic}"}}, 400, NO_PERSON),
    ({"contact": "{other_person}"}, 400, OUTSIDE),
    ({"contact": 5}, 400, PERSON_ID),
    ({"contact": {"name": "x", "_rev": "1-x"}}, 400, PERSON_ID),
    ({"contact": {"phone": "+1"}}, 400, 'Person is missing a "name" property.'),
    ({"contact": {"name": "x", "type": "clinic"}}, 400, "Wrong type, this is not a person."),
    ({"contact": {"name": "x", "parent": "{area}"}}, 400, OUTSIDE),
    ({"contact": {"name": "x", "parent": "nope"}}, 404, "Failed to find place."),
    ({"contact": {"name": "x", "parent": {"_id": "a"}}}, 400, 'Invalid UUID [{{"_id":"a"}}].'),
    ({"roles": ["program_officer"], "place": "drop"}, 400, OUTSIDE),
    # what CouchDB refuses
    ({"roles": ["chw", 5]}, 403, "doc.roles can only contain strings"),
    ({"roles": ["_admin"]}, 403, "No system roles (starting with underscore) in users db."),
    ({"username": "_amina"}, 403, "Username may not start with underscore."),
]
CREATE_V3 = [
    ({"username": "drop", "roles": "drop"}, 400, missing("username, type or roles")),
    ({"password": "secret"}, 400, SHORT),
    ({"username": "Mary"}, 400, BAD_NAME),
    ({"roles": ["program_officer"], "place": []}, 400, NO_LIST),
    ({"roles": ["program_officer"], "place": [""]}, 400, NO_LIST),
    ({"place": {"name": "x"}}, 400, NO_LIST),
    ({"place": ["{area}", "{other_area}"]}, 400, ONE_PLACE),
    ({"place": "nope"}, 404, "Failed to find place undefined"),
    ({"place": "{person}"}, 404, "Failed to find place {person}"),
    ({"contact": "nope"}, 404, "missing"),
    ({"contact": {"name": "x"}}, 404, "missing"),
    ({"contact": "{clinic}"}, 400, NO_PERSON),
    ({"contact": "{other_person}"}, 400, OUTSIDE),
    ({"roles": ["program_officer"], "place": "drop"}, 400, OUTSIDE),
    ({"roles": ["program_officer"], "place": None}, 400, OUTSIDE),
]
UPDATE = [
    ({}, 400, EMPTY),
    ([], 400, EMPTY),
    ([1], 400, NOTHING),
    ({"colour": "green"}, 400, NOTHING),
    ({"fullname": None}, 400, NOTHING),
    ({"username": "other"}, 400, NOTHING),
    ({"password": "secret"}, 400, SHORT),
    ({"password": "password"}, 400, WEAK),
    ({"place": "nope"}, 404, "Failed to find place undefined"),
    ({"place": "{person}"}, 404, "Failed to find place {person}"),
    ({"place": 5}, 400, NO_LIST),
    ({"place": []}, 400, NO_LIST),
    ({"place": {"name": "x", "type": "district_hospital"}}, 400, NO_LIST),
    ({"place": ["{area}", "{other_area}"]}, 400, ONE_PLACE),
    ({"place": None}, 400, PLACE_NEEDED),
    ({"contact": "nope"}, 404, "missing"),
    ({"contact": {"name": "x"}}, 404, "missing"),
    ({"contact": "{clinic}"}, 400, NO_PERSON),
    ({"contact": "{other_person}"}, 400, OUTSIDE),
    ({"roles": "chw"}, 500, "Server error"),
]


def fill(value, places):
    """Ids of the hierarchy in the place of their names in braces; `{{` is a brace."""
    if isinstance(value, str):
        return value.format_map(vars(places))
    if isinstance(value, list):
        return [fill(one, places) for one in value]
    if isinstance(value, dict):
        return {key: fill(one, places) for key, one in value.items()}
    return value


def request_of(change, places, name):
    body = {"username": name, "password": GOOD, "roles": ["chw"], "place": places.area, "contact": places.person}
    body |= fill(change, places)
    return {key: value for key, value in body.items() if value != "drop"}


@pytest.mark.release(until="4.20")
@pytest.mark.writes
@pytest.mark.parametrize(("path", "cases"), [("/api/v1/users", CREATE), ("/api/v3/users", CREATE_V3)])
def test_create_errors(api, places, unique, path, cases):
    for change, status, error in cases:
        refused(api, "POST", path, status, fill(error, places), body=request_of(change, places, unique))
    taken = [user["username"] for user in api.ok("GET", "/api/v2/users")]
    assert unique not in taken


@pytest.mark.release(until="4.20")
@pytest.mark.writes
def test_update_errors(api, places, unique):
    api.ok("POST", "/api/v1/users", request_of({}, places, unique))
    for change, status, error in UPDATE:
        refused(api, "POST", f"/api/v1/users/{unique}", status, fill(error, places), body=fill(change, places))
    assert api.doc(f"org.couchdb.user:{unique}")["_rev"].startswith("1-")


@pytest.mark.writes
def test_a_name_stays_taken(api, places, unique):
    body = {"username": unique, "password": GOOD, "roles": ["analytics"]}
    taken = form(f'Username "{unique}" already taken.', "username.taken", {"username": unique})
    api.ok("POST", "/api/v1/users", body)
    refused(api, "POST", "/api/v1/users", 400, taken, body=body)
    refused(api, "POST", "/api/v3/users", 400, taken, body=body)
    api.ok("DELETE", f"/api/v1/users/{unique}")
    refused(api, "POST", "/api/v1/users", 400, taken, body=body)


@pytest.mark.writes
def test_unknown_and_deleted_users(api, unique):
    gone = f"Failed to find user with name [{unique}] in the [users] database."
    refused(api, "GET", f"/api/v2/users/{unique}", 404, gone)
    refused(api, "POST", f"/api/v1/users/{unique}", 404, gone, body={"fullname": "x"})
    refused(api, "DELETE", f"/api/v1/users/{unique}", 404, "missing")
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["analytics"]})
    api.ok("DELETE", f"/api/v1/users/{unique}")
    refused(api, "DELETE", f"/api/v1/users/{unique}", 404, "deleted")
    refused(api, "GET", f"/api/v2/users/{unique}", 404, gone)


@pytest.mark.writes
def test_missing_settings_document(api, unique):
    user = {"_id": f"org.couchdb.user:{unique}", "name": unique, "type": "user", "roles": [], "password": GOOD}
    api.ok("PUT", f"/_users/org.couchdb.user:{unique}", user)
    gone = f"Failed to find user with name [{unique}] in the [medic] database."
    refused(api, "GET", f"/api/v2/users/{unique}", 404, gone)
    missing = api.delete(f"/api/v1/users/{unique}")
    assert (missing.status_code, missing.json()) == (404, {"code": 404, "error": "missing"})
    assert api.get(f"/_users/{user['_id']}").status_code == 404  # deleted all the same


@pytest.mark.writes
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "person"}, "doc.type must be user"),
        ({"name": ""}, "doc.name is required"),
        ({"roles": None}, "doc.roles must exist"),
        ({"roles": "chw"}, "doc.roles must be an array"),
        ({"roles": [None]}, "doc.roles can only contain strings"),
        ({"roles": ["_replicator"]}, "No system roles (starting with underscore) in users db."),
        ({"name": "other"}, "Doc ID must be of the form org.couchdb.user:name"),
        ({"password_scheme": "plain"}, "Password scheme `plain` not supported."),
        ({"password_scheme": "pbkdf2", "iterations": "10"}, "iterations must be a number."),
        ({"password_scheme": "pbkdf2", "iterations": 10}, "derived_key must be a string."),
    ],
    ids=str,
)
def test_documents_that_couchdb_refuses(api, unique, change, reason):
    path = f"/_users/org.couchdb.user:{unique}"
    answer = api.put(path, {"type": "user", "name": unique, "roles": [], **change})
    assert (answer.status_code, answer.json()) == (403, {"error": "forbidden", "reason": reason})
    assert api.get(path).status_code == 404
    (row,) = api.ok("POST", "/_users/_bulk_docs", {"docs": [
        {"_id": path.removeprefix("/_users/"), "type": "user", "name": unique, "roles": [], **change}]})
    assert row == {"id": path.removeprefix("/_users/"), "error": "forbidden", "reason": reason}


@pytest.mark.writes
@pytest.mark.parametrize(("name", "reason"), [("_x", "Username may not start with underscore."),
                                              ("a:b", "Character `:` is not allowed in usernames.")])
def test_names_that_couchdb_refuses(api, name, reason):
    answer = api.put(f"/_users/org.couchdb.user:{name}", {"type": "user", "name": name, "roles": []})
    assert (answer.status_code, answer.json()) == (403, {"error": "forbidden", "reason": reason})


@pytest.mark.writes
def test_passwords_of_server_admins(api):
    name, password = api.auth
    api.anonymous().post("/medic/login", {"user": name, "password": password})
    refused(api, "POST", f"/api/v1/users/{name}", 400, "Admin passwords must be changed manually in the database",
            body={"password": GOOD})


@pytest.mark.parametrize(
    ("method", "path", "kind", "text"),
    [
        ("POST", "/api/v1/users", None, "Content-Type must be application/json"),
        ("POST", "/api/v1/users", "application/json; charset=utf-8", "Content-Type must be application/json"),
        ("POST", "/api/v1/users", "text/csv", "Content-Type must be application/json"),
        ("POST", "/api/v1/users/x", "text/plain", "Content-Type must be application/json"),
        ("POST", "/api/v2/users", None, "Content-Type must be application/json or text/csv"),
        ("POST", "/api/v2/users", "text/csv; charset=utf-8", "Content-Type must be application/json or text/csv"),
        ("POST", "/api/v3/users", "text/plain", "Content-Type must be application/json"),
    ],
)
def test_content_type(api, method, path, kind, text):
    headers = {"Content-Type": kind} if kind else {}
    refused(api.anonymous(), method, path, 400, text, data=b"{}", headers=headers)


@pytest.mark.parametrize("path", ["/api/v1/users", "/api/v2/users", "/api/v3/users", "/api/v1/users/x"])
@pytest.mark.parametrize("data", [b"{", b'"text"', b"5"])
def test_malformed_json(api, path, data):
    refused(api, "POST", path, 500, "Server error", data=data, headers={"Content-Type": "application/json"})


CALLS = [
    ("GET", "/api/v1/users", None),
    ("GET", "/api/v2/users", None),
    ("GET", "/api/v2/users/someone", None),
    ("POST", "/api/v1/users", {}),
    ("POST", "/api/v2/users", {}),
    ("POST", "/api/v3/users", {}),
    ("POST", "/api/v1/users/someone", {"fullname": "x"}),
    ("DELETE", "/api/v1/users/someone", None),
    ("GET", "/api/v1/users-info", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_not_signed_in(api, method, path, body):
    refused(api.anonymous(), method, path, 401, UNAUTHORIZED, body=body)
    prompt = api.anonymous().taking("*/*").request(method, path, body, headers={"User-Agent": SKIP_HEADER})
    assert (prompt.status_code, prompt.text) == (401, "not logged in")
    assert prompt.headers["WWW-Authenticate"] == 'Basic realm="Medic Web Services"'


@pytest.mark.writes
def test_not_permitted(api, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["gateway"]})
    for method, path, body in CALLS:
        other = "You do not have permissions to modify this person"
        error = other if path.endswith("someone") and method == "POST" else "Insufficient privileges"
        refused(api.as_user(unique), method, path, 403, error, body=body)


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/users/x"), ("DELETE", "/api/v2/users/x"),
                                              ("PUT", "/api/v1/users/x"), ("GET", "/api/v2/users/"),
                                              ("POST", "/api/v1/users-info")])
def test_what_the_api_does_not_have(api, method, path):
    answer = api.request(method, path)
    assert (answer.status_code, answer.json()) == (
        404, {"error": "not_found", "reason": "Database does not exist."})


# --- updating oneself ---


@pytest.mark.writes
@pytest.mark.parametrize(
    "change",
    [{"type": "chw"}, {"roles": ["chw"]}, {"contact": "x"}, {"place": "x"}, {"external_id": "x"}, {"username": "x"},
     {"colour": "green"}, {"fullname": "x", "roles": []}],
    ids=str,
)
def test_what_users_may_not_change_of_themselves(api, unique, change):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": GOOD, "roles": ["analytics"]})
    refused(api.as_user(unique), "POST", f"/api/v1/users/{unique}", 401, UNAUTHORIZED, body=change)


@pytest.mark.release(until="4.17")
@pytest.mark.writes
def test_own_password_takes_basic(api, unique):
    for name in (unique, f"{unique}-2"):
        api.ok("POST", "/api/v1/users", {"username": name, "password": GOOD, "roles": ["analytics"]})
    login = api.anonymous().post("/medic/login", {"user": unique, "password": GOOD})
    cookie = {"Cookie": f"AuthSession={login.cookies['AuthSession']}"}
    path, body = f"/api/v1/users/{unique}", {"password": "An0ther!Word"}
    refused(api.anonymous(), "POST", path, 403, "You must authenticate with Basic Auth to modify your password",
            body=body, headers=cookie)
    refused(api.as_user(unique, "wrong"), "POST", path, 401, UNAUTHORIZED, body=body, headers=cookie)
    refused(api.as_user(f"{unique}-2"), "POST", path, 403, "You do not have permissions to modify this person",
            body=body, headers=cookie)
    api.as_user(unique).ok("POST", path, body, headers=cookie)
    refused(api.as_user(unique, "An0ther!Word"), "POST", path, 400, WEAK, body={"password": "password"})
