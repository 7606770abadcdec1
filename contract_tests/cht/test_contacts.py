"""GET person and place: one by id, with lineage, and pages of them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocksrv.vendors.cht.contacts.reading import Contact, Page

pytestmark = pytest.mark.writes


@pytest.fixture
def family(api, unique):
    """The documentation page's example: a worker who is the contact of its area, in a branch with a contact too."""
    branch, area, worker, manager = (f"{unique}-{name}" for name in ("branch", "area", "worker", "manager"))
    docs = [
        {"_id": branch, "type": "district_hospital", "name": "Branch", "parent": "",
         "contact": {"_id": manager, "parent": {"_id": branch}}},
        {"_id": area, "type": "health_center", "name": "Area", "parent": {"_id": branch},
         "contact": {"_id": worker, "parent": {"_id": area, "parent": {"_id": branch}}}},
        {"_id": worker, "type": "person", "name": "Worker", "parent": {"_id": area, "parent": {"_id": branch}}},
        {"_id": manager, "type": "person", "name": "Manager", "parent": {"_id": branch}},
    ]
    api.ok("POST", "/medic/_bulk_docs", {"docs": docs})
    return {"branch": branch, "area": area, "worker": worker, "manager": manager}


def test_a_person_comes_as_stored(api, family):
    person = api.ok("GET", f"/api/v1/person/{family['worker']}")
    assert Contact().validate(person) == {}
    assert person == api.doc(family["worker"])
    assert person["parent"] == {"_id": family["area"], "parent": {"_id": family["branch"]}}


def test_a_person_with_lineage_has_full_places_with_full_contacts(api, family):
    person = api.ok("GET", f"/api/v1/person/{family['worker']}?with_lineage=true")
    worker, area, branch, manager = (api.doc(family[name]) for name in ("worker", "area", "branch", "manager"))
    # An expanded contact keeps the stubs of its own parents, and a branch its empty one.
    assert person == worker | {"parent": area | {"contact": worker, "parent": branch | {"contact": manager}}}
    assert person["parent"]["parent"]["parent"] == ""


def test_a_place_with_lineage_has_its_own_contact_too(api, family):
    place = api.ok("GET", f"/api/v1/place/{family['area']}?with_lineage=true")
    assert place["contact"] == api.doc(family["worker"])
    assert place["parent"]["contact"] == api.doc(family["manager"])


@pytest.mark.release(until="4.22")
def test_a_place_at_the_top_is_not_expanded(api, family):
    assert api.ok("GET", f"/api/v1/place/{family['branch']}?with_lineage=true") == api.doc(family["branch"])


def test_a_parent_that_is_gone_stays_an_id(api, family):
    rev = api.doc(family["area"])["_rev"]
    api.ok("DELETE", f"/medic/{family['area']}?rev={rev}")
    person = api.ok("GET", f"/api/v1/person/{family['worker']}?with_lineage=true")
    assert person["parent"]["_id"] == family["area"]
    assert set(person["parent"]) == {"_id", "parent"}
    assert person["parent"]["parent"]["name"] == "Branch"


@pytest.mark.parametrize("value", ["True", "1", "", "false", "true&with_lineage=true"])
def test_only_true_asks_for_lineage(api, family, value):
    path = f"/api/v1/person/{family['worker']}"
    assert api.ok("GET", f"{path}?with_lineage={value}") == api.ok("GET", path)


@pytest.mark.parametrize(("path", "error"), [
    ("person/{area}", "Person not found"), ("person/nobody", "Person not found"),
    ("person/settings", "Person not found"),
    ("person/{area}?with_lineage=true", "Person not found"), ("person/form%3Anone", "Person not found"),
    ("place/{worker}", "Place not found"), ("place/nowhere", "Place not found"),
    ("place/{worker}?with_lineage=true", "Place not found"),
])
def test_another_kind_of_document_is_not_found(api, family, path, error):
    answer = api.get("/api/v1/" + path.format(**family))
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "error": error})


def test_a_deleted_person_is_not_found(api, family):
    api.ok("DELETE", f"/medic/{family['worker']}?rev={api.doc(family['worker'])['_rev']}")
    assert api.get(f"/api/v1/person/{family['worker']}").json() == {"code": 404, "error": "Person not found"}


# --- pages -----------------------------------------------------------------------------------------------------


@pytest.fixture
def seven(api, mocksrv):
    """An empty world with seven people and three clinics."""
    mocksrv.plant(size=0, cht_conformance="both")
    people = [{"_id": f"p{number}", "type": "person", "name": f"P {number}"} for number in range(7)]
    clinics = [{"_id": f"c{number}", "type": "clinic", "name": f"C {number}"} for number in range(3)]
    api.ok("POST", "/medic/_bulk_docs", {"docs": people + clinics})
    return api


def rows(api, query, kind="person"):
    body = api.ok("GET", f"/api/v1/{kind}?{query}")
    assert Page().validate(body) == {}
    return [doc["_id"] for doc in body["data"]], body["cursor"]


