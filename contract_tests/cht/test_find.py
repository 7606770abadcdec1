"""Queries as CouchDB answers them: their indexes, pages, advice and refusals."""

import pytest


@pytest.fixture
def stock(api, unique):
    """Ten documents with an index on two of their fields, under names of their own."""
    docs = [{"_id": f"{unique}-{n}", unique: n % 2, f"{unique}n": n} for n in range(10)]
    api.ok("POST", "/medic/_bulk_docs", {"docs": docs})
    index = {"index": {"fields": [unique, f"{unique}n"]}, "ddoc": unique, "name": "by"}
    assert api.ok("POST", "/medic/_index", index) == {"result": "created", "id": f"_design/{unique}", "name": "by"}
    yield unique
    api.ok("DELETE", f"/medic/_index/{unique}/json/by")


def test_an_index_serves_a_query_and_its_pages(api, stock):
    query = {"selector": {stock: 1, f"{stock}n": {"$gt": 1}}, "fields": [f"{stock}n"], "limit": 3}
    first = api.ok("POST", "/medic/_find", query)
    rest = api.ok("POST", "/medic/_find", query | {"bookmark": first["bookmark"]})
    assert [doc[f"{stock}n"] for doc in first["docs"] + rest["docs"]] == [3, 5, 7, 9]
    assert "warning" not in first
    down = query | {"sort": [{stock: "desc"}, {f"{stock}n": "desc"}]}
    first = api.ok("POST", "/medic/_find", down)
    rest = api.ok("POST", "/medic/_find", down | {"bookmark": first["bookmark"]})
    assert [doc[f"{stock}n"] for doc in first["docs"] + rest["docs"]] == [9, 7, 5, 3]


def test_without_an_index_there_is_advice(api, stock):
    query = {"selector": {f"{stock}n": 3}, "execution_stats": True}
    answer = api.ok("POST", "/medic/_find", query)
    assert list(answer) == ["docs", "bookmark", "execution_stats", "warning"]
    assert answer["warning"].split("\n") == [
        "No matching index found, create an index to optimize query time.",
        "The number of documents examined is high in proportion to the number of results returned. Consider adding a "
        "more specific index to improve this."]
    stats = answer["execution_stats"]
    assert list(stats) == ["total_keys_examined", "total_docs_examined", "total_quorum_docs_examined",
                           "results_returned", "execution_time_ms"]
    assert (stats["total_keys_examined"], stats["results_returned"]) == (0, 1)
    assert stats["total_docs_examined"] > 10


@pytest.mark.parametrize(("use", "told"), [
    ("elsewhere", "_design/elsewhere was not used because it does not contain a valid index for this query."),
    (["_design/some", "x"], "_design/some, x was not used because it is not a valid index for this query."),
])
def test_an_index_that_cannot_be_used_is_named(api, stock, use, told):
    query = {"selector": {stock: 1, f"{stock}n": 3}, "use_index": use}
    assert api.ok("POST", "/medic/_find", query)["warning"] == told


def test_a_partial_index_is_used_by_name_only(api, unique):
    api.ok("POST", "/medic/_bulk_docs", {"docs": [{"_id": f"{unique}-p{n}", f"{unique}p": n} for n in range(4)]})
    index = {"index": {"fields": [f"{unique}p"], "partial_filter_selector": {f"{unique}p": {"$gt": 1}}},
             "ddoc": f"{unique}p", "name": "few"}
    api.ok("POST", "/medic/_index", index)
    listed = {one["ddoc"]: one for one in api.ok("GET", "/medic/_index")["indexes"]}[f"_design/{unique}p"]
    assert listed["def"] == {"fields": [{f"{unique}p": "asc"}],
                             "partial_filter_selector": {f"{unique}p": {"$gt": 1}}}
    query = {"selector": {f"{unique}p": {"$gte": 0}}, "fields": [f"{unique}p"]}
    assert len(api.ok("POST", "/medic/_find", query)["docs"]) == 4
    few = api.ok("POST", "/medic/_find", query | {"use_index": [f"{unique}p", "few"]})
    assert [doc[f"{unique}p"] for doc in few["docs"]] == [2, 3]
    api.ok("DELETE", f"/medic/_index/{unique}p/json/few")


def test_a_query_is_explained(api, stock):
    query = {"selector": {stock: 1, f"{stock}n": {"$gt": 3, "$lte": 7}}, "fields": ["_id"], "limit": 2}
    answer = api.ok("POST", "/medic/_explain", query)
    assert list(answer) == ["dbname", "index", "partitioned", "selector", "opts", "limit", "skip", "fields", "mrargs"]
    assert answer["index"] == {"ddoc": f"_design/{stock}", "name": "by", "type": "json", "partitioned": False,
                               "def": {"fields": [{stock: "asc"}, {f"{stock}n": "asc"}]}}
    assert answer["selector"] == {"$and": [{stock: {"$eq": 1}}, {"$and": [{f"{stock}n": {"$gt": 3}},
                                                                          {f"{stock}n": {"$lte": 7}}]}]}
    assert answer["opts"] == {
        "use_index": [], "bookmark": "nil", "limit": 2, "skip": 0, "sort": {}, "fields": ["_id"], "partition": "",
        "r": [49], "conflicts": False, "stale": False, "update": True, "stable": False, "execution_stats": False}
    assert answer["mrargs"] == {
        "include_docs": True, "view_type": "map", "reduce": False, "partition": None, "start_key": [1, 3],
        "end_key": [1, 7, "<MAX>"], "direction": "fwd", "stable": False, "update": True, "conflicts": "undefined"}
    down = api.ok("POST", "/medic/_explain", query | {"sort": [{f"{stock}n": "desc"}]})
    assert (down["mrargs"]["start_key"], down["mrargs"]["direction"]) == ([1, 7, "<MAX>"], "rev")


