"""Bodies of HQ's own types, right and wrong: no failure of ours, and a refusal leaves what was there before."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocksrv.tests.commcare.attempts import ANY, CASE, TABLE, TEXT, Attempts, mostly

LIGHT = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
TABLES = ("commcare.cases", "commcare.forms", "commcare.lookup_tables", "commcare.lookup_rows")


@pytest.fixture(scope="module")
def send():
    """Sends one body into a world that has a case, a table and a row; what the answer was."""
    attempts = Attempts()

    def call(method, path, data):
        with attempts.somewhere() as ask:
            case = ask("POST", "case/v2/", {"case_type": "t", "case_name": "n", "owner_id": "o", "external_id": CASE})
            assert ask("POST", "lookup_table/v1/", {"tag": "known", "id": TABLE}).status_code == 500  # and stored
            row = ask("POST", "lookup_table_item/v2/", {"data_type_id": TABLE})
            before = held(ask.world)
            path = path.format(case=case.json["case"]["case_id"], table=TABLE, row=row.json["id"])
            response = ask(method, path, data)
            if response.status_code >= 400:
                assert held(ask.world) == before
        return response

    yield call
    attempts.app.worlds.close()


def held(world):
    return {name: list(world.table(name).all()) for name in TABLES}


PROPERTIES = st.dictionaries(st.sampled_from(["a", "_a", "1a", "case_name", "last_modified", "é"]), mostly(TEXT),
                             max_size=3)
INDEX = st.fixed_dictionaries({}, optional={
    "case_id": mostly(TEXT), "external_id": mostly(TEXT), "temporary_id": mostly(TEXT), "case_type": mostly(TEXT),
    "relationship": mostly(st.sampled_from(["child", "extension", "sibling"]))})
CHANGE = {"case_name": TEXT, "case_type": TEXT, "owner_id": TEXT, "external_id": TEXT, "case_id": TEXT,
          "temporary_id": TEXT, "user_id": TEXT, "close": st.booleans(), "properties": PROPERTIES,
          "indices": st.dictionaries(st.sampled_from(["p", "_p", "1a"]), mostly(INDEX), max_size=2)}
CASES = st.fixed_dictionaries({}, optional={name: mostly(value) for name, value in CHANGE.items()})
WHOLE = CASES.map(lambda change: {"case_name": "n", "case_type": "t", "owner_id": "o"} | change)
ROWS = st.lists(mostly(WHOLE.flatmap(lambda row: st.sampled_from(
    [row, *(row | {"create": flag} for flag in (True, False, None, "x", 0))]))), max_size=3)


@given(st.sampled_from([("POST", "case/v2/"), ("PUT", "case/v2/"), ("PUT", "case/v2/{case}/"),
                        ("PUT", f"case/v2/ext/{CASE}/"), ("PUT", "case/v2/ext/new/")]), mostly(CASES | WHOLE | ROWS))
@LIGHT
def test_cases(send, request_line, data):
    assert send(*request_line, data).status_code in (200, 400, 500)


IDS = mostly(st.lists(mostly(st.sampled_from([CASE, "missing", ""])), max_size=3))


@given(mostly(st.fixed_dictionaries({}, optional={"case_ids": IDS, "external_ids": IDS, "zz": ANY})))
@LIGHT
def test_many_cases(send, data):
    assert send("POST", "case/v2/bulk-fetch/", data).status_code in (200, 400, 500)


FIELD = st.fixed_dictionaries({}, optional={
    "name": mostly(TEXT), "field_name": mostly(TEXT), "properties": mostly(st.lists(mostly(TEXT), max_size=2)),
    "zz": ANY})
LOOKUP_TABLE = st.fixed_dictionaries({}, optional={
    "tag": mostly(st.sampled_from(["known", "new"])), "is_global": mostly(st.booleans()),
    "id": mostly(st.just("8" * 32)), "fields": mostly(st.lists(mostly(FIELD), max_size=2)),
    "item_attributes": mostly(st.lists(mostly(TEXT), max_size=2)), "description": mostly(TEXT), "zz": ANY})


@given(st.sampled_from([("POST", "lookup_table/v1/"), ("PUT", "lookup_table/v1/{table}/"),
                        ("PUT", f"lookup_table/v1/{'9' * 32}/")]), mostly(LOOKUP_TABLE))
@LIGHT
def test_lookup_tables(send, request_line, data):
    if "{table}" not in request_line[1] and isinstance(data, dict):  # a new table with an id HQ stores, and fails then
        data = {name: value for name, value in data.items() if name != "id"}
    assert send(*request_line, data).status_code in (201, 204, 400, 500)


VALUE = st.fixed_dictionaries({}, optional={
    "value": mostly(TEXT), "field_value": mostly(TEXT), "zz": ANY,
    "properties": mostly(st.dictionaries(st.just("lang"), mostly(TEXT), max_size=1))})
VALUES = st.fixed_dictionaries({}, optional={"field_list": mostly(st.lists(mostly(VALUE), max_size=2)), "zz": ANY})
LOOKUP_ROW = st.fixed_dictionaries({}, optional={
    "data_type_id": mostly(st.just(TABLE)), "sort_key": mostly(st.integers()), "id": ANY, "zz": ANY,
    "fields": mostly(st.dictionaries(st.sampled_from(["a", "b"]), mostly(VALUES), max_size=2)),
    "item_attributes": mostly(st.dictionaries(st.just("a"), mostly(TEXT), max_size=1))})


@given(st.sampled_from([("POST", "lookup_table_item/v1/"), ("POST", "lookup_table_item/v2/"),
                        ("PUT", "lookup_table_item/v1/{row}/"), ("PUT", "lookup_table_item/v2/{row}/"),
                        ("PUT", f"lookup_table_item/v2/{'9' * 32}/")]), mostly(LOOKUP_ROW))
@LIGHT
def test_lookup_rows(send, request_line, data):
    assert send(*request_line, data).status_code in (200, 201, 204, 400, 404, 500)
