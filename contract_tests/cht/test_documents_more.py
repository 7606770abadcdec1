"""What CouchDB can do with documents beyond reading and writing: copies, parts, ranges, old revisions, purges."""

from __future__ import annotations

import base64
import email
import gzip
import json

import pytest
from requests.structures import CaseInsensitiveDict

pytestmark = pytest.mark.writes

LOGS = "/medic-logs"
PNG = bytes(range(256))


def couch(answer, status, error, reason):
    assert (answer.status_code, answer.json()) == (status, {"error": error, "reason": reason})


def parts(answer):
    """The parts of an answer: their headers and contents."""
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    found = email.message_from_bytes(head + answer.content)
    assert found.is_multipart()
    return [(CaseInsensitiveDict(part.items()), part.get_payload(decode=False), part) for part in found.get_payload()]


@pytest.fixture
def versions(api, unique):
    """A document at its third revision: the revisions, oldest first."""
    revs = [api.ok("PUT", f"/medic/{unique}", {"n": 1})["rev"]]
    for n in (2, 3):
        revs.append(api.ok("PUT", f"/medic/{unique}", {"n": n, "_rev": revs[-1]})["rev"])
    return revs


@pytest.fixture
def with_files(api, unique):
    """A document with a text and a picture."""
    files = {"a.txt": ("text/plain", b"hello " * 50), "b.png": ("image/png", PNG)}
    api.ok("PUT", f"/medic/{unique}", {"x": 1, "_attachments": {
        name: {"content_type": kind, "data": base64.b64encode(data).decode()} for name, (kind, data) in files.items()}})
    return f"/medic/{unique}"


# --- old revisions -----------------------------------------------------------------------------------------------


def test_old_revisions_are_there_until_the_database_is_compacted(api, unique, versions):
    path = f"/medic/{unique}"
    assert [api.ok("GET", f"{path}?rev={rev}")["n"] for rev in versions] == [1, 2, 3]
    assert api.ok("GET", f"{path}?rev={versions[1]}&revs=true")["_revisions"]["ids"] == [
        rev.partition("-")[2] for rev in versions[1::-1]]
    assert api.ok("GET", f"{path}?rev={versions[0]}&latest=true")["n"] == 3
    got = api.ok("POST", "/medic/_bulk_get", {"docs": [{"id": unique, "rev": rev} for rev in versions]})["results"]
    assert [one["docs"][0]["ok"]["n"] for one in got] == [1, 2, 3]
    assert api.ok("POST", "/medic/_compact", {}) == {"ok": True}
    couch(api.get(f"{path}?rev={versions[0]}"), 404, "not_found", "missing")
    statuses = [one["status"] for one in api.ok("GET", f"{path}?revs_info=true")["_revs_info"]]
    assert statuses == ["available", "missing", "missing"]
    assert api.ok("GET", f"{path}?rev={versions[2]}")["n"] == 3


def test_named_revisions_come_in_the_order_of_their_age(api, unique, versions):
    """Each once, and what is missing at the end (CouchDB 3.3 source, fabric_doc_open_revs)."""
    named = json.dumps([versions[2], "9-abc", versions[0], versions[1], "8-abc", versions[0]])
    found = api.ok("GET", f"/medic/{unique}?open_revs={named}")
    assert [one["ok"]["n"] if "ok" in one else one["missing"] for one in found] == [1, 2, 3, "8-abc", "9-abc"]
    assert [one["ok"]["n"] for one in api.ok("GET", f"/medic/{unique}?latest=true&open_revs={named}")
            if "ok" in one] == [3]


def test_leaves_come_by_their_age_but_not_from_bulk_get(api, unique):
    """`_bulk_get` walks the tree (recorded from CouchDB 3.3.3), `open_revs` sorts what it has found."""
    for letter, number in (("a", 1), ("b", 1), ("c", 2)):
        api.ok("PUT", f"/medic/{unique}?new_edits=false", {"_rev": f"{number}-{letter * 32}", "n": letter})
    assert [one["ok"]["n"] for one in api.ok("GET", f"/medic/{unique}?open_revs=all")] == ["a", "b", "c"]
    (got,) = api.ok("POST", "/medic/_bulk_get", {"docs": [{"id": unique}]})["results"]
    assert [one["ok"]["n"] for one in got["docs"]] == ["c", "b", "a"]


