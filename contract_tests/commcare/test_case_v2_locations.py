"""Case API v2 for a user who is bound to a location."""

import pytest
import requests


@pytest.fixture
def local(hq):
    """Somebody who may edit the cases of one clinic, the clinic, its worker and a worker elsewhere."""
    workers = [user for user in hq.get("v0.5/user/", limit=0).json()["objects"] if user["locations"]]
    here = workers[0]
    away = next(user for user in workers if user["locations"] != here["locations"])
    (editor,) = hq.get("v0.5/web-user/", web_username="editor@example.org").json()["objects"]
    changed = hq.call("PATCH", f"api/v0.5/web-user/{editor['id']}/", json={
        "role": "Local Data Entry", "primary_location_id": here["locations"][0],
        "assigned_location_ids": here["locations"]})
    assert changed.status_code == 202, changed.text
    user = hq.as_user("editor@example.org", "a" * 40)
    with user.session:
        yield user, here["locations"][0], here["id"], away["id"]


def case(hq, owner, **given):
    made = hq.post("case/v2/", {"case_type": "local", "case_name": "x", "owner_id": owner, **given})
    assert made.status_code == 200, made.text
    return made.json()["case"]["case_id"]


@pytest.mark.mock_only
def test_reading(hq, local):
    user, clinic, here, away = local
    mine, at_clinic, theirs = case(hq, here), case(hq, clinic), case(hq, away, external_id="theirs")
    seen = user.get("case/v2/", case_type="local").json()
    assert ([item["case_id"] for item in seen["cases"]], seen["matching_records"]) == ([mine, at_clinic], 2)
    assert user.get(f"case/v2/{mine}").status_code == 200
    for path in (f"case/v2/{theirs}", "case/v2/ext/theirs/"):
        response = user.get(path)
        assert (response.status_code, response.json()) == (
            403, {"error": f"Insufficient permission for Case '{theirs}'"})
    many = user.get(f"case/v2/{mine},{theirs}").json()
    assert (many["matching_records"], many["cases"][1]) == (1, {"case_id": theirs, "error": "not found"})


@pytest.mark.writes
def test_writing(hq, local):
    user, clinic, here, away = local
    theirs = case(hq, away)
    case(user, here)
    mine = case(user, clinic)
    index = {"parent": {"case_id": theirs, "case_type": "local", "relationship": "child"}}
    before = hq.get("v0.5/form/").json()["meta"]["total_count"]
    for response in (user.put(f"case/v2/{theirs}", {"case_name": "y"}), user.put(f"case/v2/{mine}", {"owner_id": away}),
                     user.put(f"case/v2/{mine}", {"indices": index})):
        assert (response.status_code, response.json()) == (403, {
            "error": f"No permission to access following user ids from given case/owner ids: {{{away!r}}}"})
    other = next(place["location_id"] for place in hq.get("v0.5/location/", limit=0).json()["objects"]
                 if place["location_id"] != clinic)
    response = user.put(f"case/v2/{mine}", {"owner_id": other})
    assert response.json() == {
        "error": f"No permission to access following location ids from given case/owner ids: {{{other!r}}}"}
    assert hq.get("v0.5/form/").json()["meta"]["total_count"] == before


def test_a_reader_may_neither_read_cases_nor_submit(hq):
    with requests.Session() as session:
        session.headers["Authorization"] = f"ApiKey reader@example.org:{'b' * 40}"
        for method, path in (("GET", "api/case/v2/"), ("POST", "receiver/api/"), ("POST", "fixtures/fixapi/"),
                             ("POST", "importer/excel/bulk_upload_api/"), ("GET", "api/v0.5/form/")):
            assert session.request(method, hq.path(path)).status_code == 403
