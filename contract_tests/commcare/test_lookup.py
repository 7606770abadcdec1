"""Lookup tables, their rows, and the rows as phones see them."""

from uuid import uuid4

import pytest

pytestmark = pytest.mark.writes
CANNED = {"error_message": "Sorry, this request could not be processed. Please try again later."}
NOBODY = "0" * 31 + "9"


@pytest.fixture
def table(hq):
    """A new table with two fields, as the list shows it."""
    tag = f"t{uuid4().hex[:8]}"
    response = hq.post("lookup_table/v1/", {"tag": tag, "fields": [{"name": "name"}, {"field_name": "region"}]})
    assert (response.status_code, response.content, response.headers["Location"]) == (201, b"", "")
    assert response.headers["Vary"] == "Accept"
    (found,) = [one for one in hq.get("lookup_table/v1/", limit=0).json()["objects"] if one["tag"] == tag]
    return found


def values(**given):
    return {name: {"field_list": [{"field_value": value} for value in texts]} for name, texts in given.items()}


def row(hq, table, **given):
    response = hq.post("lookup_table_item/v2/", {"data_type_id": table["id"], **given})
    assert response.status_code == 201, response.text
    return response.json()


def refused(response, text):
    assert (response.status_code, response.json()) == (400, {"error": text})


# --- tables ------------------------------------------------------------------------------------------------


def test_a_table(hq, table):
    path = f"lookup_table/v1/{table['id']}/"
    assert table == {"fields": [{"field_name": "name", "properties": []}, {"field_name": "region", "properties": []}],
                     "id": table["id"], "is_global": False, "item_attributes": [], "resource_uri": "",
                     "tag": table["tag"]}
    changed = hq.put(path, {"tag": table["tag"], "is_global": 1, "item_attributes": ["a"], "unknown": 1})
    assert (changed.status_code, changed.content, changed.headers["Vary"]) == (204, b"", "Accept")
    assert "Content-Type" not in changed.headers
    assert hq.get(path).json() == table | {"is_global": True, "item_attributes": ["a"]}
    dashed = f"{table['id'][:8]}-{table['id'][8:]}"
    assert hq.get(f"lookup_table/v1/{dashed}/").json()["id"] == table["id"]
    assert hq.put(f"lookup_table/v1/{NOBODY}/", {"tag": f"{table['tag']}-made"}).status_code == 201
    assert hq.get(f"lookup_table/v1/{NOBODY}/").status_code == 404, "what PUT makes has an id of its own"
    item = row(hq, table)
    gone = hq.call("DELETE", f"api/{path}")
    assert (gone.status_code, "Content-Type" in gone.headers) == (204, False)
    assert hq.call("DELETE", f"api/{path}").status_code == 404
    assert hq.get(f"lookup_table_item/v1/{item['id']}/").status_code == 404, "its rows go with it"


def test_tables_come_in_the_order_of_their_creation(hq, table):
    tags = [f"{letter}{uuid4().hex[:8]}" for letter in "zya"]
    for tag in tags:
        assert hq.post("lookup_table/v1/", {"tag": tag}).status_code == 201
    shown = [one["tag"] for one in hq.get("lookup_table/v1/", limit=0).json()["objects"]]
    assert [tag for tag in shown if tag in {table["tag"], *tags}] == [table["tag"], *tags]


def test_a_tag_is_whatever_python_writes(hq):
    word = uuid4().hex[:8]
    for tag, shown in ((5, "5"), ("", ""), ([word], f"['{word}']"), (f"{word} with blanks", f"{word} with blanks")):
        if hq.post("lookup_table/v1/", {"tag": tag}).status_code == 201:
            continue
        refused(hq.post("lookup_table/v1/", {"tag": tag}), f"A lookup table with name {shown} already exists")