def test_only_the_last_ones_are_kept(api, unique):
    revs = [api.ok("PUT", f"{LOGS}/{unique}", {"n": 0})["rev"]]
    for n in range(1, 20):
        revs.append(api.ok("PUT", f"{LOGS}/{unique}", {"n": n, "_rev": revs[-1]})["rev"])
    assert [api.get(f"{LOGS}/{unique}?rev={rev}").status_code for rev in revs] == [404] * 10 + [200] * 10


def test_as_many_revisions_as_the_database_is_told(api, unique):
    api.put(f"/{unique}")
    assert api.get(f"/{unique}/_revs_limit").text == "1000\n"
    assert api.ok("PUT", f"/{unique}/_revs_limit", 2) == {"ok": True}
    rev = None
    for n in range(5):
        rev = api.ok("PUT", f"/{unique}/d", {"n": n} | ({"_rev": rev} if rev else {}))["rev"]
    history = api.ok("GET", f"/{unique}/d?revs=true")["_revisions"]
    assert (history["start"], len(history["ids"]), rev[:2]) == (5, 2, "5-")


def test_a_purged_document_was_never_there(api, unique, versions):
    view = f'/medic/_design/medic-client/_view/doc_by_type?key=["{unique}"]'
    rev = api.ok("PUT", f"/medic/{unique}", {"type": unique, "_rev": versions[-1]})["rev"]
    assert len(api.ok("GET", view)["rows"]) == 1
    before = api.ok("GET", "/medic/")
    answer = api.post("/medic/_purge", {unique: [rev, versions[0]], "nothing": ["1-a"]})
    assert (answer.status_code, answer.json()) == (201, {"purge_seq": None, "purged": {unique: [rev], "nothing": []}})
    couch(api.get(f"/medic/{unique}"), 404, "not_found", "missing")
    assert api.get(f"/medic/{unique}?rev={versions[0]}").status_code == 404
    assert api.ok("GET", view)["rows"] == []
    after = api.ok("GET", "/medic/")
    assert (after["doc_count"], after["doc_del_count"]) == (before["doc_count"] - 1, before["doc_del_count"])
    assert api.ok("PUT", f"/medic/{unique}", {})["rev"].startswith("1-")
    couch(api.post("/medic/_purge", {unique: ["x"]}), 400, "bad_request", "Invalid rev format")


def test_one_of_two_branches_is_purged(api, unique):
    for rev in ("2-a", "2-b"):
        api.ok("PUT", f"{LOGS}/{unique}?new_edits=false", {"_rev": rev, "at": rev})
    assert api.ok("GET", f"{LOGS}/{unique}?conflicts=true")["_conflicts"] == ["2-a"]
    assert api.ok("POST", f"{LOGS}/_purge", {unique: ["2-b"]})["purged"] == {unique: ["2-b"]}
    assert api.ok("GET", f"{LOGS}/{unique}?conflicts=true") == {"_id": unique, "_rev": "2-a", "at": "2-a"}


# --- writing -----------------------------------------------------------------------------------------------------


def test_a_tombstone_by_put(api, unique):
    rev = api.ok("PUT", f"/medic/{unique}", {"a": 1})["rev"]
    answer = api.put(f"/medic/{unique}", {"_rev": rev, "_deleted": True, "why": "x"})
    assert answer.status_code == 200
    assert api.ok("GET", f"/medic/{unique}?rev={answer.json()['rev']}")["why"] == "x"
    couch(api.get(f"/medic/{unique}"), 404, "not_found", "deleted")


def test_local_documents_in_bulk(api, unique):
    id = f"_local/{unique}"
    rows = api.ok("POST", "/medic/_bulk_docs", {"docs": [{"_id": id, "n": 1}, {"_id": unique}]})
    assert rows[0] == {"ok": True, "id": id, "rev": "0-1"}
    listed = {row["id"]: row["doc"] for row in api.ok("GET", "/medic/_local_docs?include_docs=true")["rows"]}
    assert listed[id] == {"_id": id, "_rev": "0-1", "n": 1}
    assert api.ok("POST", "/medic/_local_docs", {"keys": [id, "_local/none"]})["rows"] == [
        {"id": id, "key": id, "value": {"rev": "0-1"}}, {"key": "_local/none", "error": "not_found"}]
    (row,) = api.ok("POST", "/medic/_bulk_docs", {"docs": [listed[id] | {"_deleted": True}]})
    assert row == {"ok": True, "id": id, "rev": "0-0"}
    assert api.get(f"/medic/{id}").status_code == 404


