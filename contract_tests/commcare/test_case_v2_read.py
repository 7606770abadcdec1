"""Case API v2: lists with cursors, filters, and fetching by ids."""

import base64
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import uuid4

import pytest
import requests
from marshmallow import RAISE

from mocksrv.vendors.commcare.schemas.records import CaseV2BulkFetched, CaseV2List

PERSON = {"create": True, "case_type": "person", "case_name": "Rose Atieno", "owner_id": "o1"}


@pytest.fixture
def kind():
    """A case type that nobody else uses."""
    return f"kind-{uuid4()}"


def fill(hq, kind, number, **given):
    """So many new cases, in the order in which the list has them."""
    cases = []
    for start in range(0, number, 100):
        rows = [{**PERSON, "case_type": kind, "case_name": f"n{n:04}", **given}
                for n in range(start, min(start + 100, number))]
        cases += hq.post("case/v2/", rows).json()["cases"]
    return cases


def found_ids(hq, **params):
    return [case["case_id"] for case in hq.get("case/v2/", **params).json()["cases"]]


def walk(hq, path="case/v2/", between=lambda page: None, **params):
    """All pages of a list."""
    pages = [hq.get(path, **params)]
    while "next" in pages[-1].json():
        assert len(pages) < 200, "the list does not end"
        between(len(pages))
        pages.append(hq.session.get(pages[-1].json()["next"]))
    return [page.json() for page in pages]


@pytest.mark.writes
@pytest.mark.parametrize(("number", "limit", "sizes"), [
    (7, 3, [3, 3, 1]), (6, 3, [3, 3, 0]), (3, 20, [3]), (0, 5, [0]), (3, 1, [1, 1, 1, 0]), (2, 0, [0]),
])
def test_pages(hq, kind, number, limit, sizes):
    made = {case["case_id"] for case in fill(hq, kind, number)} if number else set()
    pages = walk(hq, case_type=kind, limit=limit)
    assert [len(page["cases"]) for page in pages] == sizes
    assert {page["matching_records"] for page in pages} == {number}
    seen = [case["case_id"] for page in pages for case in page["cases"]]
    assert len(seen) == len(set(seen))
    assert set(seen) == (made if limit else set())
    stamps = [case["indexed_on"] for page in pages for case in page["cases"]]
    assert stamps == sorted(stamps)
    CaseV2List().load(pages[0], unknown=RAISE)


@pytest.mark.writes
def test_next_is_absolute_and_its_cursor_says_how_to_go_on(hq, kind):
    made = fill(hq, kind, 3)
    page = hq.get("case/v2/", case_type=kind, limit=2).json()
    assert page["next"].startswith(f"{hq.url}/a/{hq.name}/api/case/v2/?cursor=")
    (cursor,) = parse_qs(urlsplit(page["next"]).query)["cursor"]
    last = page["cases"][-1]
    assert base64.b64decode(cursor).decode() == urlencode([
        ("case_type", kind), ("limit", "2"), ("indexed_on.gte", last["indexed_on"]), ("last_case_id", last["case_id"])])
    other = hq.get("case/v2/", cursor=cursor, case_type="ignored", limit="nonsense").json()
    rest = {case["case_id"] for case in made} - {case["case_id"] for case in page["cases"]}
    assert {case["case_id"] for case in other["cases"]} == rest


def test_the_documented_cursor(hq):
    cursor = ("Y2FzZV90eXBlPXBhdGllbnQmbGltaXQ9MiZpbmRleGVkX29uLmd0ZT0yMDIxLTAxLTE4VDE5JTNBNTUlM0ExMy43MDcxOTNaJmxhc3Rf"
              "Y2FzZV9pZD1hYmM=")
    assert parse_qsl(base64.b64decode(cursor).decode()) == [
        ("case_type", "patient"), ("limit", "2"), ("indexed_on.gte", "2021-01-18T19:55:13.707193Z"),
        ("last_case_id", "abc")]
    assert hq.get("case/v2/", cursor=cursor).json() == {"matching_records": 0, "cases": []}