def test_what_a_table_is_not_made_of(hq, table):
    tag = f"n{uuid4().hex[:8]}"
    refused(hq.post("lookup_table/v1/", {"tag": table["tag"]}),
            f"A lookup table with name {table['tag']} already exists")
    refused(hq.post("lookup_table/v1/", {"tag": tag, "is_global": "yes"}),
            "['“yes” value must be either True or False.']")
    refused(hq.post("lookup_table/v1/", {"tag": tag, "id": "zz"}), "['“zz” is not a valid UUID.']")
    for body in ({}, {"tag": None}, {"tag": tag, "is_global": None}, {"tag": tag, "zz": 1}, {"tag": tag, "domain": "x"},
                 {"tag": tag, "resource_uri": ""}, {"tag": tag, "id": table["id"]},
                 {"tag": tag, "fields": [{"name": "a", "name\n": "b"}]}):
        response = hq.post("lookup_table/v1/", body)
        assert (response.status_code, response.json()) == (500, CANNED), body
    path = f"lookup_table/v1/{table['id']}/"
    refused(hq.put(path, {"tag": "veg"}), "Lookup table tag cannot be changed")
    refused(hq.put(path, {"tag": None}), "Lookup table tag cannot be changed")
    refused(hq.put(path, {}), "tag must be specified")
    refused(hq.put(f"lookup_table/v1/{NOBODY}/", {}), "tag must be specified")
    refused(hq.put(path, {"tag": table["tag"], "is_global": [], "fields": []}),
            "['“[]” value must be either True or False.']")
    for method in ("GET", "DELETE"):
        refused(hq.call(method, "api/lookup_table/v1/zz/"), "['“zz” is not a valid UUID.']")
    refused(hq.put("lookup_table/v1/zz/", {"tag": tag}), "['“zz” is not a valid UUID.']")
    assert hq.get(path).json() == table


@pytest.mark.mock_only  # a gate does not see what such an answer has made
@pytest.mark.parametrize("given", [
    {"id": 5}, {"id": f"{NOBODY[:8]}-{NOBODY[8:]}"}, {"pk": NOBODY}, {"id": "zz", "pk": NOBODY}])
def test_a_table_with_an_id_of_its_own_is_stored_and_fails(hq, given):
    tag = f"n{uuid4().hex[:8]}"
    response = hq.post("lookup_table/v1/", {"tag": tag, **given})
    assert (response.status_code, response.json()) == (500, CANNED)
    id = f"{5:032x}" if given == {"id": 5} else NOBODY
    assert hq.get(f"lookup_table/v1/{id}/").json()["tag"] == tag
    assert hq.call("DELETE", f"api/lookup_table/v1/{id}/").status_code == 204


@pytest.mark.odd_bodies
def test_columns_of_a_table(hq):
    """What is wrong in several is told of the first, in the order of the columns; nulls last."""
    for given, status in (({"id": None}, 201), ({"pk": None, "id": "zz"}, 201), ({"is_synced": True}, 201),
                          ({"description": ["a"]}, 201), ({"is_synced": None}, 500), ({"is_indexed": True}, 500)):
        assert hq.post("lookup_table/v1/", {"tag": f"n{uuid4().hex[:8]}", **given}).status_code == status, given
    for given, text in (({"id": 1.5}, "['“1.5” is not a valid UUID.']"),
                        ({"is_global": "x", "id": "zz"}, "['“zz” is not a valid UUID.']"),
                        ({"is_synced": "maybe"}, "['“maybe” value must be either True or False.']"),
                        ({"is_synced": "y", "is_global": "x"}, "['“x” value must be either True or False.']"),
                        ({"is_synced": "y", "is_global": None}, "['“y” value must be either True or False.']")):
        refused(hq.post("lookup_table/v1/", {"tag": f"n{uuid4().hex[:8]}", **given}), text)


@pytest.mark.parametrize(("body", "texts"), [
    ({"tag": "x", "item_attributes": ["a", 5]}, [
        "5 is not of type 'string': Failed validating 'type' in schema['properties']['item_attributes']['items']:    "
        "{'type': 'string'}: On instance['item_attributes'][1]:    5"]),
    ({"tag": "x", "item_attributes": {}}, [
        "{} is not of type 'array': Failed validating 'type' in schema['properties']['item_attributes']:    "
        "{'type': 'array', 'items': {'type': 'string'}}: On instance['item_attributes']:    {}"]),
    ({"tag": "x", "fields": [{"name": "n", "field_name": "m"}]}, [
        "{'name': 'n', 'field_name': 'm'} should not be valid under {'required': ['field_name']}: Failed validating "
        "'not' in schema[0]:    {'not': {'required': ['field_name']}}: On instance:    "
        "{'name': 'n', 'field_name': 'm'}",
        "{'name': 'n', 'field_name': 'm'} should not be valid under {'required': ['name']}: Failed validating "
        "'not' in schema[1]:    {'not': {'required': ['name']}}: On instance:    {'name': 'n', 'field_name': 'm'}"]),
])
def test_schema_errors_are_the_librarys_texts(hq, body, texts):
    response = hq.post("lookup_table/v1/", body)
    assert (response.status_code, response.json()) == (400, texts)
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("fields", "count"), [
    ([{"name": 1}, {"name": 2, "zz": 3}], 3), ([{"name": "n", "field_name": "m"}, {"name": 1}], 2),
    ([{"name": 1}, {"name": "n", "field_name": "m"}, {"name": 1}], 3), ([{}, {"name": 1}], 2),
])
def test_errors_end_with_the_branches_of_the_first_choice(hq, fields, count):
    response = hq.post("lookup_table/v1/", {"tag": "x", "fields": fields, "item_attributes": [5]})
    last = "5 is not of type 'string'" in response.json()[-1]
    chosen = any("field_name" in field and "name" in field for field in fields)
    assert (response.status_code, len(response.json()) - last, last) == (400, count, not chosen)