@pytest.mark.mock_only
@pytest.mark.parametrize(("query", "expected", "cursor"), [
    ("type=person", "p0 p1 p2 p3 p4 p5 p6", None),
    ("type=person&limit=4", "p0 p1 p2 p3", "4"),
    ("type=person&limit=4&cursor=4", "p4 p5 p6", None),
    ("type=person&cursor=1&limit=3", "p1 p2 p3", "4"),
    ("type=person&limit=7", "p0 p1 p2 p3 p4 p5 p6", "7"),  # a full last page still has a cursor
    ("type=person&limit=7&cursor=7", "", None),
    ("type=person&cursor=1000", "", None),
    ("type=person&limit=1e1", "p0 p1 p2 p3 p4 p5 p6", None),
    ("type=person&limit=0x2&cursor=0x1", "p1 p2", "3"),
    ("type=person&limit=1&cursor=1e0", "p1", "2"),
    ("type=person&limit=1&cursor=%20", "p0", "1"),
    ("type=person&limit=1&cursor=99999999999999999999999", "", None),
])
def test_pages_of_people(seven, query, expected, cursor):
    assert rows(seven, query) == (expected.split(), cursor)


@pytest.mark.mock_only
@pytest.mark.parametrize(("query", "expected", "cursor"), [
    ("type=clinic", "c0 c1 c2", None), ("type=clinic&limit=2", "c0 c1", "2"),
    ("type=clinic&cursor=2&limit=2", "c2", None), ("type=clinic&cursor=1&limit=2", "c1 c2", "3"),
])
def test_pages_of_places(seven, query, expected, cursor):
    assert rows(seven, query, "place") == (expected.split(), cursor)


@pytest.mark.release(until="4.18")
@pytest.mark.parametrize(("kind", "query", "error"), [
    ("person", "", "Invalid contact type [undefined]."),
    ("person", "type=", 'Invalid contact type [""].'),
    ("person", "type=a&type=b", 'Invalid contact type [["a","b"]].'),
    ("person", "type=clinic", "Invalid contact type [clinic]."),
    ("place", "type=person", "Invalid contact type [person]."),
    ("place", "type=nowhere", "Invalid contact type [nowhere]."),
    ("person", "type=person&limit=", "The limit must be a positive number: []."),
    ("person", "type=person&limit=0", "The limit must be a positive number: [0]."),
    ("person", "type=person&limit=-1", "The limit must be a positive number: [-1]."),
    ("person", "type=person&limit=1.5", "The limit must be a positive number: [1.5]."),
    ("person", "type=person&limit=abc", "The limit must be a positive number: [NaN]."),
    ("person", "type=person&limit=1&limit=2", "The limit must be a positive number: [NaN]."),
    ("person", "type=person&limit=Infinity", "The limit must be a positive number: [Infinity]."),
    ("person", "type=person&cursor=", "Invalid cursor token: []."),
    ("person", "type=person&cursor=null", "Invalid cursor token: [null]."),
    ("person", "type=person&cursor=-1", "Invalid cursor token: [-1]."),
    ("person", "type=person&cursor=1.5", "Invalid cursor token: [1.5]."),
    ("person", "type=person&cursor=1&cursor=2", "Invalid cursor token: [1,2]."),
    # The first one wrong is told: type is there, cursor is a text, limit, type is known, cursor is a number.
    ("person", "limit=0&cursor=", "Invalid contact type [undefined]."),
    ("person", "type=nobody&limit=0&cursor=", "Invalid cursor token: []."),
    ("person", "type=nobody&limit=0&cursor=x", "The limit must be a positive number: [0]."),
    ("person", "type=nobody&cursor=x", "Invalid contact type [nobody]."),
])
def test_arguments_that_are_refused(api, kind, query, error):
    answer = api.get(f"/api/v1/{kind}?{query}")
    assert (answer.status_code, answer.json()) == (400, {"code": 400, "error": error})


@pytest.mark.mock_only
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 99), max_size=30), st.integers(1, 12), st.sets(st.integers(100, 199), max_size=8))
def test_walking_pages_shows_everybody_once_even_when_some_are_added_behind(api, mocksrv, ids, limit, more):
    mocksrv.plant(size=0)
    add(api, ids)
    more = sorted(more)
    seen, cursor = [], "0"
    while cursor is not None:
        found, cursor = rows(api, f"type=person&limit={limit}&cursor={cursor}")
        seen += found
        assert cursor is None or int(cursor) == len(seen)
        if more and cursor is not None:
            add(api, [more.pop(0)])  # sorts behind all that was there
    assert seen == sorted(set(seen))
    assert {name(number) for number in ids} <= set(seen)


def add(api, numbers):
    docs = [{"_id": name(number), "type": "person", "name": "x"} for number in numbers]
    api.ok("POST", "/medic/_bulk_docs", {"docs": docs})


def name(number):
    return f"p{number:04}"