def test_design_documents_are_listed(api, unique):
    body = api.ok("GET", '/medic/_design_docs?startkey="_design/medic-c"&endkey="_design/medic-d"')
    assert [row["id"] for row in body["rows"]] == ["_design/medic-client", "_design/medic-conflicts"]
    assert body["total_rows"] >= 6
    api.ok("PUT", f"/medic/_design/{unique}", {"views": {"v": {"map": "function (doc) { emit(1); }"}}})
    (row,) = api.ok("POST", "/medic/_design_docs?include_docs=true", {"keys": [f"_design/{unique}"]})["rows"]
    assert "emit" in row["doc"]["views"]["v"]["map"]
    couch(api.get("/medic/_design/medic/_show/a"), 404, "not_found", "missing json key: shows")


def test_copies(api, unique, with_files):
    def copy(target, path=with_files, **headers):
        return api.request("COPY", path, headers={"Destination": target, **headers})

    answer = copy(f"{unique}-2")
    assert answer.status_code == 201
    made = api.doc(f"{unique}-2")
    assert (made["_rev"], made["x"], set(made["_attachments"])) == (answer.json()["rev"], 1, {"a.txt", "b.png"})
    assert api.get(f"/medic/{unique}-2/b.png").content == PNG
    couch(copy(f"{unique}-2"), 409, "conflict", "Document update conflict.")
    assert copy(f"{unique}-2?rev={made['_rev']}").json()["rev"].startswith("2-")
    couch(copy(f"{unique}-3", f"/medic/{unique}-none"), 404, "not_found", "missing")
    couch(copy("http://x/y"), 400, "bad_request", "Destination URL must be relative.")
    couch(api.request("COPY", with_files), 400, "bad_request", "Destination header is mandatory for COPY.")


# --- documents in parts ------------------------------------------------------------------------------------------


def test_a_document_and_its_attachments_in_parts(api, with_files):
    answer = api.get(f"{with_files}?attachments=true", headers={"Accept": "multipart/related"})
    assert answer.headers["Content-Type"].startswith('multipart/related; boundary="')
    (head, doc, _), (first, _, text), (second, _, picture) = parts(answer)
    assert head["Content-Type"] == "application/json"
    told = json.loads(doc)["_attachments"]
    assert (told["a.txt"]["follows"], told["a.txt"]["length"], told["a.txt"]["encoding"]) == (True, 300, "gzip")
    assert first["Content-Encoding"] == "gzip"
    assert first["Content-Disposition"] == 'attachment; filename="a.txt"'
    assert int(first["Content-Length"]) == told["a.txt"]["encoded_length"]
    assert gzip.compress(b"")[:2] in answer.content
    assert (second["Content-Type"], second["Content-Length"]) == ("image/png", "256")
    assert PNG in answer.content
    assert text is not picture


def test_revisions_in_parts(api, unique, versions):
    answer = api.get(f'/medic/{unique}?open_revs=["{versions[2]}","9-abc"]', headers={"Accept": "multipart/mixed"})
    (good, doc, _), (bad, error, _) = parts(answer)
    assert (good["Content-Type"], f'"{versions[2]}"' in doc) == ("application/json", True)
    assert (bad["Content-Type"], error) == ('application/json; error="true"', '{"missing":"9-abc"}')
    as_json = api.get(f"/medic/{unique}?open_revs=all", headers={"Accept": "application/json"})
    assert as_json.json() == [{"ok": api.doc(unique)}]


def related(doc, *files):
    """A multipart/related body."""
    lines = [b"--xyz\r\nContent-Type: application/json\r\n\r\n" + doc]
    lines += [b'\r\n--xyz\r\nContent-Disposition: attachment; filename="%b"\r\n\r\n%b' % (name, data)
              for name, data in files]
    return b"".join([*lines, b"\r\n--xyz--"])


def test_a_document_is_written_in_parts(api, unique):
    kind = {"Content-Type": 'multipart/related; boundary="xyz"'}
    packed = gzip.compress(b"hello")
    doc = (b'{"x":1,"_attachments":{"a":{"follows":true,"content_type":"image/png","length":256},'
           b'"b":{"follows":true,"content_type":"text/plain","encoding":"gzip","length":%d}}}' % len(packed))
    body = related(doc, (b"b", packed), (b"a", PNG))
    assert api.ok("PUT", f"{LOGS}/{unique}", data=body, headers=kind)["rev"].startswith("1-")
    assert api.get(f"{LOGS}/{unique}/a").content == PNG
    assert api.get(f"{LOGS}/{unique}/b").content == b"hello"
    for broken in (related(doc, (b"a", PNG)), b"", related(b"{")):
        assert api.put(f"{LOGS}/{unique}-2", data=broken, headers=kind).status_code == 400
    # Below /medic the API reads bodies first, and only those that are JSON.
    assert api.ok("PUT", f"/medic/{unique}", data=body, headers=kind)["ok"] is True
    assert set(api.doc(unique)) == {"_id", "_rev"}


