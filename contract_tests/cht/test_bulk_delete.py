"""bulk-delete, as its bytes arrive."""

import base64
import json
import socket
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.writes
HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Type": "application/json; charset=utf-8"}


def stream(api, body):
    """Status line, headers, the chunks of the body, and whether the closing chunk came."""
    url = urlsplit(api.url)
    data = json.dumps(body).encode()
    token = base64.b64encode(":".join(api.auth).encode()).decode()
    head = (f"POST {url.path}/api/v1/bulk-delete HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Basic {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n")
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(head.encode() + data)
        received = b""
        while part := connection.recv(65536):
            received += part
    top, _, rest = received.partition(b"\r\n\r\n")
    status, *lines = top.decode().split("\r\n")
    chunks = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        chunks.append(rest[:length].decode())
        rest = rest[length + 2 :]
        if length == 0:
            break
    ended = bool(chunks) and chunks[-1] == ""
    return status, dict(line.split(": ", 1) for line in lines), chunks[: -1 if ended else None], ended


@pytest.fixture
def some(api, unique):
    """Makes so many documents; their ids."""
    def make(number):
        docs = [{"_id": f"{unique}-{n:04}", "type": "data_record", "form": "X"} for n in range(number)]
        api.ok("POST", "/medic/_bulk_docs", {"docs": docs})
        return [doc["_id"] for doc in docs]

    return make


def request(ids):
    return {"docs": [{"_id": id} for id in ids]}


@pytest.mark.parametrize(("conformance", "size"), [
    pytest.param("both", 50, marks=pytest.mark.mock_only), pytest.param("page", 100, marks=pytest.mark.mock_only),
    ("server", 50),
])
def test_250_documents_go_batch_by_batch(api, request, some, conformance, size, target):
    if target == "mock":
        request.getfixturevalue("mocksrv").set(cht_conformance=conformance)
    ids = some(250)
    status, headers, chunks, ended = stream(api, {"docs": [{"_id": id} for id in ids]})
    assert status == "HTTP/1.1 200 OK"
    assert headers["Transfer-Encoding"] == "chunked"
    assert HEADERS.items() <= headers.items()
    first, *batches, last = chunks
    assert (first, last, ended) == ("[", "]", True)
    assert [batch[-1] for batch in batches] == [","] * (len(batches) - 1) + ["]"]  # a comma behind all but the last
    results = [json.loads(batch.rstrip(",")) for batch in batches]
    assert [len(batch) for batch in results] == [size] * (250 // size) + [250 % size] * (250 % size > 0)
    assert [row["id"] for batch in results for row in batch] == ids
    assert all(row["ok"] and row["rev"].startswith("2-") for batch in results for row in batch)
    assert " " not in "".join(chunks)
    assert api.get(f"/medic/{ids[0]}").json() == {"error": "not_found", "reason": "deleted"}


@pytest.mark.mock_only
def test_a_failure_in_the_third_batch_cuts_the_connection_after_two(api, mocksrv, some):
    ids = some(250)
    mocksrv.fault(operation="bulk_delete", cut_after=3, times=1)
    status, _, chunks, ended = stream(api, request(ids))
    assert (status, ended) == ("HTTP/1.1 200 OK", False)
    assert chunks[0] == "["
    assert [len(json.loads(batch.rstrip(","))) for batch in chunks[1:]] == [50, 50]
    assert api.get(f"/medic/{ids[99]}").status_code == 404
    assert api.get(f"/medic/{ids[100]}").status_code == 200  # the third batch was not written


@pytest.mark.parametrize(("docs", "chunks"), [
    ([], ["[", "]"]), ([{"_id": "nobody"}], ["[", "[]", "]"]), ([{}], ["[", "[]", "]"]),
    ([{"_id": {"a": 1}}], ["[", "[]", "]"]), ([{"_id": 5}, {"_id": None}], ["[", "[]", "]"]),
])
def test_what_is_not_there_is_left_out(api, docs, chunks):
    assert stream(api, {"docs": docs})[2:] == (chunks, True)


def test_a_place_loses_its_contact_and_the_answer_tells(api, places):
    api.ok("POST", f"/api/v1/places/{places.area}", {"contact": places.person})
    _, _, chunks, _ = stream(api, request([places.other_person, places.person]))
    results = json.loads("".join(chunks))[0]
    assert [row["id"] for row in results] == [places.other_person, places.person, places.area]
    assert (api.doc(places.area)["contact"], results[2]["rev"]) == (None, api.doc(places.area)["_rev"])


def test_a_place_that_goes_too_is_not_updated(api, places):
    api.ok("POST", f"/api/v1/places/{places.area}", {"contact": places.person})
    _, _, chunks, _ = stream(api, request([places.person, places.area]))
    assert [row["id"] for row in json.loads("".join(chunks))[0]] == [places.person, places.area]


def test_other_keys_of_a_document_do_not_count(api, some):
    (id,) = some(1)
    _, _, chunks, _ = stream(api, {"docs": [{"_id": id, "_rev": "9-deadbeef", "x": 1}]})
    assert json.loads("".join(chunks))[0][0]["ok"] is True


@pytest.mark.parametrize("body", [
    {}, {"docs": None}, {"docs": "x"}, {"docs": {"_id": "a"}}, {"docs": [None]}, [{"_id": "a"}], {"docs": ["a", "b"]},
    {"docs": [{"_id": "a"}, {"_id": "a"}]}, {"docs": [{}, {}]},
])
def test_anything_wrong_before_the_first_byte_is_a_server_error(api, body):
    answer = api.post("/api/v1/bulk-delete", body)
    assert (answer.status_code, answer.json()) == (500, {"code": 500, "error": "Server error"})


def test_who_may_not_gets_a_server_error_too(api, places, unique):
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "roles": ["chw"],
                                     "place": places.area, "contact": places.person})
    for client in (api.anonymous(), api.as_user("admin", "wrong"), api.as_user(unique)):
        answer = client.post("/api/v1/bulk-delete", {"docs": []})
        assert (answer.status_code, answer.json()) == (500, {"code": 500, "error": "Server error"})


@pytest.mark.mock_only
def test_on_the_page_only_online_users_may(api, mocksrv, places, unique):
    mocksrv.set(cht_conformance="page")
    api.ok("POST", "/api/v1/users", {"username": unique, "password": "Kisumu_2024", "roles": ["chw"],
                                     "place": places.area, "contact": places.person})
    assert api.anonymous().post("/api/v1/bulk-delete", {"docs": []}).status_code == 401
    assert api.as_user(unique).post("/api/v1/bulk-delete", {"docs": []}).status_code == 403