@pytest.mark.writes
def test_a_walk_while_cases_change(hq, kind):
    """Every case that is there at the end is seen; one that changes on the way is seen again near the end."""
    made = fill(hq, kind, 9)
    order = [case["case_id"] for page in walk(hq, case_type=kind) for case in page["cases"]]
    changed, born = order[1], []

    def between(page):
        if page == 1:
            hq.put(f"case/v2/{changed}", {"case_name": "changed"})
        if page == 2:
            born.extend(fill(hq, kind, 1))

    seen = [case for page in walk(hq, between=between, case_type=kind, limit=2) for case in page["cases"]]
    ids = [case["case_id"] for case in seen]
    assert set(ids) == {case["case_id"] for case in made} | {born[0]["case_id"]}
    assert ids.count(changed) == 2
    assert len(ids) == 11
    assert seen[ids.index(changed)]["case_name"] != "changed"
    assert seen[len(ids) - 1 - ids[::-1].index(changed)]["case_name"] == "changed"


@pytest.mark.writes
def test_filters(hq, kind):
    parent, = fill(hq, kind, 1, external_id=f"{kind}-p", owner_id="o9")
    index = {"host": {"case_id": parent["case_id"], "case_type": kind, "relationship": "extension"}}
    child, = fill(hq, kind, 1, case_name="Ann", properties={"dob": "1989-11-07", "city": ""}, indices=index)
    closed, = fill(hq, kind, 1, case_name="Ben", close=True, properties={"dob": "2001-01-01"})
    names = {parent["case_id"]: "parent", child["case_id"]: "child", closed["case_id"]: "closed"}

    def found(**params):
        cases = hq.get("case/v2/", **{"case_type": kind, **params}).json()
        assert cases["matching_records"] == len(cases["cases"])
        return [names[case["case_id"]] for case in cases["cases"]]

    everyone = ["parent", "child", "closed"]
    assert found() == everyone
    assert found(case_name="Ann") == ["child"]
    assert found(case_name="ann") == [], "comparison is exact"
    assert found(case_name=["Ann", "Ben"]) == ["child", "closed"], "a repeated parameter is an OR"
    assert found(case_name=["Ann", "Ben"], closed="true") == ["closed"]
    assert found(external_id=f"{kind}-p") == ["parent"]
    assert found(owner_id="o9") == ["parent"]
    assert [found(closed=word) for word in ("true", "1", "anything")] == [["closed"]] * 3
    assert [found(closed=word) for word in ("false", "no", "0", "")] == [["parent", "child"]] * 4
    assert found(**{"properties.dob": "1989-11-07"}) == ["child"]
    assert found(**{"properties.dob": ""}) == ["parent"], "empty also finds what is missing"
    assert found(**{"properties.city": ""}) == everyone
    assert found(**{"indices.host": parent["case_id"]}) == ["child"]
    assert found(**{"indices.parent": parent["case_id"]}) == []
    assert found(**{"date_closed.gte": "2000-01-01"}) == ["closed"]
    assert found(**{"indexed_on.gt": parent["indexed_on"]}) in (["child", "closed"], everyone)
    assert found(**{"last_modified.lt": "2001-01-01T00:00:00Z"}) == []
    assert found(**{"date_opened.lte": "2100-01-01"}) == everyone
    assert found(**{"server_last_modified.gt": "2020-02-03T10:00:00+02:00"}) == everyone
    assert found(include_deprecated="true") == everyone
    assert found(query="name = 'Ann' or dob > '2000-01-01'") == ["child", "closed"]


