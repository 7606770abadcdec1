"""Locations: site codes, types and parents, values of every type, filters, what tastypie itself tells of them."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MOCK = pytest.mark.mock_only
pytestmark = pytest.mark.writes
FAILED = "CommCare HQ itself answers 500 here: "

CANNED = {"error_message": "Sorry, this request could not be processed. Please try again later."}
NO_PARENT = "Could not find parent location with the given ID."
SAME = "Location with same name and parent already exists."
BAD_CODE = "The site code cannot contain spaces or special characters."


@pytest.fixture
def root(hq, target):
    """The id of the country; a live domain may have other types of locations."""
    found = hq.get("location/v2/", location_type_code="country").json()["objects"]
    if target == "live" and not found:
        pytest.skip("the live domain has no location of the type country")
    return found[0]["location_id"]


@pytest.fixture
def region(hq, root):
    """Makes regions; the answer."""
    def make(name, /, **fields):
        new = {"name": name, "location_type_code": "region", "parent_location_id": root}
        return hq.post("location/v2/", new | fields)

    return make


def error(response):
    assert response.status_code == 400, response.text
    return response.json()["error"]


def is_hqs_failure(response):
    return (response.status_code, response.json()) == (500, CANNED) and response.headers.get(
        "X-Mocksrv-Diagnosis", FAILED).startswith(FAILED)  # a live server has no diagnosis


# --- site codes ------------------------------------------------------------------------------------------------


@MOCK
@pytest.mark.parametrize(("names", "codes"), [
    (["R1", "R1b", "Name 12", "Ünïcode Náme"], ["r1", "r_b", "name12", "unicode_name"]),
    (["", None, []], ["no_name", "no_name1", "no_name2"]), (["!!!", "123", " lead"], ["", "123", "lead"]),
    (["A-1.5", "A 1.6", "a.5"], ["a5", "a6", "a6"[:1] + "7"]),
    (["St. Mary's", "O'Brien & Co", "N/A", "A–B", "__x"], ["st_marys", "obrien_co", "na", "a_b", "x"]),
    (["Ɔkɛ", "Straße", "Łódź", "ﬁn", "Ǿx"], ["oke", "strasse", "lodz", "fin", "ox"]),
    (["Post № 5", "40°C", "Ward™", "Saʿda", "A → B"], ["post_no5", "degc", "wardtm", "sada", "a_b"]),
    (["m²", "x٣", "n 12\n", "x007y"], ["m²", "x٣", "n", "x_y"]),
])
def test_a_code_is_made_of_the_name(region, names, codes):
    assert [region(name).json()["site_code"] for name in names] == codes


@MOCK
def test_a_new_name_makes_a_new_code_unless_one_is_given(hq, region):
    path = f"location/v2/{region('Old').json()['location_id']}/"
    assert hq.put(path, {"name": "New 2"}).json()["site_code"] == "new2"
    assert hq.put(path, {"name": "Newer", "site_code": "KEPT"}).json()["site_code"] == "kept"
    assert hq.put(path, {"latitude": 1}).json()["site_code"] == "kept"


@pytest.mark.parametrize(("code", "text"), [
    ("a b", BAD_CODE), ("a.b", BAD_CODE), ("a/b", BAD_CODE), ("", BAD_CODE),
    *(pytest.param(code, "another location already uses this site code", marks=MOCK)
      for code in ("antwiland", "ANTWILAND")),
])
def test_codes_that_are_refused(region, code, text):
    assert error(region("X", site_code=code)) == text


@pytest.mark.parametrize("code", [None, 5, ["a"]])
def test_codes_that_hq_fails_on(region, code):
    assert is_hqs_failure(region("X", site_code=code))


@MOCK
def test_an_archived_location_keeps_its_name_and_its_code(hq):
    clinic = hq.get("location/v2/", location_type_code="clinic").json()["objects"][-1]
    new = {"name": "Old Clinic", "location_type_code": "clinic", "parent_location_id": clinic["parent_location_id"]}
    assert error(hq.post("location/v2/", new)) == SAME
    assert hq.post("location/v2/", new | {"name": "Old. Clinic"}).json()["site_code"] == "old_clinic1"


# --- types and parents -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fields", "text"), [
    *(({"parent_location_id": id}, NO_PARENT) for id in ("zz", "", None, [], {}, 5)),
    ({"location_type_code": "zz"}, "LocationType 'zz' not found"),
    ({"location_type_code": ["x"]}, "LocationType '['x']' not found"),
    ({"location_type_code": "clinic"}, "Location type not valid for the selected parent."),
    ({"parent_location_id": "zz", "site_code": "s1"}, f"{NO_PARENT} Location site code: s1."),
    pytest.param({"name": "Antwiland", "site_code": "s1"}, f"{SAME} Location site code: s1.", marks=MOCK),
    ({"location_type_code": "zz", "site_code": "s1", "latitude": "x", "foo": 1}, "LocationType 'zz' not found"),
    ({"latitude": "x", "foo": 1, "bar": 2}, "Invalid fields were included in request: ['foo', 'bar']."),
    ({"latitude": "x", "location_data": None}, "['“x” value must be a decimal number.']"),
])
def test_locations_that_are_refused_in_hqs_order(region, fields, text):
    assert error(region("X", **fields)) == text


@MOCK
def test_a_type_goes_by_its_code_or_its_name_or_is_the_only_one(region):
    for number, code in enumerate(("region", "Region", "", None, [])):
        assert region(f"R-{number}", location_type_code=code).json()["location_type_code"] == "region"


@MOCK
def test_only_types_of_the_top_stand_at_the_top(hq):
    top = {"name": "Top", "location_type_code": "region"}
    assert error(hq.post("location/v2/", top)) == "Location type not valid for the selected parent."
    assert hq.post("location/v2/", top | {"location_type_code": "country"}).json()["parent_location_id"] == ""


@MOCK
def test_moving_and_changing_the_type(hq, region):
    one, other = region("One").json()["location_id"], region("Other").json()["location_id"]
    path = f"location/v2/{one}/"
    below = {"parent_location_id": other, "location_type_code": "district"}
    assert error(hq.put(path, {"parent_location_id": other})) == "Parent cannot have children of this location's type."
    assert hq.put(path, below).json()["location_type_name"] == "District"
    child = {"name": "Child", "location_type_code": "clinic", "parent_location_id": one}
    clinic = hq.post("location/v2/", child).json()["location_id"]
    childless = child | {"name": "X", "parent_location_id": clinic}
    assert error(hq.post("location/v2/", childless)) == "The selected parent location cannot have child locations!"
    root = hq.get(f"location/v2/{other}/").json()["parent_location_id"]
    assert error(hq.put(path, {"parent_location_id": root, "location_type_code": "region"})) == (
        "You cannot change the location type of a location with children")
    assert hq.put(path, {"location_type_code": ""}).json()["location_type_code"] == "district"


# --- values ------------------------------------------------------------------------------------------------------


@MOCK
@pytest.mark.parametrize(("given", "at_once", "later"), [
    ("1.5", "1.5", "1.5000000000"), (10, "10", "10.0000000000"), (True, "1", "1.0000000000"),
    ("1e3", "1E+3", "1000.0000000000"), ("  2 ", "2", "2.0000000000"), (None, None, None),
    (1.1, "1.100000000000000088817841970012523233890533447265625", "1.1000000000"),
    (0, "0", "0E-10"), ("-0", "-0", "0E-10"), ("0.0000001", "1E-7", "1.000E-7"), ("1e-11", "1E-11", "0E-10"),
])
def test_coordinates_are_shown_as_sent_and_then_as_stored(hq, region, given, at_once, later):
    place = region("X", longitude=given).json()
    assert place["longitude"] == at_once
    assert hq.get(f"location/v2/{place['location_id']}/").json()["longitude"] == later


@pytest.mark.parametrize("fields", [
    {"name": 5}, {"name": ["x"]}, {"location_data": None}, {"latitude": "1e30"},
])
def test_values_that_hq_fails_on(hq, region, fields):
    before = hq.get("location/v2/", limit=0).json()
    assert is_hqs_failure(region("X", **fields))
    assert hq.get("location/v2/", limit=0).json() == before


@MOCK
@pytest.mark.parametrize("data", ["x", 5, True, [{"a": 1}], [["a", 1], [None, 2]]])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_custom_data_that_is_no_object_is_stored_and_fails_whatever_shows_it(hq, region, method, data):
    before = hq.get("location/v2/", limit=0).json()["meta"]["total_count"]
    if method == "POST":
        assert is_hqs_failure(region("Odd", location_data=data))
        assert region("Odd").status_code == 400  # there is one of that name now
    else:
        path = f"location/v2/{region('Odd').json()['location_id']}/"
        assert is_hqs_failure(hq.put(path, {"location_data": data}))
        assert is_hqs_failure(hq.get(path))
        assert is_hqs_failure(hq.get(path.replace("v2", "v1")))
        assert hq.put(path, {"location_data": {}}).status_code == 200
        assert hq.get(path).json()["location_data"] == {}
        return
    assert is_hqs_failure(hq.get("location/v2/", limit=0))
    assert is_hqs_failure(hq.get("location/v1/", limit=0))
    assert hq.get("location/v2/", limit=1).json()["meta"]["total_count"] == before + 1


@MOCK
@pytest.mark.parametrize(("data", "in_v1"), [([], {}), ("", {}), ([["a", 1]], {"a": 1}), (["ab"], {"a": "b"})])
def test_custom_data_that_python_takes_for_pairs_is_an_object_in_v1(hq, region, data, in_v1):
    place = region("Odd", location_data=data).json()
    assert place["location_data"] == data
    path = f"location/v2/{place['location_id']}/"
    assert hq.get(path).json()["location_data"] == data
    assert hq.get(path.replace("v2", "v1")).json()["location_data"] == in_v1


@MOCK
def test_several_at_once_are_not_shown_so_that_no_custom_data_fails(hq, region):
    parent = region("Above").json()["parent_location_id"]
    response = hq.call("PATCH", "api/location/v2/", json={"objects": [
        {"name": "Odd", "location_type_code": "region", "parent_location_id": parent, "location_data": 5}]})
    assert response.status_code == 202
    assert is_hqs_failure(hq.get(f"location/v2/{response.json()[0]}/"))


@MOCK
@pytest.mark.parametrize(("name", "shown"), [("", ""), (None, None), ([], "[]"), ({}, "{}")])
def test_names_that_are_taken(region, name, shown):
    assert region(name).json()["name"] == shown


@MOCK
def test_a_refused_change_changes_nothing(hq, region):
    place = region("Kept", location_data={"a": "b"}).json()
    path = f"location/v2/{place['location_id']}/"
    assert hq.put(path, {"name": "Gone", "location_data": {}, "latitude": "x"}).status_code == 400
    assert hq.get(path).json() == place
    assert hq.put(path, []).json()["name"] == "Kept"
    assert is_hqs_failure(hq.put(path, 5))


@pytest.mark.parametrize(("body", "status", "answer"), [
    ({"objects": {}}, 202, []), ({"objects": ""}, 202, []), ({"objects": None}, 500, CANNED),
    ({"objects": "ab"}, 500, CANNED), ({"objects": [5]}, 500, CANNED), ("objects", 500, CANNED),
    ({"objects": [{"location_id": None, "name": "q"}]}, 400,
     {"error": "Could not update: could not find location with given ID None on the domain."}),
    ({"objects": [None]}, 400,
     {"error": "'name' and 'location_type_code' are required fields when creating a new location."}),
    ([], 400, {"error": "Invalid data sent: missing 'objects'"}),
])
def test_several_at_once(hq, body, status, answer):
    response = hq.call("PATCH", "api/location/v2/", json=body)
    assert (response.status_code, response.json()) == (status, answer)


@MOCK
@pytest.mark.parametrize(("body", "status", "text"), [
    ('{"latitude": Infinity}', 400, "['“inf” value must be a decimal number.']"),
    ('{"foo": NaN}', 400, "Invalid fields were included in request: ['foo']."),
    ('{"location_data": {"a": NaN}}', 500, None), ('{"name": NaN}', 500, None),
    (r'{"location_data": {"a": "\ud800"}}', 500, None), (r'{"name": "\ud800", "location_type_code": "zz"}', 500, None),
])
def test_what_is_no_json_to_others_is_refused_where_it_is_used(hq, region, body, status, text):
    path = f"api/location/v2/{region('Odd').json()['location_id']}/"
    response = hq.call("PUT", path, data=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json().get("error")) == (status, text)


@MOCK
def test_custom_data_in_xml(hq, region):
    """Locations have tastypie's own serializer: an id stays an element, and what looks like a case is none."""
    data = {"id": "5", "case_id": "c", "xform_ids": [], "n": [1, {"a": None}]}
    place = region("X", location_data=data).json()
    text = hq.get(f"location/v1/{place['location_id']}/", format="xml").text
    assert ('<location_data type="hash"><case_id>c</case_id><id>5</id>'
            '<n type="list"><object type="hash"><a type="null"/></object><value type="integer">1</value></n>'
            '<xform_ids type="list"/></location_data>') in text
    assert region("Y", location_data={" a": 1}).status_code == 201
    assert hq.get("location/v2/", name="Y", format="xml").status_code == 500
    several = hq.get(f"location/v2/set/{place['location_id']};zz/", format="xml").text
    assert ('<response><not_found type="list"><value>zz</value></not_found><objects type="list"><object><domain>'
            ) in several
    assert "<response><allowed_detail_http_methods" in hq.get("location/v2/schema/", format="xml").text


