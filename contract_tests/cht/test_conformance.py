"""Where the documentation page and the server disagree about contacts: what each conformance does."""

import pytest

PASSWORD = "Kisumu_2024"
MODES = ("both", "server", "page")

pytestmark = pytest.mark.mock_only


@pytest.fixture
def account(api, places, unique):
    """Makes an account of a role and gives its client."""
    def make(role):
        name = f"{unique}-{role}".replace("_", "-")
        api.ok("POST", "/api/v1/users", {"username": name, "password": PASSWORD, "roles": [role],
                                         "place": places.area, "contact": places.person})
        return api.as_user(name, PASSWORD)

    return make


def by_mode(mocksrv, ask):
    """What is answered in each conformance."""
    answers = {}
    for mode in MODES:
        mocksrv.set(cht_conformance=mode)
        answers[mode] = ask()
    return answers


def test_1_writing_takes_can_edit_too(api, mocksrv, account):
    clerk = account("data_entry")
    api.ok("PUT", "/api/v1/settings", {"permissions": {"can_create_people": ["data_entry"]}})
    assert by_mode(mocksrv, lambda: clerk.post("/api/v1/people", {"name": "x"}).status_code) == {
        "both": 403, "server": 403, "page": 200}


def test_2_reading_takes_an_online_user(api, mocksrv, account, places):
    worker = account("chw")
    for path in (f"/api/v1/person/{places.person}", f"/api/v1/place/{places.area}", "/api/v1/person?type=person",
                 "/api/v1/place?type=clinic"):
        assert by_mode(mocksrv, lambda path=path: worker.get(path).status_code) == {
            "both": 403, "server": 403, "page": 200}


def test_3_what_success_shows(api, mocksrv, places):
    keys = by_mode(mocksrv, lambda: list(api.ok("POST", "/api/v1/people", {"name": "x"})))
    assert keys == {"both": ["ok", "id", "rev"], "server": ["ok", "id", "rev"], "page": ["id", "rev"]}
    body = {"name": "x", "type": "clinic", "parent": places.area}
    keys = by_mode(mocksrv, lambda: list(api.ok("POST", "/api/v1/places", body)))
    assert keys == {"both": ["ok", "id", "rev"], "server": ["ok", "id", "rev"], "page": ["id", "rev"]}


def test_4_a_wrong_parent(api, mocksrv, places):
    body = {"name": "CHP Area One", "type": "health_center", "parent": places.clinic}
    found = by_mode(mocksrv, lambda: api.post("/api/v1/places", body))
    real = 'health_center "" should have one of the following parent types: "district_hospital".'
    assert found["both"].json() == found["server"].json() == {"code": 400, "error": real}
    page = found["page"]
    assert (page.status_code, page.headers["Content-Type"]) == (400, "text/plain")
    assert page.text == 'Health Centers should have "district_hospital" parent type.'


@pytest.mark.parametrize(("mode", "status"), [("both", 400), ("server", 400), ("page", 200)])
def test_5_national_office(api, mocksrv, mode, status):
    mocksrv.plant(size=0, cht_conformance=mode)
    assert api.post("/api/v1/places", {"name": "NO", "type": "national_office"}).status_code == status


def test_16_batches_of_bulk_delete(api, mocksrv):
    body = {"docs": [{"_id": f"nobody-{number}"} for number in range(150)]}
    found = by_mode(mocksrv, lambda: api.post("/api/v1/bulk-delete", body).json())
    assert found == {"both": [[], [], []], "server": [[], [], []], "page": [[], []]}


def test_17_bulk_delete_by_who_may_not(api, mocksrv, account):
    worker = account("chw")
    assert by_mode(mocksrv, lambda: worker.post("/api/v1/bulk-delete", {"docs": []}).status_code) == {
        "both": 500, "server": 500, "page": 403}


def test_21_the_form_of_errors(api, mocksrv):
    found = by_mode(mocksrv, lambda: api.taking("*/*").get("/api/v1/person/nobody").text)
    assert found == {"both": "Person not found", "server": "Person not found",
                     "page": '{"code":404,"error":"Person not found"}'}
