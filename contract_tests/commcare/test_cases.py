"""Cases, the tastypie resource: filters, order, dates, extra fields, both eras; and pages under all of them."""

import itertools
from urllib.parse import parse_qsl

import pytest

from mocksrv.vendors.commcare.schemas.records import CaseList, CaseObject

CASES = "http://commcarehq.org/case/transaction/v2"
FORM = """<data xmlns="http://openrosa.org/formdesigner/t">{}<meta xmlns="http://openrosa.org/jr/xforms">
<instanceID>{}</instanceID></meta></data>"""
EXTRA = [  # case type, name, other
    ("lab-test", "Qrose", ""), ("Lab", "Qrose Atieno", "<update><external_id>gv-1</external_id></update>"),
    ("pregnant_mother", "qrose-marie", "<update><contact_phone_number>254711</contact_phone_number></update>"),
]


@pytest.fixture
def some(hq):
    """`demo` with a few more cases; the ids of those."""
    blocks = "".join(
        f'<n{number}><case case_id="extra-{number}" date_modified="2026-01-01T00:00:0{number}Z" user_id="u" '
        f'xmlns="{CASES}"><create><case_type>{kind}</case_type><case_name>{name}</case_name></create>{other}</case>'
        f"</n{number}>" for number, (kind, name, other) in enumerate(EXTRA))
    response = hq.call("POST", "receiver/api/", data=FORM.format(blocks, "extra"),
                       headers={"Content-Type": "text/xml"})
    assert response.status_code == 201
    return hq


def found(hq, **params):
    body = hq.get("v0.5/case/", limit=0, **params).json()
    return body["objects"]


def test_schema(hq):
    body = hq.get("v0.5/case/", limit=0).json()
    assert CaseList().validate(body) == {}
    detail = hq.get(f"v0.5/case/{body['objects'][0]['id']}/").json()
    assert CaseObject().validate(detail) == {}
    assert detail == body["objects"][0]
    assert {"indexed_on", "opened_by", "closed_by"} < detail.keys()
    assert all(isinstance(value, str) for value in detail["properties"].values())


TERMS = [
    ({"type": "Pregnant_Mother"}, "pregnant_mother"), ({"case_type": "pregnant_mother"}, "pregnant_mother"),
    ({"type.exact": "lab-test"}, "lab-test"), ({"case_type.exact": "lab-test"}, None),
    ({"type": "LAB"}, "Lab"), ({"type": "test"}, None), ({"type": "Lab-Test"}, "lab-test"),
    ({"type.exact": "Pregnant_Mother"}, None), ({"type": "mother"}, None), ({"type": ""}, None),
]


@pytest.mark.parametrize(("query", "types"), TERMS)
@pytest.mark.writes
def test_type(some, query, types):
    cases = found(some, **query)
    expected = {types} if isinstance(types, str) else types or set()
    assert {case["properties"]["case_type"] for case in cases} == expected
    everything = found(some)
    assert len(cases) == sum(case["properties"]["case_type"] in expected for case in everything)


ALL = {"extra-0", "extra-1", "extra-2"}


@pytest.mark.parametrize(("query", "ids"), [
    ({"name": "qrose"}, {"extra-0", "extra-1"}), ({"name": "QROSE", "type": "lab"}, {"extra-1"}),
    ({"name": "Qrose Atieno"}, set()), ({"name.exact": "Qrose Atieno"}, {"extra-1"}),
    ({"case_name": "Qrose-Marie"}, {"extra-2"}), ({"case_name": "marie"}, set()), ({"name": ""}, set()),
    ({"case_name": "", "type": "lab", "name.exact": "", "external_id.exact": ""}, {"extra-1"}),
    ({"case_name.exact": "Qrose"}, set()), ({"doc_id": "extra-1"}, {"extra-1"}), ({"xform_ids": "EXTRA"}, ALL),
    ({"user_id": "U", "indexed_on_start": ""}, ALL), ({"doc_type": "CommCareCase"}, set()),
    ({"external_id.exact": "gv-1"}, {"extra-1"}), ({"external_id": "GV-1"}, {"extra-1"}),
    ({"contact_phone_number": "254711"}, {"extra-2"}), ({"opened_by": "u"}, ALL),
    ({"owner_id": "U", "closed": "FALSE", "user_id": "u"}, ALL), ({"domain": "other"}, set()),
    ({"owner_id": "u", "closed": "true"}, set()), ({"case_id": "extra-1"}, set()), ({"_id": "extra-1"}, {"extra-1"}),
    ({"name": "qrose", "typo": "x"}, set()), ({"typo": ""}, set()),
    ({"name": "qrose", "q": "x", "a__full": "1"}, {"extra-0", "extra-1"}),
])
@pytest.mark.writes
def test_filters(some, query, ids):
    """What the index does not know matches nothing, with status 200."""
    cases = {case["id"] for case in found(some, **query)}
    assert {id for id in cases if id.startswith("extra")} == ids
    if not ids:
        assert not cases