NUMBERS = st.integers(-200, 200) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(st.none() | st.booleans() | NUMBERS
                      | st.sampled_from(["", "x", "1.5", "region", "Region", "ROOT", "OWN", "a b", "1" * 20]),
                      lambda inner: st.lists(inner, max_size=3)
                      | st.dictionaries(st.sampled_from("ab"), inner, max_size=2), max_leaves=5)
BODIES = st.dictionaries(st.sampled_from(
    ["name", "location_type_code", "parent_location_id", "site_code", "latitude", "longitude", "location_data",
     "location_id", "foo"]), VALUES, max_size=5)


@MOCK
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES | VALUES, rows=st.lists(BODIES | VALUES, max_size=3))
def test_whatever_is_written_the_failure_is_hqs_and_not_ours(hq, mocksrv, body, rows):
    mocksrv.reset()
    places = hq.get("location/v2/").json()["objects"]
    ids = {"ROOT": places[0]["location_id"], "OWN": places[1]["location_id"]}

    def real(value):
        return {name: ids.get(one, one) if isinstance(one, str) else one for name, one in value.items()} if isinstance(
            value, dict) else value

    new = {"name": "New", "location_type_code": "region", "parent_location_id": ids["ROOT"]}
    for method, path, sent, good in (
            ("POST", "location/v2/", new | real(body) if isinstance(body, dict) else body, 201),
            ("PUT", f"location/v2/{ids['OWN']}/", real(body), 200),
            ("PATCH", "location/v2/", {"objects": [new | {"name": "Row"}, *map(real, rows)]}, 202)):
        before = hq.get("location/v2/", limit=0).json()
        answer = hq.call(method, f"api/{path}", json=sent)
        assert answer.status_code in (good, 400, 500), answer.text
        if answer.status_code >= 400 and "location_data" not in json.dumps(sent):  # which may be stored, and fail
            assert hq.get("location/v2/", limit=0).json() == before
    assert not mocksrv.journal(failed=True)


