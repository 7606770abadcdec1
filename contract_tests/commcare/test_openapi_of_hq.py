"""What HQ's own OpenAPI documents say of its objects and writes, held against the answers."""

import json

import pytest

from mocksrv import fixtures

DOCUMENTS = json.loads(fixtures.path("commcare", "openapi.json").read_text(encoding="utf-8"))["objects"]
TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "integer": int}
META = {"limit": int, "next": str, "offset": int, "previous": str, "total_count": int}
TABLE = "b" * 32


class Members:
    """The members of an object, and which of them a list leaves out or shows on request alone."""

    def __init__(self, document):
        told = document["members"] | document.get("beyond", {})
        self.kinds = {name.rstrip("*+"): kind for name, kind in told.items()}
        self.on_request = {name.rstrip("*") for name in told if name.endswith("*")}
        self.one_alone = {name.rstrip("+") for name in told if name.endswith("+")}

    def check(self, shown, *, listed, asked=()):
        missing = self.on_request.difference(asked) | (self.one_alone if listed else set())
        assert shown.keys() == self.kinds.keys() - missing
        for member, value in shown.items():
            kind = self.kinds[member]
            fits = isinstance(value, TYPES[kind.rstrip("?")]) and (kind != "integer" or not isinstance(value, bool))
            assert fits or (value is None and kind.endswith("?")), (member, value)


@pytest.fixture
def filled(hq, target):
    """A world whose lists all hold something."""
    if target == "mock":
        hq.post("lookup_table/v1/", {"tag": "t", "id": TABLE, "fields": [{"name": "a", "properties": ["lang"]}]})
        hq.post("lookup_table_item/v1/", {"data_type_id": TABLE, "item_attributes": {"b": "c"},
                                          "fields": {"a": {"field_list": [{"value": "x"}]}}})
    return hq


@pytest.mark.writes
@pytest.mark.parametrize("name", DOCUMENTS)
def test_members_and_types(filled, name):
    document = DOCUMENTS[name]
    path, members, id = document["path"], Members(document), document.get("id", "id")
    for asked in {(), tuple(sorted(members.on_request))}:
        parameters = {f"{member}__full": "true" for member in asked}
        body = filled.get(path, limit=20, **parameters).json()
        listed = body.get("objects", body.get("cases"))
        assert listed
        for one in listed:
            members.check(one, listed=True, asked=asked)
            members.check(filled.get(f"{path}{one[id]}/", **parameters).json(), listed=False, asked=asked)
        if "meta" in body:
            assert list(body["meta"]) == document.get("meta", list(META))
            assert all(value is None or isinstance(value, META[key]) for key, value in body["meta"].items())


def a_case(**given):
    return {"case_type": "patient", "case_name": "Wanjiru", "owner_id": "a" * 32,
            "properties": {"dob": "1990-02-03"}} | given


@pytest.mark.writes
def test_bodies_as_in_the_documents_are_taken(hq):
    """Those of case API v2: one of each kind, with the members that the documents' own examples have."""
    parent = hq.post("case/v2/", a_case(case_type="household")).json()["case"]["case_id"]
    index = {"case_id": parent, "case_type": "household", "relationship": "child"}
    made = hq.post("case/v2/", a_case(external_id="documents-1", indices={"parent": index})).json()["case"]
    assert made["indices"] == {"parent": index}
    bodies = [("PUT", "case/v2/", {"case_id": made["case_id"], "properties": {"dob": "1991-02-03"}}),
              ("PUT", "case/v2/ext/documents-1/", a_case(case_name="Njeri")),
              ("PUT", "case/v2/ext/documents-2/", a_case())]
    for method, path, body in bodies:
        answer = hq.call(method, f"api/{path}", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["case"].items() >= body.items()
    rows = [a_case(create=True, temporary_id="1"),
            {"create": False, "case_id": made["case_id"], "properties": {"dob": "1992-02-03"}},
            a_case(create=None, external_id="documents-3")]
    answer = hq.post("case/v2/", rows).json()
    assert [one["properties"]["dob"] for one in answer["cases"]] == [row["properties"]["dob"] for row in rows]
    fetched = hq.post("case/v2/bulk-fetch/", {"case_ids": [made["case_id"], "nobody"],
                                              "external_ids": ["documents-3", "nothing"]}).json()
    assert (fetched["matching_records"], fetched["missing_records"]) == (2, 2)


def test_what_the_documents_get_wrong_is_named():
    assert all(text.strip() for document in DOCUMENTS.values() for text in document["wrong"])
