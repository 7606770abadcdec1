"""The way of a request, seen through a small vendor."""

import json
from datetime import UTC, datetime

import pytest


def test_an_operation_answers_through_the_vendors_render(shop):
    answer = shop.get("/v1/things/owner")
    assert answer.status_code == 200
    assert answer.json == {"colour": "gold", "size": 0}
    assert answer.headers["Content-Length"] == str(len(answer.data))


@pytest.mark.parametrize("path", ["/v1/things/owner", "/v2/things/owner/", "/shop/v1/things/owner",
                                  "/~a/v1/things/owner", "/~a/shop/v1/things/owner", "/shop/~a/v1/things/owner"])
def test_one_operation_has_several_paths_a_mount_and_worlds(shop, path):
    assert shop.get(path).json["colour"] == "gold"


@pytest.mark.parametrize(("path", "status", "advice"), [
    ("/v1/things/nobody", 404, "there is no thing nobody"),
    ("/v1/thing", 404, "GET /v1/things ('things', not 'thing')"),
    ("/v2/things/owner", 404, "lacks the trailing slash"),
    ("/v1/things/", 404, "GET /v1/things without the trailing slash"),
    ("/v1/Things/owner", 404, "in that letter case"),
    ("/v1/code/abx", 404, "/v1/code"),
])
def test_a_refusal_carries_its_diagnosis_in_the_header_only(shop, path, status, advice):
    answer = shop.get(path)
    assert answer.status_code == status
    assert advice in answer.headers["X-Mocksrv-Diagnosis"]
    assert advice not in answer.text


def test_an_unknown_method_reaches_the_vendor_with_the_allowed_ones(shop):
    answer = shop.post("/v1/things/owner")
    assert answer.status_code == 405
    assert answer.headers["X-Mocksrv-Diagnosis"] == "/v1/things/owner takes GET, PUT, not POST"


def test_head_is_a_method_of_its_own_unless_the_vendor_says_otherwise(shop_app):
    app = shop_app()
    client = app.test_client()
    assert client.head("/v1/things").status_code == 405
    app.vendors["shop"].head_is_get = True
    answer = client.head("/v1/things")
    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 2


def test_a_real_but_not_simulated_route_is_our_own_501(shop):
    answer = shop.post("/v1/later")
    assert answer.status_code == 501
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"].endswith("POST /v1/later, a real route of shop")


def test_our_own_failure_is_the_vendors_500_with_an_explanation(shop):
    answer = shop.get("/v1/broken")
    assert answer.status_code == 500
    assert answer.json == {"error": None}
    assert "ZeroDivisionError" in answer.headers["X-Mocksrv-Diagnosis"]


def test_our_own_failure_is_told_apart_from_a_500_of_the_vendor(shop, caplog):
    for path in ("/v1/broken", "/v1/down"):
        assert shop.get(path).status_code == 500
    assert [entry["failed"] for entry in shop.get("/_mocksrv/journal").json] == [True, False]
    (own,) = shop.get("/_mocksrv/journal?failed=true").json
    assert own["operation"] == "broken"
    assert [line for line in shop.get("/_mocksrv/metrics").text.splitlines() if "mocksrv_failures_total{" in line] == [
        'mocksrv_failures_total{operation="broken",vendor="shop"} 1.0']
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["GET /v1/broken failed"]


def test_parameters_keep_encoded_slashes_and_match_their_expression(shop):
    assert shop.get("/v1/code/abc").json == {"code": "abc"}
    assert shop.get("/v1/files/a/b").json == {"name": "a/b"}
    answer = shop.get("/v1/things/a%2Fb", environ_overrides={"mocksrv.target": "/v1/things/a%2Fb"})
    assert answer.headers["X-Mocksrv-Diagnosis"] == "there is no thing a/b"


def test_links_keep_scheme_host_and_prefix(shop):
    answer = shop.post("/~w/shop/v1/ids", base_url="https://example.test:444")
    assert answer.json["link"] == "https://example.test:444/~w/shop/v1/things/x"


def test_a_stream_is_sent_whole_and_journalled_at_its_end(shop):
    assert shop.get("/v1/stream").data == b"[1]"
    entry = shop.get("/_mocksrv/journal").json[-1]
    assert entry["response"]["body"] == "[1]"