# --- lists -------------------------------------------------------------------------------------------------------


def count(hq, path, **params):
    response = hq.get(path, limit=0, **params)
    assert response.status_code == 200, response.text
    return response.json()["meta"]["total_count"]


@pytest.mark.parametrize(("path", "params", "text"), [
    ("v2", {"site_code__iexact": "X"}, "'iexact' is not an allowed filter on the 'site_code' field."),
    ("v2", {"location_id": "x"}, "The 'location_id' field does not allow filtering."),
    ("v2", {"latitude": "1"}, "The 'latitude' field does not allow filtering."),
    ("v2", {"last_modified": "2024-11-04"}, "'exact' is not an allowed filter on the 'last_modified' field."),
    ("v2", {"last_modified.year": "2024"}, "'year' is not an allowed filter on the 'last_modified' field."),
    ("v2", {"last_modified.lte": "junk"},
     "['“junk” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.']"),
    ("v2", {"last_modified.lte": "2024-13-40"},
     "['“2024-13-40” value has the correct format (YYYY-MM-DD) but it is an invalid date.']"),
    ("v2", {"last_modified.lte": "2024-11-04 25:00"}, "['“2024-11-04 25:00” value has the correct format (YYYY-MM-DD "
     "HH:MM[:ss[.uuuuuu]][TZ]) but it is an invalid date/time.']"),
    ("v2", {"last_modified.lte": "none"}, "Invalid resource lookup data provided (mismatched type)."),
    ("v2", {"order_by": "-"}, "No matching '' field for ordering on."),
    ("v1", {"latitude": "abc"}, "['“abc” value must be a decimal number.']"),
    ("v1", {"created_at__foo": "1"}, "The 'created_at' field does not support relations."),
    ("v1", {"created_at__year": "x"}, "Invalid resource lookup data provided (mismatched type)."),
    ("v1", {"created_at__date": "x"}, "['“x” value has an invalid date format. It must be in YYYY-MM-DD format.']"),
    ("v1", {"order_by": "created_at"}, "The 'created_at' field does not allow ordering."),
    ("v1", {"resource_uri": "x"}, "The 'resource_uri' field is not a valid field name"),
    ("v1", {"latitude__isnull": "None"}, "Invalid resource lookup data provided (mismatched type)."),
    ("v1", {"latitude__in": "1,x"}, "['“x” value must be a decimal number.']"),
    ("v1", {"created_at__time": "x"}, "['“x” value has an invalid format. It must be in HH:MM[:ss[.uuuuuu]] format.']"),
    ("v1", {"created_at__time": "25:00"}, "['“25:00” value has the correct format (HH:MM[:ss[.uuuuuu]]) but it is an "
     "invalid time.']"),
    # All names are looked at before the values, and these by the names of the columns.
    ("v1", {"created_at": "x", "name": "x"}, "The 'name' field does not allow filtering."),
    ("v1", {"longitude__gt": "x", "created_at__year": "x"}, "Invalid resource lookup data provided (mismatched type)."),
    # What only the database refuses comes after all of tastypie's own checks.
    ("v1", {"latitude__isnull": "x", "limit": "x"},
     "Invalid limit 'x' provided. Please provide a positive integer."),
    ("v1", {"created_at__year": "0", "order_by": "zz"}, "No matching 'zz' field for ordering on."),
    ("v2", {"order_by": "last_modified__foo", "offset": "x"},
     "Invalid offset 'x' provided. Please provide an integer."),
])
def test_filters_that_are_refused(hq, path, params, text):
    assert error(hq.get(f"location/{path}/", **params)) == text


