"""The made-up data: a hierarchy that holds together, and an account for each role that works."""

import pytest

pytestmark = pytest.mark.mock_only
PASSWORD = "Secret_123"
ONLINE = {"officer": "program_officer", "clerk": "data_entry", "gateway": "gateway", "analyst": "analytics",
          "configurer": "crfo", "director": "national_admin"}


@pytest.fixture
def contacts(api, mocksrv):
    """All contacts of a world of 200, by id."""
    mocksrv.plant(size=200)
    types = ("district_hospital", "health_center", "clinic")
    pages = [api.ok("GET", f"/api/v1/place?type={kind}&limit=1000") for kind in types]
    pages.append(api.ok("GET", "/api/v1/person?type=person&limit=1000"))
    return {doc["_id"]: doc for page in pages for doc in page["data"]}


def test_there_are_as_many_contacts_as_asked_for(contacts):
    assert len(contacts) == 200
    assert {doc["type"] for doc in contacts.values()} == {"district_hospital", "health_center", "clinic", "person"}


def test_parents_are_there_but_for_the_broken_household(contacts):
    above = {"person": ("clinic", "health_center", "district_hospital"), "clinic": ("health_center",),
             "health_center": ("district_hospital",)}
    for doc in contacts.values():
        if doc["_id"] == "broken-clinic":
            assert doc["parent"]["_id"] not in contacts
        elif doc["type"] == "district_hospital":
            assert "parent" not in doc
        else:
            parent = contacts[doc["parent"]["_id"]]
            assert parent["type"] in above[doc["type"]]
            assert doc["parent"].get("parent") == parent.get("parent")


def test_codes_are_unique_and_phones_valid(api, contacts):
    codes = [doc.get("patient_id") or doc["place_id"] for doc in contacts.values()]
    assert len(set(codes)) == len(codes)
    person = next(doc for doc in contacts.values() if doc.get("phone"))
    found = api.ok("GET", "/api/v1/contacts-by-phone", params={"phone": person["phone"]})
    assert person["_id"] in [doc["_id"] for doc in found["docs"]]


def test_each_role_has_an_account(api, contacts):
    for name, role in ONLINE.items():
        assert api.as_user(name, PASSWORD).ok("GET", "/_session")["userCtx"]["roles"] == [role, "mm-online"]
    for name in ("supervisor", "chw1"):
        settings = api.doc(f"org.couchdb.user:{name}")
        assert contacts[settings["contact_id"]]["parent"]["_id"] == settings["facility_id"][0]
        assert api.as_user(name, PASSWORD).ok("GET", "/_session")["userCtx"]["roles"] == settings["roles"]


def test_the_broken_household_shows_ids_where_documents_are_gone(api, contacts):
    person = api.ok("GET", "/api/v1/person/broken-person?with_lineage=true")
    assert person["parent"]["name"] == "Household without Parents"
    assert person["parent"]["parent"] == {"_id": "deleted-health-center", "parent": {"_id": "deleted-district"}}


def test_the_same_seed_gives_the_same_people(api, mocksrv, contacts):
    mocksrv.plant(size=200)
    again = api.ok("GET", "/api/v1/person?type=person&limit=1000")["data"]
    assert again == [contacts[doc["_id"]] for doc in again]
    mocksrv.plant(size=200, seed=2)
    other = api.ok("GET", "/api/v1/person?type=person&limit=1000")["data"]
    assert {doc["_id"] for doc in other} & {doc["_id"] for doc in again} == {"broken-person"}