@pytest.mark.mock_only
def test_last_of_repeated_parameters_counts(some):
    assert {case["id"] for case in found(some, **{"name.exact": ["x", "Qrose Atieno"]})} == {"extra-1"}


def test_an_external_id_in_capitals(hq):
    """What is stored is lower-cased as the parameter is; the exact field keeps it."""
    id = next(case["properties"]["external_id"] for case in found(hq) if case["properties"]["external_id"])
    assert id == id.upper()
    assert len(found(hq, external_id=id)) == len(found(hq, external_id=id.lower())) == 1
    assert len(found(hq, **{"external_id.exact": id})) == 1
    assert found(hq, **{"external_id.exact": id.lower()}) == []


def test_filters_by_index(hq):
    parent, baby = next((index["case_id"], case["id"]) for case in found(hq) for index in case["indices"].values())
    assert baby in {case["id"] for case in found(hq, **{"indices.referenced_id": parent})}
    assert found(hq, **{"indices.referenced_id": baby, "indices.identifier": "parent"}) == []


FIELDS = {"indexed_on": "indexed_on", "date_modified": "date_modified", "server_date_modified": "server_date_modified",
          "server_modified_on": "server_date_modified"}


@pytest.mark.parametrize("name", FIELDS)
def test_date_ranges_include_both_ends(hq, name):
    everything = sorted(case[FIELDS[name]] for case in found(hq))
    low, high = everything[10], everything[-10]
    assert len(found(hq, **{f"{name}_start": low[:-1]})) == sum(value >= low for value in everything)
    assert len(found(hq, **{f"{name}_end": high[:-1]})) == sum(value <= high for value in everything)
    both = found(hq, **{f"{name}_start": low[:-1], f"{name}_end": high[:-1], "closed": "false"})
    assert all(low <= case[FIELDS[name]] <= high and not case["closed"] for case in both)
    assert found(hq, **{f"{name}_start": "2099-01-01"}) == []


@pytest.mark.parametrize("order", ["indexed_on", "-indexed_on", "date_modified", "-server_date_modified"])
def test_order(hq, order):
    name, descending = order.removeprefix("-"), order.startswith("-")
    for query in ({}, {"type": "child"}, {"closed": "false"}):
        values = [case[name] for case in found(hq, order_by=order, **query)]
        assert values == sorted(values, reverse=descending)


def test_order_by_two_fields(hq):
    keys = [(case["server_date_modified"], case["indexed_on"])
            for case in found(hq, order_by=["-server_date_modified", "indexed_on"])]
    assert keys == sorted(sorted(keys, key=lambda key: key[1]), key=lambda key: key[0], reverse=True)


def test_default_order(hq):
    values = [case["server_date_modified"] for case in found(hq)]
    assert values == sorted(values)


def test_extra_fields(hq):
    mother = next(case for case in found(hq, type="pregnant_mother") if len(case["xform_ids"]) > 1)
    full = hq.get(f"v0.5/case/{mother['id']}/", child_cases__full="TRUE", parent_cases__full="true",
                  xforms_by_name__full="true", xforms_by_xmlns__full="true").json()
    household = mother["indices"]["parent"]["case_id"]
    assert full["parent_cases"]["parent"] == hq.get(f"v0.5/case/{household}/").json()
    assert full["child_cases"]
    assert {case["id"] for case in full["child_cases"].values()} == full["child_cases"].keys()
    forms = itertools.chain(*full["xforms_by_name"].values())
    assert sorted(form["id"] for form in forms) == sorted(mother["xform_ids"])
    assert set(full["xforms_by_xmlns"]) == {form["form"]["@xmlns"] for name in full["xforms_by_name"].values()
                                            for form in name}
    assert "child_cases" not in hq.get(f"v0.5/case/{mother['id']}/", child_cases__full="1").json()


@pytest.mark.mock_only
def test_indexed_on_style(hq, mocksrv):
    assert found(hq)[0]["indexed_on"].endswith("Z")
    mocksrv.set(commcare_indexed_on_style="naive")
    assert not found(hq)[0]["indexed_on"].endswith("Z")


@pytest.mark.mock_only
def test_lists_show_cases_as_they_are_now(some, mocksrv):
    """In whatever style and era, after a change too: a list's objects are those that a detail gives."""
    def same():
        listed = found(some)
        assert listed == [some.get(f"v0.5/case/{case['id']}/").json() for case in listed]
        xml = some.get("v0.5/case/", limit=0, format="xml").text
        assert [case["properties"]["case_name"] in xml for case in listed] == [True] * len(listed)
        return {case["id"]: case for case in listed}

    first = same()
    body = FORM.format(f'<case case_id="extra-1" date_modified="2026-01-02T00:00:00Z" user_id="u" xmlns="{CASES}">'
                       "<update><case_name>Änderung</case_name></update></case>", "change")
    assert some.call("POST", "receiver/api/", data=body.encode(),
                     headers={"Content-Type": "text/xml"}).status_code == 201
    second = same()
    assert [id for id in first if first[id] != second[id]] == ["extra-1"]
    assert second["extra-1"]["properties"]["case_name"] == "Änderung"
    for setting in ({"commcare_indexed_on_style": "naive"}, {"commcare_era_2015": some.name}):
        mocksrv.set(**setting)
        assert same() != second