@pytest.mark.parametrize("params", [
    {"latitude__isnull": "1"}, {"latitude__range": "1"}, {"created_at__gt": "true"}, {"latitude__in": "None"},
    {"latitude__range": "true"}, {"created_at__regex": "true"}, {"latitude__range": ""},
    {"created_at__year": "0"}, {"created_at__iso_year": "10000"},
    {"created_at__time": "true"}, {"offset": "9" * 20}, {"latitude__isnull": "x", "site_code": "zz"},
])
def test_filters_that_hq_fails_on(hq, params):
    assert is_hqs_failure(hq.get("location/v1/", **params))


@pytest.mark.parametrize("order", ["last_modified__foo", "-last_modified__", "last_modified__hour__year"])
def test_orders_that_hq_fails_on(hq, order):
    assert is_hqs_failure(hq.get("location/v2/", order_by=order))


@MOCK
def test_filters(hq):
    every = count(hq, "location/v2/")
    for params in ({"domain": "other"}, {"foo": "x"}, {"external_id": "x"}, {"location_type_code": ""},
                   {"last_modified.gt": "2024-11-04"}, {"last_modified__lt": "2024-11-05"}):
        assert count(hq, "location/v2/", **params) == every
    for params in ({"name.exact": "Demoland"}, {"site_code__exact": "demoland"}):
        assert count(hq, "location/v2/", **params) == 1
    for params in ({"created_at__date": "2024-11-04"}, {"created_at__year": "2024"}, {"created_at__hour": "6"},
                   {"created_at__quarter": "4"}, {"created_at__iso_week_day": "1"}, {"created_at__week_day": "2"},
                   {"created_at__range": "2024-11-03,2024-11-05"}, {"domain": "x"},
                   {"created_at__startswith": "2024-11-04 06:30"}, {"created_at__regex": r"^\d{4}-11-04 06:"}):
        assert count(hq, "location/v1/", **params) == every
    for params in ({"latitude__in": ""}, {"created_at__year": "None"}, {"created_at__time": "23:59"},
                   {"latitude__gt": "1e400"}, {"created_at__iexact": "None"}):
        assert count(hq, "location/v1/", **params) == 0
    for order in ("last_modified__year", "-last_modified__date", "last_modified__time"):
        assert count(hq, "location/v2/", order_by=order) == every
    with_place = count(hq, "location/v1/", latitude__isnull="false")
    assert 0 < with_place == every - count(hq, "location/v1/", latitude="none")
    assert count(hq, "location/v1/", latitude__gte="0") + count(hq, "location/v1/", latitude__lt="0") == with_place


