"""The limits of JavaScript in design documents."""

import threading

import pytest

from mocksrv.vendors.cht.couch import query_server
from mocksrv.vendors.cht.couch.errors import CouchError
from mocksrv.vendors.cht.couch.query_server import Functions
from mocksrv.vendors.cht.couch.view_index import Thrown
from mocksrv.vendors.cht.couch_api.shows import requests


def mapping(source):
    query_server.begin()
    return Functions({"views": {"v": {"map": source}}}).map("v")


@pytest.mark.parametrize("source", [
    "function(doc) { while (true) {} }", "function(doc) { emit(/^(a+)+$/.test('a'.repeat(40) + 'b')); }"])
def test_functions_without_end_are_stopped(monkeypatch, source):
    monkeypatch.setattr(query_server, "SECONDS", 0.1)
    with pytest.raises(CouchError) as caught:
        mapping(source)({})
    assert (caught.value.status, caught.value.body["error"]) == (500, "os_process_error")
    monkeypatch.undo()
    assert mapping("function(doc) { emit(doc.n); }")({"n": 1}) == [(1, None)]


@pytest.mark.parametrize("source", [
    "function(doc) { var all = 'x'; while (true) { all += all; } }", "function f(doc) { return f(doc); }",
    "function(doc) { throw({ forbidden: 'no' }); }", "function(doc) { require('fs'); }",
    "function(doc) { emit(process.env); }"])
def test_what_takes_too_much_or_throws_has_no_rows(source):
    with pytest.raises((Thrown, CouchError)):
        mapping(source)({})


def test_all_calls_together_have_an_end(monkeypatch):
    monkeypatch.setattr(query_server, "TOGETHER", -1)
    with pytest.raises(CouchError) as caught:
        mapping("function(doc) {}")({})
    assert caught.value.body["error"] == "timeout"


def test_each_thread_has_an_engine_of_its_own():
    """A view is often read in another thread than the one that made it."""
    emitted, found = mapping("function(doc) { emit(doc.n, {}); }"), []
    for number in range(4):
        thread = threading.Thread(target=lambda number=number: found.append(emitted({"n": number})))
        thread.start()
        thread.join()
    assert found == [[(number, {})] for number in range(4)]


def test_reduced_values_must_shrink():
    functions = Functions({"views": {"v": {"reduce": "function(keys, values) { return values; }"}}})
    query_server.begin()
    assert functions.reduce("v", [], [1, 2]) == [1, 2]
    with pytest.raises(CouchError) as caught:
        functions.reduce("v", [], list(range(5_000)))
    assert caught.value.body["error"] == "reduce_overflow_error"


def test_an_engine_lives_no_longer_than_its_request():
    emitted = mapping("function(doc) { globalThis.seen = (globalThis.seen || 0) + 1; emit(globalThis.seen); }")
    assert [emitted({}), emitted({})] == [[(1, None)], [(2, None)]]
    query_server.forget()
    assert query_server.here.call is None
    assert emitted({}) == [(1, None)]


@pytest.mark.parametrize("text", ["5", "null", '{"rows":1}', "[]", "{"])
def test_functions_that_write_something_else_than_json(text):
    with pytest.raises(CouchError) as caught:
        mapping(f"function(doc) {{ JSON.stringify = () => '{text}'; }}")({})
    assert caught.value.status == 500
    assert mapping("function(doc) { JSON.stringify = () => '{}'; }")({}) == []


def test_framing_is_not_for_functions_to_say():
    given = {"headers": {"Transfer-Encoding": "chunked", "Content-Length": "9", "Connection": "x", "X-A": "a\r\nb: c"}}
    assert requests.given_headers(given) == [("X-A", "ab: c")]
