"""Reading uploaded workbooks in bounded memory."""

import tracemalloc

import pytest

from mocksrv.vendors.commcare.django import spreadsheets


@pytest.mark.parametrize("row", [1_000, 16_000, 1_048_576])
def test_a_stray_cell_in_the_last_corner_takes_no_memory(row):
    """Readers give out all the empty cells before it: 17 thousand million for the last one."""
    rows = ([None] * 16_384 for _ in range(row))
    tracemalloc.start()
    with pytest.raises(spreadsheets.BadWorkbook, match="more than 2000000 cells"):
        spreadsheets.trimmed([("a", rows)])
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