def test_a_stream_that_nobody_reads_is_journalled_too(shop_app):
    app = shop_app()
    app.vendors["shop"].head_is_get = True
    client = app.test_client()
    assert client.head("/v1/stream").data == b""
    client.get("/v1/stream", buffered=False).close()
    assert [(entry["method"], entry["status"]) for entry in client.get("/_mocksrv/journal").json] == [
        ("HEAD", 200), ("GET", 200)]


def test_the_journal_tells_how_long_cut_bodies_were(shop):
    shop.put("/v1/things/long", data=json.dumps({"colour": "x" * 5_000, "size": 1}))
    entry = shop.get("/_mocksrv/journal").json[-1]
    assert entry["request"]["body"].endswith("x... (5025 bytes)")
    assert shop.get("/_mocksrv/journal.har").json["log"]["entries"][-1]["request"]["bodySize"] == 5025


@pytest.mark.parametrize("path", ["/v1/a%00b", "/v1/a%0d%0aX-Evil:%201", "/v1/%1b%7f%c2%85", "/v1/%ff",
                                  "/v1/%E2%82%AC"])
def test_no_path_spoils_the_diagnosis_header(shop, path):
    diagnosis = shop.get(path).headers["X-Mocksrv-Diagnosis"]
    assert diagnosis.isprintable()
    assert diagnosis.isascii()


@pytest.mark.parametrize(("target", "status"), [
    ("http://[x/v1/things/a%2Fb", 404), ("http://host/v1/files/a%2Fb", 200), ("/v1/files/http://[x%2Fb", 200)])
def test_a_target_with_a_host_in_it_is_looked_up_by_its_path(shop, target, status):
    assert shop.get("/", environ_overrides={"mocksrv.target": target}).status_code == status


def test_a_request_for_the_server_as_a_whole_reaches_the_vendor(shop):
    assert shop.options("/", environ_overrides={"PATH_INFO": "*", "mocksrv.target": "*"}).status_code == 404


def test_a_fault_cuts_a_stream(shop_app):
    app = shop_app()
    app.worlds["default"].faults.add(operation="stream_things", cut_after=2, times=1)
    client = app.test_client()
    seen = []
    with pytest.raises(ConnectionAbortedError):
        seen.extend(client.get("/v1/stream", buffered=False).response)
    assert client.get("/v1/stream").data == b"[1]"


def test_a_fault_answers_with_the_vendors_error_as_often_as_told(shop):
    shop.post("/_mocksrv/faults", json={"operation": "list_things", "status": 503, "times": 2})
    assert [shop.get("/v1/things").status_code for _ in range(3)] == [503, 503, 200]
    assert shop.get("/_mocksrv/faults").json[0]["hits"] == 2


def test_a_fault_says_that_it_was_one(shop):
    shop.post("/~w/_mocksrv/faults", json={"status": 503})
    assert shop.get("/~w/v1/things").headers["X-Mocksrv-Diagnosis"] == (
        "fault 1 of this world struck; DELETE /~w/_mocksrv/faults/1 removes it")
    assert "X-Mocksrv-Diagnosis" not in shop.get("/v1/things").headers


def test_worlds_differ_in_data_clock_and_journal(shop):
    shop.put("/~one/v1/things/new", data=json.dumps({"colour": "blue", "size": 1}))
    shop.post("/~one/_mocksrv/clock", json={"set": "2020-01-01T00:00:00Z", "freeze": True})
    assert "new" in shop.get("/~one/v1/things").json
    assert "new" not in shop.get("/~two/v1/things").json
    assert shop.put("/~one/v1/things/x", data='{"size": 1}').json["at"] == "2020-01-01T00:00:00.000Z"
    assert not shop.put("/~two/v1/things/x", data='{"size": 1}').json["at"].startswith("2020")
    assert len(shop.get("/~two/_mocksrv/journal").json) == 2


def test_the_same_seed_makes_the_same_bytes(shop_app):
    def run(seed):
        client = shop_app(seed=seed).test_client()
        return client.get("/v1/things").data, client.post("/v1/ids").data

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_the_date_of_an_answer_is_the_worlds(shop_app):
    app = shop_app()
    app.worlds["future"].clock.freeze()
    app.worlds["future"].clock.set(datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC))
    client = app.test_client()
    assert client.get("/~future/v1/things").headers["Date"] == "Tue, 06 May 2031 07:08:09 GMT"
    assert client.get("/v1/things").headers["Date"] != "Tue, 06 May 2031 07:08:09 GMT"
