"""bulk-delete of many documents in bounded memory."""

import tracemalloc

from mocksrv.app import create_app
from mocksrv.config import Config
from mocksrv.vendors.cht.contacts import bulk_delete


def test_memory_stays_flat_for_100_000_ids():
    app = create_app(Config(vendor=("cht",), size=0))
    ids = [f"nobody-{number}" for number in range(100_000)]
    batches = [ids[at : at + 100] for at in range(0, len(ids), 100)]
    tracemalloc.start()
    made = sum(1 for _ in bulk_delete.chunks(app.worlds["default"], batches))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made == 1002
    assert peak < 500_000  # bytes: a batch at a time
