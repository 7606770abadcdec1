"""What HQ's own OpenAPI documents say of an object, held against the answers."""

import json

import pytest

from mocksrv import fixtures

OBJECTS = json.loads(fixtures.path("commcare", "openapi.json").read_text())["objects"]
TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "integer": int}
TABLE = "b" * 32


@pytest.fixture
def shown(hq, target):
    """The objects of a list, each as the list and as its own path shows it; and with all that there is on request."""
    def ask(path, asked):
        if target == "mock" and path.startswith(("lookup_table", "fixture")):
            hq.post("lookup_table/v1/", {"tag": "t", "id": TABLE, "fields": [{"name": "a", "properties": ["lang"]}]})
            hq.post("lookup_table_item/v1/", {"data_type_id": TABLE, "item_attributes": {"b": "c"},
                                              "fields": {"a": {"field_list": [{"value": "x"}]}}})
        body = hq.get(path, limit=20, **dict.fromkeys(asked, "true")).json()
        listed = body.get("objects", body.get("cases"))
        id = "case_id" if "cases" in body else "id"
        return listed + [hq.get(f"{path}{one[id]}/", **dict.fromkeys(asked, "true")).json() for one in listed]

    return ask


@pytest.mark.writes
@pytest.mark.parametrize("name", OBJECTS)
def test_members_and_types(shown, name):
    said = {member.rstrip("*"): kind for member, kind in OBJECTS[name]["members"].items()}
    on_request = {member.rstrip("*") for member in OBJECTS[name]["members"] if member.endswith("*")}
    found = shown(OBJECTS[name]["path"], ())
    assert found
    for one in found:
        assert one.keys() == said.keys() - on_request
    for one in found + shown(OBJECTS[name]["path"], {f"{member}__full" for member in on_request}):
        for member, value in one.items():
            kind = said[member]
            assert isinstance(value, TYPES[kind.rstrip("?")]) or (value is None and kind.endswith("?")), (member, value)


def test_what_the_documents_get_wrong_is_named():
    assert all(text.strip() for entry in OBJECTS.values() for text in entry["wrong"])
