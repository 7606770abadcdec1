"""Design documents of a client's own: their views, filters and rules are JavaScript, which is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.writes

ANIMALS = (("cat", 4, ["small"]), ("cow", 600, ["large", "farm"]), ("hen", 2, ["small", "farm"]))
DESIGN = {
    "views": {
        "lib": {"weigh": "exports.of = function(doc) { return doc.kg * 1000; };"},
        "by_tag": {"map": "function(doc) { doc.tags.forEach(function(tag) { emit(tag, doc.kg); }); }",
                   "reduce": "_sum"},
        "grams": {"map": "function(doc) { emit(doc._id, require('views/lib/weigh').of(doc)); }", "reduce": "_stats"},
        "longest": {"map": "function(doc) { emit(null, doc._id); }",
                    "reduce": "function(keys, values) { return values.sort()[values.length - 1]; }"},
        "kinds": {"map": "function(doc) { doc.tags.forEach(function(tag) { emit(tag); }); }",
                  "reduce": "_approx_count_distinct"},
        "none": {"map": "function(doc) { emit(doc.no.such.member); }"},
    },
    "filters": {"heavier": "function(doc, req) { return doc.kg > Number(req.query.than || 0); }"},
    "validate_doc_update": "function(doc, old, user) { if (doc.kg < 0) { throw({ forbidden: user.name + ': kg' }); } }",
}


@pytest.fixture
def zoo(api: Any, unique: str) -> Iterator[str]:
    """A database with animals and a design document of its own."""
    name = f"zoo-{unique}"
    api.ok("PUT", f"/{name}")
    for id, kg, tags in ANIMALS:
        api.ok("PUT", f"/{name}/{id}", {"kg": kg, "tags": tags})
    api.ok("PUT", f"/{name}/_design/own", DESIGN)
    yield name
    api.delete(f"/{name}")


def rows(api: Any, path: str) -> list[list[Any]]:
    return [[row["key"], row["value"]] for row in api.ok("GET", path)["rows"]]


def test_views_of_ones_own(api: Any, zoo: str) -> None:
    view = f"/{zoo}/_design/own/_view"
    assert rows(api, f"{view}/by_tag?reduce=false") == [["farm", 600], ["farm", 2], ["large", 600], ["small", 4],
                                                        ["small", 2]]
    assert rows(api, f"{view}/by_tag?group=true") == [["farm", 602], ["large", 600], ["small", 6]]
    assert rows(api, f'{view}/grams?reduce=false&key="hen"') == [["hen", 2000]]
    assert rows(api, f"{view}/grams") == [[None, {"sum": 606000, "count": 3, "min": 2000, "max": 600000,
                                                  "sumsqr": 360020000000}]]
    assert rows(api, f"{view}/longest") == [[None, "hen"]]
    assert rows(api, f"{view}/kinds") == [[None, 3]]
    assert rows(api, f"{view}/none") == []
    assert api.get(f"{view}/lib").status_code == 404


def test_views_of_ones_own_follow_documents_and_their_design(api: Any, zoo: str) -> None:
    view = f"/{zoo}/_design/own/_view/by_tag?key=%22large%22"
    assert rows(api, view) == [[None, 600]]
    api.ok("DELETE", f"/{zoo}/cow?rev={api.doc('cow', zoo)['_rev']}")
    api.ok("PUT", f"/{zoo}/elephant", {"kg": 5000, "tags": ["large"]})
    assert rows(api, view) == [[None, 5000]]
    changed = {**api.doc("_design/own", zoo), "views": {"by_tag": {"map": "doc => emit('large', 1)"}}}
    api.ok("PUT", f"/{zoo}/_design/own", changed)
    assert rows(api, view) == [["large", 1]] * 3


def test_filters_of_ones_own(api: Any, zoo: str) -> None:
    def ids_of(query: str) -> list[str]:
        return [row["id"] for row in api.ok("GET", f"/{zoo}/_changes?{query}")["results"]]

    assert set(ids_of("filter=own/heavier&than=3")) == {"cat", "cow"}
    assert ids_of("filter=_view&view=own/none") == []
    assert sorted(ids_of("filter=_view&view=own/by_tag")) == ["cat", "cow", "hen"]
    for design, lacking in (("own/other", "other"), ("own/", "")):
        answer = api.get(f"/{zoo}/_changes?filter={design}")
        assert (answer.status_code, answer.json()["reason"]) == (404, f"missing json key: {lacking}")
    assert api.get(f"/{zoo}/_changes?filter=not/there").json()["reason"] == "missing"


@pytest.mark.mock_only  # the real one's replicator has no credentials of its own
def test_replication_by_a_filter_of_ones_own(api: Any, zoo: str) -> None:
    job = {"source": zoo, "target": f"{zoo}-heavy", "create_target": True, "filter": "own/heavier",
           "query_params": {"than": "100"}}
    assert api.ok("POST", "/_replicate", job)["history"][0]["docs_written"] == 1
    assert [row["id"] for row in api.ok("GET", f"/{zoo}-heavy/_all_docs")["rows"]] == ["cow"]


def test_rules_of_ones_own(api: Any, zoo: str) -> None:
    answer = api.put(f"/{zoo}/dodo", {"kg": -1, "tags": []})
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert answer.json()["reason"].endswith(": kg")
    (row,) = api.post(f"/{zoo}/_bulk_docs", {"docs": [{"_id": "dodo", "kg": -1}]}).json()
    assert row["error"] == "forbidden"


@pytest.mark.parametrize(("view", "error"), [
    ({"map": "function("}, "compilation_error"), ({"map": "1 + 1"}, "compilation_error"),
    ({"map": "function(doc) { return /a(/; }"}, "compilation_error"),
    ({"map": "function(doc) {}", "reduce": "function{}"}, "compilation_error"),
    ({"map": "function(doc) {}", "reduce": "_median"}, "invalid_design_doc")])
def test_functions_that_are_none_are_refused(api: Any, unique: str, view: dict[str, str], error: str) -> None:
    answer = api.put(f"/medic/_design/{unique}", {"views": {"v": view}})
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.mock_only
def test_values_that_cannot_be_reduced(api: Any, zoo: str) -> None:
    for how in ("_sum", "_stats"):
        design = {"views": {"v": {"map": "function(doc) { emit(null, doc._id); }", "reduce": how}}}
        api.ok("PUT", f"/{zoo}/_design/{how[1:]}", design)
        assert api.get(f"/{zoo}/_design/{how[1:]}/_view/v").status_code == 500


@pytest.mark.mock_only
def test_filters_that_throw(api: Any, zoo: str) -> None:
    api.ok("PUT", f"/{zoo}/_design/odd", {"filters": {"f": "function(doc) { return doc.no.such; }"}})
    for feed in ("normal", "longpoll", "continuous", "eventsource"):
        answer = api.get(f"/{zoo}/_changes?filter=odd/f&feed={feed}&timeout=100")
        assert answer.status_code == 500
        assert "TypeError" in answer.text


@pytest.mark.mock_only
def test_reductions_that_fail_in_the_middle(api: Any, zoo: str) -> None:
    view = {"map": "function(doc) { emit(doc._id, doc._id === 'cow' ? 'x' : 1); }", "reduce": "_sum"}
    api.ok("PUT", f"/{zoo}/_design/odd", {"views": {"v": view}})
    answer = api.get(f"/{zoo}/_design/odd/_view/v?group=true")
    assert answer.status_code in (200, 500)
    assert "builtin_reduce_error" in answer.text
    assert api.get(f"/{zoo}/_design/odd/_view/none").json()["reason"] == "missing_named_view"


@pytest.mark.mock_only
def test_views_without_a_map(api: Any, zoo: str) -> None:
    api.ok("PUT", f"/{zoo}/_design/odd", {"views": {"v": {}}})
    assert api.get(f"/{zoo}/_design/odd/_view/v").json()["reason"] == "missing_named_view"
