"""Exports: what a stream keeps in memory, and the text of a CSV line."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocksrv.config import Config
from mocksrv.vendors.cht import vendor as cht
from mocksrv.vendors.cht.couch import documents
from mocksrv.vendors.cht.export import STREAMS, csvtext
from mocksrv.vendors.cht.export.options import Options
from mocksrv.worlds import Worlds


@pytest.mark.parametrize("kind", ["reports", "messages"])
@pytest.mark.parametrize("filters", [{}, {"search": "hello"}])
def test_a_stream_leaves_nothing_in_memory(kind, filters):
    world = Worlds((cht,), Config(size=0)).origin
    message = {"messages": [{"uuid": "u", "to": "+1", "message": "Go"}], "state": "pending"}
    documents.database(world).bulk(
        {"_id": f"{n:05}", "type": "data_record", "form": "visit", "reported_date": 1_700_000_000_000,
         "fields": {"note": f"hello {n}"}, "tasks": [message]} for n in range(2000))
    tracemalloc.start()
    try:
        size = sum(len(part) for part in STREAMS[kind](world, Options(filters, human=False)))
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 90_000
    assert left < 200_000


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\\\0"))))
def test_cells_come_back_through_the_csv_module(cells):
    text = csvtext.line(["first", *cells])
    assert next(csv.reader(io.StringIO(text, newline=""), escapechar="\\", doublequote=False)) == ["first", *cells]


def test_the_cells_of_the_servers_own_test():
    assert csvtext.line(['a"b,c', 1, None, True, ["x", 1, 'y"z'], ""]) == (
        '"a\\"b,c",1,,true,"[\\"x\\",1,\\"y\\\\"z\\"]",""\n')