@pytest.mark.mock_only
def test_index_delay(hq, mocksrv):
    """A new case is there at once, but in lists only after a while."""
    mocksrv.set(commcare_index_delay=30)
    body = FORM.format(f'<case case_id="late" date_modified="2026-01-01T00:00:00Z" user_id="u" xmlns="{CASES}">'
                       "<create><case_type>late</case_type><case_name>Late</case_name></create></case>", "late")
    assert hq.call("POST", "receiver/api/", data=body, headers={"Content-Type": "text/xml"}).status_code == 201
    assert hq.get("v0.5/case/late/").status_code == 200
    assert found(hq, type="late") == []
    mocksrv.clock.advance(31)
    assert [case["id"] for case in found(hq, type="late")] == ["late"]


def test_case_of_another_domain(hq):
    response = hq.get("v0.5/case/582b7655-8ef3-4b20-be03-3a0fc222e258/")
    assert (response.status_code, response.content) == (404, b"")


SEARCHES = [
    ('{"filter": {"range": {"inserted_at": {"gt": "2025-06-01T00:00:00"}}}}',
     lambda case: case["indexed_on"] > "2025-06-01T00:00:00"),
    ('{"filter": {"or": [{"and": [{"range": {"server_modified_on": {"gte": "2025-06-01", "lte": "2025-07-01"}}}, '
     '{"not": {"missing": {"field": "server_modified_on"}}}]}, {"and": [{"missing": {"field": "server_modified_on"}}, '
     '{"range": {"received_on": {"gte": "2025-06-01"}}}]}]}}',
     lambda case: "2025-06-01" <= case["server_date_modified"] <= "2025-07-01T00"),
]


@pytest.mark.parametrize(("search", "expected"), SEARCHES)
def test_old_search(hq, search, expected):
    ids = {case["id"] for case in found(hq, _search=search)}
    assert ids
    assert ids == {case["id"] for case in found(hq) if expected(case)}


@pytest.mark.parametrize("search", [
    "", "{", "[]", "1", '{"filter": 1}', '{"filter": {"range": {"closed": {"gt": "1"}}}}', '{"filter": {"or": []}}',
    "[" * 10_000, '{"filter": {"range": {"inserted_at": {"gt": "x"}}}}',
    '{"filter": {"range": {"inserted_at": {"about": "2020-01-01"}}}}',
])
def test_other_searches_are_refused(hq, search):
    response = hq.get("v0.5/case/", _search=search)
    assert (response.status_code, response.json()) == (400, {"error": ""})


# --- v0.3 --------------------------------------------------------------------------------------------------


def test_old_version(hq):
    body = hq.get("v0.3/case/", limit=0, type="child").json()
    assert body["meta"]["limit"] == 1000
    assert body["objects"]
    assert not {"domain", "opened_by", "closed_by", "indexed_on"} & body["objects"][0].keys()
    detail = hq.get(f"v0.3/case/{body['objects'][0]['id']}/").json()
    assert detail == body["objects"][0]


# --- laws --------------------------------------------------------------------------------------------------

ORDERS = [(), *((sign + name,) for sign in ("", "-") for name in ("indexed_on", "date_modified",
                                                                 "server_date_modified")),
          ("-date_modified", "indexed_on")]
FILTERS = [{}, {"type": "child"}, {"closed": "true"}, {"type": "pregnant_mother", "closed": "false"},
           {"indexed_on_start": "2025-03-01"}, {"type": "child", "date_modified_end": "2025-08-01"},
           {"owner_id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"}, {"nothing": "x"}]


@pytest.mark.parametrize(("order", "query", "limit"), [
    (*asked, limit) for asked, limit in zip(itertools.product(ORDERS, FILTERS), itertools.cycle((1, 3, 7, 20, 60)))])
def test_every_case_comes_once(hq, order, query, limit):
    """Whatever the limit, under every order and filter; `next` leads on until it is null, `previous` back."""
    whole = hq.get("v0.5/case/", limit=0, order_by=order, **query).json()
    ids, params = [], [("limit", limit), *(("order_by", name) for name in order), *query.items()]
    while True:
        body = hq.get_pairs("v0.5/case/", params)
        assert body["meta"]["total_count"] == whole["meta"]["total_count"] == len(whole["objects"])
        assert len(body["objects"]) <= limit
        ids += [case["id"] for case in body["objects"]]
        if body["meta"]["next"] is None:
            break
        assert len(body["objects"]) == limit
        following = parse_qsl(body["meta"]["next"][1:], keep_blank_values=True)
        back = hq.get_pairs("v0.5/case/", following)["meta"]["previous"]
        assert back is not None
        assert dict(parse_qsl(back[1:]))["offset"] == str(body["meta"]["offset"])
        params = following
    assert ids == [case["id"] for case in whole["objects"]]
    assert len(set(ids)) == len(ids)