# --- attachments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "status", "found", "told"), [
    ("bytes=0-9", 206, PNG[:10], "bytes 0-9/256"), ("bytes=250-", 206, PNG[250:], "bytes 250-255/256"),
    ("bytes=-6", 206, PNG[250:], "bytes 250-255/256"), ("bytes=250-999", 206, PNG[250:], "bytes 250-255/256"),
    ("bytes=-999", 206, PNG[1:], "bytes 1-255/256"), ("bytes=x", 200, PNG, None), ("lines=1-2", 200, PNG, None),
])
def test_ranges(api, with_files, wanted, status, found, told):
    answer = api.get(f"{with_files}/b.png", headers={"Range": wanted})
    assert (answer.status_code, answer.content, answer.headers.get("Content-Range")) == (status, found, told)


def test_ranges_that_are_not_there(api, with_files):
    for wanted in ("bytes=256-", "bytes=9-3"):
        couch(api.get(f"{with_files}/b.png", headers={"Range": wanted}), 416, "requested_range_not_satisfiable",
              "Requested range not satisfiable")
    assert api.get(f"{with_files}/a.txt", headers={"Range": "bytes=0-1"}).status_code == 200  # it is kept packed


def test_encodings_of_attachments_are_told(api, with_files):
    files = api.ok("GET", f"{with_files}?att_encoding_info=true")["_attachments"]
    assert (files["a.txt"]["encoding"], files["a.txt"]["encoded_length"] < 300) == ("gzip", True)
    assert "encoding" not in files["b.png"]


def test_attachments_one_by_one(api, unique):
    text = {"Content-Type": "text/plain"}
    path = f"/medic/{unique}"
    first = api.ok("PUT", f"{path}/a", data=b"1", headers=text)["rev"]
    couch(api.put(f"{path}/b", data=b"2", headers=text), 409, "conflict", "Document update conflict.")
    second = api.ok("PUT", f"{path}/b/c?rev={first}", data=b"2", headers=text)["rev"]
    assert list(api.doc(unique)["_attachments"]) == ["b/c", "a"]  # the new one comes first
    assert api.get(f"{path}/b/c").content == b"2"
    couch(api.get(f"{path}/b/c?rev={first}"), 404, "not_found", "Document is missing attachment")
    assert api.get(f"{path}/a?rev={first}").content == b"1"
    couch(api.delete(f"{path}/none?rev={second}"), 404, "not_found", "Document is missing attachment")
    couch(api.delete(f"{path}/a"), 409, "conflict", "Document update conflict.")
    assert api.ok("DELETE", f"{path}/a?rev={second}")["ok"] is True
    couch(api.get(f"{path}/a"), 404, "not_found", "Document is missing attachment")
    bad = {"_attachments": {"_x": {"data": ""}}}
    couch(api.put(f"/medic/{unique}-2", bad), 400, "bad_request",
          "Attachment name '_x' starts with prohibited character '_'")


def test_documents_in_lists_with_their_attachments(api, unique, with_files):
    (row,) = api.ok("POST", "/medic/_all_docs?include_docs=true&attachments=true", {"keys": [unique]})["rows"]
    assert base64.b64decode(row["doc"]["_attachments"]["b.png"]["data"]) == PNG


@pytest.mark.parametrize("feed", ["continuous", "live", "eventsource"])
def test_feeds_without_end(api, unique, feed):
    api.ok("PUT", f"{LOGS}/{unique}", {})
    answer = api.get(f"{LOGS}/_changes?feed={feed}&limit=1&since=0&timeout=100")
    assert answer.status_code == 200
    assert answer.text.startswith('data: {"seq"' if feed == "eventsource" else '{"seq"')
    assert (feed == "eventsource") is (answer.headers["Content-Type"] == "text/event-stream")


def test_the_feed_has_a_tag_of_its_own(api):
    answer = api.get("/medic/_changes?since=now")
    assert answer.headers["ETag"].strip('"').isalnum()
    assert "WWW-Authenticate" not in answer.headers  # the API sends it on without its own header
    assert api.get("/medic-logs/_changes?since=now").headers["WWW-Authenticate"] == "Cookie"
