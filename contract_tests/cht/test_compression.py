"""Answers packed for clients that take gzip or deflate, and request bodies that come packed."""

from __future__ import annotations

import gzip
import http.client
import json
import zlib
from urllib.parse import urlsplit

import pytest
from requests.auth import _basic_auth_str

pytestmark = pytest.mark.writes


@pytest.fixture
def raw(api):
    """Answers as they come: status, headers by lower-case name, bytes."""
    def ask(method, path, accept=None, body=None, **headers):
        url = urlsplit(api.url)
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        connection.putrequest(method, url.path + path, skip_accept_encoding=True)
        for name, value in {"Authorization": _basic_auth_str(*api.auth), "Accept-Encoding": accept,
                            "Content-Length": str(len(body)) if body else None, **headers}.items():
            if value is not None:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data

    return ask


def unpacked(data, encoding):
    return {None: bytes, "gzip": gzip.decompress, "deflate": zlib.decompress}[encoding](data)


@pytest.mark.parametrize(("accept", "encoding"), [
    (None, None), ("", None), ("identity", None), ("br", None), ("gzip", "gzip"), ("deflate", "deflate"),
    ("gzip, deflate", "gzip"), ("deflate, gzip;q=0.1", "gzip"), ("gzip;q=0", None), ("gzip;q=0, deflate", "deflate"),
    pytest.param("*", "gzip", marks=pytest.mark.mock_only),  # the gate asks for what it can read, or for nothing
    ("identity, gzip;q=0.5", None), ("GZIP", "gzip"), ("gzip;q=x", None),
])
@pytest.mark.parametrize("path", ["/medic/_all_docs", "/api/v1/settings", "/medic/settings"])
def test_the_client_chooses(raw, path, accept, encoding):
    status, headers, data = raw("GET", path, accept)
    assert (status, headers.get("content-encoding"), headers["vary"]) == (200, encoding, "Accept-Encoding")
    assert unpacked(data, encoding) == raw("GET", path)[2]
    assert ("content-length" in headers) is (encoding is None and "all_docs" not in path)
    assert headers.get("etag") == raw("GET", path)[1].get("etag")


def test_short_answers_stay_as_they_are_unless_they_have_no_length(raw, unique):
    assert "content-encoding" not in raw("GET", "/api/info", "gzip")[1]
    assert "content-encoding" not in raw("GET", f"/medic/{unique}", "gzip")[1]
    assert raw("GET", "/api/v1/forms", "gzip")[1]["content-encoding"] == "gzip"
    assert raw("GET", "/medic/_changes?since=now", "gzip")[1]["content-encoding"] == "gzip"


def test_heads_and_known_answers_are_not_packed(raw):
    _, headers, data = raw("HEAD", "/api/v1/settings", "gzip")
    assert (data, "content-encoding" in headers, int(headers["content-length"]) > 1024) == (b"", False, True)
    tag = raw("GET", "/api/v1/settings", "gzip")[1]["etag"]
    status, headers, data = raw("GET", "/api/v1/settings", "gzip", If_None_Match=tag)
    assert (status, data, "content-encoding" in headers) == (304, b"", False)


@pytest.mark.release(until="4.20")
def test_writes_and_refusals(raw, unique):
    docs = json.dumps({"docs": [{"_id": f"{unique}-{n}"} for n in range(30)]}).encode()
    status, headers, data = raw("POST", "/medic/_bulk_docs", "gzip", docs, Content_Type="application/json")
    assert (status, headers["content-encoding"], headers["content-type"]) == (201, "gzip", "application/json")
    assert len(json.loads(gzip.decompress(data))) == 30
    status, headers, data = raw("GET", "/api/v1/person/x", "deflate", Accept="application/json")
    assert (status, json.loads(zlib.decompress(data))["code"]) == (404, 404)


