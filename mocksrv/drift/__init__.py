"""Drift: how the live services' answers differ from the mock's, by comparing their shapes.

    from mocksrv.drift import Unusable, add, compare, declared, document, load, merge, save, shape, unreached

    seen = document("carehq", "2026.2", "2026-11-22", target="live")
    add(seen, operation.name, "test_contacts.py::test_create #2",
        shape({"status": 200, "headers": [...], "body": b"...", "method": "GET", "base": "https://..."},
              own=texts_that_were_sent, declared=declared(operation)))
    save(merge(load(path), seen), path)
    compare(load(mock_file), load(live_file))
"""

from mocksrv.drift.answer_shape import Shape, shape
from mocksrv.drift.compare import Difference, Unreached, compare, unreached
from mocksrv.drift.declared import declared
from mocksrv.drift.files import Document, Unusable, add, document, load, merge, save

__all__ = ["Difference", "Document", "Shape", "Unreached", "Unusable", "add", "compare", "declared", "document", "load",
           "merge", "save", "shape", "unreached"]