@pytest.mark.parametrize("body", [
    {"tag": "x", "fields": {}}, {"tag": "x", "fields": [1]}, {"tag": "x", "fields": [{}]}, {"tag": "x", "fields": None},
    {"tag": "x", "fields": [{"name": "a", "is_indexed": True}]}, {"tag": "x", "fields": [{"name": 5}]},
    {"tag": "x", "fields": [{"name": "a", "properties": [1]}]}, [], [1], "x", 5,
])
def test_schema_errors(hq, body):
    response = hq.post("lookup_table/v1/", body)
    assert response.status_code == 400
    assert all("Failed validating" in text and "\n" not in text for text in response.json())
    assert response.json()


# --- rows --------------------------------------------------------------------------------------------------


def test_rows(hq, table):
    body = {"data_type_id": table["id"], "fields": values(name=["Lagos"], region=["west"]), "sort_key": 99}
    response = hq.post("lookup_table_item/v1/", body)
    assert (response.status_code, response.content, response.headers["Location"]) == (201, b"", "")
    created = hq.post("lookup_table_item/v2/", body | {"note": "mine"})
    assert (created.status_code, created.headers["Location"]) == (201, "")
    item = created.json()
    assert item == {"data_type_id": table["id"], "fields": {
        name: {"field_list": [{"field_value": value, "properties": {}}]}
        for name, value in (("name", "Lagos"), ("region", "west"))}, "id": item["id"], "item_attributes": {},
        "note": "mine", "resource_uri": "", "sort_key": 1}  # behind the last one, whatever the client says
    path = f"lookup_table_item/v2/{item['id']}/"
    stored = {name: value for name, value in item.items() if name != "note"}
    assert hq.get(path).json() == stored
    shown = hq.put(path, {"data_type_id": table["id"], "sort_key": 9})
    assert (shown.status_code, shown.json()["sort_key"]) == (200, 9)
    assert hq.get(path).json() == stored, "a change of the sort key alone is shown, not stored"
    hq.put(path, {"data_type_id": table["id"], "sort_key": "7", "item_attributes": {"a": "b"}})
    assert hq.get(path).json() == stored | {"sort_key": 7, "item_attributes": {"a": "b"}}
    changed = hq.put(f"lookup_table_item/v1/{item['id']}/", {"data_type_id": table["id"], "fields": {}})
    assert (changed.status_code, "Content-Type" in changed.headers) == (204, False)
    assert hq.get(path).json()["fields"] == {}
    again = hq.put(f"lookup_table_item/v2/{NOBODY}/", body)
    assert (again.status_code, again.json()["id"] == NOBODY) == (201, False)
    assert hq.call("DELETE", f"api/{path}").status_code == 204
    assert hq.get(path).status_code == 404


def test_what_a_row_is_not_made_of(hq, table):
    item = row(hq, table, fields=values(name=["a"]))
    path = f"lookup_table_item/v2/{item['id']}/"
    for body in ({}, {"data_type_id": None}, {"data_type_id": ""}, {"data_type_id": 0}):
        refused(hq.post("lookup_table_item/v2/", body), "data_type_id must be specified")
    refused(hq.post("lookup_table_item/v2/", {"data_type_id": "zz"}), "['“zz” is not a valid UUID.']")
    refused(hq.put(path, {"fields": {}}), "data_type_id must be specified")
    for method in ("GET", "DELETE"):
        refused(hq.call(method, "api/lookup_table_item/v1/zz/"), "['“zz” is not a valid UUID.']")
    refused(hq.put("lookup_table_item/v1/zz/", {"data_type_id": table["id"]}), "['“zz” is not a valid UUID.']")
    for given in (5, uuid4().hex):
        response = hq.post("lookup_table_item/v1/", {"data_type_id": given})
        assert (response.status_code, response.json()) == (404, CANNED)
    for change in ({"fields": {"name": {"field_list": [{"value": "a", "value\n": "b"}]}}},
                   {"data_type_id": ""}, {"data_type_id": "zz"}, {"data_type_id": 5}, {"fields": {"name": {}}},
                   {"sort_key": "x", "fields": {}}):
        response = hq.put(path, {"data_type_id": table["id"], **change})
        assert (response.status_code, response.json()) == (500, CANNED), change
    assert hq.put(path, {"data_type_id": None}).json() == item
    assert hq.get(path).json() == item