@pytest.mark.writes
@pytest.mark.parametrize(("query", "expected"), [
    ("dob = '1989-11-07'", ["Ann"]),
    ("dob != ''", ["Ann", "Ben"]),
    ("dob < '1990-01-01' and name = \"Ann\"", ["Ann"]),
    ("not(dob < '1990-01-01')", ["Ben", "Home"]),
    ("age >= 30", ["Ann"]),
    ("age < 30.5", ["Ben"]),
    ("@status = 'closed'", ["Ben"]),
    ("(name = 'Ann' or name = 'Ben') and @status = 'open'", ["Ann"]),
    ("selected(colours, 'red')", ["Ann", "Ben"]),
    ("selected-all(colours, 'red blue')", ["Ann"]),
    ("selected-any(colours, 'blue green')", ["Ann", "Ben"]),
    ("starts-with(name, 'B')", ["Ben"]),
    ("fuzzy-match(name, 'anm')", ["Ann"]),
    ("fuzzy-match(name, 'hone')", ["Home"]),
    ("fuzzy-match(name, 'xome')", []),
    ("fuzzy-match(colours, 'rad blua')", []),
    ("fuzzy-match(colours, 'rad BLUE')", ["Ann"]),
    ("fuzzy-match(colours, 'greem')", ["Ben"]),
    ("fuzzy-match(colours, 'red bleu')", ["Ann", "Ben"]),
    ("selected(colours, 'red-blue')", []),
    ("parent/name = 'Home'", ["Ann", "Ben"]),
    ("ancestor-exists(parent, name = 'Home' and @status = 'open')", ["Ann", "Ben"]),
    ("subcase-exists('parent', name = 'Ben')", ["Home"]),
    ("subcase-count('parent') > 1", ["Home"]),
    ("date_opened >= today()", ["Ann", "Ben", "Home"]),
    ("date_opened > date-add(today(), 'days', 1)", []),
    ("dob >= date('1989-11-07')", ["Ann", "Ben"]),
    ("match-none()", []),
    ("match-all()", ["Ann", "Ben", "Home"]),
])
def test_the_query_language(hq, kind, query, expected):
    index = {"parent": {"temporary_id": "t", "case_type": kind, "relationship": "child"}}
    hq.post("case/v2/", [
        {**PERSON, "case_type": kind, "case_name": "Home", "temporary_id": "t"},
        {**PERSON, "case_type": kind, "case_name": "Ann", "indices": index,
         "properties": {"dob": "1989-11-07", "age": "34", "colours": "red blue"}},
        {**PERSON, "case_type": kind, "case_name": "Ben", "indices": index, "close": True,
         "properties": {"dob": "2001-01-01", "age": "9", "colours": "green red"}},
    ])
    found = hq.get("case/v2/", case_type=kind, query=query).json()["cases"]
    assert sorted(case["case_name"] for case in found) == expected


