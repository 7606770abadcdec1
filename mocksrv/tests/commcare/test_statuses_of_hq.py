"""What HQ's own OpenAPI documents say of the statuses of writes is what the operations declare."""

import json

import pytest

from mocksrv import fixtures
from mocksrv.vendors.commcare import vendor

DOCUMENTS = json.loads(fixtures.path("commcare", "openapi.json").read_text(encoding="utf-8"))["objects"]


@pytest.mark.parametrize(("document", "write", "status"), [
    (document, *write) for document in DOCUMENTS.values() for write in document.get("writes", {}).items()])
def test_writes_declare_the_documents_status(document, write, status):
    method, _, tail = write.partition(" ")
    path = "/a/demo/api/" + document["path"] + tail.replace("{id}", "x").removesuffix("/") + "/" * bool(tail)
    (operation,) = [one for one in vendor.at(path) if one.method == method]
    assert operation.statuses[0] == status