@MOCK
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(["created_at", "latitude", "site_code", "external_id", "domain", "name"]),
       lookup=st.sampled_from(["", "__gt", "__in", "__range", "__isnull", "__regex", "__date", "__week", "__contains"]),
       value=st.text(max_size=10) | st.datetimes().map(str) | st.decimals().map(str)
       | st.sampled_from(["true", "None", "1,2", "(", "0001-01-01T00:00:00+14:00"]))
def test_whatever_is_asked_the_failure_is_hqs_and_not_ours(hq, mocksrv, field, lookup, value):
    for version in ("v1", "v2"):
        assert hq.get(f"location/{version}/", **{f"{field}{lookup}": value}).status_code in (200, 400, 500)
    assert not mocksrv.journal(failed=True)


# --- what tastypie tells -----------------------------------------------------------------------------------------


@MOCK
def test_several_by_their_ids(hq, root):
    for version in ("v1", "v2"):
        found = hq.get(f"location/{version}/set/{root};zz/").json()
        assert [place["name"] for place in found["objects"]] == ["Demoland"]
        assert found["not_found"] == ["zz"]
        assert hq.get(f"location/{version}/set//").json() == {"objects": [], "not_found": [""]}
    assert [kind["id"] for kind in hq.get("location_type/v1/set/2;1/").json()["objects"]] == [2, 1]
    assert is_hqs_failure(hq.get("location_type/v1/set/a/"))
    assert hq.get(f"location/v2/set/{root}/", site_code="x").json() == {"not_found": [root], "objects": []}
    assert hq.get("location_type/v1/set/1/", domain="x").json() == {"not_found": ["1"], "objects": []}
    assert error(hq.get(f"location/v1/set/{root}/", name="x")) == "The 'name' field does not allow filtering."
    response = hq.get("location_type/v1/zz/")
    assert (response.status_code, response.json()) == (404, CANNED)