def test_a_scan_is_explained(api, stock):
    answer = api.ok("POST", "/medic/_explain", {"selector": {f"{stock}n": 1}})
    assert answer["index"] == {"ddoc": None, "name": "_all_docs", "type": "special",
                               "def": {"fields": [{"_id": "asc"}]}}
    assert answer["fields"] == "all_fields"
    assert (answer["mrargs"]["start_key"], answer["mrargs"]["end_key"]) == ("", "<MAX>")


ASCII = "<<120>>"  # as Erlang writes "x"


@pytest.mark.parametrize("operation", ["_find", "_explain"])
@pytest.mark.parametrize(("query", "error", "reason"), [
    ({}, "missing_required_key", "Missing required key: selector"),
    ({"selector": "x"}, "invalid_selector_json", f"Selector must be a JSON object, not: {ASCII}"),
    ({"selector": {"a": {"$in": 1}}}, "bad_arg", "Bad argument for operator $in: 1"),
    ({"selector": {"a": {"$near": 1}}}, "not_supported", "Unsupported operator: $near"),
    ({"selector": {"a": {"$odd": 1}}}, "invalid_operator", "Invalid operator: $odd"),
    ({"selector": {}, "limit": -1}, "invalid_non_neg_integer", "-1 is not an integer greater than or equal to zero"),
    ({"selector": {}, "skip": "x"}, "invalid_non_neg_integer",
     f"{ASCII} is not an integer greater than or equal to zero"),
    ({"selector": {}, "r": 0}, "invalid_pos_integer", "0 is not an integer greater than zero"),
    ({"selector": {}, "stable": 1}, "invalid_boolean", "Invalid boolean value: 1"),
    ({"selector": {}, "fields": "x"}, "invalid_fields", f"Fields must be an array of strings, not: {ASCII}"),
    ({"selector": {}, "fields": [1]}, "invalid_field", "Invalid JSON for field spec: 1"),
    ({"selector": {}, "sort": {"a": "asc"}}, "invalid_sort_json",
     'Sort must be an array of sort specs, not: {[{<<"a">>,<<"asc">>}]}'),
    ({"selector": {}, "sort": [1]}, "invalid_sort_field", "Invalid sort field: 1"),
    ({"selector": {}, "sort": [{"a": "asc"}, {"b": "desc"}]}, "unsupported_mixed_sort",
     "Sorts currently only support a single direction for all fields."),
    ({"selector": {}, "sort": ["nothing"]}, "no_usable_index",
     "No index exists for this sort, try indexing by the sort fields."),
    ({"selector": {}, "query": 1}, "invalid_key", "Invalid key query for this request."),
])
def test_queries_that_are_refused(api, operation, query, error, reason):
    answer = api.post(f"/medic/{operation}", query)
    assert (answer.status_code, answer.json()) == (400, {"error": error, "reason": reason})


@pytest.mark.parametrize(("member", "what"), [
    ({"use_index": 1}, "{invalid_index_name,1}"), ({"use_index": {}}, "{invalid_index_name,{[]}}"),
    ({"stale": "x"}, "{invalid_ok_or_false_value,<<120>>}"), ({"bookmark": 7}, "{invalid_bookmark,7}")])
def test_what_couchdb_fails_over(api, member, what):
    answer = api.post("/medic/_find", {"selector": {}, **member})
    told = answer.json()
    assert (answer.status_code, told.pop("ref") > 0) == (500, True)
    assert told == {"error": "unknown_error", "reason": f"Unknown Error: mango_opts :: {what}"}


@pytest.mark.parametrize("empty", ["$or", "$nor"])
def test_what_can_fit_nothing_tells_nothing(api, empty):
    answer = api.post("/medic/_find", {"selector": {empty: []}})
    assert (answer.status_code, answer.text) == (200, '{"docs":[\r\n]}\r\n\n')


def test_a_bookmark_must_be_one(api):
    answer = api.post("/medic/_find", {"selector": {}, "bookmark": "x"})
    assert (answer.status_code, answer.json()) == (
        400, {"error": "invalid_bookmark", "reason": 'Invalid bookmark value: "x"'})


@pytest.mark.parametrize(("body", "status", "error", "reason"), [
    ({}, 400, "missing_required_key", "Missing required key: index"),
    ({"index": 1}, 400, "invalid_index", "JSON indexes must be an object, not: 1"),
    ({"index": {}}, 400, "missing_required_key", "Missing required key: fields"),
    ({"index": {"fields": ["a"]}, "type": "geo"}, 400, "invalid_index", "Invalid type for index: geo"),
    ({"index": {}, "type": "text"}, 503, "required index service unavailable", "text"),
    ({"index": {"fields": ["a"]}, "name": 1}, 400, "invalid_string", "Invalid string: 1"),
    ({"index": {"fields": ["a"], "more": 1}}, 400, "invalid_key", "Invalid key more for this request."),
    ({"index": {"fields": ["a"]}, "more": 1}, 400, "invalid_key", "Invalid key more for this request."),
    ({"index": {"fields": [{"a": "up"}]}}, 400, "invalid_sort_field", None),
])
def test_indexes_that_are_refused(api, body, status, error, reason):
    answer = api.post("/medic/_index", body)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert reason in (None, answer.json()["reason"])


def test_offline_users_explain_nothing(api, places, unique):
    name = unique.replace("-", "")
    api.ok("POST", "/api/v1/users", {"username": name, "password": "Kisumu_2024", "roles": ["chw"], "type": "chw",
                                     "place": places.area, "contact": places.person})
    assert api.as_user(name).post("/medic/_explain", {"selector": {}}).status_code == 403