@pytest.mark.parametrize(("params", "error"), [
    ({"foo": "1"}, "'foo' is not a valid parameter."),
    ({"properties": "x"}, "'properties' is not a valid parameter."),
    ({"indices": "x"}, "'indices' is not a valid parameter."),
    ({"last_case_id": "x"}, "'last_case_id' is not a valid parameter."),
    ({"limit": "abc"}, "'abc' is not a valid value for 'limit'"),
    ({"limit": ""}, "'' is not a valid value for 'limit'"),
    ({"limit": "5001"}, "You cannot request more than 5000 cases per request."),
    ({"indexed_on.foo": "2020-01-01"}, "'foo' is not a valid type of date range."),
    ({"indexed_on.gt": "x"}, "Cannot parse datetime 'x'"),
    ({"last_modified.gt": "2024-02-30"}, "Cannot parse datetime '2024-02-30'"),
    ({"fields": "a", "exclude": "b"}, "You cannot specify both 'fields' and 'exclude'"),
    ({"query": "name = "}, "Bad query: Malformed search query"),
    ({"query": "name ="}, "Bad query: Malformed search query"),
    ({"query": "what(is, 'this')"}, "Bad query: 'what' is not a valid standalone function"),
    ({"query": "phonetic-match(name, 'x')"}, "Bad query: 'phonetic-match' is not a valid standalone function"),
    ({"query": "a = b"}, "Bad query: You cannot reference a case property on the right side of an operation. If \"b\" "
                         "is meant to be a value, please surround it with quotation marks"),
    ({"query": "(" * 3000}, "Bad query: Malformed search query"),
    ({"query": "name"}, "Bad query: Your search query is required to have at least one boolean operator "
                        "(=, !=, >, >=, <, <=)"),
    ({"query": "a ~ 'b'"}, "Bad query: We didn't understand what you were trying to do with ~ 'b'. Please try "
     "reformatting your query. The operators we accept are: =, !=, >, >=, <, <=, and, or"),
    ({"query": "a = 'x' b"}, "Bad query: We didn't understand what you were trying to do with b',1,8)"),
    ({"query": "a + 1"}, "Bad query: We don't know what to do with operator '+'. Please try reformatting your query."),
    ({"query": "parent/a"}, "Bad query: We don't know what to do with operator '/'. Please try"),
    ({"query": "'a' = 1 and b"}, "Bad query: We didn't understand what you were trying to do with 'a'=1"),
    ({"query": "a = 1 + 1"}, "Bad query: Unexpected type for value expression"),
    ({"query": "a = f()"}, "Bad query: We don't know what to do with the function \"f\". Accepted functions are: date, "
     "date-add, datetime, datetime-add, double, now, today, unwrap-list"),
    ({"query": "today()"}, "Bad query: 'today' is not a valid standalone function"),
    ({"query": "a > 'soon'"}, "Bad query: soon is not a correctly formatted date or datetime."),
    ({"query": "a > '2024-13-01'"}, "Bad query: 2024-13-01 is an invalid date."),
    ({"query": "a > unwrap-list('[1]')"}, "Bad query: The right hand side of a comparison must be a number or date. "
     "Dates must be surrounded in quotation marks"),
    ({"query": "date_opened > 'soon'"}, "Bad query: Invalid date value. Dates must be an integer or a string of the "
     'format "YYYY-mm-dd"'),
    ({"query": "not(a = 1, b = 2)"}, "Bad query: The 'not' function accepts exactly 1 arguments, got 2"),
    ({"query": "selected(5, 'x')"}, "Bad query: The first argument to 'selected' must be a valid case property name"),
    ({"query": "match-all(1)"}, "Bad query: 'match-all()' does not take any arguments"),
    ({"query": "subcase-count('parent')"}, "Bad query: XPath incorrectly formatted. Expected 'subcase-exists'"),
    ({"query": "subcase-count('parent') > 'x'"}, "Bad query: 'subcase-count' must be compared to a positive integer"),
    ({"query": "subcase-count('parent') + 1"}, "Bad query: Unsupported operator for use with 'subcase-count': +"),
    ({"query": "subcase-exists(parent)"}, "Bad query: 'subcase-exists' error. Index identifier must be a string"),
    ({"query": "subcase-exists()"}, "Bad query: 'subcase-exists' expects one or two arguments"),
    ({"query": "ancestor-exists(parent, a = 1 and subcase-exists('b'))"},
     "Bad query: subcase-exists is not supported with ancestor-exists"),
    ({"indexed_on.gt": "2024-W10"}, "Cannot parse datetime '2024-W10'"),
    ({"indexed_on.gt": "1." * 300}, "Cannot parse datetime '1."),
])
def test_errors(hq, params, error):
    response = hq.get("case/v2/", **params)
    assert (response.status_code, list(response.json())) == (400, ["error"])
    assert response.json()["error"].startswith(error)