@pytest.mark.parametrize(("path", "methods"), [
    ("location/v1", [["get"], ["get"]]), ("location_type/v1", [["get"], ["get"]]),
    ("location/v2", [["get", "post", "patch"], ["get", "put"]]),
])
def test_the_schema_has_the_fields_of_the_objects(hq, path, methods):
    told = hq.get(f"{path}/schema/").json()
    assert [told["allowed_list_http_methods"], told["allowed_detail_http_methods"]] == methods
    shown = set(hq.get(f"{path}/").json()["objects"][0])
    added = {"location_type_code", "location_type_name", "parent_location_id"} if path == "location/v2" else set()
    assert set(told["fields"]) == shown - added
    response = hq.call("POST", f"api/{path}/schema/")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET")


@MOCK
def test_sets_are_of_any_domain(hq, root):
    """Where HQ asks for several, it forgets the domain of the path; the query may name one."""
    hq.name = "exi-training"
    found = hq.get(f"location/v1/set/{root}/").json()["objects"]
    assert [(place["domain"], "/a/demo/" in place["resource_uri"]) for place in found] == [("demo", True)]
    assert hq.get(f"location/v2/set/{root}/", domain="exi-training").json()["not_found"] == [root]
    assert hq.get("location_type/v1/set/1/").json()["objects"][0]["name"] == "Country"