@pytest.mark.odd_bodies
def test_what_is_shown_but_not_stored(hq, table):
    item = row(hq, table, fields=values(name=["a"]))
    path = f"lookup_table_item/v2/{item['id']}/"
    assert hq.put(path, {"data_type_id": table["id"], "sort_key": 10**12}).json() == item | {"sort_key": 10**12}
    for empty in ("", 0, False, [], {}):  # is shown by v2 alone, and stored with other things alone
        assert hq.put(path.replace("v2", "v1"), {"data_type_id": empty}).status_code == 204
        response = hq.put(path, {"data_type_id": empty, "fields": {}, "sort_key": "x"})
        assert response.status_code == (500 if empty in ("", 0, False) else 400)
        assert response.status_code == 500 or response.json() == {"error": f"['“{empty}” is not a valid UUID.']"}
    assert hq.get(path).json() == item


@pytest.mark.parametrize("given", [
    {"fields": []}, {"fields": {"a": []}}, {"fields": {"a": {"field_list": [{}]}}}, {"item_attributes": {"a": 5}},
    {"fields": {"a": {"field_list": [{"value": "x", "field_value": "y"}]}}}, {"item_attributes": []},
    {"fields": {"a": {"field_list": [{"value": None}]}}}, {"fields": {"a": {"field_list": [], "zz": 1}}},
    {"fields": {"a": {"field_list": [{"value": "x", "properties": {"lang": 5}}]}}}, {"item_attributes": None},
])
def test_schema_errors_of_rows(hq, table, given):
    response = hq.post("lookup_table_item/v2/", {"data_type_id": table["id"], **given})
    assert response.status_code == 400
    assert all("Failed validating" in text for text in response.json())


# --- fixture -----------------------------------------------------------------------------------------------


def test_rows_as_phones_see_them(hq, table):
    one = row(hq, table, fields={"name": {"field_list": [{"field_value": "a", "properties": {"lang": "en"}}]}})
    two = row(hq, table, fields=values(name=["b", "c"], region=["d"]))
    shown = hq.get("fixture/v1/", fixture_type=table["tag"]).json()["objects"]
    assert shown == [
        {"fields": {"name": "a"}, "fixture_type": table["tag"], "id": one["id"], "resource_uri": ""},
        {"fields": two["fields"], "fixture_type": table["tag"], "id": two["id"], "resource_uri": ""}]
    assert hq.get("fixture/v1/", fixture_type_id=table["id"]).json()["objects"] == shown
    assert hq.get(f"fixture/v1/{one['id']}/").json() == shown[0]
    none = row(hq, table, fields=values(name=[]))
    assert hq.get(f"fixture/v1/{none['id']}/").status_code == 500
    hq.call("DELETE", f"api/lookup_table_item/v1/{none['id']}/")


def test_rows_below_another_one(hq, table):
    parent = row(hq, table, fields=values(name=["Lagos"]))
    below = [row(hq, table, fields=values(region=[region])) for region in ("Lagos", "Accra", "Lagos")]
    found = hq.get("fixture/v1/", parent_id=parent["id"], parent_ref_name="region", child_type=table["id"],
                   references="name").json()["objects"]
    assert [one["id"] for one in found] == [below[0]["id"], below[2]["id"]]


def test_the_table_below_must_have_an_id(hq, table):
    parent = row(hq, table, fields=values(name=["Lagos"]))
    for child_type, status in (("zz", 500), (NOBODY, 200)):
        found = hq.get("fixture/v1/", parent_id=parent["id"], parent_ref_name="region", child_type=child_type,
                       references="name")
        assert found.status_code == status


@pytest.mark.parametrize(("params", "status"), [
    ({"fixture_type": "nosuch"}, 404), ({"fixture_type_id": "zz"}, 400), ({"fixture_type_id": NOBODY}, 200),
    ({"parent_id": "zz", "parent_ref_name": "a", "child_type": "b", "references": "c"}, 400),
    ({"parent_id": NOBODY, "parent_ref_name": "a", "child_type": "b", "references": "c"}, 404),
])
def test_rows_that_are_not_there(hq, params, status):
    response = hq.get("fixture/v1/", **params)
    assert response.status_code == status
    assert response.json() == CANNED or status != 404


def test_a_row_that_is_not_there(hq):
    refused(hq.get("fixture/v1/zz/"), "['“zz” is not a valid UUID.']")
    response = hq.get(f"fixture/v1/{NOBODY}/")
    assert (response.status_code, response.content) == (404, b"")
