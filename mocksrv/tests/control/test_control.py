"""The control plane, over its HTTP interface."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mocksrv.app import create_app
from mocksrv.config import Config


def now(client, prefix=""):
    return datetime.fromisoformat(client.get(f"{prefix}/_mocksrv/clock").json["now"])


def test_health_ready_and_credentials(shop):
    assert shop.get("/_mocksrv/health").json == {"status": "ok"}
    ready = shop.get("/_mocksrv/ready").json
    assert ready["ready"] is True
    assert len(ready["instance"]) == 32
    assert shop.get("/~w/_mocksrv/credentials").json == {"shop": [{"base_url": "http://localhost/~w/v1"}]}


def test_vendors_have_a_title_and_a_first_call(shop):
    count = len(shop.get("/_mocksrv/operations").json)
    assert shop.get("/~w/_mocksrv/vendors").json == [
        {"name": "shop", "title": "The shop", "operations": count, "curl": ""}]
    for one in create_app(Config(size=0)).test_client().get("/~w/_mocksrv/vendors").json:
        assert "http://localhost/~w/" in one["curl"]


@pytest.mark.parametrize(("path", "status"), [
    ("/_mocksrv/health", 200), ("/_mocksrv/nothing", 404), ("/_mocksrv/clock", 403), ("/~new/v1/things", 503)])
def test_our_own_answers_tell_the_real_time(shop_app, path, status):
    client = shop_app(worlds=1).test_client()
    client.post("/_mocksrv/clock", json={"freeze": True, "set": "2020-01-01"})
    answer = client.get(path, headers={"X-Forwarded-For": "192.0.2.1"} if status == 403 else {})
    assert answer.status_code == status
    (date,) = answer.headers.getlist("Date")
    assert abs(datetime.now(UTC) - parsedate_to_datetime(date)) < timedelta(minutes=1)


def test_operations_are_listed_with_their_proof(shop):
    listed = {op["name"]: op for op in shop.get("/_mocksrv/operations").json}
    assert listed["list_things"] | {"vendor": "shop", "method": "GET", "path": "/v1/things", "permission": None,
                                    "source": "the shop's page"} == listed["list_things"]
    assert listed["list_things"]["proof"] == {"level": "docs", "version": None, "date": None, "stale": False,
                                              "cases": 0, "statuses": [], "refusals": False}
    assert listed["get_code"]["path"] == "/v1/code/{code}"
    assert listed["get_thing"]["permission"] == "look"


def test_the_clock_freezes_advances_skews_and_is_set(shop):
    state = shop.post("/_mocksrv/clock", json={"set": "2024-02-29T12:00:00+02:00", "freeze": True}).json
    assert state == {"now": "2024-02-29T10:00:00.000000Z", "frozen": True, "skew": 0.0, "rate": 1.0}
    assert now(shop) == now(shop)
    assert shop.post("/_mocksrv/clock", json={"advance": 86_400.5}).json["now"] == "2024-03-01T10:00:00.500000Z"
    state = shop.post("/_mocksrv/clock", json={"skew": -60}).json
    assert state == {"now": "2024-03-01T09:59:00.500000Z", "frozen": True, "skew": -60.0, "rate": 1.0}
    assert shop.post("/_mocksrv/clock", json={"freeze": False}).json["frozen"] is False
    assert timedelta(0) <= now(shop) - datetime.fromisoformat("2024-03-01T09:59:00.5Z") < timedelta(minutes=5)


@pytest.mark.parametrize(("path", "body", "code"), [
    ("/clock", {"advance": "1"}, "not-a-number"),
    ("/clock", {"advance": True}, "not-a-number"),
    ("/clock", {"advance": 1e300}, "clock-range"),
    ("/clock", {"skew": -1e12}, "clock-range"),
    ("/clock", {"rate": -1}, "clock-range"),
    ("/clock", {"set": "tomorrow"}, "not-a-time"),
    ("/clock", {"set": 5}, "not-a-time"),
    ("/clock", {"freeze": 1}, "not-a-truth"),
    ("/clock", {"speed": 2}, "unknown-member"),
    ("/clock", [], "not-json"),
    ("/snapshots", {"name": ""}, "bad-name"),
    ("/worlds", {"name": "a/b"}, "bad-name"),
    ("/worlds", {"name": "a", "size": "huge"}, "bad-setting"),
    ("/worlds", {"name": "a", "settings": {"shop.mood": "odd"}}, "bad-setting"),
    ("/settings", {"shop.moody": "good"}, "bad-setting"),
    ("/faults", {}, "bad-fault"),
    ("/faults", {"times": 3}, "bad-fault"),
    ("/faults", {"status": 99}, "bad-fault"),
    ("/faults", {"status": True}, "bad-fault"),
    ("/faults", {"delay": -1}, "bad-fault"),
    ("/faults", {"delay": True}, "bad-fault"),
    ("/faults", {"delay": {"normal": [1, 2]}}, "bad-fault"),
    ("/faults", {"connection": "explode"}, "bad-fault"),
    ("/faults", {"delay": {"lognormal": [float("inf"), 1]}}, "bad-fault"),
    ("/faults", {"delay": {"lognormal": [1, float("nan")]}}, "bad-fault"),
    ("/faults", {"status": 101}, "bad-fault"),
    ("/faults", {"status": 200}, "bad-fault"),
    ("/faults", {"headers": {"X-A": "1\r\nX-B: 2"}}, "bad-fault"),
    ("/faults", {"headers": {"X A": "1"}}, "bad-fault"),
    ("/faults", {"headers": {"X-A": "\u20ac"}}, "bad-fault"),
    ("/faults", {"headers": {"content-length": "x"}}, "bad-fault"),
    ("/faults", {"content_type": "a\nb"}, "bad-fault"),
    ("/clock", {"advance": 10**400}, "not-a-number"),
    ("/settings", {"shop.stock": float("inf")}, "bad-setting"),
    ("/snapshots", {"name": "a/b"}, "bad-name"),
    ("/snapshots", {"name": "x" * 65}, "bad-name"),
    ("/faults", {"status": 500, "colour": "red"}, "bad-fault"),
    ("/faults", {"status": 500, "vendor": "nobody"}, "bad-fault"),
    ("/faults", {"status": 500, "operation": "nothing"}, "bad-fault"),
])
def test_bad_input_is_a_problem_with_a_named_code(shop, path, body, code):
    before = shop.get("/_mocksrv/clock").json["skew"]
    answer = shop.post(f"/_mocksrv{path}", json=body)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"about:mocksrv#{code}"
    assert answer.json["detail"]
    assert shop.get("/_mocksrv/clock").json["skew"] == before


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nothing", 404), ("GET", "/reset", 405), ("DELETE", "/faults/9", 404), ("DELETE", "/worlds/none", 404),
    ("GET", "/snapshots/none", 404), ("POST", "/snapshots/none/restore", 404),
])
def test_what_is_not_there_is_a_problem_too(shop, method, path, status):
    answer = shop.open(f"/_mocksrv{path}", method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_reset_begins_again(shop):
    first = shop.post("/v1/ids").data
    shop.put("/v1/things/x", data='{"size": 1}')
    shop.post("/_mocksrv/reset")
    assert "x" not in shop.get("/v1/things").json
    assert shop.post("/v1/ids").data == first


def test_a_snapshot_brings_back_documents_clock_and_generator(shop):
    shop.post("/_mocksrv/clock", json={"set": "2024-01-01T00:00:00Z", "freeze": True})
    shop.put("/v1/things/x", data='{"size": 1}')
    assert shop.post("/_mocksrv/snapshots", json={"name": "before"}).status_code == 201
    made = shop.post("/v1/ids").data
    shop.put("/v1/things/y", data='{"size": 1}')
    shop.post("/_mocksrv/clock", json={"advance": 99})
    shop.post("/_mocksrv/snapshots/before/restore")
    assert {"x"} == {"x", "y"} & set(shop.get("/v1/things").json)
    assert shop.get("/_mocksrv/clock").json["now"] == "2024-01-01T00:00:00.000000Z"
    assert shop.post("/v1/ids").data == made
    assert shop.get("/_mocksrv/snapshots").json[0]["name"] == "before"
    assert "x" in shop.get("/_mocksrv/snapshots/before").json["tables"]["shop.things"]


def test_a_snapshot_belongs_to_its_world(shop):
    for name in ("a", "b"):
        shop.put(f"/~{name}/v1/things/of-{name}", data='{"size": 1}')
        assert shop.post(f"/~{name}/_mocksrv/snapshots", json={"name": "before"}).status_code == 201
        shop.delete(f"/~{name}/v1/things/of-{name}")
    for name, other in (("a", "b"), ("b", "a")):
        shop.post(f"/~{name}/_mocksrv/snapshots/before/restore")
        found = shop.get(f"/~{name}/v1/things").json
        assert f"of-{name}" in found
        assert f"of-{other}" not in found
        assert [one["world"] for one in shop.get(f"/~{name}/_mocksrv/snapshots").json] == [name]
    refused = shop.post("/~c/_mocksrv/snapshots/before/restore")
    assert (refused.status_code, refused.json["type"]) == (404, "about:mocksrv#no-such-snapshot")
    assert '{"name": "before", "from": {"world": "a", "snapshot": "before"}}' in refused.json["detail"]


def test_a_snapshot_is_copied_from_another_world_by_name_only(shop):
    shop.put("/~a/v1/things/of-a", data='{"size": 1}')
    shop.post("/~a/_mocksrv/snapshots", json={"name": "before"})
    order = {"name": "mine", "from": {"world": "a", "snapshot": "before"}}
    assert shop.post("/~c/_mocksrv/snapshots", json=order).status_code == 201
    shop.post("/~c/_mocksrv/snapshots/mine/restore")
    assert "of-a" in shop.get("/~c/v1/things").json
    for wrong, status in (("a", 400), ({"world": "a"}, 400), ({"world": "a", "snapshot": 1}, 400),
                          ({"world": "a", "snapshot": "none"}, 404), ({"world": "none", "snapshot": "before"}, 404)):
        assert shop.post("/~c/_mocksrv/snapshots", json=order | {"from": wrong}).status_code == status
    assert [one["name"] for one in shop.get("/~c/_mocksrv/snapshots").json] == ["mine"]


@pytest.mark.parametrize("end", [("DELETE", "/~a/_mocksrv/world", None), ("DELETE", "/_mocksrv/worlds/a", None),
                                 ("POST", "/_mocksrv/worlds", {"name": "a"})])
def test_snapshots_die_with_their_world_unless_they_are_lasting(shop, end):
    method, path, body = end
    shop.put("/~a/v1/things/of-a", data='{"size": 1}')
    shop.post("/~a/_mocksrv/snapshots", json={"name": "before"})
    shop.post("/~a/_mocksrv/snapshots", json={"name": "base", "lasting": True})
    shop.post("/~b/_mocksrv/snapshots", json={"name": "before"})
    assert shop.post("/~a/_mocksrv/reset").status_code == 200  # begins again, but is the same world
    assert len(shop.get("/~a/_mocksrv/snapshots").json) == 2
    shop.open(path, method=method, json=body)
    assert [one["name"] for one in shop.get("/~a/_mocksrv/snapshots").json] == ["base"]
    assert [one["name"] for one in shop.get("/~b/_mocksrv/snapshots").json] == ["before"]
    shop.post("/~a/_mocksrv/snapshots/base/restore")
    assert "of-a" in shop.get("/~a/v1/things").json


def test_a_world_can_have_its_own_seed_size_and_settings(shop):
    answer = shop.post("/_mocksrv/worlds", json={"name": "big", "size": 9, "seed": 4, "settings": {"shop.mood": "bad"}})
    assert answer.status_code == 201
    assert len(shop.get("/~big/v1/things").json) == 10
    assert shop.get("/~big/_mocksrv/settings").json == {"shop.mood": "bad", "shop.stock": 3}
    assert shop.post("/~big/_mocksrv/settings", json={"shop.stock": "5"}).json["shop.stock"] == 5
    assert shop.get("/_mocksrv/settings").json["shop.mood"] == "good"
    assert shop.delete("/_mocksrv/worlds/big").status_code == 204
    assert [one["name"] for one in shop.get("/_mocksrv/worlds").json] == ["default"]


def test_the_journal_finds_and_forgets_and_keeps_no_secrets(shop):
    shop.get("/v1/things?api_key=hush", headers={"Authorization": "Basic aHVzaA=="})
    shop.put("/v1/things/a", data='{"size": 1, "password": "hush"}')
    shop.get("/v1/things/none")
    found = shop.get("/_mocksrv/journal?status=404").json
    assert [entry["operation"] for entry in found] == ["get_thing"]
    assert found[0]["diagnosis"] == ["there is no thing none"]
    everything = shop.get("/_mocksrv/journal?vendor=shop")
    assert len(everything.json) == 3
    assert "hush" not in everything.text
    assert "aHVzaA" not in everything.text
    assert len(shop.get("/_mocksrv/journal?limit=1").json) == 1
    assert shop.get("/_mocksrv/journal?limit=x").status_code == 400
    shop.delete("/_mocksrv/journal")
    assert shop.get("/_mocksrv/journal").json == []


def test_the_control_plane_is_for_loopback_or_for_the_token(shop_app):
    open_to_loopback = shop_app().test_client()
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert open_to_loopback.get("/_mocksrv/worlds", environ_overrides=elsewhere).status_code == 403
    assert open_to_loopback.get("/_mocksrv/health", environ_overrides=elsewhere).status_code == 200
    mapped = {"REMOTE_ADDR": "::ffff:127.0.0.1"}
    assert open_to_loopback.get("/_mocksrv/worlds", environ_overrides=mapped).status_code == 200
    assert open_to_loopback.get("/v1/things", environ_overrides=elsewhere).status_code == 200
    with_token = shop_app(token="s3cret").test_client()
    assert with_token.get("/_mocksrv/worlds").status_code == 403
    assert with_token.get("/_mocksrv/worlds", headers={"Authorization": "Bearer s3cret"}).status_code == 200


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example:8080"}, {"Host": "127.0.0.1.evil.example"}, {"Host": "192.0.2.7"}, {"Host": "[::1"},
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:1"},
    {"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=192.0.2.60"}, {"Via": "1.1 proxy"},
    {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Anything": "x"}, {"X-Real-IP": "127.0.0.1"},
    {"Sec-Fetch-Site": "cross-site"},
])
def test_neither_pages_nor_proxies_reach_the_control_plane_through_loopback(shop_app, headers):
    refused = shop_app().test_client().post("/_mocksrv/reset", headers=headers)
    assert (refused.status_code, refused.json["type"]) == (403, "about:mocksrv#forbidden")
    assert "MOCKSRV_TOKEN" in refused.json["detail"]
    token = {"Authorization": "Bearer s3cret"}
    assert shop_app(token="s3cret").test_client().post("/_mocksrv/reset", headers=headers | token).status_code == 200


def test_who_may_use_the_control_plane_is_a_choice(shop_app):
    closed = shop_app(control="off").test_client()
    assert closed.get("/_mocksrv/worlds").status_code == 403
    assert closed.get("/_mocksrv/ready").status_code == 200
    assert shop_app(host="0.0.0.0").test_client().get("/_mocksrv/worlds").status_code == 403  # whoever has no token
    assert shop_app(host="0.0.0.0", control="loopback").test_client().get("/_mocksrv/worlds").status_code == 200
    any_case = shop_app(token="s3cret").test_client()
    assert any_case.get("/_mocksrv/worlds", headers={"Authorization": "bearer s3cret"}).status_code == 200


def test_a_page_of_another_site_makes_no_world(shop):
    crossing = {"Sec-Fetch-Site": "cross-site"}
    refused = shop.get("/~made-by-a-page/v1/things", headers=crossing)
    assert (refused.status_code, refused.json["type"]) == (403, "about:mocksrv#forbidden")
    assert [one["name"] for one in shop.get("/_mocksrv/worlds").json] == ["default"]
    assert shop.get("/v1/things", headers=crossing).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:9", "[::1]:8080", "shop.localhost"])
def test_names_of_loopback_reach_the_control_plane_also_from_its_own_page(shop, host):
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert shop.post("/_mocksrv/reset", headers=headers).status_code == 200


def test_no_detour_leads_around_the_token(shop_app):
    client = shop_app(token="s3cret").test_client()
    for path in ("/_mocksrv/reset/_mocksrv/health", "/_mocksrv/worlds/a%2F_mocksrv%2Fhealth"):
        assert client.delete(path, environ_overrides={"mocksrv.target": path}).status_code == 403


def test_metrics_parse_and_count(shop):
    for path in ("/v1/things", "/v1/things", "/~a/v1/things/none", "/v1/nothing"):
        shop.get(path)
    text = shop.get("/_mocksrv/metrics").text
    labels = ("vendor", "operation", "status", "le")
    samples = {(sample.name, *(sample.labels[name] for name in labels if name in sample.labels)): sample.value
               for family in text_string_to_metric_families(text) for sample in family.samples}
    assert samples["mocksrv_answer_seconds_count", "shop", "list_things", "200"] == 2
    assert samples["mocksrv_answer_seconds_count", "shop", "get_thing", "404"] == 1
    assert samples["mocksrv_answer_seconds_count", "shop", "", "404"] == 1
    assert samples["mocksrv_answer_seconds_bucket", "shop", "list_things", "200", "+Inf"] == 2
    assert samples["mocksrv_answer_seconds_sum", "shop", "list_things", "200"] > 0
    assert samples["mocksrv_worlds",] == 2


def test_there_is_no_ca_without_tls(shop):
    assert shop.get("/_mocksrv/ca.pem").json["type"] == "about:mocksrv#no-tls"


def test_scenarios_are_listed_with_advice_and_applied(shop):
    listed = {one["name"]: one for one in shop.get("/_mocksrv/scenarios").json}
    assert all(one["symptom"] and one["advice"] for one in listed.values())
    assert shop.post("/~a/_mocksrv/scenarios/all.works_on_retry").json == listed["all.works_on_retry"]
    assert [shop.get("/~a/v1/things").status_code for _ in range(2)] == [503, 200]
    assert shop.get("/v1/things").status_code == 200
    assert shop.post("/_mocksrv/worlds", json={"name": "b", "scenario": "all.works_on_retry"}).status_code == 201
    assert shop.get("/~b/v1/things").status_code == 503
    assert shop.post("/_mocksrv/worlds", json={"name": "c", "scenario": "none"}).json["status"] == 404
    assert shop.post("/_mocksrv/scenarios/none").json["type"] == "about:mocksrv#no-such-scenario"