@MOCK
@pytest.mark.parametrize("setting", ["commcare_features", "commcare_no_plan", "commcare_blocked"])
def test_what_tastypie_tells_is_told_without_a_plan(hq, mocksrv, root, setting):
    mocksrv.set(**{setting: "" if setting == "commcare_features" else "demo"})
    assert hq.get("location/v2/").status_code in (401, 403)
    for path in ("location/v1/schema/", "location/v2/schema/", f"location/v2/set/{root}/", "location_type/v1/schema/"):
        assert hq.get(path).status_code == 200


@MOCK
@pytest.mark.parametrize("path", ["location/v2/schema/", "lookup_table/v1/schema/", "v0.5/user/set/a;b/",
                                  "case/v1/schema/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_schema_and_sets_take_get_only(hq, path, method):
    response = hq.call(method, f"api/{path}", json={})
    assert (response.status_code, response.text) == (200 if method == "OPTIONS" else 405, "GET")
    assert response.headers["Allow"] == "GET"


@MOCK
def test_a_project_defines_fields_of_locations(hq, mocksrv, region):
    mocksrv.set(commcare_location_fields=json.dumps({"demo": {"fields": [
        {"slug": "beds", "label": "Beds", "required": True, "regex": r"^\d+$"},
        {"slug": "owner", "choices": ["public", "private"]}]}}))
    for data, text in (({}, "Beds is required."), ({"beds": "x"}, "'x' is not a valid match for Beds"),
                       ({"beds": 5, "owner": "me"}, "'me' is not a valid choice for owner. The available options are: "
                                                    "public, private.")):
        assert error(region("X", location_data=data)) == text
    before = hq.get("location/v2/", limit=0).json()
    assert is_hqs_failure(region("X", location_data=["beds"]))
    assert hq.get("location/v2/", limit=0).json() == before
    assert region("X", location_data={"beds": "5", "owner": "public"}).status_code == 201
    assert region("Y").status_code == 201  # HQ looks at custom data only where some is sent