@pytest.mark.parametrize(("kind", "packed"), [
    ("text/plain", True), ("application/xml", True), ("application/json", True), ("image/png", False),
    ("application/octet-stream", False),
])
def test_couchdb_gives_compressible_attachments_as_it_keeps_them(raw, unique, kind, packed):
    path, content = f"/medic/{unique}/a", b"my-attachment-content"
    assert raw("PUT", path, body=content, Content_Type=kind)[0] == 201
    _, headers, data = raw("GET", path, "gzip, deflate")
    assert (headers.get("content-encoding"), headers["content-type"]) == ("gzip" if packed else None, kind)
    assert (headers["accept-ranges"], int(headers["content-length"])) == ("none" if packed else "bytes", len(data))
    assert unpacked(data, "gzip" if packed else None) == content
    plain = raw("GET", path)
    assert (plain[1].get("content-encoding"), plain[2]) == (None, content)
    assert ("vary" in plain[1]) is packed
    assert plain[1]["content-security-policy"] == "sandbox"
    assert plain[1]["etag"] == headers["etag"]


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_bodies_that_the_api_reads_may_be_packed(raw, encoding, pack):
    body = pack(b'{"doc_ids":["settings"]}')
    status, _, data = raw("POST", "/api/v1/hydrate", body=body, Content_Type="application/json",
                          Content_Encoding=encoding)
    assert (status, [one["id"] for one in json.loads(data)]) == (200, ["settings"])


JSON = {"Content_Type": "application/json"}


def test_bodies_that_couchdb_reads_may_be_packed_with_gzip(raw, unique):
    body = json.dumps({unique: ["1-a"]}).encode()
    path = "/medic/_revs_diff"
    status, _, data = raw("POST", path, body=gzip.compress(body), Content_Encoding="gzip", **JSON)
    assert (status, json.loads(data)) == (200, {unique: {"missing": ["1-a"]}})
    status, _, data = raw("POST", path, body=body, Content_Encoding="gzip", **JSON)
    assert (status, json.loads(data)["reason"]) == (400, "Request body is not properly gzipped.")
    status, _, data = raw("POST", path, body=zlib.compress(body), Content_Encoding="deflate", **JSON)
    assert (status, json.loads(data)) == (415, {"error": "bad_content_type",
                                                "reason": "deflate is not a supported content encoding."})


def test_packed_documents_do_not_pass_the_api(raw, unique):
    """It unpacks them, and passes on the header that says that they are packed."""
    for method, path in (("POST", "/medic/_bulk_docs"), ("PUT", f"/medic/{unique}"), ("POST", "/medic/")):
        status, headers, data = raw(method, path, body=gzip.compress(b'{"docs":[]}'), Content_Encoding="gzip", **JSON)
        assert (status, json.loads(data)["reason"]) == (400, "Request body is not properly gzipped.")
        assert "unpack" in headers["x-mocksrv-diagnosis"]
    status, _, _ = raw("PUT", f"/medic-logs/{unique}", body=gzip.compress(b"{}"), Content_Encoding="gzip", **JSON)
    assert status == 201


def test_packed_attachments_are_kept_unpacked(raw, unique):
    path = f"/medic/{unique}/a"
    assert raw("PUT", path, body=gzip.compress(b"abc"), Content_Type="text/plain", Content_Encoding="gzip")[0] == 201
    assert raw("GET", path)[2] == b"abc"
    # CouchDB does not look into what is said to be packed, until somebody wants it unpacked.
    for name, encoding, status in (("2", "gzip", 201), ("3", "br", 415)):
        answer = raw("PUT", f"/medic/{unique}-{name}/a", body=b"abc", Content_Type="text/plain",
                     Content_Encoding=encoding)
        assert answer[0] == status
    status, _, body = raw("GET", f"/medic/{unique}-2?attachments=true", Accept="application/json")
    assert (status, b'"reason":"data_error"' in body) == (500, True)


@pytest.mark.mock_only
def test_the_journal_has_answers_unpacked(raw, mocksrv):
    raw("GET", "/api/v1/settings", "gzip")
    (entry,) = mocksrv.journal(limit=1)
    assert entry["response"]["body"].startswith('{"')
