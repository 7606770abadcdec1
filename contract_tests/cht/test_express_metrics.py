"""The metrics that Prometheus scrapes, read with Prometheus' own parser."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

PATH = "/api/v1/express-metrics"
BUCKETS = [0.004, 0.007, 0.013, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 25, 45, 90, 180, 360, 600, 1200, 1800,
           3600, float("inf")]
HISTOGRAMS = ("http_request_duration_seconds", "http_request_size_bytes", "http_response_size_bytes")


def scrape(api):
    answer = api.anonymous().taking("*/*").get(PATH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(family, suffix, **labels):
    return [sample.value for sample in family.samples
            if sample.name == family.name + suffix and labels.items() <= sample.labels.items()]


def test_all_metrics_are_there(api):
    found = scrape(api)
    kinds = {name.removeprefix("cht_api_"): family.type for name, family in found.items()}
    assert kinds["process_cpu_user_seconds"] == kinds["process_cpu_seconds"] == "counter"
    assert {"process_start_time_seconds", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
            "nodejs_eventloop_lag_seconds", "nodejs_eventloop_lag_p99_seconds", "nodejs_active_handles",
            "nodejs_active_handles_total", "nodejs_active_requests", "nodejs_heap_size_total_bytes",
            "nodejs_external_memory_bytes", "nodejs_heap_space_size_used_bytes", "nodejs_version_info", "app_version",
            "expressjs_number_of_open_connections"} <= {name for name, kind in kinds.items() if kind == "gauge"}
    assert [name for name, kind in kinds.items() if kind == "histogram"] == [
        "nodejs_gc_duration_seconds", *HISTOGRAMS]
    (version,) = found["cht_api_app_version"].samples
    assert version.labels == {"version": "0.1.0", "major": "0", "minor": "1", "patch": "0"}
    assert found["cht_api_http_request_duration_seconds"].documentation == "Duration of HTTP requests in seconds"


def test_the_layout_is_that_of_nodes_library(api):
    api.get("/api/info")
    answer = api.taking("*/*").get(PATH)
    name = "cht_api_process_cpu_user_seconds_total"
    assert answer.text.startswith(
        f"# HELP {name} Total user CPU time spent in seconds.\n# TYPE {name} counter\n{name} ")
    assert '\n\n# HELP cht_api_app_version The service version by package.json\n' in answer.text
    assert ('cht_api_http_request_duration_seconds_bucket{le="3600",method="GET",route="/api/info",code="200"} '
            in answer.text)
    assert answer.text.endswith("\nexpressjs_number_of_open_connections 1\n\n")
    assert answer.headers["X-Powered-By"] == "Express"
    assert "X-Frame-Options" not in answer.headers


@pytest.mark.release(until="4.22")
@pytest.mark.mock_only
def test_histograms_count_this_worlds_traffic(api):
    before = scrape(api)["cht_api_http_request_duration_seconds"]
    assert before.samples == [], "nothing was asked but the metrics"
    for id in ("a", "b", "c"):
        api.get(f"/api/v1/person/{id}")
    info = api.get("/api/info")
    api.anonymous().post("/api/v1/people", {"name": "x"})
    api.get("/nowhere")
    found = scrape(api)
    times, sizes, answers = (found[f"cht_api_{name}"] for name in HISTOGRAMS)
    assert value(times, "_count", method="GET", route="/api/v1/person/:uuid", code="404") == [3]
    assert value(times, "_count", method="POST", route="/api/v1/people", code="401") == [1]
    assert value(times, "_count", method="GET", route="N/A", code="404") == [1]
    assert value(sizes, "_sum", route="/api/v1/people") == [len('{"name": "x"}')]
    assert value(answers, "_sum", route="/api/info") == [len(info.content)]
    assert value(answers, "_sum", route="/api/v1/person/:uuid") == [0], "answers in chunks count as empty"
    buckets = [sample for sample in times.samples if sample.labels.get("route") == "/api/info" and
               sample.name.endswith("_bucket")]
    assert [float(sample.labels["le"]) for sample in buckets] == BUCKETS
    counts = [sample.value for sample in buckets]
    assert counts == sorted(counts)
    assert (counts[-1], value(times, "_count", route="/api/info")) == (1, [1])


@pytest.mark.writes
def test_each_path_of_an_operation_is_a_route_of_its_own(api):
    for version in ("v1", "v2"):
        api.ok("DELETE", "/api/v2/upgrade")
        api.post(f"/api/{version}/upgrade/stage", {})
    times = scrape(api)["cht_api_http_request_duration_seconds"]
    for version in ("v1", "v2"):
        assert value(times, "_count", method="POST", route=f"/api/{version}/upgrade/stage", code="400") == [1]


@pytest.mark.mock_only
def test_worlds_count_apart_and_time_passes(api, mocksrv):
    mocksrv.clock.freeze("2026-11-21T22:26:40Z")
    mocksrv.reset()
    api.get("/api/info")
    first = scrape(api)
    mocksrv.clock.advance(1000)
    second = scrape(api)
    cpu = "cht_api_process_cpu_seconds"
    assert value(second[cpu], "_total")[0] > value(first[cpu], "_total")[0]
    assert value(first["cht_api_http_request_duration_seconds"], "_count") == [1]


def test_json(api):
    api.get("/api/info")
    answer = api.anonymous().get(f"{PATH}.json")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    metrics = {metric["name"]: metric for metric in answer.json()}
    assert all(set(metric) == {"name", "help", "type", "values", "aggregator"} for metric in metrics.values())
    assert metrics["cht_api_process_start_time_seconds"]["aggregator"] == "omit"
    assert metrics["expressjs_number_of_open_connections"]["values"] == [{"value": 1, "labels": {}}]
    first = metrics["cht_api_http_request_duration_seconds"]["values"][0]
    assert first["metricName"] == "cht_api_http_request_duration_seconds_bucket"
    assert first["labels"]["le"] == 0.004


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD"])
@pytest.mark.writes
def test_any_method_but_one_address(api, method):
    plain = api.anonymous().taking("application/json")
    assert plain.request(method, PATH).status_code == 200
    assert plain.request(method, f"{PATH}?x=1").status_code == 401
    assert api.request(method, f"{PATH}?x=1").status_code == 404
    assert api.request(method, f"{PATH}/").status_code == 404
    assert api.request(method, "/api/v2/express-metrics").status_code == 404
