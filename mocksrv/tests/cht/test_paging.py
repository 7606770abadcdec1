"""Pages of contacts: how many rows are read until a page is full."""

import pytest

from mocksrv.vendors.cht.contacts.paging import collect


class Index:
    """A world with an index of contacts of which those marked 0 fail the test of their type."""

    def __init__(self, marks):
        self.marks = marks
        self.reads = []

    def read(self, skip, limit):
        self.reads.append((limit, skip))
        return [{"_id": number, "passes": mark == "1"} for number, mark in enumerate(self.marks)][skip : skip + limit]


@pytest.mark.parametrize(("marks", "limit", "found", "cursor", "reads"), [
    ("11111", 2, [0, 1], "2", [(2, 0)]),
    ("10111111", 3, [0, 2, 3], "4", [(3, 0), (2, 3)]),
    ("00111111", 3, [2, 3, 4], "5", [(3, 0), (4, 3)]),
    ("001111", 3, [2, 3, 4], None, [(3, 0), (4, 3)]),  # row 5 is lost, as on the server
    ("0" * 9 + "1" * 12, 3, [9, 10, 11], "12", [(3, 0), (6, 3), (12, 9)]),
])
def test_a_page_that_is_not_full_reads_on(marks, limit, found, cursor, reads):
    index = Index(marks)
    page = collect(index.read, 0, limit, lambda doc: doc["passes"])
    assert ([doc["_id"] for doc in page["data"]], page["cursor"], index.reads) == (found, cursor, reads)