@pytest.mark.parametrize("params", [
    {"limit": "-1"}, {"cursor": "zz"}, {"cursor": "%%%"}, {"cursor": "Zm9v"}, {"cursor": "/w=="}, {"cursor": ""},
    {"cursor": base64.b64encode(b"indexed_on.gte=soon&last_case_id=a").decode()},
    {"indexed_on.gt": "99999999999999999999"},
])
def test_where_hq_itself_fails(hq, params):
    response = hq.get("case/v2/", **params)
    assert (response.status_code, response.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    failed = "CommCare HQ itself answers 500 here: "
    assert response.headers.get("X-Mocksrv-Diagnosis", failed).startswith(failed)  # a live server has no diagnosis


@pytest.mark.writes
@pytest.mark.parametrize(("bound", "day"), [
    ("Nov 3 2024", "2024-11-03"), ("3/11/2024", "2024-03-11"), ("2024-11-03 10:00 +02:00", "2024-11-03T08"),
    ("20241103", "2024-11-03"), ("2024-1-2", "2024-01-02"),
])
def test_bounds_are_any_date_that_dateutil_reads(hq, kind, bound, day):
    (case,) = fill(hq, kind, 1)
    assert found_ids(hq, case_type=kind, **{"last_modified.gte": bound}) == [case["case_id"]]
    assert found_ids(hq, case_type=kind, **{"last_modified.lt": bound}) == []
    opened = hq.get("case/v2/", limit=5000, **{"date_opened.gte": bound}).json()["cases"]
    assert all(case["date_opened"] >= day for case in opened)


@pytest.mark.writes
def test_what_a_case_has_besides_is_found_among_its_properties(hq, kind):
    case, other = fill(hq, kind, 2, external_id=None)
    hq.put(f"case/v2/{other['case_id']}", {"close": True, "case_name": "Other"})
    case = hq.get(f"case/v2/{case['case_id']}").json()
    values = {"@status": "open", "@case_id": case["case_id"], "case_name": case["case_name"], "name": case["case_name"],
              "date_opened": case["date_opened"], "last_modified": case["last_modified"], "closed_on": ""}
    for name, value in values.items():
        assert found_ids(hq, case_type=kind, **{f"properties.{name}": value}) == [case["case_id"]], name
    everyone = sorted((case["case_id"], other["case_id"]))
    for name, value in (("@case_type", kind), ("@owner_id", case["owner_id"]), ("external_id", "")):
        assert sorted(found_ids(hq, case_type=kind, **{f"properties.{name}": value})) == everyone, name


@pytest.mark.writes
def test_a_bound_on_indexed_on_repeats_the_first_page(hq, kind):
    """HQ takes the caller's own bound for the place where the page before ended."""
    fill(hq, kind, 3)
    cases = found_ids(hq, case_type=kind)
    pages, params = [], {"case_type": kind, "limit": "1", "indexed_on.gte": "2015-01-01"}
    while len(pages) < 6:
        body = hq.get("case/v2/", **params).json()
        pages.append([case["case_id"] for case in body["cases"]])
        if "next" not in body:
            break
        params = {"cursor": parse_qs(urlsplit(body["next"]).query)["cursor"][0]}
    assert pages == [[cases[0]], [cases[0]], [cases[1]], [cases[2]], []]


@pytest.mark.writes
def test_one_case(hq):
    case = hq.post("case/v2/", {k: v for k, v in PERSON.items() if k != "create"}).json()["case"]
    for path in (f"case/v2/{case['case_id']}", f"case/v2/{case['case_id']}/", f"v0.6/case/{case['case_id']}"):
        assert hq.get(path).json() | {"indexed_on": case["indexed_on"]} == case
    missing = hq.get("case/v2/nobody-at-all")
    assert (missing.status_code, missing.json()) == (404, {"error": "Case 'nobody-at-all' not found"})
    missing = hq.get("case/v2/ext/nobody/at all/")
    assert (missing.status_code, missing.json()) == (404, {"error": "Case 'nobody/at all' not found"})
    assert hq.call("GET", "api/case/v2/ext/nobody", allow_redirects=False).status_code == 301


@pytest.mark.writes
def test_many_cases(hq):
    external_id = str(uuid4())
    first, second = hq.post("case/v2/", [PERSON, {**PERSON, "external_id": external_id}]).json()["cases"]
    ids = [second["case_id"], "nobody", first["case_id"]]
    body = hq.get(f"case/v2/{','.join(ids)}").json()
    assert list(body) == ["cases", "matching_records", "missing_records"]
    CaseV2BulkFetched().load(body, unknown=RAISE)
    assert [case["case_id"] for case in body["cases"]] == ids
    assert body["cases"][1] == {"case_id": "nobody", "error": "not found"}
    assert (body["matching_records"], body["missing_records"]) == (2, 1)
    body = hq.post("case/v2/bulk-fetch/", {"external_ids": ["nobody", external_id], "case_ids": ids}).json()
    assert [case.get("case_id") for case in body["cases"]] == [*ids, None, second["case_id"]]
    assert body["cases"][3] == {"external_id": "nobody", "error": "not found"}
    assert (body["matching_records"], body["missing_records"]) == (3, 2)
    body = hq.post("case/v2/bulk-fetch/?fields=case_id", {"case_ids": ids}).json()
    assert body["cases"] == [{"case_id": ids[0]}, {"case_id": "nobody", "error": "not found"}, {"case_id": ids[2]}]
    assert hq.post("case/v2/bulk-fetch/", {"case_ids": "ab", "external_ids": [5, True]}).json() == {
        "cases": [{"case_id": "a", "error": "not found"}, {"case_id": "b", "error": "not found"},
                  {"external_id": 5, "error": "not found"}, {"external_id": True, "error": "not found"}],
        "matching_records": 0, "missing_records": 4}


@pytest.mark.parametrize(("data", "error"), [
    (b"", "Payload must be valid JSON"),
    (b"{}", "Payload must include 'case_ids' or 'external_ids' fields"),
    (b'{"case_ids": []}', "Payload must include 'case_ids' or 'external_ids' fields"),
    (b'{"case_ids": [' + b'"a",' * 5000 + b'"b"]}', "You cannot request more than 5000 cases per request."),
])
def test_bulk_fetch_errors(hq, data, error):
    for method in ("POST", "PUT"):
        response = hq.call(method, "api/case/v2/bulk-fetch/", data=data)
        assert (response.status_code, response.json()) == (400, {"error": error})
    assert hq.get("case/v2/bulk-fetch/").json() == {"error": "Payload must be valid JSON"}


@pytest.mark.writes
@pytest.mark.parametrize(("params", "keys"), [
    ({"fields": ""}, set()),
    ({"fields": "case_id, case_name ,nothing"}, {"case_id", "case_name"}),
    ({"fields": ["case_id", "closed"]}, {"case_id", "closed"}),
    ({"fields.properties": "dob"}, {"properties"}),
    ({"exclude": "properties,indices,domain,case_type,owner_id,date_opened,last_modified,server_last_modified"},
     {"case_id", "case_name", "external_id", "indexed_on", "closed", "date_closed"}),
])
def test_fields_and_exclude(hq, kind, params, keys):
    fill(hq, kind, 3, properties={"dob": "1989-11-07", "age": "3"})
    for page in walk(hq, case_type=kind, limit=2, **params):
        assert all(set(case) == keys for case in page["cases"])
        if keys == {"properties"}:
            assert all(case["properties"] == {"dob": "1989-11-07"} for case in page["cases"])


@pytest.mark.writes
def test_exclude_inside_properties(hq, kind):
    fill(hq, kind, 1, properties={"dob": "1989-11-07", "age": "3"})
    case, = hq.get("case/v2/", case_type=kind, exclude="properties.dob,case_name.x,nothing").json()["cases"]
    assert case["properties"] == {"age": "3"}
    assert case["case_name"] == "n0000"


@pytest.mark.parametrize(("path", "allow"), [
    ("case/v2/", "OPTIONS, GET, POST, PUT, OPTIONS"), ("case/v2/abc", "OPTIONS, GET, POST, PUT, OPTIONS"),
    ("case/v2/bulk-fetch/", "OPTIONS, GET, POST, OPTIONS"),
])
def test_options(hq, path, allow):
    response = requests.options(hq.path(f"api/{path}"))
    assert (response.status_code, response.text) == (200, "")
    assert (response.headers["Allow"], response.headers["Access-Control-Allow-Methods"]) == (allow, allow)


def test_credentials_in_the_query_do_not_count(hq):
    response = requests.get(f"{hq.path('api/case/v2/')}?username={hq.username}&api_key={hq.key}")
    assert (response.status_code, response.content) == (401, b"")


@pytest.mark.mock_only
def test_lists_lag_behind_writes(mocksrv, hq, kind):
    mocksrv.set(commcare_index_delay=30)
    case, = fill(hq, kind, 1, external_id=kind)
    assert hq.get("case/v2/", case_type=kind).json()["cases"] == []
    assert hq.get(f"case/v2/{case['case_id']}").status_code == 404
    assert hq.get(f"case/v2/ext/{kind}/").status_code == 200, "external ids are looked up in the database"
    mocksrv.clock.advance(31)
    assert len(hq.get("case/v2/", case_type=kind).json()["cases"]) == 1


@pytest.mark.writes
def test_many_writers_at_once(hq, kind):
    """Each write is there, once, and later than the one before."""
    def write(number):
        with hq.as_user(hq.username, hq.key).session as session:
            body = {"case_type": kind, "case_name": f"n{number}", "owner_id": "o"}
            made = [session.post(hq.path("api/case/v2/"), json=body).json()["case"]["case_id"] for _ in range(5)]
            for case_id in made:
                session.put(hq.path(f"api/case/v2/{case_id}"), json={"close": True})
            return made

    with ThreadPoolExecutor(6) as pool:
        made = {case_id for ids in pool.map(write, range(6)) for case_id in ids}
    seen = [case for page in walk(hq, case_type=kind, limit=7) for case in page["cases"]]
    assert len(seen) == len(made) == 30
    assert {case["case_id"] for case in seen if case["closed"]} == made
    assert len({case["indexed_on"] for case in seen}) == 30
